//! What is shown beside a person. What everyone of an organization shares is read once for all who are asked about.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::delegation::{DelegateSummary, Delegation};
use directory::ids::{CustomFieldId, DepartmentId, GroupId, Number, ObjectId, OrganizationId, TenantId};
use directory::organization::{
    DepartmentSummary, GroupSummary, Label, LabelKind, LabelSource, Organization, Permission, Region, Role,
    Tenant,
};
use directory::{Include, Related};
use rusqlite::{Connection, params};

use super::error::Result;
use super::load::{Member, OrganizationNumber};
use super::row::Columns;
use crate::codec::document::Profile;

pub(super) struct Relations<'c> {
    connection: &'c Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    include: Include,
    shared: Option<Shared>,
}

#[derive(Clone, Default)]
struct Shared {
    tenant: Option<Tenant>,
    organization: Option<Organization>,
    roles: Vec<Role>,
    custom_fields: Vec<CustomField>,
}

impl<'c> Relations<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        tenant: TenantId,
        organization: OrganizationNumber,
        include: Include,
    ) -> Self {
        Self { connection, tenant, organization, include, shared: None }
    }

    pub(super) fn of(&mut self, member: &Member) -> Result<Related> {
        let include = self.include;
        let shared = self.shared()?;
        let granted = &member.membership.laurel.roles;
        let of_this_person = |role: &&Role| role.is_default || granted.contains(&role.object_id);
        let mut related = Related {
            tenant: shared.tenant.clone(),
            organization: shared.organization.clone(),
            roles: shared.roles.iter().filter(of_this_person).cloned().collect(),
            custom_fields: shared.custom_fields.clone(),
            ..Related::default()
        };
        if include.primary_department
            && let Some(id) = member.person.primary_department
        {
            related.primary_department = department(self.connection, self.tenant, id)?;
        }
        if include.groups {
            for entry in &member.person.groups {
                related.groups.extend(group(self.connection, self.tenant, entry.id)?);
            }
        }
        if include.profession
            && let Some(number) = member.membership.kare.profession
        {
            related.profession = label(self.connection, self.tenant, number)?;
        }
        if include.delegations {
            related.delegators = self.delegations(DELEGATORS, member.pk)?;
            related.delegates = self.delegations(DELEGATES, member.pk)?;
        }
        Ok(related)
    }

    fn shared(&mut self) -> Result<&Shared> {
        if self.shared.is_none() {
            let (connection, tenant, include) = (self.connection, self.tenant, self.include);
            let mut shared = Shared::default();
            if include.organization
                && let Some((tenant, organization)) =
                    self::organization(connection, tenant, self.organization)?
            {
                shared.tenant = Some(tenant);
                shared.organization = Some(organization);
            }
            if include.roles {
                shared.roles = roles(connection, tenant)?;
            }
            if include.custom_fields {
                shared.custom_fields = custom_fields(connection, tenant)?;
            }
            self.shared = Some(shared);
        }
        Ok(self.shared.get_or_insert_default())
    }

    fn delegations(&self, sql: &str, person: i64) -> Result<Vec<Delegation>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.tenant.0, self.organization, person])?;
        let mut delegations = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            let (id, object_id) = (columns.person_id()?, columns.object_id()?);
            let mut profile = columns.json::<Profile>()?;
            let identities = profile.identities()?;
            delegations.push(Delegation {
                other: DelegateSummary {
                    id,
                    object_id,
                    given: profile.given,
                    family: profile.family,
                    identities,
                },
                permissions: columns.permissions()?,
            });
        }
        Ok(delegations)
    }
}

pub(super) const DELEGATORS: &str = "
    SELECT p.id, p.object_id, p.document, d.permissions
    FROM delegation AS d
    CROSS JOIN person AS p ON p.pk = d.delegator
    WHERE d.tenant = ?1 AND d.organization = ?2 AND d.delegate = ?3
    ORDER BY p.object_id";

pub(super) const DELEGATES: &str = "
    SELECT p.id, p.object_id, p.document, d.permissions
    FROM delegation AS d
    CROSS JOIN person AS p ON p.pk = d.delegate
    WHERE d.tenant = ?1 AND d.organization = ?2 AND d.delegator = ?3
    ORDER BY p.object_id";

/// The tenant and one of its organizations.
pub(super) fn organization(
    connection: &Connection,
    tenant: TenantId,
    number: OrganizationNumber,
) -> Result<Option<(Tenant, Organization)>> {
    let mut statement = connection.prepare_cached(ORGANIZATION)?;
    let mut rows = statement.query(params![tenant.0, number])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    Ok(Some((tenant_from(&mut columns)?, organization_from(&mut columns)?)))
}

pub(super) const ORGANIZATION: &str = "
    SELECT t.tenant, t.object_id, t.region, t.created_at,
        o.id, o.number, o.object_id, parent.id, o.name, o.external_id, o.created_at
    FROM tenant AS t
    CROSS JOIN organization AS o ON o.tenant = t.tenant AND o.number = ?2
    LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
    WHERE t.tenant = ?1";

