//! `PATCH /users-organizations/v1/rs/users/{userId}`.

use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};

use super::super::{CHILD, ROOT, command, quiet};
use super::{Cast, cast, data, member, mistakes, told, user};

/// The body of the documented call, as it is written there.
const DOCUMENTED: &str = r#"
{
  "firstName": "John",
  "lastName": "Doe",
  "professionId": 1,
  "scope": 1
}
"#;

#[test]
fn the_documented_call_word_for_word() {
    let cast = cast();
    let (admin, id) = (&cast.admin, cast.admin_id());
    let before = data(admin.get(user("me")));
    let mut answers = Vec::new();
    for prefix in ["/main", "", "/kare/main", "/kare"] {
        let path = format!("{prefix}{}", member("me"));
        let answer = admin.raw("PATCH", &path).header("content-type", "application/json").body(DOCUMENTED);
        let answer = answer.send().expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        if !prefix.starts_with("/kare") {
            told(answer.clone(), 200);
        }
        answers.push(answer.json());
    }
    answers.dedup();
    let [answer] = &answers[..] else { panic!("the same call had different answers: {answers:?}") };
    assert_ne!(answer["data"]["updatedAt"], before["updatedAt"]);
    let expected = json!({"data": {
        "userId": id,
        "organizationId": cast.server.seed().tenant.kare.organization_id,
        "scope": 1,
        "permissions": before["permissions"],
        "deletedAt": null,
        "updatedAt": answer["data"]["updatedAt"],
        "createdAt": answer["data"]["createdAt"],
    }});
    assert_eq!(answer, &expected, "neither names nor profession");

    let me = data(admin.get(user("me")));
    assert_eq!((&me["firstName"], &me["lastName"]), (&json!("John"), &json!("Doe")));
    assert_eq!(me["profession"], json!({"id": 1, "name": "Nurse"}));
    assert_eq!((&me["scope"], &me["id"]), (&json!(1), &json!(id)));
}

#[test]
fn an_admin_grants_a_scope_and_permissions() {
    let cast = cast();
    let (admin, path) = (&cast.admin, member(cast.user_id()));
    let before = data(admin.patch(&path, json!({})));
    let of_user = data(admin.get(user(cast.user_id())));
    assert_eq!(before["scope"], 2);

    let granted = data(admin.patch(&path, json!({"scope": 1})));
    assert_eq!(granted["scope"], 1);
    assert_ne!(granted["updatedAt"], before["updatedAt"]);
    assert_eq!(granted["createdAt"], before["createdAt"]);
    assert_eq!(data(admin.patch(&path, json!({"scope": 2.0})))["scope"], 2, "2.0 is 2");

    let permissions = json!({"group": 1, "read": [1, 2], "manage": [1, 2]});
    let granted = data(admin.patch(&path, json!({"permissions": permissions})));
    assert_eq!(granted["permissions"], permissions);
    let granted = data(admin.patch(&path, json!({"permissions": {"read": []}})));
    assert_eq!(granted["permissions"], json!({"group": 1, "read": [], "manage": [1, 2]}));
    let shown = data(admin.get(user(cast.user_id())));
    assert_eq!(shown["permissions"], granted["permissions"]);
    assert_eq!(shown["updatedAt"], of_user["updatedAt"], "a grant is no news of the person");
    // What is granted by numbers gives no right here: that is the scope's.
    told(cast.user.patch(member(cast.admin_id()), json!({"firstName": "X"})), 403);
}

#[test]
fn lists_of_permissions_keep_their_order_and_lose_what_is_repeated() {
    let cast = cast();
    let path = member(cast.user_id());
    let patch = |permissions: Value| data(cast.admin.patch(&path, json!({"permissions": permissions})));
    let limits = json!([9_007_199_254_740_991_i64, -9_007_199_254_740_991_i64, 0]);
    assert_eq!(patch(json!({"read": limits}))["permissions"]["read"], limits);
    let granted = patch(json!({"read": [5, 3, 5, 1, 3], "other": {"a": 1}, "manage": [7.0]}));
    assert_eq!(granted["permissions"], json!({"group": 0, "read": [5, 3, 1], "manage": [7]}));
    let most: Vec<u32> = (1..=10_000).rev().collect();
    assert_eq!(patch(json!({"manage": most}))["permissions"]["manage"], json!(most));
    quiet(&cast.server, || {
        let more: Vec<u32> = (1..=10_001).collect();
        for (field, value) in [
            ("permissions.manage", json!({"manage": more})),
            ("permissions.manage", json!({"manage": vec![1; 10_001]})),
            ("permissions", json!(null)),
            ("permissions", json!([])),
            ("permissions", json!("all")),
            ("permissions.group", json!({"group": null})),
            ("permissions.group", json!({"group": -1})),
            ("permissions.group", json!({"group": "1"})),
            ("permissions.group", json!({"group": 0.5})),
            ("permissions.read", json!({"read": null})),
            ("permissions.read", json!({"read": {}})),
            ("permissions.read", json!({"read": ["1"]})),
            ("permissions.read", json!({"read": [1.5]})),
            ("permissions.read", json!({"read": [null]})),
            ("permissions.read", json!({"read": [9_007_199_254_740_992_i64]})),
        ] {
            let body = json!({"permissions": value, "firstName": "Never"});
            let wrong = mistakes(cast.admin.patch(&path, &body));
            assert_eq!(wrong, [field], "{}", &body.to_string()[..80.min(body.to_string().len())]);
        }
    });
}

