//! Roles.

use directory::organization::{Permission, Role};

use super::stored::Stored;
use crate::codec;
use crate::sql::{Cell, Columns};

impl Stored for Role {
    const GET: &'static str = "
        SELECT object_id, name, is_default, permissions FROM role WHERE tenant = $1 AND object_id = $2";
    const LIST: &'static str = "
        SELECT object_id, name, is_default, permissions FROM role WHERE tenant = $1 ORDER BY name";
    const INSERT: &'static str = "
        INSERT INTO role (tenant, object_id, name, is_default, permissions) VALUES ($1, $2, $3, $4, $5)";
    const UPDATE: &'static str = "
        UPDATE role SET name = $3, is_default = $4, permissions = $5 WHERE tenant = $1 AND object_id = $2";
    const DELETE: &'static str = "DELETE FROM role WHERE tenant = $1 AND object_id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        let object_id = columns.object_id()?;
        let (name, is_default) = (columns.text()?, columns.boolean()?);
        let permissions = columns.list::<String>()?.into_iter().map(|claim| Permission { claim }).collect();
        Ok(Self { object_id, name, is_default, permissions })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.object_id.into(),
            self.name.as_str().into(),
            self.is_default.into(),
            codec::claims(Some(&self.permissions))?.into(),
        ])
    }
}
