//! What the server does around every request, how it starts, and how it stops.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::demo::Demo;
use testkit::process::{Cli, Server, command};
use testkit::store::{self, Engine, is_left_out_unless};

use crate::{binary, demo};

/// A connection on which bytes are written as a test likes.
pub(crate) fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Waits until the server has logged a line that has this, which it does a moment after it answered.
#[track_caller]
pub(crate) fn logged(server: &Server, has: &str) -> Value {
    logged_so(server, has, |log| {
        log.lines().find(|line| line.contains(has)).map(|line| serde_json::from_str(line).unwrap())
    })
}

/// Waits until something is found in the log.
#[track_caller]
pub(crate) fn logged_so<T>(server: &Server, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        let log = server.stderr();
        if let Some(found) = find(&log) {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{what} is not in the log:\n{log}");
        std::thread::yield_now();
    }
}

#[test]
fn health_is_told_before_any_dialect_is_asked() {
    let server = demo();
    assert_eq!(server.client().get("/healthz").expect(200).json(), json!({"status": "ok"}));
    assert_eq!(server.client().get("/readyz").expect(200).json(), json!({"status": "ready"}));
    let refused = server.client().request("POST", "/healthz").send().expect(405);
    assert_eq!(refused.header("allow"), Some("GET, HEAD"));
    let nobody = server.client().get("/nothing/here").expect(404);
    assert_eq!(nobody.json(), json!({"error": "not found"}));
}

#[test]
fn every_answer_has_a_request_id_and_every_request_a_line_without_secrets() {
    let server = demo();
    let tenant = &server.seed().tenant;
    let path = format!("/api/user/{}", tenant.people[0].replay);
    let ask = |id: &str| {
        let request = server.client().request("GET", format!("{path}?childCompanyId=not-a-uuid"));
        request.header("x-api-key", &tenant.replay.api_key).header("x-request-id", id).send()
    };
    let answer = ask("trace.1-A_b");
    assert_eq!(answer.header("x-request-id"), Some("trace.1-A_b"));
    let line = logged(&server, "trace.1-A_b");
    assert_eq!((&line["method"], &line["path"]), (&json!("GET"), &json!(path)));
    assert_eq!((&line["status"], &line["dialect"]), (&json!(answer.status), &json!("replay")));
    assert!(line["micros"].is_u64());

    for insane in ["", "a b", "x\"y", &"x".repeat(65)] {
        let made = ask(insane).header("x-request-id").unwrap().to_owned();
        assert_ne!(made, insane);
        assert!((8..=64).contains(&made.len()), "{made}");
        logged(&server, &made);
    }
    assert_eq!(server.client().get("/").expect(404).header("x-request-id").map(str::is_empty), Some(false));
    let log = server.stderr();
    let secret = tenant.replay.api_key.split_once('.').unwrap().1;
    assert!(!log.contains("childCompanyId") && !log.contains(secret), "{log}");
    assert_eq!(server.further_stdout(), "", "one line and no more");
}

#[test]
fn a_stop_finishes_what_was_accepted() {
    let mut server = demo();
    let tenant = server.seed().tenant.clone();
    let body = r#"{"firstName":"Augusta"}"#;
    let (first, second) = body.split_at(10);
    let mut stream = connect(&server);
    let head = format!(
        "PATCH /api/user/{} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        tenant.people[0].replay,
        tenant.replay.api_key,
        body.len()
    );
    let idle = connect(&server);
    stream.write_all(head.as_bytes()).unwrap();
    // An answer on another connection shows that the server has had time to read the half of the request.
    server.client().get("/readyz").expect(200);
    server.signal_terminate();
    logged(&server, "\"stopping\"");
    assert!(TcpStream::connect(server.url.strip_prefix("http://").unwrap()).is_err(), "it accepts no more");
    stream.write_all(second.as_bytes()).unwrap();
    let answer = read_to_end(stream);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("Augusta"), "{answer}");
    assert_eq!(read_to_end(idle), "", "an idle connection is closed");
    assert!(server.terminate().success());
}

