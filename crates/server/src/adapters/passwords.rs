//! Passwords: Argon2id with the crate's recommended parameters, away from the threads that serve requests.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use directory::ports::{BoxFuture, Busy, Passwords};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Runs at once. Each takes 19 MiB, so that a flood of log-ins waits its turn and memory stays flat.
const AT_ONCE: usize = 2;

/// Passwords that wait for their turn; the last of them waits for half a second. Further ones are told to come back.
const WAITING: usize = 32;

/// Salts that are computed in one turn. Nobody has more, unless the hashes were made before they shared a salt: then the
/// others go on in a further turn, and do not hold up those who wait.
const SALTS_OF_A_TURN: usize = 2;

#[derive(Debug, Clone)]
pub(crate) struct Argon2Passwords {
    turns: Arc<Semaphore>,
    /// Of those who have their turn or wait for it.
    places: Arc<Semaphore>,
}

impl Default for Argon2Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(AT_ONCE + WAITING)) }
    }
}

impl Argon2Passwords {
    /// Runs the steps one after the other on a thread for slow things, each when it is its turn.
    async fn run<T: Send + 'static>(
        &self,
        steps: impl IntoIterator<Item = impl FnOnce() -> T + Send + 'static>,
    ) -> Result<Vec<T>, Busy> {
        let place = Arc::new(self.places.clone().try_acquire_owned().map_err(|_| Busy)?);
        let mut results = Vec::new();
        for step in steps {
            let turn = self.turns.clone().acquire_owned().await.expect("the semaphore is never closed");
            let place = place.clone();
            let done = spawn_blocking(move || {
                // Held in here: a caller who went away does not let a third run begin beside two that go on.
                let _held = (turn, place);
                step()
            });
            results.push(done.await.expect("hashing does not panic, and the runtime outlives its requests"));
        }
        Ok(results)
    }
}

impl Passwords for Argon2Passwords {
    fn hash(&self, password: String, like: Option<String>) -> BoxFuture<'_, Result<String, Busy>> {
        Box::pin(async move {
            let salt = like.as_deref().and_then(Parsed::of).map(|parsed| parsed.salted.salt);
            let hashed = self.run([move || hash(&password, salt)]).await?;
            Ok(hashed.into_iter().collect())
        })
    }

    fn verify(&self, password: String, hashes: Vec<String>) -> BoxFuture<'_, Result<Vec<usize>, Busy>> {
        Box::pin(async move {
            let password: Arc<str> = password.into();
            let groups = groups(&hashes);
            let steps = groups.chunks(SALTS_OF_A_TURN).map(|groups| {
                let (password, groups) = (password.clone(), groups.to_vec());
                move || groups.iter().flat_map(|group| group.matching(&password)).collect::<Vec<_>>()
            });
            let mut matching = self.run(steps.collect::<Vec<_>>()).await?.concat();
            matching.sort_unstable();
            Ok(matching)
        })
    }

    fn is_like(&self, hash: &str, like: &str) -> bool {
        let (hash, like) = (Parsed::of(hash), Parsed::of(like));
        match (hash, like) {
            (Some(hash), Some(like)) => hash.salted.salt == like.salted.salt && hash.salted.is_of_today(),
            // It has no salt to share.
            (Some(hash), None) => hash.salted.is_of_today(),
            (None, _) => false,
        }
    }
}

fn hash(password: &str, salt: Option<Salt>) -> String {
    let hasher = Argon2::default();
    let hash: Result<PasswordHash, _> = match salt {
        Some(salt) => hasher.hash_password_with_salt(password.as_bytes(), &salt),
        None => hasher.hash_password(password.as_bytes()),
    };
    let hash =
        hash.expect("any password that the limits let through can be hashed with the default parameters");
    hash.to_string()
}

/// What a computation depends on beside the password.
#[derive(Debug, Clone, PartialEq)]
struct Salted {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
}

/// A PHC string of Argon2.
struct Parsed {
    salted: Salted,
    output: Output,
}

/// Hashes that one computation is compared with, each with its place among those asked about.
#[derive(Debug, Clone)]
struct Group {
    salted: Salted,
    hashes: Vec<(usize, Output)>,
}

/// The hashes by what has to be computed. Computations that nothing is compared with are added, so that there are always
/// at least two: time tells neither whether an address is known, nor whether it is in one tenant or, with another salt, in
/// two.
fn groups(hashes: &[String]) -> Vec<Group> {
    static NOBODY: LazyLock<[String; SALTS_OF_A_TURN]> =
        LazyLock::new(|| std::array::from_fn(|_| hash("nobody's", None)));
    let mut groups: Vec<Group> = Vec::new();
    for (index, hash) in hashes.iter().enumerate() {
        let Some(Parsed { salted, output }) = Parsed::of(hash) else { continue };
        match groups.iter_mut().find(|group| group.salted == salted) {
            Some(group) => group.hashes.push((index, output)),
            None => groups.push(Group { salted, hashes: vec![(index, output)] }),
        }
    }
    let missing = SALTS_OF_A_TURN.saturating_sub(groups.len());
    let nobody = NOBODY.iter().filter_map(|hash| Parsed::of(hash)).take(missing);
    groups.extend(nobody.map(|parsed| Group { salted: parsed.salted, hashes: Vec::new() }));
    groups
}

