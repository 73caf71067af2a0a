//! `personae team`: the teams of an organization.

use directory::ids::{OrganizationId, TeamId};
use directory::organization::{Team, TeamKind};
use directory::{EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, set, set_some};
use super::values::{parse_name, parse_text, word};
use crate::error::Error;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Team>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  personae team add \"Sales North\" --organization Aurora --description \"Everyone north of the river\" --type lead-gen")]
pub(crate) struct Add {
    #[arg(value_parser = parse_name)]
    name: String,
    #[command(flatten)]
    attributes: Attributes,
    /// Say that it uses the TURN connection
    #[arg(long)]
    use_turn_connection: bool,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Examples:
  personae team change \"Sales North\" --name Sales --type integration
  personae team change Sales --clear description --no-turn-connection")]
pub(crate) struct Change {
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
    /// Takes away the description
    #[arg(long, value_name = "OPTION", value_parser = parse_clear, conflicts_with = "description")]
    clear: Option<Optional>,
    /// Say that it uses the TURN connection
    #[arg(long, conflicts_with = "no_turn_connection")]
    use_turn_connection: bool,
    /// Say that it does not
    #[arg(long)]
    no_turn_connection: bool,
}

#[derive(Debug, Default, Clone, PartialEq, clap::Args)]
pub(crate) struct Attributes {
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    description: Option<String>,
    /// default, integration or lead-gen
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_kind)]
    kind: Option<TeamKind>,
}

/// An attribute that a team need not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    Description,
}

fn parse_clear(text: &str) -> Result<Optional, String> {
    word(text, |text| (text == "description").then_some(Optional::Description), ["description"])
}

fn parse_kind(text: &str) -> Result<TeamKind, String> {
    word(text, TeamKind::parse, TeamKind::ALL.map(TeamKind::as_str))
}

impl Attributes {
    fn set(&self, team: &mut Team) {
        set_some(&mut team.description, self.description.clone());
        set(&mut team.kind, self.kind);
    }
}

impl Noun for Team {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Team;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        Ok(at.reference_data().await?.teams)
    }

    async fn add(add: Add, scope: &Scope<'_>) -> Result<Self, Error> {
        let mut team = Self::new(TeamId::NIL, scope.organization, add.name);
        add.attributes.set(&mut team);
        team.use_turn_connection = add.use_turn_connection;
        Ok(team)
    }

    async fn change(change: Change, _: &Scope<'_>) -> Result<Edit<Self>, Error> {
        let says = change.use_turn_connection || change.no_turn_connection;
        let use_turn_connection = says.then_some(change.use_turn_connection);
        Ok(Box::new(move |team| {
            set(&mut team.name, change.name.clone());
            change.attributes.set(team);
            set(&mut team.use_turn_connection, use_turn_connection);
            match change.clear {
                Some(Optional::Description) => team.description = None,
                None => {}
            }
        }))
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn table(all: &[Self], scope: &Scope<'_>) -> String {
        let row = |it: &Self| {
            let organization = scope.tenants.name(scope.tenant, it.organization);
            [it.id.to_string(), it.name.clone(), it.kind.as_str().to_owned(), organization]
        };
        table(["ID", "NAME", "TYPE", "ORGANIZATION"], all.iter().map(row).collect(), "There are no teams.")
    }

    fn fields(&self, scope: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("name", Some(self.name.clone())),
            ("description", self.description.clone()),
            ("type", Some(self.kind.as_str().to_owned())),
            ("TURN connection", Some(if self.use_turn_connection { "yes" } else { "no" }.to_owned())),
            ("created", Some(self.created_at.to_string())),
            ("organization", Some(scope.tenants.name(scope.tenant, self.organization))),
        ]
    }

    fn json(&self) -> Value {
        json::team(self)
    }
}
