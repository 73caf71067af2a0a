//! Several writers at once: nothing that was acknowledged is lost.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};
use testkit::process::Server;

use super::{User, add, named, personae, replace, test, told};
use crate::{binary, demo};

const WRITES: usize = 50;

#[test]
fn two_writers_of_different_members_both_land_every_time() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let start = Barrier::new(2);
    let write = |version: &'static str, member: &'static str| {
        let (user, start) = (&user, &start);
        move || {
            start.wait();
            for n in 1..=WRITES {
                let text = n.to_string();
                // Each sees its own last write, whatever the other does.
                let guard = if n == 1 { json!([]) } else { json!([test(member, (n - 1).to_string())]) };
                let mut operations = guard.as_array().unwrap().clone();
                operations.push(add(member, text.as_str()));
                let shown = user.patch(version, operations);
                assert_eq!(shown.pointer(member), Some(&json!(text)));
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(write("v1", "/title"));
        scope.spawn(write("v1.4", "/customFields/customfieldtwo"));
    });
    let after = user.get("v1.4");
    let last = WRITES.to_string();
    assert_eq!((&after["title"], &after["customFields"]["customfieldtwo"]), (&json!(last), &json!(last)));
    assert_eq!(after["customFields"]["skills"], json!(["Marketing", "Design"]));

    let events = personae(&server, &["event", "list", "--person", &user.id, "--limit", "1000"]);
    let changes = |attribute: &str| -> Vec<Value> {
        let of = |event: &Value| event["changes"].get(attribute).map(|change| change["after"].clone());
        events
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["changes"].as_object().unwrap().len() == 1)
            .filter_map(of)
            .collect()
    };
    for attribute in ["title", "custom_fields.customfieldtwo"] {
        let expected: Vec<Value> = (1..=WRITES).rev().map(|n| json!(n.to_string())).collect();
        assert_eq!(changes(attribute), expected, "one event for each write of {attribute}");
    }
}

#[test]
fn everybody_who_appends_is_in_the_list() {
    let server = demo();
    let user = User::of(&server, 0);
    let groups = &server.seed().tenant.relesys.user_group_ids;
    for _ in 0..10 {
        user.patch("v1", json!([replace("userGroups", json!([]))]));
        let start = Barrier::new(groups.len());
        thread::scope(|scope| {
            for group in groups {
                let (user, start) = (&user, &start);
                scope.spawn(move || {
                    start.wait();
                    let shown = user.patch("v1", json!([add("/userGroups/-", json!({"id": group}))]));
                    assert!(
                        shown["userGroups"].as_array().unwrap().iter().any(|entry| entry["id"] == **group)
                    );
                });
            }
        });
        let shown = user.get("v1");
        let mut landed: Vec<_> = shown["userGroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_str().unwrap())
            .collect();
        landed.sort_unstable();
        let mut expected: Vec<_> = groups.iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(landed, expected);
    }
}

#[test]
fn of_those_who_compete_for_an_address_one_wins() {
    let server = Server::demo(binary(), ["--people", "50"]);
    let users: Vec<_> = (0..50).map(|index| User::of(&server, index)).collect();
    let before: Vec<_> = users.iter().map(|user| user.get("v1.4")).collect();
    let start = Barrier::new(users.len());
    let answers: Vec<_> = thread::scope(|scope| {
        let compete = |(index, user)| {
            let (user, start): (&User<'_>, _) = (user, &start);
            scope.spawn(move || {
                // The same address, in whatever letter case.
                let mail = if index % 2 == 0 { "wanted@example.org" } else { "Wanted@Example.ORG" };
                let operations = json!([replace("title", "Won"), replace("email", mail)]);
                start.wait();
                user.caller.patch(user.path("v1"), operations)
            })
        };
        let writers: Vec<_> = users.iter().enumerate().map(compete).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let mut winners = 0;
    for ((user, before), answer) in users.iter().zip(&before).zip(answers) {
        let after = user.get("v1.4");
        if answer.status == 200 {
            winners += 1;
            let shown = told(answer, 200);
            assert_eq!((&after["title"], &after["email"]), (&json!("Won"), &shown["data"]["email"]));
        } else {
            assert_eq!(named(&told(answer, 400)), ["/email"]);
            assert_eq!(after, *before, "whoever lost is as before");
        }
    }
    assert_eq!(winners, 1);
}

#[test]
fn a_test_guards_against_who_came_first() {
    let server = demo();
    let user = User::of(&server, 0);
    user.patch("v1", json!([replace("title", "0")]));
    let start = Barrier::new(4);
    // Each adds one as often as it takes; a lost race is told, so that in the end all have counted.
    thread::scope(|scope| {
        for _ in 0..4 {
            let (user, start) = (&user, &start);
            scope.spawn(move || {
                start.wait();
                for _ in 0..10 {
                    loop {
                        let seen = user.get("v1")["title"].as_str().unwrap().to_owned();
                        let next = (seen.parse::<u32>().unwrap() + 1).to_string();
                        let body = json!([test("/title", seen), replace("title", next)]);
                        let answer = user.caller.patch(user.path("v1"), body);
                        if answer.status == 200 {
                            break;
                        }
                        assert_eq!(named(&told(answer, 400)), ["/title"]);
                    }
                }
            });
        }
    });
    assert_eq!(user.get("v1")["title"], "40");
}
