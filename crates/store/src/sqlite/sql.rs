//! Statements that both engines run, on a connection of this one.

use std::borrow::Cow;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use super::error::{Error, Result};
use crate::sql::{Cell, Row, Sql, Syntax};

impl Sql for Connection {
    type Error = Error;

    const SYNTAX: Syntax = Syntax::Sqlite;

    async fn query(&self, text: &str, values: &[Cell<'_>]) -> Result<Vec<Row>> {
        let mut statement = bound(self, text, values)?;
        let columns = statement.column_count();
        let mut answers = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = answers.next()? {
            rows.push((0..columns).map(|index| Ok(cell(row.get_ref(index)?))).collect::<Result<_>>()?);
        }
        Ok(rows)
    }

    async fn execute(&self, text: &str, values: &[Cell<'_>]) -> Result<u64> {
        Ok(bound(self, text, values)?.raw_execute()? as u64)
    }
}

/// SQLite numbers parameters that are named `$1` and so on in the order in which they first occur.
fn bound<'c>(connection: &'c Connection, text: &str, values: &[Cell<'_>]) -> Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(text)?;
    for (number, value) in (1..).zip(values) {
        if let Some(index) = statement.parameter_index(&format!("${number}"))? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(statement)
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) | Cell::Time(value) => ValueRef::Integer(*value),
            Cell::Boolean(value) => ValueRef::Integer((*value).into()),
            Cell::Uuid(bytes) => ValueRef::Blob(bytes),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> Cell<'static> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        // No table has a column of these.
        ValueRef::Real(value) => Cell::Bytes(Cow::Owned(value.to_be_bytes().to_vec())),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Cell::Text(Cow::Owned(text.to_owned())),
            Err(_) => Cell::Bytes(Cow::Owned(text.to_vec())),
        },
        ValueRef::Blob(bytes) => Cell::Bytes(Cow::Owned(bytes.to_vec())),
    }
}

/// Runs what awaits nothing but statements on a connection of this engine, which are done when they are asked for.
pub(super) fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(Error::Row("a statement waits for something else".to_owned())),
    }
}
