//! A client for one kept-alive HTTP/1.1 connection: enough for the demo check, lean enough for the load generator.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest answer that is read. A search may answer with many people.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
const LONGEST_HEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 64;

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// The last answer as it came. Reused, so that a request under load allocates nothing.
    answer: Vec<u8>,
    body_start: usize,
    closed: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(16 * 1024), body_start: 0, closed: false })
    }

    /// Sends one request and reads its answer to the end. Returns the status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        if self.closed {
            bail!("the server closed a connection that should be kept alive");
        }
        self.answer.clear();
        self.stream.write_all(request).await.context("cannot send the request")?;
        let head = loop {
            self.read_more().await?;
            if let Some(head) = parse_head(&self.answer)? {
                break head;
            }
            if self.answer.len() > LONGEST_HEAD {
                bail!("the head of the answer does not end");
            }
        };
        let end = head.length + head.content_length;
        if end > LONGEST_ANSWER {
            bail!("an answer of {} bytes is longer than this client reads", head.content_length);
        }
        self.answer.reserve(end.saturating_sub(self.answer.len()));
        while self.answer.len() < end {
            self.read_more().await?;
        }
        if self.answer.len() > end {
            bail!("the server sent more than its Content-Length");
        }
        self.body_start = head.length;
        self.closed = head.closes;
        Ok(head.status)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        &self.answer[self.body_start..]
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.answer).await.context("cannot read the answer")? {
            0 => bail!("the server closed the connection before its answer was complete"),
            _ => Ok(()),
        }
    }
}

/// The bytes of one request.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<(&str, &str)>,
) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if let Some((content_type, body)) = body {
        text += &format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes up to the body.
    length: usize,
    content_length: usize,
    closes: bool,
}

/// Reads the head of an answer; `None` while it is not complete.
fn parse_head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes).context("the answer is not HTTP")? else {
        return Ok(None);
    };
    let status = response.code.context("the answer has no status")?;
    let header = |name: &str| {
        let mut found = response.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        found.next().map(|header| header.value)
    };
    let content_length = match header("content-length") {
        Some(value) => {
            std::str::from_utf8(value)?.trim().parse().context("Content-Length is not a number")?
        }
        None if matches!(status, 204 | 304) => 0,
        None => bail!("the answer has no Content-Length"),
    };
    let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
    Ok(Some(Head { status, length, content_length, closes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_read_when_it_is_complete() {
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 12\r\n\r\n{\"a\":";
        let expected = Head { status: 200, length: answer.len() - 5, content_length: 12, closes: false };
        assert_eq!(parse_head(answer).expect("valid"), Some(expected));
        assert_eq!(parse_head(&answer[..40]).expect("valid so far"), None);
    }

    #[test]
    fn closing_and_bodiless_answers_are_seen() {
        let closing = b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n";
        assert!(parse_head(closing).expect("valid").expect("complete").closes);
        let empty = parse_head(b"HTTP/1.1 204 No Content\r\n\r\n").expect("valid").expect("complete");
        assert_eq!((empty.status, empty.content_length), (204, 0));
    }

    #[test]
    fn what_is_not_an_answer_is_an_error() {
        assert!(parse_head(b"SSH-2.0-OpenSSH_9.7\r\n").is_err());
        assert!(
            parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err(),
            "a body without length cannot be kept alive"
        );
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").is_err());
    }

    #[test]
    fn request_carries_the_length_of_its_body() {
        let bytes = request("PATCH", "/x", &[("x-api-key", "k")], Some(("application/json", "{\"é\":1}")));
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.starts_with("PATCH /x HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("x-api-key: k\r\n") && text.contains("Content-Length: 8\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n{\"é\":1}"), "{text}");
    }
}
