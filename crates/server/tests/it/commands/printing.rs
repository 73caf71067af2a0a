//! What commands print: to terminals, to readers that go away, and to disks that are full.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testkit::process::{Cli, Run, Server, command};

use super::Store;
use crate::{binary, demo};

/// What a name may hold that acts on a terminal, reorders text, or is not seen. No organization may be called the first.
const CONTROLS: &str = "\u{1b}[2J\u{7}\r\u{7f}\u{9b}31m\nFORGED\t";
const INVISIBLE: &str = "\u{202e}\u{2066}\u{200e}\u{61c}\u{200b}\u{2028}\u{feff}\u{e0041}\u{ad}";

#[track_caller]
fn assert_is_safe(run: &Run) {
    for output in [run.stdout(), run.stderr()] {
        let is_unsafe = |c: &char| c.is_control() && *c != '\n' || INVISIBLE.contains(*c);
        let found = output.chars().find(is_unsafe);
        assert_eq!(found, None, "{} printed {output:?}", run.line);
        assert!(!output.lines().any(|line| line.starts_with("FORGED")), "{}: {output}", run.line);
    }
}

#[test]
fn no_name_can_steer_a_terminal() {
    let store = Store::new();
    let run = |args: &[&str]| {
        let text = store.cli.run(args);
        let json = store.cli.run(args.iter().copied().chain(["--json"]));
        assert_is_safe(&text);
        assert_is_safe(&json);
        json
    };
    let name = format!("N{INVISIBLE}");
    let hostile = format!("N{CONTROLS}{INVISIBLE}");
    for args in [
        &["organization", "add", &name, "--parent", "Aurora"][..],
        &["department", "add", &name],
        &["group", "add", &name],
        &["custom-field", "add", "note", "--name", &name],
        &["label", "add", &name, "--organization", "Aurora"],
        &["team", "add", &name, "--organization", "Aurora"],
        &["role", "add", "clerk", "--permission", &name],
        &["template", "add", "--name", &name, "--subject", &name, "--text", &hostile],
        &["credential", "add", "--dialect", "replay", "--organization", &name, "--name", &name],
        &["credential", "add", "--dialect", "laurel", "--organization", &name],
    ] {
        assert_is_safe(&store.cli.run(args).ok());
    }
    let add =
        ["person", "add", "--organization", "Aurora", "--given-name", &hostile, "--family-name", &hostile];
    let more =
        ["--nickname", &hostile, "--title", &hostile, "--email", "n'@aurora.example", "--department", &name];
    let field = format!("note={hostile}");
    let id = format!("relesys:{hostile}");
    let last = ["--group", &name, "--custom-field", &field, "--external-id", &id, "--laurel-role", "clerk"];
    let added = store.cli.run(add.iter().chain(&more).chain(&last).chain(&["--json"])).ok();
    assert_is_safe(&added);
    assert_eq!(added.json()["name"]["given"], hostile.as_str(), "what is escaped means the same");

    let text = store.run("person show n'@aurora.example").ok().stdout();
    assert!(text.contains(r"N\u{1b}[2J\u{7}\r\u{7f}\u{9b}31m\nFORGED\t\u{202e}\u{2066}"), "{text}");
    let public_id = store.json("credential list")[0]["publicId"].as_str().unwrap().to_owned();
    for args in [
        &["person", "show", "n'@aurora.example"][..],
        &["person", "list", "--organization", "Aurora"],
        &["person", "disable", "n'@aurora.example"],
        &["person", "enable", "n'@aurora.example"],
        &["credential", "add", "--dialect", "kare", "--person", "n'@aurora.example"],
        &["credential", "revoke", &public_id],
        &["event", "list", "--limit", "100"],
        &["check"],
        // What cannot be done repeats what was asked for.
        &["person", "show", &hostile],
        &["person", "list"],
        &["person", "list", "--organization", &hostile],
        &["person", "add", "--organization", "Aurora", "--profession", &hostile],
        &["person", "add", "--organization", "Aurora", "--external-id", &hostile],
        &["person", "add", "--organization", "Aurora", "--custom-field", &hostile],
        &["person", "add", "--organization", "Aurora", "--gender", &hostile],
        &[
            "person",
            "add",
            "--organization",
            "Aurora",
            "--email",
            "N'@aurora.example",
            "--user-name",
            &hostile,
        ],
        &["organization", "add", &hostile],
        &["person", &hostile],
        &["person", "show", "ada", &format!("--{hostile}")],
        &["person", "show", "ada", &hostile],
        &[&hostile],
        &["check", "--store", &hostile],
        &["check", "--config", &hostile],
        &["backup", &format!("/nowhere/{hostile}")],
        &["store", "copy", "--from", &format!("sqlite:/nowhere/{hostile}"), "--to", "sqlite:/nowhere/b"],
        &["serve", "--listen", &hostile],
        &["person", "delete", "n'@aurora.example", "--organization", "Aurora"],
    ] {
        run(args);
    }
    // Whatever else there is to list, also by commands that are newer than this test.
    for noun in listed("") {
        for verb in listed(&noun).iter().filter(|verb| *verb == "list") {
            run(&[&noun, verb]);
            run(&[&noun, verb, "--organization", &name]);
        }
    }
}

