//! Departments, groups, teams, labels, roles, custom fields and templates: created, changed and deleted, each with its event.

use std::sync::Arc;

use directory::change::Value;
use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::event::{Action, Actor, EventQuery, Subject, SubjectFilter, SubjectKind};
use directory::ids::{CustomFieldId, DepartmentId, Number, ObjectId, OrganizationId, TemplateId};
use directory::organization::{Department, DepartmentLocale, Group, Label, Role, Team};
use directory::person::{Entry, Phone};
use directory::store::{ChangeError, ChangePerson};
use directory::template::{DEFAULT_CULTURE, Template, TemplateCulture, TemplateEmail};
use directory::{
    Attribute, Change, Command, Entity, EntityKey, EntityKind, PersonChange, Property, Refusal, Store, limits,
};
use uuid::Uuid;

use crate::stage::*;

/// A command that makes of an entity what the function makes of it.
fn changed(key: EntityKey, change: impl Fn(&mut Entity) + Send + 'static) -> Command {
    Command::Change {
        key,
        decide: Box::new(move |entity| {
            let mut after = entity.clone();
            change(&mut after);
            Ok(after)
        }),
    }
}

fn with_department(entity: &mut Entity, change: impl Fn(&mut Department)) {
    match entity {
        Entity::Department(department) => change(department),
        other => panic!("{other:?}"),
    }
}

fn below(department: u128, parent: u128) -> Command {
    changed(EntityKey::Department(crate::stage::department(department)), move |entity| {
        with_department(entity, |it| it.parent = Some(crate::stage::department(parent)));
    })
}

fn managed(department: u128, by: Option<u64>) -> Command {
    changed(EntityKey::Department(crate::stage::department(department)), move |entity| {
        with_department(entity, |it| it.manager = by.map(person_id));
    })
}

fn refused_as_invalid<T: std::fmt::Debug>(outcome: Result<T, Refusal>, expected: Property) {
    match outcome {
        Err(Refusal::Invalid { attribute: Attribute::Of(property), .. }) => assert_eq!(property, expected),
        other => panic!("{expected:?}: {other:?}"),
    }
}

fn in_use(entity: EntityKind, by: SubjectKind) -> Result<Entity, Refusal> {
    Err(Refusal::InUse { subject: SubjectKind::Entity(entity), by })
}

type Sample = (Entity, fn(&mut Entity), Property);

/// A full one of each kind, and the change of one attribute.
fn samples(root: OrganizationId) -> Vec<Sample> {
    let mut department = new_department(20, "Engines");
    department.parent = Some(crate::stage::department(1));
    department.external_id = Some("d-20".into());
    department.address_line = Some("Hauptstra\u{df}e 1".into());
    department.default_phone_country_code = Some(45);
    department.phone = Some(Phone { country_code: Some(45), number: "12 34".into() });
    department.manager = Some(person_id(GRACE));
    department.email = Some(email("Engines@Example.com"));
    department.content_culture = Some("da-dk".into());
    department.selected_cultures = vec!["da-DK".into(), "en-GB".into()];
    department.locales = vec![DepartmentLocale { culture: "da-DK".into(), description: "Maskiner".into() }];
    department.settings.show_contact_list = true;
    (department.created_at, department.updated_at) = (at(5), at(5));
    let mut group = Group::new(crate::stage::group(20), object_id(720), "Night shift");
    (group.description, group.external_id) = (Some("At night".into()), Some("g-20".into()));
    (group.created_at, group.updated_at) = (at(5), at(5));
    let mut template = Template::new(TemplateId(Uuid::from_u128(20)), "Welcome");
    template.created_at = at(5);
    template.cultures = vec![TemplateCulture {
        culture: DEFAULT_CULTURE.into(),
        sms: Some("Hi #name#".into()),
        email: Some(TemplateEmail { subject: "Hi".into(), body: "<p>Hi</p>".into() }),
    }];
    let permissions = vec![permission("a"), permission("b")];
    let mut role = Role { permissions, ..Role::new(role(20), "billing-clerk") };
    (role.description, role.created_at, role.updated_at) = (Some("Writes bills".into()), at(5), at(5));
    let field = CustomField {
        id: CustomFieldId(Uuid::from_u128(20)),
        key: "skills".into(),
        name: "Skills".into(),
        kind: CustomFieldKind::MultiSelect,
    };
    vec![
        (department.into(), |it| with_department(it, |it| it.city = Some("Aarhus".into())), Property::City),
        (group.into(), |it| rename(it, "Day shift"), Property::Name),
        (
            Team { description: Some("Up there".into()), ..Team::new(team(20), root, "North") }.into(),
            |it| rename(it, "South"),
            Property::Name,
        ),
        (new_label(root, "Doctor").into(), |it| rename(it, "Physician"), Property::Name),
        (role.into(), |it| rename(it, "clerk"), Property::Name),
        (field.into(), |it| rename(it, "What they can"), Property::Name),
        (template.into(), |it| rename(it, "Hello"), Property::Name),
    ]
}

