//! The attacks.

use std::io;
use std::time::Duration;

use tokio::time::sleep;

use crate::Target;
use crate::client::Client;

/// What a client without credentials may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attack {
    /// A body of many chunks of one byte each, of which the last never comes.
    TinyChunks,
    /// A body of a mebibyte, of which the last bytes never come.
    StalledBody,
    /// A body of a mebibyte that becomes a tree many times its size.
    WideJson,
    /// Requests one after the other whose answers are never read.
    UnreadAnswers,
    /// A long answer that is read byte by byte.
    SlowReader,
    /// A connection on which nothing is ever sent.
    Silence,
    /// Headers that come byte by byte.
    SlowHeaders,
    /// Headers of a hundred kilobytes, of which the last never comes.
    StalledHeaders,
    /// Passwords and secrets that are guessed.
    Guesses,
    /// A request whose client is gone before the answer.
    HangUps,
}

/// A little less than the mebibyte that a body may have, so that the length alone refuses nothing.
const LARGE_BODY: usize = 1_000_000;

/// Bytes of a body or of headers that are sent at a time.
const PIECE: usize = 16 * 1024;

const PAUSE: Duration = Duration::from_millis(500);

impl Attack {
    pub const ALL: [Self; 10] = [
        Self::TinyChunks,
        Self::StalledBody,
        Self::WideJson,
        Self::UnreadAnswers,
        Self::SlowReader,
        Self::Silence,
        Self::SlowHeaders,
        Self::StalledHeaders,
        Self::Guesses,
        Self::HangUps,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::TinyChunks => "tiny chunks",
            Self::StalledBody => "stalled body",
            Self::WideJson => "wide json",
            Self::UnreadAnswers => "unread answers",
            Self::SlowReader => "slow reader",
            Self::Silence => "silence",
            Self::SlowHeaders => "slow headers",
            Self::StalledHeaders => "stalled headers",
            Self::Guesses => "guesses",
            Self::HangUps => "hang-ups",
        }
    }

    /// Attacks on one connection until the server ends it. An error is such an end too.
    pub(crate) async fn make(self, mut client: Client, target: &Target, number: usize) -> io::Result<()> {
        let path = target.log_in(number);
        match self {
            Self::TinyChunks => {
                client.send(head(path, "transfer-encoding: chunked\r\n").as_bytes()).await?;
                let piece = "1\r\n \r\n".repeat(PIECE / 6);
                for _ in 0..LARGE_BODY / (PIECE / 6) {
                    client.send(piece.as_bytes()).await?;
                }
                client.wait_for_end().await
            }
            Self::StalledBody => {
                client.send(head(path, &format!("content-length: {LARGE_BODY}\r\n")).as_bytes()).await?;
                for _ in 0..LARGE_BODY / PIECE {
                    client.send(&[b' '; PIECE]).await?;
                }
                client.wait_for_end().await
            }
            Self::WideJson => {
                let body = wide_json();
                client.send(head(path, &format!("content-length: {}\r\n", body.len())).as_bytes()).await?;
                client.send(body.as_bytes()).await?;
                client.wait_for_end().await
            }
            Self::UnreadAnswers => client.pipeline(&target.long_answer).await.map(|never| match never {}),
            Self::SlowReader => {
                client.send(&target.long_answer).await?;
                client.read_slowly(PAUSE).await
            }
            Self::Silence => client.wait_for_end().await,
            Self::SlowHeaders => {
                client
                    .send(format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nx-slow: ").as_bytes())
                    .await?;
                client.hold(PAUSE, b"x").await.map(|never| match never {})
            }
            Self::StalledHeaders => {
                client.send(format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n").as_bytes()).await?;
                for field in 0..6 {
                    let value = "x".repeat(PIECE);
                    client.send(format!("x-long-{field}: {value}\r\n").as_bytes()).await?;
                }
                client.wait_for_end().await
            }
            Self::Guesses => {
                for guess in 0_u32.. {
                    let body = format!(
                        r#"{{"email":"person{}@example.com","password":"Guess-{guess}","client_id":"{guess}","client_secret":"x","audience":"https://timeautomation.com","grant_type":"client_credentials"}}"#,
                        guess % 50
                    );
                    let head = head(path, &format!("content-length: {}\r\n", body.len()));
                    if !client.exchange((head + &body).as_bytes()).await? {
                        break;
                    }
                }
                Ok(())
            }
            Self::HangUps => {
                client.send(&target.long_answer).await?;
                sleep(Duration::from_millis(1)).await;
                Ok(())
            }
        }
    }
}

fn head(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{more}\r\n")
}

/// An array of small objects: valid, and all structure.
fn wide_json() -> String {
    let mut body = String::with_capacity(LARGE_BODY);
    body.push('[');
    while body.len() < LARGE_BODY - 16 {
        body.push_str(r#"{"":0},"#);
    }
    body.push_str("{}]");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attack_has_its_name() {
        let mut names = Attack::ALL.map(Attack::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Attack::ALL.len());
    }

    #[test]
    fn a_wide_body_stays_below_the_limit_of_bodies() {
        let body = wide_json();
        assert!((LARGE_BODY - 32..=LARGE_BODY).contains(&body.len()), "{}", body.len());
        assert!(body.starts_with(r#"[{"":0},"#) && body.ends_with("{}]"));
    }
}
