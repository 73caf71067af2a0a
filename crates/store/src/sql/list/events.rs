//! Lists of events, along their sequence.
//!
//! Only the subject of events has an index: each would be a page more for every write. Where events are filtered by anything else, a page
//! looks at [`LOOKED_AT`] of them and no further, and says where to go on (docs/decisions/0006).

use directory::Channel;
use directory::event::{Action, Actor, Event, EventPage, EventQuery, Subject, SubjectFilter};
use directory::ids::{CredentialId, OrganizationId, PersonId, TenantId};
use directory::query::Direction;

use super::text::Text;
use crate::codec::changes::{self, Read};
use crate::codec::{self, principal_from};
use crate::sql::{Cell, Columns, Row, Sql, Syntax};

/// Events that a page looks at where a filter may let none of them through. It takes some ten milliseconds.
const LOOKED_AT: u32 = 10_000;

/// A page of the events that match.
pub(crate) async fn events<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &EventQuery,
) -> Result<EventPage, S::Error> {
    page(sql, tenant, query, LOOKED_AT).await
}

async fn page<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &EventQuery,
    looked_at: u32,
) -> Result<EventPage, S::Error> {
    let mut query = query.clone();
    let mut end = None;
    if looks_through(&query) {
        let text = last_looked_at(S::SYNTAX, tenant, &query, looked_at);
        let row = sql.query(&text.sql, &text.values).await?.into_iter().next();
        end = row.map(|row| sequence(&mut Columns::of(row))).transpose()?;
    }
    match (end, query.direction) {
        (None, _) => {}
        (Some(end), Direction::Ascending) => query.before = Some(end + 1),
        (Some(end), Direction::Descending) => query.after = Some(end - 1),
    }
    let text = statement(S::SYNTAX, tenant, &query);
    let rows = sql.query(&text.sql, &text.values).await?;
    let mut events = rows.into_iter().map(event).collect::<codec::Result<Vec<_>>>()?;
    let limit = query.limit as usize;
    if events.len() > limit {
        events.truncate(limit);
        end = events.last().map(|event| event.sequence);
    }
    Ok(EventPage { events, next: end })
}

/// Whether there is no bound to how many events are met that do not match: those of one subject are its own bound.
fn looks_through(query: &EventQuery) -> bool {
    let EventQuery { subject, credential, actor, via, action, since, until, .. } = query;
    let is_filtered = credential.is_some()
        || actor.is_some()
        || via.is_some()
        || action.is_some()
        || since.is_some()
        || until.is_some();
    match subject {
        None => is_filtered,
        Some(SubjectFilter::Kind(_)) => true,
        Some(SubjectFilter::One(_)) => false,
    }
}

/// The last of so many events, if there are so many.
fn last_looked_at(syntax: Syntax, tenant: TenantId, query: &EventQuery, looked_at: u32) -> Text {
    let mut text = Text::new(syntax, tenant);
    text.push(syntax.select_sequence());
    text.push(syntax.of_tenant());
    between(&mut text, query);
    order(&mut text, query.direction);
    text.push(" LIMIT 1 OFFSET ");
    text.value(Cell::Integer(i64::from(looked_at) - 1));
    text
}

/// The events on the page and one more, if there is one.
fn statement(syntax: Syntax, tenant: TenantId, query: &EventQuery) -> Text {
    let mut text = Text::new(syntax, tenant);
    match query.subject {
        None | Some(SubjectFilter::Kind(_)) => {
            select(&mut text);
            text.push(syntax.of_tenant());
        }
        Some(SubjectFilter::One(Subject::Person(person))) => of_person(&mut text, person, query.after),
        Some(SubjectFilter::One(subject)) => {
            select(&mut text);
            text.push(syntax.of_subject());
            text.value(Cell::from(subject.kind().as_str()));
            text.push(" AND e.subject_id = ");
            text.value(Cell::from(subject.to_string()));
            text.push(" AND ");
        }
    }
    between(&mut text, query);
    conditions(&mut text, query);
    match (syntax, query.subject, query.direction) {
        // In the order of their chain, which is followed no further than the page reaches.
        (Syntax::Sqlite, Some(SubjectFilter::One(Subject::Person(_))), Direction::Descending) => {}
        _ => order(&mut text, query.direction),
    }
    text.push(" LIMIT ");
    text.value(Cell::Integer(i64::from(query.limit) + 1));
    text
}

