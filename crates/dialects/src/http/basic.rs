//! A client's id and secret in a Basic header (RFC 6749, section 2.3.1), as client libraries send them unless told not to.

use std::borrow::Cow;
use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// The id and the secret of a client.
#[derive(PartialEq, Eq)]
pub struct Basic {
    pub client_id: String,
    pub client_secret: String,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A Basic header that does not hold an id and a secret, or more than one `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicError;

impl Basic {
    /// None where there is no `Authorization`, or one of another scheme.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, BasicError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(BasicError);
        }
        let value = value.to_str().map_err(|_| BasicError)?;
        let (scheme, encoded) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("basic") {
            return Ok(None);
        }
        let decoded = STANDARD.decode(encoded.trim_matches(' ')).map_err(|_| BasicError)?;
        let decoded = String::from_utf8(decoded).map_err(|_| BasicError)?;
        let (id, secret) = decoded.split_once(':').ok_or(BasicError)?;
        Ok(Some(Self { client_id: form_decoded(id)?, client_secret: form_decoded(secret)? }))
    }
}

/// Both parts are encoded as the values of a form are, before Base64 (RFC 6749, appendix B).
fn form_decoded(text: &str) -> Result<String, BasicError> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(Cow::into_owned).map_err(|_| BasicError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<Basic>, BasicError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        Basic::read(&headers)
    }

    fn of(decoded: &[u8]) -> Result<Option<Basic>, BasicError> {
        read(&[&format!("Basic {}", STANDARD.encode(decoded))])
    }

    #[test]
    fn the_id_and_the_secret_are_encoded_as_in_a_form() {
        for (decoded, id, secret) in [
            ("a:b", "a", "b"),
            (":", "", ""),
            ("a:b:c", "a", "b:c"),
            ("a%3Ab:c+d%2B%25", "a:b", "c d+%"),
            ("a:b&c=d", "a", "b&c=d"),
        ] {
            let expected = Basic { client_id: id.into(), client_secret: secret.into() };
            assert_eq!(of(decoded.as_bytes()), Ok(Some(expected)), "{decoded}");
        }
        assert_eq!(read(&["bAsIc  YTpi "]), of(b"a:b"));
        assert!(!format!("{:?}", of(b"a:s3cret")).contains("s3cret"));
    }

    #[test]
    fn another_scheme_is_none_and_a_bad_value_is_an_error() {
        assert_eq!(read(&[]), Ok(None));
        for other in ["Bearer x", "Bearer", "", "Basics YTpi"] {
            assert_eq!(read(&[other]), Ok(None), "{other}");
        }
        for bad in ["Basic", "Basic ", "Basic YTpi=", "Basic a:b", "Basic YQ=="] {
            assert_eq!(read(&[bad]), Err(BasicError), "{bad}");
        }
        assert_eq!(read(&["Basic YTpi", "Basic YTpi"]), Err(BasicError));
        assert_eq!(read(&["Basic YTpi", "Bearer x"]), Err(BasicError));
        assert_eq!(of(b"\xff:b"), Err(BasicError));
        assert_eq!(of(b"a:%ff"), Err(BasicError));
    }
}
