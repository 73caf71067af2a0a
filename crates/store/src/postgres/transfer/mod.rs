//! A database as a house to move out of, or into.

mod fill;
pub(super) mod read;
mod unfinished;

use directory::ports::BoxFuture;
use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::connect::{Address, OpenError, describe};
use super::error::Error;
use super::{lists, migrate};
use crate::transfer::row::{Cell, Chunk};
use crate::transfer::tables::{TABLES, Table};
use crate::transfer::{Begun, Chunks, EngineError, Position, Source, Target};

pub(super) use unfinished::refuse;

/// Everything is read, which takes its time. Set for the transaction alone, as a pooler hands the connection on.
const READING: &str = "SET LOCAL statement_timeout TO 0; SET LOCAL jit TO off;
    SET LOCAL idle_in_transaction_session_timeout TO 0";

/// What is lost with the server is copied again, so nobody need wait for each portion to be on disk; the last commit
/// waits for all of them.
const FILLING: &str = "SET LOCAL statement_timeout TO 0; SET LOCAL synchronous_commit TO off";

/// A database whose rows are read out or taken in, while no engine need be running over it.
#[derive(Debug)]
pub struct TransferStore {
    address: Address,
    /// To write with.
    client: Option<Client>,
    position: Position,
}

impl TransferStore {
    /// A store to copy from. Others may go on working with it.
    pub async fn source(address: Address) -> Result<Self, OpenError> {
        let mut client = address.connect("").await?;
        migrate::run(&mut client).await?;
        refuse(&client).await?;
        Ok(Self::at(address))
    }

    /// What is known to be a store.
    pub(super) fn at(address: Address) -> Self {
        Self { address, client: None, position: Position::default() }
    }

    /// A database to copy into, where the tables are made if there are none.
    pub async fn target(address: Address) -> Result<Self, OpenError> {
        let mut client = address.connect("").await?;
        migrate::run(&mut client).await?;
        Ok(Self { address, client: Some(client), position: Position::default() })
    }

    /// To be committed by whoever wrote.
    async fn begin(&mut self) -> Result<Transaction<'_>, EngineError> {
        let not_open = || EngineError::new("the database was not opened to be written to");
        let transaction = self.client.as_mut().ok_or_else(not_open)?.transaction().await?;
        transaction.batch_execute(FILLING).await?;
        Ok(transaction)
    }
}

/// A transaction in which everything is as it is at one moment.
pub(super) async fn snapshot(client: &mut Client) -> Result<Transaction<'_>, tokio_postgres::Error> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let transaction = transaction.read_only(true).start().await?;
    transaction.batch_execute(READING).await?;
    Ok(transaction)
}

impl Source for TransferStore {
    fn count(&self) -> BoxFuture<'_, Result<u64, EngineError>> {
        Box::pin(async move {
            let mut client = self.address.connect("").await?;
            let transaction = snapshot(&mut client).await?;
            let mut rows = 0;
            for table in &TABLES {
                rows += read::count(&transaction, table).await?;
            }
            Ok(rows)
        })
    }

    fn read(&self, tables: &'static [Table]) -> Chunks {
        let (sender, chunks) = Chunks::channel();
        let address = self.address.clone();
        tokio::spawn(async move {
            if let Err(cause) = send_all(&address, tables, &sender).await {
                sender.send(Err(cause)).await.ok();
            }
        });
        chunks
    }
}

/// All rows of the tables, until nobody wants to hear more.
async fn send_all(
    address: &Address,
    tables: &'static [Table],
    sender: &Sender<Result<Chunk, EngineError>>,
) -> Result<(), EngineError> {
    let mut client = address.connect("").await?;
    let transaction = snapshot(&mut client).await?;
    for table in tables {
        let mut rows = std::pin::pin!(read::rows(&transaction, table).await?);
        let mut chunk = Chunk::new(table);
        while let Some(row) = rows.try_next().await? {
            chunk.push(read::cells(table, &row)?.into_iter().map(Cell::into_owned).collect());
            if chunk.is_full() {
                let full = std::mem::replace(&mut chunk, Chunk::new(table));
                if sender.send(Ok(full)).await.is_err() {
                    return Ok(());
                }
            }
        }
        if !chunk.rows.is_empty() && sender.send(Ok(chunk)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Target for TransferStore {
    fn begin(&mut self, origin: String) -> BoxFuture<'_, Result<Begun, EngineError>> {
        Box::pin(async move {
            let transaction = self.begin().await?;
            let begun = unfinished::begin(&transaction, &origin).await?;
            transaction.commit().await?;
            if let Begun::There(position) = begun {
                self.position = position;
            }
            Ok(begun)
        })
    }

    fn write(&mut self, chunk: Chunk) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let (before, after) = (self.position, self.position.after(&chunk));
            let transaction = self.begin().await?;
            unfinished::advance(&transaction, before, after).await?;
            fill::fill(&transaction, &chunk).await?;
            transaction.commit().await?;
            self.position = after;
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let transaction = self.begin().await?;
            unfinished::make_indexes(&transaction).await?;
            lists::build(&transaction).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn finish(&mut self) -> BoxFuture<'_, Result<(), EngineError>> {
        Box::pin(async move {
            let transaction = self.begin().await?;
            unfinished::finish(&transaction).await?;
            Ok(transaction.commit().await?)
        })
    }
}

impl From<tokio_postgres::Error> for EngineError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(describe(&error))
    }
}

impl From<Error> for EngineError {
    fn from(failure: Error) -> Self {
        Self::new(failure)
    }
}

impl From<super::connect::ConnectError> for EngineError {
    fn from(error: super::connect::ConnectError) -> Self {
        Self::new(error)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Who adds a column adds it to the tables that move, or to what is made anew from the rest.
    #[tokio::test]
    async fn every_column_of_the_schema_moves_or_is_derived() {
        let database = testkit::postgres::database();
        let address = Address::parse(database.url()).unwrap();
        let mut client = address.connect("").await.unwrap();
        migrate::run(&mut client).await.unwrap();
        let rows = client
            .query(
                "SELECT table_name::text, column_name::text FROM information_schema.columns
                 WHERE table_schema = current_schema()
                     AND table_name NOT IN ('counter', 'person_listed', 'person_order', 'person_search',
                         'personae_schema')",
                &[],
            )
            .await
            .unwrap();
        let kept: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let moved = TABLES.iter().flat_map(|table| {
            let columns =
                table.columns.iter().map(|(column, _)| ((*table.name).to_owned(), (*column).to_owned()));
            // Rows of the counter.
            columns.filter(|(table, column)| table != "tenant" || !column.starts_with("last_"))
        });
        assert_eq!(kept, moved.collect());
    }
}
