//! Settings: the defaults compiled in, a file over them, the environment over that, flags over all.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dialects::http::Host;
use directory::Dialect;
use directory::throttle::RateLimits;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::error::Error;
use crate::http::{self, Proxies};

const DEFAULTS: &str = include_str!("default.toml");

/// Bytes of a name that is compared with those of settings: twice the longest of them, since the work grows with the length.
const LONGEST_COMPARED: usize = 64;

/// What every variable that configures begins with.
const PREFIX: &str = "PERSONAE_";
/// The variable that names the file of settings, which is not in the file itself.
pub(crate) const CONFIG_VARIABLE: &str = "PERSONAE_CONFIG";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub listen: String,
    pub store: String,
    pub wait_for_store_seconds: u64,
    /// Empty: as the client called us.
    pub public_url: String,
    /// `HOST=ORGANIZATION` each.
    pub tenants: Vec<String>,
    pub proxies: Vec<String>,
    pub log: Log,
    pub limits: Limits,
    pub cors: Cors,
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
    #[serde(deserialize_with = "word")]
    pub format: LogFormat,
    #[serde(deserialize_with = "word")]
    pub requests: LoggedRequests,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LoggedRequests {
    All,
    Failed,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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
    pub idle_seconds: u64,
    pub body_seconds: u64,
    pub body_bytes_in_flight: usize,
    pub write_seconds: u64,
    /// 0: as many as the file descriptors allow.
    pub connections: usize,
    /// 0: a fraction of all.
    pub connections_per_address: usize,
    pub shutdown_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cors {
    /// As browsers write them, or `*` alone. Empty: CORS is off.
    pub origins: Vec<String>,
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
    pub(crate) fn load(flags: &Flags) -> Result<Self, Error> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        });
        Self::layered(flags, environment)
    }

    fn layered(
        flags: &Flags,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut table: Table = DEFAULTS.parse().expect("the defaults are valid TOML");
        if let Some(path) = &flags.config {
            overlay(&mut table, read(path)?, &path.display().to_string(), "")?;
        }
        for (name, value) in environment {
            set_from_environment(&mut table, &name, &value)?;
        }
        let mut config: Self = Value::Table(table).try_into().map_err(|error: toml::de::Error| {
            // Only a word that is none of a closed set gets here: types were compared with the defaults' before.
            Error::new(format!("the settings cannot be used: {}", error.message()))
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

    /// Where clients reach an API, as far as these settings say: by its own host name, by the public address, or on this
    /// machine.
    pub(crate) fn base_url(&self, dialect: Dialect) -> String {
        let (scheme, rest) = match self.public_url.split_once("://") {
            Some((scheme, rest)) => (scheme, rest.to_owned()),
            None => ("http", on_this_machine(&self.listen)),
        };
        match self.hosts(dialect).into_iter().next() {
            None => format!("{scheme}://{rest}"),
            Some(host) => {
                let authority = rest.split('/').next().unwrap_or_default();
                let port = authority.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
                let port = port.map(|(_, port)| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{host}{port}")
            }
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

    /// The host names, in lower case, at which one tenant alone is known, each with an organization of that tenant.
    pub(crate) fn tenants(&self) -> Result<Vec<(String, &str)>, Error> {
        let mut tenants: Vec<(String, &str)> = Vec::new();
        for text in &self.tenants {
            let entry = text.split_once('=').map(|(host, it)| (host.trim().to_ascii_lowercase(), it.trim()));
            let Some((host, organization)) = entry.filter(|(host, it)| is_host_name(host) && !it.is_empty())
            else {
                return Err(Error::new(format!("tenants names {text:?}, which is not HOST=ORGANIZATION"))
                    .hint("write a host name without scheme, port and path: people.aurora.example=Aurora"));
            };
            if tenants.iter().any(|(known, _)| *known == host) {
                return Err(Error::new(format!("tenants names the host {host} twice")));
            }
            tenants.push((host, organization));
        }
        Ok(tenants)
    }

    pub(crate) fn proxies(&self) -> Result<Proxies, Error> {
        Proxies::parse(&self.proxies)
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

    fn check(&self) -> Result<(), Error> {
        let limits = &self.limits;
        let at_least = [
            ("limits.header_bytes", limits.header_bytes as u64, 8_192),
            ("limits.header_seconds", limits.header_seconds, 1),
            ("limits.idle_seconds", limits.idle_seconds, 1),
            ("limits.body_seconds", limits.body_seconds, 1),
            // So that the largest body there may be finds room, in the part of the budget that is for callers.
            ("limits.body_bytes_in_flight", limits.body_bytes_in_flight as u64, 8 * 1024 * 1024),
            ("limits.write_seconds", limits.write_seconds, 1),
        ];
        for (key, value, least) in at_least {
            if value < least {
                return Err(Error::new(format!("{key} is {value}, and must be {least} or more")));
            }
        }
        self.proxies()?;
        if !self.secrets.key_file.is_empty() && !self.secrets.key.reveal().is_empty() {
            return Err(Error::new("secrets.key_file and secrets.key are both set").hint(
                "keep one of them; PERSONAE_SECRETS__KEY_FILE and PERSONAE_SECRETS__KEY set them too",
            ));
        }
        let url = &self.public_url;
        // It stands in headers and links, which are ASCII (RFC 3986, section 2).
        let is_address = (url.starts_with("https://") || url.starts_with("http://"))
            && url.bytes().all(|byte| byte.is_ascii_graphic());
        if !url.is_empty() && !is_address {
            return Err(Error::new(format!("public_url is {url:?}, which is not the address of a server"))
                .hint("write it as clients do: https://people.example"));
        }
        self.cors.check()?;
        self.tenants()?;
        let mut taken = Vec::new();
        for dialect in Dialect::ALL {
            for host in self.hosts(dialect) {
                if !is_host_name(&host) {
                    return Err(Error::new(format!(
                        "{dialect}.hosts names {host:?}, which is not a host name"
                    ))
                    .hint("write the name alone, without scheme, port and path: api.people.example"));
                }
                if let Some((other, _)) = taken.iter().find(|(_, known)| *known == host) {
                    return Err(Error::new(format!(
                        "the host {host} is claimed by {other} and by {dialect}"
                    )));
                }
                taken.push((dialect, host));
            }
        }
        Ok(())
    }
}

/// How a program on this machine calls a listener there.
fn on_this_machine(listen: &str) -> String {
    match listen.parse() {
        Ok(address) => http::authority(address),
        // A name of this machine.
        Err(_) => listen.to_owned(),
    }
}

impl Cors {
    fn check(&self) -> Result<(), Error> {
        let wrong = |reason: String| {
            Err(Error::new(reason)
                .hint("write an origin as browsers do: https://people.example, or \"*\" alone"))
        };
        for origin in &self.origins {
            match origin.as_str() {
                "*" if self.origins.len() > 1 => {
                    return wrong("cors.origins has \"*\" beside other origins".to_owned());
                }
                "*" => {}
                other if is_origin(other) => {}
                other => return wrong(format!("cors.origins names {other:?}, which is no origin")),
            }
        }
        Ok(())
    }
}

/// True for what a browser sends as `Origin`: scheme, host and port, the host in lower case, the port left out where it is the
/// scheme's own.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    Host::parse(authority).is_some()
        && !authority.ends_with(':')
        && !authority.ends_with(default_port)
        && !authority.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A name alone, without scheme, port and path.
fn is_host_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['/', ':'])
}

fn read(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(format!("cannot read the settings in {}: {error}", path.display()))
            .hint("give --config a file that this user may read")
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Error::new(format!("{} is not valid TOML: {}", path.display(), error.message()))
    })
}

/// Puts one table over another. The one below is complete, so what is not in it does not exist.
fn overlay(below: &mut Table, above: Table, whence: &str, section: &str) -> Result<(), Error> {
    for (key, value) in above {
        let name = if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
        let Some(place) = below.get_mut(&key) else {
            return Err(unknown(&name, whence, below));
        };
        match (place, value) {
            (Value::Table(below), Value::Table(above)) => overlay(below, above, whence, &name)?,
            (place, value) if place.same_type(&value) => *place = value,
            (place, value) => {
                return Err(Error::new(format!(
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
fn set_from_environment(table: &mut Table, name: &str, text: &str) -> Result<(), Error> {
    let Some(key) = name.strip_prefix(PREFIX) else { return Ok(()) };
    let path = key.to_ascii_lowercase();
    let mut below = table;
    let mut parts = path.split("__").peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match below.get(part) {
            Some(Value::Table(_)) if !is_last => {}
            Some(setting) if is_last && !setting.is_table() => {
                let value = parse_as(setting, text).ok_or_else(|| {
                    Error::new(format!("{name} is {text:?}, and must be a {}", setting.type_str()))
                        .hint(format!("by default it is {setting}"))
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

/// Warns of variables that count for nothing and are spelt almost like one that would count.
pub(crate) fn warn_of_misspellings() {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, meant) in misspellings(names) {
        tracing::warn!(
            "the environment variable {name} is not a setting and is ignored; did you mean {meant}?"
        );
    }
}

/// Each of the names that means nothing, with the spelling that would count.
fn misspellings(names: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    let known = variables();
    names
        .into_iter()
        .filter_map(|name| {
            let key = name.strip_prefix(PREFIX)?.to_ascii_uppercase();
            let is_read = known.iter().any(|known| known[PREFIX.len()..] == key);
            if is_read || is_of_kubernetes(&key) || key.len() > LONGEST_COMPARED {
                return None;
            }
            let distance = |known: &str| {
                strsim::osa_distance(&one_underscore(&key), &one_underscore(&known[PREFIX.len()..]))
            };
            let nearest = known.iter().min_by_key(|known| distance(known))?;
            (distance(nearest) <= typing_errors(&key)).then(|| (name.clone(), nearest.clone()))
        })
        .collect()
}

/// Letters that are taken to be typing errors: a short name has other names so near that more would be a guess.
fn typing_errors(key: &str) -> usize {
    if key.len() < 8 { 1 } else { 2 }
}

/// The name of every variable that is read.
fn variables() -> Vec<String> {
    let table: Table = DEFAULTS.parse().expect("the defaults are valid TOML");
    let mut names = vec![CONFIG_VARIABLE.to_owned()];
    for (key, value) in &table {
        let key = key.to_ascii_uppercase();
        match value {
            Value::Table(section) => names
                .extend(section.keys().map(|name| format!("{PREFIX}{key}__{}", name.to_ascii_uppercase()))),
            _ => names.push(format!("{PREFIX}{key}")),
        }
    }
    names
}

fn one_underscore(name: &str) -> String {
    name.split('_').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

/// What Kubernetes sets in every container beside a service called `personae` or `personae-...`:
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables> (read 2026-11-25).
fn is_of_kubernetes(key: &str) -> bool {
    let is_port = |rest: &str| rest.is_empty() || rest.starts_with('_');
    ["SERVICE_HOST", "SERVICE_PORT", "PORT"].iter().any(|word| {
        key.match_indices(word)
            .any(|(at, _)| (at == 0 || key[..at].ends_with('_')) && is_port(&key[at + word.len()..]))
    })
}

/// Reads a text as what the setting is by default.
fn parse_as(setting: &Value, text: &str) -> Option<Value> {
    Some(match setting {
        Value::Boolean(_) => Value::Boolean(text.to_ascii_lowercase().parse().ok()?),
        Value::Integer(_) => Value::Integer(text.parse().ok()?),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    })
}

/// Reads one word of a closed set, in any letter case.
fn word<'de, T: clap::ValueEnum, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    T::from_str(&text, true).map_err(|_| {
        let words = T::value_variants().iter().filter_map(|variant| variant.to_possible_value());
        let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
        D::Error::custom(format!("{text:?} is none of {}", words.join(", ")))
    })
}

fn unknown(name: &str, whence: &str, section: &Table) -> Error {
    let known: Vec<&str> = section.keys().map(String::as_str).collect();
    Error::new(format!("{whence} sets {name}, which is not a setting"))
        .hint(format!("there are: {}", known.join(", ")))
}

#[cfg(test)]
mod tests;
