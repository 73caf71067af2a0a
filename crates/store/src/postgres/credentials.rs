//! Credentials of organizations, as they are written.

use directory::change::AttributeChange;
use directory::credential::{Credential, CredentialUse, KeyHash, KeyRotation};
use directory::event::Action;
use directory::ids::{CredentialId, OrganizationId, TenantId};
use directory::store::Origin;
use directory::throttle::RateLimit;
use directory::{Attribute, Property, Refusal, Subject, access_events};
use jiff::Timestamp;

use super::error::{Result, WriteError};
use super::events;
use super::load::OrganizationNumber;
use super::pool::Session;
use super::reference_data::{HOLD_VERSION, organization_number};
use super::row::{Columns, JsonText, key};
use crate::codec::{json, keys, keys_from, rate_limit, rate_limit_from};
use crate::event::SubjectEvent;

pub(super) async fn add(
    session: &Session,
    credential: &Credential,
    origin: &Origin,
) -> Result<(), WriteError> {
    let unknown = || Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: credential.organization.to_string(),
    };
    // Whoever deletes the organization waits until this is committed.
    session.query_opt(HOLD_VERSION, &[&key(credential.tenant)]).await?;
    let organization = organization_number(session, credential.tenant, credential.organization).await?;
    let organization = organization.ok_or_else(unknown)?;
    let added = session
        .execute(
            ADD,
            &[
                &key(credential.tenant),
                &credential.id.0,
                &organization,
                &credential.dialect.as_str(),
                &credential.name,
                &credential.public_id,
                &JsonText(keys(&credential.keys)?),
                &JsonText(json(&credential.scopes.0)?),
                &rate_limit(credential.rate_limit),
                &credential.created_at,
                &credential.expires_at,
                &credential.revoked_at,
                &credential.last_used_at,
                &credential.old_key_used_at,
                &credential.person.map(|person| person.0),
                &credential.description,
            ],
        )
        .await?;
    if added == 0 {
        return Err(Refusal::Taken { attribute: Attribute::Of(Property::PublicId) }.into());
    }
    let (subject, changes) =
        (Subject::Credential(credential.id), access_events::credential_added(credential));
    let event = SubjectEvent { subject, action: Action::Created, changes };
    let actor = origin.actor(credential.organization);
    events::record(session, credential.tenant, (&actor, organization, origin.now), &[event]).await?;
    Ok(())
}

const ADD: &str = "
    INSERT INTO credential (tenant, id, organization, dialect, name, public_id, keys, scopes, rate_limit,
        created_at, expires_at, revoked_at, last_used_at, old_key_used_at, person, description)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    ON CONFLICT (public_id) DO NOTHING";

/// False when there is no such live one.
pub(super) async fn revoke(session: &Session, id: CredentialId, origin: &Origin) -> Result<bool> {
    let Some(live) = Live::hold(session, id, origin.now).await? else { return Ok(false) };
    session.execute(REVOKE, &[&key(live.tenant), &id.0, &origin.now]).await?;
    let changes = access_events::revoked(origin.now);
    live.record(session, Action::Deleted, changes, origin).await?;
    Ok(true)
}

pub(super) const REVOKE: &str = "UPDATE credential SET revoked_at = $3 WHERE tenant = $1 AND id = $2";

/// False when there is no such live one.
pub(super) async fn limit(
    session: &Session,
    id: CredentialId,
    limit: RateLimit,
    origin: &Origin,
) -> Result<bool> {
    let Some(live) = Live::hold(session, id, origin.now).await? else { return Ok(false) };
    let changes = access_events::credential_limited(live.rate_limit, limit);
    if !changes.is_empty() {
        session.execute(LIMIT, &[&key(live.tenant), &id.0, &rate_limit(limit)]).await?;
        live.record(session, Action::Changed, changes, origin).await?;
    }
    Ok(true)
}

pub(super) const LIMIT: &str = "UPDATE credential SET rate_limit = $3 WHERE tenant = $1 AND id = $2";

/// The keys before and after; none when there is no such live one.
pub(super) async fn rotate(
    session: &Session,
    id: CredentialId,
    rotation: &KeyRotation,
    origin: &Origin,
) -> Result<Option<[Vec<KeyHash>; 2]>> {
    let Some(live) = Live::hold(session, id, origin.now).await? else { return Ok(None) };
    let after = rotation.of(&live.keys);
    let changes = access_events::credential_rotated(&live.keys, &after);
    if !changes.is_empty() {
        session.execute(ROTATE, &[&key(live.tenant), &id.0, &JsonText(keys(&after)?)]).await?;
        live.record(session, Action::Changed, changes, origin).await?;
    }
    Ok(Some([live.keys, after]))
}

pub(super) const ROTATE: &str = "UPDATE credential SET keys = $3 WHERE tenant = $1 AND id = $2";

/// A credential that is live and stays so until the transaction ends.
struct Live {
    id: CredentialId,
    tenant: TenantId,
    organization: OrganizationNumber,
    rate_limit: RateLimit,
    keys: Vec<KeyHash>,
}

impl Live {
    /// First where it is, and then what is there: each of the two statements is about one place.
    async fn hold(session: &Session, id: CredentialId, now: Timestamp) -> Result<Option<Self>> {
        let Some(row) = session.query_opt(TENANT, &[&id.0]).await? else { return Ok(None) };
        let tenant = Columns::of(&row).tenant()?;
        let Some(row) = session.query_opt(HOLD, &[&key(tenant), &id.0, &now]).await? else {
            return Ok(None);
        };
        let mut columns = Columns::of(&row);
        let (organization, rate_limit) = (columns.get()?, rate_limit_from(columns.get()?)?);
        let keys = keys_from(columns.text_of_json()?)?;
        Ok(Some(Self { id, tenant, organization, rate_limit, keys }))
    }

    async fn record(
        &self,
        session: &Session,
        action: Action,
        changes: Vec<AttributeChange>,
        origin: &Origin,
    ) -> Result<()> {
        // The row holds the number of the organization, which is all that an event is written with.
        let actor = origin.actor(OrganizationId::NIL);
        let event = SubjectEvent { subject: Subject::Credential(self.id), action, changes };
        events::record(session, self.tenant, (&actor, self.organization, origin.now), &[event]).await
    }
}

pub(super) const TENANT: &str = "SELECT tenant FROM credential WHERE id = $1";
pub(super) const HOLD: &str = "
    SELECT organization, rate_limit, keys FROM credential
    WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
    FOR UPDATE";

/// Several processes note what they saw, in any order: the latest counts.
pub(super) async fn note_use(session: &Session, used: &[CredentialUse]) -> Result<()> {
    // In one order, so that two processes that note the same do not wait in a circle.
    let mut used = used.to_vec();
    used.sort_unstable();
    let ids: Vec<_> = used.iter().map(|used| used.credential.0).collect();
    let (times, old_keys): (Vec<_>, Vec<_>) = used.iter().map(|used| (used.at, used.old_key_at)).unzip();
    session.execute(NOTE_USE, &[&ids, &times, &old_keys]).await?;
    Ok(())
}

pub(super) const NOTE_USE: &str = "
    UPDATE credential AS c SET last_used_at = GREATEST(c.last_used_at, used.at),
        old_key_used_at = GREATEST(c.old_key_used_at, used.old_key_at)
    FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS used (id, at, old_key_at)
    WHERE c.id = used.id";
