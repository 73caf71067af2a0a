//! Organizations as Laurel's customers, written once for both engines.

use std::collections::BTreeSet;

use directory::change::AttributeChange;
use directory::customer::{self, Customer, CustomerKey, CustomerProfile};
use directory::ids::{OrganizationId, TenantId};
use directory::organization::{Organization, Region, Tenant};
use directory::store::CustomerBy;
use directory::{Attribute, Property, Refusal};
use jiff::Timestamp;

use crate::codec;
use crate::entities::tenant_cell;
use crate::sql::{Cell, Columns, Row, Sql};

/// The customer that this finds, unless the organization was deleted.
pub(crate) async fn get<S: Sql>(
    sql: &S,
    tenant: TenantId,
    by: &CustomerBy,
) -> Result<Option<Customer>, S::Error> {
    let tenant = tenant_cell(tenant);
    let rows = match by {
        CustomerBy::Organization(id) => sql.query(BY_ID, &[tenant, id.0.into()]).await?,
        CustomerBy::ObjectId(id) => sql.query(BY_OBJECT_ID, &[tenant, (*id).into()]).await?,
        CustomerBy::Key(CustomerKey { source, value }) => {
            sql.query(BY_KEY, &[tenant, source.as_str().into(), value.as_str().into()]).await?
        }
    };
    Ok(rows.into_iter().next().map(read).transpose()?)
}

/// All of a tenant, in the order in which they came to be.
pub(crate) async fn list<S: Sql>(sql: &S, tenant: TenantId) -> Result<Vec<Customer>, S::Error> {
    let rows = sql.query(LIST, &[tenant_cell(tenant)]).await?;
    Ok(rows.into_iter().map(read).collect::<codec::Result<_>>()?)
}

/// Whether an organization of the tenant has or had the object id.
pub(crate) async fn has_object_id<S: Sql>(
    sql: &S,
    tenant: TenantId,
    id: directory::ids::ObjectId,
) -> Result<bool, S::Error> {
    Ok(!sql.query(OBJECT_ID, &[tenant_cell(tenant), id.into()]).await?.is_empty())
}

/// Writes what becomes of a profile, and answers with what is different. To be called in a transaction in which no other
/// customer of the tenant is written.
pub(crate) async fn write<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: &Organization,
    (before, after): (&CustomerProfile, &CustomerProfile),
    now: Timestamp,
) -> Result<Result<Vec<AttributeChange>, Refusal>, S::Error> {
    let (tenant, number): (_, Cell<'_>) = (tenant_cell(tenant), organization.number.into());
    let [had, has]: [BTreeSet<CustomerKey>; 2] =
        [before, after].map(|profile| customer::keys(profile).into_iter().collect());
    for CustomerKey { source, value } in had.difference(&has) {
        let key = [tenant.clone(), source.as_str().into(), value.as_str().into()];
        sql.execute(REMOVE_KEY, &key).await?;
    }
    for key in has.difference(&had) {
        let values = [tenant.clone(), key.source.as_str().into(), key.value.as_str().into(), number.clone()];
        if sql.execute(ADD_KEY, &values).await? == 0 {
            return Ok(Err(Refusal::Taken { attribute: key.attribute() }));
        }
    }
    let document = codec::customer::write(after)?;
    sql.execute(WRITE, &[tenant, number, now.into(), document.into()]).await?;
    Ok(Ok(customer::differences(before, after)))
}

/// Forgets what was kept of an organization that is deleted.
pub(crate) async fn delete<S: Sql>(
    sql: &S,
    tenant: TenantId,
    organization: &Organization,
) -> Result<(), S::Error> {
    for text in [DELETE_KEYS, DELETE] {
        sql.execute(text, &[tenant_cell(tenant), organization.number.into()]).await?;
    }
    Ok(())
}

/// The refusal where an organization has the object id already.
pub(crate) fn taken_id() -> Refusal {
    Refusal::Taken { attribute: Attribute::Of(Property::ObjectId) }
}

fn read(row: Row) -> codec::Result<Customer> {
    let mut columns = Columns::of(row);
    let organization = Organization {
        id: OrganizationId(columns.uuid()?),
        number: columns.number()?,
        object_id: columns.object_id()?,
        parent: columns.optional_uuid()?.map(OrganizationId),
        name: columns.text()?,
        external_id: columns.optional_text()?,
        created_at: columns.time()?,
    };
    let id = columns.integer()?;
    let tenant = Tenant {
        id: TenantId(u32::try_from(id).map_err(|_| codec::Error("the tenant of a customer".to_owned()))?),
        object_id: columns.object_id()?,
        region: columns.name(Region::parse)?,
        created_at: columns.time()?,
    };
    let (updated_at, document) = (columns.optional_time()?, columns.optional_text()?);
    let profile = document.as_deref().map(codec::customer::read).transpose()?.unwrap_or_default();
    let updated_at = updated_at.unwrap_or(organization.created_at);
    Ok(Customer { organization, tenant, profile, updated_at })
}

/// The columns of a customer, as [`read`] takes them.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT o.id, o.number, o.object_id, above.id, o.name, o.external_id, o.created_at, t.tenant, t.object_id,
                t.region, t.created_at, c.updated_at, c.document
             FROM organization AS o
             JOIN tenant AS t ON t.tenant = $1
             LEFT JOIN organization AS above ON above.tenant = $1 AND above.number = o.parent
             LEFT JOIN customer AS c ON c.tenant = $1 AND c.organization = o.number
             WHERE o.tenant = $1 AND o.deleted_at IS NULL",
            $which
        )
    };
}

const BY_ID: &str = select!(" AND o.id = $2");
const BY_OBJECT_ID: &str = select!(" AND o.object_id = $2");
const BY_KEY: &str = select!(
    " AND o.number = (
        SELECT k.organization FROM customer_key AS k WHERE k.tenant = $1 AND k.source = $2 AND k.value = $3)"
);
const LIST: &str = select!(" ORDER BY o.number");

const OBJECT_ID: &str = "SELECT 1 FROM organization WHERE tenant = $1 AND object_id = $2";
const REMOVE_KEY: &str = "DELETE FROM customer_key WHERE tenant = $1 AND source = $2 AND value = $3";
const ADD_KEY: &str = "
    INSERT INTO customer_key (tenant, source, value, organization) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant, source, value) DO NOTHING";
const WRITE: &str = "
    INSERT INTO customer (tenant, organization, updated_at, document) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant, organization) DO UPDATE SET updated_at = EXCLUDED.updated_at, document = EXCLUDED.document";
const DELETE: &str = "DELETE FROM customer WHERE tenant = $1 AND organization = $2";
const DELETE_KEYS: &str = "DELETE FROM customer_key WHERE tenant = $1 AND organization = $2";

/// For the tests of their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 8] =
    [BY_ID, BY_OBJECT_ID, BY_KEY, LIST, OBJECT_ID, REMOVE_KEY, DELETE, DELETE_KEYS];
