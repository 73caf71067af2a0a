//! The write-ahead log: copying it back beside the writer, and keeping it from growing without end.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tracing::warn;

use super::open::{Access, OpenError, Options, connect};
use super::open_files::OpenConnection;

/// How full the log is, and whom to tell.
///
/// A passive checkpoint beside the writer does nearly all of the copying and makes nobody wait, but the log only begins
/// anew when a checkpoint reaches its very end, which one that runs beside a busy writer never does. So from a second,
/// higher mark on the writer lets the helper finish and then copies what is left between two batches: little, and
/// without waiting for readers.
pub(super) struct Log {
    pages: Arc<AtomicU32>,
    soft: u32,
    hard: u32,
    /// Whether the helper is at work.
    is_helped: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Log {
    /// Takes the writer's connection to be told of each commit.
    pub(super) fn watch(
        connection: &mut Connection,
        path: &Path,
        options: &Options,
    ) -> Result<(Arc<Self>, Helper), OpenError> {
        let sqlite = |error| OpenError::Sqlite { path: path.to_owned(), error };
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        let pages = Arc::new(AtomicU32::new(0));
        let noted = pages.clone();
        let note = move |_: &mut rusqlite::hooks::Wal, count| {
            noted.store(u32::try_from(count).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(note)).map_err(sqlite)?;
        let own = connect(path, Access::Write, options).map_err(sqlite)?;
        own.pragma_update(None, "cache_size", -256).map_err(sqlite)?;
        let (wake, woken) = sync_channel(1);
        let is_helped = Arc::new(AtomicBool::new(false));
        let helper = Helper::start(own, woken, is_helped.clone()).map_err(io)?;
        let (soft, hard) = (options.checkpoint_pages, options.checkpoint_hard_pages);
        Ok((Arc::new(Self { pages, soft, hard, is_helped, wake }), helper))
    }

    /// Called by the writer between two batches.
    pub(super) fn tend(&self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.soft || self.is_helped.load(Ordering::Acquire) {
            return;
        }
        if pages >= self.hard {
            checkpoint(connection);
            // If a reader still holds an older state, the log grows on, and the next batch tries again.
        } else {
            self.is_helped.store(true, Ordering::Release);
            if self.wake.try_send(()).is_err() {
                self.is_helped.store(false, Ordering::Release);
            }
        }
    }
}

/// The thread that copies the log back.
pub(super) struct Helper(Option<JoinHandle<()>>);

impl Helper {
    fn start(connection: OpenConnection, woken: Receiver<()>, is_busy: Arc<AtomicBool>) -> io::Result<Self> {
        let run = move || {
            while woken.recv().is_ok() {
                checkpoint(&connection);
                is_busy.store(false, Ordering::Release);
            }
        };
        std::thread::Builder::new().name("store-checkpoint".into()).spawn(run).map(Some).map(Self)
    }
}

impl Drop for Helper {
    /// Ends once every [`Log`] is gone.
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

fn checkpoint(connection: &Connection) {
    let done = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut statement| statement.query_row([], |_| Ok(())));
    if let Err(failure) = done {
        warn!(%failure, "the write-ahead log could not be copied back");
    }
}
