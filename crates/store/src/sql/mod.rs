//! Statements that both engines run: one text and one list of values, for SQLite and for PostgreSQL.
//!
//! What is done rarely, or one page at a time, is written once over [`Sql`]. People are read and written by statements of
//! each engine's own, which gather many requests.

mod cell;
mod columns;
pub(crate) mod list;

pub(crate) use cell::Cell;
pub(crate) use columns::{Columns, Row};

use crate::codec;

/// A connection of an engine, inside a transaction where one is needed.
///
/// A text has its parameters as `$1`, `$2` and so on. Only what both engines understand may be in it; what they name
/// differently is asked of [`Self::SYNTAX`].
pub(crate) trait Sql {
    type Error: From<codec::Error>;

    const SYNTAX: Syntax;

    /// The rows that a query answers with.
    fn query(&self, text: &str, values: &[Cell<'_>]) -> impl Future<Output = Result<Vec<Row>, Self::Error>>;

    /// Runs a statement that changes rows, and answers with how many.
    fn execute(&self, text: &str, values: &[Cell<'_>]) -> impl Future<Output = Result<u64, Self::Error>>;
}

/// What the engines write differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Sqlite,
    Postgres,
}
