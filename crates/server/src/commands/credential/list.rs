//! Credentials, read from the store a page at a time.

use directory::credential::Credential;
use directory::ids::{CredentialId, TenantId};
use directory::organization::Organization;
use directory::query::{Direction, Filter, Literal, Operator, Query, Window};
use directory::{CredentialField, Dialect};
use serde_json::Value;

use super::{nothing, rate_limit};
use crate::commands::values::parse_dialect;
use crate::context::Context;
use crate::error::Error;
use crate::json;
use crate::output::{Shown, table};
use crate::tenant_index::{Place, TenantIndex};

/// Credentials fetched at once.
const CHUNK: u32 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Of one API: relesys, replay, kare or laurel
    #[arg(long, value_parser = parse_dialect)]
    dialect: Option<Dialect>,
    #[command(flatten)]
    place: Place,
}

impl List {
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        let places = tenants.matching(&self.place);
        if places.is_empty() {
            tenants.tenant(&self.place)?;
        }
        let mut credentials = Vec::new();
        for of_tenant in places.chunk_by(|(one, _), (other, _)| one == other) {
            let mut conditions = Vec::new();
            if let Some(dialect) = self.dialect {
                conditions.push(is(CredentialField::Dialect, Literal::Text(dialect.as_str().to_owned())));
            }
            if self.place.organization.is_some() {
                let of =
                    |(_, it): &(_, &Organization)| is(CredentialField::Organization, Literal::Uuid(it.id.0));
                conditions.push(Filter::Any(of_tenant.iter().map(of).collect()));
            }
            credentials.extend(all(context, of_tenant[0].0, Filter::All(conditions)).await?);
        }
        Ok(show(context, &tenants, &credentials))
    }
}

fn is(field: CredentialField, literal: Literal) -> Filter<CredentialField> {
    Filter::Compare(field, Operator::Equal, literal)
}

/// Those of a tenant that match, in the order in which they were made.
async fn all(
    context: &Context,
    tenant: TenantId,
    filter: Filter<CredentialField>,
) -> Result<Vec<Credential>, Error> {
    let order = vec![(CredentialField::CreatedAt, Direction::Ascending)];
    let mut next = Some(Query::first(filter, order, CHUNK));
    let mut credentials = Vec::new();
    while let Some(query) = next {
        let page = context.directory.operator().list_credentials(tenant, query.clone()).await?;
        credentials.extend(page.items);
        let end = page.bounds.filter(|_| page.has_next).map(|(_, end)| end);
        next = end.map(|end| Query { window: Window::After(end, CHUNK), ..query });
    }
    Ok(credentials)
}

fn show(context: &Context, tenants: &TenantIndex, credentials: &[Credential]) -> Shown {
    let limits = context.directory.rate_limits();
    let json: Value = credentials.iter().map(|it| json::credential(it, limits)).collect();
    let now = context.directory.now();
    let rows = credentials
        .iter()
        .map(|it| {
            let state = match it.revoked_at {
                Some(_) => "revoked",
                None if !it.is_live(now) => "expired",
                None => "live",
            };
            [
                it.id.to_string(),
                it.dialect.to_string(),
                tenants.name(it.tenant, it.organization),
                it.name.clone(),
                it.public_id.clone(),
                it.scopes.0.join(" "),
                rate_limit(it.rate_limit, it.dialect, limits),
                keys(it),
                state.to_owned(),
                it.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            ]
        })
        .collect();
    let titles = [
        "ID",
        "DIALECT",
        "ORGANIZATION",
        "NAME",
        "PUBLIC ID",
        "SCOPES",
        "RATE LIMIT",
        "KEYS",
        "STATE",
        "LAST USED",
    ];
    Shown::new(table(titles, rows, "There are no credentials."), json)
}

/// How many keys open, and whether the old one of two still does so for anybody.
fn keys(credential: &Credential) -> String {
    match (credential.keys.len(), credential.old_key_used_since_rotation()) {
        (0 | 1, _) => credential.keys.len().to_string(),
        (count, None) => format!("{count}, old one unused"),
        (count, Some(at)) => format!("{count}, old one used {at}"),
    }
}

/// The credential that is meant, live or not.
pub(crate) async fn named(context: &Context, text: &str) -> Result<Credential, Error> {
    // A whole key may have been pasted; nothing of its secret is repeated.
    let public_id = text.split('.').next().unwrap_or_default();
    let mut either = vec![is(CredentialField::PublicId, Literal::Text(public_id.to_owned()))];
    if let Ok(CredentialId(id)) = public_id.parse() {
        either.push(is(CredentialField::Id, Literal::Uuid(id)));
    }
    for tree in TenantIndex::load(context).await?.trees {
        let found = all(context, tree.tenant.id, Filter::Any(either.clone())).await?;
        if let Some(credential) = found.into_iter().next() {
            return Ok(credential);
        }
    }
    Err(nothing())
}
