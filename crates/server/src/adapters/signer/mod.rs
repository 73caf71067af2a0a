//! Signatures over tokens, with keys kept in the store so that every process over it accepts them.

mod encryption;
mod error;
#[cfg(test)]
mod fuzzing;
mod key;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use directory::ports::{self, Algorithm, Clock, Entropy, Signer};
use directory::signing_key::{Former, Rotation, SigningKey};
use directory::store::Unavailable;
use directory::{Store, limits};
use jiff::SignedDuration;
use tokio::runtime::{Handle, RuntimeFlavor};

pub(crate) use encryption::Encryption;
use error::KeyringError;
use key::{Key, generate};

/// How often a server reads the keys again: a rotation by another process holds within a second.
const READ_EVERY: Duration = Duration::from_millis(500);

/// The longest pause between two attempts while the store cannot answer, each of which is logged.
const READ_AT_LEAST_EVERY: Duration = Duration::from_secs(10);

/// How long a process that learns of a new key goes on to sign with the former one: until every other process has read
/// the new one as well, and accepts what it signs.
const SIGN_AFTER: Duration = Duration::from_millis(750);

/// How often an unknown key id may make us read the keys at once: made-up ids must not keep the store busy.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How much longer than its tokens a retired key is kept, because a process may sign with it for some moments after it
/// was retired, by a clock that is behind.
const MARGIN: Duration = Duration::from_secs(60);

/// Keys of one algorithm that are kept at once. Each lasts for little more than a day after it was retired, so more come
/// only of a rotation that is repeated by mistake.
const MOST_KEYS: usize = 100;

/// The signing keys of one store.
pub(crate) struct Keyring {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    encryption: Encryption,
    keys: RwLock<Keys>,
    /// Grows when a key goes.
    generation: AtomicU64,
    /// Held from reading the store until `keys` is as it was read, so that what was read later is not overwritten.
    reading: tokio::sync::Mutex<()>,
    /// When an unknown key id was last a reason to read.
    read_at: Mutex<Option<Duration>>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, Arc<Key>>,
    /// The keys of each algorithm: the current one, then those that it replaced, the latest first.
    in_order: HashMap<Algorithm, Vec<Held>>,
    /// Those that cannot be used, so that each is logged once.
    unusable: HashSet<String>,
    was_read: bool,
}

#[derive(Clone)]
struct Held {
    id: String,
    key: Arc<Key>,
    /// By the monotonic clock.
    signs_from: Duration,
}

/// What a rotation came to.
#[derive(Debug)]
pub(crate) struct Rotated {
    pub keys: Vec<SigningKey>,
    pub former: Former,
}

