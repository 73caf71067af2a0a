//! Why the engine did not do what it was asked.

use std::fmt;

use crate::form::Broken;

/// The engine could not. It is logged where a call ends; the caller hears that the store is unavailable.
#[derive(Debug)]
pub(super) enum Failure {
    Sql(tokio_postgres::Error),
    /// A row holds what no row should hold.
    Row(String),
}

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(error) => write!(f, "{error}"),
            Self::Row(what) => write!(f, "a row cannot be read: {what}"),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Broken> for Failure {
    fn from(Broken(what): Broken) -> Self {
        Self::Row(what)
    }
}
