//! The two ways to measure: SQLite beside a server that does nothing, and PostgreSQL beside its own pgbench.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use tempfile::TempDir;
use throwaway_postgres::{Cluster, Database, psql};

use super::cases::Kind;
use super::goals::{self, Goals};
use super::pgbench::{Pgbench, Settings};
use super::yardstick::Yardstick;
use crate::needs;

/// Where people are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Engine {
    /// A file, beside a bare axum server
    Sqlite,
    /// A server that is started for this, beside pgbench on the same server
    Postgres,
}

/// What all sizes of a run share.
#[derive(Debug)]
pub(crate) enum Rig {
    Sqlite,
    Postgres(Box<Server>),
}

/// A PostgreSQL server as durable as its makers ship it, and the benchmark that came with it.
#[derive(Debug)]
pub(crate) struct Server {
    cluster: Cluster,
    pgbench: PathBuf,
    settings: Settings,
    /// Where the data is, which the server clears away.
    _folder: TempDir,
}

/// A store for one size.
#[derive(Debug)]
pub(crate) enum Store<'a> {
    Sqlite(PathBuf),
    Postgres { people: Database, pgbench: Box<Pgbench>, cluster: &'a Cluster },
}

impl Engine {
    /// Fails at once when something is missing that would be missed after the builds.
    pub(crate) fn needs(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite => Ok(()),
            Self::Postgres => needs::pgbench().map(drop),
        }
    }
}

impl Rig {
    /// For a run that goes up to so many people, and keeps everything below the folder.
    pub(crate) fn start(engine: Engine, data: &Path, most_people: u64) -> anyhow::Result<Self> {
        match engine {
            Engine::Sqlite => Ok(Self::Sqlite),
            Engine::Postgres => Ok(Self::Postgres(Box::new(Server::start(data, most_people)?))),
        }
    }

    /// An empty one. What belongs to it alone may be put into the folder.
    pub(crate) async fn store(&self, folder: &Path) -> anyhow::Result<Store<'_>> {
        match self {
            Self::Sqlite => Ok(Store::Sqlite(folder.join("personae.db"))),
            Self::Postgres(server) => server.store().await,
        }
    }

    pub(crate) fn goals(&self) -> &'static Goals {
        match self {
            Self::Sqlite => &goals::BESIDE_BARE,
            Self::Postgres(_) => &goals::BESIDE_PGBENCH,
        }
    }

    /// How pgbench is run, where it is.
    pub(crate) fn pgbench(&self) -> Option<Settings> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(server) => Some(server.settings.clone()),
        }
    }
}

impl Server {
    fn start(data: &Path, most_people: u64) -> anyhow::Result<Self> {
        let pgbench = needs::pgbench()?;
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in(data)?;
        let cluster = Cluster::durable(folder.path()).map_err(|error| {
            anyhow!(
                "{error}\nhint: run by root, PostgreSQL is another user's, who must be able to come to {}; name a \
                 folder with --data",
                data.display()
            )
        })?;
        let version = psql(&cluster.url(), &["SHOW server_version"]).map_err(|error| anyhow!(error))?;
        Ok(Self { cluster, pgbench, settings: Settings::new(version, most_people), _folder: folder })
    }

    async fn store(&self) -> anyhow::Result<Store<'_>> {
        let database = || self.cluster.database().map_err(|error| anyhow!(error));
        let pgbench = Pgbench::fill(self.pgbench.clone(), database()?, &self.settings).await?;
        Ok(Store::Postgres { people: database()?, pgbench: Box::new(pgbench), cluster: &self.cluster })
    }
}

impl Store<'_> {
    /// As `--store` takes it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres { people, .. } => people.url().to_owned(),
        }
    }

    /// Lets it come to rest after it was filled, and says how many bytes it takes.
    pub(crate) fn settle(&self) -> anyhow::Result<u64> {
        match self {
            Self::Sqlite(file) => Ok(std::fs::metadata(file).context("the demo left no store")?.len()),
            Self::Postgres { people, pgbench, cluster } => {
                let settled =
                    [people, pgbench.database()].into_iter().try_for_each(|one| cluster.settle(one));
                settled.and_then(|()| people.bytes()).map_err(|error| anyhow!(error))
            }
        }
    }

    /// What to measure a case beside.
    pub(crate) async fn yardstick(&self, kind: Kind, body_bytes: usize) -> anyhow::Result<Yardstick<'_>> {
        match self {
            Self::Sqlite(_) => Yardstick::bare(body_bytes).await,
            Self::Postgres { pgbench, .. } => Ok(Yardstick::pgbench(pgbench, kind)),
        }
    }
}
