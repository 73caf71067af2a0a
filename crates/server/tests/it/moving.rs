//! Moving a store: `personae store copy` between files and databases, and what is served from the copy.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use testkit::callers::{Callers, Dialect};
use testkit::demo::Demo;
use testkit::postgres::database;
use testkit::process::{Cli, Server, command};
use testkit::store::{self, Engine, Store};

use crate::binary;

/// Enough that a copy of them is still under way when its first line is read.
const MANY: &str = "3000";

/// A seeded store of this run's engine, which nobody serves, and a folder for files.
struct Home {
    folder: tempfile::TempDir,
    seed: Demo,
    _store: Store,
}

impl Home {
    fn of(people: &str) -> Self {
        let store = store::fresh();
        let mut server = Server::demo_on(binary(), &store, ["--people", people]);
        let seed = server.seed().clone();
        assert!(server.terminate().success());
        Self { folder: tempfile::tempdir().unwrap(), seed, _store: store }
    }

    fn store(&self) -> &str {
        &self.seed.store
    }

    fn file(&self, name: &str) -> String {
        format!("sqlite:{}", self.folder.path().join(name).display())
    }
}

/// Where to move: a file, and a database.
fn aways() -> [Store; 2] {
    [Store::new(Engine::Sqlite), Store::new(Engine::Postgres)]
}

fn cli() -> Cli {
    Cli::new(binary())
}

fn copy(from: &str, to: &str) -> Value {
    cli().run(["store", "copy", "--from", from, "--to", to, "--json"]).ok().json()
}

/// What a copy that must fail says.
#[track_caller]
fn refusal(from: &str, to: &str) -> String {
    let run = cli().run(["store", "copy", "--from", from, "--to", to]).fails_with(1);
    assert_eq!(run.stdout(), "");
    run.stderr()
}

#[track_caller]
fn sound(store: &str) -> Value {
    let report = cli().run(["check", "--store", store, "--json"]).ok().json();
    assert_eq!(report["ok"], true, "{report}");
    report["tenants"].clone()
}

#[test]
fn a_store_moves_away_and_comes_back_the_same() {
    let home = Home::of("25");
    let before = sound(home.store());
    for (away, back) in aways().iter().zip(["back-from-file.db", "back-from-database.db"]) {
        let copied = copy(home.store(), away.url());
        let tenants = copied["tenants"].as_array().unwrap();
        for (copied, tenant) in tenants.iter().zip(before.as_array().unwrap()) {
            assert_eq!(copied["sourceHash"], tenant["hash"]);
            assert_eq!(copied["targetHash"], tenant["hash"]);
            assert_eq!(
                [&copied["tenant"], &copied["people"], &copied["events"]],
                [&tenant["tenant"], &tenant["people"], &tenant["events"]]
            );
        }
        assert_eq!(tenants.len(), before.as_array().unwrap().len());
        assert_eq!((&copied["rowsBefore"], &copied["from"]), (&json!(0), &json!(home.store())));
        assert!(copied["rows"].as_u64() > Some(100) && copied["seconds"].is_number(), "{copied}");
        assert_eq!(sound(away.url()), before);
        copy(away.url(), &home.file(back));
        assert_eq!(sound(&home.file(back)), before);
    }
    assert_eq!(sound(home.store()), before);
}

