//! No statement of the request path reads a whole table, or all of a tenant's: as PostgreSQL itself plans them, while the
//! tables are still empty and nobody has told it what they will hold.

use tokio_postgres::Client;

use super::batch::statements as of_batches;
use super::{
    AT_LENGTH, Address, REQUESTS, SCANS, credentials, entities, events, load, members, migrate,
    organizations, passwords, people, reference_data, rows, sessions,
};
use crate::sql::Syntax;
use crate::sql::list::tests::{searches, statements};
use crate::sql::list::{credential_statement, event_statements};
use directory::event::{Subject, SubjectFilter, SubjectKind};
use directory::ids::{CredentialId, PersonId};

/// What may be read by the tenant alone: what a tenant has but few of, or what is asked for as a whole.
const OF_A_TENANT: [&str; 19] = [
    "tenant_pkey",
    "customer_pkey",
    "organization_object_id",
    "credential_pkey",
    "invitation_pkey",
    "membership_order",
    "person_search_pkey",
    "organization_id",
    "session_person",
    "organization_pkey",
    "department_pkey",
    "group_pkey",
    "team_pkey",
    "label_pkey",
    "role_pkey",
    "role_name",
    "custom_field_pkey",
    "organization_name",
    "credential_pkey",
];

#[tokio::test]
async fn no_statement_of_the_request_path_scans() {
    let database = testkit::postgres::database();
    let address = Address::parse(database.url()).unwrap();
    migrate::run(&mut address.connect(AT_LENGTH).await.unwrap()).await.unwrap();
    let requests = [
        load::LOAD,
        load::LOAD_WITH_ACTORS,
        load::LOAD_WITH_DELEGATIONS,
        load::LOAD_WITH_BOTH,
        load::LOCK,
        load::LOCK_AGAINST_REFERENCES,
        load::ANYONE,
        reference_data::HOLD_VERSION,
        reference_data::VERSION,
    ];
    let client = address.connect(REQUESTS).await.unwrap();
    let of_entities = crate::entities::statements(crate::sql::Syntax::Postgres);
    let of_groups = crate::group_members::statements(Syntax::Postgres);
    let locks = [events::COUNT_EVENTS, entities::LOCK];
    let of_batches = of_batches();
    let all = requests.iter().chain(&of_batches).chain(rows::STATEMENTS).chain(&of_entities);
    for sql in all.chain(&of_groups).chain(&locks) {
        assert_indexed(sql, &plan(&client, sql).await, &[]);
    }
    let scans = [
        credentials::HOLD,
        credentials::LIMIT,
        credentials::ROTATE,
        credentials::NOTE_USE,
        credentials::REVOKE,
        credentials::TENANT,
        members::LOCK,
        organizations::GET,
        organizations::RENAME,
        passwords::CANDIDATES,
        passwords::FIRST_ORGANIZATION,
        passwords::NUMBER,
        passwords::REPLACE,
        people::LOCATE_ID,
        people::LOCATE_KEY,
        people::LOCATE_NUMBER,
        people::LOCATE_OBJECT_ID,
        people::MEMBERSHIPS,
        sessions::ENDED,
        sessions::GET,
        sessions::HOLD_PASSWORD,
        sessions::HOLD_PERSON,
        sessions::IS_MEMBER,
        sessions::LIST,
        sessions::LIST_OF_PERSON,
        sessions::OF,
        sessions::REVOKE,
        sessions::REVOKE_OF_PERSON,
        sessions::SWEEP,
        sessions::TENANT,
        reference_data::COUNT_UP,
        reference_data::NEXT_NUMBER,
        reference_data::ORGANIZATION_NUMBER,
    ];
    // Of an empty table the planner likes best to read all; what matters is whether it could do otherwise.
    let client = address.connect(&format!("{SCANS} -c enable_seqscan=off")).await.unwrap();
    let searches = searches(Syntax::Postgres);
    let lists = [credential_statement(Syntax::Postgres)];
    let resolving = crate::resolve::statements(Syntax::Postgres);
    let of_invitations = crate::invitations::statements(Syntax::Postgres);
    let composed = searches.iter().chain(&resolving).chain(&lists).chain(&of_invitations).map(String::as_str);
    let of_credentials = crate::credentials::statements(Syntax::Postgres);
    let of_organizations = crate::organizations::STATEMENTS.into_iter().chain(crate::customers::STATEMENTS);
    for sql in scans.into_iter().chain(of_credentials).chain(of_organizations).chain(composed) {
        assert_indexed(sql, &plan(&client, sql).await, &OF_A_TENANT);
    }
}

