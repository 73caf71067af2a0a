//! The readers of query strings.

use std::borrow::Cow;
use std::fmt::Debug;

use axum::http::Uri;
use dialects::http::query;
use dialects::{kare, laurel};
use directory::ids::ObjectId;
use directory::limits;

fn uri(query: &str) -> Option<Uri> {
    format!("/users?{query}").parse().ok()
}

/// A query means the same when all that can be escaped is, and with a parameter that is not known.
fn agrees<T: Debug>(sent: &Uri, read: impl Fn(&Uri) -> T) {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = query::pairs(sent).collect();
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(&pairs);
    let written = written.append_pair("unknown to everyone", "x").finish();
    // A URI has a length that it must not exceed, which escapes may lead to.
    let Some(again) = uri(&written) else { return };
    assert_eq!(format!("{:?}", read(&again)), format!("{:?}", read(sent)), "{written}");
}

#[test]
fn a_query_means_the_same_however_it_is_escaped() {
    fuzz::check!(|bytes: &[u8]| {
        let Some(sent) = std::str::from_utf8(bytes).ok().and_then(uri) else { return };
        let customer: ObjectId = "64b7f0c2a1d3e4f5a6b7c801".parse().expect("an object id");
        for require_integration in [false, true] {
            let settings = laurel::Settings { require_integration };
            agrees(&sent, |uri| laurel::query::ListUsers::read(uri, settings));
            if let Ok(list) = laurel::query::ListUsers::read(&sent, settings) {
                assert!(
                    list.words.len() <= limits::SEARCH_WORDS
                        && (list.integration.is_some() || !require_integration)
                );
            }
        }
        agrees(&sent, |uri| laurel::query::lookup(uri, customer));
        agrees(&sent, laurel::query::forwarded);
        agrees(&sent, |uri| kare::query::Extend::read(uri).ok());
        // Replay has this one alone.
        agrees(&sent, |uri| query::one(uri, "childCompanyId").map(|value| value.map(Cow::into_owned)));
    });
}
