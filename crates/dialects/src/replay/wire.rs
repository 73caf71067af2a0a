//! Replay's shapes, as its pages write them.

use directory::email::Email;
use directory::ids::OrganizationId;
use directory::membership::ReplayRole;
use directory::organization::{OrganizationDetails, TeamKind};
use directory::{Change, Invitee, TeamInvitee, limits};
use serde::Serialize;
use uuid::Uuid;

use super::error::Error;
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::http::{Fields, RequestError};

pub const NOT_A_UUID: &str = "must be a UUID, such as 3c90c3cc-0d44-4b50-8888-8dd25736052a";

/// A user in the shape that fits where they were looked for.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum User {
    Legacy(LegacyUser),
    Unified(UnifiedUser),
}

/// `UserCrudResponse`, the shape of writes and of reads of a child company.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnifiedUser {
    /// The user's id; the invitation's while it is pending.
    pub id: Uuid,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: &'static str,
    pub status: &'static str,
    pub external_id: Option<String>,
    pub created_at: String,
    pub invitation_url: Option<String>,
}

/// The older shape, of reads of the own company.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LegacyUser {
    pub id: Uuid,
    pub first_name: String,
    pub email: String,
    pub role: &'static str,
    pub created_at: String,
    pub last_name: Option<String>,
    pub team_id: Option<Uuid>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    pub id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub company_id: Uuid,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub use_turn_connection: bool,
    pub created_at: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    pub id: Uuid,
    pub name: String,
    pub parent_company_id: Option<Uuid>,
    pub external_id: Option<String>,
    pub created_at: String,
}

/// A page of a list, with its place in the whole.
#[derive(Debug, PartialEq, Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub pagination: Pagination,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// Of all that match.
    pub total: u64,
    pub offset: u64,
    pub limit: u32,
    pub has_more: bool,
}

/// A page of the users of a child company.
#[derive(Debug, PartialEq, Serialize)]
pub struct Users {
    pub users: Vec<UnifiedUser>,
}

/// The body of `PATCH /api/user/{userId}`; what is absent is left alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchUser {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: Option<ReplayRole>,
    /// Where to look for the user; never moves them.
    pub child_company_id: Option<OrganizationId>,
}

impl PatchUser {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let read = Self {
            first_name: fields.text("firstName", 1..=255, characters),
            last_name: fields.text("lastName", 1..=255, characters),
            role: role(&mut fields),
            child_company_id: child_company(&mut fields),
        };
        Ok(fields.done(read)?)
    }
}

/// The body of `POST /api/user`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    pub invitee: Invitee,
    pub child_company_id: Option<OrganizationId>,
}

impl NewUser {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        for name in ["email", "firstName", "role"] {
            if !fields.has(name) {
                fields.wrong::<()>(name, "must be sent");
            }
        }
        let email = email(&mut fields);
        let given = fields.text("firstName", 1..=255, characters);
        let role = role(&mut fields);
        let family = fields.text("lastName", 1..=255, characters);
        let external_id = fields.text("externalId", 1..=255, characters);
        let child_company_id = child_company(&mut fields);
        match (email, given, role) {
            (Some(email), Some(given), Some(role)) => {
                let invitee = Invitee { email, given, family, role, external_id };
                Ok(fields.done(Self { invitee, child_company_id })?)
            }
            // Whichever of them is missing has its mistake.
            _ => Err(Error::Invalid(fields.errors)),
        }
    }
}

/// The body of `POST /api/user/invite`.
#[derive(Debug, Clone, PartialEq)]
pub struct InviteUser(pub TeamInvitee);

impl InviteUser {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        for name in ["email", "teamId", "role"] {
            if !fields.has(name) {
                fields.wrong::<()>(name, "must be sent");
            }
        }
        let email = email(&mut fields);
        let team = fields.text("teamId", 0..=255, characters);
        let team = team.and_then(|text| text.parse().ok().or_else(|| fields.wrong("teamId", NOT_A_UUID)));
        let role = role(&mut fields);
        let is_mailed = fields.boolean("sendEmail").unwrap_or_default();
        match (email, team, role) {
            (Some(email), Some(team), Some(role)) => {
                Ok(fields.done(Self(TeamInvitee { email, team, role, is_mailed }))?)
            }
            // Whichever of them is missing has its mistake.
            _ => Err(Error::Invalid(fields.errors)),
        }
    }
}

