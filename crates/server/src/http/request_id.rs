//! The id under which the log, the events and the answer know a request.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use dialects::http::RequestId;
use directory::ports::Entropy;

pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A longer id is not taken over: it would be kept in the log and in events.
const LONGEST: usize = 64;

/// The one that a client or a proxy gave, if it is a sane one.
pub(crate) fn given(headers: &HeaderMap) -> Option<RequestId> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=LONGEST).contains(&text.len()) && text.bytes().all(sane)).then(|| RequestId(text.into()))
}

pub(crate) fn header(id: &RequestId) -> HeaderValue {
    HeaderValue::from_str(&id.0).expect("letters, digits, dots, lines and dashes make a header")
}

/// Makes ids: eight random bytes for the process, then a count. Nothing is drawn for each request.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut process = [0; 8];
        entropy.fill(&mut process);
        Self { process: u64::from_le_bytes(process), next: AtomicU64::new(1) }
    }

    pub(crate) fn next(&self) -> RequestId {
        RequestId(format!("{:016x}-{:x}", self.process, self.next.fetch_add(1, Ordering::Relaxed)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::OsEntropy;

    #[test]
    fn only_a_sane_id_is_taken_over() {
        let taken_over = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_bytes(value).unwrap());
            given(&headers).map(|id| id.0.to_string())
        };
        assert_eq!(taken_over(b"Ab-1.c_2"), Some("Ab-1.c_2".into()));
        assert_eq!(taken_over("x".repeat(64).as_bytes()), Some("x".repeat(64)));
        for bad in ["", "a b", "a\"b", &"x".repeat(65), "\u{e9}"] {
            assert_eq!(taken_over(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(given(&HeaderMap::new()).map(|id| id.0), None);
    }

    #[test]
    fn ids_differ_and_are_sane_themselves() {
        let ids = RequestIds::new(&OsEntropy);
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first.0, second.0);
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, header(&first));
        assert_eq!(given(&headers).map(|id| id.0), Some(first.0));
    }
}
