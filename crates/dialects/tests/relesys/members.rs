//! What a patch makes of the members with one value.

use crate::*;

#[test]
fn what_is_removed_or_null_is_empty_afterwards() {
    for (path, member, empty) in [
        ("/title", "title", json!(null)),
        ("/externalId", "externalId", json!(null)),
        ("/userName", "userName", json!(null)),
        ("/email", "email", json!(null)),
        ("/phoneNumber", "phoneNumber", json!(null)),
        ("/birthDate", "birthDate", json!(null)),
        ("/employmentEndDate", "employmentEndDate", json!(null)),
        ("/gender", "gender", json!(null)),
        ("/userGroups", "userGroups", json!([])),
        ("/additionalDepartments", "additionalDepartments", json!([])),
        ("/customFields", "customFields", json!({})),
    ] {
        for operation in [
            json!({"op": "remove", "path": path}),
            json!({"op": "add", "path": path, "value": null}),
            json!({"op": "replace", "path": path, "value": null}),
        ] {
            becomes(V1_4, json!([operation, operation]), json!({member: empty}));
        }
    }
}

#[tokio::test]
async fn what_is_required_cannot_go() {
    for (path, value) in [
        ("/name", json!(null)),
        ("/name", json!("")),
        ("/name", json!(" \t")),
        ("/primaryDepartmentId", json!(null)),
    ] {
        assert_eq!(named(V1, &ada(), replace(path, &value)).await, [path]);
    }
    assert_eq!(named(V1, &ada(), json!([{"op": "remove", "path": "/name"}])).await, ["/name"]);
    let moved = json!([{"op": "move", "from": "/primaryDepartmentId", "path": "/title"}]);
    assert_eq!(named(V1, &ada(), moved).await, ["/primaryDepartmentId"]);
}

#[test]
fn what_is_missing_already_stands_in_nobodys_way() {
    let mut record = ada();
    record.person_mut().primary_department = None;
    record.person_mut().name = Name::default();
    let after = patched(
        V1,
        &record,
        json!([
            {"op": "test", "path": "/primaryDepartmentId", "value": null},
            {"op": "remove", "path": "/primaryDepartmentId"},
            {"op": "replace", "path": "/name", "value": ""},
            {"op": "replace", "path": "/title", "value": "x"},
        ]),
    );
    assert_eq!(after.person.title.as_deref(), Some("x"));
    assert_eq!(after.person.primary_department, None);
}

#[tokio::test]
async fn values_have_their_types_lengths_and_forms() {
    let long = "x".repeat(256);
    let mail = format!("{}@x.org", "x".repeat(250));
    for (path, wrong) in [
        ("/name", json!(1)),
        ("/name", json!(long)),
        ("/title", json!(true)),
        ("/title", json!(["x"])),
        ("/title", json!(long)),
        ("/initials", json!(long)),
        ("/dataSource", json!(long)),
        ("/employmentType", json!({})),
        ("/registerNumber", json!(12345)),
        ("/userName", json!("")),
        ("/userName", json!(long)),
        ("/externalId", json!("")),
        ("/externalId", json!(7)),
        ("/externalId", json!(long)),
        ("/email", json!("x")),
        ("/email", json!("@x")),
        ("/email", json!("x@")),
        ("/email", json!("x@y@z")),
        ("/email", json!(mail)),
        ("/secondaryEmail", json!("x@ y")),
        ("/gender", json!("female")),
        ("/gender", json!(1)),
        ("/birthDate", json!("yesterday")),
        ("/birthDate", json!(20021230)),
        ("/primaryDepartmentId", json!("x")),
        ("/primaryDepartmentId", json!(DEPARTMENT.replace('-', ""))),
        ("/imageId", json!("https://x.org/a.png")),
        ("/memberCardId", json!(1)),
        ("/phoneNumber", json!("+45 12345678")),
        ("/userGroups", json!({})),
        ("/customFields", json!([])),
        ("/customFields", json!("x")),
    ] {
        assert_eq!(named(V1_3, &ada(), replace(path, &wrong)).await, [path], "{wrong}");
    }
    becomes(V1, replace("/title", &json!("x".repeat(255))), json!({"title": "x".repeat(255)}));
    becomes(V1, replace("/title", &json!("")), json!({"title": ""}));
    becomes(
        V1,
        replace("/title", &json!("\u{1f600}".repeat(255))),
        json!({"title": "\u{1f600}".repeat(255)}),
    );
}

