//! Passwords' hashes, and whom an e-mail address could sign in.

use directory::credential::SignInCandidate;
use directory::ids::{PersonId, TenantId};
use directory::limits;
use directory::settle::Key;
use directory::status::Status;

use super::failure::Result;
use super::people::tenants;
use super::pool::Session;
use super::row::{Columns, key};
use crate::form::parsed;

/// Nobody has the password of someone who is not there.
pub(super) async fn set_of(session: &Session, tenant: TenantId, person: PersonId, hash: &str) -> Result<()> {
    session.execute(SET, &[&key(tenant), &person.0, &hash]).await?;
    Ok(())
}

pub(super) const SET: &str = "
    INSERT INTO password (tenant, person, hash)
    SELECT tenant, number, $3 FROM person WHERE tenant = $1 AND id = $2
    ON CONFLICT (tenant, person) DO UPDATE SET hash = EXCLUDED.hash";

/// People with this address, in every tenant, who have a password.
pub(super) async fn candidates(session: &Session, folded_email: &str) -> Result<Vec<SignInCandidate>> {
    if folded_email.contains('\0') {
        return Ok(Vec::new());
    }
    let tenants = tenants(session).await?;
    let limit = i64::try_from(limits::LOG_IN_CANDIDATES).unwrap_or(i64::MAX);
    let mut candidates = Vec::new();
    for row in session.query(CANDIDATES, &[&tenants, &Key::EMAIL, &folded_email, &limit]).await? {
        let mut columns = Columns::of(&row);
        let (tenant, person_number) = (columns.tenant()?, columns.number()?);
        let person = columns.person_id()?;
        let password_hash = columns.get()?;
        let may_sign_in = columns.name(Status::parse)?.may_sign_in();
        let activated_at: Option<&str> = columns.get()?;
        let activated_at = activated_at.map(parsed).transpose()?;
        let number = person_number.get().cast_signed();
        let organization = match session.query_opt(FIRST_ORGANIZATION, &[&key(tenant), &number]).await? {
            Some(row) => {
                let mut columns = Columns::of(&row);
                Some((columns.organization_id()?, columns.number()?))
            }
            None => None,
        };
        candidates.push(SignInCandidate {
            tenant,
            person,
            person_number,
            password_hash,
            may_sign_in,
            activated_at,
            organization,
        });
    }
    Ok(candidates)
}

pub(super) const CANDIDATES: &str = "
    SELECT p.tenant, p.number, p.id, w.hash, p.status, p.document ->> 'activated_at'
    FROM person_key AS k
    JOIN person AS p ON p.tenant = k.tenant AND p.number = k.person
    JOIN password AS w ON w.tenant = k.tenant AND w.person = k.person
    WHERE k.tenant = ANY ($1) AND k.source = $2 AND k.value = $3 AND p.deleted_at IS NULL
    ORDER BY p.tenant
    LIMIT $4";

pub(super) const FIRST_ORGANIZATION: &str = "
    SELECT o.id, o.number
    FROM membership AS m
    JOIN organization AS o ON o.tenant = $1 AND o.number = m.organization
    WHERE m.tenant = $1 AND m.person = $2 AND m.deleted_at IS NULL
    ORDER BY m.organization
    LIMIT 1";
