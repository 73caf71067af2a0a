//! `personae role`: the roles of a tenant.

use directory::ids::ObjectId;
use directory::organization::{Permission, Role};
use directory::{EntityKind, Refusal, TenantScope};
use serde_json::Value;

use super::entity::{self, Edit, Noun, Scope, set, set_some};
use super::values::{parse_name, parse_text, word};
use crate::error::Error;
use crate::json;
use crate::output::table;

pub(crate) type Verb = entity::Verb<Role>;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  personae role add billing-clerk --permission BillingRead")]
pub(crate) struct Add {
    /// In lower case, with dashes
    #[arg(value_parser = parse_role)]
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    description: Option<String>,
    /// Everyone has it, assigned or not
    #[arg(long)]
    default: bool,
    /// A claim that it allows; several times for several
    #[arg(long = "permission", value_name = "CLAIM", value_parser = parse_name)]
    permissions: Vec<String>,
}

#[derive(Debug, Default, PartialEq, clap::Args)]
#[command(after_help = "Examples:
  personae role change billing-clerk --permission BillingRead --permission BillingWrite
  personae role change billing-clerk --name clerk --no-permission")]
pub(crate) struct Change {
    /// In lower case, with dashes
    #[arg(long, value_parser = parse_role)]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT", value_parser = parse_text)]
    description: Option<String>,
    /// Takes away the description
    #[arg(long, value_name = "OPTION", value_parser = parse_clear)]
    clear: Vec<Optional>,
    /// Everyone has it, assigned or not
    #[arg(long, conflicts_with = "no_default")]
    default: bool,
    /// Only those have it who are given it
    #[arg(long)]
    no_default: bool,
    /// A claim that it allows, in the place of all it did; several times for several
    #[arg(long = "permission", value_name = "CLAIM", value_parser = parse_name)]
    permissions: Vec<String>,
    /// It allows nothing
    #[arg(long, conflicts_with = "permissions")]
    no_permission: bool,
}

/// An attribute that a role need not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    Description,
}

fn parse_clear(text: &str) -> Result<Optional, String> {
    let parse = |text: &str| (text == "description").then_some(Optional::Description);
    word(text, parse, ["description"])
}

fn parse_role(text: &str) -> Result<String, String> {
    match Role::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("write it in lower case with dashes, as in billing-clerk".to_owned()),
    }
}

fn allowed(claims: Vec<String>) -> Vec<Permission> {
    claims.into_iter().map(|claim| Permission { claim }).collect()
}

impl Noun for Role {
    type Add = Add;
    type Change = Change;

    const KIND: EntityKind = EntityKind::Role;

    async fn all(at: TenantScope<'_>) -> Result<Vec<Self>, Refusal> {
        Ok(at.reference_data().await?.roles)
    }

    async fn add(add: Add, _: &Scope<'_>) -> Result<Self, Error> {
        let permissions = allowed(add.permissions.clone());
        let Add { name, description, default: is_default, permissions: _ } = add;
        Ok(Self { description, is_default, permissions, ..Self::new(ObjectId::NIL, name) })
    }

    async fn change(change: Change, _: &Scope<'_>) -> Result<Edit<Self>, Error> {
        let is_default = (change.default || change.no_default).then_some(change.default);
        let is_new = change.no_permission || !change.permissions.is_empty();
        let permissions = is_new.then(|| allowed(change.permissions.clone()));
        Ok(Box::new(move |role| {
            set(&mut role.name, change.name.clone());
            set_some(&mut role.description, change.description.clone());
            for optional in &change.clear {
                match optional {
                    Optional::Description => role.description = None,
                }
            }
            set(&mut role.is_default, is_default);
            set(&mut role.permissions, permissions.clone());
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn table(all: &[Self], _: &Scope<'_>) -> String {
        let row = |it: &Self| {
            let default = if it.is_default { "yes" } else { "no" };
            [it.object_id.to_string(), it.name.clone(), default.to_owned(), claims(it)]
        };
        let titles = ["OBJECT ID", "NAME", "DEFAULT", "PERMISSIONS"];
        table(titles, all.iter().map(row).collect(), "There are no roles.")
    }

    fn fields(&self, _: &Scope<'_>) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("object id", Some(self.object_id.to_string())),
            ("name", Some(self.name.clone())),
            ("description", self.description.clone()),
            ("default", self.is_default.then(|| "yes".to_owned())),
            ("permissions", Some(claims(self)).filter(|claims| !claims.is_empty())),
        ]
    }

    fn json(&self) -> Value {
        json::role(self)
    }
}

fn claims(role: &Role) -> String {
    let claims: Vec<&str> = role.permissions.iter().map(|it| it.claim.as_str()).collect();
    claims.join(" ")
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
