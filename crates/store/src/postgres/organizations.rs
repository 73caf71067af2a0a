//! Tenants and their trees of organizations.

use directory::change::AttributeChange;
use directory::customer::CustomerProfile;
use directory::event::Action;
use directory::ids::{OrganizationId, TenantId};
use directory::limits;
use directory::organization::{Organization, Region};
use directory::store::{NewOrganization, Origin, TenantTree};
use directory::{Attribute, Property, Refusal, Subject, access_events};

use super::error::{Error, Result, WriteError};
use super::events;
use super::load::OrganizationNumber;
use super::pool::Session;
use super::reference_data::{self, next_number, organization_number};
use super::row::{Columns, key};
use crate::customers;
use crate::entities::add_standard_roles;
use crate::event::SubjectEvent;

/// The largest tenant, so that a directory can move to every engine.
const MAX_TENANT: i32 = (1 << 21) - 1;

/// An organization under another, or the root of a new tenant.
pub(super) async fn add(
    session: &Session,
    tenant: Option<TenantId>,
    new: &NewOrganization,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    let (tenant, parent) = match (tenant, new.parent) {
        (None, None) => (add_tenant(session, new).await?, None),
        (Some(tenant), Some(parent)) => {
            // Counted first: whoever adds to this tree at the same time waits here for their turn.
            session.execute(reference_data::COUNT_UP, &[&key(tenant)]).await?;
            let unknown =
                Refusal::Unknown { attribute: Attribute::Of(Property::Parent), value: parent.to_string() };
            let parent = organization_number(session, tenant, parent).await?.ok_or(unknown)?;
            if let Some(found) = child(session, tenant, parent, new).await? {
                return Ok(found);
            }
            check_depth(session, tenant, parent).await?;
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
    if customers::has_object_id(session, tenant, new.object_id).await? {
        return Err(customers::taken_id().into());
    }
    let number = next_number(session, tenant, "organization").await?;
    let added = session
        .execute(
            "INSERT INTO organization (tenant, number, id, object_id, parent, name, created_at, external_id, url,
                summary)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (tenant, name) WHERE deleted_at IS NULL DO NOTHING",
            &[
                &key(tenant),
                &number.get().cast_signed(),
                &new.id.0,
                &&new.object_id.0[..],
                &parent,
                &new.name,
                &new.created_at,
                &new.details.external_id,
                &new.details.url,
                &new.details.summary,
            ],
        )
        .await?;
    if added == 0 {
        return Err(Refusal::Taken { attribute: Attribute::Of(Property::Name) }.into());
    }
    let organization = Organization {
        id: new.id,
        number,
        object_id: new.object_id,
        parent: new.parent,
        name: new.name.clone(),
        external_id: new.details.external_id.clone(),
        created_at: new.created_at,
    };
    if let Some(profile) = &new.details.customer {
        let profiles = (&CustomerProfile::default(), profile);
        customers::write(session, tenant, &organization, profiles, new.created_at).await??;
    }
    let changes = access_events::organization_added(&organization, &new.details);
    record(session, tenant, &organization, Action::Created, changes, origin).await?;
    Ok(organization)
}

/// The child that has the external id of a new one.
async fn child(
    session: &Session,
    tenant: TenantId,
    parent: OrganizationNumber,
    new: &NewOrganization,
) -> Result<Option<Organization>> {
    let Some(external_id) = &new.details.external_id else { return Ok(None) };
    match session.query_opt(CHILD, &[&key(tenant), &parent, external_id]).await? {
        Some(row) => get(session, tenant, OrganizationId(row.try_get(0)?)).await,
        None => Ok(None),
    }
}

const CHILD: &str = "
    SELECT id FROM organization
    WHERE tenant = $1 AND parent = $2 AND external_id = $3 AND deleted_at IS NULL";

/// Another name. The one that the organization has changes nothing.
pub(super) async fn rename(
    session: &Session,
    tenant: TenantId,
    id: OrganizationId,
    name: &str,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    // Counted first: whoever adds to this tree or renames in it at the same time waits here for their turn.
    session.execute(reference_data::COUNT_UP, &[&key(tenant)]).await?;
    let mut organization = get(session, tenant, id).await?.ok_or_else(|| unknown(id))?;
    let changes = access_events::organization_renamed(&organization.name, name);
    if changes.is_empty() {
        return Ok(organization);
    }
    if session.query_opt(NAMED, &[&key(tenant), &name]).await?.is_some() {
        return Err(Refusal::Taken { attribute: Attribute::Of(Property::Name) }.into());
    }
    let number = organization.number.get().cast_signed();
    session.execute(RENAME, &[&key(tenant), &number, &name]).await?;
    name.clone_into(&mut organization.name);
    record(session, tenant, &organization, Action::Changed, changes, origin).await?;
    Ok(organization)
}

/// With its teams and labels. What is in the way, and what stays, is written in [`crate::organizations`].
pub(super) async fn delete(
    session: &Session,
    tenant: TenantId,
    id: OrganizationId,
    origin: &Origin,
) -> Result<Organization, WriteError> {
    // Counted first: whoever adds people, credentials, teams, labels or organizations to it at the same time either has
    // committed them before this goes on, or waits here for their turn and finds no such organization.
    session.execute(reference_data::COUNT_UP, &[&key(tenant)]).await?;
    let organization = get(session, tenant, id).await?.ok_or_else(|| unknown(id))?;
    let events = crate::organizations::delete(session, tenant, &organization, origin.now).await??;
    let (actor, number) = (origin.actor(organization.id), organization.number.get().cast_signed());
    events::record(session, tenant, (&actor, number, origin.now), &events).await?;
    Ok(organization)
}

fn unknown(organization: OrganizationId) -> Refusal {
    Refusal::Unknown { attribute: Attribute::Of(Property::Organization), value: organization.to_string() }
}

pub(super) const NAMED: &str =
    "SELECT FROM organization WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL";
pub(super) const RENAME: &str = "UPDATE organization SET name = $3 WHERE tenant = $1 AND number = $2";

pub(super) async fn record(
    session: &Session,
    tenant: TenantId,
    organization: &Organization,
    action: Action,
    changes: Vec<AttributeChange>,
    origin: &Origin,
) -> Result<()> {
    let (actor, number) = (origin.actor(organization.id), organization.number.get().cast_signed());
    let event = SubjectEvent { subject: Subject::Organization(organization.id), action, changes };
    events::record(session, tenant, (&actor, number, origin.now), &[event]).await
}

/// A tenant with the roles that every one starts with. It has the object id of its root.
async fn add_tenant(session: &Session, root: &NewOrganization) -> Result<TenantId> {
    // There is no sequence of tenants: whoever makes one at the same time waits here for their turn.
    session.execute("LOCK TABLE tenant IN SHARE ROW EXCLUSIVE MODE", &[]).await?;
    let region = Region::default().as_str();
    let row = session
        .query_opt(
            "INSERT INTO tenant (tenant, object_id, region, created_at)
             SELECT coalesce(max(tenant), 0) + 1, $1, $2, $3 FROM tenant
             RETURNING tenant",
            &[&&root.object_id.0[..], &region, &root.created_at],
        )
        .await?;
    let used_up = || Error::Row("the numbers of tenants are used up".to_owned());
    let tenant: i32 = row.ok_or_else(used_up)?.try_get(0)?;
    if tenant > MAX_TENANT {
        return Err(used_up());
    }
    session
        .execute(
            "INSERT INTO counter (tenant, name, last) SELECT $1, name, 0 FROM unnest($2::text[]) AS name",
            &[&tenant, &["person", "event", "organization", "label", "vocabulary"].as_slice()],
        )
        .await?;
    let tenant = TenantId(tenant.cast_unsigned());
    add_standard_roles(session, tenant, root).await?;
    Ok(tenant)
}

/// The depth is that of the tree with the new one in it.
async fn check_depth(
    session: &Session,
    tenant: TenantId,
    parent: OrganizationNumber,
) -> Result<(), WriteError> {
    let (mut depth, mut next) = (1, Some(parent));
    while let Some(number) = next {
        depth += 1;
        if depth > limits::DEPTH {
            let reason = format!("must not stand more than {} levels deep", limits::DEPTH);
            return Err(Refusal::invalid(Attribute::Of(Property::Parent), reason).into());
        }
        let above = "SELECT parent FROM organization WHERE tenant = $1 AND number = $2";
        let row = session.query_opt(above, &[&key(tenant), &number]).await?;
        next = row.map(|row| row.try_get(0)).transpose()?.flatten();
    }
    Ok(())
}

pub(super) async fn get(
    session: &Session,
    tenant: TenantId,
    id: OrganizationId,
) -> Result<Option<Organization>> {
    let row = session.query_opt(GET, &[&key(tenant), &id.0]).await?;
    row.map(|row| reference_data::organization_from(&mut Columns::of(&row))).transpose()
}

/// Found by its id as [`reference_data::ORGANIZATION_NUMBER`] does.
pub(super) const GET: &str = "
    SELECT o.id, o.number, o.object_id, parent.id, o.name, o.external_id, o.created_at
    FROM (SELECT * FROM organization AS o WHERE o.tenant = $1 AND o.id = $2 OFFSET 0) AS o
    LEFT JOIN organization AS parent ON parent.tenant = $1 AND parent.number = o.parent
    WHERE o.deleted_at IS NULL";

/// Every tenant, without what was deleted. Numbers count up, so parents come before children.
pub(super) async fn all(session: &Session) -> Result<Vec<TenantTree>> {
    let rows = session
        .query(
            "SELECT t.tenant, t.object_id, t.region, t.created_at,
                o.id, o.number, o.object_id, parent.id, o.name, o.external_id, o.created_at
             FROM tenant AS t
             JOIN organization AS o ON o.tenant = t.tenant
             LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
             WHERE o.deleted_at IS NULL
             ORDER BY t.tenant, o.number",
            &[],
        )
        .await?;
    let mut trees: Vec<TenantTree> = Vec::new();
    for row in &rows {
        let mut columns = Columns::of(row);
        let tenant = reference_data::tenant_from(&mut columns)?;
        let organization = reference_data::organization_from(&mut columns)?;
        match trees.last_mut() {
            Some(tree) if tree.tenant.id == tenant.id => tree.organizations.push(organization),
            _ => trees.push(TenantTree { tenant, organizations: vec![organization] }),
        }
    }
    Ok(trees)
}
