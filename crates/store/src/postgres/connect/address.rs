//! What `--store postgres://...` says: a URL as libpq writes it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{Trust, connector};
use crate::postgres::OpenError;

/// Longer than any address that means something.
const LONGEST: usize = 4_096;

/// More than any cluster has. Each may have to be waited for.
const MOST_HOSTS: usize = 16;

const PORT: u16 = 5432;

/// What holds unless the URL says otherwise. A host that vanishes without a word is noticed within some ten seconds,
/// not within the two hours of the operating system.
const DEFAULTS: [(&str, &str); 7] = [
    ("application_name", "personae"),
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "10000"),
    ("keepalives", "1"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_retries", "3"),
];

/// A database, by what `--store` says of it.
#[derive(Clone)]
pub struct Address {
    /// As it was given, but for the password.
    shown: String,
    /// Everything but hosts and TLS.
    pub(super) config: Config,
    pub(super) hosts: Vec<Host>,
    pub(super) tls: MakeRustlsConnect,
    /// For each connection, from its first packet until the server lets us in.
    pub(super) patience: Option<Duration>,
    /// Whether the other end is a pooler, which takes no settings.
    pub(in crate::postgres) is_pooled: bool,
    /// The host that let us in last. After a failover the others need not be asked before it.
    pub(super) last: Arc<AtomicUsize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub place: Place,
    pub port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A name, and the address it has if the URL says that too.
    Tcp(String, Option<IpAddr>),
    /// The folder of a unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The password may be in the environment, as `PGPASSWORD`.
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        Self::parse_with(url, std::env::var("PGPASSWORD").ok()).map_err(OpenError::Address)
    }

    /// The same, where a host need not be writable: a standby, or for a user that only reads.
    pub fn to_read(&self) -> Self {
        let mut address = self.clone();
        address.config.target_session_attrs(TargetSessionAttrs::Any);
        address
    }

    fn parse_with(url: &str, password: Option<String>) -> Result<Self, String> {
        if url.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} bytes"));
        }
        let mut given = Given::read(url)?;
        let shown = without_password(url);
        let hosts = given.hosts()?;
        let trust = given.trust()?;
        let is_pooled = match given.take("pooler").as_deref() {
            None | Some("none") => false,
            Some("transaction" | "session") => true,
            Some(_) => return Err(unknown_value("pooler", "transaction, session, none")),
        };
        match given.take("target_session_attrs").as_deref() {
            None | Some("any" | "read-write" | "primary") => {}
            Some(_) => {
                return Err(unknown_value("target_session_attrs", "read-write: a directory is written to"));
            }
        }
        // GSSAPI is not spoken here, which is all that these two ask for.
        match given.take("gssencmode").as_deref() {
            None | Some("disable" | "prefer") => {}
            Some(_) => return Err(unknown_value("gssencmode", "disable, prefer")),
        }
        if let Some(count) = given.take("keepalives_count") {
            given.set("keepalives_retries", count);
        }
        if let Some(password) = password.filter(|password| !password.is_empty() && !given.has("password")) {
            given.set("password", password);
        }
        let mut config = given.config()?;
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.ssl_mode(match trust {
            Trust::None => SslMode::Disable,
            Trust::Prefer => SslMode::Prefer,
            Trust::Anyone | Trust::Authority(_) | Trust::Name(_) => SslMode::Require,
        });
        Ok(Self {
            shown,
            patience: config.get_connect_timeout().copied(),
            config,
            hosts,
            tls: connector(&trust)?,
            is_pooled,
            last: Arc::default(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.shown)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(name, _) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Tcp(name, _) => write!(f, "{name}:{}", self.port),
            Place::Unix(folder) => write!(f, "{}:{}", folder.display(), self.port),
        }
    }
}

/// A URL taken apart, nothing of it decoded.
struct Parts<'a> {
    user: &'a str,
    password: &'a str,
    /// Hosts and database.
    rest: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
        // As libpq: credentials end at the first @, unless there is a slash before it.
        let (credentials, rest) = match rest.find(['@', '/']) {
            Some(end) if rest[end..].starts_with('@') => (&rest[..end], &rest[end + 1..]),
            _ => ("", rest),
        };
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self { user, password, rest, query })
    }
}

