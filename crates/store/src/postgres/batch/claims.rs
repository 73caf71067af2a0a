//! Keys that a batch wants: who gets them, and what becomes of those who do not.

use std::collections::{HashMap, HashSet};

use directory::apply::Key;

use super::{Batch, writes};
use crate::postgres::error::Result;
use crate::postgres::plan::Plan;
use crate::postgres::row::{Columns, key};
use crate::postgres::rows::Rows;

impl Batch<'_> {
    /// Claims all keys that are wanted. What those won who did not get all of theirs is among the rows to be undone.
    pub(super) async fn claim(&self, plans: &mut [Plan], undone: &mut Rows) -> Result<()> {
        let (mut sources, mut values, mut people) = (Vec::new(), Vec::new(), Vec::new());
        let mut claims: Vec<_> = writes(plans).flat_map(|write| &write.claims).collect();
        // In one order, so that nobody waits in a circle.
        claims.sort_by(|a, b| a.key.cmp(&b.key));
        for claim in claims {
            sources.push(claim.key.source.clone());
            values.push(claim.key.value.clone());
            people.push(claim.person);
        }
        if sources.is_empty() {
            return Ok(());
        }
        let tenant = key(self.tenant);
        let claimed = self.session.execute(CLAIM, &[&tenant, &sources, &values, &people]).await?;
        if claimed == sources.len() as u64 && writes(plans).all(|write| write.refused.is_none()) {
            return Ok(());
        }
        // Somebody else has one of the keys, perhaps another job of this batch.
        let mut holders = HashMap::new();
        for row in self.session.query(HOLDERS, &[&tenant, &sources, &values]).await? {
            let mut columns = Columns::of(&row);
            let key = Key { source: columns.get()?, value: columns.get()? };
            holders.insert(key, columns.get::<i64>()?);
        }
        let mut winners = HashSet::new();
        for plan in plans.iter_mut() {
            let Plan::Write(write) = plan else { continue };
            let lost: Vec<usize> = write
                .claims
                .iter()
                .enumerate()
                .filter(|(_, claim)| holders.get(&claim.key) != Some(&claim.person))
                .map(|(nth, _)| nth)
                .collect();
            for nth in &lost {
                write.taken(*nth);
            }
            if write.refused.is_none() {
                winners.extend(write.claims.iter().map(|claim| claim.person));
            }
        }
        let claimants: HashSet<i64> = people.into_iter().collect();
        for plan in plans.iter_mut() {
            let Plan::Write(write) = plan else { continue };
            if write.refused.is_none() {
                continue;
            }
            let won = write.claims.iter().filter(|claim| holders.get(&claim.key) == Some(&claim.person));
            undone.remove_keys(won.map(|claim| &claim.key));
            // Who lost to somebody that is refused in the end may get the key yet.
            let lost_in_vain = write.claims.iter().any(|claim| {
                holders.get(&claim.key).is_some_and(|holder| {
                    *holder != claim.person
                        && claimants.contains(holder)
                        && !winners.contains(holder)
                        && !write.claims.iter().any(|own| own.person == *holder)
                })
            });
            if lost_in_vain {
                *plan = Plan::Again;
            }
        }
        Ok(())
    }
}

/// Of two who want a key, the one who comes second waits until it is known whether the first has got it.
pub(in crate::postgres) const CLAIM: &str = "
    INSERT INTO person_key (tenant, source, value, person)
    SELECT $1, w.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS w
    ON CONFLICT DO NOTHING";

pub(in crate::postgres) const HOLDERS: &str = "
    SELECT w.source, w.value, k.person
    FROM unnest($2::text[], $3::text[]) AS w (source, value)
    CROSS JOIN LATERAL (
        SELECT k.person FROM person_key AS k
        WHERE k.tenant = $1 AND k.source = w.source AND k.value = w.value OFFSET 0
    ) AS k";
