//! Copying a whole store from one engine into another, and making sure of it.

use std::collections::BTreeMap;

use directory::ids::TenantId;

use super::digest::{Digests, Summing};
use super::row::{Cell, Row, tenant_of};
use super::tables::{Part, TABLES, Table};
use super::{Begun, Chunks, EngineError, Error, Position, Source, Target};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub tenants: Vec<CopiedTenant>,
    pub rows: u64,
    /// Of these rows, those that an earlier run had copied.
    pub rows_before: u64,
}

/// The hashes are those of [`directory::store::TenantReport`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTenant {
    pub tenant: TenantId,
    pub people: u64,
    pub events: u64,
    pub source_hash: String,
    pub target_hash: String,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub step: Step,
    pub tenant: Option<TenantId>,
    pub table: &'static str,
    /// Of the total.
    pub rows: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Copying,
    /// The target makes its indexes.
    Completing,
    /// Both sides are read once more.
    Comparing,
}

/// Copies everything, and looks at both sides once more: at the target, whether it is all there, and at the source,
/// whether anybody wrote to it meanwhile. When that is so, the copy remains unfinished.
pub async fn copy(
    source: &dyn Source,
    target: &mut dyn Target,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Copied, Error> {
    let read = transfer(source, target, tell).await?;
    // Beside the target's, on another thread.
    let again = tokio::spawn(digests(source.read(&TABLES), |_| {}));
    let there = compare(&read, target, tell).await?;
    let again = again.await.map_err(|panicked| Error::Source(EngineError::new(panicked)))?;
    let again = again.map_err(Error::Source)?;
    if let Some(place) = read.digests.differs_from(&again, &[Part::Directory, Part::Secret]) {
        return Err(Error::Changed(place.into()));
    }
    target.finish().await.map_err(Error::Target)?;
    Ok(read.copied(&again, &there))
}

/// Copies everything as it is at one moment, while others go on writing to the source.
pub async fn snapshot(source: &dyn Source, target: &mut dyn Target) -> Result<Copied, Error> {
    let read = transfer(source, target, &mut |_| {}).await?;
    let there = compare(&read, target, &mut |_| {}).await?;
    target.finish().await.map_err(Error::Target)?;
    Ok(read.copied(&read.digests, &there))
}

/// What was read from the source.
struct Read {
    digests: Digests,
    tally: Tally,
    rows_before: u64,
}

impl Read {
    fn copied(&self, source: &Digests, target: &Digests) -> Copied {
        let tenant = |(tenant, (people, events)): (&TenantId, &(u64, u64))| CopiedTenant {
            tenant: *tenant,
            people: *people,
            events: *events,
            source_hash: source.of_tenant(*tenant),
            target_hash: target.of_tenant(*tenant),
        };
        let tenants = self.tally.tenants.iter().map(tenant).collect();
        Copied { tenants, rows: self.tally.rows, rows_before: self.rows_before }
    }
}

async fn transfer(
    source: &dyn Source,
    target: &mut dyn Target,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Read, Error> {
    let origin = origin(source).await.map_err(Error::Source)?;
    let there = match target.begin(origin).await.map_err(Error::Target)? {
        Begun::There(position) => position,
        Begun::Another => return Err(Error::Another),
        Begun::NotEmpty => return Err(Error::NotEmpty),
    };
    let total = source.count().await.map_err(Error::Source)?;
    let mut chunks = source.read(&TABLES);
    let mut summing = Summing::default();
    let mut tally = Tally::default();
    let mut rows_before = 0;
    while let Some(mut chunk) = chunks.next().await.map_err(Error::Source)? {
        for row in &chunk.rows {
            summing.add(chunk.table, row);
            tally.add(chunk.table, row);
        }
        let tenant = chunk.rows.last().and_then(|row| tenant_of(chunk.table, row));
        let table = chunk.table;
        rows_before += tally.skip(there, table, &mut chunk.rows);
        if !chunk.rows.is_empty() {
            target.write(chunk).await.map_err(|cause| Error::Target(cause.of(table)))?;
        }
        tell(Progress { step: Step::Copying, tenant, table: table.name, rows: tally.rows, total });
    }
    tell(Progress { step: Step::Completing, tenant: None, table: "", rows: tally.rows, total: tally.rows });
    target.complete().await.map_err(Error::Target)?;
    Ok(Read { digests: summing.finish(), tally, rows_before })
}

/// What a source is known by: its tenants, and how many people and events each has had. When it is written to, it is
/// another.
async fn origin(source: &dyn Source) -> Result<String, EngineError> {
    let tenants = digests(source.read(&TABLES[..=Table::named("tenant").index()]), |_| {}).await?;
    Ok(tenants.of_all())
}

/// Whether the target holds what was read. Answers with what it holds.
async fn compare(
    read: &Read,
    target: &dyn Target,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Digests, Error> {
    let total = read.tally.rows;
    let there = digests(target.read(&TABLES), |progress| {
        tell(Progress { step: Step::Comparing, total, ..progress });
    });
    let there = there.await.map_err(Error::Target)?;
    match read.digests.differs_from(&there, &[Part::Directory, Part::Secret, Part::Use]) {
        Some(place) => Err(Error::Differs(place.into())),
        None => Ok(there),
    }
}

async fn digests(mut chunks: Chunks, mut tell: impl FnMut(Progress) + Send) -> Result<Digests, EngineError> {
    let mut summing = Summing::default();
    let mut rows = 0;
    while let Some(chunk) = chunks.next().await? {
        chunk.rows.iter().for_each(|row| summing.add(chunk.table, row));
        rows += chunk.rows.len() as u64;
        let tenant = chunk.rows.last().and_then(|row| tenant_of(chunk.table, row));
        tell(Progress { step: Step::Comparing, tenant, table: chunk.table.name, rows, total: rows });
    }
    Ok(summing.finish())
}

/// Counts what was read.
#[derive(Default)]
struct Tally {
    rows: u64,
    /// People who live, and events.
    tenants: BTreeMap<TenantId, (u64, u64)>,
    table: &'static str,
    of_table: u64,
}

impl Tally {
    fn add(&mut self, table: &Table, row: &Row) {
        if self.table != table.name {
            (self.table, self.of_table) = (table.name, 0);
        }
        self.rows += 1;
        self.of_table += 1;
        let Some(tenant) = tenant_of(table, row) else { return };
        let (people, events) = self.tenants.entry(tenant).or_default();
        match table.name {
            "person" if row[table.column("deleted_at")] == Cell::Null => *people += 1,
            "event" => *events += 1,
            _ => {}
        }
    }

    /// Takes away those of the rows just counted that are there already, and says how many they were.
    fn skip(&self, there: Position, table: &Table, rows: &mut Vec<Row>) -> u64 {
        let before = self.of_table - rows.len() as u64;
        let known = there.rows_of(table).saturating_sub(before).min(rows.len() as u64);
        rows.drain(..known as usize);
        known
    }
}
