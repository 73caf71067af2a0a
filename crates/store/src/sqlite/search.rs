//! Search: the trigrams of the four folded fields, kept in a full-text index, and the question put to it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use directory::ids::{PersonId, TenantId};
use directory::status::Status;
use rusqlite::{Connection, params};

use super::failure::Result;
use super::row::{Columns, tenant_of};
use crate::form::json;
use crate::form::tokens::{self, Fields, Question, tokens};

/// A word that proposes fewer people than this is good enough to begin with.
const FEW: i64 = 1_000;

/// What the batch has to change in the index.
///
/// The index writes all it has to disk at every savepoint, so it is changed when the savepoints of the batch are past.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

struct Edit {
    row: i64,
    before: String,
    after: String,
}

impl Edits {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Notes how the fields of a living person change; someone who is not there has empty ones.
    pub(super) fn push(&mut self, person: i64, before: &Fields, after: &Fields) {
        for (field, (before, after)) in (0..).zip(before.iter().zip(after)) {
            if before != after {
                let row = person << 2 | field;
                self.0.push(Edit { row, before: before.clone(), after: after.clone() });
            }
        }
    }

    /// Several jobs may have changed one field: the index knows the first text and shall know the last.
    fn joined(self) -> Vec<Edit> {
        let mut joined: Vec<Edit> = Vec::with_capacity(self.0.len());
        let mut places = HashMap::with_capacity(self.0.len());
        for edit in self.0 {
            match places.entry(edit.row) {
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
        // The index keeps what is new in memory only as long as the rows come in their order.
        joined.sort_unstable_by_key(|edit| edit.row);
        joined
    }
}

/// Brings the index up to date, inside the batch's transaction.
pub(super) fn write(connection: &Connection, edits: Edits) -> rusqlite::Result<()> {
    if edits.len() == 0 {
        return Ok(());
    }
    let mut remove = connection.prepare_cached(
        "INSERT INTO person_search (person_search, rowid, trigrams) VALUES ('delete', ?1, ?2)",
    )?;
    let mut insert =
        connection.prepare_cached("INSERT INTO person_search (rowid, trigrams) VALUES (?1, ?2)")?;
    for edit in edits.joined() {
        let tenant = tenant_of(edit.row >> 2);
        if !edit.before.is_empty() {
            remove.execute(params![edit.row, tokens(tenant, &edit.before).join(" ")])?;
        }
        if !edit.after.is_empty() {
            insert.execute(params![edit.row, tokens(tenant, &edit.after).join(" ")])?;
        }
    }
    Ok(())
}

/// What to ask the index for a word; None for the empty word, which everyone has.
fn question(tenant: TenantId, word: &str) -> Option<String> {
    Some(match tokens::question(tenant, word)? {
        Question::Beginning(token) => format!("\"{token}\" *"),
        Question::All(tokens) => format!("\"{}\"", tokens.join("\" AND \"")),
    })
}

/// The members of an organization who have every word in one of their fields, by ascending object id.
/// None if the words say nothing.
pub(super) fn find(
    connection: &Connection,
    tenant: TenantId,
    organization: i64,
    words: &[String],
    status: Option<Status>,
    limit: i64,
) -> Result<Option<Vec<PersonId>>> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let mut questions: Vec<String> = words.iter().filter_map(|word| question(tenant, word)).collect();
    if questions.is_empty() {
        return Ok(None);
    }
    let best = most_telling(connection, &questions)?;
    let question = questions.swap_remove(best);
    let mut statement = connection.prepare_cached(FIND)?;
    let mut rows = statement.query(params![
        question,
        tenant.0,
        organization,
        status.map(Status::as_str),
        json(&words)?,
        limit
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Columns::of(row).person_id()?);
    }
    Ok(Some(found))
}

pub(super) const FIND: &str = "
    SELECT p.id
    FROM (SELECT DISTINCT rowid >> 2 AS pk FROM person_search WHERE person_search MATCH ?1) AS proposed
    CROSS JOIN person AS p ON p.pk = proposed.pk
    CROSS JOIN membership AS m ON m.tenant = ?2 AND m.person = p.pk AND m.organization = ?3
    WHERE m.deleted_at IS NULL
        AND (?4 IS NULL OR p.status = ?4)
        AND NOT EXISTS (
            SELECT 1 FROM json_each(?5) AS word
            WHERE instr(p.given, word.value) = 0
                AND instr(p.family, word.value) = 0
                AND instr(p.nickname, word.value) = 0
                AND instr(p.email, word.value) = 0
        )
    ORDER BY m.object_id
    LIMIT ?6";

/// Of several words the one that proposes few people, so that the others need only be compared.
fn most_telling(connection: &Connection, questions: &[String]) -> Result<usize> {
    if questions.len() == 1 {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached(COUNT)?;
    let mut best = (0, i64::MAX);
    for (index, question) in questions.iter().enumerate() {
        let count: i64 = statement.query_row(params![question, FEW], |row| row.get(0))?;
        if count < best.1 {
            best = (index, count);
        }
        if count < FEW {
            break;
        }
    }
    Ok(best.0)
}

pub(super) const COUNT: &str = "
    SELECT count(*) FROM (SELECT 1 FROM person_search WHERE person_search MATCH ?1 LIMIT ?2)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_one_field_become_one() {
        let fields = |given: &str| [given.to_owned(), String::new(), String::new(), String::new()];
        let mut edits = Edits::default();
        edits.push(1, &fields("a"), &fields("b"));
        edits.push(1, &fields("b"), &fields("c"));
        edits.push(2, &fields("a"), &fields("b"));
        edits.push(2, &fields("b"), &fields("a"));
        let joined = edits.joined();
        assert_eq!(joined.len(), 1);
        assert_eq!((joined[0].row, &*joined[0].before, &*joined[0].after), (4, "a", "c"));
    }
}
