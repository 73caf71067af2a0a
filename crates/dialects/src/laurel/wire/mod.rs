//! Laurel's shapes, as its pages and its OpenAPI document write them.

pub mod customers;
pub mod groups;
pub mod imports;
pub mod roles;
pub mod users;

use directory::delegation::Delegator;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::ObjectId;
use directory::limits;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{Error, Version};
use super::oauth::TokenError;
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::http::{FieldError, Fields};

/// Characters of a text. The vendor gives a limit for the values of identities alone, which the other texts share.
pub const TEXT: usize = 256;

pub const UNKNOWN_TYPE: &str = "must be a known type, such as azure";

/// Elements of lists, as they are shown where something else stands in their place.
const IDENTITY: &str = r#"{"type": "azure", "value": "ada"}"#;
const DELEGATE: &str = r#"{"userId": "64b7f0c2a1d3e4f5a6b7c801", "permissions": []}"#;
const PERMISSION: &str = r#"{"claim": "time:read"}"#;

/// Permissions of one delegation: more than the vendor has services, times actions, times scopes.
const PERMISSIONS: usize = 1_000;

/// An object id as 24 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub ObjectId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("not an object id"))
    }
}

/// `User`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub created_at: String,
    pub is_super_delegate: bool,
    pub email: &'a str,
    pub first_name: &'a str,
    pub job_title: &'a str,
    pub last_name: &'a str,
    pub nickname: &'a str,
    pub updated_at: String,
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seniority: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub office: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdepartment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<&'a str>,
    pub group_ids: Vec<Id>,
    /// None only for a record that was read without its organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerDigest<'a>>,
    pub delegators: Vec<DelegatorUserDigest<'a>>,
    pub delegates: Vec<DelegateUserDigest<'a>>,
    pub identities: Vec<IdentityDto<'a>>,
    pub roles: Vec<RoleDigest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub super_delegate_permissions: Option<Vec<PermissionDigest<'a>>>,
}

/// `UserIntegrationProjection`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIntegrationProjection<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub relevant_identities: Vec<IdentityDto<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDigest<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub full_name: &'a str,
    pub tenant: TenantDigest,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct TenantDigest {
    #[serde(rename = "_id")]
    pub id: Id,
    pub description: &'static str,
    /// The region.
    pub name: &'static str,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DelegatorUserDigest<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub identities: Vec<IdentityDto<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DelegateUserDigest<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub first_name: &'a str,
    pub last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<PermissionDigest<'a>>>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct RoleDigest<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub name: &'a str,
    pub permissions: Vec<PermissionDigest<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct PermissionDigest<'a> {
    #[serde(rename = "_id")]
    pub id: Id,
    pub claim: &'a str,
    pub description: &'static str,
}

/// `Identity`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityDto<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<Id>,
}

/// The body of `PATCH .../users/{userId}`, of both versions; what is absent is left alone.
///
/// Texts and values are of any length here: the lens measures those that differ from what is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchUser {
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub job_title: Option<String>,
    pub last_name: Option<String>,
    pub nickname: Option<String>,
    pub seniority: Option<String>,
    pub department: Option<String>,
    pub office: Option<String>,
    pub subdepartment: Option<String>,
    pub pod: Option<String>,
    pub role_ids: Option<Vec<ObjectId>>,
    pub identities: Option<Vec<Identity>>,
    /// `delegateIds` of version 1, `delegates` of version 2.
    pub delegators: Option<Vec<Delegator>>,
    /// The user's identity of the type `phone`, which users set on themselves.
    pub phone: Option<String>,
}

impl PatchUser {
    pub fn read_v1(body: Value, customer: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let read = Self { delegators: delegate_ids(&mut fields), ..Self::of_any(&mut fields, customer) };
        Ok(fields.done(read)?)
    }

    /// The body of `PATCH /api/v1/users/current`, where nobody gives themselves roles.
    pub fn read_own(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let phone = fields.text("phone", 0..=usize::MAX, characters);
        let read = Self { phone, delegators: delegate_ids(&mut fields), ..Self::texts(&mut fields) };
        Ok(fields.done(read)?)
    }

    pub fn read_v2(body: Value, customer: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let delegators = elements(&mut fields, Version::V2.delegates(), limits::LIST, DELEGATE, delegator);
        let read = Self { delegators, ..Self::of_any(&mut fields, customer) };
        Ok(fields.done(read)?)
    }

