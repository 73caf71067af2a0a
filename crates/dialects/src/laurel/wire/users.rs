//! What users are found by and shown as beside the whole `User`, and the bodies that change one thing of them.

use directory::email::{self, Email};
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::ObjectId;
use directory::organization::Permission;
use directory::store::PersonKey;
use serde::Serialize;

use super::groups::{self, Named};
use super::{IDENTITY, Id, PERMISSION, PERMISSIONS, TEXT, UNKNOWN_TYPE, elements, identity, required_text};
use crate::http::Fields;
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::laurel::error::Error;
use crate::laurel::lens::parse_email;

/// Identities that one batch look-up may name.
pub const LOOKED_UP: usize = 500;

/// Timekeeper ids that one call may name.
const TRANSLATED: usize = 2_500;

/// Aliases that one call may add.
const ALIASES: usize = 10;

/// `UserLite`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserLite<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub email: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    /// Whether a billing system knows the user.
    pub is_timekeeper_id_set: bool,
    pub status: &'static str,
}

/// A page of the second version's lists.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    pub items: Vec<T>,
    pub total_pages: u64,
    pub total_items: u64,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u64>,
}

/// The answer to a batch look-up.
#[derive(Debug, PartialEq, Serialize)]
pub struct Found<T> {
    pub users: Vec<T>,
}

/// The answer to a translation of timekeeper ids.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Translated {
    pub user_ids: Vec<Id>,
}

/// The aliases of a user.
#[derive(Debug, PartialEq, Serialize)]
pub struct Aliases<'a> {
    pub aliases: Vec<&'a str>,
}

/// The body of `POST .../users/lookup/identity`.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupByEmail {
    pub email: String,
    pub identity_type: LaurelType,
}

impl LookupByEmail {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let email = required_text(&mut fields, "email", 1..=TEXT);
        let kind = required_text(&mut fields, "identityType", 0..=TEXT)
            .and_then(|text| LaurelType::parse(&text).or_else(|| fields.wrong("identityType", UNKNOWN_TYPE)));
        match (email, kind) {
            (Some(email), Some(identity_type)) => Ok(fields.done(Self { email, identity_type })?),
            _ => Err(Error::Invalid(fields.errors)),
        }
    }
}

/// Identities that a body names: of a batch look-up, or to be added.
pub fn identities(
    body: Value,
    customer: ObjectId,
    how_many: std::ops::RangeInclusive<usize>,
) -> Result<Vec<Identity>, Error> {
    let mut fields = Fields::of(body)?;
    let found = match fields.has("identities") {
        true => {
            elements(&mut fields, "identities", *how_many.end(), IDENTITY, |entry| measured(entry, customer))
        }
        false => fields.wrong("identities", "must be given"),
    };
    let found = found.unwrap_or_default();
    if fields.errors.is_empty() && found.len() < *how_many.start() {
        fields.wrong::<()>("identities", format!("must have at least {}", how_many.start()));
    }
    Ok(fields.done(found)?)
}

/// An identity that is a body by itself.
pub fn one_identity(body: Value, customer: ObjectId) -> Result<Identity, Error> {
    let mut fields = Fields::of(body)?;
    match measured(&mut fields, customer) {
        Some(identity) => Ok(fields.done(identity)?),
        None => Err(Error::Invalid(fields.errors)),
    }
}

/// With a value that is not empty and no longer than any that this API writes.
pub(super) fn measured(entry: &mut Fields, customer: ObjectId) -> Option<Identity> {
    let identity = identity(entry, customer)?;
    match (1..=TEXT).contains(&characters(&identity.value)) {
        true => Some(identity),
        false => entry.wrong("value", format!("must have 1 to {TEXT} characters")),
    }
}

/// The body of `POST .../users/translate-timekeeper-ids`.
pub fn timekeeper_ids(body: Value) -> Result<Vec<Named>, Error> {
    let mut fields = Fields::of(body)?;
    if !fields.has("timekeeperIds") {
        fields.wrong::<()>("timekeeperIds", "must be given");
    }
    let ids = groups::texts(&mut fields, "timekeeperIds", TRANSLATED);
    let named = ids.into_iter().map(|text| Named { keys: groups::timekeeper(&text), text }).collect();
    Ok(fields.done(named)?)
}

/// The statuses that a body sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    Active,
    AdminDisabled,
    FirmDisabled,
}

impl UserStatus {
    /// The body of `PATCH .../users/{userId}/status`.
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let status = required_text(&mut fields, "status", 0..=TEXT).and_then(|text| match text.as_str() {
            "active" => Some(Self::Active),
            "adminDisabled" => Some(Self::AdminDisabled),
            "firmDisabled" => Some(Self::FirmDisabled),
            _ => fields.wrong("status", "must be active, adminDisabled or firmDisabled"),
        });
        status.ok_or(Error::Invalid(fields.errors))
    }
}

/// The body of `PATCH .../users/{userId}/super-delegate`.
#[derive(Debug, Clone, PartialEq)]
pub struct SuperDelegate {
    pub is_super_delegate: bool,
    pub permissions: Option<Vec<Permission>>,
}

impl SuperDelegate {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        if !fields.has("isSuperDelegate") {
            fields.wrong::<()>("isSuperDelegate", "must be given");
        }
        let is_super_delegate = fields.boolean("isSuperDelegate").unwrap_or_default();
        let permissions = permissions(&mut fields, "superDelegatePermissions");
        Ok(fields.done(Self { is_super_delegate, permissions })?)
    }
}

/// Claims in the order given, each once.
pub fn permissions(fields: &mut Fields, name: &str) -> Option<Vec<Permission>> {
    let claims = elements(fields, name, PERMISSIONS, PERMISSION, |permission| {
        required_text(permission, "claim", 1..=TEXT)
    })?;
    let mut permissions: Vec<Permission> = Vec::with_capacity(claims.len());
    for permission in claims.into_iter().map(|claim| Permission { claim }) {
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    Some(permissions)
}

/// The body of `POST .../users/{userId}/email-aliases`.
pub fn aliases(body: Value) -> Result<Vec<Email>, Error> {
    let mut fields = Fields::of(body)?;
    if !fields.has("emails") {
        fields.wrong::<()>("emails", "must be given");
    }
    let items = fields.array("emails", ALIASES);
    let mut emails = Vec::new();
    for (index, item) in items.iter().flatten().enumerate() {
        match item.as_str().and_then(parse_email) {
            Some(email) => emails.push(email),
            None => {
                let message = format!("must be an email, such as {}", email::EXAMPLE);
                fields.wrong::<()>(&format!("emails.{index}"), message);
            }
        }
    }
    if items.is_some_and(|items| items.is_empty()) {
        fields.wrong::<()>("emails", "must have at least 1");
    }
    Ok(fields.done(emails)?)
}

/// The keys of an identity, the first of which that is somebody's counts: an address is found in the identities of that type
/// first, and then as a login address or an alias.
pub fn keys(identity: &Identity) -> Vec<PersonKey> {
    let folded = identity.folded();
    let own = PersonKey::Identity(identity.source.clone(), folded.clone());
    match identity.source {
        Source::Laurel(LaurelType::Email) => vec![own, PersonKey::Email(folded)],
        Source::Laurel(_) | Source::Relesys | Source::Replay(_) => vec![own],
    }
}
