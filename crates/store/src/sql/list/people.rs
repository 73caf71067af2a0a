//! Which people of an organization match, and in which order they come.
//!
//! A list follows the entries of one field, in their order, and compares the other fields in the columns of the people that
//! it meets. Which field that is does not hang on what a planner believes: it is the field that the list is sorted by, unless a filter
//! leaves few people; then it is that filter's, and those few are sorted.

use directory::PersonField;
use directory::ids::{PersonId, TenantId};
use directory::query::{Direction, Filter, Operator, Page, Position, Query};
use directory::status::Status;

use super::text::Text;
use super::{Column, conditions, keys, page_of, position, ranks};
use crate::form::listing;
use crate::sql::{Cell, Sql, Syntax};

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

pub(super) async fn page<S: Sql>(
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
    let found = select(sql, members, &conditions, follow, &query).await?;
    Ok(page_of(found, &query.window, total))
}

/// The entries that a list goes along.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Follow<'q> {
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
        let mut text = Text::new(members.tenant);
        text.push("SELECT count(*) FROM (SELECT 1 AS one FROM person_order AS o WHERE ");
        entries(&mut text, members, range(condition));
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
    let mut text = Text::new(members.tenant);
    text.push("SELECT count(*) FROM person_order AS o");
    joins(&mut text, S::SYNTAX, &compared(conditions));
    text.push(" WHERE ");
    match follow {
        // Everybody has one entry of each field.
        Follow::Order(field) => entries(&mut text, members, Some(Range { field, least: None, most: None })),
        Follow::Condition(condition) => entries(&mut text, members, range(condition)),
    }
    text.conditions(conditions);
    Ok(text.integer(sql).await?.cast_unsigned())
}

/// Those on the page and one more, if there is one; nearest to where the window begins first.
async fn select<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: Follow<'_>,
    query: &Query<PersonField>,
) -> Result<Vec<(Position, PersonId)>, S::Failure> {
    let text = statement(S::SYNTAX, members, conditions, follow, query);
    let mut found = Vec::new();
    for row in sql.query(&text.sql, &text.values).await? {
        let (position, _) = position(row, query)?;
        let id = PersonId(position.id);
        found.push((position, id));
    }
    Ok(found)
}

pub(super) fn statement(
    syntax: Syntax,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: Follow<'_>,
    query: &Query<PersonField>,
) -> Text {
    let mut text = Text::new(members.tenant);
    text.push("SELECT o.id");
    let mut compared = compared(conditions);
    for (field, _) in &query.sort {
        text.push(", ");
        text.push(&field.column());
        compared.push(*field);
    }
    text.push(" FROM person_order AS o");
    joins(&mut text, syntax, &compared);
    text.push(" WHERE ");
    match follow {
        Follow::Order(field) => {
            entries(&mut text, members, Some(Range { field, least: None, most: None }));
            for range in conditions.iter().filter_map(|condition| range(condition)) {
                if range.field == field {
                    bounds(&mut text, range);
                }
            }
        }
        Follow::Condition(condition) => entries(&mut text, members, range(condition)),
    }
    text.conditions(conditions);
    let followed = match follow {
        Follow::Order(field) => Some(field),
        Follow::Condition(_) => None,
    };
    text.window(&query.window, &keys(query, followed));
    text
}

/// The entries of an organization within a range.
fn entries(text: &mut Text, members: Members, range: Option<Range>) {
    text.push("o.tenant = $1 AND o.organization = ");
    text.value(Cell::Integer(members.organization));
    if let Some(range) = range {
        text.push(" AND o.field = ");
        text.value(Cell::Integer(listing::number(range.field).into()));
        bounds(text, range);
    }
}

fn bounds(text: &mut Text, Range { least, most, .. }: Range) {
    let mut bound = |operator: &str, value: Vec<u8>| {
        text.push(" AND o.value");
        text.push(operator);
        text.value(Cell::from(value));
    };
    match (least, most) {
        (Some(least), Some(most)) if least == most => bound(" = ", least),
        (least, most) => {
            least.into_iter().for_each(|least| bound(" >= ", least));
            most.into_iter().for_each(|most| bound(" <= ", most));
        }
    }
}

/// The tables in which the columns of these fields are.
fn joins(text: &mut Text, syntax: Syntax, fields: &[PersonField]) {
    let are_in = |alias: &str| fields.iter().any(|field| field.column().contains(alias));
    for (alias, table) in [("p.", "person"), ("l.", "person_listed")] {
        if are_in(alias) {
            text.push(syntax.join(table));
        }
    }
}

impl Column for PersonField {
    fn column(self) -> String {
        match self {
            PersonField::Id => "o.id".to_owned(),
            PersonField::PrimaryDepartment => "p.primary_department".to_owned(),
            PersonField::CreatedAt => "p.created_at".to_owned(),
            PersonField::UpdatedAt => "p.updated_at".to_owned(),
            PersonField::Status => {
                ranks("p.status", Status::ALL.map(|status| (status.as_str(), status.rank())))
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
                let own = listing::COLUMNS.iter().find(|(_, known)| *known == self);
                own.map_or("NULL".to_owned(), |(name, _)| format!("l.{name}"))
            }
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
