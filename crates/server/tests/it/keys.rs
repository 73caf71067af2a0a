//! The keys that tokens are signed with: replaced under a running server, in a backup that got away, and encrypted.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::callers::{Caller, Callers, Dialect};
use testkit::demo::Tenant;
use testkit::http::Client;
use testkit::process::{Cli, Server, command};

use crate::{binary, demo};

/// Longer than anything that is waited for takes on a busy machine.
const BOUND: Duration = Duration::from_secs(30);

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

const KEY: &str = "PERSONAE_SECRETS__KEY";

/// The APIs whose tokens are signed.
const SIGNED: [Dialect; 3] = [Dialect::Relesys, Dialect::Kare, Dialect::Laurel];

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within {BOUND:?}");
        std::thread::yield_now();
    }
}

/// Reads the caller's own tenant's first person, who is nobody that signs in.
fn status(tenant: &Tenant, caller: &Caller) -> u16 {
    let person = &tenant.people[0];
    let path = match caller.dialect {
        Dialect::Relesys => format!("/api/v1/users/{}", person.relesys),
        Dialect::Replay => format!("/api/user/{}", person.replay),
        Dialect::Kare => "/users/v1/rs/me".to_owned(),
        Dialect::Laurel => format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel),
    };
    caller.get(path).status
}

fn statuses(tenant: &Tenant, callers: &Callers) -> [u16; 3] {
    SIGNED.map(|dialect| status(tenant, callers.get(dialect)))
}

/// The commands over a server's store, with the key that its signing keys are encrypted with.
fn cli(server: &Server, key: &str) -> Cli {
    Cli::new(binary()).env("PERSONAE_STORE", &server.seed().store).env(KEY, key)
}

fn keys(server: &Server) -> Vec<Value> {
    let listed = cli(server, "").run(["key", "list", "--json"]).ok().json();
    listed.as_array().unwrap().clone()
}

#[track_caller]
fn rotate(cli: &Cli, more: &[&str]) -> Value {
    cli.run(["key", "rotate", "--json"].iter().chain(more)).ok().json()
}

/// Copies the store to a file, as one that came into wrong hands.
fn leaked(server: &Server, folder: &Path) -> String {
    let copy = folder.join("leaked.db");
    cli(server, "").run(["backup", copy.to_str().unwrap()]).ok();
    format!("sqlite:{}", copy.display())
}

/// Serves a store with a key of its own.
fn serve(store: &str, key: &str) -> Server {
    let mut serve = command(binary());
    serve.args(["serve", "--json", "--listen", "127.0.0.1:0", "--store", store]).env(KEY, key);
    Server::spawn(serve)
}

/// Tokens for a tenant that another server over the same keys hands out, to be shown to this one.
fn forged(forger: &Server, victim: &Client, tenant: &Tenant) -> Callers {
    Callers::of(&forger.client(), tenant).at(victim)
}

#[test]
fn tokens_outlast_a_rotation_and_end_with_one_at_once() {
    let server = demo();
    let tenant = &server.seed().tenant;
    let cli = cli(&server, "");
    let old = server.callers();
    assert_eq!(statuses(tenant, &old), [200; 3]);
    let before = keys(&server);
    assert_eq!(before.len(), 2);
    assert!(before.iter().all(|key| key["state"] == "current" && key["encryptedWith"].is_null()));
    let login = json!({"email": tenant.kare.admin.email, "password": tenant.kare.admin.password});
    let nobody = Caller::nobody(&server.client(), Dialect::Kare);
    let session = nobody.post("/auth/v1/rs/login/credentials", &login).expect(201).json();

    let rotated = rotate(&cli, &[]);
    let after = keys(&server);
    assert_eq!(after.len(), 4);
    for key in &after {
        let is_old = before.iter().any(|old| old["id"] == key["id"]);
        assert_eq!(key["state"], if is_old { "retired" } else { "current" });
        assert_eq!(key["expiresAt"], if is_old { rotated["formerUntil"].clone() } else { Value::Null });
    }
    // New tokens are signed with a new key, and the others are accepted all the time.
    let new_key = |algorithm: &str| {
        let made = rotated["keys"].as_array().unwrap().iter().find(|key| key["algorithm"] == algorithm);
        made.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let client = &tenant.relesys.client;
    eventually("signing with the new key", || {
        assert_eq!(statuses(tenant, &old), [200; 3]);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &*client.client_id),
            ("client_secret", &client.client_secret),
            ("scope", "relesys.api"),
        ];
        let answer = server.client().request("POST", "/login/oauth/authorize").form(&form).send().expect(200);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        jsonwebtoken::decode_header(token).unwrap().kid == Some(new_key("RS256"))
    });
    let new = server.callers();
    assert_eq!((statuses(tenant, &old), statuses(tenant, &new)), ([200; 3], [200; 3]));

    // One algorithm alone: Kare's.
    rotate(&cli, &["--algorithm", "HS256", "--now"]);
    eventually("the end of Kare's tokens", || statuses(tenant, &new) == [200, 401, 200]);
    let rotated = rotate(&cli, &["--now"]);
    assert_eq!((rotated["keys"].as_array().unwrap().len(), &rotated["formerUntil"]), (2, &Value::Null));
    eventually("the end of all tokens", || {
        statuses(tenant, &new) == [401; 3] && statuses(tenant, &old) == [401; 3]
    });
    assert_eq!(keys(&server).len(), 2);
    assert_eq!(statuses(tenant, &server.callers()), [200; 3]);

    // Refresh tokens are not signed, so a person's session goes on.
    let refresh = session["data"]["refreshToken"].as_str().unwrap();
    nobody.post("/auth/v1/rs/token/refresh", json!({"refreshToken": refresh})).expect(201);
}

