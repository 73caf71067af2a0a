//! What an entity refers to, what it may not share with another, and what refers to it.

use directory::event::SubjectKind;
use directory::ids::{DepartmentId, ObjectId};
use directory::plan::{self, EntityReference, Planned, Unique};
use directory::{Entity, EntityKind, Refusal, limits};

use super::stored::{key_cell, tenant_cell};
use super::{On, Result};
use crate::codec;
use crate::sql::{Cell, Columns, Sql, Syntax};

impl<S: Sql> On<'_, S> {
    /// `height` is how many levels a department and those below it take.
    pub(super) async fn check(&self, planned: &Planned, height: usize) -> Result<(), S> {
        for reference in &planned.references {
            let is_there = match *reference {
                EntityReference::Organization(id) => {
                    self.is_row(ORGANIZATION, &[tenant_cell(self.tenant), id.0.into()]).await?
                }
                EntityReference::Manager(id) => {
                    self.is_row(PERSON, &[tenant_cell(self.tenant), id.0.into()]).await?
                }
                EntityReference::Parent(parent) => {
                    let above = self.above(parent).await?;
                    if let Entity::Department(department) = &planned.entity {
                        plan::check_place(department.id, &above, height)?;
                    }
                    !above.is_empty()
                }
            };
            if !is_there {
                return Err(reference.refusal().into());
            }
        }
        for unique in &planned.unique {
            if self.is_taken(unique).await? {
                return Err(unique.refusal().into());
            }
        }
        Ok(())
    }

    /// A department and those above it, the nearest first; no more than are needed to see that they are too many.
    async fn above(&self, department: DepartmentId) -> Result<Vec<DepartmentId>, S> {
        let values = [tenant_cell(self.tenant), department.0.into(), DEEPEST];
        let rows = self.query(ABOVE, &values).await?;
        let ids = rows.into_iter().map(|row| Ok(DepartmentId(Columns::of(row).uuid()?)));
        Ok(ids.collect::<std::result::Result<_, codec::Error>>()?)
    }

    /// How many levels a department and those below it take.
    pub(super) async fn height(&self, department: DepartmentId) -> Result<usize, S> {
        let values = [tenant_cell(self.tenant), department.0.into(), DEEPEST];
        let text = match S::SYNTAX {
            Syntax::Sqlite => HEIGHT_IN_SQLITE,
            Syntax::Postgres => HEIGHT_IN_POSTGRES,
        };
        let rows = self.query(text, &values).await?;
        let height = rows.first().and_then(|row| row.first()?.integer()).unwrap_or(1);
        Ok(usize::try_from(height).unwrap_or(1))
    }

    /// Asked of a value that the entity itself did not have.
    async fn is_taken(&self, unique: &Unique) -> Result<bool, S> {
        let tenant = tenant_cell(self.tenant);
        match unique {
            Unique::DepartmentExternalId(id) => {
                self.is_row(DEPARTMENT_EXTERNAL_ID, &[tenant, id.as_str().into()]).await
            }
            Unique::GroupExternalId(id) => {
                self.is_row(GROUP_EXTERNAL_ID, &[tenant, id.as_str().into()]).await
            }
            Unique::GroupObjectId(id) => self.is_row(GROUP_OBJECT_ID, &[tenant, (*id).into()]).await,
            Unique::LabelName(organization, name) => {
                self.is_row(LABEL_NAME, &[tenant, organization.0.into(), name.as_str().into()]).await
            }
            Unique::RoleName(name) => self.is_row(ROLE_NAME, &[tenant, name.as_str().into()]).await,
            Unique::CustomFieldKey(key) => {
                self.is_row(CUSTOM_FIELD_KEY, &[tenant, key.as_str().into()]).await
            }
            Unique::TemplateName(name) => self.is_row(TEMPLATE_NAME, &[tenant, name.as_str().into()]).await,
        }
    }

    /// Refuses to delete what something refers to that is in the way.
    pub(super) async fn check_unused(&self, entity: &Entity) -> Result<(), S> {
        for by in plan::obstacles(entity.kind()) {
            if self.is_used(entity, *by).await? {
                return Err(Refusal::InUse { subject: SubjectKind::Entity(entity.kind()), by: *by }.into());
            }
        }
        Ok(())
    }

    async fn is_used(&self, entity: &Entity, by: SubjectKind) -> Result<bool, S> {
        let (tenant, key) = (tenant_cell(self.tenant), key_cell(entity.key()));
        match (entity, by) {
            (Entity::Department(_), SubjectKind::Entity(EntityKind::Department)) => {
                self.is_row(CHILD, &[tenant, key]).await
            }
            (Entity::Department(_), _) => self.is_row(PRIMARY_DEPARTMENT, &[tenant, key]).await,
            (Entity::Team(_), _) => self.is_row(TEAM, &[tenant, key]).await,
            (Entity::Label(_), _) => self.is_row(PROFESSION, &[tenant, key]).await,
            (Entity::Role(role), _) => self.is_granted(role.object_id).await,
            (Entity::CustomField(field), _) => self.has_values(&field.key).await,
            (Entity::Group(_) | Entity::Template(_), _) => Ok(false),
        }
    }

    /// Looks through the memberships of the tenant: roles are written in a list there.
    async fn is_granted(&self, role: ObjectId) -> Result<bool, S> {
        let text = match S::SYNTAX {
            Syntax::Sqlite => ROLE_IN_SQLITE,
            Syntax::Postgres => ROLE_IN_POSTGRES,
        };
        self.is_row(text, &[tenant_cell(self.tenant), role.to_string().into()]).await
    }

    /// Looks through the people of the tenant: what they have in custom fields is a part of their documents. That takes a
    /// second or two where they are a million, and only operators delete custom fields.
    async fn has_values(&self, key: &str) -> Result<bool, S> {
        let text = match S::SYNTAX {
            Syntax::Sqlite => VALUE_IN_SQLITE,
            Syntax::Postgres => VALUE_IN_POSTGRES,
        };
        self.is_row(text, &[tenant_cell(self.tenant), key.into()]).await
    }
}