/// `Invitation`, the answer to it.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentInvitation {
    pub id: Uuid,
    pub email: String,
    pub team_id: Option<Uuid>,
    pub role: &'static str,
    pub expiration_date: String,
    pub created_at: String,
    /// How often it was mailed again.
    pub resend_count: u32,
    pub invitation_url: String,
}

/// The body of `PATCH /api/team/{teamId}`; what is absent is left alone.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchTeam {
    pub name: Option<String>,
    pub description: Change<String>,
    pub kind: Option<TeamKind>,
    pub use_turn_connection: Option<bool>,
}

impl PatchTeam {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        if !["name", "description", "type", "useTurnConnection"].iter().any(|name| fields.has(name)) {
            let reason = "at least one of name, description, type and useTurnConnection must be sent";
            return Err(RequestError::BadBody(reason.to_owned()).into());
        }
        let read = Self {
            name: fields.text("name", 1..=255, characters),
            description: fields.nullable_text("description", 0..=limits::TEXT, characters),
            kind: team_kind(&mut fields),
            use_turn_connection: fields.boolean("useTurnConnection"),
        };
        Ok(fields.done(read)?)
    }
}

/// The body of `POST /api/company/child`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewChild {
    pub name: String,
    pub details: OrganizationDetails,
}

impl NewChild {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        if !fields.has("name") {
            fields.wrong::<()>("name", "must be sent");
        }
        let read = Self {
            // Without one there is a mistake, and nothing is made.
            name: fields.text("name", 1..=255, characters).unwrap_or_default(),
            details: OrganizationDetails {
                customer: None,
                external_id: fields.text("externalId", 1..=255, characters),
                url: url(&mut fields),
                summary: fields.text("summary", 0..=2_000, characters),
            },
        };
        Ok(fields.done(read)?)
    }
}

/// An absolute address: what programs follow is a few thousand characters long at most.
fn url(fields: &mut Fields) -> Option<String> {
    let text = fields.text("url", 1..=2_000, characters)?;
    match is_uri(&text) {
        true => Some(text),
        false => fields.wrong("url", "must be an absolute URI, such as https://acme.example"),
    }
}

/// A scheme, a colon, and after it none but the characters that a URI may have (RFC 3986, section 2 and 3.1).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_written = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let are_escapes_whole = rest
        .split('%')
        .skip(1)
        .all(|behind| behind.len() >= 2 && behind.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    is_scheme && !rest.is_empty() && rest.bytes().all(is_written) && are_escapes_whole
}

fn team_kind(fields: &mut Fields) -> Option<TeamKind> {
    match fields.text("type", 0..=255, characters)?.as_str() {
        "Default" => Some(TeamKind::Default),
        "Integration" => Some(TeamKind::Integration),
        "LeadGen" => Some(TeamKind::LeadGen),
        _ => fields.wrong("type", "must be Default, Integration or LeadGen"),
    }
}

/// An address whose domain has a dot within.
fn email(fields: &mut Fields) -> Option<Email> {
    let text = fields.text("email", 1..=255, characters)?;
    let has_dot = |domain: &str| domain.split('.').count() > 1 && domain.split('.').all(|it| !it.is_empty());
    Email::parse(&text)
        .filter(|_| text.split_once('@').is_some_and(|(_, domain)| has_dot(domain)))
        .or_else(|| fields.wrong("email", "must be an e-mail address, such as jamie@acme.example"))
}

/// Exactly `User` or `Manager`: the allow-list that creation has, too.
fn role(fields: &mut Fields) -> Option<ReplayRole> {
    match fields.text("role", 0..=255, characters)?.as_str() {
        "User" => Some(ReplayRole::User),
        "Manager" => Some(ReplayRole::Manager),
        _ => fields.wrong("role", "must be User or Manager"),
    }
}

fn child_company(fields: &mut Fields) -> Option<OrganizationId> {
    let text = fields.text("childCompanyId", 0..=255, characters)?;
    text.parse().ok().or_else(|| fields.wrong("childCompanyId", NOT_A_UUID))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_absolute_and_written_in_ascii() {
        for good in ["https://acme.example", "https://a.example/x%20y?z=[1]#f", "urn:x", "mailto:a@b.example"]
        {
            assert!(is_uri(good), "{good}");
        }
        for bad in [
            "",
            "acme.example",
            "https:",
            ":x",
            "1a:x",
            "https://a b",
            "https://\u{e9}",
            "x:%",
            "x:%4",
            "x:%zz",
            "x:<",
        ] {
            assert!(!is_uri(bad), "{bad}");
        }
    }
}
