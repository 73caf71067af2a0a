//! Customers, their identities and their single-sign-on connections.

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::demo::ClientCredentials;

use super::super::{CHILD, ROOT, command, quiet};
use super::{Firm, NOBODY, firm, mistakes, told};

const CUSTOMERS: &str = "/api/v1/customers";

impl Firm {
    fn own(&self) -> String {
        format!("{CUSTOMERS}/{}", self.tenant().laurel.customer_id)
    }

    /// A client of the child organization.
    #[track_caller]
    fn client_below(&self) -> Caller {
        let made = command(
            &self.server,
            &["credential", "add", "--dialect", "laurel", "--tenant", "1", "-o", CHILD],
        );
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let client = ClientCredentials { client_id: text("clientId"), client_secret: text("clientSecret") };
        Caller::laurel(&self.server.client(), &client)
    }

    fn new_customer(&self) -> Value {
        let own = told(self.laurel.get(self.own()), 200);
        json!({
            "code": "NEW", "fullName": "Aurora New", "name": "aurora-new", "tenantId": own["tenant"]["_id"],
            "identities": [{"type": "salesforce", "value": "001"}], "segment": "smb", "vertical": "legal",
            "pmsVendor": "Elite", "salesforceAccountId": null,
        })
    }
}

/// The path of a customer that an answer shows.
fn path(customer: &Value) -> String {
    format!("{CUSTOMERS}/{}", customer["_id"].as_str().unwrap())
}

#[test]
fn a_customer_is_made_below_the_tokens_read_and_changed() {
    let firm = firm();
    let body = firm.new_customer();
    let made = told(firm.laurel.post(format!("{CUSTOMERS}?disableIdValidation=true"), &body), 201);
    for (field, value) in [
        ("code", json!("NEW")),
        ("fullName", json!("Aurora New")),
        ("name", json!("aurora-new")),
        ("segment", json!("smb")),
        ("vertical", json!("legal")),
        ("pmsVendor", json!("Elite")),
        ("connections", json!([])),
        ("identities", json!([{"type": "salesforce", "value": "001"}])),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made.get("salesforceAccountId").is_none());
    assert_eq!(made["tenant"]["_id"], body["tenantId"]);
    let listed = told(firm.laurel.get(CUSTOMERS), 200);
    assert_eq!(listed.as_array().unwrap().last(), Some(&made));
    assert_eq!(told(firm.laurel.get(path(&made)), 200), made);
    let shown = command(&firm.server, &["organization", "show", "Aurora New", "--tenant", "1"]);
    assert_eq!((&shown["objectId"], shown["parent"].is_string()), (&made["_id"], true));
    let region = &made["tenant"]["name"];
    assert_eq!(told(firm.laurel.get(format!("{}/tenant", path(&made))), 200), json!({"name": region}));
    assert_eq!(told(firm.laurel.get(format!("{}/region", path(&made))), 200), json!({"region": region}));
    let of_region = |name: &str| told(firm.laurel.get(format!("{CUSTOMERS}?tenantName={name}")), 200);
    assert_eq!(of_region(region.as_str().unwrap()), listed);
    assert_eq!(of_region("yul"), json!([]));
    assert_eq!(mistakes(firm.laurel.get(format!("{CUSTOMERS}?tenantName=mars"))), ["tenantName"]);

    let patch = json!({"fullName": "Aurora West", "pmsVendor": null, "segment": "enterprise"});
    let changed = told(firm.laurel.patch(path(&made), &patch), 200);
    assert_eq!((&changed["fullName"], &changed["segment"]), (&json!("Aurora West"), &json!("enterprise")));
    assert!(changed.get("pmsVendor").is_none());
    assert!(changed["updatedAt"].as_str() >= made["updatedAt"].as_str());
    quiet(&firm.server, || {
        assert_eq!(told(firm.laurel.patch(path(&made), &patch), 200), changed);
        let mut same = changed.clone();
        for shown in ["_id", "createdAt", "updatedAt", "connections", "tenant"] {
            same.as_object_mut().unwrap().remove(shown);
        }
        assert_eq!(told(firm.laurel.patch(path(&made), &same), 200), changed, "what is shown is no change");
    });
}

#[test]
fn a_customer_of_which_nothing_was_said_is_shown_with_what_follows_from_its_name() {
    let firm = firm();
    command(&firm.server, &["organization", "add", "Zeta & Sons 7", "--parent", ROOT, "--tenant", "1"]);
    let listed = told(firm.laurel.get(CUSTOMERS), 200);
    let zeta = listed.as_array().unwrap().last().unwrap();
    assert_eq!((&zeta["code"], &zeta["name"]), (&json!("ZET"), &json!("zeta-sons-7")));
    assert_eq!(zeta["createdAt"], zeta["updatedAt"]);
    quiet(&firm.server, || {
        assert_eq!(
            told(firm.laurel.patch(path(zeta), json!({"code": "ZET", "name": "zeta-sons-7"})), 200),
            *zeta
        );
    });
}

