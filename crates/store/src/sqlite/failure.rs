//! Why the engine did not do what it was asked: it could not, or it was against the rules.

use std::fmt;

use directory::Refusal;

use crate::codec::Broken;

/// The engine could not. It is logged where a call ends; the caller hears that the store is unavailable.
#[derive(Debug)]
pub(crate) enum Failure {
    Sql(rusqlite::Error),
    /// A row holds what no row should hold.
    Row(String),
    Io(std::io::Error),
    /// The file is no longer the one at its path, as was logged.
    NotInPlace,
    /// The engine gave the whole transaction up, because the disk is full or does not answer.
    TransactionLost,
}

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

impl fmt::Display for Failure {
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

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Broken> for Failure {
    fn from(Broken(what): Broken) -> Self {
        Self::Row(what)
    }
}

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum Stopped<R = Refusal> {
    Refused(R),
    Failed(Failure),
}

impl<R> Stopped<R> {
    pub(super) fn map<S>(self, f: impl FnOnce(R) -> S) -> Stopped<S> {
        match self {
            Self::Refused(refusal) => Stopped::Refused(f(refusal)),
            Self::Failed(failure) => Stopped::Failed(failure),
        }
    }
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<Failure> for Stopped<R> {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<R> From<Broken> for Stopped<R> {
    fn from(broken: Broken) -> Self {
        Self::Failed(broken.into())
    }
}

impl<R> From<rusqlite::Error> for Stopped<R> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}
