//! The keyring over a store.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header};
use tempfile::TempDir;

use super::*;
use crate::adapters::{OsEntropy, SystemClock};
use crate::config::Secrets;
use crate::open::{IfMissing, Place};

const PAYLOAD: &[u8] = br#"{"sub":"ada","exp":1}"#;

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

/// A clock whose monotonic time a test moves on, in milliseconds, and the time of day with it.
#[derive(Default)]
struct Hands(AtomicU64);

impl Hands {
    fn forward(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap() + to_signed(self.elapsed())
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

async fn open(folder: &TempDir) -> Arc<dyn Store> {
    let place = Place::Sqlite(folder.path().join("personae.db"));
    place.open(IfMissing::Make).await.unwrap()
}

fn encryption(keys: &str) -> Encryption {
    Encryption::of(&Secrets { key_file: String::new(), key: keys.into() }).unwrap()
}

/// A keyring as each process has one, over a store that they share.
async fn keyring(folder: &TempDir) -> Keyring {
    Keyring::new(
        open(folder).await,
        Arc::new(SystemClock::default()),
        Arc::new(OsEntropy),
        Encryption::default(),
    )
}

/// The same with a clock of the test, and with keys to encrypt with.
async fn timed(folder: &TempDir, hands: &Arc<Hands>, keys: &str) -> Keyring {
    Keyring::new(open(folder).await, hands.clone(), Arc::new(OsEntropy), encryption(keys))
}

fn key_id(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
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
        assert_eq!(first.verify(algorithm, &token).as_deref(), Some(PAYLOAD), "expiry is not ours to judge");
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

    let none = with_header(&hs, &format!(r#"{{"alg":"none","kid":"{}"}}"#, key_id(&hs)));
    let confused = with_header(&rs, &format!(r#"{{"alg":"HS256","kid":"{}"}}"#, key_id(&rs)));
    let elsewhere = with_header(&hs, r#"{"alg":"HS256","kid":"another"}"#);
    let nameless = with_header(&hs, r#"{"alg":"HS256"}"#);
    let same = with_header(&hs, &format!(r#"{{"alg":"HS256","kid":"{}","typ":"JWT"}}"#, key_id(&hs)));
    let (message, signature) = hs.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{message}.{first}{}", &signature[1..]);
    for forged in [&none, &confused, &elsewhere, &nameless, &same, &flipped, "", ".", "..", "a.b.c", message]
    {
        for algorithm in Algorithm::ALL {
            assert_eq!(keyring.verify(algorithm, forged), None, "{forged}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_by_one_process_is_followed_by_another_and_old_tokens_last() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let (operator, server, other) = (
        timed(&folder, &hands, "").await,
        timed(&folder, &hands, "").await,
        timed(&folder, &hands, "").await,
    );
    server.prepare().await.unwrap();
    other.prepare().await.unwrap();
    hands.forward(SIGN_AFTER);
    let old = Algorithm::ALL.map(|algorithm| server.sign(algorithm, PAYLOAD));
    let generation = server.generation();

    let rotated = operator.rotate(&Algorithm::ALL, Replace::Gradually).await.unwrap();
    assert_eq!(rotated.keys.len(), 2);
    server.look().await.unwrap();
    // The other process may not know the new keys yet, so nothing is signed with them.
    assert_eq!(key_id(&server.sign(Algorithm::Hs256, PAYLOAD)), key_id(&old[0]));
    other.look().await.unwrap();
    hands.forward(SIGN_AFTER);
    for (algorithm, old) in Algorithm::ALL.into_iter().zip(&old) {
        let new = server.sign(algorithm, PAYLOAD);
        assert_ne!(key_id(&new), key_id(old));
        assert!(rotated.keys.iter().any(|key| key.id == key_id(&new)));
        for keyring in [&server, &other] {
            assert_eq!(keyring.verify(algorithm, &new).as_deref(), Some(PAYLOAD));
            assert_eq!(keyring.verify(algorithm, old).as_deref(), Some(PAYLOAD));
        }
    }
    assert_eq!(server.generation(), generation, "no key has gone");

    hands.forward(limits::TOKEN_LIFE);
    server.look().await.unwrap();
    assert!(
        server.verify(Algorithm::Rs256, &old[1]).is_some(),
        "the last token may have been signed a bit later"
    );
    hands.forward(MARGIN);
    server.look().await.unwrap();
    for (algorithm, old) in Algorithm::ALL.into_iter().zip(&old) {
        assert_eq!(server.verify(algorithm, old), None);
    }
    assert_ne!(server.generation(), generation);
    assert_eq!(server.store.signing_keys().await.unwrap().len(), 2, "expired keys are removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_at_once_leaves_nothing_of_the_former_keys() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let (operator, server) = (timed(&folder, &hands, "").await, timed(&folder, &hands, "").await);
    server.prepare().await.unwrap();
    let old = Algorithm::ALL.map(|algorithm| server.sign(algorithm, PAYLOAD));
    operator.rotate(&[Algorithm::Hs256], Replace::Gradually).await.unwrap();
    let generation = server.generation();
    let rotated = operator.rotate(&[Algorithm::Hs256], Replace::AtOnce).await.unwrap();
    assert_eq!((rotated.keys.len(), rotated.former), (1, Former::Remove));
    server.look().await.unwrap();
    assert_eq!(server.verify(Algorithm::Hs256, &old[0]), None);
    assert_ne!(server.generation(), generation, "what was verified is to be verified again");
    let new = server.sign(Algorithm::Hs256, PAYLOAD);
    assert_eq!(key_id(&new), rotated.keys[0].id, "there is no other key to sign with meanwhile");
    assert_eq!(server.verify(Algorithm::Rs256, &old[1]).as_deref(), Some(PAYLOAD), "those were not replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_rotate_at_once_agree() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let (one, two) = (timed(&folder, &hands, "").await, timed(&folder, &hands, "").await);
    let (first, second) = tokio::join!(one.prepare(), two.prepare());
    first.and(second).unwrap();
    assert_eq!(one.store.signing_keys().await.unwrap().len(), 2);
    let (first, second) = tokio::join!(
        one.rotate(&Algorithm::ALL, Replace::Gradually),
        two.rotate(&Algorithm::ALL, Replace::Gradually)
    );
    first.and(second).unwrap();
    let stored = one.store.signing_keys().await.unwrap();
    assert_eq!((stored.len(), stored.iter().filter(|key| key.is_current()).count()), (6, 2));
    hands.forward(SIGN_AFTER);
    for keyring in [&one, &two] {
        keyring.look().await.unwrap();
    }
    hands.forward(SIGN_AFTER);
    for algorithm in Algorithm::ALL {
        assert_eq!(key_id(&one.sign(algorithm, PAYLOAD)), key_id(&two.sign(algorithm, PAYLOAD)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let keyring = timed(&folder, &hands, "").await;
    for _ in 0..MOST_KEYS {
        keyring.rotate(&[Algorithm::Hs256], Replace::Gradually).await.unwrap();
    }
    let refused = keyring.rotate(&[Algorithm::Hs256], Replace::Gradually).await.unwrap_err();
    assert_eq!(refused, KeyringError::TooMany(Algorithm::Hs256));
    keyring.rotate(&[Algorithm::Hs256], Replace::AtOnce).await.unwrap();
    assert_eq!(keyring.store.signing_keys().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_encrypted_from_the_start_that_has_a_key_on() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let plain = timed(&folder, &hands, "").await;
    plain.prepare().await.unwrap();
    let token = plain.sign(Algorithm::Rs256, PAYLOAD);
    let before = plain.store.signing_keys().await.unwrap();

    let one = timed(&folder, &hands, ONE).await;
    one.prepare().await.unwrap();
    let stored = one.store.signing_keys().await.unwrap();
    assert!(stored.iter().all(|key| key.encrypted_with.is_some()));
    for (before, stored) in before.iter().zip(&stored) {
        assert_eq!(before.id, stored.id);
        let clear = &before.secret[..];
        assert!(!stored.secret.windows(clear.len()).any(|window| window == clear));
    }
    assert_eq!(one.verify(Algorithm::Rs256, &token).as_deref(), Some(PAYLOAD), "the same keys");
    // A process that started before goes on with the keys that it knows.
    plain.look().await.unwrap();
    assert_eq!(plain.verify(Algorithm::Rs256, &token).as_deref(), Some(PAYLOAD));

    for wrong in ["", TWO] {
        let keyring = timed(&folder, &hands, wrong).await;
        assert!(matches!(keyring.prepare().await, Err(KeyringError::Encrypted { .. })), "{wrong}");
        assert!(matches!(
            keyring.rotate(&Algorithm::ALL, Replace::Gradually).await,
            Err(KeyringError::Encrypted { .. })
        ));
        assert!(matches!(
            keyring.rotate(&Algorithm::ALL, Replace::AtOnce).await,
            Err(KeyringError::Encrypted { .. })
        ));
        assert_eq!(keyring.verify(Algorithm::Rs256, &token), None);
    }
    assert_eq!(one.store.signing_keys().await.unwrap(), stored, "nothing was changed by those");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_encrypts_is_changed_by_putting_another_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Arc::new(Hands::default());
    let one = timed(&folder, &hands, ONE).await;
    one.prepare().await.unwrap();
    let token = one.sign(Algorithm::Hs256, PAYLOAD);
    timed(&folder, &hands, &format!("{TWO}\n{ONE}")).await.prepare().await.unwrap();
    let two = timed(&folder, &hands, TWO).await;
    two.prepare().await.unwrap();
    assert_eq!(two.verify(Algorithm::Hs256, &token).as_deref(), Some(PAYLOAD));
    assert!(timed(&folder, &hands, ONE).await.prepare().await.is_err());

    // Where the key is lost, the signing keys are made anew.
    let three = timed(&folder, &hands, &ONE.replace('1', "3")).await;
    assert!(three.prepare().await.is_err());
    three.rotate(&Algorithm::ALL, Replace::Unread).await.unwrap();
    three.prepare().await.unwrap();
    assert_eq!(three.verify(Algorithm::Hs256, &token), None);
    assert!(three.store.signing_keys().await.unwrap().iter().all(|key| key.encrypted_with.is_some()));
}
