//! `cargo xtask`: the project's errands, so that nobody needs a shell script or a tool beyond Cargo.

mod attack;
mod bench;
mod calls;
mod cargo;
mod ci;
mod fuzz;
mod http;
mod needs;
mod personae;
mod smoke;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Test, check and measure Personae",
    max_term_width = 100,
    after_help = "Examples:
  cargo xtask test             run every test
  cargo xtask ci               what must pass before a change is merged
  cargo xtask bench --quick    a glance at speed, memory and start
  cargo xtask attack           what a client sees while strangers attack
  cargo xtask fuzz             the properties of all readers of requests, a minute each"
)]
struct Arguments {
    #[command(subcommand)]
    errand: Errand,
}

#[derive(Debug, Subcommand)]
enum Errand {
    /// Run every test of the workspace
    Test(test::Options),
    /// Check everything that must hold before a change is merged
    Ci,
    // Described there: a line here would stand in place of all that is said.
    Bench(bench::Options),
    Attack(attack::Options),
    Fuzz(fuzz::Options),
    /// What `test` has Cargo start each test program with
    #[command(hide = true)]
    RunTest(test::RunnerOptions),
    /// The bare axum server that `bench` compares with
    #[command(hide = true)]
    Bare(bench::bare::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().errand {
        Errand::Test(options) => test::run(&options),
        Errand::RunTest(options) => test::run_one(&options),
        Errand::Ci => ci::run(),
        Errand::Bench(options) => bench::run(&options),
        Errand::Attack(options) => attack::run(&options),
        Errand::Fuzz(options) => fuzz::run(&options),
        Errand::Bare(options) => bench::bare::run(&options),
    };
    // The chain of causes says what went wrong; a backtrace through the runtime, which returning the error would
    // print where RUST_BACKTRACE is set, says nothing more.
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
