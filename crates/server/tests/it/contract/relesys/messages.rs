//! Messages to users: free text, templates and types of messages, and the outbox that they wait in.

use serde_json::{Value, json};
use testkit::callers::Caller;
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

/// A line break in a subject would begin another header of the mail.
#[test]
fn a_subject_is_one_line_whoever_wrote_it() {
    let server = demo();
    let user = reachable(&server);
    for subject in ["Hi\r\nBcc: mallory@example.com", "Hi\tthere", "\u{7f}Hi", "Hi\u{85}"] {
        let email = json!({"subject": subject, "body": "Hello"});
        let body = json!({"deliveryMethod": "email", "messageBody": {"email": email}});
        let error = told(user.caller.post(send(&user, "v1.4"), body), 400);
        assert!(error.to_string().contains("Must be one line"), "{error}");
    }
    assert_eq!(outbox(&server, &user.id), json!([]));
    let text =
        ["template", "add", "--name", "greeting", "--subject", "Dear #name#", "--text", "x", "--tenant", "1"];
    personae(&server, &text);
    user.patch("v1", json!([replace("name", "Zo\u{eb}\r\nBcc: mallory@example.com")]));
    let id = template(&user.caller, "greeting");
    let body = json!({"deliveryMethod": "email", "communicationTemplateId": id});
    told(user.caller.post(send(&user, "v1.4"), body), 204);
    let subject = outbox(&server, &user.id)[0]["subject"].clone();
    assert_eq!(subject, "Dear Zo\u{eb}  Bcc: mallory@example.com");
}

/// A user with an address, a number and nothing in the outbox.
fn reachable(server: &Server) -> User<'_> {
    let user = User::of(server, 0);
    user.patch(
        "v1",
        json!([
            replace("name", "Zoë <Byron> #email#"),
            replace("userName", "zoe"),
            replace("email", "zoe@aurora.example"),
            replace("phoneNumber", json!({"countryCode": 45, "number": "12 34 56 78"})),
        ]),
    );
    user
}

/// Channel, address, subject and text of what waits for a user, in its order.
fn waiting(server: &Server, user: &User<'_>) -> Vec<Value> {
    let all = outbox(server, &user.id);
    all.as_array()
        .unwrap()
        .iter()
        .map(|it| json!([it["channel"], it["to"], it["subject"], it["text"]]))
        .collect()
}

fn send(user: &User<'_>, version: &str) -> String {
    format!("/api/{version}/communication/messages/{}/send", user.id)
}

fn template(caller: &Caller, name: &str) -> Value {
    let page = told(caller.get(format!("/api/v1/communication/templates?name={name}")), 200);
    page["data"][0]["id"].clone()
}

#[test]
fn a_template_is_sent_in_the_culture_that_suits_best_with_its_placeholders_filled() {
    let server = demo();
    let user = reachable(&server);
    let id = template(&user.caller, "welcome");
    let sms = |text: &str| json!(["sms", "+4512345678", null, text]);
    let english = sms("Welcome, Zoë <Byron> #email#");
    let email =
        json!(["email", "zoe@aurora.example", "Welcome", "<p>Welcome, Zoë &lt;Byron&gt; #email#</p>"]);
    let mut expected = Vec::new();
    for version in VERSIONS {
        let body = json!({"deliveryMethod": "both", "communicationTemplateId": id, "messageType": 7, "messageBody": 7});
        told(user.caller.post(send(&user, version), body), 204);
        expected.extend([email.clone(), english.clone()]);
    }
    assert_eq!(waiting(&server, &user), expected);
    // A type is the template of its name.
    let typed = json!({"deliveryMethod": "sms", "messageType": "welcome", "messageBody": null});
    told(user.caller.post(send(&user, "v1"), &typed), 204);
    // What is written in the department of the user.
    let department = user.get("v1")["primaryDepartmentId"].clone();
    let department = match department {
        Value::Null => {
            let id = server.seed().tenant.relesys.department_ids[0].clone();
            user.patch("v1", json!([replace("primaryDepartmentId", id.as_str())]));
            id
        }
        id => id.as_str().unwrap().to_owned(),
    };
    for culture in ["da-dk", "da", "fr-FR"] {
        let path = format!("/api/v1/departments/{department}");
        told(user.caller.patch(path, json!([replace("contentCulture", culture)])), 200);
        told(user.caller.post(send(&user, "v1"), &typed), 204);
        // There is no e-mail in Danish.
        told(
            user.caller.post(send(&user, "v1"), json!({"deliveryMethod": "email", "messageType": "welcome"})),
            204,
        );
    }
    let danish = sms("Hej Zoë <Byron> #email#");
    expected.push(english.clone());
    expected.extend([danish.clone(), email.clone(), danish, email.clone(), english, email]);
    assert_eq!(waiting(&server, &user), expected);
}

