//! Laurel's errors: `{"statusCode", "message", "error"}`, the message a list where several things can be wrong.
//!
//! No page documents an error; this is the form of the web framework that the vendor's names point to (README,
//! "Decisions").

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{AccessError, Attribute, EntityKind, Property, Refusal, SubjectKind};
use serde::Serialize;

use crate::http::{FieldError, Refused, RequestError, answer, causes};

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

/// Mistakes told at once. A long array with a mistake in every element makes no long answer.
const MISTAKES_TOLD: usize = 20;

#[derive(Debug, PartialEq)]
pub enum Error {
    Request(RequestError),
    AccessError(AccessError),
    /// The token is for one customer, the path for another.
    OtherCustomer,
    /// The client may read alone.
    ReadOnly,
    /// The token is a machine's, and the call is about the user behind it.
    NoUser,
    /// The user has no such alias.
    NoAlias,
    NoPermission,
    NoCustomer,
    NoConnection,
    NoClient,
    /// The name of another customer of the tenant.
    FullNameTaken,
    Invalid(Vec<FieldError>),
    /// Rows of an import, all of which are told.
    Rows(Vec<FieldError>),
    /// The same, of values that are others'.
    TakenRows(Vec<FieldError>),
    Refused(Refusal),
    /// Of an update in version 1, where one field has another name.
    RefusedV1(Refusal),
}

/// The versions of an update, which differ in the field for delegations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

impl Version {
    /// The field that says who delegates to a user.
    pub fn delegates(self) -> &'static str {
        match self {
            Self::V1 => "delegateIds",
            Self::V2 => "delegates",
        }
    }
}

impl Error {
    /// What was refused of one row of an import.
    pub fn of_row(row: usize, refusal: Refusal) -> Self {
        let mistake = |attribute: &Attribute, message: String| {
            vec![FieldError { path: format!("users.{row}.{}", field(attribute, Version::V2)), message }]
        };
        match &refusal {
            Refusal::Taken { attribute } => Self::TakenRows(mistake(attribute, "already taken".to_owned())),
            Refusal::Invalid { attribute, reason } => Self::Rows(mistake(attribute, reason.clone())),
            Refusal::Unknown { .. }
            | Refusal::NoSuchPerson
            | Refusal::NoSuchEntity(_)
            | Refusal::NotADirectChild
            | Refusal::NotActive
            | Refusal::CallerGone
            | Refusal::NotAllowed(_)
            | Refusal::InUse { .. }
            | Refusal::Unavailable => Self::Refused(refusal),
        }
    }

    /// The same where the name is that of an organization, which a customer has in full.
    pub fn of_customer(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Taken { attribute: Attribute::Of(Property::Name) } => Self::FullNameTaken,
            refusal => Self::Refused(refusal),
        }
    }

    /// The same in the words of version 1.
    pub fn in_v1(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::RefusedV1(refusal),
            error => error,
        }
    }
}

