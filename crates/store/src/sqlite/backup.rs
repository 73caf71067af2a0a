//! A copy of everything, made while others go on writing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::failure::Result;
use super::open::create_private;

/// Writes beside the place asked for and moves it there when it is whole and on disk. What is there already stays.
pub(super) fn run(connection: &Connection, to: &Path) -> Result<()> {
    if to.exists() {
        return Err(already_there(to).into());
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = Partial(to.with_file_name(name));
    create_private(&partial.0)?;
    connection.execute("VACUUM INTO ?1", params![partial.0.to_string_lossy()])?;
    File::open(&partial.0)?.sync_all()?;
    // A link, unlike a renaming, never replaces what another put there meanwhile.
    fs::hard_link(&partial.0, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

fn already_there(to: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", to.display()))
}

/// The unfinished copy, removed in any case.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
