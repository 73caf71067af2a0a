//! One batch: reads its people in one round trip, decides in memory, writes and commits in another.
//!
//! Where only people are changed whom nobody else is likely to change at the same time, nobody is locked: the statement
//! that writes them fails when one of them is no longer as they were read. Whatever is more than that (keys, delegators,
//! people who come or go, a race lost before) is locked as it is read, in one order for everybody: the counter of people,
//! people by their numbers, keys, the counter of events. So nobody waits in a circle.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use directory::delegation::Counterpart;
use directory::ids::{ObjectId, OrganizationId, TenantId};
use directory::settle::Key;
use directory::{Needs, Person, Refusal};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::Shared;
use super::failure::{Result, Stopped};
use super::load::{self, Loaded, OrganizationNumber, Wanted};
use super::plan::{Adding, Found, Members, Place, Plan, Reply, Sight, Write, identities};
use super::pool::{Session, in_order};
use super::row::{Columns, key};
use super::rows::{Author, Begin, Rows};
use super::vocabulary::{self, Vocabulary};
use super::writer::{Job, Work};
use crate::form::document::Profile;

/// What becomes of a job once its batch is committed.
pub(super) enum Verdict {
    Reply(Reply),
    /// To be done again, in another batch.
    Again,
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
    if verdicts.is_err() && !session.client().is_closed() {
        // What it says does not matter: a connection that could not even do this is not used again.
        let undone = session.client().batch_execute("ROLLBACK").await;
        session.set_busy(undone.is_err());
    } else {
        session.set_busy(false);
    }
    verdicts
}

struct Batch<'b> {
    shared: &'b Shared,
    session: &'b Session,
    tenant: TenantId,
    is_locked: bool,
}

/// What the first round trip brings.
#[derive(Default)]
struct Seen {
    /// By job.
    loaded: HashMap<usize, Loaded>,
    vocabulary: Option<Arc<Vocabulary>>,
    last_person: u64,
    /// Those who left with an identity of somebody to be added, by the job and the place in it.
    leavers: Vec<((usize, usize), i64)>,
}

