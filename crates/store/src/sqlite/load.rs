//! Loading one person as one organization sees them.

use std::sync::Arc;

use directory::apply::Key;
use directory::ids::{Number, OrganizationId, TenantId};
use directory::membership::Membership;
use directory::person::Entry;
use directory::status::Status;
use directory::store::PersonKey;
use directory::{Include, Person, Record, ids};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{Error, Result};
use super::keys;
use super::relations::Relations;
use super::row::{Columns, number_of, pk_of};
use crate::codec::document::Document;
use crate::codec::grants;

/// An organization, as rows refer to it.
pub(super) type OrganizationNumber = i64;

/// A person with a live membership.
pub(super) struct Member {
    pub(super) pk: i64,
    pub(super) person: Arc<Person>,
    pub(super) membership: Arc<Membership>,
}

/// The number of an organization, if there is such a one in the tenant that was not deleted.
pub(super) fn organization_number(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
) -> Result<Option<OrganizationNumber>> {
    let mut statement = connection.prepare_cached(ORGANIZATION_NUMBER)?;
    Ok(statement.query_row(params![tenant.0, organization.0.as_bytes()], |row| row.get(0)).optional()?)
}

pub(super) const ORGANIZATION_NUMBER: &str =
    "SELECT number FROM organization WHERE tenant = ?1 AND id = ?2 AND deleted_at IS NULL";

/// Which person a key means. Whether they live, and where they are a member, is not yet asked.
pub(super) fn resolve(connection: &Connection, tenant: TenantId, key: &PersonKey) -> Result<Option<i64>> {
    let by_bytes = |sql: &str, bytes: &[u8]| -> Result<Option<i64>> {
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![tenant.0, bytes], |row| row.get(0)).optional()?)
    };
    match key {
        PersonKey::Id(id) => by_bytes(BY_ID, id.0.as_bytes()),
        PersonKey::ObjectId(id) => by_bytes(BY_OBJECT_ID, &id.0),
        PersonKey::Number(number) => Ok(pk_of(tenant, *number)),
        PersonKey::Invitation(id) => keys::holder(connection, tenant, Key::INVITATION, &id.to_string()),
        PersonKey::Email(folded) => keys::holder(connection, tenant, Key::EMAIL, folded),
        PersonKey::UserName(folded) => keys::holder(connection, tenant, Key::USER_NAME, folded),
        PersonKey::Identity(source, value) => keys::holder(connection, tenant, &source.to_string(), value),
    }
}

pub(super) const BY_ID: &str = "SELECT pk FROM person WHERE tenant = ?1 AND id = ?2";
pub(super) const BY_OBJECT_ID: &str = "SELECT pk FROM person WHERE tenant = ?1 AND object_id = ?2";

/// The record of a member, with what is asked for beside it, and where it is.
pub(super) fn record(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    key: &PersonKey,
    include: Include,
) -> Result<Option<(i64, Record)>> {
    let Some(number) = organization_number(connection, tenant, organization)? else { return Ok(None) };
    let Some(pk) = resolve(connection, tenant, key)? else { return Ok(None) };
    let record = record_at(connection, tenant, (number, organization), pk, include)?;
    Ok(record.map(|record| (pk, record)))
}

/// The record of the person there, if a living member of the organization.
pub(super) fn record_at(
    connection: &Connection,
    tenant: TenantId,
    (number, organization): (OrganizationNumber, OrganizationId),
    pk: i64,
    include: Include,
) -> Result<Option<Record>> {
    let Some(member) = member(connection, tenant, number, organization, pk)? else { return Ok(None) };
    let related = Relations::new(connection, tenant, number, include).of(&member)?.into();
    let actor = match include.actor {
        Some(actor) => self::actor(connection, tenant, organization, actor)?.map(Arc::new),
        None => None,
    };
    Ok(Some(Record { person: member.person, membership: member.membership, related, actor }))
}

/// The person, if a living member of the organization.
pub(super) fn member(
    connection: &Connection,
    tenant: TenantId,
    number: OrganizationNumber,
    organization: OrganizationId,
    pk: i64,
) -> Result<Option<Member>> {
    let mut statement = connection.prepare_cached(MEMBER)?;
    let mut rows = statement.query(params![pk, tenant.0, number])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    let mut person = person(&mut columns, pk)?;
    let membership = membership(&mut columns, organization)?;
    entries(connection, tenant, pk, &mut person)?;
    Ok(Some(Member { pk, person: person.into(), membership: membership.into() }))
}

pub(super) const MEMBER: &str = "
    SELECT p.id, p.object_id, p.status, p.primary_department, p.created_at, p.updated_at, p.deleted_at,
        p.version, p.document,
        m.team, m.kare_scope, m.profession, m.laurel_roles, m.grants, m.created_at, m.updated_at, m.deleted_at
    FROM person AS p
    CROSS JOIN membership AS m ON m.tenant = ?2 AND m.person = p.pk AND m.organization = ?3
    WHERE p.pk = ?1 AND p.deleted_at IS NULL AND m.deleted_at IS NULL";

