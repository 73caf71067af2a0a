//! Which people of an organization match, and in which order they come.
//!
//! A list follows the entries of one field, in their order, and compares the other fields in the columns of the people that
//! it meets. Which field that is does not hang on what a planner believes: it is the field that the list is sorted by, unless a filter
//! leaves few people; then it is that filter's, and those few are sorted.

use directory::ids::{PersonId, TenantId};
use directory::query::{Direction, Filter, Literal, Operator, Page, Position, Query, Window};
use directory::status::Status;
use directory::text::holds_nul;
use directory::{PersonField, PersonList};
use uuid::Uuid;

use super::text::Text;
use super::{Column, Place, conditions, keys, page_of, position, select};
use crate::codec::listing;
use crate::codec::tokens::{self, Question};
use crate::sql::{Cell, Sql, Syntax};

/// A filter that leaves fewer people than this is followed, and those are sorted. With more of them the field that the list is
/// sorted by is followed: of a million people a page is found in as many steps then.
fn few(limit: u32) -> i64 {
    1_000 * i64::from(limit.isqrt())
}

/// The share of a few people that are very few: to sort them costs less than to look for a page among others.
const VERY_FEW: i64 = 20;

/// As many entries as this share of a few people are looked at before people are counted.
const NEARBY: i64 = 5;

/// The share of a page that tells, when so much of it was found, that to look on costs less than to count.
const NEAR_ENOUGH: usize = 10;

/// Members that are counted, each of whom SQLite looks up: an organization that has more is not a small one.
const MEMBERS: i64 = 1_000;

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
) -> Result<Page<PersonId>, S::Error> {
    page(sql, members, query, few(query.window.limit())).await
}

pub(super) async fn page<S: Sql>(
    sql: &S,
    members: Members,
    query: &Query<PersonField>,
    few: i64,
) -> Result<Page<PersonId>, S::Error> {
    let mut query = query.clone();
    if query.sort.is_empty() {
        query.sort.push((PersonField::Id, Direction::Ascending));
    }
    if !query.count {
        let rows = match value_by_value(sql, members, &query, few).await? {
            Some(rows) => rows,
            None => found(sql, members, &query, few).await?,
        };
        return Ok(page_of(rows, &query.window, None));
    }
    let conditions = conditions(&query.filter);
    let follow = follow(sql, members, &conditions, &query, few).await?;
    let total = count(sql, members, &conditions, &follow).await?;
    let rows = rows(sql, members, &conditions, &follow, &query).await?;
    Ok(page_of(rows, &query.window, Some(total)))
}

/// The rows of a page that is not counted.
async fn found<S: Sql>(
    sql: &S,
    members: Members,
    query: &Query<PersonField>,
    few: i64,
) -> Result<Rows, S::Error> {
    let conditions = conditions(&query.filter);
    if let Some(rows) = nearby(sql, members, &conditions, query, few).await? {
        return Ok(rows);
    }
    let follow = follow(sql, members, &conditions, query, few).await?;
    rows(sql, members, &conditions, &follow, query).await
}

