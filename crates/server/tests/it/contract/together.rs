//! One person through all four APIs: what one writes the others see, and what one cannot say it leaves alone.

use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Callers, Dialect};
use testkit::demo::{KareLogin, Person};
use testkit::http::Response;
use testkit::process::Server;

use super::{ROOT, command, events_of, eventually, quiet};
use crate::{demo, told};

/// One person as the four APIs address them.
struct Subject {
    server: Server,
    callers: Callers,
    person: Person,
}

fn subject() -> Subject {
    let server = demo();
    let (callers, person) = (server.callers(), server.seed().tenant.people[0].clone());
    Subject { server, callers, person }
}

impl Subject {
    fn path(&self, dialect: Dialect) -> String {
        let Person { relesys, replay, kare, laurel, .. } = &self.person;
        match dialect {
            Dialect::Relesys => format!("/api/v1.4/users/{relesys}"),
            Dialect::Replay => format!("/api/user/{replay}"),
            Dialect::Kare => format!("/users/v1/rs/{kare}"),
            Dialect::Laurel => {
                let customer = &self.server.seed().tenant.laurel.customer_id;
                format!("/api/v1/customers/{customer}/users/{laurel}")
            }
        }
    }

    #[track_caller]
    fn get(&self, dialect: Dialect) -> Value {
        let body = told(dialect, self.callers.get(dialect).get(self.path(dialect)), 200);
        if matches!(dialect, Dialect::Relesys | Dialect::Kare) { body["data"].clone() } else { body }
    }

    fn patch(&self, dialect: Dialect, body: Value) -> Response {
        let path = match dialect {
            Dialect::Kare => format!("/users-organizations/v1/rs/users/{}", self.person.kare),
            other => self.path(other),
        };
        self.callers.get(dialect).patch(path, body)
    }

    #[track_caller]
    fn write(&self, dialect: Dialect, body: Value) {
        told(dialect, self.patch(dialect, body), 200);
    }

    /// The name as all four show it, which must agree.
    #[track_caller]
    fn names(&self) -> [String; 3] {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let parts = |user: Value| [text(&user["firstName"]), text(&user["lastName"])];
        let kare = parts(self.get(Dialect::Kare));
        assert_eq!(parts(self.get(Dialect::Laurel)), kare);
        let replay = self.get(Dialect::Replay);
        assert_ne!(replay["lastName"], "", "an empty one is null to Replay");
        assert_eq!(parts(replay), kare);
        let [given, family] = kare;
        [text(&self.get(Dialect::Relesys)["name"]), given, family]
    }
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!([{"op": "replace", "path": path, "value": value.into()}])
}

#[test]
fn a_name_is_one_name() {
    use Dialect::{Kare, Laurel, Relesys, Replay};
    let subject = subject();
    for (dialect, body, name) in [
        (Relesys, replace("/name", "Cher"), ["Cher", "Cher", ""]),
        (Relesys, replace("/name", "Maria del Mar Ruiz"), ["Maria del Mar Ruiz", "Maria del Mar", "Ruiz"]),
        (Kare, json!({"firstName": "Mar\u{ed}a"}), ["Mar\u{ed}a Ruiz", "Mar\u{ed}a", "Ruiz"]),
        (Relesys, replace("/name", "Ada  Byron"), ["Ada  Byron", "Ada ", "Byron"]),
        (Replay, json!({"lastName": "King"}), ["Ada  King", "Ada ", "King"]),
        (Laurel, json!({"lastName": ""}), ["Ada ", "Ada ", ""]),
        (Kare, json!({"firstName": ""}), ["", "", ""]),
        (Laurel, json!({"lastName": "Solo"}), ["Solo", "", "Solo"]),
        (Replay, json!({"firstName": "Ann", "lastName": "Lee"}), ["Ann Lee", "Ann", "Lee"]),
    ] {
        subject.write(dialect, body.clone());
        let seen = subject.names();
        assert_eq!(seen[1..], name[1..], "{dialect:?} {body}");
        assert_eq!(seen[0].trim(), name[0].trim(), "{dialect:?} {body}");
    }
    // A text that the parts do not give back is kept while nobody writes a part.
    for name in [" Cher ", "Ada  Byron ", "A  B  C"] {
        subject.write(Relesys, replace("/name", name));
        assert_eq!(subject.get(Relesys)["name"], name);
        quiet(&subject.server, || {
            subject.write(Relesys, replace("/name", name));
            let kare = subject.get(Kare);
            subject.write(Kare, json!({"firstName": kare["firstName"], "lastName": kare["lastName"]}));
            subject.write(Laurel, json!({"firstName": kare["firstName"], "lastName": kare["lastName"]}));
        });
        assert_eq!(subject.get(Relesys)["name"], name);
    }
}

