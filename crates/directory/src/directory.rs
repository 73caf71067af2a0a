//! The way in: who is asking, and what they may reach.

mod children;
mod customers;
mod groups;
mod import;
mod invitations;
mod operator;
mod register;
mod sign_in;
mod teams;

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use quick_cache::sync::Cache;

use crate::apply;
use crate::caller::{Caller, Channel};
use crate::change::Change;
use crate::command::Command;
use crate::credential::{self, Credential, CredentialUse, Scopes, Secret, Session};
use crate::custom_field::CustomField;
use crate::entity::{Entity, EntityKey};
use crate::entity_field::{CustomFieldField, DepartmentField, EntityQuery, GroupField, TemplateField};
use crate::guesses::{Guesses, TooManyFailures};
use crate::ids::{CredentialId, InvitationId, MessageId, OrganizationId, PersonId, SessionId};
use crate::limits;
use crate::message::{Content, Message, MessageQuery, MessageState};
use crate::organization::{Department, Group, Organization};
use crate::person_change::PersonChange;
use crate::person_field::PersonField;
use crate::ports::{self, Clock, Entropy, Passwords, Signer};
use crate::query::{Page, Query};
use crate::record::{Include, Record};
use crate::refusal::Refusal;
use crate::request::RequestContext;
use crate::store::{
    AuditContext, ChangeError, ChangePerson, NewMember, NewPerson, PersonKey, ReferenceData, Store,
    Unavailable,
};
use crate::template::Template;
use crate::throttle::{Limited, RateLimits, Throttle, Throttled};

pub use customers::NewClient;
pub use invitations::{Invited, Invitee, TeamInvitee};
pub use operator::{NewCredential, Operator};
pub use sign_in::SignInRefusal;

/// The directory over one store.
pub struct Directory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    signer: Arc<dyn Signer>,
    passwords: Arc<dyn Passwords>,
    /// With the monotonic time at which each was read; so are the sessions.
    credentials: Cache<String, (Duration, Arc<Credential>)>,
    sessions: Cache<SessionId, (Duration, Arc<Session>)>,
    guesses: Guesses,
    throttle: Throttle,
    rate_limits: RateLimits,
    used: Mutex<HashMap<CredentialId, CredentialUse>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

/// Why a caller was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessError {
    /// Missing, malformed, unknown, expired or revoked: nobody is told which.
    Unauthenticated,
    Throttled(Throttled),
    /// A secret was wrong, and many before it.
    TooManyFailures(TooManyFailures),
    Unavailable,
}

