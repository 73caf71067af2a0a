//! The keys that tokens are signed with, as a store keeps them.

use std::fmt;

use jiff::Timestamp;

use crate::ports::Algorithm;

/// A key that tokens are signed with. Of each algorithm one key is current and signs; the others are retired, and what
/// they signed is accepted until they expire.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid` in the header of the tokens that it signs (RFC 7515, 4.1.4).
    pub id: String,
    pub algorithm: Algorithm,
    /// The key itself, or its encrypted form where `encrypted_with` names a key.
    pub secret: Vec<u8>,
    /// The id of the key that `secret` is encrypted with.
    pub encrypted_with: Option<String>,
    pub created_at: Timestamp,
    /// When another key took its place.
    pub retired_at: Option<Timestamp>,
    /// When the last token that it signed has ended. A current key has no such time.
    pub expires_at: Option<Timestamp>,
}

impl SigningKey {
    pub fn is_current(&self) -> bool {
        self.retired_at.is_none()
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {})", self.id, self.algorithm.as_str())
    }
}

/// New keys, each of which becomes the current one of its algorithm.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// At most one of each algorithm.
    pub keys: Vec<SigningKey>,
    pub former: Former,
    pub now: Timestamp,
}

/// What becomes of the keys of the same algorithms that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// The current one is retired, and expires then. Those that were retired before keep their time.
    Expire(Timestamp),
    /// All of them are removed, and no token that they signed is accepted any more.
    Remove,
}
