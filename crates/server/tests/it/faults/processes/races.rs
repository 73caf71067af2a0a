//! The same people, changed through both at the same time.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Callers, Dialect};
use testkit::demo::KareLogin;
use testkit::process::Cli;
use testkit::store::{Engine, is_left_out_unless};

use super::super::assert_sound;
use super::{Pair, ROOT};
use crate::{binary, told};

fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "replace", "path": path, "value": value.into()})
}

/// The paths that a refusal of Relesys names.
fn named(error: &Value) -> Vec<&str> {
    error["errors"].as_object().map(|errors| errors.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn those_who_change_the_same_people_lose_nothing_of_each_other() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    const COUNTERS: usize = 3;
    const ROUNDS: usize = 10;
    let pair = Pair::with_people(25);
    let callers = pair.callers();
    let people = &[0, 1].map(|index| pair.person(index).clone());
    let path = |round: usize| format!("/api/v1/users/{}", people[round % people.len()].relesys);
    for round in 0..people.len() {
        told(Dialect::Relesys, callers[0].relesys.patch(path(round), json!([replace("/title", "0")])), 200);
    }
    thread::scope(|scope| {
        for (process, callers) in callers.iter().enumerate() {
            for _ in 0..COUNTERS {
                let path = &path;
                scope.spawn(move || {
                    for round in 0..ROUNDS * people.len() {
                        count_one(callers, &path(round));
                    }
                });
            }
            // Beside those who count, and look before they write, there are some who just write.
            scope.spawn(move || {
                for round in 0..ROUNDS * people.len() {
                    let text = format!("{process}-{round}");
                    let person = &people[round % people.len()];
                    let path = format!("/api/user/{}", person.replay);
                    let answer = callers.replay.patch(path, json!({"firstName": text}));
                    told(Dialect::Replay, answer, 200);
                    let path = format!("/users-organizations/v1/rs/users/{}", person.kare);
                    told(Dialect::Kare, callers.kare.patch(path, json!({"lastName": text})), 200);
                }
            });
        }
    });
    for (round, person) in people.iter().enumerate() {
        let seen = told(Dialect::Relesys, callers[1].relesys.get(path(round)), 200);
        assert_eq!(seen["data"]["title"], (callers.len() * COUNTERS * ROUNDS).to_string());
        // Each event begins where the one before it ended.
        let events = pair.command(&["event", "list", "--person", &person.relesys, "--limit", "1000"]);
        let events: Vec<&Value> = events.as_array().expect("a list of events").iter().rev().collect();
        for (name, count) in [
            ("title", callers.len() * COUNTERS * ROUNDS),
            ("name.given", callers.len() * ROUNDS),
            ("name.family", callers.len() * ROUNDS),
        ] {
            let of_name: Vec<&Value> =
                events.iter().map(|event| &event["changes"][name]).filter(|it| !it.is_null()).collect();
            let last = &of_name[of_name.len().saturating_sub(count + 1)..];
            assert!(last.windows(2).all(|pair| pair[0]["after"] == pair[1]["before"]), "{name}: {last:?}");
            let written = of_name.len().checked_sub(count);
            // How the person was made, and that the count began at zero.
            assert!(written.is_some_and(|before| before <= 2), "{name}: {count} of {}", of_name.len());
        }
    }
    assert_sound(pair.store.url());
}

/// Adds one to the title, as often as it takes: whoever was not first is told so.
fn count_one(callers: &Callers, path: &str) {
    loop {
        let seen = told(Dialect::Relesys, callers.relesys.get(path), 200);
        let seen = seen["data"]["title"].as_str().expect("a title").to_owned();
        let next = (seen.parse::<u32>().expect("a number") + 1).to_string();
        let test = json!({"op": "test", "path": "/title", "value": seen});
        let answer = callers.relesys.patch(path, json!([test, replace("/title", next)]));
        if answer.status == 200 {
            return;
        }
        assert_eq!(named(&told(Dialect::Relesys, answer, 400)), ["/title"]);
    }
}

#[test]
fn everybody_who_appends_is_in_the_list() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let callers = pair.callers();
    let path = format!("/api/v1/users/{}", pair.person(0).relesys);
    let groups = &pair.tenant().relesys.user_group_ids;
    for _ in 0..10 {
        let none = json!([replace("/userGroups", json!([]))]);
        told(Dialect::Relesys, callers[0].relesys.patch(&path, none), 200);
        let start = Barrier::new(groups.len());
        thread::scope(|scope| {
            for (turn, group) in groups.iter().enumerate() {
                let (caller, path, start) = (&callers[turn % callers.len()].relesys, &path, &start);
                scope.spawn(move || {
                    let add = json!([{"op": "add", "path": "/userGroups/-", "value": {"id": group}}]);
                    start.wait();
                    told(Dialect::Relesys, caller.patch(path, add), 200);
                });
            }
        });
        let seen = told(Dialect::Relesys, callers[1].relesys.get(&path), 200);
        let landed = seen["data"]["userGroups"].as_array().expect("a list").iter();
        let mut landed: Vec<&str> = landed.map(|group| group["id"].as_str().expect("an id")).collect();
        landed.sort_unstable();
        let mut expected: Vec<&str> = groups.iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(landed, expected);
    }
}

