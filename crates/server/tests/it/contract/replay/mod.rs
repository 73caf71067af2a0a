//! Replay: what its pages say, and what we decided where they are silent.

mod companies;
mod invitations;
mod life;
mod list;
mod team_invitations;
mod teams;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;

use crate::{demo, refused};

#[track_caller]
fn told(answer: Response, status: u16) -> Value {
    crate::told(Dialect::Replay, answer, status)
}

#[test]
fn an_active_user_is_patched_and_read_back() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let path = format!("/api/user/{}", seed.tenant.people[0].replay);

    let answer =
        replay.patch(&path, json!({"firstName": "Jamie", "lastName": "Lee", "role": "Manager", "extra": 1}));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let user = told(answer, 200);
    assert_eq!(user["id"], seed.tenant.people[0].replay.as_str());
    assert_eq!(user["email"], seed.tenant.people[0].email.as_str());
    assert_eq!((&user["firstName"], &user["lastName"]), (&json!("Jamie"), &json!("Lee")));
    assert_eq!(
        (&user["role"], &user["status"], &user["invitationUrl"]),
        (&json!("Manager"), &json!("active"), &json!(null))
    );

    let seen = told(replay.get(&path), 200);
    assert_eq!(
        (&seen["firstName"], &seen["lastName"], &seen["role"]),
        (&json!("Jamie"), &json!("Lee"), &json!("Manager"))
    );
    assert_eq!(seen["createdAt"], user["createdAt"]);
    assert_eq!(seen.as_object().unwrap().len(), 7, "the older shape has no status");

    let partial = told(replay.patch(&path, json!({"lastName": "Ray"})), 200);
    assert_eq!((&partial["firstName"], &partial["lastName"]), (&json!("Jamie"), &json!("Ray")));
}

#[test]
fn saying_nothing_new_changes_nothing() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let path = format!("/api/user/{}", seed.tenant.people[1].replay);
    let user = told(replay.patch(&path, json!({"firstName": "Sam", "lastName": "Poe", "role": "User"})), 200);
    refused(&server, || {
        for body in [json!({}), json!({"firstName": "Sam", "role": "User"}), user.clone()] {
            let mut body = body;
            body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(told(replay.patch(&path, body), 200), user);
        }
    });
}

#[test]
fn names_have_1_to_255_characters_and_roles_are_two() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let path = format!("/api/user/{}", seed.tenant.people[0].replay);
    let longest = "\u{1f600}".repeat(255);
    assert_eq!(told(replay.patch(&path, json!({"firstName": longest})), 200)["firstName"], longest);
    assert_eq!(told(replay.patch(&path, json!({"firstName": " "})), 200)["firstName"], " ");

    refused(&server, || {
        for (field, value) in [
            ("firstName", json!("")),
            ("firstName", json!("x".repeat(256))),
            ("firstName", json!(null)),
            ("firstName", json!(7)),
            ("lastName", json!("")),
            ("lastName", json!(["a"])),
            ("role", json!("Disabled")),
            ("role", json!("Admin")),
            ("role", json!("user")),
            ("role", json!(null)),
            ("childCompanyId", json!(null)),
            ("childCompanyId", json!("")),
            ("childCompanyId", json!("22222222222242228222222222222222")),
        ] {
            let error = told(replay.patch(&path, json!({"lastName": "Never", field: value})), 400);
            if field != "lastName" {
                assert_eq!(error["details"][0]["path"], field, "{error}");
            }
        }
    });
}

