//! `cargo xtask ci`: what must hold before a change is merged, cheapest check first.

use std::time::Instant;

use anyhow::Context;

use crate::{cargo, fuzz, needs, smoke, test};

/// A name, and the work under it.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: [Step; 7] = [
    ("format", format),
    ("tidy", tidy),
    ("clippy", clippy),
    ("tests", test::run_all),
    ("fuzz", fuzz::run_in_ci),
    ("release build", release),
    ("demo", demo),
];

pub(crate) fn run() -> anyhow::Result<()> {
    needs::rust_components()?;
    needs::c_compiler()?;
    let start = Instant::now();
    let mut summary = String::new();
    for (number, (name, work)) in STEPS.into_iter().enumerate() {
        println!("\n== {}/{} {name}", number + 1, STEPS.len());
        let begun = Instant::now();
        work().with_context(|| format!("step `{name}` failed"))?;
        let line = format!("{name:<14} {:>7.1} s", begun.elapsed().as_secs_f64());
        println!("== {line}");
        summary += &format!("{line}\n");
    }
    println!("\nAll steps passed.\n{summary}{:<14} {:>7.1} s", "together", start.elapsed().as_secs_f64());
    Ok(())
}

fn format() -> anyhow::Result<()> {
    cargo::run(cargo::cargo(["fmt", "--all", "--", "--check"]))
}

/// Part of the tests, and first on its own because it fails within seconds.
fn tidy() -> anyhow::Result<()> {
    cargo::run(cargo::cargo(["test", "--workspace", "--locked", "--quiet", "--test", "tidy"]))
}

fn clippy() -> anyhow::Result<()> {
    // The flag goes to clippy alone: as RUSTFLAGS it would make the tests build every dependency a second time.
    cargo::run(cargo::cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn release() -> anyhow::Result<()> {
    cargo::run(cargo::cargo(["build", "--release", "--locked"]))
}

fn demo() -> anyhow::Result<()> {
    smoke::run(&cargo::binary("personae", "release")?)
}
