//! What was read or written lately, kept so that the next request for it needs no query.
//!
//! What is kept is used only while the file says that nobody else has written since. SQLite counts every commit in the
//! header of its WAL index (the `-shm` file; "WAL-mode File Format", section 2.1, field `iChange`), beside the number
//! of frames in the log (`mxFrame`), which tells two logs of the same count apart. The writer knows both after each of
//! its own commits; whatever else the header holds, another process was there, and everything kept is dropped. The look
//! at the header costs one small `pread` for each read, and a read that finds something else goes to the tables.

use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use directory::ids::{ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::store::PersonKey;
use directory::{Include, Person, Record, Related};
use quick_cache::sync::Cache;

use super::error::Result;
use super::load::OrganizationNumber;
use super::open_files::Index;
use super::row::{pk_of, tenant_of};

/// Organizations whose numbers are kept.
const ORGANIZATIONS: usize = 4_096;

/// No state of the log: that many frames there cannot be.
const UNKNOWN: u64 = u64::MAX;

/// Where the count of commits stands in the header, and how far behind it the number of frames.
const COMMITS: u64 = 8;
const FRAMES: usize = 8;

pub(super) struct PersonCache {
    index: Option<Index>,
    /// The state of the log after the last commit of our own, as long as nobody else was seen to write.
    current: AtomicU64,
    /// The writer is at work: the count is about to be one more, and that is no other's doing.
    is_writing: AtomicBool,
    people: Cache<i64, Arc<Entry>>,
    /// Ids never change hands, so that what is kept here is never wrong.
    ids: Cache<(TenantId, PersonId), i64>,
    object_ids: Cache<(TenantId, ObjectId), i64>,
    organizations: Cache<(TenantId, OrganizationId), OrganizationNumber>,
    /// Counts the changes of what is shown beside people.
    shared: Shared,
    /// Readers add what they read, unless the writer has moved on; the writer adds what it wrote.
    filling: RwLock<()>,
}

/// Counts by which something kept beside a person is known to be out of date.
#[derive(Default)]
struct Shared {
    reference_data: AtomicU64,
    edges: AtomicU64,
    names: AtomicU64,
}

/// The counts when something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    reference_data: u64,
    edges: u64,
    names: u64,
}

struct Entry {
    person: Arc<Person>,
    places: Vec<Place>,
}

/// The person in one organization.
#[derive(Clone)]
struct Place {
    organization: OrganizationId,
    membership: Arc<Membership>,
    views: Vec<View>,
}

/// What stands beside the person for those needs.
#[derive(Clone)]
struct View {
    include: Include,
    seen: Seen,
    related: Arc<Related>,
}

/// What a job did, to be known once it is committed.
pub(super) enum Edit {
    Changed {
        tenant: TenantId,
        pk: i64,
        organization: OrganizationId,
        include: Include,
        record: Record,
        /// Whether what stands beside the person may be different, whatever the needs.
        is_related_touched: bool,
        /// Whether others show something of this person that is different.
        is_name_touched: bool,
        are_edges_touched: bool,
    },
    Forgotten(i64),
    /// An organization was added, renamed or deleted.
    ReferenceData,
    /// Entities of a tenant were created, changed or deleted; by a deletion also people may be in fewer departments and
    /// groups.
    Entities {
        tenant: TenantId,
        are_people_touched: bool,
    },
}

impl Edit {
    /// Whether a person may be different by it, or something shown beside them.
    pub(super) fn touches(&self, person: i64, include: Include) -> bool {
        match self {
            Self::Changed { pk, is_name_touched, are_edges_touched, .. } => {
                *pk == person || (include.delegations && (*is_name_touched || *are_edges_touched))
            }
            Self::Forgotten(pk) => *pk == person || include.delegations,
            Self::ReferenceData => include != Include::default(),
            Self::Entities { tenant, are_people_touched } => {
                tenant_of(person) == *tenant && (*are_people_touched || include != Include::default())
            }
        }
    }
}

/// What a reader knew before it read, to be shown when it gives what it read.
pub(super) struct Snapshot {
    current: u64,
    seen: Seen,
}

impl PersonCache {
    /// `capacity` people, some 3 KB each. Without an index nothing is kept.
    pub(super) fn new(index: Option<Index>, capacity: usize) -> Self {
        Self {
            index,
            current: AtomicU64::new(UNKNOWN),
            is_writing: AtomicBool::new(false),
            people: Cache::new(capacity),
            ids: Cache::new(capacity),
            object_ids: Cache::new(capacity),
            organizations: Cache::new(ORGANIZATIONS),
            shared: Shared::default(),
            filling: RwLock::default(),
        }
    }

