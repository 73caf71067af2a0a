//! Kare's shapes, as its pages write them.

pub mod labels;
pub mod organizations;

use std::fmt;
use std::ops::RangeInclusive;

use directory::credential::Secret;
use directory::email;
use directory::ids::Number;
use directory::limits;
use directory::membership::KareScope;
use serde::Serialize;
use uuid::Uuid;

use crate::http::fields::{as_integer, utf16};
use crate::http::json::Value;
use crate::http::{FieldError, Fields};
use crate::kare::email::is_address;
use crate::kare::error::Error;

/// The documented range of every id: what JavaScript holds exactly. Those given out begin at 1.
const IDS: RangeInclusive<i64> = -9_007_199_254_740_991..=9_007_199_254_740_991;

/// UTF-16 code units of a first or last name, since the vendor counts as JavaScript does.
const NAME: usize = 250;

/// A refresh token is a text of any length to the vendor; ours are far shorter.
const REFRESH_TOKEN: usize = 4_096;

/// The pages number the two roles and elsewhere name two, without saying which is which: in the order they stand.
const ADMIN: i64 = 1;
const USER: i64 = 2;

/// The envelope of one object.
#[derive(Debug, PartialEq, Serialize)]
pub struct Data<T> {
    pub data: T,
}

/// A part of a list.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<usize>,
    pub pagination: Pagination,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub page: u64,
    pub page_size: u64,
}

/// What a refresh answers, without an envelope.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    pub access_token: String,
    pub session_token: String,
}

/// What a log-in answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    pub session_token: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIn")
    }
}

/// A membership, the "user organization".
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member<'a> {
    pub user_id: u64,
    pub organization_id: u64,
    pub scope: i64,
    pub permissions: Permissions<'a>,
    pub deleted_at: Option<String>,
    pub updated_at: String,
    pub created_at: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Permissions<'a> {
    pub group: u64,
    pub read: &'a [i64],
    pub manage: &'a [i64],
}

/// A user with what the session's organization grants them.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    pub id: u64,
    pub key: Uuid,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: Option<&'a str>,
    pub phone: Option<String>,
    pub r#type: u8,
    pub lang: &'static str,
    pub activated_at: Option<String>,
    pub updated_at: String,
    pub created_at: String,
    pub permissions: Permissions<'a>,
    pub scope: i64,
    pub profession: Option<Profession<'a>>,
    #[serde(flatten)]
    pub rights: Option<Rights>,
}

/// A label, as a user's profession.
#[derive(Debug, PartialEq, Serialize)]
pub struct Profession<'a> {
    pub id: u64,
    pub name: &'a str,
}

/// What the caller may do to the user that is shown.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rights {
    pub updatable_fields: UpdatableFields,
    pub actions: Actions,
    pub user_organization_actions: MemberActions,
    pub user_organization_updatable_fields: MemberFields,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatableFields {
    pub first_name: bool,
    pub last_name: bool,
    pub email: bool,
    pub phone: bool,
    pub lang: bool,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Actions {
    pub can_be_updated: bool,
    pub can_be_deleted: bool,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberActions {
    pub can_be_updated: bool,
    pub can_be_deleted: bool,
    pub is_me: bool,
}

/// Exactly the fields of [`PatchUser`].
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberFields {
    pub first_name: bool,
    pub last_name: bool,
    pub profession_id: bool,
    pub scope: bool,
    pub permissions: bool,
}

/// Whom a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserId {
    Me,
    /// Any id of the documented range, also one that is never given out.
    Id(i64),
}

/// The body of a log-in.
#[derive(Debug)]
pub struct Credentials {
    pub email: String,
    pub password: Secret,
}

/// The body of a refresh.
#[derive(Debug)]
pub struct Refresh {
    pub refresh_token: Secret,
}

/// The body of `PATCH /users-organizations/v1/rs/users/{userId}`; what is absent is left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchUser {
    /// Of any length: one that is too long for Kare may have been shown by it, and may come back.
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub permissions: PatchPermissions,
    pub profession: Option<Number>,
    pub scope: Option<KareScope>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct PatchPermissions {
    pub group: Option<u64>,
    pub read: Option<Vec<i64>>,
    pub manage: Option<Vec<i64>>,
}

impl UserId {
    /// Exactly `me`, or an id.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == "me" {
            return Ok(Self::Me);
        }
        let id = plain(text).map(Self::Id);
        id.ok_or_else(|| Error::invalid("userId", "must be the word me or an id, such as 42"))
    }
}

