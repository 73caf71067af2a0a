//! The one writer: a thread that takes queued jobs, commits many of them together, and only then answers.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use directory::ids::{OrganizationId, TenantId};
use directory::store::PersonKey;
use directory::{Include, Record, Refusal};
use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::error;

use super::cache::{Edit, PersonCache};
use super::checkpoint::Log;
use super::error::{Error, Result, WriteError};
use super::in_place::InPlace;
use super::lists;
use super::load::{self, OrganizationNumber};
use super::open::Options;
use super::open_files::OpenConnection;
use super::search::{self, Edits};
use super::sequences::Sequences;
use crate::fair::{Batch, Limits, Queue};

pub(super) struct Writer {
    jobs: Arc<Jobs>,
    in_place: Arc<InPlace>,
    thread: Option<JoinHandle<()>>,
}

/// What a job works with: the connection, inside the batch's transaction.
pub(super) struct Work<'b> {
    connection: &'b Connection,
    cache: &'b PersonCache,
    edits: &'b mut Edits,
    lists: &'b mut lists::Edits,
    /// What the batch has done so far, this job included.
    done: &'b mut Vec<Edit>,
    sequences: &'b mut Sequences,
    /// Whether others share the transaction.
    is_shared: bool,
    has_savepoint: bool,
    /// Whether it has written, or is about to.
    has_begun: bool,
    has_failed_before: bool,
}

impl<'b> Work<'b> {
    pub(super) fn connection(&self) -> &'b Connection {
        self.connection
    }

    /// To be called before the first write: from here on a failure undoes this job alone. A job that only reads,
    /// is refused or changes nothing costs no savepoint.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.has_begun = true;
        if self.is_shared && !self.has_savepoint {
            self.connection.prepare_cached("SAVEPOINT job")?.execute([])?;
            self.has_savepoint = true;
        }
        Ok(())
    }

    /// True after a batch that could not be committed, until one is.
    pub(super) fn has_failed_before(&self) -> bool {
        self.has_failed_before
    }

    /// The edits of the search index, made when every job of the batch is done.
    pub(super) fn edits(&mut self) -> &mut Edits {
        self.edits
    }

    /// The edits of what people are listed by, made when every job of the batch is done.
    pub(super) fn lists(&mut self) -> &mut lists::Edits {
        self.lists
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
        self.cache.organization(tenant, id, || load::organization_number(self.connection, tenant, id))
    }

    /// The organization is deleted: also the jobs of this batch that follow find none. If what deletes it is undone, it is
    /// looked up again.
    pub(super) fn forget_organization(&self, tenant: TenantId, id: OrganizationId) {
        self.cache.forget_organization(tenant, id);
    }

    /// To be known by everyone once the batch is committed.
    pub(super) fn done(&mut self, edit: Edit) {
        self.done.push(edit);
    }

    /// A member as the batch has them so far, with where they are, if that is known without a query.
    pub(super) fn cached(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
        include: Include,
    ) -> Option<(i64, Record)> {
        // What an earlier job of the batch did is not known to the memory yet; the tables have it.
        let is_touched = |pk: i64, include: Include| self.done.iter().any(|edit| edit.touches(pk, include));
        let pk = self.cache.pk(tenant, key)?;
        let actor = include.actor.map(PersonKey::Id).and_then(|actor| self.cache.pk(tenant, &actor));
        if is_touched(pk, include) || actor.is_some_and(|actor| is_touched(actor, Include::default())) {
            return None;
        }
        Some((pk, self.cache.record(&self.cache.snapshot_of_writer()?, tenant, organization, key, include)?))
    }
}

