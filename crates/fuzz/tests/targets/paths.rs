//! Paths, which decide whose request it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, Uri};
use dialects::compose::AnsweredBy;
use dialects::{Composed, Mount, kare, laurel, relesys, replay};
use directory::ports::{Algorithm, BoxFuture, Busy, Clock, Entropy, Passwords, Signer};
use directory::{Dialect, Directory};
use jiff::Timestamp;
use store::sqlite::{Options, Sqlite};
use tokio::runtime::Builder;

/// What no path alone can reach: there is one time, no randomness, no key and no password.
struct Outside;

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

impl Entropy for Outside {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

impl Signer for Outside {
    fn sign(&self, _: Algorithm, _: &[u8]) -> String {
        panic!("a token for a request without credentials")
    }

    fn verify(&self, _: Algorithm, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn generation(&self) -> u64 {
        0
    }
}

impl Passwords for Outside {
    fn hash(&self, _: String, _: Option<String>) -> BoxFuture<'_, Result<String, Busy>> {
        panic!("a password in a request without a body")
    }

    fn verify(&self, _: String, _: Vec<String>) -> BoxFuture<'_, Result<Vec<usize>, Busy>> {
        panic!("a password in a request without a body")
    }

    fn is_like(&self, _: &str, _: &str) -> bool {
        false
    }
}

fn mounts(directory: &Arc<Directory>) -> Vec<Mount> {
    vec![
        relesys::mount(directory.clone(), vec![]),
        replay::mount(directory.clone(), vec![]),
        kare::mount(directory.clone(), vec![]),
        laurel::mount(directory.clone(), laurel::Settings::default(), vec![]),
    ]
}

/// The dialects that a path is for: one or none.
fn owners(mounts: &[Mount], path: &str) -> Vec<Dialect> {
    let is_under =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let of =
        |is: &dyn Fn(&Mount) -> bool| mounts.iter().filter(|one| is(one)).map(|one| one.dialect).collect();
    let by_prefix: Vec<_> = of(&|one| is_under(one.prefix));
    let by_path: Vec<_> = of(&|one| (one.owns)(path));
    assert!(
        by_prefix.is_empty() || by_path.is_empty(),
        "{path}: {by_prefix:?} by prefix, {by_path:?} by claim"
    );
    [by_prefix, by_path].concat()
}

#[test]
fn a_path_reaches_one_dialect_and_opens_nothing_without_credentials() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(folder.path().join("personae.db"), Options::default()).expect("a new store");
    let outside = || Arc::new(Outside);
    let directory = Arc::new(Directory::new(Arc::new(store), outside(), outside(), outside(), outside()));
    let rules = mounts(&directory);
    let composed = Composed::new(mounts(&directory), None, HashMap::new());
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    fuzz::check!(move |bytes: &[u8]| {
        let Some(uri) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Uri>().ok()) else {
            return;
        };
        let path = uri.path();
        if !path.starts_with('/') {
            return;
        }
        let owners = owners(&rules, path);
        assert!(owners.len() < 2, "{path}: {owners:?}");
        for one in &rules {
            let Some(normal) = (one.normalise)(path) else { continue };
            assert!(normal.starts_with('/') && normal.len() <= path.len(), "{path} becomes {normal}");
            if (one.owns)(path) {
                assert!((one.owns)(&normal), "{path} becomes {normal}, which is another's");
            }
        }
        for method in [Method::GET, Method::PATCH, Method::POST, Method::DELETE, Method::OPTIONS] {
            let request =
                Request::builder().method(&method).uri(uri.clone()).body(Body::empty()).expect("a request");
            let answer = runtime.block_on(composed.answer(request));
            let status = answer.status();
            let expected =
                status.is_client_error() || method == Method::OPTIONS && status == StatusCode::NO_CONTENT;
            assert!(expected, "{method} {path}: {status}");
            let by = answer.extensions().get::<AnsweredBy>().map(|AnsweredBy(dialect)| *dialect);
            assert!(
                by == owners.first().copied() || by.is_none() && status == StatusCode::NOT_FOUND,
                "{path}: {by:?}"
            );
        }
    });
}