#[test]
fn of_fifty_who_want_one_address_one_gets_it() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(55);
    let callers = pair.callers();
    let users = format!("/api/v1/customers/{}/users", pair.tenant().laurel.customer_id);
    let start = Barrier::new(50);
    let answers: Vec<_> = thread::scope(|scope| {
        let compete = |turn: usize| {
            // Both dialects that write addresses, at both processes.
            let (callers, person) = (&callers[turn % 2], pair.person(turn));
            let dialect = if turn % 4 < 2 { Dialect::Relesys } else { Dialect::Laurel };
            let wanted =
                if turn.is_multiple_of(3) { "wanted@aurora.example" } else { "Wanted@Aurora.example" };
            let (path, body) = match dialect {
                Dialect::Relesys => {
                    let body = json!([replace("/title", "Won"), replace("/email", wanted)]);
                    (format!("/api/v1.4/users/{}", person.relesys), body)
                }
                _ => (format!("{users}/{}", person.laurel), json!({"jobTitle": "Won", "email": wanted})),
            };
            let start = &start;
            scope.spawn(move || {
                start.wait();
                (dialect, callers.get(dialect).patch(path, body))
            })
        };
        let writers: Vec<_> = (0..50).map(compete).collect();
        writers.into_iter().map(|writer| writer.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for (dialect, answer) in lost {
        match dialect {
            Dialect::Relesys => assert_eq!(named(&told(dialect, answer, 400)), ["/email"]),
            _ => drop(told(dialect, answer, 409)),
        }
    }
    for callers in &callers {
        let found = told(Dialect::Laurel, callers.laurel.get(format!("{users}?search=wanted@")), 200);
        assert_eq!(found.as_array().map(Vec::len), Some(1));
        assert_eq!(found[0]["jobTitle"], "Won");
    }
    assert_sound(pair.store.url());
}

#[test]
fn of_several_who_add_one_address_one_adds_it() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let store = testkit::store::Store::new(Engine::Postgres);
    let run = |args: &[&str]| {
        Cli::new(binary()).run(args.iter().copied().chain(["--json", "--store", store.url()]))
    };
    run(&["organization", "add", ROOT]).ok();
    const ADDERS: usize = 6;
    for round in 0..3 {
        let email = format!("wanted{round}@aurora.example");
        let start = Barrier::new(ADDERS);
        let runs: Vec<_> = thread::scope(|scope| {
            let (run, email, start) = (&run, &email, &start);
            let add = |turn: usize| {
                scope.spawn(move || {
                    let name = format!("Ada {turn}");
                    start.wait();
                    run(&["person", "add", "--name", &name, "--email", email, "-o", ROOT])
                })
            };
            let adders: Vec<_> = (0..ADDERS).map(add).collect();
            adders.into_iter().map(|adder| adder.join().expect("a run")).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.status.success());
        assert_eq!(won.len(), 1);
        for run in lost {
            let said = run.fails_with(1).stderr();
            assert!(said.contains("taken"), "{said}");
        }
    }
    let people = run(&["person", "list"]).ok().json();
    assert_eq!(people.as_array().map(Vec::len), Some(3));
    assert_sound(store.url());
}

#[test]
fn two_administrators_who_demote_each_other_leave_one() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let (left, third) = (pair.tenant().kare.user.clone(), pair.person(0));
    let made =
        pair.command(&["credential", "add", "--dialect", "kare", "--person", &third.email, "-o", ROOT]);
    let password = made["password"].as_str().expect("a password").to_owned();
    let right = KareLogin { email: third.email.clone(), password, user_id: third.kare };
    let member = |id: u64| format!("/users-organizations/v1/rs/users/{id}");
    let admin = Caller::kare(&pair.one.client(), &pair.tenant().kare.admin);
    let callers = [Caller::kare(&pair.one.client(), &left), Caller::kare(&pair.two.client(), &right)];
    for _ in 0..20 {
        for login in [&left, &right] {
            told(Dialect::Kare, admin.patch(member(login.user_id), json!({"scope": 1})), 200);
        }
        let statuses = thread::scope(|scope| {
            let demote = |caller: &Caller, whom: u64| {
                let caller = caller.clone();
                scope.spawn(move || caller.patch(member(whom), json!({"scope": 2})))
            };
            let both = [demote(&callers[0], right.user_id), demote(&callers[1], left.user_id)];
            let mut statuses = both.map(|one| {
                let answer = one.join().expect("an answer");
                let status = answer.status;
                told(Dialect::Kare, answer, status);
                status
            });
            statuses.sort_unstable();
            statuses
        });
        assert_eq!(statuses, [200, 403]);
    }
}
