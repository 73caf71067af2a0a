//! `POST /api/v1/users` and the four imports.

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::http::Response;

use super::super::{CHILD, ROOT, command};
use super::{Firm, NOBODY, firm, mistakes, told};
use crate::refused;

impl Firm {
    fn create(&self, mut body: Value) -> Response {
        if body.get("customerId").is_none() {
            body["customerId"] = json!(self.tenant().laurel.customer_id);
        }
        // At the root users without a customer are another vendor's.
        self.laurel.clone().under("/laurel").post("/api/v1/users?disableIdValidation=true", body)
    }

    fn import(&self, rest: &str, body: Value) -> Response {
        self.laurel.post(self.user(rest), body)
    }

    fn import_v2(&self, rest: &str, body: Value) -> Response {
        self.laurel.post(self.user_v2(rest), body)
    }

    #[track_caller]
    fn by_email(&self, email: &str) -> Value {
        let path = self.user_v2(format!("lookup/identity?type=email&value={email}"));
        told(self.laurel.get(path), 200)
    }
}

const ID: &str = "5f5e0a0b0c0d0e0f00010203";

#[test]
fn a_user_is_created() {
    let firm = firm();
    let body = json!({
        "_id": ID.to_uppercase(), "email": "Nora@new.example", "firstName": "Nora", "lastName": null,
        "timezone": "Europe/Copenhagen", "firstDayOfWeek": 1, "unknown": 7,
        "identities": [{"type": "elite", "value": "77"}, {"type": "elite", "value": "77"}],
    });
    let user = told(firm.create(body.clone()), 201);
    assert_eq!((&user["_id"], &user["email"]), (&json!(ID), &json!("Nora@new.example")));
    assert_eq!(
        (&user["firstName"], &user["lastName"], &user["status"]),
        (&json!("Nora"), &json!(""), &json!("active"))
    );
    assert_eq!(user["identities"], json!([{"type": "elite", "value": "77"}]));
    assert_eq!(user["roles"].as_array().unwrap().len(), 1, "the default role");
    assert_eq!(told(firm.laurel.get(firm.user(ID)), 200), user);
    let person = command(&firm.server, &["person", "show", "nora@new.example", "-o", ROOT]);
    assert_eq!(person["timeZone"], "Europe/Copenhagen");
    let second = told(firm.create(json!({"_id": null, "email": "second@new.example"})), 201);
    assert_ne!(second["_id"], ID);
    let reader = Caller::laurel(&firm.server.client(), &firm.new_client("read")).under("/laurel");
    refused(&firm.server, || {
        for (body, message) in [
            (json!({"_id": ID, "email": "third@new.example"}), "_id already taken"),
            (json!({"email": "NORA@new.example"}), "email already taken"),
            (
                json!({"email": "third@new.example", "identities": [{"type": "elite", "value": "77"}]}),
                "identities already taken",
            ),
        ] {
            assert_eq!(told(firm.create(body), 409)["message"], message);
        }
        for (body, wrong) in [
            (json!({}), &["email"][..]),
            (
                json!({"customerId": "x", "email": "x", "_id": "x", "firstName": ""}),
                &["customerId", "_id", "email", "firstName"],
            ),
            (json!({"email": "a@b.example", "firstDayOfWeek": 8}), &["firstDayOfWeek"]),
            (
                json!({"email": "a@b.example", "identities": [{"type": "x", "value": "y"}]}),
                &["identities.0.type"],
            ),
        ] {
            assert_eq!(mistakes(firm.create(body)), wrong);
        }
        let stranger = &firm.server.seed().stranger.laurel.customer_id;
        told(firm.create(json!({"customerId": stranger, "email": "third@new.example"})), 403);
        told(reader.post("/api/v1/users", &body), 403);
    });
    // Also one whose user has left stays theirs.
    told(firm.laurel.delete(firm.user(ID)), 200);
    refused(&firm.server, || {
        assert_eq!(
            told(firm.create(json!({"_id": ID, "email": "x@new.example"})), 409)["message"],
            "_id already taken"
        );
    });
}

