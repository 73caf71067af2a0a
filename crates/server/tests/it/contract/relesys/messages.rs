//! `POST /users/{userId}/sms`, and the outbox that the messages wait in.

use serde_json::{Value, json};
use testkit::process::Server;

use super::{NOBODY, User, VERSIONS, named, personae, replace, told};
use crate::demo;

fn outbox(server: &Server, id: &str) -> Value {
    personae(server, &["outbox", "list", "--person", id])["messages"].clone()
}

#[test]
fn a_text_message_waits_in_the_outbox() {
    let server = demo();
    let user = User::of(&server, 0);
    user.patch("v1", json!([replace("phoneNumber", json!({"countryCode": 45, "number": "12 34 56 78"}))]));
    for version in VERSIONS {
        let answer = user.caller.post(format!("{}/sms", user.path(version)), json!({"MESSAGE": "Come in"}));
        assert!(answer.body.is_empty(), "{answer}");
        told(answer, 204);
    }
    let all = outbox(&server, &user.id);
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), VERSIONS.len());
    let first = &all[0];
    let expected = json!({
        "id": first["id"],
        "channel": "sms",
        "to": "+4512345678",
        "subject": null,
        "text": "Come in",
        "state": "waiting",
        "person": first["person"],
        "api": "relesys",
        "createdAt": first["createdAt"],
        "tries": 0,
    });
    assert_eq!(*first, expected);
    let id = first["id"].as_str().unwrap();
    assert_eq!(personae(&server, &["outbox", "show", id, "--tenant", "1"]), expected);
    let events =
        personae(&server, &["event", "list", "--subject", &format!("message:{id}"), "--tenant", "1"]);
    assert_eq!(events[0]["changes"]["recipient"], json!({"before": null, "after": "+4512345678"}));
    assert!(!events.to_string().contains("Come in"), "an event does not tell what a message says");
}

#[test]
fn what_cannot_be_sent_is_refused_and_nothing_waits() {
    let server = demo();
    let user = User::of(&server, 0);
    let path = format!("{}/sms", user.path("v1.4"));
    user.patch("v1", json!([replace("phoneNumber", json!({"countryCode": 45, "number": "12345678"}))]));
    let long = "a".repeat(1_531);
    for body in [
        json!({}),
        json!({"message": null}),
        json!({"message": 7}),
        json!({"message": " "}),
        json!({"message": "a\u{0}"}),
        json!({"message": long}),
    ] {
        assert_eq!(named(&told(user.caller.post(&path, &body), 400)), ["message"], "{body:.60}");
    }
    told(user.caller.post(&path, json!([])), 400);
    let good = json!({"message": "Come in"});
    told(user.caller.post(format!("/api/v1/users/{NOBODY}/sms"), &good), 404);
    assert_eq!(named(&told(user.caller.post("/api/v1/users/x/sms", &good), 400)), ["userId"]);
    user.patch("v1", json!([replace("phoneNumber", json!(null))]));
    assert_eq!(named(&told(user.caller.post(&path, &good), 400)), ["userId"], "nobody without a number");
    assert_eq!(outbox(&server, &user.id), json!([]));
}
