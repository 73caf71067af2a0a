//! Laurel: what its pages say, and what we decided where they are silent.

mod clients;
mod current;
mod customers;
mod delegation;
mod delete;
mod groups;
mod imports;
mod list;
mod lookup;
mod roles;
mod token;
mod update;
mod users;

use std::fmt::Display;

use serde_json::Value;
use testkit::callers::{Caller, Dialect};
use testkit::demo::{ClientCredentials, Person, Tenant};
use testkit::http::Response;
use testkit::process::Server;

use super::{ROOT, command};
use crate::demo;

/// An id that nobody has.
const NOBODY: &str = "64b7f0c2a1d3e4f5a6b7c8d9";

/// A seeded server and its Laurel client.
struct Firm {
    server: Server,
    laurel: Caller,
}

fn firm() -> Firm {
    let server = demo();
    let laurel = Caller::laurel(&server.client(), &server.seed().tenant.laurel.client);
    Firm { server, laurel }
}

impl Firm {
    fn tenant(&self) -> &Tenant {
        &self.server.seed().tenant
    }

    fn person(&self, index: usize) -> &Person {
        &self.tenant().people[index]
    }

    /// The path of all users.
    fn users(&self) -> String {
        format!("/api/v1/customers/{}/users", self.tenant().laurel.customer_id)
    }

    /// The path of one user.
    fn user(&self, id: impl Display) -> String {
        format!("{}/{id}", self.users())
    }

    /// The same in version 2.
    fn user_v2(&self, id: impl Display) -> String {
        self.user(id).replace("/v1/", "/v2/")
    }

    /// Both paths of a person of the seed.
    fn both(&self, index: usize) -> [String; 2] {
        let id = &self.person(index).laurel;
        [self.user(id), self.user_v2(id)]
    }

    /// A user as they are now.
    #[track_caller]
    fn seen(&self, index: usize) -> Value {
        told(self.laurel.get(self.user(&self.person(index).laurel)), 200)
    }

    /// A client of the root organization that was made for one test, with its client id and secret.
    #[track_caller]
    fn new_client(&self, scope: &str) -> ClientCredentials {
        let args = ["credential", "add", "--dialect", "laurel", "--scope", scope, "-o", ROOT];
        let made = command(&self.server, &args);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        ClientCredentials { client_id: text("clientId"), client_secret: text("clientSecret") }
    }

    /// A person of the root organization who was added for one test; answers with the Laurel id.
    #[track_caller]
    fn add(&self, args: &[&str]) -> String {
        let args = [&["person", "add", "-o", ROOT], args].concat();
        command(&self.server, &args)["objectId"].as_str().expect("an id").to_owned()
    }
}

#[track_caller]
fn told(answer: Response, status: u16) -> Value {
    crate::told(Dialect::Laurel, answer, status)
}

/// What a 400 complains of: the first word of each message.
#[track_caller]
fn mistakes(answer: Response) -> Vec<String> {
    let body = told(answer, 400);
    let messages = body["message"].as_array().unwrap_or_else(|| panic!("a list of messages in {body}"));
    let first = |text: &str| text.split([' ', ':']).next().unwrap_or_default().to_owned();
    messages.iter().map(|message| first(message.as_str().expect("a text"))).collect()
}

fn ids(list: &Value) -> Vec<&str> {
    let users = list.as_array().expect("a list");
    users.iter().map(|user| user["_id"].as_str().expect("an id")).collect()
}