impl Batch<'_> {
    async fn run(&self, jobs: &mut [Job]) -> Result<Vec<Verdict>> {
        let organizations: Vec<_> = jobs.iter().map(|job| organization_of(&job.work)).collect();
        let known = self.known_vocabulary(&organizations).await?;
        let asked = Asked::of(jobs, known.as_deref());
        let mut seen =
            if self.is_locked { self.lock_and_see(&asked).await? } else { self.see(&asked).await? };
        let Some(vocabulary) = seen.vocabulary.take().or(known) else {
            // There is no such tenant.
            self.roll_back().await?;
            return Ok(jobs.iter().map(|job| Verdict::Reply(nobody(&job.work))).collect());
        };
        let elsewhere = self.members_elsewhere(&asked, &seen).await?;
        let returning = self.returning(&seen).await?;
        let mut deciding = Deciding {
            place: Place { tenant: self.tenant, vocabulary: &vocabulary },
            is_locked: self.is_locked,
            elsewhere,
            returning,
            touched: HashSet::new(),
            last_person: seen.last_person,
            rows: Rows::default(),
        };
        // By their numbers, because they are written in the order in which they were decided.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|index| seen.loaded.get(index).map(|loaded| loaded.person.number));
        let mut plans: Vec<Plan> = jobs.iter().map(|_| Plan::Again).collect();
        for index in order {
            let loaded = seen.loaded.remove(&index);
            plans[index] = deciding.plan(index, &mut jobs[index].work, loaded)?;
        }
        let Deciding { last_person, mut rows, .. } = deciding;
        if self.is_locked {
            self.find_delegators(&mut plans, &rows).await?;
            self.claim(&mut plans, &mut rows).await?;
        }
        let verdicts = verdicts(plans, &mut rows);
        if rows.is_empty() {
            self.roll_back().await?;
        } else {
            rows.last_person =
                (last_person > seen.last_person && rows.has_new_people()).then_some(last_person);
            let begin = if self.is_locked { Begin::HasBegun } else { Begin::Now };
            rows.commit(self.session, self.tenant, begin).await?;
        }
        Ok(verdicts)
    }

    /// Nothing is to be written, or what was written is not to stay.
    async fn roll_back(&self) -> Result<()> {
        if self.is_locked {
            self.session.execute("ROLLBACK", &[]).await?;
        }
        Ok(())
    }

    /// Reads, and lets others write meanwhile.
    async fn see(&self, asked: &Asked) -> Result<Seen> {
        let mut seen = Seen::default();
        if asked.wanted.is_empty() {
            return Ok(seen);
        }
        let loaded = asked.wanted.load(self.session, self.tenant).await?;
        if let Some(version) = loaded.iter().map(|one| one.vocabulary).max() {
            seen.vocabulary = self.shared.vocabularies.at_least(self.session, self.tenant, version).await?;
        }
        seen.loaded = loaded.into_iter().map(|one| (asked.jobs[one.place], one)).collect();
        Ok(seen)
    }

    /// Locks and reads in one round trip. What is read after the locks is as the last one who held them left it.
    async fn lock_and_see(&self, asked: &Asked) -> Result<Seen> {
        let tenant = key(self.tenant);
        let (begin, version) = (self.prepared("BEGIN").await?, self.prepared(vocabulary::VERSION).await?);
        let lock = self.prepared(asked.lock()).await?;
        let load = self.prepared(asked.wanted.statement()).await?;
        let count = self.prepared(LOCK_LAST_PERSON).await?;
        let leavers = self.prepared(LEAVERS).await?;

        let of_tenant: [&(dyn ToSql + Sync); 1] = [&tenant];
        let (locked, loaded) = (asked.wanted.of_lock(&tenant), asked.wanted.of_load(&tenant));
        let former: [&(dyn ToSql + Sync); 3] = [&tenant, &asked.sources, &asked.values];
        let mut sent: Vec<(&Statement, &[&(dyn ToSql + Sync)])> = vec![(&begin, &[])];
        if asked.adds {
            sent.push((&count, &of_tenant));
        }
        if !asked.wanted.is_empty() {
            sent.push((&lock, &locked));
            sent.push((&load, &loaded));
        }
        if !asked.sources.is_empty() {
            sent.push((&leavers, &former));
        }
        sent.push((&version, &of_tenant));
        let client = self.session.client();
        let answers =
            in_order(sent.iter().map(|(statement, parameters)| client.query(*statement, parameters))).await;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().transpose().map(Option::unwrap_or_default);

        next()?;
        let last_person =
            if asked.adds { next()?.first().map(|row| row.try_get::<_, i64>(0)).transpose()? } else { None };
        let mut loaded = HashMap::new();
        if !asked.wanted.is_empty() {
            let locked = next()?.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<i64>, _>>()?;
            for one in asked.wanted.all(&next()?)? {
                let job = asked.jobs[one.place];
                // A key that has just changed hands means somebody who is not locked, and is asked for again.
                if locked.contains(&one.person.number.get().cast_signed()) {
                    loaded.insert(job, one);
                }
            }
        }
        let mut leavers = Vec::new();
        if !asked.sources.is_empty() {
            for row in next()? {
                let place = row.try_get::<_, i64>(0)?.cast_unsigned() as usize - 1;
                leavers.push((asked.identities[place], row.try_get(1)?));
            }
        }
        let version = next()?.first().map(|row| row.try_get(0)).transpose()?;
        let vocabulary = match version {
            Some(version) => self.shared.vocabularies.at_least(self.session, self.tenant, version).await?,
            None => None,
        };
        Ok(Seen { loaded, vocabulary, last_person: last_person.unwrap_or_default().cast_unsigned(), leavers })
    }

    /// The vocabulary, read again if one of the organizations is not in it.
    async fn known_vocabulary(&self, organizations: &[OrganizationId]) -> Result<Option<Arc<Vocabulary>>> {
        self.shared.vocabularies.with(self.session, self.tenant, organizations.iter().copied()).await
    }

    async fn prepared(&self, sql: &'static str) -> Result<Statement> {
        self.session.prepared(sql).await
    }

    /// Which of those who leave are members of another organization too.
    async fn members_elsewhere(&self, asked: &Asked, seen: &Seen) -> Result<HashSet<i64>> {
        let (mut people, mut organizations) = (Vec::new(), Vec::new());
        for (job, organization) in &asked.removals {
            if let Some(loaded) = seen.loaded.get(job) {
                people.push(loaded.person.number.get().cast_signed());
                organizations.push(*organization);
            }
        }
        if people.is_empty() {
            return Ok(HashSet::new());
        }
        let rows = self.session.query(ELSEWHERE, &[&key(self.tenant), &people, &organizations]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// The people behind the leavers' numbers: of several that somebody to be added could be, the first.
    async fn returning(&self, seen: &Seen) -> Result<HashMap<(usize, usize), Person>> {
        let mut returning = HashMap::new();
        for (place, number) in &seen.leavers {
            if !returning.contains_key(place)
                && let Some(person) = load::anyone(self.session, self.tenant, *number).await?
            {
                returning.insert(*place, person);
            }
        }
        Ok(returning)
    }

    /// Finds the members that are named as delegators, and keeps them from leaving until this is committed.
    async fn find_delegators(&self, plans: &mut [Plan], rows: &Rows) -> Result<()> {
        let (mut organizations, mut object_ids) = (Vec::new(), Vec::new());
        for named in writes(plans).flat_map(|write| &write.delegators) {
            for delegator in &named.delegators {
                organizations.push(named.organization);
                object_ids.push(delegator.object_id.0.to_vec());
            }
        }
        if organizations.is_empty() && writes(plans).all(|write| write.delegators.is_empty()) {
            return Ok(());
        }
        let tenant = key(self.tenant);
        let parameters: [&(dyn ToSql + Sync); 3] = [&tenant, &organizations, &object_ids];
        let (lock, find) = (self.prepared(LOCK_MEMBERS).await?, self.prepared(MEMBERS).await?);
        let client = self.session.client();
        let answers = in_order([&lock, &find].map(|statement| client.query(statement, &parameters))).await;
        let mut members = Members::new();
        for rows in answers.into_iter().skip(1) {
            for row in rows? {
                let (place, found) = member(&row)?;
                members.insert(place, found);
            }
        }
        let leaving: HashSet<i64> = rows.leaving().collect();
        for plan in plans {
            let Plan::Write(write) = plan else { continue };
            let is_leaving =
                |found: Option<&Found>| found.is_some_and(|found| leaving.contains(&found.number));
            let names_one = write.delegators.iter().any(|named| {
                named.delegators.iter().any(|it| is_leaving(members.get(&(named.organization, it.object_id))))
            });
            if names_one {
                *plan = Plan::Again;
            } else {
                write.delegate(&members)?;
            }
        }
        Ok(())
    }

    /// Claims all keys that are wanted. What those won who did not get all of theirs is among the rows to be undone.
    async fn claim(&self, plans: &mut [Plan], undone: &mut Rows) -> Result<()> {
        let (mut sources, mut values, mut people) = (Vec::new(), Vec::new(), Vec::new());
        let mut claims: Vec<_> = writes(plans).flat_map(|write| &write.claims).collect();
        // In one order, so that nobody waits in a circle.
        claims.sort_by(|a, b| a.key.cmp(&b.key));
        for claim in claims {
            sources.push(claim.key.source.clone());
            values.push(claim.key.value.clone());
            people.push(claim.person);
        }
        if sources.is_empty() {
            return Ok(());
        }
        let tenant = key(self.tenant);
        let claimed = self.session.execute(CLAIM, &[&tenant, &sources, &values, &people]).await?;
        if claimed == sources.len() as u64 && writes(plans).all(|write| write.refused.is_none()) {
            return Ok(());
        }
        // Somebody else has one of the keys, perhaps another job of this batch.
        let mut holders = HashMap::new();
        for row in self.session.query(HOLDERS, &[&tenant, &sources, &values]).await? {
            let mut columns = Columns::of(&row);
            let key = Key { source: columns.get()?, value: columns.get()? };
            holders.insert(key, columns.get::<i64>()?);
        }
        let mut winners = HashSet::new();
        for plan in plans.iter_mut() {
            let Plan::Write(write) = plan else { continue };
            let lost: Vec<usize> = write
                .claims
                .iter()
                .enumerate()
                .filter(|(_, claim)| holders.get(&claim.key) != Some(&claim.person))
                .map(|(nth, _)| nth)
                .collect();
            for nth in &lost {
                write.taken(*nth);
            }
            if write.refused.is_none() {
                winners.extend(write.claims.iter().map(|claim| claim.person));
            }
        }
        let claimants: HashSet<i64> = people.into_iter().collect();
        for plan in plans.iter_mut() {
            let Plan::Write(write) = plan else { continue };
            if write.refused.is_none() {
                continue;
            }
            let won = write.claims.iter().filter(|claim| holders.get(&claim.key) == Some(&claim.person));
            undone.remove_keys(won.map(|claim| &claim.key));
            // Who lost to somebody that is refused in the end may get the key yet.
            let lost_in_vain = write.claims.iter().any(|claim| {
                holders.get(&claim.key).is_some_and(|holder| {
                    *holder != claim.person
                        && claimants.contains(holder)
                        && !winners.contains(holder)
                        && !write.claims.iter().any(|own| own.person == *holder)
                })
            });
            if lost_in_vain {
                *plan = Plan::Again;
            }
        }
        Ok(())
    }
}

/// What the first round trip asks for.
struct Asked {
    wanted: Wanted,
    /// The job of each of those wanted.
    jobs: Vec<usize>,
    adds: bool,
    /// The jobs that remove somebody, each with the organization they leave.
    removals: Vec<(usize, OrganizationNumber)>,
    sources: Vec<String>,
    values: Vec<String>,
    /// The job of each of these identities, and the place in it of whoever has it.
    identities: Vec<(usize, usize)>,
}

impl Asked {
    fn of(jobs: &[Job], vocabulary: Option<&Vocabulary>) -> Self {
        let mut asked = Self {
            wanted: Wanted::default(),
            jobs: Vec::new(),
            adds: false,
            removals: Vec::new(),
            sources: Vec::new(),
            values: Vec::new(),
            identities: Vec::new(),
        };
        for (index, job) in jobs.iter().enumerate() {
            let id = organization_of(&job.work);
            let Some(organization) = vocabulary.and_then(|known| known.organization(id)) else { continue };
            match &job.work {
                Work::Change { change, delegations, .. } => {
                    let needs =
                        Needs { delegations: change.needs.delegations || *delegations, ..change.needs };
                    asked.wanted.push((id, organization), &change.key, needs);
                    asked.jobs.push(index);
                }
                Work::Remove { key, needs, .. } => {
                    asked.removals.push((index, organization));
                    asked.wanted.push((id, organization), key, *needs);
                    asked.jobs.push(index);
                }
                Work::Add { people, .. } => {
                    asked.adds = true;
                    for (nth, new) in people.iter().enumerate() {
                        for key in identities(new) {
                            asked.sources.push(key.source);
                            asked.values.push(key.value);
                            asked.identities.push((index, nth));
                        }
                    }
                }
            }
        }
        asked
    }

    fn lock(&self) -> &'static str {
        if !self.removals.is_empty() { load::LOCK_AGAINST_REFERENCES } else { load::LOCK }
    }
}

