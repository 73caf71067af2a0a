//! What a machine must have before the workspace can be built and tested, and the one line that gets what is missing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};
use throwaway_postgres::Binaries;

use crate::cargo;

const INSTALL_COMPILER: &str = "apt-get update && apt-get install -y build-essential";

/// Debian starts a server along with the package unless this file is there. Nobody has asked for that one.
const INSTALL_POSTGRES: &str = "d=/etc/postgresql-common/createcluster.d && mkdir -p $d && \
    echo 'create_main_cluster = false' > $d/tests.conf && apt-get update && \
    apt-get install -y --no-install-recommends postgresql && rm $d/tests.conf";

const INSTALL_PGBENCH: &str =
    "apt-get update && apt-get install -y --no-install-recommends postgresql-contrib";

/// A C compiler that works: SQLite and the cryptography library are compiled from C.
///
/// Rust links with `cc`, so where there is none at all this program cannot be built and Cargo's own message comes
/// first. What is found here is a compiler without its headers, or a `CC` that names one that is not there.
pub(crate) fn c_compiler() -> anyhow::Result<()> {
    let chosen = std::env::var("CC").ok().filter(|name| !name.trim().is_empty());
    let compiler = chosen.as_deref().unwrap_or("cc");
    let Err(problem) = compiles(compiler) else { return Ok(()) };
    if chosen.is_some() {
        bail!("{problem:#}\nhint: the environment variable CC names this compiler; unset it to use `cc`");
    }
    install(&problem, INSTALL_COMPILER, "install a C compiler and the headers of the C library")?;
    compiles(compiler).context("the C compiler still fails after installing build-essential")
}

/// The programs of PostgreSQL, of which tests start servers of their own.
pub(crate) fn postgres() -> anyhow::Result<()> {
    let Err(problem) = Binaries::find() else { return Ok(()) };
    install(&anyhow!(problem), INSTALL_POSTGRES, "install PostgreSQL, its server and its client")?;
    Binaries::find().map(drop).map_err(|problem| anyhow!("{problem}, though Debian's package is installed"))
}

/// PostgreSQL's own benchmark, which Debian has in the package of the server and others have in one of its own.
pub(crate) fn pgbench() -> anyhow::Result<PathBuf> {
    postgres()?;
    let found = || Binaries::find().ok().and_then(|binaries| binaries.other("pgbench"));
    if let Some(program) = found() {
        return Ok(program);
    }
    let problem = anyhow!("pgbench is neither among PostgreSQL's programs nor in PATH");
    install(&problem, INSTALL_PGBENCH, "install pgbench, often in a package postgresql-contrib")?;
    found().context("pgbench is still missing after installing postgresql-contrib")
}

/// Cargo's subcommand that runs targets under libFuzzer.
pub(crate) fn cargo_bolero() -> anyhow::Result<()> {
    let mut command = cargo::cargo(["bolero", "--version"]);
    let asked = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if asked.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    bail!(
        "cargo-bolero is missing
hint: install it with: cargo install cargo-bolero --version 0.13.5 --locked \
         --no-default-features --features libfuzzer"
    )
}

/// Runs the line on a Debian that lets us; else an error that says what to do.
fn install(problem: &anyhow::Error, line: &str, elsewhere: &str) -> anyhow::Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        bail!("{problem:#}\nhint: {elsewhere}");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("{problem:#}\nhint: as root, run\n  {line}");
    }
    eprintln!("{problem:#}\nInstalling it: {line}");
    let mut install = Command::new("sh");
    install.args(["-c", line]).env("DEBIAN_FRONTEND", "noninteractive");
    cargo::run(install)
}

/// rustfmt and clippy, which a minimal toolchain lacks.
pub(crate) fn rust_components() -> anyhow::Result<()> {
    for component in ["fmt", "clippy"] {
        let answer = cargo::cargo([component, "--version"]).output().context("cannot start Cargo")?;
        if !answer.status.success() {
            bail!("`cargo {component}` is missing\nhint: run\n  rustup component add rustfmt clippy");
        }
    }
    Ok(())
}

/// Compiles a line of C that needs the library's headers.
fn compiles(compiler: &str) -> anyhow::Result<()> {
    let mut words = compiler.split_whitespace();
    let program = words.next().context("the C compiler has no name")?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut child = Command::new(program)
        .args(words)
        .args(["-x", "c", "-c", "-", "-o"])
        .arg(folder.path().join("probe.o"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("the C compiler `{compiler}` cannot be started"))?;
    let mut input = child.stdin.take().context("the C compiler has no input")?;
    // A compiler that gives up early closes its input; its exit status says more than the broken pipe.
    let _ = input.write_all(b"#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n");
    drop(input);
    let output = child.wait_with_output().context("the C compiler did not end")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the C compiler `{compiler}` cannot compile a program of two lines: {}", said.trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiler_that_is_not_there_is_named() {
        let error = compiles("no-such-compiler -O2").expect_err("there is no such program");
        assert!(error.to_string().contains("no-such-compiler"), "{error}");
    }

    #[test]
    fn compiler_that_fails_is_refused() {
        let error = compiles("false").expect_err("`false` compiles nothing");
        assert!(error.to_string().contains("cannot compile"), "{error}");
    }

    #[test]
    fn compiler_of_this_machine_compiles() {
        compiles("cc").expect("the linker that built this test is a C compiler");
    }
}
