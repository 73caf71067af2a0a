//! The answer to a request, and the assertions that nearly every test makes about one.

use std::fmt;

use serde_json::Value;

/// Answers are printed in failures; a listing of a thousand people would bury what went wrong.
const SHOWN_BODY: usize = 4 * 1024;

/// A whole answer, together with what is needed of the request to hold both against a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub method: String,
    pub target: String,
    pub sent: Sent,
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// The body of a request, before it was put into chunks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The header as it was sent; empty without one.
    pub content_type: String,
    /// Whether the bytes are compressed, or said to be.
    pub is_encoded: bool,
    pub body: Vec<u8>,
}

impl Response {
    /// The same answer, after making sure of its status.
    ///
    /// # Panics
    /// With the whole answer, when the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Response {
        assert!(self.status == status, "expected {status}, but {self}");
        self
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// With the whole answer, when the body is not JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("expected a JSON body ({error}), but {self}"),
        }
    }

    /// The body as text. Bytes that are not UTF-8 are shown as U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} was answered with {}", self.method, self.target, self.status)?;
        for (name, value) in self.headers.iter() {
            writeln!(f, "{name}: {value}")?;
        }
        match self.body.get(..SHOWN_BODY) {
            Some(start) => {
                write!(f, "\n{}\n... ({} bytes in all)", String::from_utf8_lossy(start), self.body.len())
            }
            None => write!(f, "\n{}", self.text()),
        }
    }
}

/// The headers in the order in which they came. Names are found in any letter case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(existing, _)| existing.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every header of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(existing, _)| existing.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every header, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(headers: I) -> Headers {
        Headers(headers.into_iter().collect())
    }
}
