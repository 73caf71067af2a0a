//! The load generator: connections that are kept alive, each sending its next request when the last is answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use tokio::task::{JoinSet, spawn_blocking};

use crate::calls;
use crate::http::Connection;

/// Stands in a request where a number is written that no other request of the run has.
pub(crate) const NUMBER: &str = "##########";

/// How long after the end of a span its last answers may come.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The requests of a case. Every connection picks among them at random.
#[derive(Debug)]
pub(crate) struct Workload {
    requests: Vec<Template>,
}

/// Bytes to send, and where the number goes that makes each update a change.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    number_at: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub connections: usize,
    pub warm_up: Duration,
    pub span: Duration,
}

/// What one span of load saw.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Time from sending to the last byte of the answer, in nanoseconds.
    pub latencies: Histogram<u64>,
    /// Answers that came within the span.
    pub answered: u64,
    /// Seconds measured.
    pub seconds: f64,
    /// Answers that were no success.
    pub failures: u64,
    pub first_failure: Option<String>,
}

impl Workload {
    pub(crate) fn new(requests: impl IntoIterator<Item = Vec<u8>>) -> anyhow::Result<Self> {
        let requests: Vec<Template> = requests.into_iter().map(Template::new).collect();
        if requests.is_empty() {
            bail!("there is nothing to send");
        }
        Ok(Self { requests })
    }

    /// Sends a few of the requests, and says how long the body of an answer is on average.
    pub(crate) async fn probe(&self, address: SocketAddr) -> anyhow::Result<usize> {
        let mut connection = Connection::open(address).await?;
        let mut buffer = Vec::new();
        let step = self.requests.len().div_ceil(64);
        let (mut bytes, mut answers) = (0, 0);
        for template in self.requests.iter().step_by(step) {
            let request = template.fill(&mut buffer);
            let status = connection.exchange(request).await?;
            let body = connection.body();
            if !(200..300).contains(&status) || matches!(body, b"[]" | b"") {
                let line = calls::request_line(request);
                bail!("{line} answers {status} {}", calls::excerpt(body));
            }
            bytes += body.len();
            answers += 1;
        }
        Ok(bytes / answers)
    }
}

impl Template {
    fn new(bytes: Vec<u8>) -> Self {
        let number_at = bytes.windows(NUMBER.len()).position(|window| window == NUMBER.as_bytes());
        Self { bytes, number_at }
    }

    /// The bytes to send now.
    fn fill<'a>(&'a self, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        /// Shared by all cases, so that no two updates of a run write the same value.
        static NEXT: AtomicU64 = AtomicU64::new(1);

        let Some(start) = self.number_at else { return &self.bytes };
        buffer.clear();
        buffer.extend_from_slice(&self.bytes);
        let mut rest = NEXT.fetch_add(1, Ordering::Relaxed);
        for digit in buffer[start..start + NUMBER.len()].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        buffer
    }
}

/// Keeps a server busy for one span. The connections are shared out over as many threads as there are cores.
pub(crate) async fn run(address: SocketAddr, workload: &Arc<Workload>, plan: Plan) -> anyhow::Result<Tally> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(plan.connections);
    // Connecting is part of the warm-up, so that all threads can keep one timetable without waiting for each other.
    let begin = Instant::now() + plan.warm_up;
    let timetable = Timetable { begin, end: begin + plan.span };
    let mut running = JoinSet::new();
    for thread in 0..threads {
        let connections = (thread..plan.connections).step_by(threads).map(|number| number as u64);
        let share: Vec<u64> = connections.collect();
        let workload = Arc::clone(workload);
        running.spawn(async move {
            let thread = spawn_blocking(move || run_thread(address, &workload, &share, timetable));
            thread.await.context("a load thread panicked")?
        });
    }
    let mut total = Tally::new(plan.span)?;
    while let Some(tally) = running.join_next().await {
        total.add(tally??)?;
    }
    Ok(total)
}

#[derive(Debug, Clone, Copy)]
struct Timetable {
    begin: Instant,
    end: Instant,
}

/// One thread with a runtime of its own: nothing is handed between threads while the load runs.
fn run_thread(
    address: SocketAddr,
    workload: &Arc<Workload>,
    share: &[u64],
    timetable: Timetable,
) -> anyhow::Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tally = Arc::new(Mutex::new(Tally::new(timetable.end - timetable.begin)?));
    runtime.block_on(async {
        let mut connections = JoinSet::new();
        for number in share {
            let (workload, tally) = (Arc::clone(workload), Arc::clone(&tally));
            connections.spawn(run_connection(address, workload, *number, timetable, tally));
        }
        let all = async {
            while let Some(connection) = connections.join_next().await {
                connection??;
            }
            anyhow::Ok(())
        };
        let last = (timetable.end + TIMEOUT).into();
        tokio::time::timeout_at(last, all).await.context("the server stopped answering")?
    })?;
    drop(runtime);
    let tally = Arc::into_inner(tally).context("a connection outlived its thread")?;
    Ok(tally.into_inner().expect("no connection panicked"))
}

