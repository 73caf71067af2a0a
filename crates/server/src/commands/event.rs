//! `personae event`: what was changed, by whom, and how it was before.

use std::cmp::Reverse;
use std::collections::VecDeque;

use directory::Channel;
use directory::event::{Action, Event, EventQuery, Subject, SubjectFilter, SubjectKind};
use directory::ids::TenantId;
use directory::query::Direction;
use jiff::Timestamp;

use super::credential::named;
use super::values::{parse_text, parse_time, word};
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::{Listing, unless_gone};
use crate::tenant_index::{Place, TenantIndex};
use crate::visible;

/// Events fetched at once.
const CHUNK: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List events, newest first or from a sequence number on, with each attribute before and after
    #[command(after_help = "Examples:
  personae event list --person ada@aurora.example
  personae event list --subject department
  personae event list --via laurel --action deleted --since 2026-11-01 --until 2026-12-01
  personae event list --credential 018f0000-0000-7000-8000-000000000000
  personae event list --tenant 1 --before 1000 --limit 100 --json
  personae event list --tenant 1 --after 1000 --limit 100 --json

To follow the events of a tenant, ask for those after the last one that you have, beginning with --after 0. None is left out, and
none comes later with a smaller number.")]
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
    /// By one person: any id, e-mail or external id
    #[arg(long, value_name = "PERSON", value_parser = parse_text)]
    actor: Option<String>,
    /// With one credential: its id, client id, or the part of its key before the dot
    #[arg(long, value_parser = parse_text)]
    credential: Option<String>,
    /// Through one API: relesys, replay, kare, laurel; or command
    #[arg(long, value_parser = parse_via)]
    via: Option<Channel>,
    /// created, changed, deleted or restored
    #[arg(long, value_parser = parse_action)]
    action: Option<Action>,
    /// From this time on: 2026-11-22 or 2026-11-22T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Only events with a smaller sequence number, to read on
    #[arg(long, value_name = "SEQUENCE")]
    before: Option<u64>,
    /// Only events with a greater sequence number, the oldest first
    #[arg(long, value_name = "SEQUENCE")]
    after: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
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
    /// Prints the list while it is read.
    pub(crate) async fn run(self, context: &Context, as_json: bool) -> Result<(), Error> {
        let Self::List(list) = self;
        list.print(context, as_json).await
    }
}

impl List {
    async fn print(self, context: &Context, as_json: bool) -> Result<(), Error> {
        let tenants = TenantIndex::load(context).await?;
        let (asked, query) = self.query(context, &tenants).await?;
        let mut events = Merged::new(context, &asked, &query);
        let mut listing = Listing::new(as_json);
        for _ in 0..self.limit {
            let Some((tenant, event)) = events.next().await? else { break };
            let added = listing.add(|| show(&tenants, tenant, &event), || json::event(tenant, &event));
            if added.is_err() {
                return unless_gone(added);
            }
        }
        unless_gone(listing.end("There are no such events."))
    }

    /// What to ask of which tenants.
    async fn query(
        &self,
        context: &Context,
        tenants: &TenantIndex,
    ) -> Result<(Vec<TenantId>, EventQuery), Error> {
        let all = match self.after {
            Some(_) => EventQuery::oldest(self.limit),
            None => EventQuery::newest(self.limit),
        };
        let mut query = EventQuery {
            subject: self.subject,
            via: self.via,
            action: self.action,
            since: self.since,
            until: self.until,
            after: self.after,
            before: self.before,
            ..all
        };
        let mut asked = match &self.person {
            Some(person) => {
                let found = find(context, tenants, person, &self.place).await?;
                query.subject = Some(SubjectFilter::One(Subject::Person(found.person)));
                vec![found.tenant]
            }
            None => self.tenants(tenants)?,
        };
        if let Some(actor) = &self.actor {
            query.actor = Some(match actor.parse() {
                // Also of a person who has left.
                Ok(id) => id,
                Err(_) => {
                    let found = find(context, tenants, actor, &self.place).await?;
                    asked.retain(|tenant| *tenant == found.tenant);
                    found.person
                }
            });
        }
        if let Some(credential) = &self.credential {
            let found = named(context, credential).await?;
            asked.retain(|tenant| *tenant == found.tenant);
            query.credential = Some(found.id);
        }
        Ok((asked, query))
    }

    /// One tenant where one is named, and every tenant otherwise. Sequence numbers are a tenant's own.
    fn tenants(&self, tenants: &TenantIndex) -> Result<Vec<TenantId>, Error> {
        let is_any = self.place.tenant.is_none() && self.place.organization.is_none();
        if is_any && self.before.is_none() && self.after.is_none() {
            return Ok(tenants.trees.iter().map(|tree| tree.tenant.id).collect());
        }
        Ok(vec![tenants.tenant(&self.place)?])
    }
}

/// The events of several tenants as one list, of each of which a page is held.
struct Merged<'a> {
    context: &'a Context,
    direction: Direction,
    tenants: Vec<Reading>,
}

/// How far the events of a tenant are read.
struct Reading {
    tenant: TenantId,
    events: VecDeque<Event>,
    /// What to ask for next; none when all are read.
    next: Option<EventQuery>,
    /// The earliest time of those that were taken, or forwards the latest. A change that was begun first need not have been
    /// committed first: in a tenant the sequence is the order, and times only tell how to mix tenants.
    time: Option<Timestamp>,
}

impl<'a> Merged<'a> {
    fn new(context: &'a Context, tenants: &[TenantId], query: &EventQuery) -> Self {
        let count = u32::try_from(tenants.len()).unwrap_or(u32::MAX).max(1);
        let next = EventQuery { limit: query.limit.div_ceil(count).min(CHUNK), ..query.clone() };
        let reading = |tenant: &TenantId| Reading {
            tenant: *tenant,
            events: VecDeque::new(),
            next: Some(next.clone()),
            time: None,
        };
        Self { context, direction: query.direction, tenants: tenants.iter().map(reading).collect() }
    }

    async fn next(&mut self) -> Result<Option<(TenantId, Event)>, Error> {
        for reading in &mut self.tenants {
            reading.fill(self.context).await?;
        }
        let direction = self.direction;
        let times = self.tenants.iter_mut().filter_map(|it| Some((it.time_of_next(direction)?, it)));
        let first = match direction {
            Direction::Ascending => times.min_by_key(|(time, _)| *time),
            Direction::Descending => times.min_by_key(|(time, _)| Reverse(*time)),
        };
        Ok(first.and_then(|(time, reading)| {
            reading.time = Some(time);
            Some((reading.tenant, reading.events.pop_front()?))
        }))
    }
}

impl Reading {
    /// Reads on until there is an event, or no more.
    async fn fill(&mut self, context: &Context) -> Result<(), Error> {
        while self.events.is_empty()
            && let Some(query) = self.next.take()
        {
            let page = context.directory.operator().events(self.tenant, query.clone()).await?;
            self.events.extend(page.events);
            self.next = page.next.map(|next| query.beyond(next));
        }
        Ok(())
    }

    fn time_of_next(&self, direction: Direction) -> Option<Timestamp> {
        let at = self.events.front()?.at;
        Some(match direction {
            Direction::Ascending => self.time.map_or(at, |time| time.max(at)),
            Direction::Descending => self.time.map_or(at, |time| time.min(at)),
        })
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