/// Decides one job after the other.
struct Deciding<'d> {
    place: Place<'d>,
    is_locked: bool,
    elsewhere: HashSet<i64>,
    returning: HashMap<(usize, usize), Person>,
    /// Who is written to by an earlier job of the batch.
    touched: HashSet<i64>,
    last_person: u64,
    /// What is certain to be written.
    rows: Rows,
}

impl Deciding<'_> {
    fn plan(&mut self, index: usize, work: &mut Work, loaded: Option<Loaded>) -> Result<Plan> {
        let vocabulary = self.place.vocabulary;
        let organization = organization_of(work);
        if vocabulary.organization(organization).is_none() {
            return Ok(Plan::Settled(nobody(work)));
        }
        match work {
            Work::Change { change, delegations, .. } => {
                let Some(loaded) = loaded else { return Ok(Plan::Settled(nobody(work))) };
                if !self.touched.insert(loaded.person.number.get().cast_signed()) {
                    return Ok(Plan::Again);
                }
                let knows = change.needs.delegations || *delegations;
                let sight = Sight { is_locked: self.is_locked, delegations: knows };
                let record =
                    loaded.record(vocabulary, organization, Needs { delegations: knows, ..change.needs });
                let plan = self.place.change(change, record, sight, &mut self.rows)?;
                *delegations |= matches!(plan, Plan::Locked);
                Ok(plan)
            }
            Work::Remove { needs, act, .. } => {
                let Some(loaded) = loaded else { return Ok(Plan::Settled(nobody(work))) };
                let number = loaded.person.number.get().cast_signed();
                if !self.touched.insert(number) {
                    return Ok(Plan::Again);
                }
                let record = loaded.record(vocabulary, organization, *needs);
                let is_member_elsewhere = self.elsewhere.contains(&number);
                self.place.remove(organization, act, record, is_member_elsewhere, &mut self.rows)
            }
            Work::Add { people, act, .. } => {
                let mut adding = Adding {
                    place: self.place,
                    organization,
                    number: vocabulary.organization(organization).unwrap_or_default(),
                    author: Author::of(act, vocabulary)?,
                    last_person: self.last_person,
                    rows: Rows::default(),
                    claims: Vec::new(),
                    delegators: Vec::new(),
                    numbers: Vec::with_capacity(people.len()),
                };
                let mut refused = None;
                for (nth, new) in people.iter().enumerate() {
                    let known = self.returning.remove(&(index, nth));
                    // Whom an earlier one has brought back lives already: the key will be found taken.
                    let leaver =
                        known.filter(|person| self.touched.insert(person.number.get().cast_signed()));
                    match adding.add(new.clone(), leaver) {
                        Ok(()) => {}
                        Err(Stopped::Failed(failure)) => return Err(failure),
                        Err(Stopped::Refused(refusal)) => {
                            refused = Some((nth, refusal));
                            break;
                        }
                    }
                }
                self.last_person = adding.last_person;
                let Adding { rows, claims, delegators, numbers, .. } = adding;
                let reply = Reply::Added(Ok(numbers));
                Ok(Plan::Write(Box::new(Write { rows, claims, delegators, refused, reply })))
            }
        }
    }
}

