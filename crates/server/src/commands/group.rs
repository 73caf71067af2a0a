//! `personae group`: the groups of a tenant.

use directory::ids::{GroupId, ObjectId};
use directory::organization::Group;

use super::values::parse_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a group to a tenant
    #[command(after_help = "Example:\n  personae group add \"Night shift\" --organization Aurora")]
    Add {
        #[arg(value_parser = parse_name)]
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the groups of a tenant
    List(Place),
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { name, place } => {
                let group = Group::new(GroupId::NIL, ObjectId::NIL, name);
                let group = context.create(&world.root(&place)?, group).await?;
                let text = fields(&[
                    ("id", Some(group.id.to_string())),
                    ("object id", Some(group.object_id.to_string())),
                    ("name", Some(group.name.clone())),
                ]);
                Ok(Shown::new(text, json::group(&group)))
            }
            Self::List(place) => {
                let groups = context.store().vocabulary(world.tenant(&place)?).await?.groups;
                let row = |it: &Group| [it.id.to_string(), it.object_id.to_string(), it.name.clone()];
                let text = table(
                    ["ID", "OBJECT ID", "NAME"],
                    groups.iter().map(row).collect(),
                    "There are no groups.",
                );
                Ok(Shown::new(text, groups.iter().map(json::group).collect()))
            }
        }
    }
}
