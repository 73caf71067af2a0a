//! Laurel obeys the laws.

use dialects::laurel::error::Error;
use dialects::laurel::lens;
use dialects::laurel::wire::PatchUser;
use directory::Dialect::Laurel;
use directory::Record;
use directory::identity::Source;
use directory::ids::ObjectId;
use directory::name::Name;
use directory::person::Work;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::generate::{check, email, name, text};
use testkit::openapi::OpenApi;
use testkit::people;

use crate::{after, assert_kind, assert_quiet, assert_whole, refusals, sent};

/// The customer of the generated records.
const CUSTOMER: ObjectId = ObjectId([8; 12]);

fn v1(json: Value) -> PatchUser {
    PatchUser::read_v1(sent(&json), CUSTOMER).expect("a valid body")
}

fn v2(json: Value) -> PatchUser {
    PatchUser::read_v2(sent(&json), CUSTOMER).expect("a valid body")
}

fn shown(record: &Record) -> Value {
    serde_json::to_value(lens::show(record)).unwrap()
}

fn contract() -> OpenApi {
    OpenApi::parse(include_str!("../../src/laurel/openapi.yaml")).unwrap()
}

/// What a client sends that read a user and writes all of it back.
fn written_back(shown: &Value) -> Value {
    let ids = |list: &Value| -> Vec<Value> {
        list.as_array().into_iter().flatten().map(|item| item["_id"].clone()).collect()
    };
    let mut body = json!({
        "firstName": shown["firstName"], "lastName": shown["lastName"], "email": shown["email"],
        "nickname": shown["nickname"], "jobTitle": shown["jobTitle"], "identities": shown["identities"],
        "roleIds": ids(&shown["roles"]), "delegateIds": ids(&shown["delegators"]),
    });
    for member in ["seniority", "department", "office", "subdepartment", "pod"] {
        if let Some(value) = shown.get(member) {
            body[member] = value.clone();
        }
    }
    body
}

#[test]
fn quiet() {
    check(300, people::record(), |mut record| {
        // An empty first name cannot be sent; a person without one is patched without it.
        if record.person.name.given.is_empty() {
            record.person_mut().name = Name::new("Ada", "");
        }
        let body = written_back(&shown(&record));
        assert_quiet(Laurel, &record, &lens::change(&v1(body.clone()), &record).unwrap());
        assert_quiet(Laurel, &record, &lens::change(&v2(body), &record).unwrap());
    });
}

#[test]
fn heard_and_kind() {
    let texts = (name(), text(256), text(256), text(256), text(256));
    let identities = prop::collection::btree_set("[a-z0-9]{1,9}", 0..3);
    check(300, (people::record(), texts, email(), identities), |(record, texts, email, values)| {
        let (first, last, nickname, title, office) = texts;
        let identities: Vec<_> =
            values.iter().map(|value| json!({"type": "aderant", "value": value})).collect();
        let body = json!({
            "firstName": first, "lastName": last, "email": email, "nickname": nickname, "jobTitle": title,
            "office": office, "pod": "", "identities": identities, "roleIds": [],
        });
        let changed = after(Laurel, &record, &lens::change(&v2(body.clone()), &record).unwrap());
        let seen = shown(&changed);
        for member in ["firstName", "lastName", "email", "nickname", "jobTitle"] {
            assert_eq!(seen[member], body[member], "{member}");
        }
        assert_eq!(seen.get("office").cloned().unwrap_or_else(|| json!("")), body["office"]);
        assert_eq!(seen.get("pod"), None);
        let values_seen: Vec<_> =
            seen["identities"].as_array().unwrap().iter().map(|seen| &seen["value"]).collect();
        assert_eq!(
            values_seen,
            values.iter().map(|value| json!(value)).collect::<Vec<_>>().iter().collect::<Vec<_>>()
        );
        assert_kind(&record, &changed, |person, membership| {
            person.name = Name::default();
            (person.email, person.nickname, person.title) = (None, None, None);
            person.work = Work::default();
            person.identities.retain(|identity| !matches!(identity.source, Source::Laurel(_)));
            membership.laurel.roles.clear();
        });
    });
}

#[tokio::test]
async fn whole() {
    let contract = crate::contract(include_str!("../../src/laurel/openapi.yaml"));
    for refusal in refusals() {
        assert_whole(&contract, |_| "Error", Error::from(refusal.clone()).in_v1()).await;
        assert_whole(&contract, |_| "Error", Error::from(refusal)).await;
    }
}

#[test]
fn closed() {
    let contract = contract();
    check(200, people::record(), |record| {
        let shown = shown(&record);
        contract.check_schema("User", &shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
        let text = shown.to_string();
        let replay =
            record.person.identities.iter().find(|identity| matches!(identity.source, Source::Replay(_)));
        for hidden in [Some(record.person.id.to_string()), replay.map(|identity| identity.value.clone())] {
            let Some(hidden) = hidden else { continue };
            assert!(!text.contains(&format!("\"{hidden}\"")), "{hidden} in {text}");
        }
    });
}
