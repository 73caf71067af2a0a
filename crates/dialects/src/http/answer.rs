//! Answers: JSON bodies, and the faults that HTTP itself can have before a handler runs.

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

use super::encoding;

/// What is wrong with a request as such. Every dialect says it in its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// No such path.
    NoRoute,
    /// The path is there, the method is not.
    NoMethod,
    /// A part of the path is not text.
    BadPath,
    /// HTTP/1.1 wants one well-formed host.
    BadHost,
    /// The headers are too many, or too long.
    Headers,
    /// The body is not of a type that is read here.
    MediaType,
    /// The body is compressed in a way that is not read here.
    Encoding,
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// There is no memory left for another body.
    Busy,
    /// The body is not JSON, or not of the kind asked for; the sentence says which.
    BadBody(String),
}

/// An answer with a JSON body.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    typed(status, HeaderValue::from_static("application/json"), body)
}

/// The same with a content type of the vendor's own spelling.
pub fn typed(status: StatusCode, content_type: HeaderValue, body: &impl Serialize) -> Response {
    // Wire types have text keys and finite numbers, the only things that serialising could trip over.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut answer = Response::new(Body::from(bytes));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// Says where to find what was created.
pub fn created(location: &str, body: &impl Serialize) -> Response {
    let location = HeaderValue::from_str(location)
        .expect("the configured address and hosts were checked, and ids are ASCII");
    let mut answer = json(StatusCode::CREATED, body);
    answer.headers_mut().insert(LOCATION, location);
    answer
}

/// An answer with no body at all.
pub fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// Keeps an answer out of every cache, of browsers and of proxies (RFC 9111, section 5.2.2.5).
pub fn no_store(mut answer: Response) -> Response {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Keeps what holds tokens out of the caches of HTTP/1.0, too (RFC 6749, section 5.1).
pub fn no_store_of_tokens(answer: Response) -> Response {
    let mut answer = no_store(answer);
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// Says when to come back, in whole seconds.
pub fn retry_after(mut answer: Response, seconds: u64) -> Response {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

/// Says which encodings of a body are read (RFC 9110, section 12.5.3).
pub fn accept_encoding(mut answer: Response) -> Response {
    answer.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding::ACCEPTED));
    answer
}

/// A limit as its message tells it.
pub fn size(bytes: usize) -> String {
    match bytes {
        MIB.. if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ => format!("{} KiB", bytes / KIB),
    }
}

/// What to do about [`RequestError::BadHost`], as a phrase that every dialect makes its own sentence of.
pub const ONE_HOST: &str =
    "the Host header must name this server once, as in people.example or people.example:8080";

/// What to do about [`RequestError::Headers`].
pub const FEWER_HEADERS: &str =
    "the address or the headers are too long, or the headers too many; send fewer or shorter ones";

/// What to do about [`RequestError::Encoding`].
pub const ENCODINGS: &str = "the content encoding must be gzip, deflate or identity";

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Says from what a dialect's error comes, one variant for each cause.
macro_rules! causes {
    ($error:ident { $($variant:ident($cause:ty)),* $(,)? }) => {$(
        impl From<$cause> for $error {
            fn from(cause: $cause) -> Self {
                Self::$variant(cause)
            }
        }
    )*};
}
pub(crate) use causes;
