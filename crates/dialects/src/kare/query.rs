//! What a read of a user asks for beside the base fields.

use axum::http::Uri;

use super::error::Error;
use crate::http::json::{self, Value};
use crate::http::query;

/// The optional parts that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extend {
    /// The four objects that tell the caller's rights: sent together, when one of them is asked for and when nothing
    /// at all is.
    pub rights: bool,
}

/// The parts that tell rights. The page is cut before their names: the last is made after the others.
const RIGHTS: [&str; 4] = [
    "updatable-fields",
    "actions-info",
    "user-organization-actions-info",
    "user-organization-updatable-fields",
];

/// Other parts that Kare has for users, on the page of the list. There is nothing here to show for them.
const OTHERS: [&str; 7] = [
    "image",
    "organization",
    "diplomas",
    "user-rule",
    "user-rule-actions-info",
    "last-next-intervention",
    "stats",
];

impl Extend {
    /// Lists come repeated, with commas, or as a JSON array.
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let (mut asked, mut rights) = (false, false);
        let mut ask = |part: &str| {
            asked = true;
            rights |= RIGHTS.contains(&part);
            if RIGHTS.contains(&part) || OTHERS.contains(&part) { Ok(()) } else { Err(unknown()) }
        };
        for (_, value) in query::pairs(uri).filter(|(name, _)| name == "extend") {
            if value.starts_with('[') {
                let Ok(Value::Array(parts)) = json::parse(value.as_bytes()) else { return Err(unknown()) };
                parts.iter().try_for_each(|part| ask(part.as_str().ok_or_else(unknown)?))?;
            } else if !value.is_empty() {
                value.split(',').try_for_each(&mut ask)?;
            }
        }
        Ok(Self { rights: rights || !asked })
    }
}

fn unknown() -> Error {
    Error::invalid("extend", "must name parts that a user has, such as actions-info")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<bool> {
        let uri: Uri = format!("/users/v1/rs/1?{query}").parse().unwrap();
        Extend::read(&uri).ok().map(|extend| extend.rights)
    }

    #[test]
    fn rights_are_told_when_asked_for_and_when_nothing_is() {
        for query in [
            "",
            "extend=",
            "extend=[]",
            "other=1",
            "extend=actions-info",
            "extend=image&extend=updatable-fields",
            "extend=image,user-organization-actions-info",
            "extend=%5B%22image%22,%22user-organization-updatable-fields%22%5D",
        ] {
            assert_eq!(read(query), Some(true), "{query}");
        }
        for query in ["extend=image", "extend=stats,diplomas", "extend=organization&extend=user-rule"] {
            assert_eq!(read(query), Some(false), "{query}");
        }
    }

    #[test]
    fn an_unknown_part_is_an_error() {
        for query in [
            "extend=nothing",
            "extend=image,",
            "extend=Image",
            "extend=image&extend=x",
            "extend=%5B1%5D",
            "extend=%5B%22image%22",
        ] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}
