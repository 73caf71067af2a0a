//! Queries as SQL: which rows match, in which order they come, and which part of them is a page.
//!
//! A filter becomes a condition on columns, an order becomes keys that end with the id, and a position in it one condition more.
//! [`people`] adds how a list of a million is followed; the other entities are few.

mod entities;
mod people;
mod text;

use directory::query::{Direction, Field, Filter, Literal, Page, Position, Query, Window};

use super::{Cell, Columns, Row, Syntax};
use crate::form::{self, listing};

pub(crate) use entities::of_entities;
pub(crate) use people::{Members, people};

/// A field whose value stands in a column, or in an expression of some.
pub(crate) trait Column: Field {
    /// The row with the id has the alias `o`.
    fn column(self) -> String;

    /// A condition that a word occurs in one of the texts that the row is searched by, with [`text::WORD`] for the word. Without
    /// one, no word does.
    fn has_word(syntax: Syntax) -> Option<&'static str>;
}

/// The rank of one of the names of a closed set.
fn ranks<const N: usize>(column: &str, ranks: [(&str, u8); N]) -> String {
    let when = ranks.map(|(name, rank)| format!(" WHEN '{name}' THEN {rank}"));
    format!("CASE {column}{} END", when.concat())
}

/// What all have to match, each by itself.
fn conditions<F>(filter: &Filter<F>) -> Vec<&Filter<F>> {
    match filter {
        Filter::All(filters) => filters.iter().flat_map(conditions).collect(),
        Filter::Any(_) | Filter::Not(_) | Filter::Compare(..) | Filter::Present(_) | Filter::Words(_) => {
            vec![filter]
        }
    }
}

/// What rows are sorted by.
#[derive(Debug, Clone)]
struct Key {
    expression: String,
    direction: Direction,
    value: KeyValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyValue {
    /// The value of an entry of `person_order`, whose bytes have an order even for nothing.
    Entry,
    /// A value that may be missing.
    Column,
    Id,
}

impl Key {
    /// Nothing comes before everything.
    fn order(&self) -> String {
        let (expression, is_nullable) = (&self.expression, self.value == KeyValue::Column);
        match (self.direction, is_nullable) {
            (Direction::Ascending, true) => format!("{expression} ASC NULLS FIRST"),
            (Direction::Descending, true) => format!("{expression} DESC NULLS LAST"),
            (Direction::Ascending, false) => format!("{expression} ASC"),
            (Direction::Descending, false) => format!("{expression} DESC"),
        }
    }

    fn cell(&self, value: Option<&Literal>) -> Cell<'static> {
        match (self.value, value) {
            (KeyValue::Entry, value) => Cell::from(listing::indexed_value(value)),
            (KeyValue::Column | KeyValue::Id, Some(value)) => listing::cell(value),
            (KeyValue::Column | KeyValue::Id, None) => Cell::Null,
        }
    }
}

/// The keys of a query in the direction in which its window reads, the id at their end. The values of `followed` are those of
/// entries.
fn keys<F: Column>(query: &Query<F>, followed: Option<F>) -> Vec<Key> {
    let is_backwards = matches!(query.window, Window::Before(..));
    let towards = |direction: Direction| if is_backwards { direction.reversed() } else { direction };
    let key = |(index, (field, direction)): (usize, &(F, Direction))| {
        let is_followed = index == 0 && followed == Some(*field);
        let (expression, value) = match is_followed {
            true => ("o.value".to_owned(), KeyValue::Entry),
            false => (field.column(), KeyValue::Column),
        };
        Key { expression, direction: towards(*direction), value }
    };
    let mut keys: Vec<Key> = query.sort.iter().enumerate().map(key).collect();
    let last = query.sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    keys.push(Key { expression: "o.id".to_owned(), direction: towards(last), value: KeyValue::Id });
    keys
}

/// The position of a row that begins with the id and the values of the fields that the query sorts by; and what follows them.
fn position<F: Field>(row: Row, query: &Query<F>) -> form::Result<(Position, Columns)> {
    let mut columns = Columns::of(row);
    let id = columns.uuid()?;
    let values = query.sort.iter().map(|(field, _)| listing::literal(field.kind(), &mut columns));
    let values = values.collect::<form::Result<_>>()?;
    Ok((Position { values, id }, columns))
}

/// A page of what was found: at most one more than the limit, nearest to where the window begins first.
fn page_of<T>(mut found: Vec<(Position, T)>, window: &Window, total: Option<u64>) -> Page<T> {
    let limit = window.limit() as usize;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let (has_next, has_previous) = match window {
        Window::Offset(offset, _) => (has_more, *offset > 0),
        Window::After(..) => (has_more, true),
        Window::Before(..) => {
            found.reverse();
            (true, has_more)
        }
    };
    let position = |end: Option<&(Position, T)>| end.map(|(position, _)| position.clone());
    let bounds = position(found.first()).zip(position(found.last()));
    let items = found.into_iter().map(|(_, item)| item).collect();
    Page { items, bounds, has_next, has_previous, total }
}

#[cfg(test)]
pub(crate) mod tests;
