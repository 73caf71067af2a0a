//! People's sessions.

use directory::credential::{KeyHash, Session as PersonSession};
use directory::event::Action;
use directory::ids::{Number, OrganizationId, SessionId};
use directory::status::Status;
use directory::store::{Origin, SessionQuery, Sessions};
use directory::{Subject, access_events};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::{Error, Result};
use super::pool::Session;
use super::row::{Columns, key};
use super::{events, organizations, passwords};
use crate::event::SubjectEvent;

/// Sessions that ended are swept out, a few with each new one.
const SWEPT: i64 = 4;

/// False when the person may not sign in there, or has another password than the one of this hash.
pub(super) async fn add(
    session: &Session,
    kept: &PersonSession,
    password_hash: &str,
    origin: &Origin,
) -> Result<bool> {
    let number = |number: Number| number.get().cast_signed();
    let (person, organization) = (number(kept.person_number), number(kept.organization_number));
    let of_person: [&(dyn ToSql + Sync); 2] = [&key(kept.tenant), &person];
    // In the order in which a change of the person writes them. What is held here cannot change until this is committed.
    let may_sign_in = session.query_opt(HOLD_PERSON, &of_person).await?.is_some();
    let hash = session.query_opt(HOLD_PASSWORD, &of_person).await?;
    let is_same = hash.map(|row| row.try_get::<_, &str>(0).map(|hash| hash == password_hash)).transpose()?;
    let is_member =
        session.query_opt(IS_MEMBER, &[&key(kept.tenant), &person, &organization]).await?.is_some();
    if !(may_sign_in && is_same == Some(true) && is_member) {
        return Ok(false);
    }
    let ended = session.query(ENDED, &[&kept.created_at, &SWEPT]).await?;
    let ended = ended.iter().map(|row| row.try_get(0)).collect::<Result<Vec<uuid::Uuid>, _>>()?;
    session.execute(SWEEP, &[&ended]).await?;
    let tenant = key(kept.tenant);
    session
        .execute(
            ADD,
            &[
                &tenant,
                &kept.id.0,
                &organization,
                &person,
                &&kept.refresh.hash[..],
                &kept.created_at,
                &kept.expires_at,
                &kept.revoked_at,
            ],
        )
        .await?;
    let (actor, subject) = (origin.actor(kept.organization), Subject::Session(kept.id));
    let event =
        SubjectEvent { subject, action: Action::Created, changes: access_events::session_begun(kept) };
    events::record(session, kept.tenant, (&actor, organization, origin.now), &[event]).await?;
    Ok(true)
}

/// Waits for a transaction that just changes the person: it holds the row of the person until it has revoked the sessions.
pub(super) const HOLD_PERSON: &str = "
    SELECT FROM person WHERE tenant = $1 AND number = $2 AND status = 'active' AND deleted_at IS NULL FOR SHARE";
pub(super) const HOLD_PASSWORD: &str =
    "SELECT hash FROM password WHERE tenant = $1 AND person = $2 FOR SHARE";
pub(super) const IS_MEMBER: &str = "
    SELECT FROM membership WHERE tenant = $1 AND person = $2 AND organization = $3 AND deleted_at IS NULL";

