//! `PUT /users/{userId}/status` and `DELETE /users/{userId}`.

use serde_json::{Value, json};
use testkit::callers::Caller;

use super::super::{CHILD, ROOT, command, events_of, eventually, quiet};
use super::{NOBODY, User, VERSIONS, named, personae, replace, told};
use crate::{demo, refused};

const STATUSES: [&str; 4] = ["Disabled", "Activated", "Pending", "LoginBlocked"];

#[track_caller]
fn put(user: &User<'_>, version: &str, status: &str) {
    let answer = user.caller.put(format!("{}/status", user.path(version)), json!({"status": status}));
    assert!(answer.body.is_empty(), "{answer}");
    told(answer, 204);
}

#[test]
fn any_status_follows_any_and_the_current_one_is_quiet() {
    let server = demo();
    let user = User::of(&server, 2);
    let before = user.get("v1.4");
    for (index, first) in STATUSES.iter().enumerate() {
        for second in STATUSES {
            let version = VERSIONS[index];
            put(&user, version, first);
            let was = user.get("v1.4");
            assert_eq!(was["status"], *first);
            put(&user, version, second);
            let now = user.get("v1.4");
            assert_eq!(now["status"], second);
            assert_eq!(now["lastModifiedDateTime"] == was["lastModifiedDateTime"], *first == second);
        }
        quiet(&server, || put(&user, "v1.1", "LoginBlocked"));
    }
    put(&user, "v1.2", "Activated");
    let mut after = user.get("v1.4");
    after["lastModifiedDateTime"] = before["lastModifiedDateTime"].clone();
    assert_eq!(after, before, "nothing else has changed");
    let events = events_of(&server, &user.id);
    assert_eq!((&events[0]["via"], &events[0]["action"]), (&json!("relesys"), &json!("changed")));
    assert_eq!(events[0]["changes"]["status"], json!({"before": "login_blocked", "after": "active"}));
}

#[test]
fn whoever_disabled_a_user_disabled_says_nothing_new() {
    let server = demo();
    let user = User::of(&server, 2);
    for by in ["admin", "organization"] {
        command(&server, &["person", "disable", &user.id, "-o", ROOT, "--by", by]);
        let before = personae(&server, &["person", "show", &user.id]);
        quiet(&server, || put(&user, "v1", "Disabled"));
        let after = personae(&server, &["person", "show", &user.id]);
        assert_eq!(after["status"], before["status"]);
        put(&user, "v1", "Activated");
    }
}

#[test]
fn an_invitation_ends_with_another_status() {
    let server = demo();
    let replay = server.callers().replay;
    let invitation = &server.seed().tenant.replay.invited_id;
    let invited = format!("/api/user/{invitation}");
    let names = json!({"firstName": "Nina"});
    replay.patch(&invited, &names).expect(409);
    let found = personae(&server, &["person", "show", invitation, "-o", ROOT]);
    let user = User::with_id(&server, found["id"].as_str().unwrap());
    quiet(&server, || put(&user, "v1", "Pending"));
    put(&user, "v1", "Activated");
    replay.patch(&invited, &names).expect(404);
    assert_eq!(replay.get(format!("/api/user/{}", user.id)).expect(200).json()["id"], *user.id);
}

#[test]
fn a_status_is_one_of_four_to_the_letter() {
    let server = demo();
    let user = User::of(&server, 2);
    let path = format!("{}/status", user.path("v1.4"));
    user.untouched(|| {
        for body in [
            json!({}),
            json!({"status": null}),
            json!({"status": "disabled"}),
            json!({"status": "Active"}),
            json!({"status": ""}),
            json!({"status": 1}),
            json!({"status": ["Disabled"]}),
            json!({"Disabled": true}),
        ] {
            let error = told(user.caller.put(&path, &body), 400);
            let expected = json!({"status": ["Must be Activated, Disabled, LoginBlocked or Pending."]});
            assert_eq!(error["errors"], expected, "{body}");
        }
        for body in ["", "{", "[]", "\"Disabled\"", "null"] {
            let request = user.caller.raw("PUT", &path).header("content-type", "application/json");
            assert_eq!(named(&told(request.body(body).send(), 400)), [""; 0], "{body}");
        }
        let typed = |content_type: &str| {
            let body = json!({"status": "Disabled"}).to_string();
            user.caller.raw("PUT", &path).header("content-type", content_type).body(body).send()
        };
        for content_type in ["text/plain", "application/json-patch+json", "application/x-www-form-urlencoded"]
        {
            told(typed(content_type), 415);
        }
        let disabled = json!({"status": "Disabled"});
        assert_eq!(named(&told(user.caller.put("/api/v1/users/x/status", &disabled), 400)), ["userId"]);
        told(user.caller.put(format!("/api/v1/users/{NOBODY}/status"), &disabled), 404);
        told(user.caller.put(format!("/api/v1.5/users/{}/status", user.id), &disabled).expect(404), 404);
        let answer = user.caller.get(&path).expect(405);
        assert_eq!(answer.header("allow"), Some("PUT"));
    });
    told(user.caller.put(&path, json!({"STATUS": "Disabled", "more": 1})), 204);
    assert_eq!(user.get("v1")["status"], "Disabled");
    let odd = format!("/API/v1/Users/{}/Status/", user.id.to_uppercase());
    user.caller.put(odd, json!({"status": "Activated"})).expect(204);
    assert_eq!(user.get("v1")["status"], "Activated");
}

