//! Reading a row, whichever engine it came from.

use directory::ids::{Number, ObjectId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Cell;
use crate::codec::{self, Result};

/// A row of an answer.
pub(crate) type Row = Vec<Cell<'static>>;

/// Reads a row from left to right, in the order in which its SELECT names the columns.
///
/// SQLite has no types of its own for times, booleans and UUIDs: what it keeps them as is taken for them.
pub(crate) struct Columns(std::vec::IntoIter<Cell<'static>>);

impl Columns {
    pub(crate) fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    fn next(&mut self) -> Result<Cell<'static>> {
        self.0.next().ok_or_else(|| codec::Error("a row has too few columns".to_owned()))
    }

    /// None where there is NULL.
    fn optional<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(Cell<'static>) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.next()? {
            Cell::Null => Ok(None),
            cell => read(cell).map(Some).ok_or_else(|| codec::Error(format!("a column holds no {what}"))),
        }
    }

    fn some<T>(&mut self, what: &str, read: impl FnOnce(Cell<'static>) -> Option<T>) -> Result<T> {
        self.optional(what, read)?.ok_or_else(|| codec::Error(format!("a column holds no {what}")))
    }

    pub(crate) fn integer(&mut self) -> Result<i64> {
        self.some("integer", |cell| cell.integer())
    }

    pub(crate) fn optional_integer(&mut self) -> Result<Option<i64>> {
        self.optional("integer", |cell| cell.integer())
    }

    pub(crate) fn number(&mut self) -> Result<Number> {
        self.some("number", |cell| Number::new(cell.integer()?.cast_unsigned()))
    }

    pub(crate) fn boolean(&mut self) -> Result<bool> {
        self.some("boolean", |cell| match cell {
            Cell::Boolean(value) => Some(value),
            Cell::Integer(value @ (0 | 1)) => Some(value == 1),
            _ => None,
        })
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        self.some("text", text)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>> {
        self.optional("text", text)
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid> {
        self.some("UUID", uuid)
    }

    pub(crate) fn optional_uuid(&mut self) -> Result<Option<Uuid>> {
        self.optional("UUID", uuid)
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        self.some("bytes", |cell| match cell {
            Cell::Bytes(bytes) => Some(bytes.into_owned()),
            _ => None,
        })
    }

    pub(crate) fn object_id(&mut self) -> Result<ObjectId> {
        self.some("object id", object_id)
    }

    pub(crate) fn optional_object_id(&mut self) -> Result<Option<ObjectId>> {
        self.optional("object id", object_id)
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp> {
        self.some("time", time)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>> {
        self.optional("time", time)
    }

    /// One of the names of a closed set.
    pub(crate) fn name<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        codec::named(&self.text()?, parse)
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T> {
        Ok(serde_json::from_str(&self.text()?)?)
    }

    /// A list that is NULL when empty.
    pub(crate) fn list<T: DeserializeOwned>(&mut self) -> Result<Vec<T>> {
        Ok(self.optional_text()?.map_or(Ok(Vec::new()), |text| serde_json::from_str(&text))?)
    }
}

fn text(cell: Cell<'static>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}

fn uuid(cell: Cell<'static>) -> Option<Uuid> {
    match cell {
        Cell::Uuid(bytes) => Some(Uuid::from_bytes(bytes)),
        Cell::Bytes(bytes) => Uuid::from_slice(&bytes).ok(),
        _ => None,
    }
}

fn object_id(cell: Cell<'static>) -> Option<ObjectId> {
    match cell {
        Cell::Bytes(bytes) => Some(ObjectId((*bytes).try_into().ok()?)),
        _ => None,
    }
}

fn time(cell: Cell<'static>) -> Option<Timestamp> {
    match cell {
        Cell::Time(micros) | Cell::Integer(micros) => Timestamp::from_microsecond(micros).ok(),
        _ => None,
    }
}
