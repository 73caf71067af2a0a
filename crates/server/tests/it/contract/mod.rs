//! Every documented operation of each fact sheet: status, headers, raw JSON, and the answer as its file promises.

mod kare;
mod laurel;
mod relesys;
mod replay;
mod together;

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::process::{Cli, Server};

/// Longer than anything that is waited for takes on a busy machine.
const BOUND: Duration = Duration::from_secs(30);

/// The root organization of tenant one.
const ROOT: &str = "Aurora";
/// The one below it.
const CHILD: &str = "Aurora North";

/// Runs a `personae` command on the store of the running server.
#[track_caller]
pub(crate) fn command(server: &Server, args: &[&str]) -> Value {
    let store = ["--json", "--store", &server.seed().store];
    Cli::new(crate::binary()).run(args.iter().copied().chain(store)).ok().json()
}

/// Everything that was recorded of one person, newest first.
#[track_caller]
fn events_of(server: &Server, person: &str) -> Vec<Value> {
    let events = command(server, &["event", "list", "--person", person, "--tenant", "1", "--limit", "1000"]);
    events.as_array().expect("a list of events").clone()
}

/// Does what must be refused or say nothing new: no tenant is changed, and no event is written.
#[track_caller]
fn quiet<T>(server: &Server, action: impl FnOnce() -> T) -> T {
    let newest = || command(server, &["event", "list", "--limit", "3"]);
    let before = newest();
    let result = crate::refused(server, action);
    let after = newest();
    let seen = before.as_array().expect("a list of events");
    let written: Vec<_> =
        after.as_array().expect("a list of events").iter().filter(|it| !seen.contains(it)).collect();
    assert!(written.is_empty(), "events were written: {written:#?}");
    result
}

/// Asks until it is so.
#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within {BOUND:?}");
    }
}

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
