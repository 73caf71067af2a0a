//! Disabling and enabling.

use directory::record::{Include, Record};
use directory::status::Status;
use directory::store::PersonKey;
use directory::{PersonChange, Refusal};

use super::Who;
use super::show::{brief, one_line};
use crate::commands::values::word;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::output::Shown;
use crate::tenant_index::TenantIndex;

#[derive(Debug, clap::Args)]
pub(crate) struct Disable {
    #[command(flatten)]
    who: Who,
    /// On whose behalf: admin, organization or login-blocked. The APIs show them apart
    #[arg(long, value_parser = parse_by, default_value = "admin")]
    by: Status,
}

fn parse_by(text: &str) -> Result<Status, String> {
    let by = |text: &str| match text {
        "admin" => Some(Status::DisabledByAdmin),
        "organization" => Some(Status::DisabledByOrganization),
        "login-blocked" => Some(Status::LoginBlocked),
        // As the status is printed.
        _ => Status::parse(text).filter(|status| !matches!(status, Status::Invited | Status::Active)),
    };
    word(text, by, ["admin", "organization", "login-blocked"])
}

impl Disable {
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Error> {
        set(context, &self.who, self.by).await
    }
}

/// Someone invited thereby accepts.
pub(super) async fn enable(context: &Context, who: &Who) -> Result<Shown, Error> {
    set(context, who, Status::Active).await
}

async fn set(context: &Context, who: &Who, status: Status) -> Result<Shown, Error> {
    let tenants = TenantIndex::load(context).await?;
    let found = find(context, &tenants, &who.person, &who.place).await?;
    let caller = context.caller(found.tenant, found.any_organization());
    let (at, key) = (context.directory.scoped(&caller), PersonKey::Id(found.person));
    let before = at.person(key.clone(), Include::default()).await?;
    let decide = move |_: &Record| Ok::<_, Refusal>(PersonChange::to_status(status));
    let after = at.change_person(key, Include::default(), decide).await?;
    let changed = after.person.version != before.person.version;
    let now = after.person.status.as_str();
    let text = match changed {
        true => format!("{} was {}, and is {now}.", one_line(&after), before.person.status.as_str()),
        false => format!("{} is {now} already.", one_line(&after)),
    };
    Ok(Shown::new(text, brief(found.tenant, &after, changed)))
}
