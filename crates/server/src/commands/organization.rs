//! `personae organization`: the trees that tenants are.

use directory::ids::TenantId;
use directory::organization::Organization;
use directory::store::TenantTree;
use serde_json::{Value, json};

use super::values::{parse_name, parse_text};
use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::tenant_index::{Place, TenantIndex};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add an organization: below another, or as the root of a new tenant
    #[command(after_help = "Examples:
  personae organization add Aurora --store sqlite:personae.db
  personae organization add \"Aurora North\" --parent Aurora")]
    Add(Add),
    /// List every organization, parents before children
    List(Place),
    /// Show one organization
    Show {
        /// Its id in any API, or its name
        #[arg(value_name = "ID|NAME", value_parser = parse_text)]
        organization: String,
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Give an organization another name
    #[command(after_help = "Example:\n  personae organization change Aurora --name \"Aurora Group\"")]
    Change {
        /// Its id in any API, or its name
        #[arg(value_name = "ID|NAME", value_parser = parse_text)]
        organization: String,
        /// Unique in the tenant
        #[arg(long, value_parser = parse_name)]
        name: String,
        #[command(flatten)]
        tenant: InTenant,
    },
    /// Delete an organization with its teams and labels. Refused for the root of a tenant, and while it has organizations
    /// below it, members, or live credentials
    #[command(after_help = "Example:\n  personae organization delete \"Aurora North\"")]
    Delete {
        /// Its id in any API, or its name
        #[arg(value_name = "ID|NAME", value_parser = parse_text)]
        organization: String,
        #[command(flatten)]
        tenant: InTenant,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct InTenant {
    /// The tenant's number, where several have such an organization
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Unique in the tenant
    #[arg(value_parser = parse_name)]
    name: String,
    /// The organization above: its id in any API, or its name. Without one a new tenant begins
    #[arg(long, value_name = "ORGANIZATION", value_parser = parse_text)]
    parent: Option<String>,
    /// The number of the parent's tenant, where several have such an organization
    #[arg(long, value_name = "NUMBER", requires = "parent")]
    tenant: Option<u32>,
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::List(place) => list(context, &place).await,
            Self::Show { organization, tenant: InTenant { tenant } } => {
                let tenants = TenantIndex::load(context).await?;
                let place = Place { organization: Some(organization), tenant };
                let (tenant, found) = tenants.organization(&place)?;
                Ok(Shown::new(show(tenant, found), json::organization(tenant, found)))
            }
            Self::Change { organization, name, tenant: InTenant { tenant } } => {
                let tenants = TenantIndex::load(context).await?;
                let place = Place { organization: Some(organization), tenant };
                let (tenant, found) = tenants.organization(&place)?;
                let renamed =
                    context.directory.operator().rename_organization(tenant, found.id, name).await?;
                Ok(Shown::new(show(tenant, &renamed), json::organization(tenant, &renamed)))
            }
            Self::Delete { organization, tenant: InTenant { tenant } } => {
                let tenants = TenantIndex::load(context).await?;
                let place = Place { organization: Some(organization), tenant };
                let (tenant, found) = tenants.organization(&place)?;
                let deleted = context.directory.operator().delete_organization(tenant, found.id).await?;
                let text = format!("Deleted the organization {:?} ({}).", deleted.name, deleted.id);
                Ok(Shown::new(text, json::organization(tenant, &deleted)))
            }
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        let parent = match self.parent {
            None => None,
            parent => {
                let place = Place { organization: parent, tenant: self.tenant };
                Some(tenants.organization(&place).map(|(tenant, parent)| (tenant, parent.id))?)
            }
        };
        let added = context.directory.operator().add_organization(parent, self.name).await?;
        let tenants = TenantIndex::load(context).await?;
        let holds = |tree: &&TenantTree| tree.organizations.iter().any(|it| it.id == added.id);
        let tenant = tenants.trees.iter().find(holds).map(|tree| tree.tenant.id);
        let tenant = tenant.ok_or_else(|| Error::new("the organization was removed in this very moment"))?;
        Ok(Shown::new(show(tenant, &added), json::organization(tenant, &added)))
    }
}

fn show(tenant: TenantId, organization: &Organization) -> String {
    fields(&[
        ("name", Some(organization.name.clone())),
        ("tenant", Some(tenant.to_string())),
        ("id", Some(organization.id.to_string())),
        ("number", Some(organization.number.to_string())),
        ("object id", Some(organization.object_id.to_string())),
        ("parent", organization.parent.map(|id| id.to_string())),
        ("external id", organization.external_id.clone()),
    ])
}

async fn list(context: &Context, place: &Place) -> Result<Shown, Error> {
    let tenants = TenantIndex::load(context).await?;
    let found = tenants.matching(place);
    let json: Value = found.iter().map(|(tenant, it)| json::organization(*tenant, it)).collect();
    let rows = found
        .iter()
        .map(|(tenant, it)| {
            let indent = "  ".repeat(depth(&tenants, *tenant, it));
            [
                tenant.to_string(),
                format!("{indent}{}", it.name),
                it.id.to_string(),
                it.number.to_string(),
                it.object_id.to_string(),
            ]
        })
        .collect();
    let titles = ["TENANT", "NAME", "ID", "NUMBER", "OBJECT ID"];
    Ok(Shown::new(table(titles, rows, "There is no organization yet."), json!(json)))
}

/// How many organizations stand above this one.
fn depth(tenants: &TenantIndex, tenant: TenantId, organization: &Organization) -> usize {
    let above = |it: &Organization| it.parent.and_then(|parent| tenants.find(tenant, parent)).cloned();
    // A chain cannot be longer than the tree is large, even if a store had a ring in it.
    std::iter::successors(above(organization), above).take(directory::limits::DEPTH).count()
}