#[test]
fn what_another_customer_has_is_taken() {
    let firm = firm();
    let body = firm.new_customer();
    let made = told(firm.laurel.post(CUSTOMERS, &body), 201);
    let other = json!({
        "code": "OTH", "fullName": "Other", "name": "other", "tenantId": body["tenantId"], "identities": [],
        "segment": "smb", "vertical": "accounting",
    });
    quiet(&firm.server, || {
        for (field, value) in [
            ("code", json!("NEW")),
            ("fullName", json!("Aurora New")),
            ("name", json!("aurora-new")),
            ("identities", json!([{"type": "salesforce", "value": "001"}])),
            ("_id", made["_id"].clone()),
        ] {
            let mut asked = other.clone();
            asked[field] = value.clone();
            told(firm.laurel.post(CUSTOMERS, &asked), 409);
            if field != "_id" {
                told(firm.laurel.patch(firm.own(), json!({field: value})), 409);
            }
        }
        let taken = json!({"type": "salesforce", "value": "001"});
        told(firm.laurel.post(format!("{}/identities", firm.own()), &taken), 409);
        told(firm.laurel.post(format!("{}/identities", path(&made)), &taken), 201);
    });
    let mut asked = other;
    asked["_id"] = json!("64b7f0c2a1d3e4f5a6b7c8ff");
    assert_eq!(told(firm.laurel.post(CUSTOMERS, &asked), 201)["_id"], asked["_id"]);
}

#[test]
fn what_is_no_customer() {
    let firm = firm();
    let reader = Caller::laurel(&firm.server.client(), &firm.new_client("read"));
    let body = firm.new_customer();
    quiet(&firm.server, || {
        assert_eq!(
            mistakes(firm.laurel.post(CUSTOMERS, json!({}))),
            ["code", "fullName", "name", "tenantId", "identities", "segment", "vertical"]
        );
        for (field, value) in [
            ("code", json!("new")),
            ("code", json!("NEWS")),
            ("fullName", json!("")),
            ("fullName", json!("x".repeat(257))),
            ("name", json!("Aurora New")),
            ("tenantId", json!(NOBODY)),
            ("segment", json!("huge")),
            ("vertical", json!(null)),
            ("pmsVendor", json!("x".repeat(257))),
            ("_id", json!("x")),
        ] {
            let mut asked = body.clone();
            asked[field] = value;
            assert_eq!(mistakes(firm.laurel.post(CUSTOMERS, &asked)), [field], "{asked}");
        }
        let mut asked = body.clone();
        asked["identities"] = json!([{"type": "salesforce", "value": "1", "customerId": NOBODY}]);
        assert_eq!(mistakes(firm.laurel.post(CUSTOMERS, &asked)), ["identities.0.customerId"]);
        told(reader.post(CUSTOMERS, &body), 403);
        told(reader.get(CUSTOMERS), 200);
        told(reader.patch(firm.own(), json!({"code": "XXX"})), 403);
    });
}

#[test]
fn a_client_reaches_its_customer_and_those_below_it() {
    let firm = firm();
    let below = firm.client_below();
    let all = told(firm.laurel.get(CUSTOMERS), 200);
    let [root, child, grandchild] = all.as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!(told(below.get(CUSTOMERS), 200), json!([child, grandchild]));
    assert_eq!(told(below.get(path(grandchild)), 200), *grandchild);
    let identity = json!({"type": "salesforce", "value": "root-1"});
    told(firm.laurel.post(format!("{}/identities", path(root)), &identity), 201);
    let lookup = format!("{CUSTOMERS}/lookup?type=salesforce&value=root-1");
    assert_eq!(told(firm.laurel.get(&lookup), 200)["_id"], root["_id"]);
    let bound = |id: &Value| format!("{lookup}&customerId={}", id.as_str().unwrap());
    assert_eq!(told(firm.laurel.get(bound(&root["_id"])), 200)["_id"], root["_id"]);
    told(firm.laurel.get(bound(&child["_id"])), 404);
    told(below.get(&lookup), 404);
    told(firm.laurel.get(format!("{CUSTOMERS}/lookup?type=salesforce&value=none")), 404);
    assert_eq!(mistakes(firm.laurel.get(format!("{CUSTOMERS}/lookup?value=1"))), ["type"]);
    quiet(&firm.server, || {
        let theirs = &firm.server.seed().stranger.laurel.customer_id;
        for unreachable in [root["_id"].as_str().unwrap(), theirs, NOBODY] {
            let path = format!("{CUSTOMERS}/{unreachable}");
            for answer in [
                below.get(&path),
                below.get(format!("{path}/tenant")),
                below.get(format!("{path}/clients")),
                below.patch(&path, json!({"code": "XXX"})),
                below.post(format!("{path}/identities"), json!({"type": "zoom", "value": "1"})),
                below.post(format!("{path}/clients"), json!({})),
                below.delete(format!("{path}/clients/{NOBODY}")),
            ] {
                told(answer, 403);
            }
        }
        assert_eq!(mistakes(firm.laurel.get(format!("{CUSTOMERS}/x"))), ["customerId"]);
    });
}

