//! `kill -9` while many write: what was acknowledged is there, nothing is half there, no event is missing.
//!
//! 20 rounds here; `PERSONAE_CRASH_ROUNDS=100` for more.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use testkit::callers::{Callers, Dialect};
use testkit::demo::Demo;
use testkit::http::Error;
use testkit::process::{Cli, Server};
use testkit::store;

use crate::binary;
use crate::writers::Writer;

/// Writers of each dialect, each with a person of their own.
const WRITERS: usize = 2;

/// Answers that the round waits for before the power goes, so that every round dies under load.
const ANSWERS: usize = 40;

/// What one writer knows: the last number that was acknowledged, and the one that was under way.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    acknowledged: u64,
    sent: u64,
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds =
        std::env::var("PERSONAE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let store = store::fresh();
    let mut server = Server::demo_on(binary(), &store, ["--people", "25"]);
    let seed = server.seed().clone();
    let of_before = server.callers();
    assert!(server.terminate().success());

    let mut known = vec![Known::default(); Dialect::ALL.len() * WRITERS];
    for round in 0..rounds {
        let mut server = Server::serve(binary(), &seed.store, [] as [&str; 0]);
        write_until_killed(&mut server, &seed, &mut known, round);
        drop(server);
        let mut server = Server::serve(binary(), &seed.store, [] as [&str; 0]);
        let callers = Callers::of(&server.client(), &seed.tenant);
        for (writer, known) in known.iter_mut().enumerate() {
            let found = Writer::new(writer, &seed.tenant, &callers).stored();
            assert!(
                (known.acknowledged..=known.sent).contains(&found),
                "round {round}, writer {writer}: {found} is stored, but {known:?}"
            );
            // What was committed and never acknowledged is as good as acknowledged from here on.
            *known = Known { acknowledged: found, sent: found };
        }
        assert!(server.terminate().success());
        let report = Cli::new(binary()).run(["check", "--store", &seed.store, "--json"]).ok().json();
        assert_eq!(report["ok"], true, "round {round}: {report}");
    }
    for (writer, known) in known.iter().enumerate() {
        assert!(known.acknowledged > 0, "writer {writer} never wrote");
        let recorded = Writer::new(writer, &seed.tenant, &of_before).recorded(&seed.store);
        assert!(
            recorded.iter().copied().eq(1..=known.acknowledged),
            "writer {writer}: each number up to {} has an event, and not {recorded:?}",
            known.acknowledged
        );
    }
}

fn write_until_killed(server: &mut Server, seed: &Demo, known: &mut [Known], round: u64) {
    let callers = Callers::of(&server.client(), &seed.tenant);
    let (killed, started) = (AtomicBool::new(false), Barrier::new(known.len() + 1));
    let answers = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for (writer, known) in known.iter_mut().enumerate() {
            let author = Writer::new(writer, &seed.tenant, &callers);
            let (killed, started, answers) = (&killed, &started, &answers);
            scope.spawn(move || {
                started.wait();
                while !killed.load(Ordering::Relaxed) {
                    known.sent += 1;
                    match author.update(known.sent).within(Duration::from_secs(20)).try_send() {
                        Ok(answer) => {
                            assert_eq!(answer.status, 200, "writer {writer}: {}", answer.text());
                            known.acknowledged = known.sent;
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Error::Connect(_)) => {
                            // Nothing was sent, so nothing can have been written.
                            known.sent -= 1;
                            break;
                        }
                        Err(_) => break,
                    }
                }
            });
        }
        started.wait();
        // The rounds die at different places of the work.
        while answers.load(Ordering::Relaxed) < ANSWERS + (round as usize % 7) {
            thread::yield_now();
        }
        server.kill9();
        killed.store(true, Ordering::Relaxed);
    });
}
