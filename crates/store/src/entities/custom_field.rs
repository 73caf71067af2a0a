//! The definitions of custom fields.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::CustomFieldId;

use super::stored::{Listed, Stored};
use crate::codec;
use crate::sql::{Cell, Columns};

impl Listed for CustomField {
    const TABLE: &'static str = "custom_field";
    const COLUMNS: &'static str = "o.id, o.key, o.name, o.kind";
}

impl Stored for CustomField {
    const GET: &'static str = "SELECT id, key, name, kind FROM custom_field WHERE tenant = $1 AND id = $2";
    const LIST: &'static str = "SELECT id, key, name, kind FROM custom_field WHERE tenant = $1 ORDER BY key";
    const INSERT: &'static str =
        "INSERT INTO custom_field (tenant, id, key, name, kind) VALUES ($1, $2, $3, $4, $5)";
    const UPDATE: &'static str =
        "UPDATE custom_field SET name = $4, kind = $5 WHERE tenant = $1 AND id = $2 AND key = $3";
    const DELETE: &'static str = "DELETE FROM custom_field WHERE tenant = $1 AND id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            id: CustomFieldId(columns.uuid()?),
            key: columns.text()?,
            name: columns.text()?,
            kind: columns.name(CustomFieldKind::parse)?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        let (key, name) = (self.key.as_str().into(), self.name.as_str().into());
        Ok(vec![self.id.0.into(), key, name, self.kind.as_str().into()])
    }
}
