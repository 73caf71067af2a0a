//! States of need, of which the log tells when they begin and when they are over, however often they are met meanwhile.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a state must not have been met to be over.
const OVER_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Notice(Mutex<Option<Met>>);

#[derive(Debug)]
struct Met {
    times: u64,
    last: Instant,
}

impl Notice {
    /// True when the state begins, which is then to be logged.
    pub(super) fn begins(&self, now: Instant) -> bool {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = met.as_ref().map_or(0, |met| met.times);
        *met = Some(Met { times: times + 1, last: now });
        times == 0
    }

    /// How often the state was met, when it is over now.
    pub(super) fn ends(&self, now: Instant) -> Option<u64> {
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.take_if(|met| now.saturating_duration_since(met.last) >= OVER_AFTER).map(|met| met.times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_begins_and_ends_once() {
        let (notice, start) = (Notice::default(), Instant::now());
        assert_eq!(notice.ends(start), None);
        assert!(notice.begins(start));
        assert!(!notice.begins(start + OVER_AFTER / 2));
        assert_eq!(notice.ends(start + OVER_AFTER), None);
        assert_eq!(notice.ends(start + OVER_AFTER * 2), Some(2));
        assert_eq!(notice.ends(start + OVER_AFTER * 3), None);
        assert!(notice.begins(start + OVER_AFTER * 4));
    }
}