/// The same, where people are sorted by status first and by something else then: no index has that order, and to sort
/// everybody of a status would take long. But there are few statuses, so the people of each are listed by the rest of the keys.
async fn value_by_value<S: Sql>(
    sql: &S,
    members: Members,
    query: &Query<PersonField>,
    few: i64,
) -> Result<Option<Rows>, S::Error> {
    let [(PersonField::Status, _), rest @ ..] = query.sort.as_slice() else { return Ok(None) };
    let position = match &query.window {
        Window::Offset(0, _) => None,
        Window::After(position, _) | Window::Before(position, _) => Some(position),
        Window::Offset(..) => return Ok(None),
    };
    if rest.is_empty() {
        return Ok(None);
    }
    // What is read backwards is read forwards in the other order.
    let is_backwards = matches!(query.window, Window::Before(..));
    let towards = |direction: Direction| if is_backwards { direction.reversed() } else { direction };
    let sort: Vec<_> = rest.iter().map(|(field, direction)| (*field, towards(*direction))).collect();
    let mut statuses: Vec<u8> = Status::ALL.iter().map(|status| status.rank()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    if direction(query) == Direction::Descending {
        statuses.reverse();
    }
    let begin = position.and_then(|position| match position.values.first() {
        Some(Some(Literal::Rank(status))) => statuses.iter().position(|known| known == status),
        Some(_) | None => None,
    });
    let mut all = Rows::new();
    for (index, status) in statuses.into_iter().enumerate().skip(begin.unwrap_or_default()) {
        // One more than the page has tells that there is another page.
        let Some(limit) = query.window.limit().checked_sub(all.len().try_into().unwrap_or(u32::MAX)) else {
            break;
        };
        let window = match position {
            Some(Position { values, id }) if begin == Some(index) => {
                let values = values.iter().skip(1).cloned().collect();
                Window::After(Position { values, id: *id }, limit)
            }
            Some(_) | None => Window::Offset(0, limit),
        };
        let status = Literal::Rank(status);
        let of_status = Filter::Compare(PersonField::Status, Operator::Equal, status.clone());
        let filter = Filter::All(vec![query.filter.clone(), of_status]);
        let of_status = Query { filter, sort: sort.clone(), window, count: false };
        for (mut position, person) in found(sql, members, &of_status, few).await? {
            position.values.insert(0, Some(status.clone()));
            all.push((position, person));
        }
    }
    Ok(Some(all))
}

/// What [`rows`] finds.
type Rows = Vec<(Position, PersonId)>;

/// A page, if it lies among the next entries of its order, or if a filter leaves very few people. Most pages do, and to count
/// what each filter leaves would cost more than to look there.
async fn nearby<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    query: &Query<PersonField>,
    few: i64,
) -> Result<Option<Rows>, S::Error> {
    let (Some(entries), [(field, _)]) = (nearby_entries(conditions, query, few), query.sort.as_slice())
    else {
        return Ok(None);
    };
    if !conditions.is_empty() {
        let follow = follow(sql, members, conditions, query, few / VERY_FEW).await?;
        if !matches!(follow, Follow::Order(..)) {
            return rows(sql, members, conditions, &follow, query).await.map(Some);
        }
    }
    let end = entry(S::SYNTAX, members, conditions, *field, query, entries).first(sql).await?;
    let is_last = end.is_none();
    let end =
        end.map(|mut columns| Ok(Entry { id: columns.uuid()?, value: columns.bytes()? })).transpose()?;
    let found = rows(sql, members, conditions, &Follow::Order(*field, end), query).await?;
    let limit = query.window.limit() as usize;
    if is_last || found.len() > limit {
        return Ok(Some(found));
    }
    // Where so many lie, the others are not far.
    let is_near = !conditions.is_empty() && found.len() * NEAR_ENOUGH >= limit;
    match is_near {
        true => rows(sql, members, conditions, &Follow::Order(*field, None), query).await.map(Some),
        false => Ok(None),
    }
}

/// How many entries of its order are looked at for a page. None where that finds nothing out: all who match are to be counted,
/// or they come in an order that no entries have.
fn nearby_entries(conditions: &[&Filter<PersonField>], query: &Query<PersonField>, few: i64) -> Option<i64> {
    let skipped = match query.window {
        Window::Offset(offset, _) => i64::try_from(offset).ok().filter(|offset| *offset <= few)?,
        Window::After(..) | Window::Before(..) => 0,
    };
    let entries = match conditions.is_empty() {
        // In an organization that is not small nearly everybody who is met is a member.
        true => 2 * (i64::from(query.window.limit()) + 1),
        false => few / NEARBY,
    };
    (!query.count && query.sort.len() == 1 && few > 0).then_some(skipped + entries)
}

/// The entry of a field that many entries behind the beginning of a window.
pub(super) fn entry(
    syntax: Syntax,
    members: Members,
    conditions: &[&Filter<PersonField>],
    field: PersonField,
    query: &Query<PersonField>,
    entries: i64,
) -> Text {
    let mut text = Text::of(syntax, members);
    let value = indexed_value(syntax, field);
    text.push(&format!("SELECT o.id, {value}"));
    indexed(&mut text, field);
    text.push(" WHERE ");
    within(&mut text, Range::of_order(field, conditions, Some(query)));
    text.entry(&query.window, &keys(syntax, query, Some((field, Place::Indexed(value)))), entries);
    text
}

