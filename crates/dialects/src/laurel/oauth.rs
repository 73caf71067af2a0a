//! The token endpoint, and its errors, which are OAuth's (RFC 6749, section 5.2) and not those of the other operations.

use axum::extract::State;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{Extensions, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{AccessError, Dialect, Refusal};
use serde::Serialize;

use super::auth::{ALGORITHM, Api, Audience, Claims, LIFETIME};
use super::wire::{Token, TokenRequest};
use crate::http::{FieldError, OpenPayload, Refused, RequestError, answer, context};

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

/// What a client can do about a request that is not understood: most libraries send a form.
const WHAT_TO_SEND: &str =
    "Send grant_type, audience, client_id and client_secret in the body, as a JSON object of four strings.";

pub async fn create_token(
    State(api): State<Api>,
    extensions: Extensions,
    OpenPayload(body, _): OpenPayload<TokenError>,
) -> Result<Response, TokenError> {
    let asked = TokenRequest::read(body)?;
    if asked.grant_type != "client_credentials" {
        return Err(TokenError::UnsupportedGrant);
    }
    let directory = &api.directory;
    let context = context(&extensions, Dialect::Laurel);
    let client = directory.client(&context, &asked.client_id, &asked.client_secret).await?;
    Audience::parse(&asked.audience).ok_or(TokenError::UnknownAudience)?;
    let caller = directory.caller_with_token(&context, &client.public_id, client.scopes.clone()).await?;
    let customer = directory.scoped(&caller).organization_details().await?.object_id;

    let claims = Claims::new(&client.public_id, customer, &client.scopes, directory.now());
    let payload = serde_json::to_vec(&claims).map_err(|_| Refusal::Unavailable)?;
    let access_token = directory.signer().sign(ALGORITHM, &payload);
    let token = Token { access_token, expires_in: LIFETIME, token_type: "Bearer" };
    Ok(answer::no_store_of_tokens(answer::json(StatusCode::OK, &token)))
}

#[derive(Debug, PartialEq)]
pub enum TokenError {
    Request(RequestError),
    Invalid(Vec<FieldError>),
    UnsupportedGrant,
    UnknownAudience,
    AccessError(AccessError),
    Refused(Refusal),
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    error_description: &'a str,
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        Refused::note(self.refused(), self.answer())
    }
}

impl TokenError {
    fn refused(&self) -> Option<Refused> {
        match self {
            Self::AccessError(denied) => Refused::denied(denied),
            Self::Refused(refusal) => Refused::refusal(refusal),
            Self::UnknownAudience => Some(Refused::Right),
            Self::Request(_) | Self::Invalid(_) | Self::UnsupportedGrant => None,
        }
    }

    fn answer(self) -> Response {
        let invalid = |status, description: &str| say(status, "invalid_request", description);
        match self {
            Self::Request(RequestError::NoRoute | RequestError::NoMethod) => {
                invalid(StatusCode::NOT_FOUND, "No such operation")
            }
            Self::Request(RequestError::BadPath) => invalid(StatusCode::BAD_REQUEST, "The path is not valid"),
            Self::Request(RequestError::MediaType) => {
                let description = format!("The content type must be application/json. {WHAT_TO_SEND}");
                invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, &description)
            }
            Self::Request(RequestError::BadHost) => invalid(StatusCode::BAD_REQUEST, answer::ONE_HOST),
            Self::Request(RequestError::Headers) => {
                invalid(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, answer::FEWER_HEADERS)
            }
            Self::Request(RequestError::Encoding) => {
                answer::accept_encoding(invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer::ENCODINGS))
            }
            Self::Request(RequestError::TooLarge(limit)) => {
                let description = format!("The body is larger than {}", answer::size(limit));
                invalid(StatusCode::PAYLOAD_TOO_LARGE, &description)
            }
            Self::Request(RequestError::BadBody(reason)) => {
                invalid(StatusCode::BAD_REQUEST, &format!("{reason}. {WHAT_TO_SEND}"))
            }
            Self::Invalid(errors) => {
                let wrong: Vec<_> =
                    errors.iter().map(|error| format!("{} {}", error.path, error.message)).collect();
                invalid(StatusCode::BAD_REQUEST, &wrong.join(", "))
            }
            Self::UnsupportedGrant => say(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The grant_type must be client_credentials",
            ),
            Self::UnknownAudience => say(StatusCode::FORBIDDEN, "access_denied", "The audience is unknown"),
            Self::AccessError(AccessError::Unauthenticated) | Self::Refused(Refusal::CallerGone) => {
                let mut answer = say(StatusCode::UNAUTHORIZED, "access_denied", "Unauthorized");
                // As every 401 of this API (RFC 9110, section 11.6.1), although no header is read here.
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                answer
            }
            Self::AccessError(AccessError::Throttled(throttled)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "access_denied", "Too many requests"),
                throttled.retry_after,
            ),
            Self::AccessError(AccessError::TooManyFailures(refused)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "access_denied", "Too many failed attempts"),
                refused.retry_after,
            ),
            // Nothing else is refused here: no person is asked about.
            Self::Request(RequestError::Busy)
            | Self::AccessError(AccessError::Unavailable)
            | Self::Refused(
                Refusal::NoSuchPerson
                | Refusal::NoSuchEntity(_)
                | Refusal::InUse { .. }
                | Refusal::NotADirectChild
                | Refusal::NotActive
                | Refusal::NotAllowed(_)
                | Refusal::Taken { .. }
                | Refusal::Unknown { .. }
                | Refusal::Invalid { .. }
                | Refusal::Unavailable,
            ) => answer::retry_after(
                say(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    "The service is temporarily unavailable",
                ),
                RETRY_AFTER,
            ),
        }
    }
}

fn say(status: StatusCode, error: &'static str, error_description: &str) -> Response {
    answer::no_store_of_tokens(answer::json(status, &Body { error, error_description }))
}

impl From<RequestError> for TokenError {
    fn from(fault: RequestError) -> Self {
        Self::Request(fault)
    }
}

impl From<Vec<FieldError>> for TokenError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl From<AccessError> for TokenError {
    fn from(denied: AccessError) -> Self {
        Self::AccessError(denied)
    }
}

impl From<Refusal> for TokenError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
