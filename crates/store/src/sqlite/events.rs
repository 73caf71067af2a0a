//! Events: writing one with each change, and listing them.

use directory::caller::Channel;
use directory::change::AttributeChange;
use directory::event::{Action, Actor, Event, EventQuery, Subject, SubjectFilter};
use directory::ids::{PersonId, TenantId};
use directory::store::{AuditContext, Origin, PersonKey};
use rusqlite::{Connection, ToSql, params};

use super::failure::{Failure, Result};
use super::load::OrganizationNumber;
use super::row::{Columns, micros, number_of, pk};
use super::writer::Work;
use crate::codec::changes::{self, Read, Written};
use crate::codec::{json, principal, principal_from};
use crate::event::SubjectEvent;

/// What all events of one command have in common, as it stands in their rows.
pub(super) struct Author {
    tenant: TenantId,
    at: i64,
    via: &'static str,
    organization: i64,
    credential: Option<[u8; 16]>,
    person: Option<[u8; 16]>,
    forwarded: Option<String>,
    request: String,
}

impl Author {
    pub(super) fn of(work: &Work<'_>, tenant: TenantId, audit: &AuditContext) -> Result<Self> {
        let actor = Actor::from(&audit.caller);
        let organization = work.organization(tenant, actor.organization)?;
        Ok(Self {
            tenant,
            at: micros(audit.now),
            via: actor.via.as_str(),
            organization: organization
                .ok_or_else(|| Failure::Row("the caller's organization is gone".to_owned()))?,
            credential: actor.credential.map(|id| *id.0.as_bytes()),
            person: actor.person.map(|id| *id.0.as_bytes()),
            forwarded: actor.forwarded.as_ref().map(principal).transpose()?,
            request: actor.request,
        })
    }

    /// Of what is done across organizations, at the one that it is about.
    pub(super) fn at(tenant: TenantId, organization: OrganizationNumber, origin: &Origin) -> Self {
        Self {
            tenant,
            at: micros(origin.now),
            via: origin.via.as_str(),
            organization,
            credential: None,
            person: origin.person.map(|id| *id.0.as_bytes()),
            forwarded: None,
            request: origin.request.clone(),
        }
    }

    /// To be called before the person is written, whose row then takes the event's pk.
    pub(super) fn record(
        &self,
        connection: &Connection,
        sequence: u64,
        person: i64,
        action: Action,
        changes: &[AttributeChange],
    ) -> Result<i64> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO event (pk, tenant, person, at, action, via, organization, credential, actor, forwarded,
                request, previous, changes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                (SELECT last_event FROM person WHERE pk = ?3), ?12)",
        )?;
        let pk = pk(self.tenant, sequence);
        statement.execute(params![
            pk,
            self.tenant.0,
            person,
            self.at,
            action.as_str(),
            self.via,
            self.organization,
            self.credential,
            self.person,
            self.forwarded,
            self.request,
            json(&Written(changes))?,
        ])?;
        Ok(pk)
    }

    pub(super) fn record_of_subject(
        &self,
        connection: &Connection,
        sequence: u64,
        event: &SubjectEvent,
    ) -> Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO event (pk, tenant, person, at, action, via, organization, credential, actor, forwarded,
                request, changes, subject_kind, subject_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?;
        statement.execute(params![
            pk(self.tenant, sequence),
            self.tenant.0,
            // Nobody.
            pk(self.tenant, 0),
            self.at,
            event.action.as_str(),
            self.via,
            self.organization,
            self.credential,
            self.person,
            self.forwarded,
            self.request,
            json(&Written(&event.changes))?,
            event.subject.kind().as_str(),
            event.subject.to_string(),
        ])?;
        Ok(())
    }
}

/// Writes the events, in their order.
pub(super) fn record(work: &mut Work<'_>, author: &Author, events: &[SubjectEvent]) -> Result<()> {
    for event in events {
        let sequence = work.next_sequence(author.tenant)?;
        author.record_of_subject(work.connection(), sequence, event)?;
    }
    Ok(())
}

