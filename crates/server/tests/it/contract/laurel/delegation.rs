//! `delegateIds` and `delegates`: who delegates to the user addressed, seen from both ends.

use std::thread;

use serde_json::{Value, json};

use super::super::{CHILD, command, events_of, quiet};
use super::{Firm, NOBODY, firm, ids, mistakes, told};

impl Firm {
    fn id(&self, index: usize) -> &str {
        &self.person(index).laurel
    }

    /// A user's ends of all their edges: delegators, then delegates.
    #[track_caller]
    fn edges(&self, index: usize) -> [Vec<String>; 2] {
        let user = self.seen(index);
        ["delegators", "delegates"].map(|end| {
            let mut others: Vec<_> = ids(&user[end]).into_iter().map(str::to_owned).collect();
            others.sort_unstable();
            others
        })
    }

    fn sorted(&self, indices: &[usize]) -> Vec<String> {
        let mut ids: Vec<_> = indices.iter().map(|index| self.id(*index).to_owned()).collect();
        ids.sort_unstable();
        ids
    }

    /// The permissions of the edge by which `delegator` delegates to `delegate`.
    #[track_caller]
    fn claims(&self, delegator: usize, delegate: usize) -> Option<Vec<String>> {
        let user = self.seen(delegator);
        let edge =
            user["delegates"].as_array().unwrap().iter().find(|it| it["_id"] == self.id(delegate)).cloned();
        let permissions = edge.expect("the edge").get("permissions").cloned()?;
        let claim = |permission: &Value| permission["claim"].as_str().unwrap().to_owned();
        Some(permissions.as_array().unwrap().iter().map(claim).collect())
    }
}

/// The people of the seed whom nobody delegates to, and who delegate to nobody.
const U: usize = 0;
const A: usize = 1;
const B: usize = 2;
const C: usize = 15;

const NONE: Vec<String> = Vec::new();

#[test]
fn those_named_delegate_to_the_one_addressed() {
    let firm = firm();
    let path = firm.user(firm.id(U));
    let before = [U, A, B, C].map(|index| firm.seen(index)["updatedAt"].clone());
    let user = told(firm.laurel.patch(&path, json!({"delegateIds": [firm.id(A), firm.id(B)]})), 200);
    assert_eq!(user["delegates"], json!([]));
    for delegator in user["delegators"].as_array().unwrap() {
        let own = told(firm.laurel.get(firm.user(delegator["_id"].as_str().unwrap())), 200);
        for name in ["firstName", "lastName", "identities"] {
            assert_eq!(delegator[name], own[name], "{name}");
        }
    }
    assert_eq!(firm.edges(U), [firm.sorted(&[A, B]), NONE]);
    assert_eq!(firm.edges(A), [NONE, firm.sorted(&[U])]);
    assert_eq!(firm.edges(B), [NONE, firm.sorted(&[U])]);
    let digest = &firm.seen(A)["delegates"][0];
    let expected = json!({"_id": firm.id(U), "firstName": user["firstName"], "lastName": user["lastName"]});
    assert_eq!(*digest, expected, "made without a word about permissions");

    told(firm.laurel.patch(&path, json!({"delegateIds": [firm.id(B), firm.id(C)]})), 200);
    assert_eq!(firm.edges(U), [firm.sorted(&[B, C]), NONE]);
    assert_eq!(firm.edges(A), [NONE, NONE], "no longer");
    assert_eq!(firm.edges(C), [NONE, firm.sorted(&[U])]);

    let after = [U, A, B, C].map(|index| firm.seen(index)["updatedAt"].clone());
    assert_ne!(after[0], before[0], "news of the user addressed");
    assert_eq!(after[1..], before[1..], "no news of the others");
    for index in [A, B, C] {
        let events = events_of(&firm.server, firm.id(index));
        assert!(events.iter().all(|event| event["action"] == "created"), "{events:#?}");
    }

    told(firm.laurel.patch(&path, json!({"delegateIds": []})), 200);
    for index in [U, A, B, C] {
        assert_eq!(firm.edges(index), [NONE, NONE]);
    }
}

#[test]
fn both_may_delegate_to_each_other() {
    let firm = firm();
    told(firm.laurel.patch(firm.user(firm.id(U)), json!({"delegateIds": [firm.id(A)]})), 200);
    told(firm.laurel.patch(firm.user(firm.id(A)), json!({"delegateIds": [firm.id(U)]})), 200);
    assert_eq!(firm.edges(U), [firm.sorted(&[A]), firm.sorted(&[A])]);
    assert_eq!(firm.edges(A), [firm.sorted(&[U]), firm.sorted(&[U])]);
    told(firm.laurel.patch(firm.user_v2(firm.id(U)), json!({"delegates": []})), 200);
    assert_eq!(firm.edges(U), [NONE, firm.sorted(&[A])]);
    assert_eq!(firm.edges(A), [firm.sorted(&[U]), NONE]);
}

