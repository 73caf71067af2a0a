//! `personae invitation`: who was invited, what became of it, and accepting without a browser.

use directory::Dialect;
use directory::ids::{InvitationId, TenantId};
use directory::invitation::{InvitationEntry, InvitationQuery, InvitationState};
use serde_json::{Value, json};

use super::person::show;
use super::values::{parse_text, word};
use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::tenant_index::{Place, TenantIndex};

/// More at once than anybody reads.
const MOST: u32 = 10_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List invitations, the latest first, also those that ended
    #[command(after_help = "Examples:
  personae invitation list --state open
  personae invitation list --organization \"Aurora North\" --json")]
    List(List),
    /// Show one invitation, with the link that its person follows
    Show {
        #[arg(value_parser = parse_id)]
        id: InvitationId,
    },
    /// Accept an invitation for its person, who is active then; the id of the invitation is nobody's any more
    #[command(after_help = "Example:
  personae invitation accept 018f3c1e-0000-7000-8000-00000000000a --given-name Grace --family-name Hopper")]
    Accept(Accept),
    /// Withdraw an invitation: whoever was never here goes, and a disabled person stays as they are
    Revoke {
        #[arg(value_parser = parse_id)]
        id: InvitationId,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// open, accepted, expired or revoked
    #[arg(long, value_parser = parse_state)]
    state: Option<InvitationState>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    #[arg(value_parser = parse_id)]
    id: InvitationId,
    /// Instead of the one that the invitation has
    #[arg(long, value_parser = parse_text)]
    given_name: Option<String>,
    /// Instead of the one that the invitation has
    #[arg(long, value_parser = parse_text)]
    family_name: Option<String>,
}

fn parse_state(text: &str) -> Result<InvitationState, String> {
    word(text, InvitationState::parse, InvitationState::ALL.map(InvitationState::as_str))
}

fn parse_id(text: &str) -> Result<InvitationId, String> {
    text.parse().map_err(|_| "take the id of an invitation from: personae invitation list".to_owned())
}

impl Verb {
    pub(crate) fn reads(&self) -> bool {
        matches!(self, Self::List(_) | Self::Show { .. })
    }

    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        match self {
            Self::List(list) => list.run(context, &tenants).await,
            Self::Show { id } => {
                let found = Found::find(context, &tenants, id).await?;
                Ok(Shown::new(found.text(context, &tenants), json(context, &found.entry)))
            }
            Self::Accept(accept) => accept.run(context, &tenants).await,
            Self::Revoke { id } => {
                let found = Found::find(context, &tenants, id).await?;
                found.check_open(context)?;
                let caller = context.caller(found.tenant, found.entry.organization);
                context.directory.scoped(&caller).revoke_invitation(id).await?;
                let found = Found::find(context, &tenants, id).await?;
                Ok(Shown::new(format!("Revoked invitation {id}."), json(context, &found.entry)))
            }
        }
    }
}

impl List {
    async fn run(self, context: &Context, tenants: &TenantIndex) -> Result<Shown, Error> {
        let mut places: Vec<_> =
            tenants.matching(&self.place).into_iter().map(|(tenant, it)| (tenant, Some(it.id))).collect();
        if places.is_empty() {
            tenants.tenant(&self.place)?;
        }
        if self.place.organization.is_none() {
            places = places.into_iter().map(|(tenant, _)| (tenant, None)).collect();
            places.dedup();
        }
        let (limit, state) = (self.limit as usize, self.state.map(|state| (state, context.directory.now())));
        let mut found = Vec::new();
        for (tenant, organization) in places {
            let query = InvitationQuery { tenant, organization, id: None, state, limit };
            let entries = context.directory.operator().invitations(query).await?;
            found.extend(entries.into_iter().map(|entry| Found { tenant, entry }));
        }
        found.sort_by_key(|it| std::cmp::Reverse(it.entry.id));
        found.truncate(limit);
        let rows = found
            .iter()
            .map(|Found { tenant, entry }| {
                [
                    entry.id.to_string(),
                    tenants.name(*tenant, entry.organization),
                    entry.email.clone().unwrap_or_default(),
                    entry.state_at(context.directory.now()).as_str().to_owned(),
                    entry.created_at.to_string(),
                    entry.expires_at.to_string(),
                ]
            })
            .collect();
        let titles = ["ID", "ORGANIZATION", "EMAIL", "STATE", "CREATED", "EXPIRES"];
        let all: Value = found.iter().map(|it| json(context, &it.entry)).collect();
        Ok(Shown::new(table(titles, rows, "There are no such invitations."), json!({"invitations": all})))
    }
}

