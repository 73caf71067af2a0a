//! From histograms to figures, and from figures to a table.

use std::fmt::Write;

use serde::Serialize;

use super::cases::Kind;
use super::load::{Plan, Tally};
use super::pgbench::Settings;
use super::yardstick::Beside;
use crate::personae::Memory;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub machine: Machine,
    pub load: Load,
    /// Where it is what Personae is measured beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgbench: Option<Settings>,
    pub sizes: Vec<Size>,
    pub missed: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub cores: usize,
    pub processor: String,
    pub memory_mb: u64,
    pub system: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Load {
    pub connections: usize,
    pub rounds: usize,
    pub span_seconds: f64,
    pub warm_up_seconds: f64,
}

/// Everything measured with one number of people.
#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub people: u64,
    pub seed_seconds: f64,
    pub store_mb: f64,
    pub start: Start,
    pub memory: MemoryMb,
    pub cases: Vec<Row>,
}

/// From starting the process, on the store of that size. Median and slowest of several starts.
#[derive(Debug, Serialize)]
pub(crate) struct Start {
    pub starts: usize,
    pub ready_ms: f64,
    pub ready_slowest_ms: f64,
    pub first_read_ms: f64,
    pub first_read_slowest_ms: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct MemoryMb {
    /// After the first read.
    pub idle: f64,
    /// After the last case.
    pub loaded: f64,
    /// The most at any moment, signing in included.
    pub peak: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub case: String,
    #[serde(skip)]
    pub kind: Kind,
    pub body_bytes: usize,
    pub personae: Figures,
    #[serde(flatten)]
    pub beside: Beside,
    /// Requests per second of Personae over what the yardstick does in one: the median of the rounds, because a round
    /// in which something else took the machine says nothing about either.
    pub ratio: f64,
    pub ratio_by_round: Vec<f64>,
    pub failures: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Figures {
    pub requests: u64,
    pub requests_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    #[serde(skip)]
    pub failures: u64,
}

impl Machine {
    /// As the kernel describes it; what it does not tell stays empty.
    pub(crate) fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: value(&read("/proc/cpuinfo"), "model name"),
            memory_mb: kib * 1024 / 1_000_000,
            system: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        }
    }
}

impl Load {
    pub(crate) fn new(plan: Plan, rounds: usize) -> Self {
        Self {
            connections: plan.connections,
            rounds,
            span_seconds: plan.span.as_secs_f64(),
            warm_up_seconds: plan.warm_up.as_secs_f64(),
        }
    }
}

impl Start {
    /// From pairs of milliseconds: until ready, and until the first read was answered.
    pub(crate) fn new(starts: &[(f64, f64)]) -> Self {
        let (ready_ms, ready_slowest_ms) = median_and_most(starts.iter().map(|start| start.0));
        let (first_read_ms, first_read_slowest_ms) = median_and_most(starts.iter().map(|start| start.1));
        Self { starts: starts.len(), ready_ms, ready_slowest_ms, first_read_ms, first_read_slowest_ms }
    }
}

fn median_and_most(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values.get(values.len() / 2).copied().unwrap_or_default(), values.last().copied().unwrap_or_default())
}

impl MemoryMb {
    pub(crate) fn new(idle: Memory, loaded: Memory) -> Self {
        Self { idle: mb(idle.resident), loaded: mb(loaded.resident), peak: mb(loaded.peak) }
    }
}

pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

impl Row {
    /// From all spans together, and the ratio of each round.
    pub(crate) fn new(
        case: String,
        kind: Kind,
        body_bytes: usize,
        ours: &Tally,
        beside: Beside,
        ratio_by_round: Vec<f64>,
    ) -> Self {
        Self {
            case,
            kind,
            body_bytes,
            ratio: median_and_most(ratio_by_round.iter().copied()).0,
            ratio_by_round,
            failures: ours.failures + beside.failures(),
            personae: Figures::new(ours),
            beside,
        }
    }
}

pub(crate) fn ratio(ours: f64, others: f64) -> f64 {
    if others > 0.0 { ours / others } else { 0.0 }
}

impl Figures {
    pub(crate) fn new(tally: &Tally) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1_000_000.0;
        let latencies = &tally.latencies;
        Self {
            requests: latencies.len(),
            requests_per_second: tally.per_second(),
            p50_ms: ms(latencies.value_at_quantile(0.5)),
            p99_ms: ms(latencies.value_at_quantile(0.99)),
            max_ms: ms(latencies.max()),
            failures: tally.failures,
        }
    }
}

