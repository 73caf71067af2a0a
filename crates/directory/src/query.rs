//! Asking for some of many: one form of filter, order and page for people and for every other entity.
//!
//! A dialect turns its vendor's parameters into a [`Query`]; the store translates it once for both engines. Nothing else
//! of a list is the dialect's.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use uuid::Uuid;

use crate::ids::ObjectId;

/// An attribute that lists are filtered and ordered by: a closed set for each entity.
pub trait Field: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// Every field of the entity.
    const ALL: &'static [Self];

    /// What an entity may have several of, which filters ask for one by one: a closed set, too.
    type List: Copy + Eq + fmt::Debug + Send + Sync + 'static;

    /// What its values are. A [`Literal`] that a filter compares it with is of this type.
    fn kind(self) -> FieldKind;
}

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Compared by code point, letter case and all.
    Text,
    /// A closed set of values in a fixed order, counted from 0.
    Rank,
    /// A point in time, to the microsecond.
    Time,
    /// A date and time in UTC of the years 1 to 9999, to a tenth of a microsecond.
    Civil,
    Uuid,
    ObjectId,
}

/// A value that a field may have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Literal {
    Text(String),
    Rank(u8),
    Time(Timestamp),
    Civil(DateTime),
    Uuid(Uuid),
    ObjectId(ObjectId),
}

impl Literal {
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Text(_) => FieldKind::Text,
            Self::Rank(_) => FieldKind::Rank,
            Self::Time(_) => FieldKind::Time,
            Self::Civil(_) => FieldKind::Civil,
            Self::Uuid(_) => FieldKind::Uuid,
            Self::ObjectId(_) => FieldKind::ObjectId,
        }
    }
}

/// How a field is compared with a literal. A field without a value is equal to nothing, and neither less nor greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Whether a value that compares with the literal like this matches.
    pub fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Which entities are wanted. It is true or false of each, also where a value is missing: `Not` turns one into the other.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter<F: Field> {
    /// All of them match; true where there are none.
    All(Vec<Self>),
    /// One of them matches; false where there are none.
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(F, Operator, Literal),
    /// The field has a value.
    Present(F),
    /// The literal is one of those that the entity has.
    Contains(F::List, Literal),
    /// Each of the words, folded by [`crate::text::fold_for_search`], occurs in one of the texts that the entity is searched by.
    /// People are, by [`crate::apply::search_fields`]; nothing else has words.
    Words(Vec<String>),
}

impl<F: Field> Filter<F> {
    /// Whether an entity with these values matches, of which `contains` says what it has several of, and `has_word` in which
    /// words it is found.
    pub fn matches(
        &self,
        value: &impl Fn(F) -> Option<Literal>,
        contains: &impl Fn(F::List, &Literal) -> bool,
        has_word: &impl Fn(&str) -> bool,
    ) -> bool {
        let matches = |filter: &Self| filter.matches(value, contains, has_word);
        match self {
            Self::All(filters) => filters.iter().all(matches),
            Self::Any(filters) => filters.iter().any(matches),
            Self::Not(filter) => !matches(filter),
            Self::Contains(list, literal) => contains(*list, literal),
            Self::Words(words) => words.iter().all(|word| has_word(word)),
            Self::Compare(field, operator, literal) => {
                value(*field).is_some_and(|value| operator.admits(value.cmp(literal)))
            }
            Self::Present(field) => value(*field).is_some(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    Ascending,
    Descending,
}

impl Direction {
    pub fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// What to list, in which order, and which part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<F: Field> {
    pub filter: Filter<F>,
    /// From the most to the least important field. Entities without a value come first in ascending order. Ties go by id,
    /// in the direction of the last field, so that the order is total; without fields the id alone decides.
    pub sort: Vec<(F, Direction)>,
    pub window: Window,
    /// Whether all that match are counted.
    pub count: bool,
}

impl<F: Field> Query<F> {
    /// The beginning of a list.
    pub fn first(filter: Filter<F>, sort: Vec<(F, Direction)>, limit: u32) -> Self {
        Self { filter, sort, window: Window::Offset(0, limit), count: false }
    }
}

/// A part of a list, of at most so many entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// From the beginning, without the first so many.
    Offset(u64, u32),
    /// What follows a position, which need not be taken any more.
    After(Position, u32),
    /// What comes before a position, nearest to it.
    Before(Position, u32),
}

impl Window {
    pub fn limit(&self) -> u32 {
        match self {
            Self::Offset(_, limit) | Self::After(_, limit) | Self::Before(_, limit) => *limit,
        }
    }
}

/// A place in an order: the values of the fields that it sorts by, and the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub values: Vec<Option<Literal>>,
    pub id: Uuid,
}

/// A part of a list, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the page begins and ends, unless it is empty.
    pub bounds: Option<(Position, Position)>,
    pub has_next: bool,
    pub has_previous: bool,
    /// Of all that match, where it was asked for; in the same snapshot as the page.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// The page of a list that nothing is in.
    pub fn empty() -> Self {
        Self { items: Vec::new(), bounds: None, has_next: false, has_previous: false, total: Some(0) }
    }

    /// The same page, of other things.
    pub fn with<U>(self, items: Vec<U>) -> Page<U> {
        let Self { items: _, bounds, has_next, has_previous, total } = self;
        Page { items, bounds, has_next, has_previous, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Letter {
        A,
        B,
    }

    impl Field for Letter {
        const ALL: &'static [Self] = &[Self::A, Self::B];
        type List = char;

        fn kind(self) -> FieldKind {
            FieldKind::Text
        }
    }

    fn compare(field: Letter, operator: Operator, text: &str) -> Filter<Letter> {
        Filter::Compare(field, operator, Literal::Text(text.into()))
    }

    #[test]
    fn a_missing_value_matches_no_comparison_and_every_denial() {
        let value = |field| (field == Letter::A).then(|| Literal::Text("m".into()));
        let has_word = |word: &str| "m".contains(word);
        let contains = |list: char, literal: &Literal| *literal == Literal::Text(list.to_string());
        for operator in [
            Operator::Equal,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
        ] {
            let filter = compare(Letter::B, operator, "m");
            assert!(!filter.matches(&value, &contains, &has_word), "{operator:?}");
            assert!(Filter::Not(filter.into()).matches(&value, &contains, &has_word), "{operator:?}");
        }
        assert!(
            Filter::Present(Letter::A).matches(&value, &contains, &has_word)
                && !Filter::Present(Letter::B).matches(&value, &contains, &has_word)
        );
        assert!(
            compare(Letter::A, Operator::Greater, "M").matches(&value, &contains, &has_word),
            "by code point"
        );
        let text = |text: &str| Literal::Text(text.into());
        assert!(Filter::<Letter>::Contains('m', text("m")).matches(&value, &contains, &has_word));
        assert!(!Filter::<Letter>::Contains('m', text("n")).matches(&value, &contains, &has_word));
        assert!(Filter::<Letter>::All(vec![]).matches(&value, &contains, &has_word));
        assert!(!Filter::<Letter>::Any(vec![]).matches(&value, &contains, &has_word));
        assert!(
            Filter::<Letter>::Words(vec!["m".into(), String::new()]).matches(&value, &contains, &has_word)
        );
        assert!(!Filter::<Letter>::Words(vec!["m".into(), "n".into()]).matches(&value, &contains, &has_word));
    }
}
