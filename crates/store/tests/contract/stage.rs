//! The stage of a case: a throw-away store, of the engine that the run is for, with two tenants that hold the same.

use std::sync::Arc;

use directory::caller::{Caller, Channel, Dialect};
use directory::credential::Scopes;
use directory::custom_field::{CustomField, CustomFieldKind};
use directory::email::Email;
use directory::event::{Event, EventQuery, Subject, SubjectFilter};
use directory::identity::{Family, Identity, Source};
use directory::ids::{
    CredentialId, CustomFieldId, DepartmentId, GroupId, InvitationId, Number, ObjectId, OrganizationId,
    PersonId, TeamId, TenantId,
};
use directory::invitation::Invitation;
use directory::organization::{
    Department, DepartmentKind, Group, Label, OrganizationDetails, Permission, Role, Team,
};
use directory::person::Entry;
use directory::person_change::NameChange;
use directory::query::{Direction, Filter, Query};
use directory::store::{
    AuditContext, ChangeError, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey, Report,
    TenantReport,
};
use directory::{Change, Command, Entity, Include, PersonChange, PersonField, Record, Refusal, Store};
use jiff::Timestamp;
use store::postgres::{self, Address, Postgres};
use store::sqlite::{self, Sqlite};
use testkit::store::{Engine, fresh};
use uuid::Uuid;

pub(crate) const ADA: u64 = 1;
pub(crate) const GRACE: u64 = 2;
pub(crate) const EDSGER: u64 = 3;
/// Somebody who is not there yet.
pub(crate) const NEWCOMER: u64 = 9;

/// Everything of the four dialects.
pub(crate) const ALL: Include = Include {
    organization: true,
    primary_department: true,
    groups: true,
    profession: true,
    roles: true,
    delegations: true,
    custom_fields: true,
    actor: None,
};

pub(crate) struct Stage {
    pub(crate) store: Arc<dyn Store>,
    /// Where the case plays.
    pub(crate) here: Place,
    /// What must stay as it is.
    pub(crate) there: Place,
    there_at_first: TenantReport,
    /// Removed when the engine has let go of it.
    place: testkit::store::Store,
}