impl Writer {
    pub(super) fn start(
        connection: OpenConnection,
        log: Arc<Log>,
        cache: Arc<PersonCache>,
        in_place: Arc<InPlace>,
        options: &Options,
    ) -> io::Result<Self> {
        let limits = Limits { tenant: options.queue_of_a_tenant.max(1), all: options.queue.max(1) };
        let waiting = Waiting { queue: Queue::new(limits), is_open: true };
        let jobs = Arc::new(Jobs { waiting: Mutex::new(waiting), arrived: Condvar::new() });
        let most = options.batch.max(1);
        let run = {
            let (jobs, in_place) = (jobs.clone(), in_place.clone());
            move || {
                let _ended = Ended(&jobs);
                let mut batches =
                    Batches { connection: &connection, cache: &cache, in_place, has_failed: false };
                while let Some(count) = jobs.wait() {
                    batches.commit(&jobs, count.min(most));
                    log.tend(&connection);
                }
            }
        };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(run)?;
        Ok(Self { jobs, in_place, thread: Some(thread) })
    }

    /// False: the file that is open is no longer the one at its path.
    pub(super) fn is_in_place(&self) -> bool {
        self.in_place.check()
    }

    /// Queues the work and waits until what it did is on disk. If the caller stops waiting, it is done all the same.
    pub(super) async fn run<T, R, F>(
        &self,
        tenant: Option<TenantId>,
        unavailable: R,
        work: F,
    ) -> std::result::Result<T, R>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, WriteError<R>> + Send + 'static,
    {
        match self.queue(tenant, work).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) | Err(_) => Err(unavailable),
        }
    }

    /// Queues the work, and answers later with whether it was done and committed.
    pub(super) fn submit<F>(
        &self,
        tenant: Option<TenantId>,
        work: F,
    ) -> impl Future<Output = bool> + Send + use<F>
    where
        F: FnOnce(&mut Work<'_>) -> Result<()> + Send + 'static,
    {
        let answered = self.queue(tenant, move |on| work(on).map_err(WriteError::<Refusal>::from));
        async move { matches!(answered.await, Ok(Some(Ok(())))) }
    }

    /// The receiver fails when too many jobs are waiting.
    fn queue<T, R, F>(&self, tenant: Option<TenantId>, work: F) -> oneshot::Receiver<Outcome<T, R>>
    where
        T: Send + 'static,
        R: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, WriteError<R>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Queued { work: Some(work), outcome: None, answer };
        // A job that is given back is dropped here, and with it the sender.
        drop(self.jobs.push(tenant, Box::new(job)));
        answered
    }
}

impl Drop for Writer {
    /// Finishes what was queued.
    fn drop(&mut self) {
        self.jobs.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the writer of the store panicked");
        }
    }
}

