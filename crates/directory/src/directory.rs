//! The way in: who is asking, and what they may reach.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use quick_cache::sync::Cache;

use crate::caller::{Caller, Dialect, Via};
use crate::credential::{Credential, KeyHash, Scopes, Secret, Session};
use crate::email::Email;
use crate::ids::{CredentialId, InvitationId, Number, OrganizationId, PersonId, SessionId};
use crate::limits;
use crate::organization::Organization;
use crate::person_change::PersonChange;
use crate::ports::{self, Clock, Entropy, Passwords, Signer};
use crate::record::{Needs, Record};
use crate::refusal::Refusal;
use crate::store::{Act, ChangePerson, PeopleQuery, PersonKey, Stop, Store, Unavailable};
use crate::throttle::{Limited, RateLimits, Throttle, Throttled};

/// How long a refresh token lasts: as long as a person may be away and come back without a password.
const REFRESH_DAYS: i64 = 30;

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
    throttle: Throttle,
    rate_limits: RateLimits,
    used: Mutex<HashMap<CredentialId, Timestamp>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").finish_non_exhaustive()
    }
}

/// Why a caller was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// Missing, malformed, unknown, expired or revoked: nobody is told which.
    Unauthenticated,
    Throttled(Throttled),
    Unavailable,
}

impl From<Unavailable> for Denied {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// Why nobody was signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInRefusal {
    /// Unknown address, wrong password, or a person who may not sign in: nobody is told which.
    BadCredentials,
    /// The person is in no organization.
    NoMembership,
    Unavailable,
}

