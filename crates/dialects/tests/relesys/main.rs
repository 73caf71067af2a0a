//! Relesys: what each version shows of a person, what a JSON Patch makes of one, and what is said of mistakes.

mod create;
mod custom_fields;
mod documents;
mod errors;
mod lists;
mod members;
mod show;
mod status;

use axum::response::IntoResponse;
use dialects::http::body;
use dialects::relesys::error::Error;
use dialects::relesys::lens::{self, PatchUser};
use dialects::relesys::version::Version;
use directory::apply::{Applied, apply_change};
use directory::change::Change;
use directory::credential::Scopes;
use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::email::Email;
use directory::identity::{Family, Identity, Source};
use directory::ids::{
    AssetId, CustomFieldId, DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TenantId,
};
use directory::membership::Membership;
use directory::name::Name;
use directory::person::{Entry, Gender, Person, Phone};
use directory::person_change::NameChange;
use directory::status::Status;
use directory::{Attribute, Caller, Channel, Dialect, PersonChange, Record, Refusal, Related};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

use Version::{V1, V1_1, V1_3, V1_4};

const DEPARTMENT: &str = "35599c65-dfcd-4ed6-9f89-d590e424bbef";
const ADDITIONAL: &str = "22ff3c6e-aef8-4c97-943f-980a11e6edc4";
const GROUP_A: &str = "5d3d281b-0ad0-4e8a-939e-5d1aec1e1a03";
const GROUP_B: &str = "36fc1d66-d706-4371-9024-aabd0aafa8fd";
const GROUP_C: &str = "9a0c7a0e-3b43-4c9c-8b7d-0a6f0f6c1c11";
const CARD: &str = "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a01";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn civil(text: &str) -> DateTime {
    text.parse().unwrap()
}

/// The person of the vendor's sample, with a list in a custom field and what v1 does not know.
fn ada() -> Record {
    let created = at("2025-05-02T02:09:46.823457Z");
    let id = "202ac2f0-748c-452f-8393-180f9366e174".parse::<PersonId>().unwrap();
    let mut person = Person::new(id, Number::new(7).unwrap(), ObjectId([7; 12]), created);
    person.name = Name::split("New User A");
    person.user_name = Some("UserNameA".into());
    person.title = Some("User Title A".into());
    person.data_source = Some("RelesysAPI".into());
    person.email = Email::parse("personalmaila@testmail.com");
    person.second_email = Email::parse("businessmaila@testmail.com");
    person.phone = Some(Phone { country_code: Some(45), number: "12345678".into() });
    person.second_phone = Some(Phone { country_code: Some(45), number: "12345679".into() });
    person.birth_date = Some(civil("2002-12-30T00:00:00"));
    person.primary_department = DEPARTMENT.parse().ok();
    person.additional_departments = vec![entry(ADDITIONAL)];
    person.groups = vec![entry(GROUP_A), entry(GROUP_B)];
    person.employment.start = Some(civil("2018-12-30T13:30:00"));
    person.employment.end = Some(civil("2021-12-30T13:30:00"));
    person.identities = vec![Identity { source: Source::Relesys, value: "NUA".into() }];
    person.custom_fields = [
        ("customfieldone".to_owned(), CustomValue::Text("Custom field 1".into())),
        ("skills".to_owned(), CustomValue::List(vec!["Marketing".into(), "Design".into()])),
    ]
    .into();
    person.gender = Some(Gender::Female);
    person.initials = Some("NUA".into());
    let organization = OrganizationId(Uuid::from_u128(1));
    let field = |key: &str, kind| CustomField {
        id: CustomFieldId(Uuid::nil()),
        key: key.into(),
        name: key.into(),
        kind,
    };
    let related = Related {
        custom_fields: vec![
            field("a/b~c", CustomFieldKind::Text),
            field("birthday", CustomFieldKind::Date),
            field("customfieldone", CustomFieldKind::Text),
            field("customfieldtwo", CustomFieldKind::MultilineText),
            field("shoe", CustomFieldKind::Number),
            field("skills", CustomFieldKind::MultiSelect),
        ],
        ..Related::default()
    };
    Record {
        person: person.into(),
        membership: Membership::new(organization, created).into(),
        related: related.into(),
        actor: None,
    }
}

fn entry<Id: std::str::FromStr>(id: &str) -> Entry<Id> {
    let Ok(id) = id.parse() else { panic!("{id} is no id") };
    Entry { id, data_source: Some("RelesysAPI".into()) }
}

fn shown(version: Version, record: &Record) -> Value {
    serde_json::to_value(lens::show(record, version, "https://x.org/relesys")).unwrap()
}

fn read(version: Version, body: &[u8]) -> Result<PatchUser, Error> {
    Ok(PatchUser::read(version, body::parse(body)?)?)
}

fn change(version: Version, record: &Record, operations: &Value) -> Result<PersonChange, Error> {
    let patch = read(version, operations.to_string().as_bytes())?;
    lens::change(&patch, record)
}

fn applied(version: Version, record: &Record, operations: &Value) -> Result<Applied, Error> {
    let caller = Caller {
        tenant: TenantId(1),
        organization: record.membership.organization,
        via: Channel::Dialect(Dialect::Relesys),
        credential: None,
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: String::new(),
    };
    let change = change(version, record, operations)?;
    Ok(apply_change(&caller, record, &change, at("2026-01-01T00:00:00Z"))?)
}

/// The person after a patch that is taken.
#[track_caller]
fn patched(version: Version, record: &Record, operations: Value) -> Record {
    let applied =
        applied(version, record, &operations).unwrap_or_else(|error| panic!("{operations}: {error:?}"));
    Record { person: applied.person.into(), ..record.clone() }
}

/// What a version shows of the person after a patch on it.
#[track_caller]
fn becomes(version: Version, operations: Value, members: Value) {
    let before = shown(version, &ada());
    let after = shown(version, &patched(version, &ada(), operations.clone()));
    for (name, value) in before.as_object().unwrap() {
        let expected = match name.as_str() {
            "lastModifiedDateTime" => continue,
            name => members.get(name).unwrap_or(value),
        };
        assert_eq!(&after[name], expected, "{name} after {operations}");
    }
}

#[track_caller]
fn quiet(version: Version, operations: Value) {
    assert_eq!(
        applied(version, &ada(), &operations).map(|applied| applied.changes),
        Ok(vec![]),
        "{operations}"
    );
}

async fn answer(error: Error) -> (u16, Value) {
    let answer = error.into_response();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// The paths that a refusal names.
async fn named(version: Version, record: &Record, operations: Value) -> Vec<String> {
    let error = applied(version, record, &operations).map(|applied| applied.changes);
    let Err(error) = error else { panic!("{operations} was taken: {error:?}") };
    let (status, body) = answer(error).await;
    assert_eq!((status, &body["errorCode"]), (400, &json!("400")), "{operations}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
    body["errors"].as_object().map(|errors| errors.keys().cloned().collect()).unwrap_or_default()
}

#[track_caller]
fn replace(path: &str, value: &Value) -> Value {
    json!([{"op": "replace", "path": path, "value": value}])
}
