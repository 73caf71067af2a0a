//! From histograms to figures, from figures to a table, and which of the project's goals they miss.

use std::fmt::Write;

use serde::Serialize;

use super::cases::Kind;
use super::load::{Plan, Tally};
use crate::personae::Memory;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub machine: Machine,
    pub load: Load,
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
    pub bare: Figures,
    /// Requests per second of Personae over those of the bare server: the median of the rounds, because a round in
    /// which something else took the machine says nothing about either.
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
    /// From the spans of the two servers, in the order they ran.
    pub(crate) fn new(
        case: String,
        kind: Kind,
        body_bytes: usize,
        spans: Vec<(Tally, Tally)>,
    ) -> anyhow::Result<Self> {
        let rounds = spans.iter().map(|(bare, ours)| ratio(ours.per_second(), bare.per_second()));
        let ratio_by_round: Vec<f64> = rounds.collect();
        let mut spans = spans.into_iter();
        let (mut bare, mut ours) = spans.next().ok_or_else(|| anyhow::anyhow!("no span was measured"))?;
        for (later_bare, later_ours) in spans {
            bare.append(later_bare)?;
            ours.append(later_ours)?;
        }
        Ok(Self {
            case,
            kind,
            body_bytes,
            ratio: median_and_most(ratio_by_round.iter().copied()).0,
            ratio_by_round,
            failures: ours.failures + bare.failures,
            personae: Figures::new(&ours),
            bare: Figures::new(&bare),
        })
    }
}

fn ratio(ours: f64, bare: f64) -> f64 {
    if bare > 0.0 { ours / bare } else { 0.0 }
}

impl Figures {
    fn new(tally: &Tally) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1_000_000.0;
        let latencies = &tally.latencies;
        Self {
            requests: latencies.len(),
            requests_per_second: tally.per_second(),
            p50_ms: ms(latencies.value_at_quantile(0.5)),
            p99_ms: ms(latencies.value_at_quantile(0.99)),
            max_ms: ms(latencies.max()),
        }
    }
}

/// The goals of the project that the figures do not reach, each as a sentence.
pub(crate) fn missed(sizes: &[Size]) -> Vec<String> {
    let mut missed = Vec::new();
    for size in sizes {
        let people = thousands(size.people);
        let mut goal = |reached: bool, text: String| {
            if !reached {
                missed.push(format!("{text}, {people} people"));
            }
        };
        for row in &size.cases {
            let least = match row.kind {
                Kind::Read => 0.6,
                Kind::Update => 0.25,
                Kind::Search => 0.0,
            };
            let name = &row.case;
            goal(row.ratio >= least, format!("{name}: {:.2} of bare, the goal is {least}", row.ratio));
            if row.kind != Kind::Read {
                let p99 = row.personae.p99_ms;
                goal(p99 < 50.0, format!("{name}: p99 {p99:.1} ms, the goal is under 50 ms"));
            }
        }
        let MemoryMb { idle, peak, .. } = size.memory;
        goal(idle < 60.0, format!("memory: {idle:.1} MB idle, the goal is under 60 MB"));
        goal(peak < 150.0, format!("memory: {peak:.1} MB at most, the goal is under 150 MB"));
        let start = size.start.first_read_slowest_ms;
        goal(start < 1000.0, format!("start: {start:.0} ms to the first answer, the goal is under 1 s"));
    }
    missed.extend(growth_missed(sizes));
    missed
}

