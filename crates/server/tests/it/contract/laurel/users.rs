//! Users by their ids, identities and timekeeper ids, in pages and in a few words; and what one call changes of them.

use serde_json::{Value, json};
use testkit::callers::Caller;

use super::super::{ROOT, command, encoded};
use super::{Firm, NOBODY, firm, ids, mistakes, told};
use crate::refused;

impl Firm {
    /// The path of something of one user of the seed.
    fn of(&self, index: usize, what: &str) -> String {
        self.user(format!("{}/{what}", self.person(index).laurel))
    }

    #[track_caller]
    fn give(&self, index: usize, identities: Value) {
        told(
            self.laurel.patch(self.user(&self.person(index).laurel), json!({"identities": identities})),
            200,
        );
    }

    fn v2(&self, rest: &str) -> String {
        format!("{}{rest}", self.users().replace("/v1/", "/v2/"))
    }
}

fn identity(kind: &str, value: &str) -> Value {
    json!({"type": kind, "value": value})
}

#[test]
fn users_are_found_by_their_identities() {
    let firm = firm();
    let laurel = &firm.laurel;
    firm.give(0, json!([identity("azure", "A-0"), identity("elite", "1042")]));
    firm.give(1, json!([identity("azure", "A-1"), identity("aderant", "1042")]));
    let found = told(laurel.get(firm.v2("/lookup/identity?type=azure&value=A-0")), 200);
    assert_eq!(found, firm.seen(0));
    let email = encoded(&firm.person(2).email.to_uppercase());
    assert_eq!(
        told(laurel.get(firm.v2(&format!("/lookup/identity?type=email&value={email}"))), 200),
        firm.seen(2)
    );
    told(laurel.get(firm.v2("/lookup/identity?type=azure&value=a-0")), 404);

    let customer = &firm.tenant().laurel.customer_id;
    // At the root these are another vendor's.
    let prefixed = laurel.clone().under("/laurel");
    let own = |query: &str| prefixed.get(format!("/api/v1/users/lookup?{query}"));
    assert_eq!(told(own("type=azure&value=A-1"), 200), firm.seen(1));
    assert_eq!(told(own(&format!("type=azure&value=A-1&customerId={customer}")), 200), firm.seen(1));
    told(own(&format!("type=azure&value=A-1&customerId={NOBODY}")), 403);
    assert_eq!(mistakes(own("type=azure")), ["value"]);
    let person = &firm.person(3).laurel;
    assert_eq!(told(prefixed.get(format!("/api/v1/users/{}", person.to_uppercase())), 200), firm.seen(3));
    told(prefixed.get(format!("/api/v1/users/{NOBODY}")), 404);
    told(prefixed.get("/api/v1/users/x"), 400);

    let by_email = |email: &str, kind: &str| {
        laurel.post(firm.user("lookup/identity"), json!({"email": email, "identityType": kind}))
    };
    let expected = json!({"type": "azure", "value": "A-0", "customerId": customer});
    assert_eq!(told(by_email(&firm.person(0).email.to_uppercase(), "azure"), 200), expected);
    told(by_email(&firm.person(0).email, "zoom"), 404);
    told(by_email("nobody@example.com", "azure"), 404);
    laurel.post(firm.of(0, "email-aliases"), json!({"emails": ["alias@aurora.example"]})).expect(201);
    told(by_email("alias@aurora.example", "azure"), 404);
    assert_eq!(mistakes(by_email("", "x")), ["email", "identityType"]);
}

