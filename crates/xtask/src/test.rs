//! `cargo xtask test`: every test of the workspace, and what rests on the store on each engine.

use std::process::Command;

use anyhow::{Context, anyhow};
use throwaway_postgres::{Cluster, SERVER, psql, shared_cluster};

use crate::{cargo, needs};

/// Tells the tests which engine's stores to make.
const ENGINE: &str = "PERSONAE_TEST_STORE";

/// The suites that are run on each engine: package and target.
const ON_EACH_ENGINE: [(&str, &str); 2] = [("store", "contract"), ("personae", "it")];

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                                   all tests
  cargo xtask test -- --package store                the tests of one crate
  cargo xtask test -- --test tidy                    one suite
  cargo xtask test -- crash -- --nocapture           tests with `crash` in their name, output shown

The suites that rest on the store run on SQLite, and again on PostgreSQL: on a server that is started for this and
removed, or on the one that TEST_POSTGRES_URL names, whose user must be allowed to create databases.")]
pub(crate) struct Options {
    /// Handed to `cargo test`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    needs::c_compiler()?;
    let Some(again) = on_each_engine(&options.arguments) else {
        cargo::run(tests(&options.arguments, "sqlite"))?;
        println!("\nTested on SQLite; none of these tests runs on PostgreSQL.");
        return Ok(());
    };
    // Also for the first time: some of the tests there are about PostgreSQL alone.
    let server = Server::ready()?;
    for (arguments, engine) in [(&options.arguments, "sqlite"), (&again, "postgres")] {
        let mut command = tests(arguments, engine);
        command.env(SERVER, &server.url);
        cargo::run(command)?;
    }
    println!("\nTested on SQLite and on PostgreSQL {}.", server.version);
    Ok(())
}

/// All tests, as `cargo xtask test` without arguments runs them.
pub(crate) fn run_all() -> anyhow::Result<()> {
    run(&Options { arguments: Vec::new() })
}

fn tests(arguments: &[String], engine: &str) -> Command {
    let mut command = cargo::cargo(["test", "--locked"]);
    // Cargo lets `--workspace` win over `--package`, so the two are not given together. Where it may, it stays in both
    // runs: it decides with which features everything is built.
    if Asked::of(arguments).packages.is_empty() {
        command.arg("--workspace");
    }
    command.args(arguments).env(ENGINE, engine);
    command
}

/// One PostgreSQL server for all test processes.
struct Server {
    url: String,
    version: String,
    /// Held until the tests have ended, when it is ours.
    _cluster: Option<Cluster>,
}

impl Server {
    fn ready() -> anyhow::Result<Self> {
        let given = std::env::var(SERVER).ok().filter(|url| !url.is_empty());
        let (url, cluster) = match given {
            Some(url) => (url, None),
            None => {
                needs::postgres()?;
                let cluster = shared_cluster().map_err(|error| anyhow!(error))?;
                (cluster.url(), Some(cluster))
            }
        };
        let version = psql(&url, &["SHOW server_version"]).map_err(|error| anyhow!(error));
        let version = version.with_context(|| format!("the server of {SERVER} does not answer"))?;
        Ok(Self { url, version, _cluster: cluster })
    }
}

/// What to hand to `cargo test` for the suites that are run on each engine, when some of them are asked for at all.
fn on_each_engine(arguments: &[String]) -> Option<Vec<String>> {
    let asked = Asked::of(arguments);
    let suites = ON_EACH_ENGINE.iter().filter(|(package, target)| asked.has(package, target));
    let suites: Vec<String> =
        suites.flat_map(|(_, target)| ["--test".to_owned(), (*target).to_owned()]).collect();
    let again = suites.iter().cloned().chain(asked.rest.iter().map(|&argument| argument.to_owned()));
    (!suites.is_empty()).then(|| again.collect())
}

