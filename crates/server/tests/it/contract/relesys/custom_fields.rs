//! Custom fields: one at a time or all together, and lists that older versions know as texts.

use serde_json::{Value, json};

use super::{User, VERSIONS, add, copied, moved, named, personae, remove, replace, test, told};
use crate::demo;

/// What the current version shows after a patch through another.
#[track_caller]
fn after(user: &User<'_>, version: &str, operations: Value) -> Value {
    user.fill();
    user.patch(version, operations);
    user.get("v1.4")["customFields"].clone()
}

#[test]
fn the_whole_set_is_replaced_and_one_field_alone_is_set() {
    let server = demo();
    let user = User::of(&server, 0);
    let skills = json!(["Marketing", "Design"]);
    for version in VERSIONS {
        for op in ["add", "replace"] {
            let all = json!([{"op": op, "path": "/customFields", "value": {"customfieldtwo": "2", "birthday": null}}]);
            assert_eq!(after(&user, version, all), json!({"customfieldtwo": "2"}), "{version}");
            let none = json!([{"op": op, "path": "/customFields", "value": {}}]);
            assert_eq!(after(&user, version, none), json!({}), "{version}");
        }
        for (operation, expected) in [
            (
                add("/customFields/customfieldtwo", ""),
                json!({"customfieldone": "Custom field 1", "customfieldtwo": "", "birthday": "2002-12-30", "skills": skills}),
            ),
            (
                add("/customFields/customfieldone", "1"),
                json!({"customfieldone": "1", "birthday": "2002-12-30", "skills": skills}),
            ),
            (
                replace("customFields/customfieldone", "\n1\u{1f600}"),
                json!({"customfieldone": "\n1\u{1f600}", "birthday": "2002-12-30", "skills": skills}),
            ),
            (
                moved("/customFields/customfieldone", "/customFields/customfieldtwo"),
                json!({"customfieldtwo": "Custom field 1", "birthday": "2002-12-30", "skills": skills}),
            ),
            (
                copied("/name", "/customFields/customfieldtwo"),
                json!({"customfieldone": "Custom field 1", "customfieldtwo": "New User A", "birthday": "2002-12-30", "skills": skills}),
            ),
            (remove("/customFields"), json!({})),
        ] {
            assert_eq!(after(&user, version, json!([operation])), expected, "{version}: {operation}");
        }
        let without = json!({"birthday": "2002-12-30", "skills": skills});
        for operation in [
            remove("/customFields/customfieldone"),
            add("/customFields/customfieldone", Value::Null),
            replace("customFields/customfieldone", Value::Null),
            moved("/customFields/customfieldone", "/title"),
        ] {
            assert_eq!(after(&user, version, json!([operation])), without, "{version}: {operation}");
        }
    }
}

#[test]
fn keys_are_exact_and_what_is_taken_away_is_there() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    user.untouched(|| {
        for version in VERSIONS {
            for operation in [
                remove("/customFields/customfieldtwo"),
                replace("customFields/customfieldtwo", "No"),
                replace("customFields/customfieldtwo", Value::Null),
                test("/customFields/customfieldtwo", Value::Null),
                add("/customFields/unknown", "No"),
            ] {
                let path = operation["path"].as_str().unwrap().to_owned();
                user.refuses(version, json!([replace("title", "No"), operation]), &path);
            }
            for key in ["customFieldOne", "CUSTOMFIELDONE", "customfieldone ", "", "unknown", "id"] {
                let path = format!("/customFields/{key}");
                user.refuses(version, json!([add(&path, "No")]), &path);
                user.refuses(
                    version,
                    json!([replace("customFields", json!({"customfieldone": "x", key: "No"}))]),
                    &path,
                );
            }
            let error = json!([replace("customFields", json!({"a/b": "1", "c~d": "2"}))]);
            let error = told(user.caller.patch(user.path(version), error), 400);
            assert_eq!(named(&error), ["/customFields/a~1b", "/customFields/c~0d"]);
        }
    });
}

#[test]
fn keys_are_escaped_as_in_every_pointer() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    for key in ["a/b~c", "~1", "1", "-", "Mit Leerzeichen"] {
        personae(&server, &["custom-field", "add", "--organization", "Aurora", "--", key]);
        let path = format!("/customFields/{}", key.replace('~', "~0").replace('/', "~1"));
        let mut expected = user.get("v1")["customFields"].clone();
        expected[key] = json!("x");
        user.becomes("v1", json!([add(&path, "x")]), json!({"customFields": expected}));
        user.quiet("v1.4", json!([test(&path, "x"), remove(&path), add(&path, "x")]));
    }
}

