//! Changes of customers, inside the writer's transaction.

use directory::customer::{Customer, CustomerChange};
use directory::event::Action;
use directory::ids::OrganizationId;
use directory::store::{ChangeCustomer, ChangeError, CustomerBy};
use directory::{Attribute, Property, Refusal, access_events};
use rusqlite::params;

use super::error::WriteError;
use super::organizations::{RENAME, check_name, record};
use super::sql::run;
use super::writer::Work;
use crate::customers;

pub(super) fn change(
    work: &mut Work<'_>,
    asked: &mut ChangeCustomer,
) -> Result<Customer, WriteError<ChangeError>> {
    let ChangeCustomer { tenant, organization, origin, decide } = asked;
    let (connection, tenant) = (work.connection(), *tenant);
    let refused = |refusal: Refusal| WriteError::Refused(ChangeError::Refused(refusal));
    let stopped = |stop: WriteError| stop.map(ChangeError::Refused);
    let by = CustomerBy::Organization(*organization);
    let before = run(customers::get(connection, tenant, &by))?;
    let before = before.ok_or_else(|| refused(unknown(*organization)))?;
    let CustomerChange { name, profile } = decide(&before).map_err(WriteError::Refused)?;
    let mut changes = access_events::organization_renamed(&before.organization.name, &name);
    let is_renamed = !changes.is_empty();
    if !is_renamed && profile == before.profile {
        return Ok(before);
    }
    if is_renamed {
        check_name(connection, tenant, &name).map_err(stopped)?;
    }
    work.begin()?;
    let mut after = before.clone();
    if is_renamed {
        let number = before.organization.number.get().cast_signed();
        connection.prepare_cached(RENAME)?.execute(params![tenant.0, number, name])?;
        after.organization.name = name;
    }
    (after.profile, after.updated_at) = (profile, before.updated_at.max(origin.now));
    let profiles = (&before.profile, &after.profile);
    let written = customers::write(connection, tenant, &before.organization, profiles, after.updated_at);
    changes.extend(run(written)?.map_err(refused)?);
    record(work, tenant, &after.organization, Action::Changed, changes, origin)?;
    Ok(after)
}

fn unknown(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}
