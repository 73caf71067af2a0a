//! Leaving, and coming back.

use directory::event::{Action, EventQuery};
use directory::person::Entry;
use directory::status::Status;
use directory::store::{Location, PersonKey};
use directory::{Attribute, Change, Include, PersonChange, Refusal};

use crate::stage::*;

#[tokio::test]
async fn who_left_is_gone_everywhere_and_their_keys_are_free() {
    let stage = Stage::open().await;
    let before = stage.person(ADA).await;
    assert_eq!(stage.remove(ADA).await, Ok(before.clone()));
    let keys = [
        by_id(ADA),
        PersonKey::Number(before.person.number),
        PersonKey::ObjectId(object_id(ADA)),
        PersonKey::Email("ada@example.com".into()),
        PersonKey::UserName("countess".into()),
        by_external_id("e-1"),
    ];
    for key in keys {
        assert_eq!(stage.find(key.clone()).await, None, "{key:?}");
        let elsewhere = stage.store.locate(vec![key]).await.unwrap();
        assert!(elsewhere.iter().all(|location| location.tenant == stage.there.tenant), "{elsewhere:?}");
    }
    assert_eq!(stage.search(&["ada"]).await, []);
    assert_eq!(stage.search(&[]).await, [person_id(GRACE), person_id(EDSGER)]);
    assert_eq!(stage.remove(ADA).await, Err(Refusal::NoSuchPerson));
    assert_eq!(stage.change(ADA, titled("x")).await, Err(Refusal::NoSuchPerson));
    let heir = PersonChange { user_name: Change::Set("countess".into()), ..with_email("ada@example.com") };
    assert!(stage.change(GRACE, heir).await.is_ok());
    stage.end().await;
}

#[tokio::test]
async fn a_person_lives_while_one_organization_has_them() {
    let stage = Stage::open().await;
    let root = stage.here.root;
    // Somebody in both: added here, and the identity is how the child organization knows them too.
    stage.remove(ADA).await.unwrap();
    stage.add_in(stage.here.child, vec![new_person(NEWCOMER, with_external_id("e-1"))]).await.unwrap();
    let ada = stage.find_in(stage.here.child, by_id(ADA)).await.unwrap();
    assert_eq!(ada.person.name.given, "Ada");
    assert_eq!(stage.find_in(root, by_id(ADA)).await, None);
    let found = stage.store.locate(vec![by_external_id("e-1"), by_id(ADA)]).await.unwrap();
    let here =
        Location { tenant: stage.here.tenant, person: person_id(ADA), organizations: vec![stage.here.child] };
    assert!(found.contains(&here), "{found:?}");
    assert_eq!(found.len(), 2);
    stage.end().await;
}

#[tokio::test]
async fn a_leaver_with_the_same_external_id_is_the_same_person() {
    let stage = Stage::open().await;
    let before = stage.person(ADA).await.person;
    let disabled = PersonChange { status: Change::Set(Status::DisabledByAdmin), ..PersonChange::default() };
    stage.change(ADA, disabled).await.unwrap();
    stage.remove(ADA).await.unwrap();
    let back = PersonChange { title: Change::Set("Back".into()), ..with_external_id("e-1") };
    let numbers = stage.add(vec![new_person(NEWCOMER, back)]).await.unwrap();
    assert_eq!(numbers, [before.number]);
    let now = stage.person(ADA).await.person;
    assert_eq!((now.id, now.object_id, now.created_at), (before.id, before.object_id, before.created_at));
    assert_eq!((&now.email, &now.groups, now.status), (&before.email, &before.groups, Status::Active));
    assert_eq!(now.title.as_deref(), Some("Back"));
    assert_eq!(stage.find(by_id(NEWCOMER)).await, None);
    assert_eq!(stage.search(&["byron"]).await, [person_id(ADA)]);
    let query = EventQuery { subject: about(ADA), ..EventQuery::newest(10) };
    let events = stage.store.events(stage.here.tenant, query).await.unwrap().events;
    let actions: Vec<_> = events.iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::Restored, Action::Deleted, Action::Changed, Action::Created]);
    // And once more, now by someone else's choice of departments.
    stage.remove(ADA).await.unwrap();
    let again = PersonChange {
        additional_departments: Change::Set(vec![Entry { id: department(1), data_source: None }]),
        groups: Change::Clear,
        ..with_external_id("e-1")
    };
    assert_eq!(stage.add(vec![new_person(NEWCOMER, again)]).await, Ok(vec![before.number]));
    assert_eq!(stage.person(ADA).await.person.groups, []);
    stage.end().await;
}

#[tokio::test]
async fn the_people_added_are_answered_with_as_they_are_read() {
    let stage = Stage::open().await;
    stage.remove(ADA).await.unwrap();
    let here = stage.here;
    let people = vec![
        new_person(10, PersonChange { title: Change::Set("Countess".into()), ..with_email("new@x.org") }),
        new_person(11, with_external_id("e-1")),
    ];
    let added = stage.store.add_people(here.tenant, here.root, people, stage.audit()).await.unwrap();
    assert_eq!(
        added.iter().map(|record| record.person.id).collect::<Vec<_>>(),
        [person_id(10), person_id(ADA)]
    );
    for record in added {
        let key = PersonKey::Id(record.person.id);
        let read = stage.store.person(here.tenant, here.root, key, Include::default()).await;
        assert_eq!(read, Ok(Some(record)));
    }
    stage.end().await;
}

#[tokio::test]
async fn a_leaver_whose_address_was_taken_needs_another() {
    let stage = Stage::open().await;
    stage.remove(ADA).await.unwrap();
    stage.change(GRACE, with_email("ada@example.com")).await.unwrap();
    let hash = stage.hash().await;
    let back = with_external_id("e-1");
    assert_eq!(
        stage.add(vec![new_person(NEWCOMER, back.clone())]).await,
        Err((0, Refusal::Taken { attribute: Attribute::Email }))
    );
    assert_eq!(stage.hash().await, hash);
    let back = PersonChange { email: Change::Set(email("ada@elsewhere.org")), ..back };
    let numbers = stage.add(vec![new_person(NEWCOMER, back)]).await.unwrap();
    assert_eq!(stage.find(PersonKey::Number(numbers[0])).await.unwrap().person.id, person_id(ADA));
    stage.end().await;
}

#[tokio::test]
async fn an_external_id_that_somebody_lives_with_is_taken() {
    let stage = Stage::open().await;
    stage.remove(ADA).await.unwrap();
    stage.change(GRACE, with_external_id("e-1")).await.unwrap();
    assert_eq!(
        stage.add(vec![new_person(NEWCOMER, with_external_id("e-1"))]).await,
        Err((0, Refusal::Taken { attribute: Attribute::ExternalId }))
    );
    // Of two who left with it, the one who left last comes back.
    stage.remove(GRACE).await.unwrap();
    stage.add(vec![new_person(NEWCOMER, with_external_id("e-1"))]).await.unwrap();
    assert_eq!(stage.find(by_external_id("e-1")).await.unwrap().person.id, person_id(GRACE));
    stage.end().await;
}
