//! Why a store was not copied.

use std::fmt;

use super::digest::Place;
use super::tables::Table;
use crate::codec;

#[derive(Debug)]
pub enum Error {
    Source(EngineError),
    Target(EngineError),
    /// The target holds a store already.
    NotEmpty,
    /// The target holds an unfinished copy, and not of the source as it is.
    Another,
    /// The source is not what it was when it was read.
    Changed(Whereabouts),
    /// The target does not hold what was read.
    Differs(Whereabouts),
}

/// In an engine's own words.
#[derive(Debug)]
pub struct EngineError(String);

impl EngineError {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }

    /// Says of which table.
    pub(super) fn of(self, table: &Table) -> Self {
        Self(format!("table {}: {}", table.name, self.0))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl From<codec::Error> for EngineError {
    fn from(codec::Error(what): codec::Error) -> Self {
        Self(what)
    }
}

/// A tenant's table, or one that belongs to no tenant.
#[derive(Debug)]
pub struct Whereabouts(Place);

impl From<Place> for Whereabouts {
    fn from(place: Place) -> Self {
        Self(place)
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.tenant {
            Some(tenant) => write!(f, "tenant {tenant}, table {}", self.0.table),
            None => write!(f, "table {}", self.0.table),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(cause) => write!(f, "the source cannot be read: {cause}"),
            Self::Target(cause) => write!(f, "the target cannot be written: {cause}"),
            Self::NotEmpty => f.write_str("the target is not empty"),
            Self::Another => f.write_str(
                "the target holds an unfinished copy of another store, or of this one before it was written to",
            ),
            Self::Changed(place) => write!(f, "the source was written to while it was copied: {place}"),
            Self::Differs(place) => write!(f, "the copy is not the same as the source: {place}"),
        }
    }
}

impl std::error::Error for Error {}
