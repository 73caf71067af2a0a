//! What is called and read through Relesys' API.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use testkit::callers::Callers;
use testkit::demo::Person;
use testkit::generate::name;

use super::model::{Model, Status};
use super::{ADDRESSES, GROUPS, World, ids, once, present, text};

/// Of the two that are shown as disabled, one can be set here. Most people are active: more than others can be done to them.
const STATUSES: [Status; 6] =
    [Status::Active, Status::Disabled, Status::Active, Status::LoginBlocked, Status::Active, Status::Pending];

#[derive(Debug, Clone)]
pub(super) enum Call {
    Name(String),
    Title(Option<String>),
    Email(usize),
    Groups(Vec<usize>),
    AppendGroup(usize),
    Field(usize, Option<String>),
    Fields(Vec<(usize, String)>),
    FailsAtTheEnd,
    /// A creation with the external id of this place: it is taken, or the same person is back.
    Create {
        name: String,
        title: Option<String>,
        email: Option<usize>,
        groups: Vec<usize>,
    },
    Status(Status),
    Delete,
    /// The group of this place is deleted, and another one takes it.
    ReplaceGroup(usize),
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let some = || prop::option::of(name());
    let full = prop_oneof![4 => name(), 1 => select(vec!["Cher".to_owned(), "Ada  Byron ".to_owned(), " x".to_owned()])];
    prop_oneof![
        full.clone().prop_map(Call::Name),
        some().prop_map(Call::Title),
        (0..ADDRESSES.len()).prop_map(Call::Email),
        vec(0..GROUPS, 0..3).prop_map(Call::Groups),
        (0..GROUPS).prop_map(Call::AppendGroup),
        (0..2_usize, some()).prop_map(|(field, value)| Call::Field(field, value)),
        vec((0..2_usize, name()), 0..3).prop_map(Call::Fields),
        Just(Call::FailsAtTheEnd),
        (full, some(), prop::option::of(0..ADDRESSES.len()), vec(0..GROUPS, 0..3))
            .prop_map(|(name, title, email, groups)| Call::Create { name, title, email, groups }),
        select(STATUSES.to_vec()).prop_map(Call::Status),
        Just(Call::Delete),
        (0..GROUPS).prop_map(Call::ReplaceGroup),
    ]
}

pub(super) fn user(person: &Person) -> String {
    format!("/api/v1.4/users/{}", person.relesys)
}

pub(super) fn new_group(callers: &Callers) -> String {
    let made = callers.relesys.post("/api/v1/userGroups", json!({"name": "Machine"})).expect(201).json();
    text(&made["data"]["id"]).to_owned()
}

