//! Credentials of organizations.

use directory::caller::Dialect;
use directory::credential::{Credential, Scopes};
use directory::ids::{CredentialId, TenantId};
use directory::throttle::RateLimit;
use directory::{Attribute, Property, Refusal};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::failure::{Failure, Result, Stopped};
use super::load::OrganizationNumber;
use super::pool::Session;
use super::row::{Columns, JsonText, key};
use super::vocabulary::organization_number;
use crate::form::{json, keys, keys_from, rate_limit, rate_limit_from};

macro_rules! columns {
    () => {
        "SELECT c.tenant, c.id, c.organization, c.dialect, c.name, c.public_id, c.keys, c.scopes, c.rate_limit,
            c.created_at, c.expires_at, c.revoked_at, c.last_used_at
         FROM credential AS c"
    };
}

pub(super) async fn add(session: &Session, credential: &Credential) -> Result<(), Stopped> {
    let unknown = || Refusal::Unknown {
        attribute: Attribute::Of(Property::Organization),
        value: credential.organization.to_string(),
    };
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
            ],
        )
        .await?;
    if added == 0 {
        Err(Refusal::Taken { attribute: Attribute::Of(Property::PublicId) }.into())
    } else {
        Ok(())
    }
}

const ADD: &str = "
    INSERT INTO credential (tenant, id, organization, dialect, name, public_id, keys, scopes, rate_limit,
        created_at, expires_at, revoked_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (public_id) DO NOTHING";

/// The one of that dialect with this public id, revoked or not.
pub(super) async fn get(session: &Session, dialect: Dialect, public_id: &str) -> Result<Option<Credential>> {
    if public_id.contains('\0') {
        return Ok(None);
    }
    let Some(row) = session.query_opt(GET, &[&public_id, &dialect.as_str()]).await? else { return Ok(None) };
    with_organization(session, &row).await.map(Some)
}

/// Its tenant is known only when it is found.
pub(super) const GET: &str = concat!(columns!(), " WHERE c.public_id = $1 AND c.dialect = $2");

/// All of a tenant's, or of every tenant.
pub(super) async fn list(session: &Session, tenant: Option<TenantId>) -> Result<Vec<Credential>> {
    let mut credentials = Vec::new();
    for row in session.query(LIST, &[&tenant.map(key)]).await? {
        credentials.push(with_organization(session, &row).await?);
    }
    Ok(credentials)
}

const LIST: &str =
    concat!(columns!(), " WHERE $1::integer IS NULL OR c.tenant = $1 ORDER BY c.tenant, c.created_at, c.id");

/// False when there is no such live one.
pub(super) async fn revoke(session: &Session, id: CredentialId, now: Timestamp) -> Result<bool> {
    Ok(session.execute(REVOKE, &[&id.0, &now]).await? > 0)
}

pub(super) const REVOKE: &str = "
    UPDATE credential SET revoked_at = $2
    WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";

/// False when there is no such live one.
pub(super) async fn limit(
    session: &Session,
    id: CredentialId,
    limit: RateLimit,
    now: Timestamp,
) -> Result<bool> {
    Ok(session.execute(LIMIT, &[&id.0, &now, &rate_limit(limit)]).await? > 0)
}

pub(super) const LIMIT: &str = "
    UPDATE credential SET rate_limit = $3
    WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";

/// Several processes note what they saw, in any order: the latest counts.
pub(super) async fn note_use(session: &Session, used: &[(CredentialId, Timestamp)]) -> Result<()> {
    // In one order, so that two processes that note the same do not wait in a circle.
    let mut used = used.to_vec();
    used.sort_unstable();
    let (ids, times): (Vec<_>, Vec<_>) = used.iter().map(|(id, at)| (id.0, *at)).unzip();
    session.execute(NOTE_USE, &[&ids, &times]).await?;
    Ok(())
}

pub(super) const NOTE_USE: &str = "
    UPDATE credential AS c SET last_used_at = used.at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
    WHERE c.id = used.id AND (c.last_used_at IS NULL OR c.last_used_at < used.at)";

/// The organization is looked up in the tenant, so that each of the two statements is about one place.
async fn with_organization(session: &Session, row: &Row) -> Result<Credential> {
    let mut columns = Columns::of(row);
    let (tenant, id) = (columns.tenant()?, columns.credential_id()?);
    let number: OrganizationNumber = columns.get()?;
    let organization = session.query_opt(ORGANIZATION, &[&key(tenant), &number]).await?;
    let gone = || Failure::Row(format!("credential {id} has no organization"));
    let organization = Columns::of(&organization.ok_or_else(gone)?).organization_id()?;
    let dialect = columns.name(Dialect::parse)?;
    let (name, public_id) = (columns.get()?, columns.get()?);
    let keys = keys_from(columns.text_of_json()?)?;
    let scopes = Scopes(columns.json()?);
    let rate_limit = rate_limit_from(columns.get()?)?;
    Ok(Credential {
        id,
        tenant,
        organization,
        dialect,
        name,
        public_id,
        keys,
        scopes,
        rate_limit,
        created_at: columns.time()?,
        expires_at: columns.get()?,
        revoked_at: columns.get()?,
        last_used_at: columns.get()?,
    })
}

pub(super) const ORGANIZATION: &str = "SELECT id FROM organization WHERE tenant = $1 AND number = $2";
