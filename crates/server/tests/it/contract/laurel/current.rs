//! What users do with a token of their own: read and change themselves, and see for whom they may act.

use serde_json::{Value, json};
use testkit::callers::Caller;

use super::super::{ROOT, command, events_of, quiet};
use super::{Firm, firm, ids, mistakes, told};
use crate::acting_for;

const CURRENT: &str = "/laurel/api/v1/users/current";
const DELEGATORS: &str = "/laurel/api/v1/delegators";

/// A client that acts for a person of the seed.
#[track_caller]
fn client_of(firm: &Firm, index: usize, scope: &str) -> Caller {
    acting_for(&firm.server, &firm.person(index).relesys, scope)
}

#[track_caller]
fn listed(caller: &Caller, query: &str) -> Value {
    told(caller.get(format!("{DELEGATORS}{query}")), 200)
}

#[test]
fn a_user_reads_and_changes_themselves() {
    let firm = firm();
    let me = client_of(&firm, 0, "readwrite");
    assert_eq!(told(me.get(CURRENT), 200), firm.seen(0));
    let delegate = &firm.person(7).laurel;
    let body = json!({
        "firstName": "Augusta", "nickname": "Gus", "phone": "+44 20 7946", "delegateIds": [delegate],
        "roleIds": "not looked at", "identities": 7, "status": "adminDisabled",
    });
    let user = told(me.patch(CURRENT, &body), 200);
    assert_eq!((&user["firstName"], &user["nickname"]), (&json!("Augusta"), &json!("Gus")));
    assert_eq!(ids(&user["delegators"]), [delegate.as_str()]);
    assert_eq!(user["status"], "active");
    let phones = |user: &Value| -> Vec<Value> {
        let all = user["identities"].as_array().unwrap().iter();
        all.filter(|identity| identity["type"] == "phone").map(|identity| identity["value"].clone()).collect()
    };
    assert_eq!(phones(&user), [json!("+44 20 7946")]);
    assert_eq!(firm.seen(0), user);
    let event = &events_of(&firm.server, &firm.person(0).relesys)[0];
    assert_eq!((&event["via"], &event["actor"]), (&json!("laurel"), &json!(firm.person(0).relesys)));
    quiet(&firm.server, || {
        assert_eq!(told(me.patch(CURRENT, &body), 200), user);
        assert_eq!(told(me.patch(CURRENT, json!({})), 200), user);
        assert_eq!(mistakes(me.patch(CURRENT, json!({"firstName": "", "phone": 7}))), ["phone"]);
        assert_eq!(mistakes(me.patch(CURRENT, json!({"delegateIds": ["x"]}))), ["delegateIds"]);
        assert_eq!(mistakes(me.patch(CURRENT, json!({"phone": "x".repeat(257)}))), ["identities.0.value"]);
    });
    let without = told(me.patch(CURRENT, json!({"phone": ""})), 200);
    assert_eq!(phones(&without), [Value::Null; 0]);
}

#[test]
fn a_machine_is_no_user_and_a_reader_changes_nothing() {
    let firm = firm();
    let reader = client_of(&firm, 0, "read");
    quiet(&firm.server, || {
        told(firm.laurel.get(CURRENT), 403);
        told(firm.laurel.patch(CURRENT, json!({"nickname": "No"})), 403);
        told(firm.laurel.get(DELEGATORS), 403);
        told(reader.patch(CURRENT, json!({"nickname": "No"})), 403);
    });
    told(reader.get(CURRENT), 200);
}

#[test]
fn a_user_sees_for_whom_they_may_act() {
    let firm = firm();
    let me = client_of(&firm, 0, "read");
    assert_eq!(listed(&me, ""), json!({"items": [], "totalPages": 0, "totalItems": 0}));
    let delegators = [5, 6, 7].map(|index| firm.person(index).laurel.clone());
    told(firm.laurel.patch(firm.user(&firm.person(0).laurel), json!({"delegateIds": delegators})), 200);
    let all = listed(&me, "");
    let mut sorted = delegators.to_vec();
    sorted.sort_unstable();
    assert_eq!(ids(&all["items"]), sorted);
    assert_eq!((&all["totalItems"], &all["totalPages"]), (&json!(3), &json!(1)));
    let page = listed(&me, "?pageSize=2");
    assert_eq!(page["items"].as_array().unwrap()[..], all["items"].as_array().unwrap()[..2]);
    assert_eq!((&page["totalPages"], &page["nextPage"]), (&json!(2), &json!(2)));
    let address = all["items"][1]["email"].as_str().unwrap();
    let found = listed(&me, &format!("?search={}", address.replace('@', "%40")));
    assert!(found["items"].as_array().unwrap().contains(&all["items"][1]), "{found}");

    // Who is deleted is nobody's delegator any more.
    told(firm.laurel.delete(firm.user(&sorted[0])), 200);
    assert_eq!(ids(&listed(&me, "")["items"]), sorted[1..]);

    let path = firm.user(format!("{}/super-delegate", firm.person(0).laurel));
    told(firm.laurel.patch(path, json!({"isSuperDelegate": true})), 200);
    let everybody = told(firm.laurel.get(firm.users()), 200);
    let everybody = everybody.as_array().unwrap().len();
    assert_eq!(listed(&me, "")["totalItems"], everybody);
    assert_eq!(mistakes(me.get(format!("{DELEGATORS}?pageSize=151"))), ["pageSize"]);
}

#[test]
fn who_is_disabled_or_left_acts_no_more() {
    let firm = firm();
    let (first, second) = (client_of(&firm, 0, "read"), client_of(&firm, 1, "read"));
    for caller in [&first, &second] {
        told(caller.get(CURRENT), 200);
    }
    command(&firm.server, &["person", "disable", &firm.person(0).relesys, "-o", ROOT]);
    told(first.get(CURRENT), 401);
    told(first.get(firm.users()), 401);
    told(second.get(CURRENT), 200);
    command(&firm.server, &["person", "enable", &firm.person(0).relesys, "-o", ROOT]);
    told(first.get(CURRENT), 200);
    told(firm.laurel.delete(firm.user(&firm.person(1).laurel)), 200);
    told(second.get(CURRENT), 401);
    told(second.get(DELEGATORS), 401);
}
