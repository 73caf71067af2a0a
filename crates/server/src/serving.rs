//! From an open store to a stopped server: what `serve` and `demo` share.

use std::sync::Arc;
use std::time::Duration;

use directory::Directory;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::{App, compose};
use crate::config::Config;
use crate::failure::Failure;
use crate::http::{self, Front, RequestLog};
use crate::open::Place;

/// How often it is noted which credentials were used. A crash loses that much of it, which nobody's data depends on.
const NOTE_USE_EVERY: Duration = Duration::from_secs(5);

/// The wish to stop: SIGTERM, or SIGINT as Ctrl-C sends it.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From here on the signals end nothing by themselves.
    pub(crate) fn on_signals() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|error| Failure::new(format!("signals cannot be waited for: {error}")))
        };
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A server that clients can reach already; their requests wait until it serves.
pub(crate) struct Listening {
    listener: TcpListener,
    /// What it is to serve.
    pub store: Place,
    /// How a client on this machine reaches it.
    pub url: String,
}

impl Listening {
    pub(crate) async fn bind(config: &Config) -> Result<Self, Failure> {
        let store = Place::parse(&config.store)?;
        let listener = http::bind(&config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(format!("the listener has no address: {error}")))?;
        Ok(Self { listener, store, url: http::url(address) })
    }

    /// Serves until it is to stop, finishes what was accepted, and closes the store.
    pub(crate) async fn serve(self, config: &Config, app: App, requests: Option<RequestLog>, mut stop: Stop) {
        let App { directory, keyring } = app;
        let apis = compose(&directory, config);
        let patience = Duration::from_secs(config.limits.body_seconds);
        let front = Front::new(directory.clone(), apis, patience, requests);
        tracing::info!(url = self.url, store = %self.store, "ready");

        let noting = tokio::spawn(note_use(directory.clone()));
        let following = tokio::spawn(async move { keyring.follow().await });
        http::serve(self.listener, front, &config.limits, stop.wait()).await;
        noting.abort();
        following.abort();
        flush_use(&directory).await;
        tracing::info!("stopped");
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
