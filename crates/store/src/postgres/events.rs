//! Events: listing them, and writing those that are about no person. People's are written with the changes themselves.

use directory::caller::Channel;
use directory::event::{Action, Actor, Event, EventQuery, Subject, SubjectFilter};
use directory::ids::{CredentialId, PersonId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::{Failure, Result};
use super::load::OrganizationNumber;
use super::pool::Session;
use super::row::{Columns, key};
use crate::codec::changes::{self, Read, Written};
use crate::codec::{json, principal, principal_from};
use crate::entities::tenant_cell;
use crate::event::SubjectEvent;
use crate::sql::Sql;

/// Writes the events of one deed, in their order: who did it, the number of the organization where, and when.
pub(super) async fn record(
    session: &Session,
    tenant: TenantId,
    (actor, organization, at): (&Actor, OrganizationNumber, Timestamp),
    events: &[SubjectEvent],
) -> Result<()> {
    let count = events.len() as i64;
    let counted = session.query_opt(COUNT_EVENTS, &[&key(tenant), &count]).await?;
    let last: i64 = match counted {
        Some(row) => row.try_get(0)?,
        None => return Err(Failure::Row(format!("tenant {tenant} has no counter of events"))),
    };
    let forwarded = actor.forwarded.as_ref().map(principal).transpose()?;
    for (sequence, event) in (last - count + 1..).zip(events) {
        let values = [
            tenant_cell(tenant),
            sequence.into(),
            at.into(),
            event.action.as_str().into(),
            actor.via.as_str().into(),
            organization.into(),
            actor.credential.map(|id| id.0).into(),
            actor.person.map(|id| id.0).into(),
            forwarded.as_deref().into(),
            actor.request.as_str().into(),
            json(&Written(&event.changes))?.into(),
            event.subject.kind().as_str().into(),
            event.subject.to_string().into(),
        ];
        Sql::execute(session, INSERT, &values).await?;
    }
    Ok(())
}

pub(super) const COUNT_EVENTS: &str =
    "UPDATE counter SET last = last + $2 WHERE tenant = $1 AND name = 'event' RETURNING last";

/// The person with the number 0 is nobody.
const INSERT: &str = "
    INSERT INTO event (tenant, sequence, person, at, action, via, organization, credential, actor, forwarded, request,
        changes, subject_kind, subject_id)
    VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// The events that match, newest first.
pub(super) async fn list(session: &Session, tenant: TenantId, query: &EventQuery) -> Result<Vec<Event>> {
    let before = query.before.and_then(|sequence| i64::try_from(sequence).ok()).unwrap_or(i64::MAX);
    let (via, action) = (query.via.map(Channel::as_str), query.action.map(Action::as_str));
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let key = key(tenant);
    let common: [&(dyn ToSql + Sync); 6] = [&key, &before, &via, &action, &query.since, &limit];
    let kind = query.subject.map(|subject| match subject {
        SubjectFilter::One(subject) => subject.kind().as_str(),
        SubjectFilter::Kind(kind) => kind.as_str(),
    });
    let rows = match query.subject {
        None | Some(SubjectFilter::Kind(_)) => {
            session.query(OF_TENANT, &[&common[..], &[&kind]].concat()).await?
        }
        Some(SubjectFilter::One(Subject::Person(id))) => {
            session.query(OF_PERSON, &[&common[..], &[&id.0]].concat()).await?
        }
        Some(SubjectFilter::One(subject)) => {
            session.query(OF_SUBJECT, &[&common[..], &[&kind, &subject.to_string()]].concat()).await?
        }
    };
    rows.iter().map(event).collect()
}

macro_rules! list {
    ($which:literal) => {
        concat!(
            "SELECT e.sequence, e.at, e.action, p.id, e.subject_kind, e.subject_id, e.via, o.id, e.credential, e.actor,
                e.forwarded, e.request, e.changes
             FROM event AS e
             LEFT JOIN person AS p ON p.tenant = $1 AND p.number = e.person
             JOIN organization AS o ON o.tenant = $1 AND o.number = e.organization
             WHERE e.tenant = $1 AND e.sequence < $2
                AND ($3::text IS NULL OR e.via = $3) AND ($4::text IS NULL OR e.action = $4)
                AND ($5::timestamptz IS NULL OR e.at >= $5)",
            $which,
            " ORDER BY e.sequence DESC
             LIMIT $6"
        )
    };
}

pub(super) const OF_TENANT: &str =
    list!(" AND ($7::text IS NULL OR coalesce(e.subject_kind, 'person') = $7)");
pub(super) const OF_PERSON: &str =
    list!(" AND e.person = (SELECT number FROM person WHERE tenant = $1 AND id = $7)");
/// Of anything but a person.
pub(super) const OF_SUBJECT: &str = list!(" AND e.subject_kind = $7 AND e.subject_id = $8");

fn event(row: &Row) -> Result<Event> {
    let mut columns = Columns::of(row);
    let sequence = columns.count()?;
    let (at, action) = (columns.time()?, columns.name(Action::parse)?);
    let person = columns.optional_uuid(PersonId)?;
    let (kind, id): (Option<&str>, Option<&str>) = (columns.get()?, columns.get()?);
    let subject = changes::subject(person, kind, id)?;
    let via = columns.name(Channel::parse)?;
    let organization = columns.organization_id()?;
    let credential = columns.optional_uuid(CredentialId)?;
    let actor = columns.optional_uuid(PersonId)?;
    let forwarded = columns.optional_text_of_json()?.map(principal_from).transpose()?;
    let request = columns.get()?;
    let changes = columns.json::<Read>()?.changes(subject)?;
    let actor = Actor { via, organization, credential, person: actor, forwarded, request };
    Ok(Event { sequence, at, action, subject, actor, changes })
}
