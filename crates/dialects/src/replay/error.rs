//! Replay's errors: `{"error": "..."}`, with `details` for what is wrong in a body, path or query.
//!
//! No page documents an error body; this one is ours (README, "Decisions").

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{AccessError, Attribute, Property, Refusal};
use serde::Serialize;

use crate::http::{FieldError, Refused, RequestError, answer, causes};

pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, PartialEq)]
pub enum Error {
    Request(RequestError),
    AccessError(AccessError),
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
        Refused::note(self.refused(), self.answer())
    }
}

impl Error {
    fn refused(&self) -> Option<Refused> {
        match self {
            Self::AccessError(denied) => Refused::denied(denied),
            Self::Refused(refusal) => Refused::refusal(refusal),
            Self::Request(_) | Self::Invalid(_) => None,
        }
    }

    fn answer(self) -> Response {
        match self {
            Self::Request(fault) => from_fault(&fault),
            Self::AccessError(AccessError::Unauthenticated) => unauthorized(),
            Self::AccessError(AccessError::Throttled(throttled)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "too many requests"),
                throttled.retry_after,
            ),
            Self::AccessError(AccessError::TooManyFailures(refused)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "too many failed attempts"),
                refused.retry_after,
            ),
            Self::AccessError(AccessError::Unavailable) => unavailable(),
            Self::Invalid(errors) => {
                let details: Vec<_> = errors
                    .iter()
                    .map(|error| Detail { path: &error.path, message: &error.message })
                    .collect();
                invalid(&details)
            }
            Self::Refused(refusal) => from_refusal(refusal),
        }
    }
}

