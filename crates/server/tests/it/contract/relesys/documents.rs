//! Patch documents as wholes, and the pointers in them.

use serde_json::{Value, json};

use super::{User, VERSIONS, add, copied, moved, named, remove, replace, test, told};
use crate::demo;

/// The vendor's own example, to the letter (docs/v1/endpoint/users-patch-updateuser).
const DOCUMENTED: &str = r#"[{"value":"My patched name","path":"/name","op":"add"},{"value":{"countryCode":45,"number":"11223344"},"path":"/phoneNumber","op":"replace"},{"path":"/title","op":"remove"},{"value":{"customfieldone":"Custom field 1","customfieldtwo":"Custom field 2"},"path":"/customFields","op":"add"}]"#;

#[test]
fn the_documented_call_does_what_it_says() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let before = user.get("v1");
    let request = user.caller.raw("PATCH", user.path("v1"));
    let answer = request.header("content-type", "application/json-patch+json").body(DOCUMENTED).send();
    let after = told(answer, 200)["data"].take();
    let mut expected = before.clone();
    expected["name"] = json!("My patched name");
    expected["phoneNumber"] = json!({"countryCode": 45, "number": "11223344"});
    expected["title"] = json!(null);
    expected["customFields"] =
        json!({"customfieldone": "Custom field 1", "customfieldtwo": "Custom field 2"});
    expected["lastModifiedDateTime"] = after["lastModifiedDateTime"].clone();
    assert_eq!(after, expected);
    assert_ne!(after["lastModifiedDateTime"], before["lastModifiedDateTime"]);
    assert_eq!(user.get("v1"), expected);
    user.quiet("v1", serde_json::from_str::<Value>(DOCUMENTED).unwrap());
}

#[test]
fn an_empty_patch_and_one_that_comes_to_nothing_change_nothing() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let ids = &server.seed().tenant.relesys;
    user.untouched(|| {
        for version in VERSIONS {
            for operations in [
                json!([]),
                json!([replace("name", "New User A")]),
                json!([replace("title", "x"), remove("/title"), add("/title", "User Title A")]),
                json!([moved("/title", "/title")]),
                json!([copied("/title", "/title")]),
                json!([replace("primaryDepartmentId", ids.department_ids[0].to_uppercase())]),
                json!([replace("userGroups/1/id", ids.user_group_ids[1].to_uppercase())]),
                json!([
                    replace("birthDate", "12-30-2002"),
                    replace("employmentDate", "2018-12-30T14:30:00+01:00")
                ]),
                json!([replace("phoneNumber", json!({"number": "12345678", "countryCode": "45", "x": 1}))]),
                json!([
                    remove("/userGroups/1"),
                    add("/userGroups/-", json!({"id": ids.user_group_ids[1], "dataSource": "HR"}))
                ]),
                json!([add("/additionalDepartments/-", json!({"id": ids.department_ids[0]}))]),
            ] {
                user.quiet(version, operations);
            }
        }
    });
}

