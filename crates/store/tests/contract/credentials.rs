//! Credentials, sessions and passwords.

use directory::caller::Dialect;
use directory::change::Value;
use directory::credential::{Credential, CredentialUse, KeyHash, KeyRotation, Scopes, Session};
use directory::ids::{CredentialId, SessionId};
use directory::query::{Direction, Filter, Literal, Operator, Page, Query, Window};
use directory::status::Status;
use directory::store::{Origin, SessionQuery, Sessions};
use directory::throttle::RateLimit;
use directory::{Attribute, Change, CredentialField, PersonChange, Property, Refusal};
use uuid::Uuid;

use crate::stage::*;

pub(crate) fn credential(stage: &Stage, n: u128, public_id: &str) -> Credential {
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
        old_key_used_at: None,
        person: None,
        description: None,
    }
}

pub(crate) fn session(stage: &Stage, n: u128, person: u64) -> Session {
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
    stage.store.add_credential(one.clone(), origin(0)).await.unwrap();
    let get = async |dialect, id: &str| stage.store.credential(dialect, id.to_owned()).await.unwrap();
    assert_eq!(get(Dialect::Replay, "one").await.as_ref(), Some(&one));
    assert_eq!(get(Dialect::Kare, "one").await, None);
    assert_eq!(get(Dialect::Replay, "ONE").await, None);
    assert_eq!(
        stage.store.add_credential(credential(&stage, 2, "one"), origin(0)).await,
        Err(Refusal::Taken { attribute: Attribute::Of(Property::PublicId) })
    );
    stage.store.add_credential(credential(&stage, 2, "two"), origin(0)).await.unwrap();

    let revoke = async |n, now| {
        stage
            .store
            .revoke_credential(CredentialId(Uuid::from_u128(n)), Origin::of_command("the case", now))
            .await
            .unwrap()
    };
    assert!(revoke(1, at(10)).await);
    assert!(!revoke(1, at(11)).await);
    assert!(!revoke(9, at(10)).await);
    assert!(!revoke(2, at(501)).await, "it had run out");
    assert_eq!(get(Dialect::Replay, "one").await.unwrap().revoked_at, Some(at(10)));
    stage.end().await;
}

#[tokio::test]
async fn credentials_are_listed_by_what_they_are_page_by_page() {
    let stage = Stage::open().await;
    for n in 1..=6_u128 {
        let credential = Credential {
            organization: if n == 5 { stage.here.child } else { stage.here.root },
            dialect: if n == 4 { Dialect::Laurel } else { Dialect::Replay },
            // The last two were made first.
            created_at: at(if n > 4 { 1 } else { 3 }),
            ..credential(&stage, n, &format!("key {n}"))
        };
        stage.store.add_credential(credential, origin(0)).await.unwrap();
    }
    assert!(stage.store.revoke_credential(CredentialId(Uuid::from_u128(2)), origin(20)).await.unwrap());
    let order = vec![(CredentialField::CreatedAt, Direction::Ascending)];
    let list = async |tenant, query: Query<CredentialField>| {
        stage.store.list_credentials(tenant, query).await.unwrap()
    };
    let ids = |page: &Page<Credential>| page.items.iter().map(|it| it.id.0.as_u128()).collect::<Vec<_>>();
    let mut query = Query::first(Filter::All(vec![]), order.clone(), 4);
    let first = list(stage.here.tenant, query.clone()).await;
    assert_eq!((ids(&first), first.has_next), (vec![5, 6, 1, 2], true));
    assert_eq!(first.items[3].revoked_at, Some(at(20)), "revoked ones too");
    assert_eq!(first.items[0].organization, stage.here.child);
    query.window = Window::After(first.bounds.unwrap().1, 4);
    let rest = list(stage.here.tenant, query).await;
    assert_eq!((ids(&rest), rest.has_next), (vec![3, 4], false));

    let is = |field, literal| Filter::Compare(field, Operator::Equal, literal);
    for (filter, expected) in [
        (is(CredentialField::Dialect, Literal::Text("laurel".into())), vec![4]),
        (is(CredentialField::Organization, Literal::Uuid(stage.here.child.0)), vec![5]),
        (is(CredentialField::PublicId, Literal::Text("key 6".into())), vec![6]),
        (is(CredentialField::Id, Literal::Uuid(Uuid::from_u128(3))), vec![3]),
        (is(CredentialField::PublicId, Literal::Text("KEY 6".into())), vec![]),
    ] {
        let query = Query { count: true, ..Query::first(filter.clone(), order.clone(), 9) };
        let page = list(stage.here.tenant, query.clone()).await;
        assert_eq!((ids(&page), page.total), (expected.clone(), Some(expected.len() as u64)), "{filter:?}");
        assert_eq!(ids(&list(stage.there.tenant, query).await), [0; 0]);
    }
    stage.end().await;
}

