//! Custom fields, whose values older versions know as texts only.

use crate::*;

fn skills() -> Value {
    json!({"skills": ["Marketing", "Design"]})
}

fn fields_after(version: Version, operations: Value) -> Value {
    shown(V1_4, &patched(version, &ada(), operations))["customFields"].clone()
}

#[test]
fn the_whole_set_is_replaced_and_one_field_alone_is_set() {
    for version in Version::ALL {
        let all = replace("/customFields", &json!({"customfieldtwo": "2", "shoe": null}));
        assert_eq!(fields_after(version, all), json!({"customfieldtwo": "2"}), "{version:?}");
        let one = json!([{"op": "add", "path": "/customFields/customfieldtwo", "value": ""}]);
        assert_eq!(
            fields_after(version, one),
            json!({"customfieldone": "Custom field 1", "customfieldtwo": "", "skills": ["Marketing", "Design"]})
        );
        for operation in [
            json!({"op": "remove", "path": "/customFields/customfieldone"}),
            json!({"op": "add", "path": "/customFields/customfieldone", "value": null}),
            json!({"op": "replace", "path": "/customFields/customfieldone", "value": null}),
        ] {
            assert_eq!(fields_after(version, json!([operation])), skills());
        }
        let moved =
            json!([{"op": "move", "from": "/customFields/customfieldone", "path": "/customFields/a~1b~0c"}]);
        assert_eq!(
            fields_after(version, moved),
            json!({"a/b~c": "Custom field 1", "skills": ["Marketing", "Design"]})
        );
    }
}

#[tokio::test]
async fn keys_are_exact_and_have_to_be_there() {
    for (operation, path) in [
        (json!({"op": "remove", "path": "/customFields/shoe"}), "/customFields/shoe"),
        (json!({"op": "replace", "path": "/customFields/shoe", "value": "1"}), "/customFields/shoe"),
        (json!({"op": "add", "path": "/customFields/Shoe", "value": "1"}), "/customFields/Shoe"),
        (json!({"op": "add", "path": "/customFields", "value": {"x/y~z": "1"}}), "/customFields/x~1y~0z"),
        (json!({"op": "add", "path": "/customFields", "value": {"": "1"}}), "/customFields/"),
        (json!({"op": "add", "path": "/customFields", "value": {"x".repeat(321): "1"}}), "/customFields"),
    ] {
        assert_eq!(named(V1_4, &ada(), json!([operation])).await, [path]);
    }
    let many: serde_json::Map<_, _> = (0..5_000).map(|n| (n.to_string(), json!("1"))).collect();
    assert_eq!(named(V1, &ada(), replace("/customFields", &many.into())).await.len(), 100);
}

#[test]
fn older_versions_write_a_list_of_one_and_leave_others_alone() {
    for version in [V1, V1_1, V1_3] {
        let one = replace("/customFields/skills", &json!("Marketing"));
        assert_eq!(
            fields_after(version, one),
            json!({"customfieldone": "Custom field 1", "skills": ["Marketing"]})
        );
        let same = json!({"customfieldone": "x", "skills": "Marketing, Design"});
        assert_eq!(
            fields_after(version, replace("/customFields", &same)),
            json!({"customfieldone": "x", "skills": ["Marketing", "Design"]})
        );
        let birthday = json!([{"op": "add", "path": "/customFields/birthday", "value": "2002-12-30"}]);
        assert_eq!(fields_after(version, birthday)["birthday"], "2002-12-30");
    }
}

#[tokio::test]
async fn older_versions_know_texts_only() {
    for value in [json!(1), json!(true), json!(["a"]), json!({}), json!([])] {
        for key in ["customfieldtwo", "skills", "birthday", "shoe"] {
            let path = format!("/customFields/{key}");
            let add = json!([{"op": "add", "path": path, "value": value}]);
            assert_eq!(named(V1_3, &ada(), add).await, [path]);
        }
    }
}

#[tokio::test]
async fn v1_4_takes_values_of_the_kind_of_the_field() {
    let add = |key: &str, value: &Value| json!([{"op": "add", "path": format!("/customFields/{key}"), "value": value}]);
    for (key, good) in [
        ("birthday", json!("2002-12-30")),
        ("skills", json!(["a", ""])),
        ("skills", json!([])),
        ("customfieldtwo", json!("x".repeat(4_000))),
        ("shoe", json!("43")),
    ] {
        assert_eq!(fields_after(V1_4, add(key, &good))[key], good);
    }
    for (key, bad) in [
        ("birthday", json!("12-30-2002")),
        ("birthday", json!("2002-12-30T00:00:00Z")),
        ("birthday", json!("2002-02-30")),
        ("birthday", json!(["2002-12-30"])),
        ("skills", json!("Marketing")),
        ("skills", json!(["a", null])),
        ("skills", json!([["a"]])),
        ("skills", json!(["x".repeat(4_001)])),
        ("customfieldtwo", json!(["x"])),
        ("customfieldtwo", json!("x".repeat(4_001))),
        ("customfieldtwo", json!(1)),
        ("shoe", json!(43)),
        ("shoe", json!({"x": 1})),
    ] {
        let path = format!("/customFields/{key}");
        assert_eq!(named(V1_4, &ada(), add(key, &bad)).await, [path], "{bad}");
    }
    let inside = json!([
        {"op": "test", "path": "/customFields/skills/0", "value": "Marketing"},
        {"op": "add", "path": "/customFields/skills/-", "value": "Sales"},
    ]);
    assert_eq!(fields_after(V1_4, inside)["skills"], json!(["Marketing", "Design", "Sales"]));
}

#[test]
fn a_value_without_a_definition_stays_and_can_go() {
    let mut record = ada();
    record.related_mut().custom_fields.clear();
    let after = patched(V1, &record, json!([{"op": "remove", "path": "/customFields/customfieldone"}]));
    assert_eq!(shown(V1_4, &after)["customFields"], skills());
}
