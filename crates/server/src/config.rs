//! Settings: the defaults compiled in, a file over them, the environment over that, flags over all.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use directory::Dialect;
use directory::throttle::RateLimits;
use serde::Deserialize;
use toml::{Table, Value};

use crate::failure::Failure;

const DEFAULTS: &str = include_str!("default.toml");

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub listen: String,
    pub store: String,
    pub wait_for_store_seconds: u64,
    /// Empty: as the client called us.
    pub public_url: String,
    pub log: Log,
    pub limits: Limits,
    pub secrets: Secrets,
    pub relesys: Api,
    pub replay: Api,
    pub kare: Api,
    pub laurel: Laurel,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub level: String,
    pub format: LogFormat,
    pub requests: LoggedRequests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LoggedRequests {
    All,
    Failed,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Json,
    Text,
    /// Text for a terminal, JSON for anything else
    Auto,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub header_bytes: usize,
    pub header_seconds: u64,
    pub body_seconds: u64,
    pub connections: usize,
    pub shutdown_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    pub enabled: bool,
    pub hosts: Vec<String>,
    /// 0: no limit.
    pub requests_per_minute: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Laurel {
    pub enabled: bool,
    pub hosts: Vec<String>,
    /// 0: no limit.
    pub requests_per_minute: u32,
    pub require_integration: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secrets {
    pub key_file: String,
    pub key: Hidden,
}

/// A setting that is never shown.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "unset" } else { "set" })
    }
}

/// What was said on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub store: Option<String>,
    pub public_url: Option<String>,
    pub log_level: Option<String>,
    pub log_format: Option<LogFormat>,
    pub wait_for_store: Option<u64>,
}

impl Config {
    pub(crate) fn load(flags: &Flags) -> Result<Self, Failure> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        Self::layered(flags, environment)
    }

    fn layered(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Failure> {
        let mut table: Table = DEFAULTS.parse().expect("the defaults are valid TOML");
        if let Some(path) = &flags.config {
            overlay(&mut table, read(path)?, &path.display().to_string(), "")?;
        }
        for (name, value) in environment {
            set_from_environment(&mut table, &name, &value)?;
        }
        let mut config: Self = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            // Only a word that is none of a closed set gets here: types were compared with the defaults' before.
            Failure::new(format!("the settings cannot be used: {}", error.message()))
        })?;
        config.apply(flags);
        config.check()?;
        Ok(config)
    }

    pub(crate) fn is_enabled(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Relesys => self.relesys.enabled,
            Dialect::Replay => self.replay.enabled,
            Dialect::Kare => self.kare.enabled,
            Dialect::Laurel => self.laurel.enabled,
        }
    }

    /// The host names whose whole path space is this API's, in lower case.
    pub(crate) fn hosts(&self, dialect: Dialect) -> Vec<String> {
        let hosts = match dialect {
            Dialect::Relesys => &self.relesys.hosts,
            Dialect::Replay => &self.replay.hosts,
            Dialect::Kare => &self.kare.hosts,
            Dialect::Laurel => &self.laurel.hosts,
        };
        hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
    }

    /// What credentials of each API may do that have no limit of their own.
    pub(crate) fn rate_limits(&self) -> RateLimits {
        RateLimits {
            relesys: NonZeroU32::new(self.relesys.requests_per_minute),
            replay: NonZeroU32::new(self.replay.requests_per_minute),
            kare: NonZeroU32::new(self.kare.requests_per_minute),
            laurel: NonZeroU32::new(self.laurel.requests_per_minute),
        }
    }

    pub(crate) fn wait_for_store(&self) -> Duration {
        Duration::from_secs(self.wait_for_store_seconds)
    }

    fn apply(&mut self, flags: &Flags) {
        let texts = [
            (&mut self.listen, &flags.listen),
            (&mut self.store, &flags.store),
            (&mut self.public_url, &flags.public_url),
            (&mut self.log.level, &flags.log_level),
        ];
        for (setting, flag) in texts {
            if let Some(value) = flag {
                setting.clone_from(value);
            }
        }
        if let Some(seconds) = flags.wait_for_store {
            self.wait_for_store_seconds = seconds;
        }
        if let Some(format) = flags.log_format {
            self.log.format = format;
        }
        let length = self.public_url.trim_end_matches('/').len();
        self.public_url.truncate(length);
    }

    fn check(&self) -> Result<(), Failure> {
        let limits = &self.limits;
        let at_least = [
            ("limits.header_bytes", limits.header_bytes as u64, 8_192),
            ("limits.header_seconds", limits.header_seconds, 1),
            ("limits.body_seconds", limits.body_seconds, 1),
            ("limits.connections", limits.connections as u64, 1),
        ];
        for (key, value, least) in at_least {
            if value < least {
                return Err(Failure::new(format!("{key} is {value}, and must be {least} or more")));
            }
        }
        if !self.secrets.key_file.is_empty() && !self.secrets.key.reveal().is_empty() {
            return Err(Failure::new("secrets.key_file and secrets.key are both set").hint(
                "keep one of them; PERSONAE_SECRETS__KEY_FILE and PERSONAE_SECRETS__KEY set them too",
            ));
        }
        let url = &self.public_url;
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Failure::new(format!("public_url is {url:?}, which is not the address of a server"))
                .hint("write it as clients do: https://people.example"));
        }
        let mut taken = Vec::new();
        for dialect in Dialect::ALL {
            for host in self.hosts(dialect) {
                if host.is_empty() || host.contains(['/', ':']) {
                    return Err(Failure::new(format!(
                        "{dialect}.hosts names {host:?}, which is not a host name"
                    ))
                    .hint("write the name alone, without scheme, port and path: api.people.example"));
                }
                if let Some((other, _)) = taken.iter().find(|(_, known)| *known == host) {
                    return Err(Failure::new(format!(
                        "the host {host} is claimed by {other} and by {dialect}"
                    )));
                }
                taken.push((dialect, host));
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Table, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("cannot read the settings in {}: {error}", path.display()))
            .hint("give --config a file that this user may read")
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Failure::new(format!("{} is not valid TOML: {}", path.display(), error.message()))
    })
}

