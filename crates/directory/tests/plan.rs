//! What a write of an entity comes to.

use directory::change::Value;
use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::{CustomFieldId, DepartmentId, Number, ObjectId, OrganizationId, PersonId};
use directory::organization::{Department, DepartmentKind, Group, Organization, Permission, Role};
use directory::plan::{self, EntityReference, Unique};
use directory::template::{Template, TemplateCulture};
use directory::{Attribute, Entity, EntityKind, Property, Refusal, SubjectKind, limits};
use jiff::Timestamp;
use uuid::Uuid;

fn id(n: u128) -> DepartmentId {
    DepartmentId(Uuid::from_u128(n))
}

fn department() -> Department {
    Department::new(id(1), "Engines", DepartmentKind::Store)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_creation_records_all_that_is_said_and_nothing_else() {
    let mut department = department();
    department.settings.show_contact_list = true;
    department.parent = Some(id(2));
    department.manager = Some(PersonId(Uuid::from_u128(3)));
    department.external_id = Some("e".into());
    let planned = plan::create(department.clone().into()).unwrap();
    let names: Vec<_> = planned.changes.iter().map(|change| change.attribute.to_string()).collect();
    assert_eq!(names, ["name", "kind", "parent", "external_id", "manager", "show_contact_list"]);
    assert!(planned.changes.iter().all(|change| change.before == Value::Null));
    let manager = EntityReference::Manager(PersonId(Uuid::from_u128(3)));
    assert_eq!(planned.references, [EntityReference::Parent(id(2)), manager]);
    assert_eq!(planned.unique, [Unique::DepartmentExternalId("e".into())]);
    let gone = plan::delete(&department.into()).unwrap();
    assert_eq!(gone.len(), 6);
    assert!(gone.iter().all(|change| change.after == Value::Null));
}

#[test]
fn a_change_looks_up_what_is_new_and_is_quiet_where_nothing_is() {
    let mut before = department();
    (before.parent, before.updated_at) = (Some(id(2)), at(10));
    let entity = Entity::from(before.clone());
    let quiet =
        plan::change(&entity, Department { updated_at: at(99), ..before.clone() }.into(), at(20)).unwrap();
    assert_eq!((quiet.entity, quiet.changes.len()), (entity.clone(), 0));

    let renamed = Department { name: "Looms".into(), id: id(9), ..before.clone() };
    let planned = plan::change(&entity, renamed.clone().into(), at(20)).unwrap();
    assert!(planned.references.is_empty() && planned.unique.is_empty());
    let expected = Department { name: "Looms".into(), updated_at: at(20), ..before };
    assert_eq!(planned.entity, Entity::from(expected), "the id is the one that it has");
    let late = plan::change(&entity, renamed.into(), at(1)).unwrap();
    assert!(matches!(late.entity, Entity::Department(it) if it.updated_at == at(10)));
}

#[test]
fn what_never_changes_is_refused() {
    let field = |key: &str| {
        let (key, name) = (key.to_owned(), "Name".to_owned());
        Entity::from(CustomField { id: CustomFieldId::NIL, key, name, kind: CustomFieldKind::Text })
    };
    let refused = |outcome: Result<plan::Planned, Refusal>| match outcome {
        Err(Refusal::Invalid { attribute: Attribute::Of(property), .. }) => property,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(plan::change(&field("a"), field("b"), at(1))), Property::Key);
    assert_eq!(refused(plan::change(&field("a"), department().into(), at(1))), Property::Id);
    let twice =
        ["da-DK", "da-dk"].map(|culture| TemplateCulture { culture: culture.into(), sms: None, email: None });
    let template =
        Template { cultures: twice.to_vec(), ..Template::new(directory::ids::TemplateId::NIL, "T") };
    assert_eq!(refused(plan::create(template.into())), Property::Cultures);
}

#[test]
fn a_department_has_its_place_below_others_and_not_too_deep() {
    assert_eq!(plan::check_place(id(1), &[id(2), id(3)], 1), Ok(()));
    assert!(plan::check_place(id(1), &[id(2), id(1)], 1).is_err());
    let above: Vec<_> = (2..=limits::DEPARTMENT_DEPTH as u128).map(id).collect();
    assert_eq!(plan::check_place(id(1), &above, 1), Ok(()));
    assert!(plan::check_place(id(1), &above, 2).is_err());
}

#[test]
fn the_root_of_a_tenant_is_not_deleted_and_another_organization_is_recorded_as_it_was() {
    let root = OrganizationId(Uuid::from_u128(1));
    let branch = Organization {
        id: OrganizationId(Uuid::from_u128(2)),
        number: Number::FIRST,
        object_id: ObjectId([7; 12]),
        parent: Some(root),
        name: "Branch".into(),
        external_id: None,
        created_at: at(0),
    };
    let changes = plan::delete_organization(&branch).unwrap();
    let names: Vec<_> = changes.iter().map(|change| change.attribute.to_string()).collect();
    assert_eq!(names, ["number", "object_id", "parent", "name"]);
    assert!(changes.iter().all(|change| change.before != Value::Null && change.after == Value::Null));
    let refused = plan::delete_organization(&Organization { parent: None, ..branch });
    let organization = Attribute::Of(Property::Organization);
    assert!(matches!(refused, Err(Refusal::Invalid { attribute, .. }) if attribute == organization));
}

#[test]
fn a_default_role_is_everybodys_and_permissions_are_a_set() {
    let claim = |claim: &str| Permission { claim: claim.into() };
    let permissions = vec![claim("b"), claim("a"), claim("b")];
    let role = Role { is_default: true, permissions, ..Role::new(ObjectId::NIL, "clerk") };
    let in_use = Refusal::InUse { subject: SubjectKind::Entity(EntityKind::Role), by: SubjectKind::Person };
    assert_eq!(plan::delete(&role.clone().into()), Err(in_use));
    let planned = plan::create(role.into()).unwrap();
    assert!(matches!(planned.entity, Entity::Role(it) if it.permissions == [claim("a"), claim("b")]));
    let group = Group::new(directory::ids::GroupId::NIL, ObjectId([7; 12]), "G");
    assert_eq!(plan::create(group.into()).unwrap().unique, [Unique::GroupObjectId(ObjectId([7; 12]))]);
}
