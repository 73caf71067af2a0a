//! Teams, each of one organization.

use directory::ids::{OrganizationId, TeamId};
use directory::organization::Team;

use super::stored::Stored;
use crate::codec;
use crate::sql::{Cell, Columns};

impl Stored for Team {
    const GET: &'static str = "
        SELECT t.id, o.id, t.name
        FROM team AS t
        JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
        WHERE t.tenant = $1 AND t.id = $2";
    const LIST: &'static str = "
        SELECT t.id, o.id, t.name
        FROM team AS t
        JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
        WHERE t.tenant = $1
        ORDER BY o.number, t.name, t.id";
    const INSERT: &'static str = "
        INSERT INTO team (tenant, id, organization, name)
        VALUES ($1, $2, (SELECT number FROM organization WHERE tenant = $1 AND id = $3), $4)";
    const UPDATE: &'static str = "
        UPDATE team SET name = $4
        WHERE tenant = $1 AND id = $2
            AND organization = (SELECT number FROM organization WHERE tenant = $1 AND id = $3)";
    const DELETE: &'static str = "DELETE FROM team WHERE tenant = $1 AND id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            id: TeamId(columns.uuid()?),
            organization: OrganizationId(columns.uuid()?),
            name: columns.text()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![self.id.0.into(), self.organization.0.into(), self.name.as_str().into()])
    }
}