/// One entry of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) value: Vec<u8>,
}

/// The entries that a list goes along.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Follow {
    /// Those of a field, in their order, up to an entry if one is given.
    Order(PersonField, Option<Entry>),
    /// Those within this range of another field. The people have to be sorted.
    Condition(Range),
    /// None, but all members: they are few. They have to be sorted.
    Members,
    /// None, but those whom something else proposes. They have to be compared with what proposed them, and sorted.
    Proposed(Proposal),
}

/// What finds people by no field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Proposal {
    /// The search index, asked for a word as the engine has it.
    Word(String),
    /// The rows of a group.
    Group(Cell<'static>),
    /// The delegations to a person.
    Delegators(Cell<'static>),
}

async fn follow<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    query: &Query<PersonField>,
    few: i64,
) -> Result<Follow, S::Error> {
    let first = query.sort.first().map_or(PersonField::Id, |(field, _)| *field);
    let mut best = (few, Follow::Order(first, None));
    let mut text = Text::of(S::SYNTAX, members);
    text.push("SELECT count(*) FROM (SELECT 1 AS one");
    all_members(&mut text, members);
    text.push(" LIMIT ");
    let most = few.min(MEMBERS);
    text.value(Cell::Integer(most));
    text.push(") AS counted");
    let found = text.integer(sql).await?;
    if found < most {
        best = (found, Follow::Members);
    }
    let ranges: Vec<Range> = conditions.iter().filter_map(|condition| range(condition)).collect();
    for range in ranges.into_iter().take(COUNTED) {
        let mut text = Text::of(S::SYNTAX, members);
        text.push("SELECT count(*) FROM (SELECT 1 AS one");
        indexed(&mut text, range.field);
        text.push(" WHERE ");
        within(&mut text, range.clone());
        text.push(" LIMIT ");
        text.value(Cell::Integer(best.0));
        text.push(") AS counted");
        let found = text.integer(sql).await?;
        if found < best.0 {
            best = (found, Follow::Condition(range));
        }
    }
    for proposal in proposals(S::SYNTAX, members.tenant, conditions).into_iter().take(COUNTED) {
        let mut text = Text::of(S::SYNTAX, members);
        text.push("SELECT count(*) FROM (");
        proposed(&mut text, members.organization, &proposal);
        text.push(" LIMIT ");
        text.value(Cell::Integer(best.0));
        text.push(") AS counted");
        let found = text.integer(sql).await?;
        if found < best.0 {
            best = (found, Follow::Proposed(proposal));
        }
    }
    Ok(best.1)
}

/// What finds all who match, among others: the words that all have to have, the groups that all are in, and those for
/// whom all of them work.
fn proposals(syntax: Syntax, tenant: TenantId, conditions: &[&Filter<PersonField>]) -> Vec<Proposal> {
    let of = |condition: &&Filter<PersonField>| -> Vec<Proposal> {
        match condition {
            Filter::Words(words) => {
                let questions = words.iter().filter_map(|word| question(syntax, tenant, word));
                questions.map(Proposal::Word).collect()
            }
            Filter::Contains(PersonList::Groups, group) => vec![Proposal::Group(listing::cell(group))],
            Filter::Contains(PersonList::Delegates, person) => {
                vec![Proposal::Delegators(listing::cell(person))]
            }
            Filter::Contains(PersonList::Roles, _)
            | Filter::All(_)
            | Filter::Any(_)
            | Filter::Not(_)
            | Filter::Compare(..)
            | Filter::Present(_) => Vec::new(),
        }
    };
    conditions.iter().flat_map(of).collect()
}

