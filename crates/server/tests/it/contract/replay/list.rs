//! `GET /api/user`: the active users of the own company in pages, and everyone of a child company.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::process::Server;

use super::super::{CHILD, ROOT, command};
use super::told;
use crate::{demo, refused};

#[track_caller]
fn ids(users: &Value) -> Vec<&str> {
    users.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect()
}

/// Users come in the order of `createdAt`, and those of one time by id.
#[track_caller]
fn is_ordered(users: &Value) {
    let of = |user: &Value| {
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        (text("createdAt"), if user["status"] == "invited" { None } else { Some(text("id")) })
    };
    let keys: Vec<_> = users.as_array().unwrap().iter().map(of).collect();
    for pair in keys.windows(2) {
        let ties = pair[0].0 == pair[1].0 && (pair[0].1.is_none() || pair[1].1.is_none());
        assert!(pair[0] < pair[1] || ties, "{pair:?}");
    }
}

#[test]
fn the_own_companys_active_users_come_in_pages() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let answer = replay.get("/api/user");
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let all = told(answer, 200);
    let people = &seed.tenant.people;
    assert_eq!(
        all["pagination"],
        json!({"total": people.len(), "offset": 0, "limit": 100, "hasMore": false})
    );
    let expected: BTreeSet<&str> = people.iter().map(|person| person.replay.as_str()).collect();
    let listed = ids(&all["data"]);
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), expected, "nobody disabled or invited");
    assert_eq!(listed.len(), expected.len());
    is_ordered(&all["data"]);
    for user in all["data"].as_array().unwrap() {
        assert_eq!(told(replay.get(format!("/api/user/{}", user["id"].as_str().unwrap())), 200), *user);
    }

    let mut paged = Vec::new();
    for offset in (0..people.len()).step_by(7) {
        let page = told(replay.get(format!("/api/user?offset={offset}&limit=7")), 200);
        let size = page["data"].as_array().unwrap().len();
        let has_more = offset + size < people.len();
        let expected = json!({"total": people.len(), "offset": offset, "limit": 7, "hasMore": has_more});
        assert_eq!(page["pagination"], expected);
        paged.extend(page["data"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::from(paged), all["data"]);
    let past = told(replay.get("/api/user?offset=9007199254740991&limit=1"), 200);
    assert_eq!(past["data"], json!([]));
    assert_eq!(
        past["pagination"],
        json!({"total": people.len(), "offset": 9_007_199_254_740_991_u64, "limit": 1, "hasMore": false})
    );
    let head = replay.raw("HEAD", "/api/user").send().expect(200);
    assert!(head.body.is_empty());
}

#[test]
fn who_is_disabled_leaves_the_own_list_and_its_total() {
    let server = demo();
    let (replay, seed) = (&server.callers().replay, server.seed());
    let person = &seed.tenant.people[2].replay;
    let total = seed.tenant.people.len();
    for (word, here) in [("disable", false), ("enable", true)] {
        command(&server, &["person", word, person, "-o", ROOT]);
        let page = told(replay.get("/api/user"), 200);
        assert_eq!(page["pagination"]["total"], total - usize::from(!here));
        assert_eq!(ids(&page["data"]).contains(&person.as_str()), here, "{word}");
    }
}

#[test]
fn a_child_companys_list_has_invited_and_disabled_users_too() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let (replay, replay_seed) = (&callers.replay, &seed.tenant.replay);
    let invite = ["person", "add", "--given-name", "Nina", "--email", "nina@new.example", "--invite"];
    let invited = command(&server, &[&invite[..], &["-o", CHILD]].concat());
    let invitation = invited["invitation"]["id"].as_str().unwrap();
    let disabled = command(&server, &["person", "add", "--given-name", "Dora", "-o", CHILD]);
    let disabled = disabled["id"].as_str().unwrap();
    command(&server, &["person", "disable", disabled, "-o", CHILD]);
    // Expected by another API, and without an invitation of this one.
    let pending = command(&server, &["person", "add", "--given-name", "Penny", "-o", ROOT]);
    let pending = pending["id"].as_str().unwrap();
    command(&server, &["person", "add", "--person", pending, "-o", CHILD]);
    callers.relesys.put(format!("/api/v1/users/{pending}/status"), json!({"status": "Pending"})).expect(204);

    let list = format!("/api/user?child_company_id={}", replay_seed.child_company_id);
    let all = told(replay.get(&list), 200);
    assert_eq!(all.as_object().unwrap().len(), 1, "only users");
    is_ordered(&all["users"]);
    let expected = BTreeSet::from([replay_seed.child_user_id.as_str(), invitation, disabled]);
    assert_eq!(ids(&all["users"]).into_iter().collect::<BTreeSet<_>>(), expected);
    let statuses: BTreeSet<&str> =
        all["users"].as_array().unwrap().iter().map(|user| user["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["active", "disabled", "invited"]));
    for user in all["users"].as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        let one = replay.get(format!("/api/user/{id}?child_company_id={}", replay_seed.child_company_id));
        assert_eq!(told(one, 200), *user);
    }
    let other = format!("/api/user?childCompanyId={}", replay_seed.child_company_id.to_uppercase());
    assert_eq!(told(replay.get(other), 200), all);

    let mut paged = Vec::new();
    for offset in 0..expected.len() {
        let page = told(replay.get(format!("{list}&offset={offset}&limit=1")), 200);
        assert_eq!(page["users"].as_array().unwrap().len(), 1);
        paged.extend(page["users"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::from(paged), all["users"]);
    let past = told(replay.get(format!("{list}&offset={}", expected.len())), 200);
    assert_eq!(past, json!({"users": []}));
    assert_eq!(told(replay.get(format!("{list}&limit=1000")), 200), all);

    let by_child = Caller::replay(&server.client(), &replay_seed.child_api_key);
    let own = told(by_child.get("/api/user"), 200);
    assert!(!ids(&own["data"]).contains(&invitation) && !ids(&own["data"]).contains(&disabled));
    let empty = format!("/api/user?childCompanyId={}", replay_seed.grandchild_company_id);
    assert_eq!(told(by_child.get(empty), 200), json!({"users": []}));
}

#[test]
fn a_long_list_of_a_child_company_is_whole() {
    let server = Server::demo(crate::binary(), ["--people", "350"]);
    let (replay, seed) = (server.callers().replay, server.seed());
    // The root has no parent whose child it is, so its people become members of its child.
    for person in &seed.tenant.people[..8] {
        command(&server, &["person", "add", "--person", &person.replay, "-o", CHILD]);
    }
    let list = format!("/api/user?childCompanyId={}", seed.tenant.replay.child_company_id);
    let all = told(replay.get(&list), 200);
    assert_eq!(ids(&all["users"]).len(), 9);
    is_ordered(&all["users"]);
    let page = told(replay.get("/api/user?limit=1000"), 200);
    assert_eq!(ids(&page["data"]).len(), seed.tenant.people.len());
    is_ordered(&page["data"]);
}

#[test]
fn what_cannot_be_listed_is_refused_in_order() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let replay = &callers.replay;
    refused(&server, || {
        for (query, path) in [
            ("offset=-1", "offset"),
            ("offset=x", "offset"),
            ("offset=", "offset"),
            ("offset=1.5", "offset"),
            ("offset=%2B1", "offset"),
            ("offset=99999999999999999999", "offset"),
            ("offset=1&offset=2", "offset"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=ten", "limit"),
            ("child_company_id=", "child_company_id"),
            ("childCompanyId=null", "childCompanyId"),
        ] {
            let error = told(replay.get(format!("/api/user?{query}")), 400);
            assert_eq!(error["details"][0]["path"], path, "{query}: {error}");
        }
        let nobodys = "22222222-2222-4222-8222-222222222222";
        let (own, strangers) = (&seed.tenant.replay, &seed.stranger.replay);
        let both = format!("/api/user?childCompanyId={}&child_company_id={nobodys}", own.child_company_id);
        told(replay.get(both), 400);
        let mut bodies = Vec::new();
        for company in [&own.grandchild_company_id, &strangers.child_company_id, nobodys] {
            for rest in ["", "&limit=1"] {
                bodies.push(told(replay.get(format!("/api/user?childCompanyId={company}{rest}")), 403));
            }
            told(replay.get(format!("/api/user?childCompanyId={company}&limit=0")), 400);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "no way to probe for companies");
        let nobody = Caller::nobody(&server.client(), testkit::callers::Dialect::Replay);
        told(nobody.get("/api/user?limit=0"), 401);
        let wrong_method = replay.put("/api/user", json!({})).expect(405);
        assert_eq!(wrong_method.header("allow"), Some("GET,HEAD,POST"));
    });
}
