//! Whether the search index holds exactly what people's fields say.

use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::Connection;

use super::super::error::Result;
use super::super::row::tenant_of;
use crate::codec::tokens::tokens;

/// A sum over pairs of a token and a row, which comes out the same in whatever order they come.
#[derive(Default, PartialEq, Eq)]
struct Sum {
    pairs: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, token: &str, row: i64) {
        let mut hasher = DefaultHasher::new();
        (token, row).hash(&mut hasher);
        self.pairs += 1;
        self.hashes = self.hashes.wrapping_add(hasher.finish());
    }
}

pub(super) fn check(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    let (indexed, expected) = (indexed(connection)?, expected(connection)?);
    if indexed != expected {
        problems.push(format!(
            "the search index has {} entries, and people's names and addresses ask for {}{}",
            indexed.pairs,
            expected.pairs,
            if indexed.pairs == expected.pairs { " others" } else { "" },
        ));
    }
    Ok(())
}

fn indexed(connection: &Connection) -> Result<Sum> {
    connection.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed USING fts5vocab (main, person_search, instance)",
    )?;
    let mut sum = Sum::default();
    let mut statement = connection.prepare("SELECT term, doc FROM temp.indexed")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sum.add(row.get_ref(0)?.as_str().unwrap_or_default(), row.get(1)?);
    }
    Ok(sum)
}

fn expected(connection: &Connection) -> Result<Sum> {
    let mut sum = Sum::default();
    let mut statement = connection.prepare(
        "SELECT pk, given, family, nickname, email FROM person WHERE deleted_at IS NULL ORDER BY pk",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let pk: i64 = row.get(0)?;
        for (field, column) in (0..4).zip(1_usize..) {
            let text = row.get_ref(column)?;
            for token in tokens(tenant_of(pk), text.as_str().unwrap_or_default()) {
                sum.add(&token, pk << 2 | field);
            }
        }
    }
    Ok(sum)
}
