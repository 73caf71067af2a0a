//! User groups, and the bodies that change them and their members.

use std::ops::RangeInclusive;

use directory::identity::{Identity, LaurelType, Source};
use directory::ids::ObjectId;
use directory::store::PersonKey;
use directory::{Change, limits};
use serde::Serialize;

use super::{Id, NOT_AN_ID, TEXT, required_text};
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::http::{FieldError, Fields};
use crate::laurel::error::Error;

/// People of one kind that a body may name: a group of 50,000 is put together in one call.
pub const MEMBERS: usize = 50_000;

/// Characters of the names that groups have, and of what people are named by.
const NAME: RangeInclusive<usize> = 1..=TEXT;

/// `UserGroup`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserGroup<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub customer_id: Id,
    pub external_id: &'a str,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    pub created_at: String,
    pub updated_at: String,
}

/// `UserGroupUser`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserGroupUser<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub email: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub group_ids: Vec<Id>,
    pub job_title: &'a str,
    pub nickname: &'a str,
}

/// The answer to a sync.
#[derive(Debug, PartialEq, Serialize)]
pub struct Synced {
    pub added: Vec<Id>,
    pub removed: Vec<Id>,
    /// As they were sent, each once.
    pub unresolved: Vec<String>,
}

/// The body of `POST /api/v1/user-groups`.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGroup {
    pub customer: ObjectId,
    pub external_id: String,
    pub name: String,
    pub description: Option<String>,
}

impl NewGroup {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let customer = required_text(&mut fields, "customerId", 0..=TEXT);
        let customer =
            customer.and_then(|text| text.parse().ok().or_else(|| fields.wrong("customerId", NOT_AN_ID)));
        let external_id = required_text(&mut fields, "externalId", NAME);
        let name = required_text(&mut fields, "name", NAME);
        let description = match description(&mut fields) {
            Change::Set(text) => Some(text),
            Change::Keep | Change::Clear => None,
        };
        match (customer, external_id, name) {
            (Some(customer), Some(external_id), Some(name)) => {
                Ok(fields.done(Self { customer, external_id, name, description })?)
            }
            _ => Err(Error::Invalid(fields.errors)),
        }
    }
}

/// The bodies of `PATCH /api/v1/user-groups/{userGroupId}` and of `PUT /api/v1/user-groups/by-external-id/{externalId}`.
/// What is absent is left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchGroup {
    pub external_id: Option<String>,
    pub name: Option<String>,
    pub description: Change<String>,
}

impl PatchGroup {
    /// A group has always a name and an external id, so null in their place says nothing.
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let mut text = |name| match fields.nullable_text(name, NAME, characters) {
            Change::Set(text) => Some(text),
            Change::Keep | Change::Clear => None,
        };
        let (external_id, name) = (text("externalId"), text("name"));
        let description = description(&mut fields);
        Ok(fields.done(Self { external_id, name, description })?)
    }

    /// With a name; the external id is that of the path.
    pub fn read_put(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let name = required_text(&mut fields, "name", NAME);
        let description = description(&mut fields);
        Ok(fields.done(Self { external_id: None, name, description })?)
    }
}

fn description(fields: &mut Fields) -> Change<String> {
    match fields.nullable_text("description", 0..=limits::TEXT, characters) {
        Change::Set(text) if text.is_empty() => Change::Clear,
        change => change,
    }
}

/// How the people of a group are named: `kind` in bodies and queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    UserId,
    TimekeeperId,
}

impl MemberKind {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "user-id" => Some(Self::UserId),
            "timekeeper-id" => Some(Self::TimekeeperId),
            _ => None,
        }
    }

    /// A member who is named by such a text.
    pub fn named(self, text: &str) -> Result<Named, &'static str> {
        let keys = match self {
            Self::UserId => vec![PersonKey::ObjectId(text.parse().map_err(|_| NOT_AN_ID)?)],
            Self::TimekeeperId if !NAME.contains(&characters(text)) => {
                return Err("must have 1 to 256 characters");
            }
            Self::TimekeeperId => timekeeper(text),
        };
        Ok(Named { text: text.to_owned(), keys })
    }
}

pub const UNKNOWN_KIND: &str = "must be user-id or timekeeper-id";

/// Somebody as a client names them: by the first of these keys that is somebody's.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    pub text: String,
    pub keys: Vec<PersonKey>,
}

