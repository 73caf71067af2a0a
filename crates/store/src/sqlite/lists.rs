//! What people are listed by: a table with a column for each field, and an index over each.

use directory::ids::PersonId;
use directory::query::{Field, Literal};
use directory::{Person, PersonField};
use jiff::Timestamp;
use rusqlite::{Connection, ToSql};

use super::error::Result;
use super::load;
use super::row::tenant_of;
use super::sql;
use crate::codec::listing::{indexed_value, name, number};
use crate::sql::{Cell, Sql};

/// What the batch has to change in the table.
///
/// Many jobs write to the same pages of the indexes, and SQLite copies a page aside for each savepoint that writes to it. So
/// the table is written when the savepoints of the batch are past, for each person once.
#[derive(Default)]
pub(super) struct Edits(Vec<(i64, Edit)>);

/// What becomes of the row of one person.
enum Edit {
    /// With the values of all fields, in the order of [`PersonField::ALL`].
    Add(PersonId, Vec<Vec<u8>>),
    Change(PersonField, Vec<u8>),
    /// Somebody who has left is in no list.
    Remove,
}

impl Edits {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn add(&mut self, pk: i64, person: &Person) {
        self.0.push((pk, Edit::Add(person.id, values(person))));
    }

    pub(super) fn change(&mut self, pk: i64, before: &Person, after: &Person) {
        let edit = |field: PersonField| (pk, Edit::Change(field, value(field, after)));
        self.0.extend(PersonField::differing(before, after).map(edit));
    }

    /// Of somebody of whom nothing that lists know is different but the time of the last change.
    pub(super) fn touch(&mut self, pk: i64, now: Timestamp) {
        let value = indexed_value(Some(&Literal::Time(now)));
        self.0.push((pk, Edit::Change(PersonField::UpdatedAt, value)));
    }

    pub(super) fn remove(&mut self, pk: i64) {
        self.0.push((pk, Edit::Remove));
    }
}

fn value(field: PersonField, person: &Person) -> Vec<u8> {
    indexed_value(field.of(person).as_ref())
}

fn values(person: &Person) -> Vec<Vec<u8>> {
    PersonField::ALL.iter().map(|field| value(*field, person)).collect()
}

/// Writes the table, inside the batch's transaction.
pub(super) fn write(connection: &Connection, Edits(mut edits): Edits) -> rusqlite::Result<()> {
    // The sort leaves the edits of each person in their order.
    edits.sort_by_key(|(pk, _)| *pk);
    edits.chunk_by_mut(|(a, _), (b, _)| a == b).try_for_each(|edits| write_person(connection, edits))
}

fn write_person(connection: &Connection, edits: &mut [(i64, Edit)]) -> rusqlite::Result<()> {
    let pk = edits[0].0;
    // What was before somebody came or left counts no more.
    let last = edits.iter().rposition(|(_, edit)| !matches!(edit, Edit::Change(..)));
    let (decided, changes) = edits.split_at_mut(last.map_or(0, |last| last + 1));
    let changes = changes.iter().filter_map(|(_, edit)| match edit {
        Edit::Change(field, value) => Some((*field, value.as_slice())),
        Edit::Add(..) | Edit::Remove => None,
    });
    match decided.last_mut() {
        Some((_, Edit::Remove)) => remove(connection, pk),
        Some((_, Edit::Add(id, values))) => {
            for (field, value) in changes {
                if let Some(index) = PersonField::ALL.iter().position(|known| *known == field) {
                    values[index] = value.to_vec();
                }
            }
            insert(connection, pk, *id, values)
        }
        Some((_, Edit::Change(..))) | None => {
            let mut changes: Vec<(PersonField, &[u8])> = changes.collect();
            // Of several changes of a field the last one counts.
            changes.reverse();
            changes.sort_by_key(|(field, _)| number(*field));
            changes.dedup_by_key(|(field, _)| *field);
            update(connection, pk, &changes)
        }
    }
}

/// Somebody may have left, and come back, in one batch.
fn insert(connection: &Connection, pk: i64, id: PersonId, values: &[Vec<u8>]) -> rusqlite::Result<()> {
    let names: Vec<&str> = PersonField::ALL.iter().copied().map(name).collect();
    let places: Vec<String> = (4..).take(names.len()).map(|parameter| format!("?{parameter}")).collect();
    let text = format!(
        "INSERT OR REPLACE INTO person_listed (pk, tenant, id, {}) VALUES (?1, ?2, ?3, {})",
        names.join(", "),
        places.join(", ")
    );
    let (tenant, id) = (tenant_of(pk).0, id.0.as_bytes().as_slice());
    let mut parameters: Vec<&dyn ToSql> = vec![&pk, &tenant, &id];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    connection.prepare_cached(&text)?.execute(&parameters[..])?;
    Ok(())
}

fn update(connection: &Connection, pk: i64, changes: &[(PersonField, &[u8])]) -> rusqlite::Result<()> {
    let assignments: Vec<String> = (2..)
        .zip(changes)
        .map(|(parameter, (field, _))| format!("{} = ?{parameter}", name(*field)))
        .collect();
    let text = format!("UPDATE person_listed SET {} WHERE pk = ?1", assignments.join(", "));
    let mut parameters: Vec<&dyn ToSql> = vec![&pk];
    parameters.extend(changes.iter().map(|(_, value)| value as &dyn ToSql));
    connection.prepare_cached(&text)?.execute(&parameters[..])?;
    Ok(())
}

fn remove(connection: &Connection, pk: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM person_listed WHERE pk = ?1")?.execute([pk])?;
    Ok(())
}

/// Whether a person is listed by what they have.
pub(super) fn check(connection: &Connection, pk: i64, person: &Person) -> Result<bool> {
    let names: Vec<&str> = PersonField::ALL.iter().copied().map(name).collect();
    let text = format!("SELECT id, {} FROM person_listed WHERE pk = $1", names.join(", "));
    let found = sql::run(Sql::query(connection, &text, &[Cell::Integer(pk)]))?;
    let id = Cell::from(person.id.0.as_bytes().to_vec());
    let expected: Vec<Cell<'static>> =
        std::iter::once(id).chain(values(person).into_iter().map(Cell::from)).collect();
    Ok(found.first() == Some(&expected))
}

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

/// Fills the table with all living people and makes the indexes over it, where nobody else writes.
pub(super) fn build(connection: &Connection) -> rusqlite::Result<()> {
    // An index is made when all rows are there, which is many times faster than row by row.
    for field in PersonField::ALL {
        connection.execute_batch(&format!("DROP INDEX IF EXISTS person_{}", name(*field)))?;
    }
    connection.execute("DELETE FROM person_listed", [])?;
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
        // A list of some status in such an order finds its people in the index, and reads the rows of no others.
        let status = match field {
            PersonField::CreatedAt
            | PersonField::UpdatedAt
            | PersonField::Name
            | PersonField::InvitedOrCreatedAt => ", by_status",
            _ => "",
        };
        connection.execute_batch(&format!(
            "CREATE INDEX person_{column} ON person_listed (tenant, {column}, id{status})"
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use directory::Store;
    use testkit::generate;

    use super::*;
    use crate::sql::list::tests::{agrees, fill, queries};
    use crate::sql::list::{Members, event_tests};
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
        runtime.block_on(event_tests::agree(&*connection, tenant));
        assert_eq!(runtime.block_on(store.check()).unwrap().problems, Vec::<String>::new());
    }
}
