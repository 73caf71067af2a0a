//! What is known of one connection: whether a request is under way, since when it waits, what its client has taken.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Shared by the connection's own task, which alone moves it between the other phases, and the task that accepts
/// connections, which closes those that wait.
#[derive(Debug)]
pub(super) struct Connection {
    /// What the times of phases are counted from.
    start: Instant,
    /// A [`Phase`], encoded.
    phase: AtomicU64,
    /// Whether hyper has been given the whole answer to the request under way.
    is_answered: AtomicBool,
    /// Whether bytes have arrived since this was last asked.
    has_received: AtomicBool,
    /// Whether the client does not take what is to be written.
    is_blocked: AtomicBool,
    /// Bytes written so far.
    written: AtomicU64,
    task: OnceLock<AbortHandle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request is under way, until all of its answer is written.
    Busy,
    /// A request's head is due: the connection is new, or a part of the head has arrived. Microseconds after the start.
    Head { since: u64 },
    /// The last request is answered. Microseconds after the start.
    Idle { since: u64 },
    /// The connection is being closed and begins no request.
    Closed,
}

impl Connection {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            phase: AtomicU64::new(Phase::Head { since: micros_since(start) }.encode()),
            is_answered: AtomicBool::new(false),
            has_received: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
            written: AtomicU64::new(0),
            task: OnceLock::new(),
        }
    }

    /// Names the task that serves this connection, to be ended with it.
    pub(super) fn set_task(&self, task: AbortHandle) {
        self.task.set(task).expect("a connection has one task");
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::decode(self.phase.load(Ordering::SeqCst))
    }

    /// The moment that a phase counts its time from.
    pub(super) fn moment(&self, since: u64) -> Instant {
        self.start + Duration::from_micros(since)
    }

    /// A request's head has arrived. False when the connection is being closed: then the request must not begin, so that
    /// nothing is done without an answer.
    pub(super) fn begin_request(&self) -> bool {
        self.is_answered.store(false, Ordering::Relaxed);
        // Busy still: the client sent this request before it had the last answer.
        self.phase() == Phase::Busy || self.enter(Phase::Busy)
    }

    /// True once hyper has been given the whole answer.
    pub(super) fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Relaxed)
    }

    /// The answer is written. Bytes that arrived before are not counted as the next request's.
    pub(super) fn become_idle(&self) {
        self.has_received.store(false, Ordering::Relaxed);
        self.enter(Phase::Idle { since: micros_since(self.start) });
    }

    /// Notes that a part of a head has arrived, if it has. Answers with the phase after that.
    pub(super) fn notice_head(&self) -> Phase {
        if let Phase::Idle { .. } = self.phase()
            && self.has_received.swap(false, Ordering::Relaxed)
        {
            self.enter(Phase::Head { since: micros_since(self.start) });
        }
        self.phase()
    }

    /// Microseconds after the start since when no request is under way.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        match self.phase() {
            Phase::Head { since } | Phase::Idle { since } => Some(since),
            Phase::Busy | Phase::Closed => None,
        }
    }

    /// Ends the connection unless a request is under way.
    pub(super) fn close_if_waiting(&self) -> bool {
        let closes = self.step(|phase| match phase {
            Phase::Head { .. } | Phase::Idle { .. } => Some(Phase::Closed),
            Phase::Busy | Phase::Closed => None,
        });
        if closes && let Some(task) = self.task.get() {
            task.abort();
        }
        closes
    }

    pub(super) fn note_received(&self) {
        self.has_received.store(true, Ordering::Relaxed);
    }

    /// Notes what came of an attempt to write.
    pub(super) fn note_written(&self, outcome: &Poll<std::io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = outcome {
            self.written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        self.is_blocked.store(outcome.is_pending(), Ordering::Relaxed);
    }

    /// Bytes written so far, while the client does not take the next ones.
    pub(super) fn blocked_at(&self) -> Option<u64> {
        self.is_blocked.load(Ordering::Relaxed).then(|| self.written.load(Ordering::Relaxed))
    }

    /// Enters a phase, unless the connection is being closed.
    fn enter(&self, next: Phase) -> bool {
        self.step(|phase| match phase {
            Phase::Closed => None,
            Phase::Busy | Phase::Head { .. } | Phase::Idle { .. } => Some(next),
        })
    }

    fn step(&self, next: impl Fn(Phase) -> Option<Phase>) -> bool {
        let next = |code| next(Phase::decode(code)).map(Phase::encode);
        self.phase.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next).is_ok()
    }
}

impl Phase {
    const BUSY: u64 = u64::MAX;
    const CLOSED: u64 = u64::MAX - 1;

    fn encode(self) -> u64 {
        match self {
            Self::Busy => Self::BUSY,
            Self::Closed => Self::CLOSED,
            Self::Head { since } => since << 1 | 1,
            Self::Idle { since } => since << 1,
        }
    }

    fn decode(code: u64) -> Self {
        match (code, code & 1) {
            (Self::BUSY, _) => Self::Busy,
            (Self::CLOSED, _) => Self::Closed,
            (_, 0) => Self::Idle { since: code >> 1 },
            (_, _) => Self::Head { since: code >> 1 },
        }
    }
}

fn micros_since(start: Instant) -> u64 {
    // Half a million years fit, without the bit that tells the phases apart.
    start.elapsed().as_micros() as u64
}

/// An answer's body, which tells the connection when hyper has had all of it.
#[derive(Debug)]
pub(super) struct Answer<B> {
    pub(super) body: B,
    pub(super) connection: Arc<Connection>,
}

impl<B> Drop for Answer<B> {
    fn drop(&mut self) {
        self.connection.is_answered.store(true, Ordering::Relaxed);
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_told_apart() {
        for since in [0, 1, 7, 1 << 50] {
            for phase in [Phase::Busy, Phase::Closed, Phase::Head { since }, Phase::Idle { since }] {
                assert_eq!(Phase::decode(phase.encode()), phase);
            }
        }
    }

    #[test]
    fn a_connection_is_closed_only_while_no_request_is_under_way() {
        let connection = Connection::new(Instant::now());
        assert!(connection.begin_request() && !connection.close_if_waiting());
        assert!(connection.begin_request(), "one after the other");
        connection.become_idle();
        assert!(matches!(connection.notice_head(), Phase::Idle { .. }));
        connection.note_received();
        assert!(matches!(connection.notice_head(), Phase::Head { .. }));
        assert!(connection.close_if_waiting() && !connection.close_if_waiting());
        connection.become_idle();
        assert_eq!(connection.phase(), Phase::Closed);
        assert!(!connection.begin_request());
    }
}
