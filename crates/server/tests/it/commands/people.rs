//! The commands of people: changing them, and making them members of further organizations.

use serde_json::{Value, json};
use testkit::process::Server;

use super::Store;
use crate::demo;

fn newest_event(store: &Store) -> Value {
    store.json("event list --limit 1")[0].clone()
}

#[test]
fn a_person_is_changed_in_what_the_options_name_and_nothing_else() {
    let store = Store::new();
    for line in ["department add Engines", "group add Drivers", "group add Nights", "team add Sales"] {
        store.json(line);
    }
    let ada = store.json(
        "person add --given-name Ada --family-name King --email ada@aurora.example --phone 12345678 --group Drivers",
    );
    let changed = store.json(
        "person change ada@aurora.example --family-name Byron --email ada@byron.example --user-name ada --title Countess \
         --department engines --group Nights --lang fr --status disabled_by_admin --team Sales --clear phone",
    );
    for (member, value) in [
        ("id", ada["id"].clone()),
        ("email", json!("ada@byron.example")),
        ("userName", json!("ada")),
        ("title", json!("Countess")),
        ("phone", Value::Null),
        ("lang", json!("fr")),
        ("status", json!("disabled_by_admin")),
    ] {
        assert!(changed[member] == value, "{member}: {}", changed[member]);
    }
    assert_eq!(changed["primaryDepartment"]["name"], "Engines");
    assert_eq!(changed["groups"].as_array().unwrap().len(), 1);
    assert_eq!(changed["groups"][0]["name"], "Nights");
    let event = newest_event(&store);
    assert_eq!((&event["action"], &event["via"]), (&json!("changed"), &json!("command")));

    let again = store.json("person change ada --title Countess --lang fr");
    assert_eq!(again, changed);
    assert_eq!(newest_event(&store), event, "a change that makes no difference leaves no event");

    store.json("person add --given-name Grace --email grace@aurora.example");
    for (line, said) in [
        ("person change grace@aurora.example --email ada@byron.example", "email is already taken"),
        ("person change grace@aurora.example --group Days", "personae group list"),
        ("person change nobody --title x", "nobody is known by"),
    ] {
        assert!(store.failure(line).contains(said), "{line}");
    }
    for line in [
        "person change ada",
        "person change ada --clear status",
        "person change ada --status invited",
        "person change ada --name A --given-name B",
    ] {
        store.run(line).fails_with(2);
    }
    assert_eq!(store.json("check")["ok"], true);
}

#[test]
fn a_person_becomes_a_member_of_a_second_organization_once() {
    let store = Store::new();
    store.json("organization add North --parent Aurora");
    store.json("team add Sales -o North");
    let ada = store.json("person add --given-name Ada --email ada@aurora.example -o Aurora");
    let there =
        store.json("person add --person ada@aurora.example -o North --team Sales --replay-role manager");
    assert_eq!(there["id"], ada["id"]);
    assert_eq!(there["memberships"][0]["replay"]["role"], "manager");
    let all = store.json("person show ada@aurora.example");
    assert_eq!(all["memberships"].as_array().unwrap().len(), 2);
    let listed = store.json("person list -o North");
    assert_eq!(listed[0]["id"], ada["id"]);

    for (line, said) in [
        ("person add --person ada@aurora.example -o North", "is a member of North already"),
        ("person add --person ada@aurora.example -o Aurora", "is a member of Aurora already"),
        ("person add --person nobody -o North", "nobody is known by"),
        ("person change ada@aurora.example --team Sales", "--organization"),
    ] {
        assert!(store.failure(line).contains(said), "{line}: {}", store.failure(line));
    }
    store.json("person delete ada@aurora.example -o North");
    let failure = store.failure("person add --person ada@aurora.example -o North --title Countess");
    assert!(failure.contains("change the person apart"), "{failure}");
    store.json("person add --person ada@aurora.example -o North");
    assert_eq!(store.json("check")["problems"], json!([]));
}

#[test]
fn a_member_of_several_organizations_signs_in_to_the_one_with_the_lowest_number() {
    let server = demo();
    let store = Store::of(&server);
    let tenant = store.json("organization add Castor")["tenant"].clone();
    let root = store.json("organization list -o Castor")[0].clone();
    let north = store.json("organization add North --parent Castor");
    let place =
        |organization: &Value| format!("-o {} --tenant {tenant}", organization["id"].as_str().unwrap());
    store.json(&format!("person add --given-name Ada --email ada@castor.example {}", place(&north)));
    store.json(&format!("person add --person ada@castor.example {}", place(&root)));
    let made =
        store.json(&format!("credential add --dialect kare --person ada@castor.example --tenant {tenant}"));
    let password = made["password"].as_str().unwrap();

    assert_eq!(log_in(&server, password), 201);
    let session = |store: &Store| store.json(&format!("session list --tenant {tenant} --limit 1"))[0].clone();
    assert_eq!(session(&store)["organization"], root["id"]);

    store.json(&format!("person delete ada@castor.example {}", place(&root)));
    assert_eq!(log_in(&server, password), 201);
    assert_eq!(session(&store)["organization"], north["id"]);

    // With the last membership the person and the password go, so nobody is known by them any more.
    store.json(&format!("person delete ada@castor.example {}", place(&north)));
    assert_eq!(log_in(&server, password), 401);
}

fn log_in(server: &Server, password: &str) -> u16 {
    let body = json!({"email": "ada@castor.example", "password": password});
    server.client().request("POST", "/auth/v1/rs/login/credentials").json(body).send().status
}
