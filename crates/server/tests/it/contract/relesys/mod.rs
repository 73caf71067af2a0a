//! Relesys: what its pages say, and what we decided where they are silent.

mod create;
mod custom_fields;
mod departments;
mod documents;
mod entries;
mod errors;
mod groups;
mod lists;
mod members;
mod messages;
mod status;
mod templates;
mod tokens;
mod values;
mod versions;
mod writers;

use serde_json::{Map, Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::{Cli, Server};

use crate::binary;

const VERSIONS: [&str; 5] = ["v1", "v1.1", "v1.2", "v1.3", "v1.4"];

const NOBODY: &str = "7d1f3c52-9a0b-4c1d-8e2f-5a6b7c8d9e0f";

#[track_caller]
fn told(answer: Response, status: u16) -> Value {
    crate::told(Dialect::Relesys, answer, status)
}

/// A text of so many characters of four bytes, no two parts of which are alike.
fn varied(characters: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The ideographs of plane 2.
        char::from_u32(0x2_0000 + (state >> 33) as u32 % 0xa000).unwrap()
    };
    (0..characters).map(|_| next()).collect()
}

/// The paths that a refusal names.
fn named(error: &Value) -> Vec<&str> {
    error["errors"].as_object().map(|errors| errors.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[track_caller]
fn personae(server: &Server, args: &[&str]) -> Value {
    let place = ["--store", &server.seed().store, "--json"];
    Cli::new(binary()).run(place.iter().chain(args)).ok().json()
}

/// One user, and a client that may do everything.
struct User<'a> {
    server: &'a Server,
    caller: Caller,
    id: String,
}

impl<'a> User<'a> {
    /// One of the first people of the demo, who have an e-mail address, a phone number, a title and one group.
    fn of(server: &'a Server, index: usize) -> Self {
        User::with_id(server, &server.seed().tenant.people[index].relesys)
    }

    fn with_id(server: &'a Server, id: &str) -> Self {
        let credentials = &server.seed().tenant.relesys.client;
        let caller = Caller::relesys(&server.client(), credentials, "relesys.api");
        User { server, caller, id: id.to_owned() }
    }

    fn path(&self, version: &str) -> String {
        format!("/api/{version}/users/{}", self.id)
    }

    #[track_caller]
    fn get(&self, version: &str) -> Value {
        told(self.caller.get(self.path(version)), 200)["data"].take()
    }

    /// The user after a patch, as the answer shows it.
    #[track_caller]
    fn patch(&self, version: &str, operations: impl Into<Value>) -> Value {
        told(self.caller.patch(self.path(version), operations.into()), 200)["data"].take()
    }

    /// Makes sure that a patch changes these members and no others, for every reader to see.
    #[track_caller]
    fn becomes(&self, version: &str, operations: impl Into<Value>, members: Value) {
        let operations = operations.into();
        let before = self.get(version);
        let after = self.patch(version, operations.clone());
        assert_eq!(self.get(version), after, "what is answered is what is read after {operations}");
        let mut expected = before.as_object().unwrap().clone();
        expected.extend(members.as_object().unwrap().clone());
        expected["lastModifiedDateTime"] = after["lastModifiedDateTime"].clone();
        assert_eq!(after, Value::Object(expected), "after {operations}");
        assert_ne!(after["lastModifiedDateTime"], before["lastModifiedDateTime"], "after {operations}");
    }

    /// Makes sure that a patch is taken and changes nothing, not even the time of the last change.
    #[track_caller]
    fn quiet(&self, version: &str, operations: impl Into<Value>) {
        let (operations, before) = (operations.into(), self.get(version));
        assert_eq!(self.patch(version, operations.clone()), before, "after {operations}");
        assert_eq!(self.get(version), before, "after {operations}");
    }

    /// Makes sure that a patch is refused for what is wrong at one path.
    #[track_caller]
    fn refuses(&self, version: &str, operations: impl Into<Value>, path: &str) {
        let operations = operations.into();
        let error = told(self.caller.patch(self.path(version), &operations), 400);
        assert_eq!(named(&error), [path], "{operations} through {version}: {error}");
    }

    /// Runs what must change nothing: neither what can be seen here nor anything else.
    #[track_caller]
    fn untouched<T>(&self, action: impl FnOnce() -> T) -> T {
        let before = self.get("v1.4");
        let result = crate::refused(self.server, action);
        assert_eq!(self.get("v1.4"), before);
        result
    }

    /// Gives every member a value, through the version that knows them all.
    #[track_caller]
    fn fill(&self) -> Map<String, Value> {
        let ids = &self.server.seed().tenant.relesys;
        let members = json!({
            "externalId": "NUA",
            "name": "New User A",
            "userName": "UserNameA",
            "title": "User Title A",
            "dataSource": "RelesysAPI",
            "email": "personalmaila@testmail.com",
            "secondaryEmail": "businessmaila@testmail.com",
            "phoneNumber": {"countryCode": 45, "number": "12345678"},
            "secondaryPhoneNumber": {"countryCode": 45, "number": "12345679"},
            "birthDate": "2002-12-30T00:00:00Z",
            "primaryDepartmentId": ids.department_ids[0],
            "additionalDepartments": [{"id": ids.department_ids[1], "dataSource": "RelesysAPI"}],
            "userGroups": [
                {"id": ids.user_group_ids[0], "dataSource": "RelesysAPI"},
                {"id": ids.user_group_ids[1], "dataSource": "HR"},
            ],
            "employmentDate": "2018-12-30T13:30:00Z",
            "employmentEndDate": "2021-12-30T13:30:00Z",
            "customFields": {
                "customfieldone": "Custom field 1",
                "birthday": "2002-12-30",
                "skills": ["Marketing", "Design"],
            },
            "employmentType": "Full-time employee",
            "gender": "Female",
            "initials": "NUA",
            "registerNumber": "R-12345",
            "dutyPlanNumber": "D-67890",
            "imageId": "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a01",
            "memberCardId": "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a02",
            "cardNumber": "1234567890",
        });
        let members = members.as_object().unwrap().clone();
        self.patch(
            "v1.4",
            members.iter().map(|(name, value)| replace(name, value.clone())).collect::<Value>(),
        );
        members
    }
}

/// An operation on a member of the user.
fn replace(member: &str, value: impl Into<Value>) -> Value {
    json!({"op": "replace", "path": format!("/{member}"), "value": value.into()})
}

fn add(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "add", "path": path, "value": value.into()})
}

fn test(path: &str, value: impl Into<Value>) -> Value {
    json!({"op": "test", "path": path, "value": value.into()})
}

fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

fn moved(from: &str, path: &str) -> Value {
    json!({"op": "move", "from": from, "path": path})
}

fn copied(from: &str, path: &str) -> Value {
    json!({"op": "copy", "from": from, "path": path})
}
