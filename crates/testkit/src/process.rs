//! `personae` as a child process: a server that is stopped when its owner goes out of scope, and commands run to their end.

mod cli;
mod pipes;

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use tempfile::TempDir;

use crate::callers::Callers;
use crate::demo::Demo;
use crate::http::Client;
use crate::store::{self, Engine, Store};
pub use cli::{Cli, Run};
use pipes::{FirstLine, Tail};

/// How long a server may take to say that it is ready. Seeding many people takes its time on a busy machine.
const READY_BOUND: Duration = Duration::from_secs(60);
/// How long [`Server::terminate`] waits. A graceful stop finishes what was accepted, which no test makes long.
const STOP_BOUND: Duration = Duration::from_secs(30);
/// How often a wait looks again. A child's end cannot be waited for with a bound in any other way in std.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A running `personae`. Dropping it kills and reaps the process, also while a test panics.
#[derive(Debug)]
pub struct Server {
    pub url: String,
    /// The line that it printed when it was ready, as it is.
    pub line: Value,
    demo: Option<Demo>,
    client: Client,
    child: Child,
    stdout: Tail,
    stderr: Tail,
    /// Where its temporary files go, which a killed process leaves behind. Removed after the process.
    _temporary: TempDir,
    /// The store that is to go with it, in which nobody may be at work any more.
    store: Option<Store>,
}

impl Server {
    /// Starts `personae demo --json` on a free port and waits until it is ready. Unless the arguments say where, its store is
    /// of the engine that this run of the tests is for, and gone with the server.
    ///
    /// # Panics
    /// With the end of its standard error, when it ends or is silent instead, or when its line lacks a member.
    #[track_caller]
    pub fn demo<A: AsRef<OsStr>>(binary: &Path, args: impl IntoIterator<Item = A>) -> Server {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let says_where = args.iter().any(|arg| arg == "--store" || arg == "--data");
        match Engine::of_this_run() {
            Engine::Postgres if !says_where => {
                let store = store::fresh();
                Server::demo_on(binary, &store, args).owning(store)
            }
            // On SQLite, the demo's own default is to be tested too.
            Engine::Postgres | Engine::Sqlite => Server::seeding(binary, args),
        }
    }

    /// As [`Server::demo`] does, on a store that stays when the server goes.
    ///
    /// # Panics
    /// As [`Server::demo`] does.
    #[track_caller]
    pub fn demo_on<A: AsRef<OsStr>>(
        binary: &Path,
        store: &Store,
        args: impl IntoIterator<Item = A>,
    ) -> Server {
        let place = ["--store".into(), store.url().into()];
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        let mut server = Server::seeding(binary, place.into_iter().chain(args));
        if let Some(demo) = &mut server.demo {
            // Its line shows no password.
            store.url().clone_into(&mut demo.store);
        }
        server
    }

    #[track_caller]
    fn seeding<A: AsRef<OsStr>>(binary: &Path, args: impl IntoIterator<Item = A>) -> Server {
        let mut command = command(binary);
        command.args(["demo", "--json", "--listen", "127.0.0.1:0"]).args(args);
        let mut server = unwrap(Server::start(command, READY_BOUND));
        match serde_json::from_value(server.line.clone()) {
            Ok(demo) => server.demo = Some(demo),
            Err(error) => panic!("the line of `demo --json` is not as documented: {error}"),
        }
        server
    }

    /// Starts `personae serve --json` on a free port over a store that exists, and waits until it is ready. `store` is a
    /// path or what `--store` takes.
    ///
    /// # Panics
    /// As [`Server::demo`] does.
    #[track_caller]
    pub fn serve<A: AsRef<OsStr>>(
        binary: &Path,
        store: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Server {
        let mut command = command(binary);
        command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--store"])
            .arg(store_argument(store))
            .args(args);
        Server::spawn(command)
    }

    /// Starts any command that serves once it has printed one line of JSON with the member `url`. For environments and
    /// options that the other two do not have; see [`command`].
    ///
    /// # Panics
    /// As [`Server::demo`] does.
    #[track_caller]
    pub fn spawn(command: Command) -> Server {
        unwrap(Server::start(command, READY_BOUND))
    }

    /// Has the store removed when the server is gone.
    pub fn owning(mut self, store: Store) -> Server {
        self.store = Some(store);
        self
    }

    fn start(mut command: Command, bound: Duration) -> Result<Server, String> {
        let name = format!("{command:?}");
        let temporary = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let mut child = command
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} could not be started: {error}"))?;
        let stderr = Tail::of(child.stderr.take());
        let (first_line, stdout) = pipes::first_line(child.stdout.take());
        let line = ready_line(first_line.within(bound));
        match line {
            Ok((line, url)) => {
                let client = Client::new(&url);
                let (demo, store) = (None, None);
                Ok(Server { url, line, demo, client, child, stdout, stderr, _temporary: temporary, store })
            }
            Err(what) => {
                // The child may be gone already; either way it is gone after this.
                child.kill().ok();
                let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(format!("{name} {what} ({status}); its standard error ends with:\n{}", stderr.finished()))
            }
        }
    }

