//! Lists of people: the members of an organization, their records, and where somebody is in the whole store.

use std::collections::BTreeMap;

use directory::apply::Key;
use directory::ids::{ObjectId, OrganizationId, PersonId, TenantId};
use directory::query::{Page, Query};
use directory::store::{Location, PersonKey};
use directory::{Include, PersonField, Record};
use tokio_postgres::types::ToSql;

use super::Shared;
use super::error::Result;
use super::load::LoadQuery;
use super::pool::Session;
use super::reference_data::organization_number;
use super::row::Columns;
use crate::resolve;
use crate::sql::list::{self, Members};

/// Records loaded by one statement.
const TOGETHER: usize = 500;

/// The ids of a page of the members who match.
pub(super) async fn ids(
    session: &Session,
    tenant: TenantId,
    organization: OrganizationId,
    query: &Query<PersonField>,
) -> Result<Page<PersonId>> {
    match organization_number(session, tenant, organization).await? {
        Some(organization) => list::people(session, Members { tenant, organization }, query).await,
        None => Ok(Page::empty()),
    }
}

/// A page of the members who match.
pub(super) async fn page(
    shared: &Shared,
    session: &Session,
    tenant: TenantId,
    organization: OrganizationId,
    query: &Query<PersonField>,
    include: Include,
) -> Result<Page<Record>> {
    let page = ids(session, tenant, organization, query).await?;
    let records = records(shared, session, tenant, organization, &page.items, include).await?;
    Ok(page.with(records))
}

/// The records of those who are still members, in the order asked.
pub(super) async fn records(
    shared: &Shared,
    session: &Session,
    tenant: TenantId,
    organization: OrganizationId,
    people: &[PersonId],
    include: Include,
) -> Result<Vec<Record>> {
    let Some(number) = organization_number(session, tenant, organization).await? else {
        return Ok(Vec::new());
    };
    let include = Include { actor: None, ..include };
    let mut records = Vec::with_capacity(people.len());
    for some in people.chunks(TOGETHER) {
        let mut query = LoadQuery::default();
        for id in some {
            query.push((organization, number), &PersonKey::Id(*id), include);
        }
        let mut loaded = query.load(session, tenant).await?;
        loaded.sort_unstable_by_key(|one| one.place);
        for one in loaded {
            let reference_data =
                shared.reference_data_cache.at_least(session, tenant, one.reference_data).await?;
            records.extend(
                reference_data.map(|reference_data| one.record(&reference_data, organization, include)),
            );
        }
    }
    Ok(records)
}

/// The members behind the keys, in the order of the keys.
pub(super) async fn resolve(
    session: &Session,
    tenant: TenantId,
    organization: OrganizationId,
    keys: &[PersonKey],
) -> Result<Vec<Option<PersonId>>> {
    match organization_number(session, tenant, organization).await? {
        Some(organization) => resolve::resolve(session, Members { tenant, organization }, keys).await,
        None => Ok(vec![None; keys.len()]),
    }
}

/// Whether anybody has the object id, also somebody who left.
pub(super) async fn has_object_id(session: Session, tenant: TenantId, id: ObjectId) -> Result<bool> {
    resolve::has_object_id(&session, tenant, id).await
}

/// Everyone that one of the keys finds, in every tenant.
pub(super) async fn locate(session: &Session, keys: &[PersonKey]) -> Result<Vec<Location>> {
    let tenants = tenants(session).await?;
    let mut found: Vec<(i32, i64)> = Vec::new();
    for key in keys {
        let keyed = |source: &str, value: &str| (source.to_owned(), value.to_owned());
        let rows = match key {
            PersonKey::Id(id) => session.query(LOCATE_ID, &[&tenants, &id.0]).await?,
            PersonKey::ObjectId(id) => session.query(LOCATE_OBJECT_ID, &[&tenants, &&id.0[..]]).await?,
            PersonKey::Number(number) => {
                session.query(LOCATE_NUMBER, &[&tenants, &number.get().cast_signed()]).await?
            }
            PersonKey::Invitation(_)
            | PersonKey::Email(_)
            | PersonKey::UserName(_)
            | PersonKey::Identity(_, _) => {
                let (source, value) = match key {
                    PersonKey::Invitation(id) => keyed(Key::INVITATION, &id.to_string()),
                    PersonKey::Email(folded) => keyed(Key::EMAIL, folded),
                    PersonKey::UserName(folded) => keyed(Key::USER_NAME, folded),
                    PersonKey::Identity(source, value) => keyed(&source.to_string(), value),
                    PersonKey::Id(_) | PersonKey::ObjectId(_) | PersonKey::Number(_) => continue,
                };
                if value.contains('\0') {
                    continue;
                }
                session.query(LOCATE_KEY, &[&tenants, &source, &value]).await?
            }
        };
        for row in rows {
            found.push((row.try_get(0)?, row.try_get(1)?));
        }
    }
    found.sort_unstable();
    found.dedup();
    let mut locations = Vec::new();
    for (tenant, number) in found {
        locations.extend(location(session, tenant, number).await?);
    }
    Ok(locations)
}

/// Every tenant.
pub(super) async fn tenants(session: &Session) -> Result<Vec<i32>> {
    let nothing: [&(dyn ToSql + Sync); 0] = [];
    let rows = session.query("SELECT tenant FROM tenant ORDER BY tenant", &nothing).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

// One look into an index for each tenant, which is cheaper than an index across tenants would be to keep.
pub(super) const LOCATE_ID: &str = "SELECT tenant, number FROM person WHERE tenant = ANY ($1) AND id = $2";
pub(super) const LOCATE_OBJECT_ID: &str =
    "SELECT tenant, number FROM person WHERE tenant = ANY ($1) AND object_id = $2";
pub(super) const LOCATE_NUMBER: &str =
    "SELECT tenant, number FROM person WHERE tenant = ANY ($1) AND number = $2";
pub(super) const LOCATE_KEY: &str =
    "SELECT tenant, person FROM person_key WHERE tenant = ANY ($1) AND source = $2 AND value = $3";

async fn location(session: &Session, tenant: i32, number: i64) -> Result<Option<Location>> {
    let mut location: BTreeMap<PersonId, Vec<OrganizationId>> = BTreeMap::new();
    for row in session.query(MEMBERSHIPS, &[&tenant, &number]).await? {
        let mut columns = Columns::of(&row);
        location.entry(columns.person_id()?).or_default().push(columns.organization_id()?);
    }
    let tenant = TenantId(tenant.cast_unsigned());
    Ok(location.pop_first().map(|(person, organizations)| Location { tenant, person, organizations }))
}

pub(super) const MEMBERSHIPS: &str = "
    SELECT p.id, o.id
    FROM person AS p
    JOIN membership AS m ON m.tenant = $1 AND m.person = p.number
    JOIN organization AS o ON o.tenant = $1 AND o.number = m.organization
    WHERE p.tenant = $1 AND p.number = $2 AND p.deleted_at IS NULL AND m.deleted_at IS NULL
    ORDER BY o.number";
