//! The yardstick: an axum server that does nothing but answer, as a process of its own.

use std::io::Read;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::serve::ListenerExt;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

const START_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Length of every answer's JSON body
    #[arg(long, value_name = "BYTES")]
    size: usize,
}

/// Serves until standard input ends, which it does when the process that started this one is gone.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    // The runtime that `#[tokio::main]` would make: as many workers as there are cores.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, router(options.size)).await.context("the bare server failed")
    })
}

/// Whatever is asked, the request's body is read and the same JSON answered.
fn router(size: usize) -> Router {
    let answer = Bytes::from(json_of_size(size));
    Router::new().fallback(async move |_body: Bytes| ([(CONTENT_TYPE, "application/json")], answer.clone()))
}

/// A JSON object of so many bytes, or the shortest there is.
fn json_of_size(size: usize) -> String {
    let frame = r#"{"data":""}"#;
    let filling = "x".repeat(size.saturating_sub(frame.len()));
    format!(r#"{{"data":"{filling}"}}"#)
}

/// The bare server as a child process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Bare {
    child: Child,
    pub address: SocketAddr,
}

impl Bare {
    pub(crate) async fn start(size: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bare", "--size", &size.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the bare server")?;
        let mut output =
            BufReader::new(child.stdout.take().context("the bare server has no output")?).lines();
        let line =
            timeout(START_LIMIT, output.next_line()).await.context("the bare server does not start")??;
        let address = line.context("the bare server ended at once")?.parse()?;
        Ok(Self { child, address })
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot stop the bare server")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_is_json_of_the_size_asked_for() {
        for size in [11, 12, 700] {
            let json = json_of_size(size);
            assert_eq!(json.len(), size);
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        }
        assert_eq!(json_of_size(0), r#"{"data":""}"#);
    }
}
