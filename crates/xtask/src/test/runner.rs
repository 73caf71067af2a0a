//! Runs one test program for `cargo test`: once, or once for each engine.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, exit};

use anyhow::{Context, anyhow};
use throwaway_postgres::{Cluster, SERVER, psql, shared_cluster};

use crate::needs;

/// Names the file in which the engines are written down that were tested.
pub(super) const RECORD: &str = "XTASK_TESTED_ENGINES";

/// Tells the tests which engine's stores to make.
const ENGINE: &str = "PERSONAE_TEST_STORE";

/// The suites that run on each engine: package and target.
const ON_EACH_ENGINE: [(&str, &str); 2] = [("store", "contract"), ("personae", "it")];

/// Those that start servers of their own, beside the suites above.
const ON_POSTGRES: [(&str, &str); 4] =
    [("store", "transfer"), ("store", "postgres"), ("testkit", "testkit"), ("throwaway-postgres", "server")];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Ends this process with the program's own exit code, and returns only when that cannot be had.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let (program, arguments) = options.command.split_first().context("there is no program to run")?;
    let command = || {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let is_among = |suites: &[(&str, &str)]| suites.contains(&(&package, target(Path::new(program))));
    if is_among(&ON_POSTGRES) && given().is_none() {
        needs::postgres()?;
    }
    if !is_among(&ON_EACH_ENGINE) {
        return Err(anyhow!(command().exec()).context(format!("cannot run {}", program.display())));
    }
    // Also for the first time: some of the tests there are about PostgreSQL alone.
    let server = Server::ready()?;
    let on = |engine: &str, name: &str| -> anyhow::Result<ExitStatus> {
        println!("\n== on {name}");
        let status = command().env(ENGINE, engine).env(SERVER, &server.url).status();
        write_down(name).context("cannot write down what was tested")?;
        status.context("cannot run the tests")
    };
    let on_sqlite = on("sqlite", "SQLite")?;
    let on_postgres = on("postgres", &format!("PostgreSQL {}", server.version))?;
    // Exiting drops nothing.
    drop(server);
    let failed = [on_sqlite, on_postgres].into_iter().find(|status| !status.success());
    exit(failed.map_or(0, |status| status.code().unwrap_or(1)))
}

/// The target that a program was built of: Cargo puts a hash behind its name.
fn target(program: &Path) -> &str {
    let name = program.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    name.rsplit_once('-').map_or(name, |(target, _)| target)
}

fn write_down(engine: &str) -> std::io::Result<()> {
    let Some(record) = std::env::var_os(RECORD) else { return Ok(()) };
    let mut file = std::fs::File::options().append(true).create(true).open(record)?;
    writeln!(file, "{engine}")
}

/// One PostgreSQL server for all the tests of a suite.
struct Server {
    url: String,
    version: String,
    /// Held until the tests have ended, when it is ours.
    _cluster: Option<Cluster>,
}

impl Server {
    fn ready() -> anyhow::Result<Self> {
        let (url, cluster) = match given() {
            Some(url) => (url, None),
            None => {
                needs::postgres()?;
                let cluster = shared_cluster().map_err(|error| anyhow!(error))?;
                (cluster.url(), Some(cluster))
            }
        };
        let version = psql(&url, &["SHOW server_version"]).map_err(|error| anyhow!(error));
        let version = version.with_context(|| format!("the server of {SERVER} does not answer"))?;
        let version = version.split_whitespace().next().unwrap_or_default().to_owned();
        Ok(Self { url, version, _cluster: cluster })
    }
}

/// The server that whoever runs the tests wants them to use.
fn given() -> Option<String> {
    std::env::var(SERVER).ok().filter(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_told_from_the_program() {
        for (program, name) in [
            ("/w/target/debug/deps/contract-0f5c6788dd540b09", "contract"),
            ("target/debug/deps/throwaway_postgres-339c40e0cd27bb99", "throwaway_postgres"),
            ("it", "it"),
            ("", ""),
        ] {
            assert_eq!(target(Path::new(program)), name);
        }
    }
}
