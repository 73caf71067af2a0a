//! What people are listed by: for each organization that they are a member of, an entry of each field.

use directory::Person;
use directory::ids::TenantId;
use rusqlite::{Connection, ToSql, params};

use super::failure::Result;
use super::load::{self, OrganizationNumber};
use super::sql;
use crate::form::listing::{columns, entries, have_columns_changed, moves};
use crate::sql::{Cell, Sql};

/// What somebody who becomes a member is listed by there.
pub(super) fn add(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    pk: i64,
    person: &Person,
) -> Result<()> {
    write_columns(connection, pk, person)?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO person_order (tenant, organization, field, value, id, person)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (field, value) in entries(person) {
        insert.execute(params![tenant.0, organization, field, value, person.id.0.as_bytes(), pk])?;
    }
    Ok(())
}

fn write_columns(connection: &Connection, pk: i64, person: &Person) -> rusqlite::Result<()> {
    let columns = columns(person);
    let mut values: Vec<&dyn ToSql> = vec![&pk];
    values.extend(columns.iter().map(|cell| cell as &dyn ToSql));
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO person_listed (pk, full_name, user_name, email_address, second_email, title,
                external_id, data_source, birth_date, employment_start, employment_end)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(&values[..])?;
    Ok(())
}

/// Takes the entries of somebody who was a member away.
pub(super) fn remove(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    person: &Person,
) -> Result<()> {
    let mut delete = connection.prepare_cached(DELETE)?;
    for (field, value) in entries(person) {
        delete.execute(params![tenant.0, organization, field, value, person.id.0.as_bytes()])?;
    }
    Ok(())
}

pub(super) const DELETE: &str = "
    DELETE FROM person_order
    WHERE tenant = ?1 AND organization = ?2 AND field = ?3 AND value = ?4 AND id = ?5";

/// Somebody who is no member anywhere is not listed at all.
pub(super) fn forget(connection: &Connection, pk: i64) -> Result<()> {
    connection.prepare_cached(FORGET)?.execute(params![pk])?;
    Ok(())
}

pub(super) const FORGET: &str = "DELETE FROM person_listed WHERE pk = ?1";

/// Lists a person by the new values, in every organization.
pub(super) fn change(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    before: &Person,
    after: &Person,
) -> Result<()> {
    if have_columns_changed(before, after) {
        write_columns(connection, pk, after)?;
    }
    let moves: Vec<_> = moves(before, after).collect();
    let mut organizations = connection.prepare_cached(ORGANIZATIONS)?;
    let mut move_entry = connection.prepare_cached(MOVE)?;
    let mut rows = organizations.query(params![tenant.0, pk])?;
    while let Some(row) = rows.next()? {
        let organization: OrganizationNumber = row.get(0)?;
        for (field, before, after_value) in &moves {
            let id = after.id.0.as_bytes();
            move_entry.execute(params![tenant.0, organization, field, before, id, after_value])?;
        }
    }
    Ok(())
}

pub(super) const ORGANIZATIONS: &str =
    "SELECT organization FROM membership WHERE tenant = ?1 AND person = ?2 AND deleted_at IS NULL";
pub(super) const MOVE: &str = "
    UPDATE person_order SET value = ?6
    WHERE tenant = ?1 AND organization = ?2 AND field = ?3 AND value = ?4 AND id = ?5";

/// Whether a person is listed by what they have, wherever they are a member; and how many entries that takes.
pub(super) fn check(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    person: &Person,
) -> Result<(bool, i64)> {
    let found = sql::run(Sql::query(connection, LISTED, &[Cell::Integer(pk)]))?;
    let mut is_listed = found.len() == 1 && found[0] == columns(person);
    let mut count = 0;
    let mut organizations = connection.prepare_cached(ORGANIZATIONS)?;
    let mut is_there = connection.prepare_cached(IS_THERE)?;
    let mut rows = organizations.query(params![tenant.0, pk])?;
    while let Some(row) = rows.next()? {
        let organization: OrganizationNumber = row.get(0)?;
        for (field, value) in entries(person) {
            let id = person.id.0.as_bytes();
            is_listed &= is_there.exists(params![tenant.0, organization, field, value, id, pk])?;
            count += 1;
        }
    }
    Ok((is_listed, count))
}

const LISTED: &str = "
    SELECT full_name, user_name, email_address, second_email, title, external_id, data_source, birth_date,
        employment_start, employment_end
    FROM person_listed WHERE pk = $1";
const IS_THERE: &str = "
    SELECT 1 FROM person_order
    WHERE tenant = ?1 AND organization = ?2 AND field = ?3 AND value = ?4 AND id = ?5 AND person = ?6";

/// Makes columns and entries of all living people, inside the transaction of the migration that adds them.
pub(super) fn build(connection: &Connection) -> rusqlite::Result<()> {
    // A table in the order of the people first, because sorting all entries at once is many times faster than putting each into
    // its place.
    connection.execute_batch(
        "DELETE FROM person_listed;
         DELETE FROM person_order;
         CREATE TEMP TABLE unsorted (
            tenant INTEGER, organization INTEGER, field INTEGER, value BLOB, id BLOB, person INTEGER)",
    )?;
    let mut members = connection.prepare(
        "SELECT m.tenant, m.organization, m.person FROM membership AS m
         WHERE m.deleted_at IS NULL ORDER BY m.tenant, m.person",
    )?;
    let mut rows = members.query([])?;
    let mut people = 0_u64;
    while let Some(row) = rows.next()? {
        let (tenant, organization, pk) = (TenantId(row.get(0)?), row.get(1)?, row.get(2)?);
        match load::anyone(connection, tenant, pk) {
            Ok(Some(person)) => prepare(connection, tenant, organization, pk, &person)?,
            Ok(None) => {}
            // A damaged row is told of by a check, and keeps nobody else from being listed.
            Err(failure) => tracing::warn!(pk, %failure, "a person cannot be read"),
        }
        people += 1;
        if people.is_multiple_of(TELL_EVERY) {
            tracing::info!(people, "people are being put in order for lists");
        }
    }
    connection.execute_batch(
        "INSERT INTO person_order (tenant, organization, field, value, id, person)
            SELECT * FROM temp.unsorted ORDER BY 1, 2, 3, 4, 5;
         DROP TABLE temp.unsorted",
    )?;
    Ok(())
}

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

fn prepare(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    pk: i64,
    person: &Person,
) -> rusqlite::Result<()> {
    write_columns(connection, pk, person)?;
    let mut insert =
        connection.prepare_cached("INSERT INTO temp.unsorted VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (field, value) in entries(person) {
        insert.execute(params![tenant.0, organization, field, value, person.id.0.as_bytes(), pk])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use directory::Store;
    use testkit::generate;

    use super::*;
    use crate::sql::list::Members;
    use crate::sql::list::tests::{agrees, fill, queries};
    use crate::sqlite::{Options, Sqlite};

    #[test]
    fn lists_are_what_a_plain_evaluation_gives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = Sqlite::open(&path, Options::default()).unwrap();
        let (tenant, organization, people) = runtime.block_on(fill(&store));
        let connection = Connection::open(&path).unwrap();
        let number = load::organization_number(&connection, tenant, organization).unwrap().unwrap();
        let members = Members { tenant, organization: number };
        let ids = people.iter().map(|person| person.id).collect();
        generate::check(80, queries(ids), |query| {
            runtime.block_on(agrees(&connection, members, &people, &query));
        });
        assert_eq!(runtime.block_on(store.check()).unwrap().problems, Vec::<String>::new());
    }
}
