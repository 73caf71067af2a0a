//! `cargo xtask fuzz`: every target of `crates/fuzz` and of the binary, for a while, side by side.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;

use crate::{cargo, needs};

/// The test programs that have targets: package, Cargo's name of the program, and what the names of targets have in them.
const PROGRAMS: [(&str, &str, &str); 2] = [("fuzz", "targets", ""), ("personae", "personae", "::fuzzing::")];

/// What all targets together take at most as a step of `ci`.
const IN_CI: Duration = Duration::from_secs(270);

/// The time of a target, where the machine has the cores for it.
const EACH_IN_CI: Duration = Duration::from_secs(60);

/// What the mutations follow from in `ci`: a commit fails there for what it changes, not by chance for what it found.
const SEED_IN_CI: u128 = 20_261_126;

/// Run the properties of everything that reads what strangers send
///
/// Each runs on the inputs that are kept for it, and on mutations of them that are different each time (in `ci` they are
/// the same for the same code). An input that fails
/// is written to a file, so that `cargo test` fails, too, until the mistake is mended.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Only targets with this in their names
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Let libFuzzer choose inputs by the code that they reach: needs cargo-bolero
    #[arg(long)]
    coverage: bool,
}

/// A target, as its program describes it.
#[derive(Debug, Clone, Deserialize)]
struct Target {
    exe: PathBuf,
    work_dir: PathBuf,
    package_name: String,
    test_name: String,
}

/// What Cargo's message of a program that it built says.
#[derive(Debug, Deserialize)]
struct Artifact {
    executable: PathBuf,
    profile: Profile,
    target: Program,
}

#[derive(Debug, Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Debug, Deserialize)]
struct Program {
    name: String,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.coverage {
        needs::cargo_bolero()?;
    }
    let all = targets()?;
    let mut targets = all.clone();
    if let Some(name) = &options.target {
        targets.retain(|target| target.test_name.contains(name));
        if targets.is_empty() {
            let names: Vec<&str> = all.iter().map(|target| &*target.test_name).collect();
            bail!("no target has {name:?} in its name\nhint: there are\n  {}", names.join("\n  "));
        }
    }
    match options.coverage {
        true => targets.iter().try_for_each(|target| guided(target, options.seconds)),
        false => side_by_side(&targets, Duration::from_secs(options.seconds), None),
    }
}

/// Every target for as long as there is time for.
pub(crate) fn run_in_ci() -> anyhow::Result<()> {
    let targets = targets()?;
    side_by_side(&targets, each_in_ci(targets.len(), cores()), Some(SEED_IN_CI))
}

fn each_in_ci(targets: usize, cores: usize) -> Duration {
    let rounds = u32::try_from(targets.div_ceil(cores)).unwrap_or(u32::MAX);
    Duration::from_secs((IN_CI / rounds.max(1)).min(EACH_IN_CI).as_secs())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Builds the programs, with the features of the whole workspace as for its tests, and asks them for their targets.
fn targets() -> anyhow::Result<Vec<Target>> {
    let mut command = cargo::cargo(["test", "--workspace", "--locked", "--no-run", "--quiet"]);
    command.args(["--test", "targets", "--bin", "personae"]);
    command.arg("--message-format=json-render-diagnostics");
    let output = command.stderr(Stdio::inherit()).output().context("cannot start Cargo")?;
    if !output.status.success() {
        bail!("the targets were not built ({})", output.status);
    }
    let mut targets = Vec::new();
    for (package, program, part) in PROGRAMS {
        let built = executable(&output.stdout, program);
        let built = built.with_context(|| format!("Cargo built no test program {program} of {package}"))?;
        let mut ask = Command::new(built);
        ask.args([part, "--nocapture", "--test-threads=1"]).env("CARGO_BOLERO_SELECT", "all");
        ask.current_dir(cargo::package(package)?);
        let answer = ask.output().context("cannot start a test program")?;
        let found = described(&String::from_utf8_lossy(&answer.stdout));
        if found.is_empty() {
            bail!("{program} of {package} has no targets");
        }
        targets.extend(found);
    }
    targets.sort_by(|a, b| a.test_name.cmp(&b.test_name));
    Ok(targets)
}

/// The test program of that name. The binary itself, which has the same name, is no test program.
fn executable(messages: &[u8], name: &str) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let artifacts = lines.filter_map(|line| serde_json::from_slice::<Artifact>(line).ok());
    artifacts
        .filter(|artifact| artifact.profile.test && artifact.target.name == name)
        .map(|artifact| artifact.executable)
        .next()
}

