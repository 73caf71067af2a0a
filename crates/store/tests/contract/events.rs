//! Events: one for each committed change, complete, in order and without a gap.

use directory::caller::{Channel, Dialect, Principal};
use directory::change::Value;
use directory::event::{Action, Actor, EventQuery, Subject, SubjectFilter, SubjectKind};
use directory::status::Status;
use directory::{Change, PersonChange};

use crate::stage::*;

#[tokio::test]
async fn an_event_says_who_did_what_and_when() {
    let stage = Stage::open().await;
    let mut audit = stage.audit();
    audit.caller.via = Channel::Dialect(Dialect::Laurel);
    audit.caller.person = Some(person_id(GRACE));
    audit.caller.forwarded = Some(Principal { user: Some("u".into()), ..Principal::default() });
    let wanted = PersonChange {
        groups: Change::Set(vec![in_group(2)]),
        status: Change::Set(Status::LoginBlocked),
        ..named("Augusta", "Byron")
    };
    let change = directory::store::ChangePerson {
        tenant: stage.here.tenant,
        organization: stage.here.root,
        key: by_id(ADA),
        include: ALL,
        audit: audit.clone(),
        decide: Box::new(move |_| Ok(wanted.clone())),
    };
    let before = stage.newest_event().await.sequence;
    stage.store.change_person(change).await.unwrap();
    let query = EventQuery { limit: 1, ..EventQuery::default() };
    let event = stage.store.events(stage.here.tenant, query).await.unwrap().remove(0);
    assert_eq!((event.sequence, event.at, event.action), (before + 1, at(100), Action::Changed));
    assert_eq!(event.subject, Subject::Person(person_id(ADA)));
    assert_eq!(event.actor, Actor::from(&audit.caller));
    let changed: Vec<_> = event.changes.iter().map(|change| change.attribute.to_string()).collect();
    assert_eq!(changed, ["name.given", "groups", "status"]);
    assert_eq!(event.changes[0].before, Value::Text("Ada".into()));
    assert_eq!(event.changes[0].after, Value::Text("Augusta".into()));
    assert!(matches!(&event.changes[1].before, Value::List(groups) if groups.len() == 2));
    stage.end().await;
}

#[tokio::test]
async fn events_are_listed_newest_first_and_read_on() {
    let stage = Stage::open().await;
    // Behind those of the entities and people that each stage begins with.
    let first = stage.newest_event().await.sequence - 3;
    for n in 0..5 {
        stage.change(GRACE, titled(&format!("t{n}"))).await.unwrap();
    }
    stage.remove(EDSGER).await.unwrap();
    let list = async |query: EventQuery| {
        let events = stage.store.events(stage.here.tenant, query).await.unwrap();
        events.iter().map(|event| event.sequence - first).collect::<Vec<_>>()
    };
    let people = Some(SubjectFilter::Kind(SubjectKind::Person));
    let all = EventQuery { subject: people, limit: 100, ..EventQuery::default() };
    assert_eq!(list(all.clone()).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(list(EventQuery { limit: 2, ..all.clone() }).await, [9, 8]);
    assert_eq!(list(EventQuery { limit: 2, before: Some(first + 8), ..all.clone() }).await, [7, 6]);
    assert_eq!(list(EventQuery { before: Some(first + 1), ..all.clone() }).await, [0; 0]);
    assert_eq!(list(EventQuery { before: Some(u64::MAX), limit: 1, ..all.clone() }).await, [9]);
    let of_grace = EventQuery { subject: about(GRACE), ..all.clone() };
    assert_eq!(list(of_grace.clone()).await, [8, 7, 6, 5, 4, 2]);
    assert_eq!(list(EventQuery { before: Some(first + 6), limit: 1, ..of_grace }).await, [5]);
    assert_eq!(list(EventQuery { subject: about(NEWCOMER), ..all.clone() }).await, [0; 0]);
    assert_eq!(list(EventQuery { action: Some(Action::Deleted), ..all.clone() }).await, [9]);
    assert_eq!(list(EventQuery { via: Some(Channel::Command), ..all.clone() }).await, [0; 0]);
    assert_eq!(list(EventQuery { since: Some(at(101)), ..all.clone() }).await, [0; 0]);
    assert_eq!(list(EventQuery { since: Some(at(100)), ..all }).await.len(), 9);
    stage.end().await;
}

#[tokio::test]
async fn somebody_who_is_added_is_recorded_attribute_by_attribute() {
    let stage = Stage::open().await;
    stage.add(vec![new_person(NEWCOMER, with_email("new@x.org"))]).await.unwrap();
    let query = EventQuery { subject: about(NEWCOMER), limit: 9, ..EventQuery::default() };
    let events = stage.store.events(stage.here.tenant, query).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].action, Action::Created);
    assert_eq!(events[0].changes.len(), 1);
    assert_eq!(events[0].changes[0].before, Value::Null);
    assert_eq!(events[0].changes[0].after, Value::Text("new@x.org".into()));
    stage.end().await;
}
