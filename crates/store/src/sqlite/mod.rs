//! The SQLite engine: one file, one writer thread that commits in groups, a few readers.

mod add;
mod backup;
mod change;
mod check;
mod checkpoint;
mod credentials;
mod events;
mod failure;
mod house;
mod keys;
mod load;
mod memory;
mod migrate;
mod open;
mod organizations;
mod passwords;
mod people;
#[cfg(test)]
mod plans;
mod readers;
mod references;
mod relations;
mod remove;
mod row;
mod save;
mod search;
mod sequences;
mod sessions;
mod signing_keys;
mod vocabulary;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::caller::Dialect;
use directory::credential::{Credential, Session, SignInCandidate};
use directory::event::{Event, EventQuery};
use directory::ids::{CredentialId, Number, OrganizationId, PersonId, SessionId, TenantId};
use directory::organization::Organization;
use directory::ports::Answer;
use directory::signing_key::{Rotation, SigningKey};
use directory::store::{
    Act, ChangePerson, Location, NewOrganization, NewPerson, PeopleQuery, PersonKey, Report, Stop, Store,
    TenantTree, Term, Unavailable, Vocabulary,
};
use directory::throttle::RateLimit;
use directory::{Needs, Record, Refusal};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tracing::error;

use checkpoint::{Helper, Log};
use failure::{Result, Stopped};
use memory::{Edit, Memory};
use open::{Access, connect, open_and_migrate};
use readers::{Readers, in_transaction};
use writer::{Work, Writer};

pub(crate) use backup::Partial;
pub use house::House;
pub use open::{OpenError, Options};

/// A directory in one file.
///
/// The fields end in this order: who only reads goes first, the writer finishes what was queued, and the helper's
/// connection, the last one that may write, copies the log back and removes it.
pub struct Sqlite {
    memory: Arc<Memory>,
    readers: Readers,
    scanners: Arc<Readers>,
    /// As many places as there are scanners, so that those who wait for one hold no thread.
    places: Semaphore,
    writer: Writer,
    _helper: Helper,
    path: PathBuf,
    options: Options,
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the file, makes it if there is none, and brings its schema up to date.
    pub fn open(path: impl AsRef<Path>, options: Options) -> std::result::Result<Self, OpenError> {
        let path = path.as_ref();
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        let mut connection = open_and_migrate(path, &options)?;
        house::refuse(&connection, path)?;
        let readers = Readers::open(path, options.readers, &options).map_err(sqlite)?;
        let scanners = Arc::new(Readers::open(path, options.scanners, &options).map_err(sqlite)?);
        let (log, helper) = Log::watch(&mut connection, path, &options)?;
        let memory = Arc::new(Memory::new(path, options.remembered));
        let writer = Writer::start(connection, log, memory.clone(), &options)
            .map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        let places = Semaphore::new(options.scanners.max(1));
        Ok(Self {
            memory,
            readers,
            scanners,
            places,
            writer,
            _helper: helper,
            path: path.to_owned(),
            options,
        })
    }

    /// Reads here and now: a look at one person is done sooner than another thread would have taken it over.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> std::result::Result<T, Unavailable> {
        available(self.readers.read(read))
    }

    /// A record from the memory, or from the tables and then into the memory.
    fn record(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
        needs: Needs,
    ) -> std::result::Result<Option<Record>, Unavailable> {
        let glance = self.memory.glance();
        if let Some(glance) = &glance
            && let Some(record) = self.memory.record(glance, tenant, organization, key, needs)
        {
            return Ok(Some(record));
        }
        let Some((pk, record)) = self.read(|c| load::record(c, tenant, organization, key, needs))? else {
            return Ok(None);
        };
        if let Some(glance) = &glance {
            self.memory.add(glance, tenant, pk, organization, needs, &record);
        }
        Ok(Some(record))
    }

    /// Reads away from the threads that serve requests.
    async fn scan<T: Send + 'static>(
        &self,
        scan: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        // The semaphore is never closed.
        let _place = self.places.acquire().await.map_err(|_| Unavailable)?;
        let scanners = self.scanners.clone();
        apart(move || scanners.read(scan)).await
    }

    /// Works for long, on a connection of its own.
    async fn labour<T: Send + 'static>(
        &self,
        labour: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        let (path, options) = (self.path.clone(), self.options.clone());
        apart(move || labour(&connect(&path, Access::Read, &options)?)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Work<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        self.writer.run(Unavailable, move |work| write(work).map_err(Stopped::from)).await
    }

    async fn write_or_refuse<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Work<'_>) -> Result<T, Stopped> + Send + 'static,
    ) -> std::result::Result<T, Refusal> {
        self.writer.run(Refusal::Unavailable, write).await
    }
}

