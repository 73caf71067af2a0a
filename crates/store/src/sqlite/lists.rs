//! What people are listed by: columns of their rows, and an entry of each field in `person_order`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use directory::Person;
use directory::ids::TenantId;
use rusqlite::{Connection, ToSql, params};
use uuid::Uuid;

use super::failure::Result;
use super::load;
use super::row::tenant_of;
use super::sql;
use crate::form::listing::{columns, entries, moves};
use crate::sql::{Cell, Sql};

/// What the batch has to change in `person_order`. It is done when the batch is, in the order of the entries: so those that
/// lie side by side are written together, and what several jobs did to one entry is written once.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

struct Edit {
    pk: i64,
    id: Uuid,
    field: i16,
    /// None: there was, or will be, no entry.
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
}

impl Edits {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Somebody who begins to live here.
    pub(super) fn add(&mut self, pk: i64, person: &Person) {
        for (field, value) in entries(person) {
            self.0.push(Edit { pk, id: person.id.0, field, before: None, after: Some(value) });
        }
    }

    /// Somebody who lives here no more.
    pub(super) fn remove(&mut self, pk: i64, person: &Person) {
        for (field, value) in entries(person) {
            self.0.push(Edit { pk, id: person.id.0, field, before: Some(value), after: None });
        }
    }

    pub(super) fn change(&mut self, pk: i64, before: &Person, after: &Person) {
        for (field, before, value) in moves(before, after) {
            self.0.push(Edit { pk, id: after.id.0, field, before: Some(before), after: Some(value) });
        }
    }

    fn joined(self) -> Vec<Edit> {
        let mut joined: Vec<Edit> = Vec::with_capacity(self.0.len());
        let mut places = HashMap::with_capacity(self.0.len());
        for edit in self.0 {
            match places.entry((edit.pk, edit.field)) {
                Entry::Occupied(place) => {
                    let earlier: &mut Edit = &mut joined[*place.get()];
                    earlier.after = edit.after;
                }
                Entry::Vacant(place) => {
                    place.insert(joined.len());
                    joined.push(edit);
                }
            }
        }
        joined.retain(|edit| edit.before != edit.after);
        joined.sort_unstable_by(|a, b| (a.field, &a.before, a.id).cmp(&(b.field, &b.before, b.id)));
        joined
    }
}

/// Brings the entries up to date, inside the batch's transaction.
pub(super) fn write(connection: &Connection, edits: Edits) -> rusqlite::Result<()> {
    if edits.len() == 0 {
        return Ok(());
    }
    let mut delete = connection.prepare_cached(DELETE)?;
    let mut insert = connection.prepare_cached(INSERT)?;
    for Edit { pk, id, field, before, after } in edits.joined() {
        let (tenant, id) = (tenant_of(pk).0, id.as_bytes());
        if let Some(before) = before {
            delete.execute(params![tenant, field, before, id])?;
        }
        if let Some(after) = after {
            insert.execute(params![tenant, field, after, id, pk])?;
        }
    }
    Ok(())
}

pub(super) const DELETE: &str =
    "DELETE FROM person_order WHERE tenant = ?1 AND field = ?2 AND value = ?3 AND id = ?4";
const INSERT: &str =
    "INSERT OR REPLACE INTO person_order (tenant, field, value, id, person) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Writes the columns that lists compare.
pub(super) fn write_columns(connection: &Connection, pk: i64, person: &Person) -> rusqlite::Result<()> {
    let columns = columns(person);
    let mut values: Vec<&dyn ToSql> = vec![&pk];
    values.extend(columns.iter().map(|cell| cell as &dyn ToSql));
    connection
        .prepare_cached(
            "UPDATE person SET full_name = ?2, user_name = ?3, email_address = ?4, second_email = ?5, title = ?6,
                external_id = ?7, data_source = ?8, birth_date = ?9, employment_start = ?10, employment_end = ?11
             WHERE pk = ?1",
        )?
        .execute(&values[..])?;
    Ok(())
}

/// Whether a person is listed by what they have; and how many entries that takes.
pub(super) fn check(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    person: &Person,
) -> Result<(bool, i64)> {
    let found = sql::run(Sql::query(connection, LISTED, &[Cell::Integer(pk)]))?;
    let mut is_listed = found.len() == 1 && found[0] == columns(person);
    let mut is_there = connection.prepare_cached(IS_THERE)?;
    let mut count = 0;
    for (field, value) in entries(person) {
        is_listed &= is_there.exists(params![tenant.0, field, value, person.id.0.as_bytes(), pk])?;
        count += 1;
    }
    Ok((is_listed, count))
}

const LISTED: &str = "
    SELECT full_name, user_name, email_address, second_email, title, external_id, data_source, birth_date,
        employment_start, employment_end
    FROM person WHERE pk = $1";
const IS_THERE: &str = "
    SELECT 1 FROM person_order
    WHERE tenant = ?1 AND field = ?2 AND value = ?3 AND id = ?4 AND person = ?5";

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

/// Makes columns and entries of all living people, inside the transaction of the migration that adds them.
pub(super) fn build(connection: &Connection) -> rusqlite::Result<()> {
    // A table in the order of the people first, because sorting all entries at once is many times faster than putting each into
    // its place.
    connection.execute_batch(
        "DELETE FROM person_order;
         CREATE TEMP TABLE unsorted (tenant INTEGER, field INTEGER, value BLOB, id BLOB, person INTEGER)",
    )?;
    let mut living = connection.prepare("SELECT pk FROM person WHERE deleted_at IS NULL ORDER BY pk")?;
    let mut rows = living.query([])?;
    let mut people = 0_u64;
    while let Some(row) = rows.next()? {
        let pk: i64 = row.get(0)?;
        match load::anyone(connection, tenant_of(pk), pk) {
            Ok(Some(person)) => prepare(connection, pk, &person)?,
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
        "INSERT INTO person_order (tenant, field, value, id, person)
            SELECT * FROM temp.unsorted ORDER BY 1, 2, 3, 4;
         DROP TABLE temp.unsorted",
    )?;
    Ok(())
}

fn prepare(connection: &Connection, pk: i64, person: &Person) -> rusqlite::Result<()> {
    write_columns(connection, pk, person)?;
    let mut insert = connection.prepare_cached("INSERT INTO temp.unsorted VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (field, value) in entries(person) {
        insert.execute(params![tenant_of(pk).0, field, value, person.id.0.as_bytes(), pk])?;
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
    use crate::sqlite::open::{Access, connect};
    use crate::sqlite::{Options, Sqlite};

    #[test]
    fn lists_are_what_a_plain_evaluation_gives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = Sqlite::open(&path, Options::default()).unwrap();
        let (tenant, organization, people) = runtime.block_on(fill(&store));
        let connection = connect(&path, Access::Read, &Options::default()).unwrap();
        let number = load::organization_number(&connection, tenant, organization).unwrap().unwrap();
        let members = Members { tenant, organization: number };
        let ids = people.iter().map(|person| person.id).collect();
        generate::check(80, queries(ids), |query| {
            runtime.block_on(agrees(&*connection, members, &people, &query));
        });
        assert_eq!(runtime.block_on(store.check()).unwrap().problems, Vec::<String>::new());
    }
}
