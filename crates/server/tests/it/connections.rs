//! Connections as strangers use them: those who do not read, who do not write, and who are too many.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::json;
use testkit::process::{Server, command};
use testkit::store;
use tokio::net::TcpSocket;

use crate::bad_input::resident_kib;
use crate::serving::{connect, impatient, logged};
use crate::{binary, demo};

/// No wait here takes longer unless the server is wrong.
const BOUND: Duration = Duration::from_secs(30);

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// Asks and reads one answer, which is small.
#[track_caller]
fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut bytes = [0; 1_024];
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the connection ended after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(answer).unwrap()
}

#[track_caller]
fn is_served(stream: &mut TcpStream) {
    let answer = ask(stream, HEALTH);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// Whether the server ends the connection, by reading from it what has arrived.
#[track_caller]
fn is_ended(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(BOUND)).unwrap();
    loop {
        match stream.read(&mut [0; 64 * 1_024]) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }
}

/// Sends the request again and again, and reads what `reads` says, until the server ends the connection.
#[track_caller]
fn flood(stream: &mut TcpStream, request: &[u8], mut reads: impl FnMut(&mut TcpStream)) {
    stream.set_nonblocking(true).unwrap();
    let many = request.repeat(100);
    let begun = Instant::now();
    loop {
        match stream.write(&many) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => reads(stream),
            Err(_) => return,
        }
        assert!(begun.elapsed() < BOUND, "a client that does not read is never cut off");
    }
}

/// A demo that may have so many file descriptors.
fn with_descriptors(most: u32, options: &str, limits: &[(&str, &str)]) -> Server {
    let store = store::fresh();
    let mut shell = command(Path::new("sh"));
    let run = format!("ulimit {options} -n {most}; exec \"$0\" \"$@\"");
    shell.args(["-c", &run, binary().to_str().unwrap()]);
    shell.args(["demo", "--json", "--people", "5", "--listen", "127.0.0.1:0", "--store", store.url()]);
    shell.envs(limits.iter().copied());
    Server::spawn(shell).owning(store)
}

/// A connection from another address of this machine.
fn connect_from(address: &str, server: &Server) -> TcpStream {
    connect_by(server, |socket| socket.bind(format!("{address}:0").parse().unwrap()))
}

/// A connection of a client whose system takes few bytes until the client reads them.
fn connect_narrowly(server: &Server) -> TcpStream {
    connect_by(server, |socket| socket.set_recv_buffer_size(4_096))
}

fn connect_by(server: &Server, prepare: impl FnOnce(&TcpSocket) -> io::Result<()>) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let to: SocketAddr = server.url.strip_prefix("http://").unwrap().parse().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        prepare(&socket).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    stream
}

const BODY: &[u8] = b"{\"firstName\":\"Augusta\"}";

/// A connection with a request under way: the server has asked for its body.
fn busy(server: &Server) -> TcpStream {
    let key = server.line["replay"]["apiKey"].as_str().unwrap();
    let user = server.line["people"][0]["replay"].as_str().unwrap();
    let head = format!(
        "PATCH /api/user/{user} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        BODY.len()
    );
    let mut stream = connect(server);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let server = impatient(&[("PERSONAE_LIMITS__WRITE_SECONDS", "1")]);
    let key = server.line["replay"]["apiKey"].as_str().unwrap();
    let user = server.line["people"][0]["replay"].as_str().unwrap();
    let known = format!("GET /api/user/{user} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n\r\n");
    let unknown = format!("GET /api/user/{user} HTTP/1.1\r\nhost: x\r\n\r\n");
    for request in [known.as_bytes(), unknown.as_bytes(), HEALTH] {
        flood(&mut connect_narrowly(&server), request, |_| std::thread::yield_now());
    }
    server.client().get("/healthz").expect(200);
}

#[test]
fn a_client_that_reads_a_byte_now_and_then_is_cut_off() {
    let server = impatient(&[("PERSONAE_LIMITS__WRITE_SECONDS", "1")]);
    let neighbour = server.client();
    flood(&mut connect_narrowly(&server), HEALTH, |stream| {
        // As long as an answer takes, which is long enough that these bytes are few.
        neighbour.get("/healthz").expect(200);
        stream.read_exact(&mut [0]).ok();
    });
}

