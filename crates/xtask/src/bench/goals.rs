//! Which of the project's goals the figures miss.

use super::cases::Kind;
use super::report::{MemoryMb, Row, Size, ratio, thousands};

/// What Personae is to reach beside a yardstick.
#[derive(Debug)]
pub(crate) struct Goals {
    /// The least ratio of a read.
    read: f64,
    /// The least ratio of an update.
    update: f64,
    /// The least ratio of a user created.
    create: Option<f64>,
    /// For a page of 100 users.
    list_p99_ms: f64,
    /// What is to stay below a limit whatever the yardstick does.
    limits: Option<Limits>,
}

#[derive(Debug)]
struct Limits {
    /// For updates and searches.
    p99_ms: f64,
    idle_mb: f64,
    peak_mb: f64,
    start_ms: f64,
}

pub(crate) const BESIDE_BARE: Goals = Goals {
    read: 0.6,
    update: 0.25,
    create: Some(0.2),
    list_p99_ms: LIST_P99_MS,
    limits: Some(Limits { p99_ms: 50.0, idle_mb: 60.0, peak_mb: 150.0, start_ms: 1000.0 }),
};

/// An update of pgbench is a commit for each row.
pub(crate) const BESIDE_PGBENCH: Goals =
    Goals { read: 0.4, update: 1.0, create: None, list_p99_ms: LIST_P99_MS, limits: None };

const LIST_P99_MS: f64 = 30.0;

/// Of what a small store does in a second, so much a large one does too.
const KEPT: f64 = 2.0 / 3.0;

impl Goals {
    /// Those that are missed, each as a sentence.
    pub(crate) fn missed(&self, sizes: &[Size]) -> Vec<String> {
        let mut missed = Vec::new();
        for size in sizes {
            let people = thousands(size.people);
            let of_size = size.cases.iter().filter_map(|row| self.ratio_missed(row));
            let limits = self.limits.iter().flat_map(|limits| limits.missed(size));
            let lists = size.cases.iter().filter_map(|row| self.list_missed(row));
            missed.extend(of_size.chain(limits).chain(lists).map(|text| format!("{text}, {people} people")));
        }
        missed.extend(growth_missed(sizes));
        missed
    }

    fn ratio_missed(&self, row: &Row) -> Option<String> {
        let least = match row.kind {
            Kind::Read => self.read,
            Kind::Update => self.update,
            Kind::Create => self.create?,
            Kind::Search | Kind::List => return None,
        };
        let Row { case, ratio, beside, .. } = row;
        (*ratio < least).then(|| format!("{case}: {ratio:.2} of {}, the goal is {least}", beside.name()))
    }

    fn list_missed(&self, row: &Row) -> Option<String> {
        let (p99, most) = (row.personae.p99_ms, self.list_p99_ms);
        let is_missed = row.kind == Kind::List && p99 >= most;
        is_missed.then(|| format!("{}: p99 {p99:.1} ms, the goal is under {most} ms", row.case))
    }
}

/// Searches and lists are judged by their time: their answers grow with the people who match.
fn has_ratio(row: &Row) -> bool {
    !matches!(row.kind, Kind::Search | Kind::List)
}

impl Limits {
    fn missed(&self, size: &Size) -> Vec<String> {
        let Self { p99_ms, idle_mb, peak_mb, start_ms } = self;
        let mut missed = Vec::new();
        let mut goal = |reached: bool, text: String| {
            if !reached {
                missed.push(text);
            }
        };
        for row in size.cases.iter().filter(|row| !matches!(row.kind, Kind::Read | Kind::List)) {
            let p99 = row.personae.p99_ms;
            goal(p99 < *p99_ms, format!("{}: p99 {p99:.1} ms, the goal is under {p99_ms} ms", row.case));
        }
        let MemoryMb { idle, peak, .. } = size.memory;
        goal(idle < *idle_mb, format!("memory: {idle:.1} MB idle, the goal is under {idle_mb} MB"));
        goal(peak < *peak_mb, format!("memory: {peak:.1} MB at most, the goal is under {peak_mb} MB"));
        let start = size.start.first_read_slowest_ms;
        let seconds = start_ms / 1000.0;
        goal(
            start < *start_ms,
            format!("start: {start:.0} ms to the first answer, the goal is under {seconds} s"),
        );
        missed
    }
}

