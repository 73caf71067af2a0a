//! Stores of both engines, empty or furnished.

use std::path::PathBuf;

use directory::caller::{Caller, Channel, Dialect};
use directory::credential::{Credential, CredentialUse, KeyHash, Scopes, Session};
use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::customer::{Connection, CustomerProfile, Segment, Setting, Strategy, StrategyKind, Vertical};
use directory::delegation::Delegator;
use directory::email::Email;
use directory::identity::{Family, Identity, LaurelType, Source as IdentitySource};
use directory::ids::{
    CredentialId, CustomFieldId, DepartmentId, GroupId, InvitationId, Number, ObjectId, OrganizationId,
    PersonId, SessionId, TeamId, TenantId,
};
use directory::invitation::Invitation;
use directory::organization::{
    Department, DepartmentKind, Group, Label, LabelKind, LabelSource, OrganizationDetails, Permission, Role,
    Team, TeamKind,
};
use directory::person::{Entry, Lang, Phone};
use directory::person_change::NameChange;
use directory::ports::Algorithm;
use directory::signing_key::{Former, Rotation, SigningKey};
use directory::status::Status;
use directory::store::{AuditContext, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey, Report};
use directory::throttle::RateLimit;
use directory::{Change, Command, Entity, Include, PersonChange, Record, Store};
use jiff::Timestamp;
use store::postgres::{self, Address, Postgres};
use store::sqlite::{self, Sqlite};
use store::transfer::{self, Copied, Error, Progress, Source, Target};
use tempfile::TempDir;
use testkit::postgres::{Database, database};
use uuid::Uuid;

pub(crate) const TENANTS: [TenantId; 2] = [TenantId(1), TenantId(2)];

/// Where a store is.
pub(crate) enum Plot {
    File(TempDir),
    Database(Database),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// Every way there is.
pub(crate) const WAYS: [(Engine, Engine); 4] = [
    (Engine::Sqlite, Engine::Sqlite),
    (Engine::Sqlite, Engine::Postgres),
    (Engine::Postgres, Engine::Sqlite),
    (Engine::Postgres, Engine::Postgres),
];

impl Plot {
    pub(crate) fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::File(tempfile::tempdir().unwrap()),
            Engine::Postgres => Self::Database(database()),
        }
    }

    pub(crate) async fn furnished(engine: Engine) -> Self {
        let plot = Self::new(engine);
        furnish(plot.open().await.as_ref()).await;
        plot
    }

    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::File(folder) => folder.path().join("directory.db"),
            Self::Database(_) => panic!("a database has no file"),
        }
    }

    fn address(database: &Database) -> Address {
        Address::parse(database.url()).unwrap()
    }

    /// Or the sentence that says why not.
    pub(crate) async fn try_open(&self) -> Result<Box<dyn Store>, String> {
        Ok(match self {
            Self::File(_) => Box::new(
                Sqlite::open(self.file(), sqlite::Options::default()).map_err(|error| error.to_string())?,
            ),
            Self::Database(database) => {
                let opened = Postgres::open(Self::address(database), postgres::Options::default()).await;
                Box::new(opened.map_err(|error| error.to_string())?)
            }
        })
    }

    pub(crate) async fn open(&self) -> Box<dyn Store> {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_source(&self) -> Result<Box<dyn Source>, String> {
        Ok(match self {
            Self::File(_) => Box::new(
                sqlite::TransferStore::source(self.file(), sqlite::Options::default())
                    .map_err(|error| error.to_string())?,
            ),
            Self::Database(database) => Box::new(
                postgres::TransferStore::source(Self::address(database))
                    .await
                    .map_err(|error| error.to_string())?,
            ),
        })
    }

    pub(crate) async fn target(&self) -> Box<dyn Target> {
        match self {
            Self::File(_) => {
                Box::new(sqlite::TransferStore::target(self.file(), sqlite::Options::default()).unwrap())
            }
            Self::Database(database) => {
                Box::new(postgres::TransferStore::target(Self::address(database)).await.unwrap())
            }
        }
    }

    pub(crate) async fn copy_to(&self, target: &Plot) -> Result<Copied, Error> {
        self.copy_telling(target, |_| {}).await
    }

    pub(crate) async fn copy_telling(
        &self,
        target: &Plot,
        mut tell: impl FnMut(Progress) + Send,
    ) -> Result<Copied, Error> {
        let source = self.try_source().await.unwrap();
        transfer::copy(source.as_ref(), target.target().await.as_mut(), &mut tell).await
    }

    /// Changes rows behind the engine's back.
    pub(crate) fn tamper(&self, sql: &str) {
        match self {
            Self::File(_) => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Database(database) => {
                database.sql(&[sql]);
            }
        }
    }
}

