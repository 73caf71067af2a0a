//! The six operations on the members that have one value.

use serde_json::{Value, json};

use super::{User, VERSIONS, add, copied, moved, remove, replace, test};
use crate::demo;

/// The members that can be without a value, of every version.
const OPTIONAL: [&str; 12] = [
    "externalId",
    "userName",
    "title",
    "dataSource",
    "email",
    "secondaryEmail",
    "phoneNumber",
    "secondaryPhoneNumber",
    "birthDate",
    "employmentDate",
    "employmentEndDate",
    "customFields",
];
const LISTS: [&str; 2] = ["userGroups", "additionalDepartments"];
const EXTENDED: [&str; 5] = ["gender", "initials", "registerNumber", "dutyPlanNumber", "employmentType"];

#[test]
fn a_value_is_set_whether_there_was_one_or_not() {
    let server = demo();
    let user = User::of(&server, 0);
    let filled = user.fill();
    let shown = user.get("v1.3");
    for name in OPTIONAL.iter().chain(&LISTS).chain(&EXTENDED) {
        let (path, value) = (format!("/{name}"), shown[*name].clone());
        assert!(filled.contains_key(*name));
        let empty = match *name {
            "customFields" => json!({}),
            name if LISTS.contains(&name) => json!([]),
            _ => json!(null),
        };
        for op in ["add", "replace"] {
            // A list is written back through the version that can say it, so nothing is lost on the way.
            let (version, value) = match *name {
                "customFields" => ("v1.4", user.get("v1.4")["customFields"].clone()),
                _ => ("v1.3", value.clone()),
            };
            for clear in [remove(&path), json!({"op": op, "path": path, "value": null})] {
                user.becomes(version, json!([clear]), json!({*name: empty}));
                // Nothing there is no obstacle to taking it away.
                user.quiet(version, json!([clear, remove(&path)]));
                let set = json!({"op": op, "path": path, "value": value});
                user.becomes(version, json!([set]), json!({*name: value}));
                user.quiet(version, json!([set]));
            }
        }
    }
    for (name, value) in [("name", json!("Ada")), ("title", json!("")), ("gender", json!("Male"))] {
        for op in ["add", "replace"] {
            let set = json!([{"op": op, "path": format!("/{name}"), "value": value}]);
            user.becomes("v1.3", set, json!({name: value}));
            user.patch("v1.3", json!([replace(name, filled[name].clone())]));
        }
    }
}

#[test]
fn what_is_required_cannot_go() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    user.untouched(|| {
        for version in VERSIONS {
            for path in ["/name", "/primaryDepartmentId"] {
                for operation in [
                    remove(path),
                    add(path, Value::Null),
                    json!({"op": "replace", "path": path, "value": null}),
                    moved(path, "/title"),
                ] {
                    user.refuses(version, json!([operation]), path);
                }
            }
            for blank in ["", " ", "\t\n", "\u{200b}", "\u{feff} ", "\u{2060}", "\u{3164}", "\u{2800}"] {
                user.refuses(version, json!([replace("name", blank)]), "/name");
            }
        }
    });
}

#[test]
fn values_have_their_types() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let any = [
        json!(7),
        json!(1.5),
        json!(true),
        json!("text"),
        json!(["x"]),
        json!({"x": 1}),
        json!([]),
        json!({}),
    ];
    let texts = ["name", "title", "externalId", "userName", "dataSource"];
    let forms = [
        "email",
        "secondaryEmail",
        "birthDate",
        "employmentDate",
        "employmentEndDate",
        "primaryDepartmentId",
    ];
    let extended = ["initials", "registerNumber", "dutyPlanNumber", "employmentType", "cardNumber"];
    let extended_forms = ["gender", "imageId", "memberCardId"];
    user.untouched(|| {
        for value in &any {
            for version in ["v1", "v1.4"] {
                let known = |names: &[&'static str]| if version == "v1" { vec![] } else { names.to_vec() };
                let refuse = |name: &str| {
                    let operations = json!([replace(name, value.clone())]);
                    user.refuses(version, operations, &format!("/{name}"));
                };
                if !value.is_string() {
                    texts.into_iter().chain(known(&extended)).for_each(refuse);
                }
                forms.into_iter().chain(known(&extended_forms)).for_each(refuse);
                if !value.is_object() {
                    refuse("phoneNumber");
                    refuse("secondaryPhoneNumber");
                    refuse("customFields");
                }
                if !value.is_array() {
                    refuse("userGroups");
                    refuse("additionalDepartments");
                }
            }
        }
        for value in [json!({}), json!({"x": 1})] {
            user.refuses("v1", json!([replace("phoneNumber", value)]), "/phoneNumber/countryCode");
        }
    });
}

