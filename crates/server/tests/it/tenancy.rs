//! One address in several tenants, and host names that are bound to one of them.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};
use testkit::callers::{Caller, Callers, Dialect};
use testkit::demo::Tenant;
use testkit::http::Response;
use testkit::process::{Cli, Server};
use testkit::store;

use crate::{binary, demo, told};

const LOG_IN: &str = "/auth/v1/rs/login/credentials";
const EMAIL: &str = "both@example.com";
const PASSWORD: &str = "Engine-1843";

#[track_caller]
fn command(server: &Server, args: &[&str]) -> Value {
    let store = ["--json", "--store", &server.seed().store];
    Cli::new(binary()).run(args.iter().copied().chain(store)).ok().json()
}

/// Sets a password of a person.
#[track_caller]
fn set_password(server: &Server, organization: &str, person: &str, password: &str) {
    let mut child = testkit::process::command(binary())
        .args(["credential", "add", "--dialect", "kare", "--person", person, "-o", organization])
        .args(["--password-stdin", "--store", &server.seed().store])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a command");
    child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("a reader");
    assert!(child.wait().expect("an end").success());
}

fn log_in(server: &Server, email: &str, password: &str) -> Response {
    let body = json!({"email": email, "password": password});
    Caller::nobody(&server.client(), Dialect::Kare).post(LOG_IN, body)
}

/// The person's key in the tenant that a log-in leads to.
#[track_caller]
fn signed_in_as(server: &Server, email: &str, password: &str) -> Value {
    let tokens = told(Dialect::Kare, log_in(server, email, password), 201)["data"].clone();
    let token = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    let caller = Caller::nobody(&server.client(), Dialect::Kare)
        .with("authorization", format!("Bearer {}", token("accessToken")))
        .with("x-session-token", token("sessionToken"));
    told(Dialect::Kare, caller.get("/users/v1/rs/me"), 200)["data"]["key"].clone()
}

#[test]
fn a_person_signs_in_where_they_may_whatever_other_tenants_hold() {
    let server = demo();
    let names: Vec<String> = (1..=10).map(|n| format!("Tenant {n}")).collect();
    let mut people = Vec::new();
    for name in &names {
        command(&server, &["organization", "add", name]);
        let person =
            command(&server, &["person", "add", "--name", "Ada Byron", "--email", EMAIL, "-o", name]);
        set_password(&server, name, EMAIL, PASSWORD);
        people.push(person["id"].clone());
    }
    assert_eq!(signed_in_as(&server, EMAIL, PASSWORD), people[0], "the first of them");
    for name in &names[..9] {
        command(&server, &["person", "disable", EMAIL, "-o", name]);
    }
    assert_eq!(signed_in_as(&server, EMAIL, PASSWORD), people[9]);
    // Other passwords lead elsewhere.
    command(&server, &["person", "enable", EMAIL, "-o", &names[3]]);
    set_password(&server, &names[3], EMAIL, "Bernoulli-7");
    assert_eq!(signed_in_as(&server, EMAIL, "Bernoulli-7"), people[3]);
    assert_eq!(signed_in_as(&server, EMAIL, PASSWORD), people[9]);
    command(&server, &["person", "disable", EMAIL, "-o", &names[9]]);
    told(Dialect::Kare, log_in(&server, EMAIL, PASSWORD), 401);
}

#[test]
fn an_address_that_comes_later_signs_in_beside_the_one_that_was_there() {
    let server = demo();
    let (here, there) = (&server.seed().tenant, &server.seed().stranger);
    let (ada, eve) = (&here.people[0], &there.people[0]);
    set_password(&server, "Aurora", &ada.email, PASSWORD);
    set_password(&server, "Borealis", &eve.email, PASSWORD);
    // Each password has a salt of its own until the second person has signed in with the address of the first.
    let path = format!("/api/v1/customers/{}/users/{}", there.laurel.customer_id, eve.laurel);
    server.strangers().laurel.patch(path, json!({"email": ada.email})).expect(200);
    assert_eq!(signed_in_as(&server, &ada.email, PASSWORD), ada.relesys.as_str());
    command(&server, &["person", "disable", &ada.email, "-o", "Aurora"]);
    for _ in 0..2 {
        assert_eq!(signed_in_as(&server, &ada.email, PASSWORD), eve.relesys.as_str());
        told(Dialect::Kare, log_in(&server, &ada.email, "Wrong-1234"), 401);
    }
    command(&server, &["person", "enable", &ada.email, "-o", "Aurora"]);
    assert_eq!(signed_in_as(&server, &ada.email, PASSWORD), ada.relesys.as_str());
    let live = command(&server, &["session", "list", "--person", &ada.email, "-o", "Borealis"]);
    let is_live: Vec<_> = live.as_array().expect("a list").iter().map(|it| it["isLive"].clone()).collect();
    assert_eq!(is_live, [true, true], "another hash of the same password is no new password");
}

