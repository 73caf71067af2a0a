//! A line in the log for each log-in, credential and right that was refused, within a limit.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dialects::http::Refused;
use directory::{Dialect, Named};
use tracing::warn;

/// Lines in each second; the rest of it is counted. A client that guesses as fast as it can fills no disk.
const LINES: u32 = 20;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Refusals(Arc<Shared>);

struct Shared {
    begun: Instant,
    window: Mutex<Window>,
    left_out: AtomicU64,
}

/// The present second, and the lines that were written in it.
#[derive(Default)]
struct Window {
    second: u64,
    lines: u32,
}

/// What is told of a refusal: nothing that the client sent but what names a credential or session that exists.
pub(super) struct Line<'a> {
    pub refused: Refused,
    pub dialect: Option<Dialect>,
    pub client: IpAddr,
    pub named: &'a Named,
    pub request: &'a str,
}

impl Refusals {
    pub(super) fn new() -> Self {
        let window = Mutex::default();
        Self(Arc::new(Shared { begun: Instant::now(), window, left_out: AtomicU64::new(0) }))
    }

    pub(super) fn note(&self, line: &Line<'_>) {
        if self.0.has_room(self.0.begun.elapsed()) {
            line.write();
        } else if self.0.left_out.fetch_add(1, Ordering::Relaxed) == 0 {
            // The first of a second that is left out has all of them counted once the second is over.
            let this = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(SECOND).await;
                tell(this.0.left_out.swap(0, Ordering::Relaxed));
            });
        }
    }
}

impl Drop for Shared {
    /// What is not counted when the process ends.
    fn drop(&mut self) {
        tell(*self.left_out.get_mut());
    }
}

fn tell(left_out: u64) {
    if left_out > 0 {
        warn!(left_out, "more was refused than the log has lines for");
    }
}

impl Shared {
    fn has_room(&self, elapsed: Duration) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.second != elapsed.as_secs() {
            *window = Window { second: elapsed.as_secs(), lines: 0 };
        }
        let has_room = window.lines < LINES;
        window.lines += u32::from(has_room);
        has_room
    }
}

impl Line<'_> {
    fn write(&self) {
        let Self { refused, dialect, client, named, request } = self;
        warn!(
            kind = refused.as_str(),
            dialect = dialect.map(Dialect::as_str),
            %client,
            credential = named.credential(),
            session = named.session().map(tracing::field::display),
            request,
            "refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_so_many_lines_and_no_more() {
        let shared = Refusals::new().0;
        for second in [0, 1, 7] {
            let now = Duration::from_secs(second);
            let written = (0..100).filter(|_| shared.has_room(now)).count();
            assert_eq!(written, LINES as usize, "second {second}");
            assert!(!shared.has_room(now + Duration::from_millis(999)), "second {second}");
        }
    }
}
