//! Relesys' errors: `{"errorCode": "400", "message": "..."}`, with `errors` for what is wrong where.
//!
//! The shape is that of the one body that is documented, of 429
//! (api.relesysapp.net/docs/latest/concepts/throttling). The token endpoint has the shape of RFC 6749.

use std::collections::BTreeMap;

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use directory::{AccessError, Attribute, EntityKind, Property, Refusal, SubjectKind, limits};
use serde::Serialize;

use super::scope::Scope;
use crate::http::{FieldError, Refused, RequestError, answer, causes};
use crate::json_patch;

pub const NOT_A_GUID: &str = "Must be a GUID, such as 202ac2f0-748c-452f-8393-180f9366e174.";

/// What the names of members begin with as paths of a patch.
pub const PATCH: &str = "/";

/// What they begin with in a body that has them as members.
pub const BODY: &str = "";

/// How long to wait when the store does not answer.
const RETRY_AFTER: u64 = 1;

#[derive(Debug, PartialEq)]
pub enum Error {
    Request(RequestError),
    AccessError(AccessError),
    Token(TokenError),
    /// The token does not open what needs this scope.
    Scope(Scope),
    Patch(json_patch::Error),
    Invalid(Vec<FieldError>),
    Refused(Refusal),
    /// The same of what was to be created or sent: members are named, not paths of a patch.
    NotCreated(Refusal),
}

/// Why no token is handed out (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// The sentence says what to send instead.
    InvalidRequest(String),
    InvalidClient {
        /// The client presented itself in an `Authorization` header, which the answer has to match.
        in_header: bool,
    },
    UnsupportedGrantType,
    InvalidScope,
    TooManyScopes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    error_code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted_scopes: Vec<&'static str>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Refused::note(self.refused(), self.answer())
    }
}

impl Error {
    /// One mistake in what was sent: where it is, and a sentence about it.
    pub fn at(path: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { path: path.to_owned(), message: message.into() }])
    }

    fn refused(&self) -> Option<Refused> {
        match self {
            Self::AccessError(denied) => Refused::denied(denied),
            Self::Refused(refusal) | Self::NotCreated(refusal) => Refused::refusal(refusal),
            Self::Token(TokenError::InvalidClient { .. }) => Some(Refused::Credential),
            Self::Token(TokenError::InvalidScope) | Self::Scope(_) => Some(Refused::Right),
            Self::Token(
                TokenError::InvalidRequest(_) | TokenError::UnsupportedGrantType | TokenError::TooManyScopes,
            )
            | Self::Request(_)
            | Self::Patch(_)
            | Self::Invalid(_) => None,
        }
    }

    fn answer(self) -> Response {
        match self {
            Self::Request(fault) => from_fault(&fault),
            Self::AccessError(denied) => from_denied(denied),
            Self::Token(error) => from_token_error(&error),
            Self::Scope(needed) => {
                let message = "The token has none of the scopes that are accepted here.";
                let accepted = needed.accepted().collect();
                write(StatusCode::FORBIDDEN, message, BTreeMap::new(), accepted)
            }
            Self::Patch(error) => from_patch(&error),
            Self::Invalid(errors) => invalid(&errors),
            Self::Refused(refusal) => from_refusal(refusal, PATCH),
            Self::NotCreated(refusal) => from_refusal(refusal, BODY),
        }
    }
}

