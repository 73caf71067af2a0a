//! `personae label`: the labels of an organization.

use directory::ids::{Number, OrganizationId};
use directory::organization::Label;

use super::values::parse_name;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a label to an organization
    #[command(after_help = "Example:\n  personae label add Nurse --color '#00AA88' --organization Aurora")]
    Add {
        #[arg(value_parser = parse_name)]
        name: String,
        /// As #RRGGBB
        #[arg(long, value_parser = parse_color, default_value = "#808080")]
        color: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the labels of one organization, or of all of a tenant
    List(Place),
}

fn parse_color(text: &str) -> Result<String, String> {
    match Label::is_color(text) {
        true => Ok(text.to_ascii_uppercase()),
        false => Err("write it as #RRGGBB".to_owned()),
    }
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { name, color, place } => {
                let (tenant, organization) = world.organization(&place)?;
                let organization = organization.id;
                let label = Label { number: Number::FIRST, organization, name, color };
                let label = context.create(&(tenant, organization), label).await?;
                let text = fields(&[
                    ("number", Some(label.number.to_string())),
                    ("name", Some(label.name.clone())),
                    ("color", Some(label.color.clone())),
                    ("organization", Some(world.name(tenant, organization))),
                ]);
                Ok(Shown::new(text, json::label(&label)))
            }
            Self::List(place) => {
                let tenant = world.tenant(&place)?;
                let here: Vec<OrganizationId> = world.matching(&place).iter().map(|(_, it)| it.id).collect();
                let mut labels = context.store().vocabulary(tenant).await?.labels;
                labels.retain(|label| here.contains(&label.organization));
                let row = |it: &Label| {
                    [
                        it.number.to_string(),
                        it.name.clone(),
                        it.color.clone(),
                        world.name(tenant, it.organization),
                    ]
                };
                let titles = ["NUMBER", "NAME", "COLOR", "ORGANIZATION"];
                let text = table(titles, labels.iter().map(row).collect(), "There are no labels.");
                Ok(Shown::new(text, labels.iter().map(json::label).collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_six_digits() {
        assert_eq!(parse_color("#00aa88").unwrap(), "#00AA88");
        for bad in ["", "#", "00AA88", "#00AA8", "#00AA8G", "#00AA8\u{e9}"] {
            assert!(parse_color(bad).is_err(), "{bad}");
        }
    }
}
