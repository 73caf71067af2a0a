//! Who is in a group: added, removed, set, and found by many keys at once.

use std::collections::BTreeSet;

use directory::change::Value;
use directory::event::{Action, EventQuery, Subject};
use directory::ids::{GroupId, PersonId};
use directory::members::{ChangeMembers, ChangedMembers, MembersChange};
use directory::query::{Filter, Literal};
use directory::store::PersonKey;
use directory::{
    Attribute, Change, Command, EntityKey, EntityKind, PersonChange, PersonList, Property, Refusal,
};

use crate::stage::*;

impl Stage {
    async fn members(&self, change: MembersChange) -> Result<ChangedMembers, Refusal> {
        self.members_of(group(3), change).await
    }

    async fn members_of(&self, group: GroupId, change: MembersChange) -> Result<ChangedMembers, Refusal> {
        let (tenant, organization) = (self.here.tenant, self.here.root);
        let asked = ChangeMembers { tenant, organization, group, change, audit: self.audit() };
        self.store.change_members(asked).await
    }

    /// Whom a list of the group's members holds.
    async fn listed(&self, group: GroupId) -> Vec<PersonId> {
        let of_group = Filter::Contains(PersonList::Groups, Literal::Uuid(group.0));
        self.list(by_object_id(of_group, 5_000)).await
    }

    async fn events(&self) -> u64 {
        of(&sound(self.store.as_ref()).await, self.here.tenant).events
    }
}

fn people(numbers: &[u64]) -> Vec<PersonId> {
    numbers.iter().copied().map(person_id).collect()
}

fn came_and_went(changed: &ChangedMembers) -> (Vec<PersonId>, Vec<PersonId>) {
    let ids = |members: &[directory::members::Member]| members.iter().map(|member| member.id).collect();
    (ids(&changed.added), ids(&changed.removed))
}

#[tokio::test]
async fn people_come_and_go_and_nobody_else_is_touched() {
    let stage = Stage::open().await;
    // What was read before is not what is read afterwards.
    let before = [stage.person(ADA).await, stage.person(GRACE).await, stage.person(EDSGER).await];
    let changed = stage.members(MembersChange::Add(people(&[GRACE, ADA, GRACE]))).await.unwrap();
    assert_eq!(came_and_went(&changed), (people(&[ADA, GRACE]), vec![]));
    assert_eq!((changed.group.id, changed.group.updated_at), (group(3), at(100)));
    assert_eq!(stage.listed(group(3)).await, people(&[ADA, GRACE]));

    let ada = stage.person(ADA).await;
    assert_eq!(ada.person.groups, [in_group(1), in_group(2), in_group(3)]);
    let names: Vec<_> = ada.related.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["Group 1", "Group 2", "Group 3"]);
    assert_eq!((ada.person.updated_at, ada.person.version), (at(100), before[0].person.version + 1));
    assert_eq!(stage.person(EDSGER).await, before[2]);

    let event = stage.newest_event().await;
    assert_eq!((event.subject, event.action), (Subject::Entity(EntityKey::Group(group(3))), Action::Changed));
    let change = &event.changes[0];
    let text = |n| Value::Text(person_id(n).to_string());
    assert_eq!(change.attribute, Attribute::Of(Property::Members));
    assert_eq!(
        (&change.before, &change.after),
        (&Value::List(vec![]), &Value::List(vec![text(ADA), text(GRACE)]))
    );

    let changed = stage.members(MembersChange::Remove(people(&[ADA, EDSGER]))).await.unwrap();
    assert_eq!(came_and_went(&changed), (vec![], people(&[ADA])));
    assert_eq!(stage.person(ADA).await.person.groups, [in_group(1), in_group(2)]);
    let changed = stage.members(MembersChange::Set(people(&[EDSGER, GRACE]))).await.unwrap();
    assert_eq!(came_and_went(&changed), (people(&[EDSGER]), vec![]));
    let changed = stage.members(MembersChange::Set(people(&[ADA]))).await.unwrap();
    assert_eq!(came_and_went(&changed), (people(&[ADA]), people(&[GRACE, EDSGER])));
    let changed = stage.members(MembersChange::Set(vec![])).await.unwrap();
    assert_eq!(came_and_went(&changed), (vec![], people(&[ADA])));
    assert_eq!(stage.listed(group(3)).await, []);
    // The others that somebody is in stay theirs, in their order.
    assert_eq!(stage.person(ADA).await.person.groups, [in_group(1), in_group(2)]);
    stage.end().await;
}

