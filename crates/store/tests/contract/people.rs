//! One person: finding, changing, quiet changes, refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use directory::custom_field::CustomValue;
use directory::ids::{Number, OrganizationId};
use directory::membership::KareScope;
use directory::person::{Gender, Lang, Phone};
use directory::person_change::NameChange;
use directory::status::Status;
use directory::store::{ChangeError, PersonKey};
use directory::{Attribute, Change, Include, PersonChange, Refusal};
use uuid::Uuid;

use crate::stage::*;

#[tokio::test]
async fn a_person_is_found_by_each_key_and_nobody_by_another() {
    let stage = Stage::open().await;
    let ada = stage.person(ADA).await;
    let keys = [
        PersonKey::Number(ada.person.number),
        PersonKey::ObjectId(object_id(ADA)),
        PersonKey::Email("ada@example.com".into()),
        PersonKey::UserName("countess".into()),
        by_external_id("e-1"),
    ];
    for key in keys {
        assert_eq!(stage.find(key.clone()).await.as_ref(), Some(&ada), "{key:?}");
        assert_eq!(stage.find_in(stage.here.child, key.clone()).await, None, "{key:?}");
        let nowhere = OrganizationId(Uuid::from_u128(99));
        assert_eq!(stage.find_in(nowhere, key.clone()).await, None, "{key:?}");
    }
    let strangers = [
        by_id(NEWCOMER),
        PersonKey::ObjectId(object_id(NEWCOMER)),
        PersonKey::Number(Number::new(Number::MAX).unwrap()),
        PersonKey::Email("e-1".into()),
        PersonKey::UserName("ada@example.com".into()),
        by_external_id("countess"),
    ];
    for key in strangers {
        assert_eq!(stage.find(key.clone()).await, None, "{key:?}");
    }
    stage.end().await;
}

#[tokio::test]
async fn what_is_written_is_what_is_read() {
    let stage = Stage::open().await;
    let change = PersonChange {
        name: NameChange::Full("Ada  King ".into()),
        initials: Change::Set("AK".into()),
        second_email: Change::Set(email("second@x.org")),
        email_aliases: Change::Set(vec![email("Alias@x.org")]),
        phone: Change::Set(Phone { country_code: Some(44), number: "20".into() }),
        second_phone: Change::Set(Phone { country_code: None, number: "\u{1}\"'%\u{1f600}".into() }),
        birth_date: Change::Set("1815-12-10T00:00:00.123456789".parse().unwrap()),
        gender: Change::Set(Gender::Female),
        employment_start: Change::Set("0001-01-01T00:00:00".parse().unwrap()),
        employment_end: Change::Set(jiff::civil::DateTime::MAX),
        office: Change::Set("London".into()),
        primary_department: Change::Set(department(1)),
        groups: Change::Set(vec![in_group(3), in_group(1)]),
        custom_fields: [("shoe".to_owned(), Change::Set(CustomValue::Text("38".into())))].into(),
        lang: Change::Set(Lang::De),
        status: Change::Set(Status::Invited),
        invitation: Change::Set(invited(1, stage.here)),
        kare_scope: Change::Set(KareScope::Admin),
        kare_group: Change::Set(u64::MAX),
        kare_read: Change::Set(vec![-1, 5]),
        profession: Change::Set(stage.here.label),
        roles: Change::Set(vec![role(2), role(1)]),
        super_delegate: Change::Set(vec![]),
        ..PersonChange::default()
    };
    let changed = stage.change(ADA, change).await.unwrap();
    assert_eq!(changed, stage.person(ADA).await);
    let person = &changed.person;
    assert_eq!(person.name.shown(), "Ada  King ");
    assert_eq!(person.groups, [in_group(3), in_group(1)]);
    assert_eq!((person.version, person.updated_at, person.created_at), (2, at(100), at(1)));
    assert_eq!(changed.related.groups.iter().map(|group| group.id).collect::<Vec<_>>(), [group(3), group(1)]);
    assert_eq!(changed.related.primary_department.as_ref().unwrap().name, "Department 1");
    assert_eq!(changed.related.profession.as_ref().unwrap().name, "Nurse");
    let roles: Vec<_> = changed.related.roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(roles, ["role-1", "role-2", "user"]);
    assert_eq!(changed.membership.kare.permissions.group, u64::MAX);
    assert_eq!(changed.membership.laurel.super_delegate, Some(vec![]));
    assert_eq!(changed.related.organization.as_ref().unwrap().id, stage.here.root);
    assert_eq!(changed.related.tenant.as_ref().unwrap().id, stage.here.tenant);
    stage.end().await;
}

#[tokio::test]
async fn a_quiet_change_leaves_no_trace() {
    let stage = Stage::open().await;
    let (before, hash) = (stage.person(ADA).await, stage.hash().await);
    let quiet = PersonChange { groups: Change::Set(vec![in_group(1), in_group(2)]), ..named("Ada", "Byron") };
    assert_eq!(stage.change(ADA, quiet).await, Ok(before.clone()));
    assert_eq!(stage.change(ADA, PersonChange::default()).await, Ok(before));
    assert_eq!(stage.hash().await, hash);
    stage.end().await;
}

