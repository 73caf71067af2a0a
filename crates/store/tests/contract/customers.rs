//! Organizations as Laurel's customers.

use directory::customer::{Customer, CustomerChange, CustomerKey, CustomerProfile};
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::OrganizationId;
use directory::store::{ChangeCustomer, ChangeError, CustomerBy, NewOrganization};
use directory::{Attribute, Property, Refusal};
use uuid::Uuid;

use crate::stage::*;

const NORTH: OrganizationId = OrganizationId(Uuid::from_u128(41));

fn coded(code: &str) -> CustomerProfile {
    CustomerProfile { code: Some(code.to_owned()), ..CustomerProfile::default() }
}

fn identity(value: &str) -> Identity {
    Identity { source: Source::Laurel(LaurelType::Salesforce), value: value.to_owned() }
}

async fn change(
    stage: &Stage,
    organization: OrganizationId,
    name: Option<&str>,
    profile: CustomerProfile,
) -> Result<Customer, ChangeError> {
    let name = name.map(str::to_owned);
    let change = ChangeCustomer {
        tenant: stage.here.tenant,
        organization,
        origin: origin(60),
        decide: Box::new(move |customer| {
            let name = name.clone().unwrap_or_else(|| customer.organization.name.clone());
            Ok(CustomerChange { name, profile: profile.clone() })
        }),
    };
    stage.store.change_customer(change).await
}

async fn found(stage: &Stage, by: CustomerBy) -> Option<OrganizationId> {
    let found = stage.store.customer(stage.here.tenant, by).await.unwrap();
    found.map(|customer| customer.organization.id)
}

fn by_code(code: &str) -> CustomerBy {
    CustomerBy::Key(CustomerKey { source: "code".into(), value: code.into() })
}

fn taken(property: Property) -> Refusal {
    Refusal::Taken { attribute: Attribute::Of(property) }
}

#[tokio::test]
async fn a_customer_is_found_by_its_keys_which_are_no_other_ones() {
    let stage = Stage::open().await;
    let (root, child) = (stage.here.root, stage.here.child);
    let before = stage.store.customers(stage.here.tenant).await.unwrap();
    assert!(before.iter().all(|it| it.profile == CustomerProfile::default()));
    assert_eq!(before[0].updated_at, before[0].organization.created_at);
    let profile = CustomerProfile { identities: vec![identity("001")], ..coded("AUR") };
    let changed = change(&stage, root, Some("Aurora"), profile.clone()).await.unwrap();
    assert_eq!((&changed.organization.name[..], &changed.profile), ("Aurora", &profile));
    let read = stage.store.customer(stage.here.tenant, CustomerBy::Organization(root)).await.unwrap();
    assert_eq!(read.as_ref(), Some(&changed), "what is written is what is read");
    let by_identity = CustomerBy::Key(CustomerKey::of_identity(&identity("001")));
    for by in [CustomerBy::ObjectId(changed.organization.object_id), by_code("AUR"), by_identity] {
        assert_eq!(found(&stage, by.clone()).await, Some(root), "{by:?}");
    }
    assert_eq!(found(&stage, by_code("AUX")).await, None);
    assert_eq!(stage.newest_event().await.changes.len(), 3, "name, code and identities");

    let hash = stage.hash().await;
    assert_eq!(change(&stage, root, None, profile).await.unwrap(), changed, "no difference, no event");
    for (name, profile, refusal) in [
        (None, coded("AUR"), taken(Property::Code)),
        (Some("Aurora"), CustomerProfile::default(), taken(Property::Name)),
        (
            None,
            CustomerProfile { identities: vec![identity("001")], ..CustomerProfile::default() },
            taken(Property::Identities),
        ),
    ] {
        assert_eq!(change(&stage, child, name, profile).await, Err(refusal.into()));
    }
    let nowhere = OrganizationId(Uuid::from_u128(99));
    let unknown = change(&stage, nowhere, None, coded("NOW")).await;
    assert!(matches!(unknown, Err(ChangeError::Refused(Refusal::Unknown { .. }))), "{unknown:?}");
    assert_eq!(stage.hash().await, hash);
    sound(stage.store.as_ref()).await;

    change(&stage, root, None, CustomerProfile::default()).await.unwrap();
    change(&stage, child, None, coded("AUR")).await.unwrap();
    assert_eq!(found(&stage, by_code("AUR")).await, Some(child));
    stage.end().await;
}

#[tokio::test]
async fn an_organization_begins_with_its_profile_or_not_at_all() {
    let stage = Stage::open().await;
    let (tenant, root) = (stage.here.tenant, stage.here.root);
    let new = |profile: CustomerProfile| NewOrganization {
        id: NORTH,
        object_id: object_id(41),
        parent: Some(root),
        name: "North".into(),
        details: directory::organization::OrganizationDetails {
            customer: Some(profile),
            ..Default::default()
        },
        created_at: at(1),
    };
    change(&stage, root, None, coded("AUR")).await.unwrap();
    let hash = stage.hash().await;
    let refused = stage.store.add_organization(Some(tenant), new(coded("AUR")), origin(1)).await;
    assert_eq!(refused, Err(taken(Property::Code)));
    let known = stage.store.organization(tenant, root).await.unwrap().unwrap().object_id;
    let same_id = NewOrganization { object_id: known, ..new(coded("NOR")) };
    let refused = stage.store.add_organization(Some(tenant), same_id, origin(1)).await;
    assert_eq!(refused, Err(taken(Property::ObjectId)));
    assert_eq!(stage.hash().await, hash);
    stage.store.add_organization(Some(tenant), new(coded("NOR")), origin(1)).await.unwrap();
    assert_eq!(found(&stage, by_code("NOR")).await, Some(NORTH));
    // What was its own is free when it is deleted.
    stage.store.delete_organization(tenant, NORTH, origin(2)).await.unwrap();
    assert_eq!(found(&stage, by_code("NOR")).await, None);
    assert_eq!(found(&stage, CustomerBy::ObjectId(object_id(41))).await, None);
    change(&stage, root, None, coded("NOR")).await.unwrap();
    sound(stage.store.as_ref()).await;
    stage.end().await;
}
