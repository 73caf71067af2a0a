//! Kare's errors: `{"message": "..."}`, with `errors` for what is wrong in a body, path or query.
//!
//! No page documents an error body. The vendor's gateway is known to say `message`; the rest is ours (README).

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{AccessError, Attribute, Property, Refusal, SignInRefusal};
use serde::Serialize;

use crate::http::{FieldError, Refused, RequestError, answer, causes};

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, PartialEq)]
pub enum Error {
    Request(RequestError),
    AccessError(AccessError),
    NotSignedIn(SignInRefusal),
    Invalid(Vec<FieldError>),
    Refused(Refusal),
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Mistake<'a>],
}

#[derive(Serialize)]
struct Mistake<'a> {
    /// Empty for the body as a whole.
    path: &'a str,
    message: &'a str,
}

impl Error {
    /// One mistake in one field or parameter.
    pub fn invalid(path: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { path: path.into(), message: message.into() }])
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Refused::note(self.refused(), self.answer())
    }
}

impl Error {
    fn refused(&self) -> Option<Refused> {
        match self {
            Self::AccessError(denied) => Refused::denied(denied),
            Self::NotSignedIn(refusal) => Refused::not_signed_in(refusal),
            Self::Refused(refusal) => Refused::refusal(refusal),
            Self::Request(_) | Self::Invalid(_) => None,
        }
    }

    fn answer(self) -> Response {
        match self {
            Self::Request(fault) => from_fault(&fault),
            Self::AccessError(AccessError::Unauthenticated)
            | Self::NotSignedIn(SignInRefusal::BadCredentials) => unauthorized(),
            Self::NotSignedIn(SignInRefusal::NoMembership) => forbidden(),
            Self::AccessError(AccessError::Throttled(throttled)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
                throttled.retry_after,
            ),
            Self::AccessError(AccessError::TooManyFailures(refused))
            | Self::NotSignedIn(SignInRefusal::TooManyFailures(refused)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "Too many failed attempts"),
                refused.retry_after,
            ),
            Self::AccessError(AccessError::Unavailable)
            | Self::NotSignedIn(SignInRefusal::Unavailable | SignInRefusal::Busy) => unavailable(),
            Self::Invalid(errors) => {
                let mistakes: Vec<_> = errors
                    .iter()
                    .map(|error| Mistake { path: &error.path, message: &error.message })
                    .collect();
                invalid(&mistakes)
            }
            Self::Refused(refusal) => from_refusal(&refusal),
        }
    }
}

fn from_fault(fault: &RequestError) -> Response {
    match fault {
        RequestError::NoRoute => not_found(),
        RequestError::NoMethod => say(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        RequestError::BadPath => {
            invalid(&[Mistake { path: "userId", message: "must be UTF-8 text, such as 42" }])
        }
        RequestError::MediaType => say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
        RequestError::BadHost => invalid(&[Mistake { path: "host", message: answer::ONE_HOST }]),
        RequestError::Headers => say(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, answer::FEWER_HEADERS),
        RequestError::Encoding => {
            answer::accept_encoding(say(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer::ENCODINGS))
        }
        RequestError::TooLarge(_) => say(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large"),
        RequestError::Busy => unavailable(),
        RequestError::BadBody(reason) => invalid(&[Mistake { path: "", message: reason }]),
    }
}

fn from_refusal(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::NoSuchPerson | Refusal::NoSuchEntity(_) => not_found(),
        Refusal::CallerGone => unauthorized(),
        // Kare speaks of no other organization than the session's.
        Refusal::NotAllowed(_) | Refusal::NotADirectChild => forbidden(),
        Refusal::Taken { .. } | Refusal::InUse { .. } | Refusal::NotActive => {
            say(StatusCode::CONFLICT, "Conflict")
        }
        Refusal::Unknown { attribute, .. } => {
            invalid(&[Mistake { path: field(attribute), message: "must be one of the organization's" }])
        }
        Refusal::Invalid { attribute, reason } => {
            invalid(&[Mistake { path: field(attribute), message: reason }])
        }
        Refusal::Unavailable => unavailable(),
    }
}

/// The field that writes an attribute. Empty where none does: then it is the body as a whole that asks too much.
fn field(attribute: &Attribute) -> &'static str {
    match attribute {
        Attribute::GivenName => "firstName",
        Attribute::FamilyName => "lastName",
        Attribute::KareScope => "scope",
        Attribute::KareGroup => "permissions.group",
        Attribute::KareRead => "permissions.read",
        Attribute::KareManage => "permissions.manage",
        Attribute::KareProfession => "professionId",
        Attribute::Of(Property::Name) => "name",
        Attribute::Of(Property::Color) => "color",
        Attribute::Nickname
        | Attribute::Initials
        | Attribute::UserName
        | Attribute::Email
        | Attribute::SecondEmail
        | Attribute::EmailAliases
        | Attribute::Phone
        | Attribute::SecondPhone
        | Attribute::Title
        | Attribute::BirthDate
        | Attribute::Gender
        | Attribute::EmploymentStart
        | Attribute::EmploymentEnd
        | Attribute::EmploymentKind
        | Attribute::RegisterNumber
        | Attribute::DutyPlanNumber
        | Attribute::WorkDepartment
        | Attribute::WorkSubdepartment
        | Attribute::Office
        | Attribute::Pod
        | Attribute::Seniority
        | Attribute::PrimaryDepartment
        | Attribute::AdditionalDepartments
        | Attribute::Groups
        | Attribute::DataSource
        | Attribute::Image
        | Attribute::MemberCard
        | Attribute::CardNumber
        | Attribute::Lang
        | Attribute::TimeZone
        | Attribute::Status
        | Attribute::Invitation
        | Attribute::AcceptedAt
        | Attribute::ActivatedAt
        | Attribute::ReplayRole
        | Attribute::ReplayAccess
        | Attribute::ReplayTeam
        | Attribute::LaurelRoles
        | Attribute::SuperDelegate
        | Attribute::FullName
        | Attribute::ExternalId
        | Attribute::Identities
        | Attribute::Delegators
        | Attribute::Password
        | Attribute::Membership
        | Attribute::CustomField(_)
        | Attribute::Of(_) => "",
    }
}

