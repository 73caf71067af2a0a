//! How the engine runs what is asked of it rarely, or one page at a time: on a connection of its own, not in a batch.

use directory::Refusal;
use directory::ids::TenantId;
use directory::store::Unavailable;
use tokio::time::timeout;
use tracing::error;

use super::error::{Error, Result, WriteError};
use super::pool::Session;
use super::settings::{A_WHILE, AT_ONCE};
use super::{Available, Postgres};

impl Postgres {
    /// Looks something small up, without which no request is served.
    pub(super) async fn query_small<T, F: Future<Output = Result<T>>>(
        &self,
        query: impl Fn(Session) -> F,
    ) -> Available<T> {
        available(self.shared.scanners.read(AT_ONCE, query).await)
    }

    /// Reads on a connection of its own.
    pub(super) async fn query<T, F: Future<Output = Result<T>>>(
        &self,
        tenant: Option<TenantId>,
        query: impl Fn(Session) -> F,
    ) -> Available<T> {
        let _place = self.shared.scans.take(tenant).await.ok_or(Unavailable)?;
        available(self.shared.scanners.read(A_WHILE, query).await)
    }

    /// A transaction of its own, for what is written rarely. It is tried again when a lost race undid it.
    pub(super) async fn write_or_refuse<T, F: Future<Output = Result<T, WriteError>>>(
        &self,
        write: impl Fn(Session) -> F,
    ) -> std::result::Result<T, Refusal> {
        self.write_or_stop(Refusal::Unavailable, write).await
    }

    /// The same with a refusal of any type.
    pub(super) async fn write_or_stop<T, R, F: Future<Output = Result<T, WriteError<R>>>>(
        &self,
        unavailable: R,
        write: impl Fn(Session) -> F,
    ) -> std::result::Result<T, R> {
        let mut tries = 0;
        loop {
            tries += 1;
            let done = async {
                // Not where others read: a commit may take as long as a standby is away. Whoever is given up on keeps the
                // connection, which is not used again.
                let session = self.shared.writers.borrow().await?;
                let written = timeout(AT_ONCE, session.transaction(&write)).await;
                written.unwrap_or_else(|_| Err(Error::InDoubt(None).into()))
            };
            return match done.await {
                Ok(done) => Ok(done),
                Err(WriteError::Refused(refusal)) => Err(refusal),
                Err(WriteError::Failed(failure)) if failure.is_passing() && tries < 4 => continue,
                Err(WriteError::Failed(failure)) => {
                    error!(%failure, "a write failed");
                    Err(unavailable)
                }
            };
        }
    }

    pub(super) async fn write<T, F: Future<Output = Result<T>>>(
        &self,
        write: impl Fn(Session) -> F,
    ) -> Available<T> {
        let written = self.write_or_refuse(|session| async { Ok(write(session).await?) }).await;
        written.map_err(|_| Unavailable)
    }
}

/// Where a failure is logged.
pub(super) fn available<T>(result: Result<T>) -> Available<T> {
    result.map_err(|failure| {
        error!(%failure, "a read failed");
        Unavailable
    })
}