#[test]
fn the_empty_text_clears_what_has_a_form_of_its_own() {
    for member in ["email", "secondaryEmail", "gender", "birthDate", "employmentDate", "employmentEndDate"] {
        let path = format!("/{member}");
        let written = match member {
            "email" | "secondaryEmail" => json!("new@example.com"),
            "gender" => json!("Male"),
            _ => json!("2002-12-30"),
        };
        let set = patched(V1_4, &ada(), replace(&path, &written));
        assert_ne!(shown(V1_4, &set)[member], Value::Null);
        let cleared = patched(V1_4, &set, replace(&path, &json!("")));
        assert_eq!(shown(V1_4, &cleared)[member], Value::Null, "{member}");
        let applied = applied(V1_4, &cleared, &replace(&path, &json!(""))).unwrap();
        assert_eq!(applied.changes, [], "{member} is as it was");
    }
}

#[tokio::test]
async fn a_text_without_a_character_that_is_seen_is_no_name() {
    for blank in
        ["\u{200b}", " \u{feff}", "\u{2060}", "\u{ad}", "\u{180e}", "\u{3164}", "\u{2800}", "\u{202e}\t"]
    {
        assert_eq!(named(V1, &ada(), replace("/name", &json!(blank))).await, ["/name"], "{blank:?}");
    }
    becomes(V1, replace("/name", &json!("\u{200b}Ada")), json!({"name": "\u{200b}Ada"}));
    for hidden in ["ad\u{200b}a@x.org", "ada@x\u{202e}.org", "\u{feff}ada@x.org"] {
        assert_eq!(named(V1, &ada(), replace("/email", &json!(hidden))).await, ["/email"], "{hidden:?}");
    }
}

/// A value of the wrong form for each member, and the right one that the answer shows.
#[tokio::test]
async fn what_has_the_wrong_form_is_shown_a_right_value() {
    for (path, wrong, right) in [
        ("/birthDate", json!("yesterday"), json!("2026-11-25T08:30:00")),
        ("/employmentDate", json!(7), json!("2026-11-25T08:30:00")),
        ("/email", json!("x"), json!("ada@example.com")),
        ("/gender", json!("female"), json!("Female")),
        ("/gender", json!(1), json!("Male")),
        ("/imageId", json!("x"), json!("202ac2f0-748c-452f-8393-180f9366e174")),
        ("/primaryDepartmentId", json!(null), json!("202ac2f0-748c-452f-8393-180f9366e174")),
        ("/phoneNumber", json!("+45 12345678"), json!({"countryCode": 45, "number": "12345678"})),
        ("/phoneNumber/countryCode", json!("x"), json!(45)),
        ("/phoneNumber/number", json!("x"), json!("12 34 56 78")),
        ("/userGroups", json!({}), json!([{"id": "5d3d281b-2f0a-4c6e-9d4b-6a1d0c7f3e52"}])),
        ("/userGroups/0", json!("x"), json!({"id": "5d3d281b-2f0a-4c6e-9d4b-6a1d0c7f3e52"})),
        ("/customFields", json!("x"), json!({"shoeSize": "42"})),
        ("/title", json!(7), json!("text")),
    ] {
        let (_, body) = answer(change(V1_4, &ada(), &replace(path, &wrong)).map(|_| ()).unwrap_err()).await;
        let text = body["errors"][path][0].as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned();
        let shown = right.as_str().map_or_else(|| right.to_string(), str::to_owned);
        // Blanks are for people.
        assert!(text.replace(' ', "").contains(&shown.replace(' ', "")), "{path}: {text}");
        if path != "/customFields" {
            change(V1_4, &ada(), &replace(path, &right)).unwrap();
        }
    }
}

#[tokio::test]
async fn no_text_holds_the_character_nul() {
    for path in [
        "/name",
        "/externalId",
        "/userName",
        "/title",
        "/dataSource",
        "/email",
        "/secondaryEmail",
        "/initials",
        "/employmentType",
        "/registerNumber",
        "/dutyPlanNumber",
        "/cardNumber",
        "/phoneNumber/number",
        "/userGroups/0/dataSource",
        "/customFields/customfieldone",
    ] {
        let operation = json!([{"op": "add", "path": path, "value": "A\0B"}]);
        let (status, body) = answer(change(V1_4, &ada(), &operation).unwrap_err()).await;
        let message = "Must not hold the character U+0000.";
        assert_eq!((status, &body["errors"]), (400, &json!({path: [message]})), "{path}");
    }
}

