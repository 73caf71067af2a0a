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
    let before = sockets(&server);
    for attack in Attack::ALL {
        under_attack(&server, &[attack]);
    }
    under_attack(&server, &Attack::ALL);
    let begun = Instant::now();
    while sockets(&server) > before {
        assert!(begun.elapsed() < AFTERWARDS, "{} sockets are left of {before}", sockets(&server));
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

/// Sockets that the server holds, its listener included.
fn sockets(server: &Server) -> usize {
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
    let links = descriptors.filter_map(|descriptor| descriptor.unwrap().path().read_link().ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}
