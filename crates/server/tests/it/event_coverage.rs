//! Every change has its event: each command and each route that writes leaves exactly the events of its row, and what
//! changes nothing leaves none.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::process::{Cli, Server};

use crate::{binary, demo};

/// A store, and the events that were in it when it was asked last.
struct Watched {
    cli: Cli,
    tenant: String,
    seen: u64,
}

impl Watched {
    fn of(server: &Server) -> Self {
        let cli = Cli::new(binary()).env("PERSONAE_STORE", &server.seed().store);
        let mut watched = Self { cli, tenant: String::new(), seen: 0 };
        watched.tenant = watched.json("organization list")[0]["tenant"].to_string();
        watched.news();
        watched
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        self.cli.run(format!("{line} --json").split(' ')).ok().json()
    }

    /// What happened since this was asked last, in its order, as "kind action".
    #[track_caller]
    fn news(&mut self) -> Vec<String> {
        let all = self.json(&format!("event list --limit 100 --tenant {}", self.tenant));
        let sequence = |event: &Value| event["sequence"].as_u64().expect("a sequence");
        let mut events: Vec<&Value> =
            all.as_array().expect("a list").iter().filter(|event| sequence(event) > self.seen).collect();
        events.reverse();
        self.seen = events.last().map_or(self.seen, |event| sequence(event));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let said = |event: &&Value| format!("{} {}", text(&event["subject"]["kind"]), text(&event["action"]));
        events.iter().map(said).collect()
    }
}

#[test]
fn every_command_that_writes_leaves_its_events() {
    let server = demo();
    let mut store = Watched::of(&server);
    let root = store.json(&format!("organization list --tenant {}", store.tenant))[0]["id"].clone();
    let at = format!("-o {}", root.as_str().unwrap());
    let tenant = format!("--tenant {}", store.tenant);
    let invited = &server.seed().tenant.replay.invited_id;
    let open = store.json(&format!("invitation list --state open {tenant}"));
    let mut open = open["invitations"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap());
    let again = open.find(|id| id != invited).unwrap();
    let rows: &[(String, &[&str])] = &[
        (format!("invitation accept {invited} --given-name Ines"), &["person changed"]),
        (format!("invitation revoke {again}"), &["person changed"]),
        (format!("organization add Annex --parent {}", root.as_str().unwrap()), &["organization created"]),
        (format!("organization change Annex --name Wing {tenant}"), &["organization changed"]),
        (format!("organization change Wing --name Wing {tenant}"), &[]),
        (format!("department add Cellar {at}"), &["department created"]),
        (format!("department change Cellar --city Aarhus {at}"), &["department changed"]),
        (format!("department change Cellar --city Aarhus {at}"), &[]),
        (format!("group add Quartet {at}"), &["group created"]),
        (format!("group change Quartet --name Band {at}"), &["group changed"]),
        (format!("group change Band --name Band {at}"), &[]),
        (format!("group delete Band {at}"), &["group deleted"]),
        (format!("team add Crew {at}"), &["team created"]),
        (format!("team change Crew --name Squad {at}"), &["team changed"]),
        (format!("team delete Squad {at}"), &["team deleted"]),
        (format!("label add Cook {at}"), &["label created"]),
        (format!("label change Cook --color #112233 {at}"), &["label changed"]),
        (format!("label delete Cook {at}"), &["label deleted"]),
        (format!("role add night-clerk {at}"), &["role created"]),
        (format!("role change night-clerk --permission A {at}"), &["role changed"]),
        (format!("role delete night-clerk {at}"), &["role deleted"]),
        (format!("custom-field add shoe {at}"), &["custom-field created"]),
        (format!("custom-field change shoe --name Shoes {at}"), &["custom-field changed"]),
        (format!("custom-field delete shoe {at}"), &["custom-field deleted"]),
        (format!("person add --given-name Zoe --email zoe@annex.example {at}"), &["person created"]),
        (
            format!("person change zoe@annex.example --title Cook --department Cellar {at}"),
            &["person changed"],
        ),
        (format!("person change zoe@annex.example --title Cook {at}"), &[]),
        (format!("person disable zoe@annex.example {at}"), &["person changed"]),
        (format!("person disable zoe@annex.example {at}"), &[]),
        (format!("person enable zoe@annex.example {at}"), &["person changed"]),
        (format!("person add --person zoe@annex.example -o Wing {tenant}"), &["person changed"]),
        (format!("person delete zoe@annex.example -o Wing {tenant}"), &["person deleted"]),
        (format!("department change Cellar --manager zoe@annex.example {at}"), &["department changed"]),
        (format!("credential add --dialect kare --person zoe@annex.example {at}"), &["person changed"]),
        (
            format!("person delete zoe@annex.example {at}"),
            // Of the manager and of the department that is left without one.
            &["person deleted", "department changed"],
        ),
        (format!("department delete Cellar {at}"), &["department deleted"]),
        (format!("organization delete Wing {tenant}"), &["organization deleted"]),
    ];
    for (line, expected) in rows {
        store.json(line);
        assert_eq!(store.news(), *expected, "{line}");
    }
    for line in [
        "invitation list",
        "organization list",
        "person list",
        "credential list",
        "session list",
        "check",
        "role list",
    ] {
        store.json(&if line == "check" { line.to_owned() } else { format!("{line} {at}") });
        assert_eq!(store.news(), [""; 0], "{line}");
    }

    let added = store.json(&format!("credential add --dialect replay --name Probe {at}"));
    assert_eq!(store.news(), ["credential created"]);
    let secret = added["apiKey"].as_str().unwrap().split('.').nth(1).unwrap();
    let id = added["id"].as_str().unwrap();
    for (line, expected) in [
        (format!("credential limit {id} --rate-limit 7"), &["credential changed"][..]),
        (format!("credential limit {id} --rate-limit 7"), &[]),
        (format!("credential rotate {id}"), &["credential changed"]),
        (format!("credential rotate {id} --end-old"), &["credential changed"]),
        (format!("credential rotate {id} --end-old"), &[]),
        (format!("credential revoke {id}"), &["credential deleted"]),
    ] {
        store.json(&line);
        assert_eq!(store.news(), expected, "{line}");
    }
    let told = store.cli.run("event list --limit 200 --json".split(' ')).ok().stdout();
    assert!(!told.contains(secret), "no secret is in an event");
}