/// Growth is judged by the ratio, because the machine may have been faster or slower at the other size. The yardstick
/// has the same to do at every size.
fn growth_missed(sizes: &[Size]) -> Vec<String> {
    let smallest = sizes.iter().min_by_key(|size| size.people);
    let largest = sizes.iter().max_by_key(|size| size.people);
    let (Some(small), Some(large)) = (smallest, largest) else { return Vec::new() };
    let mut missed = Vec::new();
    for row in large.cases.iter().filter(|row| has_ratio(row)) {
        let Some(before) = small.cases.iter().find(|before| before.case == row.case) else { continue };
        let kept = ratio(row.ratio, before.ratio);
        if kept < KEPT {
            let (from, to) = (thousands(small.people), thousands(large.people));
            let name = &row.case;
            missed.push(format!(
                "{name}: from {from} to {to} people {kept:.2} is kept, the goal is two thirds"
            ));
        }
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::{beside_bare, beside_pgbench, row, size};

    #[test]
    fn goals_beside_bare_that_are_missed_are_named() {
        let bare = |name, ratio, p99| row(name, beside_bare(), ratio, p99);
        let good = size(1_000, vec![bare("relesys read", 0.7, 2), bare("kare update", 0.3, 49)]);
        assert_eq!(BESIDE_BARE.missed(&[good]), Vec::<String>::new());
        let bad = size(1_000, vec![bare("relesys read", 0.5, 2), bare("kare update", 0.2, 60)]);
        let found = BESIDE_BARE.missed(&[bad]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "relesys read: 0.50 of bare, the goal is 0.6, 1,000 people");
        assert!(found[2].contains("p99"), "{found:?}");
    }

    #[test]
    fn limits_that_are_passed_are_named() {
        let mut heavy = size(1_000, vec![]);
        heavy.memory = MemoryMb { idle: 60.5, loaded: 150.5, peak: 150.5 };
        heavy.start.first_read_slowest_ms = 1_500.0;
        let found = BESIDE_BARE.missed(&[heavy]);
        assert_eq!(
            found,
            [
                "memory: 60.5 MB idle, the goal is under 60 MB, 1,000 people",
                "memory: 150.5 MB at most, the goal is under 150 MB, 1,000 people",
                "start: 1500 ms to the first answer, the goal is under 1 s, 1,000 people",
            ]
        );
    }

    #[test]
    fn a_list_is_judged_by_its_time_and_a_creation_by_its_ratio() {
        let bare = |name, ratio, p99| row(name, beside_bare(), ratio, p99);
        let with =
            |p99, ratio| size(1_000, vec![bare("relesys list", 0.01, p99), bare("relesys create", ratio, 2)]);
        assert_eq!(BESIDE_BARE.missed(&[with(29, 0.21)]), Vec::<String>::new());
        let found = BESIDE_BARE.missed(&[with(31, 0.19)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("relesys create: 0.19 of bare, the goal is 0.2"), "{found:?}");
        assert!(
            found[1].starts_with("relesys list: p99 31") && found[1].contains("under 30 ms"),
            "{found:?}"
        );
        let beside = |p99| size(1_000, vec![row("relesys list", beside_pgbench(), 0.01, p99)]);
        assert_eq!(BESIDE_PGBENCH.missed(&[beside(31)]).len(), 1);
        assert_eq!(BESIDE_PGBENCH.missed(&[beside(29)]), Vec::<String>::new());
    }

    #[test]
    fn goals_beside_pgbench_that_are_missed_are_named() {
        let pgbench = |name, ratio, p99| row(name, beside_pgbench(), ratio, p99);
        let search = || pgbench("laurel search", 0.01, 500);
        let good =
            size(1_000, vec![pgbench("relesys read", 0.41, 2), pgbench("kare update", 1.0, 90), search()]);
        assert_eq!(BESIDE_PGBENCH.missed(&[good]), Vec::<String>::new());
        let bad =
            size(1_000, vec![pgbench("relesys read", 0.39, 2), pgbench("kare update", 0.99, 2), search()]);
        assert_eq!(
            BESIDE_PGBENCH.missed(&[bad]),
            [
                "relesys read: 0.39 of pgbench, the goal is 0.4, 1,000 people",
                "kare update: 0.99 of pgbench, the goal is 1, 1,000 people",
            ]
        );
    }

    #[test]
    fn growth_that_costs_too_much_is_named() {
        let with = |people, ratio| size(people, vec![row("relesys read", beside_bare(), ratio, 2)]);
        let found = BESIDE_BARE.missed(&[with(1_000, 1.0), with(1_000_000, 0.62)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("from 1,000 to 1,000,000 people 0.62 is kept"), "{found:?}");
        assert!(BESIDE_BARE.missed(&[with(1_000, 1.0), with(1_000_000, 0.7)]).is_empty());
        // In whatever order they were measured.
        assert_eq!(BESIDE_BARE.missed(&[with(1_000_000, 0.62), with(1_000, 1.0)]), found);
    }
}
