//! Running Cargo from inside Cargo.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The folder of the workspace: as Cargo says now, because a checkout may have moved since it was built.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).ancestors().nth(2).expect("crates/xtask lies two folders below the root").to_owned()
}

/// The folder of a package, which is where Cargo starts the package's tests.
pub(crate) fn package(name: &str) -> anyhow::Result<PathBuf> {
    let folder = if name == "personae" { "server" } else { name };
    let path = root().join("crates").join(folder);
    path.canonicalize().with_context(|| format!("there is no folder {}", path.display()))
}

/// A Cargo command at the root of the workspace, with the Cargo that runs us.
pub(crate) fn cargo(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // `cargo run` describes the package of xtask in the environment; build scripts must not take it for their own.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs a command with our standard streams; anything but success is an error that names the command.
pub(crate) fn run(mut command: Command) -> anyhow::Result<()> {
    let shown = shown(&command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Builds a package's binary with a profile and says where Cargo put it: `release` is what `cargo run --release` starts,
/// `dist` is what is packaged and measured.
pub(crate) fn binary(package: &str, profile: &str) -> anyhow::Result<PathBuf> {
    let mut command = cargo(["build", "--profile", profile, "--locked", "--package", package]);
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let shown = shown(&command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    executable(&output.stdout).with_context(|| format!("`{shown}` built no binary"))
}

/// The path of the binary among Cargo's messages, one JSON object a line.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_is_taken_from_the_message_that_names_one() {
        let messages = b"{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"out/personae\"}\n\
            {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("out/personae")));
        assert_eq!(executable(b"{\"reason\":\"build-finished\"}\n"), None);
    }

    #[test]
    fn failure_names_the_command() {
        let mut command = Command::new("false");
        command.arg("--loudly");
        let error = run(command).expect_err("`false` always fails");
        assert!(error.to_string().contains("`false --loudly` failed"), "{error}");
    }
}
