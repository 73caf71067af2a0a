//! Credentials, sessions and passwords.

use directory::caller::Dialect;
use directory::credential::{Credential, KeyHash, Scopes, Session};
use directory::ids::{CredentialId, SessionId};
use directory::status::Status;
use directory::throttle::RateLimit;
use directory::{Change, PersonChange, Refusal, limits};
use uuid::Uuid;

use crate::stage::*;

fn credential(stage: &Stage, n: u128, public_id: &str) -> Credential {
    Credential {
        id: CredentialId(Uuid::from_u128(n)),
        tenant: stage.here.tenant,
        organization: stage.here.root,
        dialect: Dialect::Replay,
        name: "A key".into(),
        public_id: public_id.into(),
        keys: vec![KeyHash::new("one", at(1)), KeyHash::new("two", at(2))],
        scopes: Scopes(vec!["read".into(), "write".into()]),
        rate_limit: RateLimit::PerMinute(100.try_into().unwrap()),
        created_at: at(3),
        expires_at: Some(at(500)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn session(stage: &Stage, n: u128, person: u64) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(n)),
        tenant: stage.here.tenant,
        organization: stage.here.root,
        organization_number: directory::ids::Number::new(1).unwrap(),
        person: person_id(person),
        person_number: directory::ids::Number::new(person).unwrap(),
        refresh: KeyHash::new("refresh", at(1)),
        created_at: at(1),
        expires_at: at(900),
        revoked_at: None,
        is_live: true,
    }
}

#[tokio::test]
async fn a_credential_is_found_by_its_public_id_until_and_after_it_is_revoked() {
    let stage = Stage::open().await;
    let one = credential(&stage, 1, "one");
    stage.store.add_credential(one.clone()).await.unwrap();
    let get = async |dialect, id: &str| stage.store.credential(dialect, id.to_owned()).await.unwrap();
    assert_eq!(get(Dialect::Replay, "one").await.as_ref(), Some(&one));
    assert_eq!(get(Dialect::Kare, "one").await, None);
    assert_eq!(get(Dialect::Replay, "ONE").await, None);
    assert_eq!(
        stage.store.add_credential(credential(&stage, 2, "one")).await,
        Err(Refusal::Taken { attribute: "public_id" })
    );
    stage.store.add_credential(credential(&stage, 2, "two")).await.unwrap();
    assert_eq!(stage.store.credentials(Some(stage.here.tenant)).await.unwrap().len(), 2);
    assert_eq!(stage.store.credentials(Some(stage.there.tenant)).await.unwrap().len(), 0);
    assert_eq!(stage.store.credentials(None).await.unwrap().len(), 2);

    let revoke =
        async |n, now| stage.store.revoke_credential(CredentialId(Uuid::from_u128(n)), now).await.unwrap();
    assert!(revoke(1, at(10)).await);
    assert!(!revoke(1, at(11)).await);
    assert!(!revoke(9, at(10)).await);
    assert!(!revoke(2, at(501)).await, "it had run out");
    assert_eq!(get(Dialect::Replay, "one").await.unwrap().revoked_at, Some(at(10)));
    stage.end().await;
}

#[tokio::test]
async fn the_rate_limit_of_a_live_credential_can_be_changed() {
    let stage = Stage::open().await;
    stage.store.add_credential(credential(&stage, 1, "one")).await.unwrap();
    let id = CredentialId(Uuid::from_u128(1));
    let limit = async |id, limit, now| stage.store.limit_credential(id, limit, now).await.unwrap();
    let get =
        async || stage.store.credential(Dialect::Replay, "one".into()).await.unwrap().unwrap().rate_limit;
    let most = RateLimit::PerMinute(u32::MAX.try_into().unwrap());
    for changed in [RateLimit::OfDialect, RateLimit::Unlimited, most] {
        assert!(limit(id, changed, at(10)).await);
        assert_eq!(get().await, changed);
        assert_eq!(stage.store.credentials(None).await.unwrap()[0].rate_limit, changed);
    }
    assert!(!limit(CredentialId(Uuid::from_u128(9)), RateLimit::Unlimited, at(10)).await);
    assert!(!limit(id, RateLimit::Unlimited, at(501)).await, "it had run out");
    stage.store.revoke_credential(id, at(20)).await.unwrap();
    assert!(!limit(id, RateLimit::Unlimited, at(21)).await);
    assert_eq!(get().await, most);
    stage.end().await;
}

