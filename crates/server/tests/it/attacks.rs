//! What one client sees while others, without credentials, try to take memory, places and time from the server.

use std::thread;
use std::time::{Duration, Instant};

use attackers::{Attack, Target};
use serde_json::json;
use testkit::process::Server;

use crate::demo;

/// Connections of an attack, and how long it goes on. `cargo xtask attack` measures thousands for a minute.
const CONNECTIONS: usize = 100;
const LASTING: Duration = Duration::from_millis(1_500);

/// The most memory that the server may hold, whatever strangers do.
const MOST_MEMORY: u64 = 200_000_000;

/// Until the last connection of an attacker is gone.
const AFTERWARDS: Duration = Duration::from_secs(60);

#[test]
fn a_neighbour_is_served_while_strangers_attack() {
    let server = demo();
    server.client().get("/healthz").expect(200);
    let before = connections(&server);
    for attack in Attack::ALL {
        under_attack(&server, &[attack]);
    }
    under_attack(&server, &Attack::ALL);
    let begun = Instant::now();
    while connections(&server) > before {
        assert!(begun.elapsed() < AFTERWARDS, "{} connections are left of {before}", connections(&server));
        thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn under_attack(server: &Server, attacks: &[Attack]) {
    let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let log_ins = ["/auth/v1/rs/login/credentials", "/laurel/api/v1/oauth/token"];
    let long_answer = b"GET /api/v1.4/users/1 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec();
    let target = Target::new(address, &log_ins, long_answer);
    let names: Vec<_> = attacks.iter().map(|attack| attack.name()).collect();
    let attacks = attacks.to_vec();
    let attacking = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(attackers::run(&target, &attacks, CONNECTIONS, LASTING))
    });
    let tenant = &server.seed().tenant;
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let (mut served, mut peak) = (0, 0);
    while !attacking.is_finished() {
        let name = format!("Ada {served}");
        let update = server.client().request("PATCH", &path).header("x-api-key", &tenant.replay.api_key);
        let answer = update.json(json!({ "firstName": name })).send().expect(200);
        assert_eq!(answer.json()["firstName"], json!(name), "{names:?}");
        server.client().request("GET", "/healthz").header("connection", "close").send().expect(200);
        (served, peak) = (served + 1, peak.max(resident(server)));
    }
    let seen = attacking.join().unwrap();
    assert!(seen.connections > 0, "{names:?}: nobody attacked: {seen:?}");
    assert!(served > 0, "{names:?}: the neighbour was not served");
    assert!(peak < MOST_MEMORY, "{names:?}: {peak} bytes of memory");
}

/// Bytes of memory that the server holds.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a running process");
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1_024
}

/// Connections to the server that it holds. Those to its store are none of them.
fn connections(server: &Server) -> usize {
    let port = server.url.rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
    let local = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let held = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // The kernel lists a connection that its process has closed without an inode.
        let (is_listener, inode) = (fields[3] == "0A", fields[9]);
        fields[1].ends_with(&local) && !is_listener && inode != "0"
    };
    table.lines().skip(1).filter(held).count()
}