#[test]
fn a_family_name_that_was_cleared_is_null_to_replay() {
    let subject = subject();
    subject.write(Dialect::Laurel, json!({"firstName": "Cher", "lastName": ""}));
    let replay = subject.get(Dialect::Replay);
    assert_eq!((&replay["firstName"], &replay["lastName"]), (&json!("Cher"), &json!(null)));
    subject.write(Dialect::Kare, json!({"firstName": "", "lastName": "Solo"}));
    assert_eq!(subject.get(Dialect::Replay)["firstName"], "", "the older shape knows no null there");
    // What it cannot say it leaves alone.
    let replay = told(Dialect::Replay, subject.patch(Dialect::Replay, json!({"role": "Manager"})), 200);
    assert_eq!((&replay["firstName"], &replay["lastName"]), (&json!(null), &json!("Solo")));
    assert_eq!(subject.get(Dialect::Kare)["firstName"], "");
}

#[test]
fn each_leaves_alone_what_it_does_not_know() {
    let subject = subject();
    let before = command(&subject.server, &["person", "show", &subject.person.relesys]);
    let laurel = json!({"nickname": "Lou", "pod": "Blue", "identities": [{"type": "zoom", "value": "z"}]});
    subject.write(Dialect::Laurel, laurel);
    subject.write(
        Dialect::Kare,
        json!({"permissions": {"group": 3, "read": [7]}, "professionId": 2, "scope": 1}),
    );
    subject.write(Dialect::Replay, json!({"role": "Manager"}));
    subject.write(Dialect::Relesys, replace("/title", "Chief"));
    let after = command(&subject.server, &["person", "show", &subject.person.relesys]);
    let membership = &after["memberships"][0];
    assert_eq!((&after["nickname"], &after["work"]["pod"]), (&json!("Lou"), &json!("Blue")));
    assert_eq!((&after["title"], &membership["replay"]["role"]), (&json!("Chief"), &json!("manager")));
    assert_eq!(membership["kare"]["scope"], "admin", "and no authority travels");
    assert_eq!(membership["kare"]["permissions"], json!({"group": 3, "read": [7], "manage": []}));
    assert_eq!(membership["laurel"], before["memberships"][0]["laurel"]);
    for name in
        ["email", "phone", "groups", "gender", "customFields", "employment", "lang", "createdAt", "name"]
    {
        assert_eq!(after[name], before[name], "{name}");
    }
}

