//! The line in the log for each request.
//!
//! Written by hand: the layers of `tracing` take some two microseconds to make a line of JSON, a tenth of what a read of
//! a person takes in all. This takes a quarter of one.

use std::fmt::Write as _;
use std::io::Write as _;

use axum::http::{Method, StatusCode};
use directory::Dialect;
use jiff::Timestamp;
use tracing_appender::non_blocking::NonBlocking;

use crate::visible;

/// Characters of a path that are kept. The longest path that means anything is not half of it.
const LONGEST_PATH: usize = 256;

/// Where the lines go.
#[derive(Debug, Clone)]
pub(crate) struct RequestLog {
    pub writer: NonBlocking,
    pub as_json: bool,
    /// Only requests that were answered with an error.
    pub only_failed: bool,
}

/// What is told of a request: nothing of its query, its headers and its body. The path may hold ids.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub at: Timestamp,
    pub method: &'a Method,
    pub path: &'a str,
    pub status: StatusCode,
    pub micros: u128,
    pub request: &'a str,
    pub dialect: Option<Dialect>,
}

impl RequestLog {
    pub(super) fn wants(&self, status: StatusCode) -> bool {
        !self.only_failed || status.is_client_error() || status.is_server_error()
    }

    pub(super) fn note(&self, line: &Line<'_>) {
        let text = if self.as_json { line.json() } else { line.text() };
        // A line that finds no place is dropped and counted by the writer; no request waits for its log.
        self.writer.clone().write_all(text.as_bytes()).ok();
    }
}

impl Line<'_> {
    fn json(&self) -> String {
        let Self { at, method, status, micros, request, .. } = self;
        // The path is the one value that a client writes freely.
        let path = serde_json::to_string(self.short_path()).unwrap_or_default();
        let path = visible::json(&path);
        let mut text = String::with_capacity(320);
        let written = write!(
            text,
            r#"{{"timestamp":"{at}","level":"INFO","message":"request","method":"{method}","path":{path},"status":{},"micros":{micros},"request":"{request}""#,
            status.as_u16()
        );
        written.expect("a text takes what is written to it");
        if let Some(dialect) = self.dialect {
            text.push_str(r#","dialect":""#);
            text.push_str(dialect.as_str());
            text.push('"');
        }
        text.push_str("}\n");
        text
    }

    fn text(&self) -> String {
        let Self { at, method, status, micros, request, .. } = self;
        let (path, dialect) = (visible::line(self.short_path()), self.dialect.map_or("-", Dialect::as_str));
        format!("{at}  INFO request {method} {path} {} {micros}us {dialect} {request}\n", status.as_u16())
    }

    fn short_path(&self) -> &str {
        let end = self.path.char_indices().nth(LONGEST_PATH).map_or(self.path.len(), |(end, _)| end);
        &self.path[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, dialect: Option<Dialect>) -> Line<'_> {
        Line {
            at: "2026-11-22T08:00:00.5Z".parse().unwrap(),
            method: &Method::PATCH,
            path,
            status: StatusCode::CONFLICT,
            micros: 42,
            request: "trace-1",
            dialect,
        }
    }

    #[test]
    fn a_line_is_one_json_document_whatever_the_path_holds() {
        let json = line("/api/\"user\"\\{}", Some(Dialect::Replay)).json();
        assert_eq!(json.lines().count(), 1);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected = serde_json::json!({
            "timestamp": "2026-11-22T08:00:00.5Z", "level": "INFO", "message": "request", "method": "PATCH",
            "path": "/api/\"user\"\\{}", "status": 409, "micros": 42, "request": "trace-1", "dialect": "replay",
        });
        assert_eq!(read, expected);
        let nobodys: serde_json::Value = serde_json::from_str(&line("/", None).json()).unwrap();
        assert_eq!(nobodys.get("dialect"), None);
        let hostile = line("/\u{202e}\u{9b}", None);
        assert!(hostile.json().contains(r#""/\u202e\u009b""#), "{}", hostile.json());
        assert!(hostile.text().contains(r"/\u{202e}\u{9b}"), "{}", hostile.text());
    }

    #[test]
    fn a_long_path_is_cut_and_a_text_says_the_same() {
        let path = format!("/{}", "\u{e9}".repeat(1_000));
        assert_eq!(line(&path, None).short_path().chars().count(), LONGEST_PATH);
        let text = line("/api/user/1", Some(Dialect::Kare)).text();
        assert_eq!(text, "2026-11-22T08:00:00.5Z  INFO request PATCH /api/user/1 409 42us kare trace-1\n");
    }
}