/// The commands that a help names, below a noun or at the top.
fn listed(noun: &str) -> Vec<String> {
    let help = Cli::new(binary()).run([noun, "--help"].iter().filter(|word| !word.is_empty())).stdout();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = commands.take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    names
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .filter(|it| it != "help")
        .collect()
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let store = Store::new();
    let misspelt = store.cli.clone().env("PERSONAE_KARE_ENABLED", "false");
    let list = ["organization", "list"];
    let coloured = misspelt.run_at_terminal(list).ok().stdout();
    assert!(coloured.contains("\u{1b}[") && coloured.contains("WARN"), "{coloured:?}");
    let piped = misspelt.run(list).ok();
    assert!(!piped.stderr().contains('\u{1b}') && piped.stderr().contains("WARN"), "{piped}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = misspelt.clone().env(name, value).run_at_terminal(list).ok().stdout();
        assert!(!plain.contains('\u{1b}') && plain.contains("WARN"), "{name}: {plain:?}");
    }
    // Without anything to warn of, a terminal gets what a pipe gets.
    for args in [&list[..], &["organization", "list", "--json"]] {
        let shown = store.cli.run_at_terminal(args).ok().stdout().replace("\r\n", "\n");
        assert_eq!(shown, store.cli.run(args).ok().stdout());
    }
}

#[test]
fn a_variable_that_is_almost_a_setting_is_told_of() {
    let store = Store::new();
    let says = "PERSONAE_KARE_ENABLED is not a setting and is ignored; did you mean PERSONAE_KARE__ENABLED?";
    let run = store.cli.clone().env("PERSONAE_KARE_ENABLED", "false").run(["organization", "list"]).ok();
    assert!(run.stderr().contains(says), "{run}");
    let cli = store.cli.env("PERSONAE_SERVICE_HOST", "10.0.0.1");
    let run = cli.env("PERSONAE_PORT_8080_TCP", "tcp://10.0.0.1:8080").run(["organization", "list"]).ok();
    assert_eq!(run.stderr(), "");

    let mut serve = command(binary());
    serve.args(["demo", "--json", "--listen", "127.0.0.1:0", "--people", "2"]);
    serve.env("PERSONAE_KARE_ENABLED", "false");
    let mut server = Server::spawn(serve);
    assert!(server.terminate().success());
    assert!(server.stderr().contains(says), "{}", server.stderr());
}

/// A standard output of which every write fails, as on a full disk; none where the system has no such file.
fn full() -> Option<Stdio> {
    let file = File::options().write(true).open("/dev/full");
    if file.is_err() {
        eprintln!("SKIPPED: this system has no /dev/full");
    }
    file.ok().map(Stdio::from)
}