/// What to ask the search index for a word, as the engine has it. None of one that proposes everybody, or nobody.
fn question(syntax: Syntax, tenant: TenantId, word: &str) -> Option<String> {
    let question = tokens::question(tenant, word).filter(|_| !holds_nul(word))?;
    // No token holds a quote or a backslash.
    Some(match (syntax, question) {
        (Syntax::Sqlite, Question::Beginning(token)) => format!("\"{token}\" *"),
        (Syntax::Sqlite, Question::All(tokens)) => format!("\"{}\"", tokens.join("\" AND \"")),
        (Syntax::Postgres, Question::Beginning(token)) => format!("'{token}':*"),
        (Syntax::Postgres, Question::All(tokens)) => format!("'{}'", tokens.join("' & '")),
    })
}

/// The people who are proposed, each perhaps several times.
fn proposed(text: &mut Text, organization: i64, proposal: &Proposal) {
    match (proposal, text.syntax) {
        (Proposal::Word(question), Syntax::Sqlite) => {
            text.push("SELECT rowid >> 2 AS person FROM person_search WHERE person_search MATCH ");
            text.value(Cell::from(question.clone()));
        }
        (Proposal::Word(question), Syntax::Postgres) => {
            text.push("SELECT s.person FROM person_search AS s WHERE s.tenant = $1 AND s.tokens @@ ");
            text.value(Cell::from(question.clone()));
            text.push("::text::tsquery");
        }
        (Proposal::Group(group), Syntax::Sqlite | Syntax::Postgres) => {
            text.push("SELECT g.person FROM person_group AS g WHERE g.tenant = $1 AND g.\"group\" = ");
            text.value(group.clone());
        }
        (Proposal::Delegators(delegate), syntax) => {
            text.push(
                "SELECT d.delegator AS person FROM delegation AS d WHERE d.tenant = $1 AND d.organization = ",
            );
            text.value(Cell::Integer(organization));
            text.push(match syntax {
                Syntax::Sqlite => " AND d.delegate = (SELECT e.pk",
                Syntax::Postgres => " AND d.delegate = (SELECT e.number",
            });
            text.push(" FROM person AS e WHERE e.tenant = $1 AND e.object_id = ");
            text.value(delegate.clone());
            text.push(")");
        }
    }
}

/// What a statement looks at besides the entries.
#[derive(Debug, Default)]
struct Used {
    fields: Vec<PersonField>,
    has_words: bool,
}

impl Used {
    fn by(conditions: &[&Filter<PersonField>]) -> Self {
        let mut used = Self::default();
        conditions.iter().for_each(|condition| used.look_at(condition));
        used
    }

    fn look_at(&mut self, filter: &Filter<PersonField>) {
        match filter {
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().for_each(|filter| self.look_at(filter));
            }
            Filter::Not(filter) => self.look_at(filter),
            Filter::Compare(field, ..) | Filter::Present(field) => self.fields.push(*field),
            Filter::Words(_) => self.has_words = true,
            // What is looked at is no column of the person's.
            Filter::Contains(..) => {}
        }
    }
}

/// Entries of a field that lie side by side: between these values, both included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    field: PersonField,
    least: Option<Vec<u8>>,
    most: Option<Vec<u8>>,
}

impl Range {
    /// The entries of a field that a page may have, where its list follows them. An engine that is given two bounds on one
    /// side begins at either, and may meet all that lies between them; so there is one bound on each side, and where the
    /// page begins after a position it is the position itself, which [`Text::window`] compares with.
    fn of_order(
        field: PersonField,
        conditions: &[&Filter<PersonField>],
        query: Option<&Query<PersonField>>,
    ) -> Self {
        let (mut least, mut most) = (None::<Vec<u8>>, None::<Vec<u8>>);
        for range in conditions.iter().filter_map(|condition| range(condition)) {
            if range.field == field {
                least = least.max(range.least);
                most = [most, range.most].into_iter().flatten().min();
            }
        }
        match query.map(|query| (&query.window, direction(query))) {
            Some((Window::After(..) | Window::Before(..), Direction::Ascending)) => least = None,
            Some((Window::After(..) | Window::Before(..), Direction::Descending)) => most = None,
            Some((Window::Offset(..), _)) | None => {}
        }
        Self { field, least, most }
    }
}

/// Where all those are who match the condition, perhaps with some at the edges who do not.
pub(super) fn range(condition: &Filter<PersonField>) -> Option<Range> {
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
        Filter::All(_) | Filter::Any(_) | Filter::Not(_) | Filter::Contains(..) | Filter::Words(_) => None,
    }
}

