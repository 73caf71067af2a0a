//! JSON bodies in every dialect: an object is an object whatever its names, and limits hold before a tree is built.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::{Request, Response};
use testkit::process::Server;

use crate::{acting_for, demo, promised, refused};

/// An operation that reads JSON, with a body that sets what it can.
struct Operation {
    dialect: Dialect,
    id: &'static str,
    caller: Caller,
    path: String,
    body: Value,
}

impl Operation {
    fn request(&self, body: impl Into<Vec<u8>>) -> Request {
        let request = match self.id {
            id if id.starts_with("patch") => self.caller.patching(&self.path, json!({})),
            "set_user_status" | "put_group" | "put_label" | "put_organization" | "sync_members"
            | "replace_identity" | "put_domains" => self.caller.raw("PUT", &self.path).json(json!({})),
            "set_status" | "set_super_delegate" | "set_scim" => self.caller.patching(&self.path, json!({})),
            _ => self.caller.raw("POST", &self.path).json(json!({})),
        };
        request.body(body)
    }

    #[track_caller]
    fn send(&self, body: impl Into<Vec<u8>>) -> Response {
        let answer = self.request(body).send();
        promised(self.dialect).expect(&answer);
        answer
    }

    /// The body with one more member, of which the operation knows nothing.
    fn with_unknown(&self, value: &str) -> String {
        let body = if self.dialect == Dialect::Relesys && self.id.starts_with("patch") {
            r#"[{"op":"copy","from":"/name","path":"/name","comment":?}]"#
        } else if self.id == "patch_team" {
            // It needs one that it knows.
            r#"{"description":null,"comment":?}"#
        } else {
            r#"{"comment":?}"#
        };
        body.replace('?', value)
    }
}

