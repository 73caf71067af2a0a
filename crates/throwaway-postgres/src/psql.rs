//! Statements for a server, sent by `psql`, and the addresses that name it.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use super::Binaries;

/// Runs statements one by one with `psql`, each in a transaction of its own, and gives what they print: a line for each
/// row, with `|` between columns.
///
/// # Errors
/// With PostgreSQL's words, when one fails, or the server cannot be reached.
pub fn run(url: &str, statements: &[&str]) -> Result<String, String> {
    // A client is enough for a server that somebody else has started.
    let program =
        Binaries::find().map_or_else(|_| OsString::from("psql"), |found| found.program("psql").into());
    let mut command = Command::new(program);
    unsettled(&mut command)
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--no-password"])
        .args(["--set=ON_ERROR_STOP=1", "--dbname", url]);
    for statement in statements {
        command.args(["--command", statement]);
    }
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("psql cannot be started: {error}"))?;
    // Neither the address nor the statement is told: they may hold a password.
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()),
        false => Err(format!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// Without what the environment says of a server, so that the address alone counts, as it does for `personae`.
pub fn unsettled(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

/// The same server's address, for another database.
pub(super) fn with_database(url: &str, name: &str) -> Result<String, String> {
    let not_one = || "write it as postgres://USER@HOST/DATABASE".to_owned();
    let (scheme, rest) = url.split_once("://").ok_or_else(not_one)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(not_one());
    }
    let (place, parameters) = match rest.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (rest, String::new()),
    };
    let authority = place.split_once('/').map_or(place, |(authority, _)| authority);
    Ok(format!("{scheme}://{authority}/{name}{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server() {
        for (url, other) in [
            ("postgres://ada@/a?host=/tmp/x&port=1", "postgres://ada@/b?host=/tmp/x&port=1"),
            ("postgres://ada:p@one:1,two:2/a", "postgres://ada:p@one:1,two:2/b"),
            ("postgresql://one", "postgresql://one/b"),
            ("postgres://one?sslmode=require", "postgres://one/b?sslmode=require"),
        ] {
            assert_eq!(with_database(url, "b").as_deref(), Ok(other), "{url}");
        }
        for wrong in ["host=one dbname=a", "sqlite:a.db", "mysql://one/a"] {
            assert!(with_database(wrong, "b").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_failure_says_why_and_not_where() {
        let error = run("postgres://ada:canary@127.0.0.1:1/a?connect_timeout=5", &["SHOW port"]).unwrap_err();
        assert!(error.starts_with("psql ") && !error.contains("canary"), "{error}");
    }
}
