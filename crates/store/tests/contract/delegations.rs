//! Who delegates to whom.

use directory::delegation::Delegator;
use directory::ids::ObjectId;
use directory::{Attribute, Change, PersonChange, Record, Refusal};

use crate::stage::*;

fn delegators(named: &[(u64, Option<&[&str]>)]) -> PersonChange {
    let delegator = |(n, claims): &(u64, Option<&[&str]>)| Delegator {
        object_id: object_id(*n),
        permissions: claims.map(|claims| claims.iter().map(|claim| permission(claim)).collect()),
    };
    PersonChange { delegators: Change::Set(named.iter().map(delegator).collect()), ..PersonChange::default() }
}

fn delegators_of(record: &Record) -> Vec<(ObjectId, Option<usize>)> {
    let seen = |edge: &directory::delegation::Delegation| {
        (edge.other.object_id, edge.permissions.as_ref().map(Vec::len))
    };
    record.related.delegators.iter().map(seen).collect()
}

#[tokio::test]
async fn setting_them_changes_both_ends_and_only_the_addressed_person_counts_it() {
    let stage = Stage::open().await;
    let before = (stage.person(ADA).await, stage.person(EDSGER).await);
    let set = delegators(&[(EDSGER, None), (ADA, Some(&["read", "write"]))]);
    let grace = stage.change(GRACE, set.clone()).await.unwrap();
    assert_eq!(delegators_of(&grace), [(object_id(ADA), Some(2)), (object_id(EDSGER), None)]);
    assert_eq!(grace.related.delegators[0].other.given, "Ada");
    assert_eq!(grace.related.delegators[0].other.identities[0].value, "e-1");
    assert_eq!(grace, stage.person(GRACE).await);
    for (n, before) in [(ADA, before.0), (EDSGER, before.1)] {
        let now = stage.person(n).await;
        assert_eq!(now.person, before.person);
        assert_eq!(now.related.delegates[0].other.object_id, object_id(GRACE));
    }
    // The same set again, in another order, is quiet; None keeps what is allowed.
    let hash = stage.hash().await;
    let again = delegators(&[(ADA, None), (EDSGER, None)]);
    assert_eq!(stage.change(GRACE, again).await, Ok(grace));
    assert_eq!(stage.hash().await, hash);
    let fewer = stage.change(GRACE, delegators(&[(ADA, Some(&[]))])).await.unwrap();
    assert_eq!(delegators_of(&fewer), [(object_id(ADA), Some(0))]);
    assert_eq!(stage.person(EDSGER).await.related.delegates, []);
    stage.end().await;
}

#[tokio::test]
async fn only_members_of_the_organization_delegate() {
    let stage = Stage::open().await;
    stage.add_in(stage.here.child, vec![new_person(20, named("Only", "Child"))]).await.unwrap();
    for n in [20, NEWCOMER] {
        assert_eq!(
            stage.change(GRACE, delegators(&[(ADA, None), (n, None)])).await,
            Err(Refusal::Unknown { attribute: Attribute::Delegators, value: object_id(n).to_string() })
        );
    }
    assert!(matches!(
        stage.change(GRACE, delegators(&[(GRACE, None)])).await,
        Err(Refusal::Invalid { attribute: Attribute::Delegators, .. })
    ));
    assert_eq!(delegators_of(&stage.person(GRACE).await), []);
    stage.end().await;
}

#[tokio::test]
async fn who_leaves_delegates_no_more_in_either_direction() {
    let stage = Stage::open().await;
    stage.change(GRACE, delegators(&[(ADA, None), (EDSGER, None)])).await.unwrap();
    stage.change(EDSGER, delegators(&[(GRACE, None), (ADA, None)])).await.unwrap();
    let as_it_was = stage.remove(GRACE).await.unwrap();
    assert_eq!(as_it_was.related.delegators.len(), 2);
    assert_eq!(delegators_of(&stage.person(EDSGER).await), [(object_id(ADA), None)]);
    assert_eq!(stage.person(EDSGER).await.related.delegates, []);
    assert_eq!(
        stage.change(ADA, delegators(&[(GRACE, None)])).await,
        Err(Refusal::Unknown { attribute: Attribute::Delegators, value: object_id(GRACE).to_string() })
    );
    stage.end().await;
}
