//! Replay's errors: `{"error": "..."}`, with `details` for what is wrong in a body, path or query.
//!
//! No page documents an error body; this one is ours (README, "Decisions").

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{Denied, Refusal};
use serde::Serialize;

use crate::http::{Fault, FieldError, answer, causes};

pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, PartialEq)]
pub enum Error {
    Fault(Fault),
    Denied(Denied),
    Invalid(Vec<FieldError>),
    Refused(Refusal),
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    details: &'a [Detail<'a>],
}

#[derive(Serialize)]
struct Detail<'a> {
    path: &'a str,
    message: &'a str,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::Fault(fault) => from_fault(&fault),
            Self::Denied(Denied::Unauthenticated) => {
                say(StatusCode::UNAUTHORIZED, "missing or invalid API key")
            }
            Self::Denied(Denied::Throttled(throttled)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "too many requests"),
                throttled.retry_after,
            ),
            Self::Denied(Denied::TooManyFailures(refused)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "too many failed attempts"),
                refused.retry_after,
            ),
            Self::Denied(Denied::Unavailable) => unavailable(),
            Self::Invalid(errors) => {
                let details: Vec<_> = errors
                    .iter()
                    .map(|error| Detail { path: &error.path, message: &error.message })
                    .collect();
                write(StatusCode::BAD_REQUEST, "the request is not valid", &details)
            }
            Self::Refused(refusal) => from_refusal(refusal),
        }
    }
}

fn from_fault(fault: &Fault) -> Response {
    match fault {
        Fault::NoRoute => say(StatusCode::NOT_FOUND, "not found"),
        Fault::NoMethod => say(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
        Fault::BadPath => say(StatusCode::BAD_REQUEST, "the path is not valid"),
        Fault::MediaType => {
            say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
        }
        Fault::TooLarge => say(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB"),
        Fault::BadBody(reason) => say(StatusCode::BAD_REQUEST, reason),
    }
}

fn from_refusal(refusal: Refusal) -> Response {
    match refusal {
        Refusal::NoSuchPerson => say(StatusCode::NOT_FOUND, "user not found"),
        Refusal::NotADirectChild => {
            say(StatusCode::FORBIDDEN, "childCompanyId is not a direct child of the calling company")
        }
        Refusal::NotActive => say(StatusCode::CONFLICT, "only active users can be updated"),
        Refusal::CallerGone => say(StatusCode::UNAUTHORIZED, "missing or invalid API key"),
        Refusal::NotAllowed(reason) => say(StatusCode::FORBIDDEN, reason),
        Refusal::Taken { attribute } => say(StatusCode::CONFLICT, &format!("{attribute} is already taken")),
        Refusal::Unknown { attribute, .. } => {
            say(StatusCode::BAD_REQUEST, &format!("{attribute} refers to something that does not exist"))
        }
        Refusal::Invalid { reason, .. } => say(StatusCode::BAD_REQUEST, &reason),
        Refusal::Unavailable => unavailable(),
    }
}

fn unavailable() -> Response {
    answer::retry_after(
        say(StatusCode::SERVICE_UNAVAILABLE, "the service is temporarily unavailable"),
        RETRY_AFTER,
    )
}

fn say(status: StatusCode, error: &str) -> Response {
    write(status, error, &[])
}

fn write(status: StatusCode, error: &str, details: &[Detail<'_>]) -> Response {
    answer::typed(status, CONTENT_TYPE, &Body { error, details })
}

causes!(Error {
    Fault(Fault),
    Denied(Denied),
    Refused(Refusal),
    Invalid(Vec<FieldError>),
});
