//! How often secrets may be guessed: wrong attempts are counted, and every further one has to wait longer.
//!
//! Three counts, each with its own purpose:
//!
//! - one account from one source: after a few failures each one doubles the wait, up to some minutes;
//! - one source, whatever the account: one computer does not try one password on everybody;
//! - one account, whatever the source: many computers together do not try a thousand passwords on it.
//!
//! Nobody can lock a person out: the first count is about the source of the guesses alone, and the other two do not hold
//! up a source that has signed in to the account before. Sessions, tokens and keys that are right are never refused here,
//! because those are checked first and counted only when they are wrong.
//!
//! Counted in this process, in caches of a fixed size, by monotonic time that is handed in. Several processes over one
//! store each allow as much.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quick_cache::unsync::Cache;

/// Failures of one account from one source that cost no wait: people mistype, and try the passwords that they know.
const FREE: u32 = 10;

/// The first wait after those. It doubles with each failure.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait of an account from one source: a person at that source can try again within minutes, and a guesser has
/// fewer than 300 attempts a day.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// After so long without a failure, an account from one source begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 60);

/// Failures of one source: 100 at once, since an office may share an address, and one more every 6 seconds.
const OF_SOURCE: Allowance = Allowance { at_once: 100, every: Duration::from_secs(6) };

/// Failures of one account from all sources that it was not signed in to from before: with 40 at once and one more every
/// minute, never more than 100 in an hour (OWASP ASVS 4.0, 2.2.1).
const OF_ACCOUNT: Allowance = Allowance { at_once: 40, every: Duration::from_secs(60) };

/// Accounts, sources and pairs of them that are counted at once, some 60 bytes each. The ones that were not seen for the
/// longest are forgotten first.
const COUNTED: usize = 32_768;

/// Pairs of an account and a source that are known to belong together, some 40 bytes each. Only a right password adds one,
/// so that guesses evict none.
const KNOWN: usize = 65_536;

/// Too many guesses were wrong; `retry_after` whole seconds from now the next one is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyFailures {
    pub retry_after: u64,
}

/// Counts wrong guesses.
#[derive(Debug)]
pub struct Guesses {
    // Seeded at random, so that nobody finds two accounts that are counted as one.
    hasher: RandomState,
    counts: Mutex<Counts>,
}

/// A guess of a password that is counted as wrong until it is known to be right.
#[derive(Debug)]
#[must_use = "a right guess has to be told"]
pub struct Guess {
    keys: Keys,
    is_known: bool,
}

#[derive(Debug, Clone, Copy)]
struct Keys {
    pair: u64,
    source: u64,
    account: u64,
}

#[derive(Debug)]
struct Counts {
    pairs: Cache<u64, Failures>,
    sources: Cache<u64, Bucket>,
    accounts: Cache<u64, Bucket>,
    known: Cache<u64, ()>,
}

impl Default for Guesses {
    fn default() -> Self {
        let counts = Counts {
            pairs: Cache::new(COUNTED),
            sources: Cache::new(COUNTED),
            accounts: Cache::new(COUNTED),
            known: Cache::new(KNOWN),
        };
        Self { hasher: RandomState::new(), counts: Mutex::new(counts) }
    }
}

impl Guesses {
    /// Counts a guess of a password before the password is looked at, so that many at once are counted too. A guess that is
    /// refused is not counted.
    pub fn begin(
        &self,
        account: &str,
        source: Option<IpAddr>,
        now: Duration,
    ) -> Result<Guess, TooManyFailures> {
        let keys = self.keys(account, source);
        let counts = &mut *self.counts();
        let is_known = counts.known.get(&keys.pair).is_some();
        let mut wait = counts.wait_of_pair(keys.pair, now);
        if !is_known {
            wait = wait.max(OF_SOURCE.wait(counts.sources.get(&keys.source), now));
            wait = wait.max(OF_ACCOUNT.wait(counts.accounts.get(&keys.account), now));
        }
        refuse(wait)?;
        counts.fail_pair(keys.pair, now);
        if !is_known {
            OF_SOURCE.take(&mut counts.sources, keys.source, now);
            OF_ACCOUNT.take(&mut counts.accounts, keys.account, now);
        }
        Ok(Guess { keys, is_known })
    }

    /// The password was right: the account is known at this source from now on.
    pub fn succeeded(&self, guess: &Guess) {
        let counts = &mut *self.counts();
        counts.pairs.remove(&guess.keys.pair);
        counts.known.insert(guess.keys.pair, ());
        counts.give_back(guess);
    }

    /// The password was not looked at after all.
    pub fn withdraw(&self, guess: &Guess) {
        let counts = &mut *self.counts();
        if let Some(mut failures) = counts.pairs.get_mut(&guess.keys.pair) {
            failures.count = failures.count.saturating_sub(1);
            failures.wait_until = Duration::ZERO;
        }
        counts.give_back(guess);
    }

