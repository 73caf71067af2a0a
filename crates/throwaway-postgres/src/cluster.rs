//! A PostgreSQL of one's own: started from the installed programs, and gone with whoever started it.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::{Binaries, Database, psql};

/// Makes and removes the folder; see there.
const KEEPER: &str = include_str!("keeper.sh");
/// For a server to answer or to be gone, and for anything else that is waited for here, on a busy machine.
const BOUND: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Only the name of the socket: nothing listens on the network.
const PORT: u16 = 5432;
/// Who the tests are: an owner of databases who may do nothing that an ordinary user may not.
pub(super) const USER: &str = "personae";
/// Also the name of the database that every server has.
const SUPERUSER: &str = "postgres";
/// What means something else in the parameters of an address.
const SPECIAL: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'&').add(b'+').add(b'#').add(b'?').add(b',');

/// A primary, and the standbys that it got. Dropping it stops them and removes everything; so does the end of this
/// process, whatever that end is.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    /// Put before each command, so that no server runs as root.
    owner: Option<Owner>,
    settings: Vec<(String, String)>,
    nodes: Vec<Node>,
    primary: usize,
    keeper: Keeper,
}

impl Cluster {
    /// Starts one with these settings over those of PostgreSQL and ours.
    ///
    /// # Panics
    /// With the end of its log, when it does not start.
    #[track_caller]
    pub fn start(settings: &[(&str, &str)]) -> Cluster {
        unwrap(Cluster::try_start(settings))
    }

    /// As [`Cluster::start`] does, for whoever wants to tell the error.
    ///
    /// # Errors
    /// A sentence, and the end of the server's log.
    pub fn try_start(settings: &[(&str, &str)]) -> Result<Cluster, String> {
        // What is written survives the death of processes, which is all that tests can cause: only a machine that dies
        // loses what was not forced to its disk.
        let ours = [("fsync", "off"), ("full_page_writes", "off"), ("max_connections", "400")];
        Cluster::begin(ours.iter().chain(settings), None)
    }

    /// Starts one to be measured: with all of PostgreSQL's own settings, so that what it acknowledges is on disk, and with
    /// its data in this empty folder, which is left empty. The folder becomes that of the server's user.
    ///
    /// # Errors
    /// As [`Cluster::try_start`]; also when that user cannot come to the folder.
    pub fn durable(folder: &Path) -> Result<Cluster, String> {
        Cluster::begin([].iter(), Some(folder))
    }

