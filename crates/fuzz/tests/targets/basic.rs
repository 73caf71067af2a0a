//! Basic credentials.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dialects::http::Basic;
use dialects::http::basic::BasicError;

fn read(value: HeaderValue) -> Result<Option<Basic>, BasicError> {
    Basic::read(&HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// The header that a client sends for an id and a secret (RFC 6749, section 2.3.1).
fn written(basic: &Basic) -> HeaderValue {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    header(format!("{}:{}", encoded(&basic.client_id), encoded(&basic.client_secret)).as_bytes())
}

fn header(decoded: &[u8]) -> HeaderValue {
    format!("Basic {}", STANDARD.encode(decoded)).parse().expect("Base64 is a header")
}

#[test]
fn credentials_are_read_as_they_are_written() {
    fuzz::check!(|bytes: &[u8]| {
        // As the header itself, and as what is in it.
        let whole = HeaderValue::from_bytes(bytes).ok().map(read);
        for outcome in whole.into_iter().chain([read(header(bytes))]) {
            let Ok(Some(basic)) = outcome else { continue };
            assert_eq!(read(written(&basic)), Ok(Some(basic)));
        }
        let is_pair = std::str::from_utf8(bytes).is_ok_and(|text| text.contains(':'));
        let outcome = read(header(bytes));
        assert!(is_pair || outcome == Err(BasicError), "{outcome:?}");
    });
}