#[tokio::test]
async fn what_makes_no_difference_leaves_no_event() {
    let stage = Stage::open().await;
    stage.members(MembersChange::Add(people(&[ADA]))).await.unwrap();
    let (hash, events) = (stage.hash().await, stage.events().await);
    for change in [
        MembersChange::Add(vec![]),
        MembersChange::Add(people(&[ADA])),
        MembersChange::Remove(vec![]),
        MembersChange::Remove(people(&[GRACE])),
        MembersChange::Set(people(&[ADA])),
        MembersChange::Add(people(&[NEWCOMER])),
        MembersChange::Remove(people(&[NEWCOMER])),
        MembersChange::Set(people(&[ADA, NEWCOMER])),
    ] {
        let changed = stage.members(change.clone()).await.unwrap();
        assert_eq!(came_and_went(&changed), (vec![], vec![]), "{change:?}");
    }
    let nowhere = stage.members_of(group(9), MembersChange::Add(people(&[ADA]))).await;
    assert_eq!(nowhere, Err(Refusal::NoSuchEntity(EntityKind::Group)));
    assert_eq!((stage.hash().await, stage.events().await), (hash, events));
    stage.end().await;
}

#[tokio::test]
async fn people_of_other_organizations_and_leavers_are_passed_over() {
    let stage = Stage::open().await;
    let of_child = PersonChange { groups: Change::Set(vec![in_group(3)]), ..named("Niklaus", "Wirth") };
    stage.add_in(stage.here.child, vec![new_person(NEWCOMER, of_child)]).await.unwrap();
    stage.remove(EDSGER).await.unwrap();
    let all = people(&[ADA, EDSGER, NEWCOMER]);
    let changed = stage.members(MembersChange::Set(all.clone())).await.unwrap();
    assert_eq!(came_and_went(&changed), (people(&[ADA]), vec![]));
    let changed = stage.members(MembersChange::Set(vec![])).await.unwrap();
    assert_eq!(came_and_went(&changed), (vec![], people(&[ADA])), "another organization's people stay");
    let niklaus = stage.find_in(stage.here.child, by_id(NEWCOMER)).await.unwrap();
    assert_eq!(niklaus.person.groups, [in_group(3)]);
    assert_eq!(came_and_went(&stage.members(MembersChange::Remove(all)).await.unwrap()), (vec![], vec![]));
    stage.end().await;
}