/// A person, living or not, without any membership.
pub(super) fn anyone(connection: &Connection, tenant: TenantId, pk: i64) -> Result<Option<Person>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, object_id, status, primary_department, created_at, updated_at, deleted_at, version, document
         FROM person WHERE pk = ?1",
    )?;
    let mut rows = statement.query(params![pk])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut person = person(&mut Columns::of(row), pk)?;
    entries(connection, tenant, pk, &mut person)?;
    Ok(Some(person))
}

fn person(columns: &mut Columns<'_>, pk: i64) -> Result<Person> {
    let number = Number::new(number_of(pk)).ok_or_else(|| Error::Row(format!("{pk} has no number")))?;
    let (id, object_id) = (columns.person_id()?, columns.object_id()?);
    let mut person = Person::new(id, number, object_id, Timestamp::UNIX_EPOCH);
    person.status = columns.name(Status::parse)?;
    person.primary_department = columns.optional_uuid(ids::DepartmentId)?;
    person.created_at = columns.time()?;
    person.updated_at = columns.time()?;
    person.deleted_at = columns.optional_time()?;
    person.version = columns.count()?;
    columns.json::<Document>()?.fill(&mut person)?;
    Ok(person)
}

fn membership(columns: &mut Columns<'_>, organization: OrganizationId) -> Result<Membership> {
    let mut membership = Membership::new(organization, Timestamp::UNIX_EPOCH);
    let read = grants::Read {
        team: columns.optional_uuid(std::convert::identity)?,
        kare_scope: columns.text()?,
        profession: columns.optional_number()?,
        laurel_roles: columns.optional_text()?,
        grants: columns.optional_text()?,
    };
    read.fill(&mut membership)?;
    membership.created_at = columns.time()?;
    membership.updated_at = columns.time()?;
    membership.deleted_at = columns.optional_time()?;
    Ok(membership)
}

/// Reads the membership alone, if it is live and the person may sign in.
pub(super) fn actor(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    person: ids::PersonId,
) -> Result<Option<Membership>> {
    let mut statement = connection.prepare_cached(ACTOR)?;
    let mut rows = statement.query(params![tenant.0, person.0.as_bytes(), organization.0.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    if !columns.name(Status::parse)?.may_sign_in() {
        return Ok(None);
    }
    membership(&mut columns, organization).map(Some)
}

pub(super) const ACTOR: &str = "
    SELECT p.status,
        m.team, m.kare_scope, m.profession, m.laurel_roles, m.grants, m.created_at, m.updated_at, m.deleted_at
    FROM person AS p
    CROSS JOIN organization AS o ON o.tenant = ?1 AND o.id = ?3
    CROSS JOIN membership AS m ON m.tenant = ?1 AND m.person = p.pk AND m.organization = o.number
    WHERE p.tenant = ?1 AND p.id = ?2 AND p.deleted_at IS NULL AND m.deleted_at IS NULL";

/// The person's additional departments and groups, in their order.
fn entries(connection: &Connection, tenant: TenantId, pk: i64, person: &mut Person) -> Result<()> {
    let mut statement = connection.prepare_cached(ENTRIES)?;
    let mut rows = statement.query(params![tenant.0, pk])?;
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let is_group: bool = columns.get()?;
        if is_group {
            person.groups.push(entry(columns, ids::GroupId)?);
        } else {
            person.additional_departments.push(entry(columns, ids::DepartmentId)?);
        }
    }
    Ok(())
}

fn entry<Id>(mut columns: Columns<'_>, id: impl FnOnce(uuid::Uuid) -> Id) -> Result<Entry<Id>> {
    Ok(Entry { id: columns.uuid(id)?, data_source: columns.get()? })
}

pub(super) const ENTRIES: &str = r#"
    SELECT 0, department, data_source, position FROM person_department WHERE tenant = ?1 AND person = ?2
    UNION ALL
    SELECT 1, "group", data_source, position FROM person_group WHERE tenant = ?1 AND person = ?2
    ORDER BY 1, 4"#;

/// The id and the object id of a live member.
pub(super) fn member_by_object_id(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    object_id: ids::ObjectId,
) -> Result<Option<(i64, ids::PersonId)>> {
    let mut statement = connection.prepare_cached(MEMBER_BY_OBJECT_ID)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, [u8; 16]>(1)?));
    let found = statement.query_row(params![tenant.0, organization, object_id.0], read).optional()?;
    Ok(found.map(|(pk, id)| (pk, ids::PersonId(uuid::Uuid::from_bytes(id)))))
}

pub(super) const MEMBER_BY_OBJECT_ID: &str = "
    SELECT p.pk, p.id
    FROM membership AS m
    CROSS JOIN person AS p ON p.pk = m.person
    WHERE m.tenant = ?1 AND m.organization = ?2 AND m.object_id = ?3 AND m.deleted_at IS NULL";
