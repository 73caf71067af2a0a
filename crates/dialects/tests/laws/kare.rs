//! Kare obeys the laws.

use dialects::kare::error::Error;
use dialects::kare::lens;
use dialects::kare::wire::PatchUser;
use directory::Dialect::Kare;
use directory::authority::KareRights;
use directory::ids::Number;
use directory::membership::{KareGrant, KareScope};
use directory::name::Name;
use directory::{Record, Refusal};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::generate::{check, name, text};
use testkit::openapi::OpenApi;
use testkit::people;

use crate::{after, assert_kind, assert_quiet, assert_whole, refusals, sent};

fn read(json: Value) -> PatchUser {
    PatchUser::read(sent(&json)).expect("a valid body")
}

fn member(record: &Record) -> Value {
    serde_json::to_value(lens::show_member(record, Number::new(1).unwrap())).unwrap()
}

fn user(record: &Record) -> Value {
    let rights = KareRights::of(Some(people::ACTOR), record).unwrap();
    serde_json::to_value(lens::show_user(record, Some(rights))).unwrap()
}

fn contract() -> OpenApi {
    OpenApi::parse(include_str!("../../src/kare/openapi.yaml")).unwrap()
}

#[test]
fn quiet() {
    check(300, people::record(), |record| {
        let shown = user(&record);
        let mut body = json!({
            "firstName": shown["firstName"], "lastName": shown["lastName"],
            "scope": shown["scope"], "permissions": shown["permissions"],
        });
        // What is shown as null cannot be sent: to this API it is not a value.
        if let Some(profession) = shown["profession"].as_object() {
            body["professionId"] = profession["id"].clone();
        }
        assert_quiet(Kare, &record, &lens::change(&read(body), &record).unwrap());
        for shown in [shown, member(&record)] {
            assert_quiet(Kare, &record, &lens::change(&read(shown), &record).unwrap());
        }
    });
}

#[test]
fn heard_and_kind() {
    let ids = || vec(-9_007_199_254_740_991..=9_007_199_254_740_991_i64, 0..4);
    // 125 characters are at most 250 UTF-16 code units.
    let texts = (name(), prop_oneof![name(), text(125)]);
    let grants = (1..=2_u8, 0..9_u64, ids(), ids(), 1..99_u64);
    check(300, (people::record(), texts, grants), |(record, (first, last), grants)| {
        let (scope, group, mut reads, mut manages, profession) = grants;
        for ids in [&mut reads, &mut manages] {
            ids.dedup();
        }
        let body = json!({
            "firstName": first, "lastName": last, "scope": scope, "professionId": profession,
            "permissions": {"group": group, "read": reads, "manage": manages},
        });
        let changed = after(Kare, &record, &lens::change(&read(body.clone()), &record).unwrap());
        for (seen, members) in [
            (user(&changed), ["firstName", "lastName", "scope", "permissions"].as_slice()),
            (member(&changed), &["scope", "permissions"]),
        ] {
            for name in members {
                assert_eq!(seen[name], body[name], "{name}");
            }
        }
        assert_eq!(changed.membership.kare.profession, Number::new(profession));
        assert_kind(&record, &changed, |person, membership| {
            person.name = Name::default();
            membership.kare = KareGrant::default();
        });
    });
}

#[test]
fn what_is_left_out_stays() {
    check(100, people::record(), |record| {
        let other = if record.membership.kare.scope == KareScope::Admin { 2 } else { 1 };
        let changed = after(Kare, &record, &lens::change(&read(json!({"scope": other})), &record).unwrap());
        assert_kind(&record, &changed, |_, membership| {
            membership.kare.scope = KareScope::User;
        });
    });
}

#[tokio::test]
async fn whole() {
    let contract = crate::contract(include_str!("../../src/kare/openapi.yaml"));
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
    let contract = contract();
    check(100, people::record(), |record| {
        let (user, member) = (user(&record), member(&record));
        contract.check_schema("User", &user).unwrap();
        contract.check_schema("Membership", &member).unwrap();
        for text in [user.to_string(), member.to_string()] {
            for hidden in [record.person.object_id.to_string(), record.membership.organization.to_string()] {
                assert!(!text.contains(&hidden), "{hidden} in {text}");
            }
        }
        assert!(!member.to_string().contains(&record.person.id.to_string()));
    });
}

#[test]
fn who_is_no_member_any_more_has_no_rights() {
    check(10, people::record(), |mut record| {
        record.actor = None;
        let change = lens::change(&read(json!({})), &record).unwrap();
        assert_eq!(crate::applied(Kare, &record, &change), Err(Refusal::CallerGone));
    });
}