#[derive(Serialize)]
struct Body<M> {
    #[serde(rename = "statusCode")]
    status_code: u16,
    message: M,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
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
            Self::OtherCustomer | Self::ReadOnly | Self::NoUser => Some(Refused::Right),
            Self::Refused(refusal) | Self::RefusedV1(refusal) => Refused::refusal(refusal),
            Self::Request(_)
            | Self::Invalid(_)
            | Self::Rows(_)
            | Self::TakenRows(_)
            | Self::NoAlias
            | Self::NoPermission
            | Self::NoCustomer
            | Self::NoConnection
            | Self::NoClient
            | Self::FullNameTaken => None,
        }
    }

    fn answer(self) -> Response {
        match self {
            Self::Request(fault) => from_fault(&fault),
            Self::AccessError(AccessError::Unauthenticated) => unauthorized(),
            Self::AccessError(AccessError::Throttled(throttled)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
                throttled.retry_after,
            ),
            Self::AccessError(AccessError::TooManyFailures(refused)) => answer::retry_after(
                say(StatusCode::TOO_MANY_REQUESTS, "Too many failed attempts"),
                refused.retry_after,
            ),
            Self::AccessError(AccessError::Unavailable) => unavailable(),
            Self::OtherCustomer => say(StatusCode::FORBIDDEN, "The token is not for this customer"),
            Self::ReadOnly => say(StatusCode::FORBIDDEN, "The client may only read"),
            Self::NoUser => say(StatusCode::FORBIDDEN, "There is no user behind this token"),
            Self::NoAlias => say(StatusCode::NOT_FOUND, "Alias not found"),
            Self::NoPermission => say(StatusCode::NOT_FOUND, "Permission not found"),
            Self::NoCustomer => say(StatusCode::NOT_FOUND, "Customer not found"),
            Self::NoConnection => say(StatusCode::NOT_FOUND, "Connection not found"),
            Self::NoClient => say(StatusCode::NOT_FOUND, "Client not found"),
            Self::FullNameTaken => say(StatusCode::CONFLICT, "fullName: already taken"),
            Self::Invalid(mut errors) => {
                errors.truncate(MISTAKES_TOLD);
                say(StatusCode::BAD_REQUEST, messages(&errors))
            }
            Self::Rows(errors) => say(StatusCode::BAD_REQUEST, messages(&errors)),
            Self::TakenRows(errors) => say(StatusCode::CONFLICT, messages(&errors)),
            Self::Refused(refusal) => from_refusal(&refusal, Version::V2),
            Self::RefusedV1(refusal) => from_refusal(&refusal, Version::V1),
        }
    }
}

fn messages(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(|error| format!("{} {}", error.path, error.message)).collect()
}

fn from_fault(fault: &RequestError) -> Response {
    match fault {
        // A method that a path does not have is to the vendor's framework a path that there is not.
        RequestError::NoRoute | RequestError::NoMethod => say(StatusCode::NOT_FOUND, "No such operation"),
        RequestError::BadPath => say(StatusCode::BAD_REQUEST, "The path is not valid"),
        RequestError::MediaType => {
            say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The content type must be application/json")
        }
        RequestError::BadHost => say(StatusCode::BAD_REQUEST, answer::ONE_HOST),
        RequestError::Headers => say(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, answer::FEWER_HEADERS),
        RequestError::Encoding => {
            answer::accept_encoding(say(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer::ENCODINGS))
        }
        RequestError::TooLarge(limit) => {
            say(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {}", answer::size(*limit)))
        }
        RequestError::Busy => unavailable(),
        RequestError::BadBody(reason) => say(StatusCode::BAD_REQUEST, reason),
    }
}

fn from_refusal(refusal: &Refusal, version: Version) -> Response {
    match refusal {
        Refusal::NoSuchPerson => say(StatusCode::NOT_FOUND, "User not found"),
        Refusal::NoSuchEntity(kind) => say(StatusCode::NOT_FOUND, format!("{} not found", thing(*kind))),
        Refusal::InUse { subject, .. } => {
            say(StatusCode::CONFLICT, format!("{} is still in use", subject_of(*subject)))
        }
        Refusal::NotADirectChild => Error::OtherCustomer.into_response(),
        Refusal::NotActive => say(StatusCode::CONFLICT, "The user is not active"),
        Refusal::CallerGone => unauthorized(),
        Refusal::NotAllowed(reason) => say(StatusCode::FORBIDDEN, reason),
        Refusal::Taken { attribute } => {
            say(StatusCode::CONFLICT, format!("{} already taken", field(attribute, version)))
        }
        Refusal::Unknown { attribute, value } => say(
            StatusCode::BAD_REQUEST,
            [format!("{} must not name {value}, which is unknown", field(attribute, version))],
        ),
        Refusal::Invalid { attribute, reason } => {
            say(StatusCode::BAD_REQUEST, [format!("{}: {reason}", field(attribute, version))])
        }
        Refusal::Unavailable => unavailable(),
    }
}

/// What the vendor calls an entity, at the beginning of a sentence.
fn subject_of(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Entity(kind) => thing(kind),
        SubjectKind::Person => "User",
        // No request of this API deletes any of these.
        SubjectKind::Organization | SubjectKind::Credential | SubjectKind::Session | SubjectKind::Message => {
            "Entity"
        }
    }
}

