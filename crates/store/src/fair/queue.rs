//! A queue of jobs that serves tenants by the time that their jobs have taken: start-time fair queueing.
//!
//! Each tenant has a virtual time, which its jobs move on by as long as they take, and the tenant with the least of it
//! is served next. A tenant that had no jobs begins at the present virtual time, so that nobody saves time up. So a
//! tenant waits for at most one job of each other tenant, whatever their queues hold, and costs nothing when it is the
//! only one.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use directory::ids::TenantId;
use tracing::warn;

/// The tenant of a job; None is an operator's, which is served as one more tenant.
type Key = Option<TenantId>;

/// Work in a batch of several tenants, after which it is committed: the neighbour of a busy tenant waits for the batch
/// under way and for its own, and hears within 50 ms. A job that takes longer is costly, and gets a batch of its own.
const BUDGET: Duration = Duration::from_millis(10);

/// Work in a batch of one tenant while no other has jobs: no neighbour waits, but those who sent the first jobs do.
const BUDGET_ALONE: Duration = Duration::from_millis(100);

/// How many jobs may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of one tenant.
    pub(crate) tenant: usize,
    /// Of all tenants. Beyond it a tenant may still queue a job while it has less than an equal share.
    pub(crate) all: usize,
}

pub(crate) struct Queue<J> {
    limits: Limits,
    lines: HashMap<Key, Line<J>>,
    /// The tenants that have jobs, by their virtual time.
    order: BTreeSet<(Duration, Key)>,
    /// The virtual time of the job that was taken last.
    now: Duration,
    len: usize,
}

/// A tenant's jobs.
struct Line<J> {
    jobs: VecDeque<J>,
    time: Duration,
    is_costly: bool,
    /// Whether jobs have been refused since the line was last empty.
    is_full: bool,
}

/// What a batch has come to so far.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    jobs: usize,
    took: Duration,
    tenant: Option<Key>,
    is_mixed: bool,
}

impl<J> Queue<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, lines: HashMap::new(), order: BTreeSet::new(), now: Duration::ZERO, len: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Gives the job back when the tenant, or all of them together, have as many as may wait.
    pub(crate) fn push(&mut self, tenant: Key, job: J) -> Result<(), J> {
        let share = self.limits.all / self.order.len().max(1);
        let is_full = self.len >= self.limits.all;
        let line = self.lines.entry(tenant).or_insert_with(|| Line {
            jobs: VecDeque::new(),
            time: Duration::ZERO,
            is_costly: false,
            is_full: false,
        });
        let waiting = line.jobs.len();
        if waiting >= self.limits.tenant || is_full && waiting >= share {
            if !line.is_full {
                line.is_full = true;
                let tenant = tenant.map(|tenant| tenant.0);
                warn!(tenant, waiting, "too many writes of a tenant are waiting, and more are refused");
            }
            return Err(job);
        }
        if waiting == 0 {
            line.time = line.time.max(self.now);
            line.is_full = false;
            self.order.insert((line.time, tenant));
        }
        line.jobs.push_back(job);
        self.len += 1;
        Ok(())
    }

    /// The next job for a batch. None: there is none, or the batch is to be committed first.
    pub(crate) fn next(&mut self, batch: &mut Batch) -> Option<(Key, J)> {
        let (time, tenant) = *self.order.first()?;
        let line = self.lines.get_mut(&tenant)?;
        let is_alone =
            self.order.len() == 1 && !batch.is_mixed && batch.tenant.is_none_or(|other| other == tenant);
        let budget = if is_alone { BUDGET_ALONE } else { BUDGET };
        if batch.jobs > 0 && (batch.took >= budget || line.is_costly && !is_alone) {
            return None;
        }
        let job = line.jobs.pop_front()?;
        if line.jobs.is_empty() {
            self.order.remove(&(time, tenant));
        }
        self.len -= 1;
        self.now = time;
        batch.is_mixed |= batch.tenant.replace(tenant).is_some_and(|other| other != tenant);
        batch.jobs += 1;
        Some((tenant, job))
    }

    /// Charges a tenant for a job of the batch.
    pub(crate) fn charge(&mut self, batch: &mut Batch, tenant: Key, took: Duration) {
        batch.took += took;
        let Some(line) = self.lines.get_mut(&tenant) else { return };
        let before = line.time;
        line.time += took.max(Duration::from_nanos(1));
        line.is_costly = took >= BUDGET;
        if self.order.remove(&(before, tenant)) {
            self.order.insert((line.time, tenant));
        }
    }

    /// Drops all jobs.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Forgets the tenants that have no jobs and would begin at the present virtual time in any case.
    pub(crate) fn tidy(&mut self) {
        self.lines.retain(|_, line| !line.jobs.is_empty() || line.time > self.now);
    }
}

