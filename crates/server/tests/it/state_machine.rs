//! Random calls through all four dialects against one model: after every call, every read in every dialect is what the
//! model says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use testkit::callers::Callers;
use testkit::demo::{Demo, Person};
use testkit::generate::{check, name};

use crate::{bystanders, demo};

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

/// Of the two that are shown as disabled, one can be set here. Most people are active: more than others can be done to them.
const STATUSES: [&str; 6] = ["Activated", "Disabled", "Activated", "LoginBlocked", "Activated", "Pending"];

/// One call. Every number is an index, taken modulo what there is.
#[derive(Debug, Clone)]
enum Call {
    RelesysName(String),
    RelesysTitle(Option<String>),
    RelesysEmail(usize),
    RelesysGroups(Vec<usize>),
    RelesysAppendGroup(usize),
    RelesysField(usize, Option<String>),
    RelesysFields(Vec<(usize, String)>),
    RelesysFailsAtTheEnd,
    /// A creation with the external id of this place: it is taken, or the same person is back.
    RelesysCreate {
        name: String,
        title: Option<String>,
        email: Option<usize>,
        groups: Vec<usize>,
    },
    RelesysStatus(usize),
    RelesysDelete,
    /// The group of this place is deleted, and another one takes it.
    RelesysReplaceGroup(usize),
    ReplayNames {
        first: Option<String>,
        last: Option<String>,
        manager: Option<bool>,
    },
    ReplayRefused,
    KareNames {
        first: Option<String>,
        last: Option<String>,
    },
    KareGrants {
        scope: Option<bool>,
        group: Option<u64>,
        read: Option<Vec<i64>>,
        profession: bool,
    },
    KareRefused,
    LaurelNames {
        first: Option<String>,
        last: Option<String>,
        nickname: Option<String>,
        title: Option<String>,
    },
    LaurelEmail(usize),
    LaurelDepartment(String),
    LaurelRoles(Vec<usize>),
    LaurelDelegators(Vec<usize>),
    LaurelRefused,
}

fn call() -> impl Strategy<Value = (usize, Call)> {
    let some = || prop::option::of(name());
    // A family name may be empty for Kare and Laurel, and is then null for Replay.
    let last = || prop::option::of(prop_oneof![4 => name(), 1 => Just(String::new())]);
    let full = prop_oneof![4 => name(), 1 => select(vec!["Cher".to_owned(), "Ada  Byron ".to_owned(), " x".to_owned()])];
    let call = prop_oneof![
        full.clone().prop_map(Call::RelesysName),
        some().prop_map(Call::RelesysTitle),
        (0..ADDRESSES.len()).prop_map(Call::RelesysEmail),
        vec(0..GROUPS, 0..3).prop_map(Call::RelesysGroups),
        (0..GROUPS).prop_map(Call::RelesysAppendGroup),
        (0..2_usize, some()).prop_map(|(field, value)| Call::RelesysField(field, value)),
        vec((0..2_usize, name()), 0..3).prop_map(Call::RelesysFields),
        Just(Call::RelesysFailsAtTheEnd),
        (full, some(), prop::option::of(0..ADDRESSES.len()), vec(0..GROUPS, 0..3))
            .prop_map(|(name, title, email, groups)| Call::RelesysCreate { name, title, email, groups }),
        (0..STATUSES.len()).prop_map(Call::RelesysStatus),
        Just(Call::RelesysDelete),
        (0..GROUPS).prop_map(Call::RelesysReplaceGroup),
        (some(), some(), any::<Option<bool>>()).prop_map(|(first, last, manager)| Call::ReplayNames {
            first,
            last,
            manager
        }),
        Just(Call::ReplayRefused),
        (some(), last()).prop_map(|(first, last)| Call::KareNames { first, last }),
        (
            any::<Option<bool>>(),
            prop::option::of(0..9_u64),
            prop::option::of(vec(-9..9_i64, 0..4)),
            any::<bool>()
        )
            .prop_map(|(scope, group, read, profession)| Call::KareGrants {
                scope,
                group,
                read,
                profession
            }),
        Just(Call::KareRefused),
        (some(), last(), last(), some()).prop_map(|(first, last, nickname, title)| Call::LaurelNames {
            first,
            last,
            nickname,
            title
        }),
        (0..ADDRESSES.len()).prop_map(Call::LaurelEmail),
        prop_oneof![name(), Just(String::new())].prop_map(Call::LaurelDepartment),
        vec(0..2_usize, 0..3).prop_map(Call::LaurelRoles),
        vec(0..PEOPLE, 0..3).prop_map(Call::LaurelDelegators),
        Just(Call::LaurelRefused),
    ];
    (0..PEOPLE, call)
}

