//! Statements that both engines run, on a connection of this one.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::error::{Error, Result};
use super::pool::Session;
use crate::sql::{Cell, Row, Sql, Syntax};

/// From 1970 to 2000, where the server's time begins, in microseconds.
pub(super) const EPOCH: i64 = 946_684_800_000_000;

impl Sql for Session {
    type Error = Error;

    const SYNTAX: Syntax = Syntax::Postgres;

    async fn query(&self, text: &str, values: &[Cell<'_>]) -> Result<Vec<Row>> {
        let statement = self.prepared_text(text).await?;
        let rows = self.client().query(&statement, &parameters(values)).await?;
        rows.iter().map(row).collect()
    }

    async fn execute(&self, text: &str, values: &[Cell<'_>]) -> Result<u64> {
        let statement = self.prepared_text(text).await?;
        Ok(self.client().execute(&statement, &parameters(values)).await?)
    }
}

/// The values of a row, whatever their types.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row> {
    let cell = |index| Ok(row.try_get::<_, Option<Owned>>(index)?.map_or(Cell::Null, |owned| owned.0));
    (0..row.len()).map(cell).collect()
}

fn parameters<'v>(values: &'v [Cell<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

type Boxed = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Cell<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self, ty) {
            (Cell::Null, _) => return Ok(IsNull::Yes),
            (Cell::Integer(value), &Type::INT2) => out.put_i16(i16::try_from(*value)?),
            (Cell::Integer(value), &Type::INT4) => out.put_i32(i32::try_from(*value)?),
            (Cell::Integer(value), &Type::INT8) => out.put_i64(*value),
            (Cell::Boolean(value), &Type::BOOL) => out.put_u8(u8::from(*value)),
            (Cell::Time(micros), &Type::TIMESTAMPTZ) => {
                out.put_i64(micros.checked_sub(EPOCH).ok_or("a time is too long ago")?);
            }
            (Cell::Uuid(bytes), &Type::UUID) => out.put_slice(bytes),
            (Cell::Text(text), &Type::TEXT | &Type::JSON) => out.put_slice(text.as_bytes()),
            (Cell::Bytes(bytes), &Type::BYTEA) => out.put_slice(bytes),
            _ => return Err(format!("a value is not of the type {ty}").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of whatever type the column has.
struct Owned(Cell<'static>);

impl<'a> FromSql<'a> for Owned {
    fn from_sql(ty: &Type, bytes: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Self(match *ty {
            Type::INT2 => Cell::Integer(i16::from_sql(ty, bytes)?.into()),
            Type::INT4 => Cell::Integer(i32::from_sql(ty, bytes)?.into()),
            Type::INT8 => Cell::Integer(i64::from_sql(ty, bytes)?),
            Type::BOOL => Cell::Boolean(bool::from_sql(ty, bytes)?),
            Type::TIMESTAMPTZ => {
                let time = i64::from_sql(&Type::INT8, bytes)?;
                Cell::Time(time.checked_add(EPOCH).ok_or("a time is out of range")?)
            }
            Type::UUID => Cell::Uuid(bytes.try_into()?),
            Type::TEXT | Type::JSON => Cell::Text(Cow::Owned(str::from_utf8(bytes)?.to_owned())),
            Type::BYTEA => Cell::Bytes(Cow::Owned(bytes.to_vec())),
            _ => return Err(format!("no column is of the type {ty}").into()),
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