#[tokio::test]
async fn the_rate_limit_of_a_live_credential_can_be_changed() {
    let stage = Stage::open().await;
    stage.store.add_credential(credential(&stage, 1, "one"), origin(0)).await.unwrap();
    let id = CredentialId(Uuid::from_u128(1));
    let limit = async |id, limit, now| {
        stage.store.limit_credential(id, limit, Origin::of_command("the case", now)).await.unwrap()
    };
    let get =
        async || stage.store.credential(Dialect::Replay, "one".into()).await.unwrap().unwrap().rate_limit;
    let most = RateLimit::PerMinute(u32::MAX.try_into().unwrap());
    for changed in [RateLimit::OfDialect, RateLimit::Unlimited, most] {
        assert!(limit(id, changed, at(10)).await);
        assert_eq!(get().await, changed);
        let query = Query::first(Filter::All(vec![]), vec![], 9);
        let page = stage.store.list_credentials(stage.here.tenant, query).await.unwrap();
        assert_eq!(page.items[0].rate_limit, changed);
    }
    assert!(!limit(CredentialId(Uuid::from_u128(9)), RateLimit::Unlimited, at(10)).await);
    assert!(!limit(id, RateLimit::Unlimited, at(501)).await, "it had run out");
    stage.store.revoke_credential(id, origin(20)).await.unwrap();
    assert!(!limit(id, RateLimit::Unlimited, at(21)).await);
    assert_eq!(get().await, most);
    stage.end().await;
}

#[tokio::test]
async fn a_credential_has_two_keys_while_it_is_rotated() {
    let stage = Stage::open().await;
    let one = Credential { keys: vec![KeyHash::new("first", at(0))], ..credential(&stage, 1, "one") };
    stage.store.add_credential(one, origin(0)).await.unwrap();
    let id = CredentialId(Uuid::from_u128(1));
    let rotate = async |id, rotation| stage.store.rotate_credential(id, rotation, origin(10)).await.unwrap();
    let get = async || stage.store.credential(Dialect::Replay, "one".into()).await.unwrap().unwrap();
    let first = get().await.keys;
    let [second, third] = ["second", "third"].map(|secret| KeyHash::new(secret, at(10)));

    let two = vec![first[0].clone(), second.clone()];
    assert_eq!(rotate(id, KeyRotation::Add(second.clone())).await, Some([first, two.clone()]));
    assert_eq!(get().await.keys, two);
    assert!(get().await.accepts("second") && get().await.is_of_old_key("anything else"));
    let next = vec![second.clone(), third.clone()];
    assert_eq!(rotate(id, KeyRotation::Add(third.clone())).await, Some([two.clone(), next.clone()]));
    let undo = KeyRotation::Undo { added: third.clone(), before: two.clone() };
    assert_eq!(rotate(id, undo.clone()).await, Some([next, two.clone()]));
    assert_eq!(rotate(id, undo).await, Some([two.clone(), two.clone()]), "it is undone");
    let one = vec![second];
    assert_eq!(rotate(id, KeyRotation::DropOld).await, Some([two, one.clone()]));
    assert_eq!(rotate(id, KeyRotation::DropOld).await, Some([one.clone(), one.clone()]));
    assert_eq!(get().await.keys, one);
    assert!(!get().await.is_of_old_key("second"));

    assert_eq!(rotate(CredentialId(Uuid::from_u128(9)), KeyRotation::DropOld).await, None);
    stage.store.revoke_credential(id, origin(20)).await.unwrap();
    assert_eq!(rotate(id, KeyRotation::Add(third)).await, None);
    assert_eq!(get().await.keys, one);
    stage.end().await;
}

