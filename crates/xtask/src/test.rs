//! `cargo xtask test`: every test of the workspace.

use crate::{cargo, needs};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                                   all tests
  cargo xtask test -- --package store                the tests of one crate
  cargo xtask test -- --test tidy                    one suite
  cargo xtask test -- crash -- --nocapture           tests with `crash` in their name, output shown")]
pub(crate) struct Options {
    /// Handed to `cargo test`
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    needs::c_compiler()?;
    let mut command = cargo::cargo(["test", "--locked"]);
    // Cargo lets `--workspace` win over `--package`, so the two are not given together.
    if !names_a_package(&options.arguments) {
        command.arg("--workspace");
    }
    command.args(&options.arguments);
    cargo::run(command)
}

/// All tests, as `cargo xtask test` without arguments runs them.
pub(crate) fn run_all() -> anyhow::Result<()> {
    run(&Options { arguments: Vec::new() })
}

fn names_a_package(arguments: &[String]) -> bool {
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    for_cargo.into_iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
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
}
