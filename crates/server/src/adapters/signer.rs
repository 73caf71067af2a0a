//! Signatures over tokens, with keys kept in the store so that every process over it accepts them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use directory::Store;
use directory::ports::{self, Algorithm, Clock, Entropy, Signer, SigningKey};
use directory::store::Unavailable;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde_json::value::RawValue;
use tokio::runtime::{Handle, RuntimeFlavor};

/// How often an unknown key id may make us read the keys again: whoever makes ids up must not make us busy.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// The signing keys of one store.
pub(crate) struct Keyring {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keys: RwLock<Keys>,
    read_at: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, Arc<Key>>,
    /// What each algorithm signs with.
    current: HashMap<Algorithm, Arc<Key>>,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// Holds no keys until they are asked for, or until [`Keyring::prepare`].
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, clock, entropy, keys: RwLock::default(), read_at: Mutex::default() }
    }

    /// Reads the keys from the store, and makes those that are missing.
    pub(crate) async fn prepare(&self) -> Result<(), Unavailable> {
        self.read().await?;
        for algorithm in Algorithm::ALL {
            if self.current(algorithm).is_none() {
                let key = self.generate(algorithm).await?;
                // Another process may have been quicker; then its key is the one that is kept, and used here too.
                let kept = self.store.add_signing_key(key).await?;
                self.keep([kept]);
            }
        }
        Ok(())
    }

    async fn read(&self) -> Result<(), Unavailable> {
        let kept = self.store.signing_keys().await?;
        self.keep(kept);
        Ok(())
    }

    async fn generate(&self, algorithm: Algorithm) -> Result<SigningKey, Unavailable> {
        let secret = match algorithm {
            Algorithm::Hs256 => {
                let mut secret = vec![0; 32];
                self.entropy.fill(&mut secret);
                secret
            }
            // A tenth of a second and more of arithmetic: not on a thread that serves requests.
            Algorithm::Rs256 => {
                tokio::task::spawn_blocking(generate_rsa).await.unwrap_or_default().ok_or_else(|| {
                    tracing::error!("no RSA key could be made");
                    Unavailable
                })?
            }
        };
        let now = self.clock.now();
        let id = ports::uuid(now, self.entropy.as_ref()).simple().to_string();
        Ok(SigningKey { id, algorithm, secret, created_at: now })
    }

    fn keep(&self, kept: impl IntoIterator<Item = SigningKey>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for stored in kept {
            if keys.by_id.contains_key(&stored.id) {
                continue;
            }
            let Some(key) = Key::of(&stored).map(Arc::new) else {
                tracing::error!(key = stored.id, "a signing key in the store cannot be used");
                continue;
            };
            keys.by_id.insert(stored.id, key.clone());
            keys.current.insert(stored.algorithm, key);
        }
    }

    fn current(&self, algorithm: Algorithm) -> Option<Arc<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).current.get(&algorithm).cloned()
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
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            if read_at.is_some_and(|at| at.elapsed() < READ_AGAIN) {
                return None;
            }
            *read_at = Some(Instant::now());
        }
        wait_for(self.read())?.ok()?;
        self.by_id(id)
    }
}

impl Signer for Keyring {
    fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> String {
        let key = self.current(algorithm).or_else(|| {
            // Only where nobody called `prepare`: a server does before it listens.
            wait_for(self.prepare())?.ok()?;
            self.current(algorithm)
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
}

impl Key {
    fn of(stored: &SigningKey) -> Option<Self> {
        let (encoding, decoding) = match stored.algorithm {
            Algorithm::Hs256 => {
                (EncodingKey::from_secret(&stored.secret), DecodingKey::from_secret(&stored.secret))
            }
            Algorithm::Rs256 => {
                let private = RsaKeyPair::from_pkcs8(&stored.secret).ok()?;
                let encoding = EncodingKey::from_rsa_der(rsa_private_key(&stored.secret)?);
                (encoding, DecodingKey::from_rsa_der(private.public_key().as_ref()))
            }
        };
        Some(Self { id: stored.id.clone(), encoding, decoding })
    }

    fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> Option<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(wire(algorithm)) };
        let payload: &RawValue = serde_json::from_slice(payload).ok()?;
        jsonwebtoken::encode(&header, &payload, &self.encoding).ok()
    }

    /// The algorithm is the one that the caller expects, whatever the token says of itself.
    fn verify(&self, algorithm: Algorithm, token: &str) -> Option<Vec<u8>> {
        let mut validation = Validation::new(wire(algorithm));
        // What the claims mean is the dialect's to say.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let read = jsonwebtoken::decode::<Box<RawValue>>(token, &self.decoding, &validation).ok()?;
        Some(read.claims.get().as_bytes().to_vec())
    }
}

fn wire(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    }
}

/// A 2048-bit key as PKCS#8.
fn generate_rsa() -> Option<Vec<u8>> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(der.as_ref().to_vec())
}

