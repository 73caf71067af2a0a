//! `personae demo`: a seeded store, served.

use std::fs::{DirBuilder, Permissions};
use std::io::IsTerminal;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use super::values::parse_text;
use crate::adapters::Encryption;
use crate::app::{App, compose};
use crate::config::{Config, Flags};
use crate::demo::{FEWEST, Seeded, calls, line, seed};
use crate::error::Error;
use crate::logging;
use crate::open::IfMissing;
use crate::output::{unless_gone, write_json, write_text};
use crate::serving::{Listening, Stop};

/// Ten times what the product is measured with; more is a mistyped number.
const MOST: i64 = 10_000_000;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  personae demo
  personae demo --people 100000 --listen 127.0.0.1:9000
  personae demo --data ./demo && personae serve --store sqlite:./demo/personae.db
  PGPASSWORD=... personae demo --store postgres://personae@localhost/demo
  personae demo --json --listen 127.0.0.1:0 | head -1

With --json it prints exactly one line: url, store, people, relesys, replay, kare, laurel, stranger.")]
pub(crate) struct Demo {
    /// Where to listen; port 0 finds a free one
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = parse_text)]
    listen: Option<String>,
    /// Keep the store there, as personae.db; otherwise it is gone at the end
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// People in the first tenant's root organization
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST)..=MOST))]
    people: u32,
}

impl Demo {
    pub(crate) async fn run(mut self, flags: Flags, as_json: bool) -> Result<(), Error> {
        if flags.store.is_some() && self.data.is_some() {
            return Err(Error::usage("--data and --store exclude each other: both say where the store is"));
        }
        let mut stop = Stop::on_signals()?;
        // Only what was said here and now: a store in the environment or in a file is meant to be served.
        let home = Home::choose(flags.store.as_deref(), self.data.as_deref())?;
        let config =
            Config { store: home.url(), ..Config::load(&Flags { listen: self.listen.take(), ..flags })? };
        let log = logging::start(&config.log)?;
        let encryption = Encryption::of(&config.secrets)?;
        let listening = Listening::bind(&config).await?;
        let app = App::new(listening.store.open(IfMissing::Make).await?, &config, encryption);
        if !app.directory.operator().organizations().await?.is_empty() {
            return Err(Error::new(format!("{} is a store already, and not empty", listening.store))
                .hint(format!("go on with it: personae serve --store {}", listening.store.argument())));
        }
        let seeded = tokio::select! {
            seeded = self.seed(&app, &config, as_json) => seeded?,
            // Nothing was promised yet; what is half seeded and kept is refused next time.
            () = stop.wait() => return Ok(()),
        };
        let apis = compose(&app.directory, &config).await?;
        unless_gone(match as_json {
            true => write_json(&line(&seeded, &listening.url, &config.store)),
            false => write_text(&self.welcome(&seeded, &listening, home.stays())),
        })
        .map_err(|failure| match home.stays() {
            true => failure
                .hint("the store stays, but nobody knows its credentials: remove it and run this again"),
            false => failure,
        })?;
        listening.serve(&config, app, apis, log.requests.clone(), stop).await
    }

    async fn seed(&self, app: &App, config: &Config, as_json: bool) -> Result<Seeded, Error> {
        app.keyring.prepare().await?;
        let bar = match as_json || !std::io::stderr().is_terminal() {
            true => ProgressBar::hidden(),
            false => ProgressBar::new(u64::from(self.people)).with_style(style()),
        };
        let progress = |added| bar.set_position(added as u64);
        let seeded = seed(&app.directory, config, self.people as usize, progress).await;
        bar.finish_and_clear();
        seeded
    }

    fn welcome(&self, seeded: &Seeded, Listening { url, store, .. }: &Listening, stays: bool) -> String {
        let stays = match stays {
            true => {
                format!("The store stays; go on with it later: personae serve --store {}", store.argument())
            }
            false => "The store is gone when this ends (Ctrl-C); to keep it: personae demo --data ./demo"
                .to_owned(),
        };
        format!(
            "# Personae serves {} people of {} at {url}, and the tenant {} to see that nothing crosses over.\n# {stays}\n{}",
            self.people,
            seeded.tenant.name,
            seeded.stranger.name,
            calls(seeded, url)
        )
    }
}

/// With its parents. What is new is its owner's alone.
fn make_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} people, {eta} left");
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Where the store is: where it was said to be, in a folder that stays, or in one that is removed with this.
enum Home {
    Named(String),
    Kept(PathBuf),
    Thrown(TempDir),
}

impl Home {
    fn choose(store: Option<&str>, data: Option<&Path>) -> Result<Self, Error> {
        let cannot = |path: &Path, error: std::io::Error| {
            Error::new(format!("cannot make the folder {}: {error}", path.display()))
        };
        match (store, data) {
            (Some(store), _) => Ok(Self::Named(store.to_owned())),
            (None, Some(path)) => {
                make_folder(path).map_err(|error| cannot(path, error))?;
                // Whoever reads the name of the store may be in another folder.
                path.canonicalize().map(Self::Kept).map_err(|error| cannot(path, error))
            }
            (None, None) => {
                let folder = tempfile::Builder::new()
                    .prefix("personae-demo-")
                    .permissions(Permissions::from_mode(0o700))
                    .tempdir();
                folder.map(Self::Thrown).map_err(|error| cannot(&std::env::temp_dir(), error))
            }
        }
    }

    /// As it was given, which is what a script needs.
    fn url(&self) -> String {
        let folder = match self {
            Self::Named(store) => return store.clone(),
            Self::Kept(path) => path,
            Self::Thrown(folder) => folder.path(),
        };
        format!("sqlite:{}", folder.join("personae.db").display())
    }

    fn stays(&self) -> bool {
        !matches!(self, Self::Thrown(_))
    }
}