#[test]
fn a_phone_number_has_two_parts() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    for (value, shown) in [
        (json!({"countryCode": 1, "number": "1"}), json!({"countryCode": 1, "number": "1"})),
        (json!({"countryCode": "358", "number": "1"}), json!({"countryCode": 358, "number": "1"})),
        (json!({"COUNTRYCODE": 999, "Number": "0"}), json!({"countryCode": 999, "number": "0"})),
        (
            json!({"countryCode": 45, "number": "12 34-56 78", "extension": "7", "type": {}}),
            json!({"countryCode": 45, "number": "12 34-56 78"}),
        ),
        (
            json!({"countryCode": 45, "number": "12345678901234567890"}),
            json!({"countryCode": 45, "number": "12345678901234567890"}),
        ),
    ] {
        user.becomes("v1", json!([replace("phoneNumber", value)]), json!({"phoneNumber": shown}));
    }
    for name in ["phoneNumber", "secondaryPhoneNumber"] {
        user.becomes(
            "v1",
            json!([replace(&format!("{name}/countryCode"), "47"), add(&format!("/{name}/number"), "9")]),
            json!({name: {"countryCode": 47, "number": "9"}}),
        );
    }
    user.becomes(
        "v1",
        json!([copied("/phoneNumber/number", "/title"), copied("/phoneNumber/countryCode", "/dataSource")]),
        json!({"title": "9", "dataSource": "47"}),
    );
    user.untouched(|| {
        for (value, below) in [
            (json!({"countryCode": 45}), "/number"),
            (json!({"number": "1"}), "/countryCode"),
            (json!({"countryCode": null, "number": "1"}), "/countryCode"),
            (json!({"countryCode": 0, "number": "1"}), "/countryCode"),
            (json!({"countryCode": -45, "number": "1"}), "/countryCode"),
            (json!({"countryCode": 1000, "number": "1"}), "/countryCode"),
            (json!({"countryCode": 4.5, "number": "1"}), "/countryCode"),
            (json!({"countryCode": "+45", "number": "1"}), "/countryCode"),
            (json!({"countryCode": "x", "number": "1"}), "/countryCode"),
            (json!({"countryCode": true, "number": "1"}), "/countryCode"),
            (json!({"countryCode": 45, "number": null}), "/number"),
            (json!({"countryCode": 45, "number": ""}), "/number"),
            (json!({"countryCode": 45, "number": "- -"}), "/number"),
            (json!({"countryCode": 45, "number": "+1"}), "/number"),
            (json!({"countryCode": 45, "number": "(12)"}), "/number"),
            (json!({"countryCode": 45, "number": 12345678}), "/number"),
            (json!({"countryCode": 45, "number": "123456789012345678901"}), "/number"),
        ] {
            for name in ["phoneNumber", "secondaryPhoneNumber"] {
                user.refuses("v1", json!([replace(name, value.clone())]), &format!("/{name}{below}"));
            }
        }
        for part in ["/phoneNumber/number", "/phoneNumber/countryCode"] {
            user.refuses("v1", json!([remove(part)]), part);
            user.refuses("v1", json!([moved(part, "/title")]), part);
        }
        // There is nothing to put a part into.
        for operation in [
            add("/phoneNumber/number", "1"),
            json!({"op": "replace", "path": "/phoneNumber/number", "value": "1"}),
        ] {
            user.refuses("v1", json!([remove("/phoneNumber"), operation]), "/phoneNumber/number");
        }
    });
}