fn operations(server: &Server) -> Vec<Operation> {
    let (client, callers) = (server.client(), server.callers());
    let tenant = &server.seed().tenant;
    let person = &tenant.people[2];
    let all_users = format!("/customers/{}/users", tenant.laurel.customer_id);
    let users = format!("{all_users}/{}", person.laurel);
    let kare = &tenant.kare;
    let team = callers.replay.get("/api/team").expect(200).json();
    let customer = format!("customerId={}", tenant.laurel.customer_id);
    let groups =
        callers.laurel.get(format!("/api/v1/user-groups?kind=user-id&{customer}")).expect(200).json();
    let group = groups[0]["_id"].as_str().expect("an id");
    let operation = |dialect, id: &'static str, path: &str, body| {
        let caller = match id {
            id if id.starts_with("log_in") || id.contains("token") => Caller::nobody(&client, dialect),
            "patch_current_user" => acting_for(server, &person.relesys, "readwrite"),
            _ => callers.get(dialect).clone(),
        };
        Operation { dialect, id, caller, path: path.to_owned(), body }
    };
    let own_path = format!("/api/v1/customers/{}", tenant.laurel.customer_id);
    let own = callers.laurel.get(&own_path).expect(200).json();
    let connection =
        format!("{own_path}/connections/{}", own["connections"][0]["externalId"].as_str().expect("an id"));
    let set = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
    let delegates = json!([{"userId": tenant.people[3].laurel, "permissions": [{"claim": "x"}]}]);
    vec![
        operation(
            Dialect::Relesys,
            "patch_user",
            &format!("/api/v1.4/users/{}", person.relesys),
            json!([
                set("/name", json!("Bob")),
                set("/customFields/customfieldone", json!("Bob")),
                set("/phoneNumber", json!({"countryCode": 45, "number": "11223344"})),
                {"op": "copy", "path": "/title", "from": "/name"},
            ]),
        ),
        operation(
            Dialect::Relesys,
            "create_user",
            "/api/v1.4/users",
            json!({
                "name": "Bob", "primaryDepartmentId": tenant.relesys.department_ids[0], "password": "Bob and Eve",
                "userGroups": [{"id": tenant.relesys.user_group_ids[0], "dataSource": "Bob"}],
                "phoneNumber": {"countryCode": 45, "number": "11223344"}, "birthDate": "2002-12-30",
                "email": "bob@example.com", "customFields": {"customfieldone": "Bob"}, "gender": "Male",
            }),
        ),
        operation(
            Dialect::Relesys,
            "create_department",
            "/api/v1.4/departments",
            json!({
                "name": "Bob", "type": "Store", "parentId": tenant.relesys.department_ids[0], "showInContacts": false,
                "phoneNumber": {"countryCode": 45, "number": "11223344"}, "selectedCultures": ["da-DK"],
                "locales": [{"culture": "da-DK", "description": "Bob"}], "defaultPhoneCountryCode": 45,
            }),
        ),
        operation(
            Dialect::Relesys,
            "patch_department",
            &format!("/api/v1.4/departments/{}", tenant.relesys.department_ids[0]),
            json!([
                set("/name", json!("Bob")),
                set("/showInContacts", json!(false)),
                set("/selectedCultures/-", json!("da-DK"))
            ]),
        ),
        operation(
            Dialect::Relesys,
            "create_user_group",
            "/api/v1.4/userGroups",
            json!({"name": "Bob", "description": "Bob", "externalId": "Bob"}),
        ),
        operation(
            Dialect::Relesys,
            "patch_user_group",
            &format!("/api/v1.4/userGroups/{}", tenant.relesys.user_group_ids[0]),
            json!([set("/name", json!("Bob")), set("/description", json!("Bob"))]),
        ),
        operation(
            Dialect::Relesys,
            "set_user_status",
            &format!("/api/v1.4/users/{}/status", person.relesys),
            json!({"status": "Disabled"}),
        ),
        operation(
            Dialect::Relesys,
            "send_sms",
            &format!("/api/v1.4/users/{}/sms", person.relesys),
            json!({"message": "Bob"}),
        ),
        operation(
            Dialect::Relesys,
            "send_password_reset_link",
            &format!("/api/v1.4/users/{}/passwordresetlink", person.relesys),
            json!({"deliveryMethod": "email", "resetLoginCode": true}),
        ),
        operation(
            Dialect::Relesys,
            "send_message",
            &format!("/api/v1.4/communication/messages/{}/send", person.relesys),
            json!({
                "deliveryMethod": "both",
                "messageBody": {"sms": {"body": "Bob"}, "email": {"subject": "Bob", "body": "Bob"}},
            }),
        ),
        operation(
            Dialect::Replay,
            "patch_user",
            &format!("/api/user/{}", person.replay),
            json!({"firstName": "Bob", "lastName": "Bob", "role": "Manager"}),
        ),
        operation(
            Dialect::Replay,
            "create_user",
            "/api/user",
            json!({"email": "bob@bob.example", "firstName": "Bob", "lastName": "Bob", "role": "User", "externalId": "Bob"}),
        ),
        operation(
            Dialect::Replay,
            "invite_user",
            "/api/user/invite",
            json!({"email": "bob@bob.example", "teamId": team["data"][0]["id"], "role": "User", "sendEmail": true}),
        ),
        operation(
            Dialect::Replay,
            "create_child_company",
            "/api/company/child",
            json!({"name": "Bob", "externalId": "Bob", "url": "https://bob.example", "summary": "Bob"}),
        ),
        operation(
            Dialect::Replay,
            "patch_team",
            &format!("/api/team/{}", team["data"][0]["id"].as_str().unwrap()),
            json!({"name": "Bob", "description": "Bob", "type": "LeadGen", "useTurnConnection": true}),
        ),
        operation(
            Dialect::Kare,
            "patch_user",
            &format!("/users-organizations/v1/rs/users/{}", person.kare),
            json!({
                "firstName": "Bob", "lastName": "Bob", "professionId": kare.label_id, "scope": 1,
                "permissions": {"group": 1, "read": [1], "manage": [1]},
            }),
        ),
        operation(
            Dialect::Kare,
            "log_in",
            "/auth/v1/rs/login/credentials",
            json!({"email": kare.admin.email, "password": kare.admin.password}),
        ),
        operation(Dialect::Kare, "refresh_token", "/auth/v1/rs/token/refresh", json!({"refreshToken": "x"})),
        operation(
            Dialect::Kare,
            "refresh_token_bo",
            "/auth/v1/bo/token/refresh",
            json!({"refreshToken": "x"}),
        ),
        operation(
            Dialect::Kare,
            "patch_organization",
            "/organizations/v2/rs/my",
            json!({"name": "Bob", "language": 3, "timezone": "Europe/Berlin"}),
        ),
        operation(Dialect::Kare, "put_organization", "/organizations/my", json!({"name": "Bob"})),
        operation(
            Dialect::Kare,
            "put_label",
            &format!("/labels/v2/rs/{}", kare.label_id),
            json!({"name": "Bob", "color": "#B0B0B0"}),
        ),
        operation(
            Dialect::Kare,
            "create_label",
            "/labels/v1",
            json!({"name": "Bob", "color": "#B0B0B0", "type": 2}),
        ),
        operation(
            Dialect::Laurel,
            "create_token",
            "/api/v1/oauth/token",
            json!({
                "audience": "https://timeautomation.com", "grant_type": "client_credentials",
                "client_id": tenant.laurel.client.client_id, "client_secret": tenant.laurel.client.client_secret,
            }),
        ),
        operation(
            Dialect::Laurel,
            "patch_user",
            &format!("/api/v1{users}"),
            json!({
                "firstName": "Bob", "lastName": "Bob", "email": "bob@example.com", "pod": "Bob",
                "roleIds": [tenant.laurel.role_ids[0]], "delegateIds": [tenant.people[3].laurel],
                "identities": [{"type": "elite", "value": "Bob"}],
            }),
        ),
        operation(
            Dialect::Laurel,
            "patch_current_user",
            "/laurel/api/v1/users/current",
            json!({"firstName": "Bob", "phone": "Bob", "delegateIds": [tenant.people[3].laurel]}),
        ),
        operation(
            Dialect::Laurel,
            "patch_user_v2",
            &format!("/api/v2{users}"),
            json!({"nickname": "Bob", "delegates": delegates}),
        ),
        operation(
            Dialect::Laurel,
            "lookup_identity_by_email",
            &format!("/api/v1{all_users}/lookup/identity"),
            json!({"email": "Bob", "identityType": "zoom"}),
        ),
        operation(
            Dialect::Laurel,
            "lookup_users",
            &format!("/api/v1{all_users}/batch/lookup"),
            json!({"identities": [{"type": "zoom", "value": "Bob"}]}),
        ),
        operation(
            Dialect::Laurel,
            "translate_timekeeper_ids",
            &format!("/api/v1{all_users}/translate-timekeeper-ids"),
            json!({"timekeeperIds": ["Bob"]}),
        ),
        operation(
            Dialect::Laurel,
            "create_customer",
            "/api/v1/customers",
            json!({
                "code": "BOB", "fullName": "Bob", "name": "bob", "tenantId": own["tenant"]["_id"], "segment": "smb",
                "vertical": "legal", "identities": [{"type": "zoom", "value": "Bob"}], "pmsVendor": "Bob",
            }),
        ),
        operation(
            Dialect::Laurel,
            "patch_customer",
            &own_path,
            json!({"code": "BOB", "salesforceAccountId": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "add_customer_identity",
            &format!("{own_path}/identities"),
            json!({"type": "zoom", "value": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "add_connection",
            &format!("{own_path}/connections"),
            json!({
                "strategy": {"type": "waad", "clientId": "Bob", "clientSecret": "Bob", "identityApi": "Bob", "tenantDomain": "Bob"},
                "fqdns": ["bob.example"], "scim": true,
            }),
        ),
        operation(
            Dialect::Laurel,
            "patch_connection",
            &connection,
            json!({"fqdns": ["bob.example"], "scim": true}),
        ),
        operation(Dialect::Laurel, "set_scim", &format!("{connection}/scim"), json!({"scimEnabled": true})),
        operation(
            Dialect::Laurel,
            "put_domains",
            &format!("{connection}/domains"),
            json!({"fqdns": ["bob.example"]}),
        ),
        operation(
            Dialect::Laurel,
            "create_managed_client",
            &format!("{own_path}/managed-clients"),
            json!({"name": "bob", "description": "Bob", "permissionTier": "read"}),
        ),
        operation(
            Dialect::Laurel,
            "create_user",
            "/laurel/api/v1/users",
            json!({
                "customerId": tenant.laurel.customer_id, "_id": "5f5e0a0b0c0d0e0f00010203", "email": "bob@bob.example",
                "firstName": "Bob", "lastName": "Bob", "timezone": "UTC", "firstDayOfWeek": 1,
                "identities": [{"type": "zoom", "value": "Bob"}],
            }),
        ),
        operation(
            Dialect::Laurel,
            "import_user_v2",
            &format!("/api/v2{all_users}/import"),
            json!({"email": "bob@bob.example", "firstName": "Bob", "identities": [{"type": "zoom", "value": "Bob"}]}),
        ),
        operation(
            Dialect::Laurel,
            "import_user",
            &format!("/api/v1{all_users}/import"),
            json!({"email": "bob@bob.example", "firstName": "Bob", "nickname": "Bob", "jobTitle": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "import_users_v2",
            &format!("/api/v2{all_users}/batch/import"),
            json!({"users": [{"email": "bob@bob.example", "firstName": "Bob"}]}),
        ),
        operation(
            Dialect::Laurel,
            "import_users",
            &format!("/api/v1{all_users}/batch/import"),
            json!([{"email": "bob@bob.example", "firstName": "Bob"}]),
        ),
        operation(
            Dialect::Laurel,
            "set_status",
            &format!("/api/v1{users}/status"),
            json!({"status": "adminDisabled"}),
        ),
        operation(
            Dialect::Laurel,
            "set_super_delegate",
            &format!("/api/v1{users}/super-delegate"),
            json!({"isSuperDelegate": true, "superDelegatePermissions": [{"claim": "Bob"}]}),
        ),
        operation(
            Dialect::Laurel,
            "add_identity",
            &format!("/api/v1{users}/identities"),
            json!({"type": "zoom", "value": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "replace_identity",
            &format!("/api/v1{users}/identities"),
            json!({"type": "zoom", "value": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "add_identities",
            &format!("/api/v1{users}/identities/bulk"),
            json!({"identities": [{"type": "zoom", "value": "Bob"}]}),
        ),
        operation(
            Dialect::Laurel,
            "add_aliases",
            &format!("/api/v1{users}/email-aliases"),
            json!({"emails": ["bob@bob.example"]}),
        ),
        operation(
            Dialect::Laurel,
            "create_group",
            "/api/v1/user-groups",
            json!({
                "customerId": tenant.laurel.customer_id, "externalId": "Bob", "name": "Bob", "description": "Bob",
            }),
        ),
        operation(
            Dialect::Laurel,
            "patch_group",
            &format!("/api/v1/user-groups/{group}?{customer}"),
            json!({"externalId": "Bob", "name": "Bob", "description": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "put_group",
            &format!("/api/v1/user-groups/by-external-id/Bob?{customer}"),
            json!({"name": "Bob", "description": "Bob"}),
        ),
        operation(
            Dialect::Laurel,
            "add_members",
            &format!("/api/v1/user-groups/{group}/users?{customer}"),
            json!({"kind": "user-id", "ids": [person.laurel]}),
        ),
        operation(
            Dialect::Laurel,
            "sync_members",
            &format!("/api/v1/user-groups/by-external-id/Bob/users?{customer}"),
            json!({"mode": "set", "emails": ["Bob"], "externalIds": ["Bob"], "externalBillingSystemIds": ["Bob"]}),
        ),
    ]
}

/// The body with one of its scalars after the other in another form.
fn each_replaced(body: &Value, by: &dyn Fn(&Value) -> Value) -> Vec<Value> {
    match body {
        Value::Array(elements) => (0..elements.len())
            .flat_map(|index| {
                each_replaced(&elements[index], by).into_iter().map(move |element| (index, element))
            })
            .map(|(index, element)| {
                let mut body = body.clone();
                body[index] = element;
                body
            })
            .collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| each_replaced(member, by).into_iter().map(move |it| (name, it)))
            .map(|(name, member)| {
                let mut body = body.clone();
                body[name] = member;
                body
            })
            .collect(),
        scalar => vec![by(scalar)],
    }
}

#[test]
fn every_operation_with_a_json_body_is_among_those_tried() {
    let server = demo();
    let tried: BTreeSet<_> =
        operations(&server).iter().map(|operation| (operation.dialect, operation.id.to_owned())).collect();
    let mut documented = BTreeSet::new();
    for dialect in Dialect::ALL {
        let writing =
            promised(dialect).operations().iter().filter(|it| it.method != "GET" && it.method != "DELETE");
        documented.extend(writing.map(|operation| (dialect, operation.id.clone())));
    }
    // It reads no body.
    documented.remove(&(Dialect::Laurel, "create_client".to_owned()));
    // Its body is a form.
    documented.remove(&(Dialect::Relesys, "create_token".to_owned()));
    assert_eq!(tried, documented);
}

#[test]
fn an_object_is_never_taken_for_a_text_or_a_number() {
    let server = demo();
    let operations = operations(&server);
    refused(&server, || {
        for operation in operations {
            let raw = |scalar: &Value| json!({"$serde_json::private::RawValue": scalar.to_string()});
            let number = |_: &Value| json!({"$serde_json::private::Number": "1"});
            let mut bodies = each_replaced(&operation.body, &raw);
            bodies.extend(each_replaced(&operation.body, &number));
            assert!(bodies.len() >= 2);
            for body in bodies {
                let answer = operation.send(body.to_string());
                assert_eq!(
                    answer.status,
                    400,
                    "{:?} {}: {body}: {}",
                    operation.dialect,
                    operation.id,
                    answer.text()
                );
            }
            // It needs no member at all.
            if operation.id == "send_password_reset_link" {
                continue;
            }
            // As the body itself it is an array of nothing, or an object without a known member.
            let whole = raw(&operation.body).to_string();
            let answer = operation.send(whole);
            let changes_nothing = operation.id == "put_label"
                || operation.id.starts_with("patch")
                    && operation.id != "patch_team"
                    && operation.dialect != Dialect::Relesys;
            assert_eq!(answer.status, if changes_nothing { 200 } else { 400 }, "{}", answer.text());
        }
    });
}

#[test]
fn a_limit_is_named_also_where_it_is_passed_in_a_field_that_is_ignored() {
    let server = demo();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let many = |values: usize| format!("[{}]", vec!["0"; values].join(","));
    let operations = operations(&server);
    refused(&server, || {
        for operation in operations {
            for (value, said) in [
                ("1e400".to_owned(), "the body has a number out of range (line 1, column "),
                ("{\"x\":[-1e999]}".to_owned(), "the body has a number out of range (line 1, column "),
                (nested(127), "the body is nested deeper than 64 levels (line 1, column "),
                (nested(100_000), "the body is nested deeper than 64 levels (line 1, column "),
                (many(100_000), "the body has more than 100000 values (line 1, column "),
                ("nul".to_owned(), "the body is not valid json: expected ident (line 1, column "),
            ] {
                // Those without a credential may take less than so large a body.
                if value.len() > 10_000 && !operation.id.starts_with("patch") {
                    continue;
                }
                let answer = operation.send(operation.with_unknown(&value));
                let (status, text) = (answer.status, answer.text().to_lowercase());
                assert_eq!(status, 400, "{:?} {}: {text}", operation.dialect, operation.id);
                assert!(text.contains(said), "{:?} {}: {text}", operation.dialect, operation.id);
            }
        }
    });
}

#[test]
fn what_is_within_the_limits_is_taken() {
    let server = demo();
    for operation in operations(&server).iter().filter(|operation| operation.id.starts_with("patch")) {
        let nested = format!("{}{}", "[".repeat(60), "]".repeat(60));
        let many = format!("[{}]", vec!["{\"x\":0}"; 49_000].join(","));
        for value in ["1e308", "1e-999", &nested, &many, "{\"op\":{\"\":null}}"] {
            let answer = operation.send(operation.with_unknown(value));
            assert_eq!(answer.status, 200, "{:?}: {}", operation.dialect, answer.text());
        }
    }
}

#[test]
fn a_body_of_small_objects_takes_a_few_times_its_bytes() {
    let server = demo();
    let operations = operations(&server);
    for operation in operations.iter().filter(|operation| operation.id.starts_with("patch")) {
        operation.send("[]");
    }
    let before = peak_kib(&server);
    refused(&server, || {
        for operation in operations.iter().filter(|operation| operation.id.starts_with("patch")) {
            for small in [r#"{"":0}"#, "[0]", "0", "\"\"", r#"{"a":{}}"#] {
                let body = format!("[{}]", vec![small; ((1 << 20) - 2) / (small.len() + 1)].join(","));
                assert_eq!(operation.send(body).status, 400, "{:?}: {small}", operation.dialect);
            }
        }
    });
    let grown = peak_kib(&server).saturating_sub(before);
    assert!(grown < 32 * 1024, "memory peaked {grown} KiB higher");
}

/// The most memory that was resident at once, as the kernel tells it.
fn peak_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a running process");
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
