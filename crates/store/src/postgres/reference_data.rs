//! A tenant's reference data: its organizations, departments, groups, teams, labels, roles and custom fields.
//!
//! It is read whole and kept. A counter in the tenant says how often it has changed; whoever loads a person reads that
//! counter in the same statement, so that what is kept is used only when it is what the person's row refers to.

use std::collections::HashMap;
use std::sync::Arc;

use directory::apply::{Reference, Target};
use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::{
    CustomFieldId, DepartmentId, GroupId, Number, ObjectId, OrganizationId, TeamId, TenantId,
};
use directory::membership::Membership;
use directory::organization::{
    DepartmentSummary, GroupSummary, Label, LabelKind, LabelSource, Organization, Region, Role, Tenant,
};
use directory::{Include, Person, Refusal, Related};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::{Error, Result};
use super::load::OrganizationNumber;
use super::pool::{Session, in_order};
use super::row::{Columns, key, number};

/// Things kept of all vocabularies together, some 200 bytes each.
const KEPT: u64 = 250_000;

/// A tenant's, as it was when its counter stood at `version`.
pub(super) struct ReferenceData {
    version: i64,
    tenant: Tenant,
    /// By ascending number: parents come before children.
    organizations: Vec<Organization>,
    numbers: HashMap<OrganizationId, OrganizationNumber>,
    departments: HashMap<DepartmentId, DepartmentSummary>,
    groups: HashMap<GroupId, GroupSummary>,
    /// The organization of each.
    teams: HashMap<TeamId, OrganizationId>,
    labels: HashMap<Number, Label>,
    /// By name.
    roles: Vec<Role>,
    /// By key.
    custom_fields: Vec<CustomField>,
}

impl ReferenceData {
    /// How often it had changed.
    pub(super) fn version(&self) -> i64 {
        self.version
    }

    pub(super) fn organization(&self, id: OrganizationId) -> Option<OrganizationNumber> {
        self.numbers.get(&id).copied()
    }

    /// What stands beside a person, their delegations apart.
    pub(super) fn related(
        &self,
        include: Include,
        organization: OrganizationId,
        person: &Person,
        membership: &Membership,
    ) -> Related {
        let mut related = Related::default();
        if include.organization {
            related.tenant = Some(self.tenant.clone());
            related.organization = self.organizations.iter().find(|it| it.id == organization).cloned();
        }
        if include.primary_department {
            let department = person.primary_department.and_then(|id| self.departments.get(&id));
            related.primary_department = department.cloned();
        }
        if include.groups {
            let group = |entry: &directory::person::Entry<GroupId>| self.groups.get(&entry.id).cloned();
            related.groups = person.groups.iter().filter_map(group).collect();
        }
        if include.profession {
            let label = membership.kare.profession.and_then(|number| self.labels.get(&number));
            related.profession = label.cloned();
        }
        if include.roles {
            let granted = &membership.laurel.roles;
            let is_theirs = |role: &&Role| role.is_default || granted.contains(&role.object_id);
            related.roles = self.roles.iter().filter(is_theirs).cloned().collect();
        }
        if include.custom_fields {
            related.custom_fields.clone_from(&self.custom_fields);
        }
        related
    }

    /// The person without departments and groups that were deleted: a deletion writes to no person, so that it does not
    /// count anybody's version up.
    pub(super) fn without_deleted(&self, person: Arc<Person>) -> Arc<Person> {
        let departments = &person.additional_departments;
        let has_all = departments.iter().all(|entry| self.departments.contains_key(&entry.id))
            && person.groups.iter().all(|entry| self.groups.contains_key(&entry.id));
        if has_all {
            return person;
        }
        let mut person = Arc::unwrap_or_clone(person);
        person.additional_departments.retain(|entry| self.departments.contains_key(&entry.id));
        person.groups.retain(|entry| self.groups.contains_key(&entry.id));
        person.into()
    }

    pub(super) fn has_department(&self, id: DepartmentId) -> bool {
        self.departments.contains_key(&id)
    }

    pub(super) fn has_custom_field(&self, key: &str) -> bool {
        self.custom_fields.binary_search_by(|field| field.key.as_str().cmp(key)).is_ok()
    }

