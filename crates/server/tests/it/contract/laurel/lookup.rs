//! `GET .../users/lookup`.

use serde_json::{Value, json};
use testkit::http::Response;

use super::super::{CHILD, command, encoded, quiet};
use super::{Firm, NOBODY, firm, mistakes, told};

impl Firm {
    #[track_caller]
    fn look_up(&self, kind: &str, value: &str) -> Response {
        self.laurel.get(format!("{}?type={kind}&value={}", self.user("lookup"), encoded(value)))
    }

    fn identity(&self, kind: &str, value: &str) -> Value {
        json!({"type": kind, "value": value, "customerId": self.tenant().laurel.customer_id})
    }
}

#[test]
fn an_identity_is_found_by_type_and_value() {
    let firm = firm();
    let seeded = &firm.tenant().laurel.identity;
    assert_eq!(
        told(firm.look_up(&seeded.kind, &seeded.value), 200),
        firm.identity(&seeded.kind, &seeded.value)
    );
    let customer = &firm.tenant().laurel.customer_id;
    for customer in [customer.clone(), customer.to_uppercase()] {
        let query = format!("type={}&value={}&customerId={customer}", seeded.kind, encoded(&seeded.value));
        let request = firm.laurel.raw("GET", format!("{}?{query}", firm.user("lookup")));
        told(request.json(json!({"ignored": true})).send(), 200);
    }

    let path = firm.user(&firm.person(0).laurel);
    let identities = json!([
        {"type": "aderant", "value": "Tk-1042"},
        {"type": "email", "value": "Ada@Private.example"},
        {"type": "user-principal-name", "value": "Ada@corp.example"},
        {"type": "zoom", "value": "a b&c=\u{e9}"},
    ]);
    told(firm.laurel.patch(&path, json!({"identities": identities})), 200);
    for (kind, asked, kept) in [
        ("aderant", "Tk-1042", "Tk-1042"),
        ("email", "ADA@private.EXAMPLE", "Ada@Private.example"),
        ("user-principal-name", "ada@CORP.example", "Ada@corp.example"),
        ("zoom", "a b&c=\u{e9}", "a b&c=\u{e9}"),
    ] {
        assert_eq!(told(firm.look_up(kind, asked), 200), firm.identity(kind, kept));
    }
    for (kind, value) in [
        ("aderant", "tk-1042"),
        ("aderant", "Tk-1042 "),
        ("aderant", "Tk-104"),
        ("elite", "Tk-1042"),
        ("user-principal-name", "ada@private.example"),
        ("azure", "Tk-1042"),
        ("email", "nobody@aurora.example"),
        ("zoom", &"x".repeat(256)),
    ] {
        assert_eq!(told(firm.look_up(kind, value), 404)["message"], "User not found", "{kind} {value}");
    }
}

#[test]
fn an_email_finds_login_addresses_and_aliases_too() {
    let firm = firm();
    let person = firm.person(0);
    let found = told(firm.look_up("email", &person.email.to_uppercase()), 200);
    assert_eq!(found, firm.identity("email", &person.email));
    firm.add(&["--given-name", "Ali", "--email", "ali@aurora.example", "--alias", "Ali.Old@aurora.example"]);
    let found = told(firm.look_up("email", "ali.old@AURORA.example"), 200);
    assert_eq!(found, firm.identity("email", "Ali.Old@aurora.example"));
    // An external id of another API is none of Laurel's.
    firm.add(&["--given-name", "Rel", "--external-id", "relesys:ONLY1"]);
    for kind in ["aderant", "azure", "external-billing-system", "elite"] {
        told(firm.look_up(kind, "ONLY1"), 404);
    }
}

#[test]
fn people_elsewhere_and_people_gone_are_not_found() {
    let firm = firm();
    let args = ["person", "add", "--given-name", "Kid", "--email", "kid@aurora.example", "-o", CHILD];
    command(&firm.server, &[&args[..], &["--external-id", "azure:kid-1"]].concat());
    told(firm.look_up("azure", "kid-1"), 404);
    told(firm.look_up("email", "kid@aurora.example"), 404);
    let stranger = firm.server.seed().stranger.laurel.identity.clone();
    told(firm.look_up(&stranger.kind, &stranger.value), 404);
    let seeded = firm.tenant().laurel.identity.clone();
    told(firm.laurel.delete(firm.user(&seeded.user_id)), 200);
    told(firm.look_up(&seeded.kind, &seeded.value), 404);
}

#[test]
fn queries_that_are_wrong() {
    let firm = firm();
    quiet(&firm.server, || {
        for (query, field) in [
            ("", "type"),
            ("value=1", "type"),
            ("type=&value=1", "type"),
            ("type=Aderant&value=1", "type"),
            ("type=ntlogin&value=1", "type"),
            ("type=aderant", "value"),
            ("type=aderant&value=", "value"),
            ("type=aderant&value=1&value=2", "value"),
            (&format!("type=aderant&value={}", "x".repeat(257)), "value"),
            ("type=aderant&value=1&customerId=x", "customerId"),
            (&format!("type=aderant&value=1&customerId={NOBODY}"), "customerId"),
        ] {
            assert_eq!(
                mistakes(firm.laurel.get(format!("{}?{query}", firm.user("lookup")))),
                [field],
                "{query}"
            );
        }
        // Never a user's id.
        firm.laurel.patch(firm.user("lookup"), json!({"nickname": "No"})).expect(404);
        firm.laurel.delete(firm.user("lookup")).expect(404);
    });
}