fn unauthorized() -> Response {
    let mut answer = say(StatusCode::UNAUTHORIZED, "Unauthorized");
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

fn forbidden() -> Response {
    say(StatusCode::FORBIDDEN, "Forbidden")
}

fn not_found() -> Response {
    say(StatusCode::NOT_FOUND, "Not found")
}

fn unavailable() -> Response {
    answer::retry_after(say(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"), RETRY_AFTER)
}

fn say(status: StatusCode, message: &str) -> Response {
    answer::json(status, &Body { message, errors: &[] })
}

fn invalid(errors: &[Mistake<'_>]) -> Response {
    answer::json(StatusCode::BAD_REQUEST, &Body { message: "Validation failed", errors })
}

causes!(Error {
    Request(RequestError),
    AccessError(AccessError),
    NotSignedIn(SignInRefusal),
    Refused(Refusal),
    Invalid(Vec<FieldError>),
});

#[cfg(test)]
mod tests {
    use axum::http::header::RETRY_AFTER;
    use directory::guesses::TooManyFailures;
    use directory::throttle::Throttled;
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;

    fn answered(error: impl Into<Error>) -> (u16, Value) {
        let answer = error.into().into_response();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_failure_has_its_code_and_message() {
        let said = |message: &str| json!({ "message": message });
        assert_eq!(answered(RequestError::NoRoute), (404, said("Not found")));
        assert_eq!(answered(RequestError::NoMethod), (405, said("Method not allowed")));
        assert_eq!(answered(RequestError::MediaType), (415, said("Unsupported media type")));
        assert_eq!(answered(RequestError::TooLarge(1024)), (413, said("Payload too large")));
        assert_eq!(answered(RequestError::Encoding), (415, said(answer::ENCODINGS)));
        assert_eq!(answered(RequestError::Headers), (431, said(answer::FEWER_HEADERS)));
        assert_eq!(answered(RequestError::Busy), (503, said("Service unavailable")));
        assert_eq!(answered(AccessError::Unauthenticated), (401, said("Unauthorized")));
        assert_eq!(answered(AccessError::Unavailable), (503, said("Service unavailable")));
        assert_eq!(answered(SignInRefusal::BadCredentials), (401, said("Unauthorized")));
        assert_eq!(answered(SignInRefusal::NoMembership), (403, said("Forbidden")));
        assert_eq!(answered(SignInRefusal::Unavailable), (503, said("Service unavailable")));
        assert_eq!(answered(SignInRefusal::Busy), (503, said("Service unavailable")));
        let guessed = TooManyFailures { retry_after: 4 };
        assert_eq!(answered(AccessError::TooManyFailures(guessed)), (429, said("Too many failed attempts")));
        assert_eq!(
            answered(SignInRefusal::TooManyFailures(guessed)),
            (429, said("Too many failed attempts"))
        );
        assert_eq!(answered(Refusal::NoSuchPerson), (404, said("Not found")));
        assert_eq!(answered(Refusal::CallerGone), (401, said("Unauthorized")));
        assert_eq!(answered(Refusal::NotAllowed("why")), (403, said("Forbidden")));
        assert_eq!(answered(Refusal::Taken { attribute: Attribute::Email }), (409, said("Conflict")));
        assert_eq!(answered(Refusal::Unavailable), (503, said("Service unavailable")));
    }

    #[test]
    fn what_is_wrong_is_named_by_the_vendors_field() {
        let (status, body) =
            answered(Refusal::Unknown { attribute: Attribute::KareProfession, value: "999".into() });
        assert_eq!((status, &body["message"]), (400, &json!("Validation failed")));
        assert_eq!(body["errors"][0]["path"], "professionId");

        let (status, body) = answered(RequestError::BadBody("the body is empty".into()));
        let errors = json!([{"path": "", "message": "the body is empty"}]);
        assert_eq!((status, body), (400, json!({"message": "Validation failed", "errors": errors})));
        assert_eq!(answered(RequestError::BadPath).1["errors"][0]["path"], "userId");
        assert_eq!(answered(RequestError::BadHost).1["errors"][0]["path"], "host");
    }

    #[test]
    fn who_is_throttled_learns_when_to_come_back() {
        let error = Error::from(AccessError::Throttled(Throttled { limit: 1, retry_after: 25 }));
        let answer = error.into_response();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()[RETRY_AFTER], "25");
    }
}
