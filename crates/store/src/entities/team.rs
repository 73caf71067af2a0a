//! Teams, each of one organization.

use directory::ids::{OrganizationId, TeamId};
use directory::organization::{Team, TeamKind};

use super::stored::{Listed, Stored};
use crate::codec;
use crate::sql::{Cell, Columns};

impl Listed for Team {
    /// With the id of the organization, by which lists are filtered, in the place of its number.
    const TABLE: &'static str = "(
        SELECT t.tenant, t.id, n.id AS organization, t.name, t.description, t.kind, t.use_turn_connection, t.created_at
        FROM team AS t
        JOIN organization AS n ON n.tenant = t.tenant AND n.number = t.organization)";
    const COLUMNS: &'static str =
        "o.id, o.organization, o.name, o.description, o.kind, o.use_turn_connection, o.created_at";
}

impl Stored for Team {
    const GET: &'static str = "
        SELECT t.id,
            (SELECT o.id FROM organization AS o WHERE o.tenant = t.tenant AND o.number = t.organization),
            t.name, t.description, t.kind, t.use_turn_connection, t.created_at
        FROM team AS t
        WHERE t.tenant = $1 AND t.id = $2";
    const LIST: &'static str = "
        SELECT t.id, o.id, t.name, t.description, t.kind, t.use_turn_connection, t.created_at
        FROM team AS t
        JOIN organization AS o ON o.tenant = t.tenant AND o.number = t.organization
        WHERE t.tenant = $1
        ORDER BY o.number, t.name, t.id";
    const INSERT: &'static str = "
        INSERT INTO team (tenant, id, organization, name, description, kind, use_turn_connection, created_at)
        VALUES ($1, $2, (SELECT number FROM organization WHERE tenant = $1 AND id = $3), $4, $5, $6, $7, $8)";
    const UPDATE: &'static str = "
        UPDATE team SET name = $4, description = $5, kind = $6, use_turn_connection = $7, created_at = $8
        WHERE tenant = $1 AND id = $2
            AND organization = (SELECT number FROM organization WHERE tenant = $1 AND id = $3)";
    const DELETE: &'static str = "DELETE FROM team WHERE tenant = $1 AND id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            id: TeamId(columns.uuid()?),
            organization: OrganizationId(columns.uuid()?),
            name: columns.text()?,
            description: columns.optional_text()?,
            kind: columns.name(TeamKind::parse)?,
            use_turn_connection: columns.boolean()?,
            created_at: columns.time()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.id.0.into(),
            self.organization.0.into(),
            self.name.as_str().into(),
            self.description.as_deref().into(),
            self.kind.as_str().into(),
            self.use_turn_connection.into(),
            self.created_at.into(),
        ])
    }
}
