//! One value of a row, as every engine takes and gives it.

use std::borrow::Cow;

use directory::ids::{Number, ObjectId};
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Boolean(bool),
    /// In microseconds since 1970.
    Time(i64),
    Uuid([u8; 16]),
    /// Also JSON, as it was written.
    Text(Cow<'a, str>),
    /// Also what should have been something else: an engine that takes it in says so.
    Bytes(Cow<'a, [u8]>),
}

impl Cell<'_> {
    pub(crate) fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Integer(value) => Cell::Integer(value),
            Self::Boolean(value) => Cell::Boolean(value),
            Self::Time(micros) => Cell::Time(micros),
            Self::Uuid(bytes) => Cell::Uuid(bytes),
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Cell::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn size(&self) -> usize {
        let beside = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        size_of::<Self>() + beside
    }
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Cell<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Time(value.as_microsecond())
    }
}

impl From<Uuid> for Cell<'_> {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value.into_bytes())
    }
}

impl From<ObjectId> for Cell<'_> {
    fn from(value: ObjectId) -> Self {
        Self::Bytes(Cow::Owned(value.0.to_vec()))
    }
}

impl From<Number> for Cell<'_> {
    fn from(value: Number) -> Self {
        Self::Integer(value.get().cast_signed())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<Vec<u8>> for Cell<'_> {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(value))
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
