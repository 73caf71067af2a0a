//! `GET` and `PATCH .../users/{userId}`, version 1 and 2.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use testkit::callers::Dialect;

use super::super::{CHILD, command, quiet};
use super::{NOBODY, firm, ids, mistakes, told};

/// Texts that can be set and unset.
const TEXTS: [&str; 8] =
    ["lastName", "nickname", "jobTitle", "seniority", "department", "office", "subdepartment", "pod"];

#[test]
fn a_user_has_everything_documented() {
    let firm = firm();
    let path = firm.user(&firm.person(0).laurel);
    let group = json!([{"id": firm.tenant().relesys.user_group_ids[0]}]);
    let grouped = json!([{"op": "replace", "path": "/userGroups", "value": group}]);
    let relesys = format!("/api/v1/users/{}", firm.person(0).relesys);
    firm.server.callers().relesys.patch(relesys, grouped).expect(200);
    let body = json!({
        "firstName": "Ada", "lastName": "Byron", "nickname": "", "jobTitle": "Senior Associate", "seniority": "Senior",
        "department": "Tax", "office": "London", "subdepartment": "VAT", "pod": "Blue", "email": "ada@example.com",
        "identities": [{"type": "aderant", "value": "1042"}], "roleIds": [], "delegateIds": [],
    });
    let user = told(firm.laurel.patch(&path, &body), 200);
    for (name, value) in body.as_object().unwrap() {
        if !name.ends_with("Ids") {
            assert_eq!(user[name], *value, "{name}");
        }
    }
    assert_eq!(user["_id"], firm.person(0).laurel.as_str());
    assert_eq!((&user["status"], &user["isSuperDelegate"]), (&json!("active"), &json!(false)));
    assert_eq!((&user["delegators"], &user["delegates"]), (&json!([]), &json!([])));
    let customer = &user["customer"];
    assert_eq!(customer["_id"], firm.tenant().laurel.customer_id.as_str());
    assert_eq!(customer["fullName"], "Aurora");
    assert!(["iad", "lhr", "syd", "pdx", "yul"].contains(&customer["tenant"]["name"].as_str().unwrap()));
    let roles: Vec<_> = user["roles"].as_array().unwrap().iter().map(|role| &role["name"]).collect();
    assert_eq!(roles, ["user"]);
    assert_eq!(user["groupIds"].as_array().unwrap().len(), 1);
    for name in ["createdAt", "updatedAt"] {
        let shape: String =
            user[name].as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00Z");
    }
    assert!(user.as_object().unwrap().values().all(|value| !value.is_null()), "nothing is null: {user}");
    assert_eq!(told(firm.laurel.get(&path), 200), user);
    let shouted = firm.user(firm.person(0).laurel.to_uppercase());
    assert_eq!(told(firm.laurel.get(shouted), 200), user);
}

#[test]
fn each_text_is_set_and_unset() {
    let firm = firm();
    let longest = "\u{1f600}".repeat(256);
    // Where the name of a primary department could show in place of the text.
    let known = command(&firm.server, &["person", "show", &firm.person(1).relesys]);
    assert!(known.pointer("/primaryDepartment/name").is_some(), "{known}");
    for path in firm.both(1) {
        for field in TEXTS {
            let before = firm.seen(1);
            for value in ["Plain", " kept  as it is ", "\u{1f469}\u{200d}\u{1f4bb}", &longest] {
                let user = told(firm.laurel.patch(&path, json!({field: value})), 200);
                assert_eq!(user[field], value, "{field}");
                let mut others = (before.clone(), user);
                for user in [&mut others.0, &mut others.1] {
                    user.as_object_mut().unwrap().retain(|name, _| name != field && name != "updatedAt");
                }
                assert_eq!(others.0, others.1, "{field} alone");
            }
            let user = told(firm.laurel.patch(&path, json!({field: ""})), 200);
            match field {
                "lastName" | "nickname" | "jobTitle" => {
                    assert_eq!(user[field], "", "{field} is always there");
                }
                _ => assert_eq!(user.get(field), None, "{field} is left out"),
            }
        }
        let user = told(firm.laurel.patch(&path, json!({"firstName": longest})), 200);
        assert_eq!(user["firstName"], longest);
    }
}