#[test]
fn texts_of_the_request_are_sent_as_they_are() {
    let server = demo();
    let user = reachable(&server);
    let body = json!({
        "DeliveryMethod": "both",
        "messageBody": {"Email": {"subject": "#name#", "body": "<b>#name#</b>"}, "sms": {"Body": "#name#"}},
    });
    told(user.caller.post(send(&user, "v1.4"), &body), 204);
    // What the delivery does not need is not looked at.
    let one = json!({"deliveryMethod": "sms", "messageBody": {"sms": {"body": "Hi"}, "email": 7}});
    told(user.caller.post(send(&user, "v1.4"), &one), 204);
    let expected = json!([
        ["email", "zoe@aurora.example", "#name#", "<b>#name#</b>"],
        ["sms", "+4512345678", null, "#name#"],
        ["sms", "+4512345678", null, "Hi"],
    ]);
    assert_eq!(Value::from(waiting(&server, &user)), expected);
}

#[test]
fn a_message_that_cannot_be_sent_is_refused_by_name_and_nothing_waits() {
    let server = demo();
    let user = reachable(&server);
    let (path, caller) = (send(&user, "v1.4"), &user.caller);
    let sms = |text: &str| json!({"sms": {"body": text}});
    personae(
        &server,
        &["template", "add", "--name", "mute", "--subject", "S", "--text", "T", "--tenant", "1"],
    );
    let mute = template(caller, "mute");
    let stranger = template(&server.strangers().relesys, "welcome");
    crate::refused(&server, || {
        for (body, at) in [
            (json!({}), "deliveryMethod"),
            (json!({"messageType": "welcome"}), "deliveryMethod"),
            (json!({"deliveryMethod": "Sms", "messageType": "welcome"}), "deliveryMethod"),
            (json!({"deliveryMethod": "phone", "messageType": "welcome"}), "deliveryMethod"),
            (json!({"deliveryMethod": ["sms"], "messageType": "welcome"}), "deliveryMethod"),
            (json!({"deliveryMethod": "sms"}), "messageBody"),
            (json!({"deliveryMethod": "sms", "messageBody": null}), "messageBody"),
            (json!({"deliveryMethod": "sms", "messageBody": "Hi"}), "messageBody"),
            (json!({"deliveryMethod": "sms", "messageBody": {}}), "messageBody/sms/body"),
            (json!({"deliveryMethod": "sms", "messageBody": sms(" ")}), "messageBody/sms/body"),
            (json!({"deliveryMethod": "sms", "messageBody": sms("Åse")}), "messageBody/sms/body"),
            (json!({"deliveryMethod": "sms", "messageBody": sms(&"a".repeat(1_531))}), "messageBody"),
            (json!({"deliveryMethod": "both", "messageBody": sms("Hi")}), "messageBody/email/subject"),
            (
                json!({"deliveryMethod": "email", "messageBody": {"email": {"subject": "Hi"}}}),
                "messageBody/email/body",
            ),
            (
                json!({"deliveryMethod": "email", "messageBody": {"email": {"subject": "a\u{0}", "body": "Hi"}}}),
                "messageBody",
            ),
            (json!({"deliveryMethod": "sms", "messageType": "Welcome"}), "messageType"),
            (json!({"deliveryMethod": "sms", "messageType": 7}), "messageType"),
            (
                json!({"deliveryMethod": "sms", "communicationTemplateId": "welcome"}),
                "communicationTemplateId",
            ),
            (json!({"deliveryMethod": "sms", "communicationTemplateId": NOBODY}), "communicationTemplateId"),
            (
                json!({"deliveryMethod": "sms", "communicationTemplateId": stranger}),
                "communicationTemplateId",
            ),
            (json!({"deliveryMethod": "both", "communicationTemplateId": mute}), "communicationTemplateId"),
        ] {
            assert_eq!(named(&told(caller.post(&path, &body), 400)), [at], "{body:.90}");
        }
        let good = json!({"deliveryMethod": "sms", "messageBody": sms("Hi")});
        told(caller.post(format!("/api/v1/communication/messages/{NOBODY}/send"), &good), 404);
        assert_eq!(
            named(&told(caller.post("/api/v1/communication/messages/x/send", &good), 400)),
            ["userId"]
        );
        told(caller.post(&path, json!([])), 400);
    });
    // Both or none: without a number the e-mail does not go either.
    user.patch("v1", json!([replace("phoneNumber", json!(null))]));
    let both = json!({"deliveryMethod": "both", "messageType": "welcome"});
    assert_eq!(named(&told(caller.post(&path, &both), 400)), ["userId"]);
    assert_eq!(waiting(&server, &user), Vec::<Value>::new());
    // A type without a configured text.
    let all = told(caller.get("/api/v1/communication/templates?name=logininfo"), 200);
    let id = all["data"][0]["id"].as_str().unwrap();
    personae(&server, &["template", "delete", id, "--tenant", "1"]);
    let typed = json!({"deliveryMethod": "email", "messageType": "logininfo"});
    assert_eq!(named(&told(caller.post(&path, &typed), 400)), ["messageType"]);
}