fn from_fault(fault: &RequestError) -> Response {
    match fault {
        RequestError::NoRoute => say(StatusCode::NOT_FOUND, "There is nothing at this address."),
        RequestError::NoMethod => say(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here."),
        RequestError::BadPath => say(StatusCode::BAD_REQUEST, "The path is not valid."),
        RequestError::MediaType => say(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The content type must be application/json, or application/json-patch+json for a patch.",
        ),
        RequestError::BadHost => say(StatusCode::BAD_REQUEST, &sentence(answer::ONE_HOST)),
        RequestError::Headers => {
            say(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &sentence(answer::FEWER_HEADERS))
        }
        RequestError::Encoding => {
            answer::accept_encoding(say(StatusCode::UNSUPPORTED_MEDIA_TYPE, &sentence(answer::ENCODINGS)))
        }
        RequestError::TooLarge(limit) => {
            say(StatusCode::PAYLOAD_TOO_LARGE, &format!("The body is larger than {}.", answer::size(*limit)))
        }
        RequestError::Busy => unavailable(),
        RequestError::BadBody(reason) => say(StatusCode::BAD_REQUEST, &sentence(reason)),
    }
}

fn from_denied(denied: AccessError) -> Response {
    match denied {
        AccessError::Unauthenticated => unauthenticated(),
        AccessError::Throttled(throttled) => {
            // To the letter, and with the limit that this client really has.
            let message = format!(
                "Request quota exceeded. A maximum of {} requests are allowed per minute",
                throttled.limit
            );
            answer::retry_after(say(StatusCode::TOO_MANY_REQUESTS, &message), throttled.retry_after)
        }
        AccessError::TooManyFailures(refused) => answer::retry_after(
            say(StatusCode::TOO_MANY_REQUESTS, "Too many failed attempts."),
            refused.retry_after,
        ),
        AccessError::Unavailable => unavailable(),
    }
}

fn from_token_error(error: &TokenError) -> Response {
    let say = |status, code, description: &str| {
        let body = BTreeMap::from([("error", code), ("error_description", description)]);
        answer::no_store_of_tokens(answer::json(status, &body))
    };
    let bad_request = StatusCode::BAD_REQUEST;
    match error {
        TokenError::InvalidRequest(what) => say(bad_request, "invalid_request", what),
        TokenError::InvalidClient { in_header } => {
            let unknown = "There is no such client, or the secret is another.";
            if !in_header {
                return say(bad_request, "invalid_client", unknown);
            }
            let mut answer = say(StatusCode::UNAUTHORIZED, "invalid_client", unknown);
            let challenge = HeaderValue::from_static("Basic realm=\"Relesys\"");
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            answer
        }
        TokenError::UnsupportedGrantType => {
            say(bad_request, "unsupported_grant_type", "The grant_type must be client_credentials.")
        }
        TokenError::InvalidScope => say(
            bad_request,
            "invalid_scope",
            "The scope must be one or more that the client was given, such as relesys.api.users:read, with single spaces \
             between them.",
        ),
        TokenError::TooManyScopes => {
            let description =
                format!("The scope must not name more than the {} that there are.", Scope::COUNT);
            say(bad_request, "invalid_scope", &description)
        }
    }
}

fn from_patch(error: &json_patch::Error) -> Response {
    let reason = error.reason.to_string();
    match (error.operation, &error.path) {
        (_, Some(path)) => {
            let errors = BTreeMap::from([(path.as_str(), vec![reason.as_str()])]);
            write(StatusCode::BAD_REQUEST, "The patch document could not be applied.", errors, vec![])
        }
        (Some(index), None) => say(StatusCode::BAD_REQUEST, &format!("Operation {index}: {reason}")),
        (None, None) => say(StatusCode::BAD_REQUEST, &reason),
    }
}

fn from_refusal(refusal: Refusal, root: &str) -> Response {
    match refusal {
        Refusal::NoSuchPerson | Refusal::NotADirectChild => {
            say(StatusCode::NOT_FOUND, "There is no such user.")
        }
        Refusal::NoSuchEntity(kind) => {
            say(StatusCode::NOT_FOUND, &format!("There is no such {}.", thing(kind)))
        }
        Refusal::CallerGone => unauthenticated(),
        Refusal::NotActive => say(StatusCode::BAD_REQUEST, "The user is not active."),
        Refusal::NotAllowed(reason) => say(StatusCode::FORBIDDEN, &sentence(reason)),
        Refusal::Taken { attribute } => wrong(&attribute, "is already taken", root),
        Refusal::InUse { subject, by } => say(StatusCode::BAD_REQUEST, &in_use(subject, by)),
        Refusal::Unknown { attribute: Attribute::CustomField(key), .. } => {
            let FieldError { path, message } = unknown_custom_field(&key);
            invalid(&[FieldError { path: format!("{root}{path}"), message }])
        }
        Refusal::Unknown { attribute, value } => wrong(&attribute, &format!("there is no {value}"), root),
        Refusal::Invalid { attribute, reason } => wrong(&attribute, &reason, root),
        Refusal::Unavailable => unavailable(),
    }
}

/// A mistake in what an attribute of the directory would become.
fn wrong(attribute: &Attribute, reason: &str, root: &str) -> Response {
    match member(attribute) {
        Some(member) => invalid(&[FieldError { path: format!("{root}{member}"), message: sentence(reason) }]),
        None => say(StatusCode::BAD_REQUEST, &format!("A value that this API cannot write {reason}.")),
    }
}

/// Where the update model has an attribute; none where this API cannot write it.
fn member(attribute: &Attribute) -> Option<String> {
    let member = match attribute {
        Attribute::GivenName | Attribute::FamilyName | Attribute::FullName => "name",
        Attribute::ExternalId | Attribute::Identities => "externalId",
        Attribute::UserName => "userName",
        Attribute::Title => "title",
        Attribute::DataSource => "dataSource",
        Attribute::Email => "email",
        Attribute::SecondEmail => "secondaryEmail",
        Attribute::Phone => "phoneNumber",
        Attribute::SecondPhone => "secondaryPhoneNumber",
        Attribute::BirthDate => "birthDate",
        Attribute::PrimaryDepartment => "primaryDepartmentId",
        Attribute::AdditionalDepartments => "additionalDepartments",
        Attribute::Groups => "userGroups",
        Attribute::EmploymentStart => "employmentDate",
        Attribute::EmploymentEnd => "employmentEndDate",
        Attribute::EmploymentKind => "employmentType",
        Attribute::Gender => "gender",
        Attribute::Initials => "initials",
        Attribute::RegisterNumber => "registerNumber",
        Attribute::DutyPlanNumber => "dutyPlanNumber",
        Attribute::Image => "imageId",
        Attribute::MemberCard => "memberCardId",
        Attribute::CardNumber => "cardNumber",
        Attribute::CustomField(key) => return Some(custom_field_path(key)),
        Attribute::Nickname
        | Attribute::EmailAliases
        | Attribute::WorkDepartment
        | Attribute::WorkSubdepartment
        | Attribute::Office
        | Attribute::Pod
        | Attribute::Seniority
        | Attribute::Lang
        | Attribute::TimeZone
        | Attribute::Status
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
        | Attribute::LaurelRoles
        | Attribute::SuperDelegate
        | Attribute::Delegators
        | Attribute::Password
        | Attribute::Membership => return None,
        Attribute::Of(property) => property_path(*property)?,
    };
    Some(member.to_owned())
}

/// Where the update models of departments, user groups and templates have a property.
fn property_path(property: Property) -> Option<&'static str> {
    Some(match property {
        Property::Name => "name",
        Property::Parent => "parentId",
        Property::Kind => "type",
        Property::ExternalId | Property::Key => "externalId",
        Property::Description => "description",
        Property::AddressLine => "addressLine",
        Property::AddressLine2 => "addressLine2",
        Property::ZipCode => "zipCode",
        Property::City => "city",
        Property::DefaultPhoneCountryCode => "defaultPhoneCountryCode",
        Property::Phone => "phoneNumber",
        Property::Manager => "managerUserId",
        Property::Email => "email",
        Property::ContentCulture => "contentCulture",
        Property::UiCulture => "uiCulture",
        Property::TimeZone => "timeZone",
        Property::SelectedCultures => "selectedCultures",
        Property::Locales => "locales",
        Property::ShowInContacts => "showInContacts",
        Property::ShowInHighscores => "showInHighscores",
        Property::ShowInActivityStatistics => "showInActivityStatistics",
        Property::UserLanguageEnabled => "userLanguageEnabled",
        Property::ShowManagerPublic => "showDepartmentManagerPublic",
        Property::ShowEmployeeList => "showEmployeeList",
        Property::ShowUsersInPublicContacts => "showDepartmentUsersInPublicContacts",
        Property::ShowInTaggingOverview => "showDepartmentInTaggingOverview",
        Property::ShowUsersInTaggingOverview => "showUsersInTaggingOverview",
        Property::ShowContactList => "showContactList",
        Property::Cultures => "communicationTemplateCultures",
        Property::Channel | Property::Recipient => "deliveryMethod",
        Property::Subject => "subject",
        Property::Text => "message",
        Property::Id
        | Property::ObjectId
        | Property::Organization
        | Property::PublicId
        | Property::Tenant
        | Property::Color
        | Property::UseTurnConnection
        | Property::Url
        | Property::Summary
        | Property::IsDefault
        | Property::Source
        | Property::Lang
        | Property::Permissions
        | Property::Members
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
        | Property::Connections => return None,
    })
}