#[test]
fn a_document_is_an_array_of_operations_that_have_what_they_need() {
    let server = demo();
    let user = User::of(&server, 0);
    let send = |body: &str| {
        let request = user.caller.raw("PATCH", user.path("v1"));
        told(request.header("content-type", "application/json-patch+json").body(body).send(), 400)
    };
    user.untouched(|| {
        for body in [
            "", " ", "{}", "null", "true", "1", "\"x\"", "[", "[]x", "[1]", "[null]", "[\"x\"]", "[[]]",
            "[{}]",
        ] {
            assert_eq!(named(&send(body)), [""; 0], "{body}");
        }
        for (operation, path) in [
            (r#"{"path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":null,"path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":1,"path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":"","path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":"merge","path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":"replace ","path":"/title","value":"No"}"#, "/title"),
            (r#"{"op":"add","path":"/title"}"#, "/title"),
            (r#"{"op":"replace","path":"/title"}"#, "/title"),
            (r#"{"op":"test","path":"/title"}"#, "/title"),
            (r#"{"op":"move","path":"/title"}"#, "/title"),
            (r#"{"op":"copy","path":"/title"}"#, "/title"),
            (r#"{"op":"copy","path":"/title","from":null}"#, "/title"),
            (r#"{"op":"copy","path":"/title","from":"name"}"#, "/title"),
            (r#"{"op":"move","path":"/title","from":"/~2"}"#, "/title"),
        ] {
            // What comes before a bad operation is not applied either.
            let error = send(&format!(r#"[{{"op":"replace","path":"/name","value":"No"}},{operation}]"#));
            assert_eq!(named(&error), [path], "{operation}: {error}");
        }
        for operation in [
            r#"{"op":"replace","value":"No"}"#,
            r#"{"op":"replace","path":null,"value":"No"}"#,
            r#"{"op":"replace","path":1,"value":"No"}"#,
        ] {
            assert_eq!(named(&send(&format!("[{operation}]"))), [""; 0], "{operation}");
        }
    });
}

#[test]
fn operations_may_say_more_in_any_order_and_letter_case() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let body = r#"[
        {"value": "1", "path": "/title", "op": "Add", "comment": {"x": [1]}},
        {"PATH": "/TITLE", "Op": "REPLACE", "Value": "2", "From": 7},
        {"from": "/Title", "op": "Copy", "path": "/Initials", "value": "ignored"},
        {"op": "tEST", "path": "/initials", "value": "2"},
        {"op": "Move", "From": "/iNITIALS", "Path": "/dutyplannumber"},
        {"op": "Remove", "path": "/RegisterNumber", "value": "ignored"}
    ]"#;
    user.becomes(
        "v1.1",
        serde_json::from_str::<Value>(body).unwrap(),
        json!({"title": "2", "initials": null, "dutyPlanNumber": "2", "registerNumber": null}),
    );
}

#[test]
fn a_member_of_an_operation_has_one_spelling() {
    let server = demo();
    let user = User::of(&server, 0);
    let send = |body: String| {
        let request = user.caller.raw("PATCH", user.path("v1.4"));
        told(request.header("content-type", "application/json-patch+json").body(body).send(), 400)
    };
    user.untouched(|| {
        for members in [
            r#""op":"replace","Op":"replace","path":"/title","value":"No""#,
            r#""op":"replace","path":"/title","Path":"/title","value":"No""#,
            r#""op":"replace","path":"/title","value":"No","VALUE":"No""#,
            r#""op":"copy","path":"/title","from":"/name","FROM":"/name""#,
        ] {
            let error = send(format!("[{{{members}}}]"));
            assert_eq!(error["errors"].as_object().unwrap().len(), 1, "{error}");
            assert!(error.to_string().contains("two spellings"), "{error}");
        }
    });
}

#[test]
fn each_operation_sees_what_those_before_it_did() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    // On the way the name is missing, the e-mail address a number and the phone number half.
    user.becomes(
        "v1",
        json!([
            test("/title", "User Title A"),
            remove("/name"),
            test("/name", Value::Null),
            replace("email", 1),
            test("/email", 1),
            replace("phoneNumber", json!({"number": "1"})),
            moved("/title", "/name"),
            test("/title", Value::Null),
            replace("email", "x@y"),
            add("/phoneNumber/countryCode", 1),
        ]),
        json!({
            "name": "User Title A", "title": null, "email": "x@y",
            "phoneNumber": {"countryCode": 1, "number": "1"},
        }),
    );
}

#[test]
fn all_operations_or_none() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let groups = &server.seed().tenant.relesys.user_group_ids;
    let good = [
        replace("title", "No"),
        remove("/email"),
        add("/userGroups/-", json!({"id": groups[2]})),
        add("/customFields/customfieldtwo", "No"),
    ];
    user.untouched(|| {
        for (bad, path) in [
            (replace("nmae", "x"), "/nmae"),
            (test("/title", "neither before nor after"), "/title"),
            (remove("/userGroups/9"), "/userGroups/9"),
            (remove("/customFields/nothing"), "/customFields/nothing"),
            (copied("/status", "/initials"), "/initials"),
        ] {
            for place in 0..=good.len() {
                let mut operations = good.to_vec();
                operations.insert(place, bad.clone());
                // Those after the first that fails are not told of.
                operations.push(replace("also unknown", 1));
                user.refuses("v1.2", operations, path);
            }
        }
        let error = told(
            user.caller.patch(user.path("v1"), json!([replace("title", "No"), replace("nmae", "x")])),
            400,
        );
        assert_eq!(
            error,
            json!({
                "errorCode": "400",
                "message": "The patch document could not be applied.",
                "errors": {"/nmae": ["Unknown path."]},
            })
        );
        // What is wrong with the outcome is told of together.
        let bad = json!([
            replace("title", "No"),
            replace("name", " "),
            replace("email", "x"),
            replace("birthDate", "x")
        ]);
        let error = told(user.caller.patch(user.path("v1"), bad), 400);
        assert_eq!(named(&error), ["/birthDate", "/email", "/name"]);
    });
}

#[test]
fn a_document_has_at_most_1000_operations() {
    let server = demo();
    let user = User::of(&server, 0);
    let operations =
        |count: usize| -> Value { (1..=count).map(|n| replace("title", n.to_string())).collect() };
    user.becomes("v1", operations(1000), json!({"title": "1000"}));
    user.untouched(|| {
        let error = told(user.caller.patch(user.path("v1"), operations(1001)), 400);
        assert_eq!(named(&error), [""; 0]);
    });
}

#[test]
fn a_patch_made_of_a_whole_user_is_told_which_members_are_read_only() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let whole = user.get("v1.4");
    let read_only = [
        "id",
        "url",
        "departmentUrl",
        "status",
        "creationDateTime",
        "lastModifiedDateTime",
        "image",
        "memberCard",
    ];
    let members = whole.as_object().unwrap();
    let writable: Vec<_> = members
        .iter()
        .filter(|(name, _)| !read_only.contains(&name.as_str()))
        .map(|(name, value)| replace(name, value.clone()))
        .collect();
    assert_eq!(writable.len() + read_only.len(), members.len());
    user.untouched(|| {
        for name in read_only {
            let mut operations = writable.clone();
            operations.push(replace(name, whole[name].clone()));
            let error = told(user.caller.patch(user.path("v1.4"), json!(operations)), 400);
            let message = format!("{name} is read-only: leave it out of the patch.");
            assert_eq!(error["errors"], json!({format!("/{name}"): [message]}));
        }
    });
    user.quiet("v1.4", json!(writable));
}

#[test]
fn paths_are_pointers_into_the_update_model() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let read_only = [
        "/id",
        "/url",
        "/departmentUrl",
        "/status",
        "/creationDateTime",
        "/lastModifiedDateTime",
        "/password",
        "/image",
        "/memberCard",
        "/memberCard/cardNumber",
    ];
    let unknown = [
        "",
        "/",
        "//name",
        "/name/",
        "/name/first",
        "/nmae",
        "/na me",
        "/name ",
        "/%6Eame",
        "/phoneNumber/extension",
        "/phoneNumber/",
        "/userGroups/0/name",
        "/customFields/customfieldone/x",
        "/~0",
        "/data/name",
    ];
    let malformed = ["name", "#/name", "/na~2me", "/name~", "~1name", " /name"];
    user.untouched(|| {
        for version in VERSIONS {
            for path in read_only.iter().chain(&unknown).chain(&malformed) {
                for operation in [
                    json!({"op": "add", "path": path, "value": "x"}),
                    json!({"op": "replace", "path": path, "value": null}),
                    json!({"op": "remove", "path": path}),
                    json!({"op": "test", "path": path, "value": null}),
                    json!({"op": "copy", "path": path, "from": "/title"}),
                    json!({"op": "move", "path": path, "from": "/title"}),
                ] {
                    user.refuses(version, json!([operation]), path);
                }
                for from in [copied(path, "/title"), moved(path, "/title")] {
                    user.refuses(version, json!([from]), "/title");
                }
            }
        }
    });
}

#[test]
fn a_patch_that_grows_by_copying_itself_is_refused() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    user.untouched(|| {
        let copies = |n| copied("/customFields", &format!("/customFields/{}", n % 2));
        let error = told(user.caller.patch(user.path("v1.4"), (0..64).map(copies).collect::<Value>()), 400);
        assert_eq!(named(&error).len(), 1);
        let long = [add("/customFields/customfieldone", "x".repeat(4_000))];
        let more = (0..999).map(|_| copied("/customFields/customfieldone", "/customFields/customfieldtwo"));
        let error =
            told(user.caller.patch(user.path("v1"), long.into_iter().chain(more).collect::<Value>()), 400);
        assert_eq!(named(&error), ["/customFields/customfieldtwo"]);
    });
}
