//! The keys that tokens are signed with: one current key of each algorithm, and those that it replaced.

use directory::ports::Algorithm;
use directory::signing_key::{Former, Rotation, SigningKey};

use crate::stage::*;

fn key(id: &str, algorithm: Algorithm) -> SigningKey {
    SigningKey {
        id: id.into(),
        algorithm,
        secret: id.as_bytes().to_vec(),
        encrypted_with: None,
        created_at: at(1),
        retired_at: None,
        expires_at: None,
    }
}

async fn ids(stage: &Stage) -> Vec<String> {
    stage.store.signing_keys().await.unwrap().into_iter().map(|key| key.id).collect()
}

#[tokio::test]
async fn of_two_signing_keys_the_first_is_kept() {
    let stage = Stage::open().await;
    assert_eq!(stage.store.signing_keys().await.unwrap(), []);
    let a = key("a", Algorithm::Hs256);
    assert_eq!(stage.store.add_signing_key(a.clone()).await.unwrap(), a);
    assert_eq!(stage.store.add_signing_key(key("b", Algorithm::Hs256)).await.unwrap(), a);
    let c = SigningKey { encrypted_with: Some("with".into()), ..key("c", Algorithm::Rs256) };
    stage.store.add_signing_key(c.clone()).await.unwrap();
    assert_eq!(stage.store.signing_keys().await.unwrap(), [a, c]);
    assert!(stage.store.is_ready().await);
    stage.end().await;
}

#[tokio::test]
async fn a_replaced_signing_key_stays_until_it_expires() {
    let stage = Stage::open().await;
    let (a, b, c) = (key("a", Algorithm::Hs256), key("b", Algorithm::Rs256), key("c", Algorithm::Hs256));
    stage.store.add_signing_key(a.clone()).await.unwrap();
    stage.store.add_signing_key(b.clone()).await.unwrap();
    let rotate = async |key: SigningKey, now, until| {
        let rotation = Rotation { keys: vec![key], former: Former::Expire(at(until)), now: at(now) };
        stage.store.rotate_signing_keys(rotation).await.unwrap();
    };
    rotate(c.clone(), 10, 20).await;
    let retired = |key: SigningKey, now, until| SigningKey {
        retired_at: Some(at(now)),
        expires_at: Some(at(until)),
        ..key
    };
    let a = retired(a, 10, 20);
    assert_eq!(stage.store.signing_keys().await.unwrap(), [a.clone(), c.clone(), b.clone()]);
    assert_eq!(stage.store.add_signing_key(key("x", Algorithm::Hs256)).await.unwrap(), c);

    let d = key("d", Algorithm::Hs256);
    rotate(d.clone(), 15, 25).await;
    let c = retired(c, 15, 25);
    assert_eq!(stage.store.signing_keys().await.unwrap(), [a, c.clone(), d.clone(), b.clone()]);
    stage.store.remove_expired_signing_keys(at(19)).await.unwrap();
    assert_eq!(ids(&stage).await, ["a", "c", "d", "b"]);
    stage.store.remove_expired_signing_keys(at(20)).await.unwrap();
    assert_eq!(stage.store.signing_keys().await.unwrap(), [c, d, b]);
    stage.end().await;
}

#[tokio::test]
async fn a_rotation_can_remove_every_former_key_of_its_algorithms() {
    let stage = Stage::open().await;
    for key in [key("a", Algorithm::Hs256), key("b", Algorithm::Rs256)] {
        stage.store.add_signing_key(key).await.unwrap();
    }
    let keys = vec![key("c", Algorithm::Hs256)];
    let rotation = Rotation { keys, former: Former::Expire(at(20)), now: at(10) };
    stage.store.rotate_signing_keys(rotation.clone()).await.unwrap();
    let keys = vec![key("d", Algorithm::Hs256)];
    stage
        .store
        .rotate_signing_keys(Rotation { keys, former: Former::Remove, ..rotation.clone() })
        .await
        .unwrap();
    assert_eq!(ids(&stage).await, ["d", "b"]);
    // Where there was no key, the new one is simply added; of two algorithms both change or none.
    let keys = vec![key("e", Algorithm::Hs256), key("d", Algorithm::Rs256)];
    let taken = stage.store.rotate_signing_keys(Rotation { keys, ..rotation }).await;
    assert!(taken.is_err(), "an id is unique");
    assert_eq!(ids(&stage).await, ["d", "b"]);
    stage.end().await;
}

#[tokio::test]
async fn rotations_at_the_same_time_happen_one_after_the_other() {
    let stage = Stage::open().await;
    stage.store.add_signing_key(key("first", Algorithm::Hs256)).await.unwrap();
    let rotate = async |id: String| {
        let rotation =
            Rotation { keys: vec![key(&id, Algorithm::Hs256)], former: Former::Expire(at(20)), now: at(10) };
        stage.store.rotate_signing_keys(rotation).await
    };
    let (a, b, c, d) =
        tokio::join!(rotate("a".into()), rotate("b".into()), rotate("c".into()), rotate("d".into()));
    assert_eq!([a, b, c, d], [Ok(()); 4]);
    let keys = stage.store.signing_keys().await.unwrap();
    assert_eq!((keys.len(), keys.iter().filter(|key| key.is_current()).count()), (5, 1), "{keys:?}");
    stage.end().await;
}

#[tokio::test]
async fn a_signing_key_is_rewritten_where_it_still_is() {
    let stage = Stage::open().await;
    let a = key("a", Algorithm::Hs256);
    stage.store.add_signing_key(a.clone()).await.unwrap();
    let rewritten = SigningKey {
        secret: b"other".to_vec(),
        encrypted_with: Some("with".into()),
        // These do not change.
        algorithm: Algorithm::Rs256,
        created_at: at(99),
        ..a.clone()
    };
    let gone = key("gone", Algorithm::Hs256);
    stage.store.rewrite_signing_keys(vec![rewritten.clone(), gone]).await.unwrap();
    let expected = SigningKey { algorithm: a.algorithm, created_at: a.created_at, ..rewritten };
    assert_eq!(stage.store.signing_keys().await.unwrap(), [expected]);
    stage.end().await;
}