#[tokio::test]
async fn many_come_at_once_and_an_event_names_a_thousand() {
    let stage = Stage::open().await;
    let many: Vec<u64> = (1_000..3_200).collect();
    let new = many.iter().map(|n| new_person(*n, named("Many", "One"))).collect();
    stage.add(new).await.unwrap();
    let before = stage.events().await;
    let changed = stage.members(MembersChange::Set(people(&many))).await.unwrap();
    assert_eq!((changed.added.len(), changed.removed.len()), (2_200, 0));
    assert_eq!(stage.events().await, before + 3);
    assert_eq!(stage.listed(group(3)).await, people(&many));
    let half: Vec<PersonId> = people(&many).into_iter().step_by(2).chain([person_id(ADA)]).collect();
    let changed = stage.members(MembersChange::Set(half.clone())).await.unwrap();
    assert_eq!((changed.added.len(), changed.removed.len()), (1, 1_100));
    let listed: BTreeSet<PersonId> = stage.listed(group(3)).await.into_iter().collect();
    assert_eq!(listed, half.into_iter().collect());
    let query = EventQuery::newest(2);
    let events = stage.store.events(stage.here.tenant, query).await.unwrap().events;
    let sizes: Vec<_> = events
        .iter()
        .map(|event| match (&event.changes[0].before, &event.changes[0].after) {
            (Value::List(removed), Value::List(added)) => (removed.len(), added.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [(100, 0), (1_000, 1)]);
    stage.end().await;
}

#[tokio::test]
async fn of_several_at_once_each_is_done_whole() {
    let stage = Stage::open().await;
    stage.add((20..40).map(|n| new_person(n, named("One", "Of many"))).collect()).await.unwrap();
    let sets: Vec<Vec<PersonId>> = (0..6).map(|n| people(&[20 + n, 21 + n, 30 + n, ADA])).collect();
    let changes = sets.iter().map(|set| stage.members(MembersChange::Set(set.clone())));
    // Their own groups are written at the same time, and the names of those who come and go.
    let own = (0..6).map(|n| {
        let groups = Change::Set(vec![in_group(1 + n % 2)]);
        stage.change(20 + n as u64, PersonChange { groups, ..titled(&format!("T{n}")) })
    });
    let (changes, own) =
        tokio::join!(futures_util::future::join_all(changes), futures_util::future::join_all(own));
    assert!(changes.iter().all(Result::is_ok) && own.iter().all(Result::is_ok), "{changes:?} {own:?}");
    let listed: BTreeSet<PersonId> = stage.listed(group(3)).await.into_iter().collect();
    let own: BTreeSet<PersonId> = (20..26).map(person_id).collect();
    // Whoever wrote their own groups last is in none but those.
    let is_of = |set: &&Vec<PersonId>| {
        listed.is_subset(&set.iter().copied().collect())
            && set.iter().all(|id| listed.contains(id) || own.contains(id))
    };
    assert_eq!(sets.iter().filter(is_of).count(), 1, "{listed:?}");
    for n in 20..26 {
        assert_eq!(stage.person(n).await.person.title.as_deref(), Some(format!("T{}", n - 20).as_str()));
    }
    stage.end().await;
}

#[tokio::test]
async fn a_group_that_is_deleted_meanwhile_has_no_members() {
    let stage = Stage::open().await;
    let (deleted, changed) = tokio::join!(
        stage.execute(Command::Delete(EntityKey::Group(group(3)))),
        stage.members(MembersChange::Add(people(&[ADA, GRACE])))
    );
    assert!(deleted.is_ok());
    assert!(matches!(&changed, Ok(_) | Err(Refusal::NoSuchEntity(EntityKind::Group))), "{changed:?}");
    assert_eq!(stage.person(ADA).await.person.groups, [in_group(1), in_group(2)]);
    stage.end().await;
}

#[tokio::test]
async fn many_keys_find_the_members_they_are_of() {
    let stage = Stage::open().await;
    let of_child =
        PersonChange { email: Change::Set(email("niklaus@example.com")), ..named("Niklaus", "Wirth") };
    stage.add_in(stage.here.child, vec![new_person(NEWCOMER, of_child)]).await.unwrap();
    stage.remove(EDSGER).await.unwrap();
    let number = stage.person(GRACE).await.person.number;
    let key = |text: &str| PersonKey::Email(text.to_owned());
    let keys = vec![
        key("grace@example.com"),
        key("nobody@example.com"),
        by_external_id("e-1"),
        PersonKey::UserName("countess".into()),
        by_id(GRACE),
        PersonKey::ObjectId(object_id(ADA)),
        key("grace@example.com"),
        PersonKey::Number(number),
        // A leaver, another organization's, a text that no store holds, ids that nobody has.
        key("edsger@example.com"),
        by_id(EDSGER),
        key("niklaus@example.com"),
        PersonKey::ObjectId(object_id(NEWCOMER)),
        key("a\0b"),
        by_id(77),
        PersonKey::ObjectId(object_id(77)),
        by_external_id("grace@example.com"),
    ];
    let found = stage.store.resolve_people(stage.here.tenant, stage.here.root, keys.clone()).await.unwrap();
    let expected =
        [Some(GRACE), None, Some(ADA), Some(ADA), Some(GRACE), Some(ADA), Some(GRACE), Some(GRACE)];
    assert_eq!(found[..8], expected.map(|n| n.map(person_id)));
    assert_eq!(found[8..], [None; 8]);
    let at_child = stage.store.resolve_people(stage.here.tenant, stage.here.child, keys).await.unwrap();
    let there: Vec<_> =
        at_child.iter().enumerate().filter_map(|(place, id)| id.map(|id| (place, id))).collect();
    assert_eq!(there, [(10, person_id(NEWCOMER)), (11, person_id(NEWCOMER))]);
    let none = stage.store.resolve_people(stage.here.tenant, stage.here.root, vec![]).await.unwrap();
    assert_eq!(none, []);
    stage.end().await;
}
