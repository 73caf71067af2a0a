//! Signing in with a password, and the sessions that begin with it.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::{AccessError, Directory};
use crate::Change;
use crate::caller::{Caller, Channel};
use crate::credential::{KeyHash, Scopes, Secret, Session, SignInCandidate};
use crate::email::Email;
use crate::guesses::TooManyFailures;
use crate::ids::{Number, PersonId, SessionId, TenantId};
use crate::limits;
use crate::person::Person;
use crate::person_change::PersonChange;
use crate::ports::{self, Busy};
use crate::record::Include;
use crate::refusal::Refusal;
use crate::request::RequestContext;
use crate::store::{NewPerson, Origin, PersonKey, Unavailable};
use crate::throttle::Limited;

/// How long a refresh token lasts: as long as a person may be away and come back without a password.
const REFRESH_DAYS: i64 = 30;

/// Why nobody was signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInRefusal {
    /// Unknown address, wrong password, or a person who may not sign in: nobody is told which.
    BadCredentials,
    /// The person is in no organization.
    NoMembership,
    /// Too many wrong passwords came before this one, which was not looked at.
    TooManyFailures(TooManyFailures),
    /// Too many others are just signing in.
    Busy,
    Unavailable,
}

impl From<Unavailable> for SignInRefusal {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<Busy> for SignInRefusal {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl Directory {
    /// Signs a person in with e-mail and password: of several tenants where these are right, into the first in which the
    /// person may sign in, and there into the organization with the lowest number.
    pub async fn sign_in(
        &self,
        context: &RequestContext,
        email: &str,
        password: String,
    ) -> Result<(Session, Secret), SignInRefusal> {
        let folded = Email::parse(email).map(|email| email.folded());
        let account = folded.as_deref().unwrap_or(email);
        let guess = self.guesses.begin(account, context.source, self.clock.elapsed());
        let guess = guess.map_err(SignInRefusal::TooManyFailures)?;
        let signed_in = self.begin_session(context, folded.clone(), password).await;
        match &signed_in {
            Ok(_) | Err(SignInRefusal::NoMembership) => self.guesses.succeeded(&guess),
            // It stays counted.
            Err(SignInRefusal::BadCredentials) => {}
            Err(SignInRefusal::TooManyFailures(_) | SignInRefusal::Busy | SignInRefusal::Unavailable) => {
                self.guesses.withdraw(&guess);
            }
        }
        signed_in
    }

    async fn begin_session(
        &self,
        context: &RequestContext,
        folded: Option<String>,
        password: String,
    ) -> Result<(Session, Secret), SignInRefusal> {
        let mut candidates = match folded {
            Some(folded) => self.store.sign_in_candidates(folded).await?,
            None => Vec::new(),
        };
        let common = candidates.first().map(|first| first.password_hash.clone());
        candidates.retain(|candidate| context.admits(candidate.tenant));
        let hashes = candidates.iter().map(|candidate| candidate.password_hash.clone()).collect();
        let right = self.passwords.verify(password.clone(), hashes).await?;
        let mut right = right.into_iter().filter_map(|index| candidates.get(index));
        let candidate = right.find(|candidate| candidate.may_sign_in).ok_or(SignInRefusal::BadCredentials)?;
        let first = self.store.first_organization(candidate.tenant, candidate.person).await?;
        let (organization, organization_number) = first.ok_or(SignInRefusal::NoMembership)?;
        let hash = self.with_common_salt(candidate, common, password).await?;

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
        let request = context.id.as_ref().to_owned();
        let origin = Origin {
            via: Channel::Dialect(context.dialect),
            credential: None,
            person: Some(session.person),
            request,
            now,
        };
        if !self.store.add_session(session.clone(), hash, origin).await? {
            return Err(SignInRefusal::BadCredentials);
        }
        if candidate.activated_at.is_none() {
            self.activate(context, &session, now).await?;
        }
        let refresh = Secret(format!("{}.{secret}", session.id));
        Ok((session, refresh))
    }

    /// The hash of a new password of this person.
    ///
    /// Everybody with one address shares the salt, in whatever tenant: so a password is compared with all of them at the
    /// cost of one, and time does not tell how many there are.
    pub async fn new_password_hash(
        &self,
        tenant: TenantId,
        person: &Person,
        password: String,
    ) -> Result<String, Refusal> {
        let emails = person.email.iter().chain(&person.email_aliases).map(Email::folded).collect();
        self.hash_beside_others((tenant, person.id), emails, password).await
    }

    /// The hash of the password of a person who is not stored yet.
    pub(super) async fn first_password_hash(
        &self,
        tenant: TenantId,
        new: &NewPerson,
        password: String,
    ) -> Result<String, Refusal> {
        let mut emails = Vec::new();
        if let Change::Set(email) = &new.change.email {
            emails.push(email.folded());
        }
        if let Change::Set(aliases) = &new.change.email_aliases {
            emails.extend(aliases.iter().map(Email::folded));
        }
        self.hash_beside_others((tenant, new.id), emails, password).await
    }

