//! Labels, each of one organization.

use directory::ids::OrganizationId;
use directory::organization::Label;

use super::stored::Stored;
use crate::codec;
use crate::sql::{Cell, Columns};

pub(super) const NEXT_NUMBER_IN_SQLITE: &str =
    "UPDATE tenant SET last_label = last_label + 1 WHERE tenant = $1 RETURNING last_label";
pub(super) const NEXT_NUMBER_IN_POSTGRES: &str =
    "UPDATE counter SET last = last + 1 WHERE tenant = $1 AND name = 'label' RETURNING last";

impl Stored for Label {
    const GET: &'static str = "
        SELECT l.number,
            (SELECT o.id FROM organization AS o WHERE o.tenant = l.tenant AND o.number = l.organization),
            l.name, l.color
        FROM label AS l
        WHERE l.tenant = $1 AND l.number = $2";
    const LIST: &'static str = "
        SELECT l.number, o.id, l.name, l.color
        FROM label AS l
        JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
        WHERE l.tenant = $1
        ORDER BY l.number";
    const INSERT: &'static str = "
        INSERT INTO label (tenant, number, organization, name, color)
        VALUES ($1, $2, (SELECT number FROM organization WHERE tenant = $1 AND id = $3), $4, $5)";
    const UPDATE: &'static str = "
        UPDATE label SET name = $4, color = $5
        WHERE tenant = $1 AND number = $2
            AND organization = (SELECT number FROM organization WHERE tenant = $1 AND id = $3)";
    const DELETE: &'static str = "DELETE FROM label WHERE tenant = $1 AND number = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            number: columns.number()?,
            organization: OrganizationId(columns.uuid()?),
            name: columns.text()?,
            color: columns.text()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        let (name, color) = (self.name.as_str().into(), self.color.as_str().into());
        Ok(vec![self.number.into(), self.organization.0.into(), name, color])
    }
}
