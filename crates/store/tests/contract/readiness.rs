//! Readiness is a write that succeeds, and changes nothing.

use crate::stage::*;

#[tokio::test]
async fn a_store_is_ready_and_the_trial_leaves_no_trace() {
    let stage = Stage::open().await;
    let before = stage.hash().await;
    for _ in 0..3 {
        assert!(stage.store.is_ready().await);
    }
    assert_eq!(stage.hash().await, before);
    stage.end().await;
}
