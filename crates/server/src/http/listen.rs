//! Accepting connections, and stopping without losing what was accepted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dialects::http::ClientAddress;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::front::Front;
use super::head;
use crate::config::Limits;
use crate::failure::Failure;

/// How long to wait after a failed accept. It fails for want of file handles, which other connections give back.
const AFTER_A_FAILURE: Duration = Duration::from_millis(50);

pub(crate) async fn bind(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::new(format!("cannot listen on {address}: {error}"));
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("stop the program that listens there, or take another port: --listen 127.0.0.1:0 finds a free one")
            }
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("ports below 1024 are for the system; take another one with --listen")
            }
            _ => failure.hint("give an address of this machine and a port, as in --listen 127.0.0.1:8080"),
        }
    })
}

/// How a client on this machine reaches the listener.
pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{}", authority(address))
}

/// The same without the scheme.
pub(crate) fn authority(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address.to_string()
}

/// Serves until `stop` is done, then finishes what was accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    front: Front,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) {
    let mut connection = http1::Builder::new();
    connection
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_seconds))
        .max_headers(head::FIELDS_READ)
        .max_buf_size(head::bytes_read(limits.header_bytes));
    let free = Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS)));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, client, place) = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = &mut stop => break,
        };
        let front = front.clone();
        let service = service_fn(move |request| front.clone().answer(client, request));
        let served = open.watch(connection.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that breaks off, or speaks something else, is no news.
            if let Err(error) = served.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    let patience = Duration::from_secs(limits.shutdown_seconds);
    tracing::info!(connections = open.count(), "stopping");
    if timeout(patience, open.shutdown()).await.is_err() {
        tracing::warn!(seconds = patience.as_secs(), "some requests were not finished in time");
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> (TcpStream, ClientAddress, OwnedSemaphorePermit) {
    let place = free.clone().acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and whole; waiting to fill a packet only delays them. A stream that refuses works all
                // the same.
                stream.set_nodelay(true).ok();
                return (stream, ClientAddress(peer.ip().to_canonical()), place);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(AFTER_A_FAILURE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_told_can_be_called() {
        assert_eq!(url("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(url("[::]:81".parse().unwrap()), "http://[::1]:81");
        assert_eq!(url("192.0.2.1:82".parse().unwrap()), "http://192.0.2.1:82");
    }
}
