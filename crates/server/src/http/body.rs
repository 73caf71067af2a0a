//! A request's body that may not keep us waiting for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// Ends with an error when its bytes take longer to arrive than they may. The clock starts at the first wait, so that a
/// body that came along with its headers costs no timer.
#[derive(Debug)]
pub(crate) struct PromptBody {
    incoming: Incoming,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    end: End,
}

/// Whether a body was read to its end. What is left unread stands in the way of the connection's next request.
#[derive(Debug, Clone)]
pub(crate) struct End(Option<Arc<AtomicBool>>);

impl End {
    pub(crate) fn is_reached(&self) -> bool {
        self.0.as_ref().is_none_or(|reached| reached.load(Ordering::Relaxed))
    }
}

impl PromptBody {
    pub(crate) fn new(incoming: Incoming, patience: Duration) -> Self {
        let end = End((!incoming.is_end_stream()).then(Arc::default));
        Self { incoming, patience, deadline: None, end }
    }

    pub(crate) fn end(&self) -> End {
        self.end.clone()
    }

    fn note_end(&self) {
        if let Some(reached) = &self.end.0
            && self.incoming.is_end_stream()
        {
            reached.store(true, Ordering::Relaxed);
        }
    }
}

impl Body for PromptBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.note_end();
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
