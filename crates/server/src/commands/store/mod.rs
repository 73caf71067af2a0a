//! `personae store`: a store as a whole.

mod distribute;

use clap::Subcommand;

use crate::config::Flags;
use crate::failure::Failure;
use crate::output::Shown;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Distribute the tables of a store in PostgreSQL by tenant, where the extension Citus is
    Distribute(distribute::Distribute),
}

impl Verb {
    pub(crate) async fn run(self, flags: &Flags) -> Result<Shown, Failure> {
        match self {
            Self::Distribute(distribute) => distribute.run(flags).await,
        }
    }
}
