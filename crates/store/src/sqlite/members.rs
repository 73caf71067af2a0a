//! A person who becomes a member of a further organization.

use directory::apply::{self, Applied};
use directory::event::Action;
use directory::ids::{OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::store::{NewMember, PersonKey};
use directory::{Attribute, Include, Person, Property, Record, Refusal, Related};
use rusqlite::{Connection, params};

use super::cache::Edit;
use super::error::{Result, WriteError};
use super::events::Author;
use super::load::{self, OrganizationNumber};
use super::references::References;
use super::writer::Work;
use super::{relations, save};

pub(super) fn add(work: &mut Work<'_>, member: &NewMember) -> Result<Record, WriteError> {
    let NewMember { tenant, organization, person, change, audit } = member;
    let (connection, tenant) = (work.connection(), *tenant);
    let number = work.organization(tenant, *organization)?.ok_or_else(|| nowhere(*organization))?;
    let (pk, person) = living(connection, tenant, *person)?.ok_or(Refusal::NoSuchPerson)?;
    if is_member(connection, tenant, pk, number)? {
        return Err(Refusal::Taken { attribute: Attribute::Membership }.into());
    }
    let include = apply::include_of(change, Include::default());
    let mut related = Related::default();
    if include.roles {
        related.roles = relations::roles(connection, tenant)?;
    }
    let membership = Membership::new(*organization, audit.now);
    let record =
        Record { person: person.into(), membership: membership.into(), related: related.into(), actor: None };
    let applied = apply::join(&record, change, audit.now)?;
    References::new(connection, tenant, number).check(&applied.references)?;

    work.begin()?;
    let Applied { person, membership, changes, .. } = applied;
    let sequence = work.next_sequence(tenant)?;
    let event =
        Author::of(work, tenant, audit)?.record(connection, sequence, pk, Action::Changed, &changes)?;
    save::update_person(connection, pk, &person, event)?;
    save::insert_membership(connection, tenant, pk, number, person.object_id, &membership)?;
    work.lists().change(pk, &record.person, &person);
    work.done(Edit::Forgotten(pk));
    let related = Related::default().into();
    Ok(Record { person: person.into(), membership: membership.into(), related, actor: None })
}

fn nowhere(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}

fn living(connection: &Connection, tenant: TenantId, person: PersonId) -> Result<Option<(i64, Person)>> {
    let Some(pk) = load::resolve(connection, tenant, &PersonKey::Id(person))? else { return Ok(None) };
    let found = load::anyone(connection, tenant, pk)?.filter(|person| person.deleted_at.is_none());
    Ok(found.map(|person| (pk, person)))
}

fn is_member(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    organization: OrganizationNumber,
) -> Result<bool> {
    let mut statement = connection.prepare_cached(IS_MEMBER)?;
    Ok(statement.exists(params![tenant.0, pk, organization])?)
}

pub(super) const IS_MEMBER: &str = "
    SELECT 1 FROM membership
    WHERE tenant = ?1 AND person = ?2 AND organization = ?3 AND deleted_at IS NULL";
