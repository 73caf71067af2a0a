//! The log of refused log-ins, credentials and rights.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::Server;

use crate::demo;
use crate::serving::{impatient, logged, logged_so};

const LOG_IN: &str = "/auth/v1/rs/login/credentials";

/// The line about the refusal of the request that was answered so.
#[track_caller]
fn line(server: &Server, answer: &Response) -> Value {
    let request = answer.header("x-request-id").unwrap();
    logged_so(server, "the refusal", |log| {
        // The line of the request itself has no kind.
        lines(log).find(|line| line["request"] == request && line["kind"].is_string())
    })
}

fn lines(log: &str) -> impl Iterator<Item = Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok())
}

#[track_caller]
fn is_logged(server: &Server, answer: &Response, kind: &str, dialect: Dialect, credential: Option<&str>) {
    let line = line(server, answer);
    assert_eq!((&line["message"], &line["level"]), (&json!("refused"), &json!("WARN")), "{line}");
    assert_eq!((&line["kind"], &line["client"]), (&json!(kind), &json!("127.0.0.1")), "{line}");
    assert_eq!(line["dialect"], format!("{dialect:?}").to_lowercase(), "{line}");
    assert_eq!(line.get("credential").and_then(Value::as_str), credential, "{line}");
}

#[test]
fn a_refused_credential_is_logged_by_its_public_id_and_never_by_its_secret() {
    let server = demo();
    let (tenant, client) = (&server.seed().tenant, server.client());
    let (id, _) = tenant.replay.api_key.split_once('.').unwrap();
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let replay = |key: &str| client.request("GET", &path).header("x-api-key", key).send().expect(401);
    let logged = |answer: Response, credential| {
        is_logged(&server, &answer, "credential", Dialect::Replay, credential);
    };
    logged(replay(&format!("{id}.canary-one")), Some(id));
    // What names no credential may be a secret in the wrong place.
    logged(replay("canary-two"), None);
    logged(replay("canary-three.x"), None);
    logged(client.get(&path).expect(401), None);

    let relesys = &tenant.relesys.client.client_id;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", relesys),
        ("client_secret", "canary-four"),
        ("scope", "relesys.api"),
    ];
    let wrong = client.request("POST", "/login/oauth/authorize").form(&form).send();
    assert!(wrong.status >= 400, "{wrong}");
    is_logged(&server, &wrong, "credential", Dialect::Relesys, Some(relesys));
    let log = server.stderr();
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn a_failed_log_in_is_logged_without_address_and_password() {
    let server = demo();
    let user = &server.seed().tenant.kare.user;
    let nobody = Caller::nobody(&server.client(), Dialect::Kare);
    for email in [user.email.as_str(), "nobody@aurora.example"] {
        let answer = nobody.post(LOG_IN, json!({"email": email, "password": "Canary-1234"})).expect(401);
        is_logged(&server, &answer, "log-in", Dialect::Kare, None);
    }
    let log = server.stderr();
    assert!(!log.contains("Canary") && !log.contains(&user.email) && !log.contains("nobody@"), "{log}");
}

#[test]
fn a_refused_right_is_logged_with_who_was_refused() {
    let server = demo();
    let (tenant, client) = (&server.seed().tenant, server.client());
    let callers = server.callers();

    let read_only = &tenant.relesys.read_only;
    let reader = Caller::relesys(&client, read_only, "relesys.api.users:read");
    let rename = json!([{"op": "replace", "path": "/title", "value": "Canary"}]);
    let answer = reader.patch(format!("/api/v1.4/users/{}", tenant.people[0].relesys), rename).expect(403);
    is_logged(&server, &answer, "right", Dialect::Relesys, Some(&read_only.client_id));

    let (key, _) = tenant.replay.api_key.split_once('.').unwrap();
    let other = &tenant.replay.grandchild_company_id;
    let path = format!("/api/user/{}?childCompanyId={other}", tenant.people[0].replay);
    is_logged(&server, &callers.replay.get(path).expect(403), "right", Dialect::Replay, Some(key));

    let path = format!("/api/v1/customers/{}/users", "0".repeat(24));
    let laurel = &tenant.laurel.client.client_id;
    is_logged(&server, &callers.laurel.get(path).expect(403), "right", Dialect::Laurel, Some(laurel));

    let user = Caller::kare(&client, &tenant.kare.user);
    let path = format!("/users-organizations/v1/rs/users/{}", tenant.kare.admin.user_id);
    let answer = user.patch(path, json!({"firstName": "Canary"})).expect(403);
    is_logged(&server, &answer, "right", Dialect::Kare, None);
    assert!(line(&server, &answer)["session"].is_string(), "{}", line(&server, &answer));

    // Nobody is refused a right who asks for a person that there is not.
    let path = format!("/api/user/{}", uuid::Uuid::nil());
    let answer = callers.replay.get(path).expect(404);
    let request = answer.header("x-request-id").unwrap();
    logged(&server, request);
    assert_eq!(server.stderr().lines().filter(|line| line.contains(request)).count(), 1);
    assert!(!server.stderr().contains("Canary"));
}

#[test]
fn behind_a_proxy_the_clients_address_is_logged() {
    let server = impatient(&[("PERSONAE_PROXIES", "127.0.0.1")]);
    let answer = server.client().request("GET", "/api/user/x").header("x-forwarded-for", "192.0.2.7").send();
    let line = line(&server, &answer.expect(401));
    assert_eq!(line["client"], "192.0.2.7", "{line}");
}

/// Every one is either a line or counted, whatever time that takes.
#[test]
fn more_refusals_than_the_log_has_lines_for_are_counted() {
    const REFUSED: u64 = 300;
    let server = demo();
    for _ in 0..REFUSED {
        server.client().get("/api/user/x").expect(401);
    }
    logged_so(&server, "each refusal", |log| {
        let told = lines(log).map(|line| match &line["left_out"] {
            Value::Number(left_out) => left_out.as_u64().unwrap(),
            _ => u64::from(line["kind"] == "credential"),
        });
        let told: u64 = told.sum();
        assert!(told <= REFUSED, "{told}");
        (told == REFUSED).then_some(())
    });
}
