//! Credentials and sessions: what a caller presents, and what is kept of it.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::caller::Dialect;
use crate::ids::{CredentialId, Number, OrganizationId, PersonId, SessionId, TenantId};
use crate::throttle::RateLimit;

/// A credential of an organization for one dialect. Its secrets are kept as hashes.
#[derive(Debug, Clone, PartialEq)]
pub struct Credential {
    pub id: CredentialId,
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub dialect: Dialect,
    /// What people call it.
    pub name: String,
    /// What it is looked up by: a client id, or the part of a key before the dot. Unique in the whole store.
    pub public_id: String,
    /// Any of them opens, so that a new one can be rolled out before the old one goes.
    pub keys: Vec<KeyHash>,
    pub scopes: Scopes,
    /// Whose it is, where a person acts by it and not the organization.
    pub person: Option<PersonId>,
    pub description: Option<String>,
    pub rate_limit: RateLimit,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// When a key that is not the newest opened last. [`Credential::old_key_used_since_rotation`] says whether that was one of today's.
    pub old_key_used_at: Option<Timestamp>,
}

/// What is noted of the use of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialUse {
    pub credential: CredentialId,
    pub at: Timestamp,
    /// When a key that is not the newest opened, if one did.
    pub old_key_at: Option<Timestamp>,
}

/// A change of the keys of a credential. There are never more than [`KEYS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRotation {
    /// The new key opens beside the newest one.
    Add(KeyHash),
    /// The newest key opens alone.
    DropOld,
    /// The key that was added is gone, and those are back that were there before.
    Undo { added: KeyHash, before: Vec<KeyHash> },
}

/// Keys of a credential that open at the same time: one that clients have, and one that they are being given.
pub const KEYS: usize = 2;

impl KeyRotation {
    /// The keys that come after these.
    pub fn of(&self, keys: &[KeyHash]) -> Vec<KeyHash> {
        let newest = |count: usize| keys[keys.len().saturating_sub(count)..].to_vec();
        match self {
            Self::Add(key) => {
                let mut keys = newest(KEYS - 1);
                keys.push(key.clone());
                keys
            }
            Self::DropOld => newest(1),
            Self::Undo { added, before } if keys.last() == Some(added) => before.clone(),
            Self::Undo { added, .. } => keys.iter().filter(|key| *key != added).cloned().collect(),
        }
    }
}

/// A public id as it is kept: a UUID in lower case, since clients write it in either. Anything else is compared to the
/// letter.
pub fn public_id(presented: &str) -> Cow<'_, str> {
    match presented.parse::<CredentialId>() {
        Ok(_) => presented.to_ascii_lowercase().into(),
        Err(_) => presented.into(),
    }
}

/// What is kept of a random secret. SHA-256 suffices, because nobody can guess what it is of.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash {
    pub hash: [u8; 32],
    pub created_at: Timestamp,
}

impl KeyHash {
    pub fn new(secret: &str, now: Timestamp) -> Self {
        Self { hash: Sha256::digest(secret.as_bytes()).into(), created_at: now }
    }

    /// Takes as long whatever is presented.
    pub fn is_of(&self, presented: &str) -> Choice {
        let presented: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        self.hash[..].ct_eq(&presented[..])
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash(of {})", self.created_at)
    }
}

/// A secret on its way out, once.
#[derive(Clone)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a credential may be used for, in its dialect's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(pub Vec<String>);

impl Scopes {
    pub fn has(&self, scope: &str) -> bool {
        self.0.iter().any(|granted| granted == scope)
    }
}

impl Credential {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the secret is that of a key before the newest.
    pub fn is_of_old_key(&self, secret: &str) -> bool {
        self.keys.len() > 1 && !self.keys.last().is_some_and(|newest| newest.is_of(secret).into())
    }

    /// When a key before the newest opened last, since there is a newer one.
    pub fn old_key_used_since_rotation(&self) -> Option<Timestamp> {
        let newest = self.keys.last().filter(|_| self.keys.len() > 1)?;
        self.old_key_used_at.filter(|at| *at >= newest.created_at)
    }

    /// Compares with every key and in constant time, so that time tells nothing of which key came near.
    pub fn accepts(&self, secret: &str) -> bool {
        let any = self.keys.iter().fold(Choice::from(0), |any, key| any | key.is_of(secret));
        any.into()
    }
}

/// A person's session in one organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub organization_number: Number,
    pub person: PersonId,
    pub person_number: Number,
    pub refresh: KeyHash,
    pub created_at: Timestamp,
    /// When the refresh token ends.
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// The person may sign in and is a member of the organization.
    pub is_live: bool,
}

/// A person whom an e-mail address could sign in, in some tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct SignInCandidate {
    pub tenant: TenantId,
    pub person: PersonId,
    pub person_number: Number,
    /// A PHC string.
    pub password_hash: String,
    pub may_sign_in: bool,
    pub activated_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_that_is_a_uuid_is_compared_in_lower_case() {
        for (presented, kept) in [
            ("202AC2F0-748c-452f-8393-180F9366E174", "202ac2f0-748c-452f-8393-180f9366e174"),
            ("202ac2f0-748c-452f-8393-180f9366e174", "202ac2f0-748c-452f-8393-180f9366e174"),
            ("202AC2F0748C452F8393180F9366E174", "202AC2F0748C452F8393180F9366E174"),
            ("Client", "Client"),
            ("", ""),
        ] {
            assert_eq!(public_id(presented), kept);
        }
    }
}
