//! `personae custom-field`: what a tenant knows of people beyond what everybody knows.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::CustomFieldId;
use directory::{CustomFieldField, EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, pages, set};
use super::values::{parse_name, word};
use crate::error::Error;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<CustomField>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  personae custom-field add customfieldone --name \"Custom field one\"
  personae custom-field add skills --kind multi-select")]
pub(crate) struct Add {
    /// Under which values are kept and shown; it never changes
    #[arg(value_parser = parse_name)]
    key: String,
    /// What people read; the key unless given
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    /// text, multiline-text, number, date or multi-select; it never changes
    #[arg(long, value_parser = parse_kind, default_value = "text")]
    kind: CustomFieldKind,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Example:
  personae custom-field change skills --name \"Skills of the trade\"

People's values are kept under the key and have the form of the kind, so neither changes: add another field for that.")]
pub(crate) struct Change {
    /// What people read
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
}

fn parse_kind(text: &str) -> Result<CustomFieldKind, String> {
    word(text, CustomFieldKind::parse, CustomFieldKind::ALL.map(CustomFieldKind::as_str))
}

impl Noun for CustomField {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::CustomField;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        pages(CustomFieldField::Key, |query| at.list_custom_fields(query)).await
    }

    async fn add(Add { key, name, kind }: Add, _: &Scope<'_>) -> Result<Self, Error> {
        Ok(Self { id: CustomFieldId::NIL, name: name.unwrap_or_else(|| key.clone()), key, kind })
    }

    async fn change(Change { name }: Change, _: &Scope<'_>) -> Result<Edit<Self>, Error> {
        Ok(Box::new(move |field| set(&mut field.name, name.clone())))
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// The key is unique, and the name need not be.
    fn is_known_as(&self, key: &str) -> bool {
        self.key == key
    }

    fn table(all: &[Self], _: &Scope<'_>) -> String {
        let row =
            |it: &Self| [it.id.to_string(), it.key.clone(), it.name.clone(), it.kind.as_str().to_owned()];
        let titles = ["ID", "KEY", "NAME", "KIND"];
        table(titles, all.iter().map(row).collect(), "There are no custom fields.")
    }

    fn fields(&self, _: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("key", Some(self.key.clone())),
            ("name", Some(self.name.clone())),
            ("kind", Some(self.kind.as_str().to_owned())),
        ]
    }

    fn json(&self) -> Value {
        json::custom_field(self)
    }
}
