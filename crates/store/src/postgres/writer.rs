//! The writer: gathers what is to be written in a tenant and has it committed together, several batches at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::ids::{OrganizationId, TenantId};
use directory::store::{AuditContext, ChangeError, ChangePerson, NewPerson, PersonKey};
use directory::{Include, Record, Refusal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::{error, warn};

use super::batch::{self, Verdict};
use super::error::Error;
use super::plan::Reply;
use super::{Options, Shared};

/// Batches of one tenant under way at once. They wait for one another at the counter of its events; while one is being
/// committed, the next is read and decided.
const OF_A_TENANT: usize = 2;

/// How often a job is tried that a lost race or a lost connection keeps from being done.
const TRIES: u8 = 6;

/// How long after it came a job may still be begun. Where commits are not confirmed, nobody is to wait for all who came before.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a batch rests that is tried again, and twice as long each time after: whoever was in the way gets done.
const BACKOFF: Duration = Duration::from_millis(1);

/// Something to be written, and who waits for it.
pub(super) struct Job {
    pub(super) tenant: TenantId,
    pub(super) work: Work,
    care: Care,
    tries: u8,
    came: Instant,
}

/// How a job is done, and with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// With others of the kind, and nobody is locked.
    Free,
    /// With others, locking whoever they are about.
    Locked,
    /// In a batch of its own, because it may be the reason why others failed.
    Alone,
}

pub(super) enum Work {
    Change {
        change: ChangePerson,
        /// Whether the person must be read, because what was kept of them did not tell.
        afresh: bool,
        /// Whether the delegations are to be loaded although nobody asked to see them.
        delegations: bool,
        answer: oneshot::Sender<Result<Record, ChangeError>>,
    },
    Add {
        organization: OrganizationId,
        people: Vec<NewPerson>,
        audit: AuditContext,
        answer: oneshot::Sender<Result<Vec<Record>, (usize, Refusal)>>,
    },
    Remove {
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
        audit: AuditContext,
        answer: oneshot::Sender<Result<Record, Refusal>>,
    },
}

impl Job {
    pub(super) fn new(tenant: TenantId, work: Work) -> Self {
        let care = match &work {
            Work::Change { .. } => Care::Free,
            Work::Add { .. } | Work::Remove { .. } => Care::Locked,
        };
        Self { tenant, work, care, tries: 0, came: Instant::now() }
    }

    /// Whom it is about, as far as that is known before anybody is looked up.
    fn key(&self) -> Option<&PersonKey> {
        match &self.work {
            Work::Change { change, .. } => Some(&change.key),
            Work::Remove { key, .. } => Some(key),
            Work::Add { .. } => None,
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        now.duration_since(self.came) >= TIMEOUT
    }

    fn answer(self, reply: Reply) {
        // Whoever asked may have gone away.
        match (self.work, reply) {
            (Work::Change { answer, .. }, Reply::Changed(reply)) => drop(answer.send(reply)),
            (Work::Add { answer, .. }, Reply::Added(reply)) => drop(answer.send(reply)),
            (Work::Remove { answer, .. }, Reply::Removed(reply)) => drop(answer.send(reply)),
            // They are made in pairs; without an answer the caller hears that the store is unavailable.
            (_, Reply::Changed(_) | Reply::Added(_) | Reply::Removed(_)) => {}
        }
    }
}

#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
}

impl Writer {
    pub(super) fn start(shared: Arc<Shared>, options: &Options) -> Self {
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let (returned, returns) = mpsc::unbounded_channel();
        let desk = Scheduler {
            shared,
            jobs,
            returned,
            returns,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            under_way: HashMap::new(),
            touched: HashSet::new(),
            sizes: HashMap::new(),
            full: HashSet::new(),
            free: options.writers.max(1),
            most: options.batch.max(1),
            most_waiting: options.queue_of_a_tenant.max(1),
        };
        tokio::spawn(desk.run());
        Self { queue }
    }

    /// Queues a job and waits until what it did is committed. If the caller stops waiting, it is done all the same.
    pub(super) async fn run<T, R>(
        &self,
        tenant: TenantId,
        unavailable: R,
        work: impl FnOnce(oneshot::Sender<Result<T, R>>) -> Work,
    ) -> Result<T, R> {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Job::new(tenant, work(answer))).await.is_err() {
            return Err(unavailable);
        }
        answered.await.unwrap_or(Err(unavailable))
    }
}

