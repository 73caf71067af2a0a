//! A copy of everything, made while others go on writing.

use std::path::Path;

use rusqlite::{Connection, params};

use super::error::Result;
use crate::file::Partial;

/// Writes beside the place asked for and moves it there when it is whole and on disk. What is there already stays.
pub(super) fn run(connection: &Connection, to: &Path) -> Result<()> {
    let partial = Partial::of(to)?;
    connection.execute("VACUUM INTO ?1", params![partial.path().to_string_lossy()])?;
    Ok(partial.keep()?)
}
