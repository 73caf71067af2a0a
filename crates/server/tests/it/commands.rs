//! The command as operators use it: on a store of its own, and on that of a running server.

mod entities;
mod events;
mod organizations;
mod people;
mod printing;
mod templates;
mod values;

use serde_json::{Value, json};
use testkit::http::Client;
use testkit::process::{Cli, Run, Server};
use testkit::store;

use crate::{binary, demo};

/// A store, and the commands over it.
struct Store {
    cli: Cli,
    /// When it is not a server's.
    _own: Option<store::Store>,
}

impl Store {
    /// With one organization, called Aurora.
    fn new() -> Self {
        let own = store::fresh();
        let store = Self { cli: Cli::new(binary()).env("PERSONAE_STORE", own.url()), _own: Some(own) };
        store.json("organization add Aurora");
        store
    }

    fn of(server: &Server) -> Self {
        Self { cli: Cli::new(binary()).env("PERSONAE_STORE", &server.seed().store), _own: None }
    }

    #[track_caller]
    fn run(&self, line: &str) -> Run {
        self.cli.run(line.split(' '))
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --json")).ok().json()
    }

    /// What a command that must fail says.
    #[track_caller]
    fn failure(&self, line: &str) -> String {
        let run = self.run(line).fails_with(1);
        assert_eq!(run.stdout(), "", "nothing but the failure is said");
        run.stderr()
    }
}

#[test]
fn a_tenant_is_built_from_nothing() {
    let store = Store::new();
    let north = store.json("organization add North --parent aurora");
    let all = store.json("organization list");
    assert_eq!(all[0]["name"], "Aurora");
    assert_eq!(all[1]["parent"], all[0]["id"]);
    assert_eq!(north["tenant"], all[0]["tenant"]);
    assert!(store.failure("organization add North --parent Aurora").contains("already taken"));

    for (noun, add, member, value) in [
        ("department", "Engines", "name", "Engines"),
        ("group", "Drivers", "name", "Drivers"),
        ("custom-field", "skills --kind multi-select", "kind", "multi-select"),
        ("label", "Nurse --color #00aa88 --organization Aurora", "color", "#00AA88"),
        ("team", "Sales --organization Aurora", "name", "Sales"),
        ("role", "billing-clerk --permission BillingRead", "permissions", ""),
    ] {
        let added = store.json(&format!("{noun} add {add}"));
        let expected = if value.is_empty() { json!(["BillingRead"]) } else { json!(value) };
        assert_eq!(added[member], expected, "{noun}");
        let listed = store.json(&format!("{noun} list"));
        assert!(listed.as_array().unwrap().contains(&added), "{noun}: {listed} lacks {added}");
        let text = store.run(&format!("{noun} list")).ok().stdout();
        assert!(text.contains(added["name"].as_str().unwrap()), "{noun}: {text}");
    }

    let ada = store.json(
        "person add --given-name Ada --family-name King --email Ada@aurora.example --organization Aurora \
         --department engines --group Drivers --team Sales --profession nurse --laurel-role billing-clerk \
         --external-id relesys:NUA --external-id azure:1f2e --custom-field skills=welding,looms --phone 12345678",
    );
    assert_eq!(ada["primaryDepartment"]["name"], "Engines");
    assert_eq!(ada["groups"][0]["name"], "Drivers");
    assert_eq!(ada["customFields"], json!({"skills": ["welding", "looms"]}));
    assert_eq!(ada["memberships"][0]["kare"]["profession"]["name"], "Nurse");
    let again = store.failure("person add --email ada@AURORA.example --organization Aurora");
    assert!(again.contains("email is already taken") && again.contains("hint:"), "{again}");

    let check = store.json("check");
    assert_eq!(check["ok"], true);
    assert_eq!(check["problems"], json!([]));
}

#[test]
fn a_person_is_found_by_any_id_of_any_api() {
    let store = Store::new();
    let add =
        "person add --given-name Ada --family-name King --email Ada@aurora.example --user-name ada.king";
    let ada = store.json(&format!(
        "{add} --alias countess@aurora.example --external-id relesys:NUA --external-id replay:R-1 --external-id azure:1f2e"
    ));
    let [id, object_id] = ["id", "objectId"].map(|member| ada[member].as_str().unwrap().to_owned());
    let number = ada["number"].to_string();
    for known_as in [
        id.as_str(),
        &id.to_uppercase(),
        &object_id,
        &number,
        "ada@aurora.example",
        "COUNTESS@aurora.example",
        "Ada.King",
        "NUA",
        "relesys:NUA",
        "R-1",
        "replay:R-1",
        "1f2e",
        "azure:1f2e",
        "laurel:azure:1f2e",
    ] {
        assert_eq!(store.json(&format!("person show {known_as}"))["id"], ada["id"], "{known_as}");
    }
    for unknown in ["nua", "relesys:R-1", "azure:NUA", "ada", "ada@aurora.example.org", "0", "999"] {
        assert!(store.failure(&format!("person show {unknown}")).contains("nobody is known by"), "{unknown}");
    }
    let text = store.run("person show NUA").ok().stdout();
    assert!(text.contains("Ada King") && text.contains("relesys:NUA"), "{text}");
}

