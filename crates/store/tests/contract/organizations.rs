//! Tenants, organizations and vocabulary.

use directory::credential::{Credential, Session};
use directory::custom_field::{CustomField, CustomFieldKind};
use directory::event::EventQuery;
use directory::ids::{CustomFieldId, Number, OrganizationId, TemplateId, TenantId};
use directory::limits;
use directory::organization::{OrganizationDetails, Role, STANDARD_ROLES, Team};
use directory::query::{Filter, Query};
use directory::store::{ChangeError, NewMember, NewOrganization};
use directory::template::Template;
use directory::{Attribute, Change, Command, Entity, PersonChange, Property, Refusal, SubjectKind};
use uuid::Uuid;

use crate::credentials::{HASH, credential, session};
use crate::stage::*;

fn organization(n: u128, parent: OrganizationId, name: &str) -> NewOrganization {
    NewOrganization {
        id: OrganizationId(Uuid::from_u128(n)),
        object_id: object_id(n as u64),
        parent: Some(parent),
        name: name.to_owned(),
        details: OrganizationDetails::default(),
        created_at: at(0),
    }
}

#[tokio::test]
async fn a_child_is_made_once_for_each_external_id() {
    let stage = Stage::open().await;
    let (tenant, root, child) = (stage.here.tenant, stage.here.root, stage.here.child);
    let add = async |new| stage.store.add_organization(Some(tenant), new, origin(0)).await;
    let named = |n, parent, name: &str| NewOrganization {
        details: OrganizationDetails {
            customer: None,
            external_id: Some("e".into()),
            url: Some("https://a.example".into()),
            summary: Some("Sells".into()),
        },
        ..organization(n, parent, name)
    };
    let first = add(named(5, root, "First")).await.unwrap();
    assert_eq!(first.external_id.as_deref(), Some("e"));
    assert_eq!(stage.store.organization(tenant, first.id).await, Ok(Some(first.clone())));
    let before = stage.newest_event().await.sequence;
    assert_eq!(add(named(6, root, "Second")).await, Ok(first.clone()));
    assert_eq!(add(named(6, root, "Child")).await, Ok(first.clone()), "before the name is looked at");
    assert_eq!(stage.newest_event().await.sequence, before);
    assert_eq!(stage.store.organization(tenant, OrganizationId(Uuid::from_u128(6))).await, Ok(None));

    let below = add(named(7, child, "Below")).await.unwrap();
    assert_eq!((below.parent, below.external_id.as_deref()), (Some(child), Some("e")));
    stage.store.delete_organization(tenant, first.id, origin(1)).await.unwrap();
    let again = add(named(8, root, "First")).await.unwrap();
    assert_eq!(again.id, OrganizationId(Uuid::from_u128(8)));
    assert_eq!(stage.store.check().await.unwrap().problems, Vec::<String>::new());
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

fn in_use(by: SubjectKind) -> Refusal {
    Refusal::InUse { subject: SubjectKind::Organization, by }
}

fn unknown(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}

fn in_child(stage: &Stage, credential: Credential) -> Credential {
    Credential { organization: stage.here.child, ..credential }
}

#[tokio::test]
async fn an_organization_is_not_deleted_while_something_refers_to_it() {
    let stage = Stage::open().await;
    let (tenant, root, child, store) = (stage.here.tenant, stage.here.root, stage.here.child, &stage.store);
    let delete = async |id| store.delete_organization(tenant, id, origin(9)).await;
    let refused = async |id| {
        let hash = stage.hash().await;
        let refusal = delete(id).await.unwrap_err();
        assert_eq!(stage.hash().await, hash, "nothing changed, not even a team: {refusal:?}");
        refusal
    };
    let at_root = refused(root).await;
    let attribute = Attribute::Of(Property::Organization);
    assert!(
        matches!(&at_root, Refusal::Invalid { attribute: found, .. } if *found == attribute),
        "{at_root:?}"
    );
    let nowhere = OrganizationId(Uuid::from_u128(99));
    assert_eq!(refused(nowhere).await, unknown(nowhere));
    assert_eq!(
        store.delete_organization(TenantId(77), child, origin(9)).await,
        Err(unknown(child)),
        "another tenant's"
    );

    let below = store.add_organization(Some(tenant), organization(5, child, "Below"), origin(0)).await;
    stage.add_in(child, vec![new_person(NEWCOMER, named("New", "Comer"))]).await.unwrap();
    let one = in_child(&stage, credential(&stage, 1, "one"));
    store.add_credential(one.clone(), origin(0)).await.unwrap();
    assert_eq!(refused(child).await, in_use(SubjectKind::Organization));
    delete(below.unwrap().id).await.unwrap();
    assert_eq!(refused(child).await, in_use(SubjectKind::Person));
    stage.remove_in(child, NEWCOMER).await.unwrap();
    assert_eq!(refused(child).await, in_use(SubjectKind::Credential));
    assert!(store.revoke_credential(one.id, origin(1)).await.unwrap());
    assert_eq!(delete(child).await.unwrap().id, child);
    stage.end().await;
}

#[tokio::test]
async fn what_ended_in_an_organization_is_not_in_the_way_and_is_still_told() {
    let stage = Stage::open().await;
    let (tenant, root, child, store) = (stage.here.tenant, stage.here.root, stage.here.child, &stage.store);
    let with_password =
        PersonChange { password_hash: Change::Set(HASH.to_owned()), ..PersonChange::default() };
    stage.change_by_operator(ADA, with_password).await.unwrap();
    let member = NewMember {
        tenant,
        organization: child,
        person: person_id(ADA),
        change: PersonChange { team: Change::Set(team(2)), ..PersonChange::default() },
        audit: stage.audit(),
    };
    store.add_member(member).await.unwrap();
    let number = Number::new(2).unwrap();
    let begun = Session { organization: child, organization_number: number, ..session(&stage, 1, ADA) };
    assert_eq!(store.add_session(begun.clone(), HASH.into(), origin(1)).await, Ok(true));
    let [revoked, expired] =
        [(1, "one"), (2, "two")].map(|(n, name)| in_child(&stage, credential(&stage, n, name)));
    store.add_credential(revoked.clone(), origin(1)).await.unwrap();
    store.add_credential(expired.clone(), origin(1)).await.unwrap();
    assert!(store.revoke_credential(revoked.id, origin(2)).await.unwrap());
    stage.remove_in(child, ADA).await.unwrap();
    assert_eq!(
        store.delete_organization(tenant, child, origin(3)).await,
        Err(in_use(SubjectKind::Credential)),
        "one has not expired yet"
    );
    store.delete_organization(tenant, child, origin(600)).await.unwrap();

    assert_eq!(stage.find_in(child, by_id(ADA)).await, None);
    assert!(stage.find(by_id(ADA)).await.is_some());
    let all = Query::first(Filter::All(vec![]), vec![], 9);
    let credentials = store.list_credentials(tenant, all).await.unwrap();
    assert_eq!(credentials.items.iter().map(|it| it.organization).collect::<Vec<_>>(), [child, child]);
    let kept = store.session(begun.id).await.unwrap().unwrap();
    assert_eq!((kept.organization, kept.is_live), (child, false));
    assert!(kept.revoked_at.is_some());
    let events = store.events(tenant, EventQuery::newest(1_000)).await.unwrap().events;
    let last = stage.newest_event().await.sequence;
    assert_eq!(events.len() as u64, last, "not one of its events is gone");

    // The name is free, and nothing takes the place of what was there.
    let heir =
        store.add_organization(Some(tenant), organization(7, root, "Child"), origin(601)).await.unwrap();
    assert_eq!(heir.number.get(), 3);
    assert_eq!(stage.find_in(heir.id, by_id(ADA)).await, None);
    let trees = store.organizations().await.unwrap();
    let tree = trees.iter().find(|tree| tree.tenant.id == tenant).unwrap();
    assert_eq!(tree.organizations.iter().map(|it| it.id).collect::<Vec<_>>(), [root, heir.id]);
    let renamed = store.rename_organization(tenant, child, "Ghost".into(), origin(602)).await;
    assert_eq!(renamed, Err(unknown(child)));
    stage.end().await;
}

#[tokio::test]
async fn an_organization_that_another_process_deleted_takes_nothing_in() {
    let stage = Stage::open().await;
    let (tenant, child, store) = (stage.here.tenant, stage.here.child, &stage.store);
    // It is known here, and what is known is kept.
    stage.add_in(child, vec![new_person(NEWCOMER, named("New", "Comer"))]).await.unwrap();
    assert!(stage.find_in(child, by_id(NEWCOMER)).await.is_some());
    stage.remove_in(child, NEWCOMER).await.unwrap();
    let beside = stage.beside().await;
    beside.delete_organization(tenant, child, origin(1)).await.unwrap();
    let hash = stage.hash().await;

    assert_eq!(stage.add_in(child, vec![new_person(10, named("A", "B"))]).await, Err((0, unknown(child))));
    let (change, audit) = (PersonChange::default(), stage.audit());
    let member = NewMember { tenant, organization: child, person: person_id(ADA), change, audit };
    assert_eq!(store.add_member(member).await.map(|_| ()), Err(unknown(child)));
    let one = in_child(&stage, credential(&stage, 1, "one"));
    assert_eq!(store.add_credential(one, origin(2)).await, Err(unknown(child)));
    let lost = Team::new(team(9), child, "Lost");
    assert_eq!(stage.create(lost).await, Err(unknown(child)));
    let below = store.add_organization(Some(tenant), organization(5, child, "Below"), origin(2)).await;
    let attribute = Attribute::Of(Property::Parent);
    assert_eq!(below, Err(Refusal::Unknown { attribute, value: child.to_string() }));
    let caller = audit_in(tenant, child, "the case");
    let command = Command::Create(new_department(9, "Late").into());
    let stopped = store.execute(tenant, vec![command], caller).await;
    assert!(matches!(stopped, Err((0, ChangeError::Refused(Refusal::CallerGone)))), "{stopped:?}");
    assert_eq!(stage.find_in(child, by_id(NEWCOMER)).await, None);
    assert_eq!(stage.hash().await, hash);
    drop(beside);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_added_while_an_organization_is_deleted_is_in_the_way_or_refused() {
    let stage = Stage::open().await;
    let (tenant, root) = (stage.here.tenant, stage.here.root);
    for round in 0..24_u64 {
        let (nth, new) = (u128::from(round), 1_000 + round);
        let place = organization(100 + nth, root, &format!("Place {round}"));
        let place = stage.store.add_organization(Some(tenant), place, origin(0)).await.unwrap().id;
        let (store, audit) = (stage.store.clone(), stage.audit());
        let one = Credential {
            organization: place,
            ..credential(&stage, 100 + nth, &format!("credential-{round}"))
        };
        let adding = async move {
            match round % 4 {
                0 => {
                    let people = vec![new_person(new, named("New", "Comer"))];
                    store.add_people(tenant, place, people, audit).await.is_ok()
                }
                1 => {
                    let (person, change) = (person_id(ADA), PersonChange::default());
                    let member = NewMember { tenant, organization: place, person, change, audit };
                    store.add_member(member).await.is_ok()
                }
                2 => store.add_credential(one, origin(1)).await.is_ok(),
                _ => {
                    let below = organization(500 + nth, place, &format!("Below {round}"));
                    store.add_organization(Some(tenant), below, origin(1)).await.is_ok()
                }
            }
        };
        let store = stage.store.clone();
        let deleting = async move { store.delete_organization(tenant, place, origin(1)).await.is_ok() };
        // Which comes first is not for this to say: they take turns at being asked first.
        let (added, deleted) = match round % 8 < 4 {
            true => {
                let (adding, deleting) = (tokio::spawn(adding), tokio::spawn(deleting));
                (adding.await.unwrap(), deleting.await.unwrap())
            }
            false => {
                let (deleting, adding) = (tokio::spawn(deleting), tokio::spawn(adding));
                (adding.await.unwrap(), deleting.await.unwrap())
            }
        };
        assert!(added != deleted, "round {round}: {added} and {deleted}");
    }
    // That nothing dangles, the check at the end says.
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
    let named_role = |name: &str| Entity::Role(Role::new(role(9), name));
    let label = |name: &str| Entity::Label(new_label(root, name));
    let template = |n, name: &str| Entity::Template(Template::new(TemplateId(Uuid::from_u128(n)), name));
    stage.create(template(1, "welcome")).await.unwrap();
    let hash = stage.hash().await;
    for (entity, attribute) in [
        (field("shoe"), Property::Key),
        (named_role("role-1"), Property::Name),
        (named_role("user"), Property::Name),
        (label("Nurse"), Property::Name),
        (template(2, "welcome"), Property::Name),
        (new_department(1, "Twice").into(), Property::Id),
    ] {
        assert_eq!(stage.create(entity).await, Err(Refusal::Taken { attribute: Attribute::Of(attribute) }));
    }
    let nowhere = OrganizationId(Uuid::from_u128(99));
    let lost = Team::new(team(9), nowhere, "Lost");
    assert!(matches!(
        stage.create(lost).await,
        Err(Refusal::Unknown { attribute: Attribute::Of(Property::Organization), .. })
    ));
    let nowhere =
        stage.store.execute(TenantId(77), vec![Command::Create(named_role("x"))], stage.audit()).await;
    assert!(
        matches!(
            nowhere,
            Err((
                0,
                ChangeError::Refused(Refusal::Unknown { attribute: Attribute::Of(Property::Tenant), .. })
            ))
        ),
        "{nowhere:?}"
    );
    assert_eq!(stage.hash().await, hash);
    for entity in [field("Shoe"), named_role("role-9"), label("Doctor"), template(2, "Welcome")] {
        assert!(stage.create(entity).await.is_ok());
    }
    stage.end().await;
}
