//! A copy of everything in a file, made while others go on writing.

use std::path::Path;

use super::connect::Address;
use super::error::{Error, Result};
use super::transfer::TransferStore;
use crate::file::Partial;
use crate::sqlite::{self, Options};
use crate::transfer;

/// The file is a store of the other engine, which can be opened where it lies.
pub(super) async fn run(address: &Address, to: &Path) -> Result<()> {
    let partial = Partial::of(to).map_err(not_made)?;
    let mut file = sqlite::TransferStore::target(partial.path(), Options::default()).map_err(not_made)?;
    transfer::snapshot(&TransferStore::at(address.clone()), &mut file).await.map_err(not_made)?;
    // Closed, the file stands alone.
    drop(file);
    partial.keep().map_err(not_made)
}

fn not_made(why: impl std::fmt::Display) -> Error {
    Error::Backup(why.to_string())
}
