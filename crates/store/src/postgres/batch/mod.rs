//! One batch: reads its people in one round trip, decides in memory, writes and commits in another.
//!
//! Where only people are changed whom nobody else is likely to change at the same time, nobody is locked: the statement
//! that writes them fails when one of them is no longer as they were read. Whatever is more than that (keys, delegators,
//! people who come or go, a race lost before) is locked as it is read, in one order for everybody: the counter of people,
//! people by their numbers, keys, organizations, the counter of events. So nobody waits in a circle.

mod admins;
mod claims;
mod deciding;
mod delegators;
mod read_set;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use directory::ids::{OrganizationId, TenantId};
use directory::{Attribute, Property, Refusal};
use tokio::time::timeout;
use tokio_postgres::Statement;

use super::Shared;
use super::error::{Error, Result};
use super::load::Loaded;
use super::plan::{Place, Plan, Reply, Write};
use super::pool::Session;
use super::reference_data::ReferenceData;
use super::rows::{ActorRow, Begin, Rows};
use super::writer::{Job, Work};
use deciding::Deciding;
use read_set::{ReadRows, ReadSet};

/// How long the people of a batch may take to be read and locked, and how long a commit may take. The server gives up
/// before that, unless it waits for a standby to confirm, or does nothing at all.
const TIMEOUT: Duration = Duration::from_secs(15);

/// How long the jobs of a batch may be decided: more than all of them take but for costly ones, of which a batch has one.
const BUDGET: Duration = Duration::from_millis(20);

/// What becomes of a job once its batch is committed.
pub(super) enum Verdict {
    Reply(Reply),
    /// To be done again, in another batch.
    Again,
    /// To be done again, since the batch had taken long enough before it.
    Cut,
    /// To be done again, reading who it is about.
    Unsure,
    /// To be done again, with everything it touches locked.
    Locked,
}

/// Runs the jobs as one transaction, with whoever they are about locked or not. Nothing was done unless it says so.
pub(super) async fn run(
    shared: &Shared,
    tenant: TenantId,
    jobs: &mut [Job],
    is_locked: bool,
) -> Result<Vec<Verdict>> {
    let session = shared.writers.borrow().await?;
    session.set_busy(true);
    let batch = Batch { shared, session: &session, tenant, is_locked };
    let verdicts = batch.run(jobs).await;
    let is_clean = match &verdicts {
        Ok(_) => true,
        // A connection that does not even do this is not used again, and the server undoes what was begun.
        Err(Error::Database(_) | Error::Row(_)) => session.client().batch_execute("ROLLBACK").await.is_ok(),
        Err(_) => false,
    };
    session.set_busy(!is_clean);
    verdicts
}

struct Batch<'b> {
    shared: &'b Shared,
    session: &'b Session,
    tenant: TenantId,
    is_locked: bool,
}