impl From<Unavailable> for AccessError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl Directory {
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        signer: Arc<dyn Signer>,
        passwords: Arc<dyn Passwords>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            signer,
            passwords,
            credentials: Cache::new(limits::CREDENTIALS_CACHED),
            sessions: Cache::new(limits::CREDENTIALS_CACHED),
            guesses: Guesses::default(),
            throttle: Throttle::default(),
            rate_limits: RateLimits::default(),
            used: Mutex::default(),
        }
    }

    /// With these limits for credentials that have none of their own, and for people who sign in.
    pub fn with_rate_limits(self, rate_limits: RateLimits) -> Self {
        Self { rate_limits, ..self }
    }

    pub fn rate_limits(&self) -> RateLimits {
        self.rate_limits
    }

    /// The only way to a tenant's people.
    pub fn scoped<'a>(&'a self, caller: &'a Caller) -> TenantScope<'a> {
        TenantScope { directory: self, caller, organization: caller.organization }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn signer(&self) -> &dyn Signer {
        self.signer.as_ref()
    }

    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }

    pub fn passwords(&self) -> &dyn Passwords {
        self.passwords.as_ref()
    }

    /// The engine itself, for what operators do across tenants.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// Lets in who presents a key, `<public id>.<secret>`.
    pub async fn caller_with_key(&self, context: &RequestContext, key: &str) -> Result<Caller, AccessError> {
        // A key without a dot is wrong as any other.
        let (public_id, secret) = key.split_once('.').unwrap_or((key, ""));
        let credential = self.client(context, public_id, secret).await?;
        let scopes = credential.scopes.clone();
        self.admit(&credential, scopes, context)
    }

    /// Lets in who presents a token that this credential was given, with what the token grants.
    pub async fn caller_with_token(
        &self,
        context: &RequestContext,
        public_id: &str,
        granted: Scopes,
    ) -> Result<Caller, AccessError> {
        let credential = self.live_credential(context, public_id).await?;
        if let Some(person) = credential.person {
            self.check_active(&credential, person).await?;
        }
        self.admit(&credential, granted, context)
    }

    /// Somebody who was disabled or left acts no more. Asked each time, so that it holds at once.
    async fn check_active(&self, credential: &Credential, person: PersonId) -> Result<(), AccessError> {
        let (tenant, organization) = (credential.tenant, credential.organization);
        let key = PersonKey::Id(person);
        match self.store.person(tenant, organization, key, Include::default()).await? {
            Some(record) if record.person.status.may_sign_in() => Ok(()),
            Some(_) | None => Err(AccessError::Unauthenticated),
        }
    }

    /// The credential of a client that shows its secret. One that is right is never refused for the guesses of others.
    pub async fn client(
        &self,
        context: &RequestContext,
        public_id: &str,
        secret: &str,
    ) -> Result<Arc<Credential>, AccessError> {
        match self.live_credential(context, &credential::public_id(public_id)).await {
            Ok(credential) if credential.accepts(secret) => {
                if credential.is_of_old_key(secret) {
                    self.note_use(credential.id, Some(self.now()));
                }
                Ok(credential)
            }
            Ok(_) | Err(AccessError::Unauthenticated) => Err(self.wrong_secret(context, public_id)),
            Err(
                denied @ (AccessError::Throttled(_)
                | AccessError::TooManyFailures(_)
                | AccessError::Unavailable),
            ) => Err(denied),
        }
    }

    /// What a wrong secret is answered with: the first few get no hint that they are counted.
    fn wrong_secret(&self, context: &RequestContext, account: &str) -> AccessError {
        match self.guesses.wrong_secret(account, context.source, self.clock.elapsed()) {
            Ok(()) => AccessError::Unauthenticated,
            Err(refused) => AccessError::TooManyFailures(refused),
        }
    }

    /// Takes what is to be noted of the use of credentials since it was last asked.
    pub fn take_used(&self) -> Vec<CredentialUse> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.drain().map(|(_, used)| used).collect()
    }

    fn note_use(&self, credential: CredentialId, old_key_at: Option<Timestamp>) {
        let at = self.now();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = used.entry(credential).or_insert(CredentialUse { credential, at, old_key_at });
        (noted.at, noted.old_key_at) = (at, old_key_at.or(noted.old_key_at));
    }

    /// 32 random bytes in hexadecimal: a secret, or half of a key.
    pub fn random_text(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn live_credential(
        &self,
        context: &RequestContext,
        public_id: &str,
    ) -> Result<Arc<Credential>, AccessError> {
        let dialect = context.dialect;
        let (now, elapsed) = (self.now(), self.clock.elapsed());
        let cached = self.credentials.get(public_id).filter(|(read, _)| is_fresh(*read, elapsed));
        let credential = match cached {
            Some((_, credential)) => credential,
            None => {
                let found = self.store.credential(dialect, public_id.to_owned()).await?;
                let credential = Arc::new(found.ok_or(AccessError::Unauthenticated)?);
                self.credentials.insert(public_id.to_owned(), (elapsed, credential.clone()));
                self.note_use(credential.id, None);
                credential
            }
        };
        if credential.dialect != dialect || !context.admits(credential.tenant) {
            return Err(AccessError::Unauthenticated);
        }
        context.named.set_credential(&credential);
        if credential.is_live(now) { Ok(credential) } else { Err(AccessError::Unauthenticated) }
    }

    fn admit(
        &self,
        credential: &Credential,
        scopes: Scopes,
        context: &RequestContext,
    ) -> Result<Caller, AccessError> {
        let limit = credential.rate_limit.or(self.rate_limits.of(credential.dialect));
        self.limit(Limited::Credential(credential.id), limit)?;
        Ok(Caller {
            tenant: credential.tenant,
            organization: credential.organization,
            via: Channel::Dialect(credential.dialect),
            credential: Some(credential.id),
            scopes,
            person: credential.person,
            session: None,
            forwarded: None,
            request: context.id.as_ref().to_owned(),
        })
    }

    fn limit(&self, who: Limited, limit: Option<NonZeroU32>) -> Result<(), AccessError> {
        let Some(limit) = limit else { return Ok(()) };
        self.throttle.admit(who, limit, self.clock.elapsed()).map_err(AccessError::Throttled)
    }
}

