//! Reads what a child writes as it writes it, so that the child never waits for a full pipe and no output fills memory.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is kept of an endless output.
const TAIL: usize = 64 * 1024;
/// The demo line holds up to two thousand people; this is a hundred times that.
const MAX_LINE: u64 = 32 * 1024 * 1024;
/// A child's own child may hold the pipe after it has ended, so waiting for the end of the output has a bound too.
const END_BOUND: Duration = Duration::from_secs(2);

/// The last part of an output.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    /// Hangs up when the output has ended.
    ended: Mutex<Receiver<()>>,
}

impl Tail {
    /// Reads `output` on a thread of its own, to its end.
    pub(super) fn of(output: Option<impl Read + Send + 'static>) -> Tail {
        let (tail, writer) = Tail::pair();
        thread::spawn(move || output.map(|output| writer.drain(output)));
        tail
    }

    fn pair() -> (Tail, TailWriter) {
        let (writer_lives, ended) = mpsc::channel();
        let bytes = Arc::<Mutex<VecDeque<u8>>>::default();
        let tail = Tail { bytes: Arc::clone(&bytes), ended: Mutex::new(ended) };
        (tail, TailWriter { bytes, _lives: writer_lives })
    }

    /// What is there now.
    pub(super) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (front, back) = bytes.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }

    /// What is there when the output has ended.
    pub(super) fn finished(&self) -> String {
        // Nothing is ever sent: this returns when the writer is gone or the bound has passed.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(END_BOUND).ok();
        self.text()
    }
}

struct TailWriter {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    _lives: Sender<()>,
}

impl TailWriter {
    fn drain(&self, mut output: impl Read) {
        let mut chunk = [0; 8 * 1024];
        while let Ok(length @ 1..) = output.read(&mut chunk) {
            let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            bytes.extend(&chunk[..length]);
            let excess = bytes.len().saturating_sub(TAIL);
            bytes.drain(..excess);
        }
    }
}

/// How waiting for the first line went.
pub(super) enum FirstLine {
    Line(Vec<u8>),
    Ended,
    Silent,
}

/// A first line to come.
pub(super) struct Awaited(Receiver<Vec<u8>>);

impl Awaited {
    pub(super) fn within(self, bound: Duration) -> FirstLine {
        match self.0.recv_timeout(bound) {
            Ok(line) => FirstLine::Line(line),
            Err(RecvTimeoutError::Disconnected) => FirstLine::Ended,
            Err(RecvTimeoutError::Timeout) => FirstLine::Silent,
        }
    }
}

/// Reads the first whole line of `output` on a thread of its own, and then the rest.
pub(super) fn first_line(output: Option<impl Read + Send + 'static>) -> (Awaited, Tail) {
    let (announce, awaited) = mpsc::channel();
    let (tail, writer) = Tail::pair();
    thread::spawn(move || {
        let Some(mut output) = output.map(BufReader::new) else { return };
        let mut line = Vec::new();
        let read = output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        if read.is_ok() && line.pop() == Some(b'\n') {
            // Whoever waited may have given up; the output is drained all the same.
            announce.send(line).ok();
        }
        drop(announce);
        writer.drain(output);
    });
    (Awaited(awaited), tail)
}
