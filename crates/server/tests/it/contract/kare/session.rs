//! Signing in, refreshing, and what the two tokens open.

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::demo::KareLogin;
use testkit::http::Response;
use testkit::process::Server;

use super::super::{ROOT, command, eventually, quiet};
use super::{cast, data, member, mistakes, told, user};
use crate::demo;

const LOG_IN: &str = "/auth/v1/rs/login/credentials";
const REFRESHES: [&str; 2] = ["/auth/v1/bo/token/refresh", "/auth/v1/rs/token/refresh"];

fn nobody(server: &Server) -> Caller {
    Caller::nobody(&server.client(), Dialect::Kare)
}

#[track_caller]
fn log_in(server: &Server, login: &KareLogin) -> Response {
    nobody(server).post(LOG_IN, json!({"email": login.email, "password": login.password}))
}

fn with(server: &Server, access: &str, session: &str) -> Caller {
    nobody(server).with("authorization", format!("Bearer {access}")).with("x-session-token", session)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Gives a person a password, by anything that they are known by.
#[track_caller]
fn set_password(server: &Server, person: &str) -> KareLogin {
    let made = command(server, &["credential", "add", "--dialect", "kare", "--person", person, "-o", ROOT]);
    KareLogin {
        email: text(&made["email"]).to_owned(),
        password: text(&made["password"]).to_owned(),
        user_id: made["userId"].as_u64().expect("a number"),
    }
}

#[test]
fn a_log_in_gives_three_tokens() {
    let server = demo();
    let login = &server.seed().tenant.kare.admin;
    let body = json!({"email": login.email, "password": login.password, "other": 1});
    for prefix in ["", "/main"] {
        let answer = nobody(&server).post(format!("{prefix}{LOG_IN}"), &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        let answer = told(answer, 201);
        let tokens = answer["data"].as_object().unwrap();
        let names: Vec<_> = tokens.keys().map(String::as_str).collect();
        assert_eq!(names, ["accessToken", "refreshToken", "sessionToken"]);
        let (access, session) = (text(&tokens["accessToken"]), text(&tokens["sessionToken"]));
        let me = data(with(&server, access, session).get(user("me")));
        assert_eq!((&me["id"], &me["email"]), (&json!(login.user_id), &json!(login.email)));
    }
    // An address compares without case, and a header that is no credential is not looked at.
    let body = json!({"email": login.email.to_uppercase(), "password": login.password});
    told(nobody(&server).with("authorization", "Bearer x").post(LOG_IN, body), 201);
}

#[test]
fn whoever_cannot_sign_in_is_told_the_same() {
    let server = demo();
    let (kare, replay) = (&server.seed().tenant.kare, &server.seed().tenant.replay);
    let disabled = set_password(&server, &replay.disabled_id);
    let invited = set_password(&server, &replay.invited_id);
    let without_password = &server.seed().tenant.people[1].email;
    quiet(&server, || {
        for (email, password) in [
            (kare.admin.email.as_str(), "wrong password"),
            (&kare.admin.email, &kare.user.password),
            (&kare.admin.email, &kare.admin.password.to_uppercase()),
            ("nobody@aurora.example", &kare.admin.password),
            (without_password, &kare.admin.password),
            (&disabled.email, &disabled.password),
            (&disabled.email, "wrong password"),
            (&invited.email, &invited.password),
            (&server.seed().stranger.kare.admin.email, &kare.admin.password),
        ] {
            let answer = nobody(&server).post(LOG_IN, json!({"email": email, "password": password}));
            assert_eq!(told(answer, 401), json!({"message": "Unauthorized"}), "{email}");
        }
    });
    command(&server, &["person", "enable", &invited.email, "-o", ROOT]);
    told(log_in(&server, &invited), 201);
}

#[test]
fn what_a_log_in_may_hold() {
    let server = demo();
    let post = |email: &Value, password: &Value| {
        nobody(&server).post(LOG_IN, json!({"email": email, "password": password}))
    };
    let (email, password) = (json!("nobody@aurora.example"), json!("long enough"));
    quiet(&server, || {
        let longest = json!(format!("{}@{}.fr", "a".repeat(64), "b".repeat(182)));
        for email in [json!("test@mail.com"), json!("o'brien@x.fr"), json!("A+b@c-d.co.uk"), longest] {
            told(post(&email, &password), 401);
        }
        let too_long = format!("{}@{}.fr", "a".repeat(64), "b".repeat(183));
        for email in [
            json!(".a@b.fr"),
            json!("a..b@c.fr"),
            json!("a.@b.fr"),
            json!("a'@b.fr"),
            json!("a%b@c.fr"),
            json!("a@b"),
            json!("a@-b.fr"),
            json!("\u{e9}a@b.fr"),
            json!(" a@b.fr"),
            json!(""),
            json!(null),
            json!(1),
            json!(too_long),
        ] {
            assert_eq!(mistakes(post(&email, &password)), ["email"], "{email}");
        }
        for password in [json!("x".repeat(6)), json!("x".repeat(100)), json!("\u{1f600}".repeat(50))] {
            told(post(&email, &password), 401);
        }
        for password in [json!("x".repeat(5)), json!("x".repeat(101)), json!(""), json!(null), json!(123_456)]
        {
            assert_eq!(mistakes(post(&email, &password)), ["password"], "{password}");
        }
        assert_eq!(mistakes(nobody(&server).post(LOG_IN, json!({}))), ["email", "password"]);
        for body in ["", "{", "[]", "null"] {
            let answer = nobody(&server).raw("POST", LOG_IN).header("content-type", "application/json");
            assert_eq!(mistakes(answer.body(body).send()), [""]);
        }
        let form = [("email", "a@b.fr"), ("password", "long enough")];
        told(nobody(&server).raw("POST", LOG_IN).form(&form).send(), 415);
        told(nobody(&server).raw("POST", LOG_IN).body("{}").send(), 415);
        for path in REFRESHES {
            for token in [json!(null), json!(1), json!("x".repeat(4_097))] {
                let answer = nobody(&server).post(path, json!({"refreshToken": token}));
                assert_eq!(mistakes(answer), ["refreshToken"]);
            }
            assert_eq!(mistakes(nobody(&server).post(path, json!({}))), ["refreshToken"]);
            told(nobody(&server).raw("POST", path).body("{}").send(), 415);
        }
    });
}

#[test]
fn a_refresh_token_stays_good() {
    let server = demo();
    let kare = &server.seed().tenant.kare;
    let tokens = told(log_in(&server, &kare.user), 201)["data"].clone();
    let refresh = text(&tokens["refreshToken"]);
    for path in REFRESHES.iter().chain(&REFRESHES) {
        for prefix in ["", "/main"] {
            let answer = nobody(&server).post(format!("{prefix}{path}"), json!({"refreshToken": refresh}));
            let renewed = told(answer, 201);
            let names: Vec<_> = renewed.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, ["accessToken", "sessionToken"], "no envelope, no new refresh token");
            let (access, session) = (text(&renewed["accessToken"]), text(&renewed["sessionToken"]));
            // One session: its tokens of before and of now go together.
            for (access, session) in [
                (access, session),
                (access, text(&tokens["sessionToken"])),
                (text(&tokens["accessToken"]), session),
            ] {
                let me = data(with(&server, access, session).get(user("me")));
                assert_eq!(me["id"], kare.user.user_id);
            }
        }
    }
    let other = told(log_in(&server, &kare.admin), 201);
    let (other_id, _) = text(&other["data"]["refreshToken"]).split_once('.').unwrap();
    quiet(&server, || {
        let (id, secret) = refresh.split_once('.').unwrap();
        for token in [
            "",
            "x",
            ".",
            id,
            &format!("{id}."),
            &format!("{id}.{}", &secret[1..]),
            &format!("{other_id}.{secret}"),
            &format!("{refresh}x"),
            text(&tokens["accessToken"]),
            text(&tokens["sessionToken"]),
            &"x".repeat(4_096),
        ] {
            for path in REFRESHES {
                let answer = nobody(&server).post(path, json!({"refreshToken": token}));
                assert_eq!(told(answer, 401), json!({"message": "Unauthorized"}), "{token}");
            }
        }
    });
}

#[test]
fn both_tokens_are_needed_of_one_user_and_one_session() {
    let server = demo();
    let (kare, stranger) = (&server.seed().tenant.kare, &server.seed().stranger.kare);
    let [mine, again, others, strangers] =
        [&kare.admin, &kare.admin, &kare.user, &stranger.admin].map(|login| {
            let data = told(log_in(&server, login), 201)["data"].clone();
            ["accessToken", "sessionToken", "refreshToken"].map(|name| text(&data[name]).to_owned())
        });
    let ([access, session, refresh], [header, payload, signature]) = (&mine, parts(&mine[0]));
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let unsigned = [format!("{none}.{payload}."), format!("{none}.{payload}.{signature}")];
    let of_session = parts(session);
    let mixed = format!("{header}.{payload}.{}", of_session[2]);
    let turned = format!("{header}.{}.{signature}", of_session[1]);
    quiet(&server, || {
        for (access, session) in [
            (access, &again[1]),
            (&again[0], session),
            (access, &others[1]),
            (&others[0], session),
            (access, &strangers[1]),
            (session, access),
            (access, access),
            (session, session),
            (refresh, session),
            (access, refresh),
            (&unsigned[0], session),
            (&unsigned[1], session),
            (&mixed, session),
            (&turned, session),
            (access, &format!("{none}.{}.", of_session[1])),
            (access, &format!("Bearer {session}")),
        ] {
            let caller = with(&server, access, session);
            for answer in [caller.get(user("me")), caller.patch(member("me"), json!({"firstName": "No"}))] {
                assert_eq!(told(answer, 401), json!({"message": "Unauthorized"}));
            }
        }
        let whole = with(&server, access, session);
        for header in ["authorization", "x-session-token"] {
            for request in
                [whole.raw("GET", user("me")), whole.patching(member("me"), json!({"firstName": "No"}))]
            {
                told(request.without(header).send(), 401);
            }
        }
        for value in [access.clone(), format!("Basic {access}"), "Bearer".to_owned(), "Bearer ".to_owned()] {
            told(whole.raw("GET", user("me")).header("authorization", value).send(), 401);
        }
        // Header names have no case, and neither has the scheme.
        let request =
            nobody(&server).raw("GET", user("me")).header("AUTHORIZATION", format!("bearer {access}"));
        told(request.header("X-Session-Token", session).send(), 200);
    });
    let theirs = data(with(&server, &strangers[0], &strangers[1]).get(user("me")));
    assert_eq!(theirs["email"], stranger.admin.email.as_str(), "a session knows its tenant");
}

/// The three parts of a signed token.
fn parts(token: &str) -> [String; 3] {
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("header, claims and signature")
}

#[test]
fn the_first_sign_in_activates() {
    let cast = cast();
    let has_never_signed_in =
        |person: &&testkit::demo::Person| data(cast.admin.get(user(person.kare)))["activatedAt"].is_null();
    let mut people = cast.server.seed().tenant.people.iter();
    let person = people.find(has_never_signed_in).expect("somebody who never signed in");
    let login = set_password(&cast.server, &person.email);
    assert_eq!(login.user_id, person.kare);
    assert_eq!(
        data(cast.admin.get(user(person.kare)))["activatedAt"],
        json!(null),
        "a password is no sign-in"
    );

    Caller::kare(&cast.server.client(), &login);
    let first = data(cast.admin.get(user(person.kare)))["activatedAt"].clone();
    assert!(first.is_string(), "{first}");
    Caller::kare(&cast.server.client(), &login);
    assert_eq!(data(cast.admin.get(user(person.kare)))["activatedAt"], first, "only the first");
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one() {
    let server = demo();
    let old = server.seed().tenant.kare.user.clone();
    let new = set_password(&server, &old.email);
    assert_ne!(new.password, old.password);
    told(log_in(&server, &old), 401);
    told(log_in(&server, &new), 201);
}

#[test]
fn whoever_is_disabled_or_deleted_is_out_at_once() {
    for verb in ["disable", "delete"] {
        let cast = cast();
        let login = cast.server.seed().tenant.kare.user.clone();
        let tokens = told(log_in(&cast.server, &login), 201)["data"].clone();
        told(cast.user.get(user("me")), 200);
        command(&cast.server, &["person", verb, &login.email, "-o", ROOT]);
        eventually("the end of the session", || cast.user.get(user(cast.admin_id())).status == 401);
        quiet(&cast.server, || {
            told(cast.user.get(user("me")), 401);
            told(cast.user.patch(member("me"), json!({"firstName": "No"})), 401);
            told(log_in(&cast.server, &login), 401);
            for path in REFRESHES {
                let body = json!({"refreshToken": tokens["refreshToken"]});
                told(nobody(&cast.server).post(path, body), 401);
            }
        });
        let status = if verb == "disable" { 200 } else { 404 };
        told(cast.admin.get(user(login.user_id)), status);
        told(cast.admin.patch(member(login.user_id), json!({"lastName": "Gone"})), status);
    }
}

/// 401 in every way that the session could be used.
#[track_caller]
fn is_over(server: &Server, caller: &Caller, tokens: &Value) {
    eventually("the end of the session", || caller.get(user("me")).status == 401);
    for path in REFRESHES {
        told(nobody(server).post(path, json!({"refreshToken": tokens["refreshToken"]})), 401);
    }
}

#[track_caller]
fn signed_in(server: &Server, login: &KareLogin) -> (Caller, Value) {
    let tokens = told(log_in(server, login), 201)["data"].clone();
    let caller = with(server, text(&tokens["accessToken"]), text(&tokens["sessionToken"]));
    told(caller.get(user("me")), 200);
    (caller, tokens)
}

#[test]
fn a_new_password_ends_all_sessions_for_good() {
    let cast = cast();
    let server = &cast.server;
    let old = server.seed().tenant.kare.user.clone();
    let sessions = [signed_in(server, &old), signed_in(server, &old)];
    let new = set_password(server, &old.email);
    for (caller, tokens) in &sessions {
        is_over(server, caller, tokens);
    }
    let (caller, _) = signed_in(server, &new);
    told(caller.get(user("me")), 200);
    told(cast.admin.get(user("me")), 200);
    let newest = &super::super::events_of(server, &old.email)[0];
    assert_eq!(newest["via"], "command", "{newest}");
    let password = json!({"before": null, "after": {"secret": true}});
    assert_eq!(newest["changes"]["password"], password, "{newest}");
}

#[test]
fn enabling_brings_no_session_back() {
    let cast = cast();
    let server = &cast.server;
    let login = server.seed().tenant.kare.user.clone();
    let (caller, tokens) = signed_in(server, &login);
    command(server, &["person", "disable", &login.email, "-o", ROOT]);
    command(server, &["person", "enable", &login.email, "-o", ROOT]);
    is_over(server, &caller, &tokens);
    signed_in(server, &login);
}

#[test]
fn a_leaver_who_returns_needs_a_new_password() {
    let cast = cast();
    let server = &cast.server;
    let person = server.seed().tenant.people[2].clone();
    command(server, &["person", "delete", &person.email, "-o", ROOT]);
    let back = ["person", "add", "--email", &person.email, "--external-id", "relesys:COMES-BACK", "-o", ROOT];
    command(server, &back);
    let login = set_password(server, &person.email);
    let (caller, tokens) = signed_in(server, &login);
    // Through Laurel, which is the API that deletes.
    let seen = command(server, &["person", "show", &person.email, "-o", ROOT]);
    let customer = &server.seed().tenant.laurel.customer_id;
    let path = format!("/api/v1/customers/{customer}/users/{}", text(&seen["objectId"]));
    server.callers().laurel.delete(path).expect(200);
    is_over(server, &caller, &tokens);
    let returned = command(server, &back);
    assert_eq!(returned["id"], seen["id"], "the same person");
    told(log_in(server, &login), 401);
    is_over(server, &caller, &tokens);
    signed_in(server, &set_password(server, &person.email));
}

#[test]
fn operators_list_sessions_and_revoke_them() {
    let cast = cast();
    let server = &cast.server;
    let login = server.seed().tenant.kare.user.clone();
    let [(one, one_tokens), (two, two_tokens), (three, three_tokens)] =
        [(); 3].map(|()| signed_in(server, &login));
    let list = |more: &[&str]| {
        let args = [&["session", "list", "--person", &login.email, "-o", ROOT], more].concat();
        command(server, &args).as_array().expect("a list").clone()
    };
    let all = list(&[]);
    assert_eq!(all.len(), 4, "with the one of the cast");
    assert!(all.iter().all(|it| it["isLive"] == true && it["userId"] == login.user_id), "{all:?}");
    assert_eq!(list(&["--limit", "2"]), all[..2]);
    let id_of = |tokens: &Value| text(&tokens["refreshToken"]).split_once('.').unwrap().0.to_owned();
    assert_eq!(all[0]["id"], id_of(&three_tokens).as_str(), "the latest first");

    command(server, &["session", "revoke", &id_of(&one_tokens)]);
    is_over(server, &one, &one_tokens);
    told(two.get(user("me")), 200);
    assert_eq!(list(&[])[2]["isLive"], false);
    let revoked = command(server, &["session", "revoke", "--person", &login.email, "-o", ROOT]);
    assert_eq!(revoked["revoked"], 3);
    is_over(server, &two, &two_tokens);
    is_over(server, &three, &three_tokens);
    told(cast.admin.get(user("me")), 200);
    signed_in(server, &login);
}