#[test]
fn many_are_found_at_once() {
    let firm = firm();
    let laurel = &firm.laurel;
    firm.give(0, json!([identity("azure", "A-0"), identity("elite", "1042")]));
    firm.give(1, json!([identity("aderant", "1042"), identity("juris", "J")]));
    let batch = |identities: Value| laurel.post(firm.user("batch/lookup"), json!({"identities": identities}));
    let asked = json!([
        identity("juris", "J"),
        identity("zoom", "nobody's"),
        identity("azure", "A-0"),
        identity("aderant", "1042"),
        identity("elite", "1042"),
        identity("email", &firm.person(2).email.to_uppercase()),
    ]);
    let users = [1, 0, 2].map(|index| firm.seen(index));
    assert_eq!(told(batch(asked), 200), json!({"users": users}));
    assert_eq!(told(batch(json!([])), 200), json!({"users": []}));
    let reader = Caller::laurel(&firm.server.client(), &firm.new_client("read"));
    let asked = json!({"identities": [identity("azure", "A-0")]});
    assert_eq!(told(reader.post(firm.user("batch/lookup"), asked), 200)["users"][0], firm.seen(0));

    let translate =
        |ids: Value| laurel.post(firm.user("translate-timekeeper-ids"), json!({"timekeeperIds": ids}));
    let [zero, one] = [&firm.person(0).laurel, &firm.person(1).laurel];
    assert_eq!(told(translate(json!(["J", "nobody", "1042", "A-0"])), 201), json!({"userIds": [one]}));
    laurel.put(firm.of(1, "identities"), identity("aderant", "7")).expect(200);
    assert_eq!(told(translate(json!(["1042", "7", "J", "1042"])), 201), json!({"userIds": [zero, one]}));
    assert_eq!(told(translate(json!([])), 201), json!({"userIds": []}));

    let by_ids = |ids: &[&str]| {
        let query: Vec<String> = ids.iter().map(|id| format!("userIds={id}")).collect();
        laurel.get(format!("{}?{}", firm.user("by-ids"), query.join("&")))
    };
    let upper = one.to_uppercase();
    let found = told(by_ids(&[one, NOBODY, zero, &upper]), 200);
    assert_eq!(found, json!([firm.seen(1), firm.seen(0)]));
    assert_eq!(told(by_ids(&[NOBODY]), 200), json!([]));
    told(by_ids(&[zero.as_str(); 50]), 200);
    refused(&firm.server, || {
        assert_eq!(mistakes(by_ids(&[zero.as_str(); 51])), ["userIds"]);
        assert_eq!(mistakes(by_ids(&[])), ["userIds"]);
        assert_eq!(mistakes(by_ids(&["x"])), ["userIds"]);
        assert_eq!(mistakes(batch(json!(vec![identity("zoom", "x"); 501]))), ["identities"]);
        for (identities, wrong) in [
            (json!([{"type": "x", "value": "y"}]), "identities.0.type"),
            (json!([identity("zoom", "x"), identity("zoom", "")]), "identities.1.value"),
            (json!([identity("zoom", &"x".repeat(257))]), "identities.0.value"),
            (json!([{"type": "zoom", "value": "x", "customerId": NOBODY}]), "identities.0.customerId"),
            (json!({}), "identities"),
        ] {
            assert_eq!(mistakes(batch(identities)), [wrong]);
        }
        assert_eq!(mistakes(laurel.post(firm.user("batch/lookup"), json!({}))), ["identities"]);
        assert_eq!(mistakes(translate(json!(vec!["x"; 2_501]))), ["timekeeperIds"]);
        assert_eq!(mistakes(translate(json!(["x", 7]))), ["timekeeperIds.1"]);
    });
}