    /// A hash with the salt that others have at one of the addresses, which are folded.
    async fn hash_beside_others(
        &self,
        whose: (TenantId, PersonId),
        emails: Vec<String>,
        password: String,
    ) -> Result<String, Refusal> {
        let mut like = None;
        for email in emails {
            let others = self.store.sign_in_candidates(email).await?;
            let mut others = others.into_iter().filter(|it| (it.tenant, it.person) != whose);
            like = like.or_else(|| others.next().map(|other| other.password_hash));
        }
        // Nobody else waits for a turn where passwords are set.
        self.passwords.hash(password, like).await.map_err(|Busy| Refusal::Unavailable)
    }

    /// The hash that the candidate has from now on. Addresses change, and hashes are older than this rule: now that the
    /// password is known, it gets the salt that the address has in the first of the tenants.
    async fn with_common_salt(
        &self,
        candidate: &SignInCandidate,
        common: Option<String>,
        password: String,
    ) -> Result<String, SignInRefusal> {
        let old = candidate.password_hash.clone();
        let like = match common {
            Some(common) if !self.passwords.is_like(&old, &common) => common,
            Some(_) | None => return Ok(old),
        };
        let new = self.passwords.hash(password, Some(like)).await?;
        self.store.replace_password_hash(candidate.tenant, candidate.person, old, new.clone()).await?;
        Ok(new)
    }

    /// Notes a first sign-in.
    async fn activate(
        &self,
        context: &RequestContext,
        session: &Session,
        now: Timestamp,
    ) -> Result<(), SignInRefusal> {
        let caller = caller_of(session, context);
        let change = PersonChange { activated_at: Change::Set(now), ..PersonChange::default() };
        let noted = self
            .scoped(&caller)
            .change_person(PersonKey::Id(session.person), Include::default(), move |record| {
                match record.person.activated_at {
                    Some(_) => Ok::<_, Refusal>(PersonChange::default()),
                    None => Ok(change.clone()),
                }
            })
            .await;
        // A person who left between the two is found out by the next call; only the store's silence is told now.
        if noted == Err(Refusal::Unavailable) { Err(SignInRefusal::Unavailable) } else { Ok(()) }
    }

    /// The session that a refresh token belongs to. The token stays good: no new one is handed out.
    pub async fn refresh(&self, context: &RequestContext, token: &str) -> Result<Session, AccessError> {
        let (id, secret) = token.split_once('.').unwrap_or((token, ""));
        let session = match id.parse() {
            Ok(id) => self.store.session(id).await?,
            Err(_) => None,
        };
        if let Some(session) = session.as_ref().filter(|session| context.admits(session.tenant)) {
            context.named.set_session(session.id);
        }
        let accepted = |session: &Session| bool::from(session.refresh.is_of(secret));
        match session.filter(accepted) {
            Some(session) if self.may_go_on(context, &session) && self.now() < session.expires_at => {
                Ok(session)
            }
            // The token was right once: nobody guesses.
            Some(_) => Err(AccessError::Unauthenticated),
            None => Err(self.wrong_secret(context, id)),
        }
    }

    /// Lets in the person of a session.
    pub async fn caller_with_session(
        &self,
        context: &RequestContext,
        id: SessionId,
        person: Number,
    ) -> Result<Caller, AccessError> {
        let session = self.recent_session(id).await?;
        if context.admits(session.tenant) {
            context.named.set_session(id);
        }
        if session.person_number != person || !self.may_go_on(context, &session) {
            return Err(AccessError::Unauthenticated);
        }
        // A person may have any number of sessions; all of them share one count.
        self.limit(Limited::Person(session.tenant, session.person), self.rate_limits.of(context.dialect))?;
        Ok(caller_of(&session, context))
    }

    /// A session as it was at most [`limits::CREDENTIAL_CACHE`] ago.
    async fn recent_session(&self, id: SessionId) -> Result<Arc<Session>, AccessError> {
        let now = self.clock.elapsed();
        let is_recent = |read| now.saturating_sub(read) < limits::CREDENTIAL_CACHE;
        if let Some((_, session)) = self.sessions.get(&id).filter(|(read, _)| is_recent(*read)) {
            return Ok(session);
        }
        let session = Arc::new(self.store.session(id).await?.ok_or(AccessError::Unauthenticated)?);
        self.sessions.insert(id, (now, session.clone()));
        Ok(session)
    }

    fn may_go_on(&self, context: &RequestContext, session: &Session) -> bool {
        context.admits(session.tenant) && session.is_live && session.revoked_at.is_none()
    }
}

fn caller_of(session: &Session, context: &RequestContext) -> Caller {
    Caller {
        tenant: session.tenant,
        organization: session.organization,
        via: Channel::Dialect(context.dialect),
        credential: None,
        scopes: Scopes::default(),
        person: Some(session.person),
        session: Some(session.id),
        forwarded: None,
        request: context.id.as_ref().to_owned(),
    }
}
