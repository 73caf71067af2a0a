//! What becomes of invitations, and the keys that they keep.

use std::collections::BTreeSet;

use directory::apply::{Key, keys};
use directory::invitation::{Invitation, InvitationQuery, InvitationState, Reinstatement};
use directory::membership::ReplayRole;
use directory::name::Name;
use directory::status::Status;
use directory::store::{NewMember, PersonKey};
use directory::{Attribute, Change, PersonChange, Refusal};

use crate::stage::*;

fn inviting(invitation: Invitation) -> PersonChange {
    PersonChange {
        status: Change::Set(Status::Invited),
        invitation: Change::Set(invitation),
        email: Change::Set(email("new@example.com")),
        ..PersonChange::default()
    }
}

/// The id of each with its state.
async fn listed(stage: &Stage, state: Option<InvitationState>) -> Vec<(u128, InvitationState)> {
    let query = InvitationQuery {
        tenant: stage.here.tenant,
        organization: Some(stage.here.root),
        id: None,
        state: state.map(|state| (state, at(2_000))),
        limit: 10,
    };
    let entries = stage.store.invitations(query).await.unwrap();
    entries.iter().map(|it| (it.id.0.as_u128(), it.state_at(at(2_000)))).collect()
}

#[tokio::test]
async fn each_is_listed_with_what_became_of_it() {
    use InvitationState::{Accepted, Expired, Open, Revoked};
    let stage = Stage::open().await;
    let long = Invitation { expires_at: at(9_000), ..invited(6, stage.here) };
    stage.add(vec![new_person(NEWCOMER, inviting(long.clone()))]).await.unwrap();
    assert_eq!(listed(&stage, None).await, [(6, Open)]);
    let accepted = PersonChange::to_status(Status::Active);
    stage.change_by_operator(NEWCOMER, accepted).await.unwrap();
    let with = |invitation| PersonChange { email: Change::Keep, ..inviting(invitation) };
    stage.change_by_operator(NEWCOMER, with(invited(7, stage.here))).await.unwrap();
    let next = Invitation { id: invited(8, stage.here).id, ..long };
    stage.change_by_operator(NEWCOMER, with(next)).await.unwrap();
    assert_eq!(listed(&stage, Some(Open)).await, [(8, Open)]);
    stage.remove(NEWCOMER).await.unwrap();
    let all = [(8, Revoked), (7, Revoked), (6, Accepted)];
    let now = stage.audit().now;
    assert!(now < at(1_000), "the second one was still open");
    assert_eq!(listed(&stage, None).await, all);
    for (state, expected) in [(Open, &[][..]), (Accepted, &all[2..]), (Expired, &[]), (Revoked, &all[..2])] {
        assert_eq!(listed(&stage, Some(state)).await, expected, "{state:?}");
    }
    sound(stage.store.as_ref()).await;
    stage.end().await;
}

#[tokio::test]
async fn one_that_ran_out_is_found_by_the_keys_that_it_keeps() {
    let stage = Stage::open().await;
    stage.add(vec![new_person(NEWCOMER, inviting(invited(6, stage.here)))]).await.unwrap();
    let expired = async |key: Key, minutes| {
        let keys = BTreeSet::from([key, Key::email("nobody@example.com".into())]);
        let found = stage.store.expired_invitations(stage.here.tenant, keys, at(minutes)).await.unwrap();
        found.len()
    };
    let wanted = || Key::email("new@example.com".into());
    assert_eq!(expired(wanted(), 999).await, 0);
    assert_eq!(expired(wanted(), 1_000).await, 1);
    assert_eq!(expired(Key::email("ada@example.com".into()), 1_000).await, 0);
    stage.remove(NEWCOMER).await.unwrap();
    assert_eq!(expired(wanted(), 1_000).await, 0);
    stage.end().await;
}

#[tokio::test]
async fn what_a_disabled_person_is_offered_is_nobody_elses() {
    let stage = Stage::open().await;
    let disabled = PersonChange { status: Change::Set(Status::DisabledByAdmin), ..PersonChange::default() };
    stage.change_by_operator(ADA, disabled).await.unwrap();
    let reinstatement = Reinstatement {
        email: email("New@example.com"),
        name: Name::new("Ada", "King"),
        external_id: Some("r-1".into()),
        role: ReplayRole::Manager,
        team: None,
    };
    let invitation = Invitation { reinstatement: Some(reinstatement.into()), ..invited(6, stage.here) };
    let offered = PersonChange { invitation: Change::Set(invitation.clone()), ..PersonChange::default() };
    let ada = stage.change_by_operator(ADA, offered).await.unwrap();
    assert_eq!(stage.person(ADA).await, ada, "what is written is what is read");
    assert_eq!(ada.person.invitation, Some(invitation));
    let by = PersonKey::Email("new@example.com".into());
    assert_eq!(stage.find(by.clone()).await.as_ref(), Some(&ada));
    assert_eq!(
        stage.add(vec![new_person(NEWCOMER, with_email("NEW@example.com"))]).await,
        Err((0, Refusal::Taken { attribute: Attribute::Email }))
    );
    // It ends with the membership that it is of, also where the person stays a member elsewhere.
    let member = NewMember {
        tenant: stage.here.tenant,
        organization: stage.here.child,
        person: person_id(ADA),
        change: PersonChange::default(),
        audit: stage.audit(),
    };
    stage.store.add_member(member).await.unwrap();
    stage.remove(ADA).await.unwrap();
    let there = stage.find_in(stage.here.child, by_id(ADA)).await.unwrap();
    assert_eq!(there.person.invitation, None);
    assert!(!keys(&there.person).contains(&Key::email("new@example.com".into())));
    assert_eq!(listed(&stage, None).await, [(6, InvitationState::Revoked)]);
    stage.add(vec![new_person(NEWCOMER, with_email("NEW@example.com"))]).await.unwrap();
    sound(stage.store.as_ref()).await;
    stage.end().await;
}
