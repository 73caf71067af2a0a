//! Why a store cannot be opened, in sentences for whoever starts the program.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

/// The oldest server whose SQL is enough.
pub(in crate::postgres) const OLDEST: i32 = 14;

/// Why a store cannot be opened. No text of it holds a password.
#[derive(Debug)]
pub enum OpenError {
    /// The address cannot be understood.
    Address(String),
    /// No host lets us in to write.
    Connect(ConnectError),
    /// The server is of a version before those that are supported.
    TooOld {
        found: String,
    },
    /// The database's encoding cannot hold every name.
    Encoding {
        found: String,
    },
    /// The connection's search path names no schema that there is.
    NoSchema,
    /// There are tables, but not ours.
    Foreign {
        schema: String,
        table: String,
    },
    /// The user may read or write nothing there, or not make the tables that are missing.
    NotAllowed {
        user: String,
        schema: String,
        what: &'static str,
    },
    Newer {
        found: u32,
        known: u32,
    },
    /// A copy into the database was not finished.
    Unfinished,
    Postgres(tokio_postgres::Error),
}

impl OpenError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Address(_) => {
                "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE; for a unix socket: \
                                 postgres://USER@/DATABASE?host=/var/run/postgresql"
                    .to_owned()
            }
            Self::Connect(error) => return error.hint(),
            Self::TooOld { .. } => format!("use PostgreSQL {OLDEST} or later"),
            Self::Encoding { .. } => {
                "make one that is: CREATE DATABASE personae ENCODING 'UTF8' TEMPLATE template0".to_owned()
            }
            Self::NoSchema => "make it first: CREATE SCHEMA personae; then name it: \
                               postgres://.../DATABASE?options=-csearch_path%3Dpersonae"
                .to_owned(),
            Self::Foreign { .. } => {
                "give the directory a database of its own, or a schema: CREATE SCHEMA personae, and \
                                     postgres://.../DATABASE?options=-csearch_path%3Dpersonae"
                    .to_owned()
            }
            Self::NotAllowed { user, schema, .. } => format!(
                "let it: GRANT USAGE, CREATE ON SCHEMA \"{schema}\" TO \"{user}\"; or open the store once as a user who may, \
                 and grant this one SELECT, INSERT, UPDATE and DELETE on its tables"
            ),
            Self::Unfinished => {
                "run the same `personae store copy` again to finish it, or make the database anew".to_owned()
            }
            Self::Newer { .. } => "use the version of personae that wrote it, or a later one".to_owned(),
            Self::Postgres(_) => return None,
        })
    }

    /// True when there is a host that can only be read from.
    pub fn is_about_writing(&self) -> bool {
        match self {
            Self::Connect(error) => error.0.iter().any(|(_, fault)| matches!(fault, HostError::ReadOnly)),
            Self::Address(_)
            | Self::TooOld { .. }
            | Self::Encoding { .. }
            | Self::NoSchema
            | Self::Foreign { .. }
            | Self::NotAllowed { .. }
            | Self::Newer { .. }
            | Self::Unfinished
            | Self::Postgres(_) => false,
        }
    }

    /// Whether the same may succeed a little later, with nobody doing anything here.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connect(error) => error.may_pass(),
            // A server that was stopped, or lost its place as the one to write to, in the middle of it.
            Self::Postgres(error) => match HostError::of(error) {
                HostError::Says { code, .. } if code == SqlState::READ_ONLY_SQL_TRANSACTION => true,
                fault => fault.may_pass(),
            },
            Self::Address(_)
            | Self::TooOld { .. }
            | Self::Encoding { .. }
            | Self::NoSchema
            | Self::Foreign { .. }
            | Self::NotAllowed { .. }
            | Self::Unfinished
            | Self::Newer { .. } => false,
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => write!(f, "the address of the store {why}"),
            Self::Connect(error) => error.fmt(f),
            Self::TooOld { found } => {
                write!(f, "the server is PostgreSQL {found}, and {OLDEST} is the oldest that is supported")
            }
            Self::Encoding { found } => {
                write!(f, "the database is encoded in {found}, and must be in UTF8")
            }
            Self::NoSchema => f.write_str("the search path of the connection names no schema that there is"),
            Self::Foreign { schema, table } => {
                write!(f, "the schema {schema} holds the tables of another program, {table} for one")
            }
            Self::NotAllowed { user, schema, what } => {
                write!(f, "the user {user} may not {what} in the schema {schema}")
            }
            Self::Newer { found, known } => write!(
                f,
                "the database was written by a newer version of this program: its schema is {found}, \
                 and this version knows schemas up to {known}"
            ),
            Self::Unfinished => f.write_str("the database holds a copy that was not finished"),
            Self::Postgres(error) => write!(f, "cannot open the database: {}", describe(error)),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Postgres(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ConnectError> for OpenError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(error)
    }
}

