//! Kare's table of routes.

mod labels;
mod organizations;
mod sessions;
mod users;

use std::sync::Arc;

use directory::{Dialect, Directory};

use super::auth::Api;
use super::error::Error;
use crate::compose::{Mount, segments};
use crate::http::{Route, route};

/// The vendor's host has a stage before every path; clients may leave it out here.
const PREFIXES: [&str; 2] = ["/main", ""];

pub fn table() -> Vec<Route<Api>> {
    [sessions::table(), users::table(), organizations::table(), labels::table()]
        .into_iter()
        .flatten()
        .collect()
}

/// Kare's API over a directory.
pub fn mount(directory: Arc<Directory>, hosts: Vec<String>) -> Mount {
    Mount {
        dialect: Dialect::Kare,
        prefix: "/kare",
        owns: |path| {
            matches!(
                segments(path).next(),
                Some(
                    "main"
                        | "users-organizations"
                        | "users"
                        | "auth"
                        | "auth-rs"
                        | "organizations"
                        | "labels"
                )
            )
        },
        normalise: |_| None,
        router: route::router::<Api, Error>(table(), &PREFIXES).with_state(Api::new(directory)),
        fault: route::fault::<Error>,
        hosts,
    }
}
