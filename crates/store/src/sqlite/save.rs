//! Writing a person's rows.

use directory::Person;
use directory::delegation::{Delegator, Edge};
use directory::ids::{PersonId, TenantId};
use directory::membership::Membership;
use directory::person::Entry;
use rusqlite::{Connection, ToSql, params};
use uuid::Uuid;

use super::error::Result;
use super::load::OrganizationNumber;
use super::row::micros;
use crate::codec::document::Document;
use crate::codec::grants;
use crate::codec::tokens::Fields;
use crate::codec::{claims, json};

pub(super) fn insert_person(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    person: &Person,
    fields: &Fields,
    event: i64,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO person (pk, tenant, id, object_id, given, family, nickname, email, status,
            primary_department, created_at, updated_at, deleted_at, version, last_event, document)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let [given, family, nickname, email] = fields;
    statement.execute(params![
        pk,
        tenant.0,
        person.id.0.as_bytes(),
        person.object_id.0,
        given,
        family,
        nickname,
        email,
        person.status.as_str(),
        person.primary_department.map(|id| *id.0.as_bytes()),
        micros(person.created_at),
        micros(person.updated_at),
        person.deleted_at.map(micros),
        person.version.cast_signed(),
        event,
        json(&Document::of(person))?,
    ])?;
    Ok(())
}

/// Sets what can change, the primary department apart. None of these columns is in an index, so no index is written.
pub(super) fn update_person(connection: &Connection, pk: i64, person: &Person, event: i64) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE person SET status = ?2, updated_at = ?3, deleted_at = ?4, version = ?5, last_event = ?6, document = ?7
         WHERE pk = ?1",
    )?;
    statement.execute(params![
        pk,
        person.status.as_str(),
        micros(person.updated_at),
        person.deleted_at.map(micros),
        person.version.cast_signed(),
        event,
        json(&Document::of(person))?,
    ])?;
    Ok(())
}

/// Sets the primary department, which is in an index.
pub(super) fn update_primary_department(connection: &Connection, pk: i64, person: &Person) -> Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE person SET primary_department = ?2 WHERE pk = ?1")?;
    statement.execute(params![pk, person.primary_department.map(|id| *id.0.as_bytes())])?;
    Ok(())
}

/// Sets what the person is searched by.
pub(super) fn update_search_fields(
    connection: &Connection,
    pk: i64,
    fields: &Fields,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE person SET given = ?2, family = ?3, nickname = ?4, email = ?5 WHERE pk = ?1",
    )?;
    let [given, family, nickname, email] = fields;
    statement.execute(params![pk, given, family, nickname, email])?;
    Ok(())
}

/// Begins a membership, also where an earlier one ended.
pub(super) fn insert_membership(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    organization: OrganizationNumber,
    object_id: directory::ids::ObjectId,
    membership: &Membership,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO membership (tenant, person, organization, object_id, team, kare_scope, profession,
            laurel_roles, grants, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let written = grants::Written::of(membership)?;
    statement.execute(params![
        tenant.0,
        person,
        organization,
        object_id.0,
        written.team.map(Uuid::into_bytes),
        written.kare_scope,
        written.profession,
        written.laurel_roles,
        written.grants,
        micros(membership.created_at),
        micros(membership.updated_at),
    ])?;
    Ok(())
}

pub(super) fn update_membership(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    organization: OrganizationNumber,
    membership: &Membership,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE membership SET team = ?4, kare_scope = ?5, profession = ?6, laurel_roles = ?7, grants = ?8,
            updated_at = ?9
         WHERE tenant = ?1 AND person = ?2 AND organization = ?3",
    )?;
    let written = grants::Written::of(membership)?;
    statement.execute(params![
        tenant.0,
        person,
        organization,
        written.team.map(Uuid::into_bytes),
        written.kare_scope,
        written.profession,
        written.laurel_roles,
        written.grants,
        micros(membership.updated_at),
    ])?;
    Ok(())
}

/// Writes the additional departments and the groups, where they differ.
pub(super) fn replace_entries(
    connection: &Connection,
    tenant: TenantId,
    pk: i64,
    before: &Person,
    after: &Person,
) -> Result<()> {
    let departments = Table {
        remove: "DELETE FROM person_department WHERE tenant = ?1 AND person = ?2 AND position >= (
                    SELECT position FROM person_department WHERE tenant = ?1 AND person = ?2
                    ORDER BY position LIMIT 1 OFFSET ?3)",
        next: "SELECT coalesce(max(position) + 1, 0) FROM person_department WHERE tenant = ?1 AND person = ?2",
        insert: "INSERT INTO person_department (tenant, person, position, department, data_source)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
    };
    departments.replace(
        connection,
        (tenant, pk),
        &before.additional_departments,
        &after.additional_departments,
        |id| id.0,
    )?;
    let groups = Table {
        remove: "DELETE FROM person_group WHERE tenant = ?1 AND person = ?2 AND position >= (
                    SELECT position FROM person_group WHERE tenant = ?1 AND person = ?2
                    ORDER BY position LIMIT 1 OFFSET ?3)",
        next: "SELECT coalesce(max(position) + 1, 0) FROM person_group WHERE tenant = ?1 AND person = ?2",
        insert: r#"INSERT INTO person_group (tenant, person, position, "group", data_source)
                   VALUES (?1, ?2, ?3, ?4, ?5)"#,
    };
    groups.replace(connection, (tenant, pk), &before.groups, &after.groups, |id| id.0)
}

struct Table {
    /// From the place on that is given: positions have gaps where a group or a department was deleted.
    remove: &'static str,
    /// The first position behind all that there are.
    next: &'static str,
    insert: &'static str,
}

impl Table {
    /// Leaves what both lists begin with as it is.
    fn replace<Id: PartialEq + Copy>(
        &self,
        connection: &Connection,
        (tenant, pk): (TenantId, i64),
        before: &[Entry<Id>],
        after: &[Entry<Id>],
        uuid: impl Fn(Id) -> Uuid,
    ) -> Result<()> {
        let same = before.iter().zip(after).take_while(|(before, after)| before == after).count();
        if same < before.len() {
            connection.prepare_cached(self.remove)?.execute(params![tenant.0, pk, same as i64])?;
        }
        if same < after.len() {
            let mut insert = connection.prepare_cached(self.insert)?;
            let mut next = connection.prepare_cached(self.next)?;
            let next: i64 = next.query_row(params![tenant.0, pk], |row| row.get(0))?;
            for (position, entry) in (next..).zip(&after[same..]) {
                let id = *uuid(entry.id).as_bytes();
                let values: [&dyn ToSql; 5] = [&tenant.0, &pk, &position, &id, &entry.data_source];
                insert.execute(values)?;
            }
        }
        Ok(())
    }
}

/// Writes who delegates to the person: exactly these.
pub(super) fn replace_edges(
    connection: &Connection,
    tenant: TenantId,
    organization: OrganizationNumber,
    (pk, person): (i64, PersonId),
    named: &[(i64, PersonId, Delegator)],
) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM delegation WHERE tenant = ?1 AND organization = ?2 AND delegate = ?3")?
        .execute(params![tenant.0, organization, pk])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO delegation (tenant, organization, delegator, delegate, permissions)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (named_pk, named_id, delegator) in named {
        let edge = Edge::between(person, *named_id, delegator.permissions.clone());
        let pk_of = |id: PersonId| if id == person { pk } else { *named_pk };
        insert.execute(params![
            tenant.0,
            organization,
            pk_of(edge.delegator),
            pk_of(edge.delegate),
            claims(edge.permissions.as_deref())?,
        ])?;
    }
    Ok(())
}
