//! The figures of an attack, and which goals they miss.

use std::fmt::Write;

use serde::Serialize;

use super::Left;
use super::neighbour::{Seen, Watched};
use crate::bench::report::mb;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub rows: Vec<Row>,
    pub missed: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub name: String,
    pub updates: Figures,
    pub health: Figures,
    pub peak_mb: f64,
    /// A while after the attack.
    pub left_mb: Option<f64>,
    /// Until the last connection of the attackers was gone; none when some were there after a minute.
    pub seconds_to_no_connection: Option<f64>,
    #[serde(skip)]
    goals: Goals,
    #[serde(skip)]
    was_attacked: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub requests: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub failures: u64,
    pub first_failure: Option<String>,
}

/// What a neighbour may see at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goals {
    update_p99_ms: f64,
    health_p99_ms: f64,
    peak_mb: f64,
}

impl Goals {
    pub(crate) const NONE: Self =
        Self { update_p99_ms: f64::INFINITY, health_p99_ms: f64::INFINITY, peak_mb: f64::INFINITY };
    pub(crate) const UNDER_ATTACK: Self = Self { update_p99_ms: 100.0, health_p99_ms: 50.0, peak_mb: 200.0 };
    pub(crate) const BESIDE_A_BUSY_TENANT: Self = Self { update_p99_ms: 50.0, ..Self::NONE };
}

impl Figures {
    fn new(seen: &Seen) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let latencies = &seen.latencies;
        Self {
            requests: latencies.len(),
            p50_ms: ms(latencies.value_at_quantile(0.5)),
            p99_ms: ms(latencies.value_at_quantile(0.99)),
            max_ms: ms(latencies.max()),
            failures: seen.failures,
            first_failure: seen.first_failure.clone(),
        }
    }
}

impl Row {
    pub(crate) fn new(name: String, watched: &Watched, left: Option<Left>, goals: Goals) -> Self {
        Self {
            name,
            updates: Figures::new(&watched.updates),
            health: Figures::new(&watched.health),
            peak_mb: mb(watched.peak_resident),
            left_mb: left.map(|left| mb(left.resident)),
            seconds_to_no_connection: left.and_then(|left| left.seconds_to_no_connection),
            goals,
            was_attacked: left.is_some(),
        }
    }

    fn missed(&self) -> Vec<String> {
        let Self { name, updates, health, goals, .. } = self;
        let mut missed = Vec::new();
        let mut at_most = |what: &str, value: f64, most: f64, unit: &str| {
            if value >= most {
                missed.push(format!("{name}: {what} {value:.1} {unit}, the goal is under {most} {unit}"));
            }
        };
        at_most("update p99", updates.p99_ms, goals.update_p99_ms, "ms");
        at_most("healthz p99", health.p99_ms, goals.health_p99_ms, "ms");
        at_most("memory", self.peak_mb, goals.peak_mb, "MB");
        for (what, figures) in [("updates", updates), ("healthz", health)] {
            if let Some(failure) = &figures.first_failure {
                missed.push(format!("{name}: {} {what} failed, the first: {failure}", figures.failures));
            }
        }
        if self.was_attacked && self.seconds_to_no_connection.is_none() {
            missed.push(format!("{name}: connections were left after a minute"));
        }
        missed
    }
}

impl Report {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let missed = rows.iter().flat_map(Row::missed).collect();
        Self { rows, missed }
    }

    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{:<16} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
            "", "updates", "p50 ms", "p99 ms", "max ms", "healthz", "p99 ms", "peak MB", "left MB"
        );
        for row in &self.rows {
            let Row { name, updates, health, peak_mb, left_mb, .. } = row;
            let left = left_mb.map_or_else(|| "-".to_owned(), |left| format!("{left:.0}"));
            let written = writeln!(
                text,
                "{name:<16} {:>9} {:>8.1} {:>8.1} {:>8.1} {:>8} {:>8.1} {peak_mb:>8.0} {left:>8}",
                updates.requests,
                updates.p50_ms,
                updates.p99_ms,
                updates.max_ms,
                health.requests,
                health.p99_ms
            );
            written.expect("a text takes what is written to it");
        }
        match self.missed.is_empty() {
            true => text += "All goals are reached.\n",
            false => text.extend(self.missed.iter().map(|missed| format!("missed: {missed}\n"))),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::*;

    fn seen(millis: u64, failures: u64) -> Seen {
        let mut latencies = Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("valid bounds");
        latencies.saturating_record(millis * 1_000_000);
        Seen { latencies, failures, first_failure: (failures > 0).then(|| "answered with 503".to_owned()) }
    }

    fn row(update: u64, health: u64, megabytes: u64, left: Option<f64>) -> Row {
        let watched = Watched {
            updates: seen(update, 0),
            health: seen(health, 0),
            peak_resident: megabytes * 1_000_000,
        };
        let left = Left { seconds_to_no_connection: left, resident: 40_000_000 };
        Row::new("silence".into(), &watched, Some(left), Goals::UNDER_ATTACK)
    }

    #[test]
    fn goals_that_are_missed_are_named() {
        assert_eq!(Report::new(vec![row(20, 10, 100, Some(1.0))]).missed, [""; 0]);
        let missed = Report::new(vec![row(120, 60, 250, None)]).missed;
        assert_eq!(missed.len(), 4, "{missed:?}");
        assert!(
            missed[0].starts_with("silence: update p99 120.") && missed[3].contains("were left"),
            "{missed:?}"
        );
    }

    #[test]
    fn failed_requests_are_told() {
        let watched = Watched { updates: seen(1, 2), health: seen(1, 0), peak_resident: 1 };
        let report = Report::new(vec![Row::new("alone".into(), &watched, None, Goals::NONE)]);
        assert_eq!(report.missed, ["alone: 2 updates failed, the first: answered with 503"]);
        assert!(report.table().contains("missed: alone"));
    }
}
