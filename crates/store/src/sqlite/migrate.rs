//! The schema's versions, each a plain SQL file compiled in.

use rusqlite::{Connection, TransactionBehavior};

use super::refold;

/// In order; the version of a schema is the number of files that were applied. A file that was released never changes.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/0001_directory.sql"),
    SEARCH_ACCENTS,
    include_str!("migrations/0003_access.sql"),
];

/// Followed by a step that SQL cannot do.
const SEARCH_ACCENTS: &str = include_str!("migrations/0002_search_accents.sql");

/// The version of the schema that this program works with.
pub(super) const KNOWN: u32 = MIGRATIONS.len() as u32;

/// Whether the file has the present schema. The inner error is the version found and the one known.
pub(super) fn found(connection: &Connection) -> rusqlite::Result<std::result::Result<(), (u32, u32)>> {
    let found = version(connection)?;
    Ok(if found == KNOWN { Ok(()) } else { Err((found, KNOWN)) })
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Applies what is missing, all of it or nothing. Several processes may do this at once.
/// The inner error is a schema of a later version than is known: the one found and the last known.
pub(super) fn run(
    connection: &mut Connection,
    application: i32,
) -> rusqlite::Result<std::result::Result<(), (u32, u32)>> {
    let known = KNOWN;
    if version(connection)? == known {
        return Ok(Ok(()));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Another process may have done it while this one waited.
    let found = version(&transaction)?;
    if found > known {
        return Ok(Err((found, known)));
    }
    for migration in MIGRATIONS.into_iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
        if migration == SEARCH_ACCENTS {
            refold::run(&transaction)?;
        }
    }
    transaction.pragma_update(None, "application_id", application)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(Ok(()))
}
