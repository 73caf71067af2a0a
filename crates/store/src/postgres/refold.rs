//! Writes what people are searched by anew, as the folding of this version has it.

use directory::ids::TenantId;
use tokio_postgres::{Error, Statement, Transaction};

use crate::codec::document;
use crate::codec::tokens::{Fields, tokens};

/// People looked at together, with their whole documents.
const PORTION: i64 = 100;

/// How often a long run tells how far it is.
const TELL_EVERY: u64 = 100_000;

const PEOPLE: &str = "
    SELECT p.number, p.document::text,
        ARRAY(
            SELECT s.field FROM person_search AS s
            WHERE s.tenant = $1 AND s.person = p.number ORDER BY s.field
        ),
        ARRAY(
            SELECT s.text FROM person_search AS s
            WHERE s.tenant = $1 AND s.person = p.number ORDER BY s.field
        )
    FROM person AS p
    WHERE p.tenant = $1 AND p.number > $2 AND p.deleted_at IS NULL
    ORDER BY p.number LIMIT $3";

const REPLACE: &str = "
    UPDATE person_search SET text = $4, tokens = array_to_tsvector(string_to_array($5::text, ' '))
    WHERE tenant = $1 AND person = $2 AND field = $3";

const REMOVE: &str = "DELETE FROM person_search WHERE tenant = $1 AND person = $2 AND field = $3";

/// Goes through all living people, inside the transaction of a migration.
pub(super) async fn run(transaction: &Transaction<'_>) -> Result<(), Error> {
    let mut refolding = Refolding {
        transaction,
        select: transaction.prepare(PEOPLE).await?,
        replace: transaction.prepare(REPLACE).await?,
        remove: transaction.prepare(REMOVE).await?,
        people: 0,
        changed: 0,
    };
    for tenant in transaction.query("SELECT tenant FROM tenant ORDER BY tenant", &[]).await? {
        let tenant: i32 = tenant.try_get(0)?;
        let mut last = Some(0);
        while let Some(behind) = last {
            last = refolding.chunk(tenant, behind).await?;
        }
    }
    if refolding.changed > 0 {
        let Refolding { people, changed, .. } = refolding;
        tracing::info!(people, changed, "the search index is up to date");
    }
    Ok(())
}

struct Refolding<'t> {
    transaction: &'t Transaction<'t>,
    select: Statement,
    replace: Statement,
    remove: Statement,
    people: u64,
    changed: u64,
}

impl Refolding<'_> {
    /// The people of a tenant behind this number. Answers with the number of the last of them.
    async fn chunk(&mut self, tenant: i32, behind: i64) -> Result<Option<i64>, Error> {
        let mut last = None;
        for row in self.transaction.query(&self.select, &[&tenant, &behind, &PORTION]).await? {
            let number: i64 = row.try_get(0)?;
            last = Some(number);
            match document::search_fields(row.try_get(1)?) {
                Ok(after) => {
                    let (fields, before): (Vec<i16>, Vec<&str>) = (row.try_get(2)?, row.try_get(3)?);
                    for (field, before) in fields.into_iter().zip(before) {
                        self.field(tenant, number, field, before, &after).await?;
                    }
                }
                // A damaged row is told of by a check, and keeps nobody else from being found.
                Err(broken) => tracing::warn!(tenant, number, broken = broken.0, "a person cannot be read"),
            }
            self.people += 1;
            if self.people.is_multiple_of(TELL_EVERY) {
                let (people, changed) = (self.people, self.changed);
                tracing::info!(people, changed, "the search index is being brought up to date");
            }
        }
        Ok(last)
    }

    async fn field(
        &mut self,
        tenant: i32,
        person: i64,
        field: i16,
        before: &str,
        after: &Fields,
    ) -> Result<(), Error> {
        let after = usize::try_from(field).ok().and_then(|field| after.get(field)).map_or("", String::as_str);
        if after == before {
            return Ok(());
        }
        self.changed += 1;
        if after.is_empty() {
            self.transaction.execute(&self.remove, &[&tenant, &person, &field]).await?;
        } else {
            let tokens = tokens(TenantId(tenant.cast_unsigned()), after).join(" ");
            self.transaction.execute(&self.replace, &[&tenant, &person, &field, &after, &tokens]).await?;
        }
        Ok(())
    }
}
