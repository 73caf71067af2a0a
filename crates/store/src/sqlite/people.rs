//! Lists of people: the members of an organization, their records, and where somebody is in the whole store.

use std::collections::BTreeMap;

use directory::apply::Key;
use directory::ids::{Number, OrganizationId, PersonId, TenantId};
use directory::query::{Page, Query};
use directory::store::{Location, PersonKey};
use directory::{Include, PersonField, Record};
use rusqlite::{Connection, Params, params};

use super::error::Result;
use super::load;
use super::relations::Relations;
use super::row::{Columns, pk_of, tenant_of};
use super::sql;
use crate::resolve;
use crate::sql::list::{self, Members};

/// The ids of a page of the members who match.
pub(super) fn ids(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    query: &Query<PersonField>,
) -> Result<Page<PersonId>> {
    match load::organization_number(connection, tenant, organization)? {
        Some(organization) => sql::run(list::people(connection, Members { tenant, organization }, query)),
        None => Ok(Page::empty()),
    }
}

/// A page of the members who match.
pub(super) fn page(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    query: &Query<PersonField>,
    include: Include,
) -> Result<Page<Record>> {
    let page = ids(connection, tenant, organization, query)?;
    let records = records(connection, tenant, organization, &page.items, include)?;
    Ok(page.with(records))
}

/// The records of those who are still members, in the order asked.
pub(super) fn records(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    people: &[PersonId],
    include: Include,
) -> Result<Vec<Record>> {
    let Some(number) = load::organization_number(connection, tenant, organization)? else {
        return Ok(Vec::new());
    };
    let mut relations = Relations::new(connection, tenant, number, include);
    let mut records = Vec::with_capacity(people.len());
    for id in people {
        let Some(pk) = load::resolve(connection, tenant, &PersonKey::Id(*id))? else { continue };
        let Some(member) = load::member(connection, tenant, number, organization, pk)? else { continue };
        let related = relations.of(&member)?.into();
        let actor = None;
        records.push(Record { person: member.person, membership: member.membership, related, actor });
    }
    Ok(records)
}

/// The members behind the keys, in the order of the keys.
pub(super) fn resolve(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationId,
    keys: &[PersonKey],
) -> Result<Vec<Option<PersonId>>> {
    match load::organization_number(connection, tenant, organization)? {
        Some(organization) => sql::run(resolve::resolve(connection, Members { tenant, organization }, keys)),
        None => Ok(vec![None; keys.len()]),
    }
}

/// Everyone that one of the keys finds, in every tenant.
pub(super) fn locate(connection: &Connection, keys: &[PersonKey]) -> Result<Vec<Location>> {
    let mut found = Vec::new();
    for key in keys {
        match key {
            PersonKey::Id(id) => all(connection, LOCATE_ID, params![id.0.as_bytes()], &mut found)?,
            PersonKey::ObjectId(id) => all(connection, LOCATE_OBJECT_ID, params![id.0], &mut found)?,
            PersonKey::Number(number) => numbered(connection, *number, &mut found)?,
            PersonKey::Invitation(id) => keyed(connection, Key::INVITATION, &id.to_string(), &mut found)?,
            PersonKey::Email(folded) => keyed(connection, Key::EMAIL, folded, &mut found)?,
            PersonKey::UserName(folded) => keyed(connection, Key::USER_NAME, folded, &mut found)?,
            PersonKey::Identity(source, value) => {
                keyed(connection, &source.to_string(), value, &mut found)?;
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    let mut locations = Vec::new();
    for pk in found {
        locations.extend(location(connection, pk)?);
    }
    Ok(locations)
}

fn keyed(connection: &Connection, source: &str, value: &str, found: &mut Vec<i64>) -> Result<()> {
    all(connection, LOCATE_KEY, params![source, value], found)
}

fn numbered(connection: &Connection, number: Number, found: &mut Vec<i64>) -> Result<()> {
    let mut tenants = Vec::new();
    all(connection, "SELECT tenant FROM tenant", [], &mut tenants)?;
    let pk_in = |tenant: i64| pk_of(TenantId(u32::try_from(tenant).ok()?), number);
    found.extend(tenants.into_iter().filter_map(pk_in));
    Ok(())
}

/// The integers that a query answers with.
fn all(connection: &Connection, sql: &str, params: impl Params, into: &mut Vec<i64>) -> Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    for pk in statement.query_map(params, |row| row.get(0))? {
        into.push(pk?);
    }
    Ok(())
}

// One look into an index for each tenant, which is cheaper than an index across tenants would be to keep.
pub(super) const LOCATE_ID: &str =
    "SELECT p.pk FROM tenant AS t CROSS JOIN person AS p ON p.tenant = t.tenant AND p.id = ?1";
pub(super) const LOCATE_OBJECT_ID: &str =
    "SELECT p.pk FROM tenant AS t CROSS JOIN person AS p ON p.tenant = t.tenant AND p.object_id = ?1";
pub(super) const LOCATE_KEY: &str = "
    SELECT k.person FROM tenant AS t
    CROSS JOIN person_key AS k ON k.tenant = t.tenant AND k.source = ?1 AND k.value = ?2";

fn location(connection: &Connection, pk: i64) -> Result<Option<Location>> {
    let tenant = tenant_of(pk);
    let mut statement = connection.prepare_cached(MEMBERSHIPS)?;
    let mut rows = statement.query(params![tenant.0, pk])?;
    let mut location: BTreeMap<PersonId, Vec<OrganizationId>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        location.entry(columns.person_id()?).or_default().push(columns.organization_id()?);
    }
    Ok(location.pop_first().map(|(person, organizations)| Location { tenant, person, organizations }))
}

pub(super) const MEMBERSHIPS: &str = "
    SELECT p.id, o.id
    FROM person AS p
    CROSS JOIN membership AS m ON m.tenant = ?1 AND m.person = p.pk
    CROSS JOIN organization AS o ON o.tenant = ?1 AND o.number = m.organization
    WHERE p.pk = ?2 AND p.deleted_at IS NULL AND m.deleted_at IS NULL
    ORDER BY o.number";
