//! A store of the version before search folded accents.

use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::ids::{ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::ReplayRole;
use directory::organization::Permission;
use directory::query::{Filter, Query};
use directory::store::{AuditContext, NewOrganization, NewPerson, Origin};
use directory::{Change, PersonChange, Store};
use jiff::Timestamp;
use store::postgres::{Address, Options, Postgres};
use testkit::postgres::{Database, database};
use uuid::Uuid;

const ROOT: OrganizationId = OrganizationId(Uuid::from_u128(1));
const TENANT: TenantId = TenantId(1);

/// Grants that stood in columns of their own.
fn granted() -> PersonChange {
    PersonChange {
        replay_role: Change::Set(ReplayRole::Manager),
        kare_group: Change::Set(u64::MAX),
        kare_read: Change::Set(vec![7, -7]),
        super_delegate: Change::Set(vec![Permission { claim: "time:read".to_owned() }]),
        ..PersonChange::default()
    }
}

async fn open(database: &Database) -> Postgres {
    Postgres::open(Address::parse(database.url()).unwrap(), Options::default()).await.unwrap()
}

// The connections of the first store end beside this thread: the tables are altered when none of them reads any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_store_is_searched_as_a_new_one_is_once_it_was_opened() {
    let database = database();
    let store = open(&database).await;
    let root = NewOrganization {
        id: ROOT,
        object_id: ObjectId([1; 12]),
        parent: None,
        name: "Root".into(),
        details: Default::default(),
        created_at: Timestamp::UNIX_EPOCH,
    };
    store.add_organization(None, root, Origin::of_command("setup", Timestamp::UNIX_EPOCH)).await.unwrap();
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
    let people = [(1, "Jos\u{e9}"), (2, "Ada")].map(|(n, nickname)| NewPerson {
        id: PersonId(Uuid::from_u128(n)),
        object_id: ObjectId([n as u8; 12]),
        created_at: Timestamp::UNIX_EPOCH,
        change: PersonChange { nickname: Change::Set(nickname.into()), ..granted() },
    });
    let audit = AuditContext { caller, now: Timestamp::UNIX_EPOCH };
    store.add_people(TENANT, ROOT, people.into(), audit).await.unwrap();
    let hash = store.check().await.unwrap().tenants;
    drop(store);
    database.sql(&[
        "UPDATE person_search SET text = 'jos\u{e9}', tokens = array_to_tsvector('{x}') WHERE text = 'jose'",
    ]);
    // What the versions after it added to the schema is taken back too.
    database.sql(&[
        "DELETE FROM personae_schema WHERE version >= 4",
        r#"CREATE TABLE subjects AS SELECT tenant, sequence, subject_kind, subject_id FROM event;
           DROP INDEX organization_name; DROP INDEX organization_external_id;
           ALTER TABLE organization DROP COLUMN deleted_at, DROP COLUMN external_id, DROP COLUMN url, DROP COLUMN summary;
           CREATE UNIQUE INDEX organization_name ON organization (tenant, name);
           ALTER TABLE membership ADD COLUMN replay_role text NOT NULL DEFAULT 'manager',
               ADD COLUMN replay_access text NOT NULL DEFAULT 'default', ADD COLUMN kare_group bigint NOT NULL DEFAULT -1,
               ADD COLUMN kare_read json DEFAULT '[7,-7]', ADD COLUMN kare_manage json,
               ADD COLUMN super_delegate json DEFAULT '["time:read"]', DROP COLUMN grants;
           ALTER TABLE credential DROP COLUMN old_key_used_at, DROP COLUMN person, DROP COLUMN description; ALTER TABLE label DROP COLUMN kind, DROP COLUMN source, DROP COLUMN created_at, DROP COLUMN updated_at; DROP INDEX organization_object_id; DROP TABLE message, invitation, customer, customer_key, person_listed, person_order, template;
           ALTER TABLE team DROP COLUMN description, DROP COLUMN kind, DROP COLUMN use_turn_connection, DROP COLUMN created_at;
           DROP INDEX person_primary_department;
           DROP INDEX person_department_department;
           DROP INDEX person_group_group;
           ALTER TABLE department DROP COLUMN kind, DROP COLUMN parent, DROP COLUMN external_id, DROP COLUMN zip_code, DROP COLUMN city, DROP COLUMN manager, DROP COLUMN email, DROP COLUMN created_at, DROP COLUMN updated_at, DROP COLUMN document;
           ALTER TABLE "group" DROP COLUMN description, DROP COLUMN external_id, DROP COLUMN created_at, DROP COLUMN updated_at;
           ALTER TABLE role DROP COLUMN description, DROP COLUMN created_at, DROP COLUMN updated_at;
           ALTER TABLE event DROP COLUMN subject_kind, DROP COLUMN subject_id;"#,
    ]);

    let store = open(&database).await;
    for (word, count) in [("jose", 1), ("ose", 1), ("se", 1), ("jos\u{e9}", 0), ("ada", 1)] {
        let query = Query::first(Filter::Words(vec![word.to_owned()]), vec![], 100);
        assert_eq!(store.list_person_ids(TENANT, ROOT, query).await.unwrap().items.len(), count, "{word}");
    }
    // No store of that version had events that are not about people; this one had.
    database.sql(&[
        "UPDATE event AS e SET subject_kind = s.subject_kind, subject_id = s.subject_id
         FROM subjects AS s WHERE s.tenant = e.tenant AND s.sequence = e.sequence",
        "DROP TABLE subjects",
    ]);
    let after = store.check().await.unwrap();
    assert_eq!((after.problems, after.tenants), (vec![], hash));
}