    /// What is written of any user alike.
    fn of_any(fields: &mut Fields, customer: ObjectId) -> Self {
        Self {
            role_ids: object_ids(fields, "roleIds"),
            identities: elements(fields, "identities", limits::LIST, IDENTITY, |entry| {
                identity(entry, customer)
            }),
            ..Self::texts(fields)
        }
    }

    fn texts(fields: &mut Fields) -> Self {
        let mut text = |name| fields.text(name, 0..=usize::MAX, characters);
        Self {
            email: text("email"),
            first_name: text("firstName"),
            job_title: text("jobTitle"),
            last_name: text("lastName"),
            nickname: text("nickname"),
            seniority: text("seniority"),
            department: text("department"),
            office: text("office"),
            subdepartment: text("subdepartment"),
            pod: text("pod"),
            ..Self::default()
        }
    }
}

fn delegate_ids(fields: &mut Fields) -> Option<Vec<Delegator>> {
    let ids = object_ids(fields, Version::V1.delegates())?;
    Some(ids.into_iter().map(|object_id| Delegator { object_id, permissions: None }).collect())
}

/// The body of `POST /api/v1/oauth/token`.
#[derive(Clone, PartialEq)]
pub struct TokenRequest {
    pub audience: String,
    pub grant_type: String,
    pub client_id: String,
    pub client_secret: String,
}

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl TokenRequest {
    pub fn read(body: Value) -> Result<Self, TokenError> {
        let mut fields = Fields::of(body)?;
        let mut text = |name| required_text(&mut fields, name, 0..=TEXT).unwrap_or_default();
        let read = Self {
            audience: text("audience"),
            grant_type: text("grant_type"),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
        };
        Ok(fields.done(read)?)
    }
}

/// The answer to it.
#[derive(Serialize)]
pub struct Token {
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
    pub token_type: &'static str,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// An id from a path or a query.
pub fn object_id(name: &str, text: &str) -> Result<ObjectId, FieldError> {
    text.parse().map_err(|_| FieldError { path: name.to_owned(), message: NOT_AN_ID.to_owned() })
}

const NOT_AN_ID: &str = "must be 24 hexadecimal digits, such as 64b7f0c2a1d3e4f5a6b7c801";

fn object_ids(fields: &mut Fields, name: &str) -> Option<Vec<ObjectId>> {
    let items = fields.array(name, limits::LIST)?;
    let ids: Option<_> = items.iter().map(|item| item.as_str()?.parse().ok()).collect();
    ids.or_else(|| fields.wrong(name, format!("must hold ids alone, each of which {NOT_AN_ID}")))
}

fn elements<T>(
    fields: &mut Fields,
    name: &str,
    most: usize,
    example: &str,
    read: impl Fn(&mut Fields) -> Option<T>,
) -> Option<Vec<T>> {
    let items = fields.array(name, most)?;
    let mut elements = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let Some(mut element) = fields.element(name, index, item, example) else { continue };
        elements.extend(read(&mut element));
        fields.close(element);
    }
    Some(elements)
}

fn identity(entry: &mut Fields, customer: ObjectId) -> Option<Identity> {
    if let Some(bound) = required_or_absent_id(entry, "customerId")
        && bound != customer
    {
        entry.wrong::<()>("customerId", "must be the customer of the path");
    }
    let kind = required_text(entry, "type", 0..=TEXT)
        .and_then(|text| LaurelType::parse(&text).or_else(|| entry.wrong("type", UNKNOWN_TYPE)));
    let value = required_text(entry, "value", 0..=usize::MAX);
    Some(Identity { source: Source::Laurel(kind?), value: value? })
}

fn delegator(entry: &mut Fields) -> Option<Delegator> {
    let id = match required_text(entry, "userId", 0..=TEXT) {
        Some(text) => text.parse().ok().or_else(|| entry.wrong("userId", NOT_AN_ID)),
        None => None,
    };
    if !entry.has("permissions") {
        return entry.wrong("permissions", "must be given");
    }
    let permissions = users::permissions(entry, "permissions")?;
    Some(Delegator { object_id: id?, permissions: Some(permissions) })
}

fn required_or_absent_id(entry: &mut Fields, name: &str) -> Option<ObjectId> {
    let text = entry.text(name, 0..=TEXT, characters)?;
    text.parse().ok().or_else(|| entry.wrong(name, NOT_AN_ID))
}

fn required_text(fields: &mut Fields, name: &str, length: std::ops::RangeInclusive<usize>) -> Option<String> {
    if !fields.has(name) {
        return fields.wrong(name, "must be given");
    }
    fields.text(name, length, characters)
}
