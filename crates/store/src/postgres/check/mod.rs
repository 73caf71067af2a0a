//! The integrity check: the keys, the references, the events, the search index; and a hash of each tenant.
//!
//! Everything is streamed or read in pages, so that a million people cost time but no memory here.

mod faults;
mod people;

use std::pin::pin;

use directory::ids::TenantId;
use directory::store::{Report, TenantReport};
use futures_util::TryStreamExt;
use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::connect::Address;
use super::error::Result;
use super::transfer::{self, read};
use faults::FAULTS;

/// Problems told of one kind: enough to see what is wrong, and never too many to read.
const TOLD: usize = 20;

/// On a connection of its own, whose plans are made for many rows.
pub(super) async fn run(address: &Address) -> Result<Report> {
    let mut client = address.connect("").await?;
    let transaction = transfer::snapshot(&mut client).await?;
    look(&transaction).await
}

async fn look(transaction: &Transaction<'_>) -> Result<Report> {
    let mut report = Report::default();
    for (what, sql) in FAULTS {
        faults(transaction, what, sql, &mut report.problems).await?;
    }
    let digests = read::digests(transaction).await?;
    let tenants = transaction
        .query_typed(
            "SELECT t.tenant, coalesce(c.last, 0)
             FROM tenant AS t
             LEFT JOIN counter AS c ON c.tenant = t.tenant AND c.name = 'event'
             ORDER BY t.tenant",
            &[],
        )
        .await?;
    for row in tenants {
        let (number, last_event): (i32, i64) = (row.get(0), row.get(1));
        let tenant = TenantId(number.cast_unsigned());
        let people = people::look(transaction, tenant, &mut report.problems).await?;
        let events = events(transaction, tenant, last_event, &mut report.problems).await?;
        report.tenants.push(TenantReport { tenant, people, events, hash: digests.of_tenant(tenant) });
    }
    Ok(report)
}

async fn faults(
    transaction: &Transaction<'_>,
    what: &str,
    sql: &str,
    problems: &mut Vec<String>,
) -> Result<()> {
    const NOTHING: [(&(dyn ToSql + Sync), Type); 0] = [];
    let mut rows = pin!(transaction.query_typed_raw(sql, NOTHING).await?);
    let mut told = 0;
    while let Some(row) = rows.try_next().await? {
        told += 1;
        if told > TOLD {
            problems.push(format!("{what}: and more"));
            break;
        }
        let (tenant, which): (i32, &str) = (row.get(0), row.get(1));
        problems.push(format!("{what}: tenant {tenant}, {which}"));
    }
    Ok(())
}

/// Sequence numbers are unique; so they are without a gap when there are as many as the last one says.
async fn events(
    transaction: &Transaction<'_>,
    tenant: TenantId,
    last: i64,
    problems: &mut Vec<String>,
) -> Result<u64> {
    let row = transaction
        .query_typed_one(
            "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0)
             FROM event WHERE tenant = $1",
            &[(&tenant.0.cast_signed(), Type::INT4)],
        )
        .await?;
    let (count, first, greatest): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if first != 1 || greatest != count || last != count {
        problems.push(format!(
            "events: tenant {tenant} has {count} of them, from {first} to {greatest}, and counted {last}"
        ));
    }
    Ok(count.cast_unsigned())
}