impl Batch<'_> {
    async fn run(&self, jobs: &mut [Job]) -> Result<Vec<Verdict>> {
        let organizations: Vec<_> = jobs.iter().map(|job| organization_of(&job.work)).collect();
        let known = self.known_reference_data(&organizations).await?;
        let cached = self.cached(jobs, known.as_deref());
        let read_set = ReadSet::of(jobs, known.as_deref(), &cached);
        let mut seen = timeout(TIMEOUT, self.first_look(&read_set)).await.map_err(|_| Error::NoAnswer)??;
        let Some(reference_data) = seen.reference_data.take().or(known) else {
            // There is no such tenant.
            self.roll_back().await?;
            return Ok(jobs.iter().map(|job| Verdict::Reply(nobody(&job.work))).collect());
        };
        self.keep(jobs, &seen);
        let is_cached: HashSet<usize> = cached.keys().copied().collect();
        seen.loaded.extend(cached);
        let leaving = self.leaving(&read_set, &seen).await?;
        let returning = self.returning(&seen).await?;
        let mut deciding = Deciding {
            place: Place { tenant: self.tenant, reference_data: &reference_data },
            is_locked: self.is_locked,
            leaving,
            returning,
            touched: HashSet::new(),
            actors: HashMap::new(),
            last_person: seen.last_person,
            rows: Rows::default(),
        };
        // By their numbers, because they are written in the order in which they were decided.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|index| seen.loaded.get(index).map(|loaded| loaded.person.number));
        let mut plans: Vec<Plan> = jobs.iter().map(|_| Plan::Cut).collect();
        let begun = Instant::now();
        for index in order {
            // The rest is done in the tenant's next batches, and the threads are free for others between them.
            if begun.elapsed() >= BUDGET {
                break;
            }
            let loaded = seen.loaded.remove(&index);
            let written = deciding.rows.len();
            let plan = deciding.plan(index, &mut jobs[index].work, loaded)?;
            plans[index] = match plan {
                // Without a write there is nothing to find out whether what was kept is still true.
                Plan::Applied(_) if is_cached.contains(&index) && deciding.rows.len() == written => {
                    Plan::Unsure
                }
                plan => plan,
            };
        }
        let Deciding { mut rows, actors, .. } = deciding;
        for ((number, organization), actor) in actors {
            rows.actors.push(ActorRow {
                number,
                organization,
                status: actor.status.as_str(),
                kare_scope: actor.membership.kare.scope.as_str(),
                updated_at: actor.membership.updated_at,
            });
        }
        if self.is_locked {
            self.find_delegators(&mut plans, &rows).await?;
            self.claim(&mut plans, &mut rows).await?;
            self.check_admins(&mut plans).await?;
        }
        let verdicts = verdicts(plans, &mut rows);
        if rows.len() == 0 {
            self.roll_back().await?;
        } else {
            let is_certain = self.is_locked || is_cached.is_empty() && !rows.is_of_entities;
            rows.reference_data = (!is_certain).then_some(reference_data.version());
            let begin = if self.is_locked { Begin::HasBegun } else { Begin::Now };
            let committing = rows.commit(self.session, self.tenant, begin);
            timeout(TIMEOUT, committing).await.map_err(|_| Error::InDoubt(None))??;
        }
        for (job, verdict) in jobs.iter().zip(&verdicts) {
            if let (Work::Change { change, .. }, Verdict::Reply(Reply::Changed(Ok(record)))) =
                (&job.work, verdict)
            {
                self.shared.cache.keep_written(self.tenant, change.organization, record);
            }
        }
        Ok(verdicts)
    }

    fn keep(&self, jobs: &[Job], seen: &ReadRows) {
        let (cache, tenant) = (&self.shared.cache, self.tenant);
        for (job, loaded) in &seen.loaded {
            let Work::Change { change, .. } = &jobs[*job].work else { continue };
            cache.keep(tenant, change.organization, &loaded.person, &loaded.membership);
            if let (Some(id), Some(actor)) = (change.include.actor, &loaded.actor) {
                cache.keep_actor(tenant, change.organization, id, actor);
            }
        }
    }

    /// The people of those jobs that can be decided by what was kept.
    fn cached(&self, jobs: &[Job], reference_data: Option<&ReferenceData>) -> HashMap<usize, Loaded> {
        let Some(reference_data) = reference_data.filter(|_| !self.is_locked) else { return HashMap::new() };
        let (cache, tenant) = (&self.shared.cache, self.tenant);
        if !cache.is_trusted(tenant) {
            return HashMap::new();
        }
        let cached = jobs.iter().enumerate().filter_map(|(index, job)| {
            let Work::Change { change, afresh: false, delegations: false, .. } = &job.work else {
                return None;
            };
            // What stands in others' rows is kept by nobody.
            if change.include.delegations {
                return None;
            }
            let kept = cache.person(tenant, change.organization, &change.key)?;
            let actor = match change.include.actor {
                Some(actor) => Some(cache.actor(tenant, change.organization, actor)?),
                None => None,
            };
            Some((index, Loaded::cached(&kept, actor, reference_data.version())))
        });
        cached.collect()
    }

    async fn first_look(&self, read_set: &ReadSet) -> Result<ReadRows> {
        if self.is_locked { self.lock_and_read(read_set).await } else { self.read(read_set).await }
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement> {
        self.session.prepared(sql).await
    }

    /// Nothing is to be written, or what was written is not to stay.
    async fn roll_back(&self) -> Result<()> {
        if self.is_locked {
            self.session.execute("ROLLBACK", &[]).await?;
        }
        Ok(())
    }
}

/// What each job hears, and all that is to be written together.
fn verdicts(plans: Vec<Plan>, rows: &mut Rows) -> Vec<Verdict> {
    plans
        .into_iter()
        .map(|plan| match plan {
            Plan::Locked => Verdict::Locked,
            Plan::Unsure => Verdict::Unsure,
            Plan::Again => Verdict::Again,
            Plan::Cut => Verdict::Cut,
            Plan::Applied(reply) => Verdict::Reply(reply),
            Plan::Write(mut write) => match write.refusal() {
                Some(refusal) => Verdict::Reply(refusal),
                None => {
                    rows.append(write.rows);
                    Verdict::Reply(write.reply)
                }
            },
        })
        .collect()
}

fn writes(plans: &[Plan]) -> impl Iterator<Item = &Write> {
    plans.iter().filter_map(|plan| match plan {
        Plan::Write(write) => Some(&**write),
        Plan::Locked | Plan::Unsure | Plan::Again | Plan::Cut | Plan::Applied(_) => None,
    })
}

fn organization_of(work: &Work) -> OrganizationId {
    match work {
        Work::Change { change, .. } => change.organization,
        Work::Add { organization, .. } | Work::Remove { organization, .. } => *organization,
    }
}

/// Where there is no such organization, nobody is in it.
fn nobody(work: &Work) -> Reply {
    match work {
        Work::Change { .. } => Reply::Changed(Err(Refusal::NoSuchPerson.into())),
        Work::Remove { .. } => Reply::Removed(Err(Refusal::NoSuchPerson)),
        Work::Add { organization, .. } => {
            let refusal = Refusal::Unknown {
                attribute: Attribute::Of(Property::Organization),
                value: organization.to_string(),
            };
            Reply::Added(Err((0, refusal)))
        }
    }
}

/// For the test of their plans.
#[cfg(test)]
pub(super) fn statements() -> Vec<&'static str> {
    vec![
        admins::ADMINISTERED,
        admins::LOCK_ORGANIZATIONS,
        admins::WITH_OTHERS,
        claims::CLAIM,
        claims::HOLDERS,
        delegators::LOCK_MEMBERS,
        delegators::MEMBERS,
        read_set::ELSEWHERE,
        read_set::LEAVERS,
        read_set::MANAGERS,
        read_set::LOCK_LAST_PERSON,
    ]
}
