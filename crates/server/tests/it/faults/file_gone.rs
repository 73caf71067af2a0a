//! The file of the store is removed while it is served.

use std::fs;

use serde_json::json;
use testkit::callers::Dialect;
use testkit::process::Server;
use testkit::store::{self, Engine, is_left_out_unless};

use super::unavailable;
use crate::{binary, told};

#[test]
fn no_change_is_acknowledged_and_the_server_says_why() {
    if is_left_out_unless(Engine::Sqlite) {
        return;
    }
    let store = store::fresh();
    let mut server = Server::demo_on(binary(), &store, ["--people", "25"]);
    let callers = server.callers();
    let person = &server.seed().tenant.people[0];
    let path = format!("/api/v1/users/{}", person.relesys);
    let title = |title: &str| {
        callers.relesys.patch(&path, json!([{"op": "replace", "path": "/title", "value": title}]))
    };
    told(Dialect::Relesys, title("kept"), 200);
    server.client().get("/readyz").expect(200);

    let file = store.url().strip_prefix("sqlite:").unwrap();
    fs::remove_file(file).unwrap();
    server.client().get("/readyz").expect(503);
    for n in 0..3 {
        unavailable(Dialect::Relesys, title(&format!("lost {n}")));
    }
    let (replay, laurel) =
        (format!("/api/user/{}", person.replay), server.seed().tenant.laurel.customer_id.clone());
    unavailable(Dialect::Replay, callers.replay.patch(replay, json!({"firstName": "Lost"})));
    let laurel = format!("/api/v1/customers/{laurel}/users/{}", person.laurel);
    unavailable(Dialect::Laurel, callers.laurel.patch(laurel, json!({"firstName": "Lost"})));
    server.client().get("/healthz").expect(200);
    assert!(server.terminate().success());
    let log = server.stderr();
    assert_eq!(log.matches("was removed, renamed or replaced while it was open").count(), 1, "{log}");
    assert!(log.contains("Start the program again"), "{log}");
}
