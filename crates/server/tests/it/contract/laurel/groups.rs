//! `/api/v1/user-groups`: groups and their members.

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::http::Response;

use super::super::{ROOT, command};
use super::{Firm, firm, ids, mistakes, told};
use crate::refused;

const NOBODY: &str = "64b7f0c2a1d3e4f5a6b7c8d9";

impl Firm {
    fn groups(&self, rest: &str) -> String {
        let separator = if rest.contains('?') { '&' } else { '?' };
        let customer = &self.server.seed().tenant.laurel.customer_id;
        format!("/api/v1/user-groups{rest}{separator}customerId={customer}")
    }

    #[track_caller]
    fn group(&self, external_id: &str) -> Value {
        let customer = &self.server.seed().tenant.laurel.customer_id;
        let body = json!({"customerId": customer, "externalId": external_id, "name": format!("Group {external_id}")});
        told(self.laurel.post("/api/v1/user-groups", body), 201)
    }

    fn delete_with(&self, path: &str, body: Value) -> Response {
        self.laurel.raw("DELETE", path).json(body).send()
    }

    #[track_caller]
    fn members(&self, group: &Value) -> Vec<String> {
        let path = self.groups(&format!("/{}/users", id(group)));
        ids(&told(self.laurel.get(path), 200)).into_iter().map(str::to_owned).collect()
    }

    fn user_ids(&self) -> Vec<String> {
        self.server.seed().tenant.people.iter().map(|person| person.laurel.clone()).collect()
    }
}