#[test]
fn values_that_are_wrong() {
    let firm = firm();
    let long = "x".repeat(257);
    quiet(&firm.server, || {
        for path in firm.both(0) {
            for field in TEXTS.into_iter().chain(["firstName", "email"]) {
                for value in [json!(null), json!(1), json!(true), json!(["a"]), json!({}), json!(long)] {
                    let body = json!({"nickname": "No", "pod": "No", field: value});
                    assert_eq!(mistakes(firm.laurel.patch(&path, &body)), [field], "{body}");
                }
            }
            for (field, value) in [
                ("firstName", json!("")),
                ("email", json!("")),
                ("roleIds", json!(null)),
                ("roleIds", json!("x")),
                ("roleIds", json!(["x"])),
                ("roleIds", json!([1])),
                ("roleIds", json!([NOBODY])),
                ("roleIds", json!([firm.tenant().laurel.role_ids[0], NOBODY])),
                ("identities", json!(null)),
                ("identities", json!({})),
            ] {
                let body = json!({"nickname": "No", field: value});
                assert_eq!(mistakes(firm.laurel.patch(&path, &body)), [field], "{body}");
            }
            let many = json!({"firstName": "", "email": "x", "office": long});
            let wrong: BTreeSet<_> = mistakes(firm.laurel.patch(&path, many)).into_iter().collect();
            assert_eq!(wrong, BTreeSet::from(["email", "firstName", "office"].map(str::to_owned)));
            for email in [
                "x",
                "@x.fr",
                "a@",
                "a@b",
                "a@@b.fr",
                "a b@c.fr",
                " a@b.fr",
                "a@b.fr ",
                "\"a\"@b.fr",
                "a..b@c.fr",
                ".a@b.fr",
                "a.@b.fr",
                "a@-b.fr",
                "a@b-.fr",
                "a@b..fr",
                "a@.b.fr",
                "a(x)@b.fr",
                "a@b.fr, c@d.fr",
                "<a@b.fr>",
                "a@[127.0.0.1]",
            ] {
                assert_eq!(mistakes(firm.laurel.patch(&path, json!({"email": email}))), ["email"], "{email}");
            }
            for (body, field) in [
                (json!([{"type": "aderant"}]), "identities.0.value"),
                (json!([{"value": "1"}]), "identities.0.type"),
                (
                    json!([{"type": "zoom", "value": "1"}, {"type": "Zoom", "value": "1"}]),
                    "identities.1.type",
                ),
                (json!([{"type": "zoom", "value": ""}]), "identities.0.value"),
                (json!([{"type": "zoom", "value": long}]), "identities.0.value"),
                (json!([{"type": "zoom", "value": 1}]), "identities.0.value"),
                (json!([{"type": "zoom", "value": "1", "customerId": NOBODY}]), "identities.0.customerId"),
                (json!([{"type": "zoom", "value": "1", "customerId": "x"}]), "identities.0.customerId"),
            ] {
                let body = json!({"nickname": "No", "identities": body});
                assert_eq!(mistakes(firm.laurel.patch(&path, &body)), [field], "{body}");
            }
        }
    });
}