    /// Counts a secret of an account that was looked at and is wrong. Random secrets cannot be guessed, so all accounts of
    /// a source are counted, but not all sources of an account.
    pub fn wrong_secret(
        &self,
        account: &str,
        source: Option<IpAddr>,
        now: Duration,
    ) -> Result<(), TooManyFailures> {
        let keys = self.keys(account, source);
        let counts = &mut *self.counts();
        let wait = counts.wait_of_pair(keys.pair, now);
        refuse(wait.max(OF_SOURCE.wait(counts.sources.get(&keys.source), now)))?;
        counts.fail_pair(keys.pair, now);
        OF_SOURCE.take(&mut counts.sources, keys.source, now);
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys(&self, account: &str, source: Option<IpAddr>) -> Keys {
        let source = source.map(network);
        Keys {
            pair: self.hasher.hash_one((account, source)),
            source: self.hasher.hash_one(source),
            account: self.hasher.hash_one(account),
        }
    }
}

/// What counts as one source: an IPv4 address, or the /64 that a single IPv6 subscriber has at the least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

fn refuse(wait: Duration) -> Result<(), TooManyFailures> {
    if wait.is_zero() {
        return Ok(());
    }
    Err(TooManyFailures { retry_after: wait.as_millis().div_ceil(1_000) as u64 })
}

/// The failures of one account from one source.
#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Duration,
    wait_until: Duration,
}

impl Counts {
    fn wait_of_pair(&self, pair: u64, now: Duration) -> Duration {
        self.pairs.get(&pair).map_or(Duration::ZERO, |failures| failures.wait_until.saturating_sub(now))
    }

    fn fail_pair(&mut self, pair: u64, now: Duration) {
        let before = self.pairs.get(&pair).filter(|it| now.saturating_sub(it.last) < FORGOTTEN_AFTER);
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        let wait = match count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(more) => (FIRST_WAIT * 2_u32.saturating_pow(more)).min(LONGEST_WAIT),
        };
        self.pairs.insert(pair, Failures { count, last: now, wait_until: now + wait });
    }

    fn give_back(&mut self, guess: &Guess) {
        if !guess.is_known {
            OF_SOURCE.give_back(&mut self.sources, guess.keys.source);
            OF_ACCOUNT.give_back(&mut self.accounts, guess.keys.account);
        }
    }
}

/// So many failures at once, and one more after each such time.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    at_once: u32,
    every: Duration,
}

/// The generic cell rate algorithm needs one number: the time at which all that was taken is given back.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    full_at: Duration,
}

impl Allowance {
    /// How long until one more is allowed.
    fn wait(self, bucket: Option<&Bucket>, now: Duration) -> Duration {
        let full_at = bucket.map_or(Duration::ZERO, |bucket| bucket.full_at);
        full_at.saturating_sub(now).saturating_sub(self.every * (self.at_once - 1))
    }

    fn take(self, buckets: &mut Cache<u64, Bucket>, key: u64, now: Duration) {
        let full_at = buckets.get(&key).map_or(Duration::ZERO, |bucket| bucket.full_at);
        buckets.insert(key, Bucket { full_at: full_at.max(now) + self.every });
    }

    fn give_back(self, buckets: &mut Cache<u64, Bucket>, key: u64) {
        if let Some(mut bucket) = buckets.get_mut(&key) {
            bucket.full_at = bucket.full_at.saturating_sub(self.every);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "ada@example.com";
    const GRACE: &str = "grace@example.com";

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn source(n: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(n.into()))
    }

    /// A wrong guess: None, or the seconds to wait.
    fn wrong(guesses: &Guesses, account: &str, from: u32, now: u64) -> Option<u64> {
        guesses.begin(account, source(from), second(now)).err().map(|refused| refused.retry_after)
    }

    fn right(guesses: &Guesses, account: &str, from: u32, now: u64) -> Option<u64> {
        match guesses.begin(account, source(from), second(now)) {
            Ok(guess) => {
                guesses.succeeded(&guess);
                None
            }
            Err(refused) => Some(refused.retry_after),
        }
    }

    #[test]
    fn each_failure_from_a_source_doubles_the_wait_of_that_account_there() {
        let guesses = Guesses::default();
        for _ in 0..FREE {
            assert_eq!(wrong(&guesses, ADA, 1, 0), None);
        }
        assert_eq!(wrong(&guesses, ADA, 1, 0), Some(1));
        // What is refused is not counted: the wait does not grow by asking.
        assert_eq!(wrong(&guesses, ADA, 1, 0), Some(1));
        let mut now = 1;
        for wait in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(wrong(&guesses, ADA, 1, now), None);
            assert_eq!(right(&guesses, ADA, 1, now), Some(wait), "the right password waits as well");
            now += wait;
        }
        // From elsewhere, and for others, nothing has changed.
        assert_eq!(right(&guesses, ADA, 2, now), None);
        assert_eq!(right(&guesses, GRACE, 1, now), None);
        // A right password, or an hour, and all is forgotten.
        assert_eq!(right(&guesses, ADA, 1, now), None);
        for _ in 0..FREE {
            assert_eq!(wrong(&guesses, ADA, 1, now), None);
        }
        assert_eq!(wrong(&guesses, ADA, 1, now), Some(1));
        assert_eq!(wrong(&guesses, ADA, 1, now + 3_601), None);
        assert_eq!(wrong(&guesses, ADA, 1, now + 3_601), None);
    }

