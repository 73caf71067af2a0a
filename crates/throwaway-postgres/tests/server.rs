//! Servers that start, die, are copied and cut off from their clients, and of which nothing is left.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use throwaway_postgres::{Cluster, Proxy, database, psql};

/// Longer than anything takes that is waited for here.
const BOUND: Duration = Duration::from_secs(60);

#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not happen within {BOUND:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The folder that holds everything of the server with this address.
fn folder_of(url: &str) -> String {
    let hosts = url.split("host=").nth(1).expect("an address with a socket");
    let node = hosts.split(['&', ',']).next().expect("a first host");
    node.rsplit_once('/').expect("a folder in a folder").0.to_owned()
}

/// How many processes say this folder in their command lines or work in it.
fn processes_in(folder: &str) -> usize {
    let processes = Path::new("/proc").read_dir().unwrap().flatten();
    let concerned = processes.filter(|process| {
        let path = process.path();
        let says = std::fs::read(path.join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(folder));
        says || std::fs::read_link(path.join("cwd")).is_ok_and(|place| place.starts_with(folder))
    });
    concerned.count()
}

#[test]
fn each_database_is_empty_and_goes_with_its_owner() {
    let (one, other) = (database(), database());
    one.sql(&["CREATE TABLE t (n integer)", "INSERT INTO t VALUES (1)"]);
    assert_eq!(one.sql(&["SELECT n FROM t"]), "1");
    assert_eq!((one.tables(), other.tables()), (1, 0));

    // Whoever is still connected does not keep it.
    let mut guest = sleeper(one.url());
    eventually("the guest is in", || {
        one.sql(&["SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"]) == "1"
    });
    let url = one.url().to_owned();
    drop(one);
    assert!(!guest.wait().unwrap().success());
    assert!(psql(&url, &["SELECT 1"]).unwrap_err().contains("does not exist"));
    assert_eq!(other.sql(&["SELECT 1"]), "1");
}

