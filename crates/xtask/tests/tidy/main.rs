//! The house rules that a program can check. Each test is one rule and says what to do about a breach.

mod arrows;
mod code;
mod proofs;
mod repository;
mod text;

use repository::{File, files, folder_exists, matching};

const DIALECTS: [&str; 4] = ["relesys", "replay", "kare", "laurel"];
/// What every dialect's folder holds. A room of Rust may be a file or, when it has grown, a folder.
const ROOMS: [&str; 7] =
    ["routes.rs", "wire.rs", "lens.rs", "error.rs", "auth.rs", "openapi.yaml", "README.md"];
const LONGEST_FILE: usize = 700;

/// Fails with the advice and every breach.
#[track_caller]
fn none(breaches: Vec<String>, advice: &str) {
    assert!(breaches.is_empty(), "{advice}\n  {}\n", breaches.join("\n  "));
}

/// The breaches that a check finds in each file, with the file's path.
fn in_each(files: &[File], check: impl Fn(&File) -> Vec<String>) -> Vec<String> {
    let of = |file: &File| -> Vec<String> {
        check(file).into_iter().map(|breach| format!("{}:{breach}", file.path)).collect()
    };
    files.iter().flat_map(of).collect()
}

fn sources() -> Vec<File> {
    matching(|path| path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs"))
}

fn all_rust() -> Vec<File> {
    matching(|path| path.ends_with(".rs"))
}

#[test]
fn crates_depend_only_along_the_arrows() {
    none(
        arrows::breaches(&arrows::edges()),
        "The table of crates in ARCHITECTURE.md does not allow these dependencies. Move the code to the crate that \
         may have them; a new crate gets its row in crates/xtask/tests/tidy/arrows.rs.",
    );
}

#[test]
fn dialects_do_not_know_each_other() {
    let siblings_in = |own: &str| -> Vec<String> {
        let folder = format!("crates/dialects/src/{own}/");
        let siblings: Vec<&str> = DIALECTS.into_iter().filter(|name| *name != own).collect();
        let files = matching(|path| path.starts_with(&folder) && path.ends_with(".rs"));
        in_each(&files, |file| code::paths_through(&file.text, &siblings))
    };
    none(
        DIALECTS.into_iter().flat_map(siblings_in).collect(),
        "A dialect uses another one. What both need belongs beside their folders in crates/dialects/src, or, when it \
         is a rule about people, in directory.",
    );
}

#[test]
fn sql_stays_in_the_store() {
    let elsewhere = matching(|path| {
        // What is asked of a server for tests is about servers, and nothing that is in a directory.
        let exempt = ["crates/store/", "crates/throwaway-postgres/", "crates/xtask/tests/"];
        path.ends_with(".rs") && !exempt.iter().any(|folder| path.starts_with(folder))
    });
    none(
        in_each(&elsewhere, |file| code::sql(&file.text)),
        "SQL is written in crates/store and nowhere else. Add a method to the Store port and call that.",
    );
}

#[test]
fn what_clients_send_is_read_within_limits() {
    let dialects = matching(|path| {
        // Where the limits are, and where claims are read that a key of ours has signed.
        let exempt = ["cursor", "json", "tokens"].map(|name| format!("crates/dialects/src/http/{name}.rs"));
        path.starts_with("crates/dialects/src/")
            && path.ends_with(".rs")
            && !exempt.iter().any(|it| it == path)
    });
    assert!(dialects.len() > 20, "the sources of the dialects were not found");
    none(
        in_each(&dialects, |file| code::reads_json(&file.text)),
        "Read JSON of clients by dialects::http::json, which limits depth and size while it reads, and to which an object \
         is an object whatever the names in it.",
    );
}

#[test]
fn what_sqlite_has_open_is_opened_in_one_place() {
    let engine = matching(|path| {
        path.starts_with("crates/store/src/sqlite/")
            && path.ends_with(".rs")
            && !path.ends_with("/open_files.rs")
    });
    assert!(engine.len() > 20, "the sources of the engine were not found");
    none(
        in_each(&engine, |file| code::opens_files(&file.text)),
        "Closing a descriptor of a file drops the locks of SQLite on it. Open connections and files of the store in \
         crates/store/src/sqlite/open_files.rs, which says when they may be closed.",
    );
}

#[test]
fn serde_json_is_built_with_the_features_that_its_readers_know() {
    // With `arbitrary_precision` every number would arrive at a reader as an object. `raw_value` makes `serde_json::Value`
    // take some objects for something else, and nothing that clients send is read into that. The last two are no danger:
    // one rounds better, one lets a reader switch its guard of the stack off, which none does.
    let known = ["alloc", "default", "raw_value", "std", "float_roundtrip", "unbounded_depth"];
    let on = arrows::features("serde_json");
    assert!(on.contains(&"std".to_owned()), "the features of serde_json were not found: {on:?}");
    none(
        on.into_iter().filter(|feature| !known.contains(&feature.as_str())).collect(),
        "A crate of the build switches this feature of serde_json on, and so for all. Look at dialects::http::json, which \
         reads what clients send, and at the signer, whether they stay right; then add it here.",
    );
}

#[test]
fn nothing_is_left_unfinished() {
    none(
        in_each(&all_rust(), |file| code::unfinished(&file.text)),
        "Finish it, or leave it out. A test that is not run is deleted or repaired, not ignored.",
    );
}

#[test]
fn every_file_says_what_lives_in_it() {
    none(
        in_each(
            &all_rust(),
            |file| if file.text.starts_with("//! ") { vec![] } else { vec!["1".to_owned()] },
        ),
        "Open the file with one `//!` line that says what lives here.",
    );
}

#[test]
fn no_file_is_too_long() {
    let too_long = |file: &File| {
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE { vec![format!(" {lines} lines")] } else { vec![] }
    };
    none(in_each(&sources(), too_long), "Make it a folder with one subject to a file; 600 lines are enough.");
}

#[test]
fn links_between_documents_lead_somewhere() {
    none(
        in_each(&matching(|path| path.ends_with(".md")), text::dead_links),
        "The link's target is not in the repository. Correct the link, or take it out.",
    );
}

#[test]
fn tests_that_documents_name_as_proof_exist() {
    let documents = matching(|path| matches!(path, "docs/asvs.md" | "docs/security.md"));
    assert_eq!(documents.len(), 2, "the documents were not found");
    for document in &documents {
        assert!(!proofs::named(&document.text).is_empty(), "no test was found in {}", document.path);
    }
    let tests = proofs::tests(&all_rust());
    none(
        in_each(&documents, |file| proofs::without_test(&file.text, &tests)),
        "A document names a test as proof that does not exist. Name the test by its new name, or change what is said. What is \
         no test is named by the path of its file.",
    );
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    none(
        in_each(&files(), |file| text::machine_paths(&file.text)),
        "Somebody else's machine has no such path. Write it relative to the repository.",
    );
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let manifests = matching(|path| path.starts_with("crates/") && path.ends_with("/Cargo.toml"));
    assert!(manifests.len() >= 6, "the manifests of the crates were not found");
    none(
        in_each(&manifests, |file| code::lints_not_inherited(&file.text)),
        "Add `[lints] workspace = true`.",
    );
}

#[test]
fn every_dialect_has_the_same_rooms() {
    let breaches = DIALECTS.into_iter().flat_map(|dialect| {
        let folder = format!("crates/dialects/src/{dialect}");
        let there = matching(|path| path.starts_with(&format!("{folder}/")));
        if folder_exists(&folder) { missing_rooms(&folder, &there) } else { vec![] }
    });
    none(
        breaches.collect(),
        "Every dialect has the same rooms, so that who knows one knows all. Put the code where its neighbours have it.",
    );
}

fn missing_rooms(folder: &str, there: &[File]) -> Vec<String> {
    let has = |room: &str| {
        let as_folder = format!("{folder}/{}/", room.trim_end_matches(".rs"));
        let as_file = format!("{folder}/{room}");
        let found =
            |file: &File| file.path == as_file || room.ends_with(".rs") && file.path.starts_with(&as_folder);
        there.iter().any(found)
    };
    ROOMS.into_iter().filter(|room| !has(room)).map(|room| format!("{folder}/{room} is missing")).collect()
}

#[test]
fn room_may_be_a_file_or_a_folder() {
    let file = |path: &str| File { path: path.to_owned(), text: String::new() };
    let mut there: Vec<File> = ROOMS.iter().map(|room| file(&format!("x/{room}"))).collect();
    assert_eq!(missing_rooms("x", &there), Vec::<String>::new());
    there[2] = file("x/lens/mod.rs");
    assert_eq!(missing_rooms("x", &there), Vec::<String>::new());
    there.pop();
    assert_eq!(missing_rooms("x", &there), ["x/README.md is missing"]);
}