#[test]
fn a_child_company_is_a_direct_child() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, ids) = (&callers.replay, &seed.tenant.replay);
    let of_child = format!("/api/user/{}", ids.child_user_id);
    let own = format!("/api/user/{}", seed.tenant.people[0].replay);

    let changed = told(
        replay.patch(&of_child, json!({"firstName": "Kit", "childCompanyId": ids.child_company_id})),
        200,
    );
    assert_eq!(changed["firstName"], "Kit");
    for query in ["childCompanyId", "child_company_id"] {
        let seen = told(replay.get(format!("{of_child}?{query}={}", ids.child_company_id)), 200);
        assert_eq!(
            (&seen["firstName"], &seen["status"]),
            (&json!("Kit"), &json!("active")),
            "the newer shape"
        );
    }
    let upper = ids.child_company_id.to_uppercase();
    let both = format!("{of_child}?childCompanyId={upper}&child_company_id={}", ids.child_company_id);
    assert_eq!(told(replay.get(both), 200)["firstName"], "Kit", "one id, in whichever letter case");
    let by_child = Caller::replay(&server.client(), &ids.child_api_key);
    assert_eq!(told(by_child.get(&of_child), 200)["firstName"], "Kit");

    refused(&server, || {
        told(replay.get(&of_child), 404);
        told(replay.patch(&of_child, json!({"firstName": "No"})), 404);
        told(replay.patch(&own, json!({"firstName": "No", "childCompanyId": ids.child_company_id})), 404);
        told(by_child.get(&own), 404);
        let nobodys = "22222222-2222-4222-8222-222222222222";
        let strangers = &seed.stranger.replay.child_company_id;
        let mut bodies = Vec::new();
        for company in [ids.grandchild_company_id.as_str(), strangers, nobodys] {
            for user in [&own, &of_child, "/api/user/22222222-2222-4222-8222-222222222223"] {
                bodies.push(told(replay.patch(user, json!({"childCompanyId": company})), 403));
                bodies.push(told(replay.get(format!("{user}?childCompanyId={company}")), 403));
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "no way to probe for companies");
        told(replay.get(format!("{own}?childCompanyId=x")), 400);
        let both = format!("{own}?childCompanyId={}&child_company_id={nobodys}", ids.child_company_id);
        told(replay.get(both), 400);
        let wrong = format!("{own}?childCompanyId={}&child_company_id=x", ids.child_company_id);
        let error = told(replay.get(wrong), 400);
        assert_eq!(error["details"][0]["path"], "child_company_id", "the spelling that was sent");
        told(
            by_child.patch(&own, json!({"firstName": "No", "childCompanyId": ids.grandchild_company_id})),
            404,
        );
    });
}

#[test]
fn invited_and_disabled_users_are_not_patched() {
    let server = demo();
    let (replay, ids) = (&server.callers().replay, &server.seed().tenant.replay);
    refused(&server, || {
        for id in [&ids.invited_id, &ids.disabled_id] {
            let path = format!("/api/user/{id}");
            told(replay.patch(&path, json!({"firstName": "No"})), 409);
            told(replay.patch(&path, json!({"role": "Manager"})), 409);
            told(replay.get(&path), 404);
        }
    });
}

#[test]
fn paths_keys_and_bodies_that_are_wrong() {
    let server = demo();
    let (client, seed) = (server.client(), server.seed());
    let replay = Caller::replay(&client, &seed.tenant.replay.api_key);
    let path = format!("/api/user/{}", seed.tenant.people[0].replay);
    refused(&server, || {
        told(replay.get("/api/user/not-a-uuid"), 400);
        told(replay.get("/api/user/22222222-2222-4222-8222-222222222222"), 404);
        for key in [
            "",
            "x",
            ".",
            "a.b",
            &seed.tenant.replay.api_key[..20],
            &format!("{}x", seed.tenant.replay.api_key),
        ] {
            told(Caller::replay(&client, key).get(&path), 401);
        }
        let nobody = Caller::nobody(&client, Dialect::Replay);
        told(nobody.get(&path), 401);
        told(nobody.get("/api/user/not-a-uuid"), 401);
        told(
            nobody
                .raw("GET", &path)
                .header("authorization", format!("Bearer {}", seed.tenant.replay.api_key))
                .send(),
            401,
        );
        for body in ["", "{", "[]", "null", "\"x\"", "{\"firstName\":}"] {
            told(
                replay.raw("PATCH", &path).header("content-type", "application/json").body(body).send(),
                400,
            );
        }
        told(replay.raw("PATCH", &path).header("content-type", "text/plain").body("{}").send(), 415);
        told(replay.raw("PATCH", &path).without("content-type").body("{}").send(), 415);
        let large = format!("{{\"firstName\":\"{}\"}}", "x".repeat(1 << 20));
        told(replay.raw("PATCH", &path).header("content-type", "application/json").body(large).send(), 413);

        let wrong_method = replay.delete(&path).expect(405);
        assert_eq!(wrong_method.header("allow"), Some("GET,HEAD,PATCH"));
        let unknown = replay.get("/api/users").expect(404);
        for answer in [wrong_method, unknown, replay.get("/api/company/x").expect(404)] {
            crate::promised(Dialect::Replay).check_schema("Error", &answer.json()).unwrap();
        }
    });
    let head = replay.raw("HEAD", &path).send().expect(200);
    assert!(head.body.is_empty());
    let options = replay.raw("OPTIONS", &path).send().expect(204);
    assert_eq!(options.header("allow"), Some("GET,HEAD,PATCH"));
}