#[test]
fn every_route_that_writes_leaves_its_event_and_a_refused_or_idle_one_leaves_none() {
    let server = demo();
    let mut store = Watched::of(&server);
    let (seed, client) = (server.seed(), server.client());
    let (tenant, person) = (&seed.tenant, &seed.tenant.people[5]);
    let replay = Caller::replay(&client, &tenant.replay.api_key);
    let path = format!("/api/user/{}", person.replay);
    for (body, status, expected) in [
        (json!({"firstName": "Zelda"}), 200, &["person changed"][..]),
        (json!({"firstName": "Zelda"}), 200, &[]),
        (json!({"firstName": 7}), 400, &[]),
    ] {
        assert_eq!(replay.patch(&path, &body).status, status, "{body}");
        assert_eq!(store.news(), expected, "{body}");
    }

    let invitee =
        json!({"email": "zoe@new.example", "firstName": "Zoe", "role": "User", "externalId": "zoe"});
    for (body, status, expected) in [
        (&invitee, 201, &["person created"][..]),
        (&invitee, 200, &[]),
        (&json!({"email": "zoe@new.example", "firstName": "Zoe", "role": "User"}), 409, &[]),
    ] {
        assert_eq!(replay.post("/api/user", body).status, status, "{body}");
        assert_eq!(store.news(), expected, "{body}");
    }

    let team = replay.get("/api/team").expect(200).json()["data"][0]["id"].clone();
    let invite = |role: &str, mail: bool| json!({"email": "kim@new.example", "teamId": team, "role": role, "sendEmail": mail});
    for (body, expected) in [
        (invite("User", false), &["person created"][..]),
        (invite("User", false), &[]),
        (invite("Manager", true), &["person changed", "message created"]),
    ] {
        replay.post("/api/user/invite", &body).expect(200);
        assert_eq!(store.news(), expected, "{body}");
    }

    let relesys = Caller::relesys(&client, &tenant.relesys.client, "relesys.api");
    let path = format!("/api/v1/users/{}", person.relesys);
    let retitle = |title: &str| json!([{"op": "replace", "path": "/title", "value": title}]);
    assert_eq!(relesys.patch(&path, retitle("Cook")).status, 200);
    assert_eq!(relesys.put(format!("{path}/status"), json!({"status": "Disabled"})).status, 204);
    assert_eq!(store.news(), ["person changed", "person changed"]);
    assert_eq!(relesys.patch(&path, retitle("Cook")).status, 200);
    assert_eq!(relesys.patch(&path, json!([{"op": "test", "path": "/title", "value": "x"}])).status, 400);
    assert_eq!(store.news(), [""; 0]);

    for (list, body, kind) in [
        ("/api/v1/departments", json!({"name": "Cellar", "type": "Store"}), "department"),
        ("/api/v1/userGroups", json!({"name": "Choir"}), "group"),
        (
            "/api/v1/users",
            json!({"name": "Zoe", "primaryDepartmentId": tenant.relesys.department_ids[0], "userGroups": []}),
            "person",
        ),
    ] {
        let created = relesys.post(list, body).expect(201).json();
        assert_eq!(store.news(), [format!("{kind} created")], "{list}");
        let path = format!("{list}/{}", created["data"]["id"].as_str().unwrap());
        let rename = json!([{"op": "replace", "path": "/name", "value": "Else"}]);
        assert_eq!(relesys.patch(&path, &rename).status, 200);
        assert_eq!(store.news(), [format!("{kind} changed")], "{path}");
        assert_eq!(relesys.patch(&path, &rename).status, 200);
        assert_eq!(relesys.patch(&path, json!([{"op": "remove", "path": "/name"}])).status, 400);
        assert_eq!(store.news(), [""; 0], "{path}");
        assert_eq!(relesys.delete(&path).status, 204);
        assert_eq!(store.news(), [format!("{kind} deleted")], "{path}");
        assert_eq!(relesys.delete(&path).status, 404);
        assert_eq!(store.news(), [""; 0], "{path}");
    }
    relesys
        .post(format!("/api/v1/users/{}/sms", tenant.people[6].relesys), json!({"message": "Come in"}))
        .expect(204);
    assert_eq!(store.news(), ["message created"]);

    let kare = server.callers().kare;
    let path = format!("/users-organizations/v1/rs/users/{}", tenant.people[6].kare);
    // The first sign-in is noted in the person too.
    assert_eq!(store.news().first().map(String::as_str), Some("session created"));
    assert_eq!(kare.patch(&path, json!({"firstName": "Zelda"})).status, 200);
    assert_eq!(store.news(), ["person changed"]);
    assert_eq!(kare.patch(&path, json!({"firstName": 7})).status, 400);
    assert_eq!(store.news(), [""; 0]);
    let color = |text: &str| json!({"color": text});
    let label = format!("/labels/v2/rs/{}", tenant.kare.label_id);
    kare.put(&label, color("#010203")).expect(200);
    assert_eq!(store.news(), ["label changed"]);
    kare.post("/labels/v1", json!({"name": "New", "color": "#010203", "type": 1})).expect(201);
    assert_eq!(store.news(), ["label created"]);
    kare.patch("/organizations/v2/rs/my", json!({"language": 2})).expect(200);
    assert_eq!(store.news(), ["organization changed"]);
    kare.put(&label, color("#010203")).expect(200);
    kare.put(&label, color("red")).expect(400);
    kare.patch("/organizations/v2/rs/my", json!({"language": 2})).expect(200);
    kare.post("/labels/v1", json!({"name": "New", "color": "#010203", "type": 1})).expect(409);
    assert_eq!(store.news(), [""; 0]);

    let laurel = Caller::laurel(&client, &tenant.laurel.client);
    let user = format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, tenant.people[6].laurel);
    for (method, rest, body, changed) in [
        ("PATCH", "status", json!({"status": "adminDisabled"}), true),
        ("PATCH", "status", json!({"status": "adminDisabled"}), false),
        ("PATCH", "status", json!({"status": "active"}), true),
        ("PATCH", "super-delegate", json!({"isSuperDelegate": true}), true),
        ("PATCH", "super-delegate", json!({"isSuperDelegate": true}), false),
        ("POST", "identities", json!({"type": "juris", "value": "J"}), true),
        ("POST", "identities", json!({"type": "juris", "value": "J"}), false),
        ("PUT", "identities", json!({"type": "juris", "value": "K"}), true),
        ("POST", "identities/bulk", json!({"identities": [{"type": "juris", "value": "L"}]}), true),
        ("POST", "email-aliases", json!({"emails": ["zelda@alias.example"]}), true),
        ("POST", "email-aliases", json!({"emails": ["zelda@alias.example"]}), false),
        ("DELETE", "email-aliases?email=zelda@alias.example", json!({}), true),
    ] {
        let answer = laurel.raw(method, format!("{user}/{rest}")).json(&body).send();
        assert!(matches!(answer.status, 200 | 201), "{method} {rest} {body}: {}", answer.text());
        let expected: &[&str] = if changed { &["person changed"] } else { &[] };
        assert_eq!(store.news(), expected, "{method} {rest} {body}");
    }
    let users = format!("/api/v2/customers/{}/users", tenant.laurel.customer_id);
    let rows = json!({"users": [{"email": "one@row.example"}, {"email": "two@row.example"}]});
    let one = json!({"email": "one@row.example", "firstName": "One", "identities": []});
    let new = json!({"customerId": tenant.laurel.customer_id, "email": "new@row.example"});
    for (path, body, expected) in [
        ("/laurel/api/v1/users".to_owned(), &new, &["person created"][..]),
        (format!("{users}/batch/import"), &rows, &["person created", "person created"]),
        (format!("{users}/batch/import"), &rows, &[]),
        (format!("{users}/import"), &one, &["person changed"]),
        (format!("{users}/import"), &one, &[]),
    ] {
        laurel.post(&path, body).expect(201);
        assert_eq!(store.news(), expected, "{path} {body}");
    }
    let myself = crate::acting_for(&server, &tenant.people[8].relesys, "readwrite");
    assert_eq!(store.news(), ["credential created"]);
    for (body, expected) in [(json!({"phone": "1"}), &["person changed"][..]), (json!({"phone": "1"}), &[])] {
        myself.patch("/laurel/api/v1/users/current", &body).expect(200);
        assert_eq!(store.news(), expected, "{body}");
    }
    let own = format!("/api/v1/customers/{}", tenant.laurel.customer_id);
    let new = json!({
        "code": "NEW", "fullName": "New", "name": "new", "segment": "smb", "vertical": "legal", "identities": [],
        "tenantId": laurel.get(&own).expect(200).json()["tenant"]["_id"],
    });
    let made = laurel.post("/api/v1/customers", &new).expect(201).json();
    assert_eq!(store.news(), ["organization created"]);
    let client = laurel.raw("POST", format!("{own}/clients")).send().expect(201).json();
    assert_eq!(store.news(), ["credential created"]);
    laurel.delete(format!("{own}/clients/{}", client["_id"].as_str().unwrap())).expect(200);
    assert_eq!(store.news(), ["credential deleted"]);
    let path = format!("/api/v1/customers/{}", made["_id"].as_str().unwrap());
    laurel.patch(&path, json!({"segment": "enterprise"})).expect(200);
    laurel.patch(&path, json!({"fullName": "Newer"})).expect(200);
    assert_eq!(store.news(), ["organization changed", "organization changed"]);
    assert_eq!(laurel.patch(&path, json!({"segment": "enterprise"})).status, 200);
    assert_eq!(laurel.patch(&path, json!({"segment": "none"})).status, 400);
    assert_eq!(store.news(), [""; 0]);
    let body = json!({"strategy": {"type": "db"}, "fqdns": ["new.example"]});
    laurel.post(format!("{path}/connections"), &body).expect(201);
    assert_eq!(store.news(), ["organization changed"]);
    let customer = format!("customerId={}", tenant.laurel.customer_id);
    let group = format!("/api/v1/user-groups/by-external-id/band?{customer}");
    let members = format!("/api/v1/user-groups/by-external-id/band/users?{customer}");
    let sync = json!({"mode": "set", "emails": [tenant.people[6].email, tenant.people[7].email]});
    for (path, body, expected) in [
        (&group, json!({"name": "Band"}), &["group created"][..]),
        (&group, json!({"name": "Band"}), &[]),
        (&group, json!({"name": "Choir"}), &["group changed"]),
        (&members, sync.clone(), &["group changed"]),
        (&members, sync, &[]),
    ] {
        assert_eq!(laurel.put(path, &body).status, 200, "{body}");
        assert_eq!(store.news(), expected, "{body}");
    }
    let made = laurel.put(&group, json!({"name": "Choir"})).expect(200).json();
    let path = format!("/api/v1/user-groups/{}/users?{customer}", made["_id"].as_str().unwrap());
    let body = json!({"kind": "user-id", "ids": [tenant.people[6].laurel]});
    laurel.raw("DELETE", &path).json(&body).send().expect(200);
    laurel.post(&path, &body).expect(201);
    assert_eq!(store.news(), ["group changed", "group changed"]);
    laurel.post(&path, &body).expect(201);
    assert_eq!(store.news(), [""; 0]);
    assert_eq!(laurel.delete(&group).status, 204);
    assert_eq!(store.news(), ["group deleted"]);
    assert_eq!(laurel.delete(&group).status, 404);
    assert_eq!(store.news(), [""; 0]);
    let path = format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, tenant.people[6].laurel);
    assert_eq!(laurel.patch(&path, json!({"nickname": "Zelda"})).status, 200);
    assert_eq!(store.news(), ["person changed"]);
    let path = format!("/api/v1/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel);
    assert_eq!(laurel.delete(&path).status, 200);
    assert_eq!(store.news().first().map(String::as_str), Some("person deleted"));
    assert_eq!(laurel.delete(&path).status, 404);
    assert_eq!(store.news(), [""; 0]);
}

