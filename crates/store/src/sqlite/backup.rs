//! A copy of everything, made while others go on writing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::failure::Result;
use super::open::create_private;

/// Writes beside the place asked for and moves it there when it is whole and on disk. What is there already stays.
pub(super) fn run(connection: &Connection, to: &Path) -> Result<()> {
    let partial = Partial::beside(to)?;
    create_private(partial.path())?;
    connection.execute("VACUUM INTO ?1", params![partial.path().to_string_lossy()])?;
    partial.keep(to)?;
    Ok(())
}

/// An unfinished copy, which is removed in any case: what is kept has another name as well.
pub(crate) struct Partial(PathBuf);

impl Partial {
    /// A file beside the one that it is to become. Refuses when that is there already.
    pub(crate) fn beside(to: &Path) -> io::Result<Self> {
        if to.exists() {
            let what = format!("{} is there already", to.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        Ok(Self(to.with_file_name(name)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn keep(&self, to: &Path) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        // A link, unlike a renaming, never replaces what another put there meanwhile.
        fs::hard_link(&self.0, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // The last two are there only when something went wrong.
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }
}
