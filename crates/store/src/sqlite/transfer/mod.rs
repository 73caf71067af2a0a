//! A file as a house to move out of, or into.

mod fill;
pub(super) mod read;
mod unfinished;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use directory::ports::BoxFuture;
use rusqlite::{Connection, TransactionBehavior};

use super::error::{Error, Result};
use super::lists;
use super::open::{Access, OpenError, Options, connect, open_and_migrate, open_to_read};
use super::open_files::OpenConnection;
use super::readers::in_transaction;
use crate::transfer::row::{Cell, Chunk};
use crate::transfer::tables::{TABLES, Table};
use crate::transfer::{Begun, Chunks, EngineError, Position, Source, Target};

pub(super) use unfinished::refuse;

/// Pages in the log of a file that is being filled from which it is copied back.
const CHECKPOINT_PAGES: u32 = 4_000;

/// A file whose rows are read out or taken in, while no engine need be running over it.
#[derive(Debug)]
pub struct TransferStore {
    path: PathBuf,
    options: Options,
    /// How it is read.
    access: Access,
    /// To write with.
    connection: Option<Arc<Mutex<OpenConnection>>>,
    position: Position,
}

impl TransferStore {
    /// A store to copy from. Others may go on working with it.
    pub fn source(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (connection, access) = match open_and_migrate(path, &options) {
            Ok(connection) => (connection, Access::Read),
            Err(error) if error.is_about_writing() => open_to_read(path, &options)?,
            Err(error) => return Err(error),
        };
        refuse(&connection, path)?;
        Ok(Self { path: path.to_owned(), options, access, connection: None, position: Position::default() })
    }

    /// A file to copy into, which is made if there is none.
    pub fn target(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let connection = open_and_migrate(path, &options)?;
        let own = connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES);
        own.map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })?;
        let connection = Some(Arc::new(Mutex::new(connection)));
        let access = Access::Read;
        Ok(Self { path: path.to_owned(), options, access, connection, position: Position::default() })
    }

    /// Writes all of it or nothing, away from the threads that other work is done on.
    async fn transact<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let not_open = || EngineError::new("the file was not opened to be written to");
        let connection = self.connection.clone().ok_or_else(not_open)?;
        let transact = move || -> Result<T, EngineError> {
            // A write that panicked left nothing behind but its transaction, which ended with it.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = write(&transaction)?;
            transaction.commit()?;
            Ok(written)
        };
        tokio::task::spawn_blocking(transact).await.map_err(EngineError::new)?
    }

    fn reader(&self) -> impl FnOnce() -> rusqlite::Result<OpenConnection> + Send + 'static {
        let (path, access, options) = (self.path.clone(), self.access, self.options.clone());
        move || connect(&path, access, &options)
    }
}

impl Source for TransferStore {
    fn count(&self) -> BoxFuture<'_, Result<u64, EngineError>> {
        let reader = self.reader();
        Box::pin(async move {
            let counted = tokio::task::spawn_blocking(move || -> Result<u64> {
                let reader = reader()?;
                in_transaction(&reader, |connection| {
                    TABLES.iter().map(|table| read::count(connection, table)).sum()
                })
            });
            Ok(counted.await.map_err(EngineError::new)??)
        })
    }

    fn read(&self, tables: &'static [Table]) -> Chunks {
        let reader = self.reader();
        let (sender, chunks) = Chunks::channel();
        tokio::task::spawn_blocking(move || {
            let send = |chunk| match sender.blocking_send(Ok(chunk)) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody wants to hear more.
                Err(_) => ControlFlow::Break(()),
            };
            let read = || {
                let reader = reader()?;
                in_transaction(&reader, |connection| portions_of(connection, tables, send))
            };
            if let Err(failure) = read() {
                sender.blocking_send(Err(EngineError::new(failure))).ok();
            }
        });
        chunks
    }
}

/// All rows of the tables, until somebody has seen enough.
fn portions_of(
    connection: &Connection,
    tables: &'static [Table],
    send: impl Fn(Chunk) -> ControlFlow<()>,
) -> Result<()> {
    for table in tables {
        let mut chunk = Chunk::new(table);
        let mut flow = ControlFlow::Continue(());
        read::each(connection, table, |row| {
            chunk.push(row.into_iter().map(Cell::into_owned).collect());
            if chunk.is_full() {
                flow = send(std::mem::replace(&mut chunk, Chunk::new(table)));
            }
            flow
        })?;
        if flow.is_break() || !chunk.rows.is_empty() && send(chunk).is_break() {
            break;
        }
    }
    Ok(())
}

impl Target for TransferStore {
    fn begin(&mut self, origin: String) -> BoxFuture<'_, Result<Begun, EngineError>> {
        Box::pin(async move {
            let begun = self.transact(move |connection| unfinished::begin(connection, &origin)).await?;
            if let Begun::There(position) = begun {
                self.position = position;
            }
            Ok(begun)
        })
    }

    fn write(&mut self, chunk: Chunk) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let (before, after) = (self.position, self.position.after(&chunk));
            let write = move |connection: &Connection| {
                unfinished::advance(connection, before, after)?;
                fill::fill(connection, &chunk)
            };
            self.transact(write).await?;
            self.position = after;
            Ok(())
        })
    }

    /// All else that is derived was made with the rows.
    fn complete(&mut self) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(self.transact(|connection| Ok(lists::build(connection)?)))
    }

    fn finish(&mut self) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(self.transact(unfinished::finish))
    }
}

impl From<Error> for EngineError {
    fn from(failure: Error) -> Self {
        Self::new(failure)
    }
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(error)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What is made anew from the rest, beside the tables of the search index and of lists.
    const DERIVED: [(&str, &str); 6] = [
        ("event", "previous"),
        ("person", "given"),
        ("person", "family"),
        ("person", "nickname"),
        ("person", "email"),
        ("person", "last_event"),
    ];

    /// Who adds a column adds it to the tables that move, or to what is derived.
    #[test]
    fn every_column_of_the_schema_moves_or_is_derived() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_and_migrate(&folder.path().join("a.db"), &Options::default()).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
                 WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'person_search%' AND t.name <> 'person_listed'",
            )
            .unwrap();
        let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let kept: BTreeSet<(String, String)> = pairs
            .map(Result::unwrap)
            .filter(|(table, column): &(String, String)| !DERIVED.contains(&(table, column)))
            .collect();
        let moved = TABLES.iter().flat_map(|table| {
            read::columns(table).map(|column| (table.name.to_owned(), column.trim_matches('"').to_owned()))
        });
        assert_eq!(kept, moved.collect());
    }
}
