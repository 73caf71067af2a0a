//! Tenants and their trees of organizations.

use directory::change::AttributeChange;
use directory::customer::CustomerProfile;
use directory::event::Action;
use directory::ids::{Number, OrganizationId, TenantId};
use directory::limits;
use directory::organization::{Organization, Region};
use directory::store::{NewOrganization, Origin, TenantTree};
use directory::{Attribute, Property, Refusal, Subject, access_events};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{Error, Result, WriteError};
use super::events::{self, Author};
use super::load::{OrganizationNumber, organization_number};
use super::relations;
use super::row::{Columns, MAX_TENANT, micros};
use super::sql::run;
use super::writer::Work;
use crate::customers;
use crate::entities::add_standard_roles;
use crate::event::SubjectEvent;

/// An organization under another, or the root of a new tenant.
pub(super) fn add(
    work: &mut Work<'_>,
    tenant: Option<TenantId>,
    new: NewOrganization,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    let connection = work.connection();
    let (tenant, parent) = match (tenant, new.parent) {
        (None, None) => {
            work.begin()?;
            (add_tenant(connection, &new)?, None)
        }
        (Some(tenant), Some(parent)) => {
            let unknown =
                Refusal::Unknown { attribute: Attribute::Of(Property::Parent), value: parent.to_string() };
            let parent = organization_number(connection, tenant, parent)?.ok_or(unknown)?;
            if let Some(found) = child(connection, tenant, parent, &new)? {
                return Ok(found);
            }
            check_depth(connection, tenant, parent)?;
            (tenant, Some(parent))
        }
        (None, Some(parent)) => {
            return Err(Refusal::Unknown {
                attribute: Attribute::Of(Property::Parent),
                value: parent.to_string(),
            }
            .into());
        }
        (Some(_), None) => {
            return Err(Refusal::invalid(
                Attribute::Of(Property::Parent),
                "must be named: a tenant has one root",
            )
            .into());
        }
    };
    check_name(connection, tenant, &new.name)?;
    if run(customers::has_object_id(connection, tenant, new.object_id))? {
        return Err(customers::taken_id().into());
    }

    work.begin()?;
    let number = next_number(connection, tenant)?;
    connection
        .prepare_cached(
            "INSERT INTO organization (tenant, number, id, object_id, parent, name, created_at, external_id, url,
                summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            tenant.0,
            number.get().cast_signed(),
            new.id.0.as_bytes(),
            new.object_id.0,
            parent,
            new.name,
            micros(new.created_at),
            new.details.external_id,
            new.details.url,
            new.details.summary,
        ])?;
    let organization = Organization {
        id: new.id,
        number,
        object_id: new.object_id,
        parent: new.parent,
        name: new.name,
        external_id: new.details.external_id.clone(),
        created_at: new.created_at,
    };
    if let Some(profile) = &new.details.customer {
        let profiles = (&CustomerProfile::default(), profile);
        run(customers::write(connection, tenant, &organization, profiles, new.created_at))??;
    }
    let changes = access_events::organization_added(&organization, &new.details);
    record(work, tenant, &organization, Action::Created, changes, origin)?;
    Ok(organization)
}

/// The child that has the external id of a new one.
fn child(
    connection: &Connection,
    tenant: TenantId,
    parent: OrganizationNumber,
    new: &NewOrganization,
) -> Result<Option<Organization>> {
    let Some(external_id) = &new.details.external_id else { return Ok(None) };
    let mut statement = connection.prepare_cached(CHILD)?;
    let number = statement.query_row(params![tenant.0, parent, external_id], |row| row.get(0)).optional()?;
    let Some(number) = number else { return Ok(None) };
    Ok(relations::organization(connection, tenant, number)?.map(|(_, organization)| organization))
}

const CHILD: &str = "
    SELECT number FROM organization
    WHERE tenant = ?1 AND parent = ?2 AND external_id = ?3 AND deleted_at IS NULL";

/// Another name. The one that the organization has changes nothing.
pub(super) fn rename(
    work: &mut Work<'_>,
    tenant: TenantId,
    id: OrganizationId,
    name: &str,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    let connection = work.connection();
    let mut organization = get(connection, tenant, id)?.ok_or_else(|| unknown(id))?;
    let changes = access_events::organization_renamed(&organization.name, name);
    if changes.is_empty() {
        return Ok(organization);
    }
    check_name(connection, tenant, name)?;
    work.begin()?;
    let number = organization.number.get().cast_signed();
    connection.prepare_cached(RENAME)?.execute(params![tenant.0, number, name])?;
    name.clone_into(&mut organization.name);
    record(work, tenant, &organization, Action::Changed, changes, origin)?;
    Ok(organization)
}