/// A tenant, and where in it people are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) root: OrganizationId,
    pub(crate) child: OrganizationId,
    /// Labels' numbers are given out by the engine.
    pub(crate) label: Number,
    pub(crate) label_of_child: Number,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::with_queue(sqlite::Options::default().queue_of_a_tenant).await
    }

    /// Where so many writes of a tenant may wait.
    pub(crate) async fn with_queue(queue_of_a_tenant: usize) -> Self {
        let place = fresh();
        let store = open(place.url(), queue_of_a_tenant).await;
        let there = furnish(store.as_ref(), 1).await;
        let here = furnish(store.as_ref(), 2).await;
        let report = sound(store.as_ref()).await;
        let there_at_first = of(&report, there.tenant).clone();
        Self { store, here, there, there_at_first, place }
    }

    /// The end of every case: the store is sound, and the other tenant as it was.
    pub(crate) async fn end(self) {
        let report = sound(self.store.as_ref()).await;
        assert_eq!(*of(&report, self.there.tenant), self.there_at_first);
    }

    /// The same store, as another process has it open.
    pub(crate) async fn beside(&self) -> Arc<dyn Store> {
        open(self.place.url(), sqlite::Options::default().queue_of_a_tenant).await
    }

    /// Over everything in the tenant of the case.
    pub(crate) async fn hash(&self) -> String {
        of(&sound(self.store.as_ref()).await, self.here.tenant).hash.clone()
    }

    pub(crate) async fn find(&self, key: PersonKey) -> Option<Record> {
        self.find_in(self.here.root, key).await
    }

    pub(crate) async fn find_in(&self, organization: OrganizationId, key: PersonKey) -> Option<Record> {
        self.store.person(self.here.tenant, organization, key, ALL).await.unwrap()
    }

    pub(crate) async fn person(&self, n: u64) -> Record {
        self.find(by_id(n)).await.unwrap()
    }

    pub(crate) async fn change(&self, n: u64, change: PersonChange) -> Result<Record, Refusal> {
        self.change_in(self.here.root, n, change).await
    }

    pub(crate) async fn change_in(
        &self,
        organization: OrganizationId,
        n: u64,
        change: PersonChange,
    ) -> Result<Record, Refusal> {
        self.decide(organization, n, move |_| Ok(change.clone())).await.map_err(|stop| match stop {
            ChangeError::Refused(refusal) => refusal,
            ChangeError::Decided => panic!("nobody decided against it"),
        })
    }

    /// The same by the command, which may do what no vendor's API may.
    pub(crate) async fn change_by_operator(&self, n: u64, change: PersonChange) -> Result<Record, Refusal> {
        let mut audit = self.audit();
        audit.caller.via = Channel::Command;
        self.change_by(audit, n, change).await
    }

    pub(crate) async fn change_by(
        &self,
        audit: AuditContext,
        n: u64,
        change: PersonChange,
    ) -> Result<Record, Refusal> {
        let change = ChangePerson {
            tenant: self.here.tenant,
            organization: audit.caller.organization,
            key: by_id(n),
            include: Include { actor: audit.caller.person, ..ALL },
            audit,
            decide: Box::new(move |_| Ok(change.clone())),
        };
        self.store.change_person(change).await.map_err(|stop| match stop {
            ChangeError::Refused(refusal) => refusal,
            ChangeError::Decided => panic!("nobody decided against it"),
        })
    }

    /// Executes one command in the tenant of the case.
    pub(crate) async fn execute(&self, command: Command) -> Result<Entity, Refusal> {
        let done = self.store.execute(self.here.tenant, vec![command], self.audit()).await;
        match done {
            Ok(mut entities) => Ok(entities.remove(0)),
            Err((0, ChangeError::Refused(refusal))) => Err(refusal),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) async fn create(&self, entity: impl Into<Entity>) -> Result<Entity, Refusal> {
        self.execute(Command::Create(entity.into())).await
    }

    /// The last event of the tenant of the case.
    pub(crate) async fn newest_event(&self) -> Event {
        self.store.events(self.here.tenant, EventQuery::newest(1)).await.unwrap().events.remove(0)
    }

    pub(crate) async fn decide(
        &self,
        organization: OrganizationId,
        n: u64,
        decide: impl FnMut(&Record) -> Result<PersonChange, ChangeError> + Send + 'static,
    ) -> Result<Record, ChangeError> {
        let change = ChangePerson {
            tenant: self.here.tenant,
            organization,
            key: by_id(n),
            include: ALL,
            audit: self.audit(),
            decide: Box::new(decide),
        };
        self.store.change_person(change).await
    }

    pub(crate) async fn add(&self, people: Vec<NewPerson>) -> Result<Vec<Number>, (usize, Refusal)> {
        self.add_in(self.here.root, people).await
    }

    pub(crate) async fn add_in(
        &self,
        organization: OrganizationId,
        people: Vec<NewPerson>,
    ) -> Result<Vec<Number>, (usize, Refusal)> {
        let added = self.store.add_people(self.here.tenant, organization, people, self.audit()).await?;
        Ok(added.iter().map(|record| record.person.number).collect())
    }

    pub(crate) async fn remove(&self, n: u64) -> Result<Record, Refusal> {
        self.remove_in(self.here.root, n).await
    }

    pub(crate) async fn remove_in(&self, organization: OrganizationId, n: u64) -> Result<Record, Refusal> {
        self.store.remove_person(self.here.tenant, organization, by_id(n), ALL, self.audit()).await
    }

    pub(crate) async fn search(&self, words: &[&str]) -> Vec<PersonId> {
        let words = words.iter().map(|word| directory::text::fold_for_search(word)).collect();
        self.list(by_object_id(Filter::Words(words), 1_000)).await
    }

    pub(crate) async fn list(&self, query: Query<PersonField>) -> Vec<PersonId> {
        self.store.list_person_ids(self.here.tenant, self.here.root, query).await.unwrap().items
    }

    pub(crate) fn audit(&self) -> AuditContext {
        audit(self.here, "the case")
    }
}

/// Opens a store of the engine that this run of the suite is for.
async fn open(url: &str, queue_of_a_tenant: usize) -> Arc<dyn Store> {
    match Engine::of_this_run() {
        Engine::Sqlite => {
            let path = url.strip_prefix("sqlite:").expect("the address of a file");
            let options = sqlite::Options { queue_of_a_tenant, ..Default::default() };
            Arc::new(Sqlite::open(path, options).unwrap())
        }
        Engine::Postgres => {
            let address = Address::parse(url).unwrap();
            let options = postgres::Options { queue_of_a_tenant, ..Default::default() };
            Arc::new(Postgres::open(address, options).await.unwrap())
        }
    }
}

