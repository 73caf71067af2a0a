//! A statement that is put together, with its values.

use directory::ids::TenantId;
use directory::query::{Direction, Filter, Literal, Operator, Position, Window};
use directory::text::holds_nul;

use super::{Column, Key, KeyValue, Members, Place};
use crate::codec::listing;
use crate::sql::{Cell, Columns, Row, Sql, Syntax};

/// Stands for the word in [`Column::has_word`].
pub(super) const WORD: &str = "{word}";

/// Stands for the value in [`Column::contains`].
pub(super) const VALUE: &str = "{value}";

/// Stands for the number of the organization there.
pub(super) const ORGANIZATION: &str = "{organization}";

#[derive(Debug)]
pub(super) struct Text {
    pub(super) syntax: Syntax,
    /// The number of the organization whose people are asked about.
    organization: Option<i64>,
    pub(super) sql: String,
    pub(super) values: Vec<Cell<'static>>,
}

impl Text {
    /// The tenant is `$1` of every statement.
    pub(super) fn new(syntax: Syntax, tenant: TenantId) -> Self {
        Self { syntax, organization: None, sql: String::new(), values: vec![Cell::from(tenant.0)] }
    }

    /// A statement about people.
    pub(super) fn of(syntax: Syntax, members: Members) -> Self {
        Self { organization: Some(members.organization), ..Self::new(syntax, members.tenant) }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    pub(super) fn value(&mut self, value: Cell<'static>) {
        self.values.push(value);
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
    }

    /// The first row that it answers with.
    pub(super) async fn first<S: Sql>(&self, sql: &S) -> Result<Option<Columns>, S::Error> {
        let rows = sql.query(&self.sql, &self.values).await?;
        Ok(rows.into_iter().next().map(Columns::of))
    }

    /// The one integer that it answers with.
    pub(super) async fn integer<S: Sql>(&self, sql: &S) -> Result<i64, S::Error> {
        let first = self.first(sql).await?;
        Ok(first.unwrap_or_else(|| Columns::of(Row::default())).integer()?)
    }

    pub(super) fn conditions<F: Column>(&mut self, conditions: &[&Filter<F>]) {
        for condition in conditions {
            self.push(" AND ");
            self.filter(condition);
        }
    }

    /// An expression that is true, or false or NULL.
    fn filter<F: Column>(&mut self, filter: &Filter<F>) {
        self.push("(");
        self.bare(filter);
        self.push(")");
    }

    fn bare<F: Column>(&mut self, filter: &Filter<F>) {
        match filter {
            Filter::All(filters) => self.joined(filters, " AND ", "TRUE"),
            Filter::Any(filters) => self.joined(filters, " OR ", "FALSE"),
            Filter::Not(filter) => {
                self.push("NOT coalesce(");
                self.filter(filter);
                self.push(", FALSE)");
            }
            Filter::Compare(field, operator, literal) => {
                let (expression, value) = match field.place(self.syntax) {
                    Place::Typed(expression) => (expression, listing::cell(literal)),
                    Place::Indexed(expression) => {
                        let expression = beside_index(&expression);
                        let value = Cell::from(listing::indexed_value(Some(literal)));
                        if matches!(operator, Operator::Less | Operator::LessOrEqual) {
                            // Nothing is before every value, and less than none.
                            self.push(&format!("{expression} >= "));
                            self.value(Cell::from(listing::LOWEST.to_vec()));
                            self.push(" AND ");
                        }
                        (expression, value)
                    }
                };
                self.push(&expression);
                self.push(match operator {
                    Operator::Equal => " = ",
                    Operator::Less => " < ",
                    Operator::LessOrEqual => " <= ",
                    Operator::Greater => " > ",
                    Operator::GreaterOrEqual => " >= ",
                });
                self.value(value);
            }
            Filter::Present(field) => match field.place(self.syntax) {
                Place::Typed(expression) => self.push(&format!("{expression} IS NOT NULL")),
                Place::Indexed(expression) => {
                    self.push(&format!("{} >= ", beside_index(&expression)));
                    self.value(Cell::from(listing::LOWEST.to_vec()));
                }
            },
            Filter::Contains(list, literal) => self.contains::<F>(*list, literal),
            Filter::Words(words) => self.words::<F>(words),
        }
    }

    fn contains<F: Column>(&mut self, list: F::List, literal: &Literal) {
        let (condition, value) = F::contains(list, literal, self.syntax);
        let mut condition = condition.to_owned();
        for (place, value) in [(VALUE, value), (ORGANIZATION, self.organization.into())] {
            if condition.contains(place) {
                self.values.push(value);
                condition = condition.replace(place, &format!("${}", self.values.len()));
            }
        }
        self.push(&condition);
    }

    fn words<F: Column>(&mut self, words: &[String]) {
        self.push("TRUE");
        // Everybody has the empty word.
        for word in words.iter().filter(|word| !word.is_empty()) {
            self.push(" AND ");
            // No store holds a text with U+0000, and PostgreSQL takes none.
            match F::has_word(self.syntax).filter(|_| !holds_nul(word)) {
                Some(condition) => {
                    self.values.push(Cell::from(word.clone()));
                    let parameter = format!("${}", self.values.len());
                    self.push(&condition.replace(WORD, &parameter));
                }
                None => self.push("FALSE"),
            }
        }
    }

    fn joined<F: Column>(&mut self, filters: &[Filter<F>], between: &str, none: &str) {
        if filters.is_empty() {
            return self.push(none);
        }
        for (index, filter) in filters.iter().enumerate() {
            if index > 0 {
                self.push(between);
            }
            self.filter(filter);
        }
    }

    /// The end of a statement: its rows lie in the window, in the order of the keys, and there is one more of them than the
    /// window has, if there is one.
    pub(super) fn window(&mut self, window: &Window, keys: &[Key]) {
        self.in_order(window, keys);
        let offset = match window {
            Window::Offset(offset, _) => i64::try_from(*offset).unwrap_or(i64::MAX),
            Window::After(..) | Window::Before(..) => 0,
        };
        self.limit(i64::from(window.limit()) + 1, offset);
    }

    /// The end of a statement: its one row is that many behind the beginning of the window. An offset is not looked at.
    pub(super) fn entry(&mut self, window: &Window, keys: &[Key], behind: i64) {
        self.in_order(window, keys);
        self.limit(1, behind);
    }

    fn in_order(&mut self, window: &Window, keys: &[Key]) {
        if let Window::After(position, _) | Window::Before(position, _) = window {
            self.push(" AND ");
            self.beyond_position(keys, position);
        }
        self.push(" ORDER BY ");
        let order: Vec<String> = keys.iter().map(Key::order).collect();
        self.push(&order.join(", "));
    }

    fn limit(&mut self, limit: i64, offset: i64) {
        self.push(" LIMIT ");
        self.value(Cell::Integer(limit));
        if offset > 0 {
            self.push(" OFFSET ");
            self.value(Cell::Integer(offset));
        }
    }

    fn beyond_position(&mut self, keys: &[Key], position: &Position) {
        let id = Literal::Uuid(position.id);
        let value = |index: usize| match index + 1 == keys.len() {
            true => Some(&id),
            false => position.values.get(index).and_then(Option::as_ref),
        };
        if let [first @ Key { value: KeyValue::Indexed, .. }, last] = keys {
            // Both engines look for a pair in the index as for one value.
            self.push(&format!("({}, o.id)", first.expression));
            self.push(if first.direction == Direction::Ascending { " > (" } else { " < (" });
            self.value(first.cell(value(0)));
            self.push(", ");
            self.value(last.cell(value(1)));
            return self.push(")");
        }
        if let Some(first) = keys.first().filter(|key| key.value == KeyValue::Indexed) {
            // Implied by what follows, and what the index is entered with.
            self.push(&first.expression);
            self.push(if first.direction == Direction::Ascending { " >= " } else { " <= " });
            self.value(first.cell(value(0)));
            self.push(" AND ");
        }
        let Some((last, others)) = keys.split_last() else { return };
        for (index, key) in others.iter().enumerate() {
            self.push("(");
            self.beyond(key, value(index));
            self.push(" OR ");
            self.same(key, value(index));
            self.push(" AND ");
        }
        self.beyond(last, Some(&id));
        others.iter().for_each(|_| self.push(")"));
    }

    /// Rows whose key comes after the value.
    fn beyond(&mut self, key: &Key, value: Option<&Literal>) {
        let expression = &key.expression;
        match (key.cell(value), key.direction) {
            (Cell::Null, Direction::Ascending) => self.push(&format!("{expression} IS NOT NULL")),
            (Cell::Null, Direction::Descending) => self.push("FALSE"),
            (cell, Direction::Ascending) => {
                self.push(&format!("{expression} > "));
                self.value(cell);
            }
            (cell, Direction::Descending) => {
                self.push(&format!("({expression} IS NULL OR {expression} < "));
                self.value(cell);
                self.push(")");
            }
        }
    }

    fn same(&mut self, key: &Key, value: Option<&Literal>) {
        let expression = &key.expression;
        match key.cell(value) {
            Cell::Null => self.push(&format!("{expression} IS NULL")),
            cell => {
                self.push(&format!("{expression} = "));
                self.value(cell);
            }
        }
    }
}

/// The column in a condition that no index is to be entered with: the bounds of the index that a list follows are given beside
/// its conditions. Only SQLite compares the columns of indexes in conditions; there a plus sign says so
/// (sqlite.org/optoverview.html, "Disqualifying WHERE Clause Terms Using Unary-+").
fn beside_index(column: &str) -> String {
    format!("+{column}")
}