fn rename(entity: &mut Entity, to: &str) {
    match entity {
        Entity::Department(it) => it.name = to.into(),
        Entity::Group(it) => it.name = to.into(),
        Entity::Team(it) => it.name = to.into(),
        Entity::Label(it) => it.name = to.into(),
        Entity::Role(it) => it.name = to.into(),
        Entity::CustomField(it) => it.name = to.into(),
        Entity::Template(it) => it.name = to.into(),
    }
}

#[tokio::test]
async fn each_kind_is_created_changed_and_deleted_with_one_event_each() {
    let stage = Stage::open().await;
    let first = stage.newest_event().await.sequence;
    let mut sequence = first;
    for (entity, change, property) in samples(stage.here.root) {
        let created = stage.create(entity.clone()).await.unwrap();
        let key = created.key();
        if !matches!(entity, Entity::Label(_)) {
            assert_eq!(created, entity);
        }
        let found = |key| stage.store.entity(stage.here.tenant, key);
        assert_eq!(found(key).await.unwrap().as_ref(), Some(&created));

        let quiet = stage.execute(changed(key, |_| {})).await.unwrap();
        assert_eq!(quiet, created, "what makes no difference moves no time");
        let after = stage.execute(changed(key, change)).await.unwrap();
        assert_ne!(after, created);
        assert_eq!(found(key).await.unwrap().as_ref(), Some(&after));
        let deleted = stage.execute(Command::Delete(key)).await.unwrap();
        assert_eq!(deleted, after);
        assert_eq!(found(key).await.unwrap(), None);
        let gone = Err(Refusal::NoSuchEntity(key.kind()));
        assert_eq!(stage.execute(Command::Delete(key)).await, gone);
        assert_eq!(stage.execute(changed(key, |_| {})).await, gone);

        let subject = Subject::Entity(key);
        for filter in [SubjectFilter::One(subject), SubjectFilter::Kind(subject.kind())] {
            let query = EventQuery { subject: Some(filter), ..EventQuery::newest(3) };
            let events = stage.store.events(stage.here.tenant, query).await.unwrap().events;
            let told: Vec<_> = events.iter().map(|event| (event.sequence, event.action)).collect();
            let actions = [Action::Deleted, Action::Changed, Action::Created];
            assert_eq!(told, [3, 2, 1].map(|n| sequence + n).into_iter().zip(actions).collect::<Vec<_>>());
            assert!(events.iter().all(|event| event.subject == subject));
            assert_eq!(events[0].actor, Actor::from(&stage.audit().caller));
            let one = &events[1].changes;
            assert_eq!((one.len(), &one[0].attribute), (1, &Attribute::Of(property)), "{one:?}");
            assert!(events[2].changes.iter().all(|change| change.before == Value::Null));
            assert!(events[0].changes.iter().all(|change| change.after == Value::Null));
        }
        sequence += 3;
    }
    assert_eq!(stage.newest_event().await.sequence, sequence);
    let people =
        EventQuery { subject: Some(SubjectFilter::Kind(SubjectKind::Person)), ..EventQuery::newest(99) };
    assert_eq!(stage.store.events(stage.here.tenant, people).await.unwrap().events.len(), 3);
    stage.end().await;
}

