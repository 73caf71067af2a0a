//! Events: writing one with each change.

use directory::change::AttributeChange;
use directory::event::{Action, Actor};
use directory::ids::TenantId;
use directory::store::{AuditContext, Origin};
use rusqlite::{Connection, params};

use super::error::{Error, Result};
use super::load::OrganizationNumber;
use super::row::{micros, pk};
use super::writer::Work;
use crate::codec::changes::Written;
use crate::codec::{json, principal};
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
                .ok_or_else(|| Error::Row("the caller's organization is gone".to_owned()))?,
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
            credential: origin.credential.map(|id| *id.0.as_bytes()),
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
