//! Whether something can be written, which readiness asks.

use super::Shared;
use super::error::{self, Error, Result};
use super::pool::Session;

/// Commits a transaction that changes nothing, and yet is written to the server's log and confirmed as any other is.
pub(super) async fn run(shared: &Shared) -> Result<bool> {
    const WRITE: &str = "
        SELECT current_setting('transaction_read_only') = 'off',
            pg_logical_emit_message(true, 'personae', 'readiness')::text";
    let write = async |session: Session| {
        let row = session.query_opt(WRITE, &[]).await?;
        row.map_or(Ok(false), |row| Ok(row.try_get(0)?))
    };
    let session = shared.trials.borrow().await?;
    match session.transaction(write).await {
        // The connection was lost since the last trial.
        Err(Error::Database(error)) if error::is_lost(&error) => {
            drop(session);
            shared.trials.borrow().await?.transaction(write).await
        }
        outcome => outcome,
    }
}
