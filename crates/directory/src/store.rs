//! The port to an engine. The tenant comes first; absence is `Option`; refusals are the domain's own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::apply::Key;
use crate::caller::{Caller, Channel, Dialect};
use crate::command::Command;
use crate::credential::{Credential, CredentialUse, KeyHash, KeyRotation, Session, SignInCandidate};
use crate::custom_field::CustomField;
use crate::customer::{Customer, CustomerChange, CustomerKey};
use crate::entity::{Entity, EntityKey};
use crate::entity_field::{CredentialField, EntityQuery};
use crate::event::{Actor, EventPage, EventQuery};
use crate::identity::Source;
use crate::ids::{
    CredentialId, InvitationId, MessageId, Number, ObjectId, OrganizationId, PersonId, SessionId, TenantId,
};
use crate::invitation::{InvitationEntry, InvitationQuery};
use crate::members::{ChangeMembers, ChangedMembers};
use crate::message::{Message, MessageQuery};
use crate::organization::{Department, Group, Label, Organization, OrganizationDetails, Role, Team, Tenant};
use crate::person_change::PersonChange;
use crate::person_field::PersonField;
use crate::ports::BoxFuture;
use crate::query::{Page, Query};
use crate::record::{Include, Record};
use crate::refusal::Refusal;
use crate::signing_key::{Rotation, SigningKey};
use crate::template::Template;
use crate::throttle::RateLimit;

/// The store cannot answer; it has logged why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable;

impl From<Unavailable> for Refusal {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// How a person is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PersonKey {
    Id(PersonId),
    Number(Number),
    ObjectId(ObjectId),
    Invitation(InvitationId),
    /// The folded primary address or an alias.
    Email(String),
    /// A value folded as its source compares.
    Identity(Source, String),
    /// A folded user name.
    UserName(String),
}

/// Who writes, and when.
#[derive(Debug, Clone)]
pub struct AuditContext {
    pub caller: Caller,
    pub now: Timestamp,
}

/// How a change came about that is not one of people or entities: an operator's, across tenants, a sign-in, or that of a
/// caller who makes an organization. The event of the change says that it was made at the organization that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub via: Channel,
    /// The credential of a caller of an API.
    pub credential: Option<CredentialId>,
    /// Who signs in, or calls.
    pub person: Option<PersonId>,
    pub request: String,
    pub now: Timestamp,
}

impl Origin {
    /// An operator's command.
    pub fn of_command(request: impl Into<String>, now: Timestamp) -> Self {
        Self { via: Channel::Command, credential: None, person: None, request: request.into(), now }
    }

    /// A caller of an API.
    pub fn of_caller(caller: &Caller, now: Timestamp) -> Self {
        let Caller { via, credential, person, request, .. } = caller;
        Self { via: *via, credential: *credential, person: *person, request: request.clone(), now }
    }

    /// Who did it, as seen from one organization.
    pub fn actor(&self, organization: OrganizationId) -> Actor {
        let Self { via, credential, person, request, now: _ } = self;
        let (via, credential, person, request) = (*via, *credential, *person, request.clone());
        Actor { via, organization, credential, person, forwarded: None, request }
    }
}

/// A pure decision on the person as it is. The engine may ask twice.
pub type Decide = Box<dyn FnMut(&Record) -> Result<PersonChange, ChangeError> + Send>;

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeError {
    Refused(Refusal),
    /// The decision was against it, for a reason that whoever decided has kept.
    Decided,
}

impl From<Refusal> for ChangeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// How a customer is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerBy {
    Organization(OrganizationId),
    ObjectId(ObjectId),
    Key(CustomerKey),
}

/// A pure decision on the customer as it is. The engine may ask twice.
pub type DecideCustomer = Box<dyn FnMut(&Customer) -> Result<CustomerChange, ChangeError> + Send>;

/// A change of one organization as Laurel sees it.
pub struct ChangeCustomer {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub origin: Origin,
    pub decide: DecideCustomer,
}

impl std::fmt::Debug for ChangeCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeCustomer").field("organization", &self.organization).finish_non_exhaustive()
    }
}

/// A change of one person as seen from one organization.
pub struct ChangePerson {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub key: PersonKey,
    pub include: Include,
    pub audit: AuditContext,
    pub decide: Decide,
}

impl std::fmt::Debug for ChangePerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangePerson")
            .field("tenant", &self.tenant)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// A person to be made: the change is applied to an empty one, under the same rules as any other change.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub id: PersonId,
    pub object_id: ObjectId,
    pub created_at: Timestamp,
    pub change: PersonChange,
}

/// A living person of the tenant who becomes a member of a further organization. The change is of what that grants alone.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub person: PersonId,
    pub change: PersonChange,
    pub audit: AuditContext,
}

