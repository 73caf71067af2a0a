//! The SQLite engine: one file, one writer thread that commits in groups, a few readers.

mod add;
mod admins;
mod backup;
mod change;
mod check;
mod checkpoint;
mod credentials;
mod decisions;
mod entities;
mod events;
mod failure;
mod house;
mod in_place;
mod keys;
mod lists;
mod load;
mod members;
mod memory;
mod migrate;
mod open;
mod open_files;
mod organizations;
mod passwords;
mod people;
#[cfg(test)]
mod plans;
mod readers;
mod references;
mod refold;
mod relations;
mod remove;
mod row;
mod save;
mod search;
mod sequences;
mod sessions;
mod signing_keys;
mod sql;
mod trial;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::caller::Dialect;
use directory::credential::{Credential, CredentialUse, KeyHash, KeyRotation, Session, SignInCandidate};
use directory::custom_field::CustomField;
use directory::event::{Event, EventQuery};
use directory::ids::{CredentialId, MessageId, Number, OrganizationId, PersonId, SessionId, TenantId};
use directory::message::{Message, MessageQuery};
use directory::organization::Organization;
use directory::ports::Answer;
use directory::query::{Page, Query};
use directory::signing_key::{Rotation, SigningKey};
use directory::store::{
    AuditContext, ChangePerson, Location, NewMember, NewOrganization, NewPerson, Origin, PersonKey, Report,
    SessionQuery, Sessions, Stop, Store, TenantTree, Unavailable, Vocabulary,
};
use directory::throttle::RateLimit;
use directory::{Command, Entity, EntityKey, EntityQuery, Needs, PersonField, Record, Refusal};
use jiff::Timestamp;
use rusqlite::Connection;
use tracing::error;

use checkpoint::{Helper, Log};
use decisions::Decisions;
use failure::{Result, Stopped};
use in_place::InPlace;
use memory::{Edit, Memory};
use open::{Access, connect, open_and_migrate, open_to_read};
use open_files::OpenConnection;
use readers::{Readers, in_transaction};
use writer::{Work, Writer};

