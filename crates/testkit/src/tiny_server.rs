//! A server of a few lines for this crate's own tests: it records what came and answers whatever bytes it is told to.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A request as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Counts from 0, in the order of acceptance.
    pub(crate) connection: usize,
    /// Request line and headers, without the empty line.
    pub(crate) head: Vec<u8>,
    /// As sent: a chunked body is still in chunks.
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn request_line(&self) -> String {
        let line = self.head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    /// The values of every header of this name, which is given in lower case.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        String::from_utf8_lossy(&self.head)
            .split("\r\n")
            .filter_map(|line| line.split_once(": "))
            .filter(|(existing, _)| existing.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    }
}

/// What to do after a request was read.
pub(crate) enum Reply {
    /// Write these bytes and wait for the next request.
    Keep(Vec<u8>),
    /// Write these bytes and close.
    Close(Vec<u8>),
}

impl Reply {
    /// A whole JSON answer on a connection that stays open.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Reply {
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}",
            body.len()
        );
        Reply::Keep(format!("{head}\r\n\r\n{body}").into_bytes())
    }
}

pub(crate) struct TinyServer {
    pub(crate) url: String,
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl TinyServer {
    pub(crate) fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> TinyServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let (record, stop, answer) = (Arc::clone(&seen), Arc::clone(&stopping), Arc::new(answer));
        let accepting = thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let (record, answer) = (Arc::clone(&record), Arc::clone(&answer));
                // A client that goes away in the middle is part of the tests, so a failed read or write ends the thread.
                thread::spawn(move || {
                    stream.and_then(|stream| converse(connection, stream, &record, &*answer))
                });
            }
        });
        TinyServer { url: format!("http://{address}"), address, seen, stopping, accepting: Some(accepting) }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for TinyServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // The accepting thread looks at the flag when it wakes, and this wakes it.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            accepting.join().ok();
        }
    }
}

fn converse(
    connection: usize,
    mut stream: TcpStream,
    record: &Mutex<Vec<Seen>>,
    answer: &(impl Fn(&Seen) -> Reply + ?Sized),
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let head = read_until(&mut stream, &mut buffer, b"\r\n\r\n")?;
        let mut seen = Seen { connection, head, body: Vec::new() };
        if !seen.headers("transfer-encoding").is_empty() {
            seen.body = [&read_until(&mut stream, &mut buffer, b"0\r\n\r\n")?, &b"0\r\n\r\n"[..]].concat();
        } else if let Some(length) = seen.headers("content-length").first() {
            let length = length.parse().unwrap();
            while buffer.len() < length {
                fill(&mut stream, &mut buffer)?;
            }
            seen.body = buffer.drain(..length).collect();
        }
        record.lock().unwrap().push(seen.clone());
        match answer(&seen) {
            Reply::Keep(bytes) => stream.write_all(&bytes)?,
            Reply::Close(bytes) => return stream.write_all(&bytes),
        }
    }
}

/// Everything before `end`, which is taken from the buffer too.
fn read_until(stream: &mut TcpStream, buffer: &mut Vec<u8>, end: &[u8]) -> io::Result<Vec<u8>> {
    loop {
        if let Some(position) = buffer.windows(end.len()).position(|window| window == end) {
            let before = buffer.drain(..position).collect();
            buffer.drain(..end.len());
            return Ok(before);
        }
        fill(stream, buffer)?;
    }
}

fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    match stream.read(&mut bytes)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            buffer.extend_from_slice(&bytes[..length]);
            Ok(())
        }
    }
}
