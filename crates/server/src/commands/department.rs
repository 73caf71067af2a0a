//! `personae department`: the departments of a tenant.

use directory::ids::DepartmentId;
use directory::organization::{Department, DepartmentKind};

use super::values::parse_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a department to a tenant
    #[command(after_help = "Example:\n  personae department add Engines --organization Aurora")]
    Add {
        #[arg(value_parser = parse_name)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the departments of a tenant
    List(Place),
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { name, place } => {
                let department = Department::new(DepartmentId::NIL, name, DepartmentKind::default());
                let department = context.create(&world.root(&place)?, department).await?;
                let text = fields(&[
                    ("id", Some(department.id.to_string())),
                    ("name", Some(department.name.clone())),
                ]);
                Ok(Shown::new(text, json::department(&department)))
            }
            Self::List(place) => {
                let departments = context.store().vocabulary(world.tenant(&place)?).await?.departments;
                let rows = departments.iter().map(|it| [it.id.to_string(), it.name.clone()]).collect();
                let text = table(["ID", "NAME"], rows, "There are no departments.");
                Ok(Shown::new(text, departments.iter().map(json::department).collect()))
            }
        }
    }
}
