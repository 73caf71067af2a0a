//! Relesys obeys the laws, in every version.

use dialects::relesys::error::Error;
use dialects::relesys::lens::{self, CreateUser, PatchUser};
use dialects::relesys::version::Version;
use directory::Dialect::Relesys;
use directory::identity::Family;
use directory::name::Name;
use directory::{Person, PersonChange, Record};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use testkit::generate::{check, email, name, phone, text};
use testkit::openapi::OpenApi;
use testkit::people;

use crate::{after, assert_kind, assert_quiet, assert_whole, refusals, sent};

fn version() -> impl Strategy<Value = Version> {
    select(Version::ALL.to_vec())
}

fn shown(version: Version, record: &Record) -> Value {
    serde_json::to_value(lens::show(record, version, "https://x.org")).unwrap()
}

#[track_caller]
fn change(version: Version, record: &Record, operations: &[Value]) -> PersonChange {
    let patch = PatchUser::read(version, sent(&Value::from(operations))).expect("a patch");
    lens::change(&patch, record).unwrap_or_else(|error| panic!("{operations:?}: {error:?}"))
}

/// What is shown of the update model, by the names that a patch has for it.
fn patchable(version: Version, record: &Record) -> serde_json::Map<String, Value> {
    let Value::Object(mut user) = shown(version, record) else { unreachable!("a user is an object") };
    for name in ["id", "url", "departmentUrl", "status", "creationDateTime", "lastModifiedDateTime"] {
        user.remove(name).expect("a member of every version");
    }
    if let Some(image) = user.remove("image") {
        user.insert("imageId".into(), image["id"].clone());
    }
    if let Some(card) = user.remove("memberCard") {
        user.insert("memberCardId".into(), card["id"].clone());
        user.insert("cardNumber".into(), card["cardNumber"].clone());
    }
    user
}

#[test]
fn quiet() {
    check(300, (people::record(), version()), |(record, version)| {
        let user = patchable(version, &record);
        let replace = |(name, value): (&String, &Value)| json!({"op": "replace", "path": format!("/{name}"), "value": value});
        let whole: Vec<_> = user.iter().map(replace).collect();
        assert_quiet(Relesys, &record, &change(version, &record, &whole));
        let test = |(name, value): (&String, &Value)| json!({"op": "test", "path": format!("/{name}"), "value": value});
        let tests: Vec<_> = user.iter().map(test).collect();
        assert_quiet(Relesys, &record, &change(version, &record, &tests));
    });
}

/// Values for members of the update model that every version knows.
fn asked() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let optional = |value: BoxedStrategy<Value>| prop_oneof![3 => value, 1 => Just(Value::Null)];
    let words = || optional(text(255).prop_map(Value::from).boxed());
    let mail = || optional(email().prop_map(Value::from).boxed());
    let number = phone().prop_map(|(code, number)| json!({"countryCode": code, "number": number}));
    let date = "20[0-2][0-9]-0[1-9]-[12][0-8]T[01][0-9]:00:00(\\.[0-9]{0,6}[1-9])?Z";
    let groups = proptest::collection::btree_set(1..9_u128, 0..4).prop_map(|ids| {
        let entry = |id| json!({"id": uuid::Uuid::from_u128(id), "dataSource": "HR"});
        ids.into_iter().map(entry).collect::<Value>()
    });
    let name = name().prop_map(Value::from).boxed();
    let members = vec![
        ("name", name),
        ("title", words().boxed()),
        ("dataSource", words().boxed()),
        ("externalId", optional("[A-Z]{1,9}".prop_map(Value::from).boxed()).boxed()),
        ("secondaryEmail", mail().boxed()),
        ("phoneNumber", optional(number.boxed()).boxed()),
        ("birthDate", optional(date.prop_map(Value::from).boxed()).boxed()),
        ("userGroups", groups.boxed()),
        ("customFields", text(30).prop_map(|text| json!({"customfieldone": text})).boxed()),
    ];
    let members = members.into_iter().map(|(name, value)| value.prop_map(move |value| (name, value)).boxed());
    members.collect::<Vec<_>>().prop_flat_map(|members| {
        let count = members.len();
        proptest::sample::subsequence(members, 0..=count)
    })
}

