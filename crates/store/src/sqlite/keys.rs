//! Keys: what people are found by, and what no two living people of a tenant share.

use std::collections::BTreeSet;

use directory::Refusal;
use directory::apply::Key;
use directory::ids::TenantId;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Result, WriteError};

/// The person, living, who has the key.
pub(super) fn holder(
    connection: &Connection,
    tenant: TenantId,
    source: &str,
    value: &str,
) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(HOLDER)?;
    Ok(statement.query_row(params![tenant.0, source, value], |row| row.get(0)).optional()?)
}

pub(super) const HOLDER: &str =
    "SELECT person FROM person_key WHERE tenant = ?1 AND source = ?2 AND value = ?3";

/// The person who left with the key.
pub(super) fn former_holder(connection: &Connection, tenant: TenantId, key: &Key) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(FORMER_HOLDER)?;
    Ok(statement.query_row(params![tenant.0, key.source, key.value], |row| row.get(0)).optional()?)
}

pub(super) const FORMER_HOLDER: &str =
    "SELECT person FROM former_key WHERE tenant = ?1 AND source = ?2 AND value = ?3";

/// Refuses keys that are someone else's.
pub(super) fn check_free<'k>(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    wanted: impl Iterator<Item = &'k Key>,
) -> Result<(), WriteError> {
    for key in wanted {
        let holder = holder(connection, tenant, &key.source, &key.value)?;
        if holder.is_some_and(|holder| holder != person) {
            return Err(Refusal::Taken { attribute: key.attribute() }.into());
        }
    }
    Ok(())
}

/// Writes what differs.
pub(super) fn replace(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    before: &BTreeSet<Key>,
    after: &BTreeSet<Key>,
) -> Result<()> {
    let mut remove = connection
        .prepare_cached("DELETE FROM person_key WHERE tenant = ?1 AND source = ?2 AND value = ?3")?;
    for key in before.difference(after) {
        remove.execute(params![tenant.0, key.source, key.value])?;
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO person_key (tenant, source, value, person) VALUES (?1, ?2, ?3, ?4)")?;
    for key in after.difference(before) {
        insert.execute(params![tenant.0, key.source, key.value, person])?;
    }
    Ok(())
}

/// Frees the keys of someone who leaves, and remembers the identities, should they come back.
/// Of two who left with the same, the later one is remembered.
pub(super) fn retire(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    keys: &BTreeSet<Key>,
) -> Result<()> {
    replace(connection, tenant, person, keys, &BTreeSet::new())?;
    let mut remember = connection.prepare_cached(
        "INSERT OR REPLACE INTO former_key (tenant, source, value, person) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for key in keys.iter().filter(|key| key.is_identity()) {
        remember.execute(params![tenant.0, key.source, key.value, person])?;
    }
    Ok(())
}

/// Forgets that someone left.
pub(super) fn forget_leaving(connection: &Connection, tenant: TenantId, person: i64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM former_key WHERE tenant = ?1 AND person = ?2")?
        .execute(params![tenant.0, person])?;
    Ok(())
}
