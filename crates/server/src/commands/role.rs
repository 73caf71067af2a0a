//! `personae role`: the roles of a tenant.

use directory::ids::ObjectId;
use directory::organization::{Permission, Role};

use super::values::parse_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a role to a tenant, beside those that every tenant has
    #[command(after_help = "Example:\n  personae role add billing-clerk --permission BillingRead")]
    Add {
        /// In lower case, with dashes
        #[arg(value_parser = parse_role)]
        name: String,
        /// Everyone has it, assigned or not
        #[arg(long)]
        default: bool,
        /// A claim that it allows; several times for several
        #[arg(long = "permission", value_name = "CLAIM", value_parser = parse_name)]
        permissions: Vec<String>,
        #[command(flatten)]
        place: Place,
    },
    /// List the roles of a tenant
    List(Place),
}

fn parse_role(text: &str) -> Result<String, String> {
    match Role::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("write it in lower case with dashes, as in billing-clerk".to_owned()),
    }
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { name, default, permissions, place } => {
                let role = Role {
                    object_id: ObjectId::NIL,
                    name,
                    is_default: default,
                    permissions: permissions.into_iter().map(|claim| Permission { claim }).collect(),
                };
                let role = context.create(&world.root(&place)?, role).await?;
                let text = fields(&[
                    ("object id", Some(role.object_id.to_string())),
                    ("name", Some(role.name.clone())),
                    ("default", role.is_default.then(|| "yes".to_owned())),
                ]);
                Ok(Shown::new(text, json::role(&role)))
            }
            Self::List(place) => {
                let roles = context.store().vocabulary(world.tenant(&place)?).await?.roles;
                let row = |it: &Role| {
                    let claims: Vec<&str> = it.permissions.iter().map(|it| it.claim.as_str()).collect();
                    let default = if it.is_default { "yes" } else { "no" };
                    [it.object_id.to_string(), it.name.clone(), default.to_owned(), claims.join(" ")]
                };
                let titles = ["OBJECT ID", "NAME", "DEFAULT", "PERMISSIONS"];
                let text = table(titles, roles.iter().map(row).collect(), "There are no roles.");
                Ok(Shown::new(text, roles.iter().map(json::role).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_in_kebab_case() {
        for good in ["user", "super-customer-admin", "tier-2"] {
            assert!(parse_role(good).is_ok(), "{good}");
        }
        for bad in ["", "User", "a--b", "-a", "a b", "a_b"] {
            assert!(parse_role(bad).is_err(), "{bad}");
        }
    }
}