fn without_password(url: &str) -> String {
    let Some(Parts { user, rest, query, .. }) = Parts::of(url) else { return String::new() };
    let is_password = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        percent_decode_str(key).decode_utf8_lossy() == "password"
    };
    let query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_password(pair)).collect();
    let query = query.join("&");
    // Credentials end at the first @, which must not be one of the query.
    let is_ambiguous = !rest.contains('/') && query.contains('@');
    let at = if user.is_empty() && !is_ambiguous { "" } else { "@" };
    let mark = if query.is_empty() { "" } else { "?" };
    format!("postgres://{user}{at}{rest}{mark}{query}")
}

/// The parameters of a URL, decoded; a later one goes over an earlier one.
struct Given(Vec<(String, String)>);

impl Given {
    fn read(url: &str) -> Result<Self, String> {
        let Parts { user, password, rest, query } =
            Parts::of(url).ok_or("does not begin with postgres://")?;
        let mut given = Self(DEFAULTS.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        // What stands there may be the end of a password, which a / or an @ in it cut off: it is not shown.
        if rest.contains('@') {
            return Err(UNESCAPED.to_owned());
        }
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (names, ports): (Vec<_>, Vec<_>) =
            hosts.split(',').map(host_and_port).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        for (key, value) in [("user", user), ("password", password), ("dbname", database)] {
            if !value.is_empty() {
                given.set(key, decode(value)?);
            }
        }
        if !hosts.is_empty() {
            given.set("host", decode(&names.join(","))?);
            given.set("port", decode(&ports.join(","))?);
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| without_value(pair))?;
            given.set(&decode(key)?, decode(value)?);
        }
        Ok(given)
    }

    fn set(&mut self, key: &str, value: String) {
        self.0.retain(|(known, _)| known != key);
        self.0.push((key.to_owned(), value));
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(known, _)| known == key)
    }

    fn take(&mut self, key: &str) -> Option<String> {
        let index = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(index).1)
    }

    fn hosts(&mut self) -> Result<Vec<Host>, String> {
        let names = self.take("host").unwrap_or_default();
        let addresses = self.take("hostaddr").unwrap_or_default();
        let ports = self.take("port").unwrap_or_default();
        if names.is_empty() && addresses.is_empty() {
            return Err("names no host".to_owned());
        }
        let list = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        let addresses = list(&addresses);
        let names = if names.is_empty() { addresses.clone() } else { list(&names) };
        let ports = list(&ports);
        if names.len() > MOST_HOSTS {
            return Err(format!("names more than {MOST_HOSTS} hosts"));
        }
        let nth = |list: &[String], index: usize, what: &str| match list {
            [one] => Ok(one.clone()),
            _ if list.len() == names.len() => Ok(list[index].clone()),
            _ => Err(format!("has {} hosts and {} {what}", names.len(), list.len())),
        };
        let host = |(index, name): (usize, &String)| {
            let port = match nth(&ports, index, "ports")?.as_str() {
                "" => PORT,
                port => {
                    port.parse().ok().filter(|port| *port != 0).ok_or(format!("has the port {port:?}"))?
                }
            };
            let address = match nth(&addresses, index, "values of hostaddr")?.as_str() {
                "" => None,
                address => Some(address.parse().map_err(|_| format!("has the hostaddr {address:?}"))?),
            };
            let place = match name.as_str() {
                "" => return Err("has an empty host".to_owned()),
                folder if folder.starts_with('/') => Place::Unix(folder.into()),
                name => Place::Tcp(name.to_owned(), address),
            };
            Ok(Host { place, port })
        };
        names.iter().enumerate().map(host).collect()
    }

    /// Whom to believe. Naming an authority means that it be asked, so that alone is as good as `verify-full`.
    fn trust(&mut self) -> Result<Trust, String> {
        let mode = self.take("sslmode");
        let authority = self.take("sslrootcert").filter(|authority| !authority.is_empty());
        let file = authority.as_deref().filter(|authority| *authority != "system").map(PathBuf::from);
        Ok(match (mode.as_deref(), authority.as_deref()) {
            (Some("disable"), None) => Trust::None,
            (None | Some("prefer"), None) => Trust::Prefer,
            (Some("require"), None) => Trust::Anyone,
            (Some("verify-full"), _) | (None, Some(_)) => Trust::Name(file),
            (Some(weaker @ ("require" | "verify-ca")), _) => match file {
                // Anybody can have a certificate of a public authority, for a name of their own.
                None => {
                    return Err(format!(
                        "has sslmode={weaker}, which needs sslrootcert=PATH; or use verify-full"
                    ));
                }
                Some(file) => Trust::Authority(file),
            },
            (Some(weaker @ ("disable" | "prefer")), Some(_)) => {
                return Err(format!(
                    "has sslrootcert, which sslmode={weaker} does not look at; use verify-full"
                ));
            }
            (Some(_), _) => {
                let known = "disable, prefer, require, verify-ca, verify-full";
                return Err(unknown_value("sslmode", known));
            }
        })
    }

    /// What is left, as tokio-postgres takes it.
    fn config(self) -> Result<Config, String> {
        let mut text = String::new();
        for (key, value) in self.0 {
            if !KNOWN.contains(&key.as_str()) {
                return Err(format!(
                    "has the parameter {key:?}; there are: {}, {}",
                    OWN.join(", "),
                    KNOWN.join(", ")
                ));
            }
            let value = value.replace('\\', r"\\").replace('\'', r"\'");
            text.push_str(&format!("{key}='{value}' "));
        }
        let config: Result<Config, tokio_postgres::Error> = text.parse();
        // Its cause names the option, never the value.
        config.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            format!("has an {}", cause.unwrap_or_else(|| error.to_string()))
        })
    }
}

