//! Events of organizations, credentials and sessions: one with each change, and none without.

use directory::caller::Channel;
use directory::change::Value;
use directory::credential::{KeyHash, KeyRotation};
use directory::event::{Action, EventQuery, Subject};
use directory::ids::{ObjectId, OrganizationId};
use directory::store::{NewOrganization, Sessions};
use directory::throttle::RateLimit;
use directory::{Attribute, Change, EntityKey, PersonChange, Property, Refusal};
use uuid::Uuid;

use crate::credentials::{HASH, credential, session};
use crate::stage::*;

/// What the events since the beginning of a case say.
struct Told<'s> {
    stage: &'s Stage,
    before: u64,
}

impl<'s> Told<'s> {
    async fn from_now(stage: &'s Stage) -> Self {
        Self { stage, before: stage.newest_event().await.sequence }
    }

    /// Subject, action and attributes of the events since this was asked last, in their order.
    async fn next(&mut self) -> Vec<(Subject, Action, Vec<String>)> {
        let query = EventQuery { after: Some(self.before), ..EventQuery::oldest(100) };
        let events = self.stage.store.events(self.stage.here.tenant, query).await.unwrap().events;
        self.before += events.len() as u64;
        for event in &events {
            assert_eq!((event.actor.via, event.actor.request.as_str()), (Channel::Command, "the case"));
            assert_eq!((event.actor.credential, event.actor.person), (None, None));
        }
        let names = |event: &directory::event::Event| {
            event.changes.iter().map(|change| change.attribute.to_string()).collect()
        };
        events.iter().map(|event| (event.subject, event.action, names(event))).collect()
    }
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn an_organization_is_added_and_renamed_each_with_its_event() {
    let stage = Stage::open().await;
    let mut told = Told::from_now(&stage).await;
    let (tenant, store) = (stage.here.tenant, &stage.store);
    let new = NewOrganization {
        id: OrganizationId(Uuid::from_u128(77)),
        object_id: ObjectId([77; 12]),
        parent: Some(stage.here.root),
        name: "North".into(),
        details: Default::default(),
        created_at: at(7),
    };
    let added = store.add_organization(Some(tenant), new, origin(7)).await.unwrap();
    let subject = Subject::Organization(added.id);
    let all = names(&["number", "object_id", "parent", "name"]);
    assert_eq!(told.next().await, [(subject, Action::Created, all)]);

    let rename =
        async |id, name: &str| store.rename_organization(tenant, id, name.to_owned(), origin(8)).await;
    let renamed = rename(added.id, "South").await.unwrap();
    assert_eq!(renamed.name, "South");
    assert_eq!(store.organization(tenant, added.id).await.unwrap(), Some(renamed.clone()));
    assert_eq!(told.next().await, [(subject, Action::Changed, names(&["name"]))]);

    assert_eq!(rename(added.id, "South").await, Ok(renamed));
    let taken = Refusal::Taken { attribute: Attribute::Of(Property::Name) };
    assert_eq!(rename(added.id, "Root").await, Err(taken));
    let (attribute, value) = (Attribute::Of(Property::Organization), OrganizationId::NIL.to_string());
    assert_eq!(rename(OrganizationId::NIL, "West").await, Err(Refusal::Unknown { attribute, value }));
    assert_eq!(told.next().await, []);
    stage.end().await;
}

#[tokio::test]
async fn an_organization_is_deleted_with_its_teams_and_labels_each_with_its_event() {
    let stage = Stage::open().await;
    let mut told = Told::from_now(&stage).await;
    let (tenant, store, here) = (stage.here.tenant, &stage.store, stage.here);
    let child = store.organization(tenant, here.child).await.unwrap().unwrap();
    assert_eq!(store.delete_organization(tenant, here.child, origin(8)).await, Ok(child.clone()));
    let (team_of_child, label) = (EntityKey::Team(team(2)), EntityKey::Label(here.label_of_child));
    let expected = [
        (Subject::Entity(team_of_child), Action::Deleted, names(&["organization", "name", "kind"])),
        (Subject::Entity(label), Action::Deleted, names(&["organization", "name", "color", "kind"])),
        (Subject::Organization(child.id), Action::Deleted, names(&["number", "object_id", "parent", "name"])),
    ];
    assert_eq!(told.next().await, expected);
    let last = stage.newest_event().await;
    assert_eq!(last.actor.organization, child.id, "events name an organization that was deleted");
    let name = last.changes.last().unwrap();
    assert_eq!((&name.before, &name.after), (&Value::Text("Child".into()), &Value::Null));

    assert_eq!(store.organization(tenant, child.id).await, Ok(None));
    for key in [team_of_child, label] {
        assert_eq!(store.entity(tenant, key).await, Ok(None), "{key:?}");
    }
    for key in [EntityKey::Team(team(1)), EntityKey::Label(here.label)] {
        assert!(store.entity(tenant, key).await.unwrap().is_some(), "{key:?} is of another organization");
    }
    let (attribute, value) = (Attribute::Of(Property::Organization), child.id.to_string());
    let again = store.delete_organization(tenant, child.id, origin(9)).await;
    assert_eq!(again, Err(Refusal::Unknown { attribute, value }));
    assert_eq!(told.next().await, []);
    stage.end().await;
}

#[tokio::test]
async fn a_credential_is_added_limited_and_revoked_each_with_its_event() {
    let stage = Stage::open().await;
    let mut told = Told::from_now(&stage).await;
    let (store, one) = (&stage.store, credential(&stage, 1, "one"));
    let subject = Subject::Credential(one.id);
    store.add_credential(one.clone(), origin(3)).await.unwrap();
    let all = names(&[
        "organization",
        "dialect",
        "name",
        "public_id",
        "secret",
        "scopes",
        "rate_limit",
        "expires_at",
    ]);
    assert_eq!(told.next().await, [(subject, Action::Created, all)]);
    let kept = format!("{:?}", stage.newest_event().await);
    let hash = format!("{:?}", one.keys[0].hash);
    assert!(kept.contains("Secret") && !kept.contains(&hash), "{kept}");

    assert!(store.add_credential(credential(&stage, 2, "one"), origin(3)).await.is_err());
    let limit = async |limit| store.limit_credential(one.id, limit, origin(4)).await.unwrap();
    assert!(limit(one.rate_limit).await);
    assert_eq!(told.next().await, [], "neither a refusal nor the same limit is a change");
    assert!(limit(RateLimit::Unlimited).await);
    assert_eq!(told.next().await, [(subject, Action::Changed, names(&["rate_limit"]))]);

    let rotate = async |rotation| store.rotate_credential(one.id, rotation, origin(4)).await.unwrap();
    let key = KeyHash::new("another", origin(4).now);
    rotate(KeyRotation::Add(key.clone())).await.unwrap();
    assert_eq!(told.next().await, [(subject, Action::Changed, names(&["secret"]))]);
    let kept = format!("{:?}", stage.newest_event().await);
    assert!(!kept.contains(&format!("{:?}", key.hash)), "{kept}");
    rotate(KeyRotation::DropOld).await.unwrap();
    assert_eq!(told.next().await, [(subject, Action::Changed, names(&["secret"]))]);
    rotate(KeyRotation::DropOld).await.unwrap();
    assert_eq!(told.next().await, [], "there was no old key");

    let revoke = async || store.revoke_credential(one.id, origin(5)).await.unwrap();
    assert!(revoke().await);
    assert_eq!(told.next().await, [(subject, Action::Deleted, names(&["revoked_at"]))]);
    assert!(!revoke().await && !limit(RateLimit::OfDialect).await);
    assert_eq!(told.next().await, []);
    stage.end().await;
}

#[tokio::test]
async fn a_session_begins_and_is_revoked_each_with_its_event() {
    let stage = Stage::open().await;
    let with_password =
        PersonChange { password_hash: Change::Set(HASH.to_owned()), ..PersonChange::default() };
    stage.change_by_operator(ADA, with_password).await.unwrap();
    let mut told = Told::from_now(&stage).await;
    let store = &stage.store;
    let sessions = [1, 2, 3].map(|n| session(&stage, n, ADA));
    for session in &sessions {
        assert_eq!(store.add_session(session.clone(), HASH.into(), origin(1)).await, Ok(true));
    }
    let subjects = sessions.each_ref().map(|session| Subject::Session(session.id));
    let all = names(&["person", "organization", "expires_at"]);
    assert_eq!(told.next().await, subjects.map(|subject| (subject, Action::Created, all.clone())));
    assert_eq!(store.add_session(session(&stage, 4, ADA), "another".into(), origin(1)).await, Ok(false));
    assert_eq!(told.next().await, []);

    let revoke = async |which| store.revoke_sessions(which, origin(2)).await.unwrap();
    assert_eq!(revoke(Sessions::One(sessions[0].id)).await, 1);
    let ended = |subject| (subject, Action::Deleted, names(&["revoked_at"]));
    assert_eq!(told.next().await, [ended(subjects[0])]);
    assert_eq!(revoke(Sessions::One(sessions[0].id)).await, 0);
    assert_eq!(told.next().await, []);
    assert_eq!(revoke(Sessions::OfPerson(stage.here.tenant, person_id(ADA))).await, 2);
    let mut rest = told.next().await;
    rest.sort_by_key(|(subject, ..)| subject.to_string());
    assert_eq!(rest, [ended(subjects[1]), ended(subjects[2])]);
    assert_eq!(store.check().await.unwrap().problems, Vec::<String>::new());
    stage.end().await;
}