#[test]
fn bodies_paths_and_methods_that_are_wrong() {
    let firm = firm();
    quiet(&firm.server, || {
        for path in firm.both(0) {
            let send = |kind: &str, body: &str| {
                firm.laurel.raw("PATCH", &path).header("content-type", kind).body(body).send()
            };
            for body in ["", "{", "[]", "null", "\"x\"", "{\"pod\":}"] {
                told(send("application/json", body), 400);
            }
            for kind in
                ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", ""]
            {
                told(send(kind, "{}"), 415);
            }
            told(firm.laurel.raw("PATCH", &path).without("content-type").body("{}").send(), 415);
            told(send("application/json; charset=utf-8", "{}"), 200);
        }
        for id in
            ["x", "64b7f0c2a1d3e4f5a6b7c8d", "64b7f0c2a1d3e4f5a6b7c8d99", "64b7f0c2a1d3e4f5a6b7c8dg", "me"]
        {
            assert_eq!(mistakes(firm.laurel.get(firm.user(id))), ["userId"], "{id}");
            for path in [firm.user(id), firm.user_v2(id)] {
                assert_eq!(mistakes(firm.laurel.patch(path, json!({"pod": "No"}))), ["userId"], "{id}");
            }
            assert_eq!(mistakes(firm.laurel.delete(firm.user(id))), ["userId"], "{id}");
        }
        let child = command(&firm.server, &["person", "list", "-o", CHILD])[0]["objectId"].clone();
        let stranger = &firm.server.seed().stranger.people[0].laurel;
        for id in [NOBODY, child.as_str().unwrap(), stranger] {
            for answer in [
                firm.laurel.get(firm.user(id)),
                firm.laurel.patch(firm.user(id), json!({"pod": "No"})),
                firm.laurel.patch(firm.user_v2(id), json!({"pod": "No"})),
                firm.laurel.delete(firm.user(id)),
            ] {
                let error = told(answer, 404);
                assert_eq!(
                    error,
                    json!({"statusCode": 404, "message": "User not found", "error": "Not Found"})
                );
            }
        }
        let [first, second] = firm.both(0);
        for answer in [
            firm.laurel.post(&first, json!({})),
            firm.laurel.put(&first, json!({})),
            firm.laurel.get(&second),
            firm.laurel.delete(&second),
            firm.laurel.post(firm.users(), json!({})),
            firm.laurel.patch(firm.users(), json!({})),
            firm.laurel.delete(firm.users()),
            firm.laurel.get(format!("{first}/")),
            firm.laurel.get(format!("{first}/calendars")),
            firm.laurel.get("/api/v2/delegators"),
            firm.laurel.get("/api/v2/customers"),
            firm.laurel.get("/api/v3/customers"),
        ] {
            let answer = answer.expect(404);
            crate::promised(Dialect::Laurel).check_schema("Error", &answer.json()).unwrap();
        }
        // The connection ends with a body that is not read to its end, so this comes last.
        told(firm.laurel.patch(first, json!({"pod": "x".repeat(1 << 20)})), 413);
    });
}

#[test]
fn saying_nothing_new_changes_nothing() {
    let firm = firm();
    let path = firm.user(&firm.person(0).laurel);
    let ids = [&firm.person(1).laurel, &firm.person(2).laurel];
    let body = json!({
        "firstName": "Ada", "department": "Tax", "pod": "", "email": "Ada@Example.com",
        "identities": [{"type": "zoom", "value": "1"}, {"type": "azure", "value": "2"}],
        "roleIds": [firm.tenant().laurel.role_ids[1], firm.tenant().laurel.role_ids[0]],
        "delegateIds": ids,
    });
    let user = told(firm.laurel.patch(&path, &body), 200);
    let default_role = command(&firm.server, &["role", "list", "--tenant", "1"]);
    let default_role =
        default_role.as_array().unwrap().iter().find(|role| role["isDefault"] == true).unwrap();
    quiet(&firm.server, || {
        let roles = firm.tenant().laurel.role_ids[..2].to_vec();
        for body in [
            json!({}),
            body,
            // The answer itself: what of it can be written is what is there.
            user.clone(),
            json!({"_id": NOBODY, "status": "adminDisabled", "groupIds": [], "isSuperDelegate": true, "unknown": null}),
            json!({"roleIds": roles}),
            json!({"roleIds": [roles[1], default_role["objectId"], roles[0], roles[1]]}),
            json!({"delegateIds": [ids[1], ids[0], ids[1]]}),
        ] {
            assert_eq!(told(firm.laurel.patch(&path, &body), 200), user, "{body}");
        }
        let second = firm.user_v2(&firm.person(0).laurel);
        assert_eq!(told(firm.laurel.patch(&second, json!({})), 200), user);
        assert_eq!(
            told(firm.laurel.patch(&second, json!({"delegateIds": []})), 200),
            user,
            "not of this version"
        );
        assert_eq!(told(firm.laurel.patch(&path, json!({"delegates": []})), 200), user, "nor of that one");
    });
}

