//! Random calls through all four dialects against one model: after every call, every read in every dialect is what the
//! model says. People come and go in it: they are invited, accept, are disabled, leave, and come back.

mod kare;
mod laurel;
mod model;
mod relesys;
mod replay;

use std::cell::{Cell, RefCell};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::callers::Callers;
use testkit::demo::{Demo, Person};
use testkit::generate::check;
use testkit::process::Server;

use crate::contract::command;
use crate::demo;
use model::{Model, Status};

/// So many people, so that they meet in e-mail addresses and delegations.
const PEOPLE: usize = 4;

/// So many groups that they are put into.
const GROUPS: usize = 3;

/// Addresses that they compete for; two differ only in letter case.
const ADDRESSES: [&str; 5] = [
    "ada@machine.example",
    "Bob@machine.example",
    "bob@MACHINE.example",
    "cy@machine.example",
    "di@machine.example",
];

/// One call of one dialect. Every number in it is the place of something.
#[derive(Debug, Clone)]
enum Call {
    Relesys(relesys::Call),
    Replay(replay::Call),
    Kare(kare::Call),
    Laurel(laurel::Call),
}

fn call() -> impl Strategy<Value = (usize, Call)> {
    let call = prop_oneof![
        4 => relesys::call().prop_map(Call::Relesys),
        4 => replay::call().prop_map(Call::Replay),
        2 => kare::call().prop_map(Call::Kare),
        4 => laurel::call().prop_map(Call::Laurel),
    ];
    (0..PEOPLE, call)
}

struct World<'a> {
    server: &'a Server,
    callers: &'a Callers,
    seed: &'a Demo,
    /// Which of the worlds it is: what is unique in the tenant is named after it.
    number: usize,
    people: Vec<Person>,
    groups: Vec<String>,
    model: Vec<Model>,
}

#[test]
fn every_dialect_shows_what_the_model_says() {
    let server = demo();
    let (callers, worlds, previous) = (server.callers(), Cell::new(0), RefCell::new(Vec::new()));
    check(16, vec(call(), 1..40), |calls| {
        for person in previous.take() {
            callers.relesys.delete(relesys::user(&person));
        }
        let mut world = World {
            server: &server,
            callers: &callers,
            seed: server.seed(),
            number: worlds.replace(worlds.get() + 1),
            people: Vec::new(),
            groups: (0..GROUPS).map(|_| relesys::new_group(&callers)).collect(),
            model: Vec::new(),
        };
        for index in 0..PEOPLE {
            world.found(index);
            previous.borrow_mut().push(world.people[index].clone());
        }
        for (index, call) in calls {
            world.make(index, &call);
            (0..PEOPLE).for_each(|index| world.look(index));
        }
    });
}

impl World<'_> {
    /// Somebody new takes the next place, and is known to each dialect by an id that its clients chose.
    fn found(&mut self, index: usize) {
        let email = format!("place-{index}@world-{}.example", self.number);
        let asked = json!({"email": email, "firstName": "Ada", "lastName": "Byron", "role": "User",
            "externalId": self.external_id(index)});
        let invited = self.callers.replay.post("/api/user", asked).expect(201).json();
        let accepted = command(self.server, &["invitation", "accept", text(&invited["id"])]);
        let person = Person {
            relesys: text(&accepted["id"]).to_owned(),
            replay: text(&accepted["id"]).to_owned(),
            kare: accepted["number"].as_u64().expect("a number"),
            laurel: text(&accepted["objectId"]).to_owned(),
            email: email.clone(),
        };
        let patch = json!([{"op": "add", "path": "/externalId", "value": self.external_id(index)}]);
        self.callers.relesys.patch(relesys::user(&person), patch).expect(200);
        let body = json!({"identities": [self.identity(index)]});
        self.callers.laurel.patch(laurel::user(self.seed, "v1", &person), body).expect(200);
        self.people.push(person);
        self.model.push(Model::new("Ada", "Byron", &email));
        self.look(index);
    }

    fn make(&mut self, index: usize, call: &Call) {
        match call {
            Call::Relesys(call) => self.relesys(index, call),
            Call::Replay(call) => self.replay(index, call),
            Call::Kare(call) => self.kare(index, call),
            Call::Laurel(call) => self.laurel(index, call),
        }
    }

    /// Reads one person in every dialect.
    fn look(&self, index: usize) {
        if self.model[index].status == Status::Gone {
            return self.finds_nobody(index);
        }
        self.look_in_relesys(index);
        self.look_in_replay(index);
        self.look_in_kare(index);
        self.look_in_laurel(index);
    }

    /// Neither reads nor writes find the person of this place, in any dialect.
    fn finds_nobody(&self, index: usize) {
        let (callers, person) = (self.callers, &self.people[index]);
        let (relesys, replay) = (relesys::user(person), replay::user(person));
        let laurel = laurel::user(self.seed, "v1", person);
        for answer in [
            callers.relesys.get(&relesys),
            callers.relesys.patch(&relesys, json!([])),
            callers.relesys.put(format!("{relesys}/status"), json!({"status": "Activated"})),
            callers.relesys.delete(&relesys),
            callers.replay.get(&replay),
            callers.replay.patch(&replay, json!({"firstName": "Never"})),
            callers.kare.get(kare::user(person)),
            callers.kare.patch(kare::member(person), json!({"firstName": "Never"})),
            callers.laurel.get(&laurel),
            callers.laurel.patch(&laurel, json!({"firstName": "Never"})),
            callers.laurel.patch(format!("{laurel}/status"), json!({"status": "active"})),
            callers.laurel.delete(&laurel),
        ] {
            answer.expect(404);
        }
    }

    /// True when another person has the address, in any letter case, or it was offered to them.
    fn is_taken(&self, index: usize, address: &str) -> bool {
        let has = |model: &Model| model.addresses().any(|own| own.to_lowercase() == address.to_lowercase());
        self.model.iter().enumerate().any(|(other, model)| other != index && has(model))
    }

    /// The person of this place is deleted.
    fn leave(&mut self, index: usize) {
        self.model[index].leave();
        for other in &mut self.model {
            other.delegators.remove(&index);
        }
    }

    /// By which Relesys and Replay know the person of a place.
    fn external_id(&self, index: usize) -> String {
        format!("place {index} of world {}", self.number)
    }

    /// By which Laurel does.
    fn identity(&self, index: usize) -> Value {
        json!({"type": "azure", "value": self.external_id(index)})
    }
}

/// The object without the members that are null: what a client leaves out.
fn present(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    body
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn ids(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| text(&item[member]).to_owned()).collect()
}

/// Each value where it stood first.
fn once<T: PartialEq + Clone>(values: &[T]) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(value) {
            once.push(value.clone());
        }
    }
    once
}
