//! Why a patch is refused, and which operation is to blame.

use std::fmt;

use super::limits::{MAX_DEPTH, MAX_OPERATIONS, MAX_VALUES, MAX_WRITTEN};

/// A refused patch. Nothing of it has been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The place of the failing operation in the document; none when the document as a whole is at fault.
    pub operation: Option<usize>,
    /// The failing operation's `path` as sent, if it sent a text of bearable length.
    pub path: Option<String>,
    pub reason: Reason,
}

impl Error {
    pub(super) fn whole(reason: Reason) -> Error {
        Error { operation: None, path: None, reason }
    }
}

/// Every way in which a patch can fail. `Display` gives a sentence for people, without anything from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NotAnArray,
    TooManyOperations,
    TooManyValues,
    NotAnObject,
    /// `op` and `Op` in one operation, where both are names of one member.
    TwoSpellings,
    MissingOp,
    UnknownOp,
    MissingPath,
    BadPath,
    MissingFrom,
    BadFrom,
    MissingValue,
    /// The model has no such place, or does not let a patch see it.
    UnknownPath,
    UnknownFrom,
    /// The vendor shows such a member, of this name, and lets no patch touch it.
    ReadOnly(&'static str),
    /// The model has such a place, but the view as it is now has nothing there.
    NoTarget,
    NoSource,
    TestFailed,
    IntoItself,
    TooLarge,
    TooDeep,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::NotAnArray => {
                "The patch is not an array of operations, such as [{\"op\": \"remove\", \"path\": \"/title\"}]."
            }
            Reason::TooManyOperations => {
                return write!(f, "The patch has more than {MAX_OPERATIONS} operations.");
            }
            Reason::TooManyValues => return write!(f, "The patch has more than {MAX_VALUES} values."),
            Reason::NotAnObject => {
                "The operation is not an object, such as {\"op\": \"remove\", \"path\": \"/title\"}."
            }
            Reason::TwoSpellings => "The operation has one of its members in two spellings.",
            Reason::MissingOp => "The operation has no \"op\".",
            Reason::UnknownOp => "The \"op\" is not one of add, remove, replace, move, copy and test.",
            Reason::MissingPath => "The operation has no \"path\".",
            Reason::BadPath => "The \"path\" is not a JSON Pointer, such as /title.",
            Reason::MissingFrom => "The operation has no \"from\".",
            Reason::BadFrom => "The \"from\" is not a JSON Pointer, such as /title.",
            Reason::MissingValue => "The operation has no \"value\".",
            Reason::UnknownPath => "Unknown path.",
            Reason::UnknownFrom => "Unknown path in \"from\".",
            Reason::ReadOnly(name) => return write!(f, "{name} is read-only: leave it out of the patch."),
            Reason::NoTarget => "There is nothing at this path.",
            Reason::NoSource => "There is nothing at the path in \"from\".",
            Reason::TestFailed => "The value at this path is not the one tested for.",
            Reason::IntoItself => "A value cannot be moved into itself.",
            Reason::TooLarge => return write!(f, "The patch writes more than {} KiB.", MAX_WRITTEN / 1024),
            Reason::TooDeep => return write!(f, "The patch nests values deeper than {MAX_DEPTH} levels."),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.operation, &self.path) {
            (Some(index), Some(path)) => write!(f, "operation {index}, {path:?}: {}", self.reason),
            (Some(index), None) => write!(f, "operation {index}: {}", self.reason),
            (None, _) => self.reason.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
