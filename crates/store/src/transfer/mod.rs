//! Moving a store: everything that a store holds, in a form that every engine reads out and takes in.

mod copy;
pub(crate) mod digest;
mod error;
pub(crate) mod row;
pub(crate) mod tables;

use directory::ports::BoxFuture;
use tokio::sync::mpsc;

pub use copy::{Copied, CopiedTenant, Progress, Step, copy, snapshot};
pub use error::{EngineError, Error, Whereabouts};
pub use row::Chunk;
pub use tables::Table;

use tables::TABLES;

/// An engine whose rows can be read out.
pub trait Source: Send + Sync {
    /// How many rows there are in all tables together.
    fn count(&self) -> BoxFuture<'_, Result<u64, EngineError>>;

    /// The rows of these tables, each in the order of its key, all as they were at one moment.
    fn read(&self, tables: &'static [Table]) -> Chunks;
}

/// An engine that takes rows in. Until the copy is finished it serves nobody, and says so to whoever opens it.
///
/// How far the copy has come is kept beside the rows, so that it can go on later, after whatever happened.
pub trait Target: Source {
    /// Begins a copy of the source that is known by this name, or goes on with it.
    fn begin(&mut self, origin: String) -> BoxFuture<'_, Result<Begun, EngineError>>;

    /// Takes in what follows on what it has, and keeps all of it or nothing.
    fn write(&mut self, chunk: Chunk) -> BoxFuture<'_, Result<(), EngineError>>;

    /// Makes what is derived from all the rows and was not yet made.
    fn complete(&mut self) -> BoxFuture<'_, Result<(), EngineError>>;

    /// From now on it is a store like any other.
    fn finish(&mut self) -> BoxFuture<'_, Result<(), EngineError>>;
}

/// What there was before a copy began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// An unfinished copy of that source, which has come so far.
    There(Position),
    /// An unfinished copy of something else.
    Another,
    /// Other rows.
    NotEmpty,
}

/// How far a copy has come: all tables before this one are whole, and this one has so many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    pub(crate) table: usize,
    pub(crate) rows: u64,
}

impl Position {
    pub(crate) fn at(table: &str, rows: u64) -> Result<Self, EngineError> {
        let table = TABLES.iter().position(|known| known.name == table);
        Ok(Self {
            table: table.ok_or_else(|| EngineError::new("the copy has come to no table that is known"))?,
            rows,
        })
    }

    pub(crate) fn table(self) -> &'static Table {
        &TABLES[self.table]
    }

    /// After these rows.
    pub(crate) fn after(self, chunk: &Chunk) -> Self {
        let rows = chunk.rows.len() as u64;
        match chunk.table.name == self.table().name {
            true => Self { rows: self.rows + rows, ..self },
            false => Self { table: chunk.table.index(), rows },
        }
    }

    /// Where to go on from here: tables whose rows change though nobody writes are taken in anew. The tables that are to
    /// be emptied for that are the last ones.
    pub(crate) fn steady(self) -> (Self, &'static [Table]) {
        let restless = TABLES.iter().position(Table::is_restless).unwrap_or(TABLES.len());
        match self.table < restless {
            true => (self, &[]),
            false => (Self { table: restless, rows: 0 }, &TABLES[restless..]),
        }
    }

    /// How many rows of a table are there.
    fn rows_of(self, table: &Table) -> u64 {
        match table.index().cmp(&self.table) {
            std::cmp::Ordering::Less => u64::MAX,
            std::cmp::Ordering::Equal => self.rows,
            std::cmp::Ordering::Greater => 0,
        }
    }
}

/// What was asked of a source, a few thousand rows after another.
#[derive(Debug)]
pub struct Chunks(mpsc::Receiver<Result<Chunk, EngineError>>);

/// Chunks on their way: one that is being made and one that is being written, with one between them.
const UNDER_WAY: usize = 1;

impl Chunks {
    pub(crate) fn channel() -> (mpsc::Sender<Result<Chunk, EngineError>>, Self) {
        let (sender, receiver) = mpsc::channel(UNDER_WAY);
        (sender, Self(receiver))
    }

    async fn next(&mut self) -> Result<Option<Chunk>, EngineError> {
        self.0.recv().await.transpose()
    }
}