/// A client that has a long question.
fn sleeper(url: &str) -> Child {
    let psql = throwaway_postgres::Binaries::find().unwrap().program("psql");
    let mut command = Command::new(psql);
    command.args(["-X", "--dbname", url, "--command", "SELECT pg_sleep(600)"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn what_was_committed_survives_a_kill() {
    let mut cluster = Cluster::start(&[]);
    let url = cluster.url();
    psql(&url, &["CREATE TABLE t (n integer)", "INSERT INTO t VALUES (7)"]).unwrap();
    let mut guest = sleeper(&url);
    eventually("the guest is in", || cluster.sql(&["SELECT count(*) FROM pg_stat_activity"]) != "0");
    cluster.kill9();
    assert_eq!(processes_in(&folder_of(&url)), 0, "all of its processes died with it");
    assert!(!guest.wait().unwrap().success());
    assert!(psql(&url, &["SELECT 1"]).is_err());
    cluster.restart();
    assert_eq!(psql(&url, &["SELECT n FROM t"]).unwrap(), "7");
    cluster.stop();
    assert!(psql(&url, &["SELECT 1"]).is_err());
    cluster.restart();
    assert_eq!(psql(&url, &["SELECT n FROM t"]).unwrap(), "7");
}

#[test]
fn a_standby_has_what_was_acknowledged_and_takes_over() {
    let mut cluster = Cluster::start(&[]);
    cluster.add_standby();
    let url = cluster.url();
    for n in 0..20 {
        psql(&url, &[&format!("CREATE TABLE t{n} (n integer)")]).unwrap();
    }
    let refused = psql(&cluster.standby_url(), &["CREATE TABLE u (n integer)"]).unwrap_err();
    assert!(refused.contains("read-only"), "{refused}");

    cluster.stop_standby();
    assert_eq!(cluster.waiting_commits(), 0);
    std::thread::scope(|scope| {
        let guest = scope.spawn(|| psql(&url, &["DROP TABLE t0", "CREATE TABLE t0 (n integer)"]));
        eventually("a commit waits", || cluster.waiting_commits() == 1);
        assert!(!guest.is_finished());
        cluster.start_standby();
        guest.join().unwrap().unwrap();
    });

    cluster.kill9();
    cluster.promote();
    // The same address leads to who is there now.
    let count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(psql(&url, &[count]).unwrap(), "20");
    psql(&url, &["CREATE TABLE u (n integer)"]).unwrap();
    assert_eq!(cluster.sql(&[count]), "21");
}

#[test]
fn connections_are_cut_when_and_where_it_is_said() {
    let cluster = Cluster::start(&[]);
    let proxy = Proxy::before(&cluster);
    psql(proxy.url(), &["CREATE TABLE t (n integer)"]).unwrap();
    assert_eq!(proxy.cuts(), 0);

    let mut guests = [sleeper(proxy.url()), sleeper(proxy.url())];
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND pid <> pg_backend_pid()";
    eventually("both guests are in", || cluster.sql(&[asleep]) == "2");
    proxy.cut();
    for guest in &mut guests {
        assert!(!guest.wait().unwrap().success());
    }
    assert_eq!(proxy.cuts(), 2);
    // Whoever sleeps does not notice that nobody listens any more.
    assert_eq!(cluster.cut_connections(), 2);

    // Somewhere among these bytes, the statement has been sent whole: from there on it is done, though nobody is told.
    let told = (0..50).filter(|round| {
        proxy.cut_after(4 * round);
        psql(proxy.url(), &["INSERT INTO t VALUES (1)"]).is_ok()
    });
    let told = told.count();
    let written: usize = cluster.sql(&["SELECT count(*) FROM t"]).parse().unwrap();
    assert!((1..50).contains(&told) && written >= told, "{told} were told, {written} are there");
    assert!(proxy.cuts() > 10, "{}", proxy.cuts());

    // Whoever gets in and then waits for the end of the answer has had the statement done.
    let welcomed = (1..=8).map(|round| {
        cluster.sql(&["TRUNCATE t"]);
        proxy.cut_answers_after(100 * round);
        let is_told = psql(proxy.url(), &["INSERT INTO t VALUES (1)"]).is_ok();
        (is_told, cluster.sql(&["SELECT count(*) FROM t"]) == "1")
    });
    let welcomed: Vec<(bool, bool)> = welcomed.collect();
    assert!(welcomed.contains(&(false, false)) && !welcomed.contains(&(true, false)), "{welcomed:?}");

    let mut guest = sleeper(&cluster.url());
    eventually("the guest is in", || cluster.sql(&[asleep]) == "1");
    assert_eq!(cluster.cut_connections(), 1);
    assert!(!guest.wait().unwrap().success());
}

#[test]
fn a_server_to_be_measured_keeps_its_data_on_the_disk_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::durable(folder.path()).unwrap();
    let settings = ["SHOW fsync", "SHOW full_page_writes", "SHOW synchronous_commit"];
    assert_eq!(cluster.sql(&settings), "on\non\non");
    assert!(folder.path().join("base").exists());

    let database = cluster.database().unwrap();
    let empty = database.bytes().unwrap();
    database.sql(&["CREATE TABLE t AS SELECT generate_series(1, 100000)"]);
    cluster.settle(&database).unwrap();
    assert!(database.bytes().unwrap() > empty + 100_000);
    let analyzed = "SELECT reltuples FROM pg_class WHERE relname = 't'";
    assert_eq!(database.sql(&[analyzed]), "100000");

    drop(database);
    drop(cluster);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter"), "dear ada").unwrap();
    let error = Cluster::durable(folder.path()).unwrap_err();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.path().join("letter")).unwrap(), "dear ada");
}

#[test]
fn a_server_that_does_not_start_leaves_its_last_words() {
    let error = Cluster::try_start(&[("no_such_setting", "1")]).unwrap_err();
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

/// The binary, started, and the address that it printed.
fn keeper() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_throwaway-postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (child, url.trim().to_owned())
}

#[test]
fn nothing_is_left_by_whoever_was_killed() {
    let (mut child, url) = keeper();
    let folder = folder_of(&url);
    assert_eq!(psql(&url, &["SELECT 1"]).unwrap(), "1");
    assert!(processes_in(&folder) > 3);
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the folder goes", || !Path::new(&folder).exists());
    eventually("the server goes", || processes_in(&folder) == 0);
}

#[test]
fn nothing_is_left_by_whoever_ended_well() {
    let (mut child, url) = keeper();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!Path::new(&folder_of(&url)).exists());
    assert_eq!(processes_in(&folder_of(&url)), 0);

    let cluster = Cluster::start(&[]);
    let folder = folder_of(&cluster.url());
    drop(cluster);
    assert!(!Path::new(&folder).exists());
    assert_eq!(processes_in(&folder), 0);
}
