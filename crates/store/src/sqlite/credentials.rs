//! Credentials of organizations, as they are written.

use directory::change::AttributeChange;
use directory::credential::{Credential, CredentialUse, KeyHash, KeyRotation};
use directory::event::Action;
use directory::ids::{CredentialId, TenantId};
use directory::store::Origin;
use directory::throttle::RateLimit;
use directory::{Attribute, Property, Refusal, Subject, access_events};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::error::{Result, WriteError};
use super::events::{self, Author};
use super::load::{OrganizationNumber, organization_number};
use super::row::{Columns, micros};
use super::writer::Work;
use crate::codec::{json, keys, keys_from, rate_limit, rate_limit_from};
use crate::event::SubjectEvent;

pub(super) fn add(work: &mut Work<'_>, credential: &Credential, origin: &Origin) -> Result<(), WriteError> {
    let connection = work.connection();
    let unknown = || Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: credential.organization.to_string(),
    };
    let organization = organization_number(connection, credential.tenant, credential.organization)?;
    let organization = organization.ok_or_else(unknown)?;
    let mut taken = connection.prepare_cached("SELECT 1 FROM credential WHERE public_id = ?1")?;
    if taken.exists(params![credential.public_id])? {
        return Err(Refusal::Taken { attribute: Attribute::Of(Property::PublicId) }.into());
    }
    work.begin()?;
    connection
        .prepare_cached(
            "INSERT INTO credential (tenant, id, organization, dialect, name, public_id, keys, scopes, rate_limit,
                created_at, expires_at, revoked_at, last_used_at, old_key_used_at, person, description)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            credential.tenant.0,
            credential.id.0.as_bytes(),
            organization,
            credential.dialect.as_str(),
            credential.name,
            credential.public_id,
            keys(&credential.keys)?,
            json(&credential.scopes.0)?,
            rate_limit(credential.rate_limit),
            micros(credential.created_at),
            credential.expires_at.map(micros),
            credential.revoked_at.map(micros),
            credential.last_used_at.map(micros),
            credential.old_key_used_at.map(micros),
            credential.person.map(|person| *person.0.as_bytes()),
            credential.description,
        ])?;
    let (author, changes) =
        (Author::at(credential.tenant, organization, origin), access_events::credential_added(credential));
    record(work, &author, credential.id, Action::Created, changes)?;
    Ok(())
}

/// False when there is no such live one.
pub(super) fn revoke(work: &mut Work<'_>, id: CredentialId, origin: &Origin) -> Result<bool> {
    let Some(Live { tenant, organization, .. }) = live(work.connection(), id, origin.now)? else {
        return Ok(false);
    };
    work.begin()?;
    work.connection().prepare_cached(REVOKE)?.execute(params![
        tenant.0,
        id.0.as_bytes(),
        micros(origin.now)
    ])?;
    let changes = access_events::revoked(origin.now);
    record(work, &Author::at(tenant, organization, origin), id, Action::Deleted, changes)?;
    Ok(true)
}

pub(super) const REVOKE: &str = "UPDATE credential SET revoked_at = ?3 WHERE tenant = ?1 AND id = ?2";

/// False when there is no such live one.
pub(super) fn limit(
    work: &mut Work<'_>,
    id: CredentialId,
    limit: RateLimit,
    origin: &Origin,
) -> Result<bool> {
    let Some(Live { tenant, organization, rate_limit: before, .. }) =
        live(work.connection(), id, origin.now)?
    else {
        return Ok(false);
    };
    let changes = access_events::credential_limited(before, limit);
    if changes.is_empty() {
        return Ok(true);
    }
    work.begin()?;
    work.connection().prepare_cached(LIMIT)?.execute(params![
        tenant.0,
        id.0.as_bytes(),
        rate_limit(limit)
    ])?;
    record(work, &Author::at(tenant, organization, origin), id, Action::Changed, changes)?;
    Ok(true)
}

pub(super) const LIMIT: &str = "UPDATE credential SET rate_limit = ?3 WHERE tenant = ?1 AND id = ?2";

/// The keys before and after; none when there is no such live one.
pub(super) fn rotate(
    work: &mut Work<'_>,
    id: CredentialId,
    rotation: &KeyRotation,
    origin: &Origin,
) -> Result<Option<[Vec<KeyHash>; 2]>> {
    let Some(Live { tenant, organization, keys: before, .. }) = live(work.connection(), id, origin.now)?
    else {
        return Ok(None);
    };
    let after = rotation.of(&before);
    let changes = access_events::credential_rotated(&before, &after);
    if !changes.is_empty() {
        work.begin()?;
        let mut statement = work.connection().prepare_cached(ROTATE)?;
        statement.execute(params![tenant.0, id.0.as_bytes(), keys(&after)?])?;
        drop(statement);
        record(work, &Author::at(tenant, organization, origin), id, Action::Changed, changes)?;
    }
    Ok(Some([before, after]))
}

pub(super) const ROTATE: &str = "UPDATE credential SET keys = ?3 WHERE tenant = ?1 AND id = ?2";

/// One that is live: where it is, how it is limited, and what opens it.
struct Live {
    tenant: TenantId,
    organization: OrganizationNumber,
    rate_limit: RateLimit,
    keys: Vec<KeyHash>,
}

fn live(connection: &Connection, id: CredentialId, now: Timestamp) -> Result<Option<Live>> {
    let mut statement = connection.prepare_cached(LIVE)?;
    let mut rows = statement.query(params![id.0.as_bytes(), micros(now)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    Ok(Some(Live {
        tenant: columns.tenant()?,
        organization: columns.get()?,
        rate_limit: rate_limit_from(columns.get()?)?,
        keys: keys_from(columns.text()?)?,
    }))
}

pub(super) const LIVE: &str = "
    SELECT tenant, organization, rate_limit, keys FROM credential
    WHERE id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";

fn record(
    work: &mut Work<'_>,
    author: &Author,
    id: CredentialId,
    action: Action,
    changes: Vec<AttributeChange>,
) -> Result<()> {
    events::record(work, author, &[SubjectEvent { subject: Subject::Credential(id), action, changes }])
}

/// Several processes note what they saw, in any order: the latest counts.
pub(super) fn note_use(work: &mut Work<'_>, used: &[CredentialUse]) -> Result<()> {
    work.begin()?;
    let mut statement = work.connection().prepare_cached(NOTE_USE)?;
    for CredentialUse { credential, at, old_key_at } in used {
        statement.execute(params![credential.0.as_bytes(), micros(*at), old_key_at.map(micros)])?;
    }
    Ok(())
}

pub(super) const NOTE_USE: &str = "
    UPDATE credential SET last_used_at = MAX(COALESCE(last_used_at, ?2), ?2),
        old_key_used_at = COALESCE(MAX(COALESCE(old_key_used_at, ?3), ?3), old_key_used_at)
    WHERE id = ?1";
