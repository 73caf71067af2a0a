//! PostgreSQL as it is on bad days, and several processes over one database: nothing that was acknowledged is lost, nothing is
//! done twice, and service is back by itself.

mod cut;
mod disk_full;
mod file_gone;
mod killed;
mod load;
mod processes;
mod promoted;
mod standby_away;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::callers::Dialect;
use testkit::http::Response;
use testkit::process::Cli;

use crate::{binary, told};

/// Longer than anything that is waited for takes on a busy machine.
const BOUND: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// So many rounds of each fault, unless `PERSONAE_FAULT_ROUNDS` says how many.
fn rounds(usual: usize) -> usize {
    std::env::var("PERSONAE_FAULT_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

/// Waits until it is so.
#[track_caller]
fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    within(BOUND, what, is_so);
}

/// Waits until it is so, for that long.
#[track_caller]
fn within(bound: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {bound:?}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// The dialect's answer when the directory cannot say: as its file has it, with whole seconds to wait.
#[track_caller]
fn unavailable(dialect: Dialect, answer: Response) -> Value {
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds >= 1), "no Retry-After: {answer}");
    told(dialect, answer, 503)
}

/// The store has no fault of its own.
#[track_caller]
fn assert_sound(store: &str) {
    let report = Cli::new(binary()).run(["check", "--store", store, "--json"]).ok().json();
    assert_eq!(report["ok"], true, "{report}");
}
