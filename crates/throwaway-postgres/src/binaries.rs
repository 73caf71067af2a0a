//! The programs of PostgreSQL on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that the store supports.
const OLDEST: u32 = 14;
/// All that is used here. Debian's packages for clients alone lack some of them.
const PROGRAMS: [&str; 5] = ["initdb", "postgres", "psql", "pg_basebackup", "pg_isready"];

/// One installed PostgreSQL that is complete and new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Looks in PATH, where `pg_config` points, and where Debian puts every version, the newest first.
    ///
    /// # Errors
    /// With a sentence for whoever runs the tests, when there is none.
    pub fn find() -> Result<Binaries, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let in_path = std::env::split_paths(&path).filter_map(|folder| real_folder(&folder));
        let mut folders = in_path.chain(told_by_pg_config()).chain(debians(Path::new("/usr/lib/postgresql")));
        let found = folders.find(|folder| is_usable(folder));
        found.map(|folder| Binaries { folder }).ok_or_else(|| {
            format!(
                "PostgreSQL {OLDEST} or later is not installed: there is no folder with all of {} in PATH, by \
                 pg_config or in /usr/lib/postgresql",
                PROGRAMS.join(", ")
            )
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of one of them.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One of PostgreSQL's other programs, which may not be installed: from the same folder, or from one in PATH.
    pub fn other(&self, name: &str) -> Option<PathBuf> {
        let beside = self.program(name);
        if beside.is_file() {
            return Some(beside);
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Debian has a stand-in there for each program, whether it is installed or not.
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|program| said_by(program, "--version").is_some())
    }
}

/// Where the server in a folder of PATH really is: a link to it has no companions.
fn real_folder(folder: &Path) -> Option<PathBuf> {
    let server = folder.join("postgres").canonicalize().ok()?;
    server.parent().map(Path::to_owned)
}

fn told_by_pg_config() -> Option<PathBuf> {
    said_by("pg_config", "--bindir").map(|line| PathBuf::from(line.trim()))
}

fn debians(root: &Path) -> Vec<PathBuf> {
    let versions = root.read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        versions.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|version| root.join(version.to_string()).join("bin")).collect()
}

fn is_usable(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| folder.join(name).is_file())
        && said_by(folder.join("postgres"), "--version")
            .and_then(|line| major(&line))
            .is_some_and(|major| major >= OLDEST)
}

/// The version in `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`, or in the `17beta1` of one to come.
fn major(line: &str) -> Option<u32> {
    let version = line.split_whitespace().nth(2)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn said_by(program: impl AsRef<OsStr>, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn debians_newest_comes_first() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "common", "17"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        let at = |version: &str| root.path().join(version).join("bin");
        assert_eq!(debians(root.path()), [at("17"), at("15"), at("9")]);
        assert_eq!(debians(&root.path().join("nowhere")), [] as [PathBuf; 0]);
    }

    #[test]
    fn other_programs_may_be_elsewhere_or_missing() {
        let folder = tempfile::tempdir().unwrap();
        let binaries = Binaries { folder: folder.path().to_owned() };
        assert_eq!(binaries.other("no-such-program"), None);
        assert!(binaries.other("false").is_none(), "what tells no version is not taken from PATH");
        assert!(binaries.other("rustc").is_some_and(|found| !found.starts_with(folder.path())));
        std::fs::write(folder.path().join("rustc"), "").unwrap();
        assert_eq!(binaries.other("rustc"), Some(folder.path().join("rustc")));
    }

    #[test]
    fn a_folder_that_lacks_a_program_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        for name in PROGRAMS {
            assert!(!is_usable(folder.path()), "before {name}");
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        // All are there, but what calls itself `postgres` says no version.
        assert!(!is_usable(folder.path()));
    }
}
