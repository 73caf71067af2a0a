//! From an open store to a stopped server: what `serve` and `demo` share.

use std::sync::Arc;
use std::time::Duration;

use dialects::Composed;
use directory::Directory;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::http::{self, Cors, Middleware, RequestLog, Settings};
use crate::open::Place;

/// How often it is noted which credentials were used. A crash loses that much of it, which nobody's data depends on.
const NOTE_USE_EVERY: Duration = Duration::from_secs(5);

/// The wish to stop: SIGTERM, SIGINT as Ctrl-C sends it, or SIGHUP as a terminal sends it that is closed.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    /// None where it is ignored from the start, as `nohup` has it: then the server is to outlive its terminal.
    hang_up: Option<Signal>,
}

impl Stop {
    /// From here on the signals end nothing by themselves.
    pub(crate) fn on_signals() -> Result<Self, Error> {
        let on =
            |kind| signal(kind).map_err(|error| Error::new(format!("signals cannot be waited for: {error}")));
        let hang_up = SignalKind::hangup();
        Ok(Self {
            hang_up: if is_ignored(hang_up) { None } else { Some(on(hang_up)?) },
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            Some(_) = async { self.hang_up.as_mut()?.recv().await } => {}
        }
    }
}

/// Whether the process was started with this signal ignored, as far as the system tells it: Linux does.
fn is_ignored(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal.as_raw_value() - 1) & 1 == 1
}

/// A server that clients can reach already; their requests wait until it serves.
pub(crate) struct Listening {
    listener: TcpListener,
    /// How many connections it takes at once.
    connections: usize,
    /// What it is to serve.
    pub store: Place,
    /// How a client on this machine reaches it.
    pub url: String,
}

impl Listening {
    pub(crate) async fn bind(config: &Config) -> Result<Self, Error> {
        let store = Place::parse(&config.store)?;
        // The store's files are opened after this, and find the raised limit.
        let connections = http::possible_connections(config.limits.connections);
        let listener = http::bind(&config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::new(format!("the listener has no address: {error}")))?;
        Ok(Self { listener, connections, store, url: http::url(address) })
    }

    /// Serves until it is to stop, finishes what was accepted, and closes the store.
    pub(crate) async fn serve(
        self,
        config: &Config,
        app: App,
        apis: Composed,
        requests: Option<RequestLog>,
        mut stop: Stop,
    ) -> Result<(), Error> {
        let App { directory, keyring } = app;
        let proxies = config.proxies()?;
        let settings = Settings {
            header_bytes: config.limits.header_bytes,
            body_seconds: config.limits.body_seconds,
            body_bytes_in_flight: config.limits.body_bytes_in_flight,
            cors: Cors::new(&config.cors.origins),
            log: requests,
        };
        let middleware = Middleware::new(directory.clone(), apis, settings);
        tracing::info!(url = self.url, store = %self.store, "ready");

        let noting = tokio::spawn(note_use(directory.clone()));
        let following = tokio::spawn(async move { keyring.follow().await });
        http::serve(self.listener, middleware, &config.limits, self.connections, proxies, stop.wait()).await;
        noting.abort();
        following.abort();
        flush_use(&directory).await;
        tracing::info!("stopped");
        Ok(())
    }
}

async fn note_use(directory: Arc<Directory>) {
    let mut every = tokio::time::interval(NOTE_USE_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        flush_use(&directory).await;
    }
}

async fn flush_use(directory: &Directory) {
    let used = directory.take_used();
    // The store has logged a failure, and the credentials' next use is noted anyway.
    if !used.is_empty() && directory.store().note_use(used).await.is_err() {
        tracing::warn!("the last use of some credentials was not noted");
    }
}
