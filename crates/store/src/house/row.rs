//! A row on its way from one engine to another.

use std::borrow::Cow;

use directory::ids::TenantId;

use super::tables::Table;

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

    fn size(&self) -> usize {
        let beside = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        size_of::<Self>() + beside
    }
}

pub(crate) type Row = Vec<Cell<'static>>;

/// The tenant of a row, which some tables have none of.
pub(crate) fn tenant_of(table: &Table, row: &[Cell<'_>]) -> Option<TenantId> {
    let tenant = row.first().filter(|_| table.is_of_a_tenant())?.integer()?;
    Some(TenantId(u32::try_from(tenant).unwrap_or_default()))
}

/// Rows of one table that follow one another.
pub struct Portion {
    pub(crate) table: &'static Table,
    pub(crate) rows: Vec<Row>,
    size: usize,
}

/// Rows in a portion at most, and about how much memory they may take: what is on its way at any time.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;

impl Portion {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self { table, rows: Vec::new(), size: 0 }
    }

    pub(crate) fn push(&mut self, row: Row) {
        self.size += size_of::<Row>() + row.iter().map(Cell::size).sum::<usize>();
        self.rows.push(row);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= MOST_ROWS || self.size >= MOST_BYTES
    }
}

impl std::fmt::Debug for Portion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Rows hold what is secret.
        f.debug_struct("Portion").field("table", &self.table.name).field("rows", &self.rows.len()).finish()
    }
}
