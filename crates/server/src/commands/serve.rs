//! `personae serve`: the APIs over a store.

use super::values::parse_text;
use crate::adapters::Encryption;
use crate::app::{App, compose};
use crate::config::{Config, Flags, LogFormat};
use crate::error::Error;
use crate::logging;
use crate::output::{unless_gone, write_json};
use crate::serving::{Listening, Stop};

/// What `personae help serve` says of settings: the defaults themselves, which explain each.
const SETTINGS: &str = concat!(
    "Examples:
  personae serve --listen 127.0.0.1:8080 --store sqlite:personae.db
  personae serve --config personae.toml --json
  PGPASSWORD=... personae serve --store postgres://personae@db1,db2/personae --wait-for-store 60
  PERSONAE_LOG__LEVEL=warn PERSONAE_KARE__ENABLED=false personae serve

Settings, with their defaults. A file given with --config, the environment and the flags go over them, in that order:

",
    include_str!("../default.toml")
);

#[derive(Debug, clap::Args)]
#[command(after_long_help = SETTINGS)]
pub(crate) struct Serve {
    /// Where to listen; port 0 finds a free one
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_text)]
    listen: Option<String>,
    /// What clients call this server, for links in answers
    #[arg(long, value_name = "URL", value_parser = parse_text)]
    public_url: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", value_parser = parse_text)]
    log_level: Option<String>,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", ignore_case = true)]
    log_format: Option<LogFormat>,
    /// How long to wait for a database that does not answer yet
    #[arg(long, value_name = "SECONDS")]
    wait_for_store: Option<u64>,
}

impl Serve {
    pub(crate) async fn run(self, flags: Flags, as_json: bool) -> Result<(), Error> {
        let mut stop = Stop::on_signals()?;
        let flags = Flags {
            listen: self.listen,
            public_url: self.public_url,
            log_level: self.log_level,
            log_format: self.log_format,
            wait_for_store: self.wait_for_store,
            ..flags
        };
        let config = Config::load(&flags)?;
        let log = logging::start(&config.log)?;
        let encryption = Encryption::of(&config.secrets)?;
        // A store is made only by a server that can be reached.
        let listening = Listening::bind(&config).await?;
        let store = tokio::select! {
            store = listening.store.open_within(config.wait_for_store()) => store?,
            () = stop.wait() => return Ok(()),
        };
        let app = App::new(store, &config, encryption);
        app.keyring.prepare().await?;
        let apis = compose(&app.directory, &config).await?;
        if as_json {
            unless_gone(write_json(&serde_json::json!({"url": listening.url})))?;
        }
        listening.serve(&config, app, apis, log.requests.clone(), stop).await
    }
}
