//! `personae backup`: a consistent copy, made while others go on writing.

use std::path::PathBuf;

use serde_json::json;

use crate::config::Flags;
use crate::context::{Context, Purpose};
use crate::error::Error;
use crate::output::Shown;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  personae backup /backups/personae-$(date +%F).db --store sqlite:personae.db
  personae check --store sqlite:/backups/personae-2026-11-22.db"
)]
pub(crate) struct Backup {
    /// Where to; there must be no such file yet
    file: PathBuf,
}

impl Backup {
    pub(crate) async fn run(self, flags: &Flags) -> Result<Shown, Error> {
        // Not `exists`, for which a link that leads nowhere is not there.
        if self.file.symlink_metadata().is_ok() {
            return Err(Error::new(format!("{} is already there", self.file.display()))
                .hint("a backup overwrites nothing: take another name, or remove the file"));
        }
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Error::new(format!("there is no folder {}", folder.display())));
        }
        let context = Context::open(flags, Purpose::Read).await?;
        context.directory.operator().backup(self.file.clone()).await?;
        let bytes = std::fs::metadata(&self.file).map(|file| file.len()).unwrap_or_default();
        let file = self.file.display().to_string();
        Ok(Shown::new(
            format!("Copied the store to {file} ({bytes} bytes)."),
            json!({"file": file, "bytes": bytes}),
        ))
    }
}
