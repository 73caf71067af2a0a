//! The schema's versions, each a plain SQL file compiled in.

use tokio_postgres::Client;

use super::connect::OpenError;

/// In order; the version of a schema is the number of files that were applied. A file that was released never changes.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_directory.sql")];

/// Applies what is missing, all of it or nothing. Several processes may do this at once.
pub(super) async fn run(client: &mut Client) -> Result<(), OpenError> {
    let transaction = client.transaction().await.map_err(OpenError::Postgres)?;
    for migration in MIGRATIONS {
        transaction.batch_execute(migration).await.map_err(OpenError::Postgres)?;
    }
    transaction.commit().await.map_err(OpenError::Postgres)
}