/// What each host of an address answered, when none let us in to write.
#[derive(Debug)]
pub struct ConnectError(Vec<(String, HostError)>);

impl ConnectError {
    pub(super) fn new(faults: Vec<(String, HostError)>) -> Self {
        Self(faults)
    }

    /// Whether the same may succeed a little later, with nobody doing anything here.
    pub fn may_pass(&self) -> bool {
        self.worst().is_some_and(HostError::may_pass)
    }

    fn hint(&self) -> Option<String> {
        self.worst().and_then(HostError::hint)
    }

    /// Of the host that we came furthest with.
    fn worst(&self) -> Option<&HostError> {
        self.0
            .iter()
            .map(|(_, fault)| fault)
            .reduce(|one, other| if other.rank() > one.rank() { other } else { one })
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = self.0.iter().map(|(host, fault)| format!("{host} {fault}")).collect();
        match told.len() {
            1 => write!(f, "cannot open the database: {}", told[0]),
            _ => write!(f, "no host of the database can be used: {}", told.join("; ")),
        }
    }
}

impl Error for ConnectError {}

/// Why one host did not let us in. What it reads like follows the name of the host.
#[derive(Debug)]
pub(super) enum HostError {
    UnknownName,
    /// Not even a connection.
    Unreachable(io::Error),
    Silent(Duration),
    /// It answered, but not as a server of PostgreSQL does.
    Broken(String),
    ReadOnly,
    NoTls,
    Tls(String),
    Certificate(String),
    NoPassword,
    /// In the server's own words.
    Says {
        code: SqlState,
        message: String,
    },
}

impl HostError {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::Says { code: error.code().clone(), message: error.message().to_owned() };
        }
        let Some(cause) = error.source() else { return Self::Broken(error.to_string()) };
        let Some(io) = cause.downcast_ref::<io::Error>() else {
            // tokio-postgres has no types for these.
            return match cause.to_string().as_str() {
                "server does not support TLS" => Self::NoTls,
                "password missing" => Self::NoPassword,
                cause => Self::Broken(cause.to_owned()),
            };
        };
        match io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(error)) => return Self::Certificate(certificate(error)),
            Some(error) => return Self::Tls(error.to_string()),
            None => {}
        }
        match (io.kind(), io.raw_os_error()) {
            // So says tokio-postgres itself, of a session that cannot write.
            (io::ErrorKind::PermissionDenied, None) => Self::ReadOnly,
            (_, Some(_)) => Self::Unreachable(io::Error::from(io.kind())),
            (io::ErrorKind::UnexpectedEof, None) => Self::Broken("the connection was closed".to_owned()),
            (_, None) => Self::Broken(io.to_string()),
        }
    }

    /// The one that says more.
    pub(super) fn or(self, other: Self) -> Self {
        if other.rank() >= self.rank() { other } else { self }
    }

    /// How far we came. With several hosts the advice is about the one that we came furthest with.
    fn rank(&self) -> u8 {
        match self {
            Self::UnknownName => 0,
            Self::Unreachable(_) | Self::Silent(_) => 1,
            Self::Broken(_) => 2,
            Self::Says { .. } if self.may_pass() => 3,
            Self::ReadOnly => 4,
            Self::NoTls | Self::Tls(_) | Self::Certificate(_) | Self::NoPassword => 5,
            Self::Says { .. } => 6,
        }
    }

    fn may_pass(&self) -> bool {
        match self {
            Self::UnknownName | Self::Unreachable(_) | Self::Silent(_) | Self::Broken(_) | Self::ReadOnly => {
                true
            }
            Self::NoTls | Self::Tls(_) | Self::Certificate(_) | Self::NoPassword => false,
            // Connection lost, too many clients or not enough of something, shutting down or starting up.
            Self::Says { code, .. } => {
                ["08006", "53", "57P"].iter().any(|class| code.code().starts_with(class))
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownName => "is the host's name spelt right, and does this machine's DNS know it?",
            Self::Unreachable(_) | Self::Silent(_) => {
                "is PostgreSQL running there, is that its port, and may this machine reach it?"
            }
            Self::Broken(_) => "is that PostgreSQL, and is that its port?",
            Self::ReadOnly => {
                "name all hosts of the cluster, so that the one to write to is found: postgres://HOST1,HOST2/DATABASE"
            }
            Self::NoTls => "let the server offer TLS (ssl = on), or do without: sslmode=disable",
            Self::Tls(_) => "the log of the server may say more; without TLS: sslmode=disable",
            Self::Certificate(_) => {
                "name the certificate of who signed it with sslrootcert=PATH, and the host as the certificate does"
            }
            Self::NoPassword => {
                "give it in PGPASSWORD, or in the address: postgres://USER:PASSWORD@HOST/DATABASE"
            }
            Self::Says { code, message } => return says_hint(code, message),
        };
        Some(hint.to_owned())
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is by an authority that is not trusted".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired".to_owned(),
        other => format!("cannot be trusted: {other}"),
    }
}

