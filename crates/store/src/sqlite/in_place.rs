//! Whether the files that are open are still those at their paths.
//!
//! A file that was removed or renamed can still be written to, and all that is written is lost with it. The files are
//! compared by device and inode, without opening them, for the reason that `open_files` gives.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::error;

use super::open_files::{Identity, identity};

pub(super) struct InPlace {
    files: Vec<(PathBuf, Identity)>,
    is_lost: AtomicBool,
}

impl InPlace {
    /// Remembers the store's file and its log, which have just been opened.
    pub(super) fn of(store: &Path) -> io::Result<Self> {
        // The process may change its folder.
        let store = std::path::absolute(store)?;
        let mut log = store.clone().into_os_string();
        log.push("-wal");
        let log = PathBuf::from(log);
        let of_store = identity(&store)?;
        let mut files = vec![(store, of_store)];
        if let Ok(of_log) = identity(&log) {
            files.push((log, of_log));
        }
        Ok(Self { files, is_lost: AtomicBool::new(false) })
    }

    /// Looks, for about a microsecond a file. Once they were elsewhere the answer stays false: what happened to the store
    /// at the path meanwhile is not known, so the process is to be started again.
    pub(super) fn check(&self) -> bool {
        if self.is_lost.load(Ordering::Relaxed) {
            return false;
        }
        for (path, known) in &self.files {
            if identity(path).ok() != Some(*known) {
                self.is_lost.store(true, Ordering::Relaxed);
                error!(
                    file = %path.display(),
                    "the file of the store was removed, renamed or replaced while it was open: no change is taken any \
                     more. Start the program again, on the store that it is to serve"
                );
                return false;
            }
        }
        true
    }
}
