//! What people are listed by: a column of each field in their rows, and an index over each.

use directory::query::Field;
use directory::{Person, PersonField};
use rusqlite::{Connection, ToSql};

use super::failure::Result;
use super::load;
use super::row::tenant_of;
use super::sql;
use crate::codec::listing::{indexed_value, name, number};
use crate::sql::{Cell, Sql};

/// What the batch has to change in the columns.
///
/// Many jobs write to the same pages of the indexes, and SQLite copies a page aside for each savepoint that writes to it. So
/// these columns are written when the savepoints of the batch are past, for each person once.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

struct Edit {
    pk: i64,
    field: PersonField,
    /// None: somebody who has left is in no list.
    value: Option<Vec<u8>>,
}

impl Edits {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn add(&mut self, pk: i64, person: &Person) {
        self.push(pk, PersonField::ALL.iter().copied(), Some(person));
    }

    pub(super) fn change(&mut self, pk: i64, before: &Person, after: &Person) {
        self.push(pk, PersonField::differing(before, after), Some(after));
    }

    pub(super) fn remove(&mut self, pk: i64) {
        self.push(pk, PersonField::ALL.iter().copied(), None);
    }

    fn push(&mut self, pk: i64, fields: impl Iterator<Item = PersonField>, person: Option<&Person>) {
        let value = |field: PersonField| person.map(|person| indexed_value(field.of(person).as_ref()));
        self.0.extend(fields.map(|field| Edit { pk, field, value: value(field) }));
    }
}

/// Writes the columns, inside the batch's transaction.
pub(super) fn write(connection: &Connection, Edits(mut edits): Edits) -> rusqlite::Result<()> {
    // Of several changes of a field the last one counts: the sort leaves them in their order.
    edits.sort_by_key(|edit| (edit.pk, number(edit.field)));
    for of_person in edits.chunk_by(|a, b| a.pk == b.pk) {
        let last = of_person.chunk_by(|a, b| a.field == b.field).filter_map(|same| same.last());
        update(connection, of_person[0].pk, last.map(|edit| (edit.field, edit.value.as_deref())))?;
    }
    Ok(())
}

fn update<'v>(
    connection: &Connection,
    pk: i64,
    columns: impl Iterator<Item = (PersonField, Option<&'v [u8]>)>,
) -> rusqlite::Result<()> {
    let (fields, values): (Vec<PersonField>, Vec<Option<&[u8]>>) = columns.unzip();
    let assignments: Vec<String> =
        (2..).zip(fields).map(|(parameter, field)| format!("{} = ?{parameter}", name(field))).collect();
    let text = format!("UPDATE person SET {} WHERE pk = ?1", assignments.join(", "));
    let mut parameters: Vec<&dyn ToSql> = vec![&pk];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    connection.prepare_cached(&text)?.execute(&parameters[..])?;
    Ok(())
}

/// Whether a person is listed by what they have.
pub(super) fn check(connection: &Connection, pk: i64, person: &Person) -> Result<bool> {
    let names: Vec<&str> = PersonField::ALL.iter().copied().map(name).collect();
    let text = format!("SELECT {} FROM person WHERE pk = $1", names.join(", "));
    let found = sql::run(Sql::query(connection, &text, &[Cell::Integer(pk)]))?;
    let expected: Vec<Cell<'static>> =
        PersonField::ALL.iter().map(|field| Cell::from(indexed_value(field.of(person).as_ref()))).collect();
    Ok(found.first() == Some(&expected))
}

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

/// Fills the columns of all living people and makes the indexes over them, where nobody else writes.
pub(super) fn build(connection: &Connection) -> rusqlite::Result<()> {
    // An index is made when all rows are there, which is many times faster than row by row.
    for field in PersonField::ALL {
        connection.execute_batch(&format!("DROP INDEX IF EXISTS person_{}", name(*field)))?;
    }
    let mut living = connection.prepare("SELECT pk FROM person WHERE deleted_at IS NULL ORDER BY pk")?;
    let mut rows = living.query([])?;
    let mut people = 0_u64;
    while let Some(row) = rows.next()? {
        let pk: i64 = row.get(0)?;
        match load::anyone(connection, tenant_of(pk), pk) {
            Ok(Some(person)) => {
                let mut edits = Edits::default();
                edits.add(pk, &person);
                write(connection, edits)?;
            }
            Ok(None) => {}
            // A damaged row is told of by a check, and keeps nobody else from being listed.
            Err(failure) => tracing::warn!(pk, %failure, "a person cannot be read"),
        }
        people += 1;
        if people.is_multiple_of(TELL_EVERY) {
            tracing::info!(people, "people are being put in order for lists");
        }
    }
    for field in PersonField::ALL {
        let column = name(*field);
        connection.execute_batch(&format!(
            "CREATE INDEX person_{column} ON person (tenant, {column}, id) WHERE {column} IS NOT NULL"
        ))?;
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
