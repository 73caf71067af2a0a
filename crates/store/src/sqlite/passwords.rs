//! Passwords' hashes, and whom an e-mail address could sign in.

use directory::Change;
use directory::apply::Key;
use directory::credential::SignInCandidate;
use directory::ids::{Number, OrganizationId, PersonId, TenantId};
use directory::status::Status;
use directory::store::PersonKey;
use rusqlite::{Connection, params};

use super::error::{Error, Result};
use super::load;
use super::row::{Columns, number_of, tenant_of};
use super::writer::Work;

/// Makes of the password what the change says.
pub(super) fn change(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    hash: &Change<String>,
) -> Result<()> {
    match hash {
        Change::Keep => {}
        Change::Clear => {
            connection
                .prepare_cached("DELETE FROM password WHERE tenant = ?1 AND person = ?2")?
                .execute(params![tenant.0, person])?;
        }
        Change::Set(hash) => {
            connection
                .prepare_cached("INSERT OR REPLACE INTO password (tenant, person, hash) VALUES (?1, ?2, ?3)")?
                .execute(params![tenant.0, person, hash])?;
        }
    }
    Ok(())
}

/// Puts another hash of the same password in the place of the old one, if that is still there.
pub(super) fn replace(
    work: &mut Work<'_>,
    tenant: TenantId,
    person: PersonId,
    old: &str,
    new: &str,
) -> Result<()> {
    let connection = work.connection();
    let Some(pk) = load::resolve(connection, tenant, &PersonKey::Id(person))? else { return Ok(()) };
    work.begin()?;
    connection
        .prepare_cached("UPDATE password SET hash = ?4 WHERE tenant = ?1 AND person = ?2 AND hash = ?3")?
        .execute(params![tenant.0, pk, old, new])?;
    Ok(())
}

/// People with this address, in every tenant, who have a password.
pub(super) fn candidates(connection: &Connection, folded_email: &str) -> Result<Vec<SignInCandidate>> {
    let mut statement = connection.prepare_cached(CANDIDATES)?;
    let mut rows = statement.query(params![Key::EMAIL, folded_email])?;
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
                .ok_or_else(|| Error::Row(format!("{pk} has no number")))?,
            password_hash,
            may_sign_in,
            activated_at: activated_at.as_deref().map(crate::codec::parsed).transpose()?,
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
    ORDER BY t.tenant";

/// The live membership with the lowest number.
pub(super) fn first_organization(
    connection: &Connection,
    tenant: TenantId,
    person: PersonId,
) -> Result<Option<(OrganizationId, Number)>> {
    let Some(pk) = load::resolve(connection, tenant, &PersonKey::Id(person))? else { return Ok(None) };
    let mut statement = connection.prepare_cached(FIRST_ORGANIZATION)?;
    let mut rows = statement.query(params![tenant.0, pk])?;
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