/// The report for people.
pub(crate) fn table(report: &Report) -> String {
    let mut text = String::new();
    let Machine { cores, processor, memory_mb, system } = &report.machine;
    line(&mut text, format_args!("{cores} cores ({processor}), {memory_mb} MB, {system}"));
    let Load { connections, rounds, span_seconds, .. } = &report.load;
    line(
        &mut text,
        format_args!(
            "{connections} connections, {rounds} spans of {span_seconds} s each, in turns with {}",
            if report.pgbench.is_some() { "pgbench" } else { "bare" }
        ),
    );
    if let Some(settings) = &report.pgbench {
        pgbench_note(&mut text, settings);
    }
    for size in &report.sizes {
        size_table(&mut text, size);
    }
    if report.missed.is_empty() {
        line(&mut text, format_args!("\nAll goals reached."));
    } else {
        line(&mut text, format_args!("\nMissed:\n  {}", report.missed.join("\n  ")));
    }
    text
}

fn pgbench_note(text: &mut String, settings: &Settings) {
    let Settings { server, clients, threads, accounts } = settings;
    let accounts = thousands(*accounts);
    line(
        text,
        format_args!(
            "PostgreSQL {server}, durable; pgbench -M prepared -c {clients} -j {threads}, reads and search beside -S, \
             updates beside -N\nit has {accounts} accounts at every size, so that growth can be judged by the ratio"
        ),
    );
}