/// With its teams and labels. What is in the way, and what stays, is written in [`crate::organizations`].
pub(super) fn delete(
    work: &mut Work<'_>,
    tenant: TenantId,
    id: OrganizationId,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    let connection = work.connection();
    let organization = get(connection, tenant, id)?.ok_or_else(|| unknown(id))?;
    work.begin()?;
    let deleted = run(crate::organizations::delete(connection, tenant, &organization, origin.now))?;
    let events = deleted?;
    work.forget_organization(tenant, id);
    let author = Author::at(tenant, organization.number.get().cast_signed(), origin);
    events::record(work, &author, &events)?;
    Ok(organization)
}

fn unknown(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}

pub(super) const RENAME: &str = "UPDATE organization SET name = ?3 WHERE tenant = ?1 AND number = ?2";

const NAMED: &str = "SELECT 1 FROM organization WHERE tenant = ?1 AND name = ?2 AND deleted_at IS NULL";

pub(super) fn check_name(connection: &Connection, tenant: TenantId, name: &str) -> Result<(), WriteError> {
    let mut named = connection.prepare_cached(NAMED)?;
    match named.exists(params![tenant.0, name])? {
        true => Err(Refusal::Taken { attribute: Attribute::Of(Property::Name) }.into()),
        false => Ok(()),
    }
}

pub(super) fn record(
    work: &mut Work<'_>,
    tenant: TenantId,
    organization: &Organization,
    action: Action,
    changes: Vec<AttributeChange>,
    origin: &Origin,
) -> Result<()> {
    let author = Author::at(tenant, organization.number.get().cast_signed(), origin);
    let subject = Subject::Organization(organization.id);
    events::record(work, &author, &[SubjectEvent { subject, action, changes }])
}

/// A tenant with the roles that every one starts with. It has the object id of its root.
fn add_tenant(connection: &Connection, root: &NewOrganization) -> Result<TenantId> {
    let id: i64 = connection
        .prepare_cached(
            "INSERT INTO tenant (object_id, region, created_at) VALUES (?1, ?2, ?3) RETURNING tenant",
        )?
        .query_row(params![root.object_id.0, Region::default().as_str(), micros(root.created_at)], |row| {
            row.get(0)
        })?;
    let tenant = u32::try_from(id).ok().filter(|id| *id <= MAX_TENANT).map(TenantId);
    let tenant = tenant.ok_or_else(|| Error::Row("the numbers of tenants are used up".to_owned()))?;
    run(add_standard_roles(connection, tenant, root))?;
    Ok(tenant)
}

/// The depth is that of the tree with the new one in it.
fn check_depth(
    connection: &Connection,
    tenant: TenantId,
    parent: OrganizationNumber,
) -> Result<(), WriteError> {
    let mut above =
        connection.prepare_cached("SELECT parent FROM organization WHERE tenant = ?1 AND number = ?2")?;
    let (mut depth, mut next) = (1, Some(parent));
    while let Some(number) = next {
        depth += 1;
        if depth > limits::DEPTH {
            let reason = format!("must not stand more than {} levels deep", limits::DEPTH);
            return Err(Refusal::invalid(Attribute::Of(Property::Parent), reason).into());
        }
        next = above.query_row(params![tenant.0, number], |row| row.get(0)).optional()?.flatten();
    }
    Ok(())
}

fn next_number(connection: &Connection, tenant: TenantId) -> Result<Number> {
    let number: i64 = connection
        .prepare_cached(
            "UPDATE tenant SET last_organization = last_organization + 1 WHERE tenant = ?1
             RETURNING last_organization",
        )?
        .query_row(params![tenant.0], |row| row.get(0))?;
    Number::new(number.cast_unsigned())
        .ok_or_else(|| Error::Row("the numbers of organizations are used up".to_owned()))
}

pub(super) fn get(
    connection: &Connection,
    tenant: TenantId,
    id: OrganizationId,
) -> Result<Option<Organization>> {
    let Some(number) = organization_number(connection, tenant, id)? else { return Ok(None) };
    let found = relations::organization(connection, tenant, number)?;
    Ok(found.map(|(_, organization)| organization))
}

/// Every tenant, without what was deleted. Numbers count up, so parents come before children.
pub(super) fn all(connection: &Connection) -> Result<Vec<TenantTree>> {
    let mut statement = connection.prepare_cached(
        "SELECT t.tenant, t.object_id, t.region, t.created_at,
            o.id, o.number, o.object_id, parent.id, o.name, o.external_id, o.created_at
         FROM tenant AS t
         CROSS JOIN organization AS o ON o.tenant = t.tenant
         LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
         WHERE o.deleted_at IS NULL
         ORDER BY t.tenant, o.number",
    )?;
    let mut rows = statement.query([])?;
    let mut trees: Vec<TenantTree> = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let tenant = relations::tenant_from(&mut columns)?;
        let organization = relations::organization_from(&mut columns)?;
        match trees.last_mut() {
            Some(tree) if tree.tenant.id == tenant.id => tree.organizations.push(organization),
            _ => trees.push(TenantTree { tenant, organizations: vec![organization] }),
        }
    }
    Ok(trees)
}