#[tokio::test]
async fn a_list_follows_the_entries_of_one_field() {
    let database = testkit::postgres::database();
    let address = Address::parse(database.url()).unwrap();
    migrate::run(&mut address.connect(AT_LENGTH).await.unwrap()).await.unwrap();
    // Of an empty table the planner likes best to read all; what matters is whether it could do otherwise.
    let settings = format!("{SCANS} -c enable_seqscan=off -c enable_bitmapscan=off");
    let client = address.connect(&settings).await.unwrap();
    for (sql, sorts) in statements(Syntax::Postgres) {
        let plan = plan(&client, &sql).await.join("\n");
        assert!(plan.contains("using person_order_pkey on person_order o"), "{plan}\n{sql}");
        for table in ["person p", "person_listed l"] {
            let is_joined = sql.contains(&table.replace(' ', " AS "));
            assert_eq!(plan.contains(&format!("_pkey on {table}")), is_joined, "{plan}\n{sql}");
        }
        assert!(sorts || !plan.contains("Sort"), "{plan}\n{sql}");
        let condition = plan.lines().find(|line| line.contains("Index Cond")).unwrap_or_default();
        assert!(["tenant", "field"].iter().all(|key| condition.contains(key)), "{plan}\n{sql}");
    }
}

/// Of no more events than a page shows or looks at, or than there are of its subject.
#[tokio::test]
async fn events_are_read_along_their_sequence_or_those_of_one_subject() {
    let database = testkit::postgres::database();
    let address = Address::parse(database.url()).unwrap();
    migrate::run(&mut address.connect(AT_LENGTH).await.unwrap()).await.unwrap();
    let settings = format!("{SCANS} -c enable_seqscan=off -c enable_bitmapscan=off");
    let client = address.connect(&settings).await.unwrap();
    for (subject, index, keys) in [
        (None, "event_pkey", "tenant, sequence"),
        (Some(SubjectFilter::Kind(SubjectKind::Person)), "event_pkey", "tenant, sequence"),
        (
            Some(SubjectFilter::One(Subject::Credential(CredentialId::NIL))),
            "event_subject",
            "tenant, subject_kind, subject_id, sequence",
        ),
        (
            Some(SubjectFilter::One(Subject::Person(PersonId::NIL))),
            "event_person",
            "tenant, person, sequence",
        ),
    ] {
        for sql in event_statements(Syntax::Postgres, subject) {
            let plan = plan(&client, &sql).await.join("\n");
            assert!(!plan.contains("Sort"), "{plan}\n{sql}");
            let (_, of_events) = plan.split_once(&format!("{index} on event e")).unwrap_or_default();
            let condition = of_events.lines().find(|line| line.contains("Index Cond")).unwrap_or_default();
            assert!(keys.split(", ").all(|key| condition.contains(key)), "{plan}\n{sql}");
        }
    }
}

/// Every scan is of an index, by more than the tenant, unless that index is among those allowed.
fn assert_indexed(sql: &str, plan: &[String], allowed: &[&str]) {
    let text = plan.join("\n");
    assert!(!text.contains("Seq Scan on"), "{text}\n{sql}");
    for (step, next) in plan.iter().zip(plan.iter().skip(1)) {
        let Some((_, scan)) = step.split_once("Index").filter(|_| step.contains(" Scan ")) else { continue };
        let condition = next.trim();
        let is_narrow = condition.starts_with("Index Cond: ")
            && (condition.contains(" AND ") || !condition.contains("(tenant = "));
        let is_allowed = allowed.iter().any(|index| scan.contains(index));
        assert!(is_narrow || is_allowed, "{}\n{condition}\n{text}\n{sql}", step.trim());
    }
}

async fn plan(client: &Client, sql: &str) -> Vec<String> {
    let parameters = client.prepare(sql).await.unwrap().params().len();
    let nulls = vec!["NULL"; parameters].join(", ");
    let arguments = if parameters > 0 { format!("({nulls})") } else { nulls };
    client.batch_execute(&format!("PREPARE planned AS {sql}")).await.unwrap();
    let rows = client.query(&format!("EXPLAIN (COSTS OFF) EXECUTE planned{arguments}"), &[]).await.unwrap();
    client.batch_execute("DEALLOCATE planned").await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(!plan.is_empty(), "{sql}");
    plan
}
