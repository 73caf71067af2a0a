//! Whether an organization would be left without an administrator in Kare.

use directory::apply::Extent;
use directory::authority;
use directory::ids::TenantId;
use rusqlite::{Connection, params};

use super::error::{Result, WriteError};
use super::load::OrganizationNumber;

/// Refuses to take the person's administration away where nobody else has it.
pub(super) fn check_other(
    connection: &Connection,
    tenant: TenantId,
    person: i64,
    extent: Extent,
    here: OrganizationNumber,
) -> Result<(), WriteError> {
    let organization = match extent {
        Extent::Organization => Some(here),
        Extent::Tenant => None,
    };
    let mut statement = connection.prepare_cached(LAST)?;
    match statement.exists(params![tenant.0, person, organization])? {
        true => Err(authority::LAST_ADMIN.into()),
        false => Ok(()),
    }
}

/// An organization that the person administers, or the one named, and that no other active person does.
pub(super) const LAST: &str = "
    SELECT 1 FROM membership AS m
    WHERE m.tenant = ?1 AND m.person = ?2 AND m.kare_scope = 'admin' AND m.deleted_at IS NULL
        AND (?3 IS NULL OR m.organization = ?3)
        AND NOT EXISTS (
            SELECT 1 FROM membership AS other INDEXED BY membership_admin
            CROSS JOIN person AS p ON p.pk = other.person
            WHERE other.tenant = ?1 AND other.organization = m.organization AND other.person <> ?2
                AND other.kare_scope = 'admin' AND other.deleted_at IS NULL
                AND p.status = 'active' AND p.deleted_at IS NULL)";
