//! The schema's versions, each a plain SQL file compiled in.

use rusqlite::{Connection, TransactionBehavior};

use super::{lists, refold};

/// In order; the version of a schema is the number of files that were applied. A file that was released never changes.
const MIGRATIONS: [&str; 16] = [
    include_str!("migrations/0001_directory.sql"),
    include_str!("migrations/0002_access.sql"),
    include_str!("migrations/0003_signing_keys.sql"),
    SEARCH_ACCENTS,
    include_str!("migrations/0005_entities.sql"),
    LISTS,
    include_str!("migrations/0007_messages.sql"),
    include_str!("migrations/0008_rotation.sql"),
    include_str!("migrations/0009_organizations.sql"),
    REPLAY,
    include_str!("migrations/0011_grants.sql"),
    include_str!("migrations/0012_roles.sql"),
    include_str!("migrations/0013_invitations.sql"),
    include_str!("migrations/0014_credentials.sql"),
    include_str!("migrations/0015_customers.sql"),
    include_str!("migrations/0016_labels.sql"),
];

/// Followed by a step that SQL cannot do.
const SEARCH_ACCENTS: &str = include_str!("migrations/0004_search_accents.sql");

/// Likewise.
const LISTS: &str = include_str!("migrations/0006_lists.sql");

/// Likewise, for what it lists people by in addition.
const REPLAY: &str = include_str!("migrations/0010_replay.sql");

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
    let mut builds_lists = false;
    for migration in MIGRATIONS.into_iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
        if migration == SEARCH_ACCENTS {
            refold::run(&transaction)?;
        }
        builds_lists |= migration == LISTS || migration == REPLAY;
    }
    // Once, with the fields of today, which the columns of an earlier version do not have.
    if builds_lists {
        lists::build(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", application)?;
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_the_first_version_keeps_its_keys_and_limits() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO signing_key (id, algorithm, secret, created_at) VALUES ('k', 'HS256', x'07', 5);
                 INSERT INTO credential (tenant, id, organization, dialect, name, public_id, keys, scopes,
                     rate_limit, created_at)
                 VALUES (1, x'01', 1, 'relesys', '', 'a', '[]', '[]', 100, 0),
                     (1, x'02', 1, 'relesys', '', 'b', '[]', '[]', NULL, 0),
                     (1, x'03', 1, 'relesys', '', 'c', '[]', '[]', 7, 0),
                     (1, x'04', 1, 'replay', '', 'd', '[]', '[]', NULL, 0),
                     (1, x'05', 1, 'replay', '', 'e', '[]', '[]', 100, 0);",
            )
            .unwrap();
        run(&mut connection, 0).unwrap().unwrap();
        let row = "SELECT id, secret, created_at, encrypted_with IS NULL AND retired_at IS NULL AND expires_at IS NULL
            FROM signing_key WHERE algorithm = 'HS256'";
        let key: (String, Vec<u8>, i64, bool) = connection
            .query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap();
        assert_eq!(key, ("k".to_owned(), vec![7], 5, true));
        let mut statement = connection.prepare("SELECT rate_limit FROM credential ORDER BY id").unwrap();
        let limits = statement.query_map([], |row| row.get::<_, Option<i64>>(0)).unwrap();
        let limits: Vec<Option<i64>> = limits.map(Result::unwrap).collect();
        assert_eq!(limits, [None, Some(0), Some(7), None, Some(100)]);
    }
}
