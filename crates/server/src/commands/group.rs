//! `personae group`: the groups of a tenant.

use directory::ids::{GroupId, ObjectId};
use directory::organization::Group;
use directory::{EntityKind, GroupField, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, pages, set, set_some};
use super::values::{parse_name, parse_text, word};
use crate::error::Error;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Group>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  personae group add \"Night shift\" --organization Aurora")]
pub(crate) struct Add {
    #[arg(value_parser = parse_name)]
    name: String,
    #[command(flatten)]
    attributes: Attributes,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Examples:
  personae group change \"Night shift\" --name Nights --external-id G-7
  personae group change Nights --clear description")]
pub(crate) struct Change {
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
    /// Takes away the description or the external-id; several times for several
    #[arg(long, value_name = "OPTION", value_parser = parse_clear)]
    clear: Vec<Optional>,
}

#[derive(Debug, Default, Clone, PartialEq, clap::Args)]
pub(crate) struct Attributes {
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    description: Option<String>,
    /// What another system calls it; unique among the groups of the tenant
    #[arg(long, value_name = "VALUE", value_parser = parse_name)]
    external_id: Option<String>,
}

/// An attribute that a group need not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    Description,
    ExternalId,
}

fn parse_clear(text: &str) -> Result<Optional, String> {
    let parse = |text: &str| match text {
        "description" => Some(Optional::Description),
        "external-id" => Some(Optional::ExternalId),
        _ => None,
    };
    word(text, parse, ["description", "external-id"])
}

impl Attributes {
    fn set(&self, group: &mut Group) {
        set_some(&mut group.description, self.description.clone());
        set_some(&mut group.external_id, self.external_id.clone());
    }
}

impl Noun for Group {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Group;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        pages(GroupField::Name, |query| at.list_groups(query)).await
    }

    async fn add(Add { name, attributes }: Add, _: &Scope<'_>) -> Result<Self, Error> {
        let mut group = Self::new(GroupId::NIL, ObjectId::NIL, name);
        attributes.set(&mut group);
        Ok(group)
    }

    async fn change(change: Change, _: &Scope<'_>) -> Result<Edit<Self>, Error> {
        Ok(Box::new(move |group| {
            set(&mut group.name, change.name.clone());
            change.attributes.set(group);
            for optional in &change.clear {
                match optional {
                    Optional::Description => group.description = None,
                    Optional::ExternalId => group.external_id = None,
                }
            }
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn is_known_as(&self, id: &str) -> bool {
        id.parse() == Ok(self.object_id)
    }

    fn table(all: &[Self], _: &Scope<'_>) -> String {
        let row = |it: &Self| [it.id.to_string(), it.object_id.to_string(), it.name.clone()];
        table(["ID", "OBJECT ID", "NAME"], all.iter().map(row).collect(), "There are no groups.")
    }

    fn fields(&self, _: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("object id", Some(self.object_id.to_string())),
            ("name", Some(self.name.clone())),
            ("description", self.description.clone()),
            ("external id", self.external_id.clone()),
        ]
    }

    fn json(&self) -> Value {
        json::group(self)
    }
}