/// Where jobs wait for their batch.
struct Scheduler {
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    /// Batches that have ended, with the jobs that are to be done again.
    returned: mpsc::UnboundedSender<Ended>,
    returns: mpsc::UnboundedReceiver<Ended>,
    waiting: HashMap<TenantId, VecDeque<Job>>,
    /// The tenants that have jobs waiting, each once, in the order of their turns.
    turns: VecDeque<TenantId>,
    under_way: HashMap<TenantId, usize>,
    /// Whom the batches under way are about: nobody is in two of them, where one would only wait for the other.
    touched: HashSet<(TenantId, PersonKey)>,
    /// Jobs of the next batch at most, of tenants whose last one had too many.
    sizes: HashMap<TenantId, usize>,
    /// The tenants of which jobs were refused since they last had none waiting.
    full: HashSet<TenantId>,
    /// Batches that may still be begun.
    free: usize,
    /// Jobs of a batch at most.
    most: usize,
    /// Jobs of a tenant that wait at most.
    most_waiting: usize,
}

/// A batch that has ended.
struct Ended {
    tenant: TenantId,
    /// How many jobs it had, and how many of them there was no time for.
    jobs: usize,
    cut: usize,
    people: Vec<PersonKey>,
    /// What is to be done again.
    again: Vec<Job>,
}

impl Scheduler {
    async fn run(mut self) {
        let mut arrived = Vec::new();
        let mut is_open = true;
        while is_open || !self.under_way.is_empty() {
            tokio::select! {
                count = self.jobs.recv_many(&mut arrived, self.most), if is_open => {
                    is_open = count > 0;
                    arrived.drain(..).for_each(|job| self.admit(job));
                }
                // There is always a sender left: our own.
                Some(ended) = self.returns.recv() => self.take_back(ended),
            }
            self.begin();
        }
    }

    /// A job of a tenant that has too many waiting is dropped, and its caller hears that the store is unavailable. So no
    /// tenant takes more memory than its share, nor waits for long.
    fn admit(&mut self, job: Job) {
        let most = self.most_waiting;
        let tenant = job.tenant;
        let queue = self.queue(tenant);
        if queue.len() < most {
            queue.push_back(job);
        } else if self.full.insert(tenant) {
            warn!(
                tenant = tenant.0,
                waiting = most,
                "too many writes of a tenant are waiting, and more are refused"
            );
        }
    }

    fn queue(&mut self, tenant: TenantId) -> &mut VecDeque<Job> {
        let queue = self.waiting.entry(tenant).or_default();
        if queue.is_empty() {
            self.turns.push_back(tenant);
        }
        queue
    }

