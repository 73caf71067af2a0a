//! A connection that is ended when its client keeps it waiting for too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::connection::Phase;
use super::places::Place;

/// Bytes that a client must take in the time for writing, so that one that takes a byte now and then does not hold its
/// place and its answer for ever. In the default time they are some 400 a second; the slowest line has more.
const LEAST_WRITTEN: u64 = 4_096;

/// How long a connection may wait for its client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// Serves a connection. Fields are dropped in their order: a place is free once its connection is closed.
pub(super) struct Watched<S> {
    serving: Pin<Box<S>>,
    place: Place,
    waits: Waits,
    stalled: Option<Stalled>,
    /// Set at the first wait. It may be due before the connection's time is up, and is set again then; so a client that
    /// sends one request after another does not set it each time.
    timer: Option<Pin<Box<Sleep>>>,
}

/// A client that does not take its answer.
#[derive(Debug)]
struct Stalled {
    /// Bytes that it had taken in all.
    written: u64,
    since: Instant,
}

impl Stalled {
    /// Since when too little was taken.
    fn since(stalled: &mut Option<Self>, written: u64, now: Instant) -> Instant {
        match stalled {
            Some(stalled) if written - stalled.written < LEAST_WRITTEN => stalled.since,
            _ => stalled.insert(Self { written, since: now }).since,
        }
    }
}

/// What the connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Head,
    Request,
    Write,
}

impl<S: Future> Watched<S> {
    pub(super) fn new(serving: S, place: Place, waits: Waits) -> Self {
        Self { serving: Box::pin(serving), place, waits, stalled: None, timer: None }
    }

    /// What the client keeps the connection waiting with, and until when it may.
    fn wait(&mut self) -> Option<(Wait, Instant)> {
        let connection = self.place.connection();
        if let Some(written) = connection.blocked_at() {
            let since = Stalled::since(&mut self.stalled, written, Instant::now());
            return Some((Wait::Write, since + self.waits.write));
        }
        self.stalled = None;
        if connection.phase() == Phase::Busy && connection.is_answered() {
            self.place.become_idle();
        }
        match connection.notice_head() {
            // The body has a time of its own, and what the server does takes the time it takes.
            Phase::Busy | Phase::Closed => None,
            Phase::Head { since } => Some((Wait::Head, connection.moment(since) + self.waits.head)),
            Phase::Idle { since } => Some((Wait::Request, connection.moment(since) + self.waits.idle)),
        }
    }
}

impl<S: Future> Future for Watched<S> {
    /// What the client kept the connection waiting with for too long, or else how serving it ended.
    type Output = Result<S::Output, Wait>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Poll::Ready(output) = this.serving.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some((wait, until)) = this.wait() else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= until {
                return Poll::Ready(Err(wait));
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_bytes_are_no_progress() {
        let start = Instant::now();
        let (mut stalled, at) = (None, |seconds| start + Duration::from_secs(seconds));
        assert_eq!(Stalled::since(&mut stalled, 100, at(0)), at(0));
        assert_eq!(Stalled::since(&mut stalled, 101, at(3)), at(0));
        assert_eq!(Stalled::since(&mut stalled, 100 + LEAST_WRITTEN, at(4)), at(4));
        assert_eq!(Stalled::since(&mut stalled, 101 + LEAST_WRITTEN, at(9)), at(4));
    }
}
