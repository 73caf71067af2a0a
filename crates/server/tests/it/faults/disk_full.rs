//! The disk of the store is full: nothing is acknowledged, the server is not ready, and all is well again by itself.

use std::fs;
use std::path::Path;

use serde_json::json;
use testkit::callers::Callers;
use testkit::process::{Server, ignoring_file_limits};
use testkit::store::{self, Engine, is_left_out_unless};

use super::{assert_sound, eventually, unavailable};
use crate::{binary, told};

#[test]
fn while_nothing_can_be_written_the_server_is_not_ready() {
    if is_left_out_unless(Engine::Sqlite) {
        return;
    }
    let store = store::fresh();
    let mut seeding = Server::demo_on(binary(), &store, ["--people", "25"]);
    let seed = seeding.seed().clone();
    assert!(seeding.terminate().success());

    let mut command = ignoring_file_limits(binary());
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--store", store.url()]);
    let server = Server::spawn(command);
    let callers = Callers::of(&server.client(), &seed.tenant);
    let person = &seed.tenant.people[0];
    let path = format!("/api/v1/users/{}", person.relesys);
    let title = |title: &str| {
        callers.relesys.patch(&path, json!([{"op": "replace", "path": "/title", "value": title}]))
    };
    told(testkit::callers::Dialect::Relesys, title("before"), 200);
    let ready = || server.client().get("/readyz").status;
    assert_eq!(ready(), 200);

    // A few pages more, so that a trial of one page would succeed while changes do not.
    let file = store.url().strip_prefix("sqlite:").unwrap();
    let log = fs::metadata(Path::new(&format!("{file}-wal"))).unwrap().len();
    server.limit_files(Some(log + 10_000));
    let mut round = 0;
    eventually("a change is refused", || {
        round += 1;
        title(&format!("round {round}")).status == 503
    });
    eventually("it is not ready", || ready() == 503);
    // And stays so, over several trials.
    let failures = || server.stderr().matches("a batch of writes could not be committed").count();
    let before = failures();
    eventually("it is tried again", || {
        assert_eq!(ready(), 503);
        failures() >= before + 2
    });
    unavailable(testkit::callers::Dialect::Relesys, title("refused"));
    told(testkit::callers::Dialect::Relesys, callers.relesys.get(&path), 200);
    server.client().get("/healthz").expect(200);

    server.limit_files(None);
    eventually("it is ready again", || ready() == 200);
    let after = told(testkit::callers::Dialect::Relesys, title("after"), 200);
    assert_eq!(after["data"]["title"], "after");
    assert_sound(store.url());
}