#[tokio::test]
async fn every_mistake_is_named() {
    let operations = json!([
        {"op": "replace", "path": "/NAME", "value": ""},
        {"op": "replace", "path": "/email", "value": "x"},
        {"op": "replace", "path": "/userGroups/1/id", "value": "x"},
        {"op": "add", "path": "/customFields/nope", "value": "x"},
    ]);
    let names = ["/customFields/nope", "/email", "/name", "/userGroups/1/id"];
    assert_eq!(named(V1, &ada(), operations).await, names);
}

#[test]
fn dates_are_taken_in_every_documented_form() {
    for (sent, shown) in [
        ("1999-02-28", "1999-02-28T00:00:00Z"),
        ("02-28-1999", "1999-02-28T00:00:00Z"),
        ("1999-02-28T13:30", "1999-02-28T13:30:00Z"),
        ("1999-02-28T13:30:05", "1999-02-28T13:30:05Z"),
        ("1999-02-28 13:30:05Z", "1999-02-28T13:30:05Z"),
        ("1999-02-28t13:30:05z", "1999-02-28T13:30:05Z"),
        ("1999-02-28T13:30:05.5Z", "1999-02-28T13:30:05.5Z"),
        ("1999-02-28T13:30:05.1234567Z", "1999-02-28T13:30:05.1234567Z"),
        ("1999-02-28T13:30:05.12345678901234567890Z", "1999-02-28T13:30:05.1234567Z"),
        ("1999-02-28T13:30:05.00000009Z", "1999-02-28T13:30:05Z"),
        ("1999-02-28T23:30:00-02:00", "1999-03-01T01:30:00Z"),
        ("1999-02-28T00:30:00+0100", "1999-02-27T23:30:00Z"),
        ("1999-02-28T00:30+14", "1999-02-27T10:30:00Z"),
        ("2000-02-29", "2000-02-29T00:00:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z"),
        ("12-31-9999", "9999-12-31T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999Z"),
        ("9999-12-31T23:59:59+14:00", "9999-12-31T09:59:59Z"),
    ] {
        becomes(V1, replace("/birthDate", &json!(sent)), json!({"birthDate": shown}));
    }
}

#[tokio::test]
async fn what_is_no_date_is_refused() {
    for bad in [
        " ",
        "1999",
        "1999-2-28",
        "1999-02-29",
        "28-02-1999",
        "1999/02/28",
        "19990228",
        "1999-02-28T",
        "1999-02-28T1:30",
        "1999-02-28T24:00",
        "1999-02-28T13:60",
        "1999-02-28T13:30:61",
        "1999-02-28T13:30:",
        "1999-02-28T13:30:05.Z",
        "1999-02-28T13:30.5",
        "1999-02-28T13:30:05,5Z",
        "1999-02-28T13:30:05ZZ",
        "1999-02-28T13:30:05+",
        "1999-02-28T13:30:05+1",
        "1999-02-28T13:30:05+15:00",
        "1999-02-28T13:30:05+01:60",
        "1999-02-28T13:30:05[UTC]",
        "1999-02-28Z",
        "02-28-1999T10:00",
        " 1999-02-28",
        "0000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:00:00-01:00",
        "10000-01-01",
        "+1999-02-28",
        "1999-02-28\u{a0}",
        "\u{661}999-02-28",
        "-999-02-28",
        "1999-+2-28",
    ] {
        assert_eq!(named(V1, &ada(), replace("/birthDate", &json!(bad))).await, ["/birthDate"], "{bad:?}");
    }
}

#[test]
fn phones_are_whole_and_codes_may_be_digits() {
    for (sent, number) in [
        (json!({"countryCode": 1, "number": "1"}), json!({"countryCode": 1, "number": "1"})),
        (json!({"countryCode": "358", "number": "1"}), json!({"countryCode": 358, "number": "1"})),
        (json!({"CountryCode": 999.0, "NUMBER": "1"}), json!({"countryCode": 999, "number": "1"})),
        (
            json!({"countryCode": 45, "number": "12 34-56 78", "extension": 1}),
            json!({"countryCode": 45, "number": "12 34-56 78"}),
        ),
        (
            json!({"countryCode": 45, "number": "12345678901234567890"}),
            json!({"countryCode": 45, "number": "12345678901234567890"}),
        ),
    ] {
        becomes(V1, replace("/phoneNumber", &sent), json!({"phoneNumber": number}));
    }
    becomes(
        V1,
        json!([
            {"op": "replace", "path": "/phoneNumber/countryCode", "value": 46},
            {"op": "replace", "path": "/phoneNumber/number", "value": "1"},
        ]),
        json!({"phoneNumber": {"countryCode": 46, "number": "1"}}),
    );
}

