//! Rate limits: a fixed window of a minute for each credential or person that has a limit.
//!
//! Counted in this process alone. Several processes over one store each allow the limit.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::caller::Dialect;
use crate::ids::{CredentialId, PersonId, TenantId};

pub const WINDOW: Duration = Duration::from_secs(60);

/// Windows kept before those that ran out are swept.
const SWEEP_AT: usize = 4_096;

/// How many requests a minute a credential may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimit {
    /// As many as the settings say for its dialect.
    #[default]
    OfDialect,
    PerMinute(NonZeroU32),
    Unlimited,
}

impl RateLimit {
    /// The limit in effect where that of the dialect is `default`; None is no limit.
    pub fn or(self, default: Option<NonZeroU32>) -> Option<NonZeroU32> {
        match self {
            Self::OfDialect => default,
            Self::PerMinute(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

/// Requests a minute for credentials of each dialect that have no limit of their own, and for each person who signs in
/// through a dialect; None is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimits {
    pub relesys: Option<NonZeroU32>,
    pub replay: Option<NonZeroU32>,
    pub kare: Option<NonZeroU32>,
    pub laurel: Option<NonZeroU32>,
}

impl RateLimits {
    pub fn of(&self, dialect: Dialect) -> Option<NonZeroU32> {
        match dialect {
            Dialect::Relesys => self.relesys,
            Dialect::Replay => self.replay,
            Dialect::Kare => self.kare,
            Dialect::Laurel => self.laurel,
        }
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limited {
    Credential(CredentialId),
    Person(TenantId, PersonId),
}

#[derive(Debug, Default)]
pub struct Throttle {
    windows: Mutex<Windows>,
}

#[derive(Debug)]
struct Windows {
    open: HashMap<Limited, Window>,
    /// The number of windows from which the next sweep happens.
    sweep_at: usize,
}

/// Times are those of the monotonic clock: a window ends after a minute also when the time of day is set back.
#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Duration,
    used: u32,
}

/// Too many requests; `retry_after` whole seconds from now the window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    pub limit: u32,
    pub retry_after: u64,
}

impl Throttle {
    /// Counts one request, unless the window is full: refused requests are not counted. `now` is the monotonic time.
    pub fn admit(&self, who: Limited, limit: NonZeroU32, now: Duration) -> Result<(), Throttled> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.sweep(now);
        let window = windows.open.entry(who).or_insert(Window { opened: now, used: 0 });
        let left = match window.left(now) {
            Some(left) => left,
            None => {
                *window = Window { opened: now, used: 0 };
                WINDOW
            }
        };
        let limit = limit.get();
        if window.used >= limit {
            return Err(Throttled { limit, retry_after: left.as_millis().div_ceil(1_000).max(1) as u64 });
        }
        window.used += 1;
        Ok(())
    }
}

impl Default for Windows {
    fn default() -> Self {
        Self { open: HashMap::new(), sweep_at: SWEEP_AT }
    }
}

impl Windows {
    /// Removes what has run out. The next sweep waits until there are twice as many as are left, so that sweeping costs
    /// each request little, however many windows are open at once.
    fn sweep(&mut self, now: Duration) {
        if self.open.len() < self.sweep_at {
            return;
        }
        self.open.retain(|_, window| window.left(now).is_some());
        self.sweep_at = SWEEP_AT.max(2 * self.open.len());
    }
}

impl Window {
    fn left(&self, now: Duration) -> Option<Duration> {
        WINDOW.checked_sub(now.saturating_sub(self.opened)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(n: u128) -> Limited {
        Limited::Credential(CredentialId(uuid::Uuid::from_u128(n)))
    }

    fn limit(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    #[test]
    fn the_window_opens_with_the_first_request_and_ends_a_minute_later() {
        let throttle = Throttle::default();
        let admit =
            |millis: u64| throttle.admit(credential(0), limit(2), Duration::from_millis(1_000_000 + millis));
        assert_eq!(admit(0), Ok(()));
        assert_eq!(admit(30_000), Ok(()));
        assert_eq!(admit(35_500), Err(Throttled { limit: 2, retry_after: 25 }));
        assert_eq!(admit(59_999), Err(Throttled { limit: 2, retry_after: 1 }));
        assert_eq!(admit(60_000), Ok(()));
        let person = Limited::Person(TenantId(1), PersonId(uuid::Uuid::nil()));
        for other in [credential(1), person] {
            assert_eq!(throttle.admit(other, limit(1), Duration::from_secs(1_060)), Ok(()));
        }
    }

    #[test]
    fn windows_that_ran_out_are_swept() {
        let throttle = Throttle::default();
        let fill = |from: u128, now| {
            for n in from..from + SWEEP_AT as u128 {
                throttle.admit(credential(n), limit(1), now).unwrap();
            }
            throttle.windows.lock().unwrap().open.len()
        };
        assert_eq!(fill(0, Duration::ZERO), SWEEP_AT);
        assert_eq!(fill(10_000, Duration::from_secs(30)), 2 * SWEEP_AT, "none of them has run out");
        assert_eq!(fill(20_000, Duration::from_secs(60)), 2 * SWEEP_AT, "the first have run out");
    }

    #[test]
    fn a_limit_is_the_credentials_own_or_the_dialects() {
        let limits = RateLimits { relesys: Some(limit(100)), ..RateLimits::default() };
        for (own, relesys, replay) in [
            (RateLimit::OfDialect, Some(limit(100)), None),
            (RateLimit::PerMinute(limit(7)), Some(limit(7)), Some(limit(7))),
            (RateLimit::Unlimited, None, None),
        ] {
            assert_eq!(own.or(limits.of(Dialect::Relesys)), relesys, "{own:?}");
            assert_eq!(own.or(limits.of(Dialect::Replay)), replay, "{own:?}");
        }
    }
}
