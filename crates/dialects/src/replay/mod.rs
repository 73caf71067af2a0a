//! Replay's user API (docs.replay.sale, API reference, "User").

pub mod auth;
pub mod error;
pub mod lens;
pub mod query;
pub mod routes;
pub mod wire;

pub use routes::{mount, table};
