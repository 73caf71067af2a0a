//! Queries as SQL: which people of an organization match, and in which order they come.
//!
//! A list follows the entries of one field, in their order, and compares the other fields in the columns of the people that
//! it meets. Which field that is does not hang on what a planner believes: it is the field that the list is sorted by, unless a filter
//! leaves few people; then it is that filter's, and those few are sorted.

use directory::PersonField;
use directory::ids::{PersonId, TenantId};
use directory::query::{Direction, Field, Filter, Literal, Operator, Page, Position, Query, Window};
use directory::status::Status;

use super::{Cell, Columns, Sql, Syntax};
use crate::form::{self, listing};

/// A filter that leaves fewer people than this is followed, and those are sorted. With more of them the field that the
/// list is sorted by is: then one in a hundred of a million matches, and a page of a hundred is found as soon.
const FEW: i64 = 10_000;

/// Filters that are counted before one of them is followed.
const COUNTED: usize = 16;

/// Where the people of a list are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members {
    pub(crate) tenant: TenantId,
    /// The number of the organization.
    pub(crate) organization: i64,
}

/// A page of the members who match.
pub(crate) async fn people<S: Sql>(
    sql: &S,
    members: Members,
    query: &Query<PersonField>,
) -> Result<Page<PersonId>, S::Failure> {
    page(sql, members, query, FEW).await
}

async fn page<S: Sql>(
    sql: &S,
    members: Members,
    query: &Query<PersonField>,
    few: i64,
) -> Result<Page<PersonId>, S::Failure> {
    let mut query = query.clone();
    if query.sort.is_empty() {
        query.sort.push((PersonField::Id, Direction::Ascending));
    }
    let conditions = conditions(&query.filter);
    let follow = follow(sql, members, &conditions, &query, few).await?;
    let total = match query.count {
        true => Some(count(sql, members, &conditions, follow).await?),
        false => None,
    };
    let limit = query.window.limit() as usize;
    let mut found = select(sql, members, &conditions, follow, &query).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let (has_next, has_previous) = match &query.window {
        Window::Offset(offset, _) => (has_more, *offset > 0),
        Window::After(..) => (has_more, true),
        Window::Before(..) => {
            found.reverse();
            (true, has_more)
        }
    };
    let bounds = found.first().cloned().zip(found.last().cloned());
    let items = found.into_iter().map(|position| PersonId(position.id)).collect();
    Ok(Page { items, bounds, has_next, has_previous, total })
}

/// What all have to match, each by itself.
fn conditions(filter: &Filter<PersonField>) -> Vec<&Filter<PersonField>> {
    match filter {
        Filter::All(filters) => filters.iter().flat_map(conditions).collect(),
        Filter::Any(_) | Filter::Not(_) | Filter::Compare(..) | Filter::Present(_) => vec![filter],
    }
}

/// The entries that a list goes along.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Follow<'q> {
    /// Those of a field, in their order.
    Order(PersonField),
    /// Those that match this condition. The people have to be sorted.
    Condition(&'q Filter<PersonField>),
}

async fn follow<'q, S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&'q Filter<PersonField>],
    query: &Query<PersonField>,
    few: i64,
) -> Result<Follow<'q>, S::Failure> {
    let first = query.sort.first().map_or(PersonField::Id, |(field, _)| *field);
    let mut best = (few, Follow::Order(first));
    for condition in conditions.iter().copied().filter(|condition| range(condition).is_some()).take(COUNTED) {
        let mut text = Text::new(members);
        text.push("SELECT count(*) FROM (SELECT 1 AS one FROM person_order AS o WHERE ");
        text.entries(members, range(condition));
        text.push(" LIMIT ");
        text.value(Cell::Integer(best.0));
        text.push(") AS counted");
        let found = text.integer(sql).await?;
        if found < best.0 {
            best = (found, Follow::Condition(condition));
        }
    }
    Ok(best.1)
}

/// The fields that conditions look at.
fn compared(conditions: &[&Filter<PersonField>]) -> Vec<PersonField> {
    fn visit(filter: &Filter<PersonField>, fields: &mut Vec<PersonField>) {
        match filter {
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().for_each(|filter| visit(filter, fields));
            }
            Filter::Not(filter) => visit(filter, fields),
            Filter::Compare(field, ..) | Filter::Present(field) => fields.push(*field),
        }
    }
    let mut fields = Vec::new();
    conditions.iter().for_each(|condition| visit(condition, &mut fields));
    fields
}

