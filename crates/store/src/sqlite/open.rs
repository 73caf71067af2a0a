//! Opening the file: who may read it, what it must be, and how every connection to it is set up.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrate;

/// Marks a file as one of ours: "Pers" in ASCII.
const APPLICATION: i32 = 0x5065_7273;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 160;

/// How long a process that starts waits for another that is just making or migrating the same file.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// How the engine uses the machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections that serve reads of single people.
    pub readers: usize,
    /// Connections that serve lists and searches, apart so that those never make a single read wait.
    pub scanners: usize,
    /// Page cache of each of them.
    pub reader_cache_kib: u32,
    pub writer_cache_kib: u32,
    /// People kept in memory, some 3 KB each.
    pub remembered: usize,
    /// How long a write waits for another process to finish its own.
    pub busy_timeout: Duration,
    /// Writes that may wait; whoever comes then waits for a place.
    pub queue: usize,
    /// Writes that are committed together at most.
    pub batch: usize,
    /// Pages in the write-ahead log from which it is copied back, beside the writer.
    pub checkpoint_pages: u32,
    /// Pages from which the writer itself makes sure that the log begins anew.
    pub checkpoint_hard_pages: u32,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            readers: cores.max(2),
            scanners: cores.clamp(2, 4),
            reader_cache_kib: 4 * 1024,
            writer_cache_kib: 24 * 1024,
            remembered: 8_000,
            busy_timeout: Duration::from_secs(10),
            queue: 1_024,
            batch: 256,
            checkpoint_pages: 4_000,
            checkpoint_hard_pages: 16_000,
        }
    }
}

/// Why a store cannot be opened, in sentences for whoever starts the program.
#[derive(Debug)]
pub enum OpenError {
    Io {
        path: PathBuf,
        error: io::Error,
    },
    NotADatabase(PathBuf),
    /// A database, but another program's.
    Foreign(PathBuf),
    Newer {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    ReadOnly(PathBuf),
    /// A copy into it was not finished.
    Unfinished(PathBuf),
    Sqlite {
        path: PathBuf,
        error: rusqlite::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "cannot open {}: {error}", path.display()),
            Self::NotADatabase(path) => write!(f, "{} is not a database", path.display()),
            Self::Foreign(path) => write!(f, "{} is the database of another program", path.display()),
            Self::Newer { path, found, known } => write!(
                f,
                "{} was written by a newer version of this program: its schema is {found}, \
                 and this version knows schemas up to {known}",
                path.display()
            ),
            Self::ReadOnly(path) => write!(f, "{} cannot be written to", path.display()),
            Self::Unfinished(path) => write!(f, "{} holds a copy that was not finished", path.display()),
            Self::Sqlite { path, error } => write!(f, "cannot open {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Sqlite { error, .. } => Some(error),
            Self::NotADatabase(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::ReadOnly(_)
            | Self::Unfinished(_) => None,
        }
    }
}

/// Opens the file for writing, makes it if there is none, and brings its schema up to date.
pub(super) fn open_and_migrate(path: &Path, options: &Options) -> Result<Connection, OpenError> {
    create_private(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    let named = |error| explain(path, error);
    let mut connection = connect(path, Access::Write, options).map_err(named)?;
    if connection.is_readonly("main").map_err(named)? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    // In one statement, because another process may be making the file right now.
    let (application, tables): (i32, i64) = connection
        .query_row(
            "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(named)?;
    if application != APPLICATION && tables > 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    use_wal(&connection).map_err(named)?;
    let migrated = migrate::run(&mut connection, APPLICATION).map_err(named)?;
    migrated.map_err(|(found, known)| OpenError::Newer { path: path.to_owned(), found, known })?;
    Ok(connection)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

pub(super) fn connect(path: &Path, access: Access, options: &Options) -> rusqlite::Result<Connection> {
    // A connection is used by one thread at a time; SQLite need not lock it once more.
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let cache = match access {
        Access::Read => options.reader_cache_kib,
        Access::Write => options.writer_cache_kib,
    };
    // Negative: in KiB.
    connection.pragma_update(None, "cache_size", -i64::from(cache))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Plans do not depend on the values bound; otherwise some statements would be compiled anew for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if access == Access::Write {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    }
    Ok(connection)
}

/// Others may be starting on the same file, and SQLite does not wait for its turn with this one setting.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(_) => return Ok(()),
            Err(error) if is_busy(&error) && begun.elapsed() < START_PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// A directory holds what people would not tell everyone: the file is its owner's alone from the first byte.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly(path),
        _ => OpenError::Sqlite { path, error },
    }
}