/// What [`event`] reads. What is beside an event is looked up for each on the page, whatever the planner thinks.
fn select(text: &mut Text) {
    text.push(text.syntax.select_sequence());
    text.push(", e.at, e.action, ");
    text.push(match text.syntax {
        Syntax::Sqlite => "(SELECT p.id FROM person AS p WHERE p.pk = e.person)",
        Syntax::Postgres => "(SELECT p.id FROM person AS p WHERE p.tenant = $1 AND p.number = e.person)",
    });
    text.push(
        ", e.subject_kind, e.subject_id, e.via,
            (SELECT o.id FROM organization AS o WHERE o.tenant = $1 AND o.number = e.organization),
            e.credential, e.actor, e.forwarded, e.request, e.changes",
    );
}

/// The events of one person. SQLite has no index of them: each names the one before.
fn of_person(text: &mut Text, person: PersonId, after: Option<u64>) {
    match text.syntax {
        Syntax::Sqlite => {
            text.push(
                "WITH RECURSIVE mine (pk) AS (
                    SELECT last_event FROM person WHERE tenant = $1 AND id = ",
            );
            text.value(Cell::from(person.0));
            text.push(
                " UNION ALL
                    SELECT e.previous FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE e.previous > ",
            );
            place(text, after.unwrap_or(0));
            text.push(") ");
            select(text);
            text.push(" FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE ");
        }
        Syntax::Postgres => {
            select(text);
            text.push(text.syntax.of_tenant());
            text.push("e.person = (SELECT number FROM person WHERE tenant = $1 AND id = ");
            text.value(Cell::from(person.0));
            text.push(") AND ");
        }
    }
}

/// The events between two places, which are always given: in SQLite those of the tenants follow each other in one table.
fn between(text: &mut Text, query: &EventQuery) {
    let sequence = text.syntax.sequence();
    text.push(&format!("{sequence} > "));
    place(text, query.after.unwrap_or(0));
    text.push(&format!(" AND {sequence} < "));
    place(text, query.before.unwrap_or(u64::MAX));
}

/// The place of a sequence number, which need not be taken.
fn place(text: &mut Text, sequence: u64) {
    match text.syntax {
        Syntax::Sqlite => {
            text.push("(($1 << 40) + ");
            text.value(Cell::Integer(sequence.min(1 << 40).cast_signed()));
            text.push(")");
        }
        Syntax::Postgres => text.value(Cell::Integer(i64::try_from(sequence).unwrap_or(i64::MAX))),
    }
}

fn conditions(text: &mut Text, query: &EventQuery) {
    let EventQuery { subject, credential, actor, via, action, since, until, .. } = query;
    let kind = match subject {
        Some(SubjectFilter::Kind(kind)) => Some(kind.as_str().into()),
        Some(SubjectFilter::One(_)) | None => None,
    };
    let conditions: [(&str, Option<Cell<'static>>); 7] = [
        ("coalesce(e.subject_kind, 'person') =", kind),
        ("e.credential =", credential.map(|id| id.0.into())),
        ("e.actor =", actor.map(|id| id.0.into())),
        ("e.via =", via.map(|via| via.as_str().into())),
        ("e.action =", action.map(|action| action.as_str().into())),
        ("e.at >=", since.map(Into::into)),
        ("e.at <", until.map(Into::into)),
    ];
    for (condition, value) in conditions {
        if let Some(value) = value {
            text.push(&format!(" AND {condition} "));
            text.value(value);
        }
    }
}

fn order(text: &mut Text, direction: Direction) {
    text.push(&format!(" ORDER BY {}", text.syntax.sequence()));
    text.push(match direction {
        Direction::Ascending => " ASC",
        Direction::Descending => " DESC",
    });
}

impl Syntax {
    /// What orders events: in SQLite the key, which begins with the tenant.
    fn sequence(self) -> &'static str {
        match self {
            Self::Sqlite => "e.pk",
            Self::Postgres => "e.sequence",
        }
    }

    fn select_sequence(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT e.pk - ($1 << 40)",
            Self::Postgres => "SELECT e.sequence",
        }
    }

    fn of_tenant(self) -> &'static str {
        match self {
            // By the key alone, whatever the planner thinks.
            Self::Sqlite => " FROM event AS e NOT INDEXED WHERE ",
            Self::Postgres => " FROM event AS e WHERE e.tenant = $1 AND ",
        }
    }

    /// Of anything but a person. The index is ordered by the sequence behind the id.
    fn of_subject(self) -> &'static str {
        match self {
            Self::Sqlite => {
                " FROM event AS e INDEXED BY event_subject WHERE e.tenant = $1 AND e.subject_kind = "
            }
            Self::Postgres => " FROM event AS e WHERE e.tenant = $1 AND e.subject_kind = ",
        }
    }
}