#[test]
fn permissions_are_the_edges_own() {
    let firm = firm();
    let [first, second] = firm.both(U);
    let entry = |index: usize, claims: &[&str]| {
        let permissions: Vec<_> = claims.iter().map(|claim| json!({"claim": claim})).collect();
        json!({"userId": firm.id(index), "permissions": permissions})
    };
    let body = json!({"delegates": [entry(A, &["TimeWrite", "TimeRead", "TimeWrite"]), entry(B, &[])]});
    told(firm.laurel.patch(&second, body), 200);
    let claims = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    assert_eq!(firm.claims(A, U), claims(&["TimeWrite", "TimeRead"]));
    assert_eq!(firm.claims(B, U), claims(&[]));

    // Version 1 keeps what an edge that stays allows, and says nothing of a new one.
    told(firm.laurel.patch(&first, json!({"delegateIds": [firm.id(A), firm.id(B), firm.id(C)]})), 200);
    assert_eq!(firm.claims(A, U), claims(&["TimeWrite", "TimeRead"]));
    assert_eq!(firm.claims(B, U), claims(&[]));
    assert_eq!(firm.claims(C, U), None);

    // Version 2 replaces them; of somebody named twice the last entry counts.
    let body = json!({"delegates": [entry(A, &["One"]), entry(C, &["Two"]), entry(A, &["Three"])]});
    told(firm.laurel.patch(&second, body), 200);
    assert_eq!(firm.claims(A, U), claims(&["Three"]));
    assert_eq!(firm.claims(C, U), claims(&["Two"]));
    assert_eq!(firm.edges(B), [NONE, NONE]);
    quiet(&firm.server, || {
        let body = json!({"delegates": [entry(C, &["Two"]), entry(A, &["Three", "Three"])]});
        told(firm.laurel.patch(&second, body), 200);
        told(firm.laurel.patch(&first, json!({"delegateIds": [firm.id(C), firm.id(A)]})), 200);
    });
    // An edge that went and came back begins anew.
    told(firm.laurel.patch(&first, json!({"delegateIds": [firm.id(C)]})), 200);
    told(firm.laurel.patch(&first, json!({"delegateIds": [firm.id(C), firm.id(A)]})), 200);
    assert_eq!(firm.claims(A, U), None);
    let longest = "c".repeat(256);
    told(firm.laurel.patch(&second, json!({"delegates": [entry(A, &[&longest])]})), 200);
    assert_eq!(firm.claims(A, U), claims(&[&longest]));
}

#[test]
fn a_delegator_who_is_deleted_meanwhile_leaves_no_edge() {
    let firm = firm();
    let path = firm.user(firm.id(U));
    for index in 15..25 {
        let named = json!({"delegateIds": [firm.id(index)]});
        let (asked, deleted) = thread::scope(|scope| {
            let asking = scope.spawn(|| firm.laurel.patch(&path, named));
            let deleting = scope.spawn(|| firm.laurel.delete(firm.user(firm.id(index))));
            (asking.join().unwrap(), deleting.join().unwrap())
        });
        told(deleted, 200);
        let status = asked.status;
        assert!(matches!(status, 200 | 400), "{asked}");
        told(asked, status);
        assert_eq!(firm.edges(U), [NONE, NONE]);
    }
}

#[test]
fn who_cannot_be_named() {
    let firm = firm();
    let child = command(&firm.server, &["person", "list", "-o", CHILD])[0]["objectId"].clone();
    let gone = firm.add(&["--given-name", "Gone"]);
    told(firm.laurel.delete(firm.user(&gone)), 200);
    let stranger = &firm.server.seed().stranger.people[0].laurel;
    let [first, second] = firm.both(U);
    told(firm.laurel.patch(&first, json!({"delegateIds": [firm.id(B)]})), 200);
    quiet(&firm.server, || {
        for id in [child.as_str().unwrap(), &gone, stranger, NOBODY, firm.id(U)] {
            let body = json!({"nickname": "No", "delegateIds": [firm.id(A), id]});
            assert_eq!(mistakes(firm.laurel.patch(&first, body)), ["delegateIds"]);
            let entry = |id: &str| json!({"userId": id, "permissions": []});
            let body = json!({"nickname": "No", "delegates": [entry(firm.id(A)), entry(id)]});
            assert_eq!(mistakes(firm.laurel.patch(&second, body)), ["delegates"]);
        }
        for value in [json!(null), json!("x"), json!(["x"]), json!([null]), json!([{"userId": firm.id(A)}])] {
            let body = json!({"nickname": "No", "delegateIds": value});
            assert_eq!(mistakes(firm.laurel.patch(&first, &body)), ["delegateIds"], "{body}");
        }
        let a = firm.id(A);
        for (value, field) in [
            (json!(null), "delegates"),
            (json!({}), "delegates"),
            (json!([a]), "delegates.0"),
            (json!([{"userId": a}]), "delegates.0.permissions"),
            (json!([{"userId": a, "permissions": null}]), "delegates.0.permissions"),
            (json!([{"userId": a, "permissions": ["TimeRead"]}]), "delegates.0.permissions.0"),
            (json!([{"userId": a, "permissions": [{}]}]), "delegates.0.permissions.0.claim"),
            (json!([{"userId": a, "permissions": [{"claim": ""}]}]), "delegates.0.permissions.0.claim"),
            (
                json!([{"userId": a, "permissions": [{"claim": "c".repeat(257)}]}]),
                "delegates.0.permissions.0.claim",
            ),
            (json!([{"permissions": []}]), "delegates.0.userId"),
            (json!([{"userId": "x", "permissions": []}]), "delegates.0.userId"),
        ] {
            let body = json!({"nickname": "No", "delegates": value});
            assert_eq!(mistakes(firm.laurel.patch(&second, &body)), [field], "{body}");
        }
        assert_eq!(firm.edges(U), [firm.sorted(&[B]), NONE]);
    });
}