#[test]
fn a_throw_away_store_is_thrown_away_and_a_kept_one_is_kept() {
    if is_left_out_unless(Engine::Sqlite) {
        return;
    }
    let mut server = demo();
    let path = server.seed().store.strip_prefix("sqlite:").unwrap().to_owned();
    assert!(Path::new(&path).exists());
    assert!(server.terminate().success());
    assert!(!Path::new(&path).parent().unwrap().exists(), "{path} is left behind");

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let mut server = Server::demo(binary(), ["--people", "5", "--data", data]);
    let path = server.seed().store.strip_prefix("sqlite:").unwrap().to_owned();
    assert!(server.terminate().success());
    assert!(Path::new(&path).starts_with(data) && Path::new(&path).exists(), "{path}");
}

#[test]
fn a_seeded_store_is_gone_on_with_and_not_seeded_again() {
    let store = store::fresh();
    let mut server = Server::demo_on(binary(), &store, ["--people", "5"]);
    let seed: Demo = server.seed().clone();
    assert!(server.terminate().success());
    let again = Cli::new(binary()).run(["demo", "--store", store.url(), "--listen", "127.0.0.1:0"]);
    let said = again.fails_with(1).stderr();
    assert!(
        said.contains("is a store already") && said.contains("hint: go on with it: personae serve"),
        "{said}"
    );

    let mut server = Server::serve(binary(), store.url(), [] as [&str; 0]);
    assert_eq!(server.line, json!({"url": server.url}));
    let path = format!("/api/user/{}", seed.tenant.people[0].replay);
    let key = &seed.tenant.replay.api_key;
    let read = server.client().request("GET", &path).header("x-api-key", key).send().expect(200);
    assert_eq!(read.json()["email"], seed.tenant.people[0].email.as_str());
    assert!(server.terminate().success());
}

#[test]
fn settings_come_from_a_file_and_the_environment() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store::fresh());
    let file = folder.path().join("personae.toml");
    let store = format!("store = '{}'\n", store.url());
    std::fs::write(
        &file,
        format!("listen = '127.0.0.1:0'\n{store}[log]\nlevel = 'off'\n[kare]\nenabled = false"),
    )
    .unwrap();
    let mut serve = command(binary());
    serve.args(["serve", "--json", "--config", file.to_str().unwrap()]).env("PERSONAE_LOG__LEVEL", "warn");
    let mut server = Server::spawn(serve);
    assert_eq!(server.client().get("/users/v1/rs/1").expect(404).json(), json!({"error": "not found"}));
    server.client().get("/api/user/x").expect(401);
    assert!(server.terminate().success());
    let log = server.stderr();
    assert!(log.contains("\"kind\":\"credential\""), "the environment is above the file: {log}");
    assert!(!log.contains("\"message\":\"request\""), "requests are of the level info: {log}");

    std::fs::write(&file, "[log]\nlvl = 'warn'").unwrap();
    let run = Cli::new(binary()).run(["check", "--config", file.to_str().unwrap()]).fails_with(1);
    assert!(run.stderr().contains("log.lvl, which is not a setting"), "{}", run.stderr());
    let run = Cli::new(binary()).env("PERSONAE_KARE__ON", "1").run(["check"]).fails_with(1);
    assert!(run.stderr().contains("PERSONAE_KARE__ON"), "{}", run.stderr());
}

#[test]
fn a_taken_port_is_said() {
    let server = demo();
    let address = server.url.strip_prefix("http://").unwrap();
    let run = Cli::new(binary()).run(["demo", "--listen", address]).fails_with(1);
    assert!(run.stderr().contains(&format!("cannot listen on {address}")), "{}", run.stderr());
    assert!(run.stderr().contains("hint: stop the program that listens there"), "{}", run.stderr());
}

#[test]
fn many_headers_and_long_ones_are_refused_and_nothing_else_suffers() {
    let server = demo();
    let mut stream = connect(&server);
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(200_000));
    // The server may have refused and closed before all of it is written.
    stream.write_all(long.as_bytes()).ok();
    let mut answer = [0; 12];
    if stream.read_exact(&mut answer).is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
    server.client().get("/healthz").expect(200);
}

