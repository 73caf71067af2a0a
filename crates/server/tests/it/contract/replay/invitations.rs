//! `POST /api/user`: an invitation, made once for each `externalId`.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};

use super::super::{ROOT, command};
use super::told;
use crate::{demo, refused};

const PATH: &str = "/api/user";

fn body(name: &str) -> Value {
    json!({"email": format!("{name}@new.example"), "firstName": name, "role": "User", "externalId": name})
}

#[test]
fn a_user_is_invited_and_has_an_id_of_their_own_once_they_accept() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    let mut asked = body("kim");
    asked["lastName"] = json!("Lee");
    asked["role"] = json!("Manager");
    asked["childCompanyId"] = json!(ids.child_company_id);
    let answer = replay.post(PATH, &asked);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let user = told(answer, 201);
    let id = user["id"].as_str().unwrap();
    for (field, value) in [
        ("email", json!("kim@new.example")),
        ("firstName", json!("kim")),
        ("lastName", json!("Lee")),
        ("role", json!("Manager")),
        ("status", json!("invited")),
        ("externalId", json!("kim")),
    ] {
        assert_eq!(user[field], value, "{field}");
    }
    let url = user["invitationUrl"].as_str().unwrap();
    assert!(url.ends_with(&format!("/onboard/link?invitationId={id}")), "{url}");
    let invitation = format!("/api/user/{id}?childCompanyId={}", ids.child_company_id);
    assert_eq!(told(replay.get(&invitation), 200), user);

    refused(&server, || {
        assert_eq!(told(replay.post(PATH, &asked), 200), user);
        asked["email"] = json!("other@new.example");
        assert_eq!(told(replay.post(PATH, &asked), 200), user, "the stored address");
        told(replay.patch(format!("/api/user/{id}"), json!({"firstName": "No"})), 404);
    });
    command(&server, &["person", "enable", "kim@new.example", "-o", &ids.child_company_id]);
    let accepted = told(replay.post(PATH, &asked), 200);
    assert_eq!((&accepted["status"], &accepted["invitationUrl"]), (&json!("active"), &Value::Null));
    assert_ne!(accepted["id"], user["id"]);
    told(replay.get(&invitation), 404);
}

#[test]
fn an_address_is_one_persons_and_an_external_id_one_companys() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, ids) = (&callers.replay, &seed.tenant.replay);
    let first = told(replay.post(PATH, body("kim")), 201);
    refused(&server, || {
        for (email, external_id) in [
            ("KIM@new.example", "other"),
            (&seed.tenant.people[0].email, "other"),
            ("Kim@New.example", "KIM"),
        ] {
            let mut asked = body("x");
            (asked["email"], asked["externalId"]) = (json!(email), json!(external_id));
            told(replay.post(PATH, &asked), 409);
            asked["childCompanyId"] = json!(ids.child_company_id);
            told(replay.post(PATH, &asked), 409);
        }
        let mut below = body("y");
        below["childCompanyId"] = json!(ids.grandchild_company_id);
        told(replay.post(PATH, &below), 403);
    });
    let mut child = body("kim");
    child["childCompanyId"] = json!(ids.child_company_id);
    told(replay.post(PATH, &child), 409);
    child["email"] = json!("kim2@new.example");
    assert_ne!(told(replay.post(PATH, &child), 201)["id"], first["id"]);
    assert_ne!(told(server.strangers().replay.post(PATH, body("kim")), 201)["id"], first["id"]);
}

#[test]
fn who_was_deleted_comes_back_under_the_same_id() {
    let server = demo();
    let replay = &server.callers().replay;
    let accept = || {
        told(replay.post(PATH, body("kim")), 201);
        command(&server, &["person", "enable", "kim@new.example", "-o", ROOT]);
        told(replay.post(PATH, body("kim")), 200)["id"].clone()
    };
    let first = accept();
    command(&server, &["person", "delete", "kim@new.example", "-o", ROOT]);
    assert_eq!(accept(), first);
}

#[test]
fn of_many_at_once_one_is_made() {
    let server = demo();
    let replay = &server.callers().replay;
    let answers: Vec<(u16, String)> = thread::scope(|scope| {
        let call = || {
            let answer = replay.post(PATH, body("kim"));
            (answer.status, answer.json()["id"].as_str().unwrap().to_owned())
        };
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len(), 1);
}

#[test]
fn what_no_user_can_be_is_refused() {
    let server = demo();
    let replay = &server.callers().replay;
    refused(&server, || {
        for (field, value) in [
            ("email", json!("")),
            ("email", json!("kim")),
            ("email", json!("kim@acme")),
            ("email", json!("kim@acme.")),
            ("email", json!("a b@acme.example")),
            ("email", json!(format!("{}@acme.example", "x".repeat(255)))),
            ("firstName", json!("")),
            ("firstName", json!("x".repeat(256))),
            ("firstName", json!(null)),
            ("lastName", json!("")),
            ("role", json!("Admin")),
            ("role", json!("user")),
            ("externalId", json!("")),
            ("externalId", json!("x".repeat(256))),
            ("childCompanyId", json!(null)),
        ] {
            let mut asked = body("never");
            asked[field] = value;
            assert_eq!(told(replay.post(PATH, &asked), 400)["details"][0]["path"], field, "{asked}");
        }
        let missing = told(replay.post(PATH, json!({})), 400);
        assert_eq!(missing["details"].as_array().unwrap().len(), 3);
        told(Caller::nobody(&server.client(), Dialect::Replay).post(PATH, json!({})), 401);
    });
}
