//! Another tenant's ids are nobody's: every route with each of them answers exactly as for an id that was never given
//! out, and nothing changes on either side.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::callers::{Caller, Callers, Dialect};
use testkit::demo::{Demo, Tenant};
use testkit::http::Response;
use testkit::process::Server;

use crate::{demo, refused};

const RANDOM_UUID: &str = "7d1f3c52-9a0b-4c1d-8e2f-5a6b7c8d9e0f";
const RANDOM_OBJECT_ID: &str = "64b7f0c2a1d3e4f5a6b7c8d9";
const RANDOM_NUMBER: &str = "9007199254740001";

/// A route of a dialect's table.
struct Operation {
    method: Method,
    path: &'static str,
}

fn operations(dialect: Dialect) -> Vec<Operation> {
    fn rows<S>(table: Vec<dialects::http::Route<S>>) -> Vec<Operation> {
        let row = |route: dialects::http::Route<S>| Operation { method: route.method, path: route.path };
        table.into_iter().map(row).collect()
    }
    match dialect {
        Dialect::Relesys => rows(dialects::relesys::table()),
        Dialect::Replay => rows(dialects::replay::table()),
        Dialect::Kare => rows(dialects::kare::table()),
        Dialect::Laurel => rows(dialects::laurel::table()),
    }
}

/// Every person id that a tenant's people have in a dialect, of whatever kind.
fn person_ids(dialect: Dialect, tenant: &Tenant) -> Vec<String> {
    let people = tenant.people.iter().take(3);
    match dialect {
        Dialect::Relesys => people.map(|person| person.relesys.clone()).collect(),
        Dialect::Replay => {
            let replay = &tenant.replay;
            let special =
                [&replay.invited_id, &replay.expired_id, &replay.disabled_id, &replay.child_user_id];
            people.map(|person| person.replay.clone()).chain(special.into_iter().cloned()).collect()
        }
        Dialect::Kare => people.map(|person| person.kare.to_string()).collect(),
        Dialect::Laurel => people.map(|person| person.laurel.clone()).collect(),
    }
}

fn random_id(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Relesys | Dialect::Replay => RANDOM_UUID,
        Dialect::Kare => RANDOM_NUMBER,
        Dialect::Laurel => RANDOM_OBJECT_ID,
    }
}

/// A body that would change what is there.
fn body(dialect: Dialect) -> Value {
    match dialect {
        Dialect::Relesys => json!([{"op": "replace", "path": "/name", "value": "Intruder"}]),
        Dialect::Replay => json!({"firstName": "Intruder", "name": "Intruder"}),
        Dialect::Kare => json!({"firstName": "Intruder"}),
        Dialect::Laurel => json!({
            "nickname": "Intruder", "name": "Intruder", "kind": "timekeeper-id", "ids": ["1042"], "mode": "set",
            "type": "zoom", "value": "Intruder", "identities": [{"type": "zoom", "value": "Intruder"}],
            "emails": ["intruder@nowhere.example"], "status": "adminDisabled", "isSuperDelegate": true,
            "fqdns": ["intruder.example"], "scimEnabled": true,
        }),
    }
}

fn call(caller: &Caller, method: &Method, path: &str) -> Response {
    // At the root these are another vendor's.
    if caller.dialect == Dialect::Laurel && caller.prefix.is_empty() && path.starts_with("/api/v1/users/") {
        return call(&caller.clone().under("/laurel"), method, path);
    }
    match *method {
        Method::GET => caller.get(path),
        Method::PATCH => caller.patch(path, body(caller.dialect)),
        Method::PUT if caller.dialect == Dialect::Laurel => caller.put(path, body(caller.dialect)),
        Method::PUT => caller.put(path, json!({"status": "Disabled"})),
        Method::POST if caller.dialect == Dialect::Laurel => caller.post(path, body(caller.dialect)),
        Method::POST => {
            let body = json!({"message": "Intruder", "deliveryMethod": "email", "messageType": "welcome"});
            caller.post(path, body)
        }
        Method::DELETE if path.contains("/user-groups/") => {
            caller.raw("DELETE", path).json(body(caller.dialect)).send()
        }
        Method::DELETE => caller.delete(path),
        ref other => panic!("a route with {other} that names a person: teach this test about it"),
    }
}

/// The answer without what every answer has of its own.
fn seen(answer: &Response, id: &str) -> (u16, String) {
    (answer.status, answer.text().replace(id, "ID").replace(&id.to_lowercase(), "ID"))
}

