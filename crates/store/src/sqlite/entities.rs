//! Commands on entities, inside the writer's transaction.

use directory::command::Command;
use directory::ids::TenantId;
use directory::store::{AuditContext, ChangeError};
use directory::{Attribute, Entity, Property, Refusal};
use rusqlite::params;

use super::cache::Edit;
use super::error::WriteError;
use super::events::{self, Author};
use super::sql::run;
use super::writer::Work;
use crate::entities;

/// All of them or none; the index is that of the first refused.
pub(super) fn execute(
    work: &mut Work<'_>,
    tenant: TenantId,
    commands: &mut [Command],
    audit: &AuditContext,
) -> std::result::Result<Vec<Entity>, WriteError<(usize, ChangeError)>> {
    let connection = work.connection();
    let is_there =
        connection.prepare_cached("SELECT 1 FROM tenant WHERE tenant = ?1")?.exists(params![tenant.0])?;
    if !is_there {
        let (attribute, value) = (Attribute::Of(Property::Tenant), tenant.to_string());
        return Err(WriteError::Refused((0, Refusal::Unknown { attribute, value }.into())));
    }
    work.begin()?;
    let executed = run(entities::execute(connection, tenant, commands, audit.now))?;
    let executed = executed.map_err(WriteError::Refused)?;
    if !executed.events.is_empty() {
        // An organization that was deleted since the caller was let in.
        if work.organization(tenant, audit.caller.organization)?.is_none() {
            return Err(WriteError::Refused((0, Refusal::CallerGone.into())));
        }
        let author = Author::of(work, tenant, audit)?;
        events::record(work, &author, &executed.events)?;
    }
    if executed.has_touched_entities() {
        work.done(Edit::Entities { tenant, are_people_touched: executed.has_touched_people() });
    }
    Ok(executed.entities)
}
