//! Reading everything out.

use std::borrow::Cow;
use std::error::Error;
use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Row, RowStream, Transaction};

use super::super::error::Result;
use super::super::sql::EPOCH;
use crate::codec;
use crate::transfer::digest::{Digests, Summing};
use crate::transfer::row::Cell;
use crate::transfer::tables::{Kind, TABLES, Table};

/// The hashes of everything.
pub(in crate::postgres) async fn digests(transaction: &Transaction<'_>) -> Result<Digests> {
    let mut summing = Summing::default();
    for table in &TABLES {
        let mut rows = pin!(rows(transaction, table).await?);
        while let Some(row) = rows.try_next().await? {
            summing.add(table, &cells(table, &row)?);
        }
    }
    Ok(summing.finish())
}

/// The rows of a table in the order of their key, as they are asked for.
pub(super) async fn rows(transaction: &Transaction<'_>, table: &Table) -> Result<RowStream> {
    Ok(transaction.query_typed_raw(&select(table), NOTHING).await?)
}

const NOTHING: [(&(dyn ToSql + Sync), Type); 0] = [];

pub(super) async fn count(transaction: &Transaction<'_>, table: &Table) -> Result<u64> {
    let sql = format!(r#"SELECT count(*) FROM "{}""#, table.name);
    let counted: i64 = transaction.query_typed_one(&sql, &[]).await?.get(0);
    Ok(counted.cast_unsigned())
}

fn select(table: &Table) -> String {
    let columns = |columns: &[(&str, Kind)]| -> String {
        columns.iter().map(|(name, _)| column(table, name)).collect::<Vec<_>>().join(", ")
    };
    format!(
        r#"SELECT {} FROM "{}" AS it ORDER BY {}"#,
        columns(table.columns),
        table.name,
        columns(&table.columns[..table.key])
    )
}

/// The numbers that a tenant gave out last have rows of their own.
fn column(table: &Table, name: &str) -> String {
    match name.strip_prefix("last_") {
        Some(counted) if table.name == "tenant" => {
            format!("coalesce((SELECT last FROM counter WHERE tenant = it.tenant AND name = '{counted}'), 0)")
        }
        _ => format!(r#"it."{name}""#),
    }
}

pub(super) fn cells<'r>(table: &Table, row: &'r Row) -> Result<Vec<Cell<'r>>> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (index, (_, kind)) in table.columns.iter().enumerate() {
        cells.push(match row.try_get::<_, Option<Raw<'_>>>(index)? {
            Some(Raw(bytes)) => cell(*kind, bytes)?,
            None => Cell::Null,
        });
    }
    Ok(cells)
}

/// A value as it comes over the line.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn cell(kind: Kind, bytes: &[u8]) -> Result<Cell<'_>> {
    let broken = || codec::Error(format!("{} bytes are no {kind:?}", bytes.len()));
    let cell = match kind {
        Kind::Integer | Kind::Person => integer(bytes).map(Cell::Integer),
        Kind::Boolean => bytes.first().map(|byte| Cell::Boolean(*byte != 0)),
        Kind::Time => integer(bytes).and_then(|time| time.checked_add(EPOCH)).map(Cell::Time),
        Kind::Uuid => bytes.try_into().ok().map(Cell::Uuid),
        Kind::Text | Kind::Json => str::from_utf8(bytes).ok().map(|text| Cell::Text(Cow::Borrowed(text))),
        Kind::Bytes => Some(Cell::Bytes(Cow::Borrowed(bytes))),
    };
    Ok(cell.ok_or_else(broken)?)
}

/// Of two, four or eight bytes.
fn integer(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [a, b] => Some(i16::from_be_bytes([a, b]).into()),
        [a, b, c, d] => Some(i32::from_be_bytes([a, b, c, d]).into()),
        _ => bytes.try_into().ok().map(i64::from_be_bytes),
    }
}