/// What is known of one person.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    is_gone: bool,
    /// As Relesys calls it.
    status: &'static str,
    given: String,
    family: String,
    /// The text that Relesys wrote, where the parts do not join to it.
    full: Option<String>,
    nickname: String,
    title: Option<String>,
    email: String,
    groups: Vec<String>,
    fields: BTreeMap<String, String>,
    manager: bool,
    admin: bool,
    group: u64,
    read: Vec<i64>,
    has_profession: bool,
    roles: BTreeSet<String>,
    department: Option<String>,
    delegators: BTreeSet<usize>,
}

impl Model {
    fn name(&self) -> String {
        let parts = [self.given.as_str(), self.family.as_str()];
        let joined = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
        self.full.clone().unwrap_or(joined)
    }

    /// The membership ends, and what another one begins with is as new.
    fn leave(&mut self) {
        self.is_gone = true;
        (self.manager, self.admin, self.group, self.has_profession) = (false, false, 0, false);
        self.read.clear();
        self.roles.clear();
        self.delegators.clear();
    }

    fn write_full(&mut self, full: &str) {
        if self.name() == full {
            return;
        }
        let (given, family) = full.rsplit_once(' ').unwrap_or((full, ""));
        (self.given, self.family, self.full) = (given.to_owned(), family.to_owned(), None);
        if self.name() != full {
            self.full = Some(full.to_owned());
        }
    }

    fn write_parts(&mut self, first: &Option<String>, last: &Option<String>) {
        let given = first.clone().unwrap_or_else(|| self.given.clone());
        let family = last.clone().unwrap_or_else(|| self.family.clone());
        if (&given, &family) != (&self.given, &self.family) {
            (self.given, self.family, self.full) = (given, family, None);
        }
    }
}

struct World<'a> {
    callers: &'a Callers,
    seed: &'a Demo,
    /// People of the demo who have no part to play in it.
    people: &'a [Person],
    groups: Vec<String>,
    model: Vec<Model>,
}

#[test]
fn every_dialect_shows_what_the_model_says() {
    let server = demo();
    let (callers, seed) = (server.callers(), server.seed());
    let people = &bystanders(&seed.tenant)[..PEOPLE];
    check(12, vec(call(), 1..40), |calls| {
        // The people stay from case to case, so each case begins with what there is.
        let model = (0..PEOPLE).map(|index| first_look(&callers, seed, people, index)).collect();
        let groups = (0..GROUPS).map(|_| new_group(&callers)).collect();
        let mut world = World { callers: &callers, seed, people, groups, model };
        for (index, call) in calls {
            world.make(index, &call);
            (0..PEOPLE).for_each(|index| world.look(index));
        }
    });
}