fn says_hint(code: &SqlState, message: &str) -> Option<String> {
    let hint = match code.code() {
        "28P01" => "check user and password in the address; the password may also come in PGPASSWORD",
        "28000" => {
            "the server's pg_hba.conf and its roles decide who may come in, and whether only with TLS (sslmode=require)"
        }
        "3D000" => "make it first: CREATE DATABASE personae ENCODING 'UTF8' TEMPLATE template0",
        "42501" => "let the user in: GRANT CONNECT ON DATABASE ... TO ...",
        "53300" => {
            "raise max_connections there, or put a pooler in between; docs/scaling.md says how many a process opens"
        }
        _ if message.contains("startup parameter") => {
            "a pooler that refuses settings needs pooler=transaction in the address; docs/scaling.md says more"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName => f.write_str("has a name that nobody knows"),
            Self::Unreachable(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused => f.write_str("refuses connections"),
                io::ErrorKind::NotFound => f.write_str("has no socket there"),
                _ => write!(f, "cannot be reached: {error}"),
            },
            Self::Silent(patience) => write!(f, "did not answer within {} s", patience.as_secs()),
            Self::Broken(why) => write!(f, "gave no answer that makes sense: {why}"),
            Self::ReadOnly => f.write_str("is read-only, as a standby is"),
            Self::NoTls => f.write_str("offers no TLS"),
            Self::Tls(why) => write!(f, "cannot be spoken to over TLS: {why}"),
            Self::Certificate(why) => write!(f, "shows a certificate that {why}"),
            Self::NoPassword => f.write_str("asks for a password, and there is none"),
            Self::Says { message, .. } => write!(f, "says: {message}"),
        }
    }
}

/// With its causes, which the driver's own text leaves out.
pub(in crate::postgres) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(code: &str) -> HostError {
        HostError::Says { code: SqlState::from_code(code), message: format!("no, {code}") }
    }

    #[test]
    fn advice_is_about_the_host_that_we_came_furthest_with() {
        let refused = || HostError::Unreachable(io::ErrorKind::ConnectionRefused.into());
        let error = ConnectError::new(vec![("a:1".into(), refused()), ("b:2".into(), HostError::ReadOnly)]);
        assert_eq!(
            error.to_string(),
            "no host of the database can be used: a:1 refuses connections; b:2 is read-only, as a standby is"
        );
        assert!(error.hint().unwrap().contains("name all hosts"));
        assert!(error.may_pass());

        let error = ConnectError::new(vec![("a:1".into(), says("28P01")), ("b:2".into(), refused())]);
        assert!(error.hint().unwrap().contains("PGPASSWORD"));
        assert!(!error.may_pass(), "a wrong password does not become right by waiting");
    }

    #[test]
    fn what_may_pass_is_told_from_what_does_not() {
        for code in ["57P03", "57P01", "53300", "08006"] {
            assert!(says(code).may_pass(), "{code}");
        }
        for code in ["28P01", "28000", "3D000", "42501", "08P01"] {
            assert!(!says(code).may_pass(), "{code}");
        }
        assert!(HostError::Silent(Duration::from_secs(5)).may_pass());
        assert!(!HostError::NoTls.may_pass() && !OpenError::Newer { found: 2, known: 1 }.may_pass());
    }
}