#[tokio::test]
async fn the_latest_use_of_a_credential_counts_and_is_not_the_directorys_matter() {
    let stage = Stage::open().await;
    stage.store.add_credential(credential(&stage, 1, "one"), origin(0)).await.unwrap();
    let hash = stage.hash().await;
    let id = CredentialId(Uuid::from_u128(1));
    let unknown = CredentialId(Uuid::from_u128(9));
    for minutes in [20, 30, 25] {
        let of = |credential, minutes, old: Option<i64>| CredentialUse {
            credential,
            at: at(minutes),
            old_key_at: old.map(at),
        };
        let old = (minutes == 25).then_some(24);
        stage.store.note_use(vec![of(id, minutes, old), of(unknown, 1, Some(1))]).await.unwrap();
    }
    let found = stage.store.credential(Dialect::Replay, "one".into()).await.unwrap().unwrap();
    assert_eq!((found.last_used_at, found.old_key_used_at), (Some(at(30)), Some(at(24))));
    assert_eq!(stage.hash().await, hash);
    stage.end().await;
}

/// Gives a person this password hash, as an operator does.
async fn set_password(stage: &Stage, person: u64, hash: &str) {
    let change = PersonChange { password_hash: Change::Set(hash.to_owned()), ..PersonChange::default() };
    stage.change_by_operator(person, change).await.unwrap();
}

/// Adds sessions of people who have the password that goes with them.
async fn signed_in(stage: &Stage, sessions: &[&Session]) {
    for session in sessions {
        assert_eq!(stage.store.add_session((*session).clone(), HASH.into(), origin(0)).await, Ok(true));
    }
}

pub(crate) const HASH: &str = "$argon2id$one";

fn with_status(status: Status) -> PersonChange {
    PersonChange { status: Change::Set(status), ..PersonChange::default() }
}

#[tokio::test]
async fn a_change_of_status_and_a_new_password_end_all_sessions_for_good() {
    let stage = Stage::open().await;
    for person in [ADA, GRACE] {
        set_password(&stage, person, HASH).await;
    }
    let (ada, grace) = (session(&stage, 1, ADA), session(&stage, 9, GRACE));
    signed_in(&stage, &[&ada, &grace]).await;
    let get = async |session: &Session| stage.store.session(session.id).await.unwrap().unwrap();
    assert_eq!(get(&ada).await, ada);
    assert_eq!(stage.store.session(SessionId(Uuid::from_u128(8))).await, Ok(None));

    stage.change(ADA, titled("a change of another kind")).await.unwrap();
    assert_eq!(get(&ada).await, ada);
    stage.change_by_operator(ADA, with_status(Status::LoginBlocked)).await.unwrap();
    assert_eq!((get(&ada).await.is_live, get(&ada).await.revoked_at), (false, Some(at(100))));
    stage.change_by_operator(ADA, with_status(Status::Active)).await.unwrap();
    assert_eq!((get(&ada).await.is_live, get(&ada).await.revoked_at), (true, Some(at(100))));

    let again = session(&stage, 2, ADA);
    signed_in(&stage, &[&again]).await;
    set_password(&stage, ADA, "$argon2id$two").await;
    assert_eq!(get(&again).await.revoked_at, Some(at(100)));
    // Nobody else's ended.
    assert_eq!(get(&grace).await, grace);
    let newest = stage.newest_event().await;
    assert_eq!(newest.changes.len(), 1);
    assert_eq!(newest.changes[0].attribute, Attribute::Password);
    assert_eq!((&newest.changes[0].before, &newest.changes[0].after), (&Value::Null, &Value::Secret));
    stage.end().await;
}

