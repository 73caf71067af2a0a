//! `cargo xtask bench`: the packaged binary measured beside a yardstick, in one run on one machine.

pub(crate) mod bare;
mod cases;
mod goals;
pub(crate) mod load;
mod pgbench;
pub(crate) mod report;
mod rig;
mod yardstick;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use self::bare::Bare;
use self::cases::{Case, Kind};
use self::load::{NUMBER, Plan, Tally, Workload};
use self::report::{Load, Machine, MemoryMb, Report, Row, Size, Start};
use self::rig::{Engine, Rig, Store};
use self::yardstick::Yardstick;
use crate::calls::{self, Session};
use crate::http;
use crate::personae::{Demo, Personae};
use crate::{cargo, needs};

/// For signing in and for the few requests before a measurement.
const SETUP_LIMIT: Duration = Duration::from_secs(60);
/// The length of the answers that `--self-check` compares.
const SELF_CHECK_SIZE: usize = 700;

#[derive(Debug, clap::Args)]
#[command(
    about = "Measure the packaged binary beside a bare axum server, or beside pgbench",
    long_about = "Measure the packaged binary beside a bare axum server, or beside pgbench\n\n\
        Builds with the profile `dist`, seeds a store with `personae demo`, serves it with `personae serve`, and sends the \
        documented calls over kept-alive connections, each connection waiting for its answer before it sends again. \
        The yardstick and Personae take turns, so that the ratio holds on a machine that is not quiet. Needs Linux.\n\n\
        For SQLite the yardstick is a bare axum server, a process of its own that answers a constant body of the \
        same size to the same requests. For PostgreSQL it is pgbench on the same server, in another database: a \
        server is started for the run, as durable as its makers ship it, and removed. Needs PostgreSQL with pgbench, \
        found in the folder of the server's programs or in PATH: Debian's package postgresql, elsewhere often \
        postgresql-contrib.",
    after_help = "Examples:
  cargo xtask bench --quick                          1,000 people, short spans: a glance
  cargo xtask bench                                  1,000, 100,000 and 1,000,000 people
  cargo xtask bench --people 100000 --only update    the four updates at one size
  cargo xtask bench --store postgres                 PostgreSQL, beside pgbench
  cargo xtask bench --json -                         JSON on stdout, the table on stderr
  cargo xtask bench --self-check                     bare beside bare: the ratio should be near 1"
)]
pub(crate) struct Options {
    /// Where the people are stored
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Sqlite)]
    store: Engine,
    /// How many people to store
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000])]
    people: Vec<u64>,
    /// 1,000 people and short spans
    #[arg(long, conflicts_with = "people")]
    quick: bool,
    /// Measure only the cases with this in their name
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
    /// Connections kept open at the same time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    connections: u16,
    /// Also write the figures as JSON to a file, or to standard output with `-`
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to put the stores; each is deleted when it was measured
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Measure the bare server against itself, to see how far a ratio can be trusted here
    #[arg(long, conflicts_with = "store")]
    self_check: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    needs::c_compiler()?;
    options.store.needs()?;
    if cfg!(debug_assertions) {
        return run_optimized();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // Whichever way this ends, the servers are dropped with the future that holds them, and so killed.
        tokio::select! {
            outcome = measure(options) => outcome,
            _ = terminate.recv() => bail!("stopped by SIGTERM"),
            _ = interrupt.recv() => bail!("interrupted"),
        }
    });
    runtime.shutdown_background();
    outcome
}

/// The load generator and the bare server live in this program, so it must be optimised as well: it builds itself with
/// the profile `dist` and becomes that build, with the same arguments.
fn run_optimized() -> anyhow::Result<()> {
    let optimized = cargo::binary("xtask", "dist")?;
    let error = Command::new(&optimized).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot start {}", optimized.display()))
}

/// How long and how often, after the options.
#[derive(Debug, Clone, Copy)]
struct Pace {
    plan: Plan,
    rounds: usize,
    starts: usize,
}

