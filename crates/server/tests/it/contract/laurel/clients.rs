//! Clients of customers, whose secrets are shown once.

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::demo::ClientCredentials;

use super::super::{command, quiet};
use super::{Firm, NOBODY, firm, ids, mistakes, told};

impl Firm {
    fn clients(&self, kind: &str) -> String {
        format!("/api/v1/customers/{}/{kind}", self.tenant().laurel.customer_id)
    }

    #[track_caller]
    fn listed(&self, kind: &str) -> Value {
        told(self.laurel.get(self.clients(kind)), 200)
    }
}

fn caller(firm: &Firm, id: &Value, secret: &Value) -> Caller {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let client = ClientCredentials { client_id: text(id), client_secret: text(secret) };
    Caller::laurel(&firm.server.client(), &client)
}

#[test]
fn an_api_client_is_made_used_and_deleted() {
    let firm = firm();
    let before = firm.listed("clients");
    let answer = firm.laurel.raw("POST", firm.clients("clients")).send();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = told(answer, 201);
    let theirs = caller(&firm, &made["clientId"], &made["secret"]);
    told(theirs.get(firm.users()), 200);
    told(theirs.post(firm.clients("clients"), json!({})), 201);
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("secret");
    let one = format!("{}/{}", firm.clients("clients"), made["_id"].as_str().unwrap());
    assert_eq!(told(firm.laurel.get(&one), 200), shown);
    let listed = firm.listed("clients");
    assert_eq!(listed.as_array().unwrap().len(), before.as_array().unwrap().len() + 2);
    assert!(listed.as_array().unwrap().contains(&shown) && !listed.to_string().contains("secret"));
    let known = command(&firm.server, &["credential", "list", "--tenant", "1"]).to_string();
    assert!(known.contains(made["clientId"].as_str().unwrap()));

    let answer = firm.laurel.delete(&one).expect(200);
    assert!(answer.body.is_empty());
    told(firm.laurel.get(&one), 404);
    told(firm.laurel.delete(&one), 404);
    assert!(!ids(&firm.listed("clients")).contains(&made["_id"].as_str().unwrap()));
    // Servers know within a second.
    std::thread::sleep(std::time::Duration::from_millis(600));
    told(theirs.get(firm.users()), 401);
}

#[test]
fn a_managed_client_has_a_tier_and_an_end() {
    let firm = firm();
    let path = firm.clients("managed-clients");
    let body = json!({"name": "time-export", "description": "Nightly", "permissionTier": "read"});
    let made = told(firm.laurel.post(&path, &body), 201);
    let code = told(firm.laurel.get(firm.clients("").trim_end_matches('/')), 200)["code"].clone();
    assert_eq!(made["name"], format!("{}-time-export", code.as_str().unwrap()));
    assert_eq!((&made["description"], &made["permissionTier"]), (&json!("Nightly"), &json!("read")));
    let end: &str = made["externalSecretExpiresAt"].as_str().unwrap();
    let [began, ends] =
        [made["createdAt"].as_str().unwrap(), end].map(|at| at.parse::<jiff::Timestamp>().unwrap());
    assert_eq!(ends.duration_since(began).as_hours(), 90 * 24);
    let theirs = caller(&firm, &made["externalClientId"], &made["externalClientSecret"]);
    told(theirs.get(firm.users()), 200);
    told(theirs.patch(firm.user(&firm.person(0).laurel), json!({"nickname": "No"})), 403);

    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("externalClientSecret");
    assert!(firm.listed("managed-clients").as_array().unwrap().contains(&shown));
    let id = made["_id"].as_str().unwrap();
    assert!(!ids(&firm.listed("clients")).contains(&id), "the two kinds are apart");
    quiet(&firm.server, || {
        told(firm.laurel.delete(format!("{}/{id}", firm.clients("clients"))), 404);
        told(firm.laurel.delete(format!("{path}/{NOBODY}")), 404);
        assert_eq!(mistakes(firm.laurel.delete(format!("{path}/x"))), ["clientId"]);
        for (field, value) in [
            ("name", json!("ab")),
            ("name", json!("x".repeat(51))),
            ("name", json!("Time")),
            ("name", json!("7-time")),
            ("name", json!(null)),
            ("description", json!("x".repeat(501))),
            ("permissionTier", json!("admin")),
        ] {
            let mut asked = body.clone();
            asked[field] = value;
            assert_eq!(mistakes(firm.laurel.post(&path, &asked)), [field], "{asked}");
        }
        assert_eq!(mistakes(firm.laurel.post(&path, json!({}))), ["name", "description", "permissionTier"]);
        told(theirs.post(&path, &body), 403);
    });
    firm.laurel.delete(format!("{path}/{id}")).expect(200);
    assert!(!ids(&firm.listed("managed-clients")).contains(&id));
}

#[test]
fn a_customer_has_no_more_clients_than_it_may_have() {
    let firm = firm();
    let path = firm.clients("clients");
    let mut made = 0;
    let refused = loop {
        let answer = firm.laurel.raw("POST", &path).send();
        if answer.status != 201 {
            break answer;
        }
        made += 1;
        assert!(made <= 100);
    };
    told(refused, 403);
    let some = firm.listed("clients")[50]["_id"].as_str().unwrap().to_owned();
    firm.laurel.delete(format!("{path}/{some}")).expect(200);
    told(firm.laurel.raw("POST", &path).send(), 201);
}

#[test]
fn whoever_asks_is_told_whether_it_works() {
    let firm = firm();
    let nobody = Caller::nobody(&firm.server.client(), testkit::callers::Dialect::Laurel);
    let health = told(nobody.under("/laurel").get("/healthcheck"), 200);
    assert_eq!(health, json!({"healthy": true, "databaseConnected": true}));
    assert_eq!(firm.laurel.get("/healthcheck").status, 404, "not at the root that APIs share");
}
