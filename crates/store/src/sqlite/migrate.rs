//! The schema's versions, each a plain SQL file compiled in.

use rusqlite::{Connection, TransactionBehavior};

/// In order; the version of a schema is the number of files that were applied. A file that was released never changes.
const MIGRATIONS: [&str; 2] =
    [include_str!("migrations/0001_directory.sql"), include_str!("migrations/0002_access.sql")];

/// Applies what is missing, all of it or nothing. Several processes may do this at once.
/// The inner error is a schema of a later version than is known: the one found and the last known.
pub(super) fn run(
    connection: &mut Connection,
    application: i32,
) -> rusqlite::Result<std::result::Result<(), (u32, u32)>> {
    let known = MIGRATIONS.len() as u32;
    let version =
        |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0));
    let found = version(connection)?;
    if found == known {
        return Ok(Ok(()));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have done it while this one waited.
    let found = version(&transaction)?;
    if found > known {
        return Ok(Err((found, known)));
    }
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", application)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(Ok(()))
}
