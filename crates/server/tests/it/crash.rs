//! `kill -9` while many write: what was acknowledged is there, nothing is half there, no event is missing.
//!
//! 20 rounds here; `PERSONAE_CRASH_ROUNDS=100` for more.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::callers::{Callers, Dialect};
use testkit::demo::{Demo, Person};
use testkit::http::{Error, Request};
use testkit::process::{Cli, Server};
use testkit::store;

use crate::{binary, bystanders};

/// Writers of each dialect, each with a person of their own.
const WRITERS: usize = 2;

/// Answers that the round waits for before the power goes, so that every round dies under load.
const ANSWERS: usize = 40;

/// What one writer knows: the last number that was acknowledged, and the one that was under way.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    acknowledged: u64,
    sent: u64,
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds =
        std::env::var("PERSONAE_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20);
    let store = store::fresh();
    let mut server = Server::demo_on(binary(), &store, ["--people", "25"]);
    let seed = server.seed().clone();
    assert!(server.terminate().success());

    let mut known = vec![Known::default(); Dialect::ALL.len() * WRITERS];
    for round in 0..rounds {
        let mut server = Server::serve(binary(), &seed.store, [] as [&str; 0]);
        write_until_killed(&mut server, &seed, &mut known, round);
        drop(server);
        let mut server = Server::serve(binary(), &seed.store, [] as [&str; 0]);
        let callers = Callers::of(&server.client(), &seed.tenant);
        for (writer, known) in known.iter_mut().enumerate() {
            let found = stored(&callers, &seed, writer);
            assert!(
                (known.acknowledged..=known.sent).contains(&found),
                "round {round}, writer {writer}: {found} is stored, but {known:?}"
            );
            // What was committed and never acknowledged is as good as acknowledged from here on.
            *known = Known { acknowledged: found, sent: found };
        }
        assert!(server.terminate().success());
        let report = Cli::new(binary()).run(["check", "--store", &seed.store, "--json"]).ok().json();
        assert_eq!(report["ok"], true, "round {round}: {report}");
    }
    for (writer, known) in known.iter().enumerate() {
        assert!(known.acknowledged > 0, "writer {writer} never wrote");
        assert_events_are_complete(&seed, writer, known.acknowledged);
    }
}

fn write_until_killed(server: &mut Server, seed: &Demo, known: &mut [Known], round: u64) {
    let callers = Callers::of(&server.client(), &seed.tenant);
    let (killed, started) = (AtomicBool::new(false), Barrier::new(known.len() + 1));
    let answers = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for (writer, known) in known.iter_mut().enumerate() {
            let (callers, killed, started, answers) = (&callers, &killed, &started, &answers);
            scope.spawn(move || {
                started.wait();
                while !killed.load(Ordering::Relaxed) {
                    known.sent += 1;
                    match update(callers, seed, writer, known.sent).within(Duration::from_secs(20)).try_send()
                    {
                        Ok(answer) => {
                            assert_eq!(answer.status, 200, "writer {writer}: {}", answer.text());
                            known.acknowledged = known.sent;
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(Error::Connect(_)) => {
                            // Nothing was sent, so nothing can have been written.
                            known.sent -= 1;
                            break;
                        }
                        Err(_) => break,
                    }
                }
            });
        }
        started.wait();
        // The rounds die at different places of the work.
        while answers.load(Ordering::Relaxed) < ANSWERS + (round as usize % 7) {
            thread::yield_now();
        }
        server.kill9();
        killed.store(true, Ordering::Relaxed);
    });
}

fn who(seed: &Demo, writer: usize) -> (Dialect, Person) {
    (Dialect::ALL[writer % Dialect::ALL.len()], bystanders(&seed.tenant)[writer].clone())
}

/// An update of several attributes at once that all say the same number.
fn update(callers: &Callers, seed: &Demo, writer: usize, number: u64) -> Request {
    let (dialect, person) = who(seed, writer);
    match dialect {
        Dialect::Relesys => callers.relesys.patching(
            format!("/api/v1.4/users/{}", person.relesys),
            json!([
                {"op": "replace", "path": "/name", "value": format!("Given{number} Family{number}")},
                {"op": "replace", "path": "/title", "value": format!("Title{number}")},
                {"op": "add", "path": "/customFields/customfieldone", "value": format!("Field{number}")},
                {"op": "replace", "path": "/userGroups", "value":
                    [{"id": seed.tenant.relesys.user_group_ids[number as usize % 3]}]},
            ]),
        ),
        Dialect::Replay => callers.replay.patching(
            format!("/api/user/{}", person.replay),
            json!({"firstName": format!("Given{number}"), "lastName": format!("Family{number}"),
                "role": if number.is_multiple_of(2) { "User" } else { "Manager" }}),
        ),
        Dialect::Kare => callers.kare.patching(
            format!("/users-organizations/v1/rs/users/{}", person.kare),
            json!({"firstName": format!("Given{number}"), "lastName": format!("Family{number}"),
                "permissions": {"group": number}}),
        ),
        Dialect::Laurel => callers.laurel.patching(
            format!("/api/v2/customers/{}/users/{}", seed.tenant.laurel.customer_id, person.laurel),
            json!({"firstName": format!("Given{number}"), "lastName": format!("Family{number}"),
                "nickname": format!("Nick{number}"), "email": format!("mail{number}@writer{writer}.example")}),
        ),
    }
}