/// Puts one table over another. The one below is complete, so what is not in it does not exist.
fn overlay(below: &mut Table, above: Table, whence: &str, section: &str) -> Result<(), Failure> {
    for (key, value) in above {
        let name = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let Some(place) = below.get_mut(&key) else {
            return Err(unknown(&name, whence, below));
        };
        match (place, value) {
            (Value::Table(below), Value::Table(above)) => overlay(below, above, whence, &name)?,
            (place, value) if place.same_type(&value) => *place = value,
            (place, value) => {
                return Err(Failure::new(format!(
                    "{name} in {whence} is a {}, and must be a {}",
                    value.type_str(),
                    place.type_str()
                )));
            }
        }
    }
    Ok(())
}

/// `PERSONAE_KEY` and `PERSONAE_SECTION__KEY`.
///
/// A name with a section that we do not know is a mistake. One without may be meant for others: Kubernetes sets
/// `PERSONAE_SERVICE_HOST` and the like where a service is called personae.
fn set_from_environment(table: &mut Table, name: &str, text: &str) -> Result<(), Failure> {
    let Some(key) = name.strip_prefix("PERSONAE_") else { return Ok(()) };
    let path = key.to_ascii_lowercase();
    let mut below = table;
    let mut parts = path.split("__").peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match below.get(part) {
            Some(Value::Table(_)) if !is_last => {}
            Some(setting) if is_last && !setting.is_table() => {
                let value = parse_as(setting, text).ok_or_else(|| {
                    Failure::new(format!("{name} is {text:?}, and must be a {}", setting.type_str()))
                })?;
                below.insert(part.to_owned(), value);
                return Ok(());
            }
            _ if path.contains("__") => return Err(unknown(&path.replace("__", "."), name, below)),
            _ => return Ok(()),
        }
        let Some(Value::Table(section)) = below.get_mut(part) else { return Ok(()) };
        below = section;
    }
    Ok(())
}

