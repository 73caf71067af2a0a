//! The readers: a few connections that any thread borrows for one read transaction.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use super::error::Result;
use super::open::{Access, Options, connect};
use super::open_files::OpenConnection;

pub(super) struct Readers {
    connections: Vec<Mutex<OpenConnection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn open(
        path: &Path,
        access: Access,
        count: usize,
        options: &Options,
    ) -> rusqlite::Result<Self> {
        let open = |_| connect(path, access, options).map(Mutex::new);
        let connections = (0..count.max(1)).map(open).collect::<rusqlite::Result<_>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    /// Runs in one read transaction, so that all its queries see one state.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        in_transaction(&self.borrow(), read)
    }

    /// A free connection, or the next in turn once it is free.
    fn borrow(&self) -> MutexGuard<'_, OpenConnection> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |offset: usize| &self.connections[(first.wrapping_add(offset)) % self.connections.len()];
        for offset in 0..self.connections.len() {
            match turn(offset).try_lock() {
                Ok(connection) => return connection,
                // A read that panicked left nothing behind but its transaction, which the next one ends.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        turn(0).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn in_transaction<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    if !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK")?.execute([])?;
    }
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = read(connection);
    // Nothing was written: this only lets go of the snapshot.
    connection.prepare_cached("COMMIT")?.execute([])?;
    result
}
