//! Runs a `personae` command to its end.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::geteuid;
use serde_json::Value;

use super::{command, wait};

/// Longer than any command takes over a store of test size; one that takes longer hangs.
const BOUND: Duration = Duration::from_secs(120);
/// More than any command prints in a test.
const MAX_OUTPUT: u64 = 64 * 1024 * 1024;

/// The binary, and the environment that its commands get.
#[derive(Debug, Clone)]
pub struct Cli {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    bound: Duration,
    user: Option<u32>,
}

/// The user and the group of no rights, as systems number them.
const NOBODY: u32 = 65_534;

impl Cli {
    pub fn new(binary: &Path) -> Cli {
        Cli { binary: binary.to_owned(), environment: Vec::new(), bound: BOUND, user: None }
    }

    /// Sets an environment variable for the commands. Ours from outside never reach them.
    pub fn env(mut self, name: &str, value: &str) -> Cli {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives the commands another bound than two minutes.
    pub fn within(mut self, bound: Duration) -> Cli {
        self.bound = bound;
        self
    }

    /// Takes the rights of root from the commands, which the modes of files do not bind. They need nothing else where the
    /// tests are not run by root.
    pub fn unprivileged(mut self) -> Cli {
        self.user = geteuid().is_root().then_some(NOBODY);
        self
    }

    /// Runs `personae ARGS` to its end.
    ///
    /// # Panics
    /// When it cannot be started, or does not end in time (it is killed then).
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        let mut command = command(&self.binary);
        command.args(args).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let line = format!("{command:?}");
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => panic!("{line} could not be started: {error}"),
        };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let stdout = thread::spawn(move || read_all(stdout));
        let stderr = thread::spawn(move || read_all(stderr));
        let status = wait(&mut child, self.bound).expect("our own child can be waited for");
        let Some(status) = status else {
            child.kill().and_then(|()| child.wait()).expect("a running child can be killed and reaped");
            panic!("{line} did not end within {:?}", self.bound);
        };
        let collect =
            |reader: thread::JoinHandle<Vec<u8>>| reader.join().expect("reading a pipe does not panic");
        Run { line, status, stdout: collect(stdout), stderr: collect(stderr) }
    }
}

/// A command that has ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// What was run.
    pub line: String,
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Run {
    /// The same, after making sure that it succeeded.
    ///
    /// # Panics
    /// With everything it printed, when it failed.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert!(self.status.success(), "expected success, but {self}");
        self
    }

    /// The same, after making sure that it failed with this exit code.
    ///
    /// # Panics
    /// With everything it printed, when it did not.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Run {
        assert!(self.status.code() == Some(code), "expected exit code {code}, but {self}");
        self
    }

    /// Standard output as one JSON value.
    ///
    /// # Panics
    /// With everything it printed, when that is not one.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("expected JSON on standard output ({error}), but {self}"),
        }
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { line, status, .. } = self;
        write!(f, "{line} ended with {status}\nstandard output:\n{}\n", self.stdout())?;
        write!(f, "standard error:\n{}", self.stderr())
    }
}

fn read_all(output: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        // What came before an error is worth showing; the exit status tells whether the command failed.
        output.take(MAX_OUTPUT).read_to_end(&mut bytes).ok();
    }
    bytes
}
