//! What people are listed by: a column of each field in their rows, and an index over each.

use std::fmt::Write;

use directory::query::Field;
use directory::{Person, PersonField};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::failure::Result;
use super::load;
use super::row::tenant_of;
use super::sql;
use crate::form::listing::{indexed_value, name};
use crate::sql::{Cell, Sql};

/// Which of a person's columns are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns<'p> {
    /// Those in which the person differs from this state.
    Since(&'p Person),
    All,
    /// All of them, with nothing: somebody who has left is in no list.
    Clear,
}

impl Columns<'_> {
    pub(super) fn fields(self, person: &Person) -> Vec<PersonField> {
        match self {
            Self::Since(before) => PersonField::differing(before, person).collect(),
            Self::All | Self::Clear => PersonField::ALL.to_vec(),
        }
    }

    pub(super) fn value(self, field: PersonField, person: &Person) -> Option<Vec<u8>> {
        match self {
            Self::Since(_) | Self::All => Some(indexed_value(field.of(person).as_ref())),
            Self::Clear => None,
        }
    }
}

/// `, column = ?n` for each field, from this parameter on.
pub(super) fn assignments(fields: &[PersonField], first: usize) -> String {
    let mut text = String::new();
    for (parameter, field) in (first..).zip(fields) {
        // A text takes everything.
        let _ = write!(text, ", {} = ?{parameter}", name(*field));
    }
    text
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
            Ok(Some(person)) => fill(connection, pk, &person)?,
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
        connection
            .execute_batch(&format!("CREATE INDEX person_{column} ON person (tenant, {column}, id)"))?;
    }
    Ok(())
}

fn fill(connection: &Connection, pk: i64, person: &Person) -> rusqlite::Result<()> {
    let assignments = assignments(PersonField::ALL, 2);
    let text = format!("UPDATE person SET pk = ?1{assignments} WHERE pk = ?1");
    let values = PersonField::ALL.iter().map(|field| Columns::All.value(*field, person));
    let pk: Box<dyn ToSql> = Box::new(pk);
    let values = std::iter::once(pk).chain(values.map(|value| Box::new(value) as Box<dyn ToSql>));
    connection.prepare_cached(&text)?.execute(params_from_iter(values))?;
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