impl From<Unavailable> for SignInRefusal {
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
            credentials: Cache::new(limits::CREDENTIALS_REMEMBERED),
            sessions: Cache::new(limits::CREDENTIALS_REMEMBERED),
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
    pub fn at<'a>(&'a self, caller: &'a Caller) -> At<'a> {
        At { directory: self, caller, organization: caller.organization }
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
    pub async fn caller_with_key(
        &self,
        dialect: Dialect,
        key: &str,
        request: &str,
    ) -> Result<Caller, Denied> {
        let (public_id, secret) = key.split_once('.').ok_or(Denied::Unauthenticated)?;
        let credential = self.live_credential(dialect, public_id).await?;
        if !credential.accepts(secret) {
            return Err(Denied::Unauthenticated);
        }
        let scopes = credential.scopes.clone();
        self.admit(&credential, scopes, request)
    }

    /// Lets in who presents a token that this credential was given, with what the token grants.
    pub async fn caller_with_token(
        &self,
        dialect: Dialect,
        public_id: &str,
        granted: Scopes,
        request: &str,
    ) -> Result<Caller, Denied> {
        let credential = self.live_credential(dialect, public_id).await?;
        self.admit(&credential, granted, request)
    }

    /// The credential of a client that asks for a token.
    pub async fn client(
        &self,
        dialect: Dialect,
        public_id: &str,
        secret: &str,
    ) -> Result<Arc<Credential>, Denied> {
        let credential = self.live_credential(dialect, public_id).await?;
        if credential.accepts(secret) { Ok(credential) } else { Err(Denied::Unauthenticated) }
    }

    /// Signs a person in with e-mail and password, into the organization with the lowest number.
    pub async fn sign_in(
        &self,
        dialect: Dialect,
        email: &str,
        password: String,
        request: &str,
    ) -> Result<(Session, Secret), SignInRefusal> {
        let folded = Email::parse(email).map(|email| email.folded());
        let candidates = match folded {
            Some(folded) => self.store.sign_in_candidates(folded).await?,
            None => Vec::new(),
        };
        let hashes = candidates.iter().map(|candidate| candidate.password_hash.clone()).collect();
        let found = self.passwords.verify(password, hashes).await;
        let candidate =
            found.and_then(|index| candidates.get(index)).filter(|candidate| candidate.may_sign_in);
        let candidate = candidate.ok_or(SignInRefusal::BadCredentials)?;
        let (organization, organization_number) =
            candidate.organization.ok_or(SignInRefusal::NoMembership)?;

        let now = self.now();
        let secret = self.random_text();
        let session = Session {
            id: SessionId(ports::uuid(now, self.entropy.as_ref())),
            tenant: candidate.tenant,
            organization,
            organization_number,
            person: candidate.person,
            person_number: candidate.person_number,
            refresh: KeyHash::new(&secret, now),
            created_at: now,
            expires_at: now + (REFRESH_DAYS * 24).hours(),
            revoked_at: None,
            is_live: true,
        };
        self.store.add_session(session.clone()).await?;
        if candidate.activated_at.is_none() {
            self.activate(dialect, &session, now, request).await?;
        }
        let refresh = Secret(format!("{}.{secret}", session.id));
        Ok((session, refresh))
    }

    /// The session that a refresh token belongs to. The token stays good: no new one is handed out.
    pub async fn refresh(&self, token: &str) -> Result<Session, Denied> {
        let (id, secret) = token.split_once('.').ok_or(Denied::Unauthenticated)?;
        let id = id.parse().map_err(|_| Denied::Unauthenticated)?;
        let session = self.store.session(id).await?.ok_or(Denied::Unauthenticated)?;
        let accepted: bool = session.refresh.is_of(secret).into();
        let alive = session.is_live && session.revoked_at.is_none() && self.now() < session.expires_at;
        if accepted && alive { Ok(session) } else { Err(Denied::Unauthenticated) }
    }

    /// Lets in the person of a session.
    pub async fn caller_with_session(
        &self,
        dialect: Dialect,
        id: SessionId,
        person: Number,
        request: &str,
    ) -> Result<Caller, Denied> {
        let now = self.clock.elapsed();
        let session = match self.sessions.get(&id).filter(|(read, _)| is_fresh(*read, now)) {
            Some((_, session)) => session,
            None => {
                let session = Arc::new(self.store.session(id).await?.ok_or(Denied::Unauthenticated)?);
                self.sessions.insert(id, (now, session.clone()));
                session
            }
        };
        if session.person_number != person || session.revoked_at.is_some() || !session.is_live {
            return Err(Denied::Unauthenticated);
        }
        // A person may have any number of sessions; all of them share one count.
        self.limit(Limited::Person(session.tenant, session.person), self.rate_limits.of(dialect))?;
        Ok(Caller {
            tenant: session.tenant,
            organization: session.organization,
            via: Via::Dialect(dialect),
            credential: None,
            scopes: Scopes::default(),
            person: Some(session.person),
            session: Some(id),
            forwarded: None,
            request: request.to_owned(),
        })
    }

    /// Takes what is to be noted of the use of credentials since it was last asked.
    pub fn take_used(&self) -> Vec<(CredentialId, Timestamp)> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    /// 32 random bytes in hexadecimal: a secret, or half of a key.
    pub fn random_text(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn live_credential(&self, dialect: Dialect, public_id: &str) -> Result<Arc<Credential>, Denied> {
        let (now, elapsed) = (self.now(), self.clock.elapsed());
        let remembered = self.credentials.get(public_id).filter(|(read, _)| is_fresh(*read, elapsed));
        let credential = match remembered {
            Some((_, credential)) => credential,
            None => {
                let found = self.store.credential(dialect, public_id.to_owned()).await?;
                let credential = Arc::new(found.ok_or(Denied::Unauthenticated)?);
                self.credentials.insert(public_id.to_owned(), (elapsed, credential.clone()));
                self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(credential.id, now);
                credential
            }
        };
        if credential.dialect == dialect && credential.is_live(now) {
            Ok(credential)
        } else {
            Err(Denied::Unauthenticated)
        }
    }

    fn admit(&self, credential: &Credential, scopes: Scopes, request: &str) -> Result<Caller, Denied> {
        let limit = credential.rate_limit.or(self.rate_limits.of(credential.dialect));
        self.limit(Limited::Credential(credential.id), limit)?;
        Ok(Caller {
            tenant: credential.tenant,
            organization: credential.organization,
            via: Via::Dialect(credential.dialect),
            credential: Some(credential.id),
            scopes,
            person: None,
            session: None,
            forwarded: None,
            request: request.to_owned(),
        })
    }

    fn limit(&self, who: Limited, limit: Option<NonZeroU32>) -> Result<(), Denied> {
        let Some(limit) = limit else { return Ok(()) };
        self.throttle.admit(who, limit, self.clock.elapsed()).map_err(Denied::Throttled)
    }

    /// Notes a first sign-in.
    async fn activate(
        &self,
        dialect: Dialect,
        session: &Session,
        now: Timestamp,
        request: &str,
    ) -> Result<(), SignInRefusal> {
        let caller = Caller {
            tenant: session.tenant,
            organization: session.organization,
            via: Via::Dialect(dialect),
            credential: None,
            scopes: Scopes::default(),
            person: Some(session.person),
            session: Some(session.id),
            forwarded: None,
            request: request.to_owned(),
        };
        let change = PersonChange { activated_at: crate::Change::Set(now), ..PersonChange::default() };
        let noted = self
            .at(&caller)
            .change_person(PersonKey::Id(session.person), Needs::default(), move |record| {
                match record.person.activated_at {
                    Some(_) => Ok::<_, Refusal>(PersonChange::default()),
                    None => Ok(change.clone()),
                }
            })
            .await;
        // A person who left between the two is found out by the next call; only the store's silence is told now.
        if noted == Err(Refusal::Unavailable) { Err(SignInRefusal::Unavailable) } else { Ok(()) }
    }
}

fn is_fresh(read: Duration, now: Duration) -> bool {
    now.saturating_sub(read) < limits::CREDENTIAL_MEMORY
}

/// The directory as one caller reaches it: one tenant, one organization.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    directory: &'a Directory,
    caller: &'a Caller,
    organization: OrganizationId,
}

impl At<'_> {
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

