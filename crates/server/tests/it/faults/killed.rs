//! PostgreSQL is killed under load and started again.

use serde_json::json;
use testkit::callers::{Caller, Dialect};
use testkit::demo::Tenant;
use testkit::http::Client;
use testkit::postgres::Cluster;
use testkit::process::{Cli, Server};
use testkit::store::{Engine, is_left_out_unless};

use super::load::Load;
use super::{eventually, rounds, unavailable};
use crate::binary;

#[test]
fn a_server_that_is_killed_and_started_again_has_lost_nothing() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let mut cluster = Cluster::start(&[]);
    let store = cluster.url();
    let mut server = Server::demo(binary(), ["--people", "25", "--store", &store]);
    let (client, tenant) = (server.client(), server.seed().tenant.clone());
    let load = Load::on([&server], &tenant);
    load.during(|| {
        for round in 0..rounds(5) {
            // The rounds die at different places of the work.
            load.until_written(40 + round % 7);
            cluster.kill9();
            load.until_all_refused();
            assert_says_that_it_cannot_say(&client, &tenant, &store);
            cluster.restart();
            load.until_all_served();
            // What was found out in the last second is good still.
            eventually("it is ready again", || client.get("/readyz").status == 200);
        }
    });
    load.assert_kept(&store);
    assert!(server.terminate().success());
}

/// Whoever asks for a token hears of it in the dialect's own words, and whoever runs a command in ours.
fn assert_says_that_it_cannot_say(client: &Client, tenant: &Tenant, store: &str) {
    let nobody = |dialect| Caller::nobody(client, dialect);
    let (relesys, login, laurel) = (&tenant.relesys.client, &tenant.kare.admin, &tenant.laurel.client);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &relesys.client_id),
        ("client_secret", &relesys.client_secret),
        ("scope", "relesys.api"),
    ];
    // What was read of a credential in the last half second is good still.
    eventually("no token is given to a client of Relesys", || {
        let answer = nobody(Dialect::Relesys).raw("POST", "/login/oauth/authorize").form(&form).send();
        answer.status != 200 && unavailable(Dialect::Relesys, answer).is_object()
    });
    let body = json!({"email": login.email, "password": login.password});
    unavailable(Dialect::Kare, nobody(Dialect::Kare).post("/auth/v1/rs/login/credentials", body));
    let body = json!({"audience": "https://timeautomation.com", "grant_type": "client_credentials",
        "client_id": laurel.client_id, "client_secret": laurel.client_secret});
    eventually("no token is given to a client of Laurel", || {
        let answer = nobody(Dialect::Laurel).post("/api/v1/oauth/token", &body);
        answer.status != 200 && unavailable(Dialect::Laurel, answer).is_object()
    });
    client.get("/healthz").expect(200);
    eventually("it is not ready", || client.get("/readyz").status == 503);
    let said = Cli::new(binary()).run(["check", "--store", store]).fails_with(1).stderr();
    assert!(said.starts_with("error: "), "{said}");
}