/// Entries of a field that lie side by side: between these values, both included.
#[derive(Debug, Clone, PartialEq)]
struct Range {
    field: PersonField,
    least: Option<Vec<u8>>,
    most: Option<Vec<u8>>,
}

/// Where all those are who match the condition, perhaps with some at the edges who do not.
fn range(condition: &Filter<PersonField>) -> Option<Range> {
    let lowest = || Some(listing::LOWEST.to_vec());
    match condition {
        Filter::Compare(field, operator, literal) => {
            let value = || Some(listing::indexed_value(Some(literal)));
            let (least, most) = match operator {
                Operator::Equal => (value(), value()),
                Operator::Less | Operator::LessOrEqual => (lowest(), value()),
                Operator::Greater | Operator::GreaterOrEqual => (value(), None),
            };
            Some(Range { field: *field, least, most })
        }
        Filter::Present(field) => Some(Range { field: *field, least: lowest(), most: None }),
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) => None,
    }
}

async fn count<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: Follow<'_>,
) -> Result<u64, S::Failure> {
    let mut text = Text::new(members);
    text.push("SELECT count(*) FROM person_order AS o");
    text.joins(S::SYNTAX, &compared(conditions));
    text.push(" WHERE ");
    match follow {
        // Everybody has one entry of each field.
        Follow::Order(field) => text.entries(members, Some(Range { field, least: None, most: None })),
        Follow::Condition(condition) => text.entries(members, range(condition)),
    }
    text.conditions(conditions);
    Ok(text.integer(sql).await?.cast_unsigned())
}

/// The positions of those on the page and of one more, if there is one; nearest to where the window begins first.
async fn select<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: Follow<'_>,
    query: &Query<PersonField>,
) -> Result<Vec<Position>, S::Failure> {
    let text = statement(S::SYNTAX, members, conditions, follow, query);
    let mut found = Vec::new();
    for row in sql.query(&text.sql, &text.values).await? {
        let mut columns = Columns::of(row);
        let id = columns.uuid()?;
        let values = query.sort.iter().map(|(field, _)| listing::literal(field.kind(), &mut columns));
        found.push(Position { values: values.collect::<form::Result<_>>()?, id });
    }
    Ok(found)
}

fn statement(
    syntax: Syntax,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: Follow<'_>,
    query: &Query<PersonField>,
) -> Text {
    let keys = keys(follow, query);
    let mut text = Text::new(members);
    text.push("SELECT o.id");
    let mut compared = compared(conditions);
    for (field, _) in &query.sort {
        text.push(", ");
        text.push(&column(*field));
        compared.push(*field);
    }
    text.push(" FROM person_order AS o");
    text.joins(syntax, &compared);
    text.push(" WHERE ");
    match follow {
        Follow::Order(field) => {
            text.entries(members, Some(Range { field, least: None, most: None }));
            for range in conditions.iter().filter_map(|condition| range(condition)) {
                if range.field == field {
                    text.bounds(range);
                }
            }
        }
        Follow::Condition(condition) => text.entries(members, range(condition)),
    }
    text.conditions(conditions);
    if let Window::After(position, _) | Window::Before(position, _) = &query.window {
        text.push(" AND ");
        text.behind(&keys, position);
    }
    text.push(" ORDER BY ");
    for key in &keys {
        text.push(&key.order());
        text.push(", ");
    }
    text.push(&id_key(&keys).order());
    text.push(" LIMIT ");
    text.value(Cell::Integer(i64::from(query.window.limit()) + 1));
    if let Window::Offset(offset @ 1.., _) = query.window {
        text.push(" OFFSET ");
        text.value(Cell::Integer(i64::try_from(offset).unwrap_or(i64::MAX)));
    }
    text
}

/// What the rows of a statement are sorted by.
#[derive(Debug, Clone)]
struct Key {
    expression: String,
    direction: Direction,
    /// Whether it is the value of the entries that are followed.
    is_entry: bool,
}

