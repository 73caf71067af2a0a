//! Groups.

use directory::ids::GroupId;
use directory::organization::Group;

use super::stored::{Listed, Stored};
use crate::codec;
use crate::sql::{Cell, Columns};

pub(super) const REMOVE_PEOPLE: &str = r#"DELETE FROM person_group WHERE tenant = $1 AND "group" = $2"#;

impl Listed for Group {
    const TABLE: &'static str = "\"group\"";
    const COLUMNS: &'static str =
        "o.id, o.object_id, o.name, o.description, o.external_id, o.created_at, o.updated_at";
}

impl Stored for Group {
    const GET: &'static str = r#"
        SELECT id, object_id, name, description, external_id, created_at, updated_at
        FROM "group" WHERE tenant = $1 AND id = $2"#;
    const LIST: &'static str = r#"
        SELECT id, object_id, name, description, external_id, created_at, updated_at
        FROM "group" WHERE tenant = $1 ORDER BY name, id"#;
    const INSERT: &'static str = r#"
        INSERT INTO "group" (tenant, id, object_id, name, description, external_id, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"#;
    const UPDATE: &'static str = r#"
        UPDATE "group" SET object_id = $3, name = $4, description = $5, external_id = $6, created_at = $7,
            updated_at = $8
        WHERE tenant = $1 AND id = $2"#;
    const DELETE: &'static str = r#"DELETE FROM "group" WHERE tenant = $1 AND id = $2"#;

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            id: GroupId(columns.uuid()?),
            object_id: columns.object_id()?,
            name: columns.text()?,
            description: columns.optional_text()?,
            external_id: columns.optional_text()?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.id.0.into(),
            self.object_id.into(),
            self.name.as_str().into(),
            self.description.as_deref().into(),
            self.external_id.as_deref().into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}