#[test]
fn a_user_is_asked_to_choose_a_new_password_where_they_can_be_reached() {
    let server = demo();
    let user = reachable(&server);
    let caller = &user.caller;
    for (version, body) in VERSIONS.into_iter().zip([
        json!({}),
        json!({"deliveryMethod": "email"}),
        json!({"deliveryMethod": "phone"}),
        json!({"deliveryMethod": null, "resetLoginCode": true}),
        json!({"DELIVERYMETHOD": "phone", "resetLoginCode": false, "other": 7}),
    ]) {
        let answer = caller.post(format!("{}/passwordresetlink", user.path(version)), body);
        assert!(answer.body.is_empty());
        told(answer, 204);
    }
    let path = format!("{}/passwordresetlink", user.path("v1"));
    crate::refused(&server, || {
        for (body, at) in [
            (json!({"deliveryMethod": "sms"}), "deliveryMethod"),
            (json!({"deliveryMethod": 7}), "deliveryMethod"),
            (json!({"resetLoginCode": "true"}), "resetLoginCode"),
        ] {
            assert_eq!(named(&told(caller.post(&path, &body), 400)), [at], "{body}");
        }
        told(caller.post(&path, json!([])), 400);
        told(caller.post(format!("/api/v1/users/{NOBODY}/passwordresetlink"), json!({})), 404);
    });
    user.patch("v1", json!([replace("email", json!(null))]));
    told(caller.post(&path, json!({})), 204);
    assert_eq!(named(&told(caller.post(&path, json!({"deliveryMethod": "email"})), 400)), ["userId"]);
    // A tenant without a template of its own has words all the same.
    let template = template(caller, "forgottenpassword");
    personae(&server, &["template", "delete", template.as_str().unwrap(), "--tenant", "1"]);
    told(caller.post(&path, json!({"deliveryMethod": "phone"})), 204);
    user.patch("v1", json!([replace("phoneNumber", json!(null))]));
    assert_eq!(named(&told(caller.post(&path, json!({})), 400)), ["userId"]);
    let channels: Vec<_> =
        waiting(&server, &user).iter().map(|it| it[0].as_str().unwrap().to_owned()).collect();
    assert_eq!(channels, ["email", "email", "sms", "email", "sms", "sms", "sms"]);
    let last = waiting(&server, &user).pop().unwrap();
    assert_eq!(last[3], "You were asked to choose a new password.");
}
