//! Taking rows in, and making what is derived from them.

use std::error::Error;
use std::pin::pin;

use bytes::{BufMut, BytesMut};
use directory::ids::TenantId;
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::codec::document;
use crate::codec::tokens::tokens;
use crate::transfer::EngineError;
use crate::transfer::row::{Cell, Chunk, tenant_of};
use crate::transfer::tables::Kind;

pub(super) async fn fill(transaction: &Transaction<'_>, chunk: &Chunk) -> Result<(), EngineError> {
    // The numbers that a tenant gave out last have rows of their own, behind its other columns.
    let columns = match chunk.table.name {
        "tenant" => chunk.table.column("last_person"),
        _ => chunk.table.columns.len(),
    };
    rows(transaction, chunk, columns).await?;
    match chunk.table.name {
        "tenant" => counters(transaction, chunk).await,
        "person" => searched(transaction, chunk).await,
        _ => Ok(()),
    }
}

async fn rows(transaction: &Transaction<'_>, chunk: &Chunk, columns: usize) -> Result<(), EngineError> {
    let columns = &chunk.table.columns[..columns];
    let names: Vec<String> = columns.iter().map(|(name, _)| format!(r#""{name}""#)).collect();
    let types: Vec<Type> = columns.iter().map(|(name, kind)| type_of(name, *kind)).collect();
    let sql = format!(r#"COPY "{}" ({}) FROM STDIN (FORMAT binary)"#, chunk.table.name, names.join(", "));
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(&sql).await?, &types));
    for row in &chunk.rows {
        writer.as_mut().write_raw(&row[..columns.len()]).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// The type of a column of the schema.
fn type_of(name: &str, kind: Kind) -> Type {
    match kind {
        Kind::Integer if matches!(name, "tenant" | "position") => Type::INT4,
        Kind::Integer | Kind::Person => Type::INT8,
        Kind::Boolean => Type::BOOL,
        Kind::Text => Type::TEXT,
        Kind::Json => Type::JSON,
        Kind::Uuid => Type::UUID,
        Kind::Bytes => Type::BYTEA,
        Kind::Time => Type::TIMESTAMPTZ,
    }
}

async fn counters(transaction: &Transaction<'_>, chunk: &Chunk) -> Result<(), EngineError> {
    const COPY: &str = "COPY counter (tenant, name, last) FROM STDIN (FORMAT binary)";
    let types = [Type::INT4, Type::TEXT, Type::INT8];
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(COPY).await?, &types));
    for row in &chunk.rows {
        for (cell, (name, _)) in row.iter().zip(chunk.table.columns) {
            if let Some(counted) = name.strip_prefix("last_") {
                let counter: [&(dyn ToSql + Sync); 3] = [&row[0], &counted, cell];
                writer.as_mut().write(&counter).await?;
            }
        }
        // Nobody has seen an earlier one of this database.
        let changes: [&(dyn ToSql + Sync); 3] = [&row[0], &"vocabulary", &0_i64];
        writer.as_mut().write(&changes).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// What living people are searched by.
async fn searched(transaction: &Transaction<'_>, chunk: &Chunk) -> Result<(), EngineError> {
    const COPY: &str = "COPY person_search (tenant, person, field, text, tokens) FROM STDIN (FORMAT binary)";
    let types = [Type::INT4, Type::INT8, Type::INT2, Type::TEXT, Type::TS_VECTOR];
    let table = chunk.table;
    let [number, document, deleted_at] = ["number", "document", "deleted_at"].map(|name| table.column(name));
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(COPY).await?, &types));
    for row in chunk.rows.iter().filter(|row| row[deleted_at] == Cell::Null) {
        let tenant = tenant_of(table, row).unwrap_or(TenantId(0));
        let fields = document::search_fields(row[document].text().unwrap_or_default())?;
        for (field, text) in (0_i16..).zip(&fields).filter(|(_, text)| !text.is_empty()) {
            let lexemes = Lexemes(tokens(tenant, text));
            let values: [&(dyn ToSql + Sync); 5] = [&row[0], &row[number], &field, text, &lexemes];
            writer.as_mut().write(&values).await?;
        }
    }
    writer.finish().await?;
    Ok(())
}

type Written = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// The words of a `tsvector`, without their places, as the server sends and takes them: how many there are, and each
/// with the zero byte that ends it and the number of its places. The server puts them into its order.
#[derive(Debug)]
struct Lexemes(Vec<String>);

impl ToSql for Lexemes {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        out.put_i32(i32::try_from(self.0.len())?);
        for word in &self.0 {
            out.put_slice(word.as_bytes());
            out.put_u8(0);
            out.put_u16(0);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TS_VECTOR
    }

    to_sql_checked!();
}