/// What the vendor calls an entity.
fn thing(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Department => "department",
        EntityKind::Group => "user group",
        EntityKind::CustomField => "custom field",
        EntityKind::Template => "template",
        // The vendor has none of these.
        EntityKind::Team | EntityKind::Label | EntityKind::Role => "entity",
    }
}

/// Why something cannot be deleted.
fn in_use(subject: SubjectKind, by: SubjectKind) -> String {
    let what = match subject {
        SubjectKind::Entity(kind) => thing(kind),
        SubjectKind::Person => "user",
        // No request of this API deletes any of these.
        SubjectKind::Organization | SubjectKind::Credential | SubjectKind::Session | SubjectKind::Message => {
            "entity"
        }
    };
    match by {
        SubjectKind::Person => format!("The {what} cannot be deleted while a user has it."),
        SubjectKind::Entity(EntityKind::Department) => {
            format!("The {what} cannot be deleted while it has child departments.")
        }
        SubjectKind::Entity(_)
        | SubjectKind::Organization
        | SubjectKind::Credential
        | SubjectKind::Session
        | SubjectKind::Message => format!("The {what} cannot be deleted while it is in use."),
    }
}

/// The key is told as the path to it, unless it is longer than the key of any field can be.
pub fn unknown_custom_field(key: &str) -> FieldError {
    let message = "There is no such custom field.".to_owned();
    match key.chars().count() {
        0..=limits::KEY => FieldError { path: custom_field_path(key), message },
        _ => FieldError { path: "customFields".into(), message },
    }
}