#[tokio::test]
async fn times_move_with_what_becomes_different_and_never_back() {
    let stage = Stage::open().await;
    let key = EntityKey::Group(group(1));
    let mut audit = stage.audit();
    let times = |entity: &Entity| match entity {
        Entity::Group(it) => (it.created_at, it.updated_at),
        other => panic!("{other:?}"),
    };
    let renamed = stage.execute(changed(key, |it| rename(it, "a"))).await.unwrap();
    assert_eq!(times(&renamed).1, at(100));
    audit.now = at(1);
    let commands = vec![changed(key, |it| rename(it, "b"))];
    let late = stage.store.execute(stage.here.tenant, commands, audit).await.unwrap();
    assert_eq!(times(&late[0]), times(&renamed), "a clock that was set back makes nothing older");
    stage.end().await;
}

#[tokio::test]
async fn commands_are_executed_all_or_none_and_see_one_another() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let key = EntityKey::Department(department(30));
    let commands = || {
        let mut child = new_department(31, "Below");
        child.parent = Some(department(30));
        vec![
            Command::Create(new_department(30, "Above").into()),
            Command::Create(child.into()),
            Command::Delete(EntityKey::Group(group(1))),
            Command::Delete(key),
        ]
    };
    let refused = stage.store.execute(stage.here.tenant, commands(), stage.audit()).await;
    let by = SubjectKind::Entity(EntityKind::Department);
    let in_use = Refusal::InUse { subject: SubjectKind::Entity(EntityKind::Department), by };
    assert_eq!(refused, Err((3, ChangeError::Refused(in_use))));
    let mut decided = commands();
    decided[3] = Command::Change { key, decide: Box::new(|_| Err(ChangeError::Decided)) };
    let refused = stage.store.execute(stage.here.tenant, decided, stage.audit()).await;
    assert_eq!(refused, Err((3, ChangeError::Decided)));
    assert_eq!(stage.hash().await, hash);
    assert_eq!(stage.person(ADA).await.person.groups.len(), 2);

    let mut all = commands();
    all.pop();
    let done = stage.store.execute(stage.here.tenant, all, stage.audit()).await.unwrap();
    assert_eq!(done.len(), 3);
    assert_eq!(stage.store.execute(stage.here.tenant, vec![], stage.audit()).await, Ok(vec![]));
    stage.end().await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_the_name_of_the_property() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let broken = |change: fn(&mut Department)| {
        let mut department = new_department(40, "D");
        change(&mut department);
        department
    };
    let culture = |culture: &str| DepartmentLocale { culture: culture.into(), description: String::new() };
    let twice = move |it: &mut Department| it.locales = vec![culture("da-DK"), culture("da-dk")];
    let mut with_twice = new_department(40, "D");
    twice(&mut with_twice);
    for (department, property) in [
        (broken(|it| it.name = " \u{200b}".into()), Property::Name),
        (broken(|it| it.name = "x".repeat(limits::KEY + 1)), Property::Name),
        (broken(|it| it.name = "a\0b".into()), Property::Name),
        (broken(|it| it.external_id = Some(String::new())), Property::ExternalId),
        (broken(|it| it.default_phone_country_code = Some(1_000)), Property::DefaultPhoneCountryCode),
        (broken(|it| it.phone = Some(Phone { country_code: Some(0), number: "1".into() })), Property::Phone),
        (broken(|it| it.ui_culture = Some("da_DK".into())), Property::UiCulture),
        (broken(|it| it.parent = Some(it.id)), Property::Parent),
        (with_twice, Property::Locales),
    ] {
        let outcome = stage.create(department).await;
        match property {
            Property::Parent => assert!(matches!(outcome, Err(Refusal::Unknown { .. })), "{outcome:?}"),
            _ => refused_as_invalid(outcome, property),
        }
    }
    let color = Label { color: "red".into(), ..new_label(stage.here.root, "Red") };
    refused_as_invalid(stage.create(color).await, Property::Color);
    let organization = changed(EntityKey::Team(team(1)), |it| match it {
        Entity::Team(it) => it.organization = OrganizationId(Uuid::from_u128(2)),
        other => panic!("{other:?}"),
    });
    refused_as_invalid(stage.execute(organization).await, Property::Organization);
    let key = changed(EntityKey::CustomField(CustomFieldId(Uuid::from_u128(1))), |it| match it {
        Entity::CustomField(it) => it.key = "boot".into(),
        other => panic!("{other:?}"),
    });
    refused_as_invalid(stage.execute(key).await, Property::Key);
    let other = new_department(1, "D");
    let kind = changed(EntityKey::Group(group(1)), move |it| *it = other.clone().into());
    refused_as_invalid(stage.execute(kind).await, Property::Id);
    assert_eq!(stage.hash().await, hash);
    stage.end().await;
}

