//! What is called and read through Laurel's API.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use testkit::demo::{Demo, Person};
use testkit::generate::name;
use testkit::http::Response;

use super::model::Status;
use super::{ADDRESSES, PEOPLE, World, ids, present, text};

/// Most people are active: more than others can be done to them.
const STATUSES: [&str; 4] = ["active", "adminDisabled", "active", "firmDisabled"];

#[derive(Debug, Clone)]
pub(super) enum Call {
    Names {
        first: Option<String>,
        last: Option<String>,
        nickname: Option<String>,
        title: Option<String>,
    },
    Email(usize),
    Department(String),
    Roles(Vec<usize>),
    Delegators(Vec<usize>),
    Refused,
    Status(&'static str),
    Delete,
    /// A creation with the identity of this place: it is taken, or the same person is back.
    Create {
        email: usize,
        first: String,
        last: Option<String>,
    },
    /// The same by an import, which changes somebody who is there.
    Import {
        email: usize,
        first: String,
        title: Option<String>,
    },
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let some = || prop::option::of(name());
    // A family name may be empty here, and is then null for Replay.
    let last = || prop::option::of(prop_oneof![4 => name(), 1 => Just(String::new())]);
    let address = || 0..ADDRESSES.len();
    prop_oneof![
        (some(), last(), last(), some()).prop_map(|(first, last, nickname, title)| Call::Names {
            first,
            last,
            nickname,
            title
        }),
        address().prop_map(Call::Email),
        prop_oneof![name(), Just(String::new())].prop_map(Call::Department),
        vec(0..2_usize, 0..3).prop_map(Call::Roles),
        vec(0..PEOPLE, 0..3).prop_map(Call::Delegators),
        Just(Call::Refused),
        select(STATUSES.to_vec()).prop_map(Call::Status),
        Just(Call::Delete),
        (address(), name(), some()).prop_map(|(email, first, last)| Call::Create { email, first, last }),
        (address(), name(), some()).prop_map(|(email, first, title)| Call::Import { email, first, title }),
    ]
}

fn users(seed: &Demo, version: &str) -> String {
    format!("/api/{version}/customers/{}/users", seed.tenant.laurel.customer_id)
}

pub(super) fn user(seed: &Demo, version: &str, person: &Person) -> String {
    format!("{}/{}", users(seed, version), person.laurel)
}

impl World<'_> {
    pub(super) fn laurel(&mut self, index: usize, call: &Call) {
        let path = user(self.seed, "v1", &self.people[index]);
        match call {
            Call::Create { email, first, last } => {
                let email = ADDRESSES[*email];
                let answer = self.create_in_laurel(index, email, first, last.as_ref());
                self.is_back(index, email, answer, |model| {
                    model.write_parts(Some(first), last.as_ref());
                });
            }
            Call::Import { email, first, title } => {
                self.import(index, ADDRESSES[*email], first, title.as_ref());
            }
            _ if self.model[index].status == Status::Gone => self.finds_nobody(index),
            Call::Status(status) => {
                let body = json!({"status": status});
                let user = self.callers.laurel.patch(format!("{path}/status"), body).expect(200).json();
                assert_eq!(user["status"], *status);
                let model = &mut self.model[index];
                if model.status.in_laurel() != *status {
                    model.set_status(match *status {
                        "active" => Status::Active,
                        "adminDisabled" => Status::Disabled,
                        _ => Status::FirmDisabled,
                    });
                }
            }
            Call::Delete => {
                self.callers.laurel.delete(path).expect(200);
                self.leave(index);
            }
            _ => self.patch_in_laurel(index, call),
        }
    }

    fn patch_in_laurel(&mut self, index: usize, call: &Call) {
        let mut after = self.model[index].clone();
        let (mut version, mut status) = ("v2", 200);
        let body = match call {
            Call::Names { first, last, nickname, title } => {
                after.write_parts(first.as_ref(), last.as_ref());
                after.nickname = nickname.clone().unwrap_or(after.nickname);
                after.title = title.clone().or(after.title);
                present(
                    json!({"firstName": first, "lastName": last, "nickname": nickname, "jobTitle": title}),
                )
            }
            Call::Email(address) => {
                after.email = ADDRESSES[*address].to_owned();
                if self.is_taken(index, &after.email) {
                    status = 409;
                }
                json!({"email": after.email})
            }
            Call::Department(text) => {
                after.department = (!text.is_empty()).then(|| text.clone());
                json!({"department": text})
            }
            Call::Roles(roles) => {
                let ids: Vec<_> = roles.iter().map(|role| &self.seed.tenant.laurel.role_ids[*role]).collect();
                after.roles = ids.iter().map(|id| (*id).clone()).collect();
                json!({"roleIds": ids})
            }
            Call::Delegators(others) if others.contains(&index) => {
                (version, status) = ("v1", 400);
                json!({"firstName": "Never", "delegateIds": [self.people[index].laurel]})
            }
            Call::Delegators(others) => {
                version = "v1";
                after.delegators = others.iter().copied().collect();
                if others.iter().any(|other| self.model[*other].status == Status::Gone) {
                    status = 400;
                }
                let ids: Vec<_> = others.iter().map(|other| &self.people[*other].laurel).collect();
                json!({"delegateIds": ids})
            }
            Call::Refused => {
                status = 400;
                json!({"firstName": "Never", "roleIds": ["64b7f0c2a1d3e4f5a6b7c8d9"]})
            }
            other => unreachable!("{other:?} is not a patch"),
        };
        let path = user(self.seed, version, &self.people[index]);
        self.callers.laurel.patch(path, body).expect(status);
        if status == 200 {
            self.model[index] = after;
        }
    }

