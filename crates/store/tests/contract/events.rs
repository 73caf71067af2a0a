//! Events: one for each committed change, complete, in order and without a gap.

use directory::caller::{Channel, Dialect, Principal};
use directory::change::Value;
use directory::event::{Action, Actor, EventQuery, Subject, SubjectFilter, SubjectKind};
use directory::ids::CredentialId;
use directory::organization::Group;
use directory::status::Status;
use directory::{Change, PersonChange};
use uuid::Uuid;

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
    let event = stage.newest_event().await;
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
async fn events_are_listed_from_either_end_and_read_on() {
    let stage = Stage::open().await;
    // Behind those of the entities and people that each stage begins with.
    let first = stage.newest_event().await.sequence - 3;
    for n in 0..5 {
        stage.change(GRACE, titled(&format!("t{n}"))).await.unwrap();
    }
    stage.remove(EDSGER).await.unwrap();
    let people = Some(SubjectFilter::Kind(SubjectKind::Person));
    let newest = |limit| EventQuery { subject: people, ..EventQuery::newest(limit) };
    let oldest = |limit| EventQuery { subject: people, ..EventQuery::oldest(limit) };
    let (before, after) = (|n: u64| Some(first + n), |n: u64| Some(first + n));
    let list = async |query| numbers(&stage, first, query).await;
    assert_eq!(list(newest(100)).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(list(newest(2)).await, [9, 8]);
    assert_eq!(list(EventQuery { before: before(8), ..newest(2) }).await, [7, 6]);
    assert_eq!(list(EventQuery { before: before(1), ..newest(9) }).await, [0; 0]);
    assert_eq!(list(EventQuery { before: Some(u64::MAX), ..newest(1) }).await, [9]);
    assert_eq!(list(oldest(100)).await, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(list(EventQuery { after: after(7), ..oldest(100) }).await, [8, 9]);
    assert_eq!(list(EventQuery { after: after(9), ..oldest(100) }).await, [0; 0]);
    assert_eq!(list(EventQuery { after: Some(u64::MAX), ..oldest(100) }).await, [0; 0]);
    let (after, before) = (after(3), before(7));
    assert_eq!(list(EventQuery { after, before, ..oldest(2) }).await, [4, 5]);
    assert_eq!(list(EventQuery { after, before, ..newest(2) }).await, [6, 5]);
    let of_grace = |query| EventQuery { subject: about(GRACE), ..query };
    assert_eq!(list(of_grace(newest(100))).await, [8, 7, 6, 5, 4, 2]);
    assert_eq!(list(of_grace(EventQuery { before, ..newest(1) })).await, [6]);
    assert_eq!(list(of_grace(oldest(100))).await, [2, 4, 5, 6, 7, 8]);
    assert_eq!(list(of_grace(EventQuery { after, before, ..oldest(2) })).await, [4, 5]);
    assert_eq!(list(EventQuery { subject: about(NEWCOMER), ..newest(9) }).await, [0; 0]);
    stage.end().await;
}

#[tokio::test]
async fn page_after_page_every_event_is_read_once_and_then_what_came_since() {
    let stage = Stage::open().await;
    for n in 0..5 {
        stage.change(GRACE, titled(&format!("t{n}"))).await.unwrap();
    }
    let last = stage.newest_event().await.sequence;
    for (subject, expected) in [(None, last), (about(GRACE), 6)] {
        for query in [EventQuery::oldest(4), EventQuery::newest(4)] {
            let (mut read, mut next) = (Vec::new(), Some(EventQuery { subject, ..query }));
            while let Some(query) = next {
                let page = stage.store.events(stage.here.tenant, query.clone()).await.unwrap();
                assert!(page.events.len() <= 4 && page.next.is_none_or(|_| page.events.len() == 4));
                read.extend(page.events.iter().map(|event| event.sequence));
                next = page.next.map(|next| query.beyond(next));
            }
            if !read.is_sorted() {
                read.reverse();
            }
            assert_eq!(read.len() as u64, expected);
            assert!(read.is_sorted_by(|a, b| a < b));
        }
    }
    stage.change(ADA, titled("since")).await.unwrap();
    assert_eq!(numbers(&stage, last, EventQuery { after: Some(last), ..EventQuery::oldest(9) }).await, [1]);
    stage.end().await;
}

#[tokio::test]
async fn events_are_found_by_who_made_the_change_how_and_when() {
    let stage = Stage::open().await;
    let first = stage.newest_event().await.sequence;
    let change = async |channel, credential: Option<CredentialId>, actor: Option<u64>, minute: i64| {
        let mut audit = stage.audit();
        (audit.caller.via, audit.caller.credential) = (channel, credential);
        (audit.caller.person, audit.now) = (actor.map(person_id), at(minute));
        stage.change_by(audit, ADA, titled(&format!("at {minute}"))).await.unwrap();
    };
    let (one, other) = (CredentialId(Uuid::from_u128(1)), CredentialId(Uuid::from_u128(2)));
    let laurel = Channel::Dialect(Dialect::Laurel);
    change(Channel::Command, None, None, 201).await;
    change(laurel, None, Some(ADA), 202).await;
    change(Channel::Dialect(Dialect::Relesys), Some(one), None, 203).await;
    change(Channel::Dialect(Dialect::Relesys), Some(other), None, 204).await;
    stage.create(Group::new(group(9), object_id(609), "Ninth".to_owned())).await.unwrap();

    let newest = EventQuery { after: Some(first), ..EventQuery::newest(100) };
    // Whether all events are looked through, or those of one person.
    for subject in [None, about(ADA)] {
        let all = || EventQuery { subject, ..newest.clone() };
        let list = async |query| numbers(&stage, first, query).await;
        assert_eq!(list(EventQuery { credential: Some(one), ..all() }).await, [3]);
        assert_eq!(list(EventQuery { credential: Some(other), ..all() }).await, [4]);
        assert_eq!(list(EventQuery { actor: Some(person_id(ADA)), ..all() }).await, [2]);
        assert_eq!(list(EventQuery { actor: Some(person_id(GRACE)), ..all() }).await, [0; 0]);
        assert_eq!(list(EventQuery { via: Some(laurel), ..all() }).await, [2]);
        assert_eq!(list(EventQuery { since: Some(at(203)), ..all() }).await, [4, 3]);
        assert_eq!(list(EventQuery { since: Some(at(202)), until: Some(at(204)), ..all() }).await, [3, 2]);
        assert_eq!(list(EventQuery { since: Some(at(205)), ..all() }).await, [0; 0]);
        assert_eq!(list(EventQuery { action: Some(Action::Deleted), ..all() }).await, [0; 0]);
        assert_eq!(list(EventQuery { via: Some(laurel), credential: Some(one), ..all() }).await, [0; 0]);
        let both = EventQuery { via: Some(laurel), actor: Some(person_id(ADA)), ..EventQuery::oldest(1) };
        assert_eq!(list(EventQuery { subject, ..both }).await, [2]);
    }
    let created = EventQuery { action: Some(Action::Created), ..newest.clone() };
    assert_eq!(numbers(&stage, first, created).await, [5]);
    stage.end().await;
}

/// The numbers of the events of a page, counted from one.
async fn numbers(stage: &Stage, first: u64, query: EventQuery) -> Vec<u64> {
    let page = stage.store.events(stage.here.tenant, query).await.unwrap();
    page.events.iter().map(|event| event.sequence - first).collect()
}

#[tokio::test]
async fn somebody_who_is_added_is_recorded_attribute_by_attribute() {
    let stage = Stage::open().await;
    stage.add(vec![new_person(NEWCOMER, with_email("new@x.org"))]).await.unwrap();
    let query = EventQuery { subject: about(NEWCOMER), ..EventQuery::newest(9) };
    let events = stage.store.events(stage.here.tenant, query).await.unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].action, Action::Created);
    assert_eq!(events[0].changes.len(), 1);
    assert_eq!(events[0].changes[0].before, Value::Null);
    assert_eq!(events[0].changes[0].after, Value::Text("new@x.org".into()));
    stage.end().await;
}
