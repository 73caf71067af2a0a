//! Events: writing those that are about no person. People's are written with the changes themselves.

use directory::event::Actor;
use directory::ids::TenantId;
use jiff::Timestamp;

use super::error::{Error, Result};
use super::load::OrganizationNumber;
use super::pool::Session;
use super::row::key;
use crate::codec::changes::Written;
use crate::codec::{json, principal};
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
        None => return Err(Error::Row(format!("tenant {tenant} has no counter of events"))),
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
