//! From the body of `POST /users` to a change of a person of whom nothing is known.

use directory::PersonChange;
use directory::credential::Secret;
use directory::custom_field::CustomField;
use serde_json::{Map, Value};

use super::model::{self, Kind, Member};
use super::reading::Reading;
use super::values::{self, ValueError};
use crate::http::{RequestError, json};
use crate::json_patch::MAX_VALUES;
use crate::relesys::error::{BODY, Error};
use crate::relesys::version::Version;

/// What a user cannot be created without (api.relesysapp.net/docs/latest/endpoint/users-post-createuser).
const REQUIRED: [&str; 3] = ["name", "primaryDepartmentId", "userGroups"];

/// The one member that is no part of the update model: it is written at creation, and never read.
const PASSWORD: &str = "password";

/// The body of `POST /users`.
#[derive(Debug)]
pub struct CreateUser {
    version: Version,
    /// The members that were sent with a value, each as the view of a person has it.
    members: Vec<(&'static Member, Value)>,
    password: Result<Option<Secret>, ValueError>,
}

impl CreateUser {
    /// # Errors
    /// A body that is not an object, or has too many values. What is wrong with a member is told by [`Self::change`].
    pub fn read(version: Version, body: json::Value) -> Result<Self, RequestError> {
        let known = || model::known(version);
        let names = known().map(|member| member.name).chain([PASSWORD]).collect::<Vec<_>>();
        let mut sent = members(body, &names)?;
        let password = sent.remove(PASSWORD).map(|value| values::password(&value)).transpose();
        let members = known().filter_map(|member| {
            let value = sent.remove(member.name)?;
            Some((member, member.kind.shape(version).fit(value)))
        });
        Ok(Self { version, members: members.collect(), password })
    }

    /// Whether [`Self::change`] needs the definitions of custom fields.
    pub fn has_custom_fields(&self) -> bool {
        self.members.iter().any(|(member, _)| matches!(member.kind, Kind::CustomFields))
    }

    /// What the user begins with, and the password. A member that was not sent is kept: a returning user has it already.
    ///
    /// # Errors
    /// Every mistake, each under the name of its member.
    pub fn change(self, custom_fields: &[CustomField]) -> Result<(PersonChange, Option<Secret>), Error> {
        let mut reading = Reading {
            version: self.version,
            root: BODY,
            person: None,
            custom_fields,
            change: PersonChange::default(),
            errors: vec![],
        };
        for name in REQUIRED {
            if !self.members.iter().any(|(member, _)| member.name == name) {
                reading.wrong(name, "Is required.");
            }
        }
        for (member, value) in &self.members {
            reading.member(member, &Value::Null, value);
        }
        let password = self.password.unwrap_or_else(|wrong| {
            reading.wrong(PASSWORD, wrong.message);
            None
        });
        Ok((reading.done()?, password))
    }
}

/// The members of a body that are known, under their own names. As the vendor's framework binds them, names are taken in
/// any letter case, unknown members are ignored, of one that is repeated the last counts, and null is as good as absent,
/// also inside.
pub(super) fn members(body: json::Value, known: &[&str]) -> Result<Map<String, Value>, RequestError> {
    let json::Value::Object(sent) = body else {
        return Err(RequestError::BadBody("the body must be a JSON object".into()));
    };
    let mut left = MAX_VALUES;
    let mut members = Map::new();
    for (name, value) in sent {
        if let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
            let too_many = || RequestError::BadBody(format!("the body has more than {MAX_VALUES} values"));
            members.insert((*known).to_owned(), value.into_tree(&mut left).ok_or_else(too_many)?);
        }
    }
    drop_nulls(&mut members);
    Ok(members)
}

fn drop_nulls(members: &mut Map<String, Value>) {
    members.retain(|_, value| !value.is_null());
    members.values_mut().for_each(drop_nulls_within);
}

fn drop_nulls_within(value: &mut Value) {
    match value {
        Value::Object(members) => drop_nulls(members),
        Value::Array(items) => items.iter_mut().for_each(drop_nulls_within),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