#[test]
fn a_session_leaves_an_event_when_it_begins_and_when_it_is_revoked() {
    let server = demo();
    let mut store = Watched::of(&server);
    let login = &server.seed().tenant.kare.admin;
    let log_in = |password: &str| {
        let body = json!({"email": login.email, "password": password});
        Caller::nobody(&server.client(), Dialect::Kare).post("/auth/v1/rs/login/credentials", body).status
    };
    assert_eq!(log_in(&login.password), 201);
    // The first sign-in is noted in the person too.
    let begun = store.news();
    assert_eq!(begun.first().map(String::as_str), Some("session created"), "{begun:?}");
    assert_eq!(log_in(&login.password), 201);
    assert_eq!(store.news(), ["session created"]);
    let newest = store.json(&format!("event list --limit 1 --tenant {}", store.tenant))[0].clone();
    assert_eq!((&newest["via"], newest["actor"].is_string()), (&json!("kare"), true));
    assert_eq!(log_in("Guessed-1234"), 401);
    assert_eq!(store.news(), [""; 0]);

    let revoke = format!("session revoke --person {} --tenant {}", login.email, store.tenant);
    assert_eq!(store.json(&revoke)["revoked"], 2);
    assert_eq!(store.news(), ["session deleted", "session deleted"]);
    assert_eq!(store.json(&revoke)["revoked"], 0);
    assert_eq!(store.news(), [""; 0]);
}
