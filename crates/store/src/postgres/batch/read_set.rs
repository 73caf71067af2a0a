//! The first round trip of a batch: who is asked for, and what is found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use directory::ids::OrganizationId;
use directory::{Include, Person};
use jiff::Timestamp;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Batch, organization_of};
use crate::entities::managed_by;
use crate::postgres::error::Result;
use crate::postgres::load::{self, LoadQuery, Loaded, OrganizationNumber};
use crate::postgres::plan::{Leaving, identities};
use crate::postgres::pool::in_order;
use crate::postgres::reference_data::{self, ReferenceData};
use crate::postgres::row::key;
use crate::postgres::writer::{Job, Work};

/// What the first round trip asks for.
pub(super) struct ReadSet {
    query: LoadQuery,
    /// The job of each of those wanted.
    jobs: Vec<usize>,
    adds: bool,
    /// The jobs that remove somebody, each with the organization they leave, and when.
    removals: Vec<(usize, OrganizationNumber, Timestamp)>,
    sources: Vec<String>,
    values: Vec<String>,
    /// The job of each of these identities, and the place in it of whoever has it.
    identities: Vec<(usize, usize)>,
}

impl ReadSet {
    pub(super) fn of(
        jobs: &[Job],
        reference_data: Option<&ReferenceData>,
        known: &HashMap<usize, Loaded>,
    ) -> Self {
        let mut read_set = Self {
            query: LoadQuery::default(),
            jobs: Vec::new(),
            adds: false,
            removals: Vec::new(),
            sources: Vec::new(),
            values: Vec::new(),
            identities: Vec::new(),
        };
        for (index, job) in jobs.iter().enumerate().filter(|(index, _)| !known.contains_key(index)) {
            let id = organization_of(&job.work);
            let Some(organization) = reference_data.and_then(|known| known.organization(id)) else {
                continue;
            };
            match &job.work {
                Work::Change { change, delegations, .. } => {
                    let include =
                        Include { delegations: change.include.delegations || *delegations, ..change.include };
                    read_set.query.push((id, organization), &change.key, include);
                    read_set.jobs.push(index);
                }
                Work::Remove { key, include, audit, .. } => {
                    read_set.removals.push((index, organization, audit.now));
                    read_set.query.push((id, organization), key, *include);
                    read_set.jobs.push(index);
                }
                Work::Add { people, .. } => {
                    read_set.adds = true;
                    for (nth, new) in people.iter().enumerate() {
                        for key in identities(new) {
                            read_set.sources.push(key.source);
                            read_set.values.push(key.value);
                            read_set.identities.push((index, nth));
                        }
                    }
                }
            }
        }
        read_set
    }

    fn lock(&self) -> &'static str {
        if !self.removals.is_empty() { load::LOCK_AGAINST_REFERENCES } else { load::LOCK }
    }
}

/// What the first round trip brings.
#[derive(Default)]
pub(super) struct ReadRows {
    /// By job.
    pub(super) loaded: HashMap<usize, Loaded>,
    pub(super) reference_data: Option<Arc<ReferenceData>>,
    pub(super) last_person: u64,
    /// Those who left with an identity of somebody to be added, by the job and the place in it.
    leavers: Vec<((usize, usize), i64)>,
}

