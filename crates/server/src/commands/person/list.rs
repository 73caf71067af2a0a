//! The people of an organization.

use directory::limits;
use directory::record::Needs;
use directory::status::Status;
use directory::store::PeopleQuery;
use directory::text::fold_for_search;
use serde_json::Value;

use crate::commands::values::{parse_text, word};
use crate::context::Context;
use crate::failure::Failure;
use crate::json;
use crate::output::{Shown, table};
use crate::world::{Place, World};

/// Records fetched at once.
const CHUNK: usize = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Words that all occur in a name, the nickname or the e-mail; case and accents do not matter
    #[arg(long, value_name = "WORDS", value_parser = parse_text)]
    search: Option<String>,
    /// invited, active, disabled_by_admin, disabled_by_organization or login_blocked
    #[arg(long, value_parser = parse_status)]
    status: Option<Status>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    place: Place,
}

fn parse_status(text: &str) -> Result<Status, String> {
    word(text, Status::parse, Status::ALL.map(Status::as_str))
}

impl List {
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Failure> {
        let world = World::load(context).await?;
        let (tenant, organization) = world.organization(&self.place)?;
        let words: Vec<String> =
            self.search.iter().flat_map(|text| text.split_whitespace()).map(fold_for_search).collect();
        if words.len() > limits::SEARCH_WORDS {
            return Err(Failure::usage(format!("--search takes at most {} words", limits::SEARCH_WORDS)));
        }
        let caller = context.caller(tenant, organization.id);
        let at = context.directory.at(&caller);
        let limit = self.limit as usize;
        // One more than asked for tells whether there are more.
        let query = PeopleQuery { words, status: self.status, limit: Some(limit.saturating_add(1)) };
        let mut people = at.people(query).await?;
        let more = people.len() > limit;
        people.truncate(limit);

        let (mut rows, mut json) = (Vec::with_capacity(people.len()), Vec::with_capacity(people.len()));
        for chunk in people.chunks(CHUNK) {
            for record in at.records(chunk.to_vec(), Needs::default()).await? {
                let person = &record.person;
                json.push(json::brief(tenant, person));
                rows.push([
                    person.id.to_string(),
                    person.number.to_string(),
                    person.object_id.to_string(),
                    person.name.shown(),
                    person.email.as_ref().map(ToString::to_string).unwrap_or_default(),
                    person.status.as_str().to_owned(),
                ]);
            }
        }
        let titles = ["ID", "NUMBER", "OBJECT ID", "NAME", "EMAIL", "STATUS"];
        let mut text = table(titles, rows, "Nobody matches.");
        if more {
            text.push_str(&format!("There are more than these {limit}; --limit shows them.\n"));
        }
        Ok(Shown::new(text, Value::Array(json)))
    }
}