/// One level more than there may be.
const DEEPEST: Cell<'static> = Cell::Integer(limits::DEPARTMENT_DEPTH as i64 + 1);

/// Whether it was deleted is asked of what was found by the id: to the planner the index of the names of those that were
/// not looks as good as that of the ids.
const ORGANIZATION: &str = "
    WITH found AS MATERIALIZED (SELECT deleted_at FROM organization WHERE tenant = $1 AND id = $2)
    SELECT 1 FROM found WHERE deleted_at IS NULL";
const PERSON: &str = "SELECT 1 FROM person WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL";

/// The parent of each is looked up by itself, which is the only way that leads to it, whatever the planner thinks.
const ABOVE: &str = "
    WITH RECURSIVE above (id, parent, level) AS (
        SELECT id, parent, 1 FROM department WHERE tenant = $1 AND id = $2
        UNION ALL
        SELECT above.parent, (SELECT d.parent FROM department AS d WHERE d.tenant = $1 AND d.id = above.parent),
            above.level + 1
        FROM above
        WHERE above.parent IS NOT NULL AND above.level < $3
    )
    SELECT id FROM above ORDER BY level";

const HEIGHT_IN_SQLITE: &str = "
    WITH RECURSIVE below (id, level) AS (
        SELECT id, 1 FROM department WHERE tenant = $1 AND id = $2
        UNION ALL
        SELECT d.id, below.level + 1
        FROM below
        CROSS JOIN department AS d ON d.tenant = $1 AND d.parent = below.id
        WHERE below.level < $3
    )
    SELECT level FROM below ORDER BY level DESC LIMIT 1";