    fn begin<'a>(
        settings: impl Iterator<Item = &'a (&'a str, &'a str)>,
        data: Option<&Path>,
    ) -> Result<Cluster, String> {
        let binaries = Binaries::find()?;
        let owner = if geteuid().is_root() { Some(Owner::find()?) } else { None };
        let data = data.map(|folder| handed_over(folder, owner)).transpose()?;
        let keeper = Keeper::start(&binaries, owner, data.as_deref())?;
        let settings = settings.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let first = Node { folder: keeper.folder.join("1"), child: None };
        let mut cluster = Cluster { binaries, owner, settings, nodes: vec![first], primary: 0, keeper };
        cluster.spawn(0)?;
        let role = format!("CREATE ROLE {USER} LOGIN CREATEDB");
        let database = format!("CREATE DATABASE {USER} OWNER {USER}");
        psql::run(&address(&[&cluster.nodes[0].folder], SUPERUSER, SUPERUSER), &[&role, &database])?;
        Ok(cluster)
    }

    /// An empty database, as `--store` takes it, by a user who may create more. With standbys, it names all of the
    /// servers and means the one that takes writes.
    pub fn url(&self) -> String {
        let folders: Vec<&Path> = self.nodes.iter().map(|node| node.folder.as_path()).collect();
        let url = address(&folders, USER, USER);
        if folders.len() > 1 { url + "&target_session_attrs=read-write" } else { url }
    }

    /// The same database on the newest standby alone, where nothing can be written.
    ///
    /// # Panics
    /// When there is no standby.
    #[track_caller]
    pub fn standby_url(&self) -> String {
        let node = &self.nodes[self.standby()];
        address(&[&node.folder], USER, USER)
    }

    /// Runs statements on the primary as its superuser, in the database of [`Cluster::url`], and gives what they print.
    ///
    /// # Panics
    /// With PostgreSQL's words, when one fails.
    #[track_caller]
    pub fn sql(&self, statements: &[&str]) -> String {
        unwrap(psql::run(&self.superusers(USER), statements))
    }

    /// One more empty database. Drop it before the cluster.
    ///
    /// # Errors
    /// With PostgreSQL's words.
    pub fn database(&self) -> Result<Database, String> {
        Database::on(&self.url())
    }

    /// Does for a database, at once, what the server would do in the background within minutes of its being filled: it
    /// would come in the middle of a measurement.
    ///
    /// # Errors
    /// With PostgreSQL's words.
    pub fn settle(&self, database: &Database) -> Result<(), String> {
        psql::run(&self.superusers(database.name()), &["VACUUM (ANALYZE)", "CHECKPOINT"]).map(drop)
    }

    /// Ends every connection to the primary but those of a superuser, as an operator would, and says how many.
    ///
    /// # Panics
    /// When the primary cannot be asked.
    #[track_caller]
    pub fn cut_connections(&self) -> usize {
        let ended = self.sql(&[&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{USER}'"
        )]);
        ended.parse().expect("a count is a number")
    }

    /// Kills the primary and all its processes at once, as a power cut would. They are gone when this returns.
    ///
    /// # Panics
    /// When it was not running.
    #[track_caller]
    pub fn kill9(&mut self) {
        unwrap(self.nodes[self.primary].kill9());
    }

    /// Stops the primary in good order, without waiting for its clients to leave. Does nothing when it is stopped.
    ///
    /// # Panics
    /// When it goes on for more than a minute.
    #[track_caller]
    pub fn stop(&mut self) {
        unwrap(self.nodes[self.primary].end(Signal::INT));
    }

    /// Starts the primary, after stopping it if it runs, and waits until it answers.
    ///
    /// # Panics
    /// With the end of its log, when it does not.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        unwrap(self.spawn(self.primary));
    }

    /// Adds a copy that follows the primary. From when this returns, nothing is acknowledged that it does not have.
    ///
    /// # Panics
    /// When it cannot be made, or does not come to follow.
    #[track_caller]
    pub fn add_standby(&mut self) {
        unwrap(self.try_add_standby());
    }

    fn try_add_standby(&mut self) -> Result<(), String> {
        let node = Node { folder: self.keeper.folder.join((self.nodes.len() + 1).to_string()), child: None };
        let mut copy = self.command("pg_basebackup");
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"])
            .arg("--pgdata")
            .arg(node.data())
            .args(["--dbname", &self.superusers(SUPERUSER)]);
        let output = copy.output().map_err(|error| format!("pg_basebackup cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!("pg_basebackup failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        self.nodes.push(node);
        self.spawn(self.nodes.len() - 1)?;
        let admin = self.superusers(SUPERUSER);
        psql::run(&admin, &["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"])?;
        self.wait_for_standby()?;
        // Commits wait from when the checkpointer has read the setting, which it does before it obeys.
        psql::run(&admin, &["CHECKPOINT"]).map(drop)
    }

    fn wait_for_standby(&self) -> Result<(), String> {
        let admin = self.superusers(SUPERUSER);
        wait_until("the standby follows", || {
            let states = psql::run(&admin, &["SELECT sync_state FROM pg_stat_replication"])?;
            Ok(states.lines().any(|state| state == "sync"))
        })
    }

    /// Stops the newest standby in good order. With no other, whoever commits from now on waits for it to come back, and what
    /// is committed is on the primary's disk meanwhile.
    ///
    /// # Panics
    /// When there is no standby, or it goes on for more than a minute.
    #[track_caller]
    pub fn stop_standby(&mut self) {
        let standby = self.standby();
        unwrap(self.nodes[standby].end(Signal::INT));
    }

    /// Starts a standby that was stopped, and waits until it follows.
    ///
    /// # Panics
    /// With the end of its log, when it does not.
    #[track_caller]
    pub fn start_standby(&mut self) {
        unwrap(self.spawn(self.standby()).and_then(|()| self.wait_for_standby()));
    }

    /// How many sessions have committed on the primary and wait for a standby to confirm it.
    ///
    /// # Panics
    /// When the primary cannot be asked.
    #[track_caller]
    pub fn waiting_commits(&self) -> usize {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        self.sql(&[count]).parse().expect("a count is a number")
    }

    /// Makes the newest standby the primary. It waits for no standby itself. The old primary, if it still runs, does not
    /// learn of it: kill it first.
    ///
    /// # Panics
    /// When there is no standby, or it is not promoted in time.
    #[track_caller]
    pub fn promote(&mut self) {
        self.primary = self.standby();
        let promoted = unwrap(psql::run(&self.superusers(SUPERUSER), &["SELECT pg_promote(true, 60)"]));
        assert_eq!(promoted, "t", "the standby was not promoted");
    }

    #[track_caller]
    fn standby(&self) -> usize {
        let newest = (0..self.nodes.len()).rev().find(|node| *node != self.primary);
        newest.expect("this cluster has a standby")
    }

    fn superusers(&self, database: &str) -> String {
        address(&[&self.nodes[self.primary].folder], SUPERUSER, database)
    }

    /// Where whoever stands between a client and the primary puts a socket of its own, and where the primary's is.
    pub(super) fn sockets(&self) -> (&Path, PathBuf) {
        (&self.keeper.folder, self.nodes[self.primary].folder.join(socket(PORT)))
    }

    /// Starts a node that is not running, and waits until it answers.
    fn spawn(&mut self, number: usize) -> Result<(), String> {
        let folder = self.nodes[number].folder.clone();
        let log = folder.join("log");
        let open = File::options().append(true).create(true).open(&log);
        let open = open.map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder).args(["-p", &PORT.to_string()]);
        command.args(["-c", "listen_addresses="]);
        for (name, value) in &self.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command.stdout(Stdio::null()).stderr(open);
        let child = command.spawn().map_err(|error| format!("postgres cannot be started: {error}"))?;
        self.nodes[number].child = Some(child);
        let answers = wait_until("PostgreSQL answers", || {
            if let Some(status) = self.nodes[number].try_wait()? {
                return Err(format!("PostgreSQL ended ({status})"));
            }
            let mut ask = self.command("pg_isready");
            ask.arg("--quiet").arg("--host").arg(&folder).args(["--port", &PORT.to_string()]);
            ask.status().map(|status| status.success()).map_err(|error| format!("no pg_isready: {error}"))
        });
        answers.map_err(|error| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(20)..].join("\n");
            format!("{error}; its log ends with:\n{end}")
        })
    }

    fn command(&self, program: &str) -> Command {
        command(&self.binaries.program(program), self.owner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // The keeper stops whatever does not stop now.
            node.end(Signal::QUIT).ok();
        }
    }
}