/// The targets among the lines of a test program.
fn described(lines: &str) -> Vec<Target> {
    lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Runs the targets, as many at once as there are cores, and tells of each when it is done. Without a seed every run tries
/// other inputs.
fn side_by_side(targets: &[Target], each: Duration, seed: Option<u128>) -> anyhow::Result<()> {
    let width = targets.iter().map(|target| target.test_name.len()).max().unwrap_or_default();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = &target.test_name;
            match random(target, each, seed) {
                Ok(inputs) => println!("{name:width$} {inputs:>10} inputs {:>6} s", each.as_secs()),
                Err(error) => {
                    println!("{name:width$} FAILED\n{error:#}");
                    failed.lock().unwrap_or_else(PoisonError::into_inner).push(name.as_str());
                }
            }
        }
    };
    std::thread::scope(|scope| (0..cores().min(targets.len())).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failed.is_empty() {
        bail!("{} of {} targets failed: {}", failed.len(), targets.len(), failed.join(", "));
    }
    Ok(())
}

/// How many inputs one run of a target tried.
fn random(target: &Target, time: Duration, seed: Option<u128>) -> anyhow::Result<u64> {
    let mut command = Command::new(&target.exe);
    command.args([&*target.test_name, "--exact", "--nocapture"]);
    command.current_dir(cargo::package(&target.package_name)?);
    command.env("BOLERO_RANDOM_TEST_TIME_MS", time.as_millis().to_string()).env("RUST_BACKTRACE", "0");
    if let Some(seed) = seed {
        command.env("BOLERO_RANDOM_SEED", seed.to_string());
    }
    let output = command.output().context("cannot start a test program")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{}\n{}", output.status, said.trim());
    }
    tried(&said).with_context(|| format!("the target does not say how many inputs it tried: {said}"))
}

/// The inputs in the line that a target ends with: `.. | corpus inputs: 13 | rng inputs: 2048 | ..`.
fn tried(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains(" inputs: "))?;
    line.split(" inputs: ").skip(1).map(|rest| rest.split(' ').next()?.parse::<u64>().ok()).sum()
}

/// Runs a target under libFuzzer. What it finds is put aside; the README of crates/fuzz says how to keep some of it.
fn guided(target: &Target, seconds: u64) -> anyhow::Result<()> {
    println!("== {}", target.test_name);
    let found = cargo::root().join("target/fuzz/found").join(target.test_name.replace("::", "__"));
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let mut command =
        cargo::cargo(["bolero", "test", &*target.test_name, "--package", &*target.package_name]);
    command.args(["--sanitizer", "NONE", "-T", &format!("{seconds}s"), "--corpus-dir"]).arg(&found);
    command.arg(format!("--engine-args={}", target.work_dir.join("corpus").display()));
    cargo::run(command)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn targets_are_taken_from_what_a_program_prints() {
        let line = json!({"__bolero_target": "v0.5.0", "exe": "a/targets", "work_dir": "b", "package_name": "fuzz",
            "is_harnessed": true, "test_name": "json::agrees"});
        let targets = described(&format!("\nrunning 2 tests\n\n{line}\n.\ntest result: ok\n"));
        let [target] = targets.as_slice() else { panic!("{targets:?}") };
        assert_eq!((&*target.package_name, &*target.test_name), ("fuzz", "json::agrees"));
        assert!(described("running 0 tests\n").is_empty());
    }

    #[test]
    fn the_test_program_is_told_from_the_binary() {
        let artifact = |test: bool, path: &str| {
            json!({"reason": "compiler-artifact", "profile": {"test": test}, "executable": path,
                "target": {"name": "personae", "kind": ["bin"]}})
        };
        let messages = format!("{}\n{}\nnoise\n", artifact(false, "plain"), artifact(true, "tests"));
        assert_eq!(executable(messages.as_bytes(), "personae"), Some(PathBuf::from("tests")));
        assert_eq!(executable(messages.as_bytes(), "targets"), None);
    }

    #[test]
    fn inputs_are_counted_kept_and_random_ones() {
        let said = "\ntest json::agrees ...\trun time: 1.0s | iterations/s: 9 | corpus inputs: 13 | rng inputs: 2048 | exit reason: x\n";
        assert_eq!(tried(said), Some(2_061));
        assert_eq!(tried("nothing"), None);
    }

    #[test]
    fn a_target_has_a_minute_or_its_share_of_the_step() {
        for (targets, cores, seconds) in [(18, 2, 30), (18, 8, 60), (19, 2, 27), (1, 1, 60)] {
            assert_eq!(each_in_ci(targets, cores), Duration::from_secs(seconds), "{targets} on {cores}");
        }
    }
}
