//! Passwords: Argon2id with the crate's recommended parameters, away from the threads that serve requests.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use directory::ports::{Answer, Passwords};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Runs at once. Each takes 19 MiB, so that a flood of log-ins waits its turn and memory stays flat.
const AT_ONCE: usize = 2;

#[derive(Debug, Clone)]
pub(crate) struct Argon2Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Argon2Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Argon2Passwords {
    /// Runs work on a thread for slow things, when it is its turn.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = self.turns.clone().acquire_owned().await.expect("the semaphore is never closed");
        let done = spawn_blocking(move || {
            // Held in here: a caller who went away does not let a third run begin beside two that go on.
            let _turn = turn;
            work()
        });
        done.await.expect("hashing does not panic, and the runtime outlives its requests")
    }
}

impl Passwords for Argon2Passwords {
    fn hash(&self, password: String) -> Answer<'_, String> {
        Box::pin(self.run(move || hash(&password)))
    }

    fn verify(&self, password: String, hashes: Vec<String>) -> Answer<'_, Option<usize>> {
        Box::pin(self.run(move || verify(&password, &hashes)))
    }
}

fn hash(password: &str) -> String {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .expect("any password that the limits let through can be hashed with the default parameters");
    hash.to_string()
}

/// Compares with every hash, also after a match, and with one of nothing when there are none, so that the time it takes
/// does not tell whether an address is known.
fn verify(password: &str, hashes: &[String]) -> Option<usize> {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody's"));
    if hashes.is_empty() {
        is_of(password, &NOBODY);
        return None;
    }
    let matches = hashes.iter().enumerate().filter(|(_, hash)| is_of(password, hash));
    matches.fold(None, |first, (index, _)| first.or(Some(index)))
}

fn is_of(password: &str, hash: &str) -> bool {
    let verified =
        PasswordHash::new(hash).map(|hash| Argon2::default().verify_password(password.as_bytes(), &hash));
    matches!(verified, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_hash_of_the_password_is_named() {
        let passwords = Argon2Passwords::default();
        let ada = passwords.hash("Engine-1843".into()).await;
        let other = passwords.hash("Bernoulli-7".into()).await;
        assert!(ada.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{ada}");
        assert_ne!(ada, passwords.hash("Engine-1843".into()).await, "every hash has a salt of its own");

        let ask = |password: &str, hashes: &[&String]| {
            passwords.verify(password.into(), hashes.iter().map(|hash| (*hash).clone()).collect())
        };
        assert_eq!(ask("Engine-1843", &[&other, &ada, &ada]).await, Some(1));
        assert_eq!(ask("engine-1843", &[&other, &ada]).await, None);
        assert_eq!(ask("Engine-1843", &[]).await, None);
        assert_eq!(ask("nobody's", &[]).await, None);
        assert_eq!(ask("x", &[&"not a hash".to_owned()]).await, None);
    }
}