#[test]
fn names_have_0_to_250_code_units_and_are_kept_as_they_are() {
    let cast = cast();
    let (path, shown) = (member(cast.user_id()), user(cast.user_id()));
    for name in ["x".repeat(250), "\u{1f600}".repeat(125), String::new(), "  A  b ".to_owned()] {
        told(cast.admin.patch(&path, json!({"firstName": name, "lastName": name})), 200);
        let seen = data(cast.admin.get(&shown));
        assert_eq!((&seen["firstName"], &seen["lastName"]), (&json!(name), &json!(name)));
    }
    quiet(&cast.server, || {
        for value in
            [json!("x".repeat(251)), json!("\u{1f600}".repeat(126)), json!(null), json!(1), json!(["a"])]
        {
            for field in ["firstName", "lastName"] {
                let body = json!({"scope": 1, field: value});
                assert_eq!(mistakes(cast.admin.patch(&path, &body)), [field], "{body}");
            }
        }
        let both = json!({"firstName": null, "lastName": 1, "scope": 3});
        assert_eq!(mistakes(cast.admin.patch(&path, both)), ["firstName", "lastName", "scope"]);
    });
}

#[test]
fn a_longer_name_of_another_api_may_be_written_back() {
    let cast = cast();
    let person = &cast.server.seed().tenant.people[0];
    let laurel = cast.server.callers().laurel;
    let customer = &cast.server.seed().tenant.laurel.customer_id;
    let long = "n".repeat(256);
    let path = format!("/api/v1/customers/{customer}/users/{}", person.laurel);
    laurel.patch(path, json!({"firstName": long})).expect(200);
    assert_eq!(data(cast.admin.get(user(person.kare)))["firstName"], long);
    quiet(&cast.server, || {
        told(cast.admin.patch(member(person.kare), json!({"firstName": long})), 200);
        let other = json!({"firstName": "m".repeat(256)});
        assert_eq!(mistakes(cast.admin.patch(member(person.kare), other)), ["firstName"]);
        // Of somebody who is not there no name was shown: too long is too long.
        mistakes(cast.admin.patch(member(9_007_199_254_740_991_u64), json!({"firstName": long})));
    });
}

#[test]
fn a_scope_is_one_of_two_numbers() {
    let cast = cast();
    let path = member(cast.user_id());
    quiet(&cast.server, || {
        for scope in
            [json!(0), json!(3), json!(-1), json!("1"), json!(1.5), json!(true), json!(null), json!([1])]
        {
            let body = json!({"firstName": "Never", "scope": scope});
            assert_eq!(mistakes(cast.admin.patch(&path, &body)), ["scope"], "{body}");
        }
    });
}

#[test]
fn a_profession_is_a_label_of_the_organization() {
    let cast = cast();
    let fresh = command(
        &cast.server,
        &["person", "add", "--given-name", "Una", "--email", "una@aurora.example", "-o", ROOT],
    );
    let id = fresh["number"].as_u64().unwrap();
    assert_eq!(data(cast.admin.get(user(id)))["profession"], json!(null), "never set");
    let elsewhere = command(&cast.server, &["label", "add", "Pilot", "-o", CHILD])["number"].clone();
    let here = command(&cast.server, &["label", "add", "Baker", "-o", ROOT])["number"].clone();

    told(cast.admin.patch(member(id), json!({"professionId": here})), 200);
    let shown = data(cast.admin.get(user(id)));
    assert_eq!(shown["profession"], json!({"id": here, "name": "Baker"}));
    quiet(&cast.server, || {
        for profession in [
            elsewhere,
            json!(999),
            json!(0),
            json!(-1),
            json!(null),
            json!("1"),
            json!(1.5),
            json!(9_007_199_254_740_991_i64),
            json!(9_007_199_254_740_992_i64),
        ] {
            let body = json!({"firstName": "Never", "professionId": profession});
            assert_eq!(mistakes(cast.admin.patch(member(id), &body)), ["professionId"], "{body}");
        }
        told(cast.admin.patch(member(id), json!({"professionId": here})), 200);
    });
}

