//! A database as a house to move out of, or into.

mod fill;
pub(super) mod read;
mod unfinished;

use directory::ports::Answer;
use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::connect::{Address, OpenError, describe};
use super::failure::Failure;
use super::migrate;
use crate::house::row::{Cell, Portion};
use crate::house::tables::{TABLES, Table};
use crate::house::{Begun, Cause, Portions, Position, Source, Target};

pub(super) use unfinished::refuse;

/// Everything is read, which takes its time.
pub(super) const SETTINGS: &str = "-c statement_timeout=0 -c jit=off";

/// What is lost with the server is copied again, so nobody need wait for each portion to be on disk; the last commit
/// waits for all of them.
const FILLING: &str = "SET synchronous_commit TO off; SET statement_timeout TO 0";

/// A database whose rows are read out or taken in, while no engine need be running over it.
#[derive(Debug)]
pub struct House {
    address: Address,
    /// To write with.
    client: Option<Client>,
    position: Position,
}

impl House {
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
        client.batch_execute(FILLING).await.map_err(OpenError::Postgres)?;
        Ok(Self { address, client: Some(client), position: Position::default() })
    }

    /// To be committed by whoever wrote.
    async fn begin(&mut self) -> Result<Transaction<'_>, Cause> {
        let not_open = || Cause::new("the database was not opened to be written to");
        Ok(self.client.as_mut().ok_or_else(not_open)?.transaction().await?)
    }
}

/// A transaction in which everything is as it is at one moment.
pub(super) async fn snapshot(client: &mut Client) -> Result<Transaction<'_>, tokio_postgres::Error> {
    client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true).start().await
}

impl Source for House {
    fn count(&self) -> Answer<'_, Result<u64, Cause>> {
        Box::pin(async move {
            let mut client = self.address.connect(SETTINGS).await?;
            let transaction = snapshot(&mut client).await?;
            let mut rows = 0;
            for table in &TABLES {
                rows += read::count(&transaction, table).await?;
            }
            Ok(rows)
        })
    }

    fn read(&self, tables: &'static [Table]) -> Portions {
        let (sender, portions) = Portions::channel();
        let address = self.address.clone();
        tokio::spawn(async move {
            if let Err(cause) = send_all(&address, tables, &sender).await {
                sender.send(Err(cause)).await.ok();
            }
        });
        portions
    }
}

/// All rows of the tables, until nobody wants to hear more.
async fn send_all(
    address: &Address,
    tables: &'static [Table],
    sender: &Sender<Result<Portion, Cause>>,
) -> Result<(), Cause> {
    let mut client = address.connect(SETTINGS).await?;
    let transaction = snapshot(&mut client).await?;
    for table in tables {
        let mut rows = std::pin::pin!(read::rows(&transaction, table).await?);
        let mut portion = Portion::new(table);
        while let Some(row) = rows.try_next().await? {
            portion.push(read::cells(table, &row)?.into_iter().map(Cell::into_owned).collect());
            if portion.is_full() {
                let full = std::mem::replace(&mut portion, Portion::new(table));
                if sender.send(Ok(full)).await.is_err() {
                    return Ok(());
                }
            }
        }
        if !portion.rows.is_empty() && sender.send(Ok(portion)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Target for House {
    fn begin(&mut self, origin: String) -> Answer<'_, Result<Begun, Cause>> {
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

    fn write(&mut self, portion: Portion) -> Answer<'_, Result<(), Cause>> {
        Box::pin(async move {
            let (before, after) = (self.position, self.position.after(&portion));
            let transaction = self.begin().await?;
            unfinished::advance(&transaction, before, after).await?;
            fill::fill(&transaction, &portion).await?;
            transaction.commit().await?;
            self.position = after;
            Ok(())
        })
    }

    fn complete(&mut self) -> Answer<'_, Result<(), Cause>> {
        Box::pin(async move {
            let transaction = self.begin().await?;
            unfinished::make_indexes(&transaction).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn finish(&mut self) -> Answer<'_, Result<(), Cause>> {
        Box::pin(async move {
            let transaction = self.begin().await?;
            unfinished::finish(&transaction).await?;
            Ok(transaction.commit().await?)
        })
    }
}

impl From<tokio_postgres::Error> for Cause {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(describe(&error))
    }
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Self {
        Self::new(failure)
    }
}

impl From<super::connect::ConnectError> for Cause {
    fn from(error: super::connect::ConnectError) -> Self {
        Self::new(error)
    }
}
