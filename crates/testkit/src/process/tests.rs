//! Starting, failing to start and ending, with a shell script in place of the binary.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use super::*;

pub(super) fn fake() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fake/personae"))
}

fn serve(then: &str) -> Server {
    let line = r#"{"url": "http://127.0.0.1:1"}"#;
    Server::serve(fake(), "/tmp/a.db", ["--say", line, "--complain", "hello", "--then", then])
}

/// The message of the panic that `action` must end in.
fn panic_of<T>(action: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| drop(action()))).unwrap_err();
    panic.downcast_ref::<String>().expect("a panic with a message").clone()
}

fn exists(id: u32) -> bool {
    let pid = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

#[test]
fn serve_is_told_the_store_and_tells_its_address() {
    let mut server = serve("live");
    assert_eq!(server.url, "http://127.0.0.1:1");
    assert_eq!(server.line, json!({"url": "http://127.0.0.1:1"}));
    server.kill9();
    let said = server.stderr.finished();
    assert_eq!(said, "hello\nargs: serve --json --listen 127.0.0.1:0 --store sqlite:/tmp/a.db\n");
    assert_eq!(server.further_stdout(), "");
    assert!(panic_of(|| server.seed().clone()).contains("Server::demo"));
}

#[test]
fn demo_reads_its_line() {
    let line = crate::demo::tests::line("http://127.0.0.1:1").to_string();
    let mut server = Server::seeding(fake(), ["--people", "7", "--say", &line]);
    assert_eq!(server.seed().tenant.people.len(), 1);
    assert_eq!(server.line["kare"]["labelId"], 8);
    server.kill9();
    assert_eq!(server.stderr.finished(), "args: demo --json --listen 127.0.0.1:0 --people 7\n");

    let store = Store::new(Engine::Sqlite);
    let mut server = Server::demo_on(fake(), &store, ["--say", &line]);
    assert_eq!(server.seed().store, store.url(), "also what a line does not show");
    server.kill9();
    let said = format!("args: demo --json --listen 127.0.0.1:0 --store {}\n", store.url());
    assert_eq!(server.stderr.finished(), said);
    let path = store.url().strip_prefix("sqlite:").unwrap().to_owned();
    let folder = Path::new(&path).parent().unwrap();
    let server = server.owning(store);
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_server_that_does_not_start_leaves_its_last_words() {
    let start = |args: &[&str]| panic_of(|| Server::serve(fake(), "a.db", args));

    let ended = start(&["--complain", "error: the store is locked", "--then", "end"]);
    assert!(ended.contains("ended before it printed a line (exit status: "), "{ended}");
    assert!(ended.contains("error: the store is locked"), "{ended}");

    let chatty = start(&["--say", "Listening on port 1"]);
    assert!(chatty.contains("\"Listening on port 1\", which is not JSON"), "{chatty}");

    let nameless = start(&["--say", "{}"]);
    assert!(nameless.contains("without the member `url`"), "{nameless}");

    let silent = Server::start(silent_command(), Duration::from_millis(50)).unwrap_err();
    assert!(silent.contains("printed no line in time (signal: 9"), "{silent}");

    let missing = panic_of(|| Server::serve(Path::new("/nowhere/personae"), "a.db", ["x"]));
    assert!(missing.contains("could not be started"), "{missing}");

    let undocumented = panic_of(|| {
        Server::seeding(fake(), ["--say", r#"{"url": "http://127.0.0.1:1", "store": "sqlite:x"}"#])
    });
    assert!(undocumented.contains("not as documented: missing field"), "{undocumented}");
}

fn silent_command() -> Command {
    let mut command = command(fake());
    command.arg("serve");
    command
}

#[test]
fn terminate_waits_for_a_graceful_end_and_tells_its_status() {
    let mut server = serve("stop-well");
    assert_eq!(server.terminate().code(), Some(3));
    assert!(server.stderr.finished().ends_with("finished\n"));
    // A second time finds it ended and says the same.
    assert_eq!(server.terminate().code(), Some(3));
}

#[test]
fn kill9_needs_no_consent_and_notices_that_it_came_too_late() {
    let mut server = serve("ignore");
    server.signal_terminate();
    assert_eq!(server.wait(Duration::from_millis(20)), None);
    server.kill9();
    assert!(!exists(server.id()));
    let message = panic_of(|| server.kill9());
    assert!(message.contains("had ended before it was killed"), "{message}");
}

#[test]
fn no_process_outlives_its_owner_even_when_a_test_panics() {
    let mut id = 0;
    let message = panic_of(|| {
        let server = serve("ignore");
        id = server.id();
        assert!(exists(id));
        panic!("{}", "the test failed");
    });
    assert_eq!(message, "the test failed");
    assert!(!exists(id));
}

#[test]
fn of_a_long_standard_error_the_end_is_kept() {
    let noise = "x".repeat(100 * 1024);
    let mut server = Server::spawn({
        let mut command = command(fake());
        command.args(["serve", "--complain", &noise, "--say", r#"{"url": "http://127.0.0.1:1"}"#]);
        command
    });
    server.kill9();
    let kept = server.stderr.finished();
    assert_eq!(kept.len(), 64 * 1024);
    assert!(kept.ends_with("xxx\nargs: serve\n"));
}

#[test]
fn a_command_is_run_to_its_end() {
    let run = Cli::new(fake()).run(["echo", "a b", "ü"]).ok();
    assert_eq!((run.stdout(), run.stderr()), (" echo a b ü\n".to_owned(), "warning: a fake\n".to_owned()));

    let cli = Cli::new(fake()).env("FAKE_OUTPUT", r#"{"id": 1}"#).env("FAKE_STATUS", "2");
    assert_eq!(cli.run(["echo"]).fails_with(2).json(), json!({"id": 1}));
    let message = panic_of(|| cli.run(["echo"]).ok());
    for part in ["expected success", "exit status: 2", r#"{"id": 1}"#, "warning: a fake"] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
    assert!(panic_of(|| Cli::new(fake()).run(["echo"]).json()).contains("expected JSON"));
    assert!(panic_of(|| Cli::new(fake()).run(["echo"]).fails_with(1)).contains("expected exit code 1"));

    let endless = Cli::new(fake()).within(Duration::from_millis(20));
    assert!(panic_of(|| endless.run(["serve"])).contains("did not end within"));
}

#[test]
fn a_store_is_named_by_its_path_or_as_the_option_takes_it() {
    assert_eq!(store_argument(Path::new("/a/b.db")), "sqlite:/a/b.db");
    assert_eq!(store_argument("sqlite:/a/b.db"), "sqlite:/a/b.db");
    assert_eq!(store_argument("postgres://host/db"), "postgres://host/db");
}