fn id(group: &Value) -> &str {
    group["_id"].as_str().expect("an id")
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

#[test]
fn a_group_lives_and_ends() {
    let firm = firm();
    let customer = firm.server.seed().tenant.laurel.customer_id.clone();
    let body = json!({"customerId": customer.to_uppercase(), "externalId": "crew/1", "name": "Crew", "description": "Of ships"});
    let group = told(firm.laurel.post("/api/v1/user-groups", &body), 201);
    assert_eq!(
        (&group["externalId"], &group["name"], &group["description"], &group["customerId"]),
        (&json!("crew/1"), &json!("Crew"), &json!("Of ships"), &json!(customer))
    );
    assert_eq!(group["createdAt"], group["updatedAt"]);
    assert_eq!(
        told(firm.laurel.post("/api/v1/user-groups", &body), 409)["message"],
        "externalId already taken"
    );

    let path = firm.groups(&format!("/{}", id(&group).to_uppercase()));
    assert_eq!(told(firm.laurel.get(&path), 200), group);
    let patched = told(
        firm.laurel.patch(&path, json!({"name": "Crews", "description": null, "externalId": null})),
        200,
    );
    assert_eq!((&patched["name"], &patched["externalId"]), (&json!("Crews"), &json!("crew/1")));
    assert!(patched.get("description").is_none());
    assert_eq!(told(firm.laurel.patch(&path, json!({})), 200), patched);
    let other = firm.group("crew-2");
    let taken = firm.laurel.patch(firm.groups(&format!("/{}", id(&other))), json!({"externalId": "crew/1"}));
    assert_eq!(told(taken, 409)["message"], "externalId already taken");

    // What Relesys shows is the same group.
    let relesys = firm.server.callers().relesys;
    let page = relesys.get("/api/v1/userGroups?name=Crews").expect(200).json();
    assert_eq!(page["data"][0]["externalId"], "crew/1");

    assert_eq!(told(firm.laurel.delete(&path), 200), patched);
    assert_eq!(told(firm.laurel.delete(&path), 200), Value::Null);
    assert_eq!(told(firm.laurel.get(&path), 404)["message"], "User group not found");
    assert_eq!(told(firm.laurel.patch(&path, json!({"name": "X"})), 404)["message"], "User group not found");
    // The external id is free again.
    told(firm.laurel.post("/api/v1/user-groups", &body), 201);
}

#[test]
fn a_group_is_put_and_deleted_by_its_external_id() {
    let firm = firm();
    let path = firm.groups("/by-external-id/crew%2F7");
    let made = told(firm.laurel.put(&path, json!({"name": "Crew", "description": "Of ships"})), 200);
    assert_eq!(made["externalId"], "crew/7");
    let again = told(firm.laurel.put(&path, json!({"name": "Crew"})), 200);
    assert_eq!(again, made, "an absent description stays, and nothing is written");
    let renamed = told(firm.laurel.put(&path, json!({"name": "Crews", "description": null})), 200);
    assert_eq!((id(&renamed), &renamed["name"]), (id(&made), &json!("Crews")));
    assert!(renamed.get("description").is_none());
    assert_eq!(firm.laurel.delete(&path).expect(204).text(), "");
    assert_eq!(told(firm.laurel.delete(&path), 404)["message"], "User group not found");
    let anew = told(firm.laurel.put(&path, json!({"name": "Crew"})), 200);
    assert_ne!(id(&anew), id(&made));

    // Of several at once one makes it.
    let path = firm.groups("/by-external-id/at-once");
    let all: Vec<Value> = std::thread::scope(|scope| {
        let put = |_| scope.spawn(|| told(firm.laurel.put(&path, json!({"name": "One"})), 200));
        let threads: Vec<_> = (0..8).map(put).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    });
    assert!(all.iter().all(|one| id(one) == id(&all[0])), "{all:?}");
}

#[test]
fn members_come_and_go() {
    let firm = firm();
    let group = firm.group("crew");
    let people = firm.user_ids();
    let path = firm.groups(&format!("/{}/users", id(&group)));
    assert_eq!(firm.members(&group), [""; 0]);

    let body = json!({"kind": "user-id", "ids": [people[8], people[1].to_uppercase(), NOBODY, people[8]]});
    let changed = told(firm.laurel.post(&path, &body), 201);
    assert_eq!((id(&changed), changed.get("users")), (id(&group), None));
    assert_eq!(firm.members(&group), sorted(vec![people[1].clone(), people[8].clone()]));
    let members = told(firm.laurel.get(&path), 200);
    let user = told(firm.laurel.get(firm.user(&people[1])), 200);
    let member = members.as_array().unwrap().iter().find(|member| member["_id"] == *people[1]).unwrap();
    for field in ["email", "firstName", "lastName", "jobTitle", "nickname", "groupIds"] {
        assert_eq!(member[field], user[field], "{field}");
    }
    assert!(user["groupIds"].as_array().unwrap().contains(&group["_id"]));
    let of_user = told(firm.laurel.get(firm.groups(&format!("/for-user/{}", people[1]))), 200);
    let own: Vec<&str> = user["groupIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(
        sorted(ids(&of_user).into_iter().map(str::to_owned).collect()),
        sorted(own.iter().map(ToString::to_string).collect())
    );
    assert!(of_user.as_array().unwrap().contains(&changed));

    // By the ids of the billing systems, of which the first in order counts.
    for (index, kind) in [(1, "elite"), (2, "aderant"), (4, "external-billing-system")] {
        let identities =
            json!({"identities": [{"type": kind, "value": if index == 4 { "E-4" } else { "1042" }}]});
        told(firm.laurel.patch(firm.user(&people[index]), identities), 200);
    }
    let body = json!({"kind": "timekeeper-id", "ids": ["1042", "E-4", "nobody's"]});
    told(firm.laurel.post(&path, &body), 201);
    let all = [1, 2, 4, 8].map(|index| people[index].clone());
    assert_eq!(firm.members(&group), sorted(all.to_vec()));
    let found = |rest: &str| -> Vec<String> {
        let list = told(firm.laurel.get(firm.groups(rest)), 200);
        ids(&list).into_iter().map(str::to_owned).collect()
    };
    assert!(found("?kind=timekeeper-id&ids=E-4&ids=nobody").contains(&id(&group).to_owned()));
    assert!(found(&format!("?kind=user-id&ids={}&ids={NOBODY}", people[2])).contains(&id(&group).to_owned()));
    assert_eq!(found(&format!("?kind=user-id&ids={NOBODY}")), [""; 0]);
    assert!(found("?kind=user-id").contains(&id(&group).to_owned()), "all of them");

    told(firm.delete_with(&path, body), 200);
    told(firm.delete_with(&path, json!({"kind": "user-id", "ids": [people[1], NOBODY, people[5]]})), 200);
    assert_eq!(firm.members(&group), [people[8].clone()]);
    // Whoever leaves is in no group.
    told(firm.laurel.delete(firm.user(&people[8])), 200);
    assert_eq!(firm.members(&group), [""; 0]);
    told(firm.laurel.get(firm.groups(&format!("/for-user/{}", people[8]))), 404);
}

#[test]
fn somebody_may_be_in_more_groups_than_one_statement_asks_for() {
    let firm = firm();
    let relesys = firm.server.callers().relesys;
    let make =
        |n: usize| relesys.post("/api/v1/userGroups", json!({"name": format!("G{n}")})).expect(201).json();
    let groups: Vec<Value> = (0..1_100).map(|n| json!({"id": make(n)["data"]["id"]})).collect();
    let person = firm.person(0);
    let patch = json!([{"op": "replace", "path": "/userGroups", "value": groups}]);
    relesys.patch(format!("/api/v1/users/{}", person.relesys), patch).expect(200);
    for path in [
        firm.groups(&format!("/for-user/{}", person.laurel)),
        firm.groups(&format!("?kind=user-id&ids={}", person.laurel)),
    ] {
        let listed = told(firm.laurel.get(path), 200);
        let listed = ids(&listed);
        assert_eq!(listed.len(), 1_100);
        assert!(listed.is_sorted());
    }
}

#[test]
fn a_sync_makes_the_membership_what_it_says() {
    let firm = firm();
    let group = firm.group("sync");
    let seed = &firm.server.seed().tenant;
    let people = firm.user_ids();
    let relesys = firm.server.callers().relesys;
    let external = json!([{"op": "add", "path": "/externalId", "value": "own-1"}]);
    relesys.patch(format!("/api/v1/users/{}", seed.people[1].relesys), external).expect(200);
    for (index, kind, value) in [
        (2, "azure", "own-1"),
        (3, "azure", "az-3"),
        (4, "external-billing-system", "E-4"),
        (5, "elite", "E-5"),
    ] {
        let body = json!({"identities": [{"type": kind, "value": value}]});
        told(firm.laurel.patch(firm.user(&people[index]), body), 200);
    }
    let path = firm.groups("/by-external-id/sync/users");
    let sync = |body: Value| told(firm.laurel.put(&path, body), 200);
    let body = json!({
        "mode": "set", "emails": [seed.people[0].email.to_uppercase(), "nobody@example.com", "nobody@example.com"],
        "externalIds": ["own-1", "az-3"], "externalBillingSystemIds": ["E-4", "E-5"],
    });
    let done = sync(body.clone());
    let expected = sorted([0, 1, 3, 4].map(|index| people[index].clone()).to_vec());
    assert_eq!(done, json!({"added": expected, "removed": [], "unresolved": ["nobody@example.com", "E-5"]}));
    assert_eq!(firm.members(&group), expected);
    let again = sync(body);
    assert_eq!((&again["added"], &again["removed"]), (&json!([]), &json!([])));

    let done = sync(json!({"mode": "add", "emails": [seed.people[6].email]}));
    assert_eq!((&done["added"], &done["removed"]), (&json!([people[6]]), &json!([])));
    let done = sync(json!({"mode": "set", "emails": [seed.people[6].email, seed.people[7].email]}));
    assert_eq!((&done["added"], &done["removed"]), (&json!([people[7]]), &json!(expected)));
    let done = sync(json!({"mode": "set"}));
    assert_eq!(done["removed"], json!(sorted(vec![people[6].clone(), people[7].clone()])));
    assert_eq!(firm.members(&group), [""; 0]);

    // One event names them all.
    sync(json!({"mode": "set", "emails": [seed.people[0].email]}));
    let events = command(&firm.server, &["event", "list", "--limit", "1", "-o", ROOT]);
    assert_eq!(events[0]["subject"]["kind"], "group");
    assert_eq!(events[0]["changes"], json!({"members": {"before": [], "after": [seed.people[0].relesys]}}));
}

#[test]
fn what_is_no_group_and_no_member() {
    let firm = firm();
    let group = firm.group("crew");
    let (seed, client) = (firm.server.seed(), firm.server.client());
    let reader = Caller::laurel(&client, &firm.new_client("read"));
    let one = firm.groups(&format!("/{}", id(&group)));
    let members = firm.groups(&format!("/{}/users", id(&group)));
    let sync = firm.groups("/by-external-id/crew/users");
    let stranger = &seed.stranger.laurel.customer_id;
    refused(&firm.server, || {
        let laurel = &firm.laurel;
        let customer = &seed.tenant.laurel.customer_id;
        for (body, wrong) in [
            (json!({}), &["customerId", "externalId", "name"][..]),
            (
                json!({"customerId": "x", "externalId": "", "name": null}),
                &["customerId", "externalId", "name"],
            ),
            (json!({"customerId": customer, "externalId": "x".repeat(257), "name": "X"}), &["externalId"]),
            (
                json!({"customerId": customer, "externalId": "x", "name": "X", "description": 7}),
                &["description"],
            ),
            (json!({"customerId": customer, "externalId": "x", "name": "  "}), &["name"]),
        ] {
            assert_eq!(mistakes(laurel.post("/api/v1/user-groups", &body)), wrong, "{body}");
        }
        told(
            laurel
                .post("/api/v1/user-groups", json!({"customerId": stranger, "externalId": "x", "name": "X"})),
            403,
        );
        assert_eq!(
            mistakes(laurel.patch(&one, json!({"name": "", "description": "x".repeat(4_001)}))),
            ["name", "description"]
        );
        assert_eq!(mistakes(laurel.get("/api/v1/user-groups?kind=user-id")), ["customerId"]);
        assert_eq!(mistakes(laurel.get(firm.groups(""))), ["kind"]);
        assert_eq!(mistakes(laurel.get(firm.groups("?kind=email"))), ["kind"]);
        assert_eq!(mistakes(laurel.get(firm.groups("?kind=user-id&ids=7"))), ["ids"]);
        let many = "&ids=1".repeat(501);
        assert_eq!(mistakes(laurel.get(firm.groups(&format!("?kind=timekeeper-id{many}")))), ["ids"]);
        told(laurel.get(format!("/api/v1/user-groups/{}?customerId={stranger}", id(&group))), 403);
        for path in [firm.groups("/x"), firm.groups("/x/users"), firm.groups("/for-user/x")] {
            told(laurel.get(path), 400);
        }
        for path in [
            firm.groups(&format!("/{NOBODY}")),
            firm.groups(&format!("/{NOBODY}/users")),
            firm.groups(&format!("/for-user/{NOBODY}")),
        ] {
            told(laurel.get(path), 404);
        }
        told(laurel.put(firm.groups("/by-external-id/%20"), json!({"name": "X"})), 400);
        assert_eq!(
            mistakes(laurel.put(firm.groups("/by-external-id/new"), json!({"description": "X"}))),
            ["name"]
        );
        for (body, wrong) in [
            (json!({}), &["kind", "ids"][..]),
            (json!({"kind": "email", "ids": []}), &["kind"]),
            (json!({"kind": "user-id", "ids": "x"}), &["ids"]),
            (json!({"kind": "user-id", "ids": [NOBODY, "x", 7]}), &["ids.2", "ids.1"]),
            (json!({"kind": "timekeeper-id", "ids": [""]}), &["ids.0"]),
            (json!({"kind": "user-id", "ids": vec![NOBODY; 50_001]}), &["ids"]),
        ] {
            assert_eq!(mistakes(laurel.post(&members, &body)), wrong);
            assert_eq!(mistakes(firm.delete_with(&members, body)), wrong);
        }
        let everybody = json!({"kind": "user-id", "ids": vec![NOBODY; 100_000]});
        assert!(
            told(laurel.post(&members, everybody), 400)["message"]
                .as_str()
                .unwrap()
                .contains("100000 values")
        );
        let large = json!({"kind": "timekeeper-id", "ids": vec!["x".repeat(256); 20_000]});
        told(laurel.post(&members, large), 413);
        for (body, wrong) in [
            (json!({}), &["mode"][..]),
            (json!({"mode": "replace"}), &["mode"]),
            (json!({"mode": "set", "emails": [7], "externalIds": {}}), &["emails.0", "externalIds"]),
        ] {
            assert_eq!(mistakes(laurel.put(&sync, &body)), wrong, "{body}");
        }
        told(laurel.put(firm.groups("/by-external-id/nobody's/users"), json!({"mode": "set"})), 404);
        told(
            laurel.post(firm.groups(&format!("/{NOBODY}/users")), json!({"kind": "user-id", "ids": []})),
            404,
        );
        // Who may only read.
        told(reader.get(&one), 200);
        told(reader.delete(&one), 403);
        told(reader.put(&sync, json!({"mode": "set"})), 403);
    });
}