pub(super) fn tenant_from(columns: &mut Columns<'_>) -> Result<Tenant> {
    Ok(Tenant {
        id: columns.tenant()?,
        object_id: columns.object_id()?,
        region: columns.name(Region::parse)?,
        created_at: columns.time()?,
    })
}

pub(super) fn organization_from(columns: &mut Columns<'_>) -> Result<Organization> {
    Ok(Organization {
        id: columns.organization_id()?,
        number: columns.number()?,
        object_id: columns.object_id()?,
        parent: columns.optional_uuid(OrganizationId)?,
        name: columns.get()?,
        external_id: columns.get()?,
        created_at: columns.time()?,
    })
}

fn department(
    connection: &Connection,
    tenant: TenantId,
    id: DepartmentId,
) -> Result<Option<DepartmentSummary>> {
    let mut statement =
        connection.prepare_cached("SELECT id, name FROM department WHERE tenant = ?1 AND id = ?2")?;
    let mut rows = statement.query(params![tenant.0, id.0.as_bytes()])?;
    rows.next()?.map(|row| department_from(&mut Columns::of(row))).transpose()
}

fn group(connection: &Connection, tenant: TenantId, id: GroupId) -> Result<Option<GroupSummary>> {
    let mut statement = connection
        .prepare_cached(r#"SELECT id, object_id, name FROM "group" WHERE tenant = ?1 AND id = ?2"#)?;
    let mut rows = statement.query(params![tenant.0, id.0.as_bytes()])?;
    rows.next()?.map(|row| group_from(&mut Columns::of(row))).transpose()
}

fn label(connection: &Connection, tenant: TenantId, number: Number) -> Result<Option<Label>> {
    let mut statement = connection.prepare_cached(LABEL)?;
    let mut rows = statement.query(params![tenant.0, number.get().cast_signed()])?;
    rows.next()?.map(|row| label_from(&mut Columns::of(row))).transpose()
}

pub(super) const LABEL: &str = "
    SELECT l.number, o.id, l.name, l.color, l.kind, l.source, l.created_at, l.updated_at
    FROM label AS l
    CROSS JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
    WHERE l.tenant = ?1 AND l.number = ?2";

/// Every role of the tenant, by name.
pub(super) fn roles(connection: &Connection, tenant: TenantId) -> Result<Vec<Role>> {
    let mut statement = connection.prepare_cached(
        "SELECT object_id, name, is_default, permissions, description, created_at, updated_at
         FROM role WHERE tenant = ?1 ORDER BY name",
    )?;
    let mut rows = statement.query(params![tenant.0])?;
    let mut roles = Vec::new();
    while let Some(row) = rows.next()? {
        roles.push(role_from(&mut Columns::of(row))?);
    }
    Ok(roles)
}

/// Every definition of the tenant, by key.
pub(super) fn custom_fields(connection: &Connection, tenant: TenantId) -> Result<Vec<CustomField>> {
    let mut statement = connection
        .prepare_cached("SELECT id, key, name, kind FROM custom_field WHERE tenant = ?1 ORDER BY key")?;
    let mut rows = statement.query(params![tenant.0])?;
    let mut fields = Vec::new();
    while let Some(row) = rows.next()? {
        fields.push(custom_field_from(&mut Columns::of(row))?);
    }
    Ok(fields)
}

fn department_from(columns: &mut Columns<'_>) -> Result<DepartmentSummary> {
    Ok(DepartmentSummary { id: columns.uuid(DepartmentId)?, name: columns.get()? })
}

fn group_from(columns: &mut Columns<'_>) -> Result<GroupSummary> {
    Ok(GroupSummary { id: columns.uuid(GroupId)?, object_id: columns.object_id()?, name: columns.get()? })
}

fn label_from(columns: &mut Columns<'_>) -> Result<Label> {
    Ok(Label {
        number: columns.number()?,
        organization: columns.organization_id()?,
        name: columns.get()?,
        color: columns.get()?,
        kind: columns.name(LabelKind::parse)?,
        source: columns.name(LabelSource::parse)?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}

fn role_from(columns: &mut Columns<'_>) -> Result<Role> {
    let object_id: ObjectId = columns.object_id()?;
    let (name, is_default) = (columns.get()?, columns.get()?);
    let permissions: Vec<Permission> = columns.permissions()?.unwrap_or_default();
    let description = columns.get()?;
    let (created_at, updated_at) = (columns.time()?, columns.time()?);
    Ok(Role { object_id, name, description, is_default, permissions, created_at, updated_at })
}

fn custom_field_from(columns: &mut Columns<'_>) -> Result<CustomField> {
    Ok(CustomField {
        id: columns.uuid(CustomFieldId)?,
        key: columns.get()?,
        name: columns.get()?,
        kind: columns.name(CustomFieldKind::parse)?,
    })
}
