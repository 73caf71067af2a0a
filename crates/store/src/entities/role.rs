//! Roles.

use directory::ids::{ObjectId, OrganizationId, TenantId};
use directory::organization::{Permission, Role, STANDARD_ROLES, StandardRole};
use directory::store::NewOrganization;
use sha2::{Digest, Sha256};

use super::stored::{self, Stored};
use crate::codec;
use crate::sql::{Cell, Columns, Sql};

impl Stored for Role {
    const GET: &'static str = "
        SELECT object_id, name, is_default, permissions, description, created_at, updated_at
        FROM role WHERE tenant = $1 AND object_id = $2";
    const LIST: &'static str = "
        SELECT object_id, name, is_default, permissions, description, created_at, updated_at
        FROM role WHERE tenant = $1 ORDER BY name";
    const INSERT: &'static str = "
        INSERT INTO role (tenant, object_id, name, is_default, permissions, description, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const UPDATE: &'static str = "
        UPDATE role SET name = $3, is_default = $4, permissions = $5, description = $6, created_at = $7, updated_at = $8
        WHERE tenant = $1 AND object_id = $2";
    const DELETE: &'static str = "DELETE FROM role WHERE tenant = $1 AND object_id = $2";

    fn read(columns: &mut Columns) -> codec::Result<Self> {
        let object_id = columns.object_id()?;
        let (name, is_default) = (columns.text()?, columns.boolean()?);
        let permissions = columns.list::<String>()?.into_iter().map(|claim| Permission { claim }).collect();
        let description = columns.optional_text()?;
        let (created_at, updated_at) = (columns.time()?, columns.time()?);
        Ok(Self { object_id, name, description, is_default, permissions, created_at, updated_at })
    }

    fn values(&self) -> codec::Result<Vec<Cell<'_>>> {
        Ok(vec![
            self.object_id.into(),
            self.name.as_str().into(),
            self.is_default.into(),
            codec::claims(Some(&self.permissions))?.into(),
            self.description.as_deref().into(),
            self.created_at.into(),
            self.updated_at.into(),
        ])
    }
}

/// Adds the roles that every tenant starts with.
pub(crate) async fn add_standard<S: Sql>(
    sql: &S,
    tenant: TenantId,
    root: &NewOrganization,
) -> Result<(), S::Error> {
    for StandardRole { name, description, is_default, claims } in STANDARD_ROLES {
        let permission = |claim: &&str| Permission { claim: (*claim).to_owned() };
        let role = Role {
            description: Some(description.to_owned()),
            is_default,
            permissions: claims.iter().map(permission).collect(),
            created_at: root.created_at,
            updated_at: root.created_at,
            ..Role::new(standard_id(root.id, name), name)
        };
        stored::insert(sql, tenant, &role).await?;
    }
    Ok(())
}

/// Made from the root's id, which is random: different in every tenant, and nothing more needs to be handed in.
fn standard_id(root: OrganizationId, name: &str) -> ObjectId {
    let digest = Sha256::new().chain_update("role:").chain_update(root.0).chain_update(name).finalize();
    let mut id = [0; 12];
    id.copy_from_slice(&digest[..12]);
    ObjectId(id)
}
