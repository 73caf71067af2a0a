//! An organization keeps its last Kare administrator, unless an operator takes that one away.

use directory::authority::LAST_ADMIN;
use directory::caller::{Channel, Dialect};
use directory::membership::KareScope;
use directory::status::Status;
use directory::store::AuditContext;
use directory::{Change, PersonChange, Refusal};

use crate::stage::*;

fn scope(scope: KareScope) -> PersonChange {
    PersonChange { kare_scope: Change::Set(scope), ..PersonChange::default() }
}

fn disabled() -> PersonChange {
    PersonChange { status: Change::Set(Status::DisabledByAdmin), ..PersonChange::default() }
}

async fn with_admins(people: &[u64]) -> Stage {
    let stage = Stage::open().await;
    for person in people {
        stage.change_by_operator(*person, scope(KareScope::Admin)).await.unwrap();
    }
    stage
}

#[tokio::test]
async fn no_api_demotes_disables_or_removes_the_last_administrator() {
    let stage = with_admins(&[ADA]).await;
    let hash = stage.hash().await;
    for change in [scope(KareScope::User), disabled()] {
        assert_eq!(stage.change(ADA, change).await, Err(LAST_ADMIN));
    }
    assert_eq!(stage.remove(ADA).await, Err(LAST_ADMIN));
    assert_eq!(stage.hash().await, hash);
    // Others may go, and the last one may change in every other way.
    stage.change(ADA, titled("Countess")).await.unwrap();
    stage.change(GRACE, disabled()).await.unwrap();
    stage.remove(GRACE).await.unwrap();
    stage.remove(EDSGER).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn of_several_administrators_all_but_the_last_may_go() {
    let stage = with_admins(&[ADA, GRACE, EDSGER]).await;
    stage.change(ADA, scope(KareScope::User)).await.unwrap();
    stage.change(GRACE, disabled()).await.unwrap();
    assert_eq!(stage.remove(EDSGER).await, Err(LAST_ADMIN));
    // One who may not sign in administers nothing, and may go.
    stage.remove(GRACE).await.unwrap();
    stage.change_by_operator(ADA, scope(KareScope::Admin)).await.unwrap();
    stage.remove(EDSGER).await.unwrap();
    assert_eq!(stage.remove(ADA).await, Err(LAST_ADMIN));
    stage.end().await;
}

#[tokio::test]
async fn where_there_is_no_administrator_nothing_is_kept() {
    let stage = Stage::open().await;
    stage.change(ADA, disabled()).await.unwrap();
    for person in [ADA, GRACE, EDSGER] {
        stage.remove(person).await.unwrap();
    }
    stage.end().await;
}

#[tokio::test]
async fn operators_may_take_the_last_one_away() {
    for change in [scope(KareScope::User), disabled()] {
        let stage = with_admins(&[ADA]).await;
        stage.change_by_operator(ADA, change).await.unwrap();
        stage.end().await;
    }
    let stage = with_admins(&[ADA]).await;
    let mut audit = stage.audit();
    audit.caller.via = Channel::Command;
    stage.store.remove_person(stage.here.tenant, stage.here.root, by_id(ADA), ALL, audit).await.unwrap();
    stage.end().await;
}

#[tokio::test]
async fn each_organization_keeps_its_own() {
    let stage = with_admins(&[ADA, GRACE]).await;
    let there = new_person(NEWCOMER, scope(KareScope::Admin));
    stage.add_in(stage.here.child, vec![there]).await.unwrap();
    // The administrators of the root are none of the child's.
    let refused = stage.change_in(stage.here.child, NEWCOMER, disabled()).await;
    assert_eq!(refused, Err(LAST_ADMIN));
    assert_eq!(stage.remove_in(stage.here.child, NEWCOMER).await, Err(LAST_ADMIN));
    stage.remove(ADA).await.unwrap();
    assert_eq!(stage.remove(GRACE).await, Err(LAST_ADMIN));
    stage.end().await;
}

/// One is removed and the other demoted or removed, by callers who do not know of one another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_go_at_once_one_stays() {
    for round in 0..10 {
        let stage = with_admins(&[ADA, GRACE]).await;
        let (one, two) = (stage.remove(ADA), async {
            match round % 3 {
                0 => stage.remove(GRACE).await,
                1 => stage.change(GRACE, scope(KareScope::User)).await,
                _ => stage.change_by(by_ada(&stage), GRACE, scope(KareScope::User)).await,
            }
        });
        let (one, two) = tokio::join!(one, two);
        let outcomes = [one.map(|_| ()), two.map(|_| ())];
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect::<Vec<_>>();
        let expected = [&LAST_ADMIN, &Refusal::CallerGone];
        assert!(refused.len() == 1 && expected.contains(&refused[0]), "{outcomes:?}");
        stage.end().await;
    }
}

/// Ada, who signed in to Kare.
fn by_ada(stage: &Stage) -> AuditContext {
    let mut audit = stage.audit();
    audit.caller.via = Channel::Dialect(Dialect::Kare);
    audit.caller.person = Some(person_id(ADA));
    audit.caller.credential = None;
    audit
}
