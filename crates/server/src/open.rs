//! Opening the store that `--store` names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use directory::Store;
use store::postgres::{self, Address, OpenError, Postgres};
use store::sqlite::{self, Sqlite};
use store::transfer::{Source, Target};
use tokio::time::{Instant, sleep};

use crate::error::Error;

/// How often a database that is waited for is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Whether a store may be made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Make,
    Refuse,
}

/// The kind of store that `--store` names, and where it is. Shown without a password.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(Box<Address>),
}

impl Place {
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        match url.split_once(':') {
            Some(("sqlite", "")) => Err(Error::new("the store sqlite: has no path").hint(HINT)),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => {
                let address = Address::parse(url).map_err(|error| failure(&error))?;
                Ok(Self::Postgres(Box::new(address)))
            }
            Some((scheme, _)) if !scheme.contains(['/', '.']) => {
                Err(Error::new(format!("a store of the kind {scheme:?} is not known")).hint(HINT))
            }
            // Something with a password in it is not shown.
            _ if url.contains('@') => {
                Err(Error::new("the store's address does not say what kind of store it is").hint(HINT))
            }
            _ => Err(Error::new(format!("{url:?} does not say what kind of store it is"))
                .hint(format!("write it as sqlite:{url}"))),
        }
    }

    /// To be pasted into a shell behind `--store`. The password is left to PGPASSWORD.
    pub(crate) fn argument(&self) -> String {
        let shown = self.to_string();
        match shown.contains(|c: char| !c.is_ascii_alphanumeric() && !"/:.,@_-+=%".contains(c)) {
            true => format!("'{}'", shown.replace('\'', r"'\''")),
            false => shown,
        }
    }

    pub(crate) async fn open(&self, if_missing: IfMissing) -> Result<Arc<dyn Store>, Error> {
        match self {
            Self::Sqlite(path) => open_sqlite(path, if_missing),
            Self::Postgres(address) => {
                let opened = open_postgres(address, if_missing).await.map_err(|error| failure(&error))?;
                opened.ok_or_else(|| missing(self))
            }
        }
    }

    /// Opens a store for a command that only reads, which need not be writable: a file or a folder without the right to
    /// write, a database that is a standby, or a user of it who may only read.
    pub(crate) async fn open_to_read(&self) -> Result<Arc<dyn Store>, Error> {
        match self {
            Self::Sqlite(path) => {
                check_path(path, IfMissing::Refuse)?;
                let options = sqlite::Options::default();
                Ok(match Sqlite::open(path, options.clone()) {
                    Err(error) if error.is_about_writing() => {
                        Arc::new(Sqlite::open_to_read(path, options).map_err(of_file)?)
                    }
                    opened => Arc::new(opened.map_err(of_file)?),
                })
            }
            Self::Postgres(address) => {
                let address = readable(address).await?.ok_or_else(|| missing(self))?;
                let opened = Postgres::open(address, postgres::Options::default()).await;
                Ok(Arc::new(opened.map_err(|error| failure(&error))?))
            }
        }
    }

    /// A store to copy from.
    pub(crate) async fn source(&self) -> Result<Box<dyn Source>, Error> {
        Ok(match self {
            Self::Sqlite(path) => {
                check_path(path, IfMissing::Refuse)?;
                Box::new(sqlite::TransferStore::source(path, sqlite::Options::default()).map_err(of_file)?)
            }
            Self::Postgres(address) => {
                let address = readable(address).await?.ok_or_else(|| missing(self))?;
                let source = postgres::TransferStore::source(address).await;
                Box::new(source.map_err(|error| failure(&error))?)
            }
        })
    }

    /// Where to copy a store to.
    pub(crate) async fn target(&self) -> Result<Box<dyn Target>, Error> {
        Ok(match self {
            Self::Sqlite(path) => {
                check_path(path, IfMissing::Make)?;
                Box::new(sqlite::TransferStore::target(path, sqlite::Options::default()).map_err(of_file)?)
            }
            Self::Postgres(address) => {
                let target = postgres::TransferStore::target(Address::clone(address)).await;
                Box::new(target.map_err(|error| failure(&error))?)
            }
        })
    }

    /// Opens a store, which is made if there is none. A database that does not answer yet is waited for that long.
    pub(crate) async fn open_within(&self, patience: Duration) -> Result<Arc<dyn Store>, Error> {
        let Self::Postgres(address) = self else { return self.open(IfMissing::Make).await };
        let begun = Instant::now();
        loop {
            let error = match open_postgres(address, IfMissing::Make).await {
                Ok(opened) => return opened.ok_or_else(|| missing(self)),
                Err(error) => error,
            };
            if !error.may_pass() || begun.elapsed() >= patience {
                let failure = failure(&error);
                return Err(match error.may_pass() && patience.is_zero() {
                    true => failure.hint("to wait until it answers: --wait-for-store SECONDS"),
                    false => failure,
                });
            }
            tracing::warn!(store = %self, error = %error, "waiting for the store");
            sleep(ASK_EVERY).await;
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

fn open_sqlite(path: &Path, if_missing: IfMissing) -> Result<Arc<dyn Store>, Error> {
    check_path(path, if_missing)?;
    Ok(Arc::new(Sqlite::open(path, sqlite::Options::default()).map_err(of_file)?))
}

fn check_path(path: &Path, if_missing: IfMissing) -> Result<(), Error> {
    if if_missing == IfMissing::Refuse && !path.exists() {
        return Err(missing(&path.display()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Error::new(format!("there is no folder {} for the store", folder.display()))
            .hint(format!("make it first: mkdir -p {}", folder.display())));
    }
    Ok(())
}

fn of_file(error: sqlite::OpenError) -> Error {
    let failure = Error::new(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The address, or the same for hosts that can only be read from where there is none to write to. None: there is no store.
async fn readable(address: &Address) -> Result<Option<Address>, Error> {
    let mut address = address.clone();
    let there = match postgres::holds_a_store(&address).await {
        Err(error) if error.is_about_writing() => {
            address = address.to_read();
            postgres::holds_a_store(&address).await
        }
        there => there,
    };
    Ok(there.map_err(|error| failure(&error))?.then_some(address))
}

/// None: there is no store, and none is to be made.
async fn open_postgres(
    address: &Address,
    if_missing: IfMissing,
) -> Result<Option<Arc<dyn Store>>, OpenError> {
    if if_missing == IfMissing::Refuse && !postgres::holds_a_store(address).await? {
        return Ok(None);
    }
    let store = Postgres::open(address.clone(), postgres::Options::default()).await?;
    Ok(Some(Arc::new(store)))
}

fn missing(place: &dyn fmt::Display) -> Error {
    Error::new(format!("there is no store at {place}"))
        .hint("name one with --store STORE, or begin one with: personae organization add NAME")
}

/// For whoever starts the program.
pub(crate) fn failure(error: &OpenError) -> Error {
    let failure = Error::new(error.to_string());
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

const HINT: &str =
    "write a store as sqlite:PATH or postgres://USER@HOST/DATABASE, for example sqlite:personae.db";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        let failure = Place::parse(url).unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        failure.to_string()
    }

    #[test]
    fn a_store_is_a_kind_and_a_place() {
        for url in ["sqlite:a/b.db", "sqlite:/a:b.db", "postgres://ada@host:1,other/db?sslmode=require"] {
            assert_eq!(Place::parse(url).unwrap().to_string(), url);
        }
        for (url, says) in [
            ("mysql://host/db", "\"mysql\" is not known"),
            ("mysql://host/db", "hint: write a store as sqlite:PATH or postgres://"),
            ("sqlite:", "has no path"),
            ("/var/personae.db", "hint: write it as sqlite:/var/personae.db"),
            ("", "does not say"),
            ("postgres://host:port/db", "the port \"port\""),
            ("postgres://host:port/db", "hint: write it as postgres://"),
        ] {
            let failure = refusal(url);
            assert!(failure.contains(says), "{url}: {failure}");
        }
    }

    #[test]
    fn what_is_to_be_pasted_is_quoted_where_a_shell_needs_it() {
        let argument = |url| Place::parse(url).unwrap().argument();
        assert_eq!(argument("sqlite:/a/b.db"), "sqlite:/a/b.db");
        assert_eq!(argument("sqlite:it's"), r"'sqlite:it'\''s'");
        assert_eq!(
            argument("postgres://ada:s3cret@h/db?port=1&sslmode=require"),
            "'postgres://ada@h/db?port=1&sslmode=require'"
        );
    }

    #[test]
    fn no_password_is_shown() {
        let place = Place::parse("postgresql://ada:s3cret@host/db?password=s3cret").unwrap();
        assert_eq!(place.to_string(), "postgres://ada@host/db");
        assert!(!format!("{place:?}").contains("s3cret"));
        for url in
            ["ada.byron:s3cret@host/db", "postgres://ada:s3cret@host/db?what=s3cret", "pg://ada:s3cret@host"]
        {
            assert!(!refusal(url).contains("s3cret"), "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at =
            |name: &str| Place::parse(&format!("sqlite:{}", folder.path().join(name).display())).unwrap();
        let failure = at("none.db").open(IfMissing::Refuse).await.err().unwrap();
        assert!(failure.to_string().contains("there is no store at"), "{failure}");
        let failure = at("no/folder.db").open(IfMissing::Make).await.err().unwrap();
        assert!(failure.to_string().contains("hint: make it first: mkdir -p"), "{failure}");
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_is_named() {
        // Whoever listens there is not asked again and again.
        let place = Place::parse("postgres://ada:s3cret@127.0.0.1:1/db").unwrap();
        let failure = place.open_within(Duration::ZERO).await.err().unwrap().to_string();
        assert!(failure.contains("127.0.0.1:1 refuses connections"), "{failure}");
        assert!(failure.contains("--wait-for-store") && !failure.contains("s3cret"), "{failure}");
    }
}