impl Pace {
    fn new(options: &Options) -> Self {
        let connections = usize::from(options.connections);
        let plan = |span, warm_up| Plan {
            connections,
            warm_up: Duration::from_millis(warm_up),
            span: Duration::from_millis(span),
        };
        // Many short turns rather than a few long ones: what else the machine does then meets both alike. pgbench counts
        // in whole seconds, and its sessions must first get to know the tables.
        let (plan, rounds) = match (options.store, options.quick) {
            (Engine::Sqlite, true) => (plan(400, 100), 5),
            (Engine::Sqlite, false) => (plan(700, 200), 15),
            (Engine::Postgres, true) => (plan(1_000, 100), 3),
            (Engine::Postgres, false) => (plan(2_000, 200), 9),
        };
        Self { plan, rounds, starts: if options.quick { 3 } else { 5 } }
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let pace = Pace::new(options);
    if options.self_check {
        return self_check(pace).await;
    }
    let only = options.only.as_deref().unwrap_or_default();
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.name().contains(only)).collect();
    if cases.is_empty() {
        bail!("no case has {only:?} in its name");
    }
    let binary = cargo::binary("personae", "dist")?;
    let people = if options.quick { vec![1_000] } else { options.people.clone() };
    let data = match &options.data {
        Some(folder) => folder.clone(),
        // Beside the build: a temporary folder may lie in memory, where writing to disk costs nothing.
        None => binary.ancestors().nth(2).context("the binary lies in no target folder")?.join("bench"),
    };
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let rig = Rig::start(options.store, &data, people.iter().copied().max().unwrap_or_default())?;
    let mut sizes = Vec::new();
    let mut failures = Vec::new();
    for people in people {
        let size = measure_size(&rig, &binary, &data, people, &cases, pace, &mut failures).await;
        sizes.push(size.with_context(|| format!("with {} people", report::thousands(people)))?);
    }
    let missed = rig.goals().missed(&sizes);
    let load = Load::new(pace.plan, pace.rounds);
    let report = Report { machine: Machine::this(), load, pgbench: rig.pgbench(), sizes, missed };
    publish(&report, options.json.as_deref())?;
    if !failures.is_empty() {
        bail!("some requests failed, so the figures stand for nothing:\n  {}", failures.join("\n  "));
    }
    Ok(())
}

