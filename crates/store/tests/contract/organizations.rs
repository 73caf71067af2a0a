//! Tenants, organizations and vocabulary.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::{CustomFieldId, OrganizationId, TenantId};
use directory::limits;
use directory::organization::{Role, STANDARD_ROLES, Team};
use directory::store::{NewOrganization, Stop};
use directory::{Attribute, Command, Entity, Property, Refusal};
use uuid::Uuid;

use crate::stage::*;

fn organization(n: u128, parent: OrganizationId, name: &str) -> NewOrganization {
    NewOrganization {
        id: OrganizationId(Uuid::from_u128(n)),
        object_id: object_id(n as u64),
        parent: Some(parent),
        name: name.to_owned(),
        created_at: at(0),
    }
}

#[tokio::test]
async fn organizations_form_a_tree_with_names_of_their_own() {
    let stage = Stage::open().await;
    let (tenant, root) = (stage.here.tenant, stage.here.root);
    let add = async |new| stage.store.add_organization(Some(tenant), new, origin(0)).await;
    assert_eq!(
        add(organization(5, root, "Child")).await,
        Err(Refusal::Taken { attribute: Attribute::Of(Property::Name) })
    );
    let nowhere = OrganizationId(Uuid::from_u128(99));
    assert_eq!(
        add(organization(5, nowhere, "x")).await,
        Err(Refusal::Unknown { attribute: Attribute::Of(Property::Parent), value: nowhere.to_string() })
    );
    let second_root = NewOrganization { parent: None, ..organization(5, root, "x") };
    assert!(matches!(
        add(second_root).await,
        Err(Refusal::Invalid { attribute: Attribute::Of(Property::Parent), .. })
    ));

    let mut above = root;
    for level in 2..=limits::DEPTH {
        let new = organization(100 + level as u128, above, &format!("Level {level}"));
        above = add(new).await.unwrap().id;
    }
    let too_deep = add(organization(200, above, "Too deep")).await;
    assert!(
        matches!(too_deep, Err(Refusal::Invalid { attribute: Attribute::Of(Property::Parent), .. })),
        "{too_deep:?}"
    );

    let found = stage.store.organization(tenant, stage.here.child).await.unwrap().unwrap();
    assert_eq!((found.parent, found.name.as_str(), found.number.get()), (Some(root), "Child", 2));
    assert_eq!(stage.store.organization(tenant, nowhere).await, Ok(None));
    assert_eq!(stage.store.organization(TenantId(77), root).await, Ok(None));
    let trees = stage.store.organizations().await.unwrap();
    assert_eq!(trees.len(), 2);
    assert_eq!(trees[1].organizations.len(), 1 + limits::DEPTH);
    assert_eq!((trees[1].organizations[0].id, trees[1].organizations[0].parent), (root, None));
    stage.end().await;
}

#[tokio::test]
async fn a_vocabulary_holds_what_was_added_and_nothing_twice() {
    let stage = Stage::open().await;
    let (tenant, root) = (stage.here.tenant, stage.here.root);
    let reference_data = stage.store.reference_data(tenant).await.unwrap();
    assert_eq!(
        (reference_data.departments.len(), reference_data.groups.len(), reference_data.teams.len()),
        (3, 3, 2)
    );
    assert_eq!(reference_data.roles.len(), 3 + STANDARD_ROLES.len());
    assert_eq!(
        reference_data.labels.iter().map(|label| label.number).collect::<Vec<_>>(),
        [stage.here.label, stage.here.label_of_child]
    );
    assert_eq!(stage.store.custom_fields(tenant).await, Ok(reference_data.custom_fields.clone()));
    let defaults: Vec<_> = reference_data.roles.iter().filter(|role| role.is_default).collect();
    assert_eq!(defaults.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["user"]);

    let field = |key: &str| {
        Entity::CustomField(CustomField {
            id: CustomFieldId(Uuid::from_u128(9)),
            key: key.into(),
            name: "n".into(),
            kind: CustomFieldKind::Number,
        })
    };
    let named_role = |name: &str| {
        Entity::Role(Role { object_id: role(9), name: name.into(), is_default: false, permissions: vec![] })
    };
    let label = |name: &str| Entity::Label(new_label(root, name));
    let hash = stage.hash().await;
    for (entity, attribute) in [
        (field("shoe"), Property::Key),
        (named_role("role-1"), Property::Name),
        (named_role("user"), Property::Name),
        (label("Nurse"), Property::Name),
        (new_department(1, "Twice").into(), Property::Id),
    ] {
        assert_eq!(stage.create(entity).await, Err(Refusal::Taken { attribute: Attribute::Of(attribute) }));
    }
    let nowhere = OrganizationId(Uuid::from_u128(99));
    let lost = Team { id: team(9), organization: nowhere, name: "Lost".into() };
    assert!(matches!(
        stage.create(lost).await,
        Err(Refusal::Unknown { attribute: Attribute::Of(Property::Organization), .. })
    ));
    let nowhere =
        stage.store.execute(TenantId(77), vec![Command::Create(named_role("x"))], stage.audit()).await;
    assert!(
        matches!(
            nowhere,
            Err((0, Stop::Refused(Refusal::Unknown { attribute: Attribute::Of(Property::Tenant), .. })))
        ),
        "{nowhere:?}"
    );
    assert_eq!(stage.hash().await, hash);
    for entity in [field("Shoe"), named_role("role-9"), label("Doctor")] {
        assert!(stage.create(entity).await.is_ok());
    }
    stage.end().await;
}