    fn take_back(&mut self, ended: Ended) {
        let Ended { tenant, jobs, cut, people, again } = ended;
        self.fit(tenant, jobs, cut);
        self.free += 1;
        if let Some(count) = self.under_way.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&tenant);
            }
        }
        for key in people {
            self.touched.remove(&(tenant, key));
        }
        // They have waited longest.
        for job in again.into_iter().rev() {
            self.queue(tenant).push_front(job);
        }
    }

    /// A tenant of costly jobs has smaller batches, so that those that are cut off are not cut off again by newer ones.
    fn fit(&mut self, tenant: TenantId, jobs: usize, cut: usize) {
        if cut > 0 {
            self.sizes.insert(tenant, (jobs - cut).max(1));
        } else if let Some(size) = self.sizes.get_mut(&tenant) {
            *size *= 2;
            if *size >= self.most {
                self.sizes.remove(&tenant);
            }
        }
    }

    /// Begins as many batches as may be under way.
    fn begin(&mut self) {
        for _ in 0..self.turns.len() {
            let Some(tenant) = self.turns.pop_front() else { return };
            if self.free > 0 && self.under_way.get(&tenant).copied().unwrap_or_default() < OF_A_TENANT {
                self.begin_batch(tenant);
            }
            if self.waiting.get(&tenant).is_some_and(|queue| !queue.is_empty()) {
                self.turns.push_back(tenant);
            } else {
                self.waiting.remove(&tenant);
                self.full.remove(&tenant);
            }
        }
    }

    fn begin_batch(&mut self, tenant: TenantId) {
        let (jobs, people) = self.gather(tenant);
        let Some(care) = jobs.first().map(|job| job.care) else { return };
        *self.under_way.entry(tenant).or_default() += 1;
        self.free -= 1;
        let (shared, returned) = (self.shared.clone(), self.returned.clone());
        tokio::spawn(async move {
            let count = jobs.len();
            let (again, cut) = commit(&shared, tenant, jobs, care).await;
            // The scheduler is there as long as there is a batch.
            let _ = returned.send(Ended { tenant, jobs: count, cut, people, again });
        });
    }

    /// The jobs of the tenant's next batch, which are of one kind, and whom they are about.
    fn gather(&mut self, tenant: TenantId) -> (Vec<Job>, Vec<PersonKey>) {
        let (mut jobs, mut people): (Vec<Job>, Vec<PersonKey>) = Default::default();
        let most = self.sizes.get(&tenant).copied().unwrap_or(self.most);
        let Some(queue) = self.waiting.get_mut(&tenant) else { return (jobs, people) };
        let (waiting, now) = (queue.len(), Instant::now());
        // Whoever is dropped here hears that the store is unavailable.
        queue.retain(|job| !job.is_overdue(now));
        if queue.len() < waiting {
            error!(jobs = waiting - queue.len(), "writes have waited for too long");
        }
        for _ in 0..queue.len() {
            let Some(job) = queue.pop_front() else { break };
            let place = job.key().map(|key| (tenant, self.shared.cache.canonical(tenant, key)));
            let is_kind = jobs.first().is_none_or(|first| first.care == job.care && job.care != Care::Alone);
            let is_free = place.as_ref().is_none_or(|place| !self.touched.contains(place));
            if !is_kind || !is_free || jobs.len() == most {
                queue.push_back(job);
                continue;
            }
            if let Some(place) = place {
                people.push(place.1.clone());
                self.touched.insert(place);
            }
            jobs.push(job);
        }
        (jobs, people)
    }
}

/// Has the jobs done and answers those who asked. What is to be done again is returned, with the number of those that there
/// was no time for.
async fn commit(shared: &Shared, tenant: TenantId, mut jobs: Vec<Job>, care: Care) -> (Vec<Job>, usize) {
    let failure = match batch::run(shared, tenant, &mut jobs, care != Care::Free).await {
        Ok(verdicts) => {
            let (mut again, mut cut) = (Vec::new(), 0);
            for (mut job, verdict) in jobs.into_iter().zip(verdicts) {
                match verdict {
                    Verdict::Reply(reply) => job.answer(reply),
                    Verdict::Again => again.push(job),
                    Verdict::Cut => {
                        cut += 1;
                        again.push(job);
                    }
                    Verdict::Unsure => {
                        if let Work::Change { afresh, .. } = &mut job.work {
                            *afresh = true;
                        }
                        again.push(job);
                    }
                    Verdict::Locked => {
                        job.care = Care::Locked;
                        again.push(job);
                    }
                }
            }
            return (again, cut);
        }
        Err(failure) => failure,
    };
    let (count, is_batch) = (jobs.len(), jobs.len() > 1);
    match &failure {
        Error::InDoubt(_) => {
            error!(%failure, jobs = count, "writes may or may not have been committed");
            return (Vec::new(), 0);
        }
        // Another process was faster. Next time it waits.
        Error::Database(_) if failure.is_lost_race() => {
            shared.cache.cool_down(tenant);
            jobs.iter_mut().filter(|job| job.care == Care::Free).for_each(|job| job.care = Care::Locked);
        }
        Error::Database(_) if failure.is_passing() => {
            warn!(%failure, jobs = count, "writes are tried again");
        }
        // One of them may be what the database does not take: each by itself, and the others are done.
        Error::Database(_) | Error::Row(_) if is_batch => {
            warn!(%failure, jobs = count, "writes are tried again one by one");
            jobs.iter_mut().for_each(|job| job.care = Care::Alone);
        }
        Error::Database(_)
        | Error::Row(_)
        | Error::NoConnection(_)
        | Error::NoAnswer
        | Error::Busy
        | Error::Backup(_) => {
            error!(%failure, jobs = count, "writes failed");
            return (Vec::new(), 0);
        }
    }
    for job in &mut jobs {
        job.tries += 1;
    }
    // Whoever is dropped here hears that the store is unavailable.
    jobs.retain(|job| job.tries < TRIES);
    let tries = jobs.iter().map(|job| job.tries).max().unwrap_or_default();
    sleep(BACKOFF * (1 << tries)).await;
    (jobs, 0)
}