/// Reads a text as what the setting is by default.
fn parse_as(setting: &Value, text: &str) -> Option<Value> {
    Some(match setting {
        Value::Boolean(_) => Value::Boolean(text.parse().ok()?),
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

fn unknown(name: &str, whence: &str, section: &Table) -> Failure {
    let known: Vec<&str> = section.keys().map(String::as_str).collect();
    Failure::new(format!("{whence} sets {name}, which is not a setting"))
        .hint(format!("there are: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("personae.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
        let (_folder, path) = file(text);
        let flags = Flags { config: Some(path), ..Flags::default() };
        Config::layered(&flags, env(environment)).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_complete_and_valid() {
        let config = Config::layered(&Flags::default(), []).unwrap();
        assert_eq!((config.listen.as_str(), config.store.as_str()), ("127.0.0.1:8080", "sqlite:personae.db"));
        assert!(Dialect::ALL.iter().all(|dialect| config.is_enabled(*dialect)));
    }

    #[test]
    fn each_layer_goes_over_the_one_below() {
        let (_folder, path) = file(
            "listen = '1.1.1.1:1'\nstore = 'sqlite:file'\n[log]\nlevel = 'warn'\nformat = 'json'\n[kare]\nenabled = false",
        );
        let environment = env(&[
            ("PERSONAE_STORE", "sqlite:environment"),
            ("PERSONAE_LISTEN", "2.2.2.2:2"),
            ("PERSONAE_LOG__LEVEL", "error"),
            ("PERSONAE_LIMITS__BODY_SECONDS", "7"),
            ("PERSONAE_WAIT_FOR_STORE_SECONDS", "7"),
            ("PERSONAE_LAUREL__HOSTS", "a.example, b.example"),
            ("PERSONAE_REPLAY__ENABLED", "false"),
            ("PERSONAE_REPLAY__REQUESTS_PER_MINUTE", "250"),
            ("PERSONAE_SECRETS__KEY", "s3cret"),
            ("PERSONAE_SERVICE_HOST", "10.0.0.1"),
            ("PERSONAE_CONFIG", "read elsewhere"),
            ("HOME", "/root"),
        ]);
        let flags = Flags {
            config: Some(path),
            listen: Some("3.3.3.3:3".into()),
            public_url: Some("https://people.example/".into()),
            log_format: Some(LogFormat::Text),
            wait_for_store: Some(9),
            ..Flags::default()
        };
        let config = Config::layered(&flags, environment).unwrap();
        assert_eq!(config.listen, "3.3.3.3:3");
        assert_eq!(config.store, "sqlite:environment");
        assert_eq!(config.public_url, "https://people.example");
        assert_eq!(
            config.log,
            Log { level: "error".into(), format: LogFormat::Text, requests: LoggedRequests::Failed }
        );
        assert_eq!((config.limits.body_seconds, config.wait_for_store()), (7, Duration::from_secs(9)));
        assert!(!config.kare.enabled && !config.replay.enabled && config.relesys.enabled);
        assert_eq!(config.laurel.hosts, ["a.example", "b.example"]);
        let limits = config.rate_limits();
        assert_eq!((limits.relesys, limits.replay), (NonZeroU32::new(100), NonZeroU32::new(250)));
        assert_eq!((limits.kare, limits.laurel), (None, None));
        assert_eq!(config.secrets.key.reveal(), "s3cret");
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_not_a_setting_is_refused_by_name() {
        assert!(refusal("lissten = ''", &[]).contains("sets lissten, which is not a setting"));
        assert!(refusal("[log]\nlvl = ''", &[]).contains("sets log.lvl, which is not a setting"));
        assert!(refusal("[scim]\nenabled = true", &[]).contains("sets scim,"));
        assert!(refusal("", &[("PERSONAE_LOG__LVL", "x")]).contains("PERSONAE_LOG__LVL sets log.lvl"));
        assert!(refusal("", &[("PERSONAE_SCIM__ENABLED", "x")]).contains("scim.enabled"));
    }

    #[test]
    fn what_a_setting_cannot_be_is_refused() {
        assert!(refusal("listen = 8080", &[]).contains("listen in"));
        assert!(refusal("listen", &[]).contains("is not valid TOML"));
        assert!(refusal("[log]\nformat = 'xml'", &[]).contains("xml"));
        assert!(refusal("[limits]\nheader_bytes = 100", &[]).contains("must be 8192 or more"));
        assert!(refusal("public_url = 'people.example'", &[]).contains("public_url"));
        assert!(refusal("", &[("PERSONAE_KARE__ENABLED", "yes")]).contains("must be a boolean"));
        let both = [("PERSONAE_KARE__HOSTS", "a.example"), ("PERSONAE_REPLAY__HOSTS", "A.example")];
        assert!(refusal("", &both).contains("claimed by replay and by kare"));
        assert!(refusal("", &[("PERSONAE_KARE__HOSTS", "https://a")]).contains("not a host name"));
        let two = refusal("[secrets]\nkey_file = 'a'", &[("PERSONAE_SECRETS__KEY", "s3cret")]);
        assert!(two.contains("secrets.key_file and secrets.key are both set") && !two.contains("s3cret"));
        assert!(refusal("[relesys]\nrequests_per_minute = 'many'", &[]).contains("must be a integer"));
        let missing = Flags { config: Some("/nowhere/at/all.toml".into()), ..Flags::default() };
        let failure = Config::layered(&missing, []).unwrap_err();
        assert!(failure.to_string().contains("cannot read the settings in /nowhere/at/all.toml"));
    }
}
