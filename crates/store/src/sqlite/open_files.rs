//! The databases that this process has open, so that no descriptor of ours takes away the locks of SQLite.
//!
//! POSIX gives a process one set of locks for each file: closing any descriptor of the file drops the locks that were
//! taken through all others ("How To Corrupt An SQLite Database File", section 2.2). Another process then takes the
//! index in the `-shm` file for abandoned and truncates it under the connections of this one. So every connection is
//! counted here by the file it has open, whichever handle it belongs to, and a descriptor that was opened to read an
//! index is shared by all handles and closed with the last connection to the database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, ffi};

use crate::file::create_private;

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// The file at the path, which is not opened for it.
pub(super) fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|file| identity_of(&file))
}

fn identity_of(file: &fs::Metadata) -> Identity {
    (file.dev(), file.ino())
}

static OPEN: Mutex<BTreeMap<Identity, Database>> = Mutex::new(BTreeMap::new());

/// A database file that is in use.
#[derive(Default)]
struct Database {
    uses: usize,
    /// SQLite keeps one `-shm` file while a connection is open, so that more than one is here only if another program
    /// removed it.
    indexes: Vec<(Identity, Arc<File>)>,
}

/// While this is held, no other thread begins or ends a use of a database.
fn open_databases() -> MutexGuard<'static, BTreeMap<Identity, Database>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes an empty file. No thread of this process opens it before the descriptor that made it is closed.
pub(super) fn create(path: &Path) -> io::Result<()> {
    let _open = open_databases();
    create_private(path)
}

/// One use of a database file. Dropping the last one closes what was opened beside the connections.
#[derive(Debug)]
struct Use(Identity);

impl Use {
    fn begin(database: Identity) -> Self {
        open_databases().entry(database).or_default().uses += 1;
        Self(database)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut open = open_databases();
        if let Some(database) = open.get_mut(&self.0) {
            database.uses -= 1;
            if database.uses == 0 {
                // Its descriptors are closed before another thread may open the database.
                open.remove(&self.0);
            }
        }
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(super) struct OpenConnection {
    // Closed before its use ends.
    connection: Connection,
    database: Use,
}

impl OpenConnection {
    /// Opens the file at the path, for which SQLite has the given name.
    pub(super) fn open(path: &Path, name: impl AsRef<Path>, flags: OpenFlags) -> rusqlite::Result<Self> {
        let identity = || identity(path).map_err(cannot_open);
        // Counted before it is open, lest the last of the others close a descriptor in between.
        let database = Use::begin(identity()?);
        let opened = Self { connection: Connection::open_with_flags(name, flags)?, database };
        match identity()? == opened.database.0 {
            true => Ok(opened),
            false => Err(cannot_open("it was replaced at the same moment")),
        }
    }

    /// The `-shm` file of the database at the path, if it is there and the database is still the one that is open.
    pub(super) fn index(&self, path: &Path) -> Option<Index> {
        let mut file = path.as_os_str().to_owned();
        file.push("-shm");
        let file = Path::new(&file);
        // Declared before the guard, and so dropped after it: the end of a use takes the same lock.
        let database = Use::begin(self.database.0);
        let mut open = open_databases();
        if identity(path).ok()? != self.database.0 {
            return None;
        }
        let indexes = &mut open.get_mut(&self.database.0)?.indexes;
        let known = identity(file).ok()?;
        if let Some((_, shared)) = indexes.iter().find(|(identity, _)| *identity == known) {
            return Some(Index { file: shared.clone(), _database: database });
        }
        let opened = Arc::new(File::open(file).ok()?);
        indexes.push((opened.metadata().map_or(known, |file| identity_of(&file)), opened.clone()));
        Some(Index { file: opened, _database: database })
    }
}

impl Deref for OpenConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for OpenConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// The `-shm` file of a database, for reading.
pub(super) struct Index {
    // Let go before the use ends, with which the descriptor itself is closed.
    file: Arc<File>,
    _database: Use,
}

impl Deref for Index {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

/// With the code of SQLite's own failure to open a file.
fn cannot_open(why: impl std::fmt::Display) -> rusqlite::Error {
    let what = format!("unable to open database file: {why}");
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CANTOPEN), Some(what))
}