#[tokio::test]
async fn who_leaves_loses_the_sessions_there_and_with_the_last_membership_the_password() {
    let stage = Stage::open().await;
    set_password(&stage, ADA, HASH).await;
    let ada = session(&stage, 1, ADA);
    signed_in(&stage, &[&ada]).await;
    stage.remove(ADA).await.unwrap();
    let ended = stage.store.session(ada.id).await.unwrap().unwrap();
    assert_eq!((ended.is_live, ended.revoked_at), (false, Some(at(100))));
    stage.add(vec![new_person(NEWCOMER, with_external_id("e-1"))]).await.unwrap();
    assert_eq!(stage.store.session(ada.id).await.unwrap().unwrap().revoked_at, Some(at(100)));
    // The person of before, without the password of before.
    assert_eq!(stage.person(ADA).await.person.id, person_id(ADA));
    assert_eq!(stage.store.sign_in_candidates("ada@example.com".into()).await, Ok(Vec::new()));
    let new = session(&stage, 2, ADA);
    assert_eq!(stage.store.add_session(new, HASH.into(), origin(0)).await, Ok(false));
    stage.end().await;
}

#[tokio::test]
async fn a_session_begins_with_the_password_of_now_and_only_where_the_person_may_sign_in() {
    let stage = Stage::open().await;
    let add = async |n, organization: u64, hash: &str| {
        let number = directory::ids::Number::new(organization).unwrap();
        let id = if organization == 1 { stage.here.root } else { stage.here.child };
        let session = Session { organization: id, organization_number: number, ..session(&stage, n, ADA) };
        let added = stage.store.add_session(session.clone(), hash.to_owned(), origin(0)).await.unwrap();
        assert_eq!(stage.store.session(session.id).await.unwrap().is_some(), added);
        added
    };
    assert!(!add(1, 1, HASH).await, "there is no password");
    set_password(&stage, ADA, HASH).await;
    assert!(add(2, 1, HASH).await);
    assert!(!add(3, 1, "$argon2id$of_before").await);
    assert!(!add(4, 2, HASH).await, "no member there");
    // Another hash of the same password takes its place, unless there is a new password by now.
    let replace = async |old: &str, new: &str| {
        let (old, new) = (old.to_owned(), new.to_owned());
        stage.store.replace_password_hash(stage.here.tenant, person_id(ADA), old, new).await.unwrap();
    };
    replace("$argon2id$of_before", "$argon2id$wrong").await;
    assert!(add(5, 1, HASH).await);
    replace(HASH, "$argon2id$other_salt").await;
    assert!(add(6, 1, "$argon2id$other_salt").await);
    let kept = stage.store.session(SessionId(Uuid::from_u128(5))).await.unwrap().unwrap();
    assert_eq!(kept.revoked_at, None, "that was no new password");
    stage.change_by_operator(ADA, with_status(Status::DisabledByAdmin)).await.unwrap();
    assert!(!add(7, 1, "$argon2id$other_salt").await);
    stage.end().await;
}

