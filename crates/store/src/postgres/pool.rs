//! Connections, kept open and borrowed by one task at a time.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{maybe_done, poll_fn};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::connect::Address;
use super::error::{Error, Result};

/// How long somebody waits for a connection that others use, before the store counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Statements with texts put together that a connection keeps.
const COMPOSED: usize = 200;

/// What is done after every new connection: it may lead to another server than the last one did, which need not know all
/// that the other one did.
pub(super) type Forget = Arc<dyn Fn() + Send + Sync>;

pub(super) struct Pool {
    address: Address,
    settings: &'static str,
    forget: Forget,
    places: Semaphore,
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// Connections are made when they are first needed.
    pub(super) fn new(address: Address, settings: &'static str, forget: Forget, size: usize) -> Self {
        let places = Semaphore::new(size.max(1));
        Self { address, settings, forget, places, idle: Mutex::default() }
    }

    pub(super) async fn borrow(&self) -> Result<Borrowed<'_>> {
        let place = timeout(TIMEOUT, self.places.acquire()).await;
        let place = place.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        let session = match self.idle() {
            Some(session) => session,
            None => {
                let client = self.address.connect(self.settings).await?;
                (self.forget)();
                Session::new(client)
            }
        };
        Ok(Borrowed { pool: self, session, _place: place })
    }

    /// Runs something that only reads, and once more on a new connection when the old one turns out to be dead.
    ///
    /// It may take that long. The server gives up before that, unless it does nothing at all.
    pub(super) async fn read<T, F: Future<Output = Result<T>>>(
        &self,
        patience: Duration,
        read: impl Fn(Session) -> F,
    ) -> Result<T> {
        match self.read_once(patience, &read).await {
            Err(failure) if failure.is_lost() => self.read_once(patience, &read).await,
            outcome => outcome,
        }
    }

    async fn read_once<T, F: Future<Output = Result<T>>>(
        &self,
        patience: Duration,
        read: impl Fn(Session) -> F,
    ) -> Result<T> {
        let session = self.borrow().await?;
        // Whoever stops waiting leaves a connection behind on which an answer is still to come.
        session.set_busy(true);
        let outcome = timeout(patience, read(session.clone())).await.map_err(|_| Error::NoAnswer)?;
        session.set_busy(false);
        outcome
    }

    fn idle(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // After a failover all of them are dead at once.
        idle.retain(|session| !session.client().is_closed());
        idle.pop()
    }
}

/// A connection for as long as it is held. It goes back to the pool unless it is in the middle of something.
pub(super) struct Borrowed<'p> {
    pool: &'p Pool,
    session: Session,
    _place: SemaphorePermit<'p>,
}

impl Deref for Borrowed<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        if !self.session.0.is_busy.load(Ordering::Relaxed) && !self.session.client().is_closed() {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(self.session.clone());
        }
    }
}

/// A connection with its prepared statements.
#[derive(Clone)]
pub(super) struct Session(Arc<Connection>);

struct Connection {
    client: Client,
    /// By where the text of the statement lies.
    statements: Mutex<HashMap<usize, Statement>>,
    /// By their texts, which are put together when they are needed.
    composed: Mutex<HashMap<String, Statement>>,
    /// In a transaction, or with an answer not yet read to its end. Who is dropped like that is not used again, and the
    /// server undoes what was not committed.
    is_busy: AtomicBool,
}

impl Session {
    fn new(client: Client) -> Self {
        let is_busy = AtomicBool::new(false);
        let (statements, composed) = Default::default();
        Self(Arc::new(Connection { client, statements, composed, is_busy }))
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn set_busy(&self, is_busy: bool) {
        self.0.is_busy.store(is_busy, Ordering::Relaxed);
    }

    pub(super) async fn prepared(&self, sql: &'static str) -> Result<Statement> {
        let place = sql.as_ptr() as usize;
        let statements = || self.0.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = statements().get(&place) {
            return Ok(statement.clone());
        }
        let statement = self.0.client.prepare(sql).await?;
        statements().insert(place, statement.clone());
        Ok(statement)
    }

    /// The same for a text that is put together. When there are too many of those, they begin anew.
    pub(super) async fn prepared_text(&self, sql: &str) -> Result<Statement> {
        let composed = || self.0.composed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = composed().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.0.client.prepare(sql).await?;
        let mut composed = composed();
        if composed.len() >= COMPOSED {
            composed.clear();
        }
        composed.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let statement = self.prepared(sql).await?;
        Ok(self.0.client.query(&statement, parameters).await?)
    }

    pub(super) async fn query_opt(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>> {
        let statement = self.prepared(sql).await?;
        Ok(self.0.client.query_opt(&statement, parameters).await?)
    }

    /// Answers with the number of rows touched.
    pub(super) async fn execute(&self, sql: &'static str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let statement = self.prepared(sql).await?;
        Ok(self.0.client.execute(&statement, parameters).await?)
    }

    /// Runs in a transaction, which is committed when all went well and undone otherwise.
    pub(super) async fn transaction<T, E: From<Error>, F: Future<Output = Result<T, E>>>(
        &self,
        run: impl FnOnce(Self) -> F,
    ) -> Result<T, E> {
        let database = |error| E::from(Error::Database(error));
        self.set_busy(true);
        self.0.client.batch_execute("BEGIN").await.map_err(database)?;
        let outcome = run(self.clone()).await;
        if outcome.is_ok() {
            let committed = self.0.client.batch_execute("COMMIT").await;
            committed.map_err(|error| E::from(Error::of_commit(error)))?;
        } else {
            self.0.client.batch_execute("ROLLBACK").await.map_err(database)?;
        }
        self.set_busy(false);
        outcome
    }
}

/// Polls them in their order, so that statements are sent one behind the other without waiting for answers in between.
pub(super) async fn in_order<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| Box::pin(maybe_done(future))).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for future in &mut futures {
            is_done &= future.as_mut().poll(context).is_ready();
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.iter_mut().filter_map(|future| future.as_mut().take_output()).collect()
}
