//! Changes of customers, in a transaction of their own.

use directory::customer::{Customer, CustomerChange};
use directory::event::Action;
use directory::ids::OrganizationId;
use directory::store::{ChangeCustomer, ChangeError, CustomerBy};
use directory::{Attribute, Property, Refusal, access_events};

use super::error::WriteError;
use super::organizations::{NAMED, RENAME, record};
use super::pool::Session;
use super::reference_data;
use super::row::key;
use crate::customers;

pub(super) async fn change(
    session: &Session,
    asked: &mut ChangeCustomer,
) -> Result<Customer, WriteError<ChangeError>> {
    let ChangeCustomer { tenant, organization, origin, decide } = asked;
    let tenant = *tenant;
    let refused = |refusal: Refusal| WriteError::Refused(ChangeError::Refused(refusal));
    // Counted first: whoever writes a customer of this tree, or adds to it, at the same time waits here for their turn.
    session.execute(reference_data::COUNT_UP, &[&key(tenant)]).await?;
    let by = CustomerBy::Organization(*organization);
    let before = customers::get(session, tenant, &by).await?;
    let before = before.ok_or_else(|| refused(unknown(*organization)))?;
    let CustomerChange { name, profile } = decide(&before).map_err(WriteError::Refused)?;
    let mut changes = access_events::organization_renamed(&before.organization.name, &name);
    if changes.is_empty() && profile == before.profile {
        return Ok(before);
    }
    let mut after = before.clone();
    if !changes.is_empty() {
        if session.query_opt(NAMED, &[&key(tenant), &name]).await?.is_some() {
            return Err(refused(Refusal::Taken { attribute: Attribute::Of(Property::Name) }));
        }
        let number = before.organization.number.get().cast_signed();
        session.execute(RENAME, &[&key(tenant), &number, &name]).await?;
        after.organization.name = name;
    }
    (after.profile, after.updated_at) = (profile, before.updated_at.max(origin.now));
    let profiles = (&before.profile, &after.profile);
    let written = customers::write(session, tenant, &before.organization, profiles, after.updated_at).await?;
    changes.extend(written.map_err(refused)?);
    record(session, tenant, &after.organization, Action::Changed, changes, origin).await?;
    Ok(after)
}

fn unknown(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}
