//! What the domain asks of the outside: the time, randomness, signatures, slow hashes.

mod clock;
mod entropy;
mod passwords;
mod signer;

pub(crate) use clock::SystemClock;
pub(crate) use entropy::{OsEntropy, Repeatable};
pub(crate) use passwords::Argon2Passwords;
pub(crate) use signer::{Encryption, Keyring, Replace, Rotated};