    /// The commits there have been, by anybody, in the upper half and the frames in the log in the lower. None: it
    /// cannot be told.
    fn state(&self) -> Option<u64> {
        let mut header = [0; FRAMES + 4];
        self.index.as_ref()?.read_exact_at(&mut header, COMMITS).ok()?;
        let (commits, rest) = header.split_first_chunk()?;
        let frames = rest.last_chunk()?;
        Some(u64::from(u32::from_ne_bytes(*commits)) << 32 | u64::from(u32::from_ne_bytes(*frames)))
    }

    /// Whether what is kept may be used, or added to.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        let current = self.current.load(Ordering::Acquire);
        if self.state()? == current {
            return Some(Snapshot { current, seen: self.shared.seen() });
        }
        if !self.is_writing.load(Ordering::Acquire) {
            self.start_afresh();
        }
        None
    }

    /// The same for the writer between its begin and its end, when nobody else can write.
    pub(super) fn snapshot_of_writer(&self) -> Option<Snapshot> {
        let current = self.current.load(Ordering::Acquire);
        (current != UNKNOWN).then(|| Snapshot { current, seen: self.shared.seen() })
    }

    /// Somebody else has written: what is kept is dropped, and what is read from now on may be kept.
    fn start_afresh(&self) {
        let _filling = self.filling.write().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = self.state() else { return };
        if state != self.current.load(Ordering::Acquire) && !self.is_writing.load(Ordering::Acquire) {
            self.people.clear();
            self.organizations.clear();
            self.current.store(state, Ordering::Release);
        }
    }

    /// The number of an organization, which never changes. For the writer alone, who knows here that nobody else has
    /// deleted it.
    pub(super) fn organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        find: impl FnOnce() -> Result<Option<OrganizationNumber>>,
    ) -> Result<Option<OrganizationNumber>> {
        let key = (tenant, organization);
        if let Some(number) = self.organizations.get(&key) {
            return Ok(Some(number));
        }
        let found = find()?;
        if let Some(number) = found {
            self.organizations.insert(key, number);
        }
        Ok(found)
    }

    pub(super) fn forget_organization(&self, tenant: TenantId, organization: OrganizationId) {
        self.organizations.remove(&(tenant, organization));
    }

    /// The record, if all of it is kept. Nothing here says that there is none.
    pub(super) fn record(
        &self,
        _: &Snapshot,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
        include: Include,
    ) -> Option<Record> {
        let entry = self.people.get(&self.pk(tenant, key)?)?;
        let place = entry.place(organization)?;
        let without_actor = Include { actor: None, ..include };
        let related = match without_actor == Include::default() {
            true => Arc::default(),
            false => self.view(place, without_actor)?,
        };
        let actor = match include.actor {
            None => None,
            Some(actor) => Some(self.actor(tenant, organization, actor)?),
        };
        Some(Record { person: entry.person.clone(), membership: place.membership.clone(), related, actor })
    }

    /// Keeps what was read, unless somebody has written meanwhile.
    pub(super) fn add(
        &self,
        snapshot: &Snapshot,
        tenant: TenantId,
        pk: i64,
        organization: OrganizationId,
        include: Include,
        record: &Record,
    ) {
        let _filling = self.filling.read().unwrap_or_else(PoisonError::into_inner);
        if self.current.load(Ordering::Acquire) != snapshot.current {
            return;
        }
        self.keep(snapshot.seen, tenant, pk, organization, include, record, true);
    }

    /// The person who asks, as a member here who may sign in.
    fn actor(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        actor: PersonId,
    ) -> Option<Arc<Membership>> {
        let entry = self.people.get(&self.ids.get(&(tenant, actor))?)?;
        let place = entry.place(organization)?;
        entry.person.status.may_sign_in().then(|| place.membership.clone())
    }

    /// Where a person is, by a key that never changes hands.
    pub(super) fn pk(&self, tenant: TenantId, key: &PersonKey) -> Option<i64> {
        match key {
            PersonKey::Id(id) => self.ids.get(&(tenant, *id)),
            PersonKey::ObjectId(id) => self.object_ids.get(&(tenant, *id)),
            PersonKey::Number(number) => pk_of(tenant, *number),
            PersonKey::Invitation(_)
            | PersonKey::Email(_)
            | PersonKey::Identity(..)
            | PersonKey::UserName(_) => None,
        }
    }

    fn view(&self, place: &Place, include: Include) -> Option<Arc<Related>> {
        let view = place.views.iter().find(|view| view.include == include)?;
        let now = self.shared.seen();
        let has_edges = !view.related.delegators.is_empty() || !view.related.delegates.is_empty();
        let fits = view.seen.reference_data == now.reference_data
            && (!include.delegations || view.seen.edges == now.edges)
            && (!has_edges || view.seen.names == now.names);
        fits.then(|| view.related.clone())
    }

    /// Called by the writer with the write lock of the file in its hands: drops everything if another was there.
    pub(super) fn begin(&self) -> Batch<'_> {
        self.is_writing.store(true, Ordering::Release);
        let before = self.state();
        if before != Some(self.current.load(Ordering::Acquire)) {
            let _filling = self.filling.write().unwrap_or_else(PoisonError::into_inner);
            self.drop_everything();
        }
        Batch { cache: self, before }
    }

    /// Makes known what was committed.
    fn publish(&self, before: Option<u64>, edits: Vec<Edit>) {
        let _filling = self.filling.write().unwrap_or_else(PoisonError::into_inner);
        let (Some(before), Some(after)) = (before, self.state()) else { return };
        // A commit that wrote nothing is not counted. One more than our own is another's.
        let commits = |state: u64| (state >> 32) as u32;
        if after != before && commits(after) != commits(before).wrapping_add(1) {
            self.drop_everything();
            return;
        }
        // In their order: what stood beside a person when one job was done may be different by the next.
        for edit in edits {
            self.shared.note(&edit);
            match edit {
                Edit::Changed { tenant, pk, organization, include, record, is_related_touched, .. } => {
                    let seen = self.shared.seen();
                    self.keep(seen, tenant, pk, organization, include, &record, !is_related_touched);
                }
                Edit::Forgotten(pk) => {
                    self.people.remove(&pk);
                }
                Edit::ReferenceData => {}
                Edit::Entities { tenant, are_people_touched: true } => {
                    self.people.retain(|pk, _| tenant_of(*pk) != tenant);
                }
                Edit::Entities { are_people_touched: false, .. } => {}
            }
        }
        self.current.store(after, Ordering::Release);
    }

    fn drop_everything(&self) {
        self.current.store(UNKNOWN, Ordering::Release);
        self.people.clear();
        self.organizations.clear();
    }

    #[expect(clippy::too_many_arguments, reason = "each is a part of one fact, and there are two callers")]
    fn keep(
        &self,
        seen: Seen,
        tenant: TenantId,
        pk: i64,
        organization: OrganizationId,
        include: Include,
        record: &Record,
        are_views_good: bool,
    ) {
        let before = self.people.get(&pk);
        let mut places: Vec<Place> = before.as_ref().map(|entry| entry.places.clone()).unwrap_or_default();
        let include = Include { actor: None, ..include };
        let at = places.iter().position(|place| place.organization == organization);
        let mut views = match at {
            Some(at) => places.swap_remove(at).views,
            None => Vec::new(),
        };
        if !are_views_good {
            views.clear();
            places.iter_mut().for_each(|place| place.views.clear());
        }
        views.retain(|view| view.include != include);
        if include != Include::default() {
            views.push(View { include, seen, related: record.related.clone() });
        }
        places.push(Place { organization, membership: record.membership.clone(), views });
        let person = record.person.clone();
        self.ids.insert((tenant, person.id), pk);
        self.object_ids.insert((tenant, person.object_id), pk);
        self.people.insert(pk, Arc::new(Entry { person, places }));
    }
}

