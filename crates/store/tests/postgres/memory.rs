//! What is kept of people: never the answer when the database has another, and forgotten when another server answers.

use std::time::{Duration, Instant};

use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::ids::{GroupId, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::{Group, OrganizationDetails};
use directory::person::Entry;
use directory::store::{
    AuditContext, ChangeError, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey,
};
use directory::{Change, Command, EntityKey, Include, PersonChange, Refusal, Store};
use jiff::Timestamp;
use store::postgres::{Address, Options, Postgres};
use testkit::postgres::{Database, database};
use uuid::Uuid;

const ROOT: OrganizationId = OrganizationId(Uuid::from_u128(1));
const ADA: PersonId = PersonId(Uuid::from_u128(2));
const TENANT: TenantId = TenantId(1);

async fn open(database: &Database) -> Postgres {
    Postgres::open(Address::parse(database.url()).unwrap(), Options::default()).await.unwrap()
}

fn audit() -> AuditContext {
    let caller = Caller {
        tenant: TENANT,
        organization: ROOT,
        via: Channel::Command,
        credential: None,
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: "test".into(),
    };
    AuditContext { caller, now: Timestamp::UNIX_EPOCH }
}

fn titled(title: &str) -> PersonChange {
    PersonChange { title: Change::Set(title.into()), ..PersonChange::default() }
}

/// A store with one person in it, who has been read.
async fn begun(database: &Database) -> Postgres {
    let store = open(database).await;
    let root = NewOrganization {
        id: ROOT,
        object_id: ObjectId([1; 12]),
        parent: None,
        name: "Root".into(),
        details: OrganizationDetails::default(),
        created_at: Timestamp::UNIX_EPOCH,
    };
    store.add_organization(None, root, Origin::of_command("setup", Timestamp::UNIX_EPOCH)).await.unwrap();
    let ada = NewPerson {
        id: ADA,
        object_id: ObjectId([2; 12]),
        created_at: Timestamp::UNIX_EPOCH,
        change: titled("Countess"),
    };
    store.add_people(TENANT, ROOT, vec![ada], audit()).await.unwrap();
    assert_eq!(title(&store).await.unwrap(), "Countess");
    store
}

/// As it is read; nothing when the store cannot say.
async fn title(store: &Postgres) -> Option<String> {
    let found = store.person(TENANT, ROOT, PersonKey::Id(ADA), Include::default()).await.ok()?;
    found.unwrap().person.title.clone()
}

async fn append(store: &Postgres, text: &'static str) {
    let decide = move |record: &directory::Record| {
        Ok(titled(&format!("{}{text}", record.person.title.as_deref().unwrap_or_default())))
    };
    let change = ChangePerson {
        tenant: TENANT,
        organization: ROOT,
        key: PersonKey::Id(ADA),
        include: Include::default(),
        audit: audit(),
        decide: Box::new(decide),
    };
    store.change_person(change).await.unwrap();
}

#[tokio::test]
async fn a_change_is_decided_on_what_another_process_wrote() {
    let database = database();
    let (one, other) = (begun(&database).await, open(&database).await);
    append(&one, " 1").await;
    assert_eq!(title(&other).await.unwrap(), "Countess 1");
    append(&one, " 2").await;
    append(&other, " 3").await;
    append(&one, " 4").await;
    for store in [&one, &other] {
        assert_eq!(title(store).await.unwrap(), "Countess 1 2 3 4");
    }
    assert_eq!(one.check().await.unwrap().problems, [""; 0]);
}

#[tokio::test]
async fn a_group_that_another_process_deleted_is_shown_and_taken_by_nobody() {
    let database = database();
    let (one, other) = (begun(&database).await, open(&database).await);
    let id = GroupId(Uuid::from_u128(9));
    let group = Group::new(id, ObjectId([9; 12]), "G");
    one.execute(TENANT, vec![Command::Create(group.into())], audit()).await.unwrap();
    let put = |record: &directory::Record| {
        let title = format!("{} *", record.person.title.as_deref().unwrap_or_default());
        let groups = Change::Set(vec![Entry { id: GroupId(Uuid::from_u128(9)), data_source: None }]);
        Ok(PersonChange { groups, ..titled(&title) })
    };
    let change = || ChangePerson {
        tenant: TENANT,
        organization: ROOT,
        key: PersonKey::Id(ADA),
        include: Include { groups: true, ..Include::default() },
        audit: audit(),
        decide: Box::new(put),
    };
    assert_eq!(other.change_person(change()).await.unwrap().related.groups.len(), 1);
    let groups = async |store: &Postgres| {
        let include = Include { groups: true, ..Include::default() };
        let found = store.person(TENANT, ROOT, PersonKey::Id(ADA), include).await.unwrap().unwrap();
        assert_eq!(found.person.groups.len(), found.related.groups.len());
        found.person.groups.len()
    };
    for store in [&one, &other] {
        assert_eq!(groups(store).await, 1);
    }
    one.execute(TENANT, vec![Command::Delete(EntityKey::Group(id))], audit()).await.unwrap();
    // What the other keeps of the person still has the group.
    assert!(matches!(
        other.change_person(change()).await,
        Err(ChangeError::Refused(Refusal::Unknown { .. }))
    ));
    for store in [&one, &other] {
        assert_eq!(groups(store).await, 0);
    }
    append(&other, "!").await;
    assert_eq!(title(&one).await.unwrap(), "Countess *!");
    assert_eq!(one.check().await.unwrap().problems, [""; 0]);
}

/// As after a standby took over that lacked the last change and counted another one to the same version.
#[tokio::test]
async fn a_version_means_nothing_to_another_server() {
    let database = database();
    let store = begun(&database).await;
    database.sql(&[
        "UPDATE person SET document = replace(document::text, 'Countess', 'Enchantress')::json",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'personae'",
    ]);
    let begun = Instant::now();
    while title(&store).await.as_deref() != Some("Enchantress") {
        assert!(begun.elapsed() < Duration::from_secs(30), "what was kept is still shown");
    }
    append(&store, " of numbers").await;
    assert_eq!(title(&store).await.unwrap(), "Enchantress of numbers");
}