/// Finds nothing wrong.
pub(crate) async fn sound(plot: &Plot) -> Report {
    let report = plot.open().await.check().await.unwrap();
    assert_eq!(report.problems, [""; 0]);
    report
}

pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_microsecond(1_700_000_000_123_456 + 60_000_000 * minutes).unwrap()
}

pub(crate) fn root() -> OrganizationId {
    OrganizationId(Uuid::from_u128(1))
}

fn child() -> OrganizationId {
    OrganizationId(Uuid::from_u128(2))
}

pub(crate) fn person_id(n: u64) -> PersonId {
    PersonId(Uuid::from_u128(n.into()))
}

pub(crate) fn object_id(n: u64) -> ObjectId {
    ObjectId::compose(1, n.to_be_bytes())
}

pub(crate) fn audit(tenant: TenantId) -> AuditContext {
    let caller = Caller {
        tenant,
        organization: root(),
        via: Channel::Dialect(Dialect::Laurel),
        credential: Some(CredentialId(Uuid::from_u128(7))),
        scopes: Scopes::default(),
        person: Some(person_id(1)),
        session: None,
        forwarded: Some(directory::caller::Principal {
            client: Some("c".into()),
            customer: None,
            user: Some("u".into()),
        }),
        request: "moving".into(),
    };
    AuditContext { caller, now: at(100) }
}

pub(crate) fn public_id(tenant: TenantId) -> String {
    format!("key-{tenant}")
}

pub(crate) fn session_id(tenant: TenantId) -> SessionId {
    SessionId(Uuid::from_u128(900 + u128::from(tenant.0)))
}

pub(crate) fn email_of(n: u64) -> String {
    format!("person{n}@\u{e9}cole.example")
}

pub(crate) fn new_person(n: u64) -> NewPerson {
    let identities = vec![Identity { source: IdentitySource::Relesys, value: format!("e-{n}") }];
    NewPerson {
        id: person_id(n),
        object_id: object_id(n),
        created_at: at(n.cast_signed()),
        change: PersonChange {
            name: NameChange::Parts {
                given: Change::Set(format!("Given\"\\{n}")),
                family: Change::Set("\u{674e}\u{5c0f}\u{9f99} O'Neil".into()),
            },
            nickname: Change::Set("N".into()),
            email: Change::to(Email::parse(&email_of(n))),
            email_aliases: Change::Set(vec![Email::parse(&format!("alias{n}@x.example")).unwrap()]),
            user_name: Change::Set(format!("User.{n}")),
            phone: Change::Set(Phone { country_code: Some(45), number: "12345678".into() }),
            identities: [(Family::Relesys, identities)].into(),
            ..PersonChange::default()
        },
    }
}

pub(crate) async fn change(store: &dyn Store, tenant: TenantId, n: u64, change: PersonChange) -> Record {
    let change = ChangePerson {
        tenant,
        organization: root(),
        key: PersonKey::Id(person_id(n)),
        include: Include::default(),
        audit: audit(tenant),
        decide: Box::new(move |_| Ok(change.clone())),
    };
    store.change_person(change).await.unwrap()
}

pub(crate) fn titled(title: &str) -> PersonChange {
    PersonChange { title: Change::Set(title.into()), ..PersonChange::default() }
}

/// Two tenants with something in every table, in rows of every kind: who left, who came back, who is invited.
pub(crate) async fn furnish(store: &dyn Store) {
    for tenant in TENANTS {
        reference_data(store, tenant).await;
        people(store, tenant).await;
        access(store, tenant).await;
    }
    for (algorithm, secret) in [(Algorithm::Hs256, vec![0, 255, 7]), (Algorithm::Rs256, vec![1; 3_000])] {
        store.add_signing_key(signing_key(&format!("{algorithm:?}"), algorithm, secret)).await.unwrap();
    }
    let new = signing_key("new", Algorithm::Hs256, vec![3]);
    let keys = vec![SigningKey { encrypted_with: Some("another".into()), ..new }];
    let rotation = Rotation { keys, former: Former::Expire(at(9)), now: at(2) };
    store.rotate_signing_keys(rotation).await.unwrap();
}