/// The number that all attributes of the writer's person say; zero before the first write.
fn stored(callers: &Callers, seed: &Demo, writer: usize) -> u64 {
    let (dialect, person) = who(seed, writer);
    let number = |value: &Value, word: &str| -> u64 {
        let text = value.as_str().unwrap_or_default();
        text.strip_prefix(word).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let numbers: Vec<u64> = match dialect {
        Dialect::Relesys => {
            let user = &callers.relesys.get(format!("/api/v1.4/users/{}", person.relesys)).expect(200).json()
                ["data"];
            let family = user["name"].as_str().unwrap_or_default().rsplit(' ').next().unwrap_or_default();
            let written = number(&user["title"], "Title");
            if written > 0 {
                let group = &seed.tenant.relesys.user_group_ids[written as usize % 3];
                assert_eq!(user["userGroups"][0]["id"], group.as_str(), "{user}");
            }
            vec![
                written,
                number(&json!(family), "Family"),
                number(&user["customFields"]["customfieldone"], "Field"),
            ]
        }
        Dialect::Replay => {
            let user = callers.replay.get(format!("/api/user/{}", person.replay)).expect(200).json();
            let written = number(&user["firstName"], "Given");
            if written > 0 {
                let manager = !written.is_multiple_of(2);
                assert_eq!(user["role"] == "Manager", manager, "{user}");
            }
            vec![written, number(&user["lastName"], "Family")]
        }
        Dialect::Kare => {
            let user = &callers.kare.get(format!("/users/v1/rs/{}", person.kare)).expect(200).json()["data"];
            let written = number(&user["firstName"], "Given");
            if written > 0 {
                assert_eq!(user["permissions"]["group"], written, "{user}");
            }
            vec![written, number(&user["lastName"], "Family")]
        }
        Dialect::Laurel => {
            let customer = &seed.tenant.laurel.customer_id;
            let path = format!("/api/v1/customers/{customer}/users");
            let user = callers.laurel.get(format!("{path}/{}", person.laurel)).expect(200).json();
            let written = number(&user["firstName"], "Given");
            if written > 0 {
                // The index agrees with the record after every crash.
                let found = callers.laurel.get(format!("{path}?search=mail{written}@writer{writer}.example"));
                assert_eq!(found.expect(200).json()[0]["_id"], person.laurel.as_str());
            }
            vec![written, number(&user["lastName"], "Family"), number(&user["nickname"], "Nick")]
        }
    };
    assert!(numbers.iter().all(|number| *number == numbers[0]), "half applied: {numbers:?}");
    numbers[0]
}

/// Every number up to the last has its event, once, with the number before it on the other side.
fn assert_events_are_complete(seed: &Demo, writer: usize, last: u64) {
    let (_, person) = who(seed, writer);
    let limit = (last + 100).to_string();
    let run = Cli::new(binary()).run([
        "event",
        "list",
        "--store",
        &seed.store,
        "--person",
        &person.relesys,
        "--limit",
        &limit,
        "--json",
    ]);
    let events = run.ok().json();
    let events = events.as_array().expect("a list of events");
    let mut seen = BTreeMap::new();
    for event in events {
        let Some(change) = event["changes"].get("name.family") else { continue };
        let Some(number) = change["after"].as_str().and_then(|name| name.strip_prefix("Family")) else {
            continue;
        };
        let number: u64 = number.parse().expect("a number");
        assert!(seen.insert(number, change["before"].clone()).is_none(), "number {number} has two events");
    }
    let missing: Vec<_> = (1..=last).filter(|number| !seen.contains_key(number)).collect();
    assert_eq!(missing, [] as [u64; 0], "writer {writer}: acknowledged, but without an event");
    for number in 2..=last {
        assert_eq!(seen[&number], format!("Family{}", number - 1), "writer {writer}");
    }
}
