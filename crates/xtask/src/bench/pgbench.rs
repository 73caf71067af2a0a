//! The yardstick for PostgreSQL: its own pgbench, on the same server, with a database of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use throwaway_postgres::{Database, unsettled};
use tokio::process::Command;
use tokio::time::timeout;

use super::cases::Kind;
use super::report::thousands;

const CLIENTS: u32 = 16;
const THREADS: u32 = 2;
/// What pgbench calls a scale of one.
const ACCOUNTS: u64 = 100_000;
const FEWEST_ACCOUNTS: u64 = 10 * ACCOUNTS;
/// How long after the end of a span it may go on.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Ten times what a machine with a slow disk takes for one unit of scale.
const FILL_LIMIT: Duration = Duration::from_secs(30);

/// How it is run, as the report tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Settings {
    pub server: String,
    pub clients: u32,
    pub threads: u32,
    pub accounts: u64,
}

impl Settings {
    /// For a run that goes up to so many people: there are never fewer accounts, and at every size equally many. So
    /// pgbench has the same to do beside a thousand people as beside a million, and the ratios can be compared.
    pub(crate) fn new(server: String, most_people: u64) -> Self {
        let accounts = most_people.next_multiple_of(ACCOUNTS).max(FEWEST_ACCOUNTS);
        Self { server, clients: CLIENTS, threads: THREADS, accounts }
    }
}

/// A filled database, and the program to run on it.
#[derive(Debug)]
pub(crate) struct Pgbench {
    program: PathBuf,
    database: Database,
}

/// What spans have seen together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    transactions: u64,
    /// In which these were made, connecting left out.
    seconds: f64,
    /// What all of them took together.
    milliseconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub transactions: u64,
    pub transactions_per_second: f64,
    pub mean_ms: f64,
}

impl Pgbench {
    pub(crate) async fn fill(
        program: PathBuf,
        database: Database,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        eprintln!("filling pgbench with {} accounts", thousands(settings.accounts));
        let this = Self { program, database };
        let scale = u32::try_from(settings.accounts / ACCOUNTS)?;
        this.run(["--initialize", "--quiet", &format!("--scale={scale}")], FILL_LIMIT * scale).await?;
        Ok(this)
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs, for a span of whole seconds, the script that does what a case does: one row by its key read, or changed.
    pub(crate) async fn span(&self, kind: Kind, span: Duration) -> anyhow::Result<Tally> {
        let script = match kind {
            Kind::Read | Kind::Search | Kind::List => "--select-only",
            Kind::Update | Kind::Create => "--skip-some-updates",
        };
        let [clients, threads] = [format!("--client={CLIENTS}"), format!("--jobs={THREADS}")];
        let time = format!("--time={}", span.as_secs());
        let arguments = [script, "--no-vacuum", "--protocol=prepared", &clients, &threads, &time];
        let said = self.run(arguments, span + TIMEOUT).await?;
        parse(&said).with_context(|| format!("pgbench said no figures, but:\n{said}"))
    }

    async fn run<const N: usize>(&self, arguments: [&str; N], limit: Duration) -> anyhow::Result<String> {
        let mut command = std::process::Command::new(&self.program);
        unsettled(&mut command).args(arguments).arg(self.database.url()).stdin(Stdio::null());
        let output = Command::from(command).kill_on_drop(true).output();
        let output = timeout(limit, output).await.context("pgbench does not end")?;
        let output = output.with_context(|| format!("cannot start {}", self.program.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("pgbench failed ({})\n{}", output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// From what it prints at its end, which has been the same since PostgreSQL 14.
fn parse(said: &str) -> Option<Tally> {
    let transactions: u64 = value(said, "number of transactions actually processed:")?;
    let mean: f64 = value(said, "latency average =")?;
    let line = said.lines().find(|line| line.ends_with("(without initial connection time)"))?;
    let per_second: f64 = value(line, "tps =")?;
    let counted = transactions as f64;
    (per_second > 0.0).then(|| Tally {
        transactions,
        seconds: counted / per_second,
        milliseconds: counted * mean,
    })
}

/// The number behind a name at the beginning of a line.
fn value<T: FromStr>(said: &str, name: &str) -> Option<T> {
    let rest = said.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

impl Tally {
    pub(crate) fn append(&mut self, later: Self) {
        self.transactions += later.transactions;
        self.seconds += later.seconds;
        self.milliseconds += later.milliseconds;
    }

    pub(crate) fn per_second(self) -> f64 {
        self.transactions as f64 / self.seconds
    }

    pub(crate) fn figures(self) -> Figures {
        Figures {
            transactions: self.transactions,
            transactions_per_second: self.per_second(),
            mean_ms: self.milliseconds / self.transactions as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_15: &str = "\
pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: simple update>
scaling factor: 10
query mode: prepared
number of clients: 16
number of threads: 2
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 4000
number of failed transactions: 0 (0.000%)
latency average = 8.000 ms
initial connection time = 21.170 ms
tps = 2000.000000 (without initial connection time)
";

    fn without(left_out: impl Fn(&str) -> bool) -> String {
        OF_15.split_inclusive('\n').filter(|line| !left_out(line)).collect()
    }

    #[test]
    fn figures_are_read_from_what_it_prints() {
        let tally = parse(OF_15).expect("figures");
        assert_eq!(tally, Tally { transactions: 4_000, seconds: 2.0, milliseconds: 32_000.0 });
        // PostgreSQL 14 knows of no tries and of no failed transactions.
        let of_14 = without(|line| line.contains("tries") || line.contains("failed"));
        assert_eq!(parse(&of_14), Some(tally));
    }

    #[test]
    fn nothing_is_made_up() {
        for name in ["number of transactions actually", "latency average", "tps ="] {
            assert_eq!(parse(&without(|line| line.starts_with(name))), None, "without {name}");
        }
        for (line, instead) in [("tps = 2000", "tps = nan"), ("tps = 2000.0", "tps = 0.0"), ("4000", "many")]
        {
            assert_eq!(parse(&OF_15.replace(line, instead)), None, "{instead}");
        }
        assert_eq!(parse(""), None);
    }

    #[test]
    fn spans_are_added_up_by_their_length() {
        let mut sum = Tally::default();
        sum.append(Tally { transactions: 4_000, seconds: 2.0, milliseconds: 32_000.0 });
        sum.append(Tally { transactions: 1_000, seconds: 3.0, milliseconds: 18_000.0 });
        let figures = Figures { transactions: 5_000, transactions_per_second: 1_000.0, mean_ms: 10.0 };
        assert_eq!(sum.figures(), figures);
    }

    #[test]
    fn there_are_as_many_accounts_as_people_and_a_million_at_least() {
        let accounts = |people| Settings::new("15.18".to_owned(), people).accounts;
        assert_eq!(
            [1_000, 1_000_000, 1_000_001, 10_000_000].map(accounts),
            [1_000_000, 1_000_000, 1_100_000, 10_000_000]
        );
    }
}