/// The first of the design's hard cases: an older version reads a list, tests and rearranges other things, and the
/// list is as it was.
#[test]
fn a_list_survives_versions_that_know_texts_only() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let ids = &server.seed().tenant.relesys.user_group_ids;
    let before = user.get("v1.4");
    for version in ["v1", "v1.1", "v1.2", "v1.3"] {
        let fields = user.get(version)["customFields"].clone();
        assert_eq!(
            fields,
            json!({"customfieldone": "Custom field 1", "birthday": "2002-12-30", "skills": "Marketing, Design"})
        );
        user.untouched(|| {
            user.quiet(version, json!([replace("customFields", fields.clone())]));
            user.quiet(version, json!([add("/customFields/skills", "Marketing, Design")]));
            user.quiet(version, json!([replace("customFields/birthday", "2002-12-30")]));
            user.quiet(
                version,
                json!([
                    test("/customFields/skills", "Marketing, Design"),
                    test("/customFields", fields.clone())
                ]),
            );
        });
    }
    let first = json!({"id": ids[0], "dataSource": "RelesysAPI"});
    user.patch(
        "v1",
        json!([
            test("/userGroups/0", first),
            remove("/userGroups/0"),
            add("/userGroups/-", json!({"id": ids[2]})),
            copied("/name", "/title"),
            add("/customFields/customfieldtwo", "2"),
        ]),
    );
    let after = user.get("v1.4");
    let mut expected = before;
    expected["userGroups"] =
        json!([{"id": ids[1], "dataSource": "HR"}, {"id": ids[2], "dataSource": "RelesysAPI"}]);
    expected["title"] = json!("New User A");
    expected["customFields"]["customfieldtwo"] = json!("2");
    expected["lastModifiedDateTime"] = after["lastModifiedDateTime"].clone();
    assert_eq!(after, expected);

    // The whole set with another field changed leaves the list alone as well.
    let mut all = user.get("v1")["customFields"].clone();
    all["customfieldone"] = json!("changed");
    user.patch("v1", json!([replace("customFields", all)]));
    expected["customFields"]["customfieldone"] = json!("changed");
    assert_eq!(user.get("v1.4")["customFields"], expected["customFields"]);
}

#[test]
fn an_older_version_writes_a_list_of_one() {
    let server = demo();
    let user = User::of(&server, 0);
    for version in ["v1", "v1.1", "v1.2", "v1.3"] {
        for text in ["Sales", "Marketing", "Design, Marketing", ""] {
            for operation in [add("/customFields/skills", text), replace("customFields/skills", text)] {
                assert_eq!(after(&user, version, json!([operation]))["skills"], json!([text]), "{version}");
            }
            assert_eq!(user.get(version)["customFields"]["skills"], text);
            user.quiet(version, json!([replace("customFields/skills", text)]));
        }
        let copied = json!([copied("/customFields/skills", "/customFields/customfieldtwo")]);
        assert_eq!(after(&user, version, copied)["customfieldtwo"], "Marketing, Design");
        // A list of several and its text look the same to this version, so that moving it makes one of it.
        let back = json!([remove("/customFields/skills"), add("/customFields/skills", "Marketing, Design")]);
        assert_eq!(after(&user, version, back)["skills"], json!(["Marketing", "Design"]));
        assert_eq!(after(&user, version, json!([remove("/customFields/skills")])).get("skills"), None);
    }
}

#[test]
fn values_are_of_the_kind_of_the_field() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    for (key, value) in [
        ("birthday", json!("2024-02-29")),
        ("skills", json!(["a"])),
        ("skills", json!(["a", "", "a"])),
        ("skills", json!([])),
        ("skills", json!(["with, comma"])),
        ("customfieldone", json!("x".repeat(4_000))),
        ("notes", json!("\u{1f600}".repeat(4_000))),
        ("shoesize", json!("43")),
    ] {
        let mut expected = user.get("v1.4")["customFields"].clone();
        expected[key] = value.clone();
        let add = json!([add(&format!("/customFields/{key}"), value)]);
        user.becomes("v1.4", add.clone(), json!({"customFields": expected}));
        user.quiet("v1.4", add);
    }
    user.patch("v1.4", json!([add("/customFields/skills", json!(["b"]))]));
    let mut expected = user.get("v1.4")["customFields"].clone();
    expected["skills"] = json!(["a", "c"]);
    user.becomes(
        "v1.4",
        json!([
            test("/customFields/skills/0", "b"),
            add("/customFields/skills/0", "a"),
            add("/customFields/skills/-", "c"),
            remove("/customFields/skills/1"),
        ]),
        json!({"customFields": expected}),
    );
    user.untouched(|| {
        for (key, wrong) in [
            (
                "birthday",
                vec![
                    json!("30-12-2002"),
                    json!("2002-02-30"),
                    json!("2002-12-30T00:00:00Z"),
                    json!(""),
                    json!(["2002-12-30"]),
                    json!(20021230),
                ],
            ),
            (
                "skills",
                vec![
                    json!("Marketing"),
                    json!(["a", null]),
                    json!(["a", 1]),
                    json!([["a"]]),
                    json!(1),
                    json!({}),
                    json!(["x".repeat(4_001)]),
                ],
            ),
            (
                "customfieldone",
                vec![json!("x".repeat(4_001)), json!(["x"]), json!([]), json!(1), json!(true), json!({})],
            ),
            ("notes", vec![json!(["x"]), json!(1)]),
            ("shoesize", vec![json!(43), json!(["43"])]),
        ] {
            let path = format!("/customFields/{key}");
            for value in wrong {
                user.refuses("v1.4", json!([replace("title", "No"), add(&path, value.clone())]), &path);
                user.refuses("v1.4", json!([add("/customFields", json!({key: value}))]), &path);
            }
            for version in ["v1", "v1.1", "v1.2", "v1.3"] {
                for value in [json!(1), json!(true), json!(["a"]), json!([]), json!({})] {
                    user.refuses(version, json!([add(&path, value)]), &path);
                }
            }
        }
        for version in ["v1", "v1.3"] {
            user.refuses(
                version,
                json!([add("/customFields/birthday", "30-12-2002")]),
                "/customFields/birthday",
            );
            user.refuses(version, json!([add("/customFields/skills/0", "x")]), "/customFields/skills/0");
            let long = json!([add("/customFields/customfieldone", "x".repeat(4_001))]);
            user.refuses(version, long, "/customFields/customfieldone");
        }
    });
}
