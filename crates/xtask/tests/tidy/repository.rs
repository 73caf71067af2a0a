//! The files of the repository, as a checkout has them.

use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug, Clone)]
pub(crate) struct File {
    /// From the root, with forward slashes.
    pub path: String,
    pub text: String,
}

/// The folder of the workspace: as Cargo says now, because a checkout may have moved since it was built.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).ancestors().nth(2).expect("crates/xtask lies two folders below the root").to_owned()
}

/// Every file of text that is tracked or about to be.
pub(crate) fn files() -> Vec<File> {
    matching(|_| true)
}

/// The files of text with such a path.
pub(crate) fn matching(wanted: impl Fn(&str) -> bool) -> Vec<File> {
    let paths = listed_by_git().unwrap_or_else(walked);
    let wanted = paths.into_iter().filter(|path| wanted(path));
    let read = |path: String| {
        // A path that git still lists may be deleted already, and what is not text has no lines to check.
        let text = std::fs::read_to_string(root().join(&path)).ok()?;
        Some(File { path, text })
    };
    wanted.filter_map(read).collect()
}

pub(crate) fn folder_exists(path: &str) -> bool {
    root().join(path).is_dir()
}

fn listed_by_git() -> Option<Vec<String>> {
    let mut command = Command::new("git");
    command.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = names.split_terminator('\0').map(str::to_owned).collect();
    Some(paths).filter(|paths| !paths.is_empty())
}

/// Without git, as in an unpacked archive: everything but what a build leaves.
fn walked() -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(root().join(&folder)).expect("a folder of the repository can be read");
        for entry in entries {
            let entry = entry.expect("an entry of the repository can be read");
            let name = entry.file_name().into_string().expect("names in the repository are text");
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if !entry.path().is_dir() {
                paths.push(path);
            } else if !matches!(name.as_str(), "target" | ".git") {
                folders.push(path);
            }
        }
    }
    paths
}

#[test]
fn git_and_the_walk_find_the_same_sources() {
    let sources = |paths: Vec<String>| {
        let mut sources: Vec<String> = paths.into_iter().filter(|path| path.ends_with(".rs")).collect();
        sources.retain(|path| root().join(path).exists());
        sources.sort();
        sources
    };
    let walked = sources(walked());
    assert!(walked.iter().any(|path| path == "crates/xtask/tests/tidy/main.rs"), "{walked:?}");
    if let Some(listed) = listed_by_git() {
        assert_eq!(sources(listed), walked);
    }
}