impl World<'_> {
    pub(super) fn relesys(&mut self, index: usize, call: &Call) {
        match call {
            Call::Create { name, title, email, groups } => {
                self.create_in_relesys(index, name, title.as_ref(), *email, groups);
            }
            Call::ReplaceGroup(group) => self.replace_group(*group),
            _ if self.model[index].status == Status::Gone => self.finds_nobody(index),
            Call::Status(status) => {
                let path = format!("{}/status", user(&self.people[index]));
                let body = json!({"status": status.in_relesys()});
                self.callers.relesys.put(path, body).expect(204);
                let model = &mut self.model[index];
                if model.status.in_relesys() != status.in_relesys() {
                    model.set_status(*status);
                }
            }
            Call::Delete => {
                self.callers.relesys.delete(user(&self.people[index])).expect(204);
                self.leave(index);
            }
            _ => self.patch_in_relesys(index, call),
        }
    }

    fn patch_in_relesys(&mut self, index: usize, call: &Call) {
        let ids = &self.seed.tenant.relesys;
        let mut after = self.model[index].clone();
        let mut status = 200;
        let patch = match call {
            Call::Name(name) => {
                after.write_full(name);
                json!([{"op": "replace", "path": "/name", "value": name}])
            }
            Call::Title(title) => {
                after.title = title.clone();
                match title {
                    Some(title) => json!([{"op": "add", "path": "/title", "value": title}]),
                    None => json!([{"op": "remove", "path": "/title"}]),
                }
            }
            Call::Email(address) => {
                after.email = ADDRESSES[*address].to_owned();
                if self.is_taken(index, &after.email) {
                    status = 400;
                }
                json!([{"op": "replace", "path": "/email", "value": after.email}])
            }
            Call::Groups(groups) => {
                let groups = self.ids_of(groups);
                after.groups = once(&groups);
                let value: Vec<_> = groups.iter().map(|id| json!({"id": id})).collect();
                json!([{"op": "replace", "path": "/userGroups", "value": value}])
            }
            Call::AppendGroup(group) => {
                let group = &self.groups[*group];
                after.groups.push(group.clone());
                after.groups = once(&after.groups);
                json!([{"op": "add", "path": "/userGroups/-", "value": {"id": group, "dataSource": "RelesysAPI"}}])
            }
            Call::Field(field, Some(value)) => {
                let field = &ids.custom_fields[*field];
                after.fields.insert(field.clone(), value.clone());
                json!([{"op": "add", "path": format!("/customFields/{field}"), "value": value}])
            }
            Call::Field(field, None) => {
                let field = &ids.custom_fields[*field];
                if after.fields.remove(field).is_none() {
                    status = 400;
                }
                json!([{"op": "remove", "path": format!("/customFields/{field}")}])
            }
            Call::Fields(fields) => {
                let fields =
                    fields.iter().map(|(field, value)| (ids.custom_fields[*field].clone(), value.clone()));
                after.fields = fields.collect();
                json!([{"op": "replace", "path": "/customFields", "value": after.fields}])
            }
            Call::FailsAtTheEnd => {
                status = 400;
                json!([
                    {"op": "replace", "path": "/name", "value": "Never"},
                    {"op": "copy", "from": "/name", "path": "/title"},
                    {"op": "test", "path": "/name", "value": "Somebody Else"},
                ])
            }
            other => unreachable!("{other:?} is not a patch"),
        };
        self.callers.relesys.patch(user(&self.people[index]), patch).expect(status);
        if status == 200 {
            self.model[index] = after;
        }
    }

    /// A creation with the external id that the person of this place has, or had.
    fn create_in_relesys(
        &mut self,
        index: usize,
        name: &str,
        title: Option<&String>,
        email: Option<usize>,
        groups: &[usize],
    ) {
        let groups = self.ids_of(groups);
        let is_gone = self.model[index].status == Status::Gone;
        let mut after = self.model[index].clone();
        after.set_status(Status::Active);
        after.write_full(name);
        after.title = title.cloned().or(after.title);
        after.email = email.map_or(after.email, |address| ADDRESSES[address].to_owned());
        after.groups = once(&groups);
        let body = present(json!({
            "externalId": self.external_id(index), "name": name, "title": title,
            "email": email.map(|address| ADDRESSES[address]),
            "primaryDepartmentId": self.seed.tenant.relesys.department_ids[0],
            "userGroups": groups.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
        }));
        let answer = self.callers.relesys.post("/api/v1.4/users", body);
        if is_gone && !self.is_taken(index, &after.email) {
            assert_eq!(answer.expect(201).json()["data"]["id"], *self.people[index].relesys);
            self.model[index] = after;
        } else {
            answer.expect(400);
        }
    }

    fn replace_group(&mut self, place: usize) {
        let group = std::mem::replace(&mut self.groups[place], new_group(self.callers));
        let path = format!("/api/v1.2/userGroups/{group}");
        self.callers.relesys.delete(&path).expect(204);
        self.callers.relesys.get(&path).expect(404);
        for model in &mut self.model {
            model.groups.retain(|id| *id != group);
        }
    }

    fn ids_of(&self, groups: &[usize]) -> Vec<String> {
        groups.iter().map(|group| self.groups[*group].clone()).collect()
    }

    pub(super) fn look_in_relesys(&self, index: usize) {
        let model: &Model = &self.model[index];
        let user = &self.callers.relesys.get(user(&self.people[index])).expect(200).json()["data"];
        for (member, value) in [
            ("externalId", json!(self.external_id(index))),
            ("status", json!(model.status.in_relesys())),
            ("name", json!(model.name())),
            ("title", json!(model.title)),
            ("email", json!(model.email)),
        ] {
            assert_eq!(user[member], value, "{member} of {user}");
        }
        assert_eq!(ids(&user["userGroups"], "id"), model.groups, "{user}");
        for field in &self.seed.tenant.relesys.custom_fields {
            let value = model.fields.get(field).map_or(&Value::Null, |_| &user["customFields"][field]);
            assert_eq!(*value, json!(model.fields.get(field)), "{user}");
            assert_eq!(user["customFields"].get(field).is_some(), model.fields.contains_key(field), "{user}");
        }
    }
}