    /// What the demo line said.
    ///
    /// # Panics
    /// When this server was started otherwise.
    #[track_caller]
    pub fn seed(&self) -> &Demo {
        self.demo.as_ref().expect("only a server that was started by Server::demo has a demo line")
    }

    /// A client of this server without credentials. Its clones, which the callers are, share connections.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// A caller for each dialect, with the credentials of tenant one.
    #[track_caller]
    pub fn callers(&self) -> Callers {
        Callers::of(&self.client, &self.seed().tenant)
    }

    /// A caller for each dialect, with the credentials of tenant two.
    #[track_caller]
    pub fn strangers(&self) -> Callers {
        Callers::of(&self.client, &self.seed().stranger)
    }

    /// The end of what the server wrote to standard error so far: all of it unless that is more than 64 KiB.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// What the server wrote to standard output after its one line, which should be nothing.
    pub fn further_stdout(&self) -> String {
        self.stdout.text()
    }

    /// The process, for a test that looks at its memory.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sets the size up to which it may write files, or none, as a disk that is full and then is not. The process must
    /// ignore SIGXFSZ, or it ends at its next write: see [`ignoring_file_limits`].
    ///
    /// # Panics
    /// When it has ended.
    #[track_caller]
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit)
            .expect("our own child can be limited");
    }

    /// Kills it as a power cut would: with no chance to finish anything. It is gone when this returns.
    ///
    /// # Panics
    /// When it had ended by itself before.
    #[track_caller]
    pub fn kill9(&mut self) {
        if let Some(status) = self.try_wait() {
            panic!("the server had ended before it was killed ({status}); {}", self.last_words());
        }
        self.child.kill().and_then(|()| self.child.wait()).expect("a running child can be killed and reaped");
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// When it goes on for more than thirty seconds.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal_terminate();
        self.end()
    }

    /// Does what a closed terminal does (SIGHUP), and waits until it has stopped.
    ///
    /// # Panics
    /// When it goes on for more than thirty seconds.
    #[track_caller]
    pub fn hang_up(&mut self) -> ExitStatus {
        self.signal_hang_up();
        self.end()
    }

    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        match self.wait(STOP_BOUND) {
            Some(status) => {
                // The thread that reads the output may be behind, and the caller looks at the log next.
                self.stderr.finished();
                status
            }
            None => panic!("the server did not stop within {STOP_BOUND:?}; {}", self.last_words()),
        }
    }

    /// Asks it to stop and does not wait, for tests of what happens meanwhile.
    pub fn signal_terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    /// Does what a closed terminal does, and does not wait.
    pub fn signal_hang_up(&mut self) {
        self.signal(Signal::HUP);
    }

    fn signal(&mut self, signal: Signal) {
        // Once a child is reaped its number may be another process's, so an ended one gets no signal.
        if self.try_wait().is_none() {
            kill_process(Pid::from_child(&self.child), signal).expect("our own child can be signalled");
        }
    }

    /// Waits until it has ended by itself, so long at most.
    pub fn wait(&mut self, bound: Duration) -> Option<ExitStatus> {
        wait(&mut self.child, bound).expect("our own child can be waited for")
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        self.wait(Duration::ZERO)
    }

    fn last_words(&self) -> String {
        format!("its standard error ends with:\n{}", self.stderr())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the child is gone already, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The binary, shielded from the settings of whoever runs the tests.
pub fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PERSONAE_") {
            command.env_remove(name);
        }
    }
    command
}

/// The binary as [`command`] starts it, for [`Server::limit_files`]: a write beyond the limit is an error, and no signal.
pub fn ignoring_file_limits(binary: &Path) -> Command {
    let mut shell = command(Path::new("sh"));
    shell.args(["-c", r#"trap "" XFSZ; exec "$@""#, "sh"]).arg(binary);
    shell
}

/// What `--store` takes, from that or from a path.
pub(crate) fn store_argument(store: impl AsRef<OsStr>) -> OsString {
    let store = store.as_ref();
    let text = store.to_string_lossy();
    match text.starts_with("sqlite:") || text.contains("://") {
        true => store.to_owned(),
        false => [OsStr::new("sqlite:"), store].into_iter().collect(),
    }
}

fn ready_line(first_line: FirstLine) -> Result<(Value, String), String> {
    let bytes = match first_line {
        FirstLine::Line(bytes) => bytes,
        FirstLine::Ended => return Err("ended before it printed a line".to_owned()),
        FirstLine::Silent => return Err("printed no line in time".to_owned()),
    };
    let line: Value = serde_json::from_slice(&bytes).map_err(|error| {
        format!("printed {:?}, which is not JSON: {error}", String::from_utf8_lossy(&bytes))
    })?;
    match line["url"].as_str().map(str::to_owned) {
        Some(url) => Ok((line, url)),
        None => Err("printed a line without the member `url`".to_owned()),
    }
}

/// Waits for a child's end, so long at most.
fn wait(child: &mut Child, bound: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + bound;
    loop {
        match child.try_wait()? {
            None if Instant::now() < deadline => thread::sleep(LOOK_AGAIN),
            ended => return Ok(ended),
        }
    }
}

#[track_caller]
fn unwrap<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(what) => panic!("{what}"),
    }
}