impl Batch {
    pub(crate) fn jobs(&self) -> usize {
        self.jobs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { tenant: 1_000, all: 10_000 };
    const A: Key = Some(TenantId(1));
    const B: Key = Some(TenantId(2));
    const MILLISECOND: Duration = Duration::from_millis(1);

    /// Jobs are named by their tenant, and take what the tenant's jobs take.
    fn batch(
        queue: &mut Queue<&'static str>,
        most: usize,
        cost: impl Fn(&str) -> Duration,
    ) -> Vec<&'static str> {
        let (mut batch, mut names) = (Batch::default(), Vec::new());
        while batch.jobs() < most
            && let Some((tenant, name)) = queue.next(&mut batch)
        {
            names.push(name);
            queue.charge(&mut batch, tenant, cost(name));
        }
        queue.tidy();
        names
    }

    fn fill(queue: &mut Queue<&'static str>, tenant: Key, name: &'static str, count: usize) {
        for _ in 0..count {
            queue.push(tenant, name).unwrap();
        }
    }

    #[test]
    fn a_tenant_by_itself_fills_whole_batches() {
        let mut queue = Queue::new(LIMITS);
        fill(&mut queue, A, "a", 600);
        let cost = |_: &str| MILLISECOND / 10;
        let sizes: Vec<usize> = (0..4).map(|_| batch(&mut queue, 256, cost).len()).collect();
        assert_eq!(sizes, [256, 256, 88, 0]);
    }

    #[test]
    fn a_neighbour_waits_for_one_costly_job_at_most() {
        let mut queue = Queue::new(LIMITS);
        fill(&mut queue, A, "a", 100);
        let cost = |name: &str| if name == "a" { 185 * MILLISECOND } else { MILLISECOND };
        assert_eq!(batch(&mut queue, 256, cost), ["a"]);
        for _ in 0..5 {
            fill(&mut queue, B, "b", 2);
            assert_eq!(batch(&mut queue, 256, cost), ["b", "b"], "without a costly job beside them");
            assert_eq!(batch(&mut queue, 256, cost), ["a"]);
        }
    }

    #[test]
    fn time_is_what_is_shared_and_not_jobs() {
        let mut queue = Queue::new(LIMITS);
        fill(&mut queue, A, "a", 1_000);
        fill(&mut queue, B, "b", 1_000);
        let cost = |name: &str| if name == "a" { 4 * MILLISECOND } else { MILLISECOND / 10 };
        let served: Vec<&str> = (0..8).flat_map(|_| batch(&mut queue, 256, cost)).collect();
        let of = |name: &str| served.iter().filter(|served| **served == name).count();
        assert!(of("b") >= 35 * of("a"), "{} and {}", of("a"), of("b"));
    }

    #[test]
    fn nobody_saves_time_up() {
        let mut queue = Queue::new(LIMITS);
        let cost = |_: &str| MILLISECOND;
        for _ in 0..100 {
            fill(&mut queue, A, "a", 1);
            batch(&mut queue, 256, cost);
        }
        fill(&mut queue, A, "a", 4);
        fill(&mut queue, B, "b", 4);
        let served = batch(&mut queue, 256, cost);
        let first_a = served.iter().position(|name| *name == "a").unwrap();
        assert!(first_a <= 2, "{served:?}");
    }

    #[test]
    fn a_tenant_that_fills_its_share_takes_no_place_of_others() {
        let mut queue = Queue::new(Limits { tenant: 4, all: 8 });
        fill(&mut queue, A, "a", 4);
        assert_eq!(queue.push(A, "a"), Err("a"));
        fill(&mut queue, B, "b", 4);
        assert_eq!(queue.len(), 8);
        // All places are taken, and a third tenant has none of them yet.
        let third = Some(TenantId(3));
        assert_eq!(queue.push(third, "c"), Ok(()));
        assert_eq!(queue.push(third, "c"), Ok(()));
        assert_eq!(queue.push(third, "c"), Err("c"));
        batch(&mut queue, 1, |_| MILLISECOND);
        assert_eq!(queue.push(A, "a"), Err("a"), "more than an equal share while all places are taken");
    }

    #[test]
    fn what_is_forgotten_is_only_what_does_not_matter() {
        let mut queue = Queue::new(LIMITS);
        fill(&mut queue, A, "a", 1);
        batch(&mut queue, 256, |_| MILLISECOND);
        assert!(queue.lines.contains_key(&A), "it has had more than others");
        for _ in 0..3 {
            fill(&mut queue, B, "b", 1);
            batch(&mut queue, 256, |_| MILLISECOND);
        }
        assert!(!queue.lines.contains_key(&A));
    }
}
