//! What each version shows of a person.

use crate::*;

#[test]
fn v1_is_the_sample_to_the_letter() {
    let mut record = ada();
    record.person_mut().custom_fields.remove("skills");
    let shown = serde_json::to_string(&lens::show(&record, V1, "https://api.relesysapp.net")).unwrap();
    let sample = r#"{"id":"202ac2f0-748c-452f-8393-180f9366e174","url":"https://api.relesysapp.net/api/v1/users/202ac2f0-748c-452f-8393-180f9366e174","departmentUrl":"https://api.relesysapp.net/api/v1/departments/35599c65-dfcd-4ed6-9f89-d590e424bbef","status":"Activated","creationDateTime":"2025-05-02T02:09:46.823457Z","lastModifiedDateTime":"2025-05-02T02:09:46.823457Z","externalId":"NUA","name":"New User A","userName":"UserNameA","title":"User Title A","dataSource":"RelesysAPI","email":"personalmaila@testmail.com","secondaryEmail":"businessmaila@testmail.com","phoneNumber":{"countryCode":45,"number":"12345678"},"secondaryPhoneNumber":{"countryCode":45,"number":"12345679"},"birthDate":"2002-12-30T00:00:00Z","primaryDepartmentId":"35599c65-dfcd-4ed6-9f89-d590e424bbef","additionalDepartments":[{"id":"22ff3c6e-aef8-4c97-943f-980a11e6edc4","dataSource":"RelesysAPI"}],"userGroups":[{"id":"5d3d281b-0ad0-4e8a-939e-5d1aec1e1a03","dataSource":"RelesysAPI"},{"id":"36fc1d66-d706-4371-9024-aabd0aafa8fd","dataSource":"RelesysAPI"}],"employmentDate":"2018-12-30T13:30:00Z","employmentEndDate":"2021-12-30T13:30:00Z","customFields":{"customfieldone":"Custom field 1"}}"#;
    assert_eq!(shown, sample);
}

#[test]
fn later_versions_know_more() {
    let mut record = ada();
    record.person_mut().image = Some(AssetId(Uuid::nil()));
    record.person_mut().member_card = CARD.parse().ok();
    record.person_mut().card_number = Some("1234567890".into());
    record.person_mut().employment.kind = Some("Full-time employee".into());
    let more =
        ["image", "memberCard", "initials", "gender", "employmentType", "registerNumber", "dutyPlanNumber"];
    assert_eq!(shown(V1, &record).as_object().unwrap().len(), 22);
    for version in Version::ALL.into_iter().skip(1) {
        let user = shown(version, &record);
        assert_eq!(user.as_object().unwrap().len(), 22 + more.len(), "{version:?}");
        assert!(more.iter().all(|name| user.get(name).is_some()), "{version:?}");
        assert_eq!(user["gender"], "Female");
        assert_eq!(user["employmentType"], "Full-time employee");
        assert_eq!(user["registerNumber"], Value::Null);
        let nil = Uuid::nil();
        assert_eq!(
            user["image"],
            json!({"id": nil, "downloadUrl": null, "referenceUrl": null, "contentType": null, "fileName": null})
        );
        assert_eq!(
            user["memberCard"],
            json!({"name": null, "cardNumber": "1234567890", "id": CARD, "url": null})
        );
        let url = format!("https://x.org/relesys/api/{}/users/{}", version.as_str(), record.person.id);
        assert_eq!(user["url"], url);
    }
}

#[test]
fn what_is_not_set_is_null_or_empty() {
    let created = at("2018-12-30T13:30:00Z");
    let person = Person::new(PersonId(Uuid::nil()), Number::new(1).unwrap(), ObjectId([0; 12]), created);
    let membership = Membership::new(OrganizationId(Uuid::nil()), created);
    let user = shown(
        V1_4,
        &Record {
            person: person.into(),
            membership: membership.into(),
            related: Related::default().into(),
            actor: None,
        },
    );
    for (name, value) in user.as_object().unwrap() {
        let expected = match name.as_str() {
            "id" => json!(Uuid::nil()),
            "url" => json!(format!("https://x.org/relesys/api/v1.4/users/{}", Uuid::nil())),
            "status" => json!("Activated"),
            "creationDateTime" | "lastModifiedDateTime" => json!("2018-12-30T13:30:00Z"),
            "name" => json!(""),
            "additionalDepartments" | "userGroups" => json!([]),
            "customFields" => json!({}),
            _ => json!(null),
        };
        assert_eq!(value, &expected, "{name}");
    }
}

#[test]
fn each_status_has_its_word() {
    for (status, word) in [
        (Status::Invited, "Pending"),
        (Status::Active, "Activated"),
        (Status::DisabledByAdmin, "Disabled"),
        (Status::DisabledByOrganization, "Disabled"),
        (Status::LoginBlocked, "LoginBlocked"),
    ] {
        let mut record = ada();
        record.person_mut().status = status;
        assert_eq!(shown(V1, &record)["status"], word);
    }
}

#[test]
fn older_versions_are_shown_a_list_as_one_text() {
    for version in Version::ALL {
        let skills = match version {
            V1_4 => json!(["Marketing", "Design"]),
            _ => json!("Marketing, Design"),
        };
        let fields = json!({"customfieldone": "Custom field 1", "skills": skills});
        assert_eq!(shown(version, &ada())["customFields"], fields, "{version:?}");
    }
}

#[test]
fn a_phone_of_another_api_has_no_country_code() {
    let mut record = ada();
    record.person_mut().phone = Some(Phone { country_code: None, number: "+33 6 12 34".into() });
    assert_eq!(shown(V1, &record)["phoneNumber"], json!({"countryCode": null, "number": "+33 6 12 34"}));
}

#[test]
fn an_external_id_of_another_api_is_not_ours() {
    let mut record = ada();
    let source = Source::Replay(record.membership.organization);
    record.person_mut().identities = vec![Identity { source, value: "clp".into() }];
    assert_eq!(shown(V1, &record)["externalId"], Value::Null);
}
