//! A row on its way from one engine to another.

use directory::ids::TenantId;

use super::tables::Table;
pub(crate) use crate::sql::Cell;

pub(crate) type Row = Vec<Cell<'static>>;

/// The tenant of a row, which some tables have none of.
pub(crate) fn tenant_of(table: &Table, row: &[Cell<'_>]) -> Option<TenantId> {
    let tenant = row.first().filter(|_| table.is_of_a_tenant())?.integer()?;
    Some(TenantId(u32::try_from(tenant).unwrap_or_default()))
}

/// Rows of one table that follow one another.
pub struct Chunk {
    pub(crate) table: &'static Table,
    pub(crate) rows: Vec<Row>,
    size: usize,
}

/// Rows in a portion at most, and about how much memory they may take: what is on its way at any time.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 4 << 20;

impl Chunk {
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

impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Rows hold what is secret.
        f.debug_struct("Chunk").field("table", &self.table.name).field("rows", &self.rows.len()).finish()
    }
}
