//! What Personae takes turns with, so that a ratio can be told on a machine that is not quiet.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::bare::Bare;
use super::cases::Kind;
use super::load::{self, Plan, Workload};
use super::pgbench::{self, Pgbench};
use super::report::Figures;

/// One of them at work for one case, and what it has done so far.
#[derive(Debug)]
pub(crate) enum Yardstick<'a> {
    Bare { server: Box<Bare>, total: load::Tally },
    Pgbench { pgbench: &'a Pgbench, kind: Kind, total: pgbench::Tally },
}

/// One span of it.
#[derive(Debug)]
pub(crate) struct Lap {
    pub per_second: f64,
    pub first_failure: Option<String>,
}

/// What it did in all spans of a case, under its name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Beside {
    Bare(Figures),
    Pgbench(pgbench::Figures),
}

impl<'a> Yardstick<'a> {
    /// A bare server that answers with so many bytes.
    pub(crate) async fn bare(body_bytes: usize) -> anyhow::Result<Self> {
        let server = Box::new(Bare::start(body_bytes).await?);
        Ok(Self::Bare { server, total: load::Tally::new(Duration::ZERO)? })
    }

    pub(crate) fn pgbench(pgbench: &'a Pgbench, kind: Kind) -> Self {
        Self::Pgbench { pgbench, kind, total: pgbench::Tally::default() }
    }

    /// Its turn: the same requests for who answers requests, the like for who does not.
    pub(crate) async fn run(&mut self, workload: &Arc<Workload>, plan: Plan) -> anyhow::Result<Lap> {
        match self {
            Self::Bare { server, total } => {
                let mut span = load::run(server.address, workload, plan).await?;
                let lap = Lap { per_second: span.per_second(), first_failure: span.first_failure.take() };
                total.append(span)?;
                Ok(lap)
            }
            Self::Pgbench { pgbench, kind, total } => {
                let span = pgbench.span(*kind, plan.span).await?;
                total.append(span);
                Ok(Lap { per_second: span.per_second(), first_failure: None })
            }
        }
    }

    pub(crate) async fn stop(self) -> anyhow::Result<Beside> {
        match self {
            Self::Bare { server, total } => {
                server.stop().await?;
                Ok(Beside::Bare(Figures::new(&total)))
            }
            Self::Pgbench { total, .. } => Ok(Beside::Pgbench(total.figures())),
        }
    }
}

impl Beside {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Bare(_) => "bare",
            Self::Pgbench(_) => "pgbench",
        }
    }

    /// For the two columns of the table: what is counted, and how long that took.
    pub(crate) fn headings(&self) -> [&'static str; 2] {
        match self {
            Self::Bare(_) => ["bare req/s", "bare p99"],
            Self::Pgbench(_) => ["pgbench/s", "mean ms"],
        }
    }

    pub(crate) fn columns(&self) -> (f64, f64) {
        match self {
            Self::Bare(figures) => (figures.requests_per_second, figures.p99_ms),
            Self::Pgbench(figures) => (figures.transactions_per_second, figures.mean_ms),
        }
    }

    pub(crate) fn failures(&self) -> u64 {
        match self {
            Self::Bare(figures) => figures.failures,
            // A run with a failure gives no figures.
            Self::Pgbench(_) => 0,
        }
    }
}
