//! Writes what people are searched by anew, as the folding of this version has it.

use rusqlite::{Connection, params};

use super::save;
use super::search::{self, Edits};
use crate::codec::document;
use crate::codec::tokens::Fields;

/// People looked at together. Only those that differ are kept in memory, and only their fields.
const PORTION: i64 = 1_000;

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

/// Goes through all living people, inside the transaction of a migration.
pub(super) fn run(connection: &Connection) -> rusqlite::Result<()> {
    let (mut last, mut people, mut changed) = (i64::MIN, 0_u64, 0_u64);
    loop {
        let chunk = chunk(connection, last)?;
        let Some(end) = chunk.last else { break };
        let mut edits = Edits::default();
        for (pk, before, after) in &chunk.differing {
            save::update_search_fields(connection, *pk, after)?;
            edits.push(*pk, before, after);
        }
        search::write(connection, edits)?;
        changed += chunk.differing.len() as u64;
        if (people + chunk.people) / TELL_EVERY > people / TELL_EVERY {
            tracing::info!(
                people = people + chunk.people,
                changed,
                "the search index is being brought up to date"
            );
        }
        (last, people) = (end, people + chunk.people);
    }
    if changed > 0 {
        tracing::info!(people, changed, "the search index is up to date");
    }
    Ok(())
}

#[derive(Default)]
struct Chunk {
    people: u64,
    /// The pk of the last of them.
    last: Option<i64>,
    differing: Vec<(i64, Fields, Fields)>,
}

/// The living people behind this one.
fn chunk(connection: &Connection, behind: i64) -> rusqlite::Result<Chunk> {
    let mut statement = connection.prepare_cached(
        "SELECT pk, given, family, nickname, email, document FROM person
         WHERE pk > ?1 AND deleted_at IS NULL
         ORDER BY pk LIMIT ?2",
    )?;
    let mut rows = statement.query(params![behind, PORTION])?;
    let mut chunk = Chunk::default();
    while let Some(row) = rows.next()? {
        let pk: i64 = row.get(0)?;
        chunk.people += 1;
        chunk.last = Some(pk);
        let before: Fields = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        match document::search_fields(row.get_ref(5)?.as_str()?) {
            Ok(after) if after != before => chunk.differing.push((pk, before, after)),
            Ok(_) => {}
            // A damaged row is told of by a check, and keeps nobody else from being found.
            Err(broken) => tracing::warn!(pk, broken = broken.0, "a person cannot be read"),
        }
    }
    Ok(chunk)
}
