//! `personae event`: what was changed, by whom, and how it was before.

use std::cmp::Reverse;

use directory::Channel;
use directory::event::{Action, Event, EventQuery, Subject, SubjectFilter, SubjectKind};
use directory::ids::TenantId;
use jiff::Timestamp;
use serde_json::Value;

use super::values::{parse_text, parse_time, word};
use crate::context::Context;
use crate::failure::Failure;
use crate::find::find;
use crate::json;
use crate::output::Shown;
use crate::tenant_index::{Place, TenantIndex};
use crate::visible;

/// More at once than anybody reads; further ones come with --before.
const MOST: u32 = 100_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List events, newest first, with each attribute before and after
    #[command(after_help = "Examples:
  personae event list --person ada@aurora.example
  personae event list --subject department
  personae event list --via laurel --action deleted --since 2026-11-01
  personae event list --tenant 1 --before 1000 --limit 100 --json")]
    List(List),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// About one person: any id, e-mail or external id
    #[arg(long, value_parser = parse_text)]
    person: Option<String>,
    /// About things of one kind, or about one of them: department, group:ID and so on
    #[arg(long, value_name = "KIND[:ID]", value_parser = parse_subject, conflicts_with = "person")]
    subject: Option<SubjectFilter>,
    /// Through one API: relesys, replay, kare, laurel; or command
    #[arg(long, value_parser = parse_via)]
    via: Option<Channel>,
    /// created, changed, deleted or restored
    #[arg(long, value_parser = parse_action)]
    action: Option<Action>,
    /// From this time on: 2026-11-22 or 2026-11-22T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only events with a smaller sequence number, to read on
    #[arg(long, value_name = "SEQUENCE")]
    before: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

fn parse_via(text: &str) -> Result<Channel, String> {
    word(text, Channel::parse, ["relesys", "replay", "kare", "laurel", "command"])
}

fn parse_subject(text: &str) -> Result<SubjectFilter, String> {
    let (kind, id) = text.split_once(':').map_or((text, None), |(kind, id)| (kind, Some(id)));
    let kind = word(kind, SubjectKind::parse, SubjectKind::ALL.map(SubjectKind::as_str))?;
    match id {
        None => Ok(SubjectFilter::Kind(kind)),
        Some(id) => {
            let subject = Subject::parse(kind, id).map(SubjectFilter::One);
            subject.ok_or_else(|| format!("write it as {}:ID, with an id as events show it", kind.as_str()))
        }
    }
}

fn parse_action(text: &str) -> Result<Action, String> {
    word(text, Action::parse, Action::ALL.map(Action::as_str))
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let Self::List(list) = self;
        list.run(context).await
    }
}

impl List {
    async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let tenants = TenantIndex::load(context).await?;
        let (asked, subject) = match &self.person {
            Some(person) => {
                let found = find(context, &tenants, person, &self.place).await?;
                (vec![found.tenant], Some(SubjectFilter::One(Subject::Person(found.person))))
            }
            None => (self.tenants(&tenants)?, self.subject),
        };
        let limit = self.limit as usize;
        let mut events: Vec<(Timestamp, TenantId, Event)> = Vec::new();
        for tenant in asked {
            let query = EventQuery {
                subject,
                via: self.via,
                action: self.action,
                since: self.since,
                before: self.before,
                limit,
            };
            let found = context.directory.operator().events(tenant, query).await?;
            // Who asked first need not have been first: in a tenant the sequence is the order, and times only tell how
            // to mix tenants.
            let mut place = Timestamp::MAX;
            events.extend(found.into_iter().map(|event| {
                place = place.min(event.at);
                (place, tenant, event)
            }));
        }
        events.sort_by_key(|(place, ..)| Reverse(*place));
        events.truncate(limit);
        let json: Value = events.iter().map(|(_, tenant, event)| json::event(*tenant, event)).collect();
        let text: String = events.iter().map(|(_, tenant, event)| show(&tenants, *tenant, event)).collect();
        Ok(Shown::new(if text.is_empty() { "There are no such events.".to_owned() } else { text }, json))
    }

    /// One tenant where one is named, and every tenant otherwise. Sequence numbers are a tenant's own.
    fn tenants(&self, tenants: &TenantIndex) -> Result<Vec<TenantId>, Failure> {
        let says_nothing = self.place.tenant.is_none() && self.place.organization.is_none();
        if says_nothing && self.before.is_none() {
            return Ok(tenants.trees.iter().map(|tree| tree.tenant.id).collect());
        }
        Ok(vec![tenants.tenant(&self.place)?])
    }
}

fn show(tenants: &TenantIndex, tenant: TenantId, event: &Event) -> String {
    let actor = &event.actor;
    let mut by = format!("via {} at {}", actor.via.as_str(), tenants.name(tenant, actor.organization));
    if let Some(credential) = actor.credential {
        by.push_str(&format!(", credential {credential}"));
    }
    if let Some(person) = actor.person {
        by.push_str(&format!(", by {person}"));
    }
    if let Some(user) = actor.forwarded.as_ref().and_then(|principal| principal.user.as_ref()) {
        by.push_str(&format!(", for {user:?}"));
    }
    let mut text = format!(
        "{tenant}/{}  {}  {} {} {}  {by}  ({})\n",
        event.sequence,
        event.at,
        event.action.as_str(),
        event.subject.kind().as_str(),
        event.subject,
        visible::line(&actor.request)
    );
    for change in &event.changes {
        let value = |value| visible::json(&json::recorded(value).to_string()).into_owned();
        text.push_str(&format!(
            "  {}: {} -> {}\n",
            visible::line(&change.attribute.to_string()),
            value(&change.before),
            value(&change.after)
        ));
    }
    text
}