#[tokio::test]
async fn half_a_phone_is_none() {
    for (sent, path) in [
        (json!({"number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": 45}), "/phoneNumber/number"),
        (json!({}), "/phoneNumber/countryCode"),
        (json!({"countryCode": 0, "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": 1000, "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": 4.5, "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": "+45", "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": "", "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": true, "number": "1"}), "/phoneNumber/countryCode"),
        (json!({"countryCode": 45, "number": ""}), "/phoneNumber/number"),
        (json!({"countryCode": 45, "number": "-"}), "/phoneNumber/number"),
        (json!({"countryCode": 45, "number": "(1)"}), "/phoneNumber/number"),
        (json!({"countryCode": 45, "number": 1}), "/phoneNumber/number"),
        (json!({"countryCode": 45, "number": "123456789012345678901"}), "/phoneNumber/number"),
    ] {
        assert_eq!(named(V1, &ada(), replace("/phoneNumber", &sent)).await, [path], "{sent}");
    }
    let removed = json!([{"op": "remove", "path": "/phoneNumber/number"}]);
    assert_eq!(named(V1, &ada(), removed).await, ["/phoneNumber/number"]);
    let inside = json!([
        {"op": "remove", "path": "/phoneNumber"},
        {"op": "add", "path": "/phoneNumber/number", "value": "1"},
    ]);
    assert_eq!(named(V1, &ada(), inside).await, ["/phoneNumber/number"]);
}

#[tokio::test]
async fn a_phone_of_another_api_is_left_alone_until_it_is_changed() {
    let mut record = ada();
    record.person_mut().phone = Some(Phone { country_code: None, number: "+33 (0)6".into() });
    let same = replace("/phoneNumber", &json!({"countryCode": null, "number": "+33 (0)6"}));
    assert_eq!(patched(V1, &record, same).person, record.person);
    let with_code = patched(V1, &record, replace("/phoneNumber/countryCode", &json!(33)));
    let phone = Phone { country_code: Some(33), number: "+33 (0)6".into() };
    assert_eq!(with_code.person.phone, Some(phone.clone()));
    let back = replace("/phoneNumber", &json!({"countryCode": 33, "number": "+33 (0)6"}));
    assert_eq!(patched(V1, &with_code, back).person, with_code.person);
    let other = replace("/phoneNumber/number", &json!("+33 (0)7"));
    assert_eq!(named(V1, &with_code, other).await, ["/phoneNumber/number"]);
    record.person_mut().phone = Some(Phone { country_code: None, number: "1".into() });
    let number = replace("/phoneNumber/number", &json!("2"));
    assert_eq!(named(V1, &record, number).await, ["/phoneNumber/countryCode"]);
}

#[test]
fn tests_compare_instants_ids_and_codes_by_what_they_mean() {
    for (path, value) in [
        ("/birthDate", json!("2002-12-30")),
        ("/birthDate", json!("12-30-2002")),
        ("/birthDate", json!("2002-12-30T01:00:00.000+01:00")),
        ("/primaryDepartmentId", json!(DEPARTMENT.to_uppercase())),
        ("/userGroups/0", json!({"dataSource": "RelesysAPI", "ID": GROUP_A.to_uppercase()})),
        ("/phoneNumber", json!({"number": "12345678", "countryCode": 45})),
        ("/phoneNumber/countryCode", json!(45)),
        ("/phoneNumber/countryCode", json!("45")),
        ("/phoneNumber/countryCode", json!(45.0)),
        ("/employmentType", json!(null)),
        ("/customFields/skills", json!("Marketing, Design")),
    ] {
        quiet(V1_3, json!([{"op": "test", "path": path, "value": value}]));
    }
}

#[test]
fn the_last_day_of_all_is_a_day_like_any_other() {
    let never = json!([{"op": "replace", "path": "/employmentEndDate", "value": "9999-12-31"}]);
    let record = patched(V1, &ada(), never.clone());
    assert_eq!(applied(V1, &record, &never).map(|applied| applied.changes), Ok(vec![]));
    for same in
        ["9999-12-31T00:00:00Z", "12-31-9999", "9999-12-31T00:00:00.0000000", "9999-12-30T23:00:00-01:00"]
    {
        let test = json!([{"op": "test", "path": "/employmentEndDate", "value": same}]);
        assert_eq!(applied(V1, &record, &test).map(|applied| applied.changes), Ok(vec![]), "{same}");
    }
    let test = json!([{"op": "test", "path": "/employmentEndDate", "value": "9999-12-31T23:59:59Z"}]);
    assert!(applied(V1, &record, &test).is_err(), "another instant");
}

