//! What a person refers to must be in the tenant, and where it belongs to an organization, in that one.

use directory::ids::{DepartmentId, GroupId};
use directory::organization::{Department, DepartmentKind, Group};
use directory::person::Entry;
use directory::{Attribute, Change, PersonChange, Refusal};
use uuid::Uuid;

use crate::stage::*;

#[tokio::test]
async fn a_reference_to_nothing_is_refused_and_named() {
    let stage = Stage::open().await;
    let cases: [(Attribute, PersonChange); 7] = [
        (
            Attribute::PrimaryDepartment,
            PersonChange { primary_department: Change::Set(department(9)), ..PersonChange::default() },
        ),
        (
            Attribute::AdditionalDepartments,
            PersonChange {
                additional_departments: Change::Set(vec![Entry { id: department(9), data_source: None }]),
                ..PersonChange::default()
            },
        ),
        (
            Attribute::Groups,
            PersonChange { groups: Change::Set(vec![in_group(1), in_group(9)]), ..PersonChange::default() },
        ),
        (
            Attribute::LaurelRoles,
            PersonChange { roles: Change::Set(vec![role(9)]), ..PersonChange::default() },
        ),
        (Attribute::ReplayTeam, PersonChange { team: Change::Set(team(9)), ..PersonChange::default() }),
        // These are there, but in the child organization.
        (Attribute::ReplayTeam, PersonChange { team: Change::Set(team(2)), ..PersonChange::default() }),
        (
            Attribute::KareProfession,
            PersonChange { profession: Change::Set(stage.here.label_of_child), ..PersonChange::default() },
        ),
    ];
    for (expected, change) in cases {
        match stage.change(ADA, change).await {
            Err(Refusal::Unknown { attribute, .. }) => assert_eq!(attribute, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let good = PersonChange {
        primary_department: Change::Set(department(1)),
        additional_departments: Change::Set(vec![Entry {
            id: department(2),
            data_source: Some("elsewhere".into()),
        }]),
        roles: Change::Set(vec![role(3)]),
        team: Change::Set(team(1)),
        profession: Change::Set(stage.here.label),
        ..PersonChange::default()
    };
    let changed = stage.change(ADA, good).await.unwrap();
    assert_eq!(changed.person.additional_departments[0].data_source.as_deref(), Some("elsewhere"));
    assert_eq!(changed, stage.person(ADA).await);
    stage.end().await;
}

#[tokio::test]
async fn what_only_another_tenant_has_is_not_there() {
    let stage = Stage::open().await;
    let (group, department) = (GroupId(Uuid::from_u128(70)), DepartmentId(Uuid::from_u128(70)));
    // Here the tenant of the case has what the other one lacks, so the case plays in the other one.
    stage.create(Group::new(group, object_id(700), "Own")).await.unwrap();
    stage.create(Department::new(department, "Own", DepartmentKind::default())).await.unwrap();
    let change = PersonChange {
        groups: Change::Set(vec![Entry { id: group, data_source: None }]),
        primary_department: Change::Set(department),
        ..PersonChange::default()
    };
    assert!(stage.change(ADA, change.clone()).await.is_ok());
    let foreign = directory::store::ChangePerson {
        tenant: stage.there.tenant,
        organization: stage.there.root,
        key: by_id(ADA),
        include: ALL,
        audit: audit(stage.there, "foreign"),
        decide: Box::new(move |_| Ok(change.clone())),
    };
    assert!(stage.store.change_person(foreign).await.is_err());
    stage.end().await;
}
