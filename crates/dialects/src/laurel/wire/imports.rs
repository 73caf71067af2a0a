//! Users who are created or imported: the bodies of those calls.

use directory::Change;
use directory::email::{self, Email};
use directory::identity::Identity;
use directory::ids::ObjectId;
use directory::limits;

use super::users::measured;
use super::{IDENTITY, NOT_AN_ID, TEXT, elements, required_text};
use crate::http::Fields;
use crate::http::fields::characters;
use crate::http::json::Value;
use crate::laurel::error::Error;
use crate::laurel::lens::parse_email;

/// Users of one import.
pub const ROWS: usize = 5_000;

const EXAMPLE: &str = r#"{"email": "ada@example.com"}"#;

/// What a body says of a user who is created, or imported.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUser {
    pub email: Email,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub nickname: Option<String>,
    pub job_title: Option<String>,
    pub time_zone: Option<String>,
    pub identities: Vec<Identity>,
}

/// The body of `POST /api/v1/users`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateUser {
    pub customer: ObjectId,
    /// The id that the user shall have.
    pub id: Option<ObjectId>,
    /// Identities bound to another customer than this are refused.
    pub user: NewUser,
}

impl CreateUser {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let customer = required_text(&mut fields, "customerId", 0..=TEXT);
        let customer =
            customer.and_then(|text| text.parse().ok().or_else(|| fields.wrong("customerId", NOT_AN_ID)));
        let id = match fields.nullable_text("_id", 0..=TEXT, characters) {
            Change::Set(text) => text.parse().ok().or_else(|| fields.wrong("_id", NOT_AN_ID)),
            Change::Keep | Change::Clear => None,
        };
        first_day_of_week(&mut fields);
        // Without a customer there is a mistake already.
        let user = user(&mut fields, customer.unwrap_or(ObjectId::NIL));
        match (customer, user) {
            (Some(customer), Some(user)) => Ok(fields.done(Self { customer, id, user })?),
            _ => Err(Error::Invalid(fields.errors)),
        }
    }
}

impl NewUser {
    /// The body of version 2 of an import of one.
    pub fn read_v2(body: Value, customer: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        for required in ["firstName", "identities"] {
            if !fields.has(required) {
                fields.wrong::<()>(required, "must be given");
            }
        }
        first_day_of_week(&mut fields);
        let user = user(&mut fields, customer);
        if user.as_ref().is_some_and(|user| user.first_name.is_none()) && fields.errors.is_empty() {
            fields.wrong::<()>("firstName", "must be a string, such as \"text\"");
        }
        done(fields, user)
    }

    /// The body of version 1.
    pub fn read_v1(body: Value, customer: ObjectId) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let user = user(&mut fields, customer);
        done(fields, user)
    }

    /// The body of version 2 of an import of many.
    pub fn read_many(body: Value, customer: ObjectId) -> Result<Vec<Self>, Error> {
        let mut fields = Fields::of(body)?;
        let users = match fields.has("users") {
            true => elements(&mut fields, "users", ROWS, EXAMPLE, |row| user(row, customer)),
            false => fields.wrong("users", "must be given"),
        };
        each_once(users.unwrap_or_default(), fields)
    }

    /// The body of version 1, which is declared as a list of texts: the addresses.
    pub fn read_addresses(body: Value, customer: ObjectId) -> Result<Vec<Self>, Error> {
        let Value::Array(_) = &body else {
            return Err(crate::http::RequestError::BadBody("the body must be a JSON array".into()).into());
        };
        let rows = Value::Object([("users".into(), body)].into());
        let mut fields = Fields::of(rows)?;
        let mut users = Vec::new();
        for (index, item) in fields.array("users", ROWS).unwrap_or_default().into_iter().enumerate() {
            let row = match item {
                Value::String(_) => Value::Object([("email".into(), item)].into()),
                other => other,
            };
            let Some(mut row) = fields.element("users", index, row, EXAMPLE) else { continue };
            users.extend(user(&mut row, customer));
            fields.close(row);
        }
        each_once(users, fields)
    }
}

fn done(fields: Fields, user: Option<NewUser>) -> Result<NewUser, Error> {
    match user {
        Some(user) => Ok(fields.done(user)?),
        None => Err(Error::Invalid(fields.errors)),
    }
}

/// Of two rows for one address nobody could say which counts.
fn each_once(users: Vec<NewUser>, mut fields: Fields) -> Result<Vec<NewUser>, Error> {
    if fields.errors.is_empty() {
        let mut seen = std::collections::HashSet::new();
        for (index, user) in users.iter().enumerate() {
            if !seen.insert(user.email.folded()) {
                fields.wrong::<()>(&format!("users.{index}.email"), "must not be that of an earlier row");
            }
        }
    }
    match fields.errors.is_empty() {
        true => Ok(users),
        false => Err(Error::Rows(fields.errors)),
    }
}

fn user(fields: &mut Fields, customer: ObjectId) -> Option<NewUser> {
    let email = required_text(fields, "email", 0..=TEXT).and_then(|text| {
        let wrong = || format!("must be an email, such as {}", email::EXAMPLE);
        parse_email(&text).or_else(|| fields.wrong("email", wrong()))
    });
    let mut text = |name, least| match fields.nullable_text(name, least..=TEXT, characters) {
        Change::Set(text) => Some(text),
        Change::Keep | Change::Clear => None,
    };
    let (first_name, last_name) = (text("firstName", 1), text("lastName", 0));
    let (nickname, job_title, time_zone) = (text("nickname", 0), text("jobTitle", 0), text("timezone", 1));
    let identities =
        elements(fields, "identities", limits::LIST, IDENTITY, |entry| measured(entry, customer))
            .unwrap_or_default();
    Some(NewUser { email: email?, first_name, last_name, nickname, job_title, time_zone, identities })
}

/// From 1 for Monday to 7. The directory keeps none.
fn first_day_of_week(fields: &mut Fields) {
    fields.integer("firstDayOfWeek", 1..=7);
}
