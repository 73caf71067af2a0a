//! The built binary as a child process: starting it, knowing when it answers, weighing it, stopping it.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::http::{self, Connection};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The line that `personae demo --json` prints, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Demo {
    pub url: String,
    pub people: Vec<DemoPerson>,
    pub relesys: RelesysClient,
    pub replay: ReplayKey,
    pub kare: Kare,
    pub laurel: LaurelClient,
    pub stranger: Stranger,
}

/// Another tenant, as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stranger {
    pub people: Vec<DemoPerson>,
    pub replay: ReplayKey,
}

/// One person's id in each API.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DemoPerson {
    pub relesys: String,
    pub replay: String,
    pub kare: i64,
    pub laurel: String,
    pub email: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelesysClient {
    pub client_id: String,
    pub client_secret: String,
    pub department_ids: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplayKey {
    pub api_key: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Kare {
    pub admin: Login,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Login {
    pub email: String,
    pub password: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaurelClient {
    pub client_id: String,
    pub client_secret: String,
    pub customer_id: String,
}

/// A running server. Dropping it kills it, so that no way out of a run leaves one behind.
#[derive(Debug)]
pub(crate) struct Personae {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    /// Held open: a server that writes to a closed output would fail for a reason that is ours.
    _output: Option<Lines<BufReader<ChildStdout>>>,
}

impl Personae {
    /// Starts `personae demo --json` and waits for its line. The folder takes the log.
    pub(crate) async fn demo(
        binary: &Path,
        arguments: &[String],
        folder: &Path,
        limit: Duration,
    ) -> anyhow::Result<(Self, Demo)> {
        let log = folder.join("demo.log");
        let mut child = Command::new(binary)
            .args(["demo", "--json", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut output = BufReader::new(child.stdout.take().context("the demo has no output")?).lines();
        let line = match timeout(limit, output.next_line()).await {
            Ok(line) => line.context("cannot read the demo's output")?,
            Err(_) => bail!("the demo printed nothing within {} s\n{}", limit.as_secs(), tail(&log)),
        };
        let Some(line) = line else { bail!("the demo ended without a word\n{}", tail(&log)) };
        let demo: Demo = serde_json::from_str(&line).context("the demo's line is not as documented")?;
        let host = demo.url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let address = host
            .and_then(|host| host.parse().ok())
            .with_context(|| format!("the demo's `url` is not http://ADDRESS:PORT but {}", demo.url))?;
        Ok((Self { child, address, log, _output: Some(output) }, demo))
    }

    /// Starts `personae serve` on a store that is there. It may not answer yet; `ready` waits for that. The folder takes
    /// the log.
    pub(crate) fn serve(binary: &Path, store: &str, folder: &Path) -> anyhow::Result<Self> {
        // The port is asked for and given back, so that it is known before the server answers.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let log = folder.join("personae.log");
        let file = File::create(&log)?;
        let child = Command::new(binary)
            .args(["serve", "--listen", &address.to_string(), "--store", store])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { child, address, log, _output: None })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks `/readyz` until it says 200, and returns the connection that heard it.
    pub(crate) async fn ready(&mut self) -> anyhow::Result<Connection> {
        let request = http::request("GET", "/readyz", &[], None);
        let begun = Instant::now();
        loop {
            let last = match Connection::open(self.address).await {
                Ok(mut connection) => match timeout(START_LIMIT, connection.exchange(&request)).await {
                    Ok(Ok(200)) => return Ok(connection),
                    Ok(Ok(status)) => format!("it answers {status}"),
                    Ok(Err(error)) => format!("{error:#}"),
                    Err(_) => "it does not answer".to_owned(),
                },
                Err(error) => format!("{error:#}"),
            };
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it was ready ({status})\n{}", tail(&self.log));
            }
            if begun.elapsed() > START_LIMIT {
                bail!("not ready within {} s: {last}\n{}", START_LIMIT.as_secs(), tail(&self.log));
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let id = id.with_context(|| format!("the server had already ended\n{}", tail(&self.log)))?;
        kill_process(id, Signal::TERM).context("cannot send SIGTERM")?;
        match timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(status) => status.context("cannot learn how the server ended"),
            Err(_) => {
                bail!("still running {} s after SIGTERM\n{}", STOP_LIMIT.as_secs(), tail(&self.log))
            }
        }
    }

    /// What the kernel says of the process's memory.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let id = self.child.id().context("the server has ended")?;
        let status =
            std::fs::read_to_string(format!("/proc/{id}/status")).context("memory is read from /proc")?;
        parse_memory(&status).context("the kernel does not tell the memory of the process")
    }

    /// Sockets that the process holds, its listener included.
    pub(crate) fn sockets(&self) -> anyhow::Result<usize> {
        let id = self.child.id().context("the server has ended")?;
        let descriptors =
            std::fs::read_dir(format!("/proc/{id}/fd")).context("descriptors are read from /proc")?;
        let is_socket = |link: std::path::PathBuf| link.to_string_lossy().starts_with("socket:");
        Ok(descriptors
            .flatten()
            .filter_map(|entry| entry.path().read_link().ok())
            .filter(|link| is_socket(link.clone()))
            .count())
    }

    /// An error with the last lines of the log, which may say why.
    pub(crate) fn explain(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("{error:#}\n{}", tail(&self.log))
    }
}

/// Memory of a process in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub resident: u64,
    /// The most it has been so far.
    pub peak: u64,
}

fn parse_memory(status: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return "its log is empty".to_owned();
    }
    let last = &lines[lines.len().saturating_sub(20)..];
    format!("the end of its log:\n{}", last.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_table() {
        let status = "Name:\tpersonae\nVmPeak:\t  900000 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(parse_memory(status), Some(Memory { resident: 10_485_760, peak: 20_971_520 }));
        assert_eq!(parse_memory("Name:\tzombie\n"), None);
    }

    #[test]
    fn demo_line_is_read_by_its_documented_members() {
        let line = r#"{"url":"http://127.0.0.1:8080","people":[{"relesys":"a","replay":"b","kare":7,"laurel":"c",
            "email":"e@example.com"}],"relesys":{"clientId":"i","clientSecret":"s","departmentIds":["d"]},
            "replay":{"apiKey":"k"},"kare":{"organizationId":1,"admin":{"email":"m","password":"p","userId":7}},
            "laurel":{"clientId":"i","clientSecret":"s","customerId":"u","roleIds":[]},
            "stranger":{"people":[],"replay":{"apiKey":"k2"}}}"#;
        let demo: Demo = serde_json::from_str(line).expect("the documented members are there");
        assert_eq!((demo.people[0].kare, demo.laurel.customer_id.as_str()), (7, "u"));
        assert!(serde_json::from_str::<Demo>(r#"{"url":"http://127.0.0.1:8080"}"#).is_err());
    }
}
