//! Departments and user groups: places in a list, and references that have to exist.

use serde_json::{Value, json};

use super::{NOBODY, User, VERSIONS, add, copied, moved, remove, replace, test};
use crate::demo;

fn entry(id: &str) -> Value {
    json!({"id": id, "dataSource": "RelesysAPI"})
}

#[test]
fn entries_have_places() {
    let server = demo();
    let user = User::of(&server, 0);
    let filled = user.fill();
    let ids = &server.seed().tenant.relesys;
    let departments: Vec<&str> = ids.department_ids[1..].iter().map(String::as_str).collect();
    let groups: Vec<&str> = ids.user_group_ids.iter().map(String::as_str).collect();
    for (name, ids) in [("userGroups", groups), ("additionalDepartments", departments)] {
        let [a, b, c] = [ids[0], ids[1], ids[2]];
        let path = |rest: &str| format!("/{name}{rest}");
        let two = json!([entry(a), entry(b)]);
        let put = |rest: &str, id: &str| json!([add(&path(rest), json!({"id": id}))]);
        let replaced =
            |rest: &str, value: Value| json!([{"op": "replace", "path": path(rest), "value": value}]);
        user.patch("v1", json!([replace(name, json!([]))]));
        user.becomes("v1", put("/-", a), json!({name: [entry(a)]}));
        for (operations, after) in [
            (put("/-", c), json!([entry(a), entry(b), entry(c)])),
            (put("/2", c), json!([entry(a), entry(b), entry(c)])),
            (put("/1", c), json!([entry(a), entry(c), entry(b)])),
            (put("/0", &c.to_uppercase()), json!([entry(c), entry(a), entry(b)])),
            (json!([remove(&path("/0"))]), json!([entry(b)])),
            (json!([remove(&path("/1"))]), json!([entry(a)])),
            (json!([remove(&path("/0")), remove(&path("/0"))]), json!([])),
            (replaced("/1", json!({"id": c})), json!([entry(a), entry(c)])),
            (replaced("/0/id", json!(c)), json!([entry(c), entry(b)])),
            (replaced("/0/dataSource", json!("HR")), json!([{"id": a, "dataSource": "HR"}, entry(b)])),
            (replaced("/0/dataSource", Value::Null), json!([{"id": a, "dataSource": null}, entry(b)])),
            (
                replaced("/1", json!({"id": b, "dataSource": null})),
                json!([entry(a), {"id": b, "dataSource": null}]),
            ),
            (replaced("", json!([entry(c)])), json!([entry(c)])),
            (
                json!([add(&path(""), json!([{"ID": b, "DataSource": "HR", "name": "x"}]))]),
                json!([{"id": b, "dataSource": "HR"}]),
            ),
            (replaced("", json!([])), json!([])),
            (json!([remove(&path(""))]), json!([])),
            (json!([moved(&path("/0"), &path("/1"))]), json!([entry(b), entry(a)])),
            (json!([moved(&path("/0"), &path("/-"))]), json!([entry(b), entry(a)])),
            (
                json!([replaced("/0/dataSource", json!("HR"))[0], copied(&path("/0"), &path("/-"))]),
                json!([{"id": a, "dataSource": "HR"}, entry(b)]),
            ),
            // The same one twice is one, in its first place with its last source.
            (put("/-", a), two.clone()),
            (
                json!([add(&path("/-"), json!({"id": a, "dataSource": "HR"}))]),
                json!([{"id": a, "dataSource": "HR"}, entry(b)]),
            ),
            (
                replaced("", json!([{"id": b}, {"id": a}, {"id": b.to_uppercase(), "dataSource": null}])),
                json!([{"id": b, "dataSource": null}, entry(a)]),
            ),
        ] {
            user.patch("v1", json!([replace(name, two.clone())]));
            match after == two {
                true => user.quiet("v1", operations),
                false => user.becomes("v1", operations, json!({name: after})),
            }
            // The order is as stored, for every version and every read.
            for version in VERSIONS {
                assert_eq!(user.get(version)[name], after, "{version}");
            }
        }
        user.patch("v1", json!([replace(name, filled[name].clone())]));
    }
}

