//! People as they were when they were last read or written here, so that their rows need not be sent again.
//!
//! What is kept may be out of date at any time, since other processes write too. Every change of a person, a membership or
//! a key counts the person's version up; so whoever reads asks the database whether the version is still the same, and is
//! sent the row only if it is not. A change is decided without asking, because the statement that writes it fails unless the
//! person is still of that version. A refusal, or a change that turns out to be none, is never answered from here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::status::Status;
use directory::store::PersonKey;
use directory::{Person, Record};
use quick_cache::sync::Cache;

/// Tenants, and people who act on others, in the cache.
const OTHERS: usize = 10_000;

/// How long the cache of a tenant is not used after it was out of date: a batch that has to be done again costs more than
/// many that read.
const COOLDOWN: Duration = Duration::from_secs(10);

pub(super) struct PersonCache {
    /// Behind a pooler nobody tells when another server has taken over, so nothing is kept there.
    is_on: bool,
    people: Cache<(TenantId, OrganizationId, Number), Arc<CacheEntry>>,
    // Ids never change hands.
    ids: Cache<(TenantId, PersonId), Number>,
    object_ids: Cache<(TenantId, ObjectId), Number>,
    actors: Cache<(TenantId, OrganizationId, PersonId), Actor>,
    cooling_down: Cache<TenantId, Instant>,
}

pub(super) struct CacheEntry {
    pub(super) person: Arc<Person>,
    pub(super) membership: Arc<Membership>,
}

/// Somebody who changes others, as a member who may sign in.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) number: i64,
    pub(super) status: Status,
    pub(super) membership: Arc<Membership>,
}

impl PersonCache {
    pub(super) fn new(is_on: bool, people: usize) -> Self {
        let people = people.max(1);
        Self {
            is_on,
            people: Cache::new(people),
            ids: Cache::new(people),
            object_ids: Cache::new(people),
            actors: Cache::new(OTHERS),
            cooling_down: Cache::new(OTHERS),
        }
    }

    /// The one key of a person by which all who ask for them can be compared, if they are in the cache.
    pub(super) fn canonical(&self, tenant: TenantId, key: &PersonKey) -> PersonKey {
        self.number(tenant, key).map_or_else(|| key.clone(), PersonKey::Number)
    }

    fn number(&self, tenant: TenantId, key: &PersonKey) -> Option<Number> {
        match key {
            PersonKey::Number(number) => Some(*number),
            PersonKey::Id(id) => self.ids.get(&(tenant, *id)),
            PersonKey::ObjectId(id) => self.object_ids.get(&(tenant, *id)),
            // These do change hands.
            PersonKey::Invitation(_)
            | PersonKey::Email(_)
            | PersonKey::UserName(_)
            | PersonKey::Identity(_, _) => None,
        }
    }

    /// Whether anything of the tenant is to be taken from the cache now.
    pub(super) fn is_trusted(&self, tenant: TenantId) -> bool {
        self.cooling_down.get(&tenant).is_none_or(|until| until <= Instant::now())
    }

    pub(super) fn person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
    ) -> Option<Arc<CacheEntry>> {
        self.people.get(&(tenant, organization, self.number(tenant, key)?))
    }

    pub(super) fn actor(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        id: PersonId,
    ) -> Option<Actor> {
        self.actors.get(&(tenant, organization, id))
    }

    /// Keeps a person as they were read.
    pub(super) fn keep(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        person: &Arc<Person>,
        membership: &Arc<Membership>,
    ) {
        let place = (tenant, organization, person.number);
        let is_kept = |kept: Arc<CacheEntry>| kept.person.version >= person.version;
        if !self.is_on || self.people.peek(&place).is_some_and(is_kept) {
            return;
        }
        let kept = CacheEntry { person: person.clone(), membership: membership.clone() };
        self.people.insert(place, Arc::new(kept));
        self.ids.insert((tenant, person.id), person.number);
        self.object_ids.insert((tenant, person.object_id), person.number);
    }

    /// Keeps a person as they were written, who is another actor now as well.
    pub(super) fn keep_written(&self, tenant: TenantId, organization: OrganizationId, record: &Record) {
        self.keep(tenant, organization, &record.person, &record.membership);
        self.actors.remove(&(tenant, organization, record.person.id));
    }

    pub(super) fn keep_actor(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        id: PersonId,
        actor: &Actor,
    ) {
        if self.is_on {
            self.actors.insert((tenant, organization, id), actor.clone());
        }
    }

    /// Numbers and versions are given out by one server: behind the same ones another may have somebody else.
    pub(super) fn forget(&self) {
        self.people.clear();
        self.ids.clear();
        self.object_ids.clear();
        self.actors.clear();
    }

    /// Something of this tenant was not as it was kept.
    pub(super) fn cool_down(&self, tenant: TenantId) {
        self.cooling_down.insert(tenant, Instant::now() + COOLDOWN);
    }
}
