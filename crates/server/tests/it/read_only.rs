//! Commands that only read, on a store that may not be written to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use testkit::process::{Cli, Server};
use testkit::store::{self, Engine, is_left_out_unless};

use crate::binary;

/// Every command that changes nothing, about a person that the demo has.
const READING: [&str; 12] = [
    "organization list",
    "person list --organization Aurora",
    "person show PERSON",
    "event list",
    "credential list",
    "department list --organization Aurora",
    "group list --organization Aurora",
    "custom-field list --organization Aurora",
    "label list --organization Aurora",
    "team list --organization Aurora",
    "role list --organization Aurora",
    "check",
];

#[track_caller]
fn read(cli: &Cli, store: &str, person: &str) -> Vec<serde_json::Value> {
    let answers = READING.map(|line| {
        let line = line.replace("PERSON", person);
        cli.run(line.split(' ').chain(["--store", store, "--json"])).ok().json()
    });
    answers.into()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn commands_that_only_read_need_no_right_to_write_a_file() {
    if is_left_out_unless(Engine::Sqlite) {
        return;
    }
    let around = tempfile::tempdir().unwrap();
    mode(around.path(), 0o755);
    let folder = around.path().join("store, 100% #1?");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("personae.db");
    let store = format!("sqlite:{}", file.display());
    let mut server = Server::demo(binary(), ["--people", "25", "--store", &store]);
    let person = server.seed().tenant.people[0].relesys.clone();
    assert!(server.terminate().success());
    let expected = read(&Cli::new(binary()), &store, &person);

    let cli = Cli::new(binary()).unprivileged();
    mode(&file, 0o444);
    mode(&folder, 0o555);
    assert_eq!(read(&cli, &store, &person), expected, "closed");
    let refused = cli.run(["person", "disable", &person, "--store", &store]).fails_with(1);
    assert!(refused.stderr().contains("cannot be written to"), "{}", refused.stderr());
    let elsewhere = around.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    mode(&elsewhere, 0o777);
    let copy = elsewhere.join("copy.db");
    cli.run(["backup", copy.to_str().unwrap(), "--store", &store]).ok();
    let other = format!("sqlite:{}", elsewhere.join("other.db").display());
    cli.run(["store", "copy", "--from", &store, "--to", &other]).ok();
    assert_eq!(read(&Cli::new(binary()), &format!("sqlite:{}", copy.display()), &person), expected);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing was made there");
    // Read-only is the file alone: what SQLite puts beside it can be made.
    mode(&folder, 0o777);
    assert_eq!(read(&cli, &store, &person), expected, "in a folder that can be written to");
    // The folder alone: nothing can be put beside the file.
    mode(&file, 0o666);
    for end in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{end}", file.display())).ok();
    }
    mode(&folder, 0o555);
    assert_eq!(
        read(&cli, &store, &person),
        expected,
        "a file that can be written to in a folder that cannot"
    );

    // After a crash, changes are in the log alone; a trial of `/readyz` is one.
    mode(&folder, 0o755);
    let mut server = Server::serve(binary(), &store, [] as [&str; 0]);
    server.client().get("/readyz").expect(200);
    server.kill9();
    let log = format!("{}-wal", file.display());
    assert!(fs::metadata(&log).unwrap().len() > 0);
    for name in [file.display().to_string(), log, format!("{}-shm", file.display())] {
        mode(Path::new(&name), 0o444);
    }
    mode(&folder, 0o555);
    assert_eq!(read(&cli, &store, &person), expected, "with its log and the index of that");
    mode(&folder, 0o755);
    fs::remove_file(format!("{}-shm", file.display())).unwrap();
    mode(&folder, 0o555);
    let refused = cli.run(["check", "--store", &store]).fails_with(1);
    assert!(refused.stderr().contains("has changes in its write-ahead log"), "{}", refused.stderr());
    assert!(refused.stderr().contains("hint: copy the file with its -wal"), "{}", refused.stderr());
    mode(&folder, 0o755);
}

#[test]
fn commands_that_only_read_need_no_right_to_write_a_database() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let own = store::fresh();
    let mut server = Server::demo_on(binary(), &own, ["--people", "25"]);
    let person = server.seed().tenant.people[0].relesys.clone();
    assert!(server.terminate().success());
    let cli = Cli::new(binary());
    let expected = read(&cli, own.url(), &person);
    let sign = if own.url().contains('?') { '&' } else { '?' };
    // As a standby answers, and a user whose transactions only read.
    let store = format!("{}{sign}options=-cdefault_transaction_read_only%3Don", own.url());
    assert_eq!(read(&cli, &store, &person), expected);
    let refused = cli.run(["person", "disable", &person, "--store", &store]).fails_with(1);
    assert!(refused.stderr().contains("is read-only, as a standby is"), "{}", refused.stderr());
    let folder = tempfile::tempdir().unwrap();
    let copy = format!("sqlite:{}", folder.path().join("copy.db").display());
    cli.run(["store", "copy", "--from", &store, "--to", &copy]).ok();
    assert_eq!(read(&cli, &copy, &person), expected);
}