    /// Refuses what refers to something that is not there.
    pub(super) fn check(
        &self,
        organization: OrganizationId,
        references: &[Reference],
    ) -> Result<(), Refusal> {
        let is_there = |target| match target {
            Target::Department(id) => self.departments.contains_key(&id),
            Target::Group(id) => self.groups.contains_key(&id),
            Target::Role(id) => self.roles.iter().any(|role| role.object_id == id),
            Target::Team(id) => self.teams.get(&id) == Some(&organization),
            Target::Label(number) => {
                self.labels.get(&number).is_some_and(|label| label.organization == organization)
            }
        };
        match references.iter().find(|reference| !is_there(reference.target)) {
            Some(reference) => Err(reference.refusal()),
            None => Ok(()),
        }
    }

    fn len(&self) -> usize {
        self.organizations.len()
            + self.departments.len()
            + self.groups.len()
            + self.teams.len()
            + self.labels.len()
            + self.roles.len()
            + self.custom_fields.len()
    }
}

/// The vocabularies that were read lately.
pub(super) struct ReferenceDataCache(Cache<TenantId, Arc<ReferenceData>, Weight>);

#[derive(Clone)]
struct Weight;

impl Weighter<TenantId, Arc<ReferenceData>> for Weight {
    fn weight(&self, _: &TenantId, reference_data: &Arc<ReferenceData>) -> u64 {
        reference_data.len() as u64 + 1
    }
}

impl ReferenceDataCache {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(10_000, KEPT, Weight))
    }

    pub(super) fn forget(&self) {
        self.0.clear();
    }

    /// The reference data, no older than when its counter stood at `version`. None if there is no such tenant.
    pub(super) async fn at_least(
        &self,
        session: &Session,
        tenant: TenantId,
        version: i64,
    ) -> Result<Option<Arc<ReferenceData>>> {
        if let Some(kept) = self.0.get(&tenant).filter(|kept| kept.version == version) {
            return Ok(Some(kept));
        }
        self.refreshed(session, tenant).await
    }

    /// The reference data, read again if one of the organizations is not in it.
    pub(super) async fn with(
        &self,
        session: &Session,
        tenant: TenantId,
        mut organizations: impl Iterator<Item = OrganizationId>,
    ) -> Result<Option<Arc<ReferenceData>>> {
        match self.0.get(&tenant) {
            Some(kept) if organizations.all(|id| kept.organization(id).is_some()) => Ok(Some(kept)),
            Some(_) | None => self.refreshed(session, tenant).await,
        }
    }

    /// The reference data as it is now.
    async fn refreshed(&self, session: &Session, tenant: TenantId) -> Result<Option<Arc<ReferenceData>>> {
        let Some(read) = whole(session, tenant).await?.map(Arc::new) else { return Ok(None) };
        // Whoever read a later one meanwhile is not overtaken for good: the counter tells, and it is read again.
        self.0.insert(tenant, read.clone());
        Ok(Some(read))
    }
}

/// The counter is read first: what was added after it is there as well, and only asked for once more.
async fn whole(session: &Session, tenant: TenantId) -> Result<Option<ReferenceData>> {
    let tenant_key = key(tenant);
    let of_tenant: [&(dyn ToSql + Sync); 1] = [&tenant_key];
    let mut statements = Vec::new();
    let texts = [VERSION, TENANT, ORGANIZATIONS, DEPARTMENTS, GROUPS, TEAMS, LABELS, ROLES, CUSTOM_FIELDS];
    for text in texts {
        statements.push(session.prepared(text).await?);
    }
    let answers =
        in_order(statements.iter().map(|statement| session.client().query(statement, &of_tenant))).await;
    let mut answers = answers.into_iter();
    let mut next = || answers.next().transpose().map(Option::unwrap_or_default);
    let (version, tenants) = (next()?, next()?);
    let (Some(version), Some(tenant)) = (version.first(), tenants.first()) else { return Ok(None) };
    let (version, tenant) = (version.try_get(0)?, tenant_from(&mut Columns::of(tenant))?);
    let organizations = each(&next()?, organization_from)?;
    let numbers = organizations.iter().map(|it| (it.id, it.number.get().cast_signed())).collect();
    Ok(Some(ReferenceData {
        version,
        tenant,
        organizations,
        numbers,
        departments: each(&next()?, department_from)?.into_iter().map(|it| (it.id, it)).collect(),
        groups: each(&next()?, group_from)?.into_iter().map(|it| (it.id, it)).collect(),
        teams: each(&next()?, team_from)?.into_iter().collect(),
        labels: each(&next()?, label_from)?.into_iter().map(|it| (it.number, it)).collect(),
        roles: each(&next()?, role_from)?,
        custom_fields: each(&next()?, custom_field_from)?,
    }))
}