/// One server. Its folder has its socket, its log, and its data in a folder below.
#[derive(Debug)]
struct Node {
    folder: PathBuf,
    /// While it runs, as far as we know.
    child: Option<Child>,
}

impl Node {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn try_wait(&mut self) -> Result<Option<std::process::ExitStatus>, String> {
        let Some(child) = &mut self.child else { return Ok(None) };
        child.try_wait().map_err(|error| format!("a child cannot be waited for: {error}"))
    }

    /// Sends a signal that ends it, and waits until it has ended.
    fn end(&mut self, signal: Signal) -> Result<(), String> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let alive = |child: &mut Child| child.try_wait().map(|status| status.is_none()).unwrap_or(false);
        if alive(&mut child) {
            signal_to(Pid::from_child(&child), signal)?;
        }
        wait_until("PostgreSQL stops", || Ok(!alive(&mut child)))
    }

    fn kill9(&mut self) -> Result<(), String> {
        let mut child = self.child.take().ok_or("the server that is to be killed does not run")?;
        let server = Pid::from_child(&child);
        // A server that is held cannot start another process, nor help one whose neighbour died.
        signal_to(server, Signal::STOP)?;
        let sessions = children_of(server);
        signal_to(server, Signal::KILL)?;
        child.wait().map_err(|error| format!("a child cannot be waited for: {error}"))?;
        for session in &sessions {
            // Some notice by themselves that the server is gone.
            signal_to(*session, Signal::KILL).ok();
        }
        wait_until("the processes of the server are gone", || {
            Ok(!sessions.iter().any(|session| is_session(*session)))
        })?;
        // The number in it is free now, and may become that of a process which is none of ours.
        std::fs::remove_file(self.data().join("postmaster.pid")).ok();
        Ok(())
    }
}

/// The shell that outlives us by a moment.
#[derive(Debug)]
struct Keeper {
    child: Child,
    /// Held open. Its other end sees it close, however we end.
    input: Option<ChildStdin>,
    folder: PathBuf,
}

