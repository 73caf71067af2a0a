//! What is wrong with a request before its patch is looked at: address, method, content type, size; and the form in
//! which it is told.

use serde_json::json;
use testkit::callers::{Caller, Dialect};

use super::{NOBODY, User, VERSIONS, named, replace, told};
use crate::demo;

#[test]
fn ids_are_guids_of_users_of_the_tenant() {
    let server = demo();
    let (user, seed) = (User::of(&server, 0), server.seed());
    user.patch("v1", json!([replace("externalId", "NUA")]));
    let person = &seed.tenant.people[0];
    let patch = || json!([replace("title", "No")]);
    user.untouched(|| {
        for version in VERSIONS {
            for id in [
                "x",
                "1",
                "NUA",
                "me",
                &user.id.replace('-', ""),
                &format!("{{{}}}", user.id),
                &user.id[1..],
                &format!("{}0", user.id),
                &person.kare.to_string(),
                &person.laurel,
                &person.email,
            ] {
                let path = format!("/api/{version}/users/{}", id.replace('{', "%7B").replace('}', "%7D"));
                for answer in [user.caller.get(&path), user.caller.patch(&path, patch())] {
                    assert_eq!(named(&told(answer, 400)), ["userId"], "{id}");
                }
            }
            let mut bodies = Vec::new();
            let others = [&seed.stranger.people[0].relesys, &seed.stranger.replay.disabled_id];
            let things = [&seed.tenant.relesys.department_ids[0], &seed.tenant.relesys.user_group_ids[0]];
            for id in others.into_iter().chain(things).map(String::as_str).chain([NOBODY]) {
                let path = format!("/api/{version}/users/{id}");
                bodies.push(told(user.caller.get(&path), 404));
                bodies.push(told(user.caller.patch(&path, patch()), 404));
            }
            bodies.dedup();
            assert_eq!(bodies.len(), 1, "nobody can tell whose an id is");
            assert_eq!(bodies[0]["errorCode"], "404");
        }
    });
}

#[test]
fn a_patch_has_one_of_two_content_types() {
    let server = demo();
    let user = User::of(&server, 0);
    let request = |title: &str| {
        let body = json!([replace("title", title)]).to_string();
        user.caller.raw("PATCH", user.path("v1")).body(body)
    };
    for (index, content_type) in [
        "application/json-patch+json",
        "application/json",
        "application/json-patch+json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=utf-16; odata=verbose",
        "Application/JSON-Patch+JSON",
    ]
    .into_iter()
    .enumerate()
    {
        let title = index.to_string();
        let answer = request(&title).header("content-type", content_type).send();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(told(answer, 200)["data"]["title"], title, "{content_type}");
        assert_eq!(user.get("v1")["title"], title, "{content_type}");
    }
    let accepting =
        request("accepted").header("content-type", "application/json").header("accept", "text/html");
    assert_eq!(told(accepting.header("accept-type", "x").send(), 200)["data"]["title"], "accepted");
    user.untouched(|| {
        for content_type in [
            "text/json",
            "text/plain",
            "application/xml",
            "application/merge-patch+json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application",
            "",
        ] {
            let answer = request("No").header("content-type", content_type).send();
            assert_eq!(told(answer, 415)["errorCode"], "415", "{content_type}");
        }
        told(request("No").send(), 415);
        // Nothing is of no type.
        told(user.caller.raw("PATCH", user.path("v1")).send(), 400);
        told(
            user.caller.raw("PATCH", user.path("v1")).header("content-type", "application/json").send(),
            400,
        );
    });
}

#[test]
fn a_body_is_utf_8_of_at_most_a_mebibyte() {
    let server = demo();
    let user = User::of(&server, 0);
    let patch = |body: &[u8]| {
        let request = user.caller.raw("PATCH", user.path("v1"));
        request.header("content-type", "application/json-patch+json").body(body)
    };
    let padded = |length: usize| {
        let body = json!([replace("title", "Padded")]).to_string();
        format!("{body}{}", " ".repeat(length - body.len())).into_bytes()
    };
    assert_eq!(told(patch(&padded(1 << 20)).send(), 200)["data"]["title"], "Padded");
    user.untouched(|| {
        for body in [padded((1 << 20) + 1), padded(1 << 21)] {
            // What is left of it is not read, so that the connection is of no further use.
            let whole = patch(&body).header("connection", "close");
            assert_eq!(told(whole.send(), 413)["errorCode"], "413");
            let chunked = patch(b"").chunked(&body).header("connection", "close");
            assert_eq!(told(chunked.send(), 413)["errorCode"], "413");
        }
        for body in [
            &b"[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"\xff\"}]"[..],
            b"\xff\xfe[\0]\0",
            b"[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"\\ud800\"}]",
        ] {
            assert_eq!(told(patch(body).send(), 400)["errorCode"], "400");
        }
    });
    let unicode = "H\u{e9}l\u{e8}ne \u{1f600} \u{4f60}\u{597d}";
    user.becomes("v1", json!([replace("title", unicode)]), json!({"title": unicode}));
}

#[test]
fn other_methods_and_paths_are_told_in_the_vendors_form() {
    let server = demo();
    let user = User::of(&server, 0);
    let is_error = |answer: testkit::http::Response, status: u16| {
        let answer = answer.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let error = answer.json();
        crate::promised(Dialect::Relesys).check_schema("Error", &error).unwrap();
        assert_eq!(error["errorCode"], status.to_string());
        answer
    };
    user.untouched(|| {
        for method in ["POST", "PUT", "TRACE", "PROPFIND"] {
            for caller in [&user.caller, &Caller::nobody(&server.client(), Dialect::Relesys)] {
                let answer = is_error(caller.raw(method, user.path("v1")).send(), 405);
                assert_eq!(answer.header("allow"), Some("GET,HEAD,PATCH,DELETE"));
            }
        }
        for path in [
            format!("/api/v1/departments/{NOBODY}/users"),
            format!("/api/v1/userGroups/{NOBODY}/users"),
            "/api/v1/customfields/departments".to_owned(),
            "/api/v1.4/communication/channels".to_owned(),
            format!("{}/statuses", user.path("v1")),
            format!("{}//", user.path("v1")),
            "/login/oauth".to_owned(),
        ] {
            for method in ["GET", "POST", "PATCH", "DELETE"] {
                is_error(user.caller.raw(method, &path).send(), 404);
            }
        }
        for path in ["/relesys", "/relesys/", "/relesys/api", "/relesys/api/v1", "/relesys/x"] {
            is_error(user.caller.get(path), 404);
        }
    });
    let head = user.caller.raw("HEAD", user.path("v1")).send().expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-type"), Some("application/json"));
    let options = user.caller.raw("OPTIONS", user.path("v1")).send().expect(204);
    assert_eq!((options.header("allow"), options.body.len()), (Some("GET,HEAD,PATCH,DELETE"), 0));
    let options = user.caller.raw("OPTIONS", "/login/oauth/authorize").send().expect(204);
    assert_eq!(options.header("allow"), Some("POST"));
}