impl Group {
    fn matching(&self, password: &str) -> Vec<usize> {
        let Salted { algorithm, version, params, salt } = &self.salted;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut computed = vec![0; length];
        let argon2 = Argon2::new(*algorithm, *version, params.clone());
        let output = argon2
            .hash_password_into(password.as_bytes(), salt, &mut computed)
            .ok()
            .and_then(|()| Output::new(&computed).ok());
        let Some(output) = output else { return Vec::new() };
        // The comparison of outputs takes as long whatever they are.
        self.hashes.iter().filter(|(_, hash)| *hash == output).map(|(index, _)| *index).collect()
    }
}

impl Salted {
    /// Whether a new hash would be made with the same, whatever its salt.
    fn is_of_today(&self) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        (self.algorithm, self.version) == Default::default()
            && costs(&self.params) == costs(&Params::default())
    }
}

impl Parsed {
    fn of(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        let output = hash.hash?;
        let salted = Salted {
            algorithm: hash.algorithm.as_str().parse().ok()?,
            version: hash.version.map(Version::try_from).transpose().ok()?.unwrap_or_default(),
            params: Params::try_from(&hash).ok()?,
            salt: hash.salt?,
        };
        Some(Self { salted, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hashes_of_the_password_are_named() {
        let passwords = Argon2Passwords::default();
        let hash = async |password: &str| passwords.hash(password.into(), None).await.unwrap();
        let ada = hash("Engine-1843").await;
        let other = hash("Bernoulli-7").await;
        assert!(ada.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{ada}");
        assert_ne!(ada, hash("Engine-1843").await, "every hash has a salt of its own");

        let ask = async |password: &str, hashes: &[&String]| {
            let hashes = hashes.iter().map(|hash| (*hash).clone()).collect();
            passwords.verify(password.into(), hashes).await.unwrap()
        };
        assert_eq!(ask("Engine-1843", &[&other, &ada, &ada]).await, [1, 2]);
        assert_eq!(ask("engine-1843", &[&other, &ada]).await, [0; 0]);
        assert_eq!(ask("Engine-1843", &[]).await, [0; 0]);
        assert_eq!(ask("nobody's", &[]).await, [0; 0]);
        assert_eq!(ask("x", &[&"not a hash".to_owned()]).await, [0; 0]);
        // An older hash with other parameters.
        let older = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$".to_owned() + &of_weak_parameters("Engine-1843");
        assert_eq!(ask("Engine-1843", &[&other, &older, &ada]).await, [1, 2]);
        assert!(!passwords.is_like(&older, &older), "it is made again with today's parameters");
    }

    fn of_weak_parameters(password: &str) -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let mut computed = [0; Params::DEFAULT_OUTPUT_LEN];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password.as_bytes(), b"somesalt", &mut computed).unwrap();
        Output::new(&computed).unwrap().to_string()
    }

    #[tokio::test]
    async fn hashes_of_one_address_share_a_salt_and_are_computed_as_one() {
        let passwords = Argon2Passwords::default();
        let first = passwords.hash("Engine-1843".into(), None).await.unwrap();
        let like = |password: &str| passwords.hash(password.into(), Some(first.clone()));
        let (same, second) = (like("Engine-1843").await.unwrap(), like("Bernoulli-7").await.unwrap());
        assert_eq!(same, first);
        assert_ne!(second, first);
        assert!(passwords.is_like(&second, &first));
        let stranger = passwords.hash("Engine-1843".into(), None).await.unwrap();
        assert!(!passwords.is_like(&stranger, &first));
        assert!(passwords.is_like(&stranger, "not a hash"));

        let computations =
            |hashes: &[&String]| groups(&hashes.iter().copied().cloned().collect::<Vec<_>>()).len();
        assert_eq!(computations(&[]), 2);
        assert_eq!(computations(&[&first]), 2);
        assert_eq!(computations(&[&first, &stranger]), 2);
        let many: Vec<&String> = std::iter::repeat_n([&first, &second], 500).flatten().collect();
        assert_eq!(computations(&many), 2);
        let third = passwords.hash("x".into(), None).await.unwrap();
        assert_eq!(computations(&[&first, &stranger, &third]), 3);

        let all = vec![first.clone(), second, stranger, third];
        assert_eq!(passwords.verify("Engine-1843".into(), all.clone()).await, Ok(vec![0, 2]));
        assert_eq!(passwords.verify("Bernoulli-7".into(), all).await, Ok(vec![1]));
    }

    #[tokio::test]
    async fn a_bounded_number_waits_and_the_next_one_hears_at_once() {
        let passwords = Argon2Passwords::default();
        let turns = passwords.turns.clone().acquire_many_owned(AT_ONCE as u32).await.unwrap();
        let begin = || {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.verify("x".into(), Vec::new()).await })
        };
        let waiting: Vec<_> = (0..AT_ONCE + WAITING).map(|_| begin()).collect();
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(begin().await.unwrap(), Err(Busy));
        // One that gives up makes room.
        waiting[0].abort();
        while passwords.places.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        let next = begin();
        drop(turns);
        assert_eq!(next.await.unwrap(), Ok(Vec::new()));
        for one in waiting.into_iter().skip(1) {
            assert_eq!(one.await.unwrap(), Ok(Vec::new()));
        }
    }
}