#[test]
fn an_address_that_laurel_changes_is_the_one_to_sign_in_with() {
    let subject = subject();
    let (server, client) = (&subject.server, subject.server.client());
    let tenant = &server.seed().tenant;
    let old = tenant.kare.user.clone();
    let session = Caller::kare(&client, &old);
    let person = tenant.people.iter().find(|person| person.kare == old.user_id).unwrap();
    let path = format!("/api/v2/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel);
    let new = KareLogin { email: "New.Address@aurora.example".to_owned(), ..old.clone() };
    subject.callers.laurel.patch(path, json!({"email": new.email})).expect(200);

    let log_in = |login: &KareLogin| {
        let body = json!({"email": login.email, "password": login.password});
        Caller::nobody(&client, Dialect::Kare).post("/auth/v1/rs/login/credentials", body)
    };
    told(Dialect::Kare, log_in(&old), 401);
    told(Dialect::Kare, log_in(&new), 201);
    let me = told(Dialect::Kare, session.get("/users/v1/rs/me"), 200);
    assert_eq!(me["data"]["email"], new.email.as_str(), "the session of before is still the person's");
    let relesys =
        subject.callers.relesys.get(format!("/api/v1.4/users/{}", person.relesys)).expect(200).json();
    assert_eq!(relesys["data"]["email"], new.email.as_str());
    // The address of before is anybody's, and signs nobody in.
    subject.write(Dialect::Laurel, json!({"email": old.email}));
    told(Dialect::Kare, log_in(&old), 401);
}

#[test]
fn a_status_is_told_in_each_apis_own_word() {
    let subject = subject();
    let id = &subject.person.relesys;
    let who = [id.as_str(), "-o", ROOT];
    for (args, relesys, laurel) in [
        (&["disable"][..], "Disabled", "adminDisabled"),
        (&["disable", "--by", "organization"], "Disabled", "firmDisabled"),
        (&["disable", "--by", "login-blocked"], "LoginBlocked", "adminDisabled"),
        (&["enable"], "Activated", "active"),
    ] {
        command(&subject.server, &[&["person"], args, &who].concat());
        assert_eq!(subject.get(Dialect::Relesys)["status"], relesys, "{args:?}");
        assert_eq!(subject.get(Dialect::Laurel)["status"], laurel, "{args:?}");
        let replay = subject.callers.replay.get(subject.path(Dialect::Replay));
        assert_eq!(replay.status, if args == ["enable"] { 200 } else { 404 }, "{args:?}");
        assert_eq!(subject.get(Dialect::Kare)["id"], subject.person.kare, "a member still");
    }
}

#[test]
fn an_event_tells_who_did_what_and_how_it_was() {
    let subject = subject();
    let before = subject.get(Dialect::Laurel);
    let cases = [
        (Dialect::Relesys, replace("/title", "Chief"), json!({"title": [before["jobTitle"], "Chief"]})),
        (Dialect::Replay, json!({"firstName": "Ann"}), json!({"name.given": ["Ada", "Ann"]})),
        (
            Dialect::Kare,
            json!({"scope": 1, "permissions": {"read": [4]}, "lastName": "Lee"}),
            json!({
                "membership.kare.scope": ["user", "admin"],
                "membership.kare.permissions.read": [[], [4]],
                "name.family": ["Lovelace", "Lee"],
            }),
        ),
        (
            Dialect::Laurel,
            json!({"email": "ann@lee.example", "nickname": "Annie", "pod": ""}),
            json!({"email": [subject.person.email, "ann@lee.example"], "nickname": [null, "Annie"]}),
        ),
    ];
    let mut sequence = 0;
    for (dialect, body, changes) in cases {
        let answer = subject.patch(dialect, body).expect(200);
        let event = events_of(&subject.server, &subject.person.relesys).remove(0);
        assert_eq!((&event["action"], &event["via"]), (&json!("changed"), &json!(dialect.name())), "{event}");
        assert_eq!(event["request"].as_str(), answer.header("x-request-id"), "{event}");
        assert_eq!(event["person"], subject.person.relesys.as_str());
        match dialect {
            Dialect::Kare => {
                let admin = subject.server.seed().tenant.kare.admin.user_id;
                let admin = command(&subject.server, &["person", "show", &admin.to_string(), "-o", ROOT]);
                assert_eq!((&event["actor"], &event["credential"]), (&admin["id"], &json!(null)), "{event}");
            }
            Dialect::Relesys | Dialect::Replay | Dialect::Laurel => {
                let all = command(&subject.server, &["credential", "list", "-o", ROOT]);
                let used = all.as_array().unwrap().iter().find(|it| it["id"] == event["credential"]).cloned();
                assert_eq!(used.expect("a credential")["dialect"], dialect.name());
                assert_eq!(event["actor"], json!(null));
            }
        }
        let seen = event["changes"].as_object().unwrap().iter();
        let seen: Value = seen.map(|(name, it)| (name.clone(), json!([it["before"], it["after"]]))).collect();
        assert_eq!(seen, changes, "{dialect:?}");
        let next = event["sequence"].as_u64().unwrap();
        assert!(next > sequence, "{event}");
        sequence = next;
    }
    for of_kind in [["--via", "kare"], ["--action", "created"]] {
        let args =
            [&["event", "list", "--person", &subject.person.relesys, "--tenant", "1"][..], &of_kind].concat();
        assert_eq!(command(&subject.server, &args).as_array().unwrap().len(), 1, "{of_kind:?}");
    }
}

#[test]
fn writers_through_four_apis_at_once_lose_nothing_of_each_other() {
    let subject = subject();
    const ROUNDS: usize = 25;
    let before = events_of(&subject.server, &subject.person.relesys).len();
    thread::scope(|scope| {
        for dialect in Dialect::ALL {
            let subject = &subject;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    let text = format!("{} {round}", dialect.name());
                    let body = match dialect {
                        Dialect::Relesys => replace("/title", text),
                        Dialect::Replay => json!({"firstName": text}),
                        Dialect::Kare => json!({"lastName": text}),
                        Dialect::Laurel => json!({"nickname": text}),
                    };
                    told(dialect, subject.patch(dialect, body), 200);
                }
            });
        }
    });
    let seen = subject.get(Dialect::Laurel);
    for (name, dialect) in
        [("jobTitle", "relesys"), ("firstName", "replay"), ("lastName", "kare"), ("nickname", "laurel")]
    {
        assert_eq!(seen[name], format!("{dialect} {ROUNDS}"));
    }
    // Each event begins where the one before it ended.
    let mut events = events_of(&subject.server, &subject.person.relesys);
    assert_eq!(events.len(), before + 4 * ROUNDS);
    events.truncate(4 * ROUNDS);
    for name in ["title", "name.given", "name.family", "nickname"] {
        let of_name: Vec<_> =
            events.iter().rev().map(|it| &it["changes"][name]).filter(|it| !it.is_null()).collect();
        assert_eq!(of_name.len(), ROUNDS, "{name}");
        assert!(of_name.windows(2).all(|pair| pair[0]["after"] == pair[1]["before"]), "{name}: {of_name:?}");
    }
}

