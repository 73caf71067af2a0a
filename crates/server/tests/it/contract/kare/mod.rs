//! Kare: what its pages say, and what we decided where they are silent.

mod labels;
mod organizations;
mod read;
mod rights;
mod session;
mod update;

use std::fmt::Display;

use serde_json::Value;
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::Server;

use crate::demo;

/// A seeded server, and both who sign in there.
struct Cast {
    server: Server,
    admin: Caller,
    user: Caller,
}

fn cast() -> Cast {
    let server = demo();
    let (client, kare) = (server.client(), &server.seed().tenant.kare);
    let (admin, user) = (Caller::kare(&client, &kare.admin), Caller::kare(&client, &kare.user));
    Cast { server, admin, user }
}

impl Cast {
    fn admin_id(&self) -> u64 {
        self.server.seed().tenant.kare.admin.user_id
    }

    fn user_id(&self) -> u64 {
        self.server.seed().tenant.kare.user.user_id
    }
}

/// The path that updates a member.
fn member(id: impl Display) -> String {
    format!("/users-organizations/v1/rs/users/{id}")
}

/// The path that shows a user.
fn user(id: impl Display) -> String {
    format!("/users/v1/rs/{id}")
}

#[track_caller]
fn told(answer: Response, status: u16) -> Value {
    let body = crate::told(Dialect::Kare, answer, status);
    for (name, value) in body["data"].as_object().into_iter().flatten() {
        assert!(!name.ends_with("At") || is_date(value), "{name}: {value}");
    }
    body
}

/// The answer's `data`, after making sure of 200.
#[track_caller]
fn data(answer: Response) -> Value {
    told(answer, 200)["data"].clone()
}

/// `2024-12-09T14:23:00.000Z`, or null.
fn is_date(value: &Value) -> bool {
    let shape =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
    value.is_null() || value.as_str().map(shape).as_deref() == Some("0000-00-00T00:00:00.000Z")
}

/// The paths that a 400 names.
#[track_caller]
fn mistakes(answer: Response) -> Vec<String> {
    let body = told(answer, 400);
    assert_eq!(body["message"], "Validation failed");
    let errors = body["errors"].as_array().expect("a list of errors");
    errors.iter().map(|error| error["path"].as_str().expect("a path").to_owned()).collect()
}
