//! Stores that are named, begun, waited for and refused.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::postgres::{Cluster, database};
use testkit::process::{Cli, Server, command};

use crate::binary;

#[test]
fn a_demo_fills_the_store_that_it_is_given_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = database();
    let file = format!("sqlite:{}", folder.path().join("demo.db").display());
    for store in [file.as_str(), database.url()] {
        let mut server = Server::demo(binary(), ["--people", "5", "--store", store]);
        assert_eq!(server.seed().store, store, "a script goes on with it as it stands");
        assert!(server.terminate().success());

        let cli = Cli::new(binary());
        let people = cli.run(["organization", "list", "--json", "--store", store]).ok().json();
        assert!(people.as_array().is_some_and(|organizations| organizations.len() > 2), "it stays: {people}");
        let again = cli.run(["demo", "--listen", "127.0.0.1:0", "--store", store]).fails_with(1);
        assert!(
            again
                .stderr()
                .contains("is a store already, and not empty\nhint: go on with it: personae serve --store")
        );
    }
}

#[test]
fn an_empty_database_is_no_store_until_one_is_begun() {
    let database = database();
    let cli = Cli::new(binary()).env("PERSONAE_STORE", database.url());
    for args in [["organization", "list"].as_slice(), &["check"], &["person", "list"], &["event", "list"]] {
        let run = cli.run(args).fails_with(1);
        assert!(run.stderr().contains("there is no store at postgres://"), "{args:?}: {}", run.stderr());
        assert!(run.stderr().contains("begin one with: personae organization add NAME"), "{}", run.stderr());
    }
    cli.run(["organization", "add", "Aurora"]).ok();
    assert_eq!(cli.run(["organization", "list", "--json"]).ok().json()[0]["name"], "Aurora");
    let refused = cli.run(["store", "distribute"]).fails_with(1);
    assert!(refused.stderr().contains("the extension citus is not there"), "{}", refused.stderr());
}

#[test]
fn nothing_shows_the_password_of_a_store() {
    let database = database();
    let sign = if database.url().contains('?') { '&' } else { '?' };
    let store = format!("{}{sign}password=s3cret", database.url());
    let mut server = Server::serve(binary(), &store, [] as [&str; 0]);
    assert!(server.terminate().success());
    let log = server.stderr();
    assert!(log.contains("\"store\":\"postgres://") && !log.contains("s3cret"), "{log}");
    let cli = Cli::new(binary());
    cli.run(["organization", "add", "Aurora", "--store", &store]).ok();
    let refused = cli.run(["demo", "--listen", "127.0.0.1:0", "--store", &store]).fails_with(1);
    assert!(!refused.stderr().contains("s3cret"), "{}", refused.stderr());
}

#[test]
fn a_server_waits_for_its_database_as_long_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut cluster = Cluster::start(&[]);
    cluster.stop();
    let store = cluster.url();

    let refused =
        Cli::new(binary()).run(["serve", "--listen", "127.0.0.1:0", "--store", &store]).fails_with(1);
    assert!(
        refused.stderr().contains("hint: to wait until it answers: --wait-for-store"),
        "{}",
        refused.stderr()
    );

    // Whoever stops it meanwhile need not wait.
    let waiting = Waiting(serve(&store, &log, "600").stdout(Stdio::null()).spawn().unwrap());
    until_it_waits(&log);
    Command::new("kill").arg(waiting.0.id().to_string()).status().unwrap();
    assert!(waiting.ends().success());

    std::fs::remove_file(&log).unwrap();
    let starting = std::thread::spawn({
        let log = log.clone();
        move || Server::spawn(serve(&store, &log, "60"))
    });
    until_it_waits(&log);
    cluster.restart();
    let mut server = starting.join().unwrap();
    assert_eq!(server.line, json!({"url": server.url}));
    server.client().request("GET", "/readyz").send().expect(200);
    assert!(server.terminate().success());
}

/// Its log goes to a file, which can be read before it is ready.
fn serve(store: &str, log: &Path, seconds: &str) -> Command {
    let mut shell = command(Path::new("sh"));
    shell.args(["-c", r#"log=$1; shift; exec "$@" 2>"$log""#, "sh"]).arg(log).arg(binary());
    shell.args(["serve", "--json", "--listen", "127.0.0.1:0", "--store", store, "--wait-for-store", seconds]);
    shell
}

#[track_caller]
fn until_it_waits(log: &Path) {
    let begun = Instant::now();
    while !std::fs::read_to_string(log).is_ok_and(|log| log.contains("waiting for the store")) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not wait");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Killed when a test fails.
struct Waiting(Child);

impl Waiting {
    fn ends(mut self) -> std::process::ExitStatus {
        self.0.wait().unwrap()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().ok();
    }
}