#[tokio::test]
async fn tests_fail_on_anything_else() {
    for (path, value) in [
        ("/birthDate", json!("2002-12-31")),
        ("/birthDate", json!(null)),
        ("/name", json!("new user a")),
        ("/phoneNumber/countryCode", json!(46)),
        ("/phoneNumber", json!({"number": "12345678"})),
        (
            "/userGroups",
            json!([{"id": GROUP_B, "dataSource": "RelesysAPI"}, {"id": GROUP_A, "dataSource": "RelesysAPI"}]),
        ),
        ("/customFields/Skills", json!("Marketing, Design")),
    ] {
        let test = json!([{"op": "test", "path": path, "value": value}]);
        assert_eq!(named(V1, &ada(), test).await, [path]);
    }
}

#[tokio::test]
async fn a_copy_is_converted_where_its_text_says_as_much() {
    let title = |text: &str| json!({"op": "replace", "path": "/title", "value": text});
    let copy = |path: &str| json!({"op": "copy", "from": "/title", "path": path});
    becomes(
        V1_3,
        json!([title("1999-02-28"), copy("/birthDate")]),
        json!({"title": "1999-02-28", "birthDate": "1999-02-28T00:00:00Z"}),
    );
    becomes(
        V1_3,
        json!([title("46"), copy("/phoneNumber/countryCode")]),
        json!({"title": "46", "phoneNumber": {"countryCode": 46, "number": "12345678"}}),
    );
    becomes(V1_3, json!([title("Male"), copy("/gender")]), json!({"title": "Male", "gender": "Male"}));
    becomes(
        V1_3,
        json!([{"op": "copy", "from": "/phoneNumber/countryCode", "path": "/title"}]),
        json!({"title": "45"}),
    );
    becomes(
        V1_3,
        json!([{"op": "move", "from": "/birthDate", "path": "/title"}]),
        json!({"title": "2002-12-30T00:00:00Z", "birthDate": null}),
    );
    becomes(
        V1_3,
        json!([{"op": "move", "from": "/phoneNumber", "path": "/secondaryPhoneNumber"}]),
        json!({"phoneNumber": null, "secondaryPhoneNumber": {"countryCode": 45, "number": "12345678"}}),
    );
    for (from, path) in [
        ("/email", "/birthDate"),
        ("/title", "/primaryDepartmentId"),
        ("/phoneNumber", "/title"),
        ("/userGroups", "/additionalDepartments/0"),
    ] {
        let copied = json!([{"op": "copy", "from": from, "path": path}]);
        assert_eq!(named(V1_3, &ada(), copied).await, [path], "{from}");
    }
    let into = json!([{"op": "move", "from": "/phoneNumber", "path": "/phoneNumber/number"}]);
    assert_eq!(named(V1, &ada(), into).await, ["/phoneNumber/number"]);
}

#[test]
fn a_name_is_split_and_an_external_id_is_an_identity() {
    let change = change(
        V1,
        &ada(),
        &json!([
            {"op": "replace", "path": "/name", "value": "Maria del Mar  Ruiz"},
            {"op": "replace", "path": "/externalId", "value": "X1"},
            {"op": "replace", "path": "/email", "value": "x@y"},
        ]),
    )
    .unwrap();
    let identity = Identity { source: Source::Relesys, value: "X1".into() };
    let expected = PersonChange {
        name: NameChange::Full("Maria del Mar  Ruiz".into()),
        email: Change::Set(Email::parse("x@y").unwrap()),
        identities: [(Family::Relesys, vec![identity])].into(),
        ..PersonChange::default()
    };
    assert_eq!(change, expected);
    becomes(V1, replace("/name", &json!(" Ada  Byron ")), json!({"name": " Ada  Byron "}));
}

#[tokio::test]
async fn a_card_number_needs_a_card() {
    let number = || replace("/cardNumber", &json!("1"));
    assert_eq!(named(V1_1, &ada(), number()).await, ["/cardNumber"]);
    let mut record = ada();
    record.person_mut().member_card = CARD.parse().ok();
    assert_eq!(patched(V1_1, &record, number()).person.card_number.as_deref(), Some("1"));
}
