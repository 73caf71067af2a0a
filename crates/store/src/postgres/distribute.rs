//! The tables of a store on Citus: which are whole on every node, and which are distributed by the tenant.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;

use tokio_postgres::Client;

use super::connect::{Address, ConnectError, OpenError, describe};
use super::{AT_LENGTH, migrate};

/// Small, and looked up before a tenant is known, or shared by all of them.
pub const REFERENCE: [&str; 5] = ["personae_schema", "tenant", "credential", "session", "signing_key"];

/// What belongs to one tenant lies together. The first one begins the group that the others join.
pub const DISTRIBUTED: [&str; 25] = [
    "person",
    "counter",
    "organization",
    "department",
    "group",
    "team",
    "label",
    "role",
    "custom_field",
    "template",
    "message",
    "invitation",
    "customer",
    "customer_key",
    "person_department",
    "person_group",
    "person_key",
    "former_key",
    "membership",
    "delegation",
    "event",
    "password",
    "person_listed",
    "person_order",
    "person_search",
];

/// The statements, in their order.
pub fn statements() -> Vec<String> {
    plan().map(|(table, kind)| statement(table, kind)).collect()
}

/// Runs the statements for those tables that are not yet as they are to be, which may be all or none. Tables are made where
/// there are none. Answers with the tables that were changed.
pub async fn distribute(address: &Address) -> Result<Vec<&'static str>, DistributeError> {
    let mut client = address.connect(AT_LENGTH).await?;
    if !is_possible(&client).await? {
        return Err(DistributeError::NoCitus { is_installed: is_installed(&client).await? });
    }
    migrate::run(&mut client).await?;
    let known = known(&client).await?;
    let mut changed = Vec::new();
    for (table, kind) in plan() {
        match known.get(table) {
            Some(found) if *found == Some(kind) => continue,
            Some(_) => return Err(DistributeError::Otherwise { table }),
            None => {}
        }
        client.batch_execute(&statement(table, kind)).await?;
        changed.push(table);
    }
    Ok(changed)
}

/// Why the tables are not distributed.
#[derive(Debug)]
pub enum DistributeError {
    Open(OpenError),
    /// The database knows nothing of Citus.
    NoCitus {
        is_installed: bool,
    },
    /// Somebody has distributed this one in another way.
    Otherwise {
        table: &'static str,
    },
    Postgres(tokio_postgres::Error),
}

impl DistributeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open(error) => return error.hint(),
            Self::NoCitus { is_installed: true } => {
                "Citus is installed on the server; switch it on in this database first: CREATE EXTENSION citus".to_owned()
            }
            Self::NoCitus { is_installed: false } => {
                "on one PostgreSQL, replicated or not, nothing needs distributing; for more than one, install Citus on every \
                 node, with shared_preload_libraries = 'citus', and then: CREATE EXTENSION citus"
                    .to_owned()
            }
            Self::Otherwise { table } => {
                format!("take that back first: SELECT undistribute_table('{}')", quoted(table))
            }
            Self::Postgres(_) => return None,
        })
    }
}

impl fmt::Display for DistributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::NoCitus { .. } => f.write_str("the extension citus is not there in this database"),
            Self::Otherwise { table } => write!(f, "the table {table} is distributed in another way already"),
            Self::Postgres(error) => write!(f, "the tables cannot be distributed: {}", describe(error)),
        }
    }
}

impl Error for DistributeError {}

impl From<ConnectError> for DistributeError {
    fn from(error: ConnectError) -> Self {
        Self::Open(error.into())
    }
}

impl From<OpenError> for DistributeError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<tokio_postgres::Error> for DistributeError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    ByTenant,
}

fn plan() -> impl Iterator<Item = (&'static str, Kind)> {
    let reference = REFERENCE.into_iter().map(|table| (table, Kind::Reference));
    reference.chain(DISTRIBUTED.into_iter().map(|table| (table, Kind::ByTenant)))
}

fn statement(table: &str, kind: Kind) -> String {
    let name = quoted(table);
    match kind {
        Kind::ByTenant => {
            let group = if table == DISTRIBUTED[0] { "none" } else { DISTRIBUTED[0] };
            format!("SELECT create_distributed_table('{name}', 'tenant', colocate_with => '{group}');")
        }
        Kind::Reference => format!("SELECT create_reference_table('{name}');"),
    }
}

/// One of our tables has a name that SQL has a use for.
fn quoted(table: &str) -> String {
    if table == "group" { format!("\"{table}\"") } else { table.to_owned() }
}

/// Whether this database knows what Citus is.
pub(super) async fn is_possible(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let is_known = "SELECT to_regprocedure('create_reference_table(regclass)') IS NOT NULL";
    Ok(client.query_typed_one(is_known, &[]).await?.get(0))
}

/// Whether only this database lacks it.
async fn is_installed(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let is_known = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus')";
    Ok(client.query_typed_one(is_known, &[]).await?.get(0))
}

/// What Citus knows of the tables in our schema; None is another way than ours. Those that it keeps an eye on and leaves
/// where they are do not count.
async fn known(client: &Client) -> Result<HashMap<String, Option<Kind>>, DistributeError> {
    let rows = client
        .query_typed(
            "SELECT c.relname::text, t.citus_table_type::text, t.distribution_column::text
             FROM citus_tables t
             JOIN pg_class c ON c.oid = t.table_name
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND t.citus_table_type <> 'local'",
            &[],
        )
        .await?;
    let known = rows.iter().map(|row| {
        let kind = match (row.get::<_, &str>(1), row.get::<_, Option<&str>>(2)) {
            ("reference", _) => Some(Kind::Reference),
            ("distributed", Some("tenant")) => Some(Kind::ByTenant),
            _ => None,
        };
        (row.get(0), kind)
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_written_as_citus_takes_them() {
        let statements = statements();
        assert_eq!(statements.len(), REFERENCE.len() + DISTRIBUTED.len());
        assert_eq!(statements[0], "SELECT create_reference_table('personae_schema');");
        assert_eq!(
            statements[5],
            "SELECT create_distributed_table('person', 'tenant', colocate_with => 'none');"
        );
        let group = "SELECT create_distributed_table('\"group\"', 'tenant', colocate_with => 'person');";
        assert!(statements.iter().any(|statement| statement == group));
    }
}