    fn create_in_laurel(&self, index: usize, email: &str, first: &str, last: Option<&String>) -> Response {
        let body = json!({"customerId": self.seed.tenant.laurel.customer_id, "email": email,
            "firstName": first, "lastName": last, "identities": [self.identity(index)]});
        // At the root users without a customer are another vendor's.
        self.callers.laurel.clone().under("/laurel").post("/api/v1/users", present(body))
    }

    /// By the address of somebody who is there, or else by an address of all: an import finds who has it.
    fn import(&mut self, index: usize, email: &str, first: &String, title: Option<&String>) {
        let is_gone = self.model[index].status == Status::Gone;
        let email = if is_gone { email.to_owned() } else { self.model[index].email.to_uppercase() };
        if is_gone && self.is_taken(index, &email) {
            // It would change the other one.
            return;
        }
        let body = present(json!({"email": email, "firstName": first, "jobTitle": title,
            "identities": [self.identity(index)]}));
        let path = format!("{}/import", users(self.seed, "v2"));
        let answer = self.callers.laurel.post(path, body);
        let write = |model: &mut super::Model| {
            model.write_parts(Some(first), None);
            model.title = title.cloned().or(model.title.take());
        };
        if is_gone {
            return self.is_back(index, &email, answer, write);
        }
        assert_eq!(answer.expect(201).json()["_id"], *self.people[index].laurel);
        write(&mut self.model[index]);
    }

    /// What became of somebody's being created with an identity: it is theirs, and they were gone or are there.
    fn is_back(
        &mut self,
        index: usize,
        email: &str,
        answer: Response,
        write: impl FnOnce(&mut super::Model),
    ) {
        if self.model[index].status != Status::Gone || self.is_taken(index, email) {
            return drop(answer.expect(409));
        }
        assert_eq!(text(&answer.expect(201).json()["_id"]), self.people[index].laurel);
        let model = &mut self.model[index];
        model.set_status(Status::Active);
        email.clone_into(&mut model.email);
        write(model);
    }

    pub(super) fn look_in_laurel(&self, index: usize) {
        let (model, person) = (&self.model[index], &self.people[index]);
        let user = &self.callers.laurel.get(user(self.seed, "v1", person)).expect(200).json();
        for (member, value) in [
            ("firstName", json!(model.given)),
            ("lastName", json!(model.family)),
            ("email", json!(model.email)),
            ("status", json!(model.status.in_laurel())),
            ("identities", json!([self.identity(index)])),
        ] {
            assert_eq!(user[member], value, "{member} of {user}");
        }
        // What has no value is left out.
        for (member, value) in [("nickname", Some(&model.nickname)), ("jobTitle", model.title.as_ref())] {
            let shown = user.get(member).map_or("", text);
            assert_eq!(shown, value.map_or("", String::as_str), "{member} of {user}");
        }
        if let Some(department) = &model.department {
            assert_eq!(user["department"], department.as_str(), "{user}");
        }
        let roles: BTreeSet<_> = ids(&user["roles"], "_id").into_iter().collect();
        assert!(roles.is_superset(&model.roles), "{user}");
        assert_eq!(user["groupIds"].as_array().map(Vec::len), Some(model.groups.len()), "{user}");
        let delegators: BTreeSet<_> = ids(&user["delegators"], "_id").into_iter().collect();
        let expected = model.delegators.iter().map(|other| self.people[*other].laurel.clone()).collect();
        assert_eq!(delegators, expected, "{user}");
        let delegates: BTreeSet<_> = ids(&user["delegates"], "_id").into_iter().collect();
        let mirrored = (0..PEOPLE)
            .filter(|other| self.model.get(*other).is_some_and(|other| other.delegators.contains(&index)));
        assert_eq!(delegates, mirrored.map(|other| self.people[other].laurel.clone()).collect(), "{user}");
    }
}
