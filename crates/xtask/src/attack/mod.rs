//! `cargo xtask attack`: what one client sees while others try to take the server from it.

mod neighbour;
mod report;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use attackers::{Attack, Target};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::time::sleep;

use self::neighbour::{Neighbour, Watched};
use self::report::{Goals, Report, Row};
use crate::bench::load::{self, NUMBER, Plan, Workload};
use crate::calls::{Dialect, Session};
use crate::cargo;
use crate::http::{self, Connection};
use crate::personae::{Demo, Personae};

/// People of each tenant.
const PEOPLE: usize = 1_000;

/// What is left behind is looked at until so long after an attack.
const AFTERWARDS: Duration = Duration::from_secs(60);

/// Connections of a tenant at full speed.
const BUSY_CONNECTIONS: usize = 64;

const START_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
#[command(
    about = "Attack the packaged binary without credentials, and measure what another client sees",
    long_about = "Attack the packaged binary without credentials, and measure what another client sees\n\n\
        Builds with the profile `dist`, starts a demo, and lets attackers hold connections, send bodies and headers that stall, ask \
        for answers that they do not read, and guess passwords. Meanwhile another client updates a user and a third \
        one asks /healthz on new connections; the server's memory is sampled. Then one tenant writes at full speed \
        while another tenant's client updates. All of it stays on this machine. Needs Linux.",
    after_help = "Examples:
  cargo xtask attack                                 all attacks together, 2,000 connections, a minute
  cargo xtask attack --each --seconds 5              each attack by itself
  cargo xtask attack --only silence --connections 500"
)]
pub(crate) struct Options {
    /// How long the attackers go on, in each run
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections of all attackers together
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    connections: u16,
    /// Only attacks with this in their name
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Each attack in a run of its own, instead of all of them together
    #[arg(long)]
    each: bool,
    /// Measure this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => cargo::binary("personae", "dist")?,
    };
    allow_connections(u64::from(options.connections) + 1_000)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = measure(options, &binary) => outcome,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    });
    runtime.shutdown_background();
    outcome
}

/// Every connection of this program is a descriptor.
fn allow_connections(number: u64) -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < number) {
        limit.current = Some(limit.maximum.map_or(number, |maximum| maximum.min(number)));
        setrlimit(Resource::Nofile, limit).context("cannot raise the number of open files")?;
    }
    let allowed = getrlimit(Resource::Nofile).current;
    if allowed.is_some_and(|allowed| allowed < number) {
        bail!("so many connections need {number} open files: raise the limit with `ulimit -n`");
    }
    Ok(())
}

async fn measure(options: &Options, binary: &Path) -> anyhow::Result<()> {
    let only = options.only.as_deref().unwrap_or_default();
    let attacks: Vec<Attack> =
        Attack::ALL.into_iter().filter(|attack| attack.name().contains(only)).collect();
    if attacks.is_empty() {
        let names = Attack::ALL.map(Attack::name).join(", ");
        bail!("no attack has {only:?} in its name; there are: {names}");
    }
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let people = PEOPLE.to_string();
    let arguments = ["--people", people.as_str()].map(str::to_owned);
    let (mut server, demo) = Personae::demo(binary, &arguments, folder.path(), START_LIMIT).await?;
    let rows = all_rows(options, &attacks, &mut server, &demo).await;
    let rows = rows.map_err(|error| server.explain(&error))?;
    let status = server.stop().await?;
    if !status.success() {
        bail!("after SIGTERM the server must end with 0, not {status}");
    }
    let report = Report::new(rows);
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{}", report.table()),
    }
    Ok(())
}

