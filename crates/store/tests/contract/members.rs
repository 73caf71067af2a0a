//! Becoming a member of a further organization.

use directory::event::Action;
use directory::ids::OrganizationId;
use directory::membership::ReplayRole;
use directory::query::{Direction, Filter, Query};
use directory::store::NewMember;
use directory::{Attribute, Change, PersonChange, PersonField, Property, Record, Refusal};
use uuid::Uuid;

use crate::stage::*;

async fn join(
    stage: &Stage,
    organization: OrganizationId,
    n: u64,
    change: PersonChange,
) -> Result<Record, Refusal> {
    let (tenant, audit) = (stage.here.tenant, stage.audit());
    stage.store.add_member(NewMember { tenant, organization, person: person_id(n), change, audit }).await
}

fn managing() -> PersonChange {
    PersonChange { replay_role: Change::Set(ReplayRole::Manager), ..PersonChange::default() }
}

#[tokio::test]
async fn a_person_becomes_a_member_of_a_further_organization_and_is_found_and_listed_there() {
    let stage = Stage::open().await;
    let (root, child) = (stage.here.root, stage.here.child);
    let before = stage.person(ADA).await;
    assert_eq!(stage.find_in(child, by_id(ADA)).await, None);

    let joined = join(&stage, child, ADA, managing()).await.unwrap();
    assert_eq!(joined.membership.organization, child);
    let there = stage.find_in(child, by_id(ADA)).await.unwrap();
    assert_eq!(there.membership.replay.role, ReplayRole::Manager);
    assert_eq!(there.person.version, before.person.version + 1);
    let here = stage.person(ADA).await;
    assert_eq!(here.membership, before.membership, "what the first organization grants stays");
    assert_eq!(here.person, there.person);

    let sort = vec![(PersonField::UpdatedAt, Direction::Descending)];
    let by_change = Query::first(Filter::All(vec![]), sort, 10);
    for organization in [root, child] {
        let listed = stage.store.list_person_ids(stage.here.tenant, organization, by_change.clone()).await;
        assert!(listed.unwrap().items.contains(&person_id(ADA)), "{organization}");
    }
    let event = stage.newest_event().await;
    assert_eq!(event.action, Action::Changed);
    let changed: Vec<_> = event.changes.iter().map(|change| change.attribute.clone()).collect();
    assert_eq!(changed, [Attribute::Membership, Attribute::ReplayRole]);

    let retitled = PersonChange { title: Change::Set("Countess".into()), ..PersonChange::default() };
    stage.change_in(child, ADA, retitled).await.unwrap();
    assert_eq!(stage.person(ADA).await.person.title.as_deref(), Some("Countess"));
    stage.remove(ADA).await.unwrap();
    assert!(stage.find_in(child, by_id(ADA)).await.is_some(), "a membership is left");
    join(&stage, root, ADA, PersonChange::default()).await.unwrap();
    assert_eq!(stage.person(ADA).await.membership.replay.role, ReplayRole::User, "it begins anew");
    assert_eq!(stage.store.check().await.unwrap().problems, Vec::<String>::new());
    stage.end().await;
}

#[tokio::test]
async fn whoever_cannot_become_a_member_stays_as_they_are() {
    let stage = Stage::open().await;
    let child = stage.here.child;
    let before = stage.hash().await;
    let member = join(&stage, stage.here.root, ADA, PersonChange::default()).await;
    assert_eq!(member, Err(Refusal::Taken { attribute: Attribute::Membership }));
    let absent = join(&stage, child, NEWCOMER, PersonChange::default()).await;
    assert_eq!(absent, Err(Refusal::NoSuchPerson));
    let nowhere = OrganizationId(Uuid::from_u128(404));
    let (attribute, value) = (Attribute::Of(Property::Organization), nowhere.to_string());
    let refused = join(&stage, nowhere, ADA, PersonChange::default()).await;
    assert_eq!(refused, Err(Refusal::Unknown { attribute, value }));
    let label = stage.here.label;
    let of_another = PersonChange { profession: Change::Set(label), ..PersonChange::default() };
    let (attribute, value) = (Attribute::KareProfession, label.to_string());
    assert_eq!(join(&stage, child, ADA, of_another).await, Err(Refusal::Unknown { attribute, value }));
    let renamed = PersonChange { user_name: Change::Set("king".into()), ..managing() };
    let refused = join(&stage, child, ADA, renamed).await;
    assert!(matches!(refused, Err(Refusal::NotAllowed(_))), "{refused:?}");
    assert_eq!(stage.hash().await, before);

    stage.remove(ADA).await.unwrap();
    assert_eq!(join(&stage, child, ADA, PersonChange::default()).await, Err(Refusal::NoSuchPerson));
    stage.end().await;
}
