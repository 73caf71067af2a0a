//! `personae person`: people, addressed by whatever id one has at hand.

mod add;
mod attributes;
mod change;
mod delete;
mod list;
pub(super) mod show;
mod status;

use crate::commands::values::parse_text;
use crate::context::Context;
use crate::error::Error;
use crate::output::Shown;
use crate::tenant_index::Place;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a person to an organization, or invite one; also one who is a member of another organization of the tenant
    #[command(after_help = "Examples:
  personae person add --given-name Ada --family-name King --email ada@aurora.example --organization Aurora
  personae person add --email grace@aurora.example --invite
  personae person add --person ada@aurora.example --organization North --team Sales
  personae person add --name \"Maria del Mar Ruiz\" --external-id relesys:NUA --custom-field skills=welding")]
    Add(Box<add::Add>),
    /// Change a person; what no option names stays as it is, and what may be given several times replaces all there was
    #[command(after_help = "Examples:
  personae person change ada@aurora.example --title Countess --department Engines
  personae person change NUA --family-name Byron --clear phone --status active
  personae person change 4711 --organization North --team Sales")]
    Change(Box<change::ChangeOne>),
    /// Show all that is known of a person
    #[command(after_help = WHO)]
    Show(Who),
    /// List the people of an organization
    #[command(
        after_help = "Example:\n  personae person list --organization Aurora --search \"ada king\" --status active"
    )]
    List(list::List),
    /// Disable a person, who then cannot sign in; all else is kept
    #[command(after_help = WHO)]
    Disable(status::Disable),
    /// Enable a person, or accept an outstanding invitation
    #[command(after_help = WHO)]
    Enable(Who),
    /// End a person's membership in an organization, and with the last one the person
    #[command(after_help = WHO)]
    Delete(Who),
}

const WHO: &str = "A person is anything that one API or another knows them by:
  018f3c1e-0000-7000-8000-00000000000a   Relesys and Replay id, or the id of an invitation
  4711                                   Kare number
  65f0a0000000000000000001               Laurel id
  ada@aurora.example                     e-mail address or alias
  ada.king                               user name
  NUA, relesys:NUA, replay:NUA           external id, anywhere or in one API
  azure:1f2e                             Laurel identity";

#[derive(Debug, clap::Args)]
pub(crate) struct Who {
    /// Any id, e-mail, user name or external id
    #[arg(value_parser = parse_text)]
    person: String,
    #[command(flatten)]
    place: Place,
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::Change(change) => change.run(context).await,
            Self::Show(who) => show::show(context, &who).await,
            Self::List(list) => list.run(context).await,
            Self::Disable(disable) => disable.run(context).await,
            Self::Enable(who) => status::enable(context, &who).await,
            Self::Delete(who) => delete::delete(context, &who).await,
        }
    }
}