async fn count<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: &Follow,
) -> Result<u64, S::Error> {
    let mut text = Text::of(S::SYNTAX, members);
    text.push("SELECT count(*)");
    from(&mut text, members, &Used::by(conditions), conditions, follow, None);
    Ok(text.integer(sql).await?.cast_unsigned())
}

/// Those on the page and one more, if there is one; nearest to where the window begins first.
async fn rows<S: Sql>(
    sql: &S,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: &Follow,
    query: &Query<PersonField>,
) -> Result<Rows, S::Error> {
    let text = statement(S::SYNTAX, members, conditions, follow, query);
    let mut found = Vec::new();
    for row in sql.query(&text.sql, &text.values).await? {
        let (position, _) = position(S::SYNTAX, row, query)?;
        let id = PersonId(position.id);
        found.push((position, id));
    }
    Ok(found)
}

pub(super) fn statement(
    syntax: Syntax,
    members: Members,
    conditions: &[&Filter<PersonField>],
    follow: &Follow,
    query: &Query<PersonField>,
) -> Text {
    let mut text = Text::of(syntax, members);
    select(&mut text, query);
    let mut used = Used::by(conditions);
    used.fields.extend(query.sort.iter().map(|(field, _)| *field));
    from(&mut text, members, &used, conditions, follow, Some(query));
    let followed = match follow {
        Follow::Order(field, _) => Some((*field, Place::Indexed(indexed_value(syntax, *field)))),
        Follow::Condition(_) | Follow::Members | Follow::Proposed(_) => None,
    };
    text.window(&query.window, &keys(syntax, query, followed));
    text
}

/// The column of the index over a field.
pub(super) fn indexed_value(syntax: Syntax, field: PersonField) -> String {
    match syntax {
        Syntax::Sqlite => format!("o.{}", listing::name(field)),
        Syntax::Postgres => "o.value".to_owned(),
    }
}

/// The rows of the index over a field.
fn indexed(text: &mut Text, field: PersonField) {
    match text.syntax {
        // The engine is not asked which index is best: what it would believe hangs on what it has counted.
        Syntax::Sqlite => {
            text.push(&format!(" FROM person_listed AS o INDEXED BY person_{}", listing::name(field)));
        }
        Syntax::Postgres => text.push(" FROM person_order AS o"),
    }
}

/// Where the rows come from, and which of them match. Without a query it is about all of them, not about a page.
fn from(
    text: &mut Text,
    members: Members,
    used: &Used,
    conditions: &[&Filter<PersonField>],
    follow: &Follow,
    query: Option<&Query<PersonField>>,
) {
    match follow {
        Follow::Order(field, end) => {
            indexed(text, *field);
            joins(text, used);
            join_membership(text, members);
            text.push(" WHERE m.deleted_at IS NULL AND ");
            let range = Range::of_order(*field, conditions, query);
            match (end, query) {
                (Some(end), Some(query)) => within_entries(text, range, end, direction(query)),
                (None, _) | (_, None) => within(text, range),
            }
        }
        Follow::Condition(range) => {
            indexed(text, range.field);
            joins(text, used);
            join_membership(text, members);
            text.push(" WHERE m.deleted_at IS NULL AND ");
            within(text, range.clone());
        }
        Follow::Members => {
            text.push(" FROM (SELECT m.person");
            all_members(text, members);
            text.push(") AS found");
            text.push(text.syntax.join_found());
            joins(text, used);
            text.push(" WHERE TRUE");
        }
        Follow::Proposed(proposal) => {
            text.push(" FROM (SELECT DISTINCT person FROM (");
            proposed(text, members.organization, proposal);
            text.push(") AS each) AS found");
            text.push(text.syntax.join_found());
            joins(text, used);
            join_membership(text, members);
            text.push(" WHERE m.deleted_at IS NULL");
        }
    }
    text.conditions(conditions);
}