/// Where a custom field is, with its key as in a JSON Pointer (RFC 6901, section 3).
pub fn custom_field_path(key: &str) -> String {
    format!("customFields/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn unauthenticated() -> Response {
    let mut answer = say(StatusCode::UNAUTHORIZED, "The access token is missing or not valid.");
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

fn unavailable() -> Response {
    let answer = say(StatusCode::SERVICE_UNAVAILABLE, "The service is temporarily unavailable.");
    answer::retry_after(answer, RETRY_AFTER)
}

fn invalid(errors: &[FieldError]) -> Response {
    let mut by_path: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for error in errors {
        by_path.entry(&error.path).or_default().push(&error.message);
    }
    write(StatusCode::BAD_REQUEST, "The request is not valid.", by_path, vec![])
}

fn say(status: StatusCode, message: &str) -> Response {
    write(status, message, BTreeMap::new(), vec![])
}

fn write(
    status: StatusCode,
    message: &str,
    errors: BTreeMap<&str, Vec<&str>>,
    accepted_scopes: Vec<&'static str>,
) -> Response {
    answer::json(status, &Body { error_code: status.as_str(), message, errors, accepted_scopes })
}

/// What the directory says in passing, as the sentence that it is here.
pub fn sentence(phrase: &str) -> String {
    let mut rest = phrase.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).chain(['.']).collect()
}

causes!(Error {
    Request(RequestError),
    AccessError(AccessError),
    Token(TokenError),
    Patch(json_patch::Error),
    Invalid(Vec<FieldError>),
    Refused(Refusal),
});