/// Where a person was found, across tenants. For operators alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub tenant: TenantId,
    pub person: PersonId,
    /// The organizations of live memberships; never empty.
    pub organizations: Vec<OrganizationId>,
}

/// A tenant's reference data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReferenceData {
    pub departments: Vec<Department>,
    pub groups: Vec<Group>,
    pub teams: Vec<Team>,
    pub labels: Vec<Label>,
    pub roles: Vec<Role>,
    pub custom_fields: Vec<CustomField>,
    pub templates: Vec<Template>,
}

/// An organization to be made; the engine gives out the number. Without a parent it is the root of a new tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOrganization {
    pub id: OrganizationId,
    pub object_id: ObjectId,
    pub parent: Option<OrganizationId>,
    pub name: String,
    pub details: OrganizationDetails,
    pub created_at: Timestamp,
}

/// A tenant with its organizations, parents before children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantTree {
    pub tenant: Tenant,
    pub organizations: Vec<Organization>,
}

/// Which sessions of a tenant to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionQuery {
    pub tenant: TenantId,
    pub organization: Option<OrganizationId>,
    pub person: Option<PersonId>,
    /// At most so many.
    pub limit: usize,
}

/// Sessions to be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    One(SessionId),
    OfPerson(TenantId, PersonId),
}

/// What an integrity check found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    pub problems: Vec<String>,
    pub tenants: Vec<TenantReport>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TenantReport {
    pub tenant: TenantId,
    pub people: u64,
    pub events: u64,
    /// Over everything that a request could change, SHA-256 in hexadecimal.
    pub hash: String,
}

