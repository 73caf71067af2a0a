//! A tenant's hash: SHA-256 over everything that a request could change, in an order that says nothing of how the
//! rows came to be.

use directory::ids::TenantId;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::super::failure::Result;
use super::super::row::pk;

/// What is dumped, and in which order. When a credential was used last and who has a session is not the directory.
/// The parameters are the tenant, and the pks before and after all of its own.
pub(in crate::sqlite) const TABLES: [(&str, &str); 17] = [
    (
        "tenant",
        "SELECT object_id, region, created_at, last_person, last_event, last_organization, last_label
         FROM tenant WHERE tenant = ?1",
    ),
    (
        "organization",
        "SELECT number, id, object_id, parent, name, created_at FROM organization WHERE tenant = ?1
         ORDER BY number",
    ),
    ("department", "SELECT id, name FROM department WHERE tenant = ?1 ORDER BY id"),
    ("group", r#"SELECT id, object_id, name FROM "group" WHERE tenant = ?1 ORDER BY id"#),
    ("team", "SELECT organization, id, name FROM team WHERE tenant = ?1 ORDER BY organization, id"),
    ("label", "SELECT number, organization, name, color FROM label WHERE tenant = ?1 ORDER BY number"),
    ("role", "SELECT object_id, name, is_default, permissions FROM role WHERE tenant = ?1 ORDER BY object_id"),
    ("custom_field", "SELECT key, id, name, kind FROM custom_field WHERE tenant = ?1 ORDER BY key"),
    (
        "person",
        "SELECT pk, id, object_id, given, family, nickname, email, status, primary_department, created_at,
            updated_at, deleted_at, version, last_event, document
         FROM person WHERE pk > ?2 AND pk < ?3 ORDER BY pk",
    ),
    (
        "person_department",
        "SELECT person, position, department, data_source FROM person_department WHERE tenant = ?1
         ORDER BY person, position",
    ),
    (
        "person_group",
        r#"SELECT person, position, "group", data_source FROM person_group WHERE tenant = ?1
         ORDER BY person, position"#,
    ),
    ("person_key", "SELECT source, value, person FROM person_key WHERE tenant = ?1 ORDER BY source, value"),
    ("former_key", "SELECT source, value, person FROM former_key WHERE tenant = ?1 ORDER BY source, value"),
    (
        "membership",
        "SELECT person, organization, object_id, replay_role, replay_access, team, kare_scope, kare_group,
            kare_read, kare_manage, profession, laurel_roles, super_delegate, created_at, updated_at, deleted_at
         FROM membership WHERE tenant = ?1 ORDER BY person, organization",
    ),
    (
        "delegation",
        "SELECT organization, delegate, delegator, permissions FROM delegation WHERE tenant = ?1
         ORDER BY organization, delegate, delegator",
    ),
    (
        "event",
        "SELECT pk, person, at, action, via, organization, credential, actor, forwarded, request, previous,
            changes
         FROM event WHERE pk > ?2 AND pk < ?3 ORDER BY pk",
    ),
    (
        "credential",
        "SELECT id, organization, dialect, name, public_id, keys, scopes, rate_limit, created_at, expires_at,
            revoked_at
         FROM credential WHERE tenant = ?1 ORDER BY id",
    ),
];

pub(super) fn hash(connection: &Connection, tenant: TenantId) -> Result<String> {
    let mut hash = Sha256::new();
    for (table, sql) in TABLES {
        feed(&mut hash, b't', table.as_bytes());
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        // SQLite wants every parameter given, also those that a query leaves out.
        let count = statement.parameter_count();
        let (before, after) = (pk(tenant, 0), pk(TenantId(tenant.0 + 1), 0));
        let mut rows = if count == 3 {
            statement.query(params![tenant.0, before, after])?
        } else {
            statement.query(params![tenant.0])?
        };
        while let Some(row) = rows.next()? {
            feed(&mut hash, b'r', &[]);
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => feed(&mut hash, b'n', &[]),
                    ValueRef::Integer(value) => feed(&mut hash, b'i', &value.to_be_bytes()),
                    ValueRef::Real(value) => feed(&mut hash, b'f', &value.to_be_bytes()),
                    ValueRef::Text(text) => feed(&mut hash, b's', text),
                    ValueRef::Blob(bytes) => feed(&mut hash, b'b', bytes),
                }
            }
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// With its kind and length, so that no two contents give the same bytes.
fn feed(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