#[test]
fn lists_come_in_pages_and_in_a_few_words() {
    let firm = firm();
    let laurel = &firm.laurel;
    let all = told(laurel.get(firm.users()), 200);
    let total = all.as_array().unwrap().len();
    let mut paged = Vec::new();
    for page in 1..=total.div_ceil(10) {
        let answer = told(laurel.get(firm.v2(&format!("?page={page}&pageSize=10"))), 200);
        assert_eq!(
            (&answer["totalItems"], &answer["totalPages"]),
            (&json!(total), &json!(total.div_ceil(10)))
        );
        let next = (page < total.div_ceil(10)).then_some(page as u64 + 1);
        assert_eq!(answer.get("nextPage").and_then(Value::as_u64), next);
        paged.extend(answer["items"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(Value::from(paged), all);
    let first = told(laurel.get(firm.v2("")), 200);
    assert_eq!(first["items"], all, "fewer than the 50 of a page");
    let beyond = told(laurel.get(firm.v2("?page=1000&pageSize=150")), 200);
    assert_eq!((&beyond["items"], &beyond["totalItems"]), (&json!([]), &json!(total)));
    assert!(beyond.get("nextPage").is_none());
    let name = encoded(&firm.person(0).email);
    assert_eq!(told(laurel.get(firm.v2(&format!("?search={name}"))), 200)["items"], json!([firm.seen(0)]));
    assert_eq!(told(laurel.get(firm.v2("?search=")), 200)["totalItems"], total);

    let role = &firm.tenant().laurel.role_ids[0];
    for index in [4, 5] {
        told(laurel.patch(firm.user(&firm.person(index).laurel), json!({"roleIds": [role]})), 200);
    }
    let with = told(laurel.get(firm.v2(&format!("?includeRoles={role}"))), 200);
    let has = |user: &Value| user["roles"].as_array().unwrap().iter().any(|own| own["_id"] == *role);
    let now = told(laurel.get(firm.users()), 200);
    let expected: Vec<&Value> = now.as_array().unwrap().iter().filter(|user| has(user)).collect();
    assert_eq!(with["items"], json!(expected));
    assert!(expected.len() >= 2);
    let without = told(laurel.get(firm.v2(&format!("?excludeRoles={role}&pageSize=150"))), 200);
    assert_eq!(without["totalItems"], total - expected.len());
    let name = with["items"][0]["roles"].as_array().unwrap().iter().find(|own| own["_id"] == *role).unwrap()
        ["name"]
        .clone();
    let name = name.as_str().unwrap();
    assert_eq!(
        told(laurel.get(firm.v2(&format!("?includeRoles={name}&includeRoles=user"))), 200)["totalItems"],
        total
    );
    assert_eq!(
        told(laurel.get(firm.v2(&format!("?includeRoles={name}&excludeRoles={name}"))), 200)["totalItems"],
        0
    );
    assert_eq!(told(laurel.get(firm.v2("?excludeRoles=user")), 200)["totalItems"], 0, "everybody has it");

    firm.give(0, json!([identity("juris", "J")]));
    firm.give(1, json!([identity("zoom", "J")]));
    let lite = told(laurel.get(firm.users().replace("/users", "/users-lite")), 200);
    assert_eq!(ids(&lite), ids(&all));
    for (index, is_set) in [(0, true), (1, false)] {
        let user = firm.seen(index);
        let short = lite.as_array().unwrap().iter().find(|short| short["_id"] == user["_id"]).unwrap();
        assert_eq!(short["isTimekeeperIdSet"], is_set);
        for field in ["email", "firstName", "lastName", "status"] {
            assert_eq!(short[field], user[field], "{field}");
        }
        assert_eq!(short.as_object().unwrap().len(), 6);
    }
    let short = firm.users().replace("/users", "/users-lite");
    let name = encoded(&firm.person(0).email);
    let found = told(laurel.get(format!("{short}?integration=cloud-assistant-zoom&search={name}")), 200);
    assert_eq!(ids(&found), [firm.person(0).laurel.as_str()]);
    refused(&firm.server, || {
        assert_eq!(mistakes(laurel.get(format!("{short}?integration=x"))), ["integration"]);
        for (query, wrong) in [
            ("page=0", "page"),
            ("page=x", "page"),
            ("pageSize=151", "pageSize"),
            ("pageSize=0", "pageSize"),
            ("search=a", "search"),
            ("includeRoles=nobody-has-it", "includeRoles"),
            ("excludeRoles=64b7f0c2a1d3e4f5a6b7c8d9", "excludeRoles"),
        ] {
            assert_eq!(mistakes(laurel.get(firm.v2(&format!("?{query}")))), [wrong], "{query}");
        }
        let long = "a".repeat(101);
        assert_eq!(mistakes(laurel.get(firm.v2(&format!("?search={long}")))), ["search"]);
    });
}

#[test]
fn a_status_is_set_and_what_is_shown_is_no_change() {
    let firm = firm();
    let set = |index: usize, status: &str| {
        told(firm.laurel.patch(firm.of(index, "status"), json!({"status": status})), 200)
    };
    let events =
        || command(&firm.server, &["event", "list", "--limit", "1", "-o", ROOT])[0]["sequence"].clone();
    for (status, kept) in [
        ("adminDisabled", "disabled_by_admin"),
        ("firmDisabled", "disabled_by_organization"),
        ("active", "active"),
    ] {
        let user = set(6, status);
        assert_eq!((&user["status"], firm.seen(6)), (&json!(status), user.clone()));
        let person = command(&firm.server, &["person", "show", &firm.person(6).relesys, "-o", ROOT]);
        assert_eq!(person["status"], kept);
        let before = events();
        assert_eq!(set(6, status), user);
        assert_eq!(events(), before);
    }
    // Somebody invited is shown as active, and stays invited.
    let invitee = json!({"email": "iris@aurora.example", "firstName": "Iris", "role": "User"});
    firm.server.callers().replay.post("/api/user", invitee).expect(201);
    let invited =
        command(&firm.server, &["person", "show", "iris@aurora.example", "-o", ROOT])["objectId"].clone();
    let invited = invited.as_str().unwrap();
    let path = firm.user(format!("{invited}/status"));
    assert_eq!(told(firm.laurel.patch(&path, json!({"status": "active"})), 200)["status"], "active");
    let person = command(&firm.server, &["person", "show", "iris@aurora.example", "-o", ROOT]);
    assert_eq!(person["status"], "invited");
    refused(&firm.server, || {
        for body in [json!({}), json!({"status": "disabled"}), json!({"status": null})] {
            assert_eq!(mistakes(firm.laurel.patch(firm.of(6, "status"), body)), ["status"]);
        }
        told(firm.laurel.patch(firm.user(format!("{NOBODY}/status")), json!({"status": "active"})), 404);
    });
}

#[test]
fn a_super_delegate_has_permissions() {
    let firm = firm();
    let set = |body: Value| told(firm.laurel.patch(firm.of(7, "super-delegate"), body), 200);
    let claims = |user: &Value| -> Vec<String> {
        let permissions = user["superDelegatePermissions"].as_array().expect("permissions").iter();
        permissions.map(|permission| permission["claim"].as_str().unwrap().to_owned()).collect()
    };
    let user = set(json!({"isSuperDelegate": true}));
    assert_eq!((&user["isSuperDelegate"], claims(&user)), (&json!(true), vec![]));
    let permissions = json!([{"claim": "b"}, {"claim": "a"}, {"claim": "b"}]);
    let user = set(json!({"isSuperDelegate": true, "superDelegatePermissions": permissions}));
    assert_eq!(claims(&user), ["b", "a"]);
    assert_eq!(set(json!({"isSuperDelegate": true})), user, "those that there are stay");
    let user = set(json!({"isSuperDelegate": false, "superDelegatePermissions": [{"claim": "c"}]}));
    assert_eq!((&user["isSuperDelegate"], user.get("superDelegatePermissions")), (&json!(false), None));
    refused(&firm.server, || {
        for (body, wrong) in [
            (json!({}), "isSuperDelegate"),
            (json!({"isSuperDelegate": "true"}), "isSuperDelegate"),
            (
                json!({"isSuperDelegate": true, "superDelegatePermissions": [{}]}),
                "superDelegatePermissions.0.claim",
            ),
            (
                json!({"isSuperDelegate": true, "superDelegatePermissions": ["x"]}),
                "superDelegatePermissions.0",
            ),
        ] {
            assert_eq!(mistakes(firm.laurel.patch(firm.of(7, "super-delegate"), body)), [wrong]);
        }
    });
}

#[test]
fn identities_are_added_and_replaced_one_by_one() {
    let firm = firm();
    firm.give(0, json!([identity("azure", "A"), identity("email", "Ada@private.example")]));
    let path = firm.of(0, "identities");
    let nothing = |answer: testkit::http::Response, status: u16| {
        assert_eq!(answer.expect(status).text(), "");
    };
    let kept = || told(firm.laurel.get(&path), 200);
    nothing(firm.laurel.post(&path, identity("zoom", "Z")), 201);
    let three =
        json!([identity("azure", "A"), identity("email", "Ada@private.example"), identity("zoom", "Z")]);
    assert_eq!(kept(), three);
    nothing(firm.laurel.post(&path, identity("email", "ADA@private.example")), 201);
    assert_eq!(kept(), three, "what the user has already is no change");
    nothing(firm.laurel.put(&path, identity("azure", "B")), 200);
    nothing(firm.laurel.put(&path, identity("juris", "J")), 200);
    let bulk =
        json!({"identities": [identity("azure", "C"), identity("azure", "B"), identity("azure", "C")]});
    nothing(firm.laurel.post(firm.of(0, "identities/bulk"), bulk), 200);
    let all = json!([
        identity("email", "Ada@private.example"),
        identity("zoom", "Z"),
        identity("azure", "B"),
        identity("juris", "J"),
        identity("azure", "C"),
    ]);
    let sorted = |list: &Value| {
        let mut all: Vec<String> = list.as_array().unwrap().iter().map(Value::to_string).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(&kept()), sorted(&all));
    nothing(firm.laurel.put(&path, identity("azure", "D")), 200);
    assert_eq!(kept().as_array().unwrap().len(), 4, "one takes the place of all of its type");
    assert_eq!(told(firm.laurel.get(firm.user(&firm.person(0).laurel)), 200)["identities"], kept());

    refused(&firm.server, || {
        let laurel = &firm.laurel;
        let other = firm.of(1, "identities");
        told(laurel.post(&other, identity("zoom", "Z")), 409);
        told(laurel.put(&other, identity("email", "ada@PRIVATE.example")), 409);
        let bulk = json!({"identities": [identity("zoom", "new"), identity("zoom", "Z")]});
        told(laurel.post(firm.of(1, "identities/bulk"), bulk), 409);
        for (body, wrong) in [
            (json!({}), &["type", "value"][..]),
            (json!({"type": "x", "value": ""}), &["type"]),
            (json!({"type": "zoom", "value": ""}), &["value"]),
            (json!({"type": "zoom", "value": "x", "customerId": NOBODY}), &["customerId"]),
        ] {
            assert_eq!(mistakes(laurel.post(&path, &body)), wrong, "{body}");
            assert_eq!(mistakes(laurel.put(&path, &body)), wrong, "{body}");
        }
        assert_eq!(
            mistakes(laurel.post(firm.of(0, "identities/bulk"), json!({"identities": []}))),
            ["identities"]
        );
        told(laurel.get(firm.user(format!("{NOBODY}/identities"))), 404);
        told(laurel.post(firm.user(format!("{NOBODY}/identities")), identity("zoom", "N")), 404);
    });
}

#[test]
fn aliases_are_added_and_removed() {
    let firm = firm();
    let path = firm.of(0, "email-aliases");
    let kept = || told(firm.laurel.get(&path), 200)["aliases"].clone();
    let before = kept();
    let add = |emails: Value| firm.laurel.post(&path, json!({"emails": emails}));
    assert_eq!(
        add(json!(["One@alias.example", "two@alias.example", "ONE@alias.example"])).expect(201).text(),
        ""
    );
    let mut expected = before.as_array().unwrap().clone();
    expected.extend([json!("One@alias.example"), json!("two@alias.example")]);
    assert_eq!(kept(), json!(expected));
    add(json!([firm.person(0).email, "one@ALIAS.example"])).expect(201);
    assert_eq!(kept(), json!(expected), "the own address and an alias are no conflict, and no change");
    // Whoever is looked up by an alias is the user.
    let found = firm.v2("/lookup/identity?type=email&value=TWO@alias.example");
    assert_eq!(told(firm.laurel.get(found), 200)["_id"], firm.person(0).laurel.as_str());
    refused(&firm.server, || {
        let other = firm.of(1, "email-aliases");
        told(firm.laurel.post(&other, json!({"emails": ["new@alias.example", "two@alias.example"]})), 409);
        told(firm.laurel.post(&other, json!({"emails": [firm.person(2).email]})), 409);
        let taken = json!({"email": "two@alias.example"});
        told(firm.laurel.patch(firm.user(&firm.person(1).laurel), taken), 409);
        for (body, wrong) in [
            (json!({}), "emails"),
            (json!({"emails": []}), "emails"),
            (json!({"emails": ["no address"]}), "emails.0"),
            (json!({"emails": ["a@b.example", 7]}), "emails.1"),
            (json!({"emails": vec!["a@b.example"; 11]}), "emails"),
        ] {
            assert_eq!(mistakes(firm.laurel.post(&path, body)), [wrong]);
        }
        let remove = |email: &str| firm.laurel.delete(format!("{path}?email={}", encoded(email)));
        assert_eq!(told(remove("three@alias.example"), 404)["message"], "Alias not found");
        told(remove(&firm.person(0).email), 404);
        assert_eq!(mistakes(firm.laurel.delete(&path)), ["email"]);
    });
    let removed = firm.laurel.delete(format!("{path}?email={}", encoded("ONE@alias.example")));
    assert_eq!(removed.expect(200).text(), "");
    expected.remove(expected.len() - 2);
    assert_eq!(kept(), json!(expected));
    firm.laurel.post(firm.of(1, "email-aliases"), json!({"emails": ["one@alias.example"]})).expect(201);
}