fn size_table(text: &mut String, size: &Size) {
    let Size { people, seed_seconds, store_mb, start, memory, .. } = size;
    let people = thousands(*people);
    line(text, format_args!("\n{people} people, seeded in {seed_seconds:.1} s, store {store_mb:.1} MB"));
    line(
        text,
        format_args!(
            "start   ready {:.0} ms, first read {:.0} ms, slowest of {} {:.0} ms",
            start.ready_ms, start.first_read_ms, start.starts, start.first_read_slowest_ms
        ),
    );
    line(
        text,
        format_args!(
            "memory  idle {:.1} MB, after load {:.1} MB, at most {:.1} MB",
            memory.idle, memory.loaded, memory.peak
        ),
    );
    let [beside_rate, beside_time] = size.cases.first().map_or([""; 2], |row| row.beside.headings());
    line(
        text,
        format_args!(
            "\n{:<15} {:>6} {:>9} {:>9} {:>9} {:>9} {:>10} {:>9} {:>6} {:>7}",
            "case",
            "bytes",
            "req/s",
            "p50 ms",
            "p99 ms",
            "max ms",
            beside_rate,
            beside_time,
            "ratio",
            "failed"
        ),
    );
    for row in &size.cases {
        let Row { case, body_bytes, personae, beside, ratio, failures, .. } = row;
        let (beside_rate, beside_ms) = beside.columns();
        line(
            text,
            format_args!(
                "{case:<15} {body_bytes:>6} {:>9} {:>9.2} {:>9.2} {:>9.2} {:>10} {beside_ms:>9.2} {ratio:>6.2} {failures:>7}",
                thousands(personae.requests_per_second.round() as u64),
                personae.p50_ms,
                personae.p99_ms,
                personae.max_ms,
                thousands(beside_rate.round() as u64),
            ),
        );
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}

/// 1234567 as 1,234,567.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bench::{cases, pgbench};

    fn tally(answered: u64, milliseconds: impl IntoIterator<Item = u64>) -> Tally {
        let mut latencies =
            hdrhistogram::Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("bounds");
        for value in milliseconds {
            latencies.record(value * 1_000_000).expect("within bounds");
        }
        Tally { latencies, answered, seconds: 2.0, failures: 0, first_failure: None }
    }

    pub(crate) fn beside_bare() -> Beside {
        Beside::Bare(Figures::new(&tally(1_000, [1])))
    }

    pub(crate) fn beside_pgbench() -> Beside {
        let figures =
            pgbench::Figures { transactions: 2_000, transactions_per_second: 500.0, mean_ms: 31.25 };
        Beside::Pgbench(figures)
    }

    pub(crate) fn row(name: &str, beside: Beside, ratio: f64, p99: u64) -> Row {
        let case = cases::all().into_iter().find(|case| case.name() == name).expect("a case of the bench");
        let ours = tally((1_000.0 * ratio) as u64, [p99]);
        Row::new(case.name(), case.kind, 700, &ours, beside, vec![ratio])
    }

    pub(crate) fn size(people: u64, cases: Vec<Row>) -> Size {
        let idle = Memory { resident: 20_000_000, peak: 30_000_000 };
        let start = Start::new(&[(10.0, 12.0), (30.0, 32.0), (11.0, 13.0)]);
        let memory = MemoryMb::new(idle, idle);
        Size { people, seed_seconds: 1.0, store_mb: 2.0, start, memory, cases }
    }

    fn report(people: u64, beside: Beside, pgbench: Option<Settings>) -> Report {
        let sizes = vec![size(people, vec![row("laurel search", beside, 0.7, 2)])];
        let plan = Plan { connections: 64, warm_up: Default::default(), span: Default::default() };
        Report { machine: Machine::this(), load: Load::new(plan, 2), pgbench, sizes, missed: Vec::new() }
    }

    #[test]
    fn figures_come_from_the_histogram() {
        let figures = Figures::new(&tally(100, 1..=100));
        assert_eq!((figures.requests, figures.requests_per_second), (100, 50.0));
        let near = |value: f64, expected: f64| (value - expected).abs() < expected / 500.0;
        assert!(near(figures.p50_ms, 50.0) && near(figures.p99_ms, 99.0) && near(figures.max_ms, 100.0));
    }

    #[test]
    fn ratio_is_the_median_of_the_rounds() {
        let new = |ours: &Tally, rounds| {
            Row::new("relesys read".into(), Kind::Read, 700, ours, beside_bare(), rounds)
        };
        let row = new(&tally(2_000, [2, 8]), vec![0.5, 4.0, 0.5]);
        assert_eq!((row.ratio, row.ratio_by_round.as_slice()), (0.5, [0.5, 4.0, 0.5].as_slice()));
        assert_eq!((row.personae.requests, row.personae.requests_per_second), (2, 1_000.0));
        assert_eq!((ratio(1.0, 2.0), ratio(5.0, 0.0)), (0.5, 0.0));
    }

    #[test]
    fn failures_of_both_are_counted() {
        let failed = |failures| Tally { failures, ..tally(10, [1]) };
        let beside = Beside::Bare(Figures::new(&failed(3)));
        let row = Row::new("relesys read".into(), Kind::Read, 700, &failed(4), beside, vec![1.0]);
        assert_eq!(row.failures, 7);
    }

    #[test]
    fn starts_give_median_and_slowest() {
        let start = Start::new(&[(10.0, 12.0), (30.0, 32.0), (11.0, 13.0)]);
        assert_eq!((start.ready_ms, start.first_read_ms, start.first_read_slowest_ms), (11.0, 13.0, 32.0));
    }

    #[test]
    fn table_shows_every_case() {
        let table = table(&report(1_000_000, beside_bare(), None));
        assert!(table.contains("1,000,000 people") && table.contains("laurel search"), "{table}");
        assert!(table.contains("in turns with bare") && table.contains("bare req/s  bare p99"), "{table}");
        assert!(table.contains("All goals reached.") && !table.contains("pgbench"), "{table}");
    }

    #[test]
    fn table_says_how_pgbench_was_run() {
        let settings = Settings::new("15.18".to_owned(), 2_000_000);
        let table = table(&report(2_000_000, beside_pgbench(), Some(settings)));
        for said in
            ["in turns with pgbench", "-c 16 -j 2", "2,000,000 accounts", "pgbench/s   mean ms", "31.25"]
        {
            assert!(table.contains(said), "{said}: {table}");
        }
        assert!(!table.contains("bare"), "{table}");
    }

    #[test]
    fn figures_of_the_yardstick_are_under_its_name() {
        let json = |report: &Report| serde_json::to_value(report).expect("JSON");
        let bare = json(&report(1_000, beside_bare(), None));
        let row = &bare["sizes"][0]["cases"][0];
        assert_eq!(row["bare"]["requests_per_second"], 500.0);
        assert!(row["bare"].get("failures").is_none() && row.get("pgbench").is_none(), "{row}");
        assert!(bare.get("pgbench").is_none(), "{bare}");

        let settings = Settings::new("15.18".to_owned(), 1_000);
        let pgbench = json(&report(1_000, beside_pgbench(), Some(settings)));
        let row = &pgbench["sizes"][0]["cases"][0];
        assert_eq!(row["pgbench"]["transactions_per_second"], 500.0);
        assert!(row.get("bare").is_none(), "{row}");
        assert_eq!(pgbench["pgbench"]["accounts"], 1_000_000);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
