//! Development only: PostgreSQL for tests, a fresh database for each, on a server that is there for this run alone.
//!
//! It is a crate of its own because `cargo xtask` needs it, and would otherwise wait for all that testkit is built from;
//! tests find it there, as `testkit::postgres`.
//!
//! The server is [`Cluster`], shared by all tests of a process. `cargo xtask test` starts one for all processes of a run and
//! names it in `TEST_POSTGRES_URL`; who sets that has the tests run on a server of their own, by a user who may create
//! databases. Tests that kill a server, or cut its connections ([`Proxy`]), start one for themselves.

mod binaries;
mod cluster;
mod proxy;
mod psql;

use std::sync::LazyLock;

use uuid::Uuid;

pub use binaries::Binaries;
pub use cluster::Cluster;
pub use proxy::Proxy;
pub use psql::{run as psql, unsettled};

/// Names the server to use instead of one that is started: `postgres://USER@HOST/DATABASE`.
pub const SERVER: &str = "TEST_POSTGRES_URL";

/// A database of one's own. Dropping it drops it from the server, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    /// The address of a database that stays.
    server: String,
}

impl Database {
    fn on(server: &str) -> Result<Database, String> {
        let name = format!("personae_test_{}", Uuid::now_v7().simple());
        let url = psql::with_database(server, &name)?;
        // That template has nothing in it that somebody may have added to new databases.
        psql::run(server, &[&format!("CREATE DATABASE {name} TEMPLATE template0")])?;
        Ok(Database { name, url, server: server.to_owned() })
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// As `--store` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it takes on disk, indexes included.
    ///
    /// # Errors
    /// With PostgreSQL's words.
    pub fn bytes(&self) -> Result<u64, String> {
        let size = psql::run(&self.url, &["SELECT pg_database_size(current_database())"])?;
        size.parse().map_err(|_| format!("a database of {size:?} bytes"))
    }

    /// How many tables somebody has made in it.
    ///
    /// # Panics
    /// As [`Database::sql`] does.
    #[track_caller]
    pub fn tables(&self) -> usize {
        let tables = self.sql(&["SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"]);
        tables.parse().expect("a count is a number")
    }

    /// Runs statements in it, as the user of [`Database::url`], and gives what they print.
    ///
    /// # Panics
    /// With PostgreSQL's words, when one fails.
    #[track_caller]
    pub fn sql(&self, statements: &[&str]) -> String {
        match psql::run(&self.url, statements) {
            Ok(printed) => printed,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = psql::run(&self.server, &[&statement]) {
            // A test may be panicking for the same reason, and says more than this could.
            eprintln!("the database {} is left behind: {error}", self.name);
        }
    }
}

/// A fresh, empty database.
///
/// # Panics
/// When there is no server and none can be started, or the server refuses.
#[track_caller]
pub fn database() -> Database {
    let server = match &*SHARED {
        Ok(server) => server,
        Err(error) => panic!(
            "{error}\nhint: `cargo xtask test` installs PostgreSQL where it may; or set {SERVER} to a server whose user \
             may create databases"
        ),
    };
    match Database::on(server.url()) {
        Ok(database) => database,
        Err(error) => panic!("no database can be made on the server for tests: {error}"),
    }
}

/// A cluster for many tests at once, each on a database of its own.
///
/// # Errors
/// As [`Cluster::try_start`].
pub fn shared_cluster() -> Result<Cluster, String> {
    // Nobody copies it, so its log need not say enough to.
    Cluster::try_start(&[("wal_level", "minimal"), ("max_wal_senders", "0")])
}

/// Where databases are made.
#[derive(Debug)]
enum Server {
    Given(String),
    Started { url: String, _cluster: Cluster },
}

impl Server {
    fn url(&self) -> &str {
        match self {
            Self::Given(url) | Self::Started { url, .. } => url,
        }
    }
}

/// Never dropped: its keeper sees this process end.
static SHARED: LazyLock<Result<Server, String>> = LazyLock::new(|| {
    if let Ok(url) = std::env::var(SERVER)
        && !url.is_empty()
    {
        // Whether it can be understood is told now, and not when a database is to be dropped.
        let understood = psql::with_database(&url, "any").map_err(|hint| format!("{SERVER}: {hint}"));
        return understood.map(|_| Server::Given(url));
    }
    shared_cluster().map(|cluster| Server::Started { url: cluster.url(), _cluster: cluster })
});