    pub async fn person(&self, key: PersonKey, needs: Needs) -> Result<Record, Refusal> {
        let (needs, absent) = (self.with_actor(needs), self.absent(&key));
        let found = self.directory.store.person(self.caller.tenant, self.organization, key, needs).await?;
        found.ok_or(absent)
    }

    /// The person who holds an invitation that is still open.
    pub async fn invited(&self, invitation: InvitationId, needs: Needs) -> Result<Record, Refusal> {
        let record = self.person(PersonKey::Invitation(invitation), needs).await?;
        match record.person.open_invitation(self.directory.now()) {
            Some(_) => Ok(record),
            None => Err(Refusal::NoSuchPerson),
        }
    }

    /// Everyone who matches, by ascending object id.
    pub async fn people(&self, query: PeopleQuery) -> Result<Vec<PersonId>, Refusal> {
        Ok(self.directory.store.people(self.caller.tenant, self.organization, query).await?)
    }

    /// Those of them who are still members.
    pub async fn records(&self, people: Vec<PersonId>, needs: Needs) -> Result<Vec<Record>, Refusal> {
        Ok(self.directory.store.records(self.caller.tenant, self.organization, people, needs).await?)
    }

    /// Changes a person by a decision on the person as it is, and answers with the person as it became.
    ///
    /// The decision is pure and may run twice. What it refuses with reaches the caller of this as it is.
    pub async fn change_person<E, F>(&self, key: PersonKey, needs: Needs, mut decide: F) -> Result<Record, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Record) -> Result<PersonChange, E> + Send + 'static,
    {
        let reason: Arc<Mutex<Option<E>>> = Arc::default();
        let (kept, absent) = (reason.clone(), self.absent(&key));
        let change = ChangePerson {
            tenant: self.caller.tenant,
            organization: self.organization,
            key,
            needs: self.with_actor(needs),
            act: self.act(),
            decide: Box::new(move |record| {
                decide(record).map_err(|error| {
                    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Stop::Decided
                })
            }),
        };
        self.directory.store.change_person(change).await.map_err(|stop| match stop {
            Stop::Refused(Refusal::NoSuchPerson) => absent.clone().into(),
            Stop::Refused(refusal) => refusal.into(),
            Stop::Decided => {
                let reason = reason.lock().unwrap_or_else(PoisonError::into_inner).take();
                reason.unwrap_or_else(|| Refusal::Unavailable.into())
            }
        })
    }

    /// Ends the person's membership here, and answers with the record as it was.
    pub async fn remove_person(&self, key: PersonKey, needs: Needs) -> Result<Record, Refusal> {
        let (tenant, organization) = (self.caller.tenant, self.organization);
        self.directory.store.remove_person(tenant, organization, key, needs, self.act()).await
    }

    /// Why nobody is there: who asks for themselves and is no member any more was let in on a session that has
    /// ended since.
    fn absent(&self, key: &PersonKey) -> Refusal {
        match (key, self.caller.person) {
            (PersonKey::Id(id), Some(me)) if *id == me => Refusal::CallerGone,
            _ => Refusal::NoSuchPerson,
        }
    }

    fn act(&self) -> Act {
        Act { caller: self.caller.clone(), now: self.directory.now() }
    }

    fn with_actor(&self, needs: Needs) -> Needs {
        Needs { actor: self.caller.person, ..needs }
    }
}