/// Growth is judged by the ratio to bare, because the machine may have been faster or slower at the other size.
fn growth_missed(sizes: &[Size]) -> Vec<String> {
    let (Some(small), Some(large)) = (sizes.first(), sizes.last()) else { return Vec::new() };
    let mut missed = Vec::new();
    for row in large.cases.iter().filter(|row| row.kind != Kind::Search) {
        let Some(before) = small.cases.iter().find(|before| before.case == row.case) else { continue };
        let kept = ratio(row.ratio, before.ratio);
        if kept < 2.0 / 3.0 {
            let (from, to) = (thousands(small.people), thousands(large.people));
            let name = &row.case;
            missed.push(format!(
                "{name}: from {from} to {to} people {kept:.2} is kept, the goal is two thirds"
            ));
        }
    }
    missed
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
            "{connections} connections, {rounds} spans of {span_seconds} s each, in turns with bare"
        ),
    );
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
            "bare req/s",
            "bare p99",
            "ratio",
            "failed"
        ),
    );
    for row in &size.cases {
        let Row { case, body_bytes, personae, bare, ratio, failures, .. } = row;
        line(
            text,
            format_args!(
                "{case:<15} {body_bytes:>6} {:>9} {:>9.2} {:>9.2} {:>9.2} {:>10} {:>9.2} {ratio:>6.2} {failures:>7}",
                thousands(personae.requests_per_second.round() as u64),
                personae.p50_ms,
                personae.p99_ms,
                personae.max_ms,
                thousands(bare.requests_per_second.round() as u64),
                bare.p99_ms,
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
mod tests {
    use super::*;
    use crate::bench::cases;

    fn tally(answered: u64, milliseconds: impl IntoIterator<Item = u64>) -> Tally {
        let mut latencies =
            hdrhistogram::Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("bounds");
        for value in milliseconds {
            latencies.record(value * 1_000_000).expect("within bounds");
        }
        Tally { latencies, answered, seconds: 2.0, failures: 0, first_failure: None }
    }

    fn row(name: &str, ratio: f64, p99: u64) -> Row {
        let case = cases::all().into_iter().find(|case| case.name() == name).expect("a case of the bench");
        let ours = tally((1_000.0 * ratio) as u64, [p99]);
        Row::new(case.name(), case.kind, 700, vec![(tally(1_000, [1]), ours)]).expect("a span")
    }

    fn size(people: u64, cases: Vec<Row>) -> Size {
        let idle = Memory { resident: 20_000_000, peak: 30_000_000 };
        let start = Start::new(&[(10.0, 12.0), (30.0, 32.0), (11.0, 13.0)]);
        let memory = MemoryMb::new(idle, idle);
        Size { people, seed_seconds: 1.0, store_mb: 2.0, start, memory, cases }
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
        let new = |spans| Row::new("relesys read".into(), Kind::Read, 700, spans);
        let round = |bare, ours| (tally(bare, [1]), tally(ours, [2, 8]));
        let row =
            new(vec![round(1_000, 500), round(1_000, 4_000), round(3_000, 1_500)]).expect("three rounds");
        assert_eq!((row.ratio, row.ratio_by_round.as_slice()), (0.5, [0.5, 4.0, 0.5].as_slice()));
        assert_eq!((row.personae.requests, row.personae.requests_per_second), (6, 1_000.0));
        assert!(new(Vec::new()).is_err());
        assert_eq!(ratio(5.0, 0.0), 0.0);
    }

    #[test]
    fn starts_give_median_and_slowest() {
        let start = Start::new(&[(10.0, 12.0), (30.0, 32.0), (11.0, 13.0)]);
        assert_eq!((start.ready_ms, start.first_read_ms, start.first_read_slowest_ms), (11.0, 13.0, 32.0));
    }

    #[test]
    fn goals_that_are_missed_are_named() {
        let good = size(1_000, vec![row("relesys read", 0.7, 2), row("kare update", 0.3, 49)]);
        assert_eq!(missed(&[good]), Vec::<String>::new());
        let bad = size(1_000, vec![row("relesys read", 0.5, 2), row("kare update", 0.2, 60)]);
        let found = missed(&[bad]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("relesys read: 0.50 of bare"), "{found:?}");
        assert!(found[2].contains("p99"), "{found:?}");
    }

    #[test]
    fn growth_that_costs_too_much_is_named() {
        let small = || size(1_000, vec![row("relesys read", 1.0, 2)]);
        let found = missed(&[small(), size(1_000_000, vec![row("relesys read", 0.62, 2)])]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("from 1,000 to 1,000,000 people 0.62 is kept"), "{found:?}");
        assert!(missed(&[small(), size(1_000_000, vec![row("relesys read", 0.7, 2)])]).is_empty());
    }

    #[test]
    fn table_shows_every_case() {
        let sizes = vec![size(1_000_000, vec![row("laurel search", 0.7, 2)])];
        let plan = Plan { connections: 64, warm_up: Default::default(), span: Default::default() };
        let report = Report { machine: Machine::this(), load: Load::new(plan, 2), sizes, missed: Vec::new() };
        let table = table(&report);
        assert!(table.contains("1,000,000 people") && table.contains("laurel search"), "{table}");
        assert!(table.contains("All goals reached."), "{table}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
