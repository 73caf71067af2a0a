//! Search: the trigrams of the four folded fields, kept in a full-text index.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};

use super::row::tenant_of;
use crate::codec::tokens::{Fields, tokens};

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