fn from_fault(fault: &RequestError) -> Response {
    match fault {
        RequestError::NoRoute => say(StatusCode::NOT_FOUND, "not found"),
        RequestError::NoMethod => say(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
        RequestError::BadPath => say(StatusCode::BAD_REQUEST, "the path is not valid"),
        RequestError::MediaType => {
            say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json")
        }
        RequestError::BadHost => say(StatusCode::BAD_REQUEST, answer::ONE_HOST),
        RequestError::Headers => say(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, answer::FEWER_HEADERS),
        RequestError::Encoding => {
            answer::accept_encoding(say(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer::ENCODINGS))
        }
        RequestError::TooLarge(limit) => {
            say(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is larger than {}", answer::size(*limit)))
        }
        RequestError::Busy => unavailable(),
        RequestError::BadBody(reason) => say(StatusCode::BAD_REQUEST, reason),
    }
}

fn from_refusal(refusal: Refusal) -> Response {
    match refusal {
        Refusal::NoSuchPerson => say(StatusCode::NOT_FOUND, "user not found"),
        Refusal::NoSuchEntity(kind) => say(StatusCode::NOT_FOUND, &format!("{kind} not found")),
        Refusal::InUse { subject, .. } => {
            say(StatusCode::CONFLICT, &format!("the {subject} is still in use"))
        }
        Refusal::NotADirectChild => {
            say(StatusCode::FORBIDDEN, "childCompanyId is not a direct child of the calling company")
        }
        Refusal::NotActive => say(StatusCode::CONFLICT, "only active users can be updated"),
        Refusal::CallerGone => unauthorized(),
        Refusal::NotAllowed(reason) => say(StatusCode::FORBIDDEN, reason),
        Refusal::Taken { attribute } => say(
            StatusCode::CONFLICT,
            &format!("{} is already taken", field(&attribute).unwrap_or(UNWRITABLE)),
        ),
        Refusal::Unknown { attribute, .. } => wrong(&attribute, "must refer to something that exists"),
        Refusal::Invalid { attribute, reason } => wrong(&attribute, &reason),
        Refusal::Unavailable => unavailable(),
    }
}

/// What is said in place of a field's name.
const UNWRITABLE: &str = "a value that this API does not write";

/// A mistake in what an attribute of the directory would become.
fn wrong(attribute: &Attribute, reason: &str) -> Response {
    match field(attribute) {
        Some(path) => invalid(&[Detail { path, message: reason }]),
        None => say(StatusCode::BAD_REQUEST, &format!("{UNWRITABLE} {reason}")),
    }
}

/// The field that writes an attribute, if one does.
fn field(attribute: &Attribute) -> Option<&'static str> {
    match attribute {
        Attribute::GivenName => Some("firstName"),
        Attribute::FamilyName => Some("lastName"),
        Attribute::ReplayRole => Some("role"),
        Attribute::Email => Some("email"),
        Attribute::Identities => Some("externalId"),
        Attribute::Nickname
        | Attribute::Initials
        | Attribute::UserName
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
        | Attribute::ReplayAccess
        | Attribute::ReplayTeam
        | Attribute::KareScope
        | Attribute::KareGroup
        | Attribute::KareRead
        | Attribute::KareManage
        | Attribute::KareProfession
        | Attribute::LaurelRoles
        | Attribute::SuperDelegate
        | Attribute::FullName
        | Attribute::ExternalId
        | Attribute::Delegators
        | Attribute::Password
        | Attribute::Membership
        | Attribute::CustomField(_) => None,
        Attribute::Of(property) => field_of(*property),
    }
}

/// The field that writes a property of a team or a company.
fn field_of(property: Property) -> Option<&'static str> {
    match property {
        Property::Name => Some("name"),
        Property::Description => Some("description"),
        Property::Kind => Some("type"),
        Property::UseTurnConnection => Some("useTurnConnection"),
        Property::ExternalId => Some("externalId"),
        Property::Url => Some("url"),
        Property::Summary => Some("summary"),
        Property::Id
        | Property::ObjectId
        | Property::Key
        | Property::Organization
        | Property::Parent
        | Property::PublicId
        | Property::Tenant
        | Property::AddressLine
        | Property::AddressLine2
        | Property::ZipCode
        | Property::City
        | Property::DefaultPhoneCountryCode
        | Property::Phone
        | Property::Manager
        | Property::Email
        | Property::ContentCulture
        | Property::UiCulture
        | Property::TimeZone
        | Property::SelectedCultures
        | Property::Locales
        | Property::ShowInContacts
        | Property::ShowInHighscores
        | Property::ShowInActivityStatistics
        | Property::UserLanguageEnabled
        | Property::ShowManagerPublic
        | Property::ShowEmployeeList
        | Property::ShowUsersInPublicContacts
        | Property::ShowInTaggingOverview
        | Property::ShowUsersInTaggingOverview
        | Property::ShowContactList
        | Property::Color
        | Property::IsDefault
        | Property::Source
        | Property::Lang
        | Property::Permissions
        | Property::Members
        | Property::Cultures
        | Property::Channel
        | Property::Recipient
        | Property::Subject
        | Property::Text
        | Property::Number
        | Property::Dialect
        | Property::Scopes
        | Property::RateLimit
        | Property::ExpiresAt
        | Property::RevokedAt
        | Property::Secret
        | Property::Person
        | Property::Code
        | Property::Slug
        | Property::Segment
        | Property::Vertical
        | Property::PmsVendor
        | Property::SalesforceAccountId
        | Property::Identities
        | Property::Connections => None,
    }
}

/// HTTP asks for a challenge in every 401 (RFC 9110, section 11.6.1), and has no registered scheme for keys in a header of
/// their own. `ApiKey` is the usual name, and `header` says where the key belongs.
fn unauthorized() -> Response {
    let mut answer = say(StatusCode::UNAUTHORIZED, "missing or invalid API key");
    let challenge = HeaderValue::from_static("ApiKey realm=\"Replay\", header=\"x-api-key\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    answer
}

fn unavailable() -> Response {
    answer::retry_after(
        say(StatusCode::SERVICE_UNAVAILABLE, "the service is temporarily unavailable"),
        RETRY_AFTER,
    )
}

fn invalid(details: &[Detail<'_>]) -> Response {
    write(StatusCode::BAD_REQUEST, "the request is not valid", details)
}

fn say(status: StatusCode, error: &str) -> Response {
    write(status, error, &[])
}

fn write(status: StatusCode, error: &str, details: &[Detail<'_>]) -> Response {
    answer::typed(status, CONTENT_TYPE, &Body { error, details })
}

causes!(Error {
    Request(RequestError),
    AccessError(AccessError),
    Refused(Refusal),
    Invalid(Vec<FieldError>),
});
