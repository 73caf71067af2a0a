//! `personae group`: the groups of a tenant.

use directory::ids::GroupId;
use directory::organization::Group;
use directory::ports;
use directory::store::Term;

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
                let directory = &context.directory;
                let object_id = ports::object_id(directory.now(), directory.entropy());
                let group = Group { id: GroupId(context.uuid()), object_id, name };
                context.store().add_term(world.tenant(&place)?, Term::Group(group.clone())).await?;
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