impl Keeper {
    fn start(binaries: &Binaries, owner: Option<Owner>, data: Option<&Path>) -> Result<Keeper, String> {
        let mut command = command(Path::new("sh"), owner);
        command.args(["-c", KEEPER, "keeper"]).arg(binaries.folder()).args(data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command
            .spawn()
            .map_err(|error| format!("the keeper of PostgreSQL cannot be started: {error}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut said = String::new();
        let read = output.map(|mut output| output.read_to_string(&mut said)).transpose();
        let folder = said.lines().rev().find_map(|line| line.strip_prefix("keeping ")).map(PathBuf::from);
        match (read, folder) {
            (Ok(_), Some(folder)) => Ok(Keeper { child, input, folder }),
            _ => {
                drop(input);
                let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(format!("no PostgreSQL cluster could be made ({status}): {}", said.trim()))
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.input.take());
        self.child.wait().ok();
    }
}

/// Who owns the servers that root starts.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// The user that PostgreSQL's packages make for it, or the one who owns nothing.
    fn find() -> Result<Owner, String> {
        let number = |flag: &str, name: &str| -> Option<u32> {
            let output = Command::new("id").args([flag, name]).output().ok()?;
            String::from_utf8_lossy(&output.stdout).trim().parse().ok()
        };
        let known = ["postgres", "nobody"].into_iter().find_map(|name| {
            let (user, group) = (number("-u", name)?, number("-g", name)?);
            (user != 0).then_some(Owner { user, group })
        });
        known.ok_or_else(|| "root cannot run PostgreSQL, and there is no user postgres or nobody".to_owned())
    }
}

/// The folder, now the owner's, by a path that is the same from everywhere.
fn handed_over(folder: &Path, owner: Option<Owner>) -> Result<PathBuf, String> {
    let given = |owner: Owner| std::os::unix::fs::chown(folder, Some(owner.user), Some(owner.group));
    let handed = owner.map_or(Ok(()), given).and_then(|()| folder.canonicalize());
    handed.map_err(|error| format!("{} cannot hold a cluster: {error}", folder.display()))
}

/// A command of the owner's, in a process group of its own, so that no Ctrl-C for the tests reaches it.
fn command(program: &Path, owner: Option<Owner>) -> Command {
    let mut command = Command::new(program);
    psql::unsettled(&mut command).current_dir("/").stdin(Stdio::null()).process_group(0);
    if let Some(Owner { user, group }) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// An address that names a database on servers with their sockets in these folders.
fn address(folders: &[&Path], user: &str, database: &str) -> String {
    at_port(folders, PORT, user, database)
}

pub(super) fn at_port(folders: &[&Path], port: u16, user: &str, database: &str) -> String {
    let encoded = |folder: &&Path| utf8_percent_encode(&folder.to_string_lossy(), SPECIAL).to_string();
    let hosts: Vec<String> = folders.iter().map(encoded).collect();
    format!("postgres://{user}@/{database}?host={}&port={port}", hosts.join(","))
}

/// What PostgreSQL calls its socket.
pub(super) fn socket(port: u16) -> String {
    format!(".s.PGSQL.{port}")
}

fn signal_to(process: Pid, signal: Signal) -> Result<(), String> {
    kill_process(process, signal)
        .map_err(|error| format!("a process of PostgreSQL cannot be signalled: {error}"))
}

/// The processes that a process has started, as the kernel knows them.
fn children_of(parent: Pid) -> Vec<Pid> {
    let processes = Path::new("/proc").read_dir().into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(Pid::from_raw).filter(|process| parent_of(*process) == Some(parent)).collect()
}

fn parent_of(process: Pid) -> Option<Pid> {
    stat(process)?.1
}

/// Whether it is alive still, and no other process that has got its number.
fn is_session(process: Pid) -> bool {
    stat(process).is_some_and(|(name, _)| name == "postgres")
}

/// A living process's name and parent.
fn stat(process: Pid) -> Option<(String, Option<Pid>)> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name stands in parentheses and may hold any character; state and parent follow.
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    let mut fields = after.split_whitespace();
    // What is dead and not yet reaped is gone for all that matters here.
    let alive = !matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok().and_then(Pid::from_raw);
    alive.then_some((name, parent))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let deadline = Instant::now() + BOUND;
    while !is_so()? {
        if Instant::now() > deadline {
            return Err(format!("waited {BOUND:?}, and still it is not so that {what}"));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

#[track_caller]
fn unwrap<T>(result: Result<T, String>) -> T {
    match result {
        Ok(value) => value,
        Err(what) => panic!("{what}"),
    }
}
