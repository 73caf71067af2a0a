//! `personae team`: the teams of an organization.

use directory::ids::{OrganizationId, TeamId};
use directory::organization::Team;
use directory::{EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, set};
use super::values::parse_name;
use crate::failure::Failure;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Team>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  personae team add \"Sales North\" --organization Aurora")]
pub(crate) struct Add {
    #[arg(value_parser = parse_name)]
    name: String,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Example:\n  personae team change \"Sales North\" --name Sales")]
pub(crate) struct Change {
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
}

impl Noun for Team {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Team;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        Ok(at.reference_data().await?.teams)
    }

    async fn add(Add { name }: Add, scope: &Scope<'_>) -> Result<Self, Failure> {
        Ok(Self { id: TeamId::NIL, organization: scope.organization, name })
    }

    async fn change(Change { name }: Change, _: &Scope<'_>) -> Result<Edit<Self>, Failure> {
        Ok(Box::new(move |team| set(&mut team.name, name.clone())))
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn table(all: &[Self], scope: &Scope<'_>) -> String {
        let row = |it: &Self| {
            [it.id.to_string(), it.name.clone(), scope.tenants.name(scope.tenant, it.organization)]
        };
        table(["ID", "NAME", "ORGANIZATION"], all.iter().map(row).collect(), "There are no teams.")
    }

    fn fields(&self, scope: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("name", Some(self.name.clone())),
            ("organization", Some(scope.tenants.name(scope.tenant, self.organization))),
        ]
    }

    fn json(&self) -> Value {
        json::team(self)
    }
}