#[test]
fn answers_that_nobody_reads_are_bounded_in_memory_and_do_not_delay_the_end() {
    let limits = [("PERSONAE_LIMITS__WRITE_SECONDS", "1"), ("PERSONAE_LIMITS__SHUTDOWN_SECONDS", "600")];
    let store = store::fresh();
    let mut demo = command(binary());
    demo.args(["demo", "--json", "--people", "1000", "--listen", "127.0.0.1:0", "--store", store.url()]);
    demo.envs(limits);
    let mut server = Server::spawn(demo).owning(store);
    let (id, secret, customer) = {
        let laurel = &server.line["laurel"];
        let text = |name: &str| laurel[name].as_str().unwrap().to_owned();
        (text("clientId"), text("clientSecret"), text("customerId"))
    };
    let grant = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret,
        "audience": "https://timeautomation.com"});
    let token = server.client().request("POST", "/api/v1/oauth/token").json(&grant).send().expect(200);
    let token = token.json()["access_token"].as_str().unwrap().to_owned();
    let list = format!(
        "GET /api/v1/customers/{customer}/users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    // What the store keeps in memory for any number of readers is there before memory is measured.
    std::thread::scope(|scope| {
        for _ in 0..20 {
            let request = server.client().request("GET", format!("/api/v1/customers/{customer}/users"));
            let request = request.header("authorization", format!("Bearer {token}"));
            scope.spawn(move || request.send().expect(200));
        }
    });
    let before = resident_kib(&server);
    let mut readers: Vec<_> = (0..20).map(|_| connect_narrowly(&server)).collect();
    for reader in &mut readers {
        reader.write_all(list.repeat(10).as_bytes()).unwrap();
    }
    for reader in &readers {
        // The answer has begun.
        reader.peek(&mut [0]).unwrap();
    }
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 16 * 1_024, "memory grew by {grown} KiB");
    server.signal_terminate();
    let status = server.wait(BOUND);
    assert!(status.is_some_and(|status| status.success()), "it waits for those who do not read");
}

#[test]
fn three_hundred_idle_connections_do_not_make_a_small_server_deaf() {
    let all = [("PERSONAE_LIMITS__CONNECTIONS_PER_ADDRESS", "10000")];
    let share = "an address has all the connections it may have";
    let places = "all places for connections are taken";
    for (limits, told, silent) in [(&all[..], places, share), (&[], share, places)] {
        let server = with_descriptors(256, "", limits);
        let idle: Vec<_> = (0..300).map(|_| connect(&server)).collect();
        is_served(&mut connect(&server));
        server.client().get("/readyz").expect(200);
        logged(&server, told);
        let log = server.stderr();
        assert_eq!(log.matches(told).count(), 1, "{log}");
        assert!(!log.contains(silent) && !log.contains("cannot accept"), "{log}");
        drop(idle);
    }
}

#[test]
fn the_limit_of_descriptors_is_raised_as_far_as_it_may() {
    let all = [("PERSONAE_LIMITS__CONNECTIONS", "300"), ("PERSONAE_LIMITS__CONNECTIONS_PER_ADDRESS", "300")];
    let server = with_descriptors(128, "-S", &all);
    let mut open: Vec<_> = (0..200).map(|_| connect(&server)).collect();
    // The oldest is still there.
    is_served(&mut open[0]);

    let server = with_descriptors(128, "", &all);
    let warned = logged(&server, "limits.connections is more than the file descriptors allow");
    assert_eq!((&warned["configured"], &warned["possible"]), (&300.into(), &64.into()));
}

#[test]
fn the_connection_that_is_idle_for_longest_makes_room() {
    let two = [
        ("PERSONAE_LIMITS__CONNECTIONS", "2"),
        ("PERSONAE_LIMITS__CONNECTIONS_PER_ADDRESS", "2"),
        ("PERSONAE_LIMITS__HEADER_SECONDS", "600"),
    ];
    let server = impatient(&two);
    let mut oldest = connect(&server);
    let mut second = connect(&server);
    is_served(&mut second);
    let mut third = connect(&server);
    is_served(&mut third);
    is_ended(&mut oldest);
    is_served(&mut second);
    is_served(&mut third);
}

#[test]
fn an_address_has_its_share_and_others_have_theirs() {
    let server = impatient(&[("PERSONAE_LIMITS__CONNECTIONS_PER_ADDRESS", "2")]);
    let under_way = [busy(&server), busy(&server)];
    let mut third = connect(&server);
    let mut refused = String::new();
    third.read_to_string(&mut refused).unwrap();
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: 1"), "{refused}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{refused}");
    assert!(body.contains("too many connections"), "{refused}");
    logged(&server, "an address has all the connections it may have");
    is_served(&mut connect_from("127.0.0.2", &server));
    for mut stream in under_way {
        let answer = ask(&mut stream, BODY);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Augusta"), "{answer}");
    }
    is_served(&mut connect(&server));
}

