//! Commands on entities, in a transaction of their own.
//!
//! The counter of the reference data is locked first. Others who write entities of the tenant wait there for their turn, and
//! so do batches that put people into departments or groups, or that remove people. Nothing that this waits for later is
//! held by somebody who waits for that counter: people are read here without locking them, and the rows of a department's
//! or a group's people are written only by batches that hold the counter.

use directory::event::Actor;
use directory::ids::TenantId;
use directory::store::{AuditContext, ChangeError};
use directory::{Attribute, Command, Entity, Property, Refusal};

use super::error::{Result, WriteError};
use super::events;
use super::pool::Session;
use super::reference_data::{self, organization_number};
use super::row::key;
use crate::entities;

/// All of them or none; the index is that of the first refused.
pub(super) async fn execute(
    session: &Session,
    tenant: TenantId,
    commands: &mut [Command],
    audit: &AuditContext,
) -> Result<Vec<Entity>, WriteError<(usize, ChangeError)>> {
    if session.query_opt(LOCK, &[&key(tenant)]).await?.is_none() {
        let (attribute, value) = (Attribute::Of(Property::Tenant), tenant.to_string());
        return Err(WriteError::Refused((0, Refusal::Unknown { attribute, value }.into())));
    }
    let executed = entities::execute(session, tenant, commands, audit.now).await?;
    let executed = executed.map_err(WriteError::Refused)?;
    if executed.has_touched_entities() {
        session.execute(reference_data::COUNT_UP, &[&key(tenant)]).await?;
    }
    if !executed.events.is_empty() {
        let actor = Actor::from(&audit.caller);
        // An organization that was deleted since the caller was let in.
        let organization = organization_number(session, tenant, actor.organization).await?;
        let organization = organization.ok_or(WriteError::Refused((0, Refusal::CallerGone.into())))?;
        events::record(session, tenant, (&actor, organization, audit.now), &executed.events).await?;
    }
    Ok(executed.entities)
}

pub(super) const LOCK: &str = "SELECT last FROM counter WHERE tenant = $1 AND name = 'vocabulary' FOR UPDATE";
