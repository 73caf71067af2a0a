//! A small directory in a file.

use std::path::{Path, PathBuf};

use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::email::Email;
use directory::identity::{Family, Identity, Source};
use directory::ids::{DepartmentId, GroupId, ObjectId, OrganizationId, PersonId, TenantId};
use directory::organization::{Department, DepartmentKind, Group, OrganizationDetails};
use directory::person::Entry;
use directory::person_change::NameChange;
use directory::store::{AuditContext, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey, Report};
use directory::{Change, Command, Include, PersonChange, Record, Store};
use jiff::Timestamp;
use store::sqlite::{Options, Sqlite};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const TENANT: TenantId = TenantId(1);
pub(crate) const ROOT: OrganizationId = OrganizationId(Uuid::from_u128(1));

pub(crate) struct House {
    /// Of its own, so that it can be renamed.
    folder: PathBuf,
    _around: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("store");
        std::fs::create_dir(&folder).unwrap();
        Self { folder, _around: around }
    }

    /// With two people, of whom the first has everything that the check looks at.
    pub(crate) async fn furnished() -> Self {
        let house = Self::new();
        let store = house.open();
        let root = NewOrganization {
            id: ROOT,
            object_id: ObjectId([1; 12]),
            parent: None,
            name: "Root".into(),
            details: OrganizationDetails::default(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        store.add_organization(None, root, Origin::of_command("setup", Timestamp::UNIX_EPOCH)).await.unwrap();
        let id = Uuid::from_u128(1);
        let department = Department::new(DepartmentId(id), "D", DepartmentKind::default());
        let group = Group::new(GroupId(id), ObjectId([1; 12]), "G");
        let commands = vec![Command::Create(department.into()), Command::Create(group.into())];
        store.execute(TENANT, commands, audit()).await.unwrap();
        for n in [1, 2] {
            store.add_people(TENANT, ROOT, vec![person(n)], audit()).await.unwrap();
        }
        let delegators = Change::Set(vec![directory::delegation::Delegator {
            object_id: ObjectId([2; 12]),
            permissions: None,
        }]);
        change(&store, 1, PersonChange { delegators, ..PersonChange::default() }).await;
        house
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Renames the folder.
    pub(crate) fn move_away(&self) {
        std::fs::rename(&self.folder, self.folder.with_extension("moved")).unwrap();
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path("directory.db")
    }

    pub(crate) fn open(&self) -> Sqlite {
        open(&self.file())
    }

    /// Changes the file behind the engine's back.
    pub(crate) fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

pub(crate) fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, Options::default()).unwrap()
}

pub(crate) async fn report(store: &Sqlite) -> Report {
    store.check().await.unwrap()
}

pub(crate) fn audit() -> AuditContext {
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

fn person(n: u8) -> NewPerson {
    let identity = Identity { source: Source::Relesys, value: format!("e-{n}") };
    NewPerson {
        id: PersonId(Uuid::from_u128(n.into())),
        object_id: ObjectId([n; 12]),
        created_at: Timestamp::UNIX_EPOCH,
        change: PersonChange {
            name: NameChange::Full(format!("Given{n} Family{n}")),
            email: Change::to(Email::parse(&format!("p{n}@x.org"))),
            identities: [(Family::Relesys, vec![identity])].into(),
            primary_department: Change::Set(DepartmentId(Uuid::from_u128(1))),
            groups: Change::Set(vec![Entry { id: GroupId(Uuid::from_u128(1)), data_source: None }]),
            ..PersonChange::default()
        },
    }
}

pub(crate) fn titled(title: &str) -> PersonChange {
    PersonChange { title: Change::Set(title.into()), ..PersonChange::default() }
}

pub(crate) async fn change(store: &Sqlite, n: u128, change: PersonChange) -> Record {
    store.change_person(changing(n, change)).await.unwrap()
}

pub(crate) fn changing(n: u128, change: PersonChange) -> ChangePerson {
    ChangePerson {
        tenant: TENANT,
        organization: ROOT,
        key: PersonKey::Id(PersonId(Uuid::from_u128(n))),
        include: Include { delegations: true, ..Include::default() },
        audit: audit(),
        decide: Box::new(move |_| Ok(change.clone())),
    }
}

pub(crate) async fn find(store: &Sqlite, n: u128) -> Option<Record> {
    let key = PersonKey::Id(PersonId(Uuid::from_u128(n)));
    store.person(TENANT, ROOT, key, Include::default()).await.unwrap()
}
