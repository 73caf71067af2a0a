//! The listener, and the address that clients reach it at.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

use crate::error::Error;

/// Bytes of answers that the system holds for each client that does not take them; Linux takes twice as many, with what it
/// notes about them. Left to itself it holds some megabytes, and hides for as long that a client takes nothing. As many
/// under way at once fill a line of 10 Mbit/s to a client that is 100 ms away.
const SEND_BUFFER: u32 = 128 * 1024;

/// Connections that the system holds until they are accepted, as the standard library's do, eight times over: a burst of
/// clients should wait and not be lost.
const BACKLOG: u32 = 1_024;

pub(crate) async fn bind(address: &str) -> Result<TcpListener, Error> {
    listen(address).await.map_err(|error| {
        let failure = Error::new(format!("cannot listen on {address}: {error}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                failure.hint("stop the program that listens there, or take another port: --listen 127.0.0.1:0 finds a free one")
            }
            io::ErrorKind::PermissionDenied => {
                failure.hint("ports below 1024 are for the system; take another one with --listen")
            }
            _ => failure.hint("give an address of this machine and a port, as in --listen 127.0.0.1:8080"),
        }
    })
}

/// On the first of the addresses that a name stands for which can be had.
async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::InvalidInput, "the name stands for no address");
    for address in lookup_host(address).await? {
        match listen_at(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    // The connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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