const ADD: &str = "
    INSERT INTO session (tenant, id, organization, person, refresh, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const ENDED: &str =
    "SELECT id FROM session WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2";
/// By their ids: wherever else this table is kept, the same are swept out.
pub(super) const SWEEP: &str = "DELETE FROM session WHERE id = ANY ($1)";

pub(super) async fn get(session: &Session, id: SessionId) -> Result<Option<PersonSession>> {
    // First where it is, and then what is there: each of the two statements is about one place.
    match session.query_opt(GET, &[&id.0]).await? {
        Some(row) => with_person(session, &row).await,
        None => Ok(None),
    }
}

/// A row of [`GET`] or [`LIST`] with what there is of its person.
async fn with_person(session: &Session, row: &Row) -> Result<Option<PersonSession>> {
    let mut columns = Columns::of(row);
    let (id, tenant) = (columns.uuid(SessionId)?, columns.tenant()?);
    let (organization_number, person_number) = (columns.number()?, columns.number()?);
    let hash: &[u8] = columns.get()?;
    let hash = hash.try_into().map_err(|_| Error::Row("a refresh token's hash is short".to_owned()))?;
    let (created_at, expires_at) = (columns.time()?, columns.time()?);
    let revoked_at = columns.get()?;
    let (organization, person) = (organization_number.get().cast_signed(), person_number.get().cast_signed());
    let Some(row) = session.query_opt(OF, &[&key(tenant), &person, &organization]).await? else {
        return Ok(None);
    };
    let mut columns = Columns::of(&row);
    let (person, status) = (columns.person_id()?, columns.name(Status::parse)?);
    let organization = columns.organization_id()?;
    let is_member: bool = columns.get()?;
    Ok(Some(PersonSession {
        id,
        tenant,
        organization,
        organization_number,
        person,
        person_number,
        refresh: KeyHash { hash, created_at },
        created_at,
        expires_at,
        revoked_at,
        is_live: is_member && status.may_sign_in(),
    }))
}

pub(super) const GET: &str = "
    SELECT id, tenant, organization, person, refresh, created_at, expires_at, revoked_at
    FROM session WHERE id = $1";

/// Those that have not expired, the latest first.
pub(super) async fn list(
    session: &Session,
    query: &SessionQuery,
    now: Timestamp,
) -> Result<Vec<PersonSession>> {
    let tenant = key(query.tenant);
    let organization = match query.organization {
        Some(id) => match organizations::get(session, query.tenant, id).await? {
            Some(found) => Some(found.number.get().cast_signed()),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let person = match query.person {
        Some(id) => match passwords::number(session, tenant, id).await? {
            Some(number) => Some(number),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut sessions = Vec::new();
    let rows = match person {
        Some(person) => {
            session.query(LIST_OF_PERSON, &[&tenant, &organization, &person, &now, &limit]).await?
        }
        None => session.query(LIST, &[&tenant, &organization, &now, &limit]).await?,
    };
    for row in rows {
        sessions.extend(with_person(session, &row).await?);
    }
    Ok(sessions)
}

/// Ids are given out in the order of time.
pub(super) const LIST: &str = "
    SELECT id, tenant, organization, person, refresh, created_at, expires_at, revoked_at
    FROM session
    WHERE tenant = $1 AND ($2::bigint IS NULL OR organization = $2) AND expires_at > $3
    ORDER BY id DESC LIMIT $4";

/// A statement of its own, since it is planned before it is known whether there is a person.
pub(super) const LIST_OF_PERSON: &str = "
    SELECT id, tenant, organization, person, refresh, created_at, expires_at, revoked_at
    FROM session
    WHERE tenant = $1 AND ($2::bigint IS NULL OR organization = $2) AND person = $3 AND expires_at > $4
    ORDER BY id DESC LIMIT $5";

/// Ends sessions for an operator.
pub(super) async fn revoke(session: &Session, which: Sessions, origin: &Origin) -> Result<u64> {
    let (tenant, ended) = match which {
        Sessions::One(id) => {
            // First where it is, and then what is there.
            let Some(row) = session.query_opt(TENANT, &[&id.0]).await? else { return Ok(0) };
            let tenant = Columns::of(&row).tenant()?;
            (tenant, session.query(REVOKE, &[&key(tenant), &id.0, &origin.now]).await?)
        }
        Sessions::OfPerson(tenant, person) => {
            let Some(person) = passwords::number(session, key(tenant), person).await? else { return Ok(0) };
            (tenant, session.query(REVOKE_OF_PERSON, &[&key(tenant), &person, &origin.now]).await?)
        }
    };
    for row in &ended {
        let (id, organization) = (SessionId(row.try_get(0)?), row.try_get(1)?);
        let (subject, changes) = (Subject::Session(id), access_events::revoked(origin.now));
        let event = SubjectEvent { subject, action: Action::Deleted, changes };
        // The row holds the number of the organization, which is all that an event is written with.
        let actor = origin.actor(OrganizationId::NIL);
        events::record(session, tenant, (&actor, organization, origin.now), &[event]).await?;
    }
    Ok(ended.len() as u64)
}

pub(super) const TENANT: &str = "SELECT tenant FROM session WHERE id = $1";
pub(super) const REVOKE: &str = "
    UPDATE session SET revoked_at = $3
    WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3
    RETURNING id, organization";
pub(super) const REVOKE_OF_PERSON: &str = "
    UPDATE session SET revoked_at = $3
    WHERE tenant = $1 AND person = $2 AND revoked_at IS NULL
    RETURNING id, organization";
/// The sessions in one organization.
pub(super) const REVOKE_OF_MEMBER: &str = "
    UPDATE session SET revoked_at = $4
    WHERE tenant = $1 AND organization = $2 AND person = $3 AND revoked_at IS NULL";

pub(super) const OF: &str = "
    SELECT p.id, p.status, o.id,
        p.deleted_at IS NULL AND EXISTS (
            SELECT FROM (
                SELECT * FROM membership AS m
                WHERE m.tenant = $1 AND m.person = $2 AND m.organization = $3 OFFSET 0
            ) AS m
            WHERE m.deleted_at IS NULL)
    FROM person AS p
    JOIN organization AS o ON o.tenant = $1 AND o.number = $3
    WHERE p.tenant = $1 AND p.number = $2";
