//! Reading signed tokens: a signature is checked once, and what it covers is cached until a signing key is withdrawn.

use std::sync::Arc;

use directory::ports::{Algorithm, Signer};
use quick_cache::sync::Cache;
use serde::de::DeserializeOwned;

/// Tokens cached at once, about a kilobyte each.
const CACHED: usize = 10_000;

/// The longest token that is looked at; ours are far shorter.
const LONGEST: usize = 4_096;

/// Reads tokens of one algorithm whose claims are a `C`.
///
/// Only the signature is judged here. Whether the token has expired, and whether whom it names is still welcome, the
/// dialect asks at every use.
#[derive(Debug)]
pub struct TokenReader<C> {
    algorithm: Algorithm,
    /// With the generation of the signing keys by which each was verified.
    seen: Cache<String, (u64, Arc<C>)>,
}

impl<C: DeserializeOwned> TokenReader<C> {
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, seen: Cache::new(CACHED) }
    }

    /// The claims, if the token is one of ours. Claims of another shape belong to another kind of token.
    pub fn read(&self, signer: &dyn Signer, token: &str) -> Option<Arc<C>> {
        // Asked before the signature is checked: a key that is withdrawn meanwhile makes what is cached here old.
        let generation = signer.generation();
        if let Some((_, claims)) = self.seen.get(token).filter(|(verified_by, _)| *verified_by == generation)
        {
            return Some(claims);
        }
        if token.len() > LONGEST {
            return None;
        }
        let payload = signer.verify(self.algorithm, token)?;
        let claims = Arc::new(serde_json::from_slice(&payload).ok()?);
        self.seen.insert(token.to_owned(), (generation, Arc::clone(&claims)));
        Some(claims)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::{Value, json};

    use super::*;

    /// Verifies everything until its key is withdrawn, and counts how often it is asked.
    #[derive(Default)]
    struct Counting {
        generation: AtomicU64,
        asked: AtomicU64,
    }

    impl Signer for Counting {
        fn sign(&self, _: Algorithm, _: &[u8]) -> String {
            String::new()
        }

        fn verify(&self, _: Algorithm, _: &str) -> Option<Vec<u8>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            (self.generation() < 2).then(|| b"{\"sub\":\"ada\"}".to_vec())
        }

        fn generation(&self) -> u64 {
            self.generation.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_signature_is_checked_again_after_a_key_was_withdrawn() {
        let (signer, reader) = (Counting::default(), TokenReader::<Value>::new(Algorithm::Rs256));
        let claims = json!({"sub": "ada"});
        for (generation, asked) in [(0, 1), (0, 1), (1, 2), (1, 2)] {
            signer.generation.store(generation, Ordering::Relaxed);
            assert_eq!(reader.read(&signer, "token").as_deref(), Some(&claims));
            assert_eq!(signer.asked.load(Ordering::Relaxed), asked);
        }
        signer.generation.store(2, Ordering::Relaxed);
        assert_eq!(reader.read(&signer, "token"), None, "its own key was the one that went");
    }
}