fn thing(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Group => "User group",
        EntityKind::Role => "Role",
        // The vendor has none of these.
        EntityKind::Department
        | EntityKind::Team
        | EntityKind::Label
        | EntityKind::CustomField
        | EntityKind::Template => "Entity",
    }
}

/// The field that writes an attribute, or what is said in its place.
fn field(attribute: &Attribute, version: Version) -> &'static str {
    match attribute {
        Attribute::Email => "email",
        Attribute::GivenName => "firstName",
        Attribute::Title => "jobTitle",
        Attribute::FamilyName => "lastName",
        Attribute::Nickname => "nickname",
        Attribute::Seniority => "seniority",
        Attribute::WorkDepartment => "department",
        Attribute::Office => "office",
        Attribute::WorkSubdepartment => "subdepartment",
        Attribute::Pod => "pod",
        Attribute::LaurelRoles => "roleIds",
        Attribute::Identities | Attribute::Of(Property::Identities) => "identities",
        Attribute::EmailAliases => "emails",
        Attribute::SuperDelegate => "superDelegatePermissions",
        Attribute::Status => "status",
        Attribute::Delegators => version.delegates(),
        Attribute::TimeZone => "timezone",
        Attribute::Of(Property::ObjectId) => "_id",
        Attribute::Of(Property::Name | Property::Slug) => "name",
        Attribute::Of(Property::Code) => "code",
        Attribute::Of(Property::Description) => "description",
        Attribute::Of(Property::ExternalId) => "externalId",
        Attribute::Initials
        | Attribute::UserName
        | Attribute::SecondEmail
        | Attribute::Phone
        | Attribute::SecondPhone
        | Attribute::BirthDate
        | Attribute::Gender
        | Attribute::EmploymentStart
        | Attribute::EmploymentEnd
        | Attribute::EmploymentKind
        | Attribute::RegisterNumber
        | Attribute::DutyPlanNumber
        | Attribute::PrimaryDepartment
        | Attribute::AdditionalDepartments
        | Attribute::Groups
        | Attribute::DataSource
        | Attribute::Image
        | Attribute::MemberCard
        | Attribute::CardNumber
        | Attribute::Lang
        | Attribute::Invitation
        | Attribute::AcceptedAt
        | Attribute::ActivatedAt
        | Attribute::ReplayRole
        | Attribute::ReplayAccess
        | Attribute::ReplayTeam
        | Attribute::KareScope
        | Attribute::KareGroup
        | Attribute::KareRead
        | Attribute::KareManage
        | Attribute::KareProfession
        | Attribute::FullName
        | Attribute::ExternalId
        | Attribute::Password
        | Attribute::Membership
        | Attribute::CustomField(_)
        | Attribute::Of(_) => "a value that this API does not write",
    }
}

fn unauthorized() -> Response {
    let status = StatusCode::UNAUTHORIZED;
    let body = Body { status_code: status.as_u16(), message: "Unauthorized", error: None };
    let mut answer = answer::json(status, &body);
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

fn unavailable() -> Response {
    answer::retry_after(
        say(StatusCode::SERVICE_UNAVAILABLE, "The service is temporarily unavailable"),
        RETRY_AFTER,
    )
}

fn say(status: StatusCode, message: impl Serialize) -> Response {
    answer::json(status, &Body { status_code: status.as_u16(), message, error: status.canonical_reason() })
}

causes!(Error {
    Request(RequestError),
    AccessError(AccessError),
    Refused(Refusal),
    Invalid(Vec<FieldError>),
});

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}
