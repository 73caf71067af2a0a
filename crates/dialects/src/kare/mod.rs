//! Kare's members and sessions (api-documentation.kare-app.fr: "User-Organization", "User" and "Auth", API rs).

pub mod auth;
pub mod email;
pub mod error;
pub mod lens;
pub mod query;
pub mod routes;
pub mod wire;

pub use routes::{mount, table};
