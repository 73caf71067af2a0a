//! Why the engine did not do what it was asked: it could not, or it was against the rules.

use std::fmt;

use directory::Refusal;

use crate::codec;

/// The engine could not. It is logged where a call ends; the caller hears that the store is unavailable.
#[derive(Debug)]
pub(crate) enum Error {
    Sql(rusqlite::Error),
    /// A row holds what no row should hold.
    Row(String),
    Io(std::io::Error),
    /// The file is no longer the one at its path, as was logged.
    NotInPlace,
    /// The engine gave the whole transaction up, because the disk is full or does not answer.
    TransactionLost,
}

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(error) => write!(f, "{error}"),
            Self::Row(what) => write!(f, "a row cannot be read: {what}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::NotInPlace => f.write_str("the file was removed, renamed or replaced"),
            Self::TransactionLost => f.write_str("the transaction was given up"),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
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

impl<R> WriteError<R> {
    pub(super) fn map<S>(self, f: impl FnOnce(R) -> S) -> WriteError<S> {
        match self {
            Self::Refused(refusal) => WriteError::Refused(f(refusal)),
            Self::Failed(failure) => WriteError::Failed(failure),
        }
    }
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

impl<R> From<rusqlite::Error> for WriteError<R> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}
