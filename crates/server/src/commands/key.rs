//! `personae key`: the keys that tokens are signed with.

use std::sync::Arc;

use directory::Store;
use directory::ports::Algorithm;
use directory::signing_key::{Former, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::values::word;
use crate::adapters::{Encryption, Replace, Rotated};
use crate::app::App;
use crate::config::{Config, Flags};
use crate::error::Error;
use crate::json;
use crate::open::{IfMissing, Place};
use crate::output::{Shown, table};

/// Each paragraph is one line, which is wrapped as wide as the terminal is.
const ROTATE: &str = "\
Tokens that the former keys signed are accepted until they end by themselves, a day at most; then those keys are removed.

With --now they are removed at once, and within a second no server accepts such a token: for when the store or a backup came \
into wrong hands. Clients of Relesys and Laurel then ask for a new token. People's Kare access and session tokens end too; \
their refresh tokens are not signed, so their sessions go on: `personae session revoke` ends those.

Where the keys are encrypted (secrets.key_file), this command needs the same setting as the servers. Where that key is lost, \
--lost-key makes new keys, encrypted with the one that is set now, or not at all where none is set; then start the servers \
with the same setting.

Examples:
  personae key rotate
  personae key rotate --algorithm RS256
  personae key rotate --now --json";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the keys that tokens are signed with; their secrets are never shown
    List,
    /// Sign new tokens with new keys, in every running server within two seconds
    #[command(after_help = ROTATE)]
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// HS256 signs Kare's tokens, RS256 those of Relesys and Laurel
    #[arg(long, value_name = "HS256|RS256|all", value_parser = parse_algorithms, default_value = "all")]
    algorithm: Algorithms,
    /// Accept no token any more that a former key signed
    #[arg(long)]
    now: bool,
    /// Replace all keys without reading them, where the key that they are encrypted with is lost
    #[arg(long, requires = "now", conflicts_with = "algorithm")]
    lost_key: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Algorithms(Vec<Algorithm>);

fn parse_algorithms(text: &str) -> Result<Algorithms, String> {
    let parse = |text: &str| match text {
        "all" => Some(Algorithms(Algorithm::ALL.to_vec())),
        one => Algorithm::parse(&one.to_ascii_uppercase()).map(|algorithm| Algorithms(vec![algorithm])),
    };
    word(text, parse, Algorithm::ALL.map(Algorithm::as_str).into_iter().chain(["all"]))
}

impl Verb {
    /// Opens its store itself: only these commands are told how the keys are encrypted.
    pub(crate) async fn run(self, flags: &Flags) -> Result<Shown, Error> {
        let config = Config::load(flags)?;
        let store = Place::parse(&config.store)?;
        match self {
            Self::List => list(store.open_to_read().await?).await,
            Self::Rotate(rotate) => {
                let encryption = Encryption::of(&config.secrets)?;
                let app = App::new(store.open(IfMissing::Refuse).await?, &config, encryption);
                let replace = match (rotate.now, rotate.lost_key) {
                    (_, true) => Replace::Unread,
                    (true, false) => Replace::AtOnce,
                    (false, false) => Replace::Gradually,
                };
                let rotated = app.keyring.rotate(&rotate.algorithm.0, replace).await?;
                Ok(shown(&rotated))
            }
        }
    }
}

async fn list(store: Arc<dyn Store>) -> Result<Shown, Error> {
    let keys = store.signing_keys().await?;
    let now = Timestamp::now();
    let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let rows = keys
        .iter()
        .map(|key| {
            [
                key.id.clone(),
                key.algorithm.as_str().to_owned(),
                json::key_state(key, now).to_owned(),
                key.created_at.to_string(),
                time(key.retired_at),
                time(key.expires_at),
                key.encrypted_with.clone().unwrap_or_else(|| "no".to_owned()),
            ]
        })
        .collect();
    let titles = ["ID", "ALGORITHM", "STATE", "CREATED", "RETIRED", "EXPIRES", "ENCRYPTED WITH"];
    let json: Value = keys.iter().map(|key| json::signing_key(key, now)).collect();
    Ok(Shown::new(table(titles, rows, "There are no keys yet; the first server makes them."), json))
}

const ENDED: &str = "What the former keys signed is accepted no longer.
hint: people's Kare sessions go on by their refresh tokens, which are not signed; to end those: personae session revoke";

fn shown(rotated: &Rotated) -> Shown {
    let of = |key: &SigningKey| {
        format!("New tokens are signed with the {} key {}.\n", key.algorithm.as_str(), key.id)
    };
    let made: String = rotated.keys.iter().map(of).collect();
    let (until, former) = match rotated.former {
        Former::Expire(time) => {
            let time = json::time(time);
            let text =
                format!("What the former keys signed is accepted until it ends, at most until {time}.");
            (Some(time), text)
        }
        Former::Remove => (None, ENDED.to_owned()),
    };
    let now = Timestamp::now();
    let json = json!({
        "keys": rotated.keys.iter().map(|key| json::signing_key(key, now)).collect::<Vec<_>>(),
        "formerUntil": until,
    });
    Shown::new(format!("{made}{former}"), json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_one_or_all() {
        let ok = |text| parse_algorithms(text).unwrap().0;
        assert_eq!(ok("all"), Algorithm::ALL);
        assert_eq!((ok("RS256"), ok("hs256")), (vec![Algorithm::Rs256], vec![Algorithm::Hs256]));
        assert!(parse_algorithms("ES256").unwrap_err().contains("HS256, RS256, all"));
    }
}