/// A batch of the writer's, from its begin to its end.
pub(super) struct Batch<'m> {
    cache: &'m PersonCache,
    before: Option<u64>,
}

impl Batch<'_> {
    /// To be called after the commit.
    pub(super) fn committed(self, edits: Vec<Edit>) {
        self.cache.publish(self.before, edits);
    }
}

impl Drop for Batch<'_> {
    /// Whatever became of it; what was not published is not known.
    fn drop(&mut self) {
        self.cache.is_writing.store(false, Ordering::Release);
    }
}

impl Entry {
    fn place(&self, organization: OrganizationId) -> Option<&Place> {
        self.places.iter().find(|place| place.organization == organization)
    }
}

impl Shared {
    fn seen(&self) -> Seen {
        Seen {
            reference_data: self.reference_data.load(Ordering::Acquire),
            edges: self.edges.load(Ordering::Acquire),
            names: self.names.load(Ordering::Acquire),
        }
    }

    fn note(&self, edit: &Edit) {
        let count = |is_touched: bool, counter: &AtomicU64| {
            if is_touched {
                counter.fetch_add(1, Ordering::AcqRel);
            }
        };
        match edit {
            Edit::Changed { is_name_touched, are_edges_touched, .. } => {
                count(*is_name_touched, &self.names);
                count(*are_edges_touched, &self.edges);
            }
            Edit::Forgotten(_) => count(true, &self.edges),
            Edit::ReferenceData | Edit::Entities { .. } => count(true, &self.reference_data),
        }
    }
}
