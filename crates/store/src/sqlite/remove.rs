//! Ending a membership, and with the last one the person.

use directory::apply::{self, Extent, Left, keys, search_fields};
use directory::event::Action;
use directory::ids::{OrganizationId, TenantId};
use directory::store::{AuditContext, PersonKey};
use directory::{Change, Include, Record, Refusal, authority, invitation};
use rusqlite::params;

use super::cache::Edit;
use super::error::{Result, WriteError};
use super::events::{self, Author};
use super::load;
use super::row::micros;
use super::writer::Work;
use super::{admins, keys as key_table, passwords, save, sessions, sql};
use crate::codec::tokens::Fields;
use crate::invitations;

pub(super) fn remove_person(
    work: &mut Work<'_>,
    tenant: TenantId,
    organization: OrganizationId,
    key: &PersonKey,
    include: Include,
    audit: &AuditContext,
) -> Result<Record, WriteError> {
    let connection = work.connection();
    let number = work.organization(tenant, organization)?.ok_or(Refusal::NoSuchPerson)?;
    let found = load::record(connection, tenant, organization, key, include)?;
    let (pk, as_it_was) = found.ok_or(Refusal::NoSuchPerson)?;
    if authority::leaving_needs_other_admin(&audit.caller, &as_it_was) {
        admins::check_other(connection, tenant, pk, Extent::Organization, number)?;
    }

    work.begin()?;
    let at = micros(audit.now);
    connection
        .prepare_cached(
            "UPDATE membership SET deleted_at = ?4 WHERE tenant = ?1 AND person = ?2 AND organization = ?3",
        )?
        .execute(params![tenant.0, pk, number, at])?;
    for side in [DELEGATIONS_TO, DELEGATIONS_BY] {
        connection.prepare_cached(side)?.execute(params![tenant.0, number, pk])?;
    }
    sessions::revoke_of_member(connection, tenant, pk, number, audit.now)?;

    let is_left_anywhere: bool =
        connection.prepare_cached(HAS_MEMBERSHIP)?.query_row(params![tenant.0, pk], |row| row.get(0))?;
    let Left { person, changes, .. } = apply::leave(&as_it_was, is_left_anywhere, audit.now);
    if !is_left_anywhere {
        key_table::retire(connection, tenant, pk, &keys(&person))?;
        passwords::change(connection, tenant, pk, &Change::Clear)?;
        work.edits().push(pk, &search_fields(&person), &Fields::default());
    } else if apply::have_keys_changed(&as_it_was.person, &person) {
        key_table::replace(connection, tenant, pk, &keys(&as_it_was.person), &keys(&person))?;
    }
    let of_invitations = invitation::entries(Some(&as_it_was.person), &person, audit.now);
    sql::run(invitations::write(connection, tenant, &of_invitations))?;
    let sequence = work.next_sequence(tenant)?;
    let author = Author::of(work, tenant, audit)?;
    let event = author.record(connection, sequence, pk, Action::Deleted, &changes)?;
    save::update_person(connection, pk, &person, event)?;
    match is_left_anywhere {
        true => work.lists().change(pk, &as_it_was.person, &person),
        false => work.lists().remove(pk),
    }
    if !is_left_anywhere {
        let released = sql::run(crate::entities::release_managed(connection, tenant, person.id, audit.now))?;
        events::record(work, &author, &released)?;
    }
    work.done(Edit::Forgotten(pk));
    Ok(as_it_was)
}

pub(super) const DELEGATIONS_TO: &str =
    "DELETE FROM delegation WHERE tenant = ?1 AND organization = ?2 AND delegate = ?3";
pub(super) const DELEGATIONS_BY: &str =
    "DELETE FROM delegation WHERE tenant = ?1 AND organization = ?2 AND delegator = ?3";
pub(super) const HAS_MEMBERSHIP: &str =
    "SELECT EXISTS (SELECT 1 FROM membership WHERE tenant = ?1 AND person = ?2 AND deleted_at IS NULL)";