pub(crate) async fn sound(store: &dyn Store) -> Report {
    let report = store.check().await.unwrap();
    assert_eq!(report.problems, [""; 0]);
    report
}

pub(crate) fn of(report: &Report, tenant: TenantId) -> &TenantReport {
    report.tenants.iter().find(|one| one.tenant == tenant).unwrap()
}

pub(crate) fn audit(place: Place, request: &str) -> AuditContext {
    audit_in(place.tenant, place.root, request)
}

pub(crate) fn audit_in(tenant: TenantId, organization: OrganizationId, request: &str) -> AuditContext {
    let caller = Caller {
        tenant,
        organization,
        via: Channel::Dialect(Dialect::Relesys),
        credential: Some(CredentialId(Uuid::from_u128(77))),
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: request.to_owned(),
    };
    AuditContext { caller, now: at(100) }
}

/// A tenant with nobody in it, of one organization.
pub(crate) async fn another_tenant(store: &dyn Store, seed: u64) -> (TenantId, OrganizationId) {
    let new = NewOrganization {
        id: OrganizationId(Uuid::from_u128(1)),
        object_id: object_id(10_000 + seed),
        parent: None,
        name: "Root".to_owned(),
        details: OrganizationDetails::default(),
        created_at: at(0),
    };
    let root = store.add_organization(None, new, origin(0)).await.unwrap();
    let trees = store.organizations().await.unwrap();
    (trees.last().unwrap().tenant.id, root.id)
}

/// Some minutes after the beginning of the case.
pub(crate) fn by_object_id(filter: Filter<PersonField>, limit: u32) -> Query<PersonField> {
    Query::first(filter, vec![(PersonField::ObjectId, Direction::Ascending)], limit)
}

pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minutes).unwrap()
}

pub(crate) fn person_id(n: u64) -> PersonId {
    PersonId(Uuid::from_u128(u128::from(n)))
}

pub(crate) fn object_id(n: u64) -> ObjectId {
    ObjectId::compose(1, n.to_be_bytes())
}

pub(crate) fn by_id(n: u64) -> PersonKey {
    PersonKey::Id(person_id(n))
}

pub(crate) fn department(n: u128) -> DepartmentId {
    DepartmentId(Uuid::from_u128(n))
}

pub(crate) fn group(n: u128) -> GroupId {
    GroupId(Uuid::from_u128(n))
}

pub(crate) fn team(n: u128) -> TeamId {
    TeamId(Uuid::from_u128(n))
}

pub(crate) fn role(n: u64) -> ObjectId {
    object_id(500 + n)
}

pub(crate) fn in_group(n: u128) -> Entry<GroupId> {
    Entry { id: group(n), data_source: None }
}

pub(crate) fn permission(claim: &str) -> Permission {
    Permission { claim: claim.to_owned() }
}

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn named(given: &str, family: &str) -> PersonChange {
    PersonChange {
        name: NameChange::Parts { given: Change::Set(given.into()), family: Change::Set(family.into()) },
        ..PersonChange::default()
    }
}

pub(crate) fn titled(title: &str) -> PersonChange {
    PersonChange { title: Change::Set(title.into()), ..PersonChange::default() }
}

pub(crate) fn with_email(text: &str) -> PersonChange {
    PersonChange { email: Change::Set(email(text)), ..PersonChange::default() }
}

pub(crate) fn with_external_id(value: &str) -> PersonChange {
    let identities = [(Family::Relesys, vec![Identity { source: Source::Relesys, value: value.to_owned() }])];
    PersonChange { identities: identities.into(), ..PersonChange::default() }
}

pub(crate) fn by_external_id(value: &str) -> PersonKey {
    PersonKey::Identity(Source::Relesys, value.to_owned())
}

pub(crate) fn invited(n: u128, place: Place) -> Invitation {
    Invitation {
        id: InvitationId(Uuid::from_u128(n)),
        organization: place.root,
        created_at: at(0),
        expires_at: at(1_000),
        resend_count: 0,
        reinstatement: None,
    }
}

