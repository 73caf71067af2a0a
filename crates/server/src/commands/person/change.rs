//! Changing a person.

use directory::record::{Include, Record};
use directory::status::Status;
use directory::store::PersonKey;
use directory::{Change, PersonChange, Refusal};

use super::attributes::Attributes;
use super::{Who, show};
use crate::commands::entity::nothing_to_change;
use crate::commands::values::word;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::output::Shown;
use crate::tenant_index::TenantIndex;

#[derive(Debug, clap::Args)]
pub(crate) struct ChangeOne {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    attributes: Attributes,
    /// active, disabled_by_admin, disabled_by_organization or login_blocked
    #[arg(long, value_parser = parse_status)]
    status: Option<Status>,
    /// Takes an attribute away, by the name of its option; several times for several
    #[arg(long, value_name = "OPTION", value_parser = parse_clear)]
    clear: Vec<&'static str>,
}

/// A person becomes invited with an invitation, which this command does not write.
fn parse_status(text: &str) -> Result<Status, String> {
    let is_taken = |status: &Status| *status != Status::Invited;
    let words = Status::ALL.into_iter().filter(is_taken).map(Status::as_str);
    word(text, |text| Status::parse(text).filter(is_taken), words)
}

type Clear = fn(&mut PersonChange);

/// What can be taken away: the name of the option, and how.
const CLEAR: [(&str, Clear); 19] = [
    ("nickname", |change| change.nickname = Change::Clear),
    ("initials", |change| change.initials = Change::Clear),
    ("user-name", |change| change.user_name = Change::Clear),
    ("email", |change| change.email = Change::Clear),
    ("second-email", |change| change.second_email = Change::Clear),
    ("alias", |change| change.email_aliases = Change::Clear),
    ("phone", |change| change.phone = Change::Clear),
    ("title", |change| change.title = Change::Clear),
    ("birth-date", |change| change.birth_date = Change::Clear),
    ("gender", |change| change.gender = Change::Clear),
    ("employed-from", |change| change.employment_start = Change::Clear),
    ("employed-until", |change| change.employment_end = Change::Clear),
    ("employment", |change| change.employment_kind = Change::Clear),
    ("department", |change| change.primary_department = Change::Clear),
    ("group", |change| change.groups = Change::Clear),
    ("team", |change| change.team = Change::Clear),
    ("profession", |change| change.profession = Change::Clear),
    ("laurel-role", |change| change.roles = Change::Clear),
    ("time-zone", |change| change.time_zone = Change::Clear),
];

/// The names among them whose attributes are of the membership.
const OF_MEMBERSHIP: [&str; 3] = ["team", "profession", "laurel-role"];

fn parse_clear(text: &str) -> Result<&'static str, String> {
    let names = CLEAR.map(|(name, _)| name);
    word(text, |text| names.into_iter().find(|name| *name == text), names)
}

impl ChangeOne {
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let Self { who, attributes, status, clear } = self;
        if attributes == Attributes::default() && status.is_none() && clear.is_empty() {
            return Err(nothing_to_change("person"));
        }
        let tenants = TenantIndex::load(context).await?;
        let found = find(context, &tenants, &who.person, &who.place).await?;
        let is_of_membership =
            attributes.are_of_membership() || clear.iter().any(|name| OF_MEMBERSHIP.contains(name));
        let organization = match is_of_membership {
            true => found.only_organization(&tenants)?,
            false => found.any_organization(),
        };
        let caller = context.caller(found.tenant, organization);
        let at = context.directory.scoped(&caller);
        let mut change = attributes.change(&at.reference_data().await?, organization)?;
        if let Some(status) = status {
            let PersonChange { status, invitation, .. } = PersonChange::to_status(status);
            (change.status, change.invitation) = (status, invitation);
        }
        for (_, clear) in CLEAR.into_iter().filter(|(name, _)| clear.contains(name)) {
            clear(&mut change);
        }
        let decide = move |_: &Record| Ok::<_, Refusal>(change.clone());
        at.change_person(PersonKey::Id(found.person), Include::default(), decide).await?;
        show::person(context, found.tenant, found.person, &found.organizations).await
    }
}
