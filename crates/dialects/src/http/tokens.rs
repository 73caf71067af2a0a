//! Reading signed tokens: a signature is checked once, what it covers is remembered while it lasts.

use std::sync::Arc;

use directory::ports::{Algorithm, Signer};
use quick_cache::sync::Cache;
use serde::de::DeserializeOwned;

/// Tokens remembered at once, about a kilobyte each.
const REMEMBERED: usize = 10_000;

/// The longest token that is looked at; ours are far shorter.
const LONGEST: usize = 4_096;

/// Reads tokens of one algorithm whose claims are a `C`.
///
/// Only the signature is judged here. Whether the token has expired, and whether whom it names is still welcome, the
/// dialect asks at every use.
#[derive(Debug)]
pub struct TokenReader<C> {
    algorithm: Algorithm,
    seen: Cache<String, Arc<C>>,
}

impl<C: DeserializeOwned> TokenReader<C> {
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, seen: Cache::new(REMEMBERED) }
    }

    /// The claims, if the token is one of ours. Claims of another shape belong to another kind of token.
    pub fn read(&self, signer: &dyn Signer, token: &str) -> Option<Arc<C>> {
        if let Some(claims) = self.seen.get(token) {
            return Some(claims);
        }
        if token.len() > LONGEST {
            return None;
        }
        let payload = signer.verify(self.algorithm, token)?;
        let claims = Arc::new(serde_json::from_slice(&payload).ok()?);
        self.seen.insert(token.to_owned(), Arc::clone(&claims));
        Some(claims)
    }
}