#[tokio::test]
async fn a_refused_change_leaves_no_trace() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let refused = [
        (PersonChange { card_number: Change::Set("7".into()), ..titled("x") }, Attribute::CardNumber),
        (PersonChange { groups: Change::Set(vec![in_group(9)]), ..titled("x") }, Attribute::Groups),
        (
            PersonChange { title: Change::Set("x".into()), ..with_email("grace@example.com") },
            Attribute::Email,
        ),
    ];
    for (change, attribute) in refused {
        let refusal = stage.change(ADA, change).await.unwrap_err();
        assert!(format!("{refusal:?}").contains(&format!("{attribute:?}")), "{refusal:?}");
    }
    assert_eq!(stage.change(NEWCOMER, titled("x")).await, Err(Refusal::NoSuchPerson));
    assert_eq!(stage.change_in(stage.here.child, ADA, titled("x")).await, Err(Refusal::NoSuchPerson));
    assert_eq!(stage.remove(NEWCOMER).await, Err(Refusal::NoSuchPerson));
    let against = stage.decide(stage.here.root, ADA, |_| Err(ChangeError::Decided)).await;
    assert_eq!(against, Err(ChangeError::Decided));
    assert_eq!(stage.hash().await, hash);
    stage.end().await;
}

#[tokio::test]
async fn only_what_is_asked_for_stands_beside_a_person() {
    let stage = Stage::open().await;
    let bare = stage
        .store
        .person(stage.here.tenant, stage.here.root, by_id(ADA), Include::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*bare.related, directory::Related::default());
    // The rules see the definitions all the same.
    let tenant = stage.here.tenant;
    let shoe = PersonChange {
        custom_fields: [("shoe".to_owned(), Change::Set(CustomValue::Text("38".into())))].into(),
        ..PersonChange::default()
    };
    let change = directory::store::ChangePerson {
        tenant,
        organization: stage.here.root,
        key: by_id(ADA),
        include: Include::default(),
        audit: stage.audit(),
        decide: Box::new(move |_| Ok(shoe.clone())),
    };
    let changed = stage.store.change_person(change).await.unwrap();
    assert_eq!(*changed.related, directory::Related::default());
    assert_eq!(changed.person.custom_fields["shoe"], CustomValue::Text("38".into()));
    stage.end().await;
}

#[tokio::test]
async fn the_caller_stands_beside_a_person_while_they_may_sign_in() {
    let stage = Stage::open().await;
    let include = Include { actor: Some(person_id(GRACE)), ..Include::default() };
    let actor = async |organization| {
        let found = stage.store.person(stage.here.tenant, organization, by_id(ADA), include).await.unwrap();
        found.unwrap().actor.map(|membership| membership.kare.scope)
    };
    assert_eq!(actor(stage.here.root).await, Some(KareScope::User));
    let admin = PersonChange { kare_scope: Change::Set(KareScope::Admin), ..PersonChange::default() };
    stage.change(GRACE, admin).await.unwrap();
    assert_eq!(actor(stage.here.root).await, Some(KareScope::Admin));
    let disabled = PersonChange { status: Change::Set(Status::DisabledByAdmin), ..PersonChange::default() };
    stage.change_by_operator(GRACE, disabled).await.unwrap();
    assert_eq!(actor(stage.here.root).await, None);
    stage.end().await;
}

#[tokio::test]
async fn an_invitation_is_a_key_until_it_is_accepted() {
    let stage = Stage::open().await;
    let invitation = invited(5, stage.here);
    let key = PersonKey::Invitation(invitation.id);
    assert_eq!(stage.find(key.clone()).await, None);
    let change = PersonChange {
        status: Change::Set(Status::Invited),
        invitation: Change::Set(invitation),
        ..with_external_id("replaced")
    };
    stage.change(ADA, change).await.unwrap();
    assert_eq!(stage.find(key.clone()).await.unwrap().person.id, person_id(ADA));
    assert_eq!(stage.find(by_external_id("e-1")).await, None);
    assert_eq!(
        stage.add(vec![new_person(NEWCOMER, with_email("ada@EXAMPLE.com"))]).await,
        Err((0, Refusal::Taken { attribute: Attribute::Email }))
    );
    let accepted = PersonChange {
        status: Change::Set(Status::Active),
        invitation: Change::Clear,
        ..PersonChange::default()
    };
    stage.change(ADA, accepted).await.unwrap();
    assert_eq!(stage.find(key).await, None);
    assert_eq!(stage.find(by_external_id("replaced")).await.unwrap().person.status, Status::Active);
    stage.end().await;
}

#[tokio::test]
async fn a_decision_that_panics_harms_nobody() {
    let stage = Stage::open().await;
    let hash = stage.hash().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let panicked = stage
        .decide(stage.here.root, ADA, move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose")
        })
        .await;
    assert_eq!(panicked, Err(ChangeError::Refused(Refusal::Unavailable)));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert_eq!(stage.hash().await, hash);
    assert!(stage.change(ADA, titled("after")).await.is_ok());
    stage.end().await;
}
