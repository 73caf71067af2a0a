//! The list of users: a JSON array of everyone who matches, by ascending id.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::Response;
use directory::ids::ObjectId;
use directory::organization::Role;
use directory::query::{Direction, Filter, Literal};
use directory::{Caller, Directory, Include, PersonField, PersonList, Record, Refusal, TenantScope};

use super::error::Error;
use super::lens;
use super::query::{Integration, ListPage, ListUsers};
use crate::http::FieldError;
use crate::http::pieces::{self, Listed, Shown};

pub async fn list_users(
    directory: Arc<Directory>,
    caller: Caller,
    query: ListUsers,
) -> Result<Response, Refusal> {
    let listed = Listed { directory, caller, child: None };
    pieces::answer(listed, Filter::Words(query.words), order(), Users(query.integration)).await
}

/// The same in a few words. What an integration would know of users makes no difference to these.
pub async fn list_lite(
    directory: Arc<Directory>,
    caller: Caller,
    query: ListUsers,
) -> Result<Response, Refusal> {
    let listed = Listed { directory, caller, child: None };
    pieces::answer(listed, Filter::Words(query.words), order(), Lite).await
}

pub fn order() -> Vec<(PersonField, Direction)> {
    vec![(PersonField::ObjectId, Direction::Ascending)]
}

/// Whom a page is of. Everybody has the default roles.
pub async fn matching(scope: TenantScope<'_>, asked: &ListPage) -> Result<Filter<PersonField>, Error> {
    let mut all = vec![Filter::Words(asked.words.clone())];
    if !(asked.include_roles.is_empty() && asked.exclude_roles.is_empty()) {
        let roles = scope.reference_data().await?.roles;
        if !asked.include_roles.is_empty() {
            all.push(with_one_of(&roles, "includeRoles", &asked.include_roles)?);
        }
        all.push(Filter::Not(with_one_of(&roles, "excludeRoles", &asked.exclude_roles)?.into()));
    }
    Ok(Filter::All(all))
}

fn with_one_of(roles: &[Role], parameter: &str, asked: &[String]) -> Result<Filter<PersonField>, Error> {
    let has = |asked: &String| {
        let id = asked.parse::<ObjectId>().ok();
        let role = roles.iter().find(|role| role.name == *asked || Some(role.object_id) == id);
        let message = "must name roles by their names or ids, such as customer-admin";
        let role =
            role.ok_or_else(|| FieldError { path: parameter.to_owned(), message: message.to_owned() })?;
        Ok(match role.is_default {
            true => Filter::All(vec![]),
            false => Filter::Contains(PersonList::Roles, Literal::ObjectId(role.object_id)),
        })
    };
    Ok(Filter::Any(asked.iter().map(has).collect::<Result<_, FieldError>>()?))
}

struct Lite;

impl Shown for Lite {
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");
    const FRAME: (&'static str, &'static str) = ("[", "]");

    fn include(&self) -> Include {
        Include::default()
    }

    fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()> {
        serde_json::to_writer(bytes, &lens::show_lite(record))
    }
}

/// As users, or as an integration knows them.
#[derive(Debug)]
struct Users(Option<Integration>);

impl Shown for Users {
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json");
    const FRAME: (&'static str, &'static str) = ("[", "]");

    fn include(&self) -> Include {
        match self.0 {
            Some(_) => Include::default(),
            None => lens::NEEDS,
        }
    }

    fn write(&self, bytes: &mut Vec<u8>, record: &Record) -> serde_json::Result<()> {
        match self.0 {
            Some(integration) => serde_json::to_writer(bytes, &lens::project(record, integration)),
            None => serde_json::to_writer(bytes, &lens::show(record)),
        }
    }
}
