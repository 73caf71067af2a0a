//! A copy that ended in the middle serves nobody, and goes on where it was.

use std::panic::AssertUnwindSafe;

use directory::Store;
use directory::query::{Filter, Query};
use futures_util::FutureExt;
use store::postgres::{self, Address, Postgres};
use store::transfer::{self, Error, Step};
use testkit::postgres::Cluster;

use crate::rooms::*;

/// Ends a copy as it goes on to its n-th portion. False when it had fewer.
async fn interrupt(from: &Plot, to: &Plot, n: usize) -> bool {
    let mut chunks = 0;
    let copying = from.copy_telling(to, |_| {
        chunks += 1;
        assert!(chunks < n, "the power goes");
    });
    AssertUnwindSafe(copying).catch_unwind().await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_was_it_goes_on_from_there() {
    for (from, to) in WAYS {
        let old = Plot::furnished(from).await;
        let before = sound(&old).await;
        // At the first table, between events and people, at the access, and when both sides are compared.
        for n in [1, 9, 17, 22] {
            let new = Plot::new(to);
            assert!(interrupt(&old, &new, n).await, "{n} portions");
            let told = new.try_open().await.err().expect("it serves nobody");
            assert!(told.contains("not finished"), "{told}");
            let told = new.try_source().await.err().expect("nor is it copied");
            assert!(told.contains("not finished"), "{told}");
            let copied = old.copy_to(&new).await.unwrap();
            assert!(copied.rows_before > 0 && copied.rows_before < copied.rows, "{copied:?}");
            assert_eq!(sound(&new).await, before, "{from:?} to {to:?} after {n} portions");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_it_again_and_again() {
    for (from, to) in [WAYS[1], WAYS[2]] {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        let mut times = 0;
        while interrupt(&old, &new, times + 1).await {
            times += 1;
        }
        assert!(times > 20, "{times}");
        assert_eq!(sound(&new).await, sound(&old).await);
    }
}

/// Requests that only read note the use of their credential, and people sign in and out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_reads_meanwhile_does_no_harm() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        assert!(interrupt(&old, &new, 19).await);
        old.tamper("DELETE FROM session; UPDATE credential SET last_used_at = NULL");
        let mut is_used = false;
        let copied = old.copy_telling(&new, |progress| {
            if progress.step == Step::Completing && !std::mem::replace(&mut is_used, true) {
                old.tamper("UPDATE credential SET last_used_at = created_at");
            }
        });
        copied.await.unwrap();
        assert!(is_used);
        for tenant in TENANTS {
            let query = Query::first(Filter::All(vec![]), vec![], 100);
            let used = new.open().await.list_credentials(tenant, query).await.unwrap().items;
            assert!(!used.is_empty() && used.iter().all(|credential| credential.last_used_at.is_none()));
        }
        assert_eq!(sound(&new).await, sound(&old).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_written_to_since_is_another_one() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        assert!(interrupt(&old, &new, 12).await);
        change(old.open().await.as_ref(), TENANTS[0], 1, titled("since")).await;
        let failure = old.copy_to(&new).await.unwrap_err();
        assert!(matches!(failure, Error::Another), "{failure}");
        assert!(new.try_open().await.is_err());
    }
}

/// What the server had not yet on disk is copied again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_die_under_it() {
    let old = Plot::furnished(Engine::Sqlite).await;
    let mut cluster = Cluster::start(&[]);
    let address = Address::parse(&cluster.url()).unwrap();
    for n in [2, 12, 19, 24] {
        let mut target = postgres::TransferStore::target(address.clone()).await.unwrap();
        let mut chunks = 0;
        let mut die = |_| {
            chunks += 1;
            if chunks == n {
                cluster.kill9();
            }
        };
        let failure = transfer::copy(old.try_source().await.unwrap().as_ref(), &mut target, &mut die).await;
        let failure = failure.unwrap_err();
        assert!(matches!(failure, Error::Target(_)), "{failure}");
        cluster.restart();
        assert!(Postgres::open(address.clone(), postgres::Options::default()).await.is_err());
    }
    let mut target = postgres::TransferStore::target(address.clone()).await.unwrap();
    transfer::copy(old.try_source().await.unwrap().as_ref(), &mut target, &mut |_| {}).await.unwrap();
    cluster.kill9();
    cluster.restart();
    let new = Postgres::open(address, postgres::Options::default()).await.unwrap();
    assert_eq!(new.check().await.unwrap(), sound(&old).await);
}