/// The types of identity whose values are timekeeper ids: those of the billing systems.
pub const BILLING_SYSTEMS: [LaurelType; 4] =
    [LaurelType::Aderant, LaurelType::Elite, LaurelType::Juris, LaurelType::ExternalBillingSystem];

pub fn timekeeper(id: &str) -> Vec<PersonKey> {
    BILLING_SYSTEMS.map(|kind| identity_key(Source::Laurel(kind), id)).into()
}

fn identity_key(source: Source, value: &str) -> PersonKey {
    let identity = Identity { source, value: value.to_owned() };
    let folded = identity.folded();
    PersonKey::Identity(identity.source, folded)
}

/// The body of `POST` and of `DELETE /api/v1/user-groups/{userGroupId}/users`.
#[derive(Debug, Clone, PartialEq)]
pub struct Members(pub Vec<Named>);

impl Members {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let kind = required_text(&mut fields, "kind", 0..=TEXT);
        let kind =
            kind.and_then(|text| MemberKind::parse(&text).or_else(|| fields.wrong("kind", UNKNOWN_KIND)));
        if !fields.has("ids") {
            fields.wrong::<()>("ids", "must be given");
        }
        let ids = texts(&mut fields, "ids", MEMBERS);
        let mut named = Vec::new();
        if let Some(kind) = kind {
            for (index, id) in ids.iter().enumerate() {
                match kind.named(id) {
                    Ok(one) => named.push(one),
                    Err(message) => {
                        fields.wrong::<()>(&format!("ids.{index}"), message);
                    }
                }
            }
        }
        Ok(fields.done(Self(named))?)
    }
}

/// The body of `PUT /api/v1/user-groups/by-external-id/{externalId}/users`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sync {
    /// Whether nobody else stays a member.
    pub is_set: bool,
    pub people: Vec<Named>,
}

impl Sync {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let mode = required_text(&mut fields, "mode", 0..=TEXT);
        let is_set = mode.and_then(|mode| match mode.as_str() {
            "set" => Some(true),
            "add" => Some(false),
            _ => fields.wrong("mode", "must be set or add"),
        });
        let mut people = Vec::new();
        let mut named = |name: &str, keys: fn(&str) -> Vec<PersonKey>| {
            let texts = texts(&mut fields, name, MEMBERS);
            people.extend(texts.into_iter().map(|text| Named { keys: keys(&text), text }));
        };
        named("emails", |text| match identity_key(Source::Laurel(LaurelType::Email), text) {
            PersonKey::Identity(_, folded) => vec![PersonKey::Email(folded)],
            key => vec![key],
        });
        // The directory's own external id first.
        named("externalIds", |text| {
            [Source::Relesys, Source::Laurel(LaurelType::Azure)]
                .map(|source| identity_key(source, text))
                .into()
        });
        named("externalBillingSystemIds", |text| {
            vec![identity_key(Source::Laurel(LaurelType::ExternalBillingSystem), text)]
        });
        match is_set {
            Some(is_set) => Ok(fields.done(Self { is_set, people })?),
            None => Err(Error::Invalid(fields.errors)),
        }
    }
}

/// A list of texts of a reasonable length; an absent one is empty.
pub(super) fn texts(fields: &mut Fields, name: &str, most: usize) -> Vec<String> {
    let mut texts = Vec::new();
    for (index, item) in fields.array(name, most).unwrap_or_default().into_iter().enumerate() {
        match item.as_str() {
            Some(text) if characters(text) <= TEXT => texts.push(text.to_owned()),
            Some(_) => {
                let message = format!("must not be longer than {TEXT} characters");
                fields.wrong::<()>(&format!("{name}.{index}"), message);
            }
            None => {
                fields.wrong::<()>(&format!("{name}.{index}"), "must be a string, such as \"1042\"");
            }
        }
    }
    texts
}

/// An external id in a path.
pub fn external_id(text: &str) -> Result<&str, FieldError> {
    let message = match characters(text) {
        0..=TEXT if !directory::text::is_blank(text) && !directory::text::holds_nul(text) => return Ok(text),
        0..=TEXT => "must not be blank".to_owned(),
        _ => format!("must not be longer than {TEXT} characters"),
    };
    Err(FieldError { path: "externalId".to_owned(), message })
}
