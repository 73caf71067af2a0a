//! `personae custom-field`: what a tenant knows of people beyond what everybody knows.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::CustomFieldId;

use super::values::{parse_name, word};
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::world::{Place, World};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Add a custom field to a tenant
    #[command(after_help = "Examples:
  personae custom-field add customfieldone --name \"Custom field one\"
  personae custom-field add skills --kind multi-select")]
    Add {
        /// Under which values are kept and shown
        #[arg(value_parser = parse_name)]
        key: String,
        /// What people read; the key unless given
        #[arg(long, value_parser = parse_name)]
        name: Option<String>,
        /// text, multiline-text, number, date or multi-select
        #[arg(long, value_parser = parse_kind, default_value = "text")]
        kind: CustomFieldKind,
        #[command(flatten)]
        place: Place,
    },
    /// List the custom fields of a tenant
    List(Place),
}

fn parse_kind(text: &str) -> Result<CustomFieldKind, String> {
    word(text, CustomFieldKind::parse, CustomFieldKind::ALL.map(CustomFieldKind::as_str))
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        match self {
            Self::Add { key, name, kind, place } => {
                let name = name.unwrap_or_else(|| key.clone());
                let field = CustomField { id: CustomFieldId::NIL, key, name, kind };
                let field = context.create(&world.root(&place)?, field).await?;
                let text = fields(&[
                    ("id", Some(field.id.to_string())),
                    ("key", Some(field.key.clone())),
                    ("name", Some(field.name.clone())),
                    ("kind", Some(field.kind.as_str().to_owned())),
                ]);
                Ok(Shown::new(text, json::custom_field(&field)))
            }
            Self::List(place) => {
                let all = context.store().vocabulary(world.tenant(&place)?).await?.custom_fields;
                let row = |it: &CustomField| {
                    [it.id.to_string(), it.key.clone(), it.name.clone(), it.kind.as_str().to_owned()]
                };
                let titles = ["ID", "KEY", "NAME", "KIND"];
                let text = table(titles, all.iter().map(row).collect(), "There are no custom fields.");
                Ok(Shown::new(text, all.iter().map(json::custom_field).collect()))
            }
        }
    }
}