/// A demo with limits that a test can wait for.
pub(crate) fn impatient(limits: &[(&str, &str)]) -> Server {
    let store = store::fresh();
    let mut demo = command(binary());
    demo.args(["demo", "--json", "--people", "5", "--listen", "127.0.0.1:0", "--store", store.url()]);
    demo.envs(limits.iter().copied());
    Server::spawn(demo).owning(store)
}

#[test]
fn who_sends_slowly_is_not_waited_for() {
    let server =
        impatient(&[("PERSONAE_LIMITS__BODY_SECONDS", "1"), ("PERSONAE_LIMITS__HEADER_SECONDS", "1")]);
    let mut header = connect(&server);
    header.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    let told = read_to_end(header);
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 408"), "{told}");

    let key = server.line["replay"]["apiKey"].as_str().unwrap();
    let user = server.line["people"][0]["replay"].as_str().unwrap();
    let mut body = connect(&server);
    let head = format!(
        "PATCH /api/user/{user} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{"
    );
    body.write_all(head.as_bytes()).unwrap();
    let told = read_to_end(body);
    assert!(told.starts_with("HTTP/1.1 400"), "{told}");
    server.client().get("/healthz").expect(200);
}

#[test]
fn the_calls_that_demo_prints_change_one_person_through_every_api() {
    let (folder, store) = (tempfile::tempdir().unwrap(), store::fresh());
    let output = folder.path().join("output");
    let address = free_address();
    let mut child = command(binary())
        .args(["demo", "--listen", &address, "--store", store.url()])
        .stdout(std::fs::File::create(&output).unwrap())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    let printed = loop {
        let printed = std::fs::read_to_string(&output).unwrap();
        if printed.contains("delegateIds") && printed.ends_with("; echo\n\n") {
            break printed;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the demo prints no calls: {printed}");
        std::thread::yield_now();
    };
    // All that is printed can be pasted: what is not a call is a comment.
    let run = std::process::Command::new("sh").args(["-ec", &printed]).output();
    child.kill().and_then(|()| child.wait()).unwrap();
    let run = run.unwrap();
    let (answers, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{answers}\n{errors}");
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [relesys, replay, kare, laurel] = answers.as_slice() else { panic!("four answers, not {answers:?}") };
    assert_eq!(relesys["data"]["name"], "My patched name");
    assert_eq!(relesys["data"]["phoneNumber"], json!({"countryCode": 45, "number": "11223344"}));
    assert_eq!((&replay["firstName"], &replay["role"]), (&json!("Augusta Ada"), &json!("Manager")));
    assert_eq!(kare["data"]["scope"], 1);
    assert_eq!((&laurel["firstName"], &laurel["jobTitle"]), (&json!("John"), &json!("Partner")));
    assert_eq!(laurel["delegators"].as_array().unwrap().len(), 1);
}

/// An address with a port that was free a moment ago.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn the_log_has_failed_requests_or_all_of_them() {
    let store = store::fresh();
    for (requests, has_reads) in [("failed", false), ("all", true)] {
        let mut serve = command(binary());
        serve.args(["serve", "--json", "--listen", "127.0.0.1:0", "--store", store.url()]);
        serve.env("PERSONAE_LOG__REQUESTS", requests).env("PERSONAE_LOG__FORMAT", "json");
        let mut server = Server::spawn(serve);
        server.client().request("GET", "/healthz").header("x-request-id", "good-1").send().expect(200);
        let bad = server.client().request("GET", "/api/user/x?secret=1").header("x-request-id", "bad-1");
        bad.header("x-api-key", "canary.secret").send().expect(401);
        logged(&server, "\"request\":\"bad-1\"");
        assert!(server.terminate().success());
        let log = server.stderr();
        assert_eq!(log.contains("\"request\":\"good-1\""), has_reads, "{log}");
        assert!(!log.contains("secret") && !log.contains("canary"), "{log}");
    }
}
