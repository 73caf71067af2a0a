//! `personae check`: whether the store is whole.

use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, table};
use crate::visible;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The hash of a tenant is over everything that a request could change: equal hashes mean that nothing did.

Example:\n  personae check --store sqlite:personae.db --json"
)]
pub(crate) struct Check {}

impl Check {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let report = context.directory.operator().check().await?;
        let rows = report
            .tenants
            .iter()
            .map(|it| [it.tenant.to_string(), it.people.to_string(), it.events.to_string(), it.hash.clone()])
            .collect();
        let tenants = table(["TENANT", "PEOPLE", "EVENTS", "HASH"], rows, "There are no tenants.\n");
        let verdict = match report.problems.len() {
            0 => "The store is whole.".to_owned(),
            count => {
                let problems: Vec<_> = report.problems.iter().map(|it| visible::line(it)).collect();
                format!("{count} problems:\n  {}", problems.join("\n  "))
            }
        };
        let code = u8::from(!report.problems.is_empty());
        Ok(Shown { code, ..Shown::new(format!("{tenants}\n{verdict}"), json::report(&report)) })
    }
}
