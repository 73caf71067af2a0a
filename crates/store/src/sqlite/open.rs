//! Opening the file: who may read it, what it must be, and how every connection to it is set up.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrate;
use super::open_files::{self, OpenConnection};

/// Marks a file as one of ours: "Pers" in ASCII.
const APPLICATION: i32 = 0x5065_7273;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 160;

/// What would end the path in a URI of SQLite's, or mean something else in it.
const IN_A_URI: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%');

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
    pub cached: usize,
    /// How long a write waits for another process to finish its own.
    pub busy_timeout: Duration,
    /// Writes of all tenants that may wait; more are refused, but for tenants that have few of them.
    pub queue: usize,
    /// Writes of one tenant that may wait: four whole batches, so that a tenant by itself keeps the writer busy, and waits
    /// a second or so at most.
    pub queue_of_a_tenant: usize,
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
            // One more than a single tenant may have.
            scanners: cores.clamp(2, 4) + 1,
            reader_cache_kib: 4 * 1024,
            writer_cache_kib: 24 * 1024,
            cached: 8_000,
            busy_timeout: Duration::from_secs(10),
            queue: 4_096,
            queue_of_a_tenant: 1_024,
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
    /// Of an earlier schema, in a file that was opened to be read.
    Older {
        path: PathBuf,
        found: u32,
        known: u32,
    },
    ReadOnly(PathBuf),
    /// To be read where nothing can be written, with changes that are only in its log.
    LogPending(PathBuf),
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
            Self::Older { path, found, known } => write!(
                f,
                "{} has the schema {found} of an earlier version, and cannot be written to for the schema {known}",
                path.display()
            ),
            Self::LogPending(path) => write!(
                f,
                "{} cannot be written to, and has changes in its write-ahead log that were not copied back yet",
                path.display()
            ),
            Self::ReadOnly(path) => write!(f, "{} cannot be written to", path.display()),
            Self::Unfinished(path) => write!(f, "{} holds a copy that was not finished", path.display()),
            Self::Sqlite { path, error } => write!(f, "cannot open {}: {error}", path.display()),
        }
    }
}

impl OpenError {
    /// True when the store, or its folder, may not be written to. It may still be read.
    pub fn is_about_writing(&self) -> bool {
        match self {
            Self::ReadOnly(_) => true,
            Self::Sqlite { error, .. } => may_not_be_written(error),
            Self::Io { .. }
            | Self::NotADatabase(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::LogPending(_)
            | Self::Unfinished(_) => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unfinished(_) => {
                Some("run the same `personae store copy` again to finish it, or remove the file")
            }
            Self::LogPending(_) => {
                Some("copy the file with its -wal to a folder that can be written to, and use the copy")
            }
            Self::Older { .. } => {
                Some("open it once where it can be written to: any command brings it up to date")
            }
            Self::Io { .. }
            | Self::NotADatabase(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::ReadOnly(_)
            | Self::Sqlite { .. } => None,
        }
    }
}

fn may_not_be_written(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen))
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Sqlite { error, .. } => Some(error),
            Self::NotADatabase(_)
            | Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::ReadOnly(_)
            | Self::LogPending(_)
            | Self::Unfinished(_) => None,
        }
    }
}

/// Opens the file for writing, makes it if there is none, and brings its schema up to date.
pub(super) fn open_and_migrate(path: &Path, options: &Options) -> Result<OpenConnection, OpenError> {
    match open_files::create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(OpenError::Io { path: path.to_owned(), error }),
    }
    let named = |error: rusqlite::Error| match error.sqlite_error_code() {
        // The file is there: what SQLite puts beside it cannot be.
        Some(ErrorCode::CannotOpen) => OpenError::ReadOnly(path.to_owned()),
        _ => explain(path, error),
    };
    let mut connection = connect(path, Access::Write, options).map_err(named)?;
    if connection.is_readonly("main").map_err(named)? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    if is_foreign(&connection).map_err(named)? {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    use_wal(&connection).map_err(named)?;
    let migrated = migrate::run(&mut connection, APPLICATION).map_err(named)?;
    migrated.map_err(|(found, known)| OpenError::Newer { path: path.to_owned(), found, known })?;
    Ok(connection)
}

/// Opens a file of the present schema that need not be writable, nor its folder. Answers with how to open it again.
pub(super) fn open_to_read(path: &Path, options: &Options) -> Result<(OpenConnection, Access), OpenError> {
    let (connection, access) = match to_read(path, Access::Read, options) {
        Ok(connection) => (connection, Access::Read),
        // Where the files beside it are missing and cannot be made, SQLite only reads what nobody writes to.
        Err(error) if may_not_be_written(&error) => {
            if has_log(path) {
                return Err(OpenError::LogPending(path.to_owned()));
            }
            let connection = to_read(path, Access::ReadUnchanging, options);
            (connection.map_err(|error| explain(path, error))?, Access::ReadUnchanging)
        }
        Err(error) => return Err(explain(path, error)),
    };
    let named = |error| explain(path, error);
    let path = path.to_owned();
    match migrate::found(&connection).map_err(named)? {
        // An empty file is of version 0, too.
        _ if is_foreign(&connection).map_err(named)? => Err(OpenError::Foreign(path)),
        Ok(()) => Ok((connection, access)),
        Err((found, known)) if found > known => Err(OpenError::Newer { path, found, known }),
        Err((found, known)) => Err(OpenError::Older { path, found, known }),
    }
}

/// Opens the file and reads its first page.
fn to_read(path: &Path, access: Access, options: &Options) -> rusqlite::Result<OpenConnection> {
    let connection = connect(path, access, options)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Whether changes may wait in the log that are not in the file.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// In one statement, because another process may be making the file right now.
fn is_foreign(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id";
    let (application, tables): (i32, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(application != APPLICATION && tables > 0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// As `Read`, where nothing can be written and so no locks need be taken.
    ReadUnchanging,
    Write,
}

pub(super) fn connect(path: &Path, access: Access, options: &Options) -> rusqlite::Result<OpenConnection> {
    // A connection is used by one thread at a time; SQLite need not lock it once more.
    let mutex = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match access {
        Access::Read => OpenConnection::open(path, path, OpenFlags::SQLITE_OPEN_READ_ONLY | mutex),
        Access::Write => OpenConnection::open(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE | mutex),
        Access::ReadUnchanging => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | mutex;
            let name = path.as_os_str().as_encoded_bytes();
            let uri = format!("file:{}?immutable=1", percent_encode(name, IN_A_URI));
            OpenConnection::open(path, uri, flags)
        }
    }?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let cache = match access {
        Access::Read | Access::ReadUnchanging => options.reader_cache_kib,
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

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly(path),
        _ => OpenError::Sqlite { path, error },
    }
}