/// What each dialect is asked for, in the tenant.
fn read(tenant: &Tenant, dialect: Dialect) -> String {
    let person = &tenant.people[0];
    match dialect {
        Dialect::Relesys => format!("/api/v1.4/users/{}", person.relesys),
        Dialect::Replay => format!("/api/user/{}", person.replay),
        Dialect::Kare => "/users/v1/rs/me".to_owned(),
        Dialect::Laurel => format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel),
    }
}

/// A token asked for at a host, with the credentials of the tenant.
fn tokens_at(server: &Server, host: &'static str, tenant: &Tenant) -> [Response; 3] {
    let nobody = |dialect| Caller::nobody(&server.client(), dialect).with("host", host);
    let (relesys, laurel) = (&tenant.relesys.client, &tenant.laurel.client);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", relesys.client_id.as_str()),
        ("client_secret", &relesys.client_secret),
        ("scope", "relesys.api"),
    ];
    let of_laurel = json!({
        "audience": "https://timeautomation.com",
        "grant_type": "client_credentials",
        "client_id": laurel.client_id,
        "client_secret": laurel.client_secret,
    });
    let of_kare = json!({"email": tenant.kare.user.email, "password": tenant.kare.user.password});
    [
        nobody(Dialect::Relesys).raw("POST", "/login/oauth/authorize").form(&form).send(),
        nobody(Dialect::Laurel).post("/api/v1/oauth/token", of_laurel),
        nobody(Dialect::Kare).post(LOG_IN, of_kare),
    ]
}

#[test]
fn a_host_that_is_bound_to_a_tenant_knows_no_other() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store::fresh());
    let mut seeded = Server::demo_on(binary(), &store, ["--people", "25"]);
    let seed = seeded.seed().clone();
    assert!(seeded.terminate().success());
    let config = folder.path().join("personae.toml");
    std::fs::write(&config, "tenants = ['aurora.example=Aurora', 'Borealis.example = Borealis East']")
        .unwrap();
    let server = Server::serve(binary(), store.url(), ["--config", config.to_str().unwrap()]);
    let tenants = [("aurora.example", &seed.tenant), ("borealis.example", &seed.stranger)];
    for (host, tenant) in tenants {
        let callers = Callers::of(&server.client(), tenant);
        let statuses = tokens_at(&server, host, tenant).map(|answer| answer.status);
        assert_eq!(statuses, [200, 200, 201], "{host}");
        for caller in callers.all() {
            let path = read(tenant, caller.dialect);
            caller.get(&path).expect(200);
            caller.raw("GET", &path).host(host.to_uppercase()).send().expect(200);
            for (other, _) in tenants.iter().filter(|(other, _)| *other != host) {
                told(caller.dialect, caller.raw("GET", &path).host(other).send(), 401);
                let statuses = tokens_at(&server, other, tenant).map(|answer| answer.status);
                assert_eq!(statuses, [400, 401, 401], "{other}");
            }
        }
    }
    let login = &seed.tenant.kare.user;
    let body = json!({"email": login.email, "password": login.password});
    let at = |host| Caller::nobody(&server.client(), Dialect::Kare).with("host", host);
    let tokens = told(Dialect::Kare, at("aurora.example").post(LOG_IN, body), 201)["data"].clone();
    let refresh = json!({"refreshToken": tokens["refreshToken"]});
    for (host, status) in [("aurora.example", 201), ("borealis.example", 401), ("elsewhere.example", 201)] {
        let answer = at(host).post("/auth/v1/rs/token/refresh", &refresh);
        told(Dialect::Kare, answer, status);
    }
}

#[test]
fn a_host_that_is_bound_to_nothing_known_is_an_error_at_the_start() {
    let server = demo();
    let store = &server.seed().store;
    for (bound, says) in [
        ("a.example=Nowhere", "tenants binds a.example to \"Nowhere\", and there is no such organization"),
        ("a.example=1", "which several tenants have"),
        ("a.example", "which is not HOST=ORGANIZATION"),
    ] {
        let cli = Cli::new(binary()).env("PERSONAE_TENANTS", bound);
        let failed = cli.run(["serve", "--listen", "127.0.0.1:0", "--store", store]).fails_with(1);
        assert!(failed.stderr().contains(says), "{}", failed.stderr());
        assert!(failed.stderr().contains("hint: "), "{}", failed.stderr());
    }
}
