//! People's sessions.

use directory::credential::{KeyHash, Session as Kept};
use directory::ids::SessionId;
use directory::status::Status;

use super::failure::{Failure, Result};
use super::pool::Session;
use super::row::{Columns, key};

/// Sessions that ended are swept out, a few with each new one.
const SWEPT: i64 = 4;

pub(super) async fn add(session: &Session, kept: &Kept) -> Result<()> {
    let ended = session.query(ENDED, &[&kept.created_at, &SWEPT]).await?;
    let ended = ended.iter().map(|row| row.try_get(0)).collect::<Result<Vec<uuid::Uuid>, _>>()?;
    session.execute(SWEEP, &[&ended]).await?;
    let tenant = key(kept.tenant);
    let number = |number: directory::ids::Number| number.get().cast_signed();
    session
        .execute(
            ADD,
            &[
                &tenant,
                &kept.id.0,
                &number(kept.organization_number),
                &number(kept.person_number),
                &&kept.refresh.hash[..],
                &kept.created_at,
                &kept.expires_at,
                &kept.revoked_at,
            ],
        )
        .await?;
    Ok(())
}

const ADD: &str = "
    INSERT INTO session (tenant, id, organization, person, refresh, created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const ENDED: &str =
    "SELECT id FROM session WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2";
/// By their ids: wherever else this table is kept, the same are swept out.
pub(super) const SWEEP: &str = "DELETE FROM session WHERE id = ANY ($1)";

pub(super) async fn get(session: &Session, id: SessionId) -> Result<Option<Kept>> {
    // First where it is, and then what is there: each of the two statements is about one place.
    let Some(row) = session.query_opt(GET, &[&id.0]).await? else { return Ok(None) };
    let mut columns = Columns::of(&row);
    let tenant = columns.tenant()?;
    let (organization_number, person_number) = (columns.number()?, columns.number()?);
    let hash: &[u8] = columns.get()?;
    let hash = hash.try_into().map_err(|_| Failure::Row("a refresh token's hash is short".to_owned()))?;
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
    Ok(Some(Kept {
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
    SELECT tenant, organization, person, refresh, created_at, expires_at, revoked_at FROM session WHERE id = $1";

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