/// The memberships of the organization, by the index over those of each. Without being told, SQLite reads all of the tenant.
fn all_members(text: &mut Text, members: Members) {
    text.push(match text.syntax {
        Syntax::Sqlite => " FROM membership AS m INDEXED BY membership_order",
        Syntax::Postgres => " FROM membership AS m",
    });
    text.push(" WHERE m.tenant = $1 AND m.deleted_at IS NULL AND m.organization = ");
    text.value(Cell::Integer(members.organization));
}

/// Joins the membership of each, which may have ended.
fn join_membership(text: &mut Text, members: Members) {
    let (before, after) = match text.syntax {
        Syntax::Sqlite => {
            (" CROSS JOIN membership AS m ON m.tenant = $1 AND m.person = o.pk AND m.organization = ", "")
        }
        Syntax::Postgres => (
            " CROSS JOIN LATERAL (
                SELECT m.deleted_at FROM membership AS m
                WHERE m.tenant = $1 AND m.person = o.person AND m.organization = ",
            " OFFSET 0) AS m",
        ),
    };
    text.push(before);
    text.value(Cell::Integer(members.organization));
    text.push(after);
}

/// The rows of the index over a field that lie within a range of it.
fn within(text: &mut Text, Range { field, least, most }: Range) {
    text.push("o.tenant = $1");
    if text.syntax == Syntax::Postgres {
        text.push(" AND o.field = ");
        text.value(Cell::Integer(listing::number(field).into()));
    }
    let column = indexed_value(text.syntax, field);
    let mut bound = |operator: &str, value: Vec<u8>| {
        text.push(&format!(" AND {column} {operator} "));
        text.value(Cell::from(value));
    };
    match (least, most) {
        (Some(least), Some(most)) if least == most => bound("=", least),
        (least, most) => {
            least.into_iter().for_each(|least| bound(">=", least));
            most.into_iter().for_each(|most| bound("<=", most));
        }
    }
}

/// The same, up to an entry, which takes the place of the bound at its end.
fn within_entries(text: &mut Text, mut range: Range, end: &Entry, direction: Direction) {
    let column = indexed_value(text.syntax, range.field);
    let operator = match direction {
        Direction::Ascending => {
            range.most = None;
            "<="
        }
        Direction::Descending => {
            range.least = None;
            ">="
        }
    };
    within(text, range);
    text.push(&format!(" AND ({column}, o.id) {operator} ("));
    text.value(Cell::from(end.value.clone()));
    text.push(", ");
    text.value(Cell::from(end.id));
    text.push(")");
}

/// The direction in which a page is read.
fn direction(query: &Query<PersonField>) -> Direction {
    let direction = query.sort.first().map_or(Direction::Ascending, |(_, direction)| *direction);
    match query.window {
        Window::Before(..) => direction.reversed(),
        Window::Offset(..) | Window::After(..) => direction,
    }
}

/// The tables in which the columns are that a statement looks at. In SQLite the values are all in the row that has the id.
fn joins(text: &mut Text, used: &Used) {
    if text.syntax == Syntax::Sqlite {
        if used.has_words {
            text.push(" CROSS JOIN person AS p ON p.pk = o.pk");
        }
        return;
    }
    let are_in = |alias: &str| {
        let place = |field: &PersonField| field.place(Syntax::Postgres);
        used.fields.iter().map(place).any(|place| matches!(place, Place::Typed(it) if it.contains(alias)))
    };
    if are_in("p.") {
        text.push(
            " CROSS JOIN LATERAL (
                SELECT * FROM person AS p WHERE p.tenant = $1 AND p.number = o.person OFFSET 0) AS p",
        );
    }
    if are_in("l.") {
        text.push(
            " CROSS JOIN LATERAL (
                SELECT * FROM person_listed AS l WHERE l.tenant = $1 AND l.person = o.person OFFSET 0) AS l",
        );
    }
}

impl Syntax {
    /// Joins the ids of people who are not found by a field.
    fn join_found(self) -> &'static str {
        match self {
            Self::Sqlite => " CROSS JOIN person_listed AS o ON o.pk = found.person",
            Self::Postgres => {
                " CROSS JOIN LATERAL (
                    SELECT p.number AS person, p.id FROM person AS p
                    WHERE p.tenant = $1 AND p.number = found.person OFFSET 0) AS o"
            }
        }
    }
}
