//! A small blocking HTTP/1.1 client that sends exactly the bytes it is given.
//!
//! Client libraries tidy a request before they send it: they normalise paths, refuse odd header bytes, retry what
//! failed. A test of a server must be able to send the untidy request and must know whether it was sent once or twice,
//! so this client does none of that.

mod connection;
mod response;

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use connection::Connection;
pub use response::{Headers, Response, Sent};

/// How long one request may take, connecting and reading the answer included, unless the test says otherwise.
const BOUND: Duration = Duration::from_secs(30);

/// Talks to one server and keeps its idle connections. Clones share them, so a clone per thread is the way to send many
/// requests at the same time.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Client {
    /// A client of the server at `url`, which has the form that the server prints: `http://127.0.0.1:41234`.
    ///
    /// # Panics
    /// When `url` is anything but plain HTTP to a numeric address and port.
    #[track_caller]
    pub fn new(url: &str) -> Client {
        let authority = url.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        match authority.and_then(|authority| authority.parse().ok()) {
            Some(address) => Client { address, idle: Arc::default() },
            None => panic!("{url:?} does not have the form http://IP:PORT"),
        }
    }

    /// A request with a `Host` header and nothing else. Method and target go out as they are.
    pub fn request(&self, method: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Request {
        Request {
            client: self.clone(),
            method: method.as_ref().to_vec(),
            target: target.as_ref().to_vec(),
            headers: vec![(b"host".to_vec(), self.address.to_string().into_bytes())],
            content: Vec::new(),
            body: Vec::new(),
            bound: BOUND,
        }
    }

    /// Sends a GET without credentials.
    #[track_caller]
    pub fn get(&self, target: impl AsRef<[u8]>) -> Response {
        self.request("GET", target).send()
    }

    /// A connection on which nothing was sent yet. A kept one that the server has closed in the meantime is dropped
    /// here, *before* anything is sent, so that a request never goes out twice.
    fn connect(&self, deadline: Instant) -> Result<Connection, Error> {
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match kept {
                Some(connection) if connection.is_usable() => return Ok(connection),
                Some(_) => {}
                None => return Connection::open(self.address, deadline),
            }
        }
    }

    fn keep(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// A request under construction. Everything on it can be replaced or taken away, the `Host` header too.
#[derive(Debug, Clone)]
pub struct Request {
    client: Client,
    method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the body says, without the framing of chunks.
    content: Vec<u8>,
    body: Vec<u8>,
    bound: Duration,
}

impl Request {
    /// Sets a header in place of any of the same name. The bytes go out as they are.
    pub fn header(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.without(&name).add_header(name, value)
    }

    /// Adds a header beside any of the same name.
    pub fn add_header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Takes away every header of this name.
    pub fn without(mut self, name: impl AsRef<[u8]>) -> Request {
        self.headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name.as_ref()));
        self
    }

    /// Sets the `Host` header.
    pub fn host(self, host: impl AsRef<[u8]>) -> Request {
        self.header("host", host)
    }

    /// Sets the body and a `Content-Length` that fits. To announce a length that does not fit, set that header afterwards.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self.content.clone_from(&self.body);
        let length = self.body.len().to_string();
        self.without("transfer-encoding").header("content-length", length)
    }

    /// Sets the body in chunks of 8 KiB with no length announced, as a client does that streams.
    pub fn chunked(mut self, body: impl AsRef<[u8]>) -> Request {
        self.content = body.as_ref().to_vec();
        self.body.clear();
        for chunk in body.as_ref().chunks(8 * 1024) {
            self.body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            self.body.extend_from_slice(chunk);
            self.body.extend_from_slice(b"\r\n");
        }
        self.body.extend_from_slice(b"0\r\n\r\n");
        self.without("content-length").header("transfer-encoding", "chunked")
    }

    /// Sets a JSON body, and `application/json` unless a content type is set already.
    pub fn json(self, body: impl Borrow<Value>) -> Request {
        self.default_content_type("application/json").body(body.borrow().to_string())
    }

    /// Sets a form body, and its content type unless one is set already.
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.default_content_type("application/x-www-form-urlencoded").body(pairs.join("&"))
    }

    /// Gives this request another bound than thirty seconds.
    pub fn within(mut self, bound: Duration) -> Request {
        self.bound = bound;
        self
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Panics
    /// When there is no whole answer. See [`Request::try_send`].
    #[track_caller]
    pub fn send(self) -> Response {
        let request_line = self.request_line();
        match self.try_send() {
            Ok(response) => response,
            Err(error) => panic!("{request_line}: {error}"),
        }
    }

    /// Sends the request, exactly once, and reads the whole answer. For tests in which the server may die meanwhile.
    pub fn try_send(self) -> Result<Response, Error> {
        let deadline = Instant::now() + self.bound;
        let mut connection = self.client.connect(deadline)?;
        let (answer, reusable) = connection.exchange(&self.bytes(), self.method == b"HEAD", deadline)?;
        if reusable && self.is_well_framed() {
            self.client.keep(connection);
        }
        Ok(Response {
            method: String::from_utf8_lossy(&self.method).into_owned(),
            target: String::from_utf8_lossy(&self.target).into_owned(),
            sent: self.sent(),
            ..answer
        })
    }

    /// The request as it goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.method[..], b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        for (name, value) in &self.headers {
            bytes.extend([name, &b": "[..], value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn sent(self) -> Sent {
        let header = |wanted: &str| {
            let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        Sent {
            content_type: header("content-type").unwrap_or_default(),
            is_encoded: header("content-encoding").is_some(),
            body: self.content,
        }
    }

    fn default_content_type(self, content_type: &str) -> Request {
        match self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-type")) {
            true => self,
            false => self.header("content-type", content_type),
        }
    }

    /// Whether the server must have read this as one request, whole. After any other the connection may hold leftovers
    /// that would be taken for the start of the next request, so it is not used again.
    fn is_well_framed(&self) -> bool {
        let values = |wanted: &[u8]| -> Vec<&[u8]> {
            self.headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| &value[..])
                .collect()
        };
        let announced = match (&values(b"content-length")[..], &values(b"transfer-encoding")[..]) {
            ([], []) => self.body.is_empty(),
            ([length], []) => *length == self.body.len().to_string().as_bytes(),
            ([], [coding]) => *coding == b"chunked" && self.body.ends_with(b"0\r\n\r\n"),
            _ => false,
        };
        let in_headers = self.headers.iter().flat_map(|(name, value)| [name, value]);
        let one_line = |part: &Vec<u8>| !part.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        announced && [&self.method, &self.target].into_iter().chain(in_headers).all(one_line)
    }

    fn request_line(&self) -> String {
        format!("{} {}", String::from_utf8_lossy(&self.method), String::from_utf8_lossy(&self.target))
    }
}

/// Why there is no answer. What matters to a test is whether the server can have acted on the request.
#[derive(Debug)]
pub enum Error {
    /// No connection: nothing was sent, so the server did nothing.
    Connect(io::Error),
    /// The connection ended before a whole answer was there. The server may or may not have acted on the request.
    Cut { received: usize, cause: io::Error },
    /// Time ran out before a whole answer was there. The server may still be acting on the request.
    TimedOut { received: usize },
    /// What came back is not HTTP/1.1.
    Malformed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Connect(cause) => write!(f, "no connection: {cause}"),
            Error::Cut { received: 0, cause } => write!(f, "the connection ended without an answer: {cause}"),
            Error::Cut { received, cause } => {
                write!(f, "the connection ended {received} bytes into the answer: {cause}")
            }
            Error::TimedOut { received } => write!(f, "time ran out {received} bytes into the answer"),
            Error::Malformed(what) => write!(f, "the answer is not HTTP/1.1: {what}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Connect(cause) | Error::Cut { cause, .. } => Some(cause),
            Error::TimedOut { .. } | Error::Malformed(_) => None,
        }
    }
}