#[test]
fn what_another_api_put_there_may_be_written_back() {
    let firm = firm();
    let department = command(&firm.server, &["department", "add", "Harbour", "--tenant", "1"]);
    let bare = firm.add(&["--given-name", "Bare", "--department", department["id"].as_str().unwrap()]);
    let path = firm.user(&bare);
    let user = told(firm.laurel.get(&path), 200);
    assert_eq!(
        (&user["email"], &user["lastName"]),
        (&json!(""), &json!("")),
        "required texts are always there"
    );
    assert_eq!(user["department"], "Harbour");
    quiet(&firm.server, || {
        for body in [&user, &json!({"department": "Harbour", "email": ""})] {
            assert_eq!(told(firm.laurel.patch(&path, body), 200), user, "{body}");
        }
    });
    let user =
        told(firm.laurel.patch(&path, json!({"department": "Tax", "email": "bare@aurora.example"})), 200);
    assert_eq!((&user["department"], &user["email"]), (&json!("Tax"), &json!("bare@aurora.example")));
    assert_eq!(mistakes(firm.laurel.patch(&path, json!({"email": ""}))), ["email"], "it cannot be unset");
    for value in ["Tax", "Harbour"] {
        let user = told(firm.laurel.patch(&path, json!({"department": ""})), 200);
        assert_eq!(user.get("department"), None, "what was written is shown, no other API's name");
        assert_eq!(told(firm.laurel.get(&path), 200), user);
        let user = told(firm.laurel.patch(&path, json!({"department": value})), 200);
        assert_eq!(user["department"], value);
    }
}

#[test]
fn roles_are_replaced_and_the_default_one_stays() {
    let firm = firm();
    let roles = &firm.tenant().laurel.role_ids;
    let default =
        firm.seen(0)["roles"].as_array().unwrap().iter().find(|role| role["name"] == "user").unwrap()["_id"]
            .clone();
    let default = default.as_str().unwrap();
    let extra = command(
        &firm.server,
        &["role", "add", "billing-clerk", "--permission", "BillingRead", "--tenant", "1"],
    );
    let extra = extra["objectId"].as_str().unwrap();
    for path in firm.both(0) {
        for (asked, expected) in [
            (vec![roles[0].as_str()], vec![roles[0].as_str(), default]),
            (vec![roles[1].as_str(), extra, roles[1].as_str()], vec![roles[1].as_str(), extra, default]),
            (vec![default], vec![default]),
            (vec![extra], vec![extra, default]),
            (vec![], vec![default]),
        ] {
            let user = told(firm.laurel.patch(&path, json!({"roleIds": asked})), 200);
            let shown: BTreeSet<_> = ids(&user["roles"]).into_iter().collect();
            assert_eq!(shown, expected.into_iter().collect(), "{asked:?}");
            let clerk = user["roles"].as_array().unwrap().iter().find(|role| role["_id"] == extra);
            if let Some(clerk) = clerk {
                assert_eq!(clerk["name"], "billing-clerk");
                assert_eq!(clerk["permissions"][0]["claim"], "BillingRead");
            }
        }
    }
}

#[test]
fn identities_are_replaced_and_nobody_elses() {
    let firm = firm();
    let [path, second] = firm.both(0);
    let customer = &firm.tenant().laurel.customer_id;
    let asked = json!([
        {"type": "aderant", "value": "1042", "customerId": customer},
        {"type": "aderant", "value": "1043"},
        {"type": "email", "value": "Ada@x.example"},
        {"type": "email", "value": "ada@X.example", "customerId": customer.to_uppercase()},
        {"type": "aderant", "value": "1042"},
        {"type": "zoom", "value": "z".repeat(256)},
    ]);
    let user = told(firm.laurel.patch(&path, json!({"identities": asked})), 200);
    let kept = json!([
        {"type": "aderant", "value": "1042"},
        {"type": "aderant", "value": "1043"},
        {"type": "email", "value": "Ada@x.example"},
        {"type": "zoom", "value": "z".repeat(256)},
    ]);
    assert_eq!(sorted(&user["identities"]), sorted(&kept), "what compares alike is one, the first");

    let relesys = format!("/api/v1.4/users/{}", firm.person(1).relesys);
    let of_relesys = firm.server.callers().relesys;
    let external = of_relesys.get(&relesys).expect(200).json()["data"]["externalId"].clone();
    let clashes =
        [("aderant", "1043"), ("email", "ADA@x.example"), ("auth0", &firm.tenant().laurel.identity.value)];
    quiet(&firm.server, || {
        for path in firm.both(1) {
            for (kind, value) in clashes {
                let body = json!({
                    "nickname": "No",
                    "identities": [{"type": "walls", "value": "free"}, {"type": kind, "value": value}],
                });
                let error = told(firm.laurel.patch(&path, &body), 409);
                assert_eq!(
                    (&error["statusCode"], &error["error"]),
                    (&json!(409), &json!("Conflict")),
                    "{body}"
                );
            }
        }
    });
    // Another type or another case is another identity.
    let free = json!({"identities": [
        {"type": "elite", "value": "1042"}, {"type": "zoom", "value": "Z"}, {"type": "auth0", "value": "AUTH0|x"},
    ]});
    told(firm.laurel.patch(firm.user(&firm.person(1).laurel), free), 200);
    assert_eq!(
        of_relesys.get(&relesys).expect(200).json()["data"]["externalId"],
        external,
        "another API's stays"
    );

    told(firm.laurel.patch(&second, json!({"identities": []})), 200);
    assert_eq!(firm.seen(0)["identities"], json!([]));
    let again = json!({"identities": [{"type": "aderant", "value": "1043"}]});
    told(firm.laurel.patch(firm.user(&firm.person(1).laurel), again), 200);
}

