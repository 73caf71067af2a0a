//! Whether an organization would be left without an administrator in Kare.

use std::collections::HashSet;

use super::Batch;
use crate::postgres::error::Result;
use crate::postgres::plan::Plan;
use crate::postgres::row::key;

impl Batch<'_> {
    /// Refuses what would leave an organization without one.
    ///
    /// The rows of the organizations are locked first, so that of two batches that take one administrator each the second
    /// sees what the first one has left. In one batch only the first is decided; the others are asked again.
    pub(super) async fn check_admins(&self, plans: &mut [Plan]) -> Result<()> {
        let tenant = key(self.tenant);
        let mut jobs = Vec::new();
        for (job, plan) in plans.iter().enumerate() {
            let Plan::Write(write) = plan else { continue };
            let Some(needed) = write.admins else { continue };
            let rows =
                self.session.query(ADMINISTERED, &[&tenant, &needed.person, &needed.organization]).await?;
            let administered = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
            if !administered.is_empty() {
                jobs.push((job, needed.person, administered));
            }
        }
        if jobs.is_empty() {
            return Ok(());
        }
        let all: Vec<i64> = jobs.iter().flat_map(|(.., administered)| administered.clone()).collect();
        self.session.query(LOCK_ORGANIZATIONS, &[&tenant, &all]).await?;
        let mut decided = HashSet::new();
        for (job, person, administered) in jobs {
            if administered.iter().any(|organization| decided.contains(organization)) {
                plans[job] = Plan::Again;
                continue;
            }
            let others = self.session.query(WITH_OTHERS, &[&tenant, &person, &administered]).await?;
            match &mut plans[job] {
                Plan::Write(write) if others.len() < administered.len() => write.is_last_admin(),
                _ => decided.extend(administered),
            }
        }
        Ok(())
    }
}

/// The organizations that the person administers, or the one named if it is among them.
pub(in crate::postgres) const ADMINISTERED: &str = "
    SELECT organization FROM membership
    WHERE tenant = $1 AND person = $2 AND kare_scope = 'admin' AND deleted_at IS NULL
        AND ($3::bigint IS NULL OR organization = $3)";

/// In one order for everybody.
pub(in crate::postgres) const LOCK_ORGANIZATIONS: &str = "
    SELECT FROM organization WHERE tenant = $1 AND number = ANY ($2) ORDER BY number FOR NO KEY UPDATE";

/// Those of the organizations that another active person administers. `OFFSET 0` keeps to the way by the keys, as for
/// people that are loaded.
pub(in crate::postgres) const WITH_OTHERS: &str = "
    SELECT w.organization
    FROM unnest($3::bigint[]) AS w (organization)
    CROSS JOIN LATERAL (
        SELECT FROM (
            SELECT m.person FROM membership AS m
            WHERE m.tenant = $1 AND m.organization = w.organization AND m.person <> $2
                AND m.kare_scope = 'admin' AND m.deleted_at IS NULL
            OFFSET 0
        ) AS m
        CROSS JOIN LATERAL (
            SELECT FROM person AS p
            WHERE p.tenant = $1 AND p.number = m.person AND p.status = 'active' AND p.deleted_at IS NULL
            OFFSET 0
        ) AS p
        LIMIT 1
    ) AS other";
