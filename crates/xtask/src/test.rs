//! `cargo xtask test`: every test of the workspace, and what rests on the store on each engine.

mod runner;

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use crate::{cargo, needs};

pub(crate) use runner::Options as RunnerOptions;
pub(crate) use runner::run as run_one;

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
    let folder = folder().context("cannot make a temporary folder")?;
    let own = copy_of_this_program(folder.path()).context("cannot copy this program")?;
    let record = folder.path().join("engines");
    let mut command = cargo::cargo(["test", "--locked", "--config", &with_runner(&own)]);
    // Cargo lets `--workspace` win over `--package`, so the two are not given together.
    if !names_a_package(&options.arguments) {
        command.arg("--workspace");
    }
    command.args(&options.arguments).env(runner::RECORD, &record);
    cargo::run(command)?;
    println!("\n{}", told(&std::fs::read_to_string(record).unwrap_or_default()));
    Ok(())
}

/// Beside this program, where programs may be run from.
fn folder() -> anyhow::Result<TempDir> {
    let own = std::env::current_exe()?;
    let beside = own.parent().context("this program lies in no folder")?;
    Ok(tempfile::Builder::new().prefix("xtask-test-").tempdir_in(beside)?)
}

/// Cargo may build this very program anew before it runs the first test, and has done so where it ran as part of
/// `cargo xtask ci`: then its own file is another or gone, and only the kernel still has it.
fn copy_of_this_program(folder: &Path) -> std::io::Result<PathBuf> {
    let copy = folder.join("xtask");
    let kept_by_the_kernel = Path::new("/proc/self/exe");
    match kept_by_the_kernel.exists() {
        true => std::fs::copy(kept_by_the_kernel, &copy)?,
        false => std::fs::copy(std::env::current_exe()?, &copy)?,
    };
    Ok(copy)
}

/// All tests, as `cargo xtask test` without arguments runs them.
pub(crate) fn run_all() -> anyhow::Result<()> {
    run(&Options { arguments: Vec::new() })
}

fn names_a_package(arguments: &[String]) -> bool {
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    for_cargo.into_iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// Has Cargo start each test program through us, who know which of them to run once more. A second `cargo test` for
/// those alone would build much of the workspace again, because features are chosen by what is selected.
fn with_runner(own: &Path) -> String {
    let own = serde_json::Value::from(own.to_string_lossy());
    format!(r#"target."cfg(all())".runner = [{own}, "run-test"]"#)
}

/// The last line: the record has a line for each suite that ran on several engines.
fn told(record: &str) -> String {
    let mut engines = Vec::new();
    for engine in record.lines() {
        if !engines.contains(&engine) {
            engines.push(engine);
        }
    }
    match engines.as_slice() {
        [] => "None of these tests rests on the store: no engine was tested.".to_owned(),
        engines => format!("Tested on {}.", engines.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> bool {
        names_a_package(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn package_is_seen_in_every_spelling() {
        assert!(
            names("-p store") && names("-pstore") && names("--package store") && names("--package=store")
        );
        assert!(!names("--test tidy") && !names("crash -- -p"));
    }

    #[test]
    fn last_line_names_each_engine_once() {
        assert_eq!(
            told("SQLite\nPostgreSQL 15.4\nSQLite\nPostgreSQL 15.4\n"),
            "Tested on SQLite and PostgreSQL 15.4."
        );
        assert!(told("").contains("no engine"));
    }

    #[test]
    fn path_of_the_runner_may_hold_anything() {
        let config = with_runner(Path::new("/a \"b\"/xtask"));
        assert_eq!(config, r#"target."cfg(all())".runner = ["/a \"b\"/xtask", "run-test"]"#);
    }
}