impl Key {
    /// Nothing comes before everything. An entry says so itself.
    fn order(&self) -> String {
        let expression = &self.expression;
        match (self.is_entry, self.direction) {
            (true, Direction::Ascending) => format!("{expression} ASC"),
            (true, Direction::Descending) => format!("{expression} DESC"),
            (false, Direction::Ascending) => format!("{expression} ASC NULLS FIRST"),
            (false, Direction::Descending) => format!("{expression} DESC NULLS LAST"),
        }
    }

    fn cell(&self, value: Option<&Literal>) -> Cell<'static> {
        match (self.is_entry, value) {
            (true, value) => Cell::from(listing::indexed_value(value)),
            (false, Some(value)) => listing::cell(value),
            (false, None) => Cell::Null,
        }
    }
}

/// The keys without the id, in the direction in which the window reads.
fn keys(follow: Follow<'_>, query: &Query<PersonField>) -> Vec<Key> {
    let is_backwards = matches!(query.window, Window::Before(..));
    let followed = match follow {
        Follow::Order(field) => Some(field),
        Follow::Condition(_) => None,
    };
    let key = |(index, (field, direction)): (usize, &(PersonField, Direction))| {
        let (field, direction) = (*field, *direction);
        let is_entry = index == 0 && followed == Some(field);
        Key {
            expression: if is_entry { "o.value".to_owned() } else { column(field) },
            direction: if is_backwards { direction.reversed() } else { direction },
            is_entry,
        }
    };
    query.sort.iter().enumerate().map(key).collect()
}

/// The last key, which makes the order total.
fn id_key(keys: &[Key]) -> Key {
    let direction = keys.last().map_or(Direction::Ascending, |key| key.direction);
    Key { expression: "o.id".to_owned(), direction, is_entry: true }
}

/// A statement with its values.
#[derive(Debug)]
struct Text {
    sql: String,
    values: Vec<Cell<'static>>,
}

impl Text {
    /// The tenant is `$1` of every statement.
    fn new(members: Members) -> Self {
        Self { sql: String::new(), values: vec![Cell::from(members.tenant.0)] }
    }

    fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn value(&mut self, value: Cell<'static>) {
        self.values.push(value);
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
    }

    async fn integer<S: Sql>(&self, sql: &S) -> Result<i64, S::Failure> {
        let rows = sql.query(&self.sql, &self.values).await?;
        let row = rows.into_iter().next().unwrap_or_default();
        Ok(Columns::of(row).integer()?)
    }

    /// The tables in which the columns of these fields are.
    fn joins(&mut self, syntax: Syntax, fields: &[PersonField]) {
        let are_in = |alias: &str| fields.iter().any(|field| column(*field).contains(alias));
        for (alias, table) in [("p.", "person"), ("l.", "person_listed")] {
            if are_in(alias) {
                self.push(syntax.join(table));
            }
        }
    }

    /// The entries of an organization within a range.
    fn entries(&mut self, members: Members, range: Option<Range>) {
        self.push("o.tenant = $1 AND o.organization = ");
        self.value(Cell::Integer(members.organization));
        if let Some(range) = range {
            self.push(" AND o.field = ");
            self.value(Cell::Integer(listing::number(range.field).into()));
            self.bounds(range);
        }
    }

    fn bounds(&mut self, Range { least, most, .. }: Range) {
        match (least, most) {
            (Some(least), Some(most)) if least == most => self.bound(" = ", least),
            (least, most) => {
                least.into_iter().for_each(|least| self.bound(" >= ", least));
                most.into_iter().for_each(|most| self.bound(" <= ", most));
            }
        }
    }

    fn bound(&mut self, operator: &str, value: Vec<u8>) {
        self.push(" AND o.value");
        self.push(operator);
        self.value(Cell::from(value));
    }

    fn conditions(&mut self, conditions: &[&Filter<PersonField>]) {
        for condition in conditions {
            self.push(" AND ");
            self.filter(condition);
        }
    }

