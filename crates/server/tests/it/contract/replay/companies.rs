//! `POST /api/company/child`: a child of the own company, made once for each `externalId`.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};

use super::super::{ROOT, command};
use super::told;
use crate::{demo, refused};

const PATH: &str = "/api/company/child";

#[test]
fn a_child_company_is_made_and_may_be_named_at_once() {
    let server = demo();
    let replay = &server.callers().replay;
    let root = command(&server, &["organization", "show", ROOT]);
    let body = json!({
        "name": "Acme North", "externalId": "acme-1", "url": "https://acme.example/north", "summary": "Sells",
        "parentCompanyId": "22222222-2222-4222-8222-222222222222",
    });
    let answer = replay.post(PATH, &body);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let company = told(answer, 200);
    assert_eq!(company.as_object().unwrap().len(), 5);
    assert_eq!(
        (&company["name"], &company["externalId"], &company["parentCompanyId"]),
        (&json!("Acme North"), &json!("acme-1"), &root["id"])
    );
    let id = company["id"].as_str().unwrap();
    let list = format!("/api/user?childCompanyId={id}");
    assert_eq!(told(replay.get(&list), 200), json!({"users": []}));
    command(&server, &["person", "add", "--given-name", "Kim", "-o", id]);
    assert_eq!(told(replay.get(&list), 200)["users"][0]["firstName"], "Kim");

    let events = command(&server, &["event", "list", "--subject", &format!("organization:{id}"), "-o", ROOT]);
    assert_eq!((&events[0]["via"], &events[0]["action"]), (&json!("replay"), &json!("created")));
    assert_eq!(events[0]["changes"]["url"]["after"], "https://acme.example/north");
    assert_eq!(events[0]["changes"]["summary"]["after"], "Sells");
    assert!(
        events[0]["credential"].is_string() || events[0]["actor"]["credential"].is_string(),
        "{}",
        events[0]
    );
    let shown = command(&server, &["organization", "show", id]);
    assert_eq!((&shown["externalId"], &shown["parent"]), (&json!("acme-1"), &root["id"]));

    let least = told(replay.post(PATH, json!({"name": "Acme South"})), 200);
    assert_eq!(least["externalId"], Value::Null);
}

#[test]
fn a_repeat_gets_the_company_that_is_there() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let first = told(replay.post(PATH, json!({"name": "Acme", "externalId": "a"})), 200);
    refused(&server, || {
        for body in [
            json!({"name": "Acme", "externalId": "a"}),
            json!({"name": "Another name", "externalId": "a", "url": "https://b.example", "summary": "New"}),
            json!({"name": "Aurora", "externalId": "a"}),
        ] {
            assert_eq!(told(replay.post(PATH, body), 200), first);
        }
        for body in [
            json!({"name": "Acme"}),
            json!({"name": "Acme", "externalId": "b"}),
            json!({"name": "Acme", "externalId": "A"}),
            json!({"name": first["name"], "externalId": first["id"]}),
        ] {
            told(replay.post(PATH, body), 409);
        }
    });
    // Another parent's children have external ids of their own, another tenant names too.
    let child = Caller::replay(&server.client(), &seed.tenant.replay.child_api_key);
    told(child.post(PATH, json!({"name": "Acme", "externalId": "a"})), 409);
    let below = told(child.post(PATH, json!({"name": "Acme below", "externalId": "a"})), 200);
    assert_ne!(below["id"], first["id"]);
    let stranger = server.strangers().replay;
    let elsewhere = told(stranger.post(PATH, json!({"name": "Acme", "externalId": "a"})), 200);
    assert_ne!(elsewhere["id"], first["id"]);
    told(replay.get(format!("/api/user?childCompanyId={}", elsewhere["id"].as_str().unwrap())), 403);
    told(replay.get(format!("/api/user?childCompanyId={}", below["id"].as_str().unwrap())), 403);

    command(&server, &["organization", "delete", first["id"].as_str().unwrap()]);
    let again = told(replay.post(PATH, json!({"name": "Acme", "externalId": "a"})), 200);
    assert_ne!(again["id"], first["id"]);
}

#[test]
fn of_many_at_once_one_makes_it() {
    let server = demo();
    let replay = &server.callers().replay;
    let ids: BTreeSet<String> = thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let body = json!({"name": format!("Acme {n}"), "externalId": "acme"});
                scope.spawn(move || told(replay.post(PATH, body), 200)["id"].as_str().unwrap().to_owned())
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    let mut statuses: Vec<u16> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..8).map(|_| scope.spawn(|| replay.post(PATH, json!({"name": "One"})).status)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

#[test]
fn what_no_company_can_be_is_refused_in_order() {
    let server = demo();
    let replay = &server.callers().replay;
    refused(&server, || {
        for (field, value) in [
            ("name", json!("")),
            ("name", json!(" \t")),
            ("name", json!(null)),
            ("name", json!("x".repeat(256))),
            ("name", json!("A\u{0}B")),
            ("externalId", json!("")),
            ("externalId", json!(null)),
            ("externalId", json!(7)),
            ("externalId", json!("x".repeat(256))),
            ("url", json!("acme.example")),
            ("url", json!("")),
            ("url", json!("https://a b.example")),
            ("url", json!(null)),
            ("summary", json!("x".repeat(2_001))),
            ("summary", json!(["x"])),
        ] {
            let mut body = json!({"name": "Never"});
            body[field] = value;
            let error = told(replay.post(PATH, &body), 400);
            assert_eq!(error["details"][0]["path"], field, "{error}");
        }
        assert_eq!(told(replay.post(PATH, json!({})), 400)["details"][0]["path"], "name");
        told(replay.post(PATH, json!([])), 400);
        let nobody = Caller::nobody(&server.client(), Dialect::Replay);
        told(nobody.post(PATH, json!({})), 401);
        let wrong_method = replay.get(PATH).expect(405);
        assert_eq!(wrong_method.header("allow"), Some("POST"));
    });
    let longest = "\u{1f600}".repeat(255);
    let body =
        json!({"name": longest, "externalId": longest, "url": "urn:x", "summary": "\u{1f600}".repeat(2_000)});
    assert_eq!(told(replay.post(PATH, body), 200)["name"], longest);
}
