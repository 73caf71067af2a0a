//! Opening the store that `--store` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use directory::Store;
use store::sqlite::{Options, Sqlite};

use crate::failure::Failure;

/// Whether a store may be made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Make,
    Refuse,
}

pub(crate) fn open(url: &str, if_missing: IfMissing) -> Result<Arc<dyn Store>, Failure> {
    let path = path(url)?;
    if if_missing == IfMissing::Refuse && !path.exists() {
        return Err(Failure::new(format!("there is no store at {}", path.display()))
            .hint("name one with --store sqlite:PATH, or begin one with: personae organization add NAME"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::new(format!("there is no folder {} for the store", folder.display()))
            .hint(format!("make it first: mkdir -p {}", folder.display())));
    }
    open_sqlite(&path)
}

fn open_sqlite(path: &Path) -> Result<Arc<dyn Store>, Failure> {
    let store = Sqlite::open(path, Options::default()).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Arc::new(store))
}

fn path(url: &str) -> Result<PathBuf, Failure> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        Some(("sqlite", _)) => Err(Failure::new("the store sqlite: has no path").hint(HINT)),
        Some((scheme, _)) if !scheme.contains(['/', '.']) => {
            Err(Failure::new(format!("a store of the kind {scheme:?} is not known")).hint(HINT))
        }
        _ => Err(Failure::new(format!("{url:?} does not say what kind of store it is"))
            .hint(format!("write it as sqlite:{url}"))),
    }
}

const HINT: &str = "write a store as sqlite:PATH, for example sqlite:personae.db";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_kind_and_a_path() {
        assert_eq!(path("sqlite:a/b.db").unwrap(), Path::new("a/b.db"));
        assert_eq!(path("sqlite:/a:b.db").unwrap(), Path::new("/a:b.db"));
        for (url, says) in [
            ("postgres://host/db", "\"postgres\" is not known"),
            ("sqlite:", "has no path"),
            ("/var/personae.db", "hint: write it as sqlite:/var/personae.db"),
            ("", "does not say"),
        ] {
            let failure = path(url).unwrap_err();
            assert!(failure.to_string().contains(says), "{url}: {failure}");
            assert_eq!(failure.exit_code(), 1);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        let failure = open(&at("none.db"), IfMissing::Refuse).err().unwrap();
        assert!(failure.to_string().contains("there is no store at"), "{failure}");
        let failure = open(&at("no/folder.db"), IfMissing::Make).err().unwrap();
        assert!(failure.to_string().contains("hint: make it first: mkdir -p"), "{failure}");
    }
}