/// A member has one rule, whichever way it comes.
#[test]
fn a_new_user_is_what_a_patch_makes_of_a_blank_one() {
    check(300, (people::record(), asked(), version()), |(record, members, version)| {
        let Person { id, number, object_id, created_at, .. } = *record.person;
        let mut blank = record.clone();
        *blank.person_mut() = Person::new(id, number, object_id, created_at);
        let mut body = json!({
            "name": "Ada Byron", "userGroups": [], "primaryDepartmentId": uuid::Uuid::from_u128(1),
        });
        body.as_object_mut()
            .unwrap()
            .extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let add = |(name, value): (&String, &Value)| json!({"op": "add", "path": format!("/{name}"), "value": value});
        let operations: Vec<_> = body.as_object().unwrap().iter().map(add).collect();
        let patched = change(version, &blank, &operations);
        let create = CreateUser::read(version, sent(&body)).expect("an object");
        let (created, _) = create.change(&record.related.custom_fields).expect("values of the right form");
        let applied = |change: &PersonChange| {
            let mut person = Person::clone(&blank.person);
            change.apply_to_person(&mut person);
            person
        };
        assert_eq!(applied(&created), applied(&patched), "{body}");
    });
}

#[test]
fn heard_and_kind() {
    check(300, (people::record(), version(), asked()), |(record, version, asked)| {
        let operations: Vec<_> = asked
            .iter()
            .map(|(name, value)| json!({"op": "add", "path": format!("/{name}"), "value": value}))
            .collect();
        let changed = after(Relesys, &record, &change(version, &record, &operations));
        let mut expected = patchable(version, &record);
        expected.extend(asked.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        assert_eq!(Value::Object(patchable(version, &changed)), Value::Object(expected));
        assert_kind(&record, &changed, |person, _| {
            person.name = Name::default();
            (person.title, person.data_source, person.second_email) = (None, None, None);
            (person.phone, person.birth_date) = (None, None);
            person.groups.clear();
            person.custom_fields.clear();
            person.identities.retain(|identity| identity.source.family() != Family::Relesys);
        });
    });
}

#[test]
fn one_custom_field_leaves_the_others_as_they_are() {
    check(100, (people::record(), version(), text(30)), |(record, version, text)| {
        let add = json!({"op": "add", "path": "/customFields/customfieldone", "value": text});
        let changed = after(Relesys, &record, &change(version, &record, &[add]));
        let others = |record: &Record| {
            let mut fields = record.person.custom_fields.clone();
            fields.remove("customfieldone");
            fields
        };
        assert_eq!(others(&record), others(&changed));
        assert_eq!(shown(version, &changed)["customFields"]["customfieldone"], text);
    });
}

#[tokio::test]
async fn whole() {
    let contract = crate::contract(include_str!("../../src/relesys/openapi.yaml"));
    for refusal in refusals() {
        assert_whole(&contract, |_| "Error", Error::from(refusal)).await;
    }
}

#[test]
fn closed() {
    let contract = OpenApi::parse(include_str!("../../src/relesys/openapi.yaml")).unwrap();
    check(100, (people::record(), version()), |(record, version)| {
        let user = shown(version, &record);
        let text = user.to_string();
        for hidden in [record.person.number.to_string(), record.person.object_id.to_string()] {
            let quoted = format!(":{hidden}");
            assert!(
                !text.contains(&quoted) && !text.contains(&format!("\"{hidden}\"")),
                "{hidden} in {text}"
            );
        }
        let schema = match version {
            Version::V1 => "UserAnswerV1",
            Version::V1_1 | Version::V1_2 | Version::V1_3 => "UserAnswerV1_1",
            Version::V1_4 => "UserAnswerV1_4",
        };
        // The contract allows no member that it does not name.
        contract.check_schema(schema, &json!({"data": user})).unwrap_or_else(|error| panic!("{error}"));
    });
}