#[test]
fn every_credential_works_where_the_store_is_now() {
    let home = Home::of("25");
    let mut server = Server::serve(binary(), home.store(), [] as [&str; 0]);
    let authorization = format!("Bearer {}", relesys_token(&server, &home.seed));
    let person = &home.seed.tenant.people[2];
    assert!(server.terminate().success());
    for away in aways() {
        copy(home.store(), away.url());
        let mut server = Server::serve(binary(), away.url(), [] as [&str; 0]);
        let client = server.client();
        let user = format!("/relesys/api/v1.4/users/{}", person.relesys);
        let seen = client.request("GET", &user).header("authorization", &authorization).send();
        assert_eq!(seen.expect(200).json()["data"]["id"], person.relesys.as_str(), "an old token holds");
        for tenant in [&home.seed.tenant, &home.seed.stranger] {
            let callers = Callers::of(&client, tenant);
            for (dialect, name) in Dialect::ALL.into_iter().zip(["Uno", "Due", "Tre", "Quattro"]) {
                rename(&callers, tenant, dialect, name);
                let path = format!("/replay/api/user/{}", tenant.people[2].replay);
                let seen = callers.replay.get(&path).expect(200).json();
                assert_eq!(seen["firstName"], name, "{dialect:?}");
            }
        }
        assert!(server.terminate().success());
        let (was, is) = (sound(home.store()), sound(away.url()));
        for (was, is) in was.as_array().unwrap().iter().zip(is.as_array().unwrap()) {
            // Who signs in for the first time makes one more.
            assert!(is["events"].as_u64() >= was["events"].as_u64().map(|events| events + 4), "{is}");
            assert_eq!(is["people"], was["people"]);
        }
    }
}

fn relesys_token(server: &Server, seed: &Demo) -> String {
    let credentials = &seed.tenant.relesys.client;
    let answer = server.client().request("POST", "/relesys/login/oauth/authorize").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &credentials.client_id),
        ("client_secret", &credentials.client_secret),
        ("scope", "relesys.api"),
    ]);
    answer.send().expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

/// Gives the third person this first name, as each vendor's clients do it.
fn rename(callers: &Callers, tenant: &testkit::demo::Tenant, dialect: Dialect, name: &str) {
    let person = &tenant.people[2];
    let parts = json!({"firstName": name});
    let caller = callers.get(dialect).clone().under(&dialect.prefix());
    match dialect {
        Dialect::Relesys => {
            let full = json!([{"op": "replace", "path": "/name", "value": format!("{name} Family")}]);
            caller.patch(format!("/api/v1.4/users/{}", person.relesys), full)
        }
        Dialect::Replay => caller.patch(format!("/api/user/{}", person.replay), parts),
        Dialect::Kare => caller.patch(format!("/users-organizations/v1/rs/users/{}", person.kare), parts),
        Dialect::Laurel => {
            let customer = &tenant.laurel.customer_id;
            caller.patch(format!("/api/v2/customers/{customer}/users/{}", person.laurel), parts)
        }
    }
    .expect(200);
}

/// A copy that has begun, and has told its first line.
struct Copying {
    child: Child,
    rest: BufReader<std::process::ChildStderr>,
}

impl Copying {
    fn begin(from: &str, to: &str) -> Self {
        let mut command = command(binary());
        command.args(["store", "copy", "--from", from, "--to", to]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut rest = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        rest.read_line(&mut line).unwrap();
        assert!(line.starts_with("copying tenant"), "{line}");
        Self { child, rest }
    }

    /// False when it had ended before.
    fn signal(&mut self, signal: &str) -> bool {
        if self.child.try_wait().unwrap().is_some() {
            return false;
        }
        let id = self.child.id().to_string();
        Command::new("kill").args([signal, &id]).status().unwrap().success()
    }

    /// Whether it succeeded, and what else it said.
    fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        self.rest.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().success(), said)
    }
}

#[test]
fn a_copy_that_was_killed_serves_nobody_and_goes_on_where_it_was() {
    let home = Home::of(MANY);
    let before = sound(home.store());
    for away in aways() {
        let mut copying = Copying::begin(home.store(), away.url());
        assert!(copying.signal("-KILL"), "it was to be caught in the middle");
        assert!(!copying.end().0);
        for args in [["check"].as_slice(), &["organization", "list"], &["serve", "--listen", "127.0.0.1:0"]] {
            let told = cli().env("PERSONAE_STORE", away.url()).run(args).fails_with(1).stderr();
            assert!(told.contains("a copy that was not finished"), "{args:?}: {told}");
            assert!(told.contains("hint: run the same `personae store copy` again"), "{told}");
        }
        let onwards = refusal(away.url(), &home.file("onwards.db"));
        assert!(onwards.contains("a copy that was not finished"), "{onwards}");
        let copied = copy(home.store(), away.url());
        assert!(copied["rowsBefore"].as_u64() > Some(0), "{copied}");
        assert_eq!(sound(away.url()), before);
    }
}

