//! The one writer: a thread that takes queued jobs, commits many of them together, and only then answers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use directory::ids::{OrganizationId, TenantId};
use directory::store::PersonKey;
use directory::{Needs, Record};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::checkpoint::Log;
use super::failure::{Failure, Result, Stopped};
use super::load::{self, OrganizationNumber};
use super::memory::{Edit, Memory};
use super::open::Options;
use super::search::{self, Edits};
use super::sequences::Sequences;

pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a job works with: the connection, inside the batch's transaction.
pub(super) struct Work<'b> {
    connection: &'b Connection,
    memory: &'b Memory,
    edits: &'b mut Edits,
    /// What the batch has done so far, this job included.
    done: &'b mut Vec<Edit>,
    sequences: &'b mut Sequences,
    /// Whether others share the transaction.
    is_shared: bool,
    has_savepoint: bool,
}

impl<'b> Work<'b> {
    pub(super) fn connection(&self) -> &'b Connection {
        self.connection
    }

    /// To be called before the first write: from here on a failure undoes this job alone. A job that only reads,
    /// is refused or changes nothing costs no savepoint.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        if self.is_shared && !self.has_savepoint {
            self.connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            self.has_savepoint = true;
        }
        Ok(())
    }

    /// The edits of the search index, made when every job of the batch is done.
    pub(super) fn edits(&mut self) -> &mut Edits {
        self.edits
    }

    /// The next sequence number of the tenant's events.
    pub(super) fn next_sequence(&mut self, tenant: TenantId) -> Result<u64> {
        self.sequences.next(self.connection, tenant)
    }

    pub(super) fn organization(
        &self,
        tenant: TenantId,
        id: OrganizationId,
    ) -> Result<Option<OrganizationNumber>> {
        self.memory.organization(tenant, id, || load::organization_number(self.connection, tenant, id))
    }

    /// To be known by everyone once the batch is committed.
    pub(super) fn done(&mut self, edit: Edit) {
        self.done.push(edit);
    }

    /// A member as the batch has them so far, with where they are, if that is known without a query.
    pub(super) fn recall(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
        needs: Needs,
    ) -> Option<(i64, Record)> {
        // What an earlier job of the batch did is not known to the memory yet; the tables have it.
        let is_touched = |pk: i64, needs: Needs| self.done.iter().any(|edit| edit.touches(pk, needs));
        let pk = self.memory.pk(tenant, key)?;
        let actor = needs.actor.map(PersonKey::Id).and_then(|actor| self.memory.pk(tenant, &actor));
        if is_touched(pk, needs) || actor.is_some_and(|actor| is_touched(actor, Needs::default())) {
            return None;
        }
        Some((pk, self.memory.record(&self.memory.glance_of_writer()?, tenant, organization, key, needs)?))
    }
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        log: Arc<Log>,
        memory: Arc<Memory>,
        options: &Options,
    ) -> io::Result<Self> {
        let (queue, mut jobs) = mpsc::channel::<Box<dyn Job>>(options.queue.max(1));
        let most = options.batch.max(1);
        let run = move || {
            let mut batch = Vec::with_capacity(most);
            while let Some(job) = jobs.blocking_recv() {
                batch.push(job);
                while batch.len() < most
                    && let Ok(job) = jobs.try_recv()
                {
                    batch.push(job);
                }
                commit(&connection, &memory, &mut batch);
                log.tend(&connection);
            }
        };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(run)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues the work and waits until what it did is on disk. If the caller stops waiting, it is done all the same.
    pub(super) async fn run<T, R, F>(&self, unavailable: R, work: F) -> std::result::Result<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, Stopped<R>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Queued { work: Some(work), outcome: None, answer };
        let Some(queue) = &self.queue else { return Err(unavailable) };
        if queue.send(Box::new(job)).await.is_err() {
            return Err(unavailable);
        }
        match answered.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => Err(unavailable),
        }
    }
}

impl Drop for Writer {
    /// Finishes what was queued.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the writer of the store panicked");
        }
    }
}

/// A piece of work whose types the queue does not know.
trait Job: Send {
    /// True: what it did stays. False: it is to be undone.
    fn run(&mut self, work: &mut Work<'_>) -> bool;
    fn answer(self: Box<Self>, is_committed: bool);
}

struct Queued<T, R, F> {
    work: Option<F>,
    /// None: it could not be done.
    outcome: Option<std::result::Result<T, R>>,
    answer: oneshot::Sender<Option<std::result::Result<T, R>>>,
}

impl<T, R, F> Job for Queued<T, R, F>
where
    T: Send,
    R: Send,
    F: FnOnce(&mut Work<'_>) -> Result<T, Stopped<R>> + Send,
{
    fn run(&mut self, work: &mut Work<'_>) -> bool {
        let Some(job) = self.work.take() else { return false };
        match job(work) {
            Ok(done) => {
                self.outcome = Some(Ok(done));
                true
            }
            Err(Stopped::Refused(refusal)) => {
                self.outcome = Some(Err(refusal));
                false
            }
            Err(Stopped::Failed(failure)) => {
                error!(%failure, "a write failed");
                false
            }
        }
    }

    fn answer(self: Box<Self>, is_committed: bool) {
        // A refusal rests on what the batch wrote before it, so it too counts only once that is on disk.
        let outcome = if is_committed { self.outcome } else { None };
        // The caller may have gone away.
        let _ = self.answer.send(outcome);
    }
}

/// Runs the batch as one transaction and answers every job in it.
fn commit(connection: &Connection, memory: &Memory, batch: &mut Vec<Box<dyn Job>>) {
    let is_committed = match run(connection, memory, batch) {
        Ok(()) => true,
        Err(failure) => {
            error!(%failure, jobs = batch.len(), "a batch of writes could not be committed");
            if !connection.is_autocommit()
                && let Err(failure) = connection.execute_batch("ROLLBACK")
            {
                error!(%failure, "a batch of writes could not be rolled back");
            }
            false
        }
    };
    for job in batch.drain(..) {
        job.answer(is_committed);
    }
}

fn run(connection: &Connection, memory: &Memory, batch: &mut [Box<dyn Job>]) -> Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let known = memory.begin();
    let is_shared = batch.len() > 1;
    let (mut edits, mut done, mut sequences) = (Edits::default(), Vec::new(), Sequences::default());
    for job in batch.iter_mut() {
        let before = (edits.len(), done.len(), sequences.clone());
        let mut work = Work {
            connection,
            memory,
            edits: &mut edits,
            done: &mut done,
            sequences: &mut sequences,
            is_shared,
            has_savepoint: false,
        };
        // A job that panics has said nothing, so its caller hears that the store is unavailable.
        let kept = catch_unwind(AssertUnwindSafe(|| job.run(&mut work))).unwrap_or(false);
        let has_savepoint = work.has_savepoint;
        if connection.is_autocommit() {
            return Err(Failure::TransactionLost);
        }
        if !kept {
            edits.truncate(before.0);
            done.truncate(before.1);
            sequences = before.2;
        }
        match (kept, has_savepoint) {
            (true, true) => release(connection)?,
            (false, true) => {
                connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
                release(connection)?;
            }
            (true, false) => {}
            // Alone in its transaction, or before its first write.
            (false, false) if !is_shared => {
                connection.prepare_cached("ROLLBACK")?.execute([])?;
                return Ok(());
            }
            (false, false) => {}
        }
    }
    search::write(connection, edits)?;
    sequences.write(connection)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    known.committed(done);
    Ok(())
}

fn release(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("RELEASE job")?.execute([])?;
    Ok(())
}