#[test]
fn an_external_id_that_is_anothers_number_is_asked_about() {
    let store = Store::new();
    let ada = store.json("person add --given-name Ada --email ada@aurora.example");
    let number = ada["number"].to_string();
    let ben = store.json(&format!("person add --given-name Ben --external-id relesys:{number}"));
    let failure = store.failure(&format!("person delete {number}"));
    assert!(failure.contains("can mean 2 people"), "{failure}");
    for person in [&ada, &ben] {
        assert!(failure.contains(person["id"].as_str().unwrap()), "{failure}");
    }
    assert_eq!(store.json(&format!("person show relesys:{number}"))["id"], ben["id"]);
    assert_eq!(store.json(&format!("person show number:{number}"))["id"], ada["id"]);

    // The same words in another tenant.
    store.json("organization add Borealis");
    let cleo = "person add --given-name Cleo --organization Borealis";
    let cleo = store.json(&format!("{cleo} --external-id relesys:{number}"));
    let there = store.json(&format!("person show relesys:{number} --organization Borealis"));
    assert_eq!(there["id"], cleo["id"]);
    let failure = store.failure(&format!("person show relesys:{number}"));
    assert!(failure.contains("Aurora (tenant") && failure.contains("Borealis (tenant"), "{failure}");
    assert!(store.failure("person list").contains("more than one organization"));
}

