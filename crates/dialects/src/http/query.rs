//! Query strings and forms: name and value pairs, percent-decoded.

use std::borrow::Cow;

use axum::http::Uri;

/// The pairs of a query string, in order.
pub fn pairs(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The value of a parameter that is given at most once. Given twice with different values, it says nothing clear.
pub fn one<'a>(uri: &'a Uri, name: &str) -> Result<Option<Cow<'a, str>>, Repeated> {
    let mut found: Option<Cow<'a, str>> = None;
    for (_, value) in pairs(uri).filter(|(given, _)| given == name) {
        match &found {
            Some(earlier) if *earlier != value => return Err(Repeated),
            Some(_) => {}
            None => found = Some(value),
        }
    }
    Ok(found)
}

/// A parameter was given more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_says_one_thing() {
        let uri = Uri::from_static("/x?a=1%2B1&b=2&b=2&c=3&c=4&d");
        assert_eq!(one(&uri, "a"), Ok(Some("1+1".into())));
        assert_eq!(one(&uri, "b"), Ok(Some("2".into())));
        assert_eq!(one(&uri, "c"), Err(Repeated));
        assert_eq!(one(&uri, "d"), Ok(Some("".into())));
        assert_eq!(one(&uri, "e"), Ok(None));
    }
}
