//! The schema's versions, each a plain SQL file compiled in.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, GenericClient, IsolationLevel};

use super::connect::{OLDEST, OpenError};
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

/// A row for each file that was applied.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS personae_schema (
        version integer PRIMARY KEY,
        applied_at timestamptz NOT NULL
    )";

/// Held by whoever changes the schema: "personae" in ASCII.
const LOCK: i64 = 0x7065_7273_6f6e_6165;

/// Applies what is missing, all of it or nothing. Several processes may do this at once. When nothing is missing, nothing
/// is written, so that a user who may make no tables can serve.
pub(super) async fn run(client: &mut Client) -> Result<(), OpenError> {
    let place = Place::look(client).await?;
    let known = MIGRATIONS.len() as u32;
    if place.version(client).await? == Some(known) {
        return Ok(());
    }
    // Whoever waited for the lock must see what was done meanwhile, so each statement has a snapshot of its own.
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await;
    let transaction = transaction.map_err(OpenError::Postgres)?;
    let lock = format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({LOCK})"
    );
    transaction.batch_execute(&lock).await.map_err(OpenError::Postgres)?;
    let found = place.version(&transaction).await?.unwrap_or_default();
    let make_tables = |error| place.explain(error, "make tables");
    transaction.batch_execute(VERSIONS).await.map_err(make_tables)?;
    let mut builds_lists = false;
    for (version, migration) in (1..).zip(MIGRATIONS).skip(found as usize) {
        transaction.batch_execute(migration).await.map_err(make_tables)?;
        if migration == SEARCH_ACCENTS {
            refold::run(&transaction).await.map_err(make_tables)?;
        }
        builds_lists |= migration == LISTS || migration == REPLAY;
        let applied = format!("INSERT INTO personae_schema (version, applied_at) VALUES ({version}, now())");
        transaction.batch_execute(&applied).await.map_err(make_tables)?;
    }
    // Once, with the fields of today, which the columns of an earlier version do not have.
    if builds_lists {
        lists::build(&transaction).await.map_err(make_tables)?;
    }
    transaction.commit().await.map_err(OpenError::Postgres)
}

/// Whether there is a store already, of whatever known version.
pub(super) async fn is_done(client: &Client) -> Result<bool, OpenError> {
    let place = Place::look(client).await?;
    Ok(place.version(client).await?.is_some())
}

/// Where the tables are, or are to be: the first schema of the search path.
struct Place {
    schema: String,
    user: String,
}

impl Place {
    /// Refuses a server that cannot hold a store.
    async fn look(client: &Client) -> Result<Self, OpenError> {
        let row = client
            .query_typed_one(
                "SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
                        current_setting('server_encoding'), current_schema()::text, current_user::text,
                        current_setting('synchronous_commit')",
                &[],
            )
            .await
            .map_err(OpenError::Postgres)?;
        if row.get::<_, i32>(0) / 10_000 < OLDEST {
            return Err(OpenError::TooOld { found: row.get(1) });
        }
        match row.get::<_, &str>(2) {
            "UTF8" => {}
            found => return Err(OpenError::Encoding { found: found.to_owned() }),
        }
        if row.get::<_, &str>(5) == "off" {
            tracing::warn!(
                "the database acknowledges what is not on its disk yet: synchronous_commit is off there"
            );
        }
        let schema: Option<String> = row.get(3);
        Ok(Self { schema: schema.ok_or(OpenError::NoSchema)?, user: row.get(4) })
    }

    /// The version of the schema, if there is one. Refuses one that is newer, or another program's.
    async fn version(&self, client: &impl GenericClient) -> Result<Option<u32>, OpenError> {
        // Our own table comes first. What belongs to an extension is nobody's.
        let table = client
            .query_typed(
                "SELECT c.relname::text
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND NOT EXISTS (
                     SELECT FROM pg_depend d
                     WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
                 ORDER BY c.relname <> 'personae_schema', c.relname
                 LIMIT 1",
                &[],
            )
            .await
            .map_err(OpenError::Postgres)?;
        match table.first().map(|row| row.get::<_, &str>(0)) {
            None => return Ok(None),
            Some("personae_schema") => {}
            Some(table) => {
                return Err(OpenError::Foreign { schema: self.schema.clone(), table: table.to_owned() });
            }
        }
        let last = client.query_typed("SELECT max(version) FROM personae_schema", &[]).await;
        let last = last.map_err(|error| self.explain(error, "read the tables"))?;
        let found = last.first().and_then(|row| row.get::<_, Option<i32>>(0)).unwrap_or_default();
        let (found, known) = (u32::try_from(found).unwrap_or_default(), MIGRATIONS.len() as u32);
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        Ok(Some(found))
    }

    fn explain(&self, error: tokio_postgres::Error, what: &'static str) -> OpenError {
        match error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            true => OpenError::NotAllowed { user: self.user.clone(), schema: self.schema.clone(), what },
            false => OpenError::Postgres(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::Address;

    #[tokio::test]
    async fn a_store_of_the_first_version_keeps_its_keys_and_limits() {
        let database = testkit::postgres::database();
        let mut client = Address::parse(database.url()).unwrap().connect("").await.unwrap();
        for sql in [
            VERSIONS,
            MIGRATIONS[0],
            "INSERT INTO personae_schema (version, applied_at) VALUES (1, now());
             INSERT INTO signing_key (id, algorithm, secret, created_at) VALUES ('k', 'HS256', '\\x07', now());
             INSERT INTO credential (tenant, id, organization, dialect, name, public_id, keys, scopes, rate_limit,
                 created_at)
             VALUES (1, '00000000-0000-0000-0000-000000000001', 1, 'relesys', '', 'a', '[]', '[]', 100, now()),
                 (1, '00000000-0000-0000-0000-000000000002', 1, 'relesys', '', 'b', '[]', '[]', NULL, now()),
                 (1, '00000000-0000-0000-0000-000000000003', 1, 'relesys', '', 'c', '[]', '[]', 7, now()),
                 (1, '00000000-0000-0000-0000-000000000004', 1, 'replay', '', 'd', '[]', '[]', NULL, now()),
                 (1, '00000000-0000-0000-0000-000000000005', 1, 'replay', '', 'e', '[]', '[]', 100, now());",
        ] {
            client.batch_execute(sql).await.unwrap();
        }
        run(&mut client).await.unwrap();
        let row = "SELECT id, secret, encrypted_with IS NULL AND retired_at IS NULL AND expires_at IS NULL
            FROM signing_key WHERE algorithm = 'HS256'";
        let row = client.query_one(row, &[]).await.unwrap();
        let key: (&str, &[u8], bool) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(key, ("k", &[7][..], true));
        let rows = client.query("SELECT rate_limit FROM credential ORDER BY id", &[]).await.unwrap();
        let limits: Vec<Option<i64>> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(limits, [None, Some(0), Some(7), None, Some(100)]);
    }
}