    /// An expression that is true, or false or NULL.
    fn filter(&mut self, filter: &Filter<PersonField>) {
        match filter {
            Filter::All(filters) => self.joined(filters, " AND ", "TRUE"),
            Filter::Any(filters) => self.joined(filters, " OR ", "FALSE"),
            Filter::Not(filter) => {
                self.push("NOT coalesce(");
                self.filter(filter);
                self.push(", FALSE)");
            }
            Filter::Compare(field, operator, literal) => {
                self.push(&column(*field));
                self.push(match operator {
                    Operator::Equal => " = ",
                    Operator::Less => " < ",
                    Operator::LessOrEqual => " <= ",
                    Operator::Greater => " > ",
                    Operator::GreaterOrEqual => " >= ",
                });
                self.value(listing::cell(literal));
            }
            Filter::Present(field) => {
                self.push(&column(*field));
                self.push(" IS NOT NULL");
            }
        }
    }

    fn joined(&mut self, filters: &[Filter<PersonField>], between: &str, none: &str) {
        if filters.is_empty() {
            return self.push(none);
        }
        self.push("(");
        for (index, filter) in filters.iter().enumerate() {
            if index > 0 {
                self.push(between);
            }
            self.filter(filter);
        }
        self.push(")");
    }

    /// Rows that come after a position.
    fn behind(&mut self, keys: &[Key], position: &Position) {
        let value = |index: usize| position.values.get(index).and_then(Option::as_ref);
        let operator = |direction| if direction == Direction::Ascending { " > " } else { " < " };
        let id = Cell::from(position.id);
        if let [key @ Key { is_entry: true, .. }] = keys {
            // Both engines look for a pair in the index as for one value.
            self.push("(o.value, o.id)");
            self.push(operator(key.direction));
            self.push("(");
            self.value(
                key.cell(
                    value(0).or(Some(&Literal::Uuid(position.id)).filter(|_| position.values.is_empty())),
                ),
            );
            self.push(", ");
            self.value(id);
            return self.push(")");
        }
        if let Some(key) = keys.first().filter(|key| key.is_entry) {
            // Implied by what follows, and what the index is entered with.
            self.push("o.value");
            self.push(if key.direction == Direction::Ascending { " >= " } else { " <= " });
            self.value(key.cell(value(0)));
            self.push(" AND ");
        }
        for (index, key) in keys.iter().enumerate() {
            self.push("(");
            self.beyond(key, value(index));
            self.push(" OR ");
            self.same(key, value(index));
            self.push(" AND ");
        }
        self.push("o.id");
        self.push(operator(keys.last().map_or(Direction::Ascending, |key| key.direction)));
        self.value(id);
        keys.iter().for_each(|_| self.push(")"));
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

/// Where the value of a field stands.
fn column(field: PersonField) -> String {
    match field {
        PersonField::Id => "o.id".to_owned(),
        PersonField::PrimaryDepartment => "p.primary_department".to_owned(),
        PersonField::CreatedAt => "p.created_at".to_owned(),
        PersonField::UpdatedAt => "p.updated_at".to_owned(),
        PersonField::Status => {
            let when = |status: &Status| format!(" WHEN '{}' THEN {}", status.as_str(), status.rank());
            format!("CASE p.status{} END", Status::ALL.iter().map(when).collect::<String>())
        }
        PersonField::Name
        | PersonField::UserName
        | PersonField::Email
        | PersonField::SecondEmail
        | PersonField::Title
        | PersonField::ExternalId
        | PersonField::DataSource
        | PersonField::BirthDate
        | PersonField::EmploymentStart
        | PersonField::EmploymentEnd => {
            let own = listing::COLUMNS.iter().find(|(_, known)| *known == field);
            own.map_or("NULL".to_owned(), |(name, _)| format!("l.{name}"))
        }
    }
}

impl Syntax {
    /// Joins a table of people to the entries, by its key.
    fn join(self, table: &str) -> &'static str {
        match (self, table) {
            (Self::Sqlite, "person") => " CROSS JOIN person AS p ON p.pk = o.person",
            (Self::Sqlite, _) => " CROSS JOIN person_listed AS l ON l.pk = o.person",
            (Self::Postgres, "person") => {
                " CROSS JOIN LATERAL (
                    SELECT * FROM person AS p WHERE p.tenant = $1 AND p.number = o.person OFFSET 0) AS p"
            }
            (Self::Postgres, _) => {
                " CROSS JOIN LATERAL (
                    SELECT * FROM person_listed AS l WHERE l.tenant = $1 AND l.person = o.person OFFSET 0) AS l"
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
