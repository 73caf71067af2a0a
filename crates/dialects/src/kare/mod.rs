//! Kare's members, sessions, organizations and labels (api-documentation.kare-app.fr: "User-Organization", "User", "Auth",
//! "Organization" and "Label", API rs).

pub mod auth;
pub mod email;
pub mod error;
pub mod lens;
pub mod query;
pub mod routes;
pub mod wire;

pub use routes::{mount, table};