#[test]
fn an_address_is_taken_for_every_api() {
    let subject = subject();
    let taken = subject.server.seed().tenant.people[1].email.to_uppercase();
    quiet(&subject.server, || {
        told(Dialect::Relesys, subject.patch(Dialect::Relesys, replace("/email", taken.clone())), 400);
        told(Dialect::Laurel, subject.patch(Dialect::Laurel, json!({"email": taken})), 409);
    });
}

#[test]
fn a_leaver_who_comes_back_is_the_same_person_again() {
    let subject = subject();
    let (server, laurel) = (&subject.server, &subject.callers.laurel);
    let add = |email: &str| {
        let args = [
            "person",
            "add",
            "--name",
            "Lee Ver",
            "--email",
            email,
            "--external-id",
            "relesys:LV1",
            "-o",
            ROOT,
        ];
        command(server, &args)
    };
    let first = add("lee@aurora.example");
    let users = subject.path(Dialect::Laurel).replace(&subject.person.laurel, "");
    let path = format!("{users}{}", first["objectId"].as_str().unwrap());
    told(Dialect::Laurel, laurel.delete(&path), 200);
    // Meanwhile somebody else has the address.
    subject.write(Dialect::Laurel, json!({"email": "lee@aurora.example"}));

    let again = add("lee.ver@aurora.example");
    for name in ["id", "number", "objectId"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    let seen = told(Dialect::Laurel, laurel.get(&path), 200);
    assert_eq!(seen["email"], "lee.ver@aurora.example");
    let kare = subject.callers.kare.get(format!("/users/v1/rs/{}", first["number"]));
    assert_eq!(told(Dialect::Kare, kare, 200)["data"]["key"], first["id"]);
    let actions: Vec<_> =
        events_of(server, first["id"].as_str().unwrap()).iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions, ["restored", "deleted", "created"]);
    quiet(server, || {
        let taken = json!({"email": "lee@aurora.example"});
        told(Dialect::Laurel, laurel.patch(&path, taken), 409);
    });
}