#[tokio::test]
async fn operators_list_sessions_and_revoke_them() {
    let stage = Stage::open().await;
    for person in [ADA, GRACE] {
        set_password(&stage, person, HASH).await;
    }
    let all = [(1, ADA), (2, ADA), (3, GRACE)].map(|(n, person)| session(&stage, n, person));
    signed_in(&stage, &all.each_ref()).await;
    let everything = SessionQuery { tenant: stage.here.tenant, organization: None, person: None, limit: 10 };
    let list = async |query: &SessionQuery, now| {
        let found = stage.store.sessions(query.clone(), at(now)).await.unwrap();
        found.into_iter().map(|session| session.id.0.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(stage.store.sessions(everything.clone(), at(2)).await.unwrap().last(), Some(&all[0]));
    assert_eq!(list(&everything, 2).await, [3, 2, 1]);
    assert_eq!(list(&SessionQuery { limit: 2, ..everything.clone() }, 2).await, [3, 2]);
    assert_eq!(list(&everything, 900).await, [0; 0], "all have expired");
    let of = |person| SessionQuery { person: Some(person_id(person)), ..everything.clone() };
    assert_eq!(list(&of(ADA), 2).await, [2, 1]);
    assert_eq!(list(&of(NEWCOMER), 2).await, [0; 0]);
    let at_place = |id| SessionQuery { organization: Some(id), ..everything.clone() };
    assert_eq!(list(&at_place(stage.here.root), 2).await, [3, 2, 1]);
    assert_eq!(list(&at_place(stage.here.child), 2).await, [0; 0]);
    let elsewhere = SessionQuery { tenant: stage.there.tenant, ..everything.clone() };
    assert_eq!(list(&elsewhere, 2).await, [0; 0]);

    let revoke = async |which, now| stage.store.revoke_sessions(which, origin(now)).await.unwrap();
    assert_eq!(revoke(Sessions::One(all[0].id), 5).await, 1);
    assert_eq!(revoke(Sessions::One(all[0].id), 6).await, 0);
    assert_eq!(revoke(Sessions::One(SessionId(Uuid::from_u128(8))), 6).await, 0);
    assert_eq!(revoke(Sessions::OfPerson(stage.there.tenant, person_id(ADA)), 7).await, 0);
    assert_eq!(revoke(Sessions::OfPerson(stage.here.tenant, person_id(ADA)), 7).await, 1);
    let revoked_at = async |one: &Session| stage.store.session(one.id).await.unwrap().unwrap().revoked_at;
    assert_eq!(revoked_at(&all[0]).await, Some(at(5)));
    assert_eq!(revoked_at(&all[1]).await, Some(at(7)));
    assert_eq!(revoked_at(&all[2]).await, None);
    stage.end().await;
}

#[tokio::test]
async fn sessions_that_ran_out_are_swept_away() {
    let stage = Stage::open().await;
    for person in [ADA, GRACE] {
        set_password(&stage, person, HASH).await;
    }
    let old = session(&stage, 1, ADA);
    let new = Session { created_at: at(901), expires_at: at(2_000), ..session(&stage, 2, GRACE) };
    signed_in(&stage, &[&old, &new]).await;
    assert_eq!(stage.store.session(old.id).await, Ok(None));
    assert!(stage.store.session(new.id).await.unwrap().is_some());
    stage.end().await;
}

#[tokio::test]
async fn people_with_a_password_sign_in_by_any_address_of_theirs() {
    let stage = Stage::open().await;
    let candidates = async |email: &str| stage.store.sign_in_candidates(email.to_owned()).await.unwrap();
    assert_eq!(candidates("ada@example.com").await, []);
    set_password(&stage, ADA, "first").await;
    set_password(&stage, ADA, "second").await;
    let found = candidates("ada@example.com").await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].tenant, found[0].person), (stage.here.tenant, person_id(ADA)));
    assert_eq!((found[0].password_hash.as_str(), found[0].may_sign_in), ("second", true));
    assert_eq!(found[0].activated_at, None);
    let first = async |n| stage.store.first_organization(stage.here.tenant, person_id(n)).await.unwrap();
    assert_eq!(first(ADA).await, Some((stage.here.root, directory::ids::Number::new(1).unwrap())));
    assert_eq!(first(NEWCOMER).await, None);

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
    assert_eq!(first(ADA).await, None);

    let person = |n| {
        let mut person = new_person(n, with_email(&format!("p{n}@x.org")));
        person.change.password_hash = Change::Set("given".into());
        person
    };
    stage.add((50..60).map(person).collect()).await.unwrap();
    assert_eq!(candidates("p55@x.org").await[0].password_hash, "given");
    stage.end().await;
}

#[tokio::test]
async fn an_address_is_found_in_every_tenant_that_has_it() {
    let stage = Stage::open().await;
    let mut tenants = Vec::new();
    for n in 0..12 {
        let (tenant, root) = another_tenant(stage.store.as_ref(), 50 + n).await;
        let mut person = new_person(1, with_email("both@x.org"));
        person.change.password_hash = Change::Set(format!("hash {n}"));
        let audit = audit_in(tenant, root, "the case");
        stage.store.add_people(tenant, root, vec![person], audit).await.unwrap();
        tenants.push(tenant);
    }
    let found = stage.store.sign_in_candidates("both@x.org".into()).await.unwrap();
    assert_eq!(found.iter().map(|it| it.tenant).collect::<Vec<_>>(), tenants);
    stage.end().await;
}