#[tokio::test]
async fn a_department_refers_to_what_is_there_and_is_never_above_itself() {
    let stage = Stage::open().await;
    let unknown =
        |property, value: String| Err(Refusal::Unknown { attribute: Attribute::Of(property), value });
    let nowhere = department(99);
    assert_eq!(stage.execute(below(1, 99)).await, unknown(Property::Parent, nowhere.to_string()));
    let nobody = person_id(NEWCOMER);
    assert_eq!(
        stage.execute(managed(1, Some(NEWCOMER))).await,
        unknown(Property::Manager, nobody.to_string())
    );
    stage.execute(below(2, 1)).await.unwrap();
    stage.execute(below(3, 2)).await.unwrap();
    for (department, parent) in [(1, 1), (1, 2), (1, 3)] {
        refused_as_invalid(stage.execute(below(department, parent)).await, Property::Parent);
    }
    // Below 1 are two levels, so that 1 may be moved below the last but two.
    let mut above = None;
    for level in 1..=limits::DEPARTMENT_DEPTH as u128 {
        let mut deeper = new_department(100 + level, "Level");
        deeper.parent = above;
        above = Some(deeper.id);
        stage.create(deeper).await.unwrap();
    }
    let mut deeper = new_department(200, "Too deep");
    deeper.parent = above;
    refused_as_invalid(stage.create(deeper).await, Property::Parent);
    let deepest = 100 + limits::DEPARTMENT_DEPTH as u128;
    refused_as_invalid(stage.execute(below(1, deepest - 2)).await, Property::Parent);
    stage.execute(below(1, deepest - 3)).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn what_is_unique_is_so_in_its_kind_and_tenant() {
    let stage = Stage::open().await;
    let mut department = new_department(50, "D");
    department.external_id = Some("e".into());
    let mut group = Group::new(crate::stage::group(50), object_id(750), "G");
    group.external_id = Some("e".into());
    stage.create(department.clone()).await.unwrap();
    stage.create(group.clone()).await.unwrap();
    let taken = |property| Err(Refusal::Taken { attribute: Attribute::Of(property) });
    let again = Department { id: crate::stage::department(51), ..department.clone() };
    assert_eq!(stage.create(again.clone()).await, taken(Property::ExternalId));
    let external = |id: &'static str| {
        changed(EntityKey::Department(crate::stage::department(1)), move |it| {
            with_department(it, |it| it.external_id = Some(id.into()));
        })
    };
    assert_eq!(stage.execute(external("e")).await, taken(Property::ExternalId));
    stage.execute(external("E")).await.unwrap();
    let twin = Group { id: crate::stage::group(51), external_id: None, ..group.clone() };
    assert_eq!(stage.create(twin).await, taken(Property::ObjectId));
    let name = changed(EntityKey::Role(role(1)), |it| rename(it, "role-2"));
    assert_eq!(stage.execute(name).await, taken(Property::Name));
    stage.create(new_label(stage.here.child, "Doctor")).await.unwrap();
    let name = changed(EntityKey::Label(stage.here.label_of_child), |it| rename(it, "Doctor"));
    assert_eq!(stage.execute(name).await, taken(Property::Name));
    // A value that was given up is free.
    stage.execute(Command::Delete(EntityKey::Department(department.id))).await.unwrap();
    stage.create(again).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_department_goes_when_nobody_is_first_of_all_in_it() {
    let stage = Stage::open().await;
    let entry = |n| Entry { id: department(n), data_source: None };
    let placed = PersonChange {
        primary_department: Change::Set(department(1)),
        additional_departments: Change::Set(vec![entry(2), entry(3)]),
        ..PersonChange::default()
    };
    stage.change(ADA, placed).await.unwrap();
    stage.execute(below(3, 2)).await.unwrap();
    let delete = |n| stage.execute(Command::Delete(EntityKey::Department(department(n))));
    assert_eq!(delete(1).await, in_use(EntityKind::Department, SubjectKind::Person));
    let by = SubjectKind::Entity(EntityKind::Department);
    assert_eq!(delete(2).await, in_use(EntityKind::Department, by));
    let version = stage.person(ADA).await.person.version;
    delete(3).await.unwrap();
    delete(2).await.unwrap();
    let ada = stage.person(ADA).await;
    assert!(ada.person.additional_departments.is_empty());
    assert_eq!(ada.person.version, version, "nobody is written to");
    let free = PersonChange { primary_department: Change::Clear, ..PersonChange::default() };
    stage.change(ADA, free).await.unwrap();
    delete(1).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn a_group_goes_with_its_memberships_and_the_others_keep_their_order() {
    let stage = Stage::open().await;
    let all = PersonChange {
        groups: Change::Set(vec![in_group(3), in_group(1), in_group(2)]),
        ..PersonChange::default()
    };
    stage.change(ADA, all.clone()).await.unwrap();
    stage.remove(EDSGER).await.unwrap();
    stage.execute(Command::Delete(EntityKey::Group(group(1)))).await.unwrap();
    let groups = async || {
        let record = stage.person(ADA).await;
        let related: Vec<_> = record.related.groups.iter().map(|it| it.id).collect();
        let own: Vec<_> = record.person.groups.iter().map(|it| it.id).collect();
        assert_eq!(own, related);
        own
    };
    assert_eq!(groups().await, [group(3), group(2)]);
    let again = stage.change(ADA, all).await;
    assert!(matches!(again, Err(Refusal::Unknown { attribute: Attribute::Groups, .. })), "{again:?}");

    // What is left has a gap among its positions.
    stage.create(Group::new(group(4), object_id(704), "G")).await.unwrap();
    for wanted in [[3, 2, 4].as_slice(), &[3, 4], &[4, 3, 2], &[2], &[]] {
        let wanted: Vec<_> = wanted.iter().map(|n| in_group(*n)).collect();
        let ids: Vec<_> = wanted.iter().map(|it| it.id).collect();
        let change = PersonChange { groups: Change::Set(wanted), ..PersonChange::default() };
        stage.change(ADA, change).await.unwrap();
        assert_eq!(groups().await, ids);
    }
    stage.end().await;
}

#[tokio::test]
async fn what_people_have_is_in_use_until_they_have_it_no_more() {
    let stage = Stage::open().await;
    let value = |change| PersonChange {
        custom_fields: [("shoe".to_owned(), change)].into(),
        ..PersonChange::default()
    };
    let granted = PersonChange {
        roles: Change::Set(vec![role(1)]),
        team: Change::Set(team(1)),
        profession: Change::Set(stage.here.label),
        ..value(Change::Set(CustomValue::Text("43".into())))
    };
    stage.change_by_operator(ADA, granted).await.unwrap();
    let keys = [
        EntityKey::Role(role(1)),
        EntityKey::Team(team(1)),
        EntityKey::Label(stage.here.label),
        EntityKey::CustomField(CustomFieldId(Uuid::from_u128(1))),
    ];
    for key in keys {
        let refused = stage.execute(Command::Delete(key)).await;
        assert_eq!(refused, in_use(key.kind(), SubjectKind::Person), "{key:?}");
    }
    let cleared = PersonChange {
        roles: Change::Clear,
        team: Change::Clear,
        profession: Change::Clear,
        ..value(Change::Clear)
    };
    stage.change_by_operator(ADA, cleared).await.unwrap();
    for key in keys {
        stage.execute(Command::Delete(key)).await.unwrap();
    }
    let roles = stage.store.reference_data(stage.here.tenant).await.unwrap().roles;
    let default = roles.iter().find(|role| role.is_default).unwrap().object_id;
    let refused = stage.execute(Command::Delete(EntityKey::Role(default))).await;
    assert_eq!(refused, in_use(EntityKind::Role, SubjectKind::Person));
    stage.end().await;
}

#[tokio::test]
async fn a_renamed_entity_is_shown_by_its_new_name_at_once() {
    let stage = Stage::open().await;
    assert_eq!(stage.person(ADA).await.related.groups[0].name, "Group 1");
    stage.execute(changed(EntityKey::Group(group(1)), |it| rename(it, "Renamed"))).await.unwrap();
    assert_eq!(stage.person(ADA).await.related.groups[0].name, "Renamed");
    stage.end().await;
}

#[tokio::test]
async fn the_departments_of_a_manager_who_leaves_have_none_any_more() {
    let stage = Stage::open().await;
    for n in [1, 2] {
        stage.execute(managed(n, Some(GRACE))).await.unwrap();
    }
    stage.execute(managed(3, Some(ADA))).await.unwrap();
    let last = stage.newest_event().await.sequence;
    stage.remove(GRACE).await.unwrap();
    let events = stage.store.events(stage.here.tenant, EventQuery::newest(3));
    let events = events.await.unwrap().events;
    let told: Vec<_> =
        events.iter().rev().map(|event| (event.sequence, event.subject, event.action)).collect();
    let of = |n| Subject::Entity(EntityKey::Department(department(n)));
    assert_eq!(
        told,
        [
            (last + 1, Subject::Person(person_id(GRACE)), Action::Deleted),
            (last + 2, of(1), Action::Changed),
            (last + 3, of(2), Action::Changed),
        ]
    );
    assert_eq!(events[0].changes[0].attribute, Attribute::Of(Property::Manager));
    assert_eq!(events[0].changes[0].before, Value::Text(person_id(GRACE).to_string()));
    let departments = stage.store.reference_data(stage.here.tenant).await.unwrap().departments;
    let managers: Vec<_> = departments.iter().map(|it| it.manager).collect();
    assert_eq!(managers, [None, None, Some(person_id(ADA))]);
    assert!(matches!(stage.execute(managed(1, Some(GRACE))).await, Err(Refusal::Unknown { .. })));
    stage.end().await;
}

#[tokio::test]
async fn a_leaver_holds_up_no_deletion_and_comes_back_without_what_was_deleted() {
    let stage = Stage::open().await;
    let shoe = [("shoe".to_owned(), Change::Set(CustomValue::Text("43".into())))];
    let change = PersonChange {
        primary_department: Change::Set(department(1)),
        groups: Change::Set(vec![in_group(1), in_group(2)]),
        custom_fields: shoe.into(),
        ..PersonChange::default()
    };
    stage.change(ADA, change).await.unwrap();
    stage.remove(ADA).await.unwrap();
    for key in [
        EntityKey::Department(department(1)),
        EntityKey::Group(group(1)),
        EntityKey::CustomField(CustomFieldId(Uuid::from_u128(1))),
    ] {
        stage.execute(Command::Delete(key)).await.unwrap();
    }
    stage.add(vec![new_person(NEWCOMER, with_external_id("e-1"))]).await.unwrap();
    let back = stage.person(ADA).await.person;
    assert_eq!((back.primary_department, back.custom_fields.len()), (None, 0));
    assert_eq!(back.groups, [in_group(2)]);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_go_below_each_other_at_once_one_is_refused() {
    let stage = Stage::open().await;
    for _ in 0..10 {
        let execute = |command| {
            let (store, audit, tenant) = (stage.store.clone(), stage.audit(), stage.here.tenant);
            tokio::spawn(async move { store.execute(tenant, vec![command], audit).await })
        };
        let (one, other) = (execute(below(1, 2)), execute(below(2, 1)));
        let outcomes = [one.await.unwrap(), other.await.unwrap()];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        for n in [1, 2] {
            let key = EntityKey::Department(department(n));
            stage.execute(changed(key, |it| with_department(it, |it| it.parent = None))).await.unwrap();
        }
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_creations_with_one_external_id_one_wins() {
    let stage = Stage::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let (store, audit, tenant) = (stage.store.clone(), stage.audit(), stage.here.tenant);
        let mut group = Group::new(group(1_000 + n), object_id(1_000 + n as u64), "G");
        group.external_id = Some("wanted".into());
        tasks.spawn(async move { store.execute(tenant, vec![Command::Create(group.into())], audit).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    let taken = Refusal::Taken { attribute: Attribute::Of(Property::ExternalId) };
    assert!(lost.iter().all(|lost| *lost == Err((0, ChangeError::Refused(taken.clone())))), "{lost:?}");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_deleted_while_people_are_put_into_it_leaves_nobody_in_it() {
    let stage = Stage::open().await;
    for round in 0..10 {
        let id = group(2_000 + round);
        stage.create(Group::new(id, object_id(2_000 + round as u64), "G")).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for n in [ADA, GRACE, EDSGER] {
            let change = ChangePerson {
                tenant: stage.here.tenant,
                organization: stage.here.root,
                key: by_id(n),
                include: ALL,
                audit: stage.audit(),
                decide: Box::new(move |record| {
                    let mut groups = record.person.groups.clone();
                    groups.push(Entry { id, data_source: None });
                    Ok(PersonChange { groups: Change::Set(groups), ..PersonChange::default() })
                }),
            };
            let store: Arc<dyn Store> = stage.store.clone();
            tasks.spawn(async move { store.change_person(change).await.map(|_| ()) });
        }
        stage.execute(Command::Delete(EntityKey::Group(id))).await.unwrap();
        for outcome in tasks.join_all().await {
            match outcome {
                Ok(()) | Err(ChangeError::Refused(Refusal::Unknown { attribute: Attribute::Groups, .. })) => {
                }
                other => panic!("{other:?}"),
            }
        }
        for n in [ADA, GRACE, EDSGER] {
            assert!(stage.person(n).await.person.groups.iter().all(|it| it.id != id));
        }
        sound(stage.store.as_ref()).await;
    }
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_manages_a_department_who_leaves_at_that_moment() {
    let stage = Stage::open().await;
    for round in 0..10 {
        let n = 3_000 + round;
        stage.add(vec![new_person(n, titled("Manager"))]).await.unwrap();
        let (store, audit, tenant) = (stage.store.clone(), stage.audit(), stage.here.tenant);
        let commands = vec![managed(1, Some(n))];
        let task = tokio::spawn(async move { store.execute(tenant, commands, audit).await });
        stage.remove(n).await.unwrap();
        match task.await.unwrap() {
            Ok(_) | Err((0, ChangeError::Refused(Refusal::Unknown { .. }))) => {}
            other => panic!("{other:?}"),
        }
        sound(stage.store.as_ref()).await;
    }
    stage.end().await;
}

#[tokio::test]
async fn the_other_tenant_has_entities_of_its_own() {
    let stage = Stage::open().await;
    let id = DepartmentId(Uuid::from_u128(70));
    stage.create(Department { id, ..new_department(70, "Own") }).await.unwrap();
    let there = stage.there.tenant;
    assert_eq!(stage.store.entity(there, EntityKey::Department(id)).await.unwrap(), None);
    for key in [EntityKey::Department(id), EntityKey::Label(Number::FIRST), EntityKey::Role(ObjectId::NIL)] {
        if stage.store.entity(there, key).await.unwrap().is_some() {
            continue;
        }
        let audit = audit(stage.there, "foreign");
        let outcome = stage.store.execute(there, vec![Command::Delete(key)], audit).await;
        assert_eq!(outcome, Err((0, ChangeError::Refused(Refusal::NoSuchEntity(key.kind())))));
    }
    stage.end().await;
}
