//! Departments and groups, which have places.

use crate::*;

fn group(id: &str) -> Value {
    json!({"id": id, "dataSource": "RelesysAPI"})
}

#[test]
fn entries_are_added_replaced_and_taken_out_by_their_place() {
    let add = |path: &str| json!([{"op": "add", "path": path, "value": {"id": GROUP_C.to_uppercase()}}]);
    for (operations, groups) in [
        (add("/userGroups/-"), json!([group(GROUP_A), group(GROUP_B), group(GROUP_C)])),
        (add("/userGroups/2"), json!([group(GROUP_A), group(GROUP_B), group(GROUP_C)])),
        (add("/userGroups/0"), json!([group(GROUP_C), group(GROUP_A), group(GROUP_B)])),
        (json!([{"op": "remove", "path": "/userGroups/0"}]), json!([group(GROUP_B)])),
        (
            replace("/userGroups/1", &json!({"id": GROUP_C, "dataSource": null})),
            json!([group(GROUP_A), {"id": GROUP_C, "dataSource": null}]),
        ),
        (
            replace("/userGroups", &json!([{"id": GROUP_C, "dataSource": "HR"}])),
            json!([{"id": GROUP_C, "dataSource": "HR"}]),
        ),
        (replace("/userGroups", &json!([])), json!([])),
        (
            replace(
                "/userGroups",
                &json!([{"id": GROUP_A}, {"id": GROUP_B}, {"id": GROUP_A, "dataSource": "HR"}]),
            ),
            json!([{"id": GROUP_A, "dataSource": "HR"}, group(GROUP_B)]),
        ),
        (
            replace("/userGroups/0/dataSource", &json!(null)),
            json!([{"id": GROUP_A, "dataSource": null}, group(GROUP_B)]),
        ),
    ] {
        becomes(V1, operations, json!({"userGroups": groups}));
    }
}

#[tokio::test]
async fn places_and_entries_have_to_be_right() {
    for (operation, path) in [
        (json!({"op": "add", "path": "/userGroups/3", "value": {"id": GROUP_C}}), "/userGroups/3"),
        (json!({"op": "add", "path": "/userGroups/00", "value": {"id": GROUP_C}}), "/userGroups/00"),
        (json!({"op": "remove", "path": "/userGroups/2"}), "/userGroups/2"),
        (json!({"op": "remove", "path": "/userGroups/-"}), "/userGroups/-"),
        (json!({"op": "replace", "path": "/userGroups/-", "value": {"id": GROUP_C}}), "/userGroups/-"),
        (json!({"op": "add", "path": "/userGroups/-", "value": GROUP_C}), "/userGroups/2"),
        (json!({"op": "add", "path": "/userGroups/-", "value": null}), "/userGroups/2"),
        (json!({"op": "add", "path": "/userGroups/-", "value": {}}), "/userGroups/2/id"),
        (json!({"op": "add", "path": "/userGroups/0", "value": {"id": 1}}), "/userGroups/0/id"),
        (
            json!({"op": "add", "path": "/userGroups/-", "value": {"id": GROUP_C, "dataSource": 1}}),
            "/userGroups/2/dataSource",
        ),
    ] {
        assert_eq!(named(V1, &ada(), json!([operation])).await, [path]);
    }
}

#[test]
fn the_primary_department_is_not_an_additional_one() {
    becomes(
        V1,
        json!([{"op": "add", "path": "/additionalDepartments/-", "value": {"id": DEPARTMENT}}]),
        json!({}),
    );
    let moved = patched(V1, &ada(), replace("/primaryDepartmentId", &json!(ADDITIONAL)));
    let user = shown(V1, &moved);
    assert_eq!(user["additionalDepartments"], json!([]));
    assert_eq!(user["departmentUrl"], format!("https://x.org/relesys/api/v1/departments/{ADDITIONAL}"));
}

#[test]
fn what_is_referred_to_is_looked_up() {
    let operations = json!([
        {"op": "add", "path": "/userGroups/-", "value": {"id": GROUP_C}},
        {"op": "replace", "path": "/primaryDepartmentId", "value": GROUP_C},
    ]);
    let references = applied(V1, &ada(), &operations).unwrap().references;
    let attributes: Vec<_> = references.iter().map(|reference| &reference.attribute).collect();
    assert!(attributes.contains(&&Attribute::Groups), "{attributes:?}");
    assert!(attributes.contains(&&Attribute::PrimaryDepartment), "{attributes:?}");
}
