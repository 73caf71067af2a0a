//! The SQLite engine: one file, one writer thread that commits in groups, a few readers.

mod add;
mod admins;
mod backup;
mod cache;
mod change;
mod check;
mod checkpoint;
mod credentials;
mod customers;
mod decisions;
mod entities;
mod error;
mod events;
mod group_members;
mod in_place;
mod keys;
mod lists;
mod load;
mod members;
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
mod transfer;
mod trial;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::apply::Key;
use directory::caller::Dialect;
use directory::credential::{Credential, CredentialUse, KeyHash, KeyRotation, Session, SignInCandidate};
use directory::custom_field::CustomField;
use directory::customer::Customer;
use directory::event::{EventPage, EventQuery};
use directory::ids::{
    CredentialId, MessageId, Number, ObjectId, OrganizationId, PersonId, SessionId, TenantId,
};
use directory::invitation::{InvitationEntry, InvitationQuery};
use directory::members::{ChangeMembers, ChangedMembers};
use directory::message::{Message, MessageQuery};
use directory::organization::{Label, Organization};
use directory::ports::BoxFuture;
use directory::query::{Page, Query};
use directory::signing_key::{Rotation, SigningKey};
use directory::store::{
    AuditContext, ChangeCustomer, ChangeError, ChangePerson, CustomerBy, Location, NewMember,
    NewOrganization, NewPerson, Origin, PersonKey, ReferenceData, Report, SessionQuery, Sessions, Store,
    TenantTree, Unavailable,
};
use directory::throttle::RateLimit;
use directory::{
    Command, CredentialField, Entity, EntityKey, EntityQuery, Include, PersonField, Record, Refusal,
};
use jiff::Timestamp;
use rusqlite::Connection;
use tracing::error;

use cache::{Edit, PersonCache};
use checkpoint::{Helper, Log};
use decisions::Decisions;
use error::{Result, WriteError};
use in_place::InPlace;
use open::{Access, connect, open_and_migrate, open_to_read};
use open_files::OpenConnection;
use readers::{Readers, in_transaction};
use writer::{Work, Writer};

use crate::fair::Places;
use crate::invitations;
use crate::readiness::Readiness;
use crate::sql::list;

pub use open::{OpenError, Options};
pub use transfer::TransferStore;

/// What the port answers where a store may not be there.
type Available<T> = std::result::Result<T, Unavailable>;

