//! Relesys' user API (api.relesysapp.net/docs, "Users"), versions v1 to v1.4.

pub mod auth;
pub mod error;
pub mod lens;
pub mod query;
pub mod routes;
pub mod scope;
pub mod version;
pub mod wire;

pub use routes::{mount, table};
