//! stub
use directory::store::Report;
use rusqlite::Connection;
pub(super) fn run(_c: &Connection) -> super::failure::Result<Report> {
    Ok(Report::default())
}
