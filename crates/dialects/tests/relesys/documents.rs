//! Patch documents as wholes: how they are read, what they may address, and one of everything.

use crate::*;

#[test]
fn the_documented_example_does_what_it_says() {
    becomes(
        V1,
        json!([
            {"value": "My patched name", "path": "/name", "op": "add"},
            {"value": {"countryCode": 45, "number": "11223344"}, "path": "/phoneNumber", "op": "replace"},
            {"path": "/title", "op": "remove"},
            {"value": {"customfieldone": "Custom field 1", "customfieldtwo": "Custom field 2"},
             "path": "/customFields", "op": "add"},
        ]),
        json!({
            "name": "My patched name",
            "phoneNumber": {"countryCode": 45, "number": "11223344"},
            "title": null,
            "customFields": {"customfieldone": "Custom field 1", "customfieldtwo": "Custom field 2"},
        }),
    );
    becomes(
        V1_3,
        json!([
            {"op": "replace", "path": "/gender", "value": "Male"},
            {"op": "add", "path": "/initials", "value": "MPN"},
            {"op": "add", "path": "/registerNumber", "value": "R-12345"},
            {"op": "add", "path": "/dutyPlanNumber", "value": "D-67890"},
            {"op": "replace", "path": "/imageId", "value": CARD.to_uppercase()},
            {"op": "replace", "path": "/memberCardId", "value": CARD},
            {"op": "replace", "path": "/cardNumber", "value": "1234567890"},
        ]),
        json!({
            "gender": "Male", "initials": "MPN", "registerNumber": "R-12345", "dutyPlanNumber": "D-67890",
            "image": {"id": CARD, "downloadUrl": null, "referenceUrl": null, "contentType": null, "fileName": null},
            "memberCard": {"name": null, "cardNumber": "1234567890", "id": CARD, "url": null},
        }),
    );
    let fields = json!({"customfieldone": "Custom field 1", "birthday": "2002-12-30", "skills": ["Marketing", "Design"]});
    becomes(V1_4, replace("/customFields", &fields), json!({"customFields": fields}));
}

