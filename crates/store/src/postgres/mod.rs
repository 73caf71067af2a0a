//! The PostgreSQL engine: any number of processes over one database, each committing in groups.
//!
//! People are read and written many at a time: whoever asks while a connection is busy is gathered into the next
//! statement. What is kept of people is never used unasked, so that what another process wrote is seen at once.

mod backup;
mod batch;
mod cache;
mod check;
mod connect;
mod credentials;
mod customers;
pub mod distribute;
mod entities;
mod error;
mod events;
mod group_members;
mod lists;
mod load;
mod members;
mod migrate;
mod options;
mod organizations;
mod passwords;
mod people;
mod plan;
#[cfg(test)]
mod plans;
mod pool;
mod reader;
mod reference_data;
mod refold;
mod requests;
mod row;
mod rows;
mod sessions;
mod settings;
mod signing_keys;
mod sql;
mod transfer;
mod trial;
mod writer;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use directory::apply::Key;
use directory::caller::Dialect;
use directory::credential::{
    Credential, CredentialUse, KeyHash, KeyRotation, Session as PersonSession, SignInCandidate,
};
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
use tokio::sync::Mutex;

use cache::PersonCache;
use error::Result;
use pool::{Forget, Pool};
use reader::Readers;
use reference_data::ReferenceDataCache;
use requests::available;
use settings::{AT_LENGTH, REQUESTS, REQUESTS_ON_CITUS, SCANS, SCANS_ON_CITUS};
use writer::{Work, Writer};

use crate::fair::Places;
use crate::invitations;
use crate::readiness::Readiness;
use crate::sql::list;

pub use connect::{Address, ConnectError, OpenError};
pub use options::Options;
pub use transfer::TransferStore;

/// What the port answers where a store may not be there.
type Available<T> = std::result::Result<T, Unavailable>;

/// Whether a store was begun in this database. Nothing is changed there.
pub async fn holds_a_store(address: &Address) -> Result<bool, OpenError> {
    let client = address.connect(AT_LENGTH).await?;
    migrate::is_done(&client).await
}

/// A directory in a PostgreSQL database.
pub struct Postgres {
    shared: Arc<Shared>,
    reader: Readers,
    writer: Writer,
    readiness: Readiness,
}

/// What those who work for the engine share.
struct Shared {
    address: Address,
    readers: Pool,
    writers: Pool,
    scanners: Pool,
    /// Lists and searches at once.
    scans: Places,
    /// One connection, to find out whether a commit succeeds. Where commits hang, it hangs by itself.
    trials: Pool,
    reference_data_cache: Arc<ReferenceDataCache>,
    cache: Arc<PersonCache>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("address", &self.shared.address).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub async fn open(address: Address, options: Options) -> std::result::Result<Self, OpenError> {
        let mut client = address.connect(AT_LENGTH).await?;
        migrate::run(&mut client).await?;
        transfer::refuse(&client).await?;
        let (requests, scans) = match distribute::is_possible(&client).await.map_err(OpenError::Postgres)? {
            true => (REQUESTS_ON_CITUS, SCANS_ON_CITUS),
            false => (REQUESTS, SCANS),
        };
        let reference_data_cache = Arc::new(ReferenceDataCache::new());
        let cache = Arc::new(PersonCache::new(!address.is_pooled, options.cached));
        let forget: Forget = {
            let (reference_data_cache, cache) = (reference_data_cache.clone(), cache.clone());
            Arc::new(move || {
                reference_data_cache.forget();
                cache.forget();
            })
        };
        let pool = |settings, size| Pool::new(address.clone(), settings, forget.clone(), size);
        let shared = Arc::new(Shared {
            readers: pool(requests, options.readers),
            writers: pool(requests, options.writers),
            scanners: pool(scans, options.scanners),
            scans: Places::new(options.scanners.saturating_sub(1)),
            trials: pool(requests, 1),
            reference_data_cache,
            cache,
            address,
        });
        let reader = Readers::start(&shared, &options);
        let writer = Writer::start(shared.clone(), &options);
        Ok(Self { shared, reader, writer, readiness: Readiness::default() })
    }
}