/// A standard output whose reader has gone.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let store = Store::new();
    let demo = ["demo", "--listen", "127.0.0.1:0", "--people", "2"];
    let demo_json = ["demo", "--listen", "127.0.0.1:0", "--people", "2", "--json"];
    for args in [
        &["organization", "list"][..],
        &["organization", "list", "--json"],
        &["event", "list"],
        &["check"],
        &["store", "distribute", "--print"],
        &["--help"],
        &["help", "serve"],
        &["--version"],
        &["serve", "--json", "--listen", "127.0.0.1:0"],
        &demo,
        &demo_json,
    ] {
        let Some(full) = full() else { return };
        let run = store.cli.run_to(full, args).fails_with(1);
        assert!(run.stderr().contains("error: cannot write to standard output: "), "{run}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let store = Store::new();
    for args in [&["organization", "list"][..], &["check", "--json"], &["--help"]] {
        assert_eq!(store.cli.run_to(gone(), args).ok().stderr(), "");
    }
}

#[test]
fn a_secret_that_was_not_shown_is_not_kept() {
    let server = demo();
    let store = Store::of(&server);
    let credentials = || {
        let all = store.json("credential list --organization Aurora");
        all.as_array().unwrap().iter().filter(|it| it["revokedAt"] == Value::Null).count()
    };
    let before = credentials();
    let login = &server.seed().tenant.kare.admin;
    let may_sign_in = || {
        let body = json!({"email": login.email, "password": login.password});
        server.client().request("POST", "/auth/v1/rs/login/credentials").json(body).send().status
    };
    assert_eq!(may_sign_in(), 201);
    for dialect in ["relesys", "replay", "laurel"] {
        let add = ["credential", "add", "--organization", "Aurora", "--dialect", dialect];
        for stdout in [full(), Some(gone())].into_iter().flatten() {
            let run = store.cli.run_to(stdout, add).fails_with(1);
            assert!(run.stderr().contains("so the credential was revoked"), "{run}");
        }
    }
    assert_eq!(credentials(), before);
    // Of two keys neither is lost to one that nobody has seen.
    let made = store.json("credential add --organization Aurora --dialect replay");
    let id = made["id"].as_str().unwrap();
    let rotated = store.json(&format!("credential rotate {id}"));
    for stdout in [full(), Some(gone())].into_iter().flatten() {
        let run = store.cli.run_to(stdout, ["credential", "rotate", id]).fails_with(1);
        assert!(run.stderr().contains("so those before are as they were"), "{run}");
    }
    let path = format!("/api/user/{}", server.seed().tenant.people[0].replay);
    for key in [&made["apiKey"], &rotated["apiKey"]] {
        server.client().request("GET", &path).header("x-api-key", key.as_str().unwrap()).send().expect(200);
    }

    let set = ["credential", "add", "--dialect", "kare", "--person", &login.email];
    for stdout in [full(), Some(gone())].into_iter().flatten() {
        let run = store.cli.run_to(stdout, set).fails_with(1);
        assert!(run.stderr().contains("the one before is valid again"), "{run}");
    }
    assert_eq!(may_sign_in(), 201, "a password that nobody knows would lock the person out");
}

#[test]
fn a_client_is_given_all_that_it_needs_to_call() {
    let server = demo();
    let mut store = Store::of(&server);
    store.cli = store.cli.env("PERSONAE_PUBLIC_URL", &server.url);
    let tenant = &server.seed().tenant;
    let organizations = store.json("organization list");
    let root = &organizations.as_array().unwrap().iter().find(|it| it["name"] == "Aurora").unwrap();
    let kare = format!("--dialect kare --person {}", tenant.people[0].email);
    for (arguments, own, header) in [
        ("--dialect relesys -o Aurora", json!({}), "Authorization"),
        ("--dialect replay -o Aurora", json!({"companyId": root["id"]}), "x-api-key"),
        ("--dialect laurel -o Aurora", json!({"customerId": root["objectId"]}), "Authorization"),
        (&kare, json!({"organizationId": root["number"]}), "x-session-token"),
    ] {
        let text = store.run(&format!("credential add {arguments}")).ok().stdout();
        assert!(text.contains(&format!("{header}: ")) && text.contains(&server.url), "{text}");
        // A password replaces the one before, so the JSON comes last.
        let made = store.json(&format!("credential add {arguments}"));
        assert_eq!(made["baseUrl"], server.url.as_str(), "{arguments}");
        assert!(made["headers"].get(header).is_some(), "{made}");
        for (name, value) in own.as_object().unwrap() {
            assert_eq!(&made[name], value, "{arguments}");
        }
        let curl = made["curl"].as_str().unwrap();
        let Ok(pasted) = Command::new("sh")
            .args(["-c", &format!("command -v curl sed >/dev/null && {{ {curl}\n}}")])
            .output()
        else {
            eprintln!("SKIPPED: this system has no shell");
            continue;
        };
        if pasted.status.code() == Some(127) {
            eprintln!("SKIPPED: this system has no curl");
            continue;
        }
        let answer: Value = serde_json::from_slice(&pasted.stdout).expect("a JSON answer");
        assert!(
            answer.to_string().contains("@aurora.example\""),
            "{curl}\n{answer}\n{}",
            String::from_utf8_lossy(&pasted.stderr)
        );
    }
}
