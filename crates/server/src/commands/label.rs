//! `personae label`: the labels of an organization.

use directory::ids::OrganizationId;
use directory::organization::{Label, LabelKind, LabelSource};
use directory::{EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, set};
use super::values::{parse_name, word};
use crate::error::Error;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Label>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  personae label add Nurse --color '#00AA88' --organization Aurora")]
pub(crate) struct Add {
    /// Unique in the organization
    #[arg(value_parser = parse_name)]
    name: String,
    /// As #RRGGBB
    #[arg(long, value_parser = parse_color, default_value = "#808080")]
    color: String,
    /// company or commission: what Kare uses it for
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_kind, default_value = "company")]
    kind: LabelKind,
    /// Make it one that Kare provides, which its users cannot change
    #[arg(long)]
    provided: bool,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Example:\n  personae label change Nurse --color '#FF0000'")]
pub(crate) struct Change {
    #[arg(long, value_parser = parse_name)]
    name: Option<String>,
    /// As #RRGGBB
    #[arg(long, value_parser = parse_color)]
    color: Option<String>,
    /// company or commission
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_kind)]
    kind: Option<LabelKind>,
}

fn parse_kind(text: &str) -> Result<LabelKind, String> {
    word(text, LabelKind::parse, LabelKind::ALL.map(LabelKind::as_str))
}

fn parse_color(text: &str) -> Result<String, String> {
    match Label::is_color(text) {
        true => Ok(text.to_ascii_uppercase()),
        false => Err("write it as #RRGGBB".to_owned()),
    }
}

impl Noun for Label {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Label;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        Ok(at.reference_data().await?.labels)
    }

    async fn add(add: Add, scope: &Scope<'_>) -> Result<Self, Error> {
        let Add { name, color, kind, provided } = add;
        let source = if provided { LabelSource::Provided } else { LabelSource::Own };
        Ok(Self { kind, source, ..Self::new(scope.organization, name, color) })
    }

    async fn change(Change { name, color, kind }: Change, _: &Scope<'_>) -> Result<Edit<Self>, Error> {
        Ok(Box::new(move |label| {
            set(&mut label.name, name.clone());
            set(&mut label.color, color.clone());
            set(&mut label.kind, kind);
        }))
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn table(all: &[Self], scope: &Scope<'_>) -> String {
        let row = |it: &Self| {
            let organization = scope.tenants.name(scope.tenant, it.organization);
            let kind = it.kind.as_str().to_owned();
            [it.number.to_string(), it.name.clone(), it.color.clone(), kind, organization]
        };
        let titles = ["NUMBER", "NAME", "COLOR", "TYPE", "ORGANIZATION"];
        table(titles, all.iter().map(row).collect(), "There are no labels.")
    }

    fn fields(&self, scope: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("number", Some(self.number.to_string())),
            ("name", Some(self.name.clone())),
            ("color", Some(self.color.clone())),
            ("type", Some(self.kind.as_str().to_owned())),
            ("source", Some(self.source.as_str().to_owned())),
            ("organization", Some(scope.tenants.name(scope.tenant, self.organization))),
        ]
    }

    fn json(&self) -> Value {
        json::label(self)
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