/// The jobs that wait for the writer.
struct Jobs {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

struct Waiting {
    queue: Queue<Box<dyn Job>>,
    is_open: bool,
}

impl Jobs {
    fn push(&self, tenant: Option<TenantId>, job: Box<dyn Job>) -> std::result::Result<(), Box<dyn Job>> {
        let mut waiting = self.waiting();
        if !waiting.is_open {
            return Err(job);
        }
        waiting.queue.push(tenant, job)?;
        // The writer looks before it waits.
        if waiting.queue.len() == 1 {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// The number of jobs, once there are any. None: no more will come.
    fn wait(&self) -> Option<usize> {
        let mut waiting = self.waiting();
        while waiting.queue.len() == 0 {
            if !waiting.is_open {
                return None;
            }
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        Some(waiting.queue.len())
    }

    fn close(&self) {
        self.waiting().is_open = false;
        self.arrived.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Also when the writer panics, nobody waits for it any more.
struct Ended<'w>(&'w Jobs);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.is_open = false;
        waiting.queue.clear();
    }
}

/// A piece of work whose types the queue does not know.
trait Job: Send {
    /// True: what it did stays. False: it is to be undone.
    fn run(&mut self, work: &mut Work<'_>) -> bool;
    fn answer(self: Box<Self>, is_committed: bool);
}

/// None: it could not be done.
type Outcome<T, R> = Option<std::result::Result<T, R>>;

struct Queued<T, R, F> {
    work: Option<F>,
    outcome: Outcome<T, R>,
    answer: oneshot::Sender<Outcome<T, R>>,
}

impl<T, R, F> Job for Queued<T, R, F>
where
    T: Send,
    R: Send,
    F: FnOnce(&mut Work<'_>) -> Result<T, WriteError<R>> + Send,
{
    fn run(&mut self, work: &mut Work<'_>) -> bool {
        let Some(job) = self.work.take() else { return false };
        match job(work) {
            Ok(done) => {
                self.outcome = Some(Ok(done));
                true
            }
            Err(WriteError::Refused(refusal)) => {
                self.outcome = Some(Err(refusal));
                false
            }
            Err(WriteError::Failed(failure)) => {
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

/// What batches are made with.
struct Batches<'w> {
    connection: &'w Connection,
    cache: &'w PersonCache,
    in_place: Arc<InPlace>,
    /// Whether the last batch could not be committed.
    has_failed: bool,
}

impl Batches<'_> {
    /// Runs a batch of so many jobs at most as one transaction and answers every job in it.
    fn commit(&mut self, jobs: &Jobs, most: usize) {
        let mut taken = Vec::with_capacity(most);
        let run = self.run(jobs, most, &mut taken);
        if let Err(failure) = &run {
            if !matches!(failure, Error::NotInPlace) {
                error!(%failure, jobs = taken.len(), "a batch of writes could not be committed");
            }
            if !self.connection.is_autocommit()
                && let Err(failure) = self.connection.execute_batch("ROLLBACK")
            {
                error!(%failure, "a batch of writes could not be rolled back");
            }
        }
        match run {
            Ok(true) => self.has_failed = false,
            Ok(false) => {}
            Err(_) => self.has_failed = true,
        }
        for job in taken {
            job.answer(run.is_ok());
        }
        jobs.waiting().queue.tidy();
    }

    /// True when something was written. The jobs that were begun are in `taken`, also when it fails.
    fn run(&self, jobs: &Jobs, most: usize, taken: &mut Vec<Box<dyn Job>>) -> Result<bool> {
        let Self { connection, cache, .. } = *self;
        let mut batch = Batch::default();
        let is_shared = most > 1;
        if let Err(failure) = self.begin() {
            // These would have been in the batch, and are not to wait for one that can be begun.
            let mut waiting = jobs.waiting();
            while batch.jobs() < most
                && let Some((_, job)) = waiting.queue.next(&mut batch)
            {
                taken.push(job);
            }
            return Err(failure);
        }
        let known = cache.begin();
        let (mut edits, mut lists) = (Edits::default(), lists::Edits::default());
        let (mut done, mut sequences) = (Vec::new(), Sequences::default());
        let mut has_written = false;
        while batch.jobs() < most {
            let Some((tenant, mut job)) = jobs.waiting().queue.next(&mut batch) else { break };
            let begun = Instant::now();
            let before = (edits.len(), lists.len(), done.len(), sequences.clone());
            let mut work = Work {
                connection,
                cache,
                edits: &mut edits,
                lists: &mut lists,
                done: &mut done,
                sequences: &mut sequences,
                is_shared,
                has_savepoint: false,
                has_begun: false,
                has_failed_before: self.has_failed,
            };
            // A job that panics has said nothing, so its caller hears that the store is unavailable.
            let kept = catch_unwind(AssertUnwindSafe(|| job.run(&mut work))).unwrap_or(false);
            let has_savepoint = work.has_savepoint;
            has_written |= kept && work.has_begun;
            taken.push(job);
            if connection.is_autocommit() {
                return Err(Error::TransactionLost);
            }
            if !kept {
                edits.truncate(before.0);
                lists.truncate(before.1);
                done.truncate(before.2);
                sequences = before.3;
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
                    jobs.waiting().queue.charge(&mut batch, tenant, begun.elapsed());
                    return Ok(false);
                }
                (false, false) => {}
            }
            jobs.waiting().queue.charge(&mut batch, tenant, begun.elapsed());
        }
        search::write(connection, edits)?;
        lists::write(connection, lists)?;
        sequences.write(connection)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        known.committed(done);
        // Nothing is acknowledged that may be lost with a file that was removed meanwhile.
        if self.in_place.check() { Ok(has_written) } else { Err(Error::NotInPlace) }
    }

    fn begin(&self) -> Result<()> {
        if !self.in_place.check() {
            return Err(Error::NotInPlace);
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(())
    }
}

fn release(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("RELEASE job")?.execute([])?;
    Ok(())
}
