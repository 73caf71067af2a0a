//! What a database knows of a copy into it, as long as that is not finished: a table that no other database has.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient, Transaction};

use super::super::connect::OpenError;
use crate::transfer::tables::TABLES;
use crate::transfer::{Begun, EngineError, Position};

/// Refuses a database in which a copy is not finished.
pub(in crate::postgres) async fn refuse(client: &Client) -> Result<(), OpenError> {
    match is_there(client).await.map_err(OpenError::Postgres)? {
        true => Err(OpenError::Unfinished),
        false => Ok(()),
    }
}

async fn is_there(client: &impl GenericClient) -> Result<bool, tokio_postgres::Error> {
    let sql = "SELECT EXISTS (
            SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'personae_copy')";
    Ok(client.query_typed_one(sql, &[]).await?.get(0))
}

/// How far it has come, in one row; and the indexes that wait until all rows are there, because to make one at the end
/// takes less time than to keep it up to date row by row.
const TABLE: &str = "
    CREATE TABLE personae_copy (
        origin text NOT NULL,
        filled text NOT NULL,
        rows bigint NOT NULL,
        indexes text[] NOT NULL
    )";

/// Those that belong to a constraint stay, and what they hold comes in their order.
const INDEXES: &str = "
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = ANY ($1)
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)";

pub(super) async fn begin(transaction: &Transaction<'_>, origin: &str) -> Result<Begun, EngineError> {
    if !is_there(transaction).await? {
        for table in &TABLES {
            let any = format!(r#"SELECT EXISTS (SELECT FROM "{}")"#, table.name);
            if transaction.query_typed_one(&any, &[]).await?.get(0) {
                return Ok(Begun::NotEmpty);
            }
        }
        make(transaction, origin).await?;
    }
    let row = transaction.query_typed_one("SELECT origin, filled, rows FROM personae_copy", &[]).await?;
    let (known, filled, rows): (&str, &str, i64) = (row.get(0), row.get(1), row.get(2));
    if known != origin {
        return Ok(Begun::Another);
    }
    let there = Position::at(filled, rows.cast_unsigned())?;
    let (position, emptied) = there.steady();
    for table in emptied {
        transaction.batch_execute(&format!(r#"DELETE FROM "{}""#, table.name)).await?;
    }
    advance(transaction, there, position).await?;
    Ok(Begun::There(position))
}

async fn make(transaction: &Transaction<'_>, origin: &str) -> Result<(), EngineError> {
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).chain(["person_search"]).collect();
    let mut definitions: Vec<String> = Vec::new();
    for row in transaction.query_typed(INDEXES, &[(&tables, Type::TEXT_ARRAY)]).await? {
        transaction.batch_execute(&format!("DROP INDEX {}", row.get::<_, &str>(0))).await?;
        definitions.push(row.get(1));
    }
    transaction.batch_execute(TABLE).await?;
    transaction
        .query_typed(
            "INSERT INTO personae_copy (origin, filled, rows, indexes) VALUES ($1, $2, 0, $3)",
            &[(&origin, Type::TEXT), (&TABLES[0].name, Type::TEXT), (&definitions, Type::TEXT_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Notes how far it comes with this transaction.
pub(super) async fn advance(
    transaction: &Transaction<'_>,
    from: Position,
    to: Position,
) -> Result<(), EngineError> {
    let advanced = transaction
        .query_typed(
            "UPDATE personae_copy SET filled = $3, rows = $4 WHERE filled = $1 AND rows = $2 RETURNING rows",
            &[
                (&from.table().name, Type::TEXT),
                (&from.rows.cast_signed(), Type::INT8),
                (&to.table().name, Type::TEXT),
                (&to.rows.cast_signed(), Type::INT8),
            ],
        )
        .await?;
    match advanced.is_empty() {
        true => Err(EngineError::new("another process is copying into the database")),
        false => Ok(()),
    }
}

/// Makes the indexes that waited, unless that was done before, and lets the server see what there is.
pub(super) async fn make_indexes(transaction: &Transaction<'_>) -> Result<(), EngineError> {
    let row = transaction.query_typed_one("SELECT indexes FROM personae_copy", &[]).await?;
    for definition in row.get::<_, Vec<&str>>(0) {
        transaction.batch_execute(definition).await?;
    }
    transaction.batch_execute("UPDATE personae_copy SET indexes = '{}'").await?;
    for name in TABLES.iter().map(|table| table.name).chain([
        "counter",
        "person_listed",
        "person_order",
        "person_search",
    ]) {
        transaction.batch_execute(&format!(r#"ANALYZE "{name}""#)).await?;
    }
    Ok(())
}

/// The one commit that is waited for, and with it all before it.
pub(super) async fn finish(transaction: &Transaction<'_>) -> Result<(), EngineError> {
    Ok(transaction.batch_execute("SET LOCAL synchronous_commit TO on; DROP TABLE personae_copy").await?)
}
