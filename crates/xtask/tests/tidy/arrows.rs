//! Which crate may depend on which.

use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::repository::root;

/// One dependency as a manifest declares it.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    from: String,
    to: String,
    /// For tests only.
    development: bool,
}

/// A row of the table: which of our crates it may use, and which of others it must do without.
struct Row {
    name: &'static str,
    ours: &'static [&'static str],
    without: &'static [&'static str],
}

const TABLE: [Row; 10] = [
    // The domain knows no protocol, no format, no engine and no runtime.
    Row {
        name: "directory",
        ours: &[],
        without: &[
            "axum",
            "clap",
            "http",
            "hyper",
            "postgres",
            "rusqlite",
            "serde",
            "serde_json",
            "tokio",
            "tokio-postgres",
            "tower",
        ],
    },
    Row { name: "store", ours: &["directory"], without: &["axum", "http", "hyper"] },
    Row { name: "dialects", ours: &["directory"], without: ENGINES },
    Row { name: "console", ours: &["directory"], without: ENGINES },
    // The binary, which puts all of them together.
    Row { name: "personae", ours: &["directory", "store", "dialects", "console"], without: &[] },
    Row { name: "testkit", ours: &["directory", "store", "dialects", "throwaway-postgres"], without: &[] },
    // Its library is what tests of other crates run their targets with; its own tests are the targets of libraries.
    Row { name: "fuzz", ours: &[], without: &["axum", "hyper", "serde", "tokio"] },
    // `cargo xtask` waits for it on a fresh checkout, so it is built from next to nothing.
    Row { name: "throwaway-postgres", ours: &[], without: &["serde", "tokio", "postgres", "tokio-postgres"] },
    // Tests and `cargo xtask attack` share it; it knows nothing of what it attacks.
    Row { name: "attackers", ours: &[], without: &["axum", "hyper", "serde"] },
    Row { name: "xtask", ours: &["attackers", "throwaway-postgres"], without: &[] },
];

const ENGINES: &[&str] = &["postgres", "rusqlite", "tokio-postgres"];

/// All dependencies that the manifests of the workspace declare.
pub(crate) fn edges() -> Vec<Edge> {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec();
    let packages = metadata.expect("cargo metadata describes this workspace").packages;
    let of = |package: &cargo_metadata::Package| -> Vec<Edge> {
        let from = package.name.to_string();
        // A crate with no dependency at all must still have its row.
        let itself = Edge { from: from.clone(), to: from.clone(), development: false };
        let declared = package.dependencies.iter().map(|dependency| Edge {
            from: from.clone(),
            to: dependency.name.clone(),
            development: dependency.kind == DependencyKind::Development,
        });
        std::iter::once(itself).chain(declared).collect()
    };
    packages.iter().flat_map(of).collect()
}

/// The features with which a crate is built for the whole workspace on this machine.
pub(crate) fn features(name: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "--offline", "--workspace", "--depth", "0", "--prefix", "none"]);
    let output = command.args(["--format", "{f}", "--invert", name]).current_dir(root()).output();
    let output = output.expect("Cargo runs, since it runs this");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().split(',').map(str::to_owned).collect()
}

pub(crate) fn breaches(edges: &[Edge]) -> Vec<String> {
    edges.iter().filter_map(breach).collect()
}

fn breach(edge: &Edge) -> Option<String> {
    let Edge { from, to, development } = edge;
    let Some(row) = TABLE.iter().find(|row| row.name == from) else {
        return Some(format!("the crate {from} has no row in the table"));
    };
    if from == to {
        return None;
    }
    let is_ours = TABLE.iter().any(|row| row.name == to);
    let allowed = if is_ours {
        row.ours.contains(&to.as_str())
            || *development && ["attackers", "fuzz", "testkit"].contains(&to.as_str())
            || *development && from == "fuzz" && ["dialects", "directory", "store"].contains(&to.as_str())
    } else {
        *development || !row.without.contains(&to.as_str())
    };
    (!allowed).then(|| format!("{from} must not depend on {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(from: &str, to: &str, development: bool) -> bool {
        breach(&Edge { from: from.into(), to: to.into(), development }).is_some()
    }

    #[test]
    fn arrows_of_the_table_are_allowed() {
        for (from, to) in [("store", "directory"), ("dialects", "directory"), ("personae", "store")] {
            assert!(!refused(from, to, false), "{from} -> {to}");
        }
        assert!(!refused("store", "rusqlite", false) && !refused("dialects", "axum", false));
        assert!(!refused("personae", "fuzz", true) && !refused("fuzz", "dialects", true));
        assert!(!refused("directory", "testkit", true) && !refused("directory", "serde_json", true));
    }

    #[test]
    fn other_arrows_are_refused() {
        let bad = [
            ("directory", "serde"),
            ("directory", "store"),
            ("store", "axum"),
            ("store", "dialects"),
            ("dialects", "store"),
            ("dialects", "rusqlite"),
            ("personae", "testkit"),
            ("xtask", "personae"),
            ("personae", "throwaway-postgres"),
            ("fuzz", "dialects"),
            ("personae", "fuzz"),
            ("gadget", "directory"),
        ];
        for (from, to) in bad {
            assert!(refused(from, to, false), "{from} -> {to}");
        }
        for from in ["testkit", "store", "dialects"] {
            assert!(refused(from, "personae", true) && refused(from, "xtask", true), "{from}");
        }
    }

    #[test]
    fn every_crate_of_the_workspace_is_looked_at() {
        let edges = edges();
        for name in ["directory", "store", "dialects", "personae", "testkit", "xtask"] {
            assert!(edges.iter().any(|edge| edge.from == name), "{name}");
        }
        assert!(edges.iter().any(|edge| edge.development), "development dependencies are told apart");
    }
}