fn is_fresh(read: Duration, now: Duration) -> bool {
    now.saturating_sub(read) < limits::CREDENTIAL_CACHE
}

/// The directory as one caller reaches it: one tenant, one organization.
#[derive(Debug, Clone, Copy)]
pub struct TenantScope<'a> {
    directory: &'a Directory,
    caller: &'a Caller,
    organization: OrganizationId,
}

impl TenantScope<'_> {
    /// The same caller, at a direct child of the caller's organization. Any other organization, also one that does
    /// not exist, is refused alike.
    pub async fn direct_child(self, child: OrganizationId) -> Result<Self, Refusal> {
        let found = self.directory.store.organization(self.caller.tenant, child).await?;
        match found {
            Some(found) if found.parent == Some(self.caller.organization) => {
                Ok(Self { organization: child, ..self })
            }
            Some(_) | None => Err(Refusal::NotADirectChild),
        }
    }

    /// The organization that is asked about, with all its ids and its name.
    pub async fn organization_details(&self) -> Result<Organization, Refusal> {
        let found = self.directory.store.organization(self.caller.tenant, self.organization).await?;
        found.ok_or(Refusal::CallerGone)
    }

    pub async fn person(&self, key: PersonKey, include: Include) -> Result<Record, Refusal> {
        let (include, absent) = (self.with_actor(include), self.absent(&key));
        let found = self.directory.store.person(self.caller.tenant, self.organization, key, include).await?;
        found.ok_or(absent)
    }

    /// The person who holds an invitation that is still open.
    pub async fn invited(&self, invitation: InvitationId, include: Include) -> Result<Record, Refusal> {
        let record = self.person(PersonKey::Invitation(invitation), include).await?;
        match record.person.open_invitation(self.directory.now()) {
            Some(open) if open.organization == self.organization => Ok(record),
            Some(_) | None => Err(Refusal::NoSuchPerson),
        }
    }

    /// A page of those who match, as [`crate::Store::list_people`] promises.
    pub async fn list_people(
        &self,
        query: Query<PersonField>,
        include: Include,
    ) -> Result<Page<Record>, Refusal> {
        let Self { directory, caller, organization } = self;
        Ok(directory.store.list_people(caller.tenant, *organization, query, include).await?)
    }

    /// The same page as ids alone.
    pub async fn list_person_ids(&self, query: Query<PersonField>) -> Result<Page<PersonId>, Refusal> {
        let Self { directory, caller, organization } = self;
        Ok(directory.store.list_person_ids(caller.tenant, *organization, query).await?)
    }

    /// Those of them who are still members.
    pub async fn records(&self, people: Vec<PersonId>, include: Include) -> Result<Vec<Record>, Refusal> {
        Ok(self.directory.store.records(self.caller.tenant, self.organization, people, include).await?)
    }

    /// The definitions of the tenant's custom fields, by key.
    pub async fn custom_fields(&self) -> Result<Vec<CustomField>, Refusal> {
        Ok(self.directory.store.custom_fields(self.caller.tenant).await?)
    }

    /// Makes a person, and answers with the person as stored, with nothing beside them. A leaver with one of the identities
    /// that the change names is taken back instead: the ids and all that the change keeps are as they were.
    ///
    /// # Errors
    /// Those of a change. [`Refusal::Unavailable`] also when too many passwords wait to be hashed; then nothing is written.
    pub async fn add_person(
        &self,
        change: PersonChange,
        password: Option<Secret>,
    ) -> Result<Record, Refusal> {
        let mut new = self.new_person(change);
        if let Some(Secret(password)) = password {
            let hash = self.directory.first_password_hash(self.caller.tenant, &new, password).await?;
            new.change.password_hash = Change::Set(hash);
        }
        let added = self.add_people(vec![new]).await;
        added.map_err(|(_, refusal)| refusal)?.pop().ok_or(Refusal::Unavailable)
    }

    /// Adds many people at once, all of them or none, and answers with the records as they became.
    ///
    /// # Errors
    /// Those of [`Self::add_person`], with the index of the first person refused.
    pub async fn add_people(&self, people: Vec<NewPerson>) -> Result<Vec<Record>, (usize, Refusal)> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        loop {
            let (asked, audit) = (people.clone(), self.audit());
            match self.directory.store.add_people(tenant, organization, asked, audit).await {
                Err((index, taken @ Refusal::Taken { .. })) => {
                    let wanted = people.get(index).map(|new| apply::wanted_keys(&new.change));
                    if !self.free_expired(wanted.unwrap_or_default()).await {
                        return Err((index, taken));
                    }
                }
                added => return added,
            }
        }
    }

    /// Makes a person of the tenant, who is a member of another organization of it, a member of this one too. `change` says
    /// what is granted here.
    ///
    /// # Errors
    /// As [`crate::Store::add_member`] has them.
    pub async fn add_member(&self, person: PersonId, change: PersonChange) -> Result<Record, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        let member = NewMember { tenant, organization, person, change, audit: self.audit() };
        self.directory.store.add_member(member).await
    }

    /// Changes a person by a decision on the person as it is, and answers with the person as it became.
    ///
    /// The decision is pure and may run twice. What it refuses with reaches the caller of this as it is.
    pub async fn change_person<E, F>(&self, key: PersonKey, include: Include, decide: F) -> Result<Record, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Record) -> Result<PersonChange, E> + Send + 'static,
    {
        let reason: Arc<Mutex<Option<E>>> = Arc::default();
        // The engine takes the decision, which has to be there still when it is to be asked again.
        let decide = Arc::new(Mutex::new((decide, BTreeSet::new())));
        loop {
            let deciding = decide.clone();
            let change = ChangePerson {
                tenant: self.caller.tenant,
                organization: self.organization,
                key: key.clone(),
                include: self.with_actor(include),
                audit: self.audit(),
                decide: keeping(&reason, move |record: &Record| {
                    let (decide, wanted) = &mut *deciding.lock().unwrap_or_else(PoisonError::into_inner);
                    decide(record).inspect(|change| *wanted = apply::wanted_keys(change))
                }),
            };
            let stop = match self.directory.store.change_person(change).await {
                Ok(record) => return Ok(record),
                Err(stop) => stop,
            };
            if matches!(stop, ChangeError::Refused(Refusal::Taken { .. })) {
                let wanted = std::mem::take(&mut decide.lock().unwrap_or_else(PoisonError::into_inner).1);
                if self.free_expired(wanted).await {
                    continue;
                }
            }
            return Err(match stop {
                ChangeError::Refused(Refusal::NoSuchPerson) => self.absent(&key).into(),
                ChangeError::Refused(_) | ChangeError::Decided => told(stop, &reason),
            });
        }
    }

    /// The entity with this key.
    ///
    /// # Errors
    /// [`Refusal::NoSuchEntity`], [`Refusal::Unavailable`].
    pub async fn entity(&self, key: EntityKey) -> Result<Entity, Refusal> {
        let found = self.directory.store.entity(self.caller.tenant, key).await?;
        found.ok_or(Refusal::NoSuchEntity(key.kind()))
    }

    /// Every entity of the tenant, in the order in which commands list them.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn reference_data(&self) -> Result<ReferenceData, Refusal> {
        Ok(self.directory.store.reference_data(self.caller.tenant).await?)
    }

    /// A page of the departments that match, as [`crate::Store::list_entities`] promises; likewise of other kinds.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn list_departments(&self, query: Query<DepartmentField>) -> Result<Page<Department>, Refusal> {
        self.list(EntityQuery::Departments(query)).await
    }

    pub async fn list_groups(&self, query: Query<GroupField>) -> Result<Page<Group>, Refusal> {
        self.list(EntityQuery::Groups(query)).await
    }

    pub async fn list_custom_fields(
        &self,
        query: Query<CustomFieldField>,
    ) -> Result<Page<CustomField>, Refusal> {
        self.list(EntityQuery::CustomFields(query)).await
    }

    pub async fn list_templates(&self, query: Query<TemplateField>) -> Result<Page<Template>, Refusal> {
        self.list(EntityQuery::Templates(query)).await
    }

    async fn list<T: TryFrom<Entity>>(&self, query: EntityQuery) -> Result<Page<T>, Refusal> {
        let mut page = self.directory.store.list_entities(self.caller.tenant, query).await?;
        // The kind is that of the query.
        let items = std::mem::take(&mut page.items).into_iter().flat_map(T::try_from).collect();
        Ok(page.with(items))
    }

    /// Creates an entity and answers with it. Its id, object id, number and times are given to it here, whatever stands
    /// there.
    ///
    /// # Errors
    /// `Invalid`, `Unknown` and `Taken` with the attribute that is wrong; `Unavailable`.
    pub async fn create_entity(&self, entity: impl Into<Entity>) -> Result<Entity, Refusal> {
        let (now, entropy) = (self.directory.now(), self.directory.entropy());
        let (id, object_id) = (ports::uuid(now, entropy), ports::object_id(now, entropy));
        let entity = entity.into().identified(id, object_id, now);
        self.execute(Command::Create(entity)).await.map_err(|stop| match stop {
            ChangeError::Refused(refusal) => refusal,
            // Nothing decides here.
            ChangeError::Decided => Refusal::Unavailable,
        })
    }

    /// Changes an entity by a decision on the entity as it is, and answers with the entity as it became. The decision is
    /// pure and may run twice; what it refuses with reaches the caller of this as it is. An id or a time that it sets is
    /// not looked at.
    ///
    /// # Errors
    /// Those of the decision; `NoSuchEntity`; `Invalid`, `Unknown` and `Taken` with the attribute that is wrong;
    /// `Unavailable`.
    pub async fn change_entity<E, F>(&self, key: EntityKey, mut decide: F) -> Result<Entity, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Entity) -> Result<Entity, E> + Send + 'static,
    {
        let reason: Arc<Mutex<Option<E>>> = Arc::default();
        let decide = keeping(&reason, move |entity: &Entity| decide(entity));
        self.execute(Command::Change { key, decide }).await.map_err(|stop| told(stop, &reason))
    }

    /// Deletes an entity and answers with it as it was.
    ///
    /// # Errors
    /// `NoSuchEntity`; `InUse` where something refers to it that has to be changed first; `Unavailable`.
    pub async fn delete_entity(&self, key: EntityKey) -> Result<Entity, Refusal> {
        self.execute(Command::Delete(key)).await.map_err(|stop| match stop {
            ChangeError::Refused(refusal) => refusal,
            // Nothing decides here.
            ChangeError::Decided => Refusal::Unavailable,
        })
    }

    /// A message of the tenant, where there is one.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, Refusal> {
        Ok(self.directory.store.message(self.caller.tenant, id).await?)
    }

    /// A page of the tenant's messages, as [`crate::Store::messages`] promises.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub async fn messages(&self, query: MessageQuery) -> Result<Vec<Message>, Refusal> {
        Ok(self.directory.store.messages(self.caller.tenant, query).await?)
    }

    /// Puts messages to a member of the caller's organization into the outbox, all of them or none.
    ///
    /// # Errors
    /// `NoSuchPerson`; `Invalid` where a text or an address breaks a rule; `Unavailable`.
    pub async fn send(&self, person: PersonId, contents: Vec<Content>) -> Result<(), Refusal> {
        let (now, entropy) = (self.directory.now(), self.directory.entropy());
        // Those of one moment are listed in the order given.
        let mut ids: Vec<_> = contents.iter().map(|_| MessageId(ports::uuid(now, entropy))).collect();
        ids.sort_unstable();
        let message = |(id, content)| Message {
            id,
            organization: self.caller.organization,
            person,
            via: self.caller.via,
            content,
            state: MessageState::default(),
            tries: 0,
            created_at: now,
        };
        let commands = ids.into_iter().zip(contents).map(message).map(Command::Send).collect();
        let executed = self.directory.store.execute(self.caller.tenant, commands, self.audit()).await;
        executed.map(drop).map_err(|(_, stop)| match stop {
            ChangeError::Refused(refusal) => refusal,
            // Nothing decides here.
            ChangeError::Decided => Refusal::Unavailable,
        })
    }

    async fn execute(&self, command: Command) -> Result<Entity, ChangeError> {
        let executed = self.directory.store.execute(self.caller.tenant, vec![command], self.audit()).await;
        let mut entities = executed.map_err(|(_, stop)| stop)?;
        entities.pop().ok_or(ChangeError::Refused(Refusal::Unavailable))
    }

    /// Ends the person's membership here, and answers with the record as it was.
    pub async fn remove_person(&self, key: PersonKey, include: Include) -> Result<Record, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        self.directory.store.remove_person(tenant, organization, key, include, self.audit()).await
    }

    /// Why nobody is there: who asks for themselves and is no member any more was let in on a session that has
    /// ended since.
    fn absent(&self, key: &PersonKey) -> Refusal {
        match (key, self.caller.person) {
            (PersonKey::Id(id), Some(me)) if *id == me => Refusal::CallerGone,
            _ => Refusal::NoSuchPerson,
        }
    }

    fn audit(&self) -> AuditContext {
        AuditContext { caller: self.caller.clone(), now: self.directory.now() }
    }

    fn with_actor(&self, include: Include) -> Include {
        Include { actor: self.caller.person, ..include }
    }
}

type Deciding<T, U> = Box<dyn FnMut(&T) -> Result<U, ChangeError> + Send>;

/// A decision whose error is kept aside, because a store knows nothing of the errors of its callers.
fn keeping<T, U, E: Send + 'static>(
    reason: &Arc<Mutex<Option<E>>>,
    mut decide: impl FnMut(&T) -> Result<U, E> + Send + 'static,
) -> Deciding<T, U> {
    let kept = reason.clone();
    Box::new(move |subject| {
        decide(subject).map_err(|error| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            ChangeError::Decided
        })
    })
}

/// What stopped a change, in the words of whoever decided.
fn told<E: From<Refusal>>(stop: ChangeError, reason: &Mutex<Option<E>>) -> E {
    match stop {
        ChangeError::Refused(refusal) => refusal.into(),
        ChangeError::Decided => {
            let reason = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
            reason.unwrap_or_else(|| Refusal::Unavailable.into())
        }
    }
}