/// What arguments for `cargo test` select.
#[derive(Debug, Default)]
struct Asked<'a> {
    packages: Vec<&'a str>,
    /// Of the kind that is in a folder `tests`.
    targets: Vec<&'a str>,
    all_tests: bool,
    /// Libraries, examples and the like.
    others: bool,
    /// Everything that does not select targets, and so is as good for the one run as for the other.
    rest: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(arguments: &'a [String]) -> Self {
        let mut asked = Self::default();
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            let (name, value) = name_and_value(argument);
            let mut value = || value.or_else(|| arguments.next()).unwrap_or_default();
            match name {
                "-p" | "--package" => {
                    let package = value();
                    asked.packages.push(package);
                    asked.rest.extend(["--package", package]);
                }
                "--test" => asked.targets.push(value()),
                "--tests" | "--all-targets" => asked.all_tests = true,
                "--bin" | "--example" | "--bench" => {
                    value();
                    asked.others = true;
                }
                "--lib" | "--bins" | "--examples" | "--benches" | "--doc" => asked.others = true,
                // What follows is for the tests themselves.
                "--" => asked.rest.extend(std::iter::once("--").chain(arguments.by_ref())),
                _ => asked.rest.push(argument),
            }
        }
        asked
    }

    /// Whether a suite is among what is asked for.
    fn has(&self, package: &str, target: &str) -> bool {
        let says_nothing = self.targets.is_empty() && !self.others;
        (self.packages.is_empty() || self.packages.contains(&package))
            && (says_nothing || self.all_tests || self.targets.contains(&target))
    }
}

/// An option as Cargo lets it be spelled: `--package=store`, `-pstore`; the value of `--package store` is the next word.
fn name_and_value(argument: &str) -> (&str, Option<&str>) {
    let short = argument.strip_prefix("-p").filter(|value| !value.is_empty());
    match (short, argument.split_once('=')) {
        (Some(value), _) => ("-p", Some(value.trim_start_matches('='))),
        (None, Some((name, value))) if name.starts_with("--") => (name, Some(value)),
        _ => (argument, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn package_is_seen_in_every_spelling() {
        for line in ["-p store", "-pstore", "--package store", "--package=store", "-p=store"] {
            assert_eq!(Asked::of(&words(line)).packages, ["store"], "{line}");
        }
        for line in ["--test tidy", "crash -- -p store", "--profile release", ""] {
            assert_eq!(Asked::of(&words(line)).packages, [""; 0], "{line}");
        }
    }

    #[test]
    fn second_run_has_the_suites_of_each_engine_among_what_is_asked_for() {
        for (asked, again) in [
            ("", "--test contract --test it"),
            ("crash -- --nocapture", "--test contract --test it crash -- --nocapture"),
            ("--no-fail-fast --workspace", "--test contract --test it --no-fail-fast --workspace"),
            ("-p store", "--test contract --package store"),
            ("-p store -p dialects --tests", "--test contract --package store --package dialects"),
            ("--package=personae --all-targets", "--test it --package personae"),
            ("--test it --test tidy crash", "--test it crash"),
            ("--lib --test=contract", "--test contract"),
            ("-- --test tidy", "--test contract --test it -- --test tidy"),
        ] {
            assert_eq!(on_each_engine(&words(asked)), Some(words(again)), "{asked}");
        }
    }

    #[test]
    fn there_is_no_second_run_where_nothing_rests_on_the_store() {
        for asked in [
            "-p dialects",
            "--test tidy",
            "--lib",
            "--doc -p store",
            "-p store --test sqlite",
            "--bin personae",
        ] {
            assert_eq!(on_each_engine(&words(asked)), None, "{asked}");
        }
    }

    #[test]
    fn workspace_and_package_are_not_given_together() {
        let line = |arguments: &str| {
            let command = tests(&words(arguments), "sqlite");
            command.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("-p store"), "test --locked -p store");
        assert_eq!(line("crash"), "test --locked --workspace crash");
    }
}
