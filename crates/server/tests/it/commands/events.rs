//! Events by command: which are listed, and in which direction they are read on.

use serde_json::{Value, json};
use testkit::process::Server;

use super::Store;
use crate::{binary, demo};

/// The numbers of the events that the options ask for, in their order.
#[track_caller]
fn numbers(store: &Store, options: &str) -> Vec<u64> {
    let events = store.json(&format!("event list {options}"));
    let number = |event: &Value| event["sequence"].as_u64().expect("a number");
    events.as_array().expect("a list").iter().map(number).collect()
}

#[test]
fn events_are_read_on_backwards_before_a_number_and_forwards_after_one() {
    let store = Store::new();
    for name in ["One", "Two", "Three", "Four"] {
        store.json(&format!("group add {name}"));
    }
    assert_eq!(numbers(&store, "--limit 9"), [5, 4, 3, 2, 1]);
    assert_eq!(numbers(&store, "--before 4 --limit 2"), [3, 2]);
    assert_eq!(numbers(&store, "--after 0 --limit 2"), [1, 2]);
    assert_eq!(numbers(&store, "--after 2"), [3, 4, 5]);
    assert_eq!(numbers(&store, "--after 1 --before 4"), [2, 3]);
    assert_eq!(numbers(&store, "--after 0 --subject group"), [2, 3, 4, 5]);
    assert_eq!(numbers(&store, "--after 5"), [0; 0]);
    store.json("group add Five");
    assert_eq!(numbers(&store, "--after 5"), [6], "what came since");
    assert_eq!(store.run("event list --after 6").ok().stdout(), "There are no such events.\n");

    // Numbers are a tenant's own.
    store.json("organization add Borealis");
    for option in ["--after 0", "--before 9"] {
        assert!(store.failure(&format!("event list {option}")).contains("more than one tenant"), "{option}");
    }
    assert_eq!(numbers(&store, "--after 0 --organization Borealis"), [1]);
    assert_eq!(numbers(&store, "--limit 2"), [1, 6], "the newest of all tenants");
}

#[test]
fn events_are_found_by_who_made_the_change_and_when() {
    let server = demo();
    let store = Store::of(&server);
    let tenant = &server.seed().tenant;
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let api_key = &tenant.replay.api_key;
    let request = server.client().request("PATCH", &path).header("x-api-key", api_key);
    request.json(json!({"firstName": "Augusta"})).send().expect(200);

    // The whole key may be pasted, and any other name of the credential.
    let by_key = store.json(&format!("event list --credential {api_key}"));
    assert_eq!(by_key.as_array().unwrap().len(), 1);
    assert_eq!(by_key[0]["changes"]["name.given"]["after"], "Augusta");
    let id = by_key[0]["credential"].as_str().unwrap();
    assert_eq!(store.json(&format!("event list --credential {id}")), by_key);
    assert_eq!(store.json(&format!("event list --credential {id} --via kare")), json!([]));
    assert!(store.failure("event list --credential none").contains("no such live credential"));

    // Signing in is what a person does.
    let login = &tenant.kare.admin;
    testkit::callers::Caller::kare(&server.client(), login);
    let by_person = store.json(&format!("event list --actor {}", login.email));
    let actor = by_person[0]["actor"].as_str().unwrap();
    let all = by_person.as_array().unwrap();
    assert!(all.iter().all(|event| event["actor"] == actor && event["via"] == "kare"), "{by_person}");
    assert!(all.iter().any(|event| event["subject"]["kind"] == "session"), "{by_person}");
    assert_eq!(store.json(&format!("event list --actor {actor}")), by_person);
    assert_eq!(store.json(&format!("event list --actor {actor} --via replay")), json!([]));

    let at = by_key[0]["at"].as_str().unwrap();
    let when = |options: &str| store.json(&format!("event list --credential {id} {options}"));
    assert_eq!(when(&format!("--since {at}")), by_key);
    assert_eq!(when(&format!("--until {at}")), json!([]), "before that time");
    assert_eq!(when("--since 2000-01-01 --until 2999-01-01"), by_key);
    store.run("event list --until tomorrow").fails_with(2);
}

#[test]
fn a_list_of_events_that_is_longer_than_a_page_is_whole() {
    let server = Server::demo(binary(), ["--people", "1200"]);
    let store = Store::of(&server);
    let list = |options: &str| store.json(&format!("event list --limit 100000{options}"));
    let all = list("");
    let of_tenant = |tenant: u64| -> Vec<&Value> {
        all.as_array().unwrap().iter().filter(|event| event["tenant"] == tenant).collect()
    };
    let mut count = 0;
    for tenant in [1, 2] {
        let events = of_tenant(tenant);
        let sequences: Vec<u64> = events.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
        assert!(
            sequences.iter().copied().rev().eq(1..=sequences.len() as u64),
            "one is missing, or there twice"
        );
        let mut forwards = list(&format!(" --tenant {tenant} --after 0"));
        forwards.as_array_mut().unwrap().reverse();
        assert_eq!(forwards, json!(events));
        count += events.len();
    }
    assert!(count > 1_200 && count == all.as_array().unwrap().len(), "{count}");
    let text = store.run("event list --limit 100000").ok().stdout();
    assert_eq!(text.lines().filter(|line| !line.starts_with(' ')).count(), count);
}
