//! Laurel's user API (developer.laurel.ai, Identity service, "Users" and "Oauth").

pub mod auth;
pub mod error;
pub mod lens;
pub mod list;
pub mod oauth;
pub mod query;
pub mod routes;
pub mod wire;

pub use auth::Settings;
pub use routes::{mount, table};
