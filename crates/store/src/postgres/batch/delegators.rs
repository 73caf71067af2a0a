//! Members who are named as delegators: they must be there, and must not leave meanwhile.

use std::collections::HashSet;

use directory::delegation::DelegateSummary;
use directory::ids::ObjectId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{Batch, writes};
use crate::codec::document::Profile;
use crate::postgres::error::Result;
use crate::postgres::load::OrganizationNumber;
use crate::postgres::plan::{Found, Members, Plan};
use crate::postgres::pool::in_order;
use crate::postgres::row::{Columns, key};
use crate::postgres::rows::Rows;

impl Batch<'_> {
    /// Finds the members that are named as delegators, and keeps them from leaving until this is committed.
    pub(super) async fn find_delegators(&self, plans: &mut [Plan], rows: &Rows) -> Result<()> {
        let (mut organizations, mut object_ids) = (Vec::new(), Vec::new());
        for named in writes(plans).flat_map(|write| &write.delegators) {
            for delegator in &named.delegators {
                organizations.push(named.organization);
                object_ids.push(delegator.object_id.0.to_vec());
            }
        }
        if organizations.is_empty() && writes(plans).all(|write| write.delegators.is_empty()) {
            return Ok(());
        }
        let tenant = key(self.tenant);
        let parameters: [&(dyn ToSql + Sync); 3] = [&tenant, &organizations, &object_ids];
        let (lock, find) = (self.prepared(LOCK_MEMBERS).await?, self.prepared(MEMBERS).await?);
        let client = self.session.client();
        let answers = in_order([&lock, &find].map(|statement| client.query(statement, &parameters))).await;
        let mut members = Members::new();
        for rows in answers.into_iter().skip(1) {
            for row in rows? {
                let (place, found) = member(&row)?;
                members.insert(place, found);
            }
        }
        let of_writes = writes(plans).flat_map(|write| write.rows.leaving());
        let leaving: HashSet<i64> = rows.leaving().chain(of_writes).collect();
        for plan in plans {
            let Plan::Write(write) = plan else { continue };
            let is_leaving =
                |found: Option<&Found>| found.is_some_and(|found| leaving.contains(&found.number));
            let names_one = write.delegators.iter().any(|named| {
                named.delegators.iter().any(|it| is_leaving(members.get(&(named.organization, it.object_id))))
            });
            if names_one {
                *plan = Plan::Again;
            } else {
                write.delegate(&members)?;
            }
        }
        Ok(())
    }
}

fn member(row: &Row) -> Result<((OrganizationNumber, ObjectId), Found)> {
    let mut columns = Columns::of(row);
    let organization = columns.get()?;
    let object_id = columns.object_id()?;
    let (number, id) = (columns.get()?, columns.person_id()?);
    let mut profile = columns.json::<Profile>()?;
    let identities = profile.identities()?;
    let counterpart =
        DelegateSummary { id, object_id, given: profile.given, family: profile.family, identities };
    Ok(((organization, object_id), Found { number, counterpart }))
}

pub(in crate::postgres) const LOCK_MEMBERS: &str = "
    SELECT p.number FROM person AS p
    WHERE p.tenant = $1 AND p.number = ANY (ARRAY(
        SELECT m.person
        FROM unnest($2::bigint[], $3::bytea[]) AS w (organization, object_id)
        CROSS JOIN LATERAL (
            SELECT m.person FROM membership AS m
            WHERE m.tenant = $1 AND m.organization = w.organization AND m.object_id = w.object_id
                AND m.deleted_at IS NULL
            OFFSET 0
        ) AS m))
    ORDER BY p.number
    FOR KEY SHARE";

pub(in crate::postgres) const MEMBERS: &str = "
    SELECT w.organization, w.object_id, p.number, p.id, p.document
    FROM unnest($2::bigint[], $3::bytea[]) AS w (organization, object_id)
    CROSS JOIN LATERAL (
        SELECT m.person FROM membership AS m
        WHERE m.tenant = $1 AND m.organization = w.organization AND m.object_id = w.object_id
            AND m.deleted_at IS NULL
        OFFSET 0
    ) AS m
    CROSS JOIN LATERAL (
        SELECT * FROM person AS p WHERE p.tenant = $1 AND p.number = m.person OFFSET 0
    ) AS p";
