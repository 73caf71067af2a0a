//! The system's clock.

use std::time::{Duration, Instant};

use directory::ports::Clock;
use jiff::{Timestamp, Unit};

/// Tells the time to the microsecond, which is what the store keeps: a time that was handed out compares equal to the
/// same time read back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // Rounding fails only at the very end of the calendar.
        now.round(Unit::Microsecond).unwrap_or(now)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_no_more_than_six_digits() {
        assert_eq!(SystemClock::default().now().as_nanosecond() % 1_000, 0);
    }
}
