//! Answers: JSON bodies, and the faults that HTTP itself can have before a handler runs.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;

/// What is wrong with a request as such. Every dialect says it in its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No such path.
    NoRoute,
    /// The path is there, the method is not.
    NoMethod,
    /// A part of the path is not text.
    BadPath,
    /// The body is not of a type that is read here.
    MediaType,
    TooLarge,
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

/// An answer with no body at all.
pub fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// Keeps what holds tokens out of every cache, those of HTTP/1.0 among them (RFC 6749, section 5.1).
pub fn no_store(mut answer: Response) -> Response {
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

/// Says when to come back, in whole seconds.
pub fn retry_after(mut answer: Response, seconds: u64) -> Response {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

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