fn event(row: Row) -> codec::Result<Event> {
    let columns = &mut Columns::of(row);
    let sequence = sequence(columns)?;
    let (at, action) = (columns.time()?, columns.name(Action::parse)?);
    let person = columns.optional_uuid()?.map(PersonId);
    let (kind, id) = (columns.optional_text()?, columns.optional_text()?);
    let subject = changes::subject(person, kind.as_deref(), id.as_deref())?;
    let actor = Actor {
        via: columns.name(Channel::parse)?,
        organization: OrganizationId(columns.uuid()?),
        credential: columns.optional_uuid()?.map(CredentialId),
        person: columns.optional_uuid()?.map(PersonId),
        forwarded: columns.optional_text()?.map(|text| principal_from(&text)).transpose()?,
        request: columns.text()?,
    };
    let changes = columns.json::<Read>()?.changes(subject)?;
    Ok(Event { sequence, at, action, subject, actor, changes })
}

fn sequence(columns: &mut Columns) -> codec::Result<u64> {
    Ok(columns.integer()?.cast_unsigned())
}

/// For the tests of their plans: of each way to read events the statements forwards and backwards, with every filter.
#[cfg(test)]
pub(crate) fn event_statements(syntax: Syntax, subject: Option<SubjectFilter>) -> Vec<String> {
    let all = [EventQuery::newest(10), EventQuery::oldest(10)].map(|query| EventQuery {
        subject,
        credential: Some(CredentialId::NIL),
        actor: Some(PersonId::NIL),
        via: Some(Channel::Command),
        action: Some(Action::Created),
        since: Some(jiff::Timestamp::UNIX_EPOCH),
        until: Some(jiff::Timestamp::UNIX_EPOCH),
        ..query
    });
    let texts = all.iter().flat_map(|query| {
        let end = looks_through(query).then(|| last_looked_at(syntax, TenantId(1), query, LOOKED_AT));
        [Some(statement(syntax, TenantId(1), query)), end]
    });
    texts.flatten().map(|text| text.sql).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Debug;

    use directory::SubjectKind;

    use super::*;

    /// Reads the events in every way that looks through them, however few a page looks at, and compares what comes with what
    /// a plain evaluation gives.
    pub(crate) async fn agree<S: Sql<Error: Debug>>(sql: &S, tenant: TenantId) {
        let all = page(sql, tenant, &EventQuery::oldest(10_000), 1).await.unwrap();
        assert!(all.events.len() > 100 && all.next.is_none());
        let middle = all.events[all.events.len() / 2].at;
        let of = |kind| Some(SubjectFilter::Kind(kind));
        for asked in [EventQuery::oldest(7), EventQuery::newest(7)] {
            for query in [
                EventQuery { subject: of(SubjectKind::Person), ..asked.clone() },
                EventQuery { subject: of(SubjectKind::Organization), ..asked.clone() },
                EventQuery { action: Some(Action::Deleted), ..asked.clone() },
                EventQuery { action: Some(Action::Changed), since: Some(middle), ..asked.clone() },
                EventQuery { until: Some(middle), after: Some(20), before: Some(110), ..asked.clone() },
                EventQuery { credential: Some(CredentialId::NIL), ..asked.clone() },
            ] {
                let matches = |event: &&Event| matches(&query, event);
                let mut expected: Vec<&Event> = all.events.iter().filter(matches).collect();
                if query.direction == Direction::Descending {
                    expected.reverse();
                }
                for looked_at in [1, 10, 10_000] {
                    let (mut found, mut next) = (Vec::new(), Some(query.clone()));
                    while let Some(query) = next {
                        let page = page(sql, tenant, &query, looked_at).await.unwrap();
                        assert!(page.events.len() <= looked_at.min(7) as usize);
                        found.extend(page.events);
                        next = page.next.map(|next| query.beyond(next));
                    }
                    assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{looked_at} {query:?}");
                }
            }
        }
    }

    fn matches(query: &EventQuery, event: &Event) -> bool {
        let is_about = match query.subject {
            Some(SubjectFilter::Kind(kind)) => event.subject.kind() == kind,
            Some(SubjectFilter::One(subject)) => event.subject == subject,
            None => true,
        };
        is_about
            && query.action.is_none_or(|action| event.action == action)
            && query.credential.is_none_or(|credential| event.actor.credential == Some(credential))
            && query.since.is_none_or(|since| event.at >= since)
            && query.until.is_none_or(|until| event.at < until)
            && query.after.is_none_or(|after| event.sequence > after)
            && query.before.is_none_or(|before| event.sequence < before)
    }
}
