//! A request's body: it has a time to arrive in, and what a handler leaves of it is read away.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use std::future::poll_fn;

use axum::body::Body as AnyBody;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Sleep, timeout};

/// What is left of a body is read before the answer if it is no more than this and arrives at once, so that the
/// connection can be used again: a client whose token has expired sends the same request once more.
const BEFORE: Bounds = Bounds { bytes: 64 * 1024, time: Duration::from_millis(250) };

/// What is read and dropped after the answer. A client that writes all of its request before it reads would lose the
/// answer to a connection that is closed with bytes unread (RFC 9112, section 9.6). This is several times what any request may
/// hold; a client that sends more in one go is cut off.
const AFTER: Bounds = Bounds { bytes: 8 * 1024 * 1024, time: Duration::from_secs(5) };

#[derive(Debug, Clone, Copy)]
struct Bounds {
    bytes: u64,
    time: Duration,
}

/// Ends with an error when it has not arrived in the time it has, however it trickles. The clock starts at the first wait,
/// so that a body that came along with its headers costs no timer.
#[derive(Debug)]
pub(crate) struct PromptBody {
    /// None once it has ended, or failed.
    incoming: Option<Incoming>,
    /// From the first wait to the end.
    time: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    left: Left,
}

/// Where a body that was not read to its end is found, once it is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Left(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unread,
    Ended,
    Rest(Incoming),
}

impl PromptBody {
    pub(crate) fn new(incoming: Incoming, time: Duration) -> Self {
        Self { incoming: Some(incoming), time, deadline: None, left: Left::default() }
    }

    pub(crate) fn left(&self) -> Left {
        self.left.clone()
    }
}

impl Left {
    fn set(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Reads away what is left, before the answer or after it; in the second case, and where the body has failed, the
    /// answer tells the client that the connection ends, so that it does not lose its next request.
    ///
    /// `expects`: the client waits for a `100 Continue`, which hyper sends to it when its body is asked for, unless it has
    /// had its answer before.
    pub(crate) async fn clear(self, response: &mut Response<AnyBody>, expects: bool) {
        let state = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let rest = match state {
            State::Ended => return,
            State::Unread => None,
            State::Rest(mut rest) => {
                // Nothing is gained by the beginning of a body that is known to be too long.
                let may_end = !expects && rest.size_hint().lower() <= BEFORE.bytes;
                if may_end && drain(&mut rest, BEFORE).await {
                    return;
                }
                Some(rest)
            }
        };
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        if let Some(mut rest) = rest {
            // hyper drops the extensions of an answer when it writes its head. The connection is open until this task is
            // done with its body.
            let (written, mut is_written) = mpsc::channel::<Infallible>(1);
            response.extensions_mut().insert(written);
            tokio::spawn(async move {
                is_written.recv().await;
                drain(&mut rest, AFTER).await;
            });
        }
    }
}

/// Reads and drops a body. False where it has not ended within the bounds.
async fn drain(rest: &mut Incoming, bounds: Bounds) -> bool {
    let reading = async {
        let mut left = bounds.bytes;
        while !rest.is_end_stream() {
            match poll_fn(|cx| Pin::new(&mut *rest).poll_frame(cx)).await {
                None => return true,
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                    let Some(fewer) = left.checked_sub(length) else { return false };
                    left = fewer;
                }
                Some(Err(_)) => return false,
            }
        }
        true
    };
    timeout(bounds.time, reading).await.unwrap_or(false)
}

impl Body for PromptBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut *incoming).poll_frame(cx) {
            // Where there are chunks, only the frame after the last tells that it was the last.
            let has_ended = frame.is_none() || incoming.is_end_stream();
            let has_failed = frame.as_ref().is_some_and(Result::is_err);
            if has_ended || has_failed {
                self.incoming = None;
            }
            if has_ended {
                self.left.set(State::Ended);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let time = self.time;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => {
                self.incoming = None;
                Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for PromptBody {
    fn drop(&mut self) {
        if let Some(rest) = self.incoming.take() {
            self.left.set(State::Rest(rest));
        }
    }
}