/// The same for those who may go by it for as long as they take: who writes entities or organizations waits until then.
pub(super) const HOLD_VERSION: &str =
    "SELECT last FROM counter WHERE tenant = $1 AND name = 'vocabulary' FOR SHARE";

pub(super) const VERSION: &str = "SELECT last FROM counter WHERE tenant = $1 AND name = 'vocabulary'";
const TENANT: &str = "SELECT tenant, object_id, region, created_at FROM tenant WHERE tenant = $1";
const ORGANIZATIONS: &str = "
    SELECT o.id, o.number, o.object_id, parent.id, o.name, o.external_id, o.created_at
    FROM organization AS o
    LEFT JOIN organization AS parent ON parent.tenant = o.tenant AND parent.number = o.parent
    WHERE o.tenant = $1 AND o.deleted_at IS NULL
    ORDER BY o.number";
const DEPARTMENTS: &str = "SELECT id, name FROM department WHERE tenant = $1 ORDER BY name, id";
const GROUPS: &str = r#"SELECT id, object_id, name FROM "group" WHERE tenant = $1 ORDER BY name, id"#;
const TEAMS: &str = "
    SELECT t.id, o.id
    FROM team AS t
    JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
    WHERE t.tenant = $1";
const LABELS: &str = "
    SELECT l.number, o.id, l.name, l.color, l.kind, l.source, l.created_at, l.updated_at
    FROM label AS l
    JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
    WHERE l.tenant = $1
    ORDER BY l.number";
const ROLES: &str = "
    SELECT object_id, name, is_default, permissions, description, created_at, updated_at
    FROM role WHERE tenant = $1 ORDER BY name";
const CUSTOM_FIELDS: &str = "SELECT id, key, name, kind FROM custom_field WHERE tenant = $1 ORDER BY key";

fn each<T>(rows: &[Row], read: impl Fn(&mut Columns<'_>) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(|row| read(&mut Columns::of(row))).collect()
}

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

fn department_from(columns: &mut Columns<'_>) -> Result<DepartmentSummary> {
    Ok(DepartmentSummary { id: columns.uuid(DepartmentId)?, name: columns.get()? })
}

fn group_from(columns: &mut Columns<'_>) -> Result<GroupSummary> {
    Ok(GroupSummary { id: columns.uuid(GroupId)?, object_id: columns.object_id()?, name: columns.get()? })
}

fn team_from(columns: &mut Columns<'_>) -> Result<(TeamId, OrganizationId)> {
    Ok((columns.uuid(TeamId)?, columns.organization_id()?))
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
    let permissions = columns.permissions()?.unwrap_or_default();
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

/// Every definition of the tenant, by key.
pub(super) async fn custom_fields(session: &Session, tenant: TenantId) -> Result<Vec<CustomField>> {
    each(&session.query(CUSTOM_FIELDS, &[&key(tenant)]).await?, custom_field_from)
}

pub(super) const COUNT_UP: &str =
    "UPDATE counter SET last = last + 1 WHERE tenant = $1 AND name = 'vocabulary'";

/// The number of an organization, if there is such a one in the tenant that was not deleted.
pub(super) async fn organization_number(
    session: &Session,
    tenant: TenantId,
    organization: OrganizationId,
) -> Result<Option<OrganizationNumber>> {
    let row = session.query_opt(ORGANIZATION_NUMBER, &[&key(tenant), &organization.0]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Whether it was deleted is asked of what was found by the id: to the planner the index of the names of those that were
/// not looks as good as that of the ids.
pub(super) const ORGANIZATION_NUMBER: &str = "
    SELECT o.number
    FROM (SELECT * FROM organization AS o WHERE o.tenant = $1 AND o.id = $2 OFFSET 0) AS o
    WHERE o.deleted_at IS NULL";

/// The next of a tenant's numbers of that name.
pub(super) async fn next_number(session: &Session, tenant: TenantId, name: &str) -> Result<Number> {
    let row = session.query_opt(NEXT_NUMBER, &[&key(tenant), &name]).await?;
    let row = row.ok_or_else(|| Error::Row(format!("tenant {tenant} has no counter of the name {name}")))?;
    number(row.try_get(0)?)
}

pub(super) const NEXT_NUMBER: &str =
    "UPDATE counter SET last = last + 1 WHERE tenant = $1 AND name = $2 RETURNING last";
