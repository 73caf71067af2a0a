//! What the domain asks of the outside besides a store: the time, randomness, signatures, slow hashes.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::ObjectId;

/// An answer that may take a while.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time of day, to the microsecond. An operator may set it back.
    fn now(&self) -> Timestamp;

    /// The time since this clock was made, by the system's monotonic clock: rate limits and ages of cache entries are
    /// measured with it, because it never goes back.
    fn elapsed(&self) -> Duration;
}

/// Gives random bytes fit for secrets.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// Signs what a dialect puts into its tokens, with keys that every process over one store shares.
pub trait Signer: Send + Sync {
    /// A compact JWS (RFC 7515) over the payload, which is a JSON object.
    fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> String;

    /// The payload, if the signature is one of ours and of that algorithm. Says nothing of expiry.
    fn verify(&self, algorithm: Algorithm, token: &str) -> Option<Vec<u8>>;

    /// Another number after a key was withdrawn: what was verified before may then be verified no longer. It never blocks.
    fn generation(&self) -> u64;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Hs256,
    Rs256,
}

impl Algorithm {
    pub const ALL: [Self; 2] = [Self::Hs256, Self::Rs256];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// Too many passwords wait to be hashed; this one was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Hashes passwords, away from the threads that serve requests, in a queue of a bounded length. A hash is a PHC string.
pub trait Passwords: Send + Sync {
    /// A hash with a random salt or, so that both can be compared with a password at the cost of one, with the salt of
    /// `like`.
    fn hash(&self, password: String, like: Option<String>) -> BoxFuture<'_, Result<String, Busy>>;

    /// Which of the hashes are this password's, in ascending order. Hashes of one salt are compared at the cost of one, and
    /// at least two salts are always computed, so that time tells neither no hash from one nor one from two.
    fn verify(&self, password: String, hashes: Vec<String>) -> BoxFuture<'_, Result<Vec<usize>, Busy>>;

    /// Whether [`Self::hash`] would make `hash` again from its password: it has the salt of `like` and today's parameters.
    fn is_like(&self, hash: &str, like: &str) -> bool;
}

/// A version 7 UUID for this instant.
pub fn uuid(now: Timestamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// An object id for this instant.
pub fn object_id(now: Timestamp, entropy: &dyn Entropy) -> ObjectId {
    let mut random = [0; 8];
    entropy.fill(&mut random);
    // The four bytes of seconds wrap round in the year 2106, as they do wherever this form is used.
    ObjectId::compose(now.as_second() as u32, random)
}