impl Store for Postgres {
    fn person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
    ) -> BoxFuture<'_, Available<Option<Record>>> {
        Box::pin(self.reader.person(tenant, organization, key, include))
    }

    fn list_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
        include: Include,
    ) -> BoxFuture<'_, Available<Page<Record>>> {
        Box::pin(async move {
            let (shared, query) = (&*self.shared, &query);
            self.query(Some(tenant), |session| async move {
                people::page(shared, &session, tenant, organization, query, include).await
            })
            .await
        })
    }

    fn list_person_ids(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
    ) -> BoxFuture<'_, Available<Page<PersonId>>> {
        Box::pin(async move {
            let query = &query;
            self.query(Some(tenant), |session| async move {
                people::ids(&session, tenant, organization, query).await
            })
            .await
        })
    }

    fn records(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<PersonId>,
        include: Include,
    ) -> BoxFuture<'_, Available<Vec<Record>>> {
        Box::pin(async move {
            let (shared, people) = (&*self.shared, &people[..]);
            self.query(Some(tenant), |session| async move {
                people::records(shared, &session, tenant, organization, people, include).await
            })
            .await
        })
    }

    fn resolve_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        keys: Vec<PersonKey>,
    ) -> BoxFuture<'_, Available<Vec<Option<PersonId>>>> {
        Box::pin(async move {
            let keys = &keys[..];
            self.query(Some(tenant), |session| async move {
                people::resolve(&session, tenant, organization, keys).await
            })
            .await
        })
    }

    fn has_object_id(&self, tenant: TenantId, id: ObjectId) -> BoxFuture<'_, Available<bool>> {
        Box::pin(self.query_small(move |session| people::has_object_id(session, tenant, id)))
    }

    fn change_person(&self, change: ChangePerson) -> BoxFuture<'_, std::result::Result<Record, ChangeError>> {
        let unavailable = ChangeError::Refused(Refusal::Unavailable);
        let tenant = change.tenant;
        let work = move |answer| Work::Change { change, afresh: false, delegations: false, answer };
        Box::pin(self.writer.run(tenant, unavailable, work))
    }

    fn add_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<NewPerson>,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Vec<Record>, (usize, Refusal)>> {
        let work = move |answer| Work::Add { organization, people, audit, answer };
        Box::pin(self.writer.run(tenant, (0, Refusal::Unavailable), work))
    }

    fn add_member(&self, member: NewMember) -> BoxFuture<'_, std::result::Result<Record, Refusal>> {
        Box::pin(async move {
            let (reference_data_cache, member) = (&self.shared.reference_data_cache, &member);
            self.write_or_refuse(|session| async move {
                members::add(&session, reference_data_cache, member).await
            })
            .await
        })
    }

    fn remove_person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Record, Refusal>> {
        let work = move |answer| Work::Remove { organization, key, include, audit, answer };
        Box::pin(self.writer.run(tenant, Refusal::Unavailable, work))
    }

    fn invitations(&self, query: InvitationQuery) -> BoxFuture<'_, Available<Vec<InvitationEntry>>> {
        Box::pin(async move {
            let query = &query;
            self.query(Some(query.tenant), |session| async move { invitations::list(&session, query).await })
                .await
        })
    }

    fn expired_invitations(
        &self,
        tenant: TenantId,
        keys: BTreeSet<Key>,
        now: Timestamp,
    ) -> BoxFuture<'_, Available<Vec<InvitationEntry>>> {
        Box::pin(async move {
            let keys = &keys;
            self.query_small(|session| async move { invitations::expired(&session, tenant, keys, now).await })
                .await
        })
    }

    fn locate(&self, keys: Vec<PersonKey>) -> BoxFuture<'_, Available<Vec<Location>>> {
        Box::pin(async move {
            let keys = &keys;
            self.query(None, |session| async move { people::locate(&session, keys).await }).await
        })
    }

    fn events(&self, tenant: TenantId, query: EventQuery) -> BoxFuture<'_, Available<EventPage>> {
        Box::pin(async move {
            let query = &query;
            self.query(Some(tenant), |session| async move { list::events(&session, tenant, query).await })
                .await
        })
    }

    fn add_organization(
        &self,
        tenant: Option<TenantId>,
        new: NewOrganization,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(async move {
            let (new, origin) = (&new, &origin);
            self.write_or_refuse(
                |session| async move { organizations::add(&session, tenant, new, origin).await },
            )
            .await
        })
    }

    fn customer(&self, tenant: TenantId, by: CustomerBy) -> BoxFuture<'_, Available<Option<Customer>>> {
        Box::pin(async move {
            let by = &by;
            self.query_small(|session| async move { crate::customers::get(&session, tenant, by).await }).await
        })
    }

    fn labels(&self, tenant: TenantId, organization: OrganizationId) -> BoxFuture<'_, Available<Vec<Label>>> {
        Box::pin(self.query(Some(tenant), move |session| async move {
            crate::entities::labels_of(&session, tenant, organization).await
        }))
    }

    fn customers(&self, tenant: TenantId) -> BoxFuture<'_, Available<Vec<Customer>>> {
        Box::pin(self.query(Some(tenant), move |session| async move {
            crate::customers::list(&session, tenant).await
        }))
    }

    fn change_customer(
        &self,
        change: ChangeCustomer,
    ) -> BoxFuture<'_, std::result::Result<Customer, ChangeError>> {
        Box::pin(async move {
            let change = &Mutex::new(change);
            self.write_or_stop(Refusal::Unavailable.into(), |session| async move {
                customers::change(&session, &mut *change.lock().await).await
            })
            .await
        })
    }

    fn rename_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        name: String,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(async move {
            let (name, origin) = (&name, &origin);
            self.write_or_refuse(|session| async move {
                organizations::rename(&session, tenant, organization, name, origin).await
            })
            .await
        })
    }

    fn delete_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<Organization, Refusal>> {
        Box::pin(async move {
            let origin = &origin;
            self.write_or_refuse(|session| async move {
                organizations::delete(&session, tenant, organization, origin).await
            })
            .await
        })
    }

    fn organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> BoxFuture<'_, Available<Option<Organization>>> {
        Box::pin(async move {
            self.query_small(
                |session| async move { organizations::get(&session, tenant, organization).await },
            )
            .await
        })
    }

    fn organizations(&self) -> BoxFuture<'_, Available<Vec<TenantTree>>> {
        Box::pin(self.query(None, |session| async move { organizations::all(&session).await }))
    }

    fn execute(
        &self,
        tenant: TenantId,
        commands: Vec<Command>,
        audit: AuditContext,
    ) -> BoxFuture<'_, std::result::Result<Vec<Entity>, (usize, ChangeError)>> {
        Box::pin(async move {
            // Decisions change what they have captured, and a transaction may be tried again.
            let (commands, audit) = (&Mutex::new(commands), &audit);
            let unavailable = (0, ChangeError::Refused(Refusal::Unavailable));
            self.write_or_stop(unavailable, |session| async move {
                entities::execute(&session, tenant, &mut commands.lock().await, audit).await
            })
            .await
        })
    }

    fn entity(&self, tenant: TenantId, key: EntityKey) -> BoxFuture<'_, Available<Option<Entity>>> {
        Box::pin(async move {
            self.query_small(|session| async move { crate::entities::get(&session, tenant, key).await }).await
        })
    }

    fn list_entities(&self, tenant: TenantId, query: EntityQuery) -> BoxFuture<'_, Available<Page<Entity>>> {
        Box::pin(async move {
            let query = &query;
            self.query(
                Some(tenant),
                |session| async move { list::of_entities(&session, tenant, query).await },
            )
            .await
        })
    }

    fn change_members(
        &self,
        change: ChangeMembers,
    ) -> BoxFuture<'_, std::result::Result<ChangedMembers, Refusal>> {
        Box::pin(async move {
            let change = &change;
            self.write_or_refuse(|session| async move { group_members::change(&session, change).await }).await
        })
    }

    fn message(&self, tenant: TenantId, id: MessageId) -> BoxFuture<'_, Available<Option<Message>>> {
        Box::pin(async move {
            self.query_small(|session| async move { crate::messages::get(&session, tenant, id).await }).await
        })
    }

    fn messages(&self, tenant: TenantId, query: MessageQuery) -> BoxFuture<'_, Available<Vec<Message>>> {
        Box::pin(async move {
            let query = &query;
            self.query(
                Some(tenant),
                |session| async move { crate::messages::list(&session, tenant, query).await },
            )
            .await
        })
    }

    fn reference_data(&self, tenant: TenantId) -> BoxFuture<'_, Available<ReferenceData>> {
        Box::pin(async move {
            self.query(Some(tenant), |session| async move {
                crate::entities::reference_data(&session, tenant).await
            })
            .await
        })
    }

    fn custom_fields(&self, tenant: TenantId) -> BoxFuture<'_, Available<Vec<CustomField>>> {
        Box::pin(async move {
            self.query_small(|session| async move { reference_data::custom_fields(&session, tenant).await })
                .await
        })
    }

    fn add_credential(
        &self,
        credential: Credential,
        origin: Origin,
    ) -> BoxFuture<'_, std::result::Result<(), Refusal>> {
        Box::pin(async move {
            let (credential, origin) = (&credential, &origin);
            self.write_or_refuse(
                |session| async move { credentials::add(&session, credential, origin).await },
            )
            .await
        })
    }

    fn credential(
        &self,
        dialect: Dialect,
        public_id: String,
    ) -> BoxFuture<'_, Available<Option<Credential>>> {
        Box::pin(async move {
            let public_id = &public_id;
            self.query_small(
                |session| async move { crate::credentials::get(&session, dialect, public_id).await },
            )
            .await
        })
    }

    fn list_credentials(
        &self,
        tenant: TenantId,
        query: Query<CredentialField>,
    ) -> BoxFuture<'_, Available<Page<Credential>>> {
        Box::pin(async move {
            let query = &query;
            self.query(
                Some(tenant),
                |session| async move { list::credentials(&session, tenant, query).await },
            )
            .await
        })
    }

    fn revoke_credential(&self, id: CredentialId, origin: Origin) -> BoxFuture<'_, Available<bool>> {
        Box::pin(async move {
            let origin = &origin;
            self.write(|session| async move { credentials::revoke(&session, id, origin).await }).await
        })
    }

    fn limit_credential(
        &self,
        id: CredentialId,
        limit: RateLimit,
        origin: Origin,
    ) -> BoxFuture<'_, Available<bool>> {
        Box::pin(async move {
            let origin = &origin;
            self.write(|session| async move { credentials::limit(&session, id, limit, origin).await }).await
        })
    }

    fn rotate_credential(
        &self,
        id: CredentialId,
        rotation: KeyRotation,
        origin: Origin,
    ) -> BoxFuture<'_, Available<Option<[Vec<KeyHash>; 2]>>> {
        Box::pin(async move {
            let (rotation, origin) = (&rotation, &origin);
            let write = |session| async move { credentials::rotate(&session, id, rotation, origin).await };
            self.write(write).await
        })
    }

    fn note_use(&self, used: Vec<CredentialUse>) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move {
            let used = &used;
            self.write(|session| async move { credentials::note_use(&session, used).await }).await
        })
    }

    fn replace_password_hash(
        &self,
        tenant: TenantId,
        person: PersonId,
        old: String,
        new: String,
    ) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move {
            let (old, new) = (&old, &new);
            self.write(|session| async move { passwords::replace(&session, tenant, person, old, new).await })
                .await
        })
    }

    fn sign_in_candidates(&self, folded_email: String) -> BoxFuture<'_, Available<Vec<SignInCandidate>>> {
        Box::pin(async move {
            let folded_email = &folded_email;
            self.query_small(|session| async move { passwords::candidates(&session, folded_email).await })
                .await
        })
    }

    fn first_organization(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> BoxFuture<'_, Available<Option<(OrganizationId, Number)>>> {
        Box::pin(async move {
            self.query_small(|session| async move {
                passwords::first_organization(&session, tenant, person).await
            })
            .await
        })
    }

    fn add_session(
        &self,
        kept: PersonSession,
        password_hash: String,
        origin: Origin,
    ) -> BoxFuture<'_, Available<bool>> {
        Box::pin(async move {
            let (kept, hash, origin) = (&kept, &password_hash, &origin);
            self.write(|session| async move { sessions::add(&session, kept, hash, origin).await }).await
        })
    }

    fn session(&self, id: SessionId) -> BoxFuture<'_, Available<Option<PersonSession>>> {
        Box::pin(
            async move { self.query_small(|session| async move { sessions::get(&session, id).await }).await },
        )
    }

    fn sessions(&self, query: SessionQuery, now: Timestamp) -> BoxFuture<'_, Available<Vec<PersonSession>>> {
        Box::pin(async move {
            let query = &query;
            self.query(None, |session| async move { sessions::list(&session, query, now).await }).await
        })
    }

    fn revoke_sessions(&self, which: Sessions, origin: Origin) -> BoxFuture<'_, Available<u64>> {
        Box::pin(async move {
            let origin = &origin;
            self.write(|session| async move { sessions::revoke(&session, which, origin).await }).await
        })
    }

    fn signing_keys(&self) -> BoxFuture<'_, Available<Vec<SigningKey>>> {
        Box::pin(self.query_small(|session| async move { signing_keys::list(&session).await }))
    }

    fn add_signing_key(&self, key: SigningKey) -> BoxFuture<'_, Available<SigningKey>> {
        Box::pin(async move {
            let key = &key;
            self.write(|session| async move { signing_keys::add(&session, key).await }).await
        })
    }

    fn rotate_signing_keys(&self, rotation: Rotation) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move {
            let rotation = &rotation;
            self.write(|session| async move { signing_keys::rotate(&session, rotation).await }).await
        })
    }

    fn rewrite_signing_keys(&self, keys: Vec<SigningKey>) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move {
            let keys = &keys[..];
            self.write(|session| async move { signing_keys::rewrite(&session, keys).await }).await
        })
    }

    fn remove_expired_signing_keys(&self, now: Timestamp) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move {
            self.write(|session| async move { signing_keys::remove_expired(&session, now).await }).await
        })
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Available<()>> {
        Box::pin(async move { available(backup::run(&self.shared.address, &to).await) })
    }

    fn check(&self) -> BoxFuture<'_, Available<Report>> {
        Box::pin(async move { available(check::run(&self.shared.address).await) })
    }

    /// A server that lost its place to another reads on, but nothing can be written to it.
    fn is_ready(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.readiness.is_ready(|| {
            let shared = self.shared.clone();
            async move { available(trial::run(&shared).await).unwrap_or(false) }
        }))
    }
}