fn publish(report: &Report, json: Option<&Path>) -> anyhow::Result<()> {
    let table = report::table(report);
    let Some(file) = json else {
        print!("{table}");
        return Ok(());
    };
    let text = serde_json::to_string_pretty(report)?;
    if file == Path::new("-") {
        eprint!("{table}");
        println!("{text}");
    } else {
        print!("{table}");
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

async fn measure_size(
    rig: &Rig,
    binary: &Path,
    data: &Path,
    people: u64,
    cases: &[Case],
    pace: Pace,
    failures: &mut Vec<String>,
) -> anyhow::Result<Size> {
    let folder = tempfile::Builder::new().prefix("people-").tempdir_in(data)?;
    let store = rig.store(folder.path()).await?;
    let url = store.url();
    let (demo, seed_seconds) = seed(binary, &url, folder.path(), people).await?;
    let store_mb = report::mb(store.settle()?);
    let (start, mut server) = starts(binary, &url, folder.path(), &demo, pace.starts).await?;
    let idle = server.memory()?;
    let mut rows = Vec::new();
    for case in cases {
        let row = measure_case(&store, &mut server, *case, &demo, pace, failures).await;
        let row = row.map_err(|error| server.explain(&error)).with_context(|| case.name())?;
        eprintln!("{}: {:.2} of {}", row.case, row.ratio, row.beside.name());
        rows.push(row);
    }
    let memory = MemoryMb::new(idle, server.memory()?);
    let status = server.stop().await?;
    if !status.success() {
        bail!("after SIGTERM the server must end with 0, not {status}");
    }
    Ok(Size { people, seed_seconds, store_mb, start, memory, cases: rows })
}

/// Lets the demo fill a store and stops it. The store is then served as an operator would, so that what is measured
/// is not a process that has just seeded a million people.
async fn seed(binary: &Path, store: &str, folder: &Path, people: u64) -> anyhow::Result<(Demo, f64)> {
    eprintln!("seeding {} people", report::thousands(people));
    let arguments = ["--people", &people.to_string(), "--store", store].map(str::to_owned);
    // Two minutes a million is the goal; what takes five times that is broken.
    let limit = Duration::from_secs(60) + Duration::from_micros(600) * u32::try_from(people)?;
    let begun = Instant::now();
    let (demo_server, demo) = Personae::demo(binary, &arguments, folder, limit).await?;
    let seconds = begun.elapsed().as_secs_f64();
    demo_server.stop().await?;
    Ok((demo, seconds))
}

/// Starts the server several times; the last one stays. The first read needs nothing but a key, so it is Replay's.
async fn starts(
    binary: &Path,
    store: &str,
    folder: &Path,
    demo: &Demo,
    times: usize,
) -> anyhow::Result<(Start, Personae)> {
    let key = Session::Replay { key: demo.replay.api_key.clone() };
    let read = key.read(demo.people.first().context("the demo has no people")?);
    let mut milliseconds = Vec::new();
    loop {
        let begun = Instant::now();
        let mut server = Personae::serve(binary, store, folder)?;
        let mut connection = server.ready().await?;
        let ready = begun.elapsed();
        calls::expect(&mut connection, &read, 200).await?;
        let first_read = begun.elapsed();
        milliseconds.push((ready.as_secs_f64() * 1e3, first_read.as_secs_f64() * 1e3));
        if milliseconds.len() >= times {
            return Ok((Start::new(&milliseconds), server));
        }
        server.stop().await?;
    }
}

async fn measure_case(
    store: &Store<'_>,
    server: &mut Personae,
    case: Case,
    demo: &Demo,
    pace: Pace,
    failures: &mut Vec<String>,
) -> anyhow::Result<Row> {
    let prepare = async {
        let mut connection = server.ready().await?;
        let session = Session::open(case.dialect, demo, &mut connection).await?;
        let workload = Arc::new(case.workload(&session, demo)?);
        let body_bytes = workload.probe(server.address()).await?;
        anyhow::Ok((workload, body_bytes))
    };
    let (workload, body_bytes) =
        timeout(SETUP_LIMIT, prepare).await.context("the server stopped answering")??;
    let yardstick = store.yardstick(case.kind, body_bytes).await?;
    let what = Compared { name: case.name(), kind: case.kind, body_bytes };
    let mut pace = pace;
    pace.plan.connections = case.kind.connections(pace.plan.connections);
    compare(server.address(), what, &workload, yardstick, pace, failures).await
}

/// What a row is about.
struct Compared {
    name: String,
    kind: Kind,
    body_bytes: usize,
}

/// Lets the yardstick and ours have their turns.
async fn compare(
    ours: std::net::SocketAddr,
    what: Compared,
    workload: &Arc<Workload>,
    mut yardstick: Yardstick<'_>,
    pace: Pace,
    failures: &mut Vec<String>,
) -> anyhow::Result<Row> {
    let Compared { name, kind, body_bytes } = what;
    let mut total = Tally::new(Duration::ZERO)?;
    let mut ratios = Vec::new();
    for round in 0..pace.rounds {
        // Yardstick, ours, ours, yardstick: nobody always comes second.
        let (lap, mut measured) = if round % 2 == 0 {
            let lap = yardstick.run(workload, pace.plan).await?;
            (lap, load::run(ours, workload, pace.plan).await?)
        } else {
            let measured = load::run(ours, workload, pace.plan).await?;
            (yardstick.run(workload, pace.plan).await?, measured)
        };
        let first_failures = [lap.first_failure, measured.first_failure.take()].into_iter().flatten();
        failures.extend(first_failures.map(|failure| format!("{name}: {failure}")));
        ratios.push(report::ratio(measured.per_second(), lap.per_second));
        total.append(measured)?;
    }
    let beside = yardstick.stop().await?;
    Ok(Row::new(name, kind, body_bytes, &total, beside, ratios))
}

/// The bare server in both places.
async fn self_check(pace: Pace) -> anyhow::Result<()> {
    let other = Bare::start(SELF_CHECK_SIZE).await?;
    let body = format!(r#"{{"firstName":"Bench {NUMBER}"}}"#);
    let read = http::request("GET", "/users/1", &[], None);
    let update = http::request("PATCH", "/users/1", &[], Some(("application/json", &body)));
    let mut failures = Vec::new();
    for (name, kind, request) in [("bare read", Kind::Read, read), ("bare update", Kind::Update, update)] {
        let workload = Arc::new(Workload::new([request])?);
        let body_bytes = workload.probe(other.address).await?;
        let what = Compared { name: name.to_owned(), kind, body_bytes };
        let bare = Yardstick::bare(body_bytes).await?;
        let row = compare(other.address, what, &workload, bare, pace, &mut failures).await?;
        let rounds: Vec<String> = row.ratio_by_round.iter().map(|ratio| format!("{ratio:.2}")).collect();
        println!("{name}: {:.2} of itself, by round {}", row.ratio, rounds.join(" "));
    }
    other.stop().await?;
    if !failures.is_empty() {
        bail!("some requests failed:\n  {}", failures.join("\n  "));
    }
    Ok(())
}