#[tokio::test]
async fn the_latest_use_of_a_credential_counts_and_is_not_the_directorys_matter() {
    let stage = Stage::open().await;
    stage.store.add_credential(credential(&stage, 1, "one")).await.unwrap();
    let hash = stage.hash().await;
    let id = CredentialId(Uuid::from_u128(1));
    let unknown = CredentialId(Uuid::from_u128(9));
    for minutes in [20, 30, 25] {
        stage.store.note_use(vec![(id, at(minutes)), (unknown, at(1))]).await.unwrap();
    }
    let found = stage.store.credential(Dialect::Replay, "one".into()).await.unwrap().unwrap();
    assert_eq!(found.last_used_at, Some(at(30)));
    assert_eq!(stage.hash().await, hash);
    stage.end().await;
}

#[tokio::test]
async fn a_session_lives_while_its_person_may_sign_in_there() {
    let stage = Stage::open().await;
    let (ada, grace) = (session(&stage, 1, ADA), session(&stage, 2, GRACE));
    for session in [&ada, &grace] {
        stage.store.add_session(session.clone()).await.unwrap();
    }
    let get = async |id| stage.store.session(id).await.unwrap();
    assert_eq!(get(ada.id).await.as_ref(), Some(&ada));
    assert_eq!(get(SessionId(Uuid::from_u128(9))).await, None);
    let status = |status| PersonChange { status: Change::Set(status), ..PersonChange::default() };
    stage.change(ADA, status(Status::LoginBlocked)).await.unwrap();
    assert!(!get(ada.id).await.unwrap().is_live);
    stage.change(ADA, status(Status::Active)).await.unwrap();
    assert!(get(ada.id).await.unwrap().is_live);
    stage.remove(ADA).await.unwrap();
    let ended = get(ada.id).await.unwrap();
    assert_eq!((ended.is_live, ended.revoked_at), (false, Some(at(100))));
    assert_eq!(get(grace.id).await, Some(grace));
    // Who comes back signs in anew.
    stage.add(vec![new_person(NEWCOMER, with_external_id("e-1"))]).await.unwrap();
    assert_eq!(get(ada.id).await.unwrap().revoked_at, Some(at(100)));
    stage.end().await;
}

#[tokio::test]
async fn sessions_that_ran_out_are_swept_away() {
    let stage = Stage::open().await;
    let old = session(&stage, 1, ADA);
    stage.store.add_session(old.clone()).await.unwrap();
    let new = Session { created_at: at(901), expires_at: at(2_000), ..session(&stage, 2, GRACE) };
    stage.store.add_session(new.clone()).await.unwrap();
    assert_eq!(stage.store.session(old.id).await, Ok(None));
    assert!(stage.store.session(new.id).await.unwrap().is_some());
    stage.end().await;
}

#[tokio::test]
async fn people_with_a_password_sign_in_by_any_address_of_theirs() {
    let stage = Stage::open().await;
    let candidates = async |email: &str| stage.store.sign_in_candidates(email.to_owned()).await.unwrap();
    assert_eq!(candidates("ada@example.com").await, []);
    stage.store.set_password(stage.here.tenant, person_id(ADA), "first".into()).await.unwrap();
    stage.store.set_password(stage.here.tenant, person_id(ADA), "second".into()).await.unwrap();
    stage.store.set_password(stage.here.tenant, person_id(NEWCOMER), "nobody's".into()).await.unwrap();
    let found = candidates("ada@example.com").await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].tenant, found[0].person), (stage.here.tenant, person_id(ADA)));
    assert_eq!((found[0].password_hash.as_str(), found[0].may_sign_in), ("second", true));
    assert_eq!(found[0].organization.unwrap().0, stage.here.root);
    assert_eq!(found[0].activated_at, None);

    let change = PersonChange {
        email_aliases: Change::Set(vec![email("alias@x.org")]),
        activated_at: Change::Set(at(7)),
        status: Change::Set(Status::DisabledByAdmin),
        ..PersonChange::default()
    };
    stage.change(ADA, change).await.unwrap();
    let found = candidates("alias@x.org").await;
    assert_eq!((found[0].may_sign_in, found[0].activated_at), (false, Some(at(7))));
    stage.remove(ADA).await.unwrap();
    assert_eq!(candidates("alias@x.org").await, []);

    let person = |n| {
        let mut person = new_person(n, with_email(&format!("p{n}@x.org")));
        person.password_hash = Some("given".into());
        person
    };
    stage.add((50..60).map(person).collect()).await.unwrap();
    assert_eq!(candidates("p55@x.org").await[0].password_hash, "given");
    assert!(candidates("p55@x.org").await.len() <= limits::LOG_IN_CANDIDATES);
    stage.end().await;
}