/// What each job hears, and all that is to be written together.
fn verdicts(plans: Vec<Plan>, rows: &mut Rows) -> Vec<Verdict> {
    plans
        .into_iter()
        .map(|plan| match plan {
            Plan::Locked => Verdict::Locked,
            Plan::Again => Verdict::Again,
            Plan::Settled(reply) => Verdict::Reply(reply),
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
        Plan::Locked | Plan::Again | Plan::Settled(_) => None,
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
            let refusal = Refusal::Unknown { attribute: "organization", value: organization.to_string() };
            Reply::Added(Err((0, refusal)))
        }
    }
}

fn member(row: &Row) -> Result<((OrganizationNumber, ObjectId), Found)> {
    let mut columns = Columns::of(row);
    let organization = columns.get()?;
    let object_id = columns.object_id()?;
    let (number, id) = (columns.get()?, columns.person_id()?);
    let mut profile = columns.json::<Profile>()?;
    let identities = profile.identities()?;
    let counterpart = Counterpart { id, object_id, given: profile.given, family: profile.family, identities };
    Ok(((organization, object_id), Found { number, counterpart }))
}

/// Whoever else adds people in this tenant waits here for their turn.
pub(super) const LOCK_LAST_PERSON: &str =
    "SELECT last FROM counter WHERE tenant = $1 AND name = 'person' FOR UPDATE";

