//! What Laurel is shown of a person.

use super::*;

#[test]
fn a_user_with_everything() {
    let claim = |claim: &str| json!({"_id": permission(claim).object_id().to_string(), "claim": claim, "description": ""});
    let id = |byte: &str| byte.repeat(12);
    let bo = json!([{"type": "zoom", "value": "bo"}]);
    assert_eq!(
        shown(&ada()),
        json!({
            "_id": id("ad"), "createdAt": "2022-08-12T20:44:48Z", "isSuperDelegate": true,
            "email": "ada@example.com", "firstName": "Ada", "jobTitle": "Senior Associate", "lastName": "Byron",
            "nickname": "Countess", "updatedAt": "2023-01-02T03:04:05Z", "status": "active",
            "seniority": "Senior", "department": "Tax", "office": "London", "subdepartment": "VAT", "pod": "P1",
            "groupIds": [id("22"), id("21")],
            "customer": {
                "_id": id("cc"), "fullName": "Example LLP",
                "tenant": {"_id": id("10"), "description": "", "name": "lhr"},
            },
            "delegators": [
                {"_id": id("b0"), "firstName": "Bo", "lastName": "", "identities": bo},
                {"_id": id("b1"), "firstName": "Bo", "lastName": "", "identities": bo},
            ],
            "delegates": [
                {"_id": id("b0"), "firstName": "Bo", "lastName": ""},
                {"_id": id("b2"), "firstName": "Bo", "lastName": "", "permissions": []},
            ],
            "identities": [
                {"type": "aderant", "value": "1042"},
                {"type": "email", "value": "Ada@Zoom.example"},
                {"type": "zoom", "value": "ada"},
            ],
            "roles": [
                {"_id": id("02"), "name": "trainer", "permissions": [claim("TrainingAnyRead")]},
                {"_id": id("01"), "name": "user", "permissions": []},
            ],
            "superDelegatePermissions": [claim("TimeAnyWrite")],
        })
    );
}

#[test]
fn unset_is_omitted_or_empty_and_never_null() {
    let id = |byte: &str| byte.repeat(12);
    assert_eq!(
        shown(&nobody()),
        json!({
            "_id": id("ad"), "createdAt": "2022-08-12T20:44:48Z", "isSuperDelegate": false, "email": "",
            "firstName": "", "jobTitle": "", "lastName": "", "nickname": "", "updatedAt": "2022-08-12T20:44:48Z",
            "status": "active", "groupIds": [],
            "customer": {
                "_id": id("cc"), "fullName": "Example LLP",
                "tenant": {"_id": id("10"), "description": "", "name": "lhr"},
            },
            "delegators": [], "delegates": [], "identities": [],
            "roles": [{"_id": id("01"), "name": "user", "permissions": []}],
        })
    );
}

#[test]
fn every_status_is_one_of_three() {
    let mut record = ada();
    for status in Status::ALL {
        record.person_mut().status = status;
        let expected = match status {
            Status::Invited | Status::Active => "active",
            Status::DisabledByAdmin | Status::LoginBlocked => "adminDisabled",
            Status::DisabledByOrganization => "firmDisabled",
        };
        assert_eq!(shown(&record)["status"], expected);
    }
}

#[test]
fn a_department_is_the_text_or_else_the_name_of_the_primary_one() {
    let mut record = ada();
    record.person_mut().work.department = None;
    assert_eq!(shown(&record)["department"], "Sales");
    assert!(changed(&record, &v2(json!({"department": "Sales"}))).is_empty());
    assert_eq!(changed(&record, &v2(json!({"department": "Tax"}))), ["work.department"]);
    for before in [&record, &ada()] {
        let emptied = after(before, &v2(json!({"department": ""})));
        assert_eq!(shown(&emptied).get("department"), None, "neither the text nor the primary one");
        assert!(changed(&emptied, &v2(json!({"department": ""}))).is_empty());
        assert_eq!(shown(&after(&emptied, &v2(json!({"department": "Sales"}))))["department"], "Sales");
    }
    let mut alone = ada();
    alone.related_mut().primary_department = None;
    let cleared = after(&alone, &v2(json!({"department": ""})));
    assert_eq!(cleared.person.work.department, None, "nothing has to be hidden");
    assert_eq!(shown(&after(&ada(), &v2(json!({"department": "Sales"}))))["department"], "Sales");
}

#[test]
fn an_integration_sees_its_types_of_identity_alone() {
    let project =
        |record: &Record, integration| serde_json::to_value(lens::project(record, integration)).unwrap();
    assert_eq!(
        project(&ada(), Integration::CloudAssistantZoom),
        json!({
            "_id": "ad".repeat(12), "email": "ada@example.com", "name": "Ada Byron",
            "relevantIdentities": [
                {"type": "email", "value": "Ada@Zoom.example"}, {"type": "zoom", "value": "ada"},
            ],
        })
    );
    assert_eq!(project(&ada(), Integration::CloudAssistantCdr)["relevantIdentities"], json!([]));
    let mut record = nobody();
    assert_eq!(
        project(&record, Integration::CloudAssistantCdr),
        json!({"_id": "ad".repeat(12), "email": "", "relevantIdentities": []})
    );
    for (given, family, name) in
        [("Cher", "", "Cher"), ("", "Byron", "Byron"), (" Ada", "Byron ", "Ada Byron")]
    {
        (record.person_mut().name.given, record.person_mut().name.family) = (given.into(), family.into());
        assert_eq!(project(&record, Integration::CloudAssistantGoogle)["name"], name);
    }
    record.person_mut().name.given = "  ".into();
    record.person_mut().name.family = "\t".into();
    assert_eq!(project(&record, Integration::CloudAssistantGoogle).get("name"), None);
}

#[test]
fn a_look_up_answers_with_what_is_kept() {
    let found = |kind, value| {
        let record = ada();
        let found = lens::show_found(&record, &identity(kind, value), CUSTOMER);
        found.map(|found| serde_json::to_value(found).unwrap())
    };
    let answer =
        |kind: &str, value: &str| Some(json!({"type": kind, "value": value, "customerId": "cc".repeat(12)}));
    assert_eq!(found(LaurelType::Aderant, "1042"), answer("aderant", "1042"));
    assert_eq!(found(LaurelType::Email, "ada@zoom.EXAMPLE"), answer("email", "Ada@Zoom.example"));
    assert_eq!(found(LaurelType::Email, "ADA@example.com"), answer("email", "ada@example.com"));
    assert_eq!(found(LaurelType::Email, "countess@example.com"), answer("email", "Countess@example.com"));
    assert_eq!(found(LaurelType::Zoom, "Ada"), None);
    assert_eq!(found(LaurelType::Elite, "1042"), None);
    assert_eq!(found(LaurelType::UserPrincipalName, "ada@example.com"), None);
}