impl World<'_> {
    fn make(&mut self, index: usize, call: &Call) {
        let is_of_person = !matches!(call, Call::RelesysCreate { .. } | Call::RelesysReplaceGroup(_));
        if self.model[index].is_gone && is_of_person {
            return self.finds_nobody(index);
        }
        match call {
            Call::RelesysCreate { name, title, email, groups } => {
                self.create(index, name, title.as_ref(), *email, groups);
            }
            Call::RelesysStatus(status) => self.set_status(index, STATUSES[*status]),
            Call::RelesysDelete => self.delete(index),
            Call::RelesysReplaceGroup(group) => self.replace_group(*group),
            Call::RelesysName(_)
            | Call::RelesysTitle(_)
            | Call::RelesysEmail(_)
            | Call::RelesysGroups(_)
            | Call::RelesysAppendGroup(_)
            | Call::RelesysField(..)
            | Call::RelesysFields(_)
            | Call::RelesysFailsAtTheEnd => self.relesys(index, call),
            Call::ReplayNames { .. } | Call::ReplayRefused => self.replay(index, call),
            Call::KareNames { .. } | Call::KareGrants { .. } | Call::KareRefused => self.kare(index, call),
            Call::LaurelNames { .. }
            | Call::LaurelEmail(_)
            | Call::LaurelDepartment(_)
            | Call::LaurelRoles(_)
            | Call::LaurelDelegators(_)
            | Call::LaurelRefused => self.laurel(index, call),
        }
    }

    /// True when another person has the address, in any letter case.
    fn is_taken(&self, index: usize, address: &str) -> bool {
        let taken = |model: &Model| !model.is_gone && model.email.to_lowercase() == address.to_lowercase();
        self.model.iter().enumerate().any(|(other, model)| other != index && taken(model))
    }

    fn relesys(&mut self, index: usize, call: &Call) {
        let ids = &self.seed.tenant.relesys;
        let mut after = self.model[index].clone();
        let mut status = 200;
        let patch = match call {
            Call::RelesysName(name) => {
                after.write_full(name);
                json!([{"op": "replace", "path": "/name", "value": name}])
            }
            Call::RelesysTitle(title) => {
                after.title = title.clone();
                match title {
                    Some(title) => json!([{"op": "add", "path": "/title", "value": title}]),
                    None => json!([{"op": "remove", "path": "/title"}]),
                }
            }
            Call::RelesysEmail(address) => {
                after.email = ADDRESSES[*address].to_owned();
                if self.is_taken(index, &after.email) {
                    status = 400;
                }
                json!([{"op": "replace", "path": "/email", "value": after.email}])
            }
            Call::RelesysGroups(groups) => {
                let groups: Vec<_> = groups.iter().map(|group| self.groups[*group].clone()).collect();
                after.groups = once(&groups);
                let value: Vec<_> = groups.iter().map(|id| json!({"id": id})).collect();
                json!([{"op": "replace", "path": "/userGroups", "value": value}])
            }
            Call::RelesysAppendGroup(group) => {
                let group = &self.groups[*group];
                after.groups.push(group.clone());
                after.groups = once(&after.groups);
                json!([{"op": "add", "path": "/userGroups/-", "value": {"id": group, "dataSource": "RelesysAPI"}}])
            }
            Call::RelesysField(field, Some(value)) => {
                let field = &ids.custom_fields[*field];
                after.fields.insert(field.clone(), value.clone());
                json!([{"op": "add", "path": format!("/customFields/{field}"), "value": value}])
            }
            Call::RelesysField(field, None) => {
                let field = &ids.custom_fields[*field];
                if after.fields.remove(field).is_none() {
                    status = 400;
                }
                json!([{"op": "remove", "path": format!("/customFields/{field}")}])
            }
            Call::RelesysFields(fields) => {
                let fields =
                    fields.iter().map(|(field, value)| (ids.custom_fields[*field].clone(), value.clone()));
                after.fields = fields.collect();
                json!([{"op": "replace", "path": "/customFields", "value": after.fields}])
            }
            Call::RelesysFailsAtTheEnd => {
                status = 400;
                json!([
                    {"op": "replace", "path": "/name", "value": "Never"},
                    {"op": "copy", "from": "/name", "path": "/title"},
                    {"op": "test", "path": "/name", "value": "Somebody Else"},
                ])
            }
            other => unreachable!("{other:?} is not a Relesys call"),
        };
        let path = format!("/api/v1.4/users/{}", self.people[index].relesys);
        self.callers.relesys.patch(path, patch).expect(status);
        if status == 200 {
            self.model[index] = after;
        }
    }

    /// A creation with the external id that the person of this place has, or had.
    fn create(
        &mut self,
        index: usize,
        name: &str,
        title: Option<&String>,
        email: Option<usize>,
        groups: &[usize],
    ) {
        let ids = &self.seed.tenant.relesys;
        let mut after = Model { is_gone: false, status: "Activated", ..self.model[index].clone() };
        after.write_full(name);
        after.title = title.cloned().or(after.title);
        after.email = email.map_or(after.email, |address| ADDRESSES[address].to_owned());
        let groups: Vec<_> = groups.iter().map(|group| self.groups[*group].clone()).collect();
        after.groups = once(&groups);
        let body = present(json!({
            "externalId": external_id(index), "name": name, "title": title,
            "email": email.map(|address| ADDRESSES[address]), "primaryDepartmentId": ids.department_ids[0],
            "userGroups": groups.iter().map(|id| json!({"id": id})).collect::<Vec<_>>(),
        }));
        let answer = self.callers.relesys.post("/api/v1.4/users", body);
        if self.model[index].is_gone && !self.is_taken(index, &after.email) {
            assert_eq!(answer.expect(201).json()["data"]["id"], *self.people[index].relesys);
            self.model[index] = after;
        } else {
            answer.expect(400);
        }
    }

    fn set_status(&mut self, index: usize, status: &'static str) {
        let path = format!("/api/v1/users/{}/status", self.people[index].relesys);
        self.callers.relesys.put(path, json!({"status": status})).expect(204);
        self.model[index].status = status;
    }

    fn delete(&mut self, index: usize) {
        self.callers.relesys.delete(format!("/api/v1.3/users/{}", self.people[index].relesys)).expect(204);
        self.model[index].leave();
        for other in &mut self.model {
            other.delegators.remove(&index);
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

    /// Neither reads nor writes find the person of this place, in any dialect.
    fn finds_nobody(&self, index: usize) {
        let (callers, person) = (self.callers, &self.people[index]);
        let relesys = format!("/api/v1/users/{}", person.relesys);
        let replay = format!("/api/user/{}", person.replay);
        let customer = &self.seed.tenant.laurel.customer_id;
        let laurel = format!("/api/v1/customers/{customer}/users/{}", person.laurel);
        let member = format!("/users-organizations/v1/rs/users/{}", person.kare);
        for answer in [
            callers.relesys.get(&relesys),
            callers.relesys.patch(&relesys, json!([])),
            callers.relesys.put(format!("{relesys}/status"), json!({"status": "Activated"})),
            callers.relesys.delete(&relesys),
            callers.replay.get(&replay),
            callers.replay.patch(&replay, json!({"firstName": "Never"})),
            callers.kare.get(format!("/users/v1/rs/{}", person.kare)),
            callers.kare.patch(member, json!({"firstName": "Never"})),
            callers.laurel.get(&laurel),
            callers.laurel.patch(&laurel, json!({"firstName": "Never"})),
        ] {
            answer.expect(404);
        }
    }

    fn replay(&mut self, index: usize, call: &Call) {
        let path = format!("/api/user/{}", self.people[index].replay);
        let replay = &self.callers.replay;
        match call {
            Call::ReplayNames { first, last, manager } => {
                let role = manager.map(|manager| if manager { "Manager" } else { "User" });
                let body = present(json!({"firstName": first, "lastName": last, "role": role}));
                let answer = replay.patch(path, body);
                let model = &mut self.model[index];
                match model.status {
                    "Activated" => answer.expect(200),
                    "Pending" => return drop(answer.expect(404)),
                    _ => return drop(answer.expect(409)),
                };
                model.write_parts(first, last);
                model.manager = manager.unwrap_or(model.manager);
            }
            _ => {
                replay.patch(&path, json!({"firstName": "Never", "role": "Admin"})).expect(400);
                replay.patch(&path, json!({"firstName": "Never", "lastName": ""})).expect(400);
            }
        }
    }

    fn kare(&mut self, index: usize, call: &Call) {
        let path = format!("/users-organizations/v1/rs/users/{}", self.people[index].kare);
        let (kare, label) = (&self.callers.kare, self.seed.tenant.kare.label_id);
        match call {
            Call::KareNames { first, last } => {
                kare.patch(path, present(json!({"firstName": first, "lastName": last}))).expect(200);
                self.model[index].write_parts(first, last);
            }
            Call::KareGrants { scope, group, read, profession } => {
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
            _ => {
                kare.patch(&path, json!({"firstName": "Never", "professionId": 999_999_999})).expect(400);
                kare.patch(&path, json!({"firstName": "Never", "scope": 3})).expect(400);
            }
        }
    }

    fn laurel(&mut self, index: usize, call: &Call) {
        let customer = &self.seed.tenant.laurel.customer_id;
        let path =
            |version| format!("/api/{version}/customers/{customer}/users/{}", self.people[index].laurel);
        let mut after = self.model[index].clone();
        let (mut version, mut status) = ("v2", 200);
        let body = match call {
            Call::LaurelNames { first, last, nickname, title } => {
                after.write_parts(first, last);
                after.nickname = nickname.clone().unwrap_or(after.nickname);
                after.title = title.clone().or(after.title);
                present(
                    json!({"firstName": first, "lastName": last, "nickname": nickname, "jobTitle": title}),
                )
            }
            Call::LaurelEmail(address) => {
                after.email = ADDRESSES[*address].to_owned();
                if self.is_taken(index, &after.email) {
                    status = 409;
                }
                json!({"email": after.email})
            }
            Call::LaurelDepartment(text) => {
                after.department = (!text.is_empty()).then(|| text.clone());
                json!({"department": text})
            }
            Call::LaurelRoles(roles) => {
                let ids: Vec<_> = roles.iter().map(|role| &self.seed.tenant.laurel.role_ids[*role]).collect();
                after.roles = ids.iter().map(|id| (*id).clone()).collect();
                json!({"roleIds": ids})
            }
            Call::LaurelDelegators(others) if others.contains(&index) => {
                (version, status) = ("v1", 400);
                json!({"firstName": "Never", "delegateIds": [self.people[index].laurel]})
            }
            Call::LaurelDelegators(others) => {
                version = "v1";
                after.delegators = others.iter().copied().collect();
                if others.iter().any(|other| self.model[*other].is_gone) {
                    status = 400;
                }
                let ids: Vec<_> = others.iter().map(|other| &self.people[*other].laurel).collect();
                json!({"delegateIds": ids})
            }
            _ => {
                status = 400;
                json!({"firstName": "Never", "roleIds": ["64b7f0c2a1d3e4f5a6b7c8d9"]})
            }
        };
        self.callers.laurel.patch(path(version), body).expect(status);
        if status == 200 {
            self.model[index] = after;
        }
    }

    /// Reads one person in every dialect.
    fn look(&self, index: usize) {
        let (model, person) = (&self.model[index], &self.people[index]);
        if model.is_gone {
            return self.finds_nobody(index);
        }

        let user = &relesys_user(self.callers, person);
        assert_eq!(user["status"], model.status, "{user}");
        assert_eq!(user["name"], model.name(), "{user}");
        assert_eq!((&user["title"], &user["email"]), (&json!(model.title), &json!(model.email)), "{user}");
        assert_eq!(ids(&user["userGroups"], "id"), model.groups, "{user}");
        for field in &self.seed.tenant.relesys.custom_fields {
            let value = model.fields.get(field).map_or(&Value::Null, |_| &user["customFields"][field]);
            assert_eq!(*value, json!(model.fields.get(field)), "{user}");
            assert_eq!(user["customFields"].get(field).is_some(), model.fields.contains_key(field), "{user}");
        }

        let answer = self.callers.replay.get(format!("/api/user/{}", person.replay));
        if model.status == "Activated" {
            let user = &answer.expect(200).json();
            let last = (!model.family.is_empty()).then_some(&model.family);
            assert_eq!(
                (&user["firstName"], &user["lastName"]),
                (&json!(model.given), &json!(last)),
                "{user}"
            );
            let role = user["role"] == "Manager";
            assert_eq!((&user["email"], role), (&json!(model.email), model.manager), "{user}");
        } else {
            answer.expect(404);
        }

        let user = &self.callers.kare.get(format!("/users/v1/rs/{}", person.kare)).expect(200).json()["data"];
        assert_eq!(
            (&user["firstName"], &user["lastName"]),
            (&json!(model.given), &json!(model.family)),
            "{user}"
        );
        assert_eq!((&user["email"], user["scope"] == 1), (&json!(model.email), model.admin), "{user}");
        let permissions = &user["permissions"];
        assert_eq!(
            (&permissions["group"], &permissions["read"]),
            (&json!(model.group), &json!(model.read)),
            "{user}"
        );
        assert_eq!(
            user["profession"]["id"] == self.seed.tenant.kare.label_id,
            model.has_profession,
            "{user}"
        );

        let user = &laurel_user(self.callers, self.seed, person);
        assert_eq!(
            (&user["firstName"], &user["lastName"]),
            (&json!(model.given), &json!(model.family)),
            "{user}"
        );
        assert_eq!(
            (&user["nickname"], &user["email"]),
            (&json!(model.nickname), &json!(model.email)),
            "{user}"
        );
        assert_eq!(user["jobTitle"], model.title.clone().unwrap_or_default(), "{user}");
        let is_disabled = matches!(model.status, "Disabled" | "LoginBlocked");
        assert_eq!(user["status"], if is_disabled { "adminDisabled" } else { "active" }, "{user}");
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
        let mirrored = (0..PEOPLE).filter(|other| self.model[*other].delegators.contains(&index));
        assert_eq!(delegates, mirrored.map(|other| self.people[other].laurel.clone()).collect(), "{user}");
    }
}

/// A model that agrees with what is there, read once from each dialect.
fn first_look(callers: &Callers, seed: &Demo, people: &[Person], index: usize) -> Model {
    let person = &people[index];
    reset(callers, seed, person, index);
    let relesys = relesys_user(callers, person);
    let replay = callers.replay.get(format!("/api/user/{}", person.replay)).expect(200).json();
    let kare = callers.kare.get(format!("/users/v1/rs/{}", person.kare)).expect(200).json()["data"].clone();
    // Delegations and roles begin empty, so that nothing from outside the model is left.
    let path = format!("/api/v1/customers/{}/users/{}", seed.tenant.laurel.customer_id, person.laurel);
    let empty = json!({"delegateIds": [], "roleIds": [], "department": "Model"});
    let laurel = callers.laurel.patch(path, empty).expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = seed.tenant.relesys.custom_fields.iter();
    let mut model = Model {
        is_gone: false,
        status: "Activated",
        given: text(&kare["firstName"]),
        family: text(&kare["lastName"]),
        full: None,
        nickname: text(&laurel["nickname"]),
        title: relesys["title"].as_str().map(str::to_owned),
        email: text(&relesys["email"]),
        groups: ids(&relesys["userGroups"], "id"),
        fields: fields
            .filter_map(|key| Some((key.clone(), relesys["customFields"][key].as_str()?.to_owned())))
            .collect(),
        manager: replay["role"] == "Manager",
        admin: kare["scope"] == 1,
        group: kare["permissions"]["group"].as_u64().expect("a level"),
        read: serde_json::from_value(kare["permissions"]["read"].clone()).expect("ids"),
        has_profession: kare["profession"]["id"] == seed.tenant.kare.label_id,
        roles: BTreeSet::new(),
        department: Some("Model".to_owned()),
        delegators: BTreeSet::new(),
    };
    let name = text(&relesys["name"]);
    if model.name() != name {
        model.full = Some(name);
    }
    model
}

fn new_group(callers: &Callers) -> String {
    let made = callers.relesys.post("/api/v1/userGroups", json!({"name": "Machine"})).expect(201).json();
    made["data"]["id"].as_str().expect("an id").to_owned()
}

/// The external id of the person of a place.
fn external_id(index: usize) -> String {
    format!("place {index}")
}

/// Makes sure that the person of a place is there, active, and known by its external id.
fn reset(callers: &Callers, seed: &Demo, person: &Person, index: usize) {
    let path = format!("/api/v1/users/{}", person.relesys);
    let external_id = external_id(index);
    if callers.relesys.get(&path).status == 404 {
        let body = json!({
            "externalId": external_id, "name": "Back Again", "email": format!("place-{index}@machine.example"),
            "primaryDepartmentId": seed.tenant.relesys.department_ids[0], "userGroups": [],
        });
        callers.relesys.post("/api/v1/users", body).expect(201);
    }
    let patch = json!([{"op": "replace", "path": "/externalId", "value": external_id}]);
    callers.relesys.patch(&path, patch).expect(200);
    callers.relesys.put(format!("{path}/status"), json!({"status": "Activated"})).expect(204);
}

fn relesys_user(callers: &Callers, person: &Person) -> Value {
    callers.relesys.get(format!("/api/v1.4/users/{}", person.relesys)).expect(200).json()["data"].clone()
}

fn laurel_user(callers: &Callers, seed: &Demo, person: &Person) -> Value {
    let path = format!("/api/v1/customers/{}/users/{}", seed.tenant.laurel.customer_id, person.laurel);
    callers.laurel.get(path).expect(200).json()
}

/// The object without the members that are null: what a client leaves out.
fn present(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    body
}

fn ids(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item[member].as_str().expect("an id").to_owned()).collect()
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