use crate::fair::Places;
use crate::readiness::Readiness;
use crate::sql::list;

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
    places: Places,
    decisions: Arc<Decisions>,
    /// None: the file was opened to be read.
    writer: Option<Writer>,
    _helper: Option<Helper>,
    readiness: Readiness,
    path: PathBuf,
    /// How the file is read.
    access: Access,
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
        let mut connection = open_and_migrate(path, &options)?;
        house::refuse(&connection, path)?;
        let opened = Self::to_read(&connection, path, Access::Read, options)?;
        let (log, helper) = Log::watch(&mut connection, path, &opened.options)?;
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        let in_place = Arc::new(InPlace::of(path).map_err(io)?);
        let writer =
            Writer::start(connection, log, opened.memory.clone(), in_place, &opened.options).map_err(io)?;
        Ok(Self { writer: Some(writer), _helper: Some(helper), ..opened })
    }

    /// Opens a file of the present schema that need not be writable. Every write is refused.
    pub fn open_to_read(path: impl AsRef<Path>, options: Options) -> std::result::Result<Self, OpenError> {
        let path = path.as_ref();
        let (connection, access) = open_to_read(path, &options)?;
        house::refuse(&connection, path)?;
        Self::to_read(&connection, path, access, options)
    }

    /// `opened` is a connection to the same file, which keeps its index where it is meanwhile.
    fn to_read(
        opened: &OpenConnection,
        path: &Path,
        access: Access,
        options: Options,
    ) -> std::result::Result<Self, OpenError> {
        let readers = |count| {
            let opened = Readers::open(path, access, count, &options);
            opened.map_err(|error| OpenError::Sqlite { path: path.to_owned(), error })
        };
        Ok(Self {
            memory: Arc::new(Memory::new(opened.index(path), options.remembered)),
            readers: readers(options.readers)?,
            scanners: Arc::new(readers(options.scanners)?),
            places: Places::new(options.scanners),
            decisions: Decisions::new(),
            writer: None,
            _helper: None,
            readiness: Readiness::default(),
            path: path.to_owned(),
            access,
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
        tenant: Option<TenantId>,
        scan: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        let _place = self.places.take(tenant).await.ok_or(Unavailable)?;
        let scanners = self.scanners.clone();
        apart(move || scanners.read(scan)).await
    }

    /// Works for long, on a connection of its own.
    async fn labour<T: Send + 'static>(
        &self,
        labour: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        let (path, access, options) = (self.path.clone(), self.access, self.options.clone());
        apart(move || {
            let connection = connect(&path, access, &options)?;
            labour(&connection)
        })
        .await
    }

    /// None: the decision could not be made, as was logged.
    async fn decide_ahead(&self, mut change: ChangePerson) -> Option<ChangePerson> {
        let record = self.record(change.tenant, change.organization, &change.key, change.needs).ok()?;
        if let Some(record) = record {
            change.decide = self.decisions.ahead(change.tenant, record, change.decide).await?;
        }
        Some(change)
    }

    async fn write<T: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        write: impl FnOnce(&mut Work<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Unavailable> {
        self.queue(tenant, Unavailable, move |work| write(work).map_err(Stopped::from)).await
    }

    async fn write_or_refuse<T: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        write: impl FnOnce(&mut Work<'_>) -> Result<T, Stopped> + Send + 'static,
    ) -> std::result::Result<T, Refusal> {
        self.queue(tenant, Refusal::Unavailable, write).await
    }

    async fn queue<T: Send + 'static, R: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        unavailable: R,
        write: impl FnOnce(&mut Work<'_>) -> Result<T, Stopped<R>> + Send + 'static,
    ) -> std::result::Result<T, R> {
        match &self.writer {
            Some(writer) => writer.run(tenant, unavailable, write).await,
            None => {
                error!("a store that was opened to be read takes no changes");
                Err(unavailable)
            }
        }
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

    fn list_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
        needs: Needs,
    ) -> Answer<'_, std::result::Result<Page<Record>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| people::page(c, tenant, organization, &query, needs)))
    }

    fn list_person_ids(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
    ) -> Answer<'_, std::result::Result<Page<PersonId>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| people::ids(c, tenant, organization, &query)))
    }

    fn records(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<PersonId>,
        needs: Needs,
    ) -> Answer<'_, std::result::Result<Vec<Record>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| people::records(c, tenant, organization, &people, needs)))
    }

    fn change_person(&self, mut change: ChangePerson) -> Answer<'_, std::result::Result<Record, Stop>> {
        Box::pin(async move {
            let tenant = change.tenant;
            change.decide = self.decisions.timed(tenant, change.decide);
            if self.decisions.are_long(tenant) {
                change = self.decide_ahead(change).await.ok_or(Stop::Refused(Refusal::Unavailable))?;
            }
            let unavailable = Stop::Refused(Refusal::Unavailable);
            self.queue(Some(tenant), unavailable, move |work| change::change_person(work, change)).await
        })
    }

    fn add_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<NewPerson>,
        audit: AuditContext,
    ) -> Answer<'_, std::result::Result<Vec<Record>, (usize, Refusal)>> {
        let unavailable = (0, Refusal::Unavailable);
        let add = move |work: &mut Work<'_>| add::add_people(work, tenant, organization, people, &audit);
        Box::pin(self.queue(Some(tenant), unavailable, add))
    }

    fn add_member(&self, member: NewMember) -> Answer<'_, std::result::Result<Record, Refusal>> {
        Box::pin(self.write_or_refuse(Some(member.tenant), move |work| members::add(work, &member)))
    }

    fn remove_person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        needs: Needs,
        audit: AuditContext,
    ) -> Answer<'_, std::result::Result<Record, Refusal>> {
        Box::pin(self.write_or_refuse(Some(tenant), move |work| {
            remove::remove_person(work, tenant, organization, &key, needs, &audit)
        }))
    }

    fn locate(&self, keys: Vec<PersonKey>) -> Answer<'_, std::result::Result<Vec<Location>, Unavailable>> {
        Box::pin(self.scan(None, move |c| people::locate(c, &keys)))
    }

    fn events(
        &self,
        tenant: TenantId,
        query: EventQuery,
    ) -> Answer<'_, std::result::Result<Vec<Event>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| events::list(c, tenant, &query)))
    }

    fn add_organization(
        &self,
        tenant: Option<TenantId>,
        new: NewOrganization,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(tenant, move |work| {
            work.done(Edit::Vocabulary);
            organizations::add(work, tenant, new, &origin)
        }))
    }

    fn rename_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        name: String,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(Some(tenant), move |work| {
            work.done(Edit::Vocabulary);
            organizations::rename(work, tenant, organization, &name, &origin)
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
        Box::pin(self.scan(None, organizations::all))
    }

    fn execute(
        &self,
        tenant: TenantId,
        mut commands: Vec<Command>,
        audit: AuditContext,
    ) -> Answer<'_, std::result::Result<Vec<Entity>, (usize, Stop)>> {
        let unavailable = (0, Refusal::Unavailable.into());
        let execute = move |work: &mut Work<'_>| entities::execute(work, tenant, &mut commands, &audit);
        Box::pin(self.queue(Some(tenant), unavailable, execute))
    }

    fn entity(
        &self,
        tenant: TenantId,
        key: EntityKey,
    ) -> Answer<'_, std::result::Result<Option<Entity>, Unavailable>> {
        Box::pin(async move { self.read(|c| sql::run(crate::entities::get(c, tenant, key))) })
    }

    fn list_entities(
        &self,
        tenant: TenantId,
        query: EntityQuery,
    ) -> Answer<'_, std::result::Result<Page<Entity>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| sql::run(list::of_entities(c, tenant, &query))))
    }

    fn message(
        &self,
        tenant: TenantId,
        id: MessageId,
    ) -> Answer<'_, std::result::Result<Option<Message>, Unavailable>> {
        Box::pin(async move { self.read(|c| sql::run(crate::messages::get(c, tenant, id))) })
    }

    fn messages(
        &self,
        tenant: TenantId,
        query: MessageQuery,
    ) -> Answer<'_, std::result::Result<Vec<Message>, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| sql::run(crate::messages::list(c, tenant, &query))))
    }

    fn vocabulary(&self, tenant: TenantId) -> Answer<'_, std::result::Result<Vocabulary, Unavailable>> {
        Box::pin(self.scan(Some(tenant), move |c| sql::run(crate::entities::vocabulary(c, tenant))))
    }

    fn custom_fields(
        &self,
        tenant: TenantId,
    ) -> Answer<'_, std::result::Result<Vec<CustomField>, Unavailable>> {
        Box::pin(async move { self.read(|c| relations::custom_fields(c, tenant)) })
    }

    fn add_credential(
        &self,
        credential: Credential,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<(), Refusal>> {
        Box::pin(self.write_or_refuse(Some(credential.tenant), move |work| {
            credentials::add(work, &credential, &origin)
        }))
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
        Box::pin(self.scan(tenant, move |c| credentials::list(c, tenant)))
    }

    fn revoke_credential(
        &self,
        id: CredentialId,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<bool, Unavailable>> {
        Box::pin(self.write(None, move |work| credentials::revoke(work, id, &origin)))
    }

    fn limit_credential(
        &self,
        id: CredentialId,
        limit: RateLimit,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<bool, Unavailable>> {
        Box::pin(self.write(None, move |work| credentials::limit(work, id, limit, &origin)))
    }

    fn rotate_credential(
        &self,
        id: CredentialId,
        rotation: KeyRotation,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<Option<[Vec<KeyHash>; 2]>, Unavailable>> {
        Box::pin(self.write(None, move |work| credentials::rotate(work, id, &rotation, &origin)))
    }

    fn note_use(&self, used: Vec<CredentialUse>) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(None, move |work| credentials::note_use(work, &used)))
    }

    fn replace_password_hash(
        &self,
        tenant: TenantId,
        person: PersonId,
        old: String,
        new: String,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(Some(tenant), move |work| passwords::replace(work, tenant, person, &old, &new)))
    }

    fn sign_in_candidates(
        &self,
        folded_email: String,
    ) -> Answer<'_, std::result::Result<Vec<SignInCandidate>, Unavailable>> {
        Box::pin(self.scan(None, move |c| passwords::candidates(c, &folded_email)))
    }

    fn first_organization(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> Answer<'_, std::result::Result<Option<(OrganizationId, Number)>, Unavailable>> {
        Box::pin(async move { self.read(|c| passwords::first_organization(c, tenant, person)) })
    }

    fn add_session(
        &self,
        session: Session,
        password_hash: String,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<bool, Unavailable>> {
        Box::pin(
            self.write(Some(session.tenant), move |work| {
                sessions::add(work, &session, &password_hash, &origin)
            }),
        )
    }

    fn session(&self, id: SessionId) -> Answer<'_, std::result::Result<Option<Session>, Unavailable>> {
        Box::pin(async move { self.read(|c| sessions::get(c, id)) })
    }

    fn sessions(
        &self,
        query: SessionQuery,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<Vec<Session>, Unavailable>> {
        Box::pin(self.scan(None, move |c| sessions::list(c, &query, now)))
    }

    fn revoke_sessions(
        &self,
        which: Sessions,
        origin: Origin,
    ) -> Answer<'_, std::result::Result<u64, Unavailable>> {
        Box::pin(self.write(None, move |work| sessions::revoke(work, which, &origin)))
    }

    fn signing_keys(&self) -> Answer<'_, std::result::Result<Vec<SigningKey>, Unavailable>> {
        Box::pin(async move { self.read(signing_keys::list) })
    }

    fn add_signing_key(&self, key: SigningKey) -> Answer<'_, std::result::Result<SigningKey, Unavailable>> {
        Box::pin(self.write(None, move |work| signing_keys::add(work, key)))
    }

    fn rotate_signing_keys(&self, rotation: Rotation) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(None, move |work| signing_keys::rotate(work, &rotation)))
    }

    fn rewrite_signing_keys(
        &self,
        keys: Vec<SigningKey>,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(None, move |work| signing_keys::rewrite(work, &keys)))
    }

    fn remove_expired_signing_keys(
        &self,
        now: Timestamp,
    ) -> Answer<'_, std::result::Result<(), Unavailable>> {
        Box::pin(self.write(None, move |work| signing_keys::remove_expired(work, now)))
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
            let Some(writer) = self.writer.as_ref().filter(|writer| reads.is_ok() && writer.is_in_place())
            else {
                return false;
            };
            self.readiness.is_ready(|| writer.submit(None, trial::run)).await
        })
    }
}