async fn all_rows(
    options: &Options,
    attacks: &[Attack],
    server: &mut Personae,
    demo: &Demo,
) -> anyhow::Result<Vec<Row>> {
    drop(server.ready().await?);
    let address = server.address();
    let key = Session::Replay { key: demo.replay.api_key.clone() };
    let person = demo.people.last().context("the demo has no people")?;
    let neighbour = Neighbour::new(address, &key, person)?;
    let lasting = Duration::from_secs(options.seconds);
    let mut rows = Vec::new();

    // The listener, and what the runtime holds for itself; the connection that asked may not be closed yet.
    let idle_sockets = server.sockets()?;
    eprintln!("alone");
    let alone = watch(server, &neighbour, sleep(lasting.min(Duration::from_secs(5)))).await?;
    rows.push(Row::new("alone".into(), &alone, None, Goals::NONE));

    let target = target(address);
    let runs: Vec<(String, Vec<Attack>)> = match options.each {
        true => attacks.iter().map(|attack| (attack.name().to_owned(), vec![*attack])).collect(),
        false => vec![("all attacks".to_owned(), attacks.to_vec())],
    };
    for (name, attacks) in runs {
        eprintln!("{name}: {} connections for {} s", options.connections, options.seconds);
        let attacking = attackers::run(&target, &attacks, options.connections.into(), lasting);
        let watched = watch(server, &neighbour, attacking).await?;
        let left = what_is_left(server, idle_sockets).await?;
        rows.push(Row::new(name, &watched, Some(left), Goals::UNDER_ATTACK));
    }

    eprintln!("a tenant at full speed");
    let busy = busy_tenant(address, demo).await?;
    let stranger = demo.stranger.people.first().context("the other tenant has no people")?;
    let stranger =
        Neighbour::new(address, &Session::Replay { key: demo.stranger.replay.api_key.clone() }, stranger)?;
    let span = lasting.min(Duration::from_secs(20));
    let plan = Plan { connections: BUSY_CONNECTIONS, warm_up: Duration::from_millis(200), span };
    let watched = watch(server, &stranger, load::run(address, &busy, plan)).await?;
    rows.push(Row::new("busy tenant".into(), &watched, None, Goals::BESIDE_A_BUSY_TENANT));
    Ok(rows)
}

/// Where anybody may send something.
fn target(address: SocketAddr) -> Target {
    let log_ins = ["/auth/v1/rs/login/credentials", "/laurel/api/v1/oauth/token"];
    Target::new(address, &log_ins, http::request("GET", "/healthz", &[], None))
}

/// Updates of a tenant, as many as its connections can send.
async fn busy_tenant(address: SocketAddr, demo: &Demo) -> anyhow::Result<Arc<Workload>> {
    let mut connection = Connection::open(address).await?;
    let session = Session::open(Dialect::Laurel, demo, &mut connection).await?;
    let value = format!("Busy {NUMBER}");
    Ok(Arc::new(Workload::new(demo.people.iter().map(|person| session.update(person, &value)))?))
}

/// Lets the neighbour go on until the work is done, and samples the server's memory.
async fn watch(server: &Personae, neighbour: &Neighbour, work: impl Future) -> anyhow::Result<Watched> {
    let watching = neighbour.begin();
    let mut peak = 0;
    let sampling = async {
        loop {
            match server.memory() {
                Ok(memory) => peak = peak.max(memory.resident),
                Err(error) => break error,
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    let sampled = tokio::select! {
        _ = work => Ok(()),
        error = sampling => Err(error),
    };
    let mut watched = watching.end().await?;
    sampled?;
    watched.peak_resident = peak;
    Ok(watched)
}

/// What an attack left behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Until the server held no connection but its listener's.
    pub seconds_to_no_connection: Option<f64>,
    pub resident: u64,
}

async fn what_is_left(server: &Personae, idle_sockets: usize) -> anyhow::Result<Left> {
    let begun = Instant::now();
    loop {
        let is_free = server.sockets()? <= idle_sockets;
        if is_free || begun.elapsed() > AFTERWARDS {
            let seconds = is_free.then(|| begun.elapsed().as_secs_f64());
            return Ok(Left { seconds_to_no_connection: seconds, resident: server.memory()?.resident });
        }
        sleep(Duration::from_millis(100)).await;
    }
}
