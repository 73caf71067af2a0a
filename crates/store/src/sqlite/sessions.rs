//! People's sessions.

use directory::credential::{KeyHash, Session};
use directory::event::Action;
use directory::ids::{Number, SessionId, TenantId};
use directory::status::Status;
use directory::store::{Origin, PersonKey, SessionQuery, Sessions};
use directory::{Subject, access_events};
use jiff::Timestamp;
use rusqlite::{Connection, ToSql, params};

use super::error::{Error, Result};
use super::events::{self, Author};
use super::load::{self, OrganizationNumber};
use super::row::{Columns, micros, number_of};
use super::writer::Work;
use crate::event::SubjectEvent;

/// Sessions that ended are swept out, a few with each new one.
const SWEPT: i64 = 4;

/// False when the person may not sign in there, or has another password than the one of this hash.
pub(super) fn add(
    work: &mut Work<'_>,
    session: &Session,
    password_hash: &str,
    origin: &Origin,
) -> Result<bool> {
    let connection = work.connection();
    let tenant = session.tenant;
    let organization = load::organization_number(connection, tenant, session.organization)?;
    let person = load::resolve(connection, tenant, &PersonKey::Id(session.person))?;
    let (Some(organization), Some(person)) = (organization, person) else { return Ok(false) };
    let may_begin = connection.prepare_cached(MAY_BEGIN)?.exists(params![
        tenant.0,
        person,
        organization,
        password_hash
    ])?;
    if !may_begin {
        return Ok(false);
    }
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
    let (subject, changes) = (Subject::Session(session.id), access_events::session_begun(session));
    let event = SubjectEvent { subject, action: Action::Created, changes };
    events::record(work, &Author::at(tenant, organization, origin), &[event])?;
    Ok(true)
}

pub(super) const MAY_BEGIN: &str = "
    SELECT 1 FROM person AS p
    CROSS JOIN membership AS m ON m.tenant = ?1 AND m.person = ?2 AND m.organization = ?3
    CROSS JOIN password AS w ON w.tenant = ?1 AND w.person = ?2
    WHERE p.pk = ?2 AND p.status = 'active' AND p.deleted_at IS NULL AND m.deleted_at IS NULL AND w.hash = ?4";

/// Ends every session of a person.
pub(super) fn revoke_of_person(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    now: Timestamp,
) -> Result<()> {
    connection.prepare_cached(REVOKE_OF_PERSON)?.execute(params![tenant.0, person, micros(now)])?;
    Ok(())
}

pub(super) const REVOKE_OF_PERSON: &str =
    "UPDATE session SET revoked_at = ?3 WHERE tenant = ?1 AND person = ?2 AND revoked_at IS NULL";

/// Ends the sessions of a person in one organization.
pub(super) fn revoke_of_member(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    organization: OrganizationNumber,
    now: Timestamp,
) -> Result<()> {
    connection.prepare_cached(REVOKE_OF_MEMBER)?.execute(params![
        tenant.0,
        person,
        organization,
        micros(now)
    ])?;
    Ok(())
}

pub(super) const REVOKE_OF_MEMBER: &str = "
    UPDATE session SET revoked_at = ?4
    WHERE tenant = ?1 AND person = ?2 AND organization = ?3 AND revoked_at IS NULL";

/// Ends sessions for an operator.
pub(super) fn revoke(work: &mut Work<'_>, which: Sessions, origin: &Origin) -> Result<u64> {
    let ended = ending(work.connection(), which, origin.now)?;
    if ended.is_empty() {
        return Ok(0);
    }
    work.begin()?;
    for (id, tenant, organization) in &ended {
        let at = micros(origin.now);
        work.connection().prepare_cached(REVOKE)?.execute(params![tenant.0, id.0.as_bytes(), at])?;
        let (subject, changes) = (Subject::Session(*id), access_events::revoked(origin.now));
        let event = SubjectEvent { subject, action: Action::Deleted, changes };
        events::record(work, &Author::at(*tenant, *organization, origin), &[event])?;
    }
    Ok(ended.len() as u64)
}