#[test]
fn a_proxy_has_no_share() {
    let server = impatient(&[
        ("PERSONAE_LIMITS__CONNECTIONS_PER_ADDRESS", "1"),
        ("PERSONAE_PROXIES", "192.0.2.0/24, 127.0.0.1"),
    ]);
    let _under_way = [busy(&server), busy(&server)];
    is_served(&mut connect(&server));
    let mut stranger = connect_from("127.0.0.2", &server);
    is_served(&mut stranger);
    is_served(&mut connect_from("127.0.0.2", &server));
    is_ended(&mut stranger);
}

#[test]
fn while_every_place_has_a_request_under_way_a_new_connection_waits() {
    let server = impatient(&[("PERSONAE_LIMITS__CONNECTIONS", "1"), ("PERSONAE_PROXIES", "127.0.0.1")]);
    let mut first = busy(&server);
    let mut second = connect(&server);
    second.write_all(HEALTH).unwrap();
    logged(&server, "all places for connections are taken");
    let answer = ask(&mut first, BODY);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // The first is idle now, and gives its place.
    let mut answer = [0; 12];
    second.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    is_ended(&mut first);
}

#[test]
fn a_head_has_one_time_and_an_idle_connection_another() {
    let server =
        impatient(&[("PERSONAE_LIMITS__HEADER_SECONDS", "1"), ("PERSONAE_LIMITS__IDLE_SECONDS", "600")]);
    let (mut silent, mut slow, mut idle) = (connect(&server), connect(&server), connect(&server));
    is_served(&mut idle);
    is_served(&mut slow);
    slow.write_all(&HEALTH[..9]).unwrap();
    is_ended(&mut silent);
    is_ended(&mut slow);
    is_served(&mut idle);

    let server =
        impatient(&[("PERSONAE_LIMITS__HEADER_SECONDS", "600"), ("PERSONAE_LIMITS__IDLE_SECONDS", "1")]);
    let (mut silent, mut idle) = (connect(&server), connect(&server));
    is_served(&mut idle);
    is_ended(&mut idle);
    is_served(&mut silent);
}

#[test]
fn a_server_without_descriptors_gives_up_idle_connections_and_says_so_once() {
    let server = impatient(&[]);
    let mut idle: Vec<_> = (0..20).map(|_| connect(&server)).collect();
    is_served(&mut idle[19]);
    // As many as it has, and a few for what it opens meanwhile.
    let has = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count() as u64;
    let process = Pid::from_raw(server.id().try_into().unwrap());
    let limit = Rlimit { current: Some(has + 4), maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(process, Resource::Nofile, limit).unwrap();
    let further: Vec<_> = (0..20).map(|_| connect(&server)).collect();
    is_served(&mut connect(&server));
    is_ended(&mut idle[0]);
    assert_eq!(server.stderr().matches("cannot accept connections").count(), 1, "{}", server.stderr());
    drop(further);
    logged(&server, "connections are accepted again");
}

#[test]
fn a_hang_up_ends_a_server_as_it_should_unless_it_is_ignored() {
    let mut server = demo();
    let path = server.seed().store.strip_prefix("sqlite:").map(|path| Path::new(path).to_owned());
    assert!(server.hang_up().success(), "{}", server.stderr());
    logged(&server, "\"stopped\"");
    if let Some(path) = path {
        assert!(!path.parent().unwrap().exists(), "{path:?} is left behind");
    }

    let store = store::fresh();
    Server::demo_on(binary(), &store, ["--people", "5"]).terminate();
    let mut server = Server::serve(binary(), store.url(), [] as [&str; 0]);
    assert!(server.hang_up().success(), "{}", server.stderr());

    let mut ignoring = command(Path::new("sh"));
    ignoring.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", binary().to_str().unwrap()]);
    ignoring.args(["serve", "--json", "--listen", "127.0.0.1:0", "--store", store.url()]);
    let mut server = Server::spawn(ignoring);
    server.signal_hang_up();
    server.client().get("/readyz").expect(200);
    assert!(server.wait(Duration::ZERO).is_none());
    assert!(server.terminate().success());
}