pub(crate) fn new_person(n: u64, change: PersonChange) -> NewPerson {
    NewPerson { id: person_id(n), object_id: object_id(n), created_at: at(n.cast_signed()), change }
}

pub(crate) fn new_department(n: u128, name: &str) -> Department {
    Department::new(department(n), name, DepartmentKind::default())
}

/// Events about one person.
pub(crate) fn about(n: u64) -> Option<SubjectFilter> {
    Some(SubjectFilter::One(Subject::Person(person_id(n))))
}

/// A label whose number the engine gives out.
pub(crate) fn new_label(organization: OrganizationId, name: &str) -> Label {
    Label::new(organization, name, "#AABBCC")
}

/// The same in every tenant: also the ids, which are unique in a tenant alone.
async fn furnish(store: &dyn Store, seed: u64) -> Place {
    let organization = |n: u128, parent: Option<OrganizationId>, name: &str| NewOrganization {
        id: OrganizationId(Uuid::from_u128(n)),
        // Tenants are told apart by this one.
        object_id: object_id(if parent.is_none() { 900 + seed } else { 990 }),
        parent,
        name: name.to_owned(),
        details: OrganizationDetails::default(),
        created_at: at(0),
    };
    let root = store.add_organization(None, organization(1, None, "Root"), origin(0)).await.unwrap();
    let trees = store.organizations().await.unwrap();
    let tenant = trees.last().unwrap().tenant.id;
    let child = store
        .add_organization(Some(tenant), organization(2, Some(root.id), "Child"), origin(0))
        .await
        .unwrap();
    let mut entities: Vec<Entity> = Vec::new();
    for n in 1..=3 {
        entities.push(new_department(n, &format!("Department {n}")).into());
        entities.push(Group::new(group(n), object_id(600 + n as u64), format!("Group {n}")).into());
        let role =
            Role { permissions: vec![permission("read")], ..Role::new(role(n as u64), format!("role-{n}")) };
        entities.push(role.into());
    }
    for (n, organization) in [(1, root.id), (2, child.id)] {
        entities.push(Team::new(team(n), organization, format!("Team {n}")).into());
    }
    let field = CustomField {
        id: CustomFieldId(Uuid::from_u128(1)),
        key: "shoe".into(),
        name: "Shoe size".into(),
        kind: CustomFieldKind::Text,
    };
    entities.push(field.into());
    entities.push(new_label(root.id, "Nurse").into());
    entities.push(new_label(child.id, "Nurse").into());
    let commands = entities.into_iter().map(Command::Create).collect();
    let created = store.execute(tenant, commands, audit_in(tenant, root.id, "furnished")).await.unwrap();
    let label = |place: usize| match &created[created.len() - place] {
        Entity::Label(label) => label.number,
        other => panic!("{other:?}"),
    };
    let place = Place { tenant, root: root.id, child: child.id, label: label(2), label_of_child: label(1) };
    let ada = PersonChange {
        email: Change::Set(email("Ada@Example.com")),
        user_name: Change::Set("Countess".into()),
        nickname: Change::Set("Enchantress".into()),
        groups: Change::Set(vec![in_group(1), in_group(2)]),
        ..with_external_id("e-1").and(named("Ada", "Byron"))
    };
    let grace = PersonChange {
        email: Change::Set(email("grace@example.com")),
        ..with_external_id("e-2").and(named("Grace", "Hopper"))
    };
    let edsger =
        PersonChange { email: Change::Set(email("edsger@example.com")), ..named("Edsger", "Dijkstra") };
    let people = [(ADA, ada), (GRACE, grace), (EDSGER, edsger)]
        .map(|(n, change)| new_person(n, change))
        .into_iter()
        .collect();
    store.add_people(tenant, root.id, people, audit(place, "furnished")).await.unwrap();
    place
}

/// Puts the name of another change beside what this one says.
trait And {
    fn and(self, other: PersonChange) -> PersonChange;
}

impl And for PersonChange {
    fn and(self, other: PersonChange) -> PersonChange {
        PersonChange { name: other.name, ..self }
    }
}

/// An operator, so many seconds after the beginning.
pub(crate) fn origin(seconds: i64) -> Origin {
    Origin::of_command("the case", at(seconds))
}
