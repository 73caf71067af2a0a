//! Whether a tenant has changed at all, as the binary itself reports it: SQL stays in the store.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use serde::Deserialize;

use crate::process::{Cli, store_argument};

/// A hash of everything that each tenant holds, by tenant. Works beside a running server.
///
/// # Panics
/// When `personae check` finds a fault in the store, or its output lacks the hashes.
#[track_caller]
pub fn tenant_hashes(binary: &Path, store: impl AsRef<OsStr>) -> BTreeMap<String, String> {
    hashes(&Cli::new(binary), store)
}

/// Does something, and makes sure that no tenant was changed by it.
///
/// # Panics
/// With the names of the tenants that were changed, when some were.
#[track_caller]
pub fn assert_unchanged<T>(binary: &Path, store: impl AsRef<OsStr>, action: impl FnOnce() -> T) -> T {
    let before = tenant_hashes(binary, &store);
    assert!(!before.is_empty(), "a store without tenants cannot show that nothing changed");
    let result = action();
    let changed = differing(&before, &tenant_hashes(binary, &store));
    assert!(changed.is_empty(), "these tenants were changed: {}", changed.join(", "));
    result
}

#[derive(Deserialize)]
struct Check {
    tenants: Vec<TenantHash>,
}

#[derive(Deserialize)]
struct TenantHash {
    tenant: u32,
    hash: String,
}

#[track_caller]
fn hashes(cli: &Cli, store: impl AsRef<OsStr>) -> BTreeMap<String, String> {
    let store = store_argument(store);
    let run = cli.run([OsStr::new("check"), OsStr::new("--store"), &store, OsStr::new("--json")]).ok();
    match serde_json::from_slice::<Check>(&run.stdout) {
        Ok(check) => {
            check.tenants.into_iter().map(|TenantHash { tenant, hash }| (tenant.to_string(), hash)).collect()
        }
        Err(error) => panic!("expected the member `tenants: [{{tenant, hash}}]` ({error}), but {run}"),
    }
}

/// The tenants that are not the same in both, those included that only one of them has.
fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fake(output: &str) -> Cli {
        let binary = concat!(env!("CARGO_MANIFEST_DIR"), "/fake/personae");
        Cli::new(Path::new(binary)).env("FAKE_OUTPUT", output)
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(tenant, hash)| ((*tenant).to_owned(), (*hash).to_owned())).collect()
    }

    #[test]
    fn hashes_are_read_from_the_check() {
        let output = r#"{"ok": true, "tenants": [{"tenant": 2, "hash": "b"}, {"tenant": 1, "hash": "a"}]}"#;
        assert_eq!(hashes(&fake(output), "a.db"), map(&[("1", "a"), ("2", "b")]));
    }

    #[test]
    #[should_panic(expected = "expected the member `tenants: [{tenant, hash}]`")]
    fn a_check_without_hashes_is_refused() {
        hashes(&fake(r#"{"ok": true}"#), "a.db");
    }

    #[test]
    #[should_panic(expected = "expected success")]
    fn a_check_that_finds_faults_is_not_taken_for_hashes() {
        hashes(&fake(r#"{"tenants": []}"#).env("FAKE_STATUS", "1"), "a.db");
    }

    #[test]
    fn a_tenant_that_changed_came_or_went_differs() {
        let before = map(&[("gone", "1"), ("same", "2"), ("touched", "3")]);
        let after = map(&[("new", "1"), ("same", "2"), ("touched", "4")]);
        assert_eq!(differing(&before, &after), ["gone", "new", "touched"]);
        assert_eq!(differing(&before, &before), [""; 0]);
    }
}