/// Parameters that are understood here.
const OWN: [&str; 8] =
    ["host", "hostaddr", "port", "sslmode", "sslrootcert", "pooler", "target_session_attrs", "gssencmode"];

/// Parameters that tokio-postgres understands.
const KNOWN: [&str; 13] = [
    "user",
    "password",
    "dbname",
    "application_name",
    "options",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "channel_binding",
    "sslnegotiation",
];

const UNESCAPED: &str =
    "has an @ among its hosts or in its database; in a password or a name write %40 for @, and %2F for /";

/// The name of a parameter is shown, and anything else is not: it may be the end of a password with a ? in it.
fn without_value(pair: &str) -> String {
    match OWN.contains(&pair) || KNOWN.contains(&pair) {
        true => format!("has {pair:?} without a value"),
        false => "has a parameter without a value".to_owned(),
    }
}

/// `name`, `name:port`, `[address]`, `[address]:port`.
fn host_and_port(text: &str) -> Result<(&str, &str), String> {
    let Some(text) = text.strip_prefix('[') else {
        return Ok(text.split_once(':').unwrap_or((text, "")));
    };
    let (address, rest) = text.split_once(']').ok_or("has a [ without its ]")?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((address, port)),
        None if rest.is_empty() => Ok((address, "")),
        None => Err(format!("has {rest:?} behind a ]")),
    }
}

/// What cannot be decoded may be a password, so it is not shown.
fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| "is not UTF-8 where a % stands")?;
    match decoded.contains('\0') {
        true => Err("holds the character U+0000".to_owned()),
        false => Ok(decoded.into_owned()),
    }
}

