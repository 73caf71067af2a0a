//! Tokens, sessions and credentials, which are good at both or at none.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::demo::{ClientCredentials, KareLogin};
use testkit::process::{Cli, Server};
use testkit::store::{Engine, Store, is_left_out_unless};

use super::super::within;
use super::{Pair, ROOT};
use crate::{binary, told};

/// A second is promised, to whoever is not as busy as the machine that runs these tests may be.
const SOON: Duration = Duration::from_secs(5);

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn a_token_that_one_issued_is_good_at_the_other() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let (person, login) = (pair.person(0), &pair.tenant().kare.user);
    let users = format!("/api/v1/customers/{}/users", pair.tenant().laurel.customer_id);
    for (issuer, other) in [(&pair.one, &pair.two), (&pair.two, &pair.one)] {
        let callers = testkit::callers::Callers::of(&issuer.client(), pair.tenant()).at(&other.client());
        told(Dialect::Relesys, callers.relesys.get(format!("/api/v1.4/users/{}", person.relesys)), 200);
        told(Dialect::Kare, callers.kare.get(format!("/users/v1/rs/{}", person.kare)), 200);
        told(Dialect::Laurel, callers.laurel.get(format!("{users}/{}", person.laurel)), 200);

        // What a session is renewed with, too; and what comes of it is good where it began.
        let nobody = |server: &Server| Caller::nobody(&server.client(), Dialect::Kare);
        let body = json!({"email": login.email, "password": login.password});
        let tokens = told(Dialect::Kare, nobody(issuer).post("/auth/v1/rs/login/credentials", body), 201);
        let body = json!({"refreshToken": tokens["data"]["refreshToken"]});
        let renewed = told(Dialect::Kare, nobody(other).post("/auth/v1/rs/token/refresh", body), 201);
        let me = nobody(issuer)
            .with("authorization", format!("Bearer {}", text(&renewed["accessToken"])))
            .with("x-session-token", text(&tokens["data"]["sessionToken"]));
        assert_eq!(told(Dialect::Kare, me.get("/users/v1/rs/me"), 200)["data"]["id"], login.user_id);
    }
}

#[test]
fn two_that_begin_a_store_at_once_begin_the_same_one() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let store = Store::new(Engine::Postgres);
    let begin = || Server::serve(binary(), store.url(), [] as [&str; 0]);
    let (one, two) = thread::scope(|scope| {
        let (one, two) = (scope.spawn(begin), scope.spawn(begin));
        (one.join().expect("a server"), two.join().expect("a server"))
    });
    let command = |args: &[&str]| {
        let place = ["--json", "--store", store.url()];
        Cli::new(binary()).run(args.iter().copied().chain(place)).ok().json()
    };
    command(&["organization", "add", ROOT]);
    let email = "ada@aurora.example";
    let ada = command(&["person", "add", "--name", "Ada Byron", "--email", email, "-o", ROOT]);
    let made = command(&["credential", "add", "--dialect", "kare", "--person", email, "-o", ROOT]);
    let login = KareLogin {
        email: email.to_owned(),
        password: text(&made["password"]).to_owned(),
        user_id: made["userId"].as_u64().expect("a number"),
    };
    // Each of them made keys to sign with, and one of them was quicker.
    for (issuer, other) in [(&one, &two), (&two, &one)] {
        let caller = Caller::kare(&issuer.client(), &login).at(&other.client());
        assert_eq!(told(Dialect::Kare, caller.get("/users/v1/rs/me"), 200)["data"]["key"], ada["id"]);
    }
}

#[test]
fn what_is_revoked_stops_at_both() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let (person, login) = (pair.person(0), pair.tenant().kare.user.clone());
    let users = format!("/api/v1/customers/{}/users", pair.tenant().laurel.customer_id);
    let client = pair.one.client();
    let add = |dialect: Dialect| {
        let made = pair.command(&["credential", "add", "--dialect", dialect.name(), "-o", ROOT]);
        let caller = match dialect {
            Dialect::Relesys => Caller::relesys(&client, &credentials(&made), "relesys.api"),
            Dialect::Replay => Caller::replay(&client, text(&made["apiKey"])),
            Dialect::Laurel => Caller::laurel(&client, &credentials(&made)),
            Dialect::Kare => unreachable!("people sign in there"),
        };
        (caller, text(&made["id"]).to_owned())
    };
    let relesys = (format!("/api/v1.4/users/{}", person.relesys), add(Dialect::Relesys));
    let replay = (format!("/api/user/{}", person.replay), add(Dialect::Replay));
    let laurel = (format!("{users}/{}", person.laurel), add(Dialect::Laurel));
    for (path, (caller, id)) in [relesys, replay, laurel] {
        let at = pair.servers().map(|server| caller.clone().at(&server.client()));
        for caller in &at {
            told(caller.dialect, caller.get(&path), 200);
        }
        pair.command(&["credential", "revoke", &id]);
        for caller in &at {
            within(SOON, "the end of a credential", || caller.get(&path).status != 200);
            told(caller.dialect, caller.get(&path), 401);
        }
    }

    let session = Caller::kare(&client, &login);
    let at = pair.servers().map(|server| session.clone().at(&server.client()));
    for caller in &at {
        told(Dialect::Kare, caller.get("/users/v1/rs/me"), 200);
    }
    pair.command(&["person", "disable", &login.email, "-o", ROOT]);
    for caller in &at {
        within(SOON, "the end of a session", || caller.get("/users/v1/rs/me").status != 200);
        told(Dialect::Kare, caller.get("/users/v1/rs/me"), 401);
    }
}

fn credentials(made: &Value) -> ClientCredentials {
    ClientCredentials {
        client_id: text(&made["clientId"]).to_owned(),
        client_secret: text(&made["clientSecret"]).to_owned(),
    }
}