fn sorted(identities: &Value) -> Vec<String> {
    let mut texts: Vec<_> = identities.as_array().unwrap().iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

#[test]
fn an_email_belongs_to_one_person_of_the_tenant() {
    let firm = firm();
    let args = ["person", "add", "--given-name", "Kid", "--email", "kid@aurora.example", "-o", CHILD];
    command(&firm.server, &[&args[..], &["--alias", "Kid.Old@aurora.example"]].concat());
    let own = ["--given-name", "Ali", "--email", "ali@aurora.example", "--alias", "Ali.Old@aurora.example"];
    let ali = firm.add(&own);
    let theirs = firm.server.seed().stranger.people[0].email.clone();
    let addresses = [
        firm.person(1).email.clone(),
        firm.person(1).email.to_uppercase(),
        "ali@aurora.example".to_owned(),
        "ALI.old@aurora.example".to_owned(),
        "kid@aurora.example".to_owned(),
        "kid.OLD@aurora.example".to_owned(),
    ];
    quiet(&firm.server, || {
        for path in firm.both(0) {
            for email in &addresses {
                let error = told(firm.laurel.patch(&path, json!({"nickname": "No", "email": email})), 409);
                assert_eq!(error["message"], "email already taken", "{email}");
            }
        }
    });
    // The own alias is no conflict, another case is a change, and another tenant's address is free here.
    for email in ["Ali.OLD@aurora.example", "ali.old@aurora.example", "ali@aurora.example", &theirs] {
        let user = told(firm.laurel.patch(firm.user(&ali), json!({"email": email})), 200);
        assert_eq!(user["email"], email, "as it was given");
    }
    told(firm.laurel.patch(firm.user(&firm.person(0).laurel), json!({"email": "ali@aurora.example"})), 200);
}

#[test]
fn two_writers_of_different_fields_lose_nothing() {
    let firm = firm();
    let paths = firm.both(0);
    thread::scope(|scope| {
        for (path, field) in
            [(&paths[0], "pod"), (&paths[1], "office"), (&paths[0], "nickname"), (&paths[1], "firstName")]
        {
            let laurel = firm.laurel.clone();
            scope.spawn(move || {
                for round in 1..=25 {
                    laurel.patch(path, json!({field: format!("{field} {round}")})).expect(200);
                }
            });
        }
    });
    let user = firm.seen(0);
    for field in ["pod", "office", "nickname", "firstName"] {
        assert_eq!(user[field], format!("{field} 25"));
    }
}

#[test]
fn of_fifty_who_want_one_email_one_gets_it() {
    let firm = firm();
    let more = (0..25).map(|index| firm.add(&["--given-name", "More", "--nickname", &format!("m{index}")]));
    let seeded = (0..25).map(|index| firm.person(index).laurel.clone());
    let people: Vec<String> = seeded.chain(more).collect();
    let answers: Vec<_> = thread::scope(|scope| {
        let tries: Vec<_> = people
            .iter()
            .enumerate()
            .map(|(turn, id)| {
                let laurel = firm.laurel.clone();
                let (path, email) = match turn % 2 {
                    0 => (firm.user(id), "wanted@aurora.example"),
                    _ => (firm.user_v2(id), "WANTED@aurora.example"),
                };
                scope.spawn(move || laurel.patch(path, json!({"nickname": "Won", "email": email})))
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for answer in lost {
        told(answer, 409);
    }
    for words in ["wanted@", "won"] {
        let found = told(firm.laurel.get(format!("{}?search={words}", firm.users())), 200);
        assert_eq!(ids(&found), [won[0].json()["_id"].as_str().unwrap()], "{words}");
    }
}