/// How keys are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    /// What the former keys signed is accepted until it ends.
    Gradually,
    /// What they signed is accepted no longer.
    AtOnce,
    /// The same, where the key that they are encrypted with is lost.
    Unread,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// Holds no keys until they are asked for, or until [`Keyring::prepare`].
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        encryption: Encryption,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            encryption,
            keys: RwLock::default(),
            generation: AtomicU64::default(),
            reading: tokio::sync::Mutex::default(),
            read_at: Mutex::default(),
        }
    }

    /// Reads the keys from the store, makes those that are missing, and encrypts those that are to be and are not.
    ///
    /// # Errors
    /// Also when a key that is still needed cannot be decrypted: such a server would refuse tokens that others accept.
    pub(crate) async fn prepare(&self) -> Result<(), KeyringError> {
        let now = self.clock.now();
        let stored = self.read().await?;
        // Before anything is written: a key that is made here would not be encrypted as the others are.
        for key in stored.iter().filter(|key| !key.is_expired(now)) {
            self.usable(key)?;
        }
        let is_there = |algorithm| stored.iter().any(|key| key.algorithm == algorithm && key.is_current());
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| !is_there(*algorithm)) {
            let key = self.generate(algorithm).await?;
            // Another process may have been quicker; then its key is the one that is kept.
            self.store.add_signing_key(key).await?;
        }
        let stored = self.read().await?;
        let needed: Vec<&SigningKey> = stored.iter().filter(|key| !key.is_expired(now)).collect();
        self.encrypt_again(&needed).await
    }

    /// Reads the keys again and again, for as long as the server runs, and removes those that have expired.
    pub(crate) async fn follow(&self) {
        let mut pause = READ_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            pause = match self.look().await {
                Ok(()) => READ_EVERY,
                // The store has logged it.
                Err(Unavailable) => (2 * pause).min(READ_AT_LEAST_EVERY),
            };
        }
    }

    async fn look(&self) -> Result<(), Unavailable> {
        let stored = self.read().await?;
        let now = self.clock.now();
        match stored.iter().any(|key| key.is_expired(now)) {
            true => self.store.remove_expired_signing_keys(now).await,
            false => Ok(()),
        }
    }

    /// Puts new keys into the place of the current ones.
    ///
    /// # Errors
    /// Also when this process cannot decrypt a key that is in the store, unless those are replaced unread: then it was
    /// told of another key than the servers were, and they could not read what it writes.
    pub(crate) async fn rotate(
        &self,
        algorithms: &[Algorithm],
        replace: Replace,
    ) -> Result<Rotated, KeyringError> {
        let now = self.clock.now();
        let stored = self.store.signing_keys().await?;
        let stored: Vec<&SigningKey> = stored.iter().filter(|key| !key.is_expired(now)).collect();
        let goes = |key: &SigningKey| match replace {
            Replace::Gradually => false,
            Replace::AtOnce | Replace::Unread => algorithms.contains(&key.algorithm),
        };
        let stay: Vec<&SigningKey> = stored.iter().copied().filter(|key| !goes(key)).collect();
        let read = if replace == Replace::Unread { &stay } else { &stored };
        for key in read {
            self.usable(key)?;
        }
        let mut keys = Vec::new();
        for &algorithm in algorithms {
            if stay.iter().filter(|key| key.algorithm == algorithm).count() >= MOST_KEYS {
                return Err(KeyringError::TooMany(algorithm));
            }
            keys.push(self.generate(algorithm).await?);
        }
        let now = self.clock.now();
        let former = match replace {
            Replace::Gradually => Former::Expire(now + to_signed(limits::TOKEN_LIFE + MARGIN)),
            Replace::AtOnce | Replace::Unread => Former::Remove,
        };
        let rotation = Rotation { keys: keys.clone(), former, now };
        self.store.rotate_signing_keys(rotation).await?;
        self.store.remove_expired_signing_keys(now).await?;
        self.encrypt_again(&stay).await?;
        Ok(Rotated { keys, former })
    }

    /// Reads the store, and holds what is there.
    async fn read(&self) -> Result<Vec<SigningKey>, Unavailable> {
        let _reading = self.reading.lock().await;
        let stored = self.store.signing_keys().await?;
        self.hold(&stored);
        Ok(stored)
    }

    async fn generate(&self, algorithm: Algorithm) -> Result<SigningKey, KeyringError> {
        let secret = generate(algorithm, self.entropy.as_ref()).await.ok_or(KeyringError::NotMade)?;
        let now = self.clock.now();
        self.encryption.encrypt(SigningKey {
            id: ports::uuid(now, self.entropy.as_ref()).simple().to_string(),
            algorithm,
            secret,
            encrypted_with: None,
            created_at: now,
            retired_at: None,
            expires_at: None,
        })
    }

    fn usable(&self, stored: &SigningKey) -> Result<Key, KeyringError> {
        let secret = self.encryption.decrypt(stored)?;
        let key = Key::of(&stored.id, stored.algorithm, &secret);
        key.ok_or_else(|| KeyringError::Damaged(stored.id.clone()))
    }

    /// Writes those anew that are not encrypted, or not with the key that encrypts.
    async fn encrypt_again(&self, stored: &[&SigningKey]) -> Result<(), KeyringError> {
        let mut rewritten = Vec::new();
        for key in stored.iter().filter(|key| !self.encryption.is_up_to_date(key)) {
            let secret = self.encryption.decrypt(key)?.into_owned();
            let clear = SigningKey { secret, encrypted_with: None, ..SigningKey::clone(key) };
            rewritten.push(self.encryption.encrypt(clear)?);
        }
        if rewritten.is_empty() {
            return Ok(());
        }
        let count = rewritten.len();
        self.store.rewrite_signing_keys(rewritten).await?;
        tracing::info!(
            count,
            with = self.encryption.current(),
            "encrypted the signing keys; older backups hold them as they were: `personae key rotate --now` replaces them"
        );
        Ok(())
    }

    /// Holds what is in the store and has not expired, and nothing else.
    fn hold(&self, stored: &[SigningKey]) {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let mut stored: Vec<&SigningKey> = stored.iter().filter(|key| !key.is_expired(now)).collect();
        // The current one, which was not retired at all, comes first.
        stored.sort_by_key(|key| (key.retired_at.is_some(), std::cmp::Reverse(key.retired_at)));
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let signs_from = if keys.was_read { elapsed + SIGN_AFTER } else { elapsed };
        let mut new = Keys { was_read: true, ..Keys::default() };
        let mut before: HashMap<String, Held> =
            keys.in_order.drain().flat_map(|(_, held)| held).map(|held| (held.id.clone(), held)).collect();
        for stored in stored {
            let held = match before.remove(&stored.id) {
                // What is known by an id never changes; only how it is encrypted may.
                Some(held) => held,
                None => match self.usable(stored) {
                    Ok(key) => Held { id: stored.id.clone(), key: Arc::new(key), signs_from },
                    Err(error) => {
                        if !keys.unusable.contains(&stored.id) {
                            tracing::error!(key = stored.id, %error, "a signing key in the store cannot be used");
                        }
                        new.unusable.insert(stored.id.clone());
                        continue;
                    }
                },
            };
            new.by_id.insert(held.id.clone(), held.key.clone());
            new.in_order.entry(stored.algorithm).or_default().push(held);
        }
        *keys = new;
        if !before.is_empty() {
            // After the key is gone: what is verified by this generation was not verified with that key.
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// The key to sign with: the current one, once every process knows it.
    fn signing(&self, algorithm: Algorithm) -> Option<Arc<Key>> {
        let elapsed = self.clock.elapsed();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let held = keys.in_order.get(&algorithm)?;
        let settled = held.iter().find(|held| held.signs_from <= elapsed);
        let held = settled.or_else(|| held.iter().min_by_key(|held| held.signs_from))?;
        Some(held.key.clone())
    }

    fn by_id(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned()
    }

    /// The key of that id, also when another process made it a moment ago.
    fn find(&self, id: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.by_id(id) {
            return Some(key);
        }
        {
            let now = self.clock.elapsed();
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            if read_at.is_some_and(|at| now.saturating_sub(at) < READ_AGAIN) {
                return None;
            }
            *read_at = Some(now);
        }
        wait_for(self.read())?.ok()?;
        self.by_id(id)
    }
}

impl Signer for Keyring {
    fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> String {
        let key = self.signing(algorithm).or_else(|| {
            // Only where nobody called `prepare`: a server does before it listens.
            wait_for(self.prepare())?.ok()?;
            self.signing(algorithm)
        });
        match key.and_then(|key| key.sign(algorithm, payload)) {
            Some(token) => token,
            None => {
                tracing::error!(algorithm = algorithm.as_str(), "a token could not be signed");
                // Nobody accepts this one.
                String::new()
            }
        }
    }

    fn verify(&self, algorithm: Algorithm, token: &str) -> Option<Vec<u8>> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        self.find(header.kid.as_deref()?)?.verify(algorithm, token)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

fn to_signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// Waits on a thread that serves requests, which the runtime then replaces. None where it could not.
fn wait_for<T>(work: impl Future<Output = T>) -> Option<T> {
    let handle = Handle::try_current().ok()?;
    match handle.runtime_flavor() {
        RuntimeFlavor::MultiThread => Some(tokio::task::block_in_place(|| handle.block_on(work))),
        _ => None,
    }
}