#[test]
fn events_are_listed_by_what_they_are_about() {
    let store = Store::new();
    let group = store.json("group add Engines");
    let id = group["id"].as_str().unwrap();
    for filter in ["group".to_owned(), format!("group:{id}")] {
        let events = store.json(&format!("event list --subject {filter}"));
        assert_eq!(events.as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(events[0]["subject"], json!({"kind": "group", "id": id}));
        assert_eq!((&events[0]["person"], &events[0]["action"]), (&Value::Null, &json!("created")));
        assert_eq!(events[0]["changes"]["name"], json!({"before": null, "after": "Engines"}));
    }
    assert_eq!(store.json("event list --subject person"), json!([]));
    for bad in ["people", "group:7"] {
        let said = store.run(&format!("event list --subject {bad}")).fails_with(2).stderr();
        assert!(said.contains("invalid value"), "{said}");
    }
}

#[test]
fn a_person_is_invited_enabled_disabled_and_deleted() {
    let store = Store::new();
    let ada = store.json("person add --given-name Ada --email ada@aurora.example --invite");
    assert_eq!(ada["status"], "invited");
    let invitation = ada["invitation"]["id"].as_str().unwrap();
    assert_eq!(store.json("person list --status invited").as_array().unwrap().len(), 1);

    let enabled = store.json(&format!("person enable {invitation}"));
    assert_eq!((&enabled["status"], &enabled["changed"]), (&json!("active"), &json!(true)));
    assert_eq!(store.json("person show ada@aurora.example")["invitation"], Value::Null);
    assert!(store.failure(&format!("person show {invitation}")).contains("nobody is known by"));
    assert_eq!(store.json("person enable ada@aurora.example")["changed"], false);

    for (by, status) in [
        ("", "disabled_by_admin"),
        (" --by organization", "disabled_by_organization"),
        (" --by login-blocked", "login_blocked"),
    ] {
        let disabled = store.json(&format!("person disable ada@aurora.example{by}"));
        assert_eq!(disabled["status"], status);
    }

    let deleted = store.json("person delete ada@aurora.example");
    assert_eq!((&deleted["deleted"], &deleted["id"]), (&json!(true), &ada["id"]));
    assert!(store.failure("person show ada@aurora.example").contains("nobody is known by"));
    store.json("person add --given-name Another --email ada@aurora.example");

    let events = store.json("event list --subject person");
    let actions: Vec<&str> =
        events.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
    let expected = ["created", "deleted", "changed", "changed", "changed", "changed", "created"];
    assert_eq!(actions, expected, "newest first, and one event for each change");
    assert_eq!(
        events[2]["changes"]["status"],
        json!({"before": "disabled_by_organization", "after": "login_blocked"})
    );
    assert_eq!(store.json("event list --action deleted").as_array().unwrap().len(), 1);
    assert_eq!(store.json("event list --limit 2").as_array().unwrap().len(), 2);
    assert_eq!(store.json("event list --since 2999-01-01"), json!([]));
    assert_eq!(store.json("event list --via kare"), json!([]));
    let text = store.run("event list --action deleted").ok().stdout();
    assert!(text.contains("deleted") && text.contains("via command at Aurora"), "{text}");
}

#[test]
fn what_is_listed_can_be_searched_and_cut() {
    let store = Store::new();
    for name in ["Ada King", "Ada Byron", "Grace Hopper"] {
        let (given, family) = name.split_once(' ').unwrap();
        store.json(&format!("person add --given-name {given} --family-name {family}"));
    }
    let names = |line: &str| -> Vec<String> {
        let people = store.json(line);
        let mut names: Vec<String> =
            people.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("person list"), ["Ada Byron", "Ada King", "Grace Hopper"]);
    assert_eq!(names("person list --search ADA"), ["Ada Byron", "Ada King"]);
    let run = store.cli.run(["person", "list", "--search", "king ada", "--json"]).ok();
    assert_eq!(run.json()[0]["name"], "Ada King");
    assert_eq!(names("person list --limit 2").len(), 2);
    assert!(store.run("person list --limit 2").ok().stdout().contains("There are more than these 2"));
}

#[test]
fn credentials_work_until_they_are_revoked_while_the_server_runs() {
    let server = demo();
    let store = Store::of(&server);
    let person = &server.seed().tenant.people[0];
    let made = store.json("credential add --dialect replay --organization Aurora --name LMS");
    let key = made["apiKey"].as_str().unwrap();
    let path = format!("/api/user/{}", person.replay);
    let read = || server.client().request("GET", &path).header("x-api-key", key).send();
    assert_eq!(read().expect(200).json()["email"], person.email.as_str());

    let listed = store.run("credential list").ok().stdout();
    let secret = key.split_once('.').unwrap().1;
    assert!(listed.contains("LMS") && !listed.contains(secret), "a secret is shown once");
    assert!(!store.json("credential list").to_string().contains(secret));

    let id = made["id"].as_str().unwrap();
    assert_eq!(store.json(&format!("credential revoke {id}"))["revoked"], id);
    assert!(store.failure(&format!("credential revoke {id}")).contains("no such live credential"));
    assert_stops(|| read().status == 401);
}

#[test]
fn credentials_are_listed_by_api_and_organization_revoked_ones_too() {
    let store = Store::new();
    store.json("organization add North --parent Aurora");
    store.json("organization add Borealis");
    let add = |options: &str| {
        let made = store.json(&format!("credential add {options}"));
        made["id"].as_str().unwrap().to_owned()
    };
    let first = add("--dialect replay --organization Aurora");
    let second = add("--dialect laurel --organization Aurora");
    let third = add("--dialect replay --organization North");
    let fourth = add("--dialect replay --organization Borealis");
    store.json(&format!("credential revoke {second}"));
    let ids = |options: &str| -> Vec<String> {
        let all = store.json(format!("credential list {options}").trim_end());
        all.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(""), [&first, &second, &third, &fourth].map(String::as_str));
    assert_eq!(ids("--tenant 1"), [&first, &second, &third].map(String::as_str));
    assert_eq!(ids("--organization Aurora"), [&first, &second].map(String::as_str));
    assert_eq!(ids("--dialect replay"), [&first, &third, &fourth].map(String::as_str));
    assert_eq!(ids("--dialect laurel --organization Aurora"), [second.as_str()]);
    assert_eq!(ids("--dialect kare"), [""; 0]);
    assert!(store.run("credential list --dialect laurel").ok().stdout().contains("revoked"));
    store.run("credential list --dialect azure").fails_with(2);
}

#[test]
fn a_key_is_rotated_while_clients_use_it() {
    let server = demo();
    let store = Store::of(&server);
    let path = format!("/api/user/{}", server.seed().tenant.people[0].replay);
    let opens = |made: &Value| {
        let key = made["apiKey"].as_str().unwrap();
        server.client().request("GET", &path).header("x-api-key", key).send().status == 200
    };
    let first = store.json("credential add --dialect replay --organization Aurora");
    assert_eq!((&first["keys"], &first["oldKeyUsedAt"]), (&json!(1), &Value::Null));
    let id = first["id"].as_str().unwrap();
    let public_id = first["publicId"].as_str().unwrap();
    let listed = || {
        let all = store.json("credential list --organization Aurora");
        all.as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone()
    };
    assert!(opens(&first));

    let text = store.run(&format!("credential rotate {id}")).ok().stdout();
    assert!(text.contains(&format!("personae credential rotate {id} --end-old")), "{text}");
    assert!(text.contains("A running server takes it within a second."), "{text}");
    let second = store.json(&format!("credential rotate {public_id}"));
    assert_eq!((&second["publicId"], &second["keys"]), (&first["publicId"], &json!(2)));
    assert_ne!(second["apiKey"], first["apiKey"]);
    // The first of three has gone. The key in the text is the old one now, and nobody uses it.
    assert_stops(|| !opens(&first));
    assert_stops(|| opens(&second));
    assert_eq!((&listed()["keys"], &listed()["oldKeyUsedAt"]), (&json!(2), &Value::Null));
    let table = store.run("credential list --organization Aurora").ok().stdout();
    assert!(table.contains("2, old one unused"), "{table}");

    let third = store.json(&format!("credential rotate {id}"));
    assert_stops(|| opens(&third));
    assert!(opens(&second), "both open");
    assert_stops(|| listed()["oldKeyUsedAt"].is_string());
    let ended = store.json(&format!("credential rotate {id} --end-old"));
    assert_eq!((&ended["keys"], ended.get("apiKey")), (&json!(1), None));
    assert_stops(|| !opens(&second));
    assert!(opens(&third));
    let again = store.run(&format!("credential rotate {id} --end-old")).ok().stdout();
    assert!(again.starts_with("There was no old key"), "{again}");

    store.json(&format!("credential revoke {id}"));
    for line in [format!("credential rotate {id}"), format!("credential rotate {id} --end-old")] {
        assert!(store.failure(&line).contains("no such live credential"), "{line}");
    }
    assert!(store.failure("credential rotate nobody").contains("no such live credential"));
}

#[test]
fn a_client_gets_what_it_was_given() {
    let server = demo();
    let store = Store::of(&server);
    let token = |made: &Value, scope: &str| {
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        server
            .client()
            .request("POST", "/login/oauth/authorize")
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &text("clientId")),
                ("client_secret", &text("clientSecret")),
                ("scope", scope),
            ])
            .send()
            .status
    };
    let add = "credential add --dialect relesys --organization Aurora";
    let whole = store.json(add);
    assert_eq!((&whole["scopes"], &whole["rateLimit"]), (&json!(["relesys.api"]), &json!(100)));
    assert_eq!(token(&whole, "relesys.api"), 200);
    let reader = store.json(&format!("{add} --scope relesys.api.users:read --rate-limit none"));
    assert_eq!(reader["rateLimit"], Value::Null);
    assert_eq!(token(&reader, "relesys.api.users:read"), 200);
    assert_eq!(token(&reader, "relesys.api"), 400);
    assert_eq!(token(&store.json(&format!("{add} --expires 2020-01-01T00:00:00Z")), "relesys.api"), 400);

    let laurel = store.json("credential add --dialect laurel --organization Aurora --scope read");
    assert_eq!((&laurel["scopes"], &laurel["rateLimit"]), (&json!(["read"]), &Value::Null));
    store.run("credential add --dialect laurel --organization Aurora --scope admin").fails_with(2);
    store.run("credential add --dialect replay --organization Aurora --person ada").fails_with(2);
    store.run("credential add --dialect kare").fails_with(2);
}

