//! Replay obeys the laws.

use dialects::replay::error::Error;
use dialects::replay::lens;
use dialects::replay::wire::PatchUser;
use directory::Dialect::Replay;
use directory::membership::ReplayRole;
use directory::name::Name;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::generate::{check, name, text};
use testkit::people;

use crate::{after, assert_kind, assert_quiet, assert_whole, refusals, sent};

fn read(json: Value) -> PatchUser {
    PatchUser::read(sent(&json)).expect("a valid body")
}

fn shown(record: &directory::Record) -> Value {
    serde_json::to_value(lens::show(record)).unwrap()
}

#[test]
fn quiet() {
    check(300, people::record(), |record| {
        let mut body = shown(&record);
        // What is shown as null cannot be sent: to this API it is not a value.
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_quiet(Replay, &record, &lens::change(&read(body), &record).unwrap());
    });
}

#[test]
fn heard_and_kind() {
    let asked = (name(), prop_oneof![name(), text(255).prop_filter("not empty", |text| !text.is_empty())]);
    check(300, (people::record(), asked, any::<bool>()), |(mut record, (first, last), manager)| {
        if record.membership.replay.role == ReplayRole::Admin {
            record.membership_mut().replay.role = ReplayRole::User;
        }
        let role = if manager { "Manager" } else { "User" };
        let body = json!({"firstName": first, "lastName": last, "role": role});
        let changed = after(Replay, &record, &lens::change(&read(body.clone()), &record).unwrap());
        let seen = shown(&changed);
        for (member, value) in body.as_object().unwrap() {
            assert_eq!(&seen[member], value, "{member}");
        }
        assert_kind(&record, &changed, |person, membership| {
            person.name = Name::default();
            membership.replay.role = ReplayRole::User;
        });
    });
}

#[test]
fn an_admin_keeps_the_role() {
    check(50, people::record(), |mut record| {
        record.membership_mut().replay.role = ReplayRole::Admin;
        let change = |role: &str| lens::change(&read(json!({"role": role})), &record).unwrap();
        assert_quiet(Replay, &record, &change("Manager"));
        assert!(crate::applied(Replay, &record, &change("User")).is_err());
    });
}

#[tokio::test]
async fn whole() {
    let contract = crate::contract(include_str!("../../src/replay/openapi.yaml"));
    for refusal in refusals() {
        assert_whole(
            &contract,
            |status| if status == 400 { "ValidationError" } else { "Error" },
            Error::from(refusal),
        )
        .await;
    }
}

#[test]
fn closed() {
    check(100, people::record(), |record| {
        let text = shown(&record).to_string();
        for hidden in [record.person.number.to_string(), record.person.object_id.to_string()] {
            let quoted = format!(":{hidden}");
            assert!(
                !text.contains(&quoted) && !text.contains(&format!("\"{hidden}\"")),
                "{hidden} in {text}"
            );
        }
        let members: Vec<_> = shown(&record).as_object().unwrap().keys().cloned().collect();
        let expected = [
            "id",
            "email",
            "firstName",
            "lastName",
            "role",
            "status",
            "externalId",
            "createdAt",
            "invitationUrl",
        ];
        assert_eq!(members.len(), expected.len());
        assert!(expected.iter().all(|member| members.iter().any(|shown| shown == member)), "{members:?}");
    });
}
