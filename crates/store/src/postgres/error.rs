//! Why the engine did not do what it was asked: it could not, or it was against the rules.

use std::error::Error as _;
use std::{fmt, io};

use directory::Refusal;
use tokio_postgres::error::SqlState;

use super::connect::ConnectError;
use crate::codec;

/// The engine could not. It is logged where a call ends; the caller hears that the store is unavailable.
#[derive(Debug)]
pub(crate) enum Error {
    Database(tokio_postgres::Error),
    /// A row holds what no row should hold.
    Row(String),
    /// No host lets us in to write.
    NoConnection(ConnectError),
    /// No connection was free in time.
    Busy,
    /// The database did not answer in time.
    NoAnswer,
    /// The connection was lost while a commit was under way, or the commit takes too long, because a standby that is to
    /// confirm it is away. It may have happened or not.
    InDoubt(Option<tokio_postgres::Error>),
    /// Everything could not be copied.
    Backup(String),
}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Of a statement that commits: unless the server itself said that it did not, nobody knows.
    pub(super) fn of_commit(error: tokio_postgres::Error) -> Self {
        if is_lost(&error) { Self::InDoubt(Some(error)) } else { Self::Database(error) }
    }

    /// The connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        match self {
            Self::Database(error) => is_lost(error),
            Self::InDoubt(_) => true,
            Self::Row(_) | Self::NoConnection(_) | Self::NoAnswer | Self::Busy | Self::Backup(_) => false,
        }
    }

    /// Nothing was done, because somebody was no longer as they were when they were read, or is just being changed. See
    /// [`super::rows::Changed`].
    pub(super) fn is_lost_race(&self) -> bool {
        let says_so =
            |code: &SqlState| [SqlState::DIVISION_BY_ZERO, SqlState::LOCK_NOT_AVAILABLE].contains(code);
        matches!(self, Self::Database(error) if error.code().is_some_and(says_so))
    }

    /// Nothing was done, and the same may well succeed when it is tried again.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Database(error) => {
                is_lost(error)
                    || matches!(
                        error.code(),
                        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
                    )
            }
            Self::Row(_)
            | Self::NoConnection(_)
            | Self::NoAnswer
            | Self::Busy
            | Self::InDoubt(_)
            | Self::Backup(_) => false,
        }
    }
}

/// Whether the server has let go of the connection, or nobody answers at its other end.
pub(super) fn is_lost(error: &tokio_postgres::Error) -> bool {
    let is_goodbye = |code: &SqlState| {
        code.code().starts_with("08")
            || [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW]
                .contains(code)
    };
    error.is_closed()
        || error.code().is_some_and(is_goodbye)
        || error.source().is_some_and(|source| source.is::<io::Error>())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => tell(error, f),
            Self::Row(what) => write!(f, "a row cannot be read: {what}"),
            Self::NoConnection(error) => write!(f, "{error}"),
            Self::Busy => f.write_str("no connection to the database was free in time"),
            Self::Backup(why) => f.write_str(why),
            Self::NoAnswer => f.write_str("the database did not answer in time"),
            Self::InDoubt(None) => f.write_str("a commit was not confirmed in time"),
            Self::InDoubt(Some(error)) => {
                f.write_str("the connection was lost in the middle of a commit: ")?;
                tell(error, f)
            }
        }
    }
}

/// The error itself says only that there was one; its source says which.
fn tell(error: &tokio_postgres::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (error.as_db_error(), error.source()) {
        // Neither detail nor hint: those quote what people wrote.
        (Some(said), _) => write!(f, "{} ({})", said.message(), said.code().code()),
        (None, Some(source)) => write!(f, "{error}: {source}"),
        (None, None) => write!(f, "{error}"),
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        Self::NoConnection(error)
    }
}

impl From<codec::Error> for Error {
    fn from(codec::Error(what): codec::Error) -> Self {
        Self::Row(what)
    }
}

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum WriteError<R = Refusal> {
    Refused(R),
    Failed(Error),
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<Error> for WriteError<R> {
    fn from(failure: Error) -> Self {
        Self::Failed(failure)
    }
}

impl<R> From<codec::Error> for WriteError<R> {
    fn from(broken: codec::Error) -> Self {
        Self::Failed(broken.into())
    }
}

impl<R> From<tokio_postgres::Error> for WriteError<R> {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(error.into())
    }
}
