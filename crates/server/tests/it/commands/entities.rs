//! The commands of entities: one shape for all.

use serde_json::{Value, json};

use super::Store;

/// What the events say happened, the newest first, as "kind action".
fn events(store: &Store) -> Vec<String> {
    let all = store.json("event list --limit 100");
    let said = |event: &Value| {
        let [kind, action] =
            [&event["subject"]["kind"], &event["action"]].map(|it| it.as_str().unwrap_or("?"));
        format!("{kind} {action}")
    };
    all.as_array().unwrap().iter().map(said).collect()
}

#[test]
fn every_entity_is_added_shown_changed_and_deleted_each_with_its_event() {
    let store = Store::new();
    for (noun, add, change, member, value) in [
        (
            "department",
            "Engines --city Aarhus",
            "Engines --city Odense --kind store",
            "city",
            json!("Odense"),
        ),
        ("group", "Drivers", "Drivers --description Nights", "description", json!("Nights")),
        (
            "team",
            "Sales -o Aurora --description Nights --use-turn-connection",
            "Sales --name North --type lead-gen --clear description --no-turn-connection",
            "type",
            json!("lead-gen"),
        ),
        ("label", "Nurse", "Nurse --color #ff0000", "color", json!("#FF0000")),
        (
            "role",
            "clerk --permission A",
            "clerk --permission B --permission C",
            "permissions",
            json!(["B", "C"]),
        ),
        ("custom-field", "skills --kind date", "skills --name Trade", "name", json!("Trade")),
    ] {
        let added = store.json(&format!("{noun} add {add}"));
        let id = ["id", "objectId", "number"].into_iter().find_map(|member| match &added[member] {
            Value::String(id) => Some(id.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let id = id.unwrap();
        assert_eq!(store.json(&format!("{noun} show {id}")), added, "{noun}");
        let changed = store.json(&format!("{noun} change {change}"));
        assert_eq!(changed[member], value, "{noun}");
        assert_eq!(store.json(&format!("{noun} change {id} {}", change.split_once(' ').unwrap().1)), changed);
        assert_eq!(store.json(&format!("{noun} show {id}")), changed, "{noun}");
        let text = store.run(&format!("{noun} show {id}")).ok().stdout();
        assert!(text.contains(changed["name"].as_str().unwrap()), "{noun}: {text}");

        let expected = ["changed", "created"].map(|action| format!("{noun} {action}"));
        assert_eq!(events(&store)[..2], expected, "a change that makes no difference leaves no event");
        assert_eq!(store.json(&format!("{noun} delete {id}")), changed, "{noun}");
        assert_eq!(events(&store)[0], format!("{noun} deleted"));
        let gone = store.failure(&format!("{noun} show {id}"));
        assert!(gone.contains("there is no") && gone.contains(&format!("personae {noun} list")), "{gone}");
    }
    assert_eq!(store.json("check")["ok"], true);
}

#[test]
fn what_is_in_use_stays_and_the_command_says_what_to_do() {
    let store = Store::new();
    store.json("department add Works");
    store.json("department add Engines --parent works");
    store.json("team add Sales");
    let add = "person add --given-name Ada --email ada@aurora.example --department Engines --team Sales";
    let ada = store.json(add);
    let before = store.json("check")["tenants"][0]["hash"].clone();
    for (line, in_the_way, advice) in [
        ("department delete Works", "in use by a department", "personae department change"),
        ("department delete Engines", "in use by a person", "personae person change"),
        ("team delete Sales", "in use by a person", "take it from those who have it"),
        ("role delete user", "in use", "--no-default"),
        ("department change Works --parent Engines", "must not be the department itself or one below it", ""),
        ("department change Works --parent Nowhere", "there is no department", "personae department list"),
        ("department change Works --manager nobody", "nobody is known by", ""),
        ("role change clerk --no-permission", "there is no role", "personae role list"),
    ] {
        let failure = store.failure(line);
        assert!(failure.contains(in_the_way) && failure.contains(advice), "{line}: {failure}");
    }
    assert_eq!(store.json("check")["tenants"][0]["hash"], before, "a refused command changes nothing");

    let managed = store.json("department change Engines --manager ada@aurora.example --clear parent");
    assert_eq!((&managed["manager"], &managed["parent"]), (&ada["id"], &json!(null)));
    store.json("department delete works");
}

#[test]
fn what_another_entity_has_is_looked_for_among_its_kind() {
    let store = Store::new();
    store.json("group add Choir --external-id C1");
    store.json("custom-field add skills");
    for line in ["group add Band --external-id C1", "custom-field add skills"] {
        let failure = store.failure(line);
        assert!(failure.contains("already taken") && failure.contains("list --json"), "{failure}");
        assert!(!failure.contains("personae person"), "{failure}");
    }
}

#[test]
fn a_change_says_what_to_change() {
    let store = Store::new();
    store.json("group add Drivers");
    for line in [
        "group change Drivers",
        "group change Drivers --clear name",
        "department change Works --clear everything",
        "department change Works --kind castle",
        "custom-field change skills --key trade",
        "role change user --default --no-default",
    ] {
        let said = store.run(line).fails_with(2).stderr();
        assert!(said.starts_with("error: "), "{line}: {said}");
    }
}

#[test]
fn an_entity_of_two_organizations_is_told_apart_by_place() {
    let store = Store::new();
    store.json("organization add North --parent Aurora");
    for organization in ["Aurora", "North"] {
        store.json(&format!("team add Sales -o {organization}"));
    }
    let failure = store.failure("team delete Sales");
    assert!(failure.contains("more than one team") && failure.contains("personae team list"), "{failure}");
    let failure = store.failure("team add Marketing");
    assert!(failure.contains("more than one organization"), "{failure}");
    let north = store.json("team change Sales -o North --name Export");
    let all = store.json("team list");
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert!(all.as_array().unwrap().contains(&north));
}
