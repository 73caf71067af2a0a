//! Deleting organizations by command.

use serde_json::{Value, json};

use super::Store;

#[test]
fn an_organization_is_deleted_with_its_teams_and_labels_and_leaves_its_events() {
    let store = Store::new();
    let north = store.json("organization add North --parent Aurora");
    let id = north["id"].as_str().unwrap();
    store.json("team add Sales -o North");
    store.json("label add Nurse --color #00aa88 -o North");
    assert_eq!(store.json(&format!("organization delete {id}")), north);

    let all = store.json("organization list");
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!((store.json("team list"), store.json("label list")), (json!([]), json!([])));
    for line in ["organization show North", "organization delete North", "team add Sales -o North"] {
        let failure = store.failure(line);
        assert!(failure.contains("there is no organization \"North\""), "{line}: {failure}");
    }
    let events = store.json("event list --action deleted");
    let told: Vec<&Value> =
        events.as_array().unwrap().iter().map(|event| &event["subject"]["kind"]).collect();
    assert_eq!(told, ["organization", "label", "team"]);
    let event = &events[0];
    assert_eq!(event["subject"], json!({"kind": "organization", "id": id}));
    assert_eq!((&event["via"], &event["organization"]), (&json!("command"), &json!(id)));
    assert_eq!(event["changes"]["name"], json!({"before": "North", "after": null}));

    // The name is free for another one, which has nothing of the first.
    let again = store.json("organization add North --parent Aurora");
    assert_ne!((&again["id"], &again["number"]), (&north["id"], &north["number"]));
    let text = store.run("organization delete north").ok().stdout();
    assert!(text.starts_with("Deleted the organization \"North\" ("), "{text}");
    assert_eq!(store.json("check")["problems"], json!([]));
}

#[test]
fn what_is_in_the_way_of_deleting_an_organization_is_said_with_what_to_do() {
    let store = Store::new();
    let root = store.failure("organization delete Aurora");
    assert!(root.contains("organization is the root of its tenant, which is not deleted"), "{root}");

    store.json("organization add North --parent Aurora");
    store.json("organization add Pole --parent North");
    store.json("person add --given-name Ada --email ada@north.example -o North");
    let credential = store.json("credential add --dialect replay -o North");
    let events = store.json("event list");
    let refused = |says: &str, hint: &str| {
        let failure = store.failure("organization delete North");
        assert!(failure.contains(&format!("the organization still has {says}")), "{failure}");
        assert!(failure.contains("hint:") && failure.contains(hint), "{failure}");
    };
    refused("organizations below it", "personae organization delete ORGANIZATION");
    assert_eq!(store.json("event list"), events, "what is refused leaves no event");
    store.json("organization delete Pole");
    refused("members", "personae person delete PERSON --organization ORGANIZATION");
    store.json("person delete ada@north.example -o North");
    refused("live credentials", "personae credential revoke ID");
    let id = credential["id"].as_str().unwrap();
    store.json(&format!("credential revoke {id}"));
    store.json("organization delete North");

    // What ended in it is still told of.
    let listed = store.json("credential list");
    assert_eq!((&listed[0]["id"], &listed[0]["organization"]), (&json!(id), &credential["organization"]));
    let listed = store.json("credential list -o Aurora");
    assert_eq!(listed, json!([]), "one organization's are its own");
    assert_eq!(store.json("event list --subject person").as_array().unwrap().len(), 2);
    let told = store.run("event list").ok().stdout();
    let north = credential["organization"].as_str().unwrap();
    assert!(told.contains(&format!("deleted organization {north}")), "{told}");
    assert_eq!(store.json("check")["ok"], true);
}