#[test]
fn a_password_signs_in() {
    let server = demo();
    let store = Store::of(&server);
    let person = &server.seed().tenant.people[0];
    let sign_in = |password: &str| {
        let body = json!({"email": person.email, "password": password});
        server.client().request("POST", "/auth/v1/rs/login/credentials").json(body).send().status
    };
    let made = store.json(&format!("credential add --dialect kare --person {}", person.email));
    assert_eq!(made["userId"], person.kare);
    let password = made["password"].as_str().unwrap();
    assert_eq!(sign_in(password), 201);
    assert_eq!(sign_in("Guessed-1234"), 401);

    // Nothing comes from standard input, which is no password.
    let add = format!("credential add --dialect kare --person {} --password-stdin", person.email);
    assert!(store.failure(&add).contains("the password must have 8 to 100 characters"));
    assert_eq!(sign_in(password), 201);

    store.json(&format!("person disable {}", person.email));
    assert_eq!(sign_in(password), 401);
}

#[test]
fn a_backup_is_whole_and_holds_what_the_server_acknowledged() {
    let server = demo();
    let store = Store::of(&server);
    let path = format!("/api/user/{}", server.seed().tenant.people[0].replay);
    let key = &server.seed().tenant.replay.api_key;
    let rename = |client: &Client, name: &str| {
        client
            .request("PATCH", &path)
            .header("x-api-key", key)
            .json(json!({"firstName": name}))
            .send()
            .expect(200);
    };
    rename(&server.client(), "Augusta");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    assert_eq!(store.json(&format!("backup {copy}"))["file"], copy);
    rename(&server.client(), "Later");

    let at = format!("--store sqlite:{copy}");
    assert_eq!(store.json(&format!("check {at}"))["ok"], true);
    let email = &server.seed().tenant.people[0].email;
    assert_eq!(store.json(&format!("person show {email} {at}"))["name"]["given"], "Augusta");
    assert_eq!(store.json(&format!("person show {email}"))["name"]["given"], "Later");
    assert!(store.failure(&format!("backup {copy}")).contains("already there"));
    assert!(store.failure("backup /nowhere/at/all/copy.db").contains("no folder"));
}

