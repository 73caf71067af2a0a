//! A write that changes nothing, to find out whether writes succeed.

use super::error::Result;
use super::writer::Work;

/// Writes a page and commits it. After a batch that failed, as on a full disk, it writes as much as a batch may: the log
/// keeps the room that it had, so that less would succeed where a change does not.
pub(super) fn run(work: &mut Work<'_>) -> Result<()> {
    work.begin()?;
    let connection = work.connection();
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)?;
    if work.has_failed_before() {
        connection.prepare_cached(REWRITE)?.execute([])?;
    }
    Ok(())
}

/// Some hundred kilobytes, where there are so many people. SQLite writes a row also when it stays as it is.
const REWRITE: &str =
    "UPDATE person SET version = version WHERE pk IN (SELECT pk FROM person ORDER BY pk LIMIT 200)";