/// A route with the id of something in its path, which is written as `ID` there.
struct Addressed {
    method: Method,
    path: String,
    /// The name of the parameter that the id is.
    parameter: String,
}

/// Every route of a dialect that has an id in its path beside the customer's, with everything else filled in.
fn addressed(dialect: Dialect, tenant: &Tenant) -> Vec<Addressed> {
    let mut routes = Vec::new();
    for Operation { method, path } in operations(dialect) {
        // A claim has one id everywhere.
        if path.contains("{permissionId}") {
            continue;
        }
        // This creates what is not there.
        if method == Method::PUT && path.ends_with("/by-external-id/{externalId}") {
            continue;
        }
        let path = path.replace("{customerId}", &tenant.laurel.customer_id);
        let versions: &[&str] = if path.contains("{version}") { &["v1", "v1.2", "v1.4"] } else { &[""] };
        for version in versions {
            let path = path.replace("{version}", version);
            let Some((start, rest)) = path.split_once('{') else { continue };
            let (parameter, end) = rest.split_once('}').expect("a closed parameter");
            assert!(!end.contains('{'), "{path} has two ids: teach this test about it");
            let mut path = format!("{start}ID{end}");
            if path.contains("/user-groups/") {
                path = format!("{path}?customerId={}", tenant.laurel.customer_id);
            }
            if method == Method::DELETE && path.ends_with("/email-aliases") {
                path.push_str("?email=intruder@nowhere.example");
            }
            routes.push(Addressed { method: method.clone(), path, parameter: parameter.to_owned() });
        }
    }
    assert!(!routes.is_empty(), "{dialect:?} has no route to anything");
    routes
}

/// The ids that a tenant's things have in a dialect, of the kind that a parameter of a path is.
fn ids(caller: &Caller, tenant: &Tenant, parameter: &str) -> Vec<String> {
    let ids = match parameter {
        "userId" => person_ids(caller.dialect, tenant),
        "departmentId" => tenant.relesys.department_ids.clone(),
        "userGroupId" if caller.dialect == Dialect::Laurel => {
            let path = format!("/api/v1/user-groups?kind=user-id&customerId={}", tenant.laurel.customer_id);
            texts(&caller.get(&path).expect(200).json(), "_id")
        }
        "externalId" => vec![crew(tenant)],
        "connectionId" => {
            let customer = caller.get(own_customer(tenant)).expect(200).json();
            texts(&customer["connections"], "externalId")
        }
        "clientId" => {
            let list = |kind| caller.get(format!("{}/{kind}", own_customer(tenant))).expect(200).json();
            [texts(&list("clients"), "_id"), texts(&list("managed-clients"), "_id")].concat()
        }
        "roleId" => tenant.laurel.role_ids.clone(),
        "userGroupId" => tenant.relesys.user_group_ids.clone(),
        "templateId" => {
            let page = caller.get("/api/v1/communication/templates").expect(200).json();
            let templates = page["data"].as_array().expect("a list").iter();
            templates.map(|template| template["id"].as_str().expect("an id").to_owned()).collect()
        }
        "labelId" => {
            let page = caller.get("/labels/v1").expect(200).json();
            let labels = page["data"].as_array().expect("a list").iter();
            labels.map(|label| label["id"].to_string()).collect()
        }
        "teamId" => {
            let page = caller.get("/api/team").expect(200).json();
            let teams = page["data"].as_array().expect("a list").iter();
            teams.map(|team| team["id"].as_str().expect("an id").to_owned()).collect()
        }
        other => panic!("a parameter {other} in a path: teach this test about it"),
    };
    assert!(!ids.is_empty(), "the tenant has nothing that is a {parameter}");
    ids
}

fn own_customer(tenant: &Tenant) -> String {
    format!("/api/v1/customers/{}", tenant.laurel.customer_id)
}

/// The external id of a group that each tenant is given for these tests.
fn crew(tenant: &Tenant) -> String {
    format!("crew-of-{}", tenant.laurel.customer_id)
}

/// The demo, where each tenant has a group with an external id.
fn furnished() -> Server {
    let server = demo();
    let seed = server.seed();
    for (callers, tenant) in [(server.callers(), &seed.tenant), (server.strangers(), &seed.stranger)] {
        let path = format!(
            "/api/v1/user-groups/by-external-id/{}?customerId={}",
            crew(tenant),
            tenant.laurel.customer_id
        );
        callers.laurel.put(path, json!({"name": "Crew"})).expect(200);
    }
    server
}