#[test]
fn what_somebody_writes_to_the_source_meanwhile_is_noticed() {
    let home = Home::of(MANY);
    for (away, name) in aways().iter().zip(["First", "Second"]) {
        let mut copying = Copying::begin(home.store(), away.url());
        assert!(copying.signal("-STOP"), "it was to be caught in the middle");
        cli().run(["department", "add", name, "--store", home.store(), "--tenant", "1"]).ok();
        assert!(copying.signal("-CONT"));
        let (succeeded, said) = copying.end();
        assert!(!succeeded);
        assert!(
            said.contains("error: the source was written to while it was copied: tenant 1, table department")
        );
        assert!(said.contains("hint: stop what writes to the source"), "{said}");
        let again = refusal(home.store(), away.url());
        assert!(again.contains("error: "), "{again}");
        cli().run(["check", "--store", away.url()]).fails_with(1);
    }
}

#[test]
fn what_cannot_be_copied_is_said_with_what_to_do() {
    let home = Home::of("25");
    let before = sound(home.store());
    for (from, to, error, hint) in [
        (home.file("none.db"), home.file("new.db"), "there is no store at", "name one"),
        (
            home.store().to_owned(),
            home.store().to_owned(),
            "the target is not empty",
            "copy to another place, or ",
        ),
        (home.store().to_owned(), home.file("no/folder.db"), "there is no folder", "make it first"),
        (home.store().to_owned(), "mysql://a/b".to_owned(), "is not known", "write a store as"),
        (
            home.store().to_owned(),
            "postgres://ada:s3cret@127.0.0.1:1/x".to_owned(),
            "refuses connections",
            "is PostgreSQL running there",
        ),
    ] {
        let told = refusal(&from, &to);
        assert!(told.contains(error) && told.contains("hint: ") && !told.contains("s3cret"), "{told}");
        assert!(told.contains(hint), "{told}");
    }
    assert_eq!(sound(home.store()), before);
    let database = database();
    let told = refusal(database.url(), &home.file("new.db"));
    assert!(told.contains("there is no store at postgres://"), "{told}");
    copy(home.store(), database.url());
    let told = refusal(home.store(), database.url());
    assert!(told.contains("the target is not empty\nhint: copy to another place, or make the database anew"));
    let args =
        ["store", "copy", "--from", home.store(), "--to", &home.file("new.db"), "--store", home.store()];
    cli().run(args).fails_with(2);
}

#[test]
fn a_backup_of_a_database_is_a_file_that_can_be_served() {
    let home = Home::of("25");
    let database = database();
    copy(home.store(), database.url());
    let file = home.folder.path().join("backup.db");
    let file = file.to_str().unwrap();
    let made = cli().run(["backup", file, "--store", database.url(), "--json"]).ok().json();
    assert_eq!(made["file"], file);
    assert_eq!(sound(&format!("sqlite:{file}")), sound(home.store()));
    let again = cli().run(["backup", file, "--store", database.url()]).fails_with(1);
    assert!(again.stderr().contains("already there"), "{}", again.stderr());
}

#[test]
fn people_are_told_what_was_copied_and_how_to_go_on() {
    let home = Home::of("25");
    let to = home.file("away.db");
    let run = cli().run(["store", "copy", "--from", home.store(), "--to", &to]).ok();
    let text = run.stdout();
    assert!(text.contains("TENANT  PEOPLE  EVENTS  HASH ON BOTH SIDES"), "{text}");
    assert!(text.contains(&format!("Serve it: personae serve --store {to}")), "{text}");
    let log = run.stderr();
    assert!(log.lines().any(|line| line.starts_with("copying person of tenant")), "{log}");
    assert!(log.lines().any(|line| line.starts_with("comparing person_key")), "{log}");
}