/// An engine.
pub trait Store: Send + Sync {
    /// A person with a live membership in the organization.
    fn person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
    ) -> BoxFuture<'_, Result<Option<Record>, Unavailable>>;

    /// A page of the members of an organization who match, in the order asked for. Somebody who was a member, matched and had the
    /// same place in the order as long as a list was read page by page, each after the last position of the page before, is on
    /// exactly one page, whatever happens to others meanwhile.
    fn list_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
        include: Include,
    ) -> BoxFuture<'_, Result<Page<Record>, Unavailable>>;

    /// The same page as ids alone, for those who read the records later.
    fn list_person_ids(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        query: Query<PersonField>,
    ) -> BoxFuture<'_, Result<Page<PersonId>, Unavailable>>;

    /// The records of those who are still members, in the order asked.
    fn records(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<PersonId>,
        include: Include,
    ) -> BoxFuture<'_, Result<Vec<Record>, Unavailable>>;

    /// Who of an organization's people each of the keys finds, in the order of the keys. However many there are, they are
    /// looked up together.
    fn resolve_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        keys: Vec<PersonKey>,
    ) -> BoxFuture<'_, Result<Vec<Option<PersonId>>, Unavailable>>;

    /// Whether anybody of the tenant has the object id, also somebody who left.
    fn has_object_id(&self, tenant: TenantId, id: ObjectId) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Reads, decides, checks references and uniqueness, writes and records the event, as one.
    /// Answers with the record as it became, once that is on disk.
    fn change_person(&self, change: ChangePerson) -> BoxFuture<'_, Result<Record, ChangeError>>;

    /// All of them or none; the index is that of the first refused. Answers, in the order asked and once that is on disk,
    /// with the records as they became: a returning person has the ids of old. Nothing stands beside them.
    fn add_people(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        people: Vec<NewPerson>,
        audit: AuditContext,
    ) -> BoxFuture<'_, Result<Vec<Record>, (usize, Refusal)>>;

    /// Makes a person a member of a further organization, with the event, as one. Answers with the record there, with
    /// nothing beside it, once that is on disk.
    ///
    /// # Errors
    /// `NoSuchPerson`; `Unknown` for the organization and what the change refers to; `Taken` of [`Attribute::Membership`]
    /// for a member; what [`crate::apply::join`] refuses; `Unavailable`.
    ///
    /// [`Attribute::Membership`]: crate::Attribute::Membership
    fn add_member(&self, member: NewMember) -> BoxFuture<'_, Result<Record, Refusal>>;

    /// Ends the membership, and with the last one the person. Answers with the record as it was.
    fn remove_person(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        key: PersonKey,
        include: Include,
        audit: AuditContext,
    ) -> BoxFuture<'_, Result<Record, Refusal>>;

    /// Invitations of a tenant, also those that ended, the latest first.
    fn invitations(&self, query: InvitationQuery)
    -> BoxFuture<'_, Result<Vec<InvitationEntry>, Unavailable>>;

    /// Invitations that were open until they ran out, before `now`, and still keep one of these keys.
    fn expired_invitations(
        &self,
        tenant: TenantId,
        keys: BTreeSet<Key>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<InvitationEntry>, Unavailable>>;

    /// Everyone that one of the keys finds, in every tenant. For operators alone.
    fn locate(&self, keys: Vec<PersonKey>) -> BoxFuture<'_, Result<Vec<Location>, Unavailable>>;

    /// A page of the events that match. Read forwards, page after page, it gives every event once: numbers are given out in the
    /// order of commits.
    fn events(&self, tenant: TenantId, query: EventQuery) -> BoxFuture<'_, Result<EventPage, Unavailable>>;

    /// Adds an organization, with the event. Where a child of the same parent has the external id already, that one is the
    /// answer, whatever else was asked for, and nothing is written: of many who ask for one at once, one makes it.
    ///
    /// # Errors
    /// `Unknown` for the parent; `Taken` for the name, for the object id, and for what [`crate::customer::keys`] has; `Invalid` where the tree would be too deep; `Unavailable`.
    fn add_organization(
        &self,
        tenant: Option<TenantId>,
        new: NewOrganization,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Organization, Refusal>>;
    /// An organization as Laurel sees it; none also for one that was deleted.
    fn customer(
        &self,
        tenant: TenantId,
        by: CustomerBy,
    ) -> BoxFuture<'_, Result<Option<Customer>, Unavailable>>;
    /// The labels of one organization, by their numbers.
    fn labels(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> BoxFuture<'_, Result<Vec<Label>, Unavailable>>;
    /// All organizations of the tenant as Laurel sees them, in the order in which they came to be.
    fn customers(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<Customer>, Unavailable>>;
    /// Reads, decides, checks uniqueness, writes and records the event, as one. A change that makes no difference has none.
    ///
    /// # Errors
    /// `Unknown` for the organization; `Taken` for its name and for what [`crate::customer::keys`] has; `Unavailable`; `Decided`.
    fn change_customer(&self, change: ChangeCustomer) -> BoxFuture<'_, Result<Customer, ChangeError>>;
    /// Gives an organization another name, with the event. The name it has changes nothing.
    ///
    /// # Errors
    /// `Unknown` for the organization, `Taken` for the name, `Unavailable`.
    fn rename_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        name: String,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Organization, Refusal>>;
    /// Deletes an organization with its teams and labels, each with the event, as one. Answers with the organization as it
    /// was, once that is on disk. Nobody becomes a member of it afterwards and nothing is added to it, also by what was
    /// asked for at the same time. Memberships that ended, credentials that were revoked or have expired, sessions that
    /// ended, messages and events stay, and name it still.
    ///
    /// # Errors
    /// `Unknown` for the organization; `Invalid` for the root of a tenant; `InUse` by the first of
    /// [`crate::plan::ORGANIZATION_OBSTACLES`]; `Unavailable`.
    fn delete_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Organization, Refusal>>;
    /// None also for one that was deleted.
    fn organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> BoxFuture<'_, Result<Option<Organization>, Unavailable>>;
    /// Every tenant, without the organizations that were deleted. For operators alone.
    fn organizations(&self) -> BoxFuture<'_, Result<Vec<TenantTree>, Unavailable>>;

    /// Creates, changes and deletes entities and sends messages in the order given, each seeing what the ones before it did: all of them or
    /// none, each with its event, as one transaction that is on disk before this answers. A change that makes no
    /// difference is no change: it has no event.
    ///
    /// Answers with the entities as they became, those deleted as they were; a message that is sent adds none.
    ///
    /// # Errors
    /// The index of the first command that was refused, and why: what the rules say of the entity, `Unavailable`, or
    /// [`ChangeError::Decided`]. An unknown tenant is the first command's [`Refusal::Unknown`].
    fn execute(
        &self,
        tenant: TenantId,
        commands: Vec<Command>,
        audit: AuditContext,
    ) -> BoxFuture<'_, Result<Vec<Entity>, (usize, ChangeError)>>;
    fn entity(&self, tenant: TenantId, key: EntityKey) -> BoxFuture<'_, Result<Option<Entity>, Unavailable>>;
    /// A page of the entities of one kind that match, with the promises of [`Self::list_people`].
    fn list_entities(
        &self,
        tenant: TenantId,
        query: EntityQuery,
    ) -> BoxFuture<'_, Result<Page<Entity>, Unavailable>>;

    /// Puts people into a group, or takes people out of it, with the group's events, as one: nobody ever sees a part of
    /// it. The times at which the group and those who came or went were changed move. A change that makes no difference
    /// has no event.
    ///
    /// # Errors
    /// `NoSuchEntity`; `CallerGone` where the organization was deleted; `Unavailable`.
    fn change_members(&self, change: ChangeMembers) -> BoxFuture<'_, Result<ChangedMembers, Refusal>>;

    /// One message of the outbox.
    fn message(&self, tenant: TenantId, id: MessageId)
    -> BoxFuture<'_, Result<Option<Message>, Unavailable>>;
    /// Messages of the outbox, the oldest first.
    fn messages(
        &self,
        tenant: TenantId,
        query: MessageQuery,
    ) -> BoxFuture<'_, Result<Vec<Message>, Unavailable>>;

    /// All entities of a tenant, in the order in which commands list them.
    fn reference_data(&self, tenant: TenantId) -> BoxFuture<'_, Result<ReferenceData, Unavailable>>;
    /// Every definition of the tenant, by key.
    fn custom_fields(&self, tenant: TenantId) -> BoxFuture<'_, Result<Vec<CustomField>, Unavailable>>;

    /// Each change of a credential has its event.
    fn add_credential(&self, credential: Credential, origin: Origin) -> BoxFuture<'_, Result<(), Refusal>>;
    fn credential(
        &self,
        dialect: Dialect,
        public_id: String,
    ) -> BoxFuture<'_, Result<Option<Credential>, Unavailable>>;
    /// A page of a tenant's credentials that match, revoked ones too, with the promises of [`Self::list_people`].
    fn list_credentials(
        &self,
        tenant: TenantId,
        query: Query<CredentialField>,
    ) -> BoxFuture<'_, Result<Page<Credential>, Unavailable>>;
    /// False when there is no such live credential.
    fn revoke_credential(&self, id: CredentialId, origin: Origin)
    -> BoxFuture<'_, Result<bool, Unavailable>>;
    /// False when there is no such live credential.
    fn limit_credential(
        &self,
        id: CredentialId,
        limit: RateLimit,
        origin: Origin,
    ) -> BoxFuture<'_, Result<bool, Unavailable>>;
    /// Changes the keys of a live credential, and answers with those before and after; none when there is no such one.
    fn rotate_credential(
        &self,
        id: CredentialId,
        rotation: KeyRotation,
        origin: Origin,
    ) -> BoxFuture<'_, Result<Option<[Vec<KeyHash>; 2]>, Unavailable>>;
    fn note_use(&self, used: Vec<CredentialUse>) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Puts another hash of the same password in the place of `old`, unless the person has another one by now. That is no
    /// change of the person, and ends no session.
    fn replace_password_hash(
        &self,
        tenant: TenantId,
        person: PersonId,
        old: String,
        new: String,
    ) -> BoxFuture<'_, Result<(), Unavailable>>;
    /// Everybody with this address, in every tenant, who has a password, by ascending tenant.
    fn sign_in_candidates(
        &self,
        folded_email: String,
    ) -> BoxFuture<'_, Result<Vec<SignInCandidate>, Unavailable>>;
    /// The live membership with the lowest organization number.
    fn first_organization(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> BoxFuture<'_, Result<Option<(OrganizationId, Number)>, Unavailable>>;
    /// Adds a session, with the event, that was begun with the password of this hash. False, and nothing is added, when in the same
    /// transaction the person may not sign in there or has another password.
    fn add_session(
        &self,
        session: Session,
        password_hash: String,
        origin: Origin,
    ) -> BoxFuture<'_, Result<bool, Unavailable>>;
    fn session(&self, id: SessionId) -> BoxFuture<'_, Result<Option<Session>, Unavailable>>;
    /// Sessions that have not expired at `now`, the latest first. For operators alone.
    fn sessions(
        &self,
        query: SessionQuery,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Session>, Unavailable>>;
    /// Ends sessions for good, each with its event, and answers with how many of them had not ended before.
    fn revoke_sessions(&self, which: Sessions, origin: Origin) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// All of them, also those that have expired and were not removed yet, by algorithm and time of creation.
    fn signing_keys(&self) -> BoxFuture<'_, Result<Vec<SigningKey>, Unavailable>>;
    /// Keeps the key unless there is a current one of that algorithm already; answers with the current one.
    fn add_signing_key(&self, key: SigningKey) -> BoxFuture<'_, Result<SigningKey, Unavailable>>;
    /// Puts new keys into the place of the current ones, all of them or none. Rotations at the same time happen one
    /// after the other.
    fn rotate_signing_keys(&self, rotation: Rotation) -> BoxFuture<'_, Result<(), Unavailable>>;
    /// Writes `secret` and `encrypted_with` of keys that are still there. Nothing else of them changes.
    fn rewrite_signing_keys(&self, keys: Vec<SigningKey>) -> BoxFuture<'_, Result<(), Unavailable>>;
    /// Removes those that have expired.
    fn remove_expired_signing_keys(&self, now: Timestamp) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// A consistent copy of everything in a new file of its owner's alone, made while others go on writing. Nothing is
    /// left behind when it fails, and nothing that is there is replaced.
    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<(), Unavailable>>;
    fn check(&self) -> BoxFuture<'_, Result<Report, Unavailable>>;
    /// True when a read was answered and a write committed, about a second ago at most. The write changes nothing; however
    /// often this is asked, one a second is made.
    fn is_ready(&self) -> BoxFuture<'_, bool>;
}