#[test]
fn an_import_creates_who_is_new_and_changes_who_is_known() {
    let firm = firm();
    let person = firm.person(0);
    let before = firm.seen(0);
    let body = json!({"email": person.email.to_uppercase(), "firstName": "Imported", "identities": [{"type": "juris", "value": "J-0"}]});
    let user = told(firm.import_v2("import", body.clone()), 201);
    assert_eq!(
        (&user["_id"], &user["firstName"], &user["email"]),
        (&before["_id"], &json!("Imported"), &before["email"])
    );
    assert_eq!(user["lastName"], before["lastName"], "what is left out stays");
    let identities = user["identities"].as_array().unwrap();
    assert_eq!(identities.len(), before["identities"].as_array().unwrap().len() + 1);
    assert_eq!(told(firm.import_v2("import", body), 201), user, "nothing changes when nothing is different");

    let new = json!({"email": "new@new.example", "firstName": "New", "identities": [], "firstDayOfWeek": 7});
    let made = told(firm.import_v2("import", new), 201);
    assert_eq!((&made["firstName"], &made["lastName"]), (&json!("New"), &json!("")));
    let body = json!({"email": "new@new.example", "firstName": null, "lastName": "Last", "nickname": "", "jobTitle": "Clerk"});
    assert_eq!(told(firm.import("import", body), 201), "OK");
    let user = firm.by_email("new@new.example");
    assert_eq!(
        (&user["_id"], &user["firstName"], &user["lastName"], &user["jobTitle"]),
        (&made["_id"], &json!("New"), &json!("Last"), &json!("Clerk"))
    );

    let rows = json!({"users": [
        {"email": "new@new.example", "jobTitle": "Chief"}, {"email": "one@new.example", "firstName": "One"},
        {"email": "two@new.example", "identities": [{"type": "zoom", "value": "two"}]},
    ]});
    assert_eq!(told(firm.import_v2("batch/import", rows), 201), "OK");
    assert_eq!(firm.by_email("new@new.example")["jobTitle"], "Chief");
    assert_eq!(firm.by_email("two@new.example")["identities"], json!([{"type": "zoom", "value": "two"}]));
    let rows = json!(["three@new.example", {"email": "one@new.example", "lastName": "Uno"}]);
    assert_eq!(told(firm.import("batch/import", rows), 201), "OK");
    assert_eq!(firm.by_email("three@new.example")["firstName"], "");
    assert_eq!(firm.by_email("one@new.example")["lastName"], "Uno");
    assert_eq!(told(firm.import_v2("batch/import", json!({"users": []})), 201), "OK");
}

#[test]
fn one_bad_row_refuses_an_import_and_every_bad_row_is_named() {
    let firm = firm();
    let row = |n: usize| json!({"email": format!("row{n}@new.example"), "firstName": format!("Row {n}")});
    let with = |bad: &[(usize, Value)]| {
        let mut rows: Vec<Value> = (0..1_000).map(row).collect();
        bad.iter().for_each(|(place, value)| rows[*place] = value.clone());
        json!({"users": rows})
    };
    told(
        firm.laurel.patch(
            firm.user(&firm.person(1).laurel),
            json!({"identities": [{"type": "zoom", "value": "taken"}]}),
        ),
        200,
    );
    let child = command(&firm.server, &["person", "list", "-o", CHILD])[0]["email"].clone();
    refused(&firm.server, || {
        let bad =
            [(499, json!({"email": "no address"})), (700, json!({"email": "a@b.example", "firstName": 7}))];
        let many: Vec<(usize, Value)> = (0..40).map(|n| (n, json!({"email": ""}))).collect();
        assert_eq!(
            mistakes(firm.import_v2("batch/import", with(&bad))),
            ["users.499.email", "users.700.firstName"]
        );
        assert_eq!(mistakes(firm.import_v2("batch/import", with(&many))).len(), 40);
        assert_eq!(
            mistakes(firm.import_v2("batch/import", with(&[(499, row(3))]))),
            ["users.499.email"],
            "twice"
        );
        let identity = |place: usize, value: &str| {
            let mut row = row(place);
            row["identities"] = json!([{"type": "zoom", "value": value}]);
            (place, row)
        };
        let taken = told(
            firm.import_v2(
                "batch/import",
                with(&[identity(499, "taken"), identity(5, "x"), identity(7, "x")]),
            ),
            409,
        );
        assert_eq!(
            taken["message"],
            json!(["users.7.identities already taken", "users.499.identities already taken"])
        );
        let elsewhere = told(firm.import_v2("batch/import", with(&[(499, json!({"email": child}))])), 409);
        assert_eq!(
            elsewhere["message"],
            json!(["users.499.email already taken"]),
            "at another customer of the tenant"
        );
        told(firm.import_v2("import", json!({"email": child, "firstName": "X", "identities": []})), 409);
        for (rest, body, wrong) in [
            ("import", json!({}), &["firstName", "identities", "email"][..]),
            ("import", json!({"email": "a@b.example", "firstName": null, "identities": []}), &["firstName"]),
            ("batch/import", json!({}), &["users"]),
            ("batch/import", json!({"users": vec![json!(0); 5_001]}), &["users"]),
        ] {
            assert_eq!(mistakes(firm.import_v2(rest, body)), wrong);
        }
        assert_eq!(mistakes(firm.import("import", json!({}))), ["email"]);
        assert_eq!(mistakes(firm.import("batch/import", json!(["x", 7]))), ["users.0.email", "users.1"]);
        told(firm.import("batch/import", json!({"users": []})), 400);
        let bound = json!({"email": "a@b.example", "identities": [{"type": "zoom", "value": "x", "customerId": NOBODY}]});
        assert_eq!(mistakes(firm.import("import", bound)), ["identities.0.customerId"]);
    });
    assert_eq!(told(firm.import_v2("batch/import", with(&[])), 201), "OK");
    let page = told(firm.laurel.get(firm.users().replace("/v1/", "/v2/") + "?search=row%20new.example"), 200);
    assert_eq!(page["totalItems"], 1_000);
    // All of them are known now.
    let rows: Vec<Value> =
        (0..1_000).map(|n| json!({"email": format!("row{n}@new.example"), "jobTitle": "Row"})).collect();
    assert_eq!(told(firm.import_v2("batch/import", json!({"users": rows})), 201), "OK");
    assert_eq!(firm.by_email("row999@new.example")["jobTitle"], "Row");
}
