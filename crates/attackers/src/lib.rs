//! Clients that try to take memory, places and time from a server on this machine.
//!
//! Tests run them for a few seconds and look at what another client sees meanwhile; `cargo xtask attack` runs them for
//! longer and measures it. Every attack is bounded: in connections, in bytes, and by a deadline.

mod attack;
mod client;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub use attack::Attack;
use client::Client;

/// How long an attacker waits before it connects again. The server is to be tested, not the kernel's handshake.
const BEFORE_RECONNECTING: Duration = Duration::from_millis(20);

/// Where the attacks go, and the requests that they are made of.
#[derive(Debug, Clone)]
pub struct Target {
    /// An address of this machine: anything else is refused.
    address: SocketAddr,
    /// Paths that take a JSON body from a client without credentials.
    log_ins: Vec<String>,
    /// A complete request that is answered at length, for the attacks that do not read what they asked for.
    long_answer: Vec<u8>,
}

/// What the attackers saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub connections: u64,
    /// Connections that could not be made.
    pub refused: u64,
    /// Connections that the server ended before the attacker did.
    pub ended_by_server: u64,
}

impl Target {
    /// # Panics
    /// When the address is not one of the loopback interface, or there is no path to log in at.
    pub fn new(address: SocketAddr, log_ins: &[&str], long_answer: Vec<u8>) -> Self {
        assert!(address.ip().is_loopback(), "attacks are for servers on this machine, not for {address}");
        assert!(!log_ins.is_empty(), "an attack needs a path that takes a body");
        Self { address, log_ins: log_ins.iter().map(|path| (*path).to_owned()).collect(), long_answer }
    }

    fn log_in(&self, client: usize) -> &str {
        &self.log_ins[client % self.log_ins.len()]
    }
}

/// Runs attacks side by side, with so many connections together, until the deadline. Every connection is closed when this
/// returns.
pub async fn run(target: &Target, attacks: &[Attack], connections: usize, lasting: Duration) -> Seen {
    let (target, until) = (Arc::new(target.clone()), Instant::now() + lasting);
    let mut clients = JoinSet::new();
    for (number, attack) in attacks.iter().copied().cycle().take(connections).enumerate() {
        clients.spawn(repeat(target.clone(), attack, number, until));
    }
    let mut seen = Seen::default();
    while let Some(one) = clients.join_next().await {
        let one = one.expect("an attacker does not panic");
        seen.connections += one.connections;
        seen.refused += one.refused;
        seen.ended_by_server += one.ended_by_server;
    }
    seen
}

/// One attacker: connects, attacks, and begins again when the server ends the connection.
async fn repeat(target: Arc<Target>, attack: Attack, number: usize, until: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < until {
        match Client::connect(target.address).await {
            Ok(client) => {
                seen.connections += 1;
                let attacking = attack.make(client, &target, number);
                tokio::select! {
                    _ = attacking => seen.ended_by_server += 1,
                    () = sleep_until(until) => break,
                }
            }
            Err(_) => seen.refused += 1,
        }
        tokio::time::sleep(BEFORE_RECONNECTING).await;
    }
    seen
}