async fn apart<T: Send + 'static>(
    run: impl FnOnce() -> Result<T> + Send + 'static,
) -> std::result::Result<T, Unavailable> {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => available(result),
        Err(panicked) => {
            error!(%panicked, "a read failed");
            Err(Unavailable)
        }
    }
}

/// Where a failure is logged.
fn available<T>(result: Result<T>) -> std::result::Result<T, Unavailable> {
    result.map_err(|failure| {
        error!(%failure, "a read failed");
        Unavailable
    })
}

impl Store for Sqlite {
    fn person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        needs: Needs,
    ) -> Answer<'_, std::result::Result<Option<Record>, Unavailable>> {
        Box::pin(async move { self.record(tenant, organization, &key, needs) })
    }

    fn people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: PeopleQuery,
    ) -> Answer<'_, std::result::Result<Vec<PersonId>, Unavailable>> {
        Box::pin(self.scan(move |c| people::list(c, tenant, organization, &query)))
    }

    fn records(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<PersonId>,
        needs: Needs,
    ) -> Answer<'_, std::result::Result<Vec<Record>, Unavailable>> {
        Box::pin(self.scan(move |c| people::records(c, tenant, organization, &people, needs)))
    }

    fn change_person(&self, change: ChangePerson) -> Answer<'_, std::result::Result<Record, Stop>> {
        let unavailable = Stop::Refused(Refusal::Unavailable);
        Box::pin(self.writer.run(unavailable, move |work| change::change_person(work, change)))
    }

    fn add_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<NewPerson>,
        act: Act,
    ) -> Answer<'_, std::result::Result<Vec<Number>, (usize, Refusal)>> {
        let unavailable = (0, Refusal::Unavailable);
        let add = move |work: &mut Work<'_>| add::add_people(work, tenant, organization, people, &act);
        Box::pin(self.writer.run(unavailable, add))
    }

    fn remove_person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        needs: Needs,
        act: Act,
    ) -> Answer<'_, std::result::Result<Record, Refusal>> {
        Box::pin(self.write_or_refuse(move |work| {
            remove::remove_person(work, tenant, organization, &key, needs, &act)
        }))
    }

    fn locate(&self, keys: Vec<PersonKey>) -> Answer<'_, std::result::Result<Vec<Location>, Unavailable>> {
        Box::pin(self.scan(move |c| people::locate(c, &keys)))
    }

    fn events(
        &self,
        tenant: TenantId,
        query: EventQuery,
    ) -> Answer<'_, std::result::Result<Vec<Event>, Unavailable>> {
        Box::pin(self.scan(move |c| events::list(c, tenant, &query)))
    }

    fn add_organization(
        &self,
        tenant: Option<TenantId>,
        new: NewOrganization,
    ) -> Answer<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(move |work| {
            work.done(Edit::Vocabulary);
            organizations::add(work, tenant, new)
        }))
    }

    fn organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> Answer<'_, std::result::Result<Option<Organization>, Unavailable>> {
        Box::pin(async move { self.read(|c| organizations::get(c, tenant, organization)) })
    }

    fn organizations(&self) -> Answer<'_, std::result::Result<Vec<TenantTree>, Unavailable>> {
        Box::pin(self.scan(organizations::all))
    }

    fn add_term(
        &self,
        tenant: TenantId,
        term: Term,
    ) -> Answer<'_, std::result::Result<Option<Number>, Refusal>> {
        Box::pin(self.write_or_refuse(move |work| {
            work.done(Edit::Vocabulary);
            vocabulary::add(work, tenant, term)
        }))
    }

    fn vocabulary(&self, tenant: TenantId) -> Answer<'_, std::result::Result<Vocabulary, Unavailable>> {
        Box::pin(self.scan(move |c| vocabulary::read(c, tenant)))
    }

    fn add_credential(&self, credential: Credential) -> Answer<'_, std::result::Result<(), Refusal>> {
        Box::pin(self.write_or_refuse(move |work| credentials::add(work, &credential)))
    }

    fn credential(
        &self,
        dialect: Dialect,
        public_id: String,
    ) -> Answer<'_, std::result::Result<Option<Credential>, Unavailable>> {
        Box::pin(async move { self.read(|c| credentials::get(c, dialect, &public_id)) })
    }

    fn credentials(
        &self,
        tenant: Option<TenantId>,
    ) -> Answer<'_, std::result::Result<Vec<Credential>, Unavailable>> {
        Box::pin(self.scan(move |c| credentials::list(c, tenant)))
    }

    fn revoke_credential(
        &self,
        id: CredentialId,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<bool, Unavailable>> {
        Box::pin(self.write(move |work| credentials::revoke(work, id, now)))
    }

    fn limit_credential(
        &self,
        id: CredentialId,
        limit: RateLimit,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<bool, Unavailable>> {
        Box::pin(self.write(move |work| credentials::limit(work, id, limit, now)))
    }

    fn note_use(
        &self,
        used: Vec<(CredentialId, Timestamp)>,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| credentials::note_use(work, &used)))
    }

    fn set_password(
        &self,
        tenant: TenantId,
        person: PersonId,
        hash: String,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| passwords::set_of(work, tenant, person, &hash)))
    }

    fn sign_in_candidates(
        &self,
        folded_email: String,
    ) -> Answer<'_, std::result::Result<Vec<SignInCandidate>, Unavailable>> {
        Box::pin(self.scan(move |c| passwords::candidates(c, &folded_email)))
    }

    fn add_session(&self, session: Session) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| sessions::add(work, &session)))
    }

    fn session(&self, id: SessionId) -> Answer<'_, std::result::Result<Option<Session>, Unavailable>> {
        Box::pin(async move { self.read(|c| sessions::get(c, id)) })
    }

    fn signing_keys(&self) -> Answer<'_, std::result::Result<Vec<SigningKey>, Unavailable>> {
        Box::pin(async move { self.read(signing_keys::list) })
    }

    fn add_signing_key(&self, key: SigningKey) -> Answer<'_, std::result::Result<SigningKey, Unavailable>> {
        Box::pin(self.write(move |work| signing_keys::add(work, key)))
    }

    fn rotate_signing_keys(&self, rotation: Rotation) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| signing_keys::rotate(work, &rotation)))
    }

    fn rewrite_signing_keys(
        &self,
        keys: Vec<SigningKey>,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| signing_keys::rewrite(work, &keys)))
    }

    fn remove_expired_signing_keys(
        &self,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(move |work| signing_keys::remove_expired(work, now)))
    }

    fn backup(&self, to: PathBuf) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.labour(move |c| backup::run(c, &to)))
    }

    fn check(&self) -> Answer<'_, std::result::Result<Report, Unavailable>> {
        Box::pin(self.labour(|c| in_transaction(c, check::run)))
    }

    fn is_ready(&self) -> Answer<'_, bool> {
        Box::pin(async move {
            let reads = self.read(|c| Ok(c.prepare_cached("SELECT 1")?.exists([])?));
            reads.is_ok() && self.write(|_| Ok(())).await.is_ok()
        })
    }
}
