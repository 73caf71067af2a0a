//! Wrong passwords and secrets: each further one waits longer, and nobody else is held up.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::Server;

use crate::{demo, refused, told};

/// So many wrong ones cost no wait.
const FREE: usize = 10;

const LOG_IN: &str = "/auth/v1/rs/login/credentials";

fn nobody(server: &Server, dialect: Dialect) -> Caller {
    Caller::nobody(&server.client(), dialect)
}

/// Sends a wrong secret until it is slowed down: the status until then, and the sentence of the 429.
#[track_caller]
fn slows_down(dialect: Dialect, status: u16, wrong: impl Fn() -> Response) -> Value {
    for _ in 0..FREE {
        told(dialect, wrong(), status);
    }
    let answer = wrong();
    let wait: u64 = answer.header("retry-after").expect("when to come back").parse().expect("seconds");
    assert!((1..=300).contains(&wait), "{wait}");
    told(dialect, answer, 429)
}

#[test]
fn wrong_passwords_of_one_address_wait_and_sessions_go_on() {
    let server = demo();
    let kare = &server.seed().tenant.kare;
    let log_in = |email: &str, password: &str| {
        nobody(&server, Dialect::Kare).post(LOG_IN, json!({"email": email, "password": password}))
    };
    let tokens = told(Dialect::Kare, log_in(&kare.user.email, &kare.user.password), 201);
    let session = Caller::kare(&server.client(), &kare.user);
    refused(&server, || {
        let said = slows_down(Dialect::Kare, 401, || log_in(&kare.user.email, "Wrong-1234"));
        assert_eq!(said, json!({"message": "Too many failed attempts"}));
        // Also the right one, and in other letters: it is not looked at.
        told(Dialect::Kare, log_in(&kare.user.email.to_uppercase(), &kare.user.password), 429);
        // An address that nobody has is told the same.
        let said = slows_down(Dialect::Kare, 401, || log_in("nobody@aurora.example", "Wrong-1234"));
        assert_eq!(said, json!({"message": "Too many failed attempts"}));
    });
    told(Dialect::Kare, session.get("/users/v1/rs/me"), 200);
    let refresh = json!({"refreshToken": tokens["data"]["refreshToken"]});
    told(Dialect::Kare, nobody(&server, Dialect::Kare).post("/auth/v1/rs/token/refresh", refresh), 201);
    told(Dialect::Kare, log_in(&kare.admin.email, &kare.admin.password), 201);
}

#[test]
fn wrong_secrets_wait_and_the_right_one_never() {
    let server = demo();
    let (tenant, callers) = (&server.seed().tenant, server.callers());
    let relesys = |secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &tenant.relesys.client.client_id),
            ("client_secret", secret),
            ("scope", "relesys.api"),
        ];
        nobody(&server, Dialect::Relesys).raw("POST", "/login/oauth/authorize").form(&form).send()
    };
    let laurel = |secret: &str| {
        let body = json!({
            "audience": "https://timeautomation.com",
            "grant_type": "client_credentials",
            "client_id": tenant.laurel.client.client_id,
            "client_secret": secret,
        });
        nobody(&server, Dialect::Laurel).post("/api/v1/oauth/token", body)
    };
    let public_id = tenant.replay.api_key.split_once('.').expect("two parts").0;
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let replay = |secret: &str| {
        let key = format!("{public_id}.{secret}");
        nobody(&server, Dialect::Replay).with("x-api-key", key).get(&path)
    };
    let session = told(
        Dialect::Kare,
        nobody(&server, Dialect::Kare)
            .post(LOG_IN, json!({"email": tenant.kare.user.email, "password": tenant.kare.user.password})),
        201,
    );
    let token = session["data"]["refreshToken"].as_str().expect("a token").to_owned();
    let kare = |token: &str| {
        nobody(&server, Dialect::Kare).post("/auth/v1/rs/token/refresh", json!({"refreshToken": token}))
    };
    refused(&server, || {
        let said = slows_down(Dialect::Relesys, 400, || relesys("wrong"));
        assert_eq!(said, json!({"errorCode": "429", "message": "Too many failed attempts."}));
        let said = slows_down(Dialect::Laurel, 401, || laurel("wrong"));
        assert_eq!(said["error_description"], "Too many failed attempts");
        let said = slows_down(Dialect::Replay, 401, || replay("wrong"));
        assert_eq!(said, json!({"error": "too many failed attempts"}));
        let said = slows_down(Dialect::Kare, 401, || kare(&format!("{token}x")));
        assert_eq!(said, json!({"message": "Too many failed attempts"}));
    });
    told(Dialect::Relesys, relesys(&tenant.relesys.client.client_secret), 200);
    told(Dialect::Laurel, laurel(&tenant.laurel.client.client_secret), 200);
    told(Dialect::Kare, kare(&token), 201);
    told(Dialect::Replay, callers.replay.get(&path), 200);
    // And what was handed out before is as good as ever.
    callers.relesys.get(format!("/api/v1.4/users/{}", tenant.people[0].relesys)).expect(200);
}
