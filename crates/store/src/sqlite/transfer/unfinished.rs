//! What a file knows of a copy into it, as long as that is not finished: two tables that no other file has.

use std::path::Path;

use rusqlite::{Connection, params};

use super::super::open::OpenError;
use crate::transfer::tables::TABLES;
use crate::transfer::{Begun, EngineError, Position};

/// Refuses a file in which a copy is not finished.
pub(in crate::sqlite) fn refuse(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    match is_there(connection) {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::Unfinished(path.to_owned())),
        Err(error) => Err(OpenError::Sqlite { path: path.to_owned(), error }),
    }
}

fn is_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'copy'")?.exists([])
}

/// How far it has come, in one row; and the last event of each person whose events have come.
const TABLES_OF_A_COPY: &str = r#"
    CREATE TABLE copy (origin TEXT NOT NULL, "table" TEXT NOT NULL, rows INTEGER NOT NULL) STRICT;
    CREATE TABLE copy_last_event (person INTEGER PRIMARY KEY, event INTEGER NOT NULL) STRICT"#;

pub(super) fn begin(connection: &Connection, origin: &str) -> Result<Begun, EngineError> {
    if !is_there(connection)? {
        for table in &TABLES {
            let row = format!(r#"SELECT 1 FROM "{}""#, table.name);
            if connection.prepare(&row)?.exists([])? {
                return Ok(Begun::NotEmpty);
            }
        }
        connection.execute_batch(TABLES_OF_A_COPY)?;
        connection.execute(
            r#"INSERT INTO copy (origin, "table", rows) VALUES (?1, ?2, 0)"#,
            params![origin, TABLES[0].name],
        )?;
    }
    let mut statement = connection.prepare(r#"SELECT origin, "table", rows FROM copy"#)?;
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
    };
    let (known, table, rows) = statement.query_row([], row)?;
    if known != origin {
        return Ok(Begun::Another);
    }
    let there = Position::at(&table, rows.cast_unsigned())?;
    let (position, emptied) = there.steady();
    for table in emptied {
        connection.execute(&format!(r#"DELETE FROM "{}""#, table.name), [])?;
    }
    advance(connection, there, position)?;
    Ok(Begun::There(position))
}

/// Notes how far it comes with this transaction.
pub(super) fn advance(connection: &Connection, from: Position, to: Position) -> Result<(), EngineError> {
    let advanced = connection
        .prepare_cached(r#"UPDATE copy SET "table" = ?3, rows = ?4 WHERE "table" = ?1 AND rows = ?2"#)?
        .execute(params![
            from.table().name,
            from.rows.cast_signed(),
            to.table().name,
            to.rows.cast_signed()
        ])?;
    match advanced {
        0 => Err(EngineError::new("another process is copying into the file")),
        _ => Ok(()),
    }
}

pub(super) fn finish(connection: &Connection) -> Result<(), EngineError> {
    connection.execute_batch("DROP TABLE copy; DROP TABLE copy_last_event")?;
    Ok(())
}