/// Who left with one of these keys, unless somebody living has it now.
pub(super) const LEAVERS: &str = "
    SELECT w.place, f.person
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (source, value, place)
    JOIN former_key AS f ON f.tenant = $1 AND f.source = w.source AND f.value = w.value
    WHERE NOT EXISTS (
        SELECT FROM person_key AS k WHERE k.tenant = $1 AND k.source = w.source AND k.value = w.value)
    ORDER BY w.place";

pub(super) const ELSEWHERE: &str = "
    SELECT m.person
    FROM unnest($2::bigint[], $3::bigint[]) AS w (person, organization)
    JOIN membership AS m ON m.tenant = $1 AND m.person = w.person
    WHERE m.deleted_at IS NULL AND m.organization <> w.organization";

pub(super) const LOCK_MEMBERS: &str = "
    SELECT p.number FROM person AS p
    WHERE p.tenant = $1 AND p.number = ANY (ARRAY(
        SELECT m.person
        FROM unnest($2::bigint[], $3::bytea[]) AS w (organization, object_id)
        JOIN membership AS m
            ON m.tenant = $1 AND m.organization = w.organization AND m.object_id = w.object_id
                AND m.deleted_at IS NULL))
    ORDER BY p.number
    FOR KEY SHARE";

pub(super) const MEMBERS: &str = "
    SELECT w.organization, m.object_id, p.number, p.id, p.document
    FROM unnest($2::bigint[], $3::bytea[]) AS w (organization, object_id)
    JOIN membership AS m
        ON m.tenant = $1 AND m.organization = w.organization AND m.object_id = w.object_id
            AND m.deleted_at IS NULL
    JOIN person AS p ON p.tenant = $1 AND p.number = m.person";

/// Of two who want a key, the one who comes second waits until it is known whether the first has got it.
pub(super) const CLAIM: &str = "
    INSERT INTO person_key (tenant, source, value, person)
    SELECT $1, w.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS w
    ON CONFLICT DO NOTHING";

pub(super) const HOLDERS: &str = "
    SELECT k.source, k.value, k.person
    FROM unnest($2::text[], $3::text[]) AS w (source, value)
    JOIN person_key AS k ON k.tenant = $1 AND k.source = w.source AND k.value = w.value";
