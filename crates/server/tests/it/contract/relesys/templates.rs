//! Lists that are only read: custom fields and templates of messages.

use serde_json::{Value, json};
use testkit::callers::Caller;

use super::{NOBODY, VERSIONS, named, told};
use crate::{demo, refused};

#[track_caller]
fn names(caller: &Caller, path: &str) -> Vec<String> {
    let page = told(caller.get(path), 200);
    let items = page["data"].as_array().unwrap();
    assert_eq!(page["count"], items.len());
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn custom_fields_are_listed_filtered_and_sorted() {
    let server = demo();
    let caller = &server.callers().relesys;
    for version in VERSIONS {
        let list = |query: &str| names(caller, &format!("/api/{version}/customfields/users?{query}"));
        assert_eq!(list(""), ["birthday", "customfieldone", "customfieldtwo", "notes", "shoesize", "skills"]);
        assert_eq!(list("TYPE=Text&sort=-name"), ["customfieldtwo", "customfieldone"]);
        assert_eq!(list("externalId=skills"), ["skills"]);
        assert_eq!(list("sort=type&limit=2"), ["birthday", "skills"]);
    }
    let field = told(caller.get("/api/v1/customfields/users?type=Date"), 200)["data"][0].clone();
    let expected = json!({"id": field["id"], "externalId": "birthday", "name": "birthday", "type": "Date"});
    assert_eq!(field, expected);
    assert_eq!(caller.get("/api/v1/CustomFields/Users?type=Date").expect(200).json()["data"], json!([field]));
    for (query, name) in [("type=Colour", "type"), ("sort=id", "sort"), ("id=7", "id")] {
        let error = told(caller.get(format!("/api/v1/customfields/users?{query}")), 400);
        assert_eq!(named(&error), [name], "{query}");
    }
}

#[test]
fn templates_are_listed_and_one_is_read() {
    let server = demo();
    let caller = &server.callers().relesys;
    for version in VERSIONS {
        let path = format!("/api/{version}/communication/templates");
        assert_eq!(
            names(caller, &format!("{path}?sort=name")),
            ["forgottenpassword", "logininfo", "reminder", "welcome"]
        );
        let page = told(caller.get(format!("{path}?name=welcome")), 200);
        let template = &page["data"][0];
        let cultures = json!([
            {
                "cultureCode": "en-GB",
                "sms": {"body": "Welcome, #name#"},
                "email": {"subject": "Welcome", "body": "<p>Welcome, #name#</p>"},
            },
            {"cultureCode": "da-DK", "sms": {"body": "Hej #name#"}, "email": null},
        ]);
        assert_eq!(template["communicationTemplateCultures"], cultures);
        assert_eq!(template["lastModifiedDateTime"], Value::Null);
        let id = template["id"].as_str().unwrap().to_uppercase();
        assert_eq!(told(caller.get(format!("{path}/{id}")), 200)["data"], *template);
    }
    told(caller.get(format!("/api/v1/communication/templates/{NOBODY}")), 404);
    let error = told(caller.get("/api/v1/communication/templates/x"), 400);
    assert_eq!(named(&error), ["templateId"]);
}

#[test]
fn another_tenants_template_is_nobodys() {
    let server = demo();
    let (ours, theirs) = (&server.callers().relesys, &server.strangers().relesys);
    refused(&server, || {
        let page = told(theirs.get("/api/v1/communication/templates"), 200);
        let id = page["data"][0]["id"].as_str().unwrap();
        let path = "/api/v1/communication/templates";
        let random = told(ours.get(format!("{path}/{NOBODY}")), 404);
        assert_eq!(told(ours.get(format!("{path}/{id}")), 404), random);
        assert_eq!(told(ours.get(format!("{path}?id={id}")), 200)["data"], json!([]));
    });
}
