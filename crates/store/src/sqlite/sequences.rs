//! Counting a tenant's events.

use directory::ids::TenantId;
use rusqlite::{Connection, params};

use super::error::Result;

/// The sequence numbers that a batch gives out: read once for each tenant, written once at its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequences(Vec<(TenantId, i64)>);

impl Sequences {
    pub(super) fn next(&mut self, connection: &Connection, tenant: TenantId) -> Result<u64> {
        let at = match self.0.iter().position(|(known, _)| *known == tenant) {
            Some(at) => at,
            None => {
                let mut statement =
                    connection.prepare_cached("SELECT last_event FROM tenant WHERE tenant = ?1")?;
                self.0.push((tenant, statement.query_row(params![tenant.0], |row| row.get(0))?));
                self.0.len() - 1
            }
        };
        let (_, last) = &mut self.0[at];
        *last += 1;
        Ok(last.cast_unsigned())
    }

    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        for (tenant, last) in self.0 {
            connection
                .prepare_cached("UPDATE tenant SET last_event = ?2 WHERE tenant = ?1")?
                .execute(params![tenant.0, last])?;
        }
        Ok(())
    }
}
