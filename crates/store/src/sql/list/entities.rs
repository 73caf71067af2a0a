//! Lists of what a tenant has besides people: read from the table of its kind, in which all of a tenant's are together.

use directory::ids::TenantId;
use directory::query::{Direction, Page, Query};
use directory::{CustomFieldField, DepartmentField, GroupField, TemplateField};
use uuid::Uuid;

use super::text::Text;
use super::{Column, conditions, keys, page_of, position};
use crate::sql::Sql;

/// The fields of a kind of entity.
pub(crate) trait Listed: Column {
    const TABLE: &'static str;
}

/// A page of the entities that match, by their ids.
pub(crate) async fn page<S: Sql, F: Listed>(
    sql: &S,
    tenant: TenantId,
    query: &Query<F>,
) -> Result<Page<Uuid>, S::Failure> {
    let conditions = conditions(&query.filter);
    let total = match query.count {
        true => {
            let mut text = Text::new(tenant);
            text.push(&format!("SELECT count(*) FROM \"{}\" AS o WHERE o.tenant = $1", F::TABLE));
            text.conditions(&conditions);
            Some(text.integer(sql).await?.cast_unsigned())
        }
        false => None,
    };
    let text = statement(tenant, query);
    let mut found = Vec::new();
    for row in sql.query(&text.sql, &text.values).await? {
        let (position, _) = position(row, query)?;
        let id = position.id;
        found.push((position, id));
    }
    Ok(page_of(found, &query.window, total))
}

pub(super) fn statement<F: Listed>(tenant: TenantId, query: &Query<F>) -> Text {
    let mut text = Text::new(tenant);
    text.push("SELECT o.id");
    for (field, _) in &query.sort {
        text.push(", ");
        text.push(&field.column());
    }
    text.push(&format!(" FROM \"{}\" AS o WHERE o.tenant = $1", F::TABLE));
    text.conditions(&conditions(&query.filter));
    text.window(&query.window, &keys(query, None));
    text
}
