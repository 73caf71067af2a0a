//! One TCP connection: writes a request's bytes, reads one answer, and says whether the connection can be used again.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Error, Headers, Response, Sent};

/// Larger heads and bodies than any answer of ours; a server that runs away must not take the test machine with it.
const MAX_HEAD: usize = 256 * 1024;
const MAX_BODY: usize = 256 * 1024 * 1024;
const MAX_HEADERS: usize = 128;
const MAX_CHUNK_LINE: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Bytes that were read but belong to nothing consumed yet.
    buffer: Vec<u8>,
    /// Bytes of the present answer that have arrived, for error messages.
    received: usize,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, deadline: Instant) -> Result<Connection, Error> {
        let stream = TcpStream::connect_timeout(&address, remaining(deadline)).map_err(Error::Connect)?;
        // A request goes out in one write; waiting to fill a segment would only add delay.
        stream.set_nodelay(true).map_err(Error::Connect)?;
        Ok(Connection { stream, buffer: Vec::new(), received: 0 })
    }

    /// Whether the server still holds this idle connection open and has said nothing unasked on it.
    pub(super) fn is_usable(&self) -> bool {
        let peek = || {
            self.stream.set_nonblocking(true)?;
            let peeked = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            peeked
        };
        self.buffer.is_empty() && peek().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// The answer (without the request line, which the caller knows) and whether the connection can be kept.
    pub(super) fn exchange(
        &mut self,
        request: &[u8],
        is_head: bool,
        deadline: Instant,
    ) -> Result<(Response, bool), Error> {
        self.received = 0;
        let written = self.write(request, deadline);
        // A server may answer (413, say) and close before it has read the whole request. Then writing fails, but the
        // answer is there to be read; only when it is not does the write's own failure count.
        let head = match (self.head(deadline), &written) {
            (Ok(head), _) => head,
            (Err(Error::Cut { received: 0, .. }), Err(cause)) => {
                return Err(Error::Cut {
                    received: 0,
                    cause: io::Error::new(cause.kind(), cause.to_string()),
                });
            }
            (Err(error), _) => return Err(error),
        };
        let (body, delimited) = self.body(&head, is_head, deadline)?;
        let reusable = written.is_ok() && delimited && head.keep_alive && self.buffer.is_empty();
        let response = Response {
            method: String::new(),
            target: String::new(),
            sent: Sent::default(),
            status: head.status,
            headers: head.headers,
            body,
        };
        Ok((response, reusable))
    }

    fn write(&mut self, request: &[u8], deadline: Instant) -> io::Result<()> {
        self.stream.set_write_timeout(Some(remaining(deadline)))?;
        self.stream.write_all(request)
    }

    /// The head of the final answer; interim ones (100 Continue) are skipped.
    fn head(&mut self, deadline: Instant) -> Result<Head, Error> {
        loop {
            match Head::parse(&self.buffer)? {
                Some((head, length)) => {
                    self.buffer.drain(..length);
                    if head.status >= 200 {
                        return Ok(head);
                    }
                }
                None if self.buffer.len() > MAX_HEAD => return Err(malformed("the head is too long")),
                None => self.fill(deadline)?,
            }
        }
    }

    /// The body, and whether its end was marked by anything but the end of the connection.
    fn body(&mut self, head: &Head, is_head: bool, deadline: Instant) -> Result<(Vec<u8>, bool), Error> {
        if is_head || matches!(head.status, 204 | 304) {
            return Ok((Vec::new(), true));
        }
        if head.chunked {
            return Ok((self.chunks(deadline)?, true));
        }
        match head.length {
            Some(length) => Ok((self.take(length, deadline)?, true)),
            None => Ok((self.rest(deadline)?, false)),
        }
    }

    fn chunks(&mut self, deadline: Instant) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(httparse::Status::Complete((start, size))) => {
                        self.buffer.drain(..start);
                        break usize::try_from(size).unwrap_or(usize::MAX);
                    }
                    Ok(httparse::Status::Partial) if self.buffer.len() <= MAX_CHUNK_LINE => {
                        self.fill(deadline)?;
                    }
                    Ok(httparse::Status::Partial) | Err(_) => return Err(malformed("a bad chunk size")),
                }
            };
            if size == 0 {
                self.trailers(deadline)?;
                return Ok(body);
            }
            if size > MAX_BODY - body.len() {
                return Err(malformed("the body is too long"));
            }
            body.extend(self.take(size, deadline)?);
            if self.take(2, deadline)? != b"\r\n" {
                return Err(malformed("a chunk does not end where it said"));
            }
        }
    }

    /// Reads past the lines after the last chunk, up to the empty one.
    fn trailers(&mut self, deadline: Instant) -> Result<(), Error> {
        loop {
            match self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                Some(end) => {
                    self.buffer.drain(..end + 2);
                    if end == 0 {
                        return Ok(());
                    }
                }
                None if self.buffer.len() > MAX_HEAD => return Err(malformed("the trailers are too long")),
                None => self.fill(deadline)?,
            }
        }
    }

    fn take(&mut self, length: usize, deadline: Instant) -> Result<Vec<u8>, Error> {
        if length > MAX_BODY {
            return Err(malformed("the body is too long"));
        }
        while self.buffer.len() < length {
            self.fill(deadline)?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Everything up to the end of the connection, which here is the proper end of the answer.
    fn rest(&mut self, deadline: Instant) -> Result<Vec<u8>, Error> {
        loop {
            match self.fill(deadline) {
                Ok(()) if self.buffer.len() > MAX_BODY => return Err(malformed("the body is too long")),
                Ok(()) => {}
                Err(Error::Cut { cause, .. }) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(std::mem::take(&mut self.buffer));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what there is, at least one byte.
    fn fill(&mut self, deadline: Instant) -> Result<(), Error> {
        let cut = |received, cause| Error::Cut { received, cause };
        if Instant::now() >= deadline {
            return Err(Error::TimedOut { received: self.received });
        }
        let mut bytes = [0; 16 * 1024];
        let read = self
            .stream
            .set_read_timeout(Some(remaining(deadline)))
            .and_then(|()| self.stream.read(&mut bytes));
        match read {
            Ok(0) => Err(cut(self.received, io::ErrorKind::UnexpectedEof.into())),
            Ok(length) => {
                self.received += length;
                self.buffer.extend_from_slice(&bytes[..length]);
                Ok(())
            }
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => Ok(()),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    Err(Error::TimedOut { received: self.received })
                }
                _ => Err(cut(self.received, error)),
            },
        }
    }
}

/// What the head of an answer says, also about the body that follows.
struct Head {
    status: u16,
    headers: Headers,
    length: Option<usize>,
    chunked: bool,
    keep_alive: bool,
}

impl Head {
    /// The head and its length, or nothing when `bytes` does not hold all of it yet.
    fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Error> {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut slots);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(malformed(&error.to_string())),
        };
        let headers: Headers = parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        let head = Head {
            status: parsed.code.ok_or_else(|| malformed("there is no status"))?,
            length: content_length(&headers)?,
            chunked: has_token(&headers, "transfer-encoding", "chunked"),
            keep_alive: parsed.version == Some(1) && !has_token(&headers, "connection", "close"),
            headers,
        };
        Ok(Some((head, length)))
    }
}

fn content_length(headers: &Headers) -> Result<Option<usize>, Error> {
    let mut lengths = headers.all("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(None),
        (Some(length), None) => {
            length.trim().parse().map(Some).map_err(|_| malformed("a bad content length"))
        }
        (Some(_), Some(_)) => Err(malformed("two content lengths")),
    }
}

fn has_token(headers: &Headers, name: &str, token: &str) -> bool {
    headers.all(name).flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn malformed(what: &str) -> Error {
    Error::Malformed(what.to_owned())
}

/// The time left. Never zero, which the socket calls would refuse.
fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}
