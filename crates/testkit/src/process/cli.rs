//! Runs a `personae` command to its end.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::geteuid;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
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
        self.run_to(Stdio::piped(), args)
    }

    /// The same with a standard output of the caller's, which the outcome then has nothing of.
    ///
    /// # Panics
    /// As [`Cli::run`] does.
    #[track_caller]
    pub fn run_to<A: AsRef<OsStr>>(&self, stdout: Stdio, args: impl IntoIterator<Item = A>) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        self.finish(command, None)
    }

    /// The same at a terminal with colours. The standard output of the outcome is all that the terminal got.
    ///
    /// # Panics
    /// As [`Cli::run`] does, and when there is no terminal to be had.
    #[track_caller]
    pub fn run_at_terminal<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        let mut command = self.command(args);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
            if !self.environment.iter().any(|(known, _)| known == name) {
                command.env_remove(name);
            }
        }
        if !self.environment.iter().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let (ours, theirs) = terminal().expect("the system has terminals");
        let handle = || Stdio::from(theirs.try_clone().expect("a handle can be cloned"));
        command.stdin(handle()).stdout(handle()).stderr(handle());
        drop(theirs);
        self.finish(command, Some(ours))
    }

    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = command(&self.binary);
        command.args(args).envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// Runs it, and reads its pipes or else the terminal that it is at.
    #[track_caller]
    fn finish(&self, mut command: Command, terminal: Option<File>) -> Run {
        let line = format!("{command:?}");
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{line} could not be started: {error}"),
        };
        // It holds handles of the terminal, which ends when the last one is closed.
        drop(command);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let stdout = thread::spawn(move || match terminal {
            Some(terminal) => read_all(Some(terminal)),
            None => read_all(stdout),
        });
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

/// A pseudo-terminal: our end of it, and the one that a program is given.
fn terminal() -> io::Result<(File, File)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let path = Path::new(OsStr::from_bytes(name.as_bytes()));
    // Opening a terminal would otherwise make it that of the tests, whose process group its end would end.
    let theirs = File::options()
        .read(true)
        .write(true)
        .custom_flags(OpenptFlags::NOCTTY.bits().cast_signed())
        .open(path)?;
    Ok((ours.into(), theirs))
}

fn read_all(output: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        // What came before an error is worth showing; the exit status tells whether the command failed.
        output.take(MAX_OUTPUT).read_to_end(&mut bytes).ok();
    }
    bytes
}
