//! Reading everything out.

use std::borrow::Cow;
use std::ops::ControlFlow;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::error::Result;
use super::super::row::number_of;
use crate::transfer::digest::{Digests, Summing};
use crate::transfer::row::Cell;
use crate::transfer::tables::{Kind, TABLES, Table};

/// The hashes of everything.
pub(in crate::sqlite) fn digests(connection: &Connection) -> Result<Digests> {
    let mut summing = Summing::default();
    for table in &TABLES {
        each(connection, table, |row| {
            summing.add(table, &row);
            ControlFlow::Continue(())
        })?;
    }
    Ok(summing.finish())
}

/// Hands over the rows of a table in the order of their key, until it is told to stop.
pub(super) fn each(
    connection: &Connection,
    table: &Table,
    mut visit: impl FnMut(Vec<Cell<'_>>) -> ControlFlow<()>,
) -> Result<()> {
    let mut statement = connection.prepare(&select(table))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(table.columns.len());
        for (index, (_, kind)) in table.columns.iter().enumerate() {
            cells.push(cell(*kind, row.get_ref(index)?));
        }
        if let Some(number) = pk_column(table) {
            cells[number] = local(&cells[number]);
        }
        if visit(cells).is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn count(connection: &Connection, table: &Table) -> Result<u64> {
    let counted = connection
        .query_row(&format!(r#"SELECT count(*) FROM "{}""#, table.name), [], |row| row.get::<_, i64>(0))?;
    Ok(counted.cast_unsigned())
}

pub(in crate::sqlite) fn select(table: &Table) -> String {
    let names: Vec<&str> = columns(table).collect();
    // In the order in which the rows lie there.
    let order = match pk_column(table) {
        Some(_) => "pk".to_owned(),
        None => names[..table.key].join(", "),
    };
    format!(r#"SELECT {} FROM "{}" ORDER BY {order}"#, names.join(", "), table.name)
}

/// The columns as they are called here.
pub(super) fn columns(table: &Table) -> impl Iterator<Item = &'static str> {
    let number = pk_column(table);
    let name = move |(index, (name, _)): (usize, &(&'static str, Kind))| match *name {
        _ if Some(index) == number => "pk",
        "group" => r#""group""#,
        name => name,
    };
    table.columns.iter().enumerate().map(name)
}

/// Where a row has a pk, the column that counts within the tenant is a part of it.
pub(super) fn pk_column(table: &Table) -> Option<usize> {
    match table.name {
        "person" => Some(table.column("number")),
        "event" => Some(table.column("sequence")),
        _ => None,
    }
}

/// What has not the form of its kind is handed over as it is.
fn cell(kind: Kind, value: ValueRef<'_>) -> Cell<'_> {
    match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (Kind::Time, ValueRef::Integer(micros)) => Cell::Time(micros),
        (Kind::Boolean, ValueRef::Integer(value @ (0 | 1))) => Cell::Boolean(value == 1),
        (Kind::Person, ValueRef::Integer(pk)) => local(&Cell::Integer(pk)),
        (_, ValueRef::Integer(value)) => Cell::Integer(value),
        (_, ValueRef::Text(text)) => match str::from_utf8(text) {
            Ok(text) => Cell::Text(Cow::Borrowed(text)),
            Err(_) => Cell::Bytes(Cow::Borrowed(text)),
        },
        (Kind::Uuid, ValueRef::Blob(bytes)) => match bytes.try_into() {
            Ok(bytes) => Cell::Uuid(bytes),
            Err(_) => Cell::Bytes(Cow::Borrowed(bytes)),
        },
        (_, ValueRef::Blob(bytes)) => Cell::Bytes(Cow::Borrowed(bytes)),
        // No table has a column of these.
        (_, ValueRef::Real(value)) => Cell::Bytes(Cow::Owned(value.to_be_bytes().to_vec())),
    }
}

/// A pk's number within its tenant.
fn local(pk: &Cell<'_>) -> Cell<'static> {
    Cell::Integer(number_of(pk.integer().unwrap_or_default()).cast_signed())
}