pub(crate) fn signing_key(id: &str, algorithm: Algorithm, secret: Vec<u8>) -> SigningKey {
    SigningKey {
        id: id.to_owned(),
        algorithm,
        secret,
        encrypted_with: None,
        created_at: at(1),
        retired_at: None,
        expires_at: None,
    }
}

async fn reference_data(store: &dyn Store, tenant: TenantId) {
    // Each has an object id of its own.
    let made = std::cell::Cell::new(0);
    let organization = |id, parent: Option<OrganizationId>, name: &str| NewOrganization {
        id,
        object_id: object_id(800 + u64::from(tenant.0) * 10 + made.replace(made.get() + 1)),
        parent,
        name: name.to_owned(),
        details: OrganizationDetails::default(),
        created_at: at(0),
    };
    store
        .add_organization(
            None,
            organization(root(), None, "Root"),
            Origin::of_command("setup", Timestamp::UNIX_EPOCH),
        )
        .await
        .unwrap();
    store
        .add_organization(
            Some(tenant),
            NewOrganization {
                details: OrganizationDetails {
                    external_id: Some("child-1".into()),
                    url: Some("https://child.example".into()),
                    summary: Some("Of the root".into()),
                    customer: Some(profile()),
                },
                ..organization(child(), Some(root()), "Child")
            },
            Origin::of_command("setup", Timestamp::UNIX_EPOCH),
        )
        .await
        .unwrap();
    // One that was deleted moves as well, since its events name it; another has its name.
    for n in [86, 87] {
        let id = OrganizationId(Uuid::from_u128(n));
        let origin = Origin::of_command("setup", Timestamp::UNIX_EPOCH);
        let gone = organization(id, Some(root()), "Gone");
        store.add_organization(Some(tenant), gone, origin.clone()).await.unwrap();
        if n == 86 {
            store.delete_organization(tenant, id, origin).await.unwrap();
        }
    }
    let mut entities = vec![
        Entity::Team(Team {
            description: Some("Of the north".into()),
            kind: TeamKind::LeadGen,
            use_turn_connection: true,
            created_at: at(7),
            ..Team::new(TeamId(Uuid::from_u128(9)), root(), "Team")
        }),
        Entity::Team(Team::new(TeamId(Uuid::from_u128(8)), child(), "Team")),
        Entity::Label(Label {
            kind: LabelKind::Commission,
            source: LabelSource::Provided,
            created_at: at(8),
            updated_at: at(9),
            ..Label::new(root(), "Nurse", "#AABBCC")
        }),
        Entity::Role(Role {
            description: Some("Writes bills".into()),
            is_default: true,
            permissions: vec![Permission { claim: "read".into() }],
            ..Role::new(object_id(500), "clerk")
        }),
        Entity::CustomField(CustomField {
            id: CustomFieldId(Uuid::from_u128(1)),
            key: "skills".into(),
            name: "Skills".into(),
            kind: CustomFieldKind::MultiSelect,
        }),
    ];
    for n in [2, 1, 3] {
        let id = Uuid::from_u128(n);
        let kind = DepartmentKind::default();
        entities.push(Department::new(DepartmentId(id), format!("D {n}"), kind).into());
        entities.push(Group::new(GroupId(id), object_id(600 + n as u64), format!("G {n}")).into());
    }
    let commands = entities.into_iter().map(Command::Create).collect();
    store.execute(tenant, commands, audit(tenant)).await.unwrap();
}

