//! `personae outbox`: the messages that wait to be sent to people.

use directory::ids::MessageId;
use directory::message::{Message, MessageQuery, MessageState};
use serde_json::{Value, json};

use super::values::{parse_text, word};
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::json;
use crate::output::{Shown, fields, table};
use crate::tenant_index::{Place, TenantIndex};

/// More at once than anybody reads; further ones come with --after.
const MOST: u32 = 10_000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List messages, the oldest first
    #[command(after_help = "Examples:
  personae outbox list --state waiting
  personae outbox list --person ada@aurora.example --json")]
    List(List),
    /// Show one message with its text, which may be a secret
    Show {
        #[arg(value_parser = parse_id)]
        id: MessageId,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// waiting, sent, failed or cancelled
    #[arg(long, value_parser = parse_state)]
    state: Option<MessageState>,
    /// To one person: any id, e-mail or external id
    #[arg(long, value_parser = parse_text)]
    person: Option<String>,
    /// Only messages after the one with this id, to read on
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    after: Option<MessageId>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

fn parse_state(text: &str) -> Result<MessageState, String> {
    word(text, MessageState::parse, MessageState::ALL.map(MessageState::as_str))
}

fn parse_id(text: &str) -> Result<MessageId, String> {
    text.parse().map_err(|_| "write an id as outbox list shows it".to_owned())
}

impl Verb {
    pub(crate) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        match self {
            Self::List(list) => list.run(context, &tenants).await,
            Self::Show { id, place } => {
                let (tenant, organization) = tenants.root(&place)?;
                let caller = context.caller(tenant, organization);
                let found = context.directory.scoped(&caller).message(id).await?;
                let message = found.ok_or_else(|| Error::new("there is no such message in this tenant"))?;
                Ok(Shown::new(show(&message), json::message(&message)))
            }
        }
    }
}

impl List {
    async fn run(self, context: &Context, tenants: &TenantIndex) -> Result<Shown, Error> {
        let ((tenant, organization), person) = match &self.person {
            Some(person) => {
                let found = find(context, tenants, person, &self.place).await?;
                ((found.tenant, found.organizations[0]), Some(found.person))
            }
            None => (tenants.root(&self.place)?, None),
        };
        let limit = self.limit as usize;
        let query = MessageQuery { state: self.state, person, after: self.after, limit };
        let caller = context.caller(tenant, organization);
        let messages = context.directory.scoped(&caller).messages(query).await?;
        let rows = messages.iter().map(row).collect();
        let text = table(["ID", "CREATED", "STATE", "CHANNEL", "TO"], rows, "There are no such messages.");
        let all: Value = messages.iter().map(json::message).collect();
        Ok(Shown::new(text, json!({"messages": all})))
    }
}

fn row(it: &Message) -> [String; 5] {
    let content = &it.content;
    [
        it.id.to_string(),
        it.created_at.to_string(),
        it.state.as_str().to_owned(),
        content.channel().as_str().to_owned(),
        content.to().to_owned(),
    ]
}

fn show(it: &Message) -> String {
    let content = &it.content;
    fields(&[
        ("id", Some(it.id.to_string())),
        ("channel", Some(content.channel().as_str().to_owned())),
        ("to", Some(content.to().to_owned())),
        ("subject", content.subject().map(str::to_owned)),
        ("text", Some(content.text().to_owned())),
        ("state", Some(it.state.as_str().to_owned())),
        ("person", Some(it.person.to_string())),
        ("api", Some(it.via.as_str().to_owned())),
        ("created", Some(it.created_at.to_string())),
        ("tries", Some(it.tries.to_string())),
    ])
}