impl Accept {
    async fn run(self, context: &Context, tenants: &TenantIndex) -> Result<Shown, Error> {
        let found = Found::find(context, tenants, self.id).await?;
        found.check_open(context)?;
        let organization = found.entry.organization;
        let caller = context.caller(found.tenant, organization);
        let at = context.directory.scoped(&caller);
        let accepted = at.accept_invitation(self.id, self.given_name, self.family_name).await?;
        show::person(context, found.tenant, accepted.person.id, &[organization]).await
    }
}

/// An invitation, and whose it is.
struct Found {
    tenant: TenantId,
    entry: InvitationEntry,
}

impl Found {
    async fn find(context: &Context, tenants: &TenantIndex, id: InvitationId) -> Result<Self, Error> {
        for tree in &tenants.trees {
            let tenant = tree.tenant.id;
            let query = InvitationQuery { tenant, organization: None, id: Some(id), state: None, limit: 1 };
            let found = context.directory.operator().invitations(query).await?;
            if let Some(entry) = found.into_iter().next() {
                return Ok(Self { tenant, entry });
            }
        }
        Err(Error::new(format!("there is no invitation {id}"))
            .hint("see them all with: personae invitation list"))
    }

    fn check_open(&self, context: &Context) -> Result<(), Error> {
        let what = match self.entry.state_at(context.directory.now()) {
            InvitationState::Open => return Ok(()),
            InvitationState::Accepted => "was accepted",
            InvitationState::Expired => "ran out",
            InvitationState::Revoked => "was revoked",
        };
        Err(Error::new(format!("invitation {} {what}", self.entry.id)).hint(
            "invite the person again; see those that are open with: personae invitation list --state open",
        ))
    }

    fn text(&self, context: &Context, tenants: &TenantIndex) -> String {
        let Self { tenant, entry } = self;
        fields(&[
            ("id", Some(entry.id.to_string())),
            ("api", Some(entry.dialect.as_str().to_owned())),
            ("organization", Some(tenants.name(*tenant, entry.organization))),
            ("email", entry.email.clone()),
            ("person", Some(entry.person.to_string())),
            ("state", Some(entry.state_at(context.directory.now()).as_str().to_owned())),
            ("created", Some(entry.created_at.to_string())),
            ("expires", Some(entry.expires_at.to_string())),
            ("ended", entry.ended_at.map(|at| at.to_string())),
            ("link", Some(link(context, entry))),
        ])
    }
}

fn link(context: &Context, entry: &InvitationEntry) -> String {
    dialects::replay::lens::link(entry.id, &context.config.base_url(Dialect::Replay))
}

fn json(context: &Context, entry: &InvitationEntry) -> Value {
    json!({
        "id": entry.id.to_string(),
        "api": entry.dialect.as_str(),
        "email": entry.email,
        "organization": entry.organization.to_string(),
        "person": entry.person.to_string(),
        "state": entry.state_at(context.directory.now()).as_str(),
        "createdAt": json::time(entry.created_at),
        "expiresAt": json::time(entry.expires_at),
        "endedAt": entry.ended_at.map(json::time),
        "url": link(context, entry),
    })
}
