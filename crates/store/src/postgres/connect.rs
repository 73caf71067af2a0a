//! Where the database is, and how every connection to it is made.

use std::fmt;

use tokio_postgres::{Client, Config, NoTls};

/// Why a store cannot be opened, in sentences for whoever starts the program.
#[derive(Debug)]
pub enum OpenError {
    /// The address cannot be understood.
    Address(String),
    Postgres(tokio_postgres::Error),
    /// There are tables, but not ours.
    Foreign,
    Newer {
        found: u32,
        known: u32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => f.write_str(why),
            Self::Postgres(error) => write!(f, "cannot open the database: {error}"),
            Self::Foreign => f.write_str("the database holds the tables of another program"),
            Self::Newer { found, known } => write!(
                f,
                "the database was written by a newer version of this program: its schema is {found}, \
                 and this version knows schemas up to {known}"
            ),
        }
    }
}

impl std::error::Error for OpenError {}

/// A database, by what `--store` says of it.
#[derive(Clone)]
pub struct Address {
    config: Config,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

impl Address {
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        let config =
            url.parse().map_err(|error: tokio_postgres::Error| OpenError::Address(error.to_string()))?;
        Ok(Self { config })
    }

    /// A new connection, with these settings of the server's (`-c name=value ...`) for as long as it lives.
    pub(super) async fn connect(&self, settings: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = self.config.clone();
        let options = [self.config.get_options().unwrap_or_default(), settings].join(" ");
        config.options(options.trim());
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a connection to the database was lost");
            }
        });
        Ok(client)
    }
}
