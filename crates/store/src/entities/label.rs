//! Labels, each of one organization.

use directory::ids::{OrganizationId, TenantId};
use directory::organization::{Label, LabelKind, LabelSource};

use super::stored::Stored;
use crate::codec;
use crate::entities::tenant_cell;
use crate::sql::{Cell, Columns, Sql};

pub(super) const NEXT_NUMBER_IN_SQLITE: &str =
    "UPDATE tenant SET last_label = last_label + 1 WHERE tenant = $1 RETURNING last_label";
pub(super) const NEXT_NUMBER_IN_POSTGRES: &str =
    "UPDATE counter SET last = last + 1 WHERE tenant = $1 AND name = 'label' RETURNING last";

impl Stored for Label {
    const GET: &'static str = "
        SELECT l.number,
            (SELECT o.id FROM organization AS o WHERE o.tenant = l.tenant AND o.number = l.organization),
            l.name, l.color, l.kind, l.source, l.created_at, l.updated_at
        FROM label AS l
        WHERE l.tenant = $1 AND l.number = $2";
    const LIST: &'static str = "
        SELECT l.number, o.id, l.name, l.color, l.kind, l.source, l.created_at, l.updated_at
        FROM label AS l
        JOIN organization AS o ON o.tenant = l.tenant AND o.number = l.organization
        WHERE l.tenant = $1
        ORDER BY l.number";
    const INSERT: &'static str = "
        INSERT INTO label (tenant, number, organization, name, color, kind, source, created_at, updated_at)
        VALUES ($1, $2, (SELECT number FROM organization WHERE tenant = $1 AND id = $3), $4, $5, $6, $7, $8, $9)";
    const UPDATE: &'static str = "
        UPDATE label SET name = $4, color = $5, kind = $6, source = $7, created_at = $8, updated_at = $9
        WHERE tenant = $1 AND number = $2
            AND organization = (SELECT number FROM organization WHERE tenant = $1 AND id = $3)";
    const DELETE: &'static str = "DELETE FROM label WHERE tenant = $1 AND number = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        Ok(Self {
            number: columns.number()?,
            organization: OrganizationId(columns.uuid()?),
            name: columns.text()?,
            color: columns.text()?,
            kind: columns.name(LabelKind::parse)?,
            source: columns.name(LabelSource::parse)?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.number.into(),
            self.organization.0.into(),
            self.name.as_str().into(),
            self.color.as_str().into(),
            self.kind.as_str().into(),
            self.source.as_str().into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}

/// Those of one organization, by their numbers.
pub(crate) async fn of_organization<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: OrganizationId,
) -> Result<Vec<Label>, S::Error> {
    let rows = sql.query(OF_ORGANIZATION, &[tenant_cell(tenant), organization.0.into()]).await?;
    Ok(rows.into_iter().map(|row| Label::read(&mut Columns::of(row))).collect::<codec::Result<_>>()?)
}

/// The index over the names is that of an organization's labels.
pub(super) const OF_ORGANIZATION: &str = "
    SELECT l.number, o.id, l.name, l.color, l.kind, l.source, l.created_at, l.updated_at
    FROM organization AS o
    JOIN label AS l ON l.tenant = $1 AND l.organization = o.number
    WHERE o.tenant = $1 AND o.id = $2
    ORDER BY l.number";
