//! The members of groups, in a transaction of their own.
//!
//! The counter of the reference data is held, so that the group stays: others hold it, too, and only those who write entities wait.
//! Then the group is locked, then its people, as batches lock them.

use directory::event::Actor;
use directory::members::{ChangeMembers, ChangedMembers};
use directory::{EntityKind, Refusal};

use super::error::{Result, WriteError};
use super::events;
use super::pool::Session;
use super::reference_data::{HOLD_VERSION, organization_number};
use super::row::key;
use crate::group_members::{self, Place};

pub(super) async fn change(session: &Session, asked: &ChangeMembers) -> Result<ChangedMembers, WriteError> {
    let ChangeMembers { tenant, organization, group, change, audit } = asked;
    let tenant = *tenant;
    if session.query_opt(HOLD_VERSION, &[&key(tenant)]).await?.is_none() {
        return Err(Refusal::NoSuchEntity(EntityKind::Group).into());
    }
    // Either may have been deleted since the caller was let in.
    let number = organization_number(session, tenant, *organization).await?.ok_or(Refusal::CallerGone)?;
    let actor = Actor::from(&audit.caller);
    let own = organization_number(session, tenant, actor.organization).await?.ok_or(Refusal::CallerGone)?;
    let place = Place { tenant, organization: number, group: *group };
    let written = group_members::change(session, &place, change, audit.now).await??;
    if !written.events.is_empty() {
        events::record(session, tenant, (&actor, own, audit.now), &written.events).await?;
    }
    Ok(written.changed)
}