/// The RSAPrivateKey (RFC 8017) inside a PKCS#8 document (RFC 5208): the content of its last member, an octet string.
/// jsonwebtoken takes that form alone.
fn rsa_private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    // SEQUENCE and its length; version 0; SEQUENCE of the object identifier rsaEncryption and NULL.
    const ALGORITHM: &[u8] = &[
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00,
    ];
    let [0x30, 0x82, _, _, rest @ ..] = pkcs8 else { return None };
    let [0x04, 0x82, high, low, key @ ..] = rest.strip_prefix(ALGORITHM)? else { return None };
    key.get(..usize::from(u16::from_be_bytes([*high, *low])))
}

/// Waits on a thread that serves requests, which the runtime then replaces. None where it could not.
fn wait_for<T>(work: impl Future<Output = T>) -> Option<T> {
    let handle = Handle::try_current().ok()?;
    match handle.runtime_flavor() {
        RuntimeFlavor::MultiThread => Some(tokio::task::block_in_place(|| handle.block_on(work))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::{OsEntropy, SystemClock};
    use crate::open::{IfMissing, Place};

    const PAYLOAD: &[u8] = br#"{"sub":"ada","exp":1}"#;

    /// A keyring as each process has one, over a store that they share.
    async fn keyring(folder: &tempfile::TempDir) -> Keyring {
        let place = Place::Sqlite(folder.path().join("personae.db"));
        Keyring::new(
            place.open(IfMissing::Make).await.unwrap(),
            Arc::new(SystemClock::default()),
            Arc::new(OsEntropy),
        )
    }

    /// The same token with another header.
    fn with_header(token: &str, header: &str) -> String {
        let (_, rest) = token.split_once('.').unwrap();
        let header = jsonwebtoken::encode(
            &Header::default(),
            &serde_json::from_str::<serde_json::Value>(header).unwrap(),
            &EncodingKey::from_secret(b""),
        );
        // The claims of that token are the text we want, in the alphabet we want.
        format!("{}.{rest}", header.unwrap().split('.').nth(1).unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_one_process_signs_another_accepts() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (keyring(&folder).await, keyring(&folder).await);
        first.prepare().await.unwrap();
        for algorithm in Algorithm::ALL {
            let token = first.sign(algorithm, PAYLOAD);
            let header = jsonwebtoken::decode_header(&token).unwrap();
            assert!(header.kid.is_some_and(|kid| !kid.is_empty()));
            assert_eq!(
                first.verify(algorithm, &token).as_deref(),
                Some(PAYLOAD),
                "expiry is not ours to judge"
            );
            assert_eq!(second.verify(algorithm, &token).as_deref(), Some(PAYLOAD), "{algorithm:?}");
        }
        second.prepare().await.unwrap();
        let third = keyring(&folder).await;
        for algorithm in Algorithm::ALL {
            assert_eq!(third.verify(algorithm, &second.sign(algorithm, PAYLOAD)).as_deref(), Some(PAYLOAD));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn keys_are_made_at_the_first_use() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = keyring(&folder).await;
        let token = keyring.sign(Algorithm::Rs256, PAYLOAD);
        assert_eq!(keyring.verify(Algorithm::Rs256, &token).as_deref(), Some(PAYLOAD));
        assert_eq!(keyring.store.signing_keys().await.unwrap().len(), Algorithm::ALL.len());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_that_is_not_ours_as_it_stands_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = keyring(&folder).await;
        keyring.prepare().await.unwrap();
        let (hs, rs) = (keyring.sign(Algorithm::Hs256, PAYLOAD), keyring.sign(Algorithm::Rs256, PAYLOAD));
        assert_eq!(keyring.verify(Algorithm::Rs256, &hs), None, "the caller fixes the algorithm");
        assert_eq!(keyring.verify(Algorithm::Hs256, &rs), None);

        let id = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let none = with_header(&hs, &format!(r#"{{"alg":"none","kid":"{}"}}"#, id(&hs)));
        let confused = with_header(&rs, &format!(r#"{{"alg":"HS256","kid":"{}"}}"#, id(&rs)));
        let elsewhere = with_header(&hs, r#"{"alg":"HS256","kid":"another"}"#);
        let nameless = with_header(&hs, r#"{"alg":"HS256"}"#);
        let same = with_header(&hs, &format!(r#"{{"alg":"HS256","kid":"{}","typ":"JWT"}}"#, id(&hs)));
        let (message, signature) = hs.rsplit_once('.').unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        let flipped = format!("{message}.{first}{}", &signature[1..]);
        for forged in
            [&none, &confused, &elsewhere, &nameless, &same, &flipped, "", ".", "..", "a.b.c", message]
        {
            for algorithm in Algorithm::ALL {
                assert_eq!(keyring.verify(algorithm, forged), None, "{forged}");
            }
        }
    }
}
