//! The written forms that every engine keeps alike, whatever its tables: documents, lists, what an event changed, and
//! the tokens of a search.

pub(crate) mod changes;
pub(crate) mod customer;
pub(crate) mod document;
pub(crate) mod grants;
pub(crate) mod listing;
pub(crate) mod tokens;

use std::num::NonZeroU32;
use std::str::FromStr;

use directory::caller::Principal;
use directory::credential::KeyHash;
use directory::organization::Permission;
use directory::throttle::RateLimit;
use jiff::Timestamp;
use serde::Serialize;

/// What is kept has not the form it was written in.
#[derive(Debug)]
pub(crate) struct Error(pub(crate) String);

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A list as it is kept where none is the rule.
pub(crate) fn list<T: Serialize>(items: &[T]) -> Result<Option<String>> {
    if items.is_empty() { Ok(None) } else { json(items).map(Some) }
}

pub(crate) fn claims(permissions: Option<&[Permission]>) -> Result<Option<String>> {
    permissions.map(|list| json(&claims_of(list))).transpose()
}

pub(crate) fn permissions(text: Option<&str>) -> Result<Option<Vec<Permission>>> {
    let claims: Option<Vec<String>> = text.map(serde_json::from_str).transpose()?;
    Ok(claims.map(permissions_of))
}

fn claims_of(permissions: &[Permission]) -> Vec<String> {
    permissions.iter().map(|permission| permission.claim.clone()).collect()
}

fn permissions_of(claims: Vec<String>) -> Vec<Permission> {
    claims.into_iter().map(|claim| Permission { claim }).collect()
}

/// Text of a fixed form.
pub(crate) fn parsed<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error(format!("{text:?} has not its form")))
}

/// One of the names of a closed set.
pub(crate) fn named<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    parse(text).ok_or_else(|| Error(format!("{text:?} is not known")))
}

/// The end user on whose behalf a client wrote: `[client, customer, user]`.
pub(crate) fn principal(principal: &Principal) -> Result<String> {
    json(&[&principal.client, &principal.customer, &principal.user])
}

pub(crate) fn principal_from(text: &str) -> Result<Principal> {
    let [client, customer, user]: [Option<String>; 3] = serde_json::from_str(text)?;
    Ok(Principal { client, customer, user })
}

/// The keys of a credential: `[[hash in hexadecimal, time in microseconds], ...]`.
pub(crate) fn keys(keys: &[KeyHash]) -> Result<String> {
    let row = |key: &KeyHash| {
        let hexadecimal: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        (hexadecimal, key.created_at.as_microsecond())
    };
    json(&keys.iter().map(row).collect::<Vec<_>>())
}

pub(crate) fn keys_from(text: &str) -> Result<Vec<KeyHash>> {
    let rows: Vec<(String, i64)> = serde_json::from_str(text)?;
    rows.iter().map(key_from).collect()
}

fn key_from((hexadecimal, created_at): &(String, i64)) -> Result<KeyHash> {
    let broken = || Error("the hash of a key has not its form".to_owned());
    let mut hash = [0; 32];
    if hexadecimal.len() != 2 * hash.len() {
        return Err(broken());
    }
    for (byte, digits) in hash.iter_mut().zip(hexadecimal.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).map_err(|_| broken())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| broken())?;
    }
    let created_at = Timestamp::from_microsecond(*created_at).map_err(|_| broken())?;
    Ok(KeyHash { hash, created_at })
}

/// The rate limit of a credential: NULL is its dialect's, 0 is none.
pub(crate) fn rate_limit(limit: RateLimit) -> Option<i64> {
    match limit {
        RateLimit::OfDialect => None,
        RateLimit::PerMinute(limit) => Some(limit.get().into()),
        RateLimit::Unlimited => Some(0),
    }
}

pub(crate) fn rate_limit_from(value: Option<i64>) -> Result<RateLimit> {
    let Some(value) = value else { return Ok(RateLimit::OfDialect) };
    let value = u32::try_from(value).map_err(|_| Error(format!("the rate limit {value} is out of range")))?;
    Ok(NonZeroU32::new(value).map_or(RateLimit::Unlimited, RateLimit::PerMinute))
}