/// Those among them that have not ended.
fn ending(
    connection: &Connection,
    which: Sessions,
    now: Timestamp,
) -> Result<Vec<(SessionId, TenantId, OrganizationNumber)>> {
    let read = |sql: &str, values: &[&dyn ToSql]| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            found.push((columns.uuid(SessionId)?, columns.tenant()?, columns.get()?));
        }
        Ok(found)
    };
    match which {
        Sessions::One(id) => read(LIVE, &[id.0.as_bytes(), &micros(now)]),
        Sessions::OfPerson(tenant, person) => {
            match load::resolve(connection, tenant, &PersonKey::Id(person))? {
                Some(pk) => read(LIVE_OF_PERSON, &[&tenant.0, &pk]),
                None => Ok(Vec::new()),
            }
        }
    }
}

pub(super) const REVOKE: &str = "UPDATE session SET revoked_at = ?3 WHERE tenant = ?1 AND id = ?2";
pub(super) const LIVE: &str = "
    SELECT id, tenant, organization FROM session WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2";
pub(super) const LIVE_OF_PERSON: &str = "
    SELECT id, tenant, organization FROM session
    WHERE tenant = ?1 AND person = ?2 AND revoked_at IS NULL
    ORDER BY organization, id";

/// Those that have not expired, the latest first.
pub(super) fn list(connection: &Connection, query: &SessionQuery, now: Timestamp) -> Result<Vec<Session>> {
    let tenant = query.tenant;
    let organization = match query.organization {
        Some(id) => match load::organization_number(connection, tenant, id)? {
            Some(number) => Some(number),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(LIST)?;
    let person = query.person.map(|id| *id.0.as_bytes());
    let mut rows = statement.query(params![tenant.0, organization, person, micros(now), limit])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        sessions.push(session(&mut Columns::of(row))?);
    }
    Ok(sessions)
}

pub(super) const SWEEP: &str = "
    DELETE FROM session WHERE (tenant, id) IN (
        SELECT tenant, id FROM session WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

pub(super) fn get(connection: &Connection, id: SessionId) -> Result<Option<Session>> {
    let mut statement = connection.prepare_cached(GET)?;
    let mut rows = statement.query(params![id.0.as_bytes()])?;
    rows.next()?.map(|row| session(&mut Columns::of(row))).transpose()
}

/// A row of [`GET`] or [`LIST`].
fn session(columns: &mut Columns<'_>) -> Result<Session> {
    let id = columns.uuid(SessionId)?;
    let tenant = columns.tenant()?;
    let (organization, organization_number) = (columns.organization_id()?, columns.number()?);
    let pk: i64 = columns.get()?;
    let (person, status) = (columns.person_id()?, columns.name(Status::parse)?);
    let is_member: bool = columns.get()?;
    let (hash, created_at) = (columns.get()?, columns.time()?);
    Ok(Session {
        id,
        tenant,
        organization,
        organization_number,
        person,
        person_number: Number::new(number_of(pk)).ok_or_else(|| Error::Row(format!("{pk} has no number")))?,
        refresh: KeyHash { hash, created_at },
        created_at,
        expires_at: columns.time()?,
        revoked_at: columns.optional_time()?,
        is_live: is_member && status.may_sign_in(),
    })
}

/// A session, its person and the membership.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.tenant, o.id, o.number, p.pk, p.id, p.status,
                p.deleted_at IS NULL AND m.person IS NOT NULL AND m.deleted_at IS NULL,
                s.refresh, s.created_at, s.expires_at, s.revoked_at
            FROM session AS s
            CROSS JOIN organization AS o ON o.tenant = s.tenant AND o.number = s.organization
            CROSS JOIN person AS p ON p.pk = s.person
            LEFT JOIN membership AS m
                ON m.tenant = s.tenant AND m.person = s.person AND m.organization = s.organization ",
            $rest
        )
    };
}

pub(super) const GET: &str = select!("WHERE s.id = ?1");

/// Ids are given out in the order of time.
pub(super) const LIST: &str = select!(
    "WHERE s.tenant = ?1 AND (?2 IS NULL OR s.organization = ?2) AND (?3 IS NULL OR p.id = ?3) AND s.expires_at > ?4
     ORDER BY s.id DESC LIMIT ?5"
);
