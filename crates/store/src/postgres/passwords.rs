//! Passwords' hashes, and whom an e-mail address could sign in.

use directory::apply::Key;
use directory::credential::SignInCandidate;
use directory::ids::{Number, OrganizationId, PersonId, TenantId};
use directory::status::Status;

use super::error::Result;
use super::people::tenants;
use super::pool::Session;
use super::row::{Columns, key};
use crate::codec::parsed;

/// Puts another hash of the same password in the place of the old one, if that is still there.
pub(super) async fn replace(
    session: &Session,
    tenant: TenantId,
    person: PersonId,
    old: &str,
    new: &str,
) -> Result<()> {
    let tenant = key(tenant);
    if let Some(person) = number(session, tenant, person).await? {
        session.execute(REPLACE, &[&tenant, &person, &old, &new]).await?;
    }
    Ok(())
}

pub(super) const REPLACE: &str =
    "UPDATE password SET hash = $4 WHERE tenant = $1 AND person = $2 AND hash = $3";

/// The number of a person, also of one who left.
pub(super) async fn number(session: &Session, tenant: i32, person: PersonId) -> Result<Option<i64>> {
    let row = session.query_opt(NUMBER, &[&tenant, &person.0]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

pub(super) const NUMBER: &str = "SELECT number FROM person WHERE tenant = $1 AND id = $2";

/// People with this address, in every tenant, who have a password.
pub(super) async fn candidates(session: &Session, folded_email: &str) -> Result<Vec<SignInCandidate>> {
    if folded_email.contains('\0') {
        return Ok(Vec::new());
    }
    let tenants = tenants(session).await?;
    let mut candidates = Vec::new();
    for row in session.query(CANDIDATES, &[&tenants, &Key::EMAIL, &folded_email]).await? {
        let mut columns = Columns::of(&row);
        let (tenant, person_number) = (columns.tenant()?, columns.number()?);
        let person = columns.person_id()?;
        let password_hash = columns.get()?;
        let may_sign_in = columns.name(Status::parse)?.may_sign_in();
        let activated_at: Option<&str> = columns.get()?;
        let activated_at = activated_at.map(parsed).transpose()?;
        candidates.push(SignInCandidate {
            tenant,
            person,
            person_number,
            password_hash,
            may_sign_in,
            activated_at,
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
    ORDER BY p.tenant";

/// The live membership with the lowest number.
pub(super) async fn first_organization(
    session: &Session,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<(OrganizationId, Number)>> {
    let tenant = key(tenant);
    let Some(person) = number(session, tenant, person).await? else { return Ok(None) };
    let Some(row) = session.query_opt(FIRST_ORGANIZATION, &[&tenant, &person]).await? else {
        return Ok(None);
    };
    let mut columns = Columns::of(&row);
    Ok(Some((columns.organization_id()?, columns.number()?)))
}

pub(super) const FIRST_ORGANIZATION: &str = "
    SELECT o.id, o.number
    FROM membership AS m
    JOIN organization AS o ON o.tenant = $1 AND o.number = m.organization
    WHERE m.tenant = $1 AND m.person = $2 AND m.deleted_at IS NULL
    ORDER BY m.organization
    LIMIT 1";
