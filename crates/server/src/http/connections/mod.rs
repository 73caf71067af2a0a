//! Connections: accepting them, how long they may wait, and stopping without losing what was accepted.

mod connection;
mod descriptors;
mod notice;
mod places;
mod stream;
mod watched;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use dialects::http::ClientAddress;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use self::connection::{Answer, Connection};
use self::notice::Notice;
use self::places::{Place, Places, Share, Source};
use self::stream::Stream;
use self::watched::{Waits, Watched};
use super::head;
use super::middleware::Middleware;
use super::proxies::Proxies;
use crate::config::Limits;

pub(crate) use descriptors::connections as possible_connections;

/// How long to wait after a failed accept. It fails for want of file descriptors or memory, which others give back.
const AFTER_A_FAILURE: Duration = Duration::from_millis(50);

/// How often the server looks whether such a state is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a client is told whose address has as many requests under way as it may have connections.
const TOO_MANY: &str = "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\n\
    content-type: application/json\r\ncontent-length: 50\r\n\r\n{\"error\":\"too many connections from your address\"}";

/// Serves until `stop` is done, then finishes what was accepted. `connections`: as many at once.
pub(crate) async fn serve(
    listener: TcpListener,
    middleware: Middleware,
    limits: &Limits,
    connections: usize,
    proxies: Proxies,
    stop: impl Future<Output = ()>,
) {
    let mut http = http1::Builder::new();
    // The size of what hyper reads ahead is also that of what it writes ahead: an answer of many pieces is held by few of
    // them. How long a connection may wait is watched here, for hyper does not tell a slow head from an idle connection.
    http.header_read_timeout(None)
        .max_headers(head::FIELDS_READ)
        .max_buf_size(head::bytes_read(limits.header_bytes));
    let waits = Waits {
        head: Duration::from_secs(limits.header_seconds),
        idle: Duration::from_secs(limits.idle_seconds),
        write: Duration::from_secs(limits.write_seconds),
    };
    let include = Arc::new(Include::default());
    let looking = tokio::spawn(tell_what_is_over(include.clone()));
    let places = Places::new(connections, limits.connections_per_address);
    let door = Door { listener, places: places.clone(), proxies: proxies.into(), include };
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (tcp, peer, place) = tokio::select! {
            accepted = door.accept() => accepted,
            () = &mut stop => break,
        };
        let connection = place.connection().clone();
        let service = {
            let (middleware, peer, connection) = (middleware.clone(), peer.clone(), connection.clone());
            service_fn(move |request| answer(middleware.clone(), peer.clone(), connection.clone(), request))
        };
        let stream = TokioIo::new(Stream { tcp, connection: connection.clone() });
        let served = open.watch(http.serve_connection(stream, service));
        let task = tokio::spawn(async move {
            // A client that breaks off, is slow, or speaks something else, is no news.
            match Watched::new(served, place, waits).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "connection ended"),
                Err(wait) => tracing::debug!(?wait, "the client kept the connection waiting for too long"),
            }
        });
        connection.set_task(task.abort_handle());
    }
    drop(door);
    looking.abort();
    tracing::info!(connections = open.count(), "stopping");
    // A part of a head is no request yet; nothing is lost by not waiting for the rest.
    places.close_all_idle();
    let longest = Duration::from_secs(limits.shutdown_seconds);
    if timeout(longest, open.shutdown()).await.is_err() {
        tracing::warn!(seconds = longest.as_secs(), "some requests were not finished in time");
    }
}

/// Whom a connection comes from.
#[derive(Clone)]
enum Peer {
    Client(IpAddr),
    Proxy(IpAddr, Arc<Proxies>),
}

async fn answer(
    middleware: Middleware,
    peer: Peer,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Answer<axum::body::Body>>, &'static str> {
    if !connection.begin_request() {
        return Err("the connection was idle for longest, and another needed its place");
    }
    let client = match peer {
        Peer::Client(address) => address,
        Peer::Proxy(address, proxies) => proxies.client(address, request.headers()),
    };
    let response = middleware.answer(ClientAddress(client), request).await;
    response
        .map(|response| response.map(|body| Answer { body, connection }))
        .map_err(|infallible| match infallible {})
}

/// Where connections come in.
struct Door {
    listener: TcpListener,
    places: Arc<Places>,
    proxies: Arc<Proxies>,
    include: Arc<Include>,
}

/// What keeps connections from being accepted.
#[derive(Debug, Default)]
struct Include {
    descriptors: Notice,
    places: Notice,
    share: Notice,
}

impl Door {
    /// The next connection that finds a place.
    async fn accept(&self) -> (TcpStream, Peer, Place) {
        loop {
            let (tcp, address) = self.next().await;
            let address = address.ip().to_canonical();
            let (peer, source) = match self.proxies.contains(address) {
                true => (Peer::Proxy(address, self.proxies.clone()), Source::Proxies),
                false => (Peer::Client(address), Source::of(address)),
            };
            let share = self.places.share_of(source);
            if share != Share::Free && self.include.share.begins(Instant::now()) {
                tracing::warn!(
                    %address,
                    connections = self.places.share(),
                    "an address has all the connections it may have, and its oldest idle ones are closed for new ones; \
                     if it is a proxy, name it in `proxies`"
                );
            }
            if share == Share::Busy {
                // The client may be gone already.
                tcp.try_write(TOO_MANY.as_bytes()).ok();
                continue;
            }
            if self.places.are_all_taken() && self.include.places.begins(Instant::now()) {
                tracing::warn!(
                    connections = self.places.total(),
                    "all places for connections are taken, and the oldest idle ones are closed for new ones"
                );
            }
            // Answers are small and whole; waiting to fill a packet only delays them. A stream that refuses works all
            // the same.
            tcp.set_nodelay(true).ok();
            return (tcp, peer, self.places.take(source).await);
        }
    }

    async fn next(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_the_client(&error) => {
                    tracing::debug!(%error, "a connection ended unaccepted");
                }
                Err(error) => {
                    if self.include.descriptors.begins(Instant::now()) {
                        tracing::warn!(%error, "cannot accept connections");
                    }
                    self.places.close_idle();
                    sleep(AFTER_A_FAILURE).await;
                }
            }
        }
    }
}

/// Whether the connection that was to be accepted failed, and the next may do.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable,
    };
    let kinds = [ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable];
    kinds.contains(&error.kind())
}

async fn tell_what_is_over(include: Arc<Include>) {
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let now = every.tick().await;
        if let Some(failures) = include.descriptors.ends(now) {
            tracing::info!(failures, "connections are accepted again");
        }
        if let Some(connections) = include.places.ends(now) {
            tracing::info!(connections, "no connection had to make room for a while");
        }
        if let Some(connections) = include.share.ends(now) {
            tracing::info!(connections, "no address had more connections than it may have for a while");
        }
    }
}
