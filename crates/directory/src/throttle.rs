//! Rate limits: a fixed window of a minute for each credential that has a limit.
//!
//! Counted in this process alone. Several processes over one store each allow the limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::ids::CredentialId;

pub const WINDOW: Duration = Duration::from_secs(60);

/// Windows kept before those that ran out are swept.
const SWEEP_AT: usize = 4_096;

#[derive(Debug, Default)]
pub struct Throttle {
    windows: Mutex<HashMap<CredentialId, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Timestamp,
    used: u32,
}

/// Too many requests; `retry_after` whole seconds from now the window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttled {
    pub limit: u32,
    pub retry_after: u64,
}

impl Throttle {
    /// Counts one request, unless the window is full: refused requests are not counted.
    pub fn admit(&self, credential: CredentialId, limit: u32, now: Timestamp) -> Result<(), Throttled> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= SWEEP_AT {
            windows.retain(|_, window| window.left(now).is_some());
        }
        let window = windows.entry(credential).or_insert(Window { opened: now, used: 0 });
        let left = match window.left(now) {
            Some(left) => left,
            None => {
                *window = Window { opened: now, used: 0 };
                WINDOW
            }
        };
        if window.used >= limit {
            return Err(Throttled { limit, retry_after: left.as_millis().div_ceil(1_000).max(1) as u64 });
        }
        window.used += 1;
        Ok(())
    }
}

impl Window {
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let age = Duration::try_from(now.duration_since(self.opened)).unwrap_or_default();
        WINDOW.checked_sub(age).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_opens_with_the_first_request_and_ends_a_minute_later() {
        let (throttle, credential) = (Throttle::default(), CredentialId(uuid::Uuid::nil()));
        let at = |millis: i64| Timestamp::from_millisecond(1_000_000 + millis).unwrap();
        assert_eq!(throttle.admit(credential, 2, at(0)), Ok(()));
        assert_eq!(throttle.admit(credential, 2, at(30_000)), Ok(()));
        assert_eq!(throttle.admit(credential, 2, at(35_500)), Err(Throttled { limit: 2, retry_after: 25 }));
        assert_eq!(throttle.admit(credential, 2, at(59_999)), Err(Throttled { limit: 2, retry_after: 1 }));
        assert_eq!(throttle.admit(credential, 2, at(60_000)), Ok(()));
        let other = CredentialId(uuid::Uuid::from_u128(1));
        assert_eq!(throttle.admit(other, 1, at(60_000)), Ok(()));
    }
}