/// The id that a path or a query names.
pub fn id(name: &str, text: &str) -> Result<i64, Error> {
    plain(text).ok_or_else(|| Error::invalid(name, "must be an id, such as 42"))
}

/// A plain decimal integer: no leading zeros, no plus sign, no fraction, no exponent.
fn plain(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits == "0" || !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|id| is_plain && IDS.contains(id))
}

impl Credentials {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let email = required(&mut fields, "email", 0..=250);
        if email.as_deref().is_some_and(|email| !is_address(email)) {
            fields.wrong::<()>("email", format!("must be an e-mail address, such as {}", email::EXAMPLE));
        }
        let password = required(&mut fields, "password", 6..=100);
        let read = Self { email: email.unwrap_or_default(), password: Secret(password.unwrap_or_default()) };
        Ok(fields.done(read)?)
    }
}

impl Refresh {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let token = required(&mut fields, "refreshToken", 0..=REFRESH_TOKEN);
        Ok(fields.done(Self { refresh_token: Secret(token.unwrap_or_default()) })?)
    }
}

impl PatchUser {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let read = Self {
            first_name: fields.text("firstName", 0..=usize::MAX, utf16),
            last_name: fields.text("lastName", 0..=usize::MAX, utf16),
            permissions: permissions(&mut fields),
            profession: profession(&mut fields),
            scope: scope(&mut fields),
        };
        Ok(fields.done(read)?)
    }

    /// As if both names were to be written.
    pub fn check_names(&self) -> Result<(), Error> {
        check_names(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

/// Refuses names that shall be written and are longer than Kare takes.
pub fn check_names(first: Option<&str>, last: Option<&str>) -> Result<(), Error> {
    // A text has at least as many bytes as UTF-16 code units.
    let is_long = |name: &str| name.len() > NAME && utf16(name) > NAME;
    let errors: Vec<_> = [("firstName", first), ("lastName", last)]
        .into_iter()
        .filter(|(_, name)| name.is_some_and(is_long))
        .map(|(field, _)| FieldError {
            path: field.into(),
            message: format!("must not be longer than {NAME} characters"),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// The number of a scope.
pub fn scope_number(scope: KareScope) -> i64 {
    match scope {
        KareScope::Admin => ADMIN,
        KareScope::User => USER,
    }
}

pub(super) fn required(fields: &mut Fields, name: &str, length: RangeInclusive<usize>) -> Option<String> {
    if fields.has(name) { fields.text(name, length, utf16) } else { fields.wrong(name, "is required") }
}

fn permissions(fields: &mut Fields) -> PatchPermissions {
    let Some(mut inner) = fields.object("permissions") else { return PatchPermissions::default() };
    let read = PatchPermissions {
        group: inner.integer("group", 0..=*IDS.end()).map(i64::unsigned_abs),
        read: ids(&mut inner, "read"),
        manage: ids(&mut inner, "manage"),
    };
    fields.close(inner);
    read
}

fn ids(fields: &mut Fields, name: &str) -> Option<Vec<i64>> {
    let items = fields.array(name, limits::LIST)?;
    let ids: Option<_> =
        items.iter().map(|item| as_integer(item.as_number()?).filter(|id| IDS.contains(id))).collect();
    ids.or_else(|| fields.wrong(name, format!("must hold integers from {} to {}", IDS.start(), IDS.end())))
}

/// A label's id. Whether there is such a label the directory knows; below 1 there never is one.
fn profession(fields: &mut Fields) -> Option<Number> {
    let id = fields.integer("professionId", IDS)?;
    let number = u64::try_from(id).ok().and_then(Number::new);
    number.or_else(|| fields.wrong("professionId", "must be one of the organization's"))
}

fn scope(fields: &mut Fields) -> Option<KareScope> {
    let number = fields.integer("scope", ADMIN..=USER)?;
    Some(if number == ADMIN { KareScope::Admin } else { KareScope::User })
}