/// The value is not repeated: where an address is written wrongly, it may hold the password.
fn unknown_value(key: &str, known: &str) -> String {
    format!("has an unknown {key}; use {known}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse_with(url, None).unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    fn refusal(url: &str) -> String {
        Address::parse_with(url, None).expect_err(url)
    }

    fn tcp(name: &str, port: u16) -> Host {
        Host { place: Place::Tcp(name.to_owned(), None), port }
    }

    #[test]
    fn a_url_is_read_as_libpq_reads_it() {
        let address = parse("postgresql://ada:s%40cret@db1:5433,db2/people?options=-csearch_path%3Dpersonae");
        assert_eq!(address.hosts, [tcp("db1", 5433), tcp("db2", 5432)]);
        assert_eq!(address.config.get_user(), Some("ada"));
        assert_eq!(address.config.get_password(), Some(b"s@cret".as_slice()));
        assert_eq!(address.config.get_dbname(), Some("people"));
        assert_eq!(address.config.get_options(), Some("-csearch_path=personae"));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn hosts_have_many_forms() {
        let unix = |folder: &str, port| vec![Host { place: Place::Unix(folder.into()), port }];
        assert_eq!(parse("postgres:///people?host=/run/pg&port=6000").hosts, unix("/run/pg", 6000));
        assert_eq!(parse("postgres://%2Frun%2Fpg/people").hosts, unix("/run/pg", 5432));
        assert_eq!(
            parse("postgres://[::1]:5433,[fe80::2]/x").hosts,
            [tcp("::1", 5433), tcp("fe80::2", 5432)]
        );
        assert_eq!(parse("postgres:///x?host=a,b&port=1").hosts, [tcp("a", 1), tcp("b", 1)]);
        let address = parse("postgres://db/x?hostaddr=10.0.0.1");
        assert_eq!(address.hosts[0].place, Place::Tcp("db".to_owned(), Some([10, 0, 0, 1].into())));
        // A parameter goes over what stands before it.
        assert_eq!(parse("postgres://a:1/x?host=b").hosts, [tcp("b", 1)]);
        // An @ behind a slash is no end of credentials.
        let address = parse("postgres://db/x?user=ada@aurora");
        assert_eq!((address.hosts, address.config.get_user()), (vec![tcp("db", 5432)], Some("ada@aurora")));
    }

    #[test]
    fn defaults_hold_unless_the_url_says_otherwise() {
        let address = parse("postgres://db/x");
        assert_eq!(address.config.get_application_name(), Some("personae"));
        assert_eq!(address.patience, Some(Duration::from_secs(5)));
        assert_eq!(address.config.get_keepalives_idle(), Duration::from_secs(5));
        assert!(!address.is_pooled);
        let url = "postgres://db/x?application_name=a%27b%5C&connect_timeout=0&keepalives_idle=60&keepalives_count=9&pooler=transaction";
        let address = parse(url);
        assert_eq!(address.config.get_application_name(), Some("a'b\\"));
        assert_eq!(address.patience, None);
        assert_eq!(address.config.get_keepalives_idle(), Duration::from_secs(60));
        assert_eq!(address.config.get_keepalives_retries(), Some(9));
        assert!(address.is_pooled);
    }

    #[test]
    fn the_password_may_come_from_the_environment() {
        let of = |url| {
            let address = Address::parse_with(url, Some("from outside".to_owned())).unwrap();
            String::from_utf8(address.config.get_password().unwrap().to_vec()).unwrap()
        };
        assert_eq!(of("postgres://ada@db/x"), "from outside");
        assert_eq!(of("postgres://ada:inside@db/x"), "inside");
    }

    #[test]
    fn whom_to_trust() {
        let mode = |query: &str| {
            let mut given = Given::read(&format!("postgres://db/x?{query}")).unwrap();
            given.trust()
        };
        let file = || PathBuf::from("ca.pem");
        assert_eq!(mode(""), Ok(Trust::Prefer));
        assert_eq!(mode("sslmode=disable"), Ok(Trust::None));
        assert_eq!(mode("sslmode=require"), Ok(Trust::Anyone));
        assert_eq!(mode("sslmode=require&sslrootcert=ca.pem"), Ok(Trust::Authority(file())));
        assert_eq!(mode("sslmode=verify-ca&sslrootcert=ca.pem"), Ok(Trust::Authority(file())));
        assert_eq!(mode("sslmode=verify-full&sslrootcert=ca.pem"), Ok(Trust::Name(Some(file()))));
        assert_eq!(mode("sslrootcert=ca.pem"), Ok(Trust::Name(Some(file()))));
        for system in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=system", "sslrootcert=system"]
        {
            assert_eq!(mode(system), Ok(Trust::Name(None)), "{system}");
        }
        for (bad, says) in [
            ("sslmode=verify-ca", "needs sslrootcert=PATH"),
            ("sslmode=require&sslrootcert=system", "needs sslrootcert=PATH"),
            ("sslmode=prefer&sslrootcert=ca.pem", "does not look at"),
            ("sslmode=disable&sslrootcert=system", "does not look at"),
            ("sslmode=maybe", "use disable, prefer, require, verify-ca, verify-full"),
        ] {
            let why = mode(bad).unwrap_err();
            assert!(why.contains(says), "{bad}: {why}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (url, says) in [
            ("mysql://db/x", "does not begin with postgres://"),
            ("postgres:///x", "names no host"),
            ("postgres://a,,b/x", "an empty host"),
            ("postgres://db:x/y", "the port \"x\""),
            ("postgres://db:0/y", "the port \"0\""),
            ("postgres://a,b,c/x?port=1,2", "3 hosts and 2 ports"),
            ("postgres://[::1/x", "a [ without its ]"),
            ("postgres://[::1]x/y", "behind a ]"),
            ("postgres://db/x?hostaddr=one", "the hostaddr \"one\""),
            ("postgres://db/x?sslcert=a", "the parameter \"sslcert\"; there are: host,"),
            ("postgres://db/x?connect_timeout", "\"connect_timeout\" without a value"),
            ("postgres://db/x?connect_timeout=soon", "invalid value for option `connect_timeout`"),
            ("postgres://db/x?target_session_attrs=standby", "a directory is written to"),
            ("postgres://db/x?pooler=yes", "use transaction, session, none"),
            ("postgres://db/x?gssencmode=require", "use disable, prefer"),
            ("postgres://db/x?sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("postgres://db/%00", "U+0000"),
            ("postgres://ada:pass@word@db/x", "write %40 for @"),
            ("postgres://ada:pass/word@db/x", "%2F for /"),
            ("postgres://db/x?unknown", "a parameter without a value"),
        ] {
            let why = refusal(url);
            assert!(why.contains(says), "{url}: {why}");
        }
        assert!(refusal(&format!("postgres://db/{}", "x".repeat(LONGEST))).contains("is longer than"));
        assert!(refusal(&format!("postgres://{}/x", ["db"; 17].join(","))).contains("more than 16 hosts"));
    }

    #[test]
    fn nothing_shows_the_password() {
        for (url, shown) in [
            (
                "postgresql://ada:s3cret@db1,[::1]:1/people?p%61ssword=s3cret&connect_timeout=1",
                "postgres://ada@db1,[::1]:1/people?connect_timeout=1",
            ),
            ("postgres://:s3cret@db/x?host=/run/pg", "postgres://db/x?host=/run/pg"),
            ("postgres://ada:s3?cret@db/x?password=s3cret", "postgres://ada@db/x"),
            ("postgres://:s3cret@db?user=ada@aurora", "postgres://@db?user=ada@aurora"),
        ] {
            let address = parse(url);
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
        }
        for url in [
            "postgres://ada:s3cret@db/x?pooler=yes",
            "postgres://ada:s3cret%FF@db/x",
            "postgres://:s3cret@:x/y",
            // Passwords that nobody escaped.
            "postgres://ada:pass/s3cret@db/x",
            "postgres://ada:5432/s3cret@db/x",
            "postgres://ada:s3cret/word@db/x",
            "postgres://ada:pass@s3cret@db/x",
            "postgres://ada:pass?s3cret/word@db/x",
        ] {
            let why = refusal(url);
            assert!(!why.contains("s3cret"), "{why}");
        }
    }
}