fn texts(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[member].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn another_tenants_things_are_nobodys() {
    let server = furnished();
    let (callers, strangers, seed) = (server.callers(), server.strangers(), server.seed());
    refused(&server, || {
        for dialect in Dialect::ALL {
            let (caller, random) = (callers.get(dialect), random_id(dialect));
            for Addressed { method, path, parameter } in addressed(dialect, &seed.tenant) {
                let expected = seen(&call(caller, &method, &path.replace("ID", random)), random);
                // A deletion of a group that is not there is answered with null.
                let is_null = method == Method::DELETE && path.contains("/user-groups/ID?");
                assert_eq!(expected.0, if is_null { 200 } else { 404 }, "{method} {path}");
                // Kare's numbers are small, and each tenant has its own: the same number is somebody here, too. The next
                // test looks at them.
                if dialect == Dialect::Kare {
                    continue;
                }
                for id in ids(strangers.get(dialect), &seed.stranger, &parameter) {
                    let answer = call(caller, &method, &path.replace("ID", &id));
                    assert_eq!(seen(&answer, &id), expected, "{method} {path} with {id}");
                }
            }
        }
    });
}

#[test]
fn a_number_is_its_own_tenants_person() {
    let server = demo();
    let (callers, strangers, seed) = (server.callers(), server.strangers(), server.seed());
    for person in seed.stranger.people.iter().take(5) {
        let path = format!("/users/v1/rs/{}", person.kare);
        let theirs = strangers.kare.get(&path).expect(200).json();
        assert_eq!(theirs["data"]["email"], person.email.as_str());
        let ours = callers.kare.get(&path);
        match ours.status {
            200 => assert_ne!(ours.json()["data"]["key"], theirs["data"]["key"]),
            status => assert_eq!(status, 404, "{path}"),
        }
    }
}

#[test]
fn an_id_of_one_kind_is_not_taken_for_another() {
    let server = furnished();
    let (callers, seed) = (server.callers(), server.seed());
    let person = &seed.tenant.people[0];
    refused(&server, || {
        let kinds = [
            person.relesys.clone(),
            person.kare.to_string(),
            person.laurel.clone(),
            person.email.clone(),
            seed.tenant.relesys.department_ids[0].clone(),
            seed.tenant.relesys.user_group_ids[0].clone(),
        ];
        for dialect in Dialect::ALL {
            let caller = callers.get(dialect);
            for Addressed { method, path, parameter } in addressed(dialect, &seed.tenant) {
                let own = ids(caller, &seed.tenant, &parameter);
                for id in kinds.iter().filter(|id| !own.contains(id)) {
                    let answer = call(caller, &method, &path.replace("ID", id));
                    let is_nothing = matches!(answer.status, 400 | 404) || answer.text() == "null";
                    assert!(is_nothing, "{method} {path} with {id}: {}", answer.status);
                }
            }
        }
    });
}

#[test]
fn another_customers_place_is_closed() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let laurel = &callers.laurel;
    refused(&server, || {
        for Operation { method, path } in operations(Dialect::Laurel) {
            if !path.contains("{customerId}") {
                continue;
            }
            let path = path.replace("{userId}", &seed.tenant.people[0].laurel);
            let path = if path.ends_with("lookup") { format!("{path}?type=aderant&value=1") } else { path };
            let at = |customer: &str| {
                let answer = call(laurel, &method, &path.replace("{customerId}", customer));
                seen(&answer, customer)
            };
            let expected = at(RANDOM_OBJECT_ID);
            assert_eq!(expected.0, 403, "{method} {path}");
            assert_eq!(at(&seed.stranger.laurel.customer_id), expected, "{method} {path}");
        }
    });
}

#[test]
fn another_tenants_things_are_unknown_references() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    refused(&server, || {
        for (caller, path, body) in references(&callers, seed) {
            let answer = |id: &str| {
                let body: Value = serde_json::from_str(&body.replace("ID", id)).unwrap();
                let answer = match path.ends_with("/users") || path.ends_with("/departments") {
                    true => caller.post(&path, body),
                    false => caller.patch(&path, body),
                };
                seen(&answer, id)
            };
            let (random, foreign) = match caller.dialect {
                Dialect::Relesys => (RANDOM_UUID, foreign_of(&body, seed)),
                Dialect::Replay => (RANDOM_UUID, seed.stranger.replay.child_company_id.clone()),
                Dialect::Kare => continue,
                Dialect::Laurel => (RANDOM_OBJECT_ID, foreign_of(&body, seed)),
            };
            let expected = answer(random);
            assert!(matches!(expected.0, 400 | 403), "{body}: {expected:?}");
            assert_eq!(answer(&foreign), expected, "{body}");
        }
    });
}

