//! People's sessions.

use directory::credential::{KeyHash, Session};
use directory::ids::{Number, SessionId};
use directory::status::Status;
use directory::store::PersonKey;
use rusqlite::{Connection, params};

use super::failure::{Failure, Result};
use super::load;
use super::row::{Columns, micros, number_of};
use super::writer::Work;

/// Sessions that ended are swept out, a few with each new one.
const SWEPT: i64 = 4;

pub(super) fn add(work: &mut Work<'_>, session: &Session) -> Result<()> {
    let connection = work.connection();
    let gone = |what: &str| Failure::Row(format!("a session without {what}"));
    let tenant = session.tenant;
    let organization = load::organization_number(connection, tenant, session.organization)?
        .ok_or_else(|| gone("an organization"))?;
    let person =
        load::resolve(connection, tenant, &PersonKey::Id(session.person))?.ok_or_else(|| gone("a person"))?;
    work.begin()?;
    connection.prepare_cached(SWEEP)?.execute(params![micros(session.created_at), SWEPT])?;
    connection
        .prepare_cached(
            "INSERT INTO session (tenant, id, organization, person, refresh, created_at, expires_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            tenant.0,
            session.id.0.as_bytes(),
            organization,
            person,
            session.refresh.hash,
            micros(session.created_at),
            micros(session.expires_at),
            session.revoked_at.map(micros),
        ])?;
    Ok(())
}

pub(super) const SWEEP: &str = "
    DELETE FROM session WHERE (tenant, id) IN (
        SELECT tenant, id FROM session WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

pub(super) fn get(connection: &Connection, id: SessionId) -> Result<Option<Session>> {
    let mut statement = connection.prepare_cached(GET)?;
    let mut rows = statement.query(params![id.0.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    let tenant = columns.tenant()?;
    let (organization, organization_number) = (columns.organization_id()?, columns.number()?);
    let pk: i64 = columns.get()?;
    let (person, status) = (columns.person_id()?, columns.name(Status::parse)?);
    let is_member: bool = columns.get()?;
    let (hash, created_at) = (columns.get()?, columns.time()?);
    Ok(Some(Session {
        id,
        tenant,
        organization,
        organization_number,
        person,
        person_number: Number::new(number_of(pk))
            .ok_or_else(|| Failure::Row(format!("{pk} has no number")))?,
        refresh: KeyHash { hash, created_at },
        created_at,
        expires_at: columns.time()?,
        revoked_at: columns.optional_time()?,
        is_live: is_member && status.may_sign_in(),
    }))
}

pub(super) const GET: &str = "
    SELECT s.tenant, o.id, o.number, p.pk, p.id, p.status,
        p.deleted_at IS NULL AND m.person IS NOT NULL AND m.deleted_at IS NULL,
        s.refresh, s.created_at, s.expires_at, s.revoked_at
    FROM session AS s
    CROSS JOIN organization AS o ON o.tenant = s.tenant AND o.number = s.organization
    CROSS JOIN person AS p ON p.pk = s.person
    LEFT JOIN membership AS m
        ON m.tenant = s.tenant AND m.person = s.person AND m.organization = s.organization
    WHERE s.id = ?1";
