//! Taking rows in, and making what is derived from them.

use directory::ids::TenantId;
use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params, params_from_iter};

use super::super::row::{self, MAX_TENANT};
use super::read::{columns, pk_column};
use crate::codec::document;
use crate::codec::tokens::{Fields, tokens};
use crate::transfer::EngineError;
use crate::transfer::row::{Cell, Chunk, Row};
use crate::transfer::tables::{Kind, Table};

type Result<T> = std::result::Result<T, EngineError>;

pub(super) fn fill(connection: &Connection, chunk: &Chunk) -> Result<()> {
    match chunk.table.name {
        "event" => events(connection, chunk),
        "person" => people(connection, chunk),
        _ => {
            let mut insert = insert(connection, chunk.table, &[])?;
            for row in &chunk.rows {
                insert.execute(params_from_iter(values(chunk.table, row)?))?;
            }
            Ok(())
        }
    }
}

/// An INSERT of the table's columns, and of more of them.
fn insert<'c>(
    connection: &'c Connection,
    table: &Table,
    more: &[&'static str],
) -> Result<CachedStatement<'c>> {
    let columns: Vec<&str> = columns(table).chain(more.iter().copied()).collect();
    let values: Vec<String> = (1..=columns.len()).map(|parameter| format!("?{parameter}")).collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let sql = format!(r#"INSERT INTO "{}" ({columns}) VALUES ({values})"#, table.name);
    Ok(connection.prepare_cached(&sql)?)
}

/// Each with the one about the same person before it.
fn events(connection: &Connection, chunk: &Chunk) -> Result<()> {
    let table = chunk.table;
    let [sequence, person] = ["sequence", "person"].map(|name| table.column(name));
    let mut insert = insert(connection, table, &["previous"])?;
    let mut note = connection.prepare_cached(
        "INSERT INTO copy_last_event (person, event) VALUES (?1, ?2)
         ON CONFLICT (person) DO UPDATE SET event = excluded.event",
    )?;
    for row in &chunk.rows {
        let (event, person) = (pk(row, sequence)?, pk(row, person)?);
        let mut values = values(table, row)?;
        // About something else than a person, and in nobody's chain.
        let is_of_nobody = row::number_of(person) == 0;
        values.push(ToSqlOutput::Owned(match is_of_nobody {
            true => Value::Null,
            false => last_event(connection, person)?,
        }));
        insert.execute(params_from_iter(values))?;
        if !is_of_nobody {
            note.execute(params![person, event])?;
        }
    }
    Ok(())
}

fn last_event(connection: &Connection, person: i64) -> Result<Value> {
    let mut statement = connection.prepare_cached("SELECT event FROM copy_last_event WHERE person = ?1")?;
    let event: Option<i64> = statement.query_row(params![person], |row| row.get(0)).optional()?;
    Ok(event.map_or(Value::Null, Value::Integer))
}

/// Each with the last event about them, and with what they are searched by.
fn people(connection: &Connection, chunk: &Chunk) -> Result<()> {
    const DERIVED: [&str; 5] = ["given", "family", "nickname", "email", "last_event"];
    let table = chunk.table;
    let [number, document, deleted_at] = ["number", "document", "deleted_at"].map(|name| table.column(name));
    let mut insert = insert(connection, table, &DERIVED)?;
    let mut index =
        connection.prepare_cached("INSERT INTO person_search (rowid, trigrams) VALUES (?1, ?2)")?;
    for row in &chunk.rows {
        let pk = pk(row, number)?;
        let fields: Fields = document::search_fields(row[document].text().unwrap_or_default())?;
        if row[deleted_at] == Cell::Null {
            for (field, text) in (0..).zip(&fields).filter(|(_, text)| !text.is_empty()) {
                index.execute(params![pk << 2 | field, tokens(row::tenant_of(pk), text).join(" ")])?;
            }
        }
        let mut values = values(table, row)?;
        values.extend(fields.map(ToSqlOutput::from));
        values.push(ToSqlOutput::Owned(last_event(connection, pk)?));
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// A row as it is written here.
fn values<'r>(table: &Table, row: &'r Row) -> Result<Vec<ToSqlOutput<'r>>> {
    let number = pk_column(table);
    let mut values = Vec::with_capacity(row.len() + 5);
    for (index, (cell, (_, kind))) in row.iter().zip(table.columns).enumerate() {
        let is_pk = *kind == Kind::Person || Some(index) == number;
        values.push(match is_pk {
            true => ToSqlOutput::from(pk(row, index)?),
            false => cell.to_sql()?,
        });
    }
    Ok(values)
}

/// The pk of what a column counts within the tenant of its row.
fn pk(row: &Row, column: usize) -> Result<i64> {
    let positive = |cell: &Cell<'_>| cell.integer().and_then(|value| u64::try_from(value).ok());
    let broken = || EngineError::new("a row has no tenant, or no number in it");
    let (tenant, number) = positive(&row[0]).zip(positive(&row[column])).ok_or_else(broken)?;
    if tenant > MAX_TENANT.into() || number > row::MAX_NUMBER {
        return Err(EngineError::new(format!(
            "a file holds no tenant {tenant}, or no number {number} in one"
        )));
    }
    // It is no larger than the largest.
    Ok(row::pk(TenantId(tenant as u32), number))
}