#[test]
fn tests_compare_by_what_is_meant() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let ids = &server.seed().tenant.relesys;
    let (department, group) = (ids.department_ids[0].to_uppercase(), ids.user_group_ids[0].to_uppercase());
    let shown = user.get("v1");
    user.untouched(|| {
        for (path, value) in [
            ("/name", json!("New User A")),
            ("/birthDate", json!("2002-12-30")),
            ("/birthDate", json!("12-30-2002")),
            ("/birthDate", json!("2002-12-30T01:00:00.0000000+01:00")),
            ("/primaryDepartmentId", json!(department)),
            ("/userGroups/0/id", json!(group)),
            ("/userGroups/0", json!({"dataSource": "RelesysAPI", "id": group})),
            ("/userGroups", shown["userGroups"].clone()),
            ("/phoneNumber", json!({"number": "12345678", "countryCode": 45})),
            ("/phoneNumber/countryCode", json!("45")),
            ("/customFields/skills", json!("Marketing, Design")),
            ("/customFields", shown["customFields"].clone()),
        ] {
            user.quiet("v1", json!([test(path, value)]));
        }
        user.quiet(
            "v1",
            json!([remove("/title"), test("/title", Value::Null), add("/title", "User Title A")]),
        );
        user.quiet("v1.4", json!([test("/customFields/skills", json!(["Marketing", "Design"]))]));
        let reversed: Vec<_> = shown["userGroups"].as_array().unwrap().iter().rev().cloned().collect();
        for (path, value) in [
            ("/name", json!("new user a")),
            ("/name", json!(null)),
            ("/title", json!("")),
            ("/birthDate", json!("2002-12-31")),
            ("/birthDate", json!(null)),
            ("/primaryDepartmentId", json!(ids.department_ids[1])),
            ("/phoneNumber", json!({"number": "12345678"})),
            ("/phoneNumber", json!(null)),
            ("/phoneNumber/countryCode", json!(46)),
            ("/userGroups", json!(reversed)),
            ("/userGroups", json!([])),
            ("/userGroups/0/dataSource", json!("hr")),
            ("/userGroups/2", json!(null)),
            ("/userGroups/-", json!(null)),
            ("/customFields/Skills", json!("Marketing, Design")),
            ("/customFields/nothing", json!(null)),
        ] {
            user.refuses("v1", json!([replace("title", "No"), test(path, value)]), path);
        }
    });
}

#[test]
fn values_move_and_are_copied_where_they_fit() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    user.becomes("v1", json!([copied("/name", "/title")]), json!({"title": "New User A"}));
    user.becomes(
        "v1",
        json!([moved("/title", "/dataSource")]),
        json!({"title": null, "dataSource": "New User A"}),
    );
    user.becomes(
        "v1",
        json!([moved("/phoneNumber", "/secondaryPhoneNumber")]),
        json!({"phoneNumber": null, "secondaryPhoneNumber": {"countryCode": 45, "number": "12345678"}}),
    );
    // A copy is the value's own: what becomes of one is not seen in the other.
    user.becomes(
        "v1",
        json!([copied("/secondaryPhoneNumber", "/phoneNumber"), replace("phoneNumber/number", "1")]),
        json!({"phoneNumber": {"countryCode": 45, "number": "1"}}),
    );
    user.becomes(
        "v1",
        json!([copied("/employmentDate", "/birthDate")]),
        json!({"birthDate": "2018-12-30T13:30:00Z"}),
    );
    user.becomes("v1", json!([copied("/birthDate", "/title")]), json!({"title": "2018-12-30T13:30:00Z"}));
    user.becomes(
        "v1",
        json!([replace("title", "1999-02-28"), copied("/title", "/birthDate")]),
        json!({"title": "1999-02-28", "birthDate": "1999-02-28T00:00:00Z"}),
    );
    user.becomes(
        "v1.1",
        json!([replace("title", "Male"), copied("/title", "/gender")]),
        json!({"title": "Male", "gender": "Male"}),
    );
    user.becomes("v1", json!([copied("/secondaryEmail", "/title"), moved("/secondaryEmail", "/email")]), json!({"title": "businessmaila@testmail.com", "secondaryEmail": null, "email": "businessmaila@testmail.com"}));
    user.untouched(|| {
        for (from, path) in [
            ("/name", "/email"),
            ("/email", "/birthDate"),
            ("/name", "/primaryDepartmentId"),
            ("/phoneNumber", "/title"),
            ("/userGroups", "/title"),
            ("/title", "/userGroups"),
            ("/customFields", "/phoneNumber/number"),
        ] {
            user.refuses("v1", json!([copied(from, path)]), path);
        }
        user.refuses("v1", json!([moved("/phoneNumber", "/phoneNumber/number")]), "/phoneNumber/number");
        user.refuses(
            "v1",
            json!([moved("/customFields", "/customFields/customfieldone")]),
            "/customFields/customfieldone",
        );
        user.refuses("v1", json!([moved("/userGroups", "/userGroups/0")]), "/userGroups/0");
    });
}
