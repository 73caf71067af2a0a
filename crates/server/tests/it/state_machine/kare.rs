//! What is called and read through Kare's API.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use testkit::demo::Person;
use testkit::generate::name;

use super::model::Status;
use super::{World, once, present};

#[derive(Debug, Clone)]
pub(super) enum Call {
    Names { first: Option<String>, last: Option<String> },
    Grants { scope: Option<bool>, group: Option<u64>, read: Option<Vec<i64>>, profession: bool },
    Refused,
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    // A family name may be empty here, and is then null for Replay.
    let last = prop::option::of(prop_oneof![4 => name(), 1 => Just(String::new())]);
    let grants = (
        any::<Option<bool>>(),
        prop::option::of(0..9_u64),
        prop::option::of(vec(-9..9_i64, 0..4)),
        any::<bool>(),
    );
    prop_oneof![
        (prop::option::of(name()), last).prop_map(|(first, last)| Call::Names { first, last }),
        grants.prop_map(|(scope, group, read, profession)| Call::Grants { scope, group, read, profession }),
        Just(Call::Refused),
    ]
}

pub(super) fn user(person: &Person) -> String {
    format!("/users/v1/rs/{}", person.kare)
}

pub(super) fn member(person: &Person) -> String {
    format!("/users-organizations/v1/rs/users/{}", person.kare)
}

impl World<'_> {
    pub(super) fn kare(&mut self, index: usize, call: &Call) {
        if self.model[index].status == Status::Gone {
            return self.finds_nobody(index);
        }
        let path = member(&self.people[index]);
        let (kare, label) = (&self.callers.kare, self.seed.tenant.kare.label_id);
        match call {
            Call::Names { first, last } => {
                kare.patch(path, present(json!({"firstName": first, "lastName": last}))).expect(200);
                self.model[index].write_parts(first.as_ref(), last.as_ref());
            }
            Call::Grants { scope, group, read, profession } => {
                let scope = scope.map(|admin| if admin { 1 } else { 2 });
                let permissions = present(json!({"group": group, "read": read}));
                let profession_id = profession.then_some(label);
                let body = json!({"scope": scope, "permissions": permissions, "professionId": profession_id});
                kare.patch(path, present(body)).expect(200);
                let model = &mut self.model[index];
                model.admin = scope.map_or(model.admin, |scope| scope == 1);
                model.group = group.unwrap_or(model.group);
                model.read = read.as_ref().map_or_else(|| model.read.clone(), |read| once(read));
                model.has_profession |= profession;
            }
            Call::Refused => {
                kare.patch(&path, json!({"firstName": "Never", "professionId": 999_999_999})).expect(400);
                kare.patch(&path, json!({"firstName": "Never", "scope": 3})).expect(400);
            }
        }
    }

    pub(super) fn look_in_kare(&self, index: usize) {
        let (model, person) = (&self.model[index], &self.people[index]);
        let user = &self.callers.kare.get(user(person)).expect(200).json()["data"];
        for (member, value) in [
            ("firstName", json!(model.given)),
            ("lastName", json!(model.family)),
            ("email", json!(model.email)),
            ("scope", json!(if model.admin { 1 } else { 2 })),
        ] {
            assert_eq!(user[member], value, "{member} of {user}");
        }
        let permissions = &user["permissions"];
        assert_eq!(permissions["group"], json!(model.group), "{user}");
        assert_eq!(permissions["read"], json!(model.read), "{user}");
        let has_profession = user["profession"]["id"] == self.seed.tenant.kare.label_id;
        assert_eq!(has_profession, model.has_profession, "{user}");
    }
}