/// The events that match, newest first.
pub(super) fn list(connection: &Connection, tenant: TenantId, query: &EventQuery) -> Result<Vec<Event>> {
    let last = pk(tenant, number_of(i64::MAX));
    let before = match query.before {
        Some(sequence) if number_of(sequence.cast_signed()) == sequence => pk(tenant, sequence),
        _ => last,
    };
    let after = pk(tenant, 0);
    let (via, action) = (query.via.map(Channel::as_str), query.action.map(Action::as_str));
    let since = query.since.map(micros);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let common: [&dyn ToSql; 6] = [&after, &before, &via, &action, &since, &limit];
    let read = |sql: &str, more: &[&dyn ToSql]| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([&common[..], more].concat().as_slice())?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event(&mut Columns::of(row))?);
        }
        Ok(events)
    };
    match query.subject {
        None => read(OF_TENANT, &[&None::<&str>]),
        Some(SubjectFilter::Kind(kind)) => read(OF_TENANT, &[&kind.as_str()]),
        Some(SubjectFilter::One(Subject::Person(id))) => {
            match super::load::resolve(connection, tenant, &PersonKey::Id(id))? {
                Some(person) => read(OF_PERSON, &[&person]),
                None => Ok(Vec::new()),
            }
        }
        Some(SubjectFilter::One(subject)) => {
            read(OF_SUBJECT, &[&tenant.0, &subject.kind().as_str(), &subject.to_string()])
        }
    }
}

pub(super) const OF_TENANT: &str = "
    SELECT e.pk, e.at, e.action, p.id, e.subject_kind, e.subject_id, e.via, o.id, e.credential, e.actor, e.forwarded,
        e.request, e.changes
    FROM event AS e
    CROSS JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
    LEFT JOIN person AS p ON p.pk = e.person
    WHERE e.pk > ?1 AND e.pk < ?2
        AND (?3 IS NULL OR e.via = ?3) AND (?4 IS NULL OR e.action = ?4) AND (?5 IS NULL OR e.at >= ?5)
        AND (?7 IS NULL OR coalesce(e.subject_kind, 'person') = ?7)
    ORDER BY e.pk DESC
    LIMIT ?6";

/// The newest comes first, because that is where the chain begins.
pub(super) const OF_PERSON: &str = "
    WITH RECURSIVE mine (pk) AS (
        SELECT last_event FROM person WHERE pk = ?7
        UNION ALL
        SELECT e.previous FROM mine CROSS JOIN event AS e ON e.pk = mine.pk WHERE e.previous > ?1
    )
    SELECT e.pk, e.at, e.action, p.id, e.subject_kind, e.subject_id, e.via, o.id, e.credential, e.actor, e.forwarded,
        e.request, e.changes
    FROM mine
    CROSS JOIN event AS e ON e.pk = mine.pk
    CROSS JOIN person AS p ON p.pk = e.person
    CROSS JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
    WHERE e.pk < ?2
        AND (?3 IS NULL OR e.via = ?3) AND (?4 IS NULL OR e.action = ?4) AND (?5 IS NULL OR e.at >= ?5)
    LIMIT ?6";

/// Of anything but a person. The index is ordered by the pk behind the id.
pub(super) const OF_SUBJECT: &str = "
    SELECT e.pk, e.at, e.action, NULL, e.subject_kind, e.subject_id, e.via, o.id, e.credential, e.actor, e.forwarded,
        e.request, e.changes
    FROM event AS e
    CROSS JOIN organization AS o ON o.tenant = e.tenant AND o.number = e.organization
    WHERE e.tenant = ?7 AND e.subject_kind = ?8 AND e.subject_id = ?9 AND e.pk > ?1 AND e.pk < ?2
        AND (?3 IS NULL OR e.via = ?3) AND (?4 IS NULL OR e.action = ?4) AND (?5 IS NULL OR e.at >= ?5)
    ORDER BY e.pk DESC
    LIMIT ?6";

fn event(columns: &mut Columns<'_>) -> Result<Event> {
    let sequence = number_of(columns.get()?);
    let (at, action) = (columns.time()?, columns.name(Action::parse)?);
    let person = columns.optional_uuid(PersonId)?;
    let (kind, id) =
        (columns.optional_text()?.map(str::to_owned), columns.optional_text()?.map(str::to_owned));
    let subject = changes::subject(person, kind.as_deref(), id.as_deref())?;
    let via = columns.name(Channel::parse)?;
    let organization = columns.organization_id()?;
    let credential = columns.optional_uuid(directory::ids::CredentialId)?;
    let actor = columns.optional_uuid(PersonId)?;
    let forwarded = columns.optional_text()?.map(principal_from).transpose()?;
    let request = columns.get()?;
    let changes = columns.json::<Read>()?.changes(subject)?;
    let actor = Actor { via, organization, credential, person: actor, forwarded, request };
    Ok(Event { sequence, at, action, subject, actor, changes })
}
