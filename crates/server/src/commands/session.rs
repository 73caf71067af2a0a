//! `personae session`: who is signed in, and ending it.

use std::cmp::Reverse;

use directory::credential::Session;
use directory::ids::SessionId;
use directory::store::{SessionQuery, Sessions};
use serde_json::{Value, json};

use crate::commands::values::parse_text;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::{Shown, table};
use crate::tenant_index::{Place, TenantIndex};

/// More at once than anybody reads.
const MOST: u32 = 100_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the sessions of people who signed in, the latest first, until their refresh tokens expire
    #[command(after_help = "Examples:
  personae session list --person ada@aurora.example
  personae session list --organization Aurora --limit 20 --json")]
    List(List),
    /// End a session, or all of a person's, for good. A running server knows within a second
    #[command(after_help = "Examples:
  personae session revoke 018f3c1e-0000-7000-8000-00000000000a
  personae session revoke --person ada@aurora.example")]
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Of one person: any id, e-mail or external id
    #[arg(long, value_parser = parse_text)]
    person: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The session, by its id
    #[arg(required_unless_present = "person", conflicts_with = "person", value_name = "ID", value_parser = parse_id)]
    session: Option<SessionId>,
    /// All sessions of a person: any id, e-mail or external id
    #[arg(long, value_parser = parse_text)]
    person: Option<String>,
    #[command(flatten)]
    place: Place,
}

fn parse_id(text: &str) -> Result<SessionId, String> {
    text.parse().map_err(|_| "take the id of a session from: personae session list".to_owned())
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        match self {
            Self::List(list) => list.run(context).await,
            Self::Revoke(revoke) => revoke.run(context).await,
        }
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        let limit = self.limit as usize;
        let mut sessions = Vec::new();
        for query in self.queries(context, &tenants, limit).await? {
            sessions.extend(context.directory.operator().sessions(query).await?);
        }
        sessions.sort_by_key(|session| Reverse((session.created_at, session.id.0)));
        sessions.truncate(limit);
        let json: Value = sessions.iter().map(json::session).collect();
        let rows = sessions
            .iter()
            .map(|session| {
                [
                    session.id.to_string(),
                    tenants.name(session.tenant, session.organization),
                    session.person.to_string(),
                    session.person_number.to_string(),
                    session.created_at.to_string(),
                    session.expires_at.to_string(),
                    state(session).to_owned(),
                ]
            })
            .collect();
        let titles = ["ID", "ORGANIZATION", "PERSON", "USER ID", "BEGAN", "EXPIRES", "STATE"];
        Ok(Shown::new(table(titles, rows, "There are no sessions."), json))
    }

    /// A query for each tenant, or for each organization where one is named.
    async fn queries(
        &self,
        context: &Context,
        tenants: &TenantIndex,
        limit: usize,
    ) -> Result<Vec<SessionQuery>, Error> {
        if let Some(person) = &self.person {
            let found = find(context, tenants, person, &self.place).await?;
            let organizations = match &self.place.organization {
                Some(_) => found.organizations.iter().copied().map(Some).collect(),
                None => vec![None],
            };
            let query = |organization| SessionQuery {
                tenant: found.tenant,
                organization,
                person: Some(found.person),
                limit,
            };
            return Ok(organizations.into_iter().map(query).collect());
        }
        let mut places: Vec<_> =
            tenants.matching(&self.place).into_iter().map(|(tenant, it)| (tenant, Some(it.id))).collect();
        if places.is_empty() {
            tenants.tenant(&self.place)?;
        }
        if self.place.organization.is_none() {
            places = places.into_iter().map(|(tenant, _)| (tenant, None)).collect();
            places.dedup();
        }
        let query = |(tenant, organization)| SessionQuery { tenant, organization, person: None, limit };
        Ok(places.into_iter().map(query).collect())
    }
}

/// What a session is good for.
fn state(session: &Session) -> &'static str {
    match (session.revoked_at, session.is_live) {
        (Some(_), _) => "revoked",
        (None, true) => "live",
        (None, false) => "blocked",
    }
}

impl Revoke {
    async fn run(self, context: &Context) -> Result<Shown, Error> {
        if let Some(id) = self.session {
            if context.directory.operator().revoke_sessions(Sessions::One(id)).await? == 0 {
                return Err(Error::new("there is no such live session")
                    .hint("see them all with: personae session list"));
            }
            return Ok(Shown::new(format!("Revoked session {id}."), json!({"revoked": 1})));
        }
        let tenants = TenantIndex::load(context).await?;
        let person = self.person.unwrap_or_default();
        let found = find(context, &tenants, &person, &self.place).await?;
        let which = Sessions::OfPerson(found.tenant, found.person);
        let revoked = context.directory.operator().revoke_sessions(which).await?;
        let text = match revoked {
            0 => format!("{} has no live session.", found.person),
            1 => format!("Revoked the session of {}.", found.person),
            count => format!("Revoked {count} sessions of {}.", found.person),
        };
        Ok(Shown::new(text, json!({"revoked": revoked})))
    }
}