async fn people(store: &dyn Store, tenant: TenantId) {
    let mut invited = new_person(4);
    invited.change.status = Change::Set(Status::Invited);
    invited.change.invitation = Change::Set(Invitation {
        id: InvitationId(Uuid::from_u128(4)),
        organization: root(),
        created_at: at(1),
        expires_at: at(1_000_000),
        resend_count: 3,
        reinstatement: None,
    });
    let mut signs_in = new_person(2);
    signs_in.change.password_hash = Change::Set("$argon2id$one".into());
    let bare = NewPerson { change: PersonChange::default(), ..new_person(3) };
    let all = vec![new_person(1), signs_in, bare, invited, new_person(5), new_person(6)];
    store.add_people(tenant, root(), all, audit(tenant)).await.unwrap();
    let in_group = |n| Entry { id: GroupId(Uuid::from_u128(n)), data_source: (n == 2).then(|| "HR".into()) };
    let department = |n| DepartmentId(Uuid::from_u128(n));
    let granted = PersonChange {
        primary_department: Change::Set(department(1)),
        additional_departments: Change::Set(vec![Entry { id: department(3), data_source: None }]),
        groups: Change::Set(vec![in_group(3), in_group(2)]),
        custom_fields: [("skills".to_owned(), Change::Set(CustomValue::List(vec!["a".into(), "b".into()])))]
            .into(),
        team: Change::Set(TeamId(Uuid::from_u128(9))),
        kare_group: Change::Set(u64::MAX - 1),
        profession: Change::Set(Number::new(1).unwrap()),
        roles: Change::Set(vec![object_id(500)]),
        delegators: Change::Set(vec![
            Delegator { object_id: object_id(2), permissions: None },
            Delegator { object_id: object_id(3), permissions: Some(vec![Permission { claim: "p".into() }]) },
        ]),
        ..PersonChange::default()
    };
    change(store, tenant, 1, granted).await;
    change(store, tenant, 2, titled("Dr.")).await;
    for n in [5, 6] {
        let key = PersonKey::Id(person_id(n));
        store.remove_person(tenant, root(), key, Include::default(), audit(tenant)).await.unwrap();
    }
    // Who comes back is the same person, whatever the new id would have been.
    let back = NewPerson { id: person_id(7), object_id: object_id(7), ..new_person(6) };
    store.add_people(tenant, root(), vec![back], audit(tenant)).await.unwrap();
    change(store, tenant, 6, titled("back")).await;
}

async fn access(store: &dyn Store, tenant: TenantId) {
    let credential = Credential {
        id: CredentialId(Uuid::from_u128(70 + u128::from(tenant.0))),
        tenant,
        organization: root(),
        dialect: Dialect::Replay,
        name: "A key".into(),
        public_id: public_id(tenant),
        keys: vec![KeyHash::new("one", at(1)), KeyHash::new("two", at(2))],
        scopes: Scopes(vec!["read".into()]),
        rate_limit: RateLimit::PerMinute(100.try_into().unwrap()),
        created_at: at(3),
        expires_at: Some(at(500_000)),
        revoked_at: None,
        last_used_at: None,
        old_key_used_at: None,
        person: None,
        description: None,
    };
    let used = vec![CredentialUse { credential: credential.id, at: at(50), old_key_at: Some(at(49)) }];
    store.add_credential(credential, Origin::of_command("setup", Timestamp::UNIX_EPOCH)).await.unwrap();
    store.note_use(used).await.unwrap();
    let session = Session {
        id: session_id(tenant),
        tenant,
        organization: root(),
        organization_number: Number::new(1).unwrap(),
        person: person_id(2),
        person_number: Number::new(2).unwrap(),
        refresh: KeyHash::new("refresh", at(1)),
        created_at: at(1),
        expires_at: at(900_000),
        revoked_at: None,
        is_live: true,
    };
    assert_eq!(
        store
            .add_session(session, "$argon2id$one".into(), Origin::of_command("setup", Timestamp::UNIX_EPOCH))
            .await,
        Ok(true)
    );
}

/// What Laurel keeps of an organization, all of it.
fn profile() -> CustomerProfile {
    let settings = [
        ("tenantDomain".to_owned(), Setting::Text("child.example".into())),
        ("signSamlRequest".to_owned(), Setting::Flag(true)),
        ("fieldsMap".to_owned(), Setting::Map([("email".to_owned(), "mail".to_owned())].into())),
    ];
    let connection = Connection {
        id: "con_1".into(),
        strategy: Strategy { kind: StrategyKind::Saml, settings: settings.into() },
        domains: vec!["child.example".into()],
        is_scim_enabled: true,
        scim_key: Some(KeyHash::new("scim", at(1))),
        created_at: at(1),
        updated_at: at(2),
    };
    CustomerProfile {
        code: Some("CHI".into()),
        slug: Some("child".into()),
        segment: Some(Segment::MidMarket),
        vertical: Some(Vertical::Legal),
        pms_vendor: Some("Elite".into()),
        salesforce_account_id: Some("001".into()),
        identities: vec![Identity {
            source: IdentitySource::Laurel(LaurelType::Salesforce),
            value: "001".into(),
        }],
        connections: vec![connection],
        lang: Some(Lang::De),
        time_zone: Some("Europe/Berlin".into()),
    }
}
