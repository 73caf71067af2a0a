//! One connection of an attacker.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

#[derive(Debug)]
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpStream::connect(address).await?))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Reads and drops what comes until the server ends the connection.
    pub(crate) async fn wait_for_end(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4_096];
        while self.0.read(&mut buffer).await? > 0 {}
        Ok(())
    }

    /// Reads one byte at a time, and then nothing for a while.
    pub(crate) async fn read_slowly(&mut self, pause: Duration) -> io::Result<()> {
        let mut byte = [0];
        while self.0.read(&mut byte).await? > 0 {
            sleep(pause).await;
        }
        Ok(())
    }

    /// Keeps the connection and reads nothing. The end of the connection shows when the next byte is written.
    pub(crate) async fn hold(&mut self, pause: Duration, byte: &[u8]) -> io::Result<Infallible> {
        loop {
            sleep(pause).await;
            self.send(byte).await?;
        }
    }

    /// Sends the same request again and again, and never reads an answer.
    pub(crate) async fn pipeline(&mut self, request: &[u8]) -> io::Result<Infallible> {
        loop {
            self.send(request).await?;
        }
    }

    /// Sends one request and reads its answer, of at most a few kilobytes. False when the connection ended.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<bool> {
        self.send(request).await?;
        let mut buffer = [0; 16_384];
        Ok(self.0.read(&mut buffer).await? > 0)
    }
}
