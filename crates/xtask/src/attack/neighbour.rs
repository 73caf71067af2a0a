//! The client that the attacks are not about: it updates one user again and again, and asks for the health of the server.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use hdrhistogram::Histogram;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::bench::load::NUMBER;
use crate::calls::Session;
use crate::http::{self, Connection};
use crate::personae::DemoPerson;

/// An answer that takes longer counts as none.
const LONGEST: Duration = Duration::from_secs(10);

/// Between two requests: a neighbour with something to do, not a load.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    address: SocketAddr,
    update: Vec<u8>,
    number_at: usize,
}

/// Goes on until it is ended, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Watching {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<anyhow::Result<Watched>>,
}

/// What the neighbour saw.
#[derive(Debug)]
pub(crate) struct Watched {
    pub updates: Seen,
    pub health: Seen,
    /// The most memory that the server held, in bytes.
    pub peak_resident: u64,
}

#[derive(Debug)]
pub(crate) struct Seen {
    /// Nanoseconds until each answer, connecting included where the connection is new.
    pub latencies: Histogram<u64>,
    /// Requests without a success.
    pub failures: u64,
    pub first_failure: Option<String>,
}

impl Neighbour {
    pub(crate) fn new(address: SocketAddr, session: &Session, person: &DemoPerson) -> anyhow::Result<Self> {
        let update = session.update(person, &format!("Neighbour {NUMBER}"));
        let number_at = update.windows(NUMBER.len()).position(|window| window == NUMBER.as_bytes());
        Ok(Self { address, update, number_at: number_at.context("the update has no number")? })
    }

    pub(crate) fn begin(&self) -> Watching {
        let (stop, mut stopped) = oneshot::channel();
        let neighbour = self.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (mut updates, mut health) = (Seen::new()?, Seen::new()?);
            runtime.block_on(async {
                tokio::select! {
                    _ = &mut stopped => {}
                    () = neighbour.update_for_ever(&mut updates) => {}
                    () = neighbour.ask_for_ever(&mut health) => {}
                }
            });
            Ok(Watched { updates, health, peak_resident: 0 })
        });
        Watching { stop, thread }
    }

    /// On one connection, as integrations do; on a new one when the server has closed it.
    async fn update_for_ever(&self, seen: &mut Seen) {
        let mut connection = None;
        for number in 0_u64.. {
            let request = self.numbered(number);
            let begun = Instant::now();
            let answer = timeout(LONGEST, self.exchange(&mut connection, &request)).await;
            let outcome = answer.unwrap_or_else(|_| Err(anyhow!("no answer within {LONGEST:?}")));
            if outcome.is_err() {
                connection = None;
            }
            seen.note(begun, outcome);
            sleep(PAUSE).await;
        }
    }

    /// On a new connection each time, as a balancer does.
    async fn ask_for_ever(&self, seen: &mut Seen) {
        let request = http::request("GET", "/healthz", &[], None);
        loop {
            let begun = Instant::now();
            let answer = timeout(LONGEST, self.exchange(&mut None, &request)).await;
            seen.note(begun, answer.unwrap_or_else(|_| Err(anyhow!("no answer within {LONGEST:?}"))));
            sleep(PAUSE).await;
        }
    }

    async fn exchange(&self, connection: &mut Option<Connection>, request: &[u8]) -> anyhow::Result<u16> {
        let open = match connection {
            Some(open) => open,
            None => connection.insert(Connection::open(self.address).await?),
        };
        open.exchange(request).await
    }

    fn numbered(&self, number: u64) -> Vec<u8> {
        let mut update = self.update.clone();
        let digits = format!("{number:0width$}", width = NUMBER.len());
        update[self.number_at..self.number_at + NUMBER.len()]
            .copy_from_slice(&digits.as_bytes()[..NUMBER.len()]);
        update
    }
}

impl Watching {
    pub(crate) async fn end(self) -> anyhow::Result<Watched> {
        // A neighbour that ended by itself is found out by the join.
        let _ = self.stop.send(());
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await?;
        joined.map_err(|_| anyhow!("the neighbour panicked"))?
    }
}

impl Seen {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            latencies: Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?,
            failures: 0,
            first_failure: None,
        })
    }

    fn note(&mut self, begun: Instant, outcome: anyhow::Result<u16>) {
        self.latencies.saturating_record(begun.elapsed().as_nanos() as u64);
        let failure = match outcome {
            Ok(200) => return,
            Ok(status) => format!("answered with {status}"),
            Err(error) => format!("{error:#}"),
        };
        self.failures += 1;
        self.first_failure.get_or_insert(failure);
    }
}
