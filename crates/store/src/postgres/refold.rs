//! Writes what people are searched by anew, as the folding of this version has it.

use directory::ids::TenantId;
use tokio_postgres::{Error, Transaction};

use crate::form::document;
use crate::form::tokens::tokens;

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
    let (mut people, mut changed) = (0_u64, 0_u64);
    let [select, replace, remove] = [
        transaction.prepare(PEOPLE).await?,
        transaction.prepare(REPLACE).await?,
        transaction.prepare(REMOVE).await?,
    ];
    for tenant in transaction.query("SELECT tenant FROM tenant ORDER BY tenant", &[]).await? {
        let tenant: i32 = tenant.try_get(0)?;
        let mut last = 0_i64;
        loop {
            let rows = transaction.query(&select, &[&tenant, &last, &PORTION]).await?;
            for row in &rows {
                last = row.try_get(0)?;
                people += 1;
                if people.is_multiple_of(TELL_EVERY) {
                    tracing::info!(people, changed, "the search index is being brought up to date");
                }
                let after = match document::search_fields(row.try_get(1)?) {
                    Ok(after) => after,
                    // A damaged row is told of by a check, and keeps nobody else from being found.
                    Err(broken) => {
                        tracing::warn!(tenant, number = last, broken = broken.0, "a person cannot be read");
                        continue;
                    }
                };
                let (fields, texts): (Vec<i16>, Vec<&str>) = (row.try_get(2)?, row.try_get(3)?);
                for (field, before) in fields.into_iter().zip(texts) {
                    let after = usize::try_from(field).ok().and_then(|field| after.get(field));
                    match after.map(String::as_str) {
                        Some(after) if after == before => continue,
                        Some("") | None => transaction.execute(&remove, &[&tenant, &last, &field]).await?,
                        Some(after) => {
                            let tokens = tokens(TenantId(tenant.cast_unsigned()), after).join(" ");
                            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                                [&tenant, &last, &field, &after, &tokens];
                            transaction.execute(&replace, &values).await?
                        }
                    };
                    changed += 1;
                }
            }
            if rows.is_empty() {
                break;
            }
        }
    }
    if changed > 0 {
        tracing::info!(people, changed, "the search index is up to date");
    }
    Ok(())
}
