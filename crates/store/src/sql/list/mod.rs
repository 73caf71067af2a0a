//! Queries as SQL: which rows match, in which order they come, and which part of them is a page.
//!
//! A filter becomes a condition on columns, an order becomes keys that end with the id, and a position in it one condition more.
//! [`people`] adds how a list of a million is followed; the other entities, and credentials, are few. [`events`] has an order of its
//! own.

mod credentials;
mod entities;
mod events;
mod people;
mod person_columns;
mod text;

use directory::query::{Direction, Field, Filter, Literal, Page, Position, Query, Window};

use super::{Cell, Columns, Row, Syntax};
use crate::codec::{self, listing};

pub(crate) use credentials::credentials;
pub(crate) use entities::of_entities;
pub(crate) use events::events;
pub(crate) use people::{Members, people};

/// Where the value of a field stands. The row with the id has the alias `o`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// As a value of its type, or as NULL.
    Typed(String),
    /// As the bytes of [`listing::indexed_value`], which are never NULL.
    Indexed(String),
}

/// A field whose value stands in a column, or in an expression of some.
pub(crate) trait Column: Field {
    fn place(self, syntax: Syntax) -> Place;

    /// A condition that the row has the literal among what it has several of, and the value that stands in it as
    /// [`text::VALUE`]. [`text::ORGANIZATION`] is the number of the organization whose people are asked about.
    fn contains(list: Self::List, literal: &Literal, syntax: Syntax) -> (&'static str, Cell<'static>);

    /// A condition that a word occurs in one of the texts that the row is searched by, with [`text::WORD`] for the word. Without
    /// one, no word does.
    fn has_word(_: Syntax) -> Option<&'static str> {
        None
    }
}

/// The rank of one of the names of a closed set.
fn ranks<const N: usize>(column: &str, ranks: [(&str, u8); N]) -> String {
    let when = ranks.map(|(name, rank)| format!(" WHEN '{name}' THEN {rank}"));
    format!("CASE {column}{} END", when.concat())
}

/// What all have to match, each by itself.
fn conditions<F: Field>(filter: &Filter<F>) -> Vec<&Filter<F>> {
    match filter {
        Filter::All(filters) => filters.iter().flat_map(conditions).collect(),
        Filter::Any(_)
        | Filter::Not(_)
        | Filter::Compare(..)
        | Filter::Present(_)
        | Filter::Contains(..)
        | Filter::Words(_) => {
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
    /// Bytes that have an order even for nothing.
    Indexed,
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
            (KeyValue::Indexed, value) => Cell::from(listing::indexed_value(value)),
            (KeyValue::Column | KeyValue::Id, Some(value)) => listing::cell(value),
            (KeyValue::Column | KeyValue::Id, None) => Cell::Null,
        }
    }
}

/// The keys of a query in the direction in which its window reads, the id at their end. Of the field that is followed, if one
/// is, the value stands there.
fn keys<F: Column>(syntax: Syntax, query: &Query<F>, followed: Option<(F, Place)>) -> Vec<Key> {
    let is_backwards = matches!(query.window, Window::Before(..));
    let towards = |direction: Direction| if is_backwards { direction.reversed() } else { direction };
    let key = |(index, (field, direction)): (usize, &(F, Direction))| {
        let place = match &followed {
            Some((followed, place)) if index == 0 && followed == field => place.clone(),
            _ => field.place(syntax),
        };
        let (expression, value) = match place {
            Place::Typed(expression) => (expression, KeyValue::Column),
            Place::Indexed(expression) => (expression, KeyValue::Indexed),
        };
        Key { expression, direction: towards(*direction), value }
    };
    let mut keys: Vec<Key> = query.sort.iter().enumerate().map(key).collect();
    let last = query.sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    keys.push(Key { expression: "o.id".to_owned(), direction: towards(last), value: KeyValue::Id });
    keys
}

/// What a statement reads of each row: the id, and the values of the fields that the query sorts by.
fn select<F: Column>(text: &mut text::Text, query: &Query<F>) {
    text.push("SELECT o.id");
    for (field, _) in &query.sort {
        text.push(", ");
        let (Place::Typed(expression) | Place::Indexed(expression)) = field.place(text.syntax);
        text.push(&expression);
    }
}

/// The position of a row that begins with what [`select`] reads; and what follows it.
fn position<F: Column>(syntax: Syntax, row: Row, query: &Query<F>) -> codec::Result<(Position, Columns)> {
    let mut columns = Columns::of(row);
    let id = columns.uuid()?;
    let mut values = Vec::with_capacity(query.sort.len());
    for (field, _) in &query.sort {
        values.push(match field.place(syntax) {
            Place::Typed(_) => listing::literal(field.kind(), &mut columns)?,
            Place::Indexed(_) => listing::literal_of(field.kind(), &columns.bytes()?)?,
        });
    }
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
pub(crate) use credentials::credential_statement;
#[cfg(test)]
pub(crate) use events::{event_statements, tests as event_tests};

#[cfg(test)]
pub(crate) mod tests;