const HEIGHT_IN_POSTGRES: &str = "
    WITH RECURSIVE below (id, level) AS (
        SELECT id, 1 FROM department WHERE tenant = $1 AND id = $2
        UNION ALL
        SELECT d.id, below.level + 1
        FROM below
        CROSS JOIN LATERAL (
            SELECT c.id FROM department AS c WHERE c.tenant = $1 AND c.parent = below.id OFFSET 0
        ) AS d
        WHERE below.level < $3
    )
    SELECT level FROM below ORDER BY level DESC LIMIT 1";

const DEPARTMENT_EXTERNAL_ID: &str = "SELECT 1 FROM department WHERE tenant = $1 AND external_id = $2";
const GROUP_EXTERNAL_ID: &str = r#"SELECT 1 FROM "group" WHERE tenant = $1 AND external_id = $2"#;
const GROUP_OBJECT_ID: &str = r#"SELECT 1 FROM "group" WHERE tenant = $1 AND object_id = $2"#;
const LABEL_NAME: &str = "
    SELECT 1 FROM label
    WHERE tenant = $1 AND name = $3
        AND organization = (SELECT number FROM organization WHERE tenant = $1 AND id = $2)";
const ROLE_NAME: &str = "SELECT 1 FROM role WHERE tenant = $1 AND name = $2";
const CUSTOM_FIELD_KEY: &str = "SELECT 1 FROM custom_field WHERE tenant = $1 AND key = $2";
const TEMPLATE_NAME: &str = "SELECT 1 FROM template WHERE tenant = $1 AND name = $2 LIMIT 1";

const CHILD: &str = "SELECT 1 FROM department WHERE tenant = $1 AND parent = $2 LIMIT 1";
const PRIMARY_DEPARTMENT: &str =
    "SELECT 1 FROM person WHERE tenant = $1 AND primary_department = $2 AND deleted_at IS NULL LIMIT 1";
const TEAM: &str = "SELECT 1 FROM membership WHERE tenant = $1 AND team = $2 AND deleted_at IS NULL LIMIT 1";
const PROFESSION: &str =
    "SELECT 1 FROM membership WHERE tenant = $1 AND profession = $2 AND deleted_at IS NULL LIMIT 1";
const ROLE_IN_SQLITE: &str = "
    SELECT 1 FROM membership
    WHERE tenant = $1 AND deleted_at IS NULL AND instr(laurel_roles, $2) > 0 LIMIT 1";
const ROLE_IN_POSTGRES: &str = "
    SELECT 1 FROM membership
    WHERE tenant = $1 AND deleted_at IS NULL AND strpos(laurel_roles::text, $2) > 0 LIMIT 1";
const VALUE_IN_SQLITE: &str = "
    SELECT 1 FROM person AS p
    WHERE p.pk > $1 << 40 AND p.pk < ($1 + 1) << 40 AND p.deleted_at IS NULL AND EXISTS (
        SELECT 1 FROM json_each(p.document, '$.custom_fields') AS field WHERE field.key = $2)
    LIMIT 1";
const VALUE_IN_POSTGRES: &str = "
    SELECT 1 FROM person
    WHERE tenant = $1 AND deleted_at IS NULL AND document -> 'custom_fields' -> $2 IS NOT NULL
    LIMIT 1";

/// Those of the request path.
#[cfg(test)]
pub(super) fn statements(syntax: Syntax) -> Vec<&'static str> {
    let height = match syntax {
        Syntax::Sqlite => HEIGHT_IN_SQLITE,
        Syntax::Postgres => HEIGHT_IN_POSTGRES,
    };
    vec![
        ORGANIZATION,
        PERSON,
        ABOVE,
        height,
        DEPARTMENT_EXTERNAL_ID,
        GROUP_EXTERNAL_ID,
        GROUP_OBJECT_ID,
        LABEL_NAME,
        ROLE_NAME,
        CUSTOM_FIELD_KEY,
        CHILD,
        PRIMARY_DEPARTMENT,
    ]
}
