//! Templates by command: the texts of messages.

use serde_json::{Value, json};

use super::Store;

#[test]
fn the_texts_of_a_name_gather_in_one_template() {
    let store = Store::new();
    let first = store.json("template add --name welcome --subject Welcome --text Hello_#name#");
    assert_eq!(first["updatedAt"], Value::Null);
    store.json("template add --name welcome --channel sms --text Hello");
    let last = store
        .json("template add --name welcome --subject Velkommen --text <p>Hej_på_dig</p> --culture da-DK");
    assert_eq!(last["id"], first["id"]);
    let cultures = json!([
        {"culture": "en-GB", "sms": "Hello", "email": {"subject": "Welcome", "text": "Hello_#name#"}},
        {"culture": "da-DK", "sms": null, "email": {"subject": "Velkommen", "text": "<p>Hej_på_dig</p>"}},
    ]);
    assert_eq!(last["cultures"], cultures);
    assert_eq!(store.json("template list"), json!([last]));
    let text = store.run("template list").ok().stdout();
    assert!(text.contains("en-GB (email, sms), da-DK (email)"), "{text}");

    let id = last["id"].as_str().unwrap();
    assert_eq!(store.json(&format!("template delete {id}")), last);
    assert_eq!(store.json("template list"), json!([]));
    assert!(store.failure(&format!("template delete {id}")).contains("there is no such template"));
    let actions: Vec<Value> = store.json("event list --subject template").as_array().unwrap().clone();
    let actions: Vec<&Value> = actions.iter().map(|event| &event["action"]).collect();
    assert_eq!(actions, ["deleted", "changed", "changed", "created"], "each is an event");
}

#[test]
fn a_text_that_makes_no_sense_is_refused_and_changes_nothing() {
    let store = Store::new();
    let welcome = store.json("template add --name welcome --subject Welcome --text Hello");
    let again = store.failure("template add --name welcome --subject Other --text Other --culture en-gb");
    assert!(again.contains("has such a text in that culture already"), "{again}");
    let culture = store.failure("template add --name other --subject a --text b --culture da_DK");
    assert!(culture.contains("must be a culture, such as da-DK"), "{culture}");
    let long = "a".repeat(100_001);
    for (line, says) in [
        ("--text Hello", "an e-mail needs a --subject"),
        ("--channel sms --subject Hi --text Hello", "a text message has no --subject"),
        ("--channel sms --text Hallå", "must be ASCII"),
        ("--channel pigeon --text Hello", "use one of: email, sms"),
        ("--subject Hi --text ", "must not be blank"),
        (&format!("--subject Hi --text {long}"), "must not be longer than 100000 characters"),
    ] {
        let run = store.run(&format!("template add --name other {line}")).fails_with(2);
        assert!(run.stderr().contains(says), "{line:.60}: {run}");
    }
    assert_eq!(store.json("template list"), json!([welcome]));
}
