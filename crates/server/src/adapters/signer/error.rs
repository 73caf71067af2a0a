//! Why the signing keys cannot be used, in sentences for whoever runs the program.

use std::fmt;

use directory::ports::Algorithm;
use directory::store::Unavailable;

use crate::error::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyringError {
    /// The store has logged why.
    Unavailable,
    /// A key in the store is encrypted with another key than those that are configured.
    Encrypted { with: String, known: Vec<String> },
    /// A key in the store is not what was written there.
    Damaged(String),
    /// No key could be made.
    NotMade,
    /// There are as many of this algorithm as are kept at once.
    TooMany(Algorithm),
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the store cannot answer"),
            Self::Encrypted { with, known } if known.is_empty() => write!(
                f,
                "the signing keys in this store are encrypted with the key {with}, and neither secrets.key_file nor secrets.key \
                 is set"
            ),
            Self::Encrypted { with, known } => write!(
                f,
                "the signing keys in this store are encrypted with the key {with}, and [secrets] holds {}",
                known.join(", ")
            ),
            Self::Damaged(id) => write!(f, "the signing key {id} in the store is damaged"),
            Self::NotMade => f.write_str("no key could be made"),
            Self::TooMany(algorithm) => {
                write!(f, "so many {} keys were replaced lately that no more are kept", algorithm.as_str())
            }
        }
    }
}

const ANEW: &str = "make new signing keys, which ends all tokens: personae key rotate --now --lost-key";

const LOST: &str = "where it is lost, name another one there and make new signing keys, which ends all tokens: \
    personae key rotate --now --lost-key";

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        let failure = Self::new(error.to_string());
        match error {
            KeyringError::Unavailable => Unavailable.into(),
            KeyringError::Encrypted { .. } => failure
                .hint("name the file with that key: secrets.key_file, or PERSONAE_SECRETS__KEY_FILE")
                .hint(LOST),
            KeyringError::Damaged(_) => failure.hint(ANEW),
            KeyringError::NotMade => failure,
            KeyringError::TooMany(_) => {
                failure.hint("wait for a day, or end all tokens at once: personae key rotate --now")
            }
        }
    }
}

impl From<Unavailable> for KeyringError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}