#[test]
fn with_the_keys_of_a_backup_nothing_is_forged_after_a_rotation_at_once() {
    let server = demo();
    let tenant = &server.seed().tenant;
    let folder = tempfile::tempdir().unwrap();
    let forger = serve(&leaked(&server, folder.path()), "");
    let before = forged(&forger, &server.client(), tenant);
    assert_eq!(
        statuses(tenant, &before),
        [200, 401, 200],
        "this is what a leaked backup means; Kare knows its sessions"
    );

    rotate(&cli(&server, ""), &["--now"]);
    eventually("the end of what was forged", || statuses(tenant, &before) == [401; 3]);
    assert_eq!(statuses(tenant, &forged(&forger, &server.client(), tenant)), [401; 3]);
    assert_eq!(statuses(tenant, &server.callers()), [200; 3]);
}

#[test]
fn a_backup_with_encrypted_keys_is_served_by_nobody_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, format!("{ONE}\n")).unwrap();
    set_mode(&key, 0o600);
    let settings = folder.path().join("personae.toml");
    std::fs::write(&settings, format!("[secrets]\nkey_file = '{}'\n", key.display())).unwrap();
    let server = Server::demo(binary(), ["--people", "25", "--config", settings.to_str().unwrap()]);
    let tenant = &server.seed().tenant;
    let before = keys(&server);
    assert!(before.iter().all(|key| key["encryptedWith"].is_string()), "{before:?}");

    let backup = leaked(&server, folder.path());
    for wrong in ["", TWO] {
        let refused =
            Cli::new(binary()).env(KEY, wrong).run(["serve", "--listen", "127.0.0.1:0", "--store", &backup]);
        let said = refused.fails_with(1).stderr();
        assert!(said.contains("the signing keys in this store are encrypted with the key"), "{said}");
        assert!(said.contains("secrets.key_file") && said.contains("PERSONAE_SECRETS__KEY_FILE"), "{said}");
        assert!(!said.contains(TWO) && !said.contains(ONE), "{said}");
        // Rotation is refused in the same way, so that no key gets into the store that its servers could not read.
        for now in [&[][..], &["--now"]] {
            let refused = cli(&server, wrong).run(["key", "rotate"].iter().chain(now)).fails_with(1).stderr();
            assert!(refused.contains("encrypted with the key"), "{refused}");
            assert_eq!(keys(&server), before);
        }
    }
    let mut copy = serve(&backup, ONE);
    let callers = forged(&copy, &server.client(), tenant);
    assert_eq!(statuses(tenant, &callers), [200, 401, 200], "the same keys; Kare knows its sessions");
    assert!(copy.terminate().success());
    assert!(!copy.stderr().contains(ONE) && !server.stderr().contains(ONE));
    // Where the key is lost, the copy is served with other signing keys.
    let lost = Cli::new(binary()).env(KEY, TWO).env("PERSONAE_STORE", &backup);
    rotate(&lost, &["--now", "--lost-key"]);
    let copy = serve(&backup, TWO);
    let callers = Callers::of(&copy.client(), tenant);
    assert_eq!(statuses(tenant, &callers), [200; 3]);
    assert_eq!(statuses(tenant, &callers.at(&server.client())), [401; 3]);
}

#[test]
fn keys_are_encrypted_when_a_server_starts_with_a_key_and_the_key_can_be_changed() {
    let server = demo();
    let tenant = &server.seed().tenant;
    let callers = server.callers();
    let ids = || -> Vec<Value> { keys(&server).iter().map(|key| key["id"].clone()).collect() };
    let with = || -> Vec<Value> { keys(&server).iter().map(|key| key["encryptedWith"].clone()).collect() };
    let before = ids();
    let mut first = serve(&server.seed().store, ONE);
    let encrypted = with();
    assert!(encrypted.iter().all(Value::is_string));
    assert_eq!(ids(), before, "the keys are the same");
    assert_eq!(statuses(tenant, &callers.at(&first.client())), [200; 3]);
    assert_eq!(statuses(tenant, &callers), [200; 3], "a server that was there before goes on");
    assert!(first.terminate().success());
    assert!(!first.stderr().contains(ONE));

    let second = serve(&server.seed().store, &format!("{TWO} {ONE}"));
    assert!(with().iter().all(|key| key.is_string() && !encrypted.contains(key)));
    assert_eq!(statuses(tenant, &callers.at(&second.client())), [200; 3]);
    drop(second);
    let third = serve(&server.seed().store, TWO);
    assert_eq!(statuses(tenant, &callers.at(&third.client())), [200; 3]);
    rotate(&cli(&server, TWO), &[]);
    assert_eq!(with().len(), 4);
    assert!(with().iter().all(Value::is_string));
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let server = demo();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, ONE).unwrap();
    set_mode(&key, 0o644);
    let cli = Cli::new(binary()).env("PERSONAE_SECRETS__KEY_FILE", key.to_str().unwrap());
    let serve = ["serve", "--listen", "127.0.0.1:0", "--store", &server.seed().store];
    let said = cli.run(serve).fails_with(1).stderr();
    assert!(
        said.contains("is open to other users (mode 644)") && said.contains("hint: close it: chmod 600"),
        "{said}"
    );
    assert!(!said.contains(ONE));
    // What works on people alone needs no key, and reads none.
    cli.run(["person", "list", "-o", "Aurora", "--store", &server.seed().store]).ok();
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}
