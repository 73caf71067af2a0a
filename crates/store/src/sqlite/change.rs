//! Changing a person: every check comes before the first write.

use directory::apply::{self, Applied, keys, search_fields};
use directory::event::Action;
use directory::store::{ChangeError, ChangePerson};
use directory::{Attribute, Include, Record, Refusal, invitation};

use super::admins;
use super::cache::Edit;
use super::error::{Result, WriteError};
use super::events::Author;
use super::keys;
use super::load::{self, Member};
use super::passwords;
use super::references::References;
use super::relations::Relations;
use super::save;
use super::sessions;
use super::sql;
use super::writer::Work;
use crate::invitations;

pub(super) fn change_person(
    work: &mut Work<'_>,
    mut change: ChangePerson,
) -> Result<Record, WriteError<ChangeError>> {
    let connection = work.connection();
    let ChangePerson { tenant, organization, key, include, audit, decide } = &mut change;
    let (tenant, organization) = (*tenant, *organization);
    let nobody = || WriteError::Refused(ChangeError::Refused(Refusal::NoSuchPerson));

    let number = work.organization(tenant, organization)?.ok_or_else(nobody)?;
    let (pk, mut record) = match work.cached(tenant, organization, key, *include) {
        Some(cached) => cached,
        None => load::record(connection, tenant, organization, key, *include)?.ok_or_else(nobody)?,
    };

    let wanted = decide(&record).map_err(WriteError::Refused)?;
    let shown = apply::include_of(&wanted, *include);
    if shown != *include {
        let member = member_of(pk, &record);
        record.related = Relations::new(connection, tenant, number, shown).of(&member)?.into();
    }
    let refused = |stopped: WriteError| stopped.map(ChangeError::Refused);
    let applied = apply::apply_change(&audit.caller, &record, &wanted, audit.now)
        .map_err(|refusal| WriteError::Refused(ChangeError::Refused(refusal)))?;
    if applied.changes.is_empty() {
        return asked_for(work, record, pk, number, shown, *include);
    }
    if let Some(extent) = applied.needs_other_admin {
        admins::check_other(connection, tenant, pk, extent, number).map_err(refused)?;
    }
    let mut references = References::new(connection, tenant, number);
    references.check(&applied.references).map_err(refused)?;
    let delegators = applied.delegators.as_deref().map(|named| references.delegators(named)).transpose();
    let delegators = delegators.map_err(refused)?;
    let rekeyed = apply::have_keys_changed(&record.person, &applied.person)
        .then(|| (keys(&record.person), keys(&applied.person)));
    if let Some((before, after)) = &rekeyed {
        keys::check_free(connection, tenant, pk, after.difference(before)).map_err(refused)?;
    }

    work.begin()?;
    if let Some((before, after)) = &rekeyed {
        keys::replace(connection, tenant, pk, before, after)?;
    }
    let sequence = work.next_sequence(tenant)?;
    let author = Author::of(work, tenant, audit)?;
    let event = author.record(connection, sequence, pk, Action::Changed, &applied.changes)?;
    save::update_person(connection, pk, &applied.person, event)?;
    work.lists().change(pk, &record.person, &applied.person);
    if record.person.primary_department != applied.person.primary_department {
        save::update_primary_department(connection, pk, &applied.person)?;
    }
    if apply::is_found_otherwise(&record.person, &applied.person) {
        let fields = search_fields(&applied.person);
        save::update_search_fields(connection, pk, &fields)?;
        work.edits().push(pk, &search_fields(&record.person), &fields);
    }
    save::replace_entries(connection, tenant, pk, &record.person, &applied.person)?;
    if applied.membership_changed {
        save::update_membership(connection, tenant, pk, number, &applied.membership)?;
    }
    passwords::change(connection, tenant, pk, &applied.password_hash)?;
    if applied.ends_sessions {
        sessions::revoke_of_person(connection, tenant, pk, audit.now)?;
    }
    if let Some(named) = &delegators {
        save::replace_edges(connection, tenant, number, (pk, applied.person.id), named)?;
    }
    let of_invitations = invitation::entries(Some(&record.person), &applied.person, audit.now);
    sql::run(invitations::write(connection, tenant, &of_invitations))?;

    let is_related_touched = has_touched_relations(&applied);
    let is_name_touched = applied.changes.iter().any(|change| SHOWN_BY_OTHERS.contains(&change.attribute));
    let Applied { person, membership, .. } = applied;
    let record = Record { person: person.into(), membership: membership.into(), ..record };
    let loaded = if is_related_touched { Include::default() } else { shown };
    let record = asked_for(work, record, pk, number, loaded, *include)?;
    work.done(Edit::Changed {
        tenant,
        pk,
        organization,
        include: *include,
        record: record.clone(),
        is_related_touched,
        is_name_touched,
        are_edges_touched: delegators.is_some(),
    });
    Ok(record)
}

/// The record with all that was asked for beside it, and only that.
fn asked_for(
    work: &Work<'_>,
    mut record: Record,
    pk: i64,
    organization: load::OrganizationNumber,
    loaded: Include,
    include: Include,
) -> Result<Record, WriteError<ChangeError>> {
    if loaded != include {
        let tenant = super::row::tenant_of(pk);
        let member = member_of(pk, &record);
        record.related = Relations::new(work.connection(), tenant, organization, include).of(&member)?.into();
    }
    record.reflect_actor(include);
    Ok(record)
}

fn member_of(pk: i64, record: &Record) -> Member {
    Member { pk, person: record.person.clone(), membership: record.membership.clone() }
}

/// What people show of those they delegate to, and of those who delegate to them.
const SHOWN_BY_OTHERS: [Attribute; 3] = [Attribute::GivenName, Attribute::FamilyName, Attribute::Identities];

/// Whether what stands beside the person may be different now.
fn has_touched_relations(applied: &Applied) -> bool {
    const SHOWN: [Attribute; 5] = [
        Attribute::PrimaryDepartment,
        Attribute::Groups,
        Attribute::LaurelRoles,
        Attribute::KareProfession,
        Attribute::Delegators,
    ];
    applied.changes.iter().any(|change| SHOWN.contains(&change.attribute))
}
