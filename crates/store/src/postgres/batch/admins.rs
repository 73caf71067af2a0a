//! Whether an organization would be left without an administrator in Kare.

use std::collections::HashSet;

use super::Batch;
use crate::postgres::failure::Result;
use crate::postgres::plan::Plan;
use crate::postgres::row::key;

impl Batch<'_> {
    /// Refuses what would leave an organization without one.
    ///
    /// The rows of the organizations are locked first, so that of two batches that take one administrator each the second
    /// sees what the first one has left. In one batch only the first is decided; the others are asked again.
    pub(super) async fn check_admins(&self, plans: &mut [Plan]) -> Result<()> {
        let tenant = key(self.tenant);
        let mut people = Vec::new();
        for (job, plan) in plans.iter().enumerate() {
            if let Plan::Write(write) = plan
                && let Some(needed) = write.admins
            {
                people.push((job, needed));
            }
        }
        people.sort_by_key(|(_, needed)| needed.person);
        let mut decided = HashSet::new();
        for (job, needed) in people {
            let administered =
                self.session.query(ADMINISTERED, &[&tenant, &needed.person, &needed.organization]).await?;
            let administered: Vec<i64> =
                administered.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            if administered.iter().any(|organization| decided.contains(organization)) {
                plans[job] = Plan::Again;
                continue;
            }
            if administered.is_empty() {
                continue;
            }
            self.session.query(LOCK_ORGANIZATIONS, &[&tenant, &administered]).await?;
            let others = self.session.query(WITH_OTHERS, &[&tenant, &needed.person, &administered]).await?;
            if others.len() < administered.len()
                && let Plan::Write(write) = &mut plans[job]
            {
                write.is_last_admin();
                continue;
            }
            decided.extend(administered);
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
