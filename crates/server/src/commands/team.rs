//! `personae team`: the teams of an organization.

use directory::ids::{OrganizationId, TeamId};
use directory::organization::Team;

use super::values::parse_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a team to an organization
    #[command(after_help = "Example:\n  personae team add \"Sales North\" --organization Aurora")]
    Add {
        #[arg(value_parser = parse_name)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the teams of one organization, or of all of a tenant
    List(Place),
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { name, place } => {
                let (tenant, organization) = world.organization(&place)?;
                let team = Team { id: TeamId::NIL, organization: organization.id, name };
                let team = context.create(&(tenant, organization.id), team).await?;
                let text = fields(&[
                    ("id", Some(team.id.to_string())),
                    ("name", Some(team.name.clone())),
                    ("organization", Some(organization.name.clone())),
                ]);
                Ok(Shown::new(text, json::team(&team)))
            }
            Self::List(place) => {
                let tenant = world.tenant(&place)?;
                let here: Vec<OrganizationId> = world.matching(&place).iter().map(|(_, it)| it.id).collect();
                let mut teams = context.store().vocabulary(tenant).await?.teams;
                teams.retain(|team| here.contains(&team.organization));
                let row =
                    |it: &Team| [it.id.to_string(), it.name.clone(), world.name(tenant, it.organization)];
                let titles = ["ID", "NAME", "ORGANIZATION"];
                let text = table(titles, teams.iter().map(row).collect(), "There are no teams.");
                Ok(Shown::new(text, teams.iter().map(json::team).collect()))
            }
        }
    }
}
