//! Everything of a database, read out.

pub(super) mod read;
