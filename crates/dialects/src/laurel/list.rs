//! The list of users: a JSON array of everyone who matches, by ascending id.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::Response;
use directory::query::{Direction, Filter};
use directory::{Caller, Directory, Include, PersonField, Record, Refusal};

use super::lens;
use super::query::{Integration, ListUsers};
use crate::http::pieces::{self, Listed, Shown};

pub async fn list_users(
    directory: Arc<Directory>,
    caller: Caller,
    query: ListUsers,
) -> Result<Response, Refusal> {
    let listed = Listed { directory, caller, child: None };
    let order = vec![(PersonField::ObjectId, Direction::Ascending)];
    pieces::answer(listed, Filter::Words(query.words), order, Users(query.integration)).await
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