#[test]
fn an_empty_patch_and_one_that_changes_nothing_are_quiet() {
    for operations in [
        json!([]),
        replace("/name", &json!("New User A")),
        replace("/Name", &json!("New User A")),
        replace("/primaryDepartmentId", &json!(DEPARTMENT.to_uppercase())),
        replace("/birthDate", &json!("2002-12-30")),
        replace("/phoneNumber", &json!({"number": "12345678", "countryCode": "45"})),
        replace("/userGroups/0/id", &json!(GROUP_A.to_uppercase())),
        replace("/customFields/skills", &json!("Marketing, Design")),
        json!([{"op": "remove", "path": "/title"}, {"op": "add", "path": "/title", "value": "User Title A"}]),
        json!([{"op": "move", "path": "/title", "from": "/title"}]),
        json!([{"op": "add", "path": "/additionalDepartments/-", "value": {"id": DEPARTMENT}}]),
    ] {
        quiet(V1, operations);
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_refused() {
    for body in [
        "",
        " ",
        "{}",
        "null",
        "[1]",
        "[null]",
        "[[]]",
        "[",
        "\u{feff}[]",
        r#"[{"path":"/name","value":"x"}]"#,
        r#"[{"op":"merge","path":"/name","value":"x"}]"#,
        r#"[{"op":"replace","value":"x"}]"#,
        r#"[{"op":"replace","path":"name","value":"x"}]"#,
        r#"[{"op":"replace","path":"/na~2me","value":"x"}]"#,
        r#"[{"op":"replace","path":"/name"}]"#,
        r#"[{"op":"add","path":"/name"}]"#,
        r#"[{"op":"test","path":"/name"}]"#,
        r#"[{"op":"move","path":"/name"}]"#,
        r#"[{"op":"copy","path":"/name"}]"#,
    ] {
        let error = read(V1, body.as_bytes()).unwrap_err();
        assert_eq!(answer(error).await.0, 400, "{body}");
    }
    let operation = json!({"op": "test", "path": "/name", "value": "New User A"});
    quiet(V1, vec![operation.clone(); 1000].into());
    assert!(read(V1, Value::from(vec![operation; 1001]).to_string().as_bytes()).is_err());
}

#[test]
fn operations_are_spelled_in_any_case_and_may_say_more() {
    becomes(
        V1,
        json!([{"op": "Replace", "path": "/TITLE", "value": "x", "from": 1, "comment": {}}]),
        json!({"title": "x"}),
    );
}

#[tokio::test]
async fn paths_outside_the_update_model_are_unknown() {
    let mut unknown = vec![
        "",
        "/",
        "/nmae",
        "/id",
        "/url",
        "/departmentUrl",
        "/status",
        "/creationDateTime",
        "/lastModifiedDateTime",
        "/password",
        "/image",
        "/memberCard",
        "//name",
        "/name/",
        "/name/first",
        "/phoneNumber/extension",
        "/userGroups/0/name",
        "/customFields/customfieldone/x",
    ];
    let extended = [
        "/gender",
        "/initials",
        "/registerNumber",
        "/dutyPlanNumber",
        "/imageId",
        "/memberCardId",
        "/cardNumber",
        "/employmentType",
    ];
    for version in [V1, V1_3] {
        if version == V1 {
            unknown.extend(extended);
        } else {
            unknown.retain(|path| !extended.contains(path));
        }
        for path in &unknown {
            for operation in [
                json!({"op": "add", "path": path, "value": "x"}),
                json!({"op": "replace", "path": path, "value": null}),
                json!({"op": "remove", "path": path}),
                json!({"op": "test", "path": path, "value": null}),
                json!({"op": "copy", "path": path, "from": "/title"}),
            ] {
                assert_eq!(named(version, &ada(), json!([operation])).await, [*path]);
            }
            for op in ["copy", "move"] {
                let from = json!([{"op": op, "from": path, "path": "/title"}]);
                assert_eq!(named(version, &ada(), from).await, ["/title"]);
            }
        }
    }
}

#[tokio::test]
async fn the_first_failing_operation_is_named_and_nothing_is_applied() {
    let operations = json!([
        {"op": "replace", "path": "/title", "value": "x"},
        {"op": "replace", "path": "/nmae", "value": "x"},
        {"op": "test", "path": "/title", "value": "y"},
    ]);
    let error = change(V1, &ada(), &operations).unwrap_err();
    let (status, body) = answer(error).await;
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!({
            "errorCode": "400",
            "message": "The patch document could not be applied.",
            "errors": {"/nmae": ["Unknown path."]},
        })
    );
}

#[tokio::test]
async fn members_that_are_shown_and_cannot_be_written_are_called_read_only() {
    for (version, names) in [
        (V1, &["id", "url", "departmentUrl", "status", "creationDateTime", "lastModifiedDateTime"][..]),
        (V1_4, &["status", "lastModifiedDateTime", "image", "memberCard"]),
    ] {
        for name in names {
            let path = format!("/{name}");
            let message = format!("{name} is read-only: leave it out of the patch.");
            for operation in [
                json!({"op": "replace", "path": path, "value": "x"}),
                json!({"op": "test", "path": path, "value": null}),
                json!({"op": "remove", "path": path}),
                json!({"op": "copy", "path": path, "from": "/title"}),
            ] {
                let (status, body) = answer(change(version, &ada(), &json!([operation])).unwrap_err()).await;
                assert_eq!((status, &body["errors"]), (400, &json!({&path: [message]})), "{operation}");
            }
            let from = json!([{"op": "copy", "path": "/title", "from": path.to_uppercase()}]);
            let (_, body) = answer(change(version, &ada(), &from).unwrap_err()).await;
            assert_eq!(body["errors"], json!({"/title": [message]}));
        }
    }
    for unknown in ["/image", "/memberCard/id", "/password", "/imageid"] {
        let operations = json!([{"op": "replace", "path": unknown, "value": "x"}]);
        let (_, body) = answer(change(V1, &ada(), &operations).unwrap_err()).await;
        assert_eq!(body["errors"], json!({unknown: ["Unknown path."]}));
    }
}

#[test]
fn only_the_last_state_has_to_be_valid() {
    becomes(
        V1,
        json!([
            {"op": "remove", "path": "/name"},
            {"op": "replace", "path": "/email", "value": 1},
            {"op": "move", "from": "/title", "path": "/name"},
            {"op": "replace", "path": "/email", "value": "x@y"},
        ]),
        json!({"name": "User Title A", "title": null, "email": "x@y"}),
    );
}

#[test]
fn definitions_are_asked_for_where_custom_fields_are_mentioned() {
    let includes =
        |operations: Value| read(V1, operations.to_string().as_bytes()).unwrap().include().custom_fields;
    assert!(!includes(replace("/name", &json!("x"))));
    assert!(includes(replace("/CustomFields/x", &json!("x"))));
    assert!(includes(json!([{"op": "copy", "from": "/title", "path": "/customFields/x"}])));
}

#[tokio::test]
async fn a_patch_that_grows_by_copying_itself_is_refused() {
    let copies: Vec<_> = (0..64)
        .map(|n| json!({"op": "copy", "from": "/customFields", "path": format!("/customFields/{}", n % 2)}))
        .collect();
    assert_eq!(named(V1_4, &ada(), copies.into()).await.len(), 1);
}

/// The first of the design's hard cases.
#[test]
fn a_patch_through_v1_changes_what_it_names_and_nothing_else() {
    let mut record = ada();
    record.person_mut().nickname = Some("Ace".into());
    record.person_mut().image = CARD.parse().ok();
    let source = Source::Replay(record.membership.organization);
    record.person_mut().identities.push(Identity { source, value: "clp".into() });
    let operations = json!([
        {"op": "test", "path": "/userGroups/0", "value": {"id": GROUP_A, "dataSource": "RelesysAPI"}},
        {"op": "remove", "path": "/userGroups/0"},
        {"op": "add", "path": "/userGroups/-", "value": {"id": GROUP_C}},
        {"op": "copy", "from": "/name", "path": "/title"},
        {"op": "add", "path": "/customFields/customfieldtwo", "value": "2"},
    ]);
    let change = change(V1, &record, &operations).unwrap();
    let expected = PersonChange {
        groups: Change::Set(vec![entry(GROUP_B), entry(GROUP_C)]),
        title: Change::Set("New User A".into()),
        custom_fields: [("customfieldtwo".into(), Change::Set(CustomValue::Text("2".into())))].into(),
        ..PersonChange::default()
    };
    assert_eq!(change, expected);
    let mut person = Person::clone(&record.person);
    person.groups = vec![entry(GROUP_B), entry(GROUP_C)];
    person.title = Some("New User A".into());
    person.custom_fields.insert("customfieldtwo".into(), CustomValue::Text("2".into()));
    person.version += 1;
    person.updated_at = at("2026-01-01T00:00:00Z");
    assert_eq!(*patched(V1, &record, operations).person, person);
}

#[tokio::test]
async fn refusals_of_the_directory_name_the_path() {
    let group = GroupId(Uuid::nil()).to_string();
    let department = DepartmentId(Uuid::nil()).to_string();
    for (refusal, path) in [
        (Refusal::Taken { attribute: Attribute::Email }, "/email"),
        (Refusal::Taken { attribute: Attribute::UserName }, "/userName"),
        (Refusal::Taken { attribute: Attribute::ExternalId }, "/externalId"),
        (Refusal::Unknown { attribute: Attribute::Groups, value: group }, "/userGroups"),
        (
            Refusal::Unknown { attribute: Attribute::PrimaryDepartment, value: department.clone() },
            "/primaryDepartmentId",
        ),
        (
            Refusal::Unknown { attribute: Attribute::AdditionalDepartments, value: department },
            "/additionalDepartments",
        ),
        (
            Refusal::Unknown { attribute: Attribute::CustomField("a/b".into()), value: "a/b".into() },
            "/customFields/a~1b",
        ),
        (Refusal::invalid(Attribute::CardNumber, "must not be set without a member card"), "/cardNumber"),
    ] {
        let (status, body) = answer(refusal.into()).await;
        assert_eq!(status, 400);
        assert_eq!(body["errors"].as_object().unwrap().keys().collect::<Vec<_>>(), [path]);
    }
    let (status, body) = answer(Refusal::invalid(Attribute::Groups, "is too large").into()).await;
    assert_eq!((status, &body["errors"]), (400, &json!({"/userGroups": ["Is too large."]})));
    let (status, body) = answer(Refusal::invalid(Attribute::Lang, "is too large").into()).await;
    let message = "A value that this API cannot write is too large.";
    assert_eq!((status, body), (400, json!({"errorCode": "400", "message": message})));
}