#[test]
fn a_command_ends_every_session_and_credential_within_a_moment() {
    let subject = subject();
    let key = command(&subject.server, &["credential", "add", "--dialect", "replay", "-o", ROOT]);
    let replay = Caller::replay(&subject.server.client(), key["apiKey"].as_str().unwrap());
    told(Dialect::Replay, replay.get(subject.path(Dialect::Replay)), 200);
    command(&subject.server, &["credential", "revoke", key["id"].as_str().unwrap()]);
    eventually("the end of the key", || replay.get(subject.path(Dialect::Replay)).status == 401);
    told(Dialect::Replay, subject.callers.replay.get(subject.path(Dialect::Replay)), 200);
}

#[test]
fn an_answer_that_does_not_wait_for_the_body_says_that_the_connection_ends() {
    let subject = subject();
    for dialect in Dialect::ALL {
        let large = json!([{"op": "replace", "path": "/title", "value": "x".repeat(1 << 20)}]);
        let answer = subject.patch(dialect, large).expect(413);
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    }
}

#[test]
fn no_answer_of_an_api_is_kept_by_a_cache() {
    let subject = subject();
    for dialect in Dialect::ALL {
        let (path, caller) = (subject.path(dialect), subject.callers.get(dialect));
        let nobody = Caller::nobody(&subject.server.client(), dialect);
        let rename = match dialect {
            Dialect::Relesys => replace("/name", "Ada Kept"),
            Dialect::Replay | Dialect::Kare | Dialect::Laurel => json!({"lastName": "Kept"}),
        };
        let answers = [
            caller.get(&path).expect(200),
            caller.raw("HEAD", &path).send().expect(200),
            subject.patch(dialect, rename).expect(200),
            subject.patch(dialect, json!("nonsense")).expect(400),
            nobody.get(&path).expect(401),
            caller.get(format!("{path}/none")).expect(404),
            caller.raw("GET", &path).header("x-long", "x".repeat(20_000)).send().expect(431),
        ];
        for answer in answers {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{dialect:?} {answer}");
            assert_eq!(answer.header("pragma"), None, "{dialect:?} {answer}");
        }
    }
    let users = subject.path(Dialect::Laurel).replace(&format!("/{}", subject.person.laurel), "");
    let list = subject.callers.laurel.get(users).expect(200);
    assert_eq!(list.header("cache-control"), Some("no-store"), "{list}");
    let health = subject.server.client().get("/healthz").expect(200);
    assert_eq!(health.header("cache-control"), None, "it says nothing of people");
}

#[test]
fn the_event_of_a_first_sign_in_names_the_api_and_the_request() {
    let subject = subject();
    let login = &subject.server.seed().tenant.kare.user;
    let body = json!({"email": login.email, "password": login.password});
    let nobody = Caller::nobody(&subject.server.client(), Dialect::Kare);
    let answer = nobody.post("/auth/v1/rs/login/credentials", body).expect(201);
    let event = events_of(&subject.server, &login.email).remove(0);
    assert!(event["changes"]["activated_at"].is_object(), "{event}");
    assert_eq!(event["via"], "kare", "{event}");
    assert_eq!(event["request"].as_str(), answer.header("x-request-id"), "{event}");
}
