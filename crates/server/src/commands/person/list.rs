//! The people of an organization.

use directory::query::{Direction, Filter, Literal, Operator, Query, Window};
use directory::record::Include;
use directory::status::Status;
use directory::text::fold_for_search;
use directory::{PersonField, limits};
use serde_json::Value;

use crate::commands::values::{parse_text, word};
use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, table};
use crate::tenant_index::{Place, TenantIndex};

/// People fetched at once.
const CHUNK: u32 = 500;

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
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        let (tenant, organization) = tenants.organization(&self.place)?;
        let words: Vec<String> =
            self.search.iter().flat_map(|text| text.split_whitespace()).map(fold_for_search).collect();
        if words.len() > limits::SEARCH_WORDS {
            return Err(Error::usage(format!("--search takes at most {} words", limits::SEARCH_WORDS)));
        }
        let caller = context.caller(tenant, organization.id);
        let at = context.directory.scoped(&caller);
        let mut conditions = vec![Filter::Words(words)];
        if let Some(status) = self.status {
            let named = Literal::Text(status.as_str().to_owned());
            conditions.push(Filter::Compare(PersonField::ExactStatus, Operator::Equal, named));
        }
        let order = vec![(PersonField::ObjectId, Direction::Ascending)];
        let mut next = Some(Query::first(Filter::All(conditions), order, self.limit.min(CHUNK)));
        let (mut rows, mut json, mut left) = (Vec::new(), Vec::new(), self.limit);
        while let Some(query) = next.take_if(|_| left > 0) {
            let page = at.list_people(query.clone(), Include::default()).await?;
            left = left.saturating_sub(query.window.limit());
            let end = page.bounds.filter(|_| page.has_next).map(|(_, end)| end);
            next = end.map(|end| Query { window: Window::After(end, left.min(CHUNK)), ..query });
            for record in &page.items {
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
        let more = next.is_some();
        let titles = ["ID", "NUMBER", "OBJECT ID", "NAME", "EMAIL", "STATUS"];
        let mut text = table(titles, rows, "Nobody matches.");
        if more {
            text.push_str(&format!("There are more than these {}; --limit shows them.\n", self.limit));
        }
        Ok(Shown::new(text, Value::Array(json)))
    }
}