#[test]
fn connections_are_kept_and_their_secrets_are_not() {
    let firm = firm();
    let connections = format!("{}/connections", firm.own());
    let before = told(firm.laurel.get(firm.own()), 200)["connections"].as_array().unwrap().len();
    let strategy = json!({
        "type": "waad", "clientId": "c", "clientSecret": "hush-hush", "identityApi": "v2.0",
        "tenantDomain": "aurora.example",
    });
    let body = json!({"strategy": strategy, "fqdns": ["Aurora.example", "aurora.example"]});
    let customer = told(firm.laurel.post(&connections, &body), 201);
    let made = &customer["connections"][before];
    assert_eq!(made["fqdns"], json!(["Aurora.example"]));
    assert_eq!((&made["scim"], &made["strategy"]["clientId"]), (&json!(false), &json!("c")));
    assert!(made["strategy"].get("clientSecret").is_none());
    let events = command(&firm.server, &["event", "list", "--tenant", "1", "--limit", "1"]).to_string();
    assert!(events.contains("waad") && !events.contains("hush"), "{events}");

    let one = format!("{connections}/{}", made["externalId"].as_str().unwrap());
    let replaced = json!({"strategy": {"type": "db"}, "scim": true});
    let customer = told(firm.laurel.patch(&one, &replaced), 200);
    let changed = &customer["connections"][before];
    assert_eq!(changed["strategy"], json!({"type": "db"}));
    assert_eq!((&changed["scim"], &changed["fqdns"]), (&json!(true), &made["fqdns"]));
    let domains = told(firm.laurel.put(format!("{one}/domains"), json!({"fqdns": ["a.example"]})), 200);
    assert_eq!(domains["connections"][before]["fqdns"], json!(["a.example"]));
    let scim = |on: bool| told(firm.laurel.patch(format!("{one}/scim"), json!({"scimEnabled": on})), 200);
    let [first, second] = [scim(true), scim(true)];
    assert!(first["scimEndpointUrl"].as_str().unwrap().starts_with("http"));
    assert_ne!(first["scimBearerToken"], second["scimBearerToken"]);
    let store = command(&firm.server, &["event", "list", "--tenant", "1", "--limit", "5"]).to_string();
    assert!(!store.contains(first["scimBearerToken"].as_str().unwrap()));
    assert_eq!(scim(false), json!({}));
    quiet(&firm.server, || {
        assert_eq!(scim(false), json!({}));
        for (method, path, body) in [
            ("POST", &connections, json!({})),
            ("POST", &connections, json!({"strategy": {"type": "ldap"}, "fqdns": []})),
            ("POST", &connections, json!({"strategy": {"type": "waad"}, "fqdns": []})),
            ("POST", &connections, json!({"strategy": {"type": "db"}, "fqdns": ["x"]})),
            ("PATCH", &one, json!({"scim": "yes"})),
            ("PUT", &format!("{one}/domains"), json!({"fqdns": []})),
            ("PATCH", &format!("{one}/scim"), json!({})),
        ] {
            let answer = firm.laurel.raw(method, path).json(&body).send();
            assert!(!mistakes(answer).is_empty(), "{method} {path} {body}");
        }
        let nowhere = format!("{connections}/con_0");
        told(firm.laurel.patch(&nowhere, json!({"scim": true})), 404);
        told(firm.laurel.put(format!("{nowhere}/domains"), json!({"fqdns": ["a.example"]})), 404);
        told(firm.laurel.patch(format!("{nowhere}/scim"), json!({"scimEnabled": true})), 404);
        told(firm.laurel.delete(&nowhere), 404);
    });
    let left = told(firm.laurel.delete(&one), 200);
    assert_eq!(left["connections"].as_array().unwrap().len(), before);
    told(firm.laurel.delete(&one), 404);
}

#[test]
fn a_saml_connection_keeps_its_map_of_fields() {
    let firm = firm();
    let strategy = json!({
        "type": "samlp", "digestAlgorithm": "sha256", "signatureAlgorithm": "rsa-sha256",
        "signInEndpoint": "https://idp.example/sso", "signingCert": "MIIC", "signSamlRequest": true,
        "tenantDomain": "aurora.example", "fieldsMap": {"email": "mail"},
    });
    let body = json!({"strategy": strategy, "fqdns": []});
    let customer = told(firm.laurel.post(format!("{}/connections", firm.own()), &body), 201);
    assert_eq!(customer["connections"].as_array().unwrap().last().unwrap()["strategy"], strategy);
    quiet(&firm.server, || {
        let mut wrong = body.clone();
        wrong["strategy"]["fieldsMap"] = json!({"email": 7});
        let path = format!("{}/connections", firm.own());
        assert_eq!(mistakes(firm.laurel.post(path, &wrong)), ["strategy.fieldsMap.email"]);
    });
}