async fn run_connection(
    address: SocketAddr,
    workload: Arc<Workload>,
    number: u64,
    timetable: Timetable,
    tally: Arc<Mutex<Tally>>,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let mut random = Random(number);
    let mut buffer = Vec::new();
    loop {
        let template = &workload.requests[random.below(workload.requests.len())];
        let request = template.fill(&mut buffer);
        let begun = Instant::now();
        if begun >= timetable.end {
            return Ok(());
        }
        let status = connection.exchange(request).await?;
        let ended = Instant::now();
        let mut tally = tally.lock().expect("no connection panicked");
        if begun >= timetable.begin {
            tally.latencies.saturating_record((ended - begun).as_nanos() as u64);
        }
        if (timetable.begin..timetable.end).contains(&ended) {
            tally.answered += 1;
        }
        if !(200..300).contains(&status) {
            tally.failures += 1;
            tally.first_failure.get_or_insert_with(|| {
                let line = calls::request_line(request);
                format!("{line} answered {status} {}", calls::excerpt(connection.body()))
            });
        }
    }
}

impl Tally {
    pub(crate) fn new(span: Duration) -> anyhow::Result<Self> {
        // A microsecond to a minute, three digits: an answer slower than that has failed the span already.
        let latencies = Histogram::new_with_bounds(1_000, 60_000_000_000, 3)?;
        let seconds = span.as_secs_f64();
        Ok(Self { latencies, answered: 0, seconds, failures: 0, first_failure: None })
    }

    /// Takes in what another thread saw in the same span.
    fn add(&mut self, other: Self) -> anyhow::Result<()> {
        self.latencies.add(&other.latencies)?;
        self.answered += other.answered;
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        Ok(())
    }

    /// Takes in a later span.
    pub(crate) fn append(&mut self, later: Self) -> anyhow::Result<()> {
        self.seconds += later.seconds;
        self.add(later)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.seconds
    }
}

/// SplitMix64: good enough to pick people, and the same picks in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::request;

    const SHORT: Plan =
        Plan { connections: 5, warm_up: Duration::from_millis(50), span: Duration::from_millis(200) };

    /// A server that answers updates with 200 and everything else with 404.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let app = axum::Router::new().fallback(async |method: axum::http::Method, body: String| {
            let status = if method == "PATCH" { StatusCode::OK } else { StatusCode::NOT_FOUND };
            (status, format!("{{\"echo\":{body:?}}}"))
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    fn workload(method: &str) -> Arc<Workload> {
        let body = format!("name {NUMBER}");
        let requests = ["/a", "/b", "/c"].map(|path| request(method, path, &[], Some(("text/plain", &body))));
        Arc::new(Workload::new(requests).expect("three requests"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn every_answer_is_counted_and_timed() {
        let address = server().await;
        let updates = workload("PATCH");
        assert_eq!(updates.probe(address).await.expect("answers"), "{\"echo\":\"name 0000000001\"}".len());
        let tally = run(address, &updates, SHORT).await.expect("a span of load");
        assert_eq!((tally.failures, tally.first_failure), (0, None));
        assert!(tally.answered > 0 && !tally.latencies.is_empty());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refusals_are_counted_as_failures() {
        let address = server().await;
        let refused = workload("PUT");
        let tally = run(address, &refused, SHORT).await.expect("a span of load");
        assert!(tally.failures > 0);
        let first = tally.first_failure.expect("the first failure is kept");
        assert!(first.contains("PUT /") && first.contains("404"), "{first}");
        assert!(refused.probe(address).await.is_err());
    }

    #[tokio::test]
    async fn server_that_is_not_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        assert!(run(address, &workload("PATCH"), SHORT).await.is_err());
    }

    #[test]
    fn no_two_updates_write_the_same_value() {
        let template = Template::new(format!("PATCH {NUMBER}!").into_bytes());
        let (mut first, mut second) = (Vec::new(), Vec::new());
        template.fill(&mut first);
        template.fill(&mut second);
        assert_ne!(first, second);
        assert_eq!(first.len(), template.bytes.len(), "Content-Length stays true");
        assert!(first.ends_with(b"!") && first[6..16].iter().all(u8::is_ascii_digit));
    }

    #[test]
    fn picks_reach_everything_and_nothing_else() {
        let mut random = Random(7);
        let mut seen = [0_u32; 10];
        for _ in 0..1_000 {
            seen[random.below(10)] += 1;
        }
        assert!(seen.iter().all(|count| (50..200).contains(count)), "{seen:?}");
    }
}