#[test]
fn the_event_of_a_change_tells_who_made_it_and_under_which_request() {
    let server = demo();
    let store = Store::of(&server);
    let tenant = &server.seed().tenant;
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let request = server.client().request("PATCH", &path).header("x-api-key", &tenant.replay.api_key);
    request.header("x-request-id", "trace-1").json(json!({"firstName": "Augusta"})).send().expect(200);

    let events = store.json(&format!("event list --person {} --via replay", tenant.people[0].email));
    let event = &events[0];
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!((&event["action"], &event["request"]), (&json!("changed"), &json!("trace-1")));
    assert_eq!(event["changes"]["name.given"]["after"], "Augusta");
    let credentials = store.json("credential list --organization Aurora");
    let credential =
        credentials.as_array().unwrap().iter().find(|it| it["id"] == event["credential"]).unwrap();
    assert_eq!(credential["dialect"], "replay");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", folder.path().join("none.db").display());
    let cli = Cli::new(binary());
    for (args, says) in [
        (vec!["person", "list", "--store", &missing], "there is no store at"),
        (vec!["check", "--store", "mysql://host/db"], "\"mysql\" is not known"),
        (vec!["check", "--store", "postgres://ada:s3cret@127.0.0.1:1/db"], "127.0.0.1:1 refuses connections"),
        (
            vec!["serve", "--store", "postgres://127.0.0.1:1/db", "--listen", "127.0.0.1:0"],
            "hint: to wait until it",
        ),
        (vec!["demo", "--store", "postgres://127.0.0.1:x/db"], "the port \"x\""),
        (vec!["backup", "copy.db", "--store", "postgres://ada:s3cret@127.0.0.1:1/db"], "refuses connections"),
        (vec!["check", "--store", "personae.db"], "hint: write it as sqlite:personae.db"),
        (vec!["serve", "--store", "sqlite:/nowhere/at/all.db"], "hint: make it first: mkdir -p /nowhere/at"),
        (vec!["serve", "--config", "/nowhere/at/all.toml"], "cannot read the settings"),
        (vec!["serve", "--log-level", "loud", "--store", &missing], "which is not a level"),
        (vec!["serve", "--listen", "nowhere", "--store", &missing], "cannot listen on nowhere"),
    ] {
        let run = cli.run(&args).fails_with(1);
        assert!(
            run.stderr().contains("error: ") && run.stderr().contains(says),
            "{args:?}: {}",
            run.stderr()
        );
        assert_eq!(run.stdout(), "", "{args:?}");
        assert!(!run.stderr().contains("s3cret"), "{args:?}");
    }
    assert!(!folder.path().join("none.db").exists(), "no store is made by the way");
    cli.run(["person", "vanish"]).fails_with(2);
    cli.run(["demo", "--store", &missing, "--data", "demo"]).fails_with(2);
    let help = cli.run(["help", "serve"]).ok().stdout();
    assert!(help.contains("[limits]") && help.contains("PERSONAE_LOG__LEVEL"), "{help}");
}

/// Waits for something that is to happen within a second; ten are its bound on a busy machine.
#[track_caller]
fn assert_stops(has_happened: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !has_happened() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "it goes on and on");
        std::thread::yield_now();
    }
}
