//! `POST /api/user/invite`: an invitation to a team, and the same one sent again.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use super::super::{CHILD, ROOT, command};
use super::told;
use crate::{demo, refused};

const PATH: &str = "/api/user/invite";

#[test]
fn an_invitation_to_a_team_is_sent_again_as_the_same() {
    let server = demo();
    let replay = &server.callers().replay;
    let [first, second] = server
        .seed()
        .tenant
        .replay
        .team_ids
        .clone()
        .try_into()
        .map(|ids: [String; 2]| ids.map(Value::from))
        .unwrap();
    let body = |team: &Value, role: &str, mail: Option<bool>| {
        let mut body = json!({"email": "kim@new.example", "teamId": team, "role": role});
        body["sendEmail"] = mail.map_or(json!(false), Value::from);
        body
    };
    let outbox =
        || command(&server, &["outbox", "list", "--tenant", "1"])["messages"].as_array().unwrap().clone();
    let before = outbox().len();
    let answer = replay.post(PATH, json!({"email": "kim@new.example", "teamId": first, "role": "User"}));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let made = told(answer, 200);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["email"], &made["teamId"], &made["role"]),
        (&json!("kim@new.example"), &first, &json!("User"))
    );
    assert_eq!(made["resendCount"], 0);
    assert!(made["invitationUrl"].as_str().unwrap().ends_with(&format!("/onboard/link?invitationId={id}")));
    assert_eq!(made.as_object().unwrap().len(), 8);
    assert_eq!(outbox().len(), before, "no mail unless it is asked for");

    let again = told(replay.post(PATH, body(&second, "Manager", None)), 200);
    let mut expected = made.clone();
    (expected["teamId"], expected["role"]) = (second.clone(), json!("Manager"));
    assert_eq!(again, expected);
    let mailed = told(replay.post(PATH, body(&second, "Manager", Some(true))), 200);
    expected["resendCount"] = json!(1);
    assert_eq!(mailed, expected);
    let messages = outbox();
    assert_eq!(messages.len(), before + 1);
    let mail =
        command(&server, &["outbox", "show", messages[before]["id"].as_str().unwrap(), "--tenant", "1"]);
    assert_eq!((&mail["to"], &mail["api"]), (&json!("kim@new.example"), &json!("replay")));
    assert!(mail["text"].as_str().unwrap().contains(&format!("invitationId={id}")), "{mail}");
    // The first mail of a new one is no repeat.
    let new = json!({"email": "lee@new.example", "teamId": first, "role": "User", "sendEmail": true});
    assert_eq!(told(replay.post(PATH, new), 200)["resendCount"], 0);

    command(&server, &["person", "enable", "kim@new.example", "-o", ROOT]);
    told(replay.post(PATH, body(&first, "User", None)), 409);
    let users = told(replay.get("/api/user?limit=1000"), 200);
    let kim =
        users["data"].as_array().unwrap().iter().find(|user| user["email"] == "kim@new.example").unwrap();
    assert_eq!((&kim["teamId"], &kim["role"]), (&second, &json!("Manager")));
}

#[test]
fn one_that_the_other_call_made_gains_the_team() {
    let server = demo();
    let replay = &server.callers().replay;
    let team = told(replay.get("/api/team"), 200)["data"][0]["id"].clone();
    let body = json!({"email": "ida@new.example", "firstName": "Ida", "role": "User", "externalId": "I-1"});
    let user = told(replay.post("/api/user", &body), 201);
    let invited =
        told(replay.post(PATH, json!({"email": "IDA@new.example", "teamId": team, "role": "Manager"})), 200);
    assert_eq!((&invited["id"], &invited["email"]), (&user["id"], &json!("ida@new.example")));
    let same = told(replay.post("/api/user", body), 200);
    assert_eq!(
        (&same["firstName"], &same["role"], &same["externalId"]),
        (&json!("Ida"), &json!("Manager"), &json!("I-1"))
    );
    // The other way round the address is taken.
    told(replay.post(PATH, json!({"email": "jo@new.example", "teamId": team, "role": "User"})), 200);
    told(
        replay.post("/api/user", json!({"email": "jo@new.example", "firstName": "Jo", "role": "User"})),
        409,
    );
}

#[test]
fn of_several_at_once_one_makes_it() {
    let server = demo();
    let replay = &server.callers().replay;
    let team = told(replay.get("/api/team"), 200)["data"][0]["id"].clone();
    let body = json!({"email": "kim@new.example", "teamId": team, "role": "User"});
    let ids: BTreeSet<String> = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| told(replay.post(PATH, &body), 200))).collect();
        all.into_iter().map(|one| one.join().unwrap()["id"].as_str().unwrap().to_owned()).collect()
    });
    assert_eq!(ids.len(), 1);
}

#[test]
fn what_cannot_be_invited() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let team = told(replay.get("/api/team"), 200)["data"][0]["id"].clone();
    let of_child = command(&server, &["team", "add", "Of the child", "-o", CHILD])["id"].clone();
    let in_child = json!({
        "email": "below@new.example", "firstName": "Below", "role": "User",
        "childCompanyId": seed.tenant.replay.child_company_id,
    });
    told(replay.post("/api/user", in_child), 201);
    refused(&server, || {
        let body =
            |email: &str, team: &Value, role: &str| json!({"email": email, "teamId": team, "role": role});
        for (body, status) in [
            (body(&seed.tenant.people[0].email.to_uppercase(), &team, "User"), 409),
            (body("below@new.example", &team, "User"), 409),
            (body("x@new.example", &of_child, "User"), 404),
            (body("x@new.example", &json!(seed.tenant.people[0].relesys), "User"), 404),
            (body("x@new.example", &json!("x"), "User"), 400),
            (body("x@new.example", &team, "Admin"), 400),
            (body("x@new.example", &team, "user"), 400),
            (body("no address", &team, "User"), 400),
            (json!({"email": "x@new.example", "teamId": team, "role": "User", "sendEmail": "yes"}), 400),
            (json!({}), 400),
        ] {
            told(replay.post(PATH, &body), status);
        }
    });
}
