//! Passwords' hashes, and whom an e-mail address could sign in.

use directory::credential::SignInCandidate;
use directory::ids::{Number, OrganizationId, PersonId, TenantId};
use directory::limits;
use directory::settle::Key;
use directory::status::Status;
use directory::store::PersonKey;
use rusqlite::{Connection, params};

use super::failure::{Failure, Result};
use super::load;
use super::row::{Columns, number_of, tenant_of};
use super::writer::Work;

/// Nobody has the password of someone who is not there.
pub(super) fn set_of(work: &mut Work<'_>, tenant: TenantId, person: PersonId, hash: &str) -> Result<()> {
    work.begin()?;
    match load::resolve(work.connection(), tenant, &PersonKey::Id(person))? {
        Some(pk) => set(work.connection(), tenant, pk, hash),
        None => Ok(()),
    }
}

pub(super) fn set(connection: &Connection, tenant: TenantId, person: i64, hash: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO password (tenant, person, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![tenant.0, person, hash])?;
    Ok(())
}

/// People with this address, in every tenant, who have a password.
pub(super) fn candidates(connection: &Connection, folded_email: &str) -> Result<Vec<SignInCandidate>> {
    let mut statement = connection.prepare_cached(CANDIDATES)?;
    let limit = i64::try_from(limits::LOG_IN_CANDIDATES).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![Key::EMAIL, folded_email, limit])?;
    let mut candidates = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        let pk: i64 = columns.get()?;
        let person = columns.person_id()?;
        let password_hash = columns.get()?;
        let may_sign_in = columns.name(Status::parse)?.may_sign_in();
        let activated_at: Option<String> = columns.get()?;
        candidates.push(SignInCandidate {
            tenant: tenant_of(pk),
            person,
            person_number: Number::new(number_of(pk))
                .ok_or_else(|| Failure::Row(format!("{pk} has no number")))?,
            password_hash,
            may_sign_in,
            activated_at: activated_at.as_deref().map(crate::form::parsed).transpose()?,
            organization: first_organization(connection, pk)?,
        });
    }
    Ok(candidates)
}

pub(super) const CANDIDATES: &str = "
    SELECT p.pk, p.id, w.hash, p.status, json_extract(p.document, '$.activated_at')
    FROM tenant AS t
    CROSS JOIN person_key AS k ON k.tenant = t.tenant AND k.source = ?1 AND k.value = ?2
    CROSS JOIN person AS p ON p.pk = k.person
    CROSS JOIN password AS w ON w.tenant = k.tenant AND w.person = k.person
    WHERE p.deleted_at IS NULL
    ORDER BY t.tenant
    LIMIT ?3";

fn first_organization(connection: &Connection, pk: i64) -> Result<Option<(OrganizationId, Number)>> {
    let mut statement = connection.prepare_cached(FIRST_ORGANIZATION)?;
    let mut rows = statement.query(params![tenant_of(pk).0, pk])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut columns = Columns::of(row);
    Ok(Some((columns.organization_id()?, columns.number()?)))
}

pub(super) const FIRST_ORGANIZATION: &str = "
    SELECT o.id, o.number
    FROM membership AS m
    CROSS JOIN organization AS o ON o.tenant = m.tenant AND o.number = m.organization
    WHERE m.tenant = ?1 AND m.person = ?2 AND m.deleted_at IS NULL
    ORDER BY m.organization
    LIMIT 1";