/// A directory in one file.
///
/// The fields end in this order: who only reads goes first, the writer finishes what was queued, and the helper's
/// connection, the last one that may write, copies the log back and removes it.
pub struct Sqlite {
    cache: Arc<PersonCache>,
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
        transfer::refuse(&connection, path)?;
        let opened = Self::to_read(&connection, path, Access::Read, options)?;
        let (log, helper) = Log::watch(&mut connection, path, &opened.options)?;
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        let in_place = Arc::new(InPlace::of(path).map_err(io)?);
        let writer =
            Writer::start(connection, log, opened.cache.clone(), in_place, &opened.options).map_err(io)?;
        Ok(Self { writer: Some(writer), _helper: Some(helper), ..opened })
    }

    /// Opens a file of the present schema that need not be writable. Every write is refused.
    pub fn open_to_read(path: impl AsRef<Path>, options: Options) -> std::result::Result<Self, OpenError> {
        let path = path.as_ref();
        let (connection, access) = open_to_read(path, &options)?;
        transfer::refuse(&connection, path)?;
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
            cache: Arc::new(PersonCache::new(opened.index(path), options.cached)),
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
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Available<T> {
        available(self.readers.read(read))
    }

    /// A record from the memory, or from the tables and then into the memory.
    fn record(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: &PersonKey,
        include: Include,
    ) -> Available<Option<Record>> {
        let snapshot = self.cache.snapshot();
        if let Some(snapshot) = &snapshot
            && let Some(record) = self.cache.record(snapshot, tenant, organization, key, include)
        {
            return Ok(Some(record));
        }
        let Some((pk, record)) = self.read(|c| load::record(c, tenant, organization, key, include))? else {
            return Ok(None);
        };
        if let Some(snapshot) = &snapshot {
            self.cache.add(snapshot, tenant, pk, organization, include, &record);
        }
        Ok(Some(record))
    }

    /// Reads away from the threads that serve requests.
    async fn query<T: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Available<T> {
        let _place = self.places.take(tenant).await.ok_or(Unavailable)?;
        let scanners = self.scanners.clone();
        blocking(move || scanners.read(query)).await
    }

    /// Works for long, on a connection of its own.
    async fn dedicated<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Available<T> {
        let (path, access, options) = (self.path.clone(), self.access, self.options.clone());
        blocking(move || {
            let connection = connect(&path, access, &options)?;
            run(&connection)
        })
        .await
    }

    /// None: the decision could not be made, as was logged.
    async fn decide_ahead(&self, mut change: ChangePerson) -> Option<ChangePerson> {
        let record = self.record(change.tenant, change.organization, &change.key, change.include).ok()?;
        if let Some(record) = record {
            change.decide = self.decisions.ahead(change.tenant, record, change.decide).await?;
        }
        Some(change)
    }

    async fn write<T: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        write: impl FnOnce(&mut Work<'_>) -> Result<T> + Send + 'static,
    ) -> Available<T> {
        self.queue(tenant, Unavailable, move |work| write(work).map_err(WriteError::from)).await
    }

    async fn write_or_refuse<T: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        write: impl FnOnce(&mut Work<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> std::result::Result<T, Refusal> {
        self.queue(tenant, Refusal::Unavailable, write).await
    }

    async fn queue<T: Send + 'static, R: Send + 'static>(
        &self,
        tenant: Option<TenantId>,
        unavailable: R,
        write: impl FnOnce(&mut Work<'_>) -> Result<T, WriteError<R>> + Send + 'static,
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

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> Result<T> + Send + 'static) -> Available<T> {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => available(result),
        Err(panicked) => {
            error!(%panicked, "a read failed");
            Err(Unavailable)
        }
    }
}

/// Where a failure is logged.
fn available<T>(result: Result<T>) -> Available<T> {
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
        include: Include,
    ) -> BoxFuture<'_, Available<Option<Record>>> {
        Box::pin(async move { self.record(tenant, organization, &key, include) })
    }

    fn list_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
        include: Include,
    ) -> BoxFuture<'_, Available<Page<Record>>> {
        Box::pin(self.query(Some(tenant), move |c| people::page(c, tenant, organization, &query, include)))
    }

    fn list_person_ids(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
    ) -> BoxFuture<'_, Available<Page<PersonId>>> {
        Box::pin(self.query(Some(tenant), move |c| people::ids(c, tenant, organization, &query)))
    }

    fn records(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<PersonId>,
        include: Include,
    ) -> BoxFuture<'_, Available<Vec<Record>>> {
        Box::pin(
            self.query(Some(tenant), move |c| people::records(c, tenant, organization, &people, include)),
        )
    }

    fn resolve_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        keys: Vec<PersonKey>,
    ) -> BoxFuture<'_, Available<Vec<Option<PersonId>>>> {
        Box::pin(self.query(Some(tenant), move |c| people::resolve(c, tenant, organization, &keys)))
    }

    fn has_object_id(&self, tenant: TenantId, id: ObjectId) -> BoxFuture<'_, Available<bool>> {
        Box::pin(async move { self.read(|c| sql::run(crate::resolve::has_object_id(c, tenant, id))) })
    }

    fn change_person(
        &self,
        mut change: ChangePerson,
    ) -> BoxFuture<'_, std::result::Result<Record, ChangeError>> {
        Box::pin(async move {
            let tenant = change.tenant;
            change.decide = self.decisions.timed(tenant, change.decide);
            if self.decisions.are_long(tenant) {
                change = self.decide_ahead(change).await.ok_or(ChangeError::Refused(Refusal::Unavailable))?;
            }
            let unavailable = ChangeError::Refused(Refusal::Unavailable);
            self.queue(Some(tenant), unavailable, move |work| change::change_person(work, change)).await
        })
    }

    fn add_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<NewPerson>,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Vec<Record>, (usize, Refusal)>> {
        let unavailable = (0, Refusal::Unavailable);
        let add = move |work: &mut Work<'_>| add::add_people(work, tenant, organization, people, &audit);
        Box::pin(self.queue(Some(tenant), unavailable, add))
    }

    fn add_member(&self, member: NewMember) -> BoxFuture<'_, std::result::Result<Record, Refusal>> {
        Box::pin(self.write_or_refuse(Some(member.tenant), move |work| members::add(work, &member)))
    }

    fn remove_person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Record, Refusal>> {
        Box::pin(self.write_or_refuse(Some(tenant), move |work| {
            remove::remove_person(work, tenant, organization, &key, include, &audit)
        }))
    }

    fn invitations(&self, query: InvitationQuery) -> BoxFuture<'_, Available<Vec<InvitationEntry>>> {
        Box::pin(self.query(Some(query.tenant), move |c| sql::run(invitations::list(c, &query))))
    }

    fn expired_invitations(
        &self,
        tenant: TenantId,
        keys: BTreeSet<Key>,
        now: Timestamp,
    ) -> BoxFuture<'_, Available<Vec<InvitationEntry>>> {
        Box::pin(async move { self.read(|c| sql::run(invitations::expired(c, tenant, &keys, now))) })
    }

    fn locate(&self, keys: Vec<PersonKey>) -> BoxFuture<'_, Available<Vec<Location>>> {
        Box::pin(self.query(None, move |c| people::locate(c, &keys)))
    }

    fn events(&self, tenant: TenantId, query: EventQuery) -> BoxFuture<'_, Available<EventPage>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(list::events(c, tenant, &query))))
    }

    fn add_organization(
        &self,
        tenant: Option<TenantId>,
        new: NewOrganization,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(tenant, move |work| {
            work.done(Edit::ReferenceData);
            organizations::add(work, tenant, new, &origin)
        }))
    }

    fn customer(&self, tenant: TenantId, by: CustomerBy) -> BoxFuture<'_, Available<Option<Customer>>> {
        Box::pin(async move { self.read(|c| sql::run(crate::customers::get(c, tenant, &by))) })
    }

    fn labels(&self, tenant: TenantId, organization: OrganizationId) -> BoxFuture<'_, Available<Vec<Label>>> {
        let labels = move |c: &_| sql::run(crate::entities::labels_of(c, tenant, organization));
        Box::pin(self.query(Some(tenant), labels))
    }

    fn customers(&self, tenant: TenantId) -> BoxFuture<'_, Available<Vec<Customer>>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(crate::customers::list(c, tenant))))
    }

    fn change_customer(
        &self,
        mut change: ChangeCustomer,
    ) -> BoxFuture<'_, std::result::Result<Customer, ChangeError>> {
        let tenant = change.tenant;
        Box::pin(self.queue(Some(tenant), Refusal::Unavailable.into(), move |work| {
            work.done(Edit::ReferenceData);
            customers::change(work, &mut change)
        }))
    }

    fn rename_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        name: String,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(Some(tenant), move |work| {
            work.done(Edit::ReferenceData);
            organizations::rename(work, tenant, organization, &name, &origin)
        }))
    }

    fn delete_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(self.write_or_refuse(Some(tenant), move |work| {
            work.done(Edit::ReferenceData);
            organizations::delete(work, tenant, organization, &origin)
        }))
    }

    fn organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> BoxFuture<'_, Available<Option<Organization>>> {
        Box::pin(async move { self.read(|c| organizations::get(c, tenant, organization)) })
    }

    fn organizations(&self) -> BoxFuture<'_, Available<Vec<TenantTree>>> {
        Box::pin(self.query(None, organizations::all))
    }

    fn execute(
        &self,
        tenant: TenantId,
        mut commands: Vec<Command>,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Vec<Entity>, (usize, ChangeError)>> {
        let unavailable = (0, Refusal::Unavailable.into());
        let execute = move |work: &mut Work<'_>| entities::execute(work, tenant, &mut commands, &audit);
        Box::pin(self.queue(Some(tenant), unavailable, execute))
    }

    fn entity(&self, tenant: TenantId, key: EntityKey) -> BoxFuture<'_, Available<Option<Entity>>> {
        Box::pin(async move { self.read(|c| sql::run(crate::entities::get(c, tenant, key))) })
    }

    fn list_entities(&self, tenant: TenantId, query: EntityQuery) -> BoxFuture<'_, Available<Page<Entity>>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(list::of_entities(c, tenant, &query))))
    }

    fn change_members(
        &self,
        change: ChangeMembers,
    ) -> BoxFuture<'_, std::result::Result<ChangedMembers, Refusal>> {
        Box::pin(self.write_or_refuse(Some(change.tenant), move |work| group_members::change(work, &change)))
    }

    fn message(&self, tenant: TenantId, id: MessageId) -> BoxFuture<'_, Available<Option<Message>>> {
        Box::pin(async move { self.read(|c| sql::run(crate::messages::get(c, tenant, id))) })
    }

    fn messages(&self, tenant: TenantId, query: MessageQuery) -> BoxFuture<'_, Available<Vec<Message>>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(crate::messages::list(c, tenant, &query))))
    }

    fn reference_data(&self, tenant: TenantId) -> BoxFuture<'_, Available<ReferenceData>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(crate::entities::reference_data(c, tenant))))
    }

    fn custom_fields(&self, tenant: TenantId) -> BoxFuture<'_, Available<Vec<CustomField>>> {
        Box::pin(async move { self.read(|c| relations::custom_fields(c, tenant)) })
    }

    fn add_credential(
        &self,
        credential: Credential,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<(), Refusal>> {
        Box::pin(self.write_or_refuse(Some(credential.tenant), move |work| {
            credentials::add(work, &credential, &origin)
        }))
    }

    fn credential(
        &self,
        dialect: Dialect,
        public_id: String,
    ) -> BoxFuture<'_, Available<Option<Credential>>> {
        Box::pin(async move { self.read(|c| sql::run(crate::credentials::get(c, dialect, &public_id))) })
    }

    fn list_credentials(
        &self,
        tenant: TenantId,
        query: Query<CredentialField>,
    ) -> BoxFuture<'_, Available<Page<Credential>>> {
        Box::pin(self.query(Some(tenant), move |c| sql::run(list::credentials(c, tenant, &query))))
    }

    fn revoke_credential(&self, id: CredentialId, origin: Origin) -> BoxFuture<'_, Available<bool>> {
        Box::pin(self.write(None, move |work| credentials::revoke(work, id, &origin)))
    }

    fn limit_credential(
        &self,
        id: CredentialId,
        limit: RateLimit,
        origin: Origin,
    ) -> BoxFuture<'_, Available<bool>> {
        Box::pin(self.write(None, move |work| credentials::limit(work, id, limit, &origin)))
    }

    fn rotate_credential(
        &self,
        id: CredentialId,
        rotation: KeyRotation,
        origin: Origin,
    ) -> BoxFuture<'_, Available<Option<[Vec<KeyHash>; 2]>>> {
        Box::pin(self.write(None, move |work| credentials::rotate(work, id, &rotation, &origin)))
    }

    fn note_use(&self, used: Vec<CredentialUse>) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.write(None, move |work| credentials::note_use(work, &used)))
    }

    fn replace_password_hash(
        &self,
        tenant: TenantId,
        person: PersonId,
        old: String,
        new: String,
    ) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.write(Some(tenant), move |work| passwords::replace(work, tenant, person, &old, &new)))
    }

    fn sign_in_candidates(&self, folded_email: String) -> BoxFuture<'_, Available<Vec<SignInCandidate>>> {
        Box::pin(self.query(None, move |c| passwords::candidates(c, &folded_email)))
    }

    fn first_organization(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> BoxFuture<'_, Available<Option<(OrganizationId, Number)>>> {
        Box::pin(async move { self.read(|c| passwords::first_organization(c, tenant, person)) })
    }

    fn add_session(
        &self,
        session: Session,
        password_hash: String,
        origin: Origin,
    ) -> BoxFuture<'_, Available<bool>> {
        Box::pin(
            self.write(Some(session.tenant), move |work| {
                sessions::add(work, &session, &password_hash, &origin)
            }),
        )
    }

    fn session(&self, id: SessionId) -> BoxFuture<'_, Available<Option<Session>>> {
        Box::pin(async move { self.read(|c| sessions::get(c, id)) })
    }

    fn sessions(&self, query: SessionQuery, now: Timestamp) -> BoxFuture<'_, Available<Vec<Session>>> {
        Box::pin(self.query(None, move |c| sessions::list(c, &query, now)))
    }

    fn revoke_sessions(&self, which: Sessions, origin: Origin) -> BoxFuture<'_, Available<u64>> {
        Box::pin(self.write(None, move |work| sessions::revoke(work, which, &origin)))
    }

    fn signing_keys(&self) -> BoxFuture<'_, Available<Vec<SigningKey>>> {
        Box::pin(async move { self.read(signing_keys::list) })
    }

    fn add_signing_key(&self, key: SigningKey) -> BoxFuture<'_, Available<SigningKey>> {
        Box::pin(self.write(None, move |work| signing_keys::add(work, key)))
    }

    fn rotate_signing_keys(&self, rotation: Rotation) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.write(None, move |work| signing_keys::rotate(work, &rotation)))
    }

    fn rewrite_signing_keys(&self, keys: Vec<SigningKey>) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.write(None, move |work| signing_keys::rewrite(work, &keys)))
    }

    fn remove_expired_signing_keys(&self, now: Timestamp) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.write(None, move |work| signing_keys::remove_expired(work, now)))
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Available<()>> {
        Box::pin(self.dedicated(move |c| backup::run(c, &to)))
    }

    fn check(&self) -> BoxFuture<'_, Available<Report>> {
        Box::pin(self.dedicated(|c| in_transaction(c, check::run)))
    }

    fn is_ready(&self) -> BoxFuture<'_, bool> {
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
