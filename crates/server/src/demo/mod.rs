//! The seeded store that `personae demo` serves.

mod line;
mod names;
mod paste;
mod people;
mod seed;
mod words;

pub(crate) use line::line;
pub(crate) use paste::calls;
pub(crate) use seed::{Seeded, seed};

/// People without whom the line of `demo --json` would lack a member: an admin and a user for Kare.
pub(crate) const FEWEST: u32 = 2;