#[test]
fn saying_nothing_new_changes_nothing() {
    let cast = cast();
    let (admin, path, shown) = (&cast.admin, member(cast.user_id()), user(cast.user_id()));
    let body = json!({
        "firstName": "Ann", "lastName": "Li", "professionId": 1,
        "permissions": {"group": 2, "read": [3, 1], "manage": []},
    });
    let before = told(admin.patch(&path, &body), 200);
    let seen = data(admin.get(&shown));
    quiet(&cast.server, || {
        for body in [
            json!({}),
            body,
            json!({"permissions": {}}),
            json!({"permissions": {"read": [3, 1, 3], "unknown": 1}}),
            json!({"scope": 2, "firstName": "Ann"}),
            json!({"nickname": "x", "userId": 1, "organizationId": 9, "deletedAt": null, "updatedAt": "no"}),
            seen.clone(),
        ] {
            // What a GET shows holds members that a PATCH does not know.
            assert_eq!(told(admin.patch(&path, body), 200), before);
        }
        assert_eq!(data(admin.get(&shown)), seen);
        // Nor does it take a right to say what is so.
        told(cast.user.patch(member("me"), json!({"scope": 2, "professionId": 1, "firstName": "Ann"})), 200);
        told(admin.patch(member("me"), json!({"scope": 1})), 200);
    });

    let answer = data(admin.patch(&path, json!({"nickname": "x", "firstName": "Bea"})));
    assert_ne!(answer["updatedAt"], before["data"]["updatedAt"], "a name is news of the membership too");
    assert_eq!(data(admin.get(&shown))["firstName"], "Bea");
}