#[test]
fn a_status_that_keeps_people_out_ends_their_sessions() {
    let server = demo();
    let login = &server.seed().tenant.kare.user;
    let kare = Caller::kare(&server.client(), login);
    let found = personae(&server, &["person", "show", &login.email, "-o", ROOT]);
    let user = User::with_id(&server, found["id"].as_str().unwrap());
    kare.get("/users/v1/rs/me").expect(200);
    put(&user, "v1", "LoginBlocked");
    let has_ended = || kare.get("/users/v1/rs/me").status == 401;
    eventually("that the user is kept out", has_ended);
    put(&user, "v1", "Activated");
    eventually("that the old session is refused", has_ended);
    Caller::kare(&server.client(), login).get("/users/v1/rs/me").expect(200);
}

#[test]
fn a_deleted_user_is_gone_everywhere_and_their_keys_are_free() {
    let server = demo();
    let callers = server.callers();
    for (index, version) in VERSIONS.into_iter().enumerate() {
        // The first two have a part to play in Kare.
        let user = User::of(&server, index + 4);
        let person = &server.seed().tenant.people[index + 4];
        user.patch(version, json!([replace("externalId", "NUA"), replace("userName", "nina")]));
        let answer = user.caller.delete(user.path(version));
        assert!(answer.body.is_empty(), "{answer}");
        told(answer, 204);
        quiet(&server, || {
            told(user.caller.delete(user.path(version)), 404);
            told(user.caller.get(user.path(version)), 404);
            told(user.caller.patch(user.path(version), json!([replace("title", "No")])), 404);
            let disabled = json!({"status": "Disabled"});
            told(user.caller.put(format!("{}/status", user.path(version)), disabled), 404);
            callers.replay.get(format!("/api/user/{}", person.replay)).expect(404);
            callers.kare.get(format!("/users/v1/rs/{}", person.kare)).expect(404);
        });
        let events = command(&server, &["event", "list", "--via", "relesys", "--action", "deleted"]);
        assert_eq!(events[0]["person"], *user.id);
        let heir = User::of(&server, 2);
        heir.patch(version, json!([replace("userName", "nina"), replace("email", person.email.as_str())]));
        heir.patch(version, json!([replace("userName", Value::Null)]));
    }
}

#[test]
fn a_membership_elsewhere_stays() {
    let server = demo();
    let user = User::of(&server, 4);
    user.patch("v1", json!([replace("externalId", "NUA")]));
    told(user.caller.delete(user.path("v1")), 204);
    // The same person comes back below, where this client is not.
    command(&server, &["person", "add", "--name", "Nina Berg", "--external-id", "relesys:NUA", "-o", CHILD]);
    told(user.caller.get(user.path("v1")), 404);
    told(user.caller.delete(user.path("v1")), 404);
    let shown = personae(&server, &["person", "show", &user.id]);
    assert_eq!(shown["id"], *user.id);
}

#[test]
fn whoever_is_elsewhere_too_keeps_what_they_are_known_by() {
    let server = demo();
    let user = User::of(&server, 4);
    user.patch("v1", json!([replace("externalId", "NUA")]));
    let back = ["person", "add", "--person", user.id.as_str(), "--organization"];
    command(&server, &[back.as_slice(), &[CHILD]].concat());
    let department = &server.seed().tenant.relesys.department_ids[0];
    let managed = format!("/api/v1/departments/{department}");
    told(user.caller.patch(&managed, json!([replace("managerUserId", user.id.as_str())])), 200);
    told(user.caller.delete(user.path("v1")), 204);
    assert_eq!(told(user.caller.get(&managed), 200)["data"]["managerUserId"], *user.id);
    let body = json!({"name": "Nina Berg", "primaryDepartmentId": department, "userGroups": [], "externalId": "NUA"});
    refused(&server, || {
        assert_eq!(named(&told(user.caller.post("/api/v1/users", &body), 400)), ["externalId"]);
    });
    command(&server, &[back.as_slice(), &[ROOT]].concat());
    assert_eq!(user.get("v1")["externalId"], "NUA");
}

#[test]
fn the_last_kare_admin_is_neither_disabled_nor_deleted() {
    let server = demo();
    let admin = &server.seed().tenant.kare.admin;
    let found = personae(&server, &["person", "show", &admin.email, "-o", ROOT]);
    let user = User::with_id(&server, found["id"].as_str().unwrap());
    user.untouched(|| {
        for status in ["Disabled", "Pending", "LoginBlocked"] {
            let answer = user.caller.put(format!("{}/status", user.path("v1")), json!({"status": status}));
            let error = told(answer, 403);
            assert!(error["message"].as_str().unwrap().contains("last administrator"), "{error}");
            assert_eq!(error.get("acceptedScopes"), None);
        }
        told(user.caller.delete(user.path("v1")), 403);
    });
    quiet(&server, || put(&user, "v1", "Activated"));
}
