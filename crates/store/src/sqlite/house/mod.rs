//! Everything of a file, read out.

pub(super) mod read;
