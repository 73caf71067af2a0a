//! The tables, held to the rules by which Citus distributes tables.
//!
//! A distributed table may be unique only by keys that hold the column it is distributed by, and tables that are to lie
//! together are distributed by columns of one type.
//! https://docs.citusdata.com/en/stable/develop/reference_ddl.html (read 2026-11-22)

use store::postgres::Address;
use store::postgres::distribute::{DISTRIBUTED, DistributeError, REFERENCE, distribute};
use testkit::postgres::{Database, database};

use crate::server::{also, open};

async fn store() -> Database {
    let database = database();
    open(database.url()).await.unwrap();
    database
}

fn list(tables: &[&str]) -> String {
    tables.iter().map(|table| format!("'{table}'")).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn every_table_is_either_distributed_or_a_reference() {
    let store = store().await;
    let found = store.sql(&["SELECT tablename FROM pg_tables WHERE schemaname = 'public'"]);
    let mut found: Vec<&str> = found.lines().collect();
    let mut known = [REFERENCE.as_slice(), DISTRIBUTED.as_slice()].concat();
    found.sort_unstable();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[tokio::test]
async fn distributed_tables_are_unique_by_tenant_alone() {
    let store = store().await;
    let keys = store.sql(&[&format!(
        "SELECT i.indrelid::regclass, count(*) FILTER (WHERE i.indisprimary),
                bool_and(a.attname = 'tenant' AND a.attnotnull AND a.atttypid = 'integer'::regtype)
         FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND c.relname IN ({})
         GROUP BY i.indrelid ORDER BY 1",
        list(&DISTRIBUTED)
    )]);
    let (count, others): (Vec<&str>, Vec<&str>) = keys.lines().partition(|line| line.ends_with("|1|t"));
    assert_eq!(
        others, [""; 0],
        "these have no primary key, or a unique one that does not begin with the tenant"
    );
    assert_eq!(count.len(), DISTRIBUTED.len());

    let without = store.sql(&[&format!(
        "SELECT relname FROM pg_class c
         WHERE relname IN ({}) AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)",
        list(&REFERENCE)
    )]);
    assert_eq!(without, "", "a copy on every node is kept up by the primary key");
}

#[tokio::test]
async fn nothing_there_needs_more_than_one_node() {
    let store = store().await;
    for (what, sql) in [
        (
            "a sequence",
            "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace",
        ),
        ("a reference or an exclusion", "SELECT conname FROM pg_constraint WHERE contype IN ('f', 'x')"),
        ("a trigger", "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"),
        (
            "a default",
            "SELECT adrelid::regclass FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
             WHERE c.relnamespace = 'public'::regnamespace",
        ),
        (
            "a number by itself",
            "SELECT attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE attidentity <> '' AND c.relnamespace = 'public'::regnamespace",
        ),
        ("a rule", "SELECT rulename FROM pg_rules WHERE schemaname = 'public'"),
        (
            "inheritance",
            "SELECT inhrelid::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r'",
        ),
    ] {
        assert_eq!(store.sql(&[sql]), "", "{what} is not for the tables of a cluster");
    }
}

/// Functions and a view that take and show what those of Citus do, and remember it.
const STAND_IN: [&str; 6] = [
    "CREATE SCHEMA stand_in",
    "CREATE TABLE stand_in.done (place serial, table_name regclass PRIMARY KEY, kind text, by text, beside text)",
    "CREATE FUNCTION stand_in.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS
     $$ INSERT INTO stand_in.done (table_name, kind) VALUES (table_name, 'reference') $$",
    "CREATE FUNCTION stand_in.create_distributed_table(
         table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
         colocate_with text DEFAULT 'default', shard_count integer DEFAULT NULL)
     RETURNS void LANGUAGE sql AS
     $$ INSERT INTO stand_in.done (table_name, kind, by, beside)
        VALUES (table_name, 'distributed', distribution_column, colocate_with) $$",
    "CREATE VIEW stand_in.citus_tables AS
     SELECT table_name, kind AS citus_table_type, coalesce(by, '<none>') AS distribution_column FROM stand_in.done",
    "CREATE TABLE stand_in.other (n integer)",
];

#[tokio::test]
async fn what_is_not_yet_distributed_is() {
    let database = database();
    database.sql(&STAND_IN);
    let address = Address::parse(&also(database.url(), "options=-csearch_path%3Dpublic,stand_in")).unwrap();
    let all = [REFERENCE.as_slice(), DISTRIBUTED.as_slice()].concat();
    assert_eq!(distribute(&address).await.unwrap(), all, "tables are made where there are none");
    let done =
        database.sql(&["SELECT kind, by, beside, count(*) FROM stand_in.done GROUP BY 1, 2, 3 ORDER BY 4"]);
    assert_eq!(done, "distributed|tenant|none|1\nreference|||5\ndistributed|tenant|person|24");
    assert_eq!(distribute(&address).await.unwrap(), [""; 0], "it is done");

    database
        .sql(&["DELETE FROM stand_in.done WHERE table_name IN ('\"group\"'::regclass, 'tenant'::regclass)"]);
    assert_eq!(distribute(&address).await.unwrap(), ["tenant", "group"], "what was left undone is done now");

    database.sql(&["UPDATE stand_in.done SET by = 'number' WHERE table_name = 'event'::regclass"]);
    let error = distribute(&address).await.unwrap_err();
    assert!(matches!(error, DistributeError::Otherwise { table: "event" }));
    assert_eq!(error.hint().unwrap(), "take that back first: SELECT undistribute_table('event')");
}

#[tokio::test]
async fn without_citus_nothing_is_done() {
    let database = database();
    let error = distribute(&Address::parse(database.url()).unwrap()).await.unwrap_err();
    assert!(matches!(error, DistributeError::NoCitus { .. }), "{error}");
    assert!(error.hint().unwrap().contains("CREATE EXTENSION citus"));
    assert_eq!(database.sql(&["SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"]), "0");
}