#[test]
fn places_and_entries_have_to_be_right() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let id = &server.seed().tenant.relesys.user_group_ids[2];
    user.untouched(|| {
        for place in ["3", "00", "01", "+1", "-1", "1.0", "1e0", "x", "", "99999999999999999999999"] {
            let path = format!("/userGroups/{place}");
            for operation in [
                add(&path, json!({"id": id})),
                json!({"op": "replace", "path": path, "value": {"id": id}}),
                remove(&path),
                test(&path, Value::Null),
                copied("/userGroups/0", &path),
            ] {
                user.refuses("v1", json!([operation]), &path);
            }
            user.refuses("v1", json!([copied(&path, "/userGroups/0")]), "/userGroups/0");
        }
        // A place to add, and nothing else: not the last element, as ASP.NET has it.
        for path in ["/userGroups/-", "/userGroups/2"] {
            user.refuses("v1", json!([remove(path)]), path);
            user.refuses("v1", json!([{"op": "replace", "path": path, "value": {"id": id}}]), path);
            user.refuses("v1", json!([copied(path, "/userGroups/0")]), "/userGroups/0");
        }
        for (value, below) in [
            (json!(id), ""),
            (json!(null), ""),
            (json!([]), ""),
            (json!({}), "/id"),
            (json!({"dataSource": "HR"}), "/id"),
            (json!({"id": null}), "/id"),
            (json!({"id": 1}), "/id"),
            (json!({"id": "x"}), "/id"),
            (json!({"id": id.replace('-', "")}), "/id"),
            (json!({"id": id, "dataSource": 1}), "/dataSource"),
            (json!({"id": id, "dataSource": "x".repeat(256)}), "/dataSource"),
        ] {
            for name in ["userGroups", "additionalDepartments"] {
                user.refuses(
                    "v1",
                    json!([add(&format!("/{name}/0"), value.clone())]),
                    &format!("/{name}/0{below}"),
                );
                user.refuses("v1", json!([replace(name, json!([value]))]), &format!("/{name}/0{below}"));
            }
        }
    });
}

#[test]
fn references_exist_in_the_tenant() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let (own, foreign) = (&server.seed().tenant.relesys, &server.seed().stranger.relesys);
    user.untouched(|| {
        for version in VERSIONS {
            for department in [NOBODY, &foreign.department_ids[0], &own.user_group_ids[0], &user.id] {
                user.refuses(
                    version,
                    json!([replace("primaryDepartmentId", department)]),
                    "/primaryDepartmentId",
                );
                let additional = add("/additionalDepartments/-", json!({"id": department}));
                user.refuses(version, json!([replace("title", "No"), additional]), "/additionalDepartments");
            }
            for group in [NOBODY, &foreign.user_group_ids[0], &own.department_ids[0], &user.id] {
                let group = add("/userGroups/0", json!({"id": group}));
                user.refuses(version, json!([replace("title", "No"), group]), "/userGroups");
            }
        }
    });
    for department in &own.department_ids {
        let department = department.as_str();
        let after = user.patch("v1", json!([replace("primaryDepartmentId", department)]));
        assert_eq!(after["primaryDepartmentId"], department);
        assert_eq!(after["departmentUrl"], format!("{}/api/v1/departments/{department}", server.url));
        assert_eq!(user.get("v1"), after);
    }
    for group in &own.user_group_ids {
        let after = user.patch("v1.4", json!([replace("userGroups", json!([{"id": group}]))]));
        assert_eq!(after["userGroups"], json!([entry(group)]));
    }
}

#[test]
fn the_primary_department_is_not_an_additional_one() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let ids = &server.seed().tenant.relesys.department_ids;
    user.quiet("v1", json!([add("/additionalDepartments/0", json!({"id": ids[0], "dataSource": "HR"}))]));
    user.becomes(
        "v1",
        json!([replace("additionalDepartments", json!([{"id": ids[2]}, {"id": ids[0]}, {"id": ids[1]}]))]),
        json!({"additionalDepartments": [entry(&ids[2]), entry(&ids[1])]}),
    );
    user.becomes(
        "v1",
        json!([replace("primaryDepartmentId", ids[1].to_uppercase())]),
        json!({
            "primaryDepartmentId": ids[1],
            "departmentUrl": format!("{}/api/v1/departments/{}", server.url, ids[1]),
            "additionalDepartments": [entry(&ids[2])],
        }),
    );
}
