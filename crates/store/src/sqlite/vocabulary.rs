//! A tenant's vocabulary: departments, groups, teams, labels, roles, custom fields.

use directory::ids::{Number, OrganizationId, TenantId};
use directory::organization::{Department, Group, Label};
use directory::store::Vocabulary;
use directory::{Attribute, Entity, Property, Refusal};
use rusqlite::{Connection, Params, params};

use super::failure::{Failure, Result, Stopped};
use super::load::{OrganizationNumber, organization_number};
use super::relations;
use super::row::Columns;
use super::writer::Work;
use crate::form::claims;

/// Answers with the entity as it was added.
pub(super) fn add(work: &mut Work<'_>, tenant: TenantId, entity: &Entity) -> Result<Entity, Stopped> {
    let connection = work.connection();
    if !is_row(connection, "SELECT 1 FROM tenant WHERE tenant = ?1", params![tenant.0])? {
        return Err(Refusal::Unknown {
            attribute: Attribute::Of(Property::Tenant),
            value: tenant.to_string(),
        }
        .into());
    }
    work.begin()?;
    match entity {
        Entity::Department(department) => insert(
            connection,
            Property::Id,
            "INSERT INTO department (tenant, id, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![tenant.0, department.id.0.as_bytes(), department.name],
        ),
        Entity::Group(group) => insert(
            connection,
            Property::Id,
            r#"INSERT INTO "group" (tenant, id, object_id, name) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"#,
            params![tenant.0, group.id.0.as_bytes(), group.object_id.0, group.name],
        ),
        Entity::Team(team) => insert(
            connection,
            Property::Id,
            "INSERT INTO team (tenant, organization, id, name) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            params![
                tenant.0,
                known_organization(connection, tenant, team.organization)?,
                team.id.0.as_bytes(),
                team.name
            ],
        ),
        Entity::Label(label) => {
            let organization = known_organization(connection, tenant, label.organization)?;
            let number = next_label(connection, tenant)?;
            insert(
                connection,
                Property::Name,
                "INSERT INTO label (tenant, number, organization, name, color) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
                params![tenant.0, number.get().cast_signed(), organization, label.name, label.color],
            )?;
            return Ok(Entity::Label(Label { number, ..label.clone() }));
        }
        Entity::Role(role) => insert(
            connection,
            Property::Name,
            "INSERT INTO role (tenant, object_id, name, is_default, permissions) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![tenant.0, role.object_id.0, role.name, role.is_default, claims(Some(&role.permissions))?],
        ),
        Entity::CustomField(field) => insert(
            connection,
            Property::Key,
            "INSERT INTO custom_field (tenant, key, id, name, kind) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![tenant.0, field.key, field.id.0.as_bytes(), field.name, field.kind.as_str()],
        ),
        Entity::Template(_) => return Err(Refusal::Unavailable.into()),
    }?;
    Ok(entity.clone())
}

/// Refuses with what must be unique about the row, when it is not.
fn insert(connection: &Connection, unique: Property, sql: &str, params: impl Params) -> Result<(), Stopped> {
    match connection.prepare_cached(sql)?.execute(params)? {
        0 => Err(Refusal::Taken { attribute: Attribute::Of(unique) }.into()),
        _ => Ok(()),
    }
}

fn is_row(connection: &Connection, sql: &str, params: impl Params) -> Result<bool> {
    Ok(connection.prepare_cached(sql)?.exists(params)?)
}

fn known_organization(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
) -> Result<OrganizationNumber, Stopped> {
    let unknown = || Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: organization.to_string(),
    };
    Ok(organization_number(connection, tenant, organization)?.ok_or_else(unknown)?)
}

fn next_label(connection: &Connection, tenant: TenantId) -> Result<Number> {
    let number: i64 = connection
        .prepare_cached(
            "UPDATE tenant SET last_label = last_label + 1 WHERE tenant = ?1 RETURNING last_label",
        )?
        .query_row(params![tenant.0], |row| row.get(0))?;
    Number::new(number.cast_unsigned())
        .ok_or_else(|| Failure::Row("the numbers of labels are used up".to_owned()))
}

pub(super) fn read(connection: &Connection, tenant: TenantId) -> Result<Vocabulary> {
    Ok(Vocabulary {
        departments: list(connection, DEPARTMENTS, tenant, department_from)?,
        groups: list(connection, GROUPS, tenant, group_from)?,
        teams: list(connection, TEAMS, tenant, relations::team_from)?,
        labels: list(connection, LABELS, tenant, relations::label_from)?,
        roles: relations::roles(connection, tenant)?,
        custom_fields: relations::custom_fields(connection, tenant)?,
        templates: Vec::new(),
    })
}

fn department_from(columns: &mut Columns<'_>) -> Result<Department> {
    let it = relations::department_from(columns)?;
    Ok(Department::new(it.id, it.name, Default::default()))
}

fn group_from(columns: &mut Columns<'_>) -> Result<Group> {
    let it = relations::group_from(columns)?;
    Ok(Group::new(it.id, it.object_id, it.name))
}

const DEPARTMENTS: &str = "SELECT id, name FROM department WHERE tenant = ?1 ORDER BY name, id";
const GROUPS: &str = r#"SELECT id, object_id, name FROM "group" WHERE tenant = ?1 ORDER BY name, id"#;
const TEAMS: &str = "
    SELECT t.id, o.id, t.name
    FROM team AS t
    CROSS JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
    WHERE t.tenant = ?1
    ORDER BY o.number, t.name, t.id";
const LABELS: &str = "
    SELECT l.number, o.id, l.name, l.color
    FROM label AS l
    CROSS JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
    WHERE l.tenant = ?1
    ORDER BY l.number";

fn list<T>(
    connection: &Connection,
    sql: &str,
    tenant: TenantId,
    read: impl Fn(&mut Columns<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![tenant.0])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(read(&mut Columns::of(row))?);
    }
    Ok(items)
}
