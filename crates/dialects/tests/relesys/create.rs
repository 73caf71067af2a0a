//! What the body of `POST /users` says of a person of whom nothing is known.

use dialects::relesys::lens::CreateUser;
use directory::apply::admit;
use directory::credential::Secret;

use crate::*;

/// What is required, with these members beside it.
fn with(members: Value) -> Value {
    let mut body = json!({"name": "New User A", "primaryDepartmentId": DEPARTMENT, "userGroups": []});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn read_body(version: Version, body: &str) -> Result<(PersonChange, Option<Secret>), Error> {
    let body = body::parse(body.as_bytes())?;
    CreateUser::read(version, body)?.change(&ada().related.custom_fields)
}

fn create(version: Version, body: &Value) -> Result<PersonChange, Error> {
    Ok(read_body(version, &body.to_string())?.0)
}

/// The user that a body makes of nothing, as a version shows it.
#[track_caller]
fn made(version: Version, body: &Value) -> Value {
    let created = at("2026-01-01T00:00:00Z");
    let id = "202ac2f0-748c-452f-8393-180f9366e174".parse::<PersonId>().unwrap();
    let person = Person::new(id, Number::new(7).unwrap(), ObjectId([7; 12]), created);
    let record = Record { person: person.into(), ..ada() };
    let change = create(version, body).unwrap_or_else(|error| panic!("{body}: {error:?}"));
    let person = admit(&record, &change, created).unwrap().person;
    shown(V1_4, &Record { person: person.into(), ..record })
}

/// The errors of a body that is refused, by their names.
async fn errors(version: Version, body: &str) -> Value {
    let error = match read_body(version, body) {
        Err(error) => error,
        Ok((change, _)) => panic!("{body} was taken: {change:?}"),
    };
    let (status, body) = answer(error).await;
    assert_eq!((status, &body["errorCode"]), (400, &json!("400")), "{body}");
    body["errors"].clone()
}

async fn names(version: Version, body: &Value) -> Vec<String> {
    errors(version, &body.to_string()).await.as_object().unwrap().keys().cloned().collect()
}

fn every_member() -> Value {
    let mut all = shown(V1_4, &ada());
    all["phoneNumber"]["countryCode"] = json!("45");
    all["imageId"] = json!(CARD);
    all["memberCardId"] = json!(CARD);
    all["cardNumber"] = json!("1234567890");
    all["employmentType"] = json!("Full-time employee");
    all["registerNumber"] = json!("R-12345");
    all["dutyPlanNumber"] = json!("D-67890");
    all
}

#[test]
fn every_member_of_a_version_is_read_and_no_other() {
    let all = every_member();
    let typed = made(V1_4, &all);
    for (name, value) in shown(V1_4, &ada()).as_object().unwrap() {
        match name.as_str() {
            // These are ignored.
            "creationDateTime" | "lastModifiedDateTime" => assert_eq!(typed[name], "2026-01-01T00:00:00Z"),
            "image" => assert_eq!(typed["image"]["id"], CARD),
            "memberCard" => assert_eq!(typed["memberCard"]["cardNumber"], "1234567890"),
            "employmentType" | "registerNumber" | "dutyPlanNumber" => assert_eq!(typed[name], all[name]),
            name => assert_eq!(typed[name], *value, "{name}"),
        }
    }
    let mut texts = all.clone();
    texts["customFields"]["skills"] = json!("Marketing");
    let extended = made(V1_3, &texts);
    assert_eq!((&extended["gender"], &extended["initials"]), (&json!("Female"), &json!("NUA")));
    assert_eq!(extended["customFields"]["skills"], json!(["Marketing"]));
    let first = made(V1, &texts);
    for unknown in ["image", "memberCard", "gender", "initials", "employmentType", "registerNumber"] {
        assert_eq!(first[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(first["title"], all["title"]);
}

#[test]
fn what_is_not_sent_is_kept_and_what_is_sent_is_written() {
    let least = create(V1_4, &with(json!({}))).unwrap();
    let expected = PersonChange {
        name: NameChange::Full("New User A".into()),
        primary_department: Change::Set(DEPARTMENT.parse().unwrap()),
        groups: Change::Set(vec![]),
        ..PersonChange::default()
    };
    assert_eq!(least, expected);
    let nothing = with(json!({
        "title": null, "email": null, "phoneNumber": null, "gender": null, "additionalDepartments": null,
        "customFields": null, "password": null, "externalId": null, "imageId": null, "unknown": [1, {}],
    }));
    assert_eq!(create(V1_4, &nothing).unwrap(), expected);
    assert!(read_body(V1_4, &nothing.to_string()).unwrap().1.is_none());
    let empty = with(json!({"email": "", "birthDate": "", "additionalDepartments": [], "title": ""}));
    let expected = PersonChange {
        email: Change::Clear,
        birth_date: Change::Clear,
        additional_departments: Change::Set(vec![]),
        title: Change::Set(String::new()),
        ..expected
    };
    assert_eq!(create(V1_4, &empty).unwrap(), expected);
}

#[test]
fn names_are_read_in_any_letter_case_and_the_last_of_them_counts() {
    let body = format!(
        r#"{{"Name": "First", "PRIMARYDEPARTMENTID": "{}", "usergroups": [{{"ID": "{GROUP_A}", "DataSource": "HR"}}],
            "PhoneNumber": {{"CountryCode": 45, "NUMBER": "1"}}, "name": "Last",
            "TITLE": "Kept", "title": "Dropped", "Title": null, "customfields": {{"shoe": "42", "birthday": null}}}}"#,
        DEPARTMENT.to_uppercase()
    );
    let change = read_body(V1, &body).unwrap().0;
    assert_eq!(change.name, NameChange::Full("Last".into()));
    assert_eq!(change.primary_department, Change::Set(DEPARTMENT.parse().unwrap()));
    let group = Entry { id: GROUP_A.parse().unwrap(), data_source: Some("HR".into()) };
    assert_eq!(change.groups, Change::Set(vec![group]));
    assert_eq!(change.phone, Change::Set(Phone { country_code: Some(45), number: "1".into() }));
    assert_eq!(change.title, Change::Keep);
    let shoe = ("shoe".to_owned(), Change::Set(CustomValue::Text("42".into())));
    assert_eq!(change.custom_fields, [shoe].into());
}

#[test]
fn an_entry_without_a_data_source_gets_that_of_the_api() {
    let entries = json!([
        {"id": GROUP_A}, {"id": GROUP_B, "dataSource": null}, {"id": GROUP_C, "dataSource": ""},
    ]);
    let change = create(V1, &with(json!({"userGroups": entries}))).unwrap();
    let Change::Set(groups) = change.groups else { panic!("{change:?}") };
    let sources: Vec<_> = groups.iter().map(|group| group.data_source.as_deref()).collect();
    assert_eq!(sources, [Some("RelesysAPI"), Some("RelesysAPI"), Some("")]);
}

#[tokio::test]
async fn several_mistakes_are_told_at_once_each_under_its_member() {
    let required = json!(["Is required."]);
    assert_eq!(
        errors(V1, "{}").await,
        json!({"name": required, "primaryDepartmentId": required, "userGroups": required})
    );
    let body = json!({
        "name": " ", "primaryDepartmentId": 7, "userGroups": [{"id": GROUP_A}, {}, GROUP_B, null],
        "additionalDepartments": {}, "externalId": "", "userName": "", "email": "x", "title": ["x"],
        "phoneNumber": {"countryCode": 45}, "secondaryPhoneNumber": "1", "birthDate": "yesterday",
        "customFields": {"a/b~c": 7, "nothing": "x", "birthday": "x", "skills": ["x"]}, "password": "short",
        "gender": "Other", "imageId": "x", "dataSource": "A\u{0}B",
    });
    assert_eq!(
        names(V1_3, &body).await,
        [
            "additionalDepartments",
            "birthDate",
            "customFields/a~1b~0c",
            "customFields/birthday",
            "customFields/nothing",
            "customFields/skills",
            "dataSource",
            "email",
            "externalId",
            "gender",
            "imageId",
            "name",
            "password",
            "phoneNumber/number",
            "primaryDepartmentId",
            "secondaryPhoneNumber",
            "title",
            "userGroups/1/id",
            "userName",
        ]
    );
    assert_eq!(names(V1, &with(json!({"userGroups": [GROUP_B]}))).await, ["userGroups/0"]);
    let long = "x".repeat(256);
    assert_eq!(names(V1, &with(json!({"title": long, "externalId": long}))).await, ["externalId", "title"]);
}

#[tokio::test]
async fn a_body_is_an_object_of_bearable_size() {
    for body in ["[]", "null", "\"x\"", "7"] {
        let (status, told) = answer(read_body(V1, body).unwrap_err()).await;
        assert_eq!((status, &told["message"]), (400, &json!("The body must be a JSON object.")), "{body}");
    }
    let many = with(json!({"userGroups": vec![0; 20_000]}));
    let (status, told) = answer(create(V1, &many).unwrap_err()).await;
    assert_eq!((status, &told["message"]), (400, &json!("The body has more than 16384 values.")));
    let ignored = with(json!({"unknown": vec![0; 20_000]}));
    assert!(create(V1, &ignored).is_ok());
}

#[tokio::test]
async fn a_password_is_a_secret_of_8_to_100_characters() {
    for password in ["8 digits".to_owned(), "x".repeat(100), "\u{1f600}".repeat(50)] {
        let body = with(json!({"password": password}));
        let (change, read) = read_body(V1, &body.to_string()).unwrap();
        assert_eq!(read.as_ref().map(|secret| &*secret.0), Some(&*password));
        assert!(!format!("{read:?} {change:?}").contains(&password));
    }
    for password in [json!("7 chars"), json!("x".repeat(101)), json!("\u{1f600}".repeat(51)), json!(12345678)]
    {
        let told = errors(V1, &with(json!({"password": password})).to_string()).await;
        assert_eq!(told, json!({"password": ["Must be a string of 8 to 100 characters."]}));
    }
}

#[tokio::test]
async fn what_the_directory_refuses_is_told_under_the_member() {
    for (refusal, errors) in [
        (Refusal::Taken { attribute: Attribute::ExternalId }, json!({"externalId": ["Is already taken."]})),
        (Refusal::Taken { attribute: Attribute::Email }, json!({"email": ["Is already taken."]})),
        (
            Refusal::Unknown { attribute: Attribute::Groups, value: GROUP_A.into() },
            json!({"userGroups": [format!("There is no {GROUP_A}.")]}),
        ),
        (
            Refusal::Unknown { attribute: Attribute::CustomField("a/b".into()), value: "a/b".into() },
            json!({"customFields/a~1b": ["There is no such custom field."]}),
        ),
        (
            Refusal::invalid(Attribute::CardNumber, "must not be set without a member card"),
            json!({"cardNumber": ["Must not be set without a member card."]}),
        ),
    ] {
        let (status, body) = answer(Error::NotCreated(refusal)).await;
        assert_eq!((status, &body["errors"]), (400, &errors));
    }
    assert_eq!(answer(Error::NotCreated(Refusal::Unavailable)).await.0, 503);
}
