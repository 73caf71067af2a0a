//! Commands on entities, in a transaction of their own.
//!
//! The counter of the vocabulary is locked first. Others who write entities of the tenant wait there for their turn, and
//! so do batches that put people into departments or groups, or that remove people. Nothing that this waits for later is
//! held by somebody who waits for that counter: people are read here without locking them, and the rows of a department's
//! or a group's people are written only by batches that hold the counter.

use directory::event::Actor;
use directory::ids::{OrganizationId, TenantId};
use directory::store::{AuditContext, Stop};
use directory::{Attribute, Command, Entity, Property, Refusal};

use super::failure::{Failure, Result, Stopped};
use super::pool::Session;
use super::row::key;
use super::vocabulary::{self, organization_number};
use crate::entities::{self, EntityEvent, tenant_cell};
use crate::form::changes::Written;
use crate::form::{json, principal};
use crate::sql::Sql;

/// All of them or none; the index is that of the first refused.
pub(super) async fn execute(
    session: &Session,
    tenant: TenantId,
    commands: &mut [Command],
    audit: &AuditContext,
) -> Result<Vec<Entity>, Stopped<(usize, Stop)>> {
    if session.query_opt(LOCK, &[&key(tenant)]).await?.is_none() {
        let (attribute, value) = (Attribute::Of(Property::Tenant), tenant.to_string());
        return Err(Stopped::Refused((0, Refusal::Unknown { attribute, value }.into())));
    }
    let executed = entities::execute(session, tenant, commands, audit.now).await?;
    let executed = executed.map_err(Stopped::Refused)?;
    if executed.has_touched_entities() {
        session.execute(vocabulary::COUNT_UP, &[&key(tenant)]).await?;
    }
    if !executed.events.is_empty() {
        record(session, tenant, audit, &executed.events).await?;
    }
    Ok(executed.entities)
}

pub(super) const LOCK: &str = "SELECT last FROM counter WHERE tenant = $1 AND name = 'vocabulary' FOR UPDATE";

/// Writes the events, in their order.
async fn record(
    session: &Session,
    tenant: TenantId,
    audit: &AuditContext,
    events: &[EntityEvent],
) -> Result<()> {
    let actor = Actor::from(&audit.caller);
    let organization = caller_organization(session, tenant, actor.organization).await?;
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
            audit.now.into(),
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

async fn caller_organization(session: &Session, tenant: TenantId, id: OrganizationId) -> Result<i64> {
    let gone = || Failure::Row("the caller's organization is gone".to_owned());
    organization_number(session, tenant, id).await?.ok_or_else(gone)
}

pub(super) const COUNT_EVENTS: &str =
    "UPDATE counter SET last = last + $2 WHERE tenant = $1 AND name = 'event' RETURNING last";

/// The person with the number 0 is nobody.
const INSERT: &str = "
    INSERT INTO event (tenant, sequence, person, at, action, via, organization, credential, actor, forwarded, request,
        changes, subject_kind, subject_id)
    VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