#[test]
fn bodies_are_json_objects() {
    let cast = cast();
    let path = member(cast.user_id());
    let send = |content_type: &str, body: &str| {
        cast.admin.raw("PATCH", &path).header("content-type", content_type).body(body).send()
    };
    told(send("application/json; charset=utf-8", r#"{"firstName": "One", "firstName": "Two"}"#), 200);
    assert_eq!(data(cast.admin.get(user(cast.user_id())))["firstName"], "Two", "the last of two wins");
    quiet(&cast.server, || {
        for body in ["", " ", "{", "[]", "null", "\"x\"", "1", "{\"firstName\":}", "{'a':1}"] {
            assert_eq!(mistakes(send("application/json", body)), [""], "{body}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", ""] {
            let error = told(send(kind, "{}"), 415);
            assert_eq!(error, json!({"message": "Unsupported media type"}));
        }
        let none = cast.admin.raw("PATCH", &path).without("content-type").body("{}").send();
        told(none, 415);
        let large = format!("{{\"firstName\": \"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(told(send("application/json", &large), 413), json!({"message": "Payload too large"}));
    });
}

#[test]
fn whom_a_path_means() {
    let cast = cast();
    let people =
        [&cast.server.seed().tenant.replay.child_user_id, &cast.server.seed().stranger.people[0].relesys];
    let elsewhere = people.map(|id| command(&cast.server, &["person", "show", id])["number"].clone());
    quiet(&cast.server, || {
        let body = json!({"firstName": "X"});
        for id in ["ME", "Me", "", "%20", "x", "01", "-01", "+1", "1.0", "1e0", "0x1", "1%20", "%D9%A4"] {
            if id.is_empty() {
                cast.admin.patch(member(id), &body).expect(404);
                continue;
            }
            assert_eq!(mistakes(cast.admin.patch(member(id), &body)), ["userId"], "{id}");
            assert_eq!(mistakes(cast.admin.get(user(id))), ["userId"], "{id}");
        }
        for id in ["9007199254740992", "-9007199254740992", "99999999999999999999999999"] {
            assert_eq!(mistakes(cast.admin.patch(member(id), &body)), ["userId"], "{id}");
            assert_eq!(mistakes(cast.admin.get(user(id))), ["userId"], "{id}");
        }
        let mut answers = Vec::new();
        let child = elsewhere[0].to_string();
        for id in ["9007199254740991", "-9007199254740991", "-1", "0", "-0", &child] {
            answers.push(told(cast.admin.patch(member(id), &body), 404));
            answers.push(told(cast.admin.get(user(id)), 404));
            answers.push(told(cast.user.patch(member(id), &body), 404));
        }
        answers.dedup();
        assert_eq!(answers, [json!({"message": "Not found"})], "nothing to probe");
    });
    // Numbers begin at 1 in every tenant: here it is this tenant's person.
    let theirs = command(&cast.server, &["person", "show", people[1]]);
    let ours = data(cast.admin.get(user(&elsewhere[1])));
    assert_ne!(ours["key"], theirs["id"]);
}

#[test]
fn other_paths_and_methods() {
    let cast = cast();
    let path = member(cast.user_id());
    quiet(&cast.server, || {
        for (answer, allow) in [
            (cast.admin.get(&path), "PATCH"),
            (cast.admin.put(&path, json!({})), "PATCH"),
            (cast.admin.delete(&path), "PATCH"),
            (cast.admin.delete(user("me")), "GET,HEAD"),
            (cast.admin.get("/auth/v1/rs/login/credentials"), "POST"),
        ] {
            let answer = answer.expect(405);
            assert_eq!(answer.header("allow"), Some(allow), "{answer}");
            crate::promised(Dialect::Kare).check_schema("Error", &answer.json()).unwrap();
        }
        for path in [
            format!("{path}/"),
            format!("{path}/x"),
            "/users-organizations/v1/rs".to_owned(),
            "/users-organizations/v2/rs/users/me".to_owned(),
            "/users/v1/rs".to_owned(),
            "/users/v1/bo".to_owned(),
            "/organizations/v2/rs".to_owned(),
            "/labels/v2".to_owned(),
            "/auth-rs/v2/bo/login".to_owned(),
            "/main".to_owned(),
            "/main/main/users/v1/rs/me".to_owned(),
        ] {
            let error = cast.admin.patch(&path, json!({"firstName": "X"})).expect(404).json();
            assert_eq!(error, json!({"message": "Not found"}), "{path}");
        }
    });
}

#[test]
fn what_is_checked_first() {
    let cast = cast();
    let nobody = Caller::nobody(&cast.server.client(), Dialect::Kare);
    quiet(&cast.server, || {
        let unknown = member(9_007_199_254_740_991_u64);
        let wrong = |caller: &Caller, path: &str, kind: &str, body: &str| {
            caller.raw("PATCH", path).header("content-type", kind).body(body).send()
        };
        wrong(&nobody, "/users-organizations/v1/rs/nobody/x", "text/plain", "{").expect(404);
        told(wrong(&nobody, &member("x"), "text/plain", "{"), 401);
        told(wrong(&cast.admin, &unknown, "text/plain", "{"), 415);
        told(wrong(&cast.admin, &unknown, "application/json", "{"), 400);
        told(wrong(&cast.user, &unknown, "application/json", r#"{"scope": 3}"#), 400);
        told(wrong(&cast.user, &unknown, "application/json", r#"{"scope": 1, "professionId": 999}"#), 404);
        let other = member(cast.admin_id());
        told(wrong(&cast.user, &other, "application/json", r#"{"professionId": 999}"#), 403);
        told(wrong(&cast.admin, &other, "application/json", r#"{"professionId": 999}"#), 400);
    });
}

#[test]
fn writers_at_the_same_time_lose_nothing_of_each_other() {
    let cast = cast();
    let (path, shown) = (member(cast.user_id()), user(cast.user_id()));
    thread::scope(|scope| {
        for field in ["firstName", "lastName", "read", "manage"] {
            let (admin, path) = (cast.admin.clone(), &path);
            scope.spawn(move || {
                for round in 1..=25 {
                    let body = match field {
                        "read" | "manage" => json!({"permissions": {field: [round]}}),
                        name => json!({name: format!("{name} {round}")}),
                    };
                    admin.patch(path, body).expect(200);
                }
            });
        }
    });
    let seen = data(cast.admin.get(&shown));
    assert_eq!((&seen["firstName"], &seen["lastName"]), (&json!("firstName 25"), &json!("lastName 25")));
    assert_eq!((&seen["permissions"]["read"], &seen["permissions"]["manage"]), (&json!([25]), &json!([25])));
}

#[test]
fn a_refused_call_applies_none_of_its_fields() {
    let Cast { server, admin, user: own } = cast();
    let user_id = server.seed().tenant.kare.user.user_id;
    told(admin.patch(member(user_id), json!({"professionId": 1})), 200);
    quiet(&server, || {
        told(own.patch(member("me"), json!({"firstName": "X", "scope": 1})), 403);
        told(own.patch(member("me"), json!({"lastName": "X", "professionId": 2})), 403);
        told(admin.patch(member("me"), json!({"firstName": "X", "scope": 2})), 403);
        told(admin.patch(member("me"), json!({"firstName": "X", "professionId": 999})), 400);
    });
}
