//! `personae store`: a store as a whole.

mod copy;
mod distribute;

use clap::Subcommand;

use crate::config::Flags;
use crate::error::Error;
use crate::output::Shown;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Copy a whole store into another one, of the same kind or the other
    Copy(copy::Copy),
    /// Distribute the tables of a store in PostgreSQL by tenant, where the extension Citus is
    Distribute(distribute::Distribute),
}

impl Verb {
    pub(crate) async fn run(self, flags: &Flags, as_json: bool) -> Result<Shown, Error> {
        match self {
            Self::Copy(copy) => copy.run(flags, as_json).await,
            Self::Distribute(distribute) => distribute.run(flags).await,
        }
    }
}