    #[test]
    fn guesses_that_come_at_once_are_counted_before_any_is_checked() {
        let guesses = Guesses::default();
        let begun = (0..FREE).map(|_| guesses.begin(ADA, source(1), second(0)).unwrap());
        let begun: Vec<Guess> = begun.collect();
        assert_eq!(wrong(&guesses, ADA, 1, 0), Some(1));
        // One of them was not looked at.
        guesses.withdraw(&begun[0]);
        assert_eq!(wrong(&guesses, ADA, 1, 0), None);
        assert_eq!(wrong(&guesses, ADA, 1, 0), Some(1));
    }

    #[test]
    fn a_source_that_tries_everybody_is_slowed_down_and_those_who_signed_in_there_are_not() {
        let guesses = Guesses::default();
        assert_eq!(right(&guesses, ADA, 1, 0), None);
        for n in 0..OF_SOURCE.at_once {
            assert_eq!(wrong(&guesses, &format!("person-{n}"), 1, 0), None, "{n}");
        }
        assert_eq!(wrong(&guesses, "one more", 1, 0), Some(6));
        assert_eq!(wrong(&guesses, "one more", 1, 5), Some(1));
        assert_eq!(wrong(&guesses, "one more", 1, 6), None);
        assert_eq!(wrong(&guesses, "one more", 1, 6), Some(6));
        assert_eq!(right(&guesses, GRACE, 1, 6), Some(6));
        assert_eq!(right(&guesses, ADA, 1, 6), None);
        assert_eq!(right(&guesses, GRACE, 2, 6), None);
    }

    #[test]
    fn an_account_that_many_sources_try_is_slowed_down_but_not_where_it_is_known() {
        let guesses = Guesses::default();
        assert_eq!(right(&guesses, ADA, 1, 0), None);
        let mut failures = 0;
        for now in 0..3_600 {
            // A new source each time.
            failures += u32::from(wrong(&guesses, ADA, 1_000 + now, now.into()).is_none());
        }
        assert_eq!(failures, 99);
        let wait = right(&guesses, ADA, 2, 3_600).unwrap_or_default();
        assert!(wait <= 60, "{wait}");
        assert_eq!(right(&guesses, ADA, 1, 3_600), None);
        assert_eq!(right(&guesses, GRACE, 2, 3_600), None);
    }

    #[test]
    fn right_passwords_are_no_failures() {
        let guesses = Guesses::default();
        for n in 0..1_000 {
            assert_eq!(right(&guesses, ADA, n, 0), None);
            assert_eq!(right(&guesses, &format!("person-{n}"), 1, 0), None);
        }
    }

    #[test]
    fn wrong_secrets_are_counted_by_account_and_source_alone() {
        let guesses = Guesses::default();
        let wrong = |account: &str, from, now| {
            guesses.wrong_secret(account, source(from), second(now)).err().map(|it| it.retry_after)
        };
        for from in 0..1_000 {
            assert_eq!(wrong("client", from, 0), None);
        }
        for _ in 1..FREE {
            assert_eq!(wrong("client", 1, 0), None);
        }
        assert_eq!(wrong("client", 1, 0), Some(1));
        for n in 0..OF_SOURCE.at_once - FREE {
            assert_eq!(wrong(&format!("client-{n}"), 1, 0), None);
        }
        assert_eq!(wrong("another", 1, 0), Some(6));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_source() {
        let one = |text: &str| network(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2:3:4:5:6"), one("2001:db8:1:2::9"));
        assert_ne!(one("2001:db8:1:2::"), one("2001:db8:1:3::"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
        assert_ne!(one("192.0.2.1"), one("192.0.2.2"));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let guesses = Guesses::default();
        for n in 0..COUNTED as u32 + 1_000 {
            let _ = guesses.wrong_secret(&n.to_string(), source(n), second(0));
        }
        let counts = guesses.counts();
        assert!(counts.pairs.len() <= COUNTED && counts.sources.len() <= COUNTED);
    }
}
