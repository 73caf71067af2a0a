//! Personae as its users meet it: the built binary, real HTTP, raw JSON.

mod attacks;
mod bad_input;
mod bodies;
mod commands;
mod connections;
mod contract;
mod crash;
mod event_coverage;
mod faults;
mod guessing;
mod heads;
mod isolation;
mod json;
mod keys;
mod mounting;
mod moving;
mod opening;
mod rate_limits;
mod read_only;
mod refusals;
mod serving;
mod state_machine;
mod tenancy;
mod writers;

use std::path::Path;

use serde_json::Value;
use testkit::callers::{Caller, Dialect};
use testkit::demo::{ClientCredentials, Person, Tenant};
use testkit::http::Response;
use testkit::openapi::OpenApi;
use testkit::process::{Cli, Server};
use testkit::tenants::assert_unchanged;

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_personae"))
}

/// A seeded server of its own for each test, so that no test depends on another.
fn demo() -> Server {
    Server::demo(binary(), ["--people", "25"])
}

/// What the dialect's file promises.
fn promised(dialect: Dialect) -> &'static OpenApi {
    testkit::contracts::of(dialect)
}

/// The body of an answer that has this status and that the dialect's `openapi.yaml` documents.
#[track_caller]
fn told(dialect: Dialect, answer: Response, status: u16) -> Value {
    let answer = answer.expect(status);
    promised(dialect).expect(&answer);
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// Runs what must be refused, and holds every tenant to be byte for byte as before.
#[track_caller]
fn refused<T>(server: &Server, action: impl FnOnce() -> T) -> T {
    assert_unchanged(binary(), &server.seed().store, action)
}

/// People who have no part to play in the demo: nobody signs in as them.
fn bystanders(tenant: &Tenant) -> Vec<Person> {
    let parts = [tenant.kare.admin.user_id, tenant.kare.user.user_id];
    tenant.people.iter().filter(|person| !parts.contains(&person.kare)).cloned().collect()
}

/// A client of Laurel's API that acts for a person of the first tenant.
#[track_caller]
fn acting_for(server: &Server, person: &str, scope: &str) -> Caller {
    let add = ["credential", "add", "--dialect", "laurel", "--person", person, "--scope", scope];
    let place = ["--tenant", "1", "--json", "--store", &server.seed().store];
    let made = Cli::new(binary()).run(add.into_iter().chain(place)).ok().json();
    assert_eq!(made["person"], person);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    let client = ClientCredentials { client_id: text("clientId"), client_secret: text("clientSecret") };
    Caller::laurel(&server.client(), &client)
}
