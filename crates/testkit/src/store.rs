//! The stores that tests make: of the engine that the run is for, each of its own, and gone with its test.

use tempfile::TempDir;
use throwaway_postgres::{Database, database};

/// Tells the tests which engine's stores to make: `sqlite`, as when it is not set, or `postgres`.
pub const ENGINE: &str = "PERSONAE_TEST_STORE";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The one that this run of the tests is for.
    ///
    /// # Panics
    /// When the environment names another.
    #[track_caller]
    pub fn of_this_run() -> Engine {
        let chosen = std::env::var(ENGINE);
        match Engine::named(chosen.as_deref().unwrap_or_default()) {
            Some(engine) => engine,
            None => panic!("{ENGINE} is sqlite or postgres"),
        }
    }

    fn named(name: &str) -> Option<Engine> {
        match name {
            "" | "sqlite" => Some(Engine::Sqlite),
            "postgres" => Some(Engine::Postgres),
            _ => None,
        }
    }
}

/// For a test of what one engine alone has: whether to leave it out of this run. It says so, where output is shown.
///
/// ```no_run
/// # use testkit::store::{Engine, is_left_out_unless};
/// if is_left_out_unless(Engine::Sqlite) {
///     return;
/// }
/// ```
pub fn is_left_out_unless(engine: Engine) -> bool {
    let this = Engine::of_this_run();
    if this != engine {
        println!("left out: it is about {engine:?}, and this run about {this:?}");
    }
    this != engine
}

/// An empty store. Dropping it removes it, so whatever serves it goes first.
#[derive(Debug)]
pub struct Store {
    url: String,
    _place: Place,
}

/// What the store is gone with.
#[derive(Debug)]
enum Place {
    Folder { _folder: TempDir },
    Database { _database: Database },
}

/// A store of this run's engine.
///
/// # Panics
/// When it cannot be made.
#[track_caller]
pub fn fresh() -> Store {
    Store::new(Engine::of_this_run())
}

impl Store {
    /// A store of this engine, whatever the run is for.
    ///
    /// # Panics
    /// When it cannot be made.
    #[track_caller]
    pub fn new(engine: Engine) -> Store {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder can be made");
                let url = format!("sqlite:{}", folder.path().join("personae.db").display());
                Store { url, _place: Place::Folder { _folder: folder } }
            }
            Engine::Postgres => {
                let database = database();
                Store { url: database.url().to_owned(), _place: Place::Database { _database: database } }
            }
        }
    }

    /// As `--store` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_known_by_their_names() {
        assert_eq!(Engine::named(""), Some(Engine::Sqlite));
        assert_eq!(Engine::named("sqlite"), Some(Engine::Sqlite));
        assert_eq!(Engine::named("postgres"), Some(Engine::Postgres));
        assert_eq!(Engine::named("postgresql"), None);
    }

    #[test]
    fn each_store_is_another_and_goes_with_its_owner() {
        let (one, other) = (Store::new(Engine::Sqlite), Store::new(Engine::Sqlite));
        assert_ne!(one.url(), other.url());
        let path = one.url().strip_prefix("sqlite:").unwrap().to_owned();
        std::fs::write(&path, "").unwrap();
        drop(one);
        assert!(!std::path::Path::new(&path).exists());

        let database = Store::new(Engine::Postgres);
        let url = database.url().to_owned();
        assert_eq!(throwaway_postgres::psql(&url, &["SHOW server_encoding"]), Ok("UTF8".to_owned()));
        drop(database);
        assert!(throwaway_postgres::psql(&url, &["SHOW server_encoding"]).is_err());
    }
}