/// Updates, and creations at the path of a list, that refer to something by `ID`.
fn references<'a>(callers: &'a Callers, seed: &Demo) -> Vec<(&'a Caller, String, String)> {
    let person = &seed.tenant.people[0];
    let relesys = format!("/api/v1.4/users/{}", person.relesys);
    let laurel = |version| {
        format!("/api/{version}/customers/{}/users/{}", seed.tenant.laurel.customer_id, person.laurel)
    };
    let mut all = Vec::new();
    for body in [
        r#"[{"op": "replace", "path": "/primaryDepartmentId", "value": "ID"}]"#,
        r#"[{"op": "add", "path": "/additionalDepartments/-", "value": {"id": "ID"}}]"#,
        r#"[{"op": "add", "path": "/userGroups/-", "value": {"id": "ID"}}]"#,
    ] {
        all.push((&callers.relesys, relesys.clone(), body.to_owned()));
    }
    let department = &seed.tenant.relesys.department_ids[0];
    for references in [
        r#""primaryDepartmentId": "ID", "userGroups": []"#.to_owned(),
        format!(r#""primaryDepartmentId": "{department}", "userGroups": [{{"id": "ID"}}]"#),
        format!(
            r#""primaryDepartmentId": "{department}", "userGroups": [], "additionalDepartments": [{{"id": "ID"}}]"#
        ),
    ] {
        for version in ["v1", "v1.4"] {
            let body = format!(r#"{{"name": "Intruder", {references}}}"#);
            all.push((&callers.relesys, format!("/api/{version}/users"), body));
        }
    }
    for member in ["parentId", "managerUserId"] {
        let path = format!("/api/v1.4/departments/{department}");
        let body = format!(r#"[{{"op": "replace", "path": "/{member}", "value": "ID"}}]"#);
        all.push((&callers.relesys, path, body));
        let body = format!(r#"{{"name": "Intruder", "type": "Store", "{member}": "ID"}}"#);
        all.push((&callers.relesys, "/api/v1.4/departments".to_owned(), body));
    }
    let replay = format!("/api/user/{}", person.replay);
    all.push((&callers.replay, replay, r#"{"firstName": "X", "childCompanyId": "ID"}"#.to_owned()));
    for (version, body) in [
        ("v1", r#"{"roleIds": ["ID"]}"#),
        ("v2", r#"{"roleIds": ["ID"]}"#),
        ("v1", r#"{"delegateIds": ["ID"]}"#),
        ("v2", r#"{"delegates": [{"userId": "ID", "permissions": []}]}"#),
    ] {
        all.push((&callers.laurel, laurel(version), body.to_owned()));
    }
    all
}

/// The stranger's thing of the kind that a body refers to.
fn foreign_of(body: &str, seed: &Demo) -> String {
    let stranger = &seed.stranger;
    match body {
        body if body.contains("/userGroups") || body.contains(r#""userGroups": [{"id": "ID""#) => {
            stranger.relesys.user_group_ids[0].clone()
        }
        body if body.contains("managerUserId") => stranger.people[0].relesys.clone(),
        body if body.contains("Department") || body.contains("parentId") => {
            stranger.relesys.department_ids[0].clone()
        }
        body if body.contains("roleIds") => stranger.laurel.role_ids[0].clone(),
        _ => stranger.people[0].laurel.clone(),
    }
}

#[test]
fn another_tenants_credentials_open_nothing_here() {
    let server = furnished();
    let (callers, strangers, seed) = (server.callers(), server.strangers(), server.seed());
    refused(&server, || {
        for dialect in Dialect::ALL {
            if dialect == Dialect::Kare {
                continue;
            }
            for Addressed { method, path, parameter } in addressed(dialect, &seed.tenant) {
                for id in ids(callers.get(dialect), &seed.tenant, &parameter) {
                    let answer = call(strangers.get(dialect), &method, &path.replace("ID", &id));
                    let expected = if path.contains("customer") { 403 } else { 404 };
                    assert_eq!(answer.status, expected, "{method} {path} with {id}");
                }
            }
        }
    });
}
