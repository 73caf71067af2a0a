//! What is not copied, and what is found not to be what it should.

use directory::ports::Algorithm;
use store::transfer::{Error, Step};

use crate::rooms::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_holds_anything_is_left_as_it_is() {
    for (from, to) in WAYS {
        let old = Plot::furnished(from).await;
        let full = Plot::furnished(to).await;
        change(full.open().await.as_ref(), TENANTS[0], 1, titled("its own")).await;
        let before = sound(&full).await;
        let failure = old.copy_to(&full).await.unwrap_err();
        assert!(matches!(failure, Error::NotEmpty), "{failure}");
        assert_eq!(sound(&full).await, before);

        // Tokens of a server that ran here would no longer be accepted.
        let served = Plot::new(to);
        let key = signing_key("k", Algorithm::Hs256, vec![1]);
        served.open().await.add_signing_key(key).await.unwrap();
        let failure = old.copy_to(&served).await.unwrap_err();
        assert!(matches!(failure, Error::NotEmpty), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_not_copied_into_itself() {
    for engine in ENGINES {
        let plot = Plot::furnished(engine).await;
        let failure = plot.copy_to(&plot).await.unwrap_err();
        assert!(matches!(failure, Error::NotEmpty), "{failure}");
        sound(&plot).await;
    }
}

/// Runs a statement at the source or the target at one step of a copy, and gives what comes of it.
async fn disturbed(from: &Plot, to: &Plot, at: Step, disturb: impl Fn() + Send + Sync) -> Result<(), Error> {
    let mut is_done = false;
    let copied = from.copy_telling(to, |progress| {
        if progress.step == at && !std::mem::replace(&mut is_done, true) {
            disturb();
        }
    });
    let copied = copied.await;
    assert!(is_done);
    copied.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_to_the_source_meanwhile_is_told_by_its_place() {
    for (from, to) in WAYS {
        for (statement, place) in [
            ("UPDATE department SET name = 'Renamed' WHERE tenant = 2", "tenant 2, table department"),
            ("UPDATE password SET hash = 'another' WHERE tenant = 1", "tenant 1, table password"),
            ("UPDATE credential SET name = 'another' WHERE tenant = 1", "tenant 1, table credential"),
            ("DELETE FROM signing_key", "table signing_key"),
        ] {
            let (old, new) = (Plot::furnished(from).await, Plot::new(to));
            let failure =
                disturbed(&old, &new, Step::Completing, || old.tamper(statement)).await.unwrap_err();
            assert!(matches!(failure, Error::Changed(_)), "{failure}");
            assert!(failure.to_string().ends_with(place), "{failure}");
            assert!(new.try_open().await.is_err(), "nobody takes it for the whole");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_came_out_otherwise_is_told_by_its_place() {
    for (from, to) in WAYS {
        for (statement, place) in [
            ("UPDATE person SET version = version + 1 WHERE tenant = 2", "tenant 2, table person"),
            ("UPDATE event SET request = 'another' WHERE tenant = 1", "tenant 1, table event"),
            ("DELETE FROM person_key WHERE tenant = 1 AND value = 'e-1'", "tenant 1, table person_key"),
            ("DELETE FROM session WHERE tenant = 1", "tenant 1, table session"),
            ("UPDATE credential SET last_used_at = NULL WHERE tenant = 2", "tenant 2, table credential"),
        ] {
            let (old, new) = (Plot::furnished(from).await, Plot::new(to));
            let failure =
                disturbed(&old, &new, Step::Completing, || new.tamper(statement)).await.unwrap_err();
            assert!(matches!(failure, Error::Differs(_)), "{failure}");
            assert!(failure.to_string().ends_with(place), "{failure}");
            assert!(new.try_open().await.is_err(), "nobody takes it for the same");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_copy_into_one_target_do_not_mix_their_rows() {
    for (from, to) in WAYS {
        let (old, new) = (Plot::furnished(from).await, Plot::new(to));
        let other = match to {
            Engine::Sqlite => "UPDATE copy SET rows = rows + 1",
            Engine::Postgres => "UPDATE personae_copy SET rows = rows + 1",
        };
        let failure = disturbed(&old, &new, Step::Copying, || new.tamper(other)).await.unwrap_err();
        assert!(failure.to_string().contains("another process is copying into"), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_target_cannot_hold_is_told() {
    let old = Plot::furnished(Engine::Sqlite).await;
    old.tamper("UPDATE person SET primary_department = x'00'");
    let failure = old.copy_to(&Plot::new(Engine::Postgres)).await.unwrap_err();
    assert!(matches!(failure, Error::Target(_)), "{failure}");
    let told = failure.to_string();
    assert!(told.contains("table person: ") && told.contains("not of the type uuid"), "{told}");

    let old = Plot::furnished(Engine::Postgres).await;
    old.tamper("UPDATE person SET number = 1 << 30 WHERE number = 3");
    old.copy_to(&Plot::new(Engine::Sqlite)).await.unwrap();
    old.tamper("UPDATE person SET number = 1::bigint << 41 WHERE number = 1 << 30");
    let failure = old.copy_to(&Plot::new(Engine::Sqlite)).await.unwrap_err();
    assert!(failure.to_string().contains("a file holds no"), "{failure}");
}
