//! How an entity is kept: its statements, and its row.

use directory::ids::TenantId;
use directory::{Entity, EntityKey};

use crate::codec;
use crate::sql::{Cell, Columns, Row, Sql};

/// A kind of entity that has a table. In every statement the first parameter is the tenant and the second the key.
pub(crate) trait Stored: Sized + Into<Entity> {
    const GET: &'static str;
    /// The columns of `GET`, of all that the tenant has, in the order in which they are listed.
    const LIST: &'static str;
    /// With [`Self::values`].
    const INSERT: &'static str;
    /// With the same ones.
    const UPDATE: &'static str;
    const DELETE: &'static str;

    fn read(columns: &mut Columns) -> codec::Result<Self>;
    /// What follows the tenant; first the key.
    fn values(&self) -> codec::Result<Vec<Cell<'_>>>;
}

/// What there are lists of.
pub(crate) trait Listed {
    /// With quotes where SQL needs them.
    const TABLE: &'static str;
    /// Those that it is read from, with the alias `o`.
    const COLUMNS: &'static str;
}

pub(crate) fn tenant_cell(tenant: TenantId) -> Cell<'static> {
    tenant.0.into()
}

pub(super) fn key_cell(key: EntityKey) -> Cell<'static> {
    match key {
        EntityKey::Department(id) => id.0.into(),
        EntityKey::Group(id) => id.0.into(),
        EntityKey::Team(id) => id.0.into(),
        EntityKey::Label(number) => number.into(),
        EntityKey::Role(id) => id.into(),
        EntityKey::CustomField(id) => id.0.into(),
        EntityKey::Template(id) => id.0.into(),
    }
}

pub(super) fn read<T: Stored>(row: Row) -> codec::Result<T> {
    T::read(&mut Columns::of(row))
}

pub(super) async fn get<T: Stored, S: Sql>(
    sql: &S,
    tenant: TenantId,
    key: EntityKey,
) -> Result<Option<Entity>, S::Error> {
    let rows = sql.query(T::GET, &[tenant_cell(tenant), key_cell(key)]).await?;
    Ok(rows.into_iter().next().map(|row| read::<T>(row).map(Into::into)).transpose()?)
}

pub(super) async fn list<T: Stored, S: Sql>(sql: &S, tenant: TenantId) -> Result<Vec<T>, S::Error> {
    let rows = sql.query(T::LIST, &[tenant_cell(tenant)]).await?;
    Ok(rows.into_iter().map(read).collect::<codec::Result<_>>()?)
}

pub(super) async fn insert<T: Stored, S: Sql>(sql: &S, tenant: TenantId, entity: &T) -> Result<(), S::Error> {
    write(sql, T::INSERT, tenant, entity).await
}

pub(super) async fn update<T: Stored, S: Sql>(sql: &S, tenant: TenantId, entity: &T) -> Result<(), S::Error> {
    write(sql, T::UPDATE, tenant, entity).await
}

async fn write<T: Stored, S: Sql>(sql: &S, text: &str, tenant: TenantId, entity: &T) -> Result<(), S::Error> {
    let mut values = vec![tenant_cell(tenant)];
    values.extend(entity.values()?);
    sql.execute(text, &values).await?;
    Ok(())
}