impl Batch<'_> {
    /// Reads, and lets others write meanwhile.
    pub(super) async fn read(&self, read_set: &ReadSet) -> Result<ReadRows> {
        let mut seen = ReadRows::default();
        if read_set.query.is_empty() {
            return Ok(seen);
        }
        let loaded = read_set.query.load(self.session, self.tenant).await?;
        if let Some(version) = loaded.iter().map(|one| one.reference_data).max() {
            seen.reference_data =
                self.shared.reference_data_cache.at_least(self.session, self.tenant, version).await?;
        }
        seen.loaded = loaded.into_iter().map(|one| (read_set.jobs[one.place], one)).collect();
        Ok(seen)
    }

    /// Locks and reads in one round trip. What is read after the locks is as the last one who held them left it.
    pub(super) async fn lock_and_read(&self, read_set: &ReadSet) -> Result<ReadRows> {
        let tenant = key(self.tenant);
        let (begin, version) =
            (self.prepared("BEGIN").await?, self.prepared(reference_data::HOLD_VERSION).await?);
        let lock = self.prepared(read_set.lock()).await?;
        let load = self.prepared(read_set.query.statement()).await?;
        let count = self.prepared(LOCK_LAST_PERSON).await?;
        let leavers = self.prepared(LEAVERS).await?;

        let of_tenant: [&(dyn ToSql + Sync); 1] = [&tenant];
        let (locked, loaded) = (read_set.query.of_lock(&tenant), read_set.query.of_load(&tenant));
        let former: [&(dyn ToSql + Sync); 3] = [&tenant, &read_set.sources, &read_set.values];
        let mut sent: Vec<(&Statement, &[&(dyn ToSql + Sync)])> = vec![(&begin, &[])];
        if read_set.adds {
            sent.push((&count, &of_tenant));
        }
        if !read_set.query.is_empty() {
            sent.push((&lock, &locked));
            sent.push((&load, &loaded));
        }
        if !read_set.sources.is_empty() {
            sent.push((&leavers, &former));
        }
        sent.push((&version, &of_tenant));
        let client = self.session.client();
        let answers =
            in_order(sent.iter().map(|(statement, parameters)| client.query(*statement, parameters))).await;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().transpose().map(Option::unwrap_or_default);

        next()?;
        let last_person = if read_set.adds {
            next()?.first().map(|row| row.try_get::<_, i64>(0)).transpose()?
        } else {
            None
        };
        let mut loaded = HashMap::new();
        if !read_set.query.is_empty() {
            let locked = next()?.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<i64>, _>>()?;
            for one in read_set.query.all(&next()?)? {
                let job = read_set.jobs[one.place];
                // A key that has just changed hands means somebody who is not locked, and is asked for again.
                if locked.contains(&one.person.number.get().cast_signed()) {
                    loaded.insert(job, one);
                }
            }
        }
        let mut leavers = Vec::new();
        if !read_set.sources.is_empty() {
            for row in next()? {
                let place = row.try_get::<_, i64>(0)?.cast_unsigned() as usize - 1;
                leavers.push((read_set.identities[place], row.try_get(1)?));
            }
        }
        let version = next()?.first().map(|row| row.try_get(0)).transpose()?;
        let reference_data = match version {
            Some(version) => {
                self.shared.reference_data_cache.at_least(self.session, self.tenant, version).await?
            }
            None => None,
        };
        Ok(ReadRows {
            loaded,
            reference_data,
            last_person: last_person.unwrap_or_default().cast_unsigned(),
            leavers,
        })
    }

    /// The reference data, read again if one of the organizations is not in it.
    pub(super) async fn known_reference_data(
        &self,
        organizations: &[OrganizationId],
    ) -> Result<Option<Arc<ReferenceData>>> {
        self.shared.reference_data_cache.with(self.session, self.tenant, organizations.iter().copied()).await
    }

    /// Of those who leave: whether they are members of another organization too, and the departments that they manage.
    /// That stays so, because whoever makes somebody a manager waits for the reference data.
    pub(super) async fn leaving(&self, read_set: &ReadSet, seen: &ReadRows) -> Result<HashMap<i64, Leaving>> {
        let (mut people, mut ids, mut organizations) = (Vec::new(), Vec::new(), Vec::new());
        for (job, organization, _) in &read_set.removals {
            if let Some(loaded) = seen.loaded.get(job) {
                people.push(loaded.person.number.get().cast_signed());
                ids.push(loaded.person.id.0);
                organizations.push(*organization);
            }
        }
        let mut leaving = HashMap::new();
        if people.is_empty() {
            return Ok(leaving);
        }
        let tenant = key(self.tenant);
        let [elsewhere, managers] = [self.prepared(ELSEWHERE).await?, self.prepared(MANAGERS).await?];
        let of_elsewhere: [&(dyn ToSql + Sync); 3] = [&tenant, &people, &organizations];
        let of_managers: [&(dyn ToSql + Sync); 2] = [&tenant, &ids];
        let client = self.session.client();
        let answers = [client.query(&elsewhere, &of_elsewhere), client.query(&managers, &of_managers)];
        let mut answers = in_order(answers).await.into_iter();
        let mut next = || answers.next().transpose().map(Option::unwrap_or_default);
        for row in next()? {
            let known: &mut Leaving = leaving.entry(row.try_get(0)?).or_default();
            known.is_member_elsewhere = true;
        }
        let managers = next()?.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<Uuid>, _>>()?;
        for (job, _, at) in &read_set.removals {
            let Some(person) = seen.loaded.get(job).map(|loaded| &loaded.person) else { continue };
            if managers.contains(&person.id.0) {
                let released = managed_by(self.session, self.tenant, person.id, *at).await?;
                let known: &mut Leaving = leaving.entry(person.number.get().cast_signed()).or_default();
                known.released = released.into_iter().map(|(_, event)| event).collect();
            }
        }
        Ok(leaving)
    }

    /// The people behind the leavers' numbers: of several that somebody to be added could be, the first.
    pub(super) async fn returning(&self, seen: &ReadRows) -> Result<HashMap<(usize, usize), Person>> {
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
}

/// Whoever else adds people in this tenant waits here for their turn.
pub(in crate::postgres) const LOCK_LAST_PERSON: &str =
    "SELECT last FROM counter WHERE tenant = $1 AND name = 'person' FOR UPDATE";

/// Who left with one of these keys, unless somebody living has it now.
pub(in crate::postgres) const LEAVERS: &str = "
    SELECT w.place, f.person
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS w (source, value, place)
    CROSS JOIN LATERAL (
        SELECT f.person FROM former_key AS f
        WHERE f.tenant = $1 AND f.source = w.source AND f.value = w.value OFFSET 0
    ) AS f
    LEFT JOIN LATERAL (
        SELECT k.person FROM person_key AS k
        WHERE k.tenant = $1 AND k.source = w.source AND k.value = w.value OFFSET 0
    ) AS k ON true
    WHERE k.person IS NULL
    ORDER BY w.place";

/// Who of those who leave manages departments.
pub(in crate::postgres) const MANAGERS: &str = "
    SELECT w.id
    FROM unnest($2::uuid[]) AS w (id)
    CROSS JOIN LATERAL (
        SELECT FROM department AS d WHERE d.tenant = $1 AND d.manager = w.id LIMIT 1
    ) AS d";

pub(in crate::postgres) const ELSEWHERE: &str = "
    SELECT m.person
    FROM unnest($2::bigint[], $3::bigint[]) AS w (person, organization)
    CROSS JOIN LATERAL (
        SELECT * FROM membership AS m WHERE m.tenant = $1 AND m.person = w.person OFFSET 0
    ) AS m
    WHERE m.organization <> w.organization AND m.deleted_at IS NULL";
