//! Lists of what a tenant has besides people: read from the table of its kind, in which all of a tenant's lie together.

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::TenantId;
use directory::organization::{Department, DepartmentKind, Group};
use directory::query::{Page, Query};
use directory::template::Template;
use directory::{CustomFieldField, DepartmentField, Entity, EntityQuery, GroupField, TemplateField};

use super::text::Text;
use super::{Column, Place, conditions, keys, page_of, position, ranks, select};
use crate::entities::Listed;
use crate::sql::{Sql, Syntax};

/// A page of the entities that match.
pub(crate) async fn of_entities<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &EntityQuery,
) -> Result<Page<Entity>, S::Failure> {
    match query {
        EntityQuery::Departments(query) => page::<S, Department, _>(sql, tenant, query).await,
        EntityQuery::Groups(query) => page::<S, Group, _>(sql, tenant, query).await,
        EntityQuery::CustomFields(query) => page::<S, CustomField, _>(sql, tenant, query).await,
        EntityQuery::Templates(query) => page::<S, Template, _>(sql, tenant, query).await,
    }
}

async fn page<S: Sql, T: Listed, F: Column>(
    sql: &S,
    tenant: TenantId,
    query: &Query<F>,
) -> Result<Page<Entity>, S::Failure> {
    let total = match query.count {
        true => {
            let mut text = Text::new(S::SYNTAX, tenant);
            text.push(&format!("SELECT count(*) FROM {} AS o WHERE o.tenant = $1", T::TABLE));
            text.conditions(&conditions(&query.filter));
            Some(text.integer(sql).await?.cast_unsigned())
        }
        false => None,
    };
    let text = statement::<T, F>(S::SYNTAX, tenant, query);
    let mut found = Vec::new();
    for row in sql.query(&text.sql, &text.values).await? {
        let (position, mut columns) = position(S::SYNTAX, row, query)?;
        found.push((position, T::read(&mut columns)?.into()));
    }
    Ok(page_of(found, &query.window, total))
}

fn statement<T: Listed, F: Column>(syntax: Syntax, tenant: TenantId, query: &Query<F>) -> Text {
    let mut text = Text::new(syntax, tenant);
    select(&mut text, query);
    text.push(&format!(", {} FROM {} AS o WHERE o.tenant = $1", T::COLUMNS, T::TABLE));
    text.conditions(&conditions(&query.filter));
    text.window(&query.window, &keys(syntax, query, None));
    text
}

impl Column for DepartmentField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Name => "o.name",
            Self::Kind => {
                return Place::Typed(ranks(
                    "o.kind",
                    DepartmentKind::ALL.map(|kind| (kind.as_str(), kind.rank())),
                ));
            }
            Self::Parent => "o.parent",
            Self::Manager => "o.manager",
            Self::ExternalId => "o.external_id",
            Self::City => "o.city",
            Self::ZipCode => "o.zip_code",
            Self::Email => "o.email",
            Self::CreatedAt => "o.created_at",
            Self::UpdatedAt => "o.updated_at",
        };
        Place::Typed(column.to_owned())
    }

    fn has_word(_: Syntax) -> Option<&'static str> {
        None
    }
}

impl Column for GroupField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Name => "o.name",
            Self::Description => "o.description",
            Self::ExternalId => "o.external_id",
            Self::CreatedAt => "o.created_at",
            Self::UpdatedAt => "o.updated_at",
        };
        Place::Typed(column.to_owned())
    }

    fn has_word(_: Syntax) -> Option<&'static str> {
        None
    }
}

impl Column for CustomFieldField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Key => "o.key",
            Self::Name => "o.name",
            Self::Kind => {
                return Place::Typed(ranks(
                    "o.kind",
                    CustomFieldKind::ALL.map(|kind| (kind.as_str(), kind.rank())),
                ));
            }
        };
        Place::Typed(column.to_owned())
    }

    fn has_word(_: Syntax) -> Option<&'static str> {
        None
    }
}

impl Column for TemplateField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Name => "o.name",
            Self::CreatedAt => "o.created_at",
            Self::UpdatedAt => "o.updated_at",
        };
        Place::Typed(column.to_owned())
    }

    fn has_word(_: Syntax) -> Option<&'static str> {
        None
    }
}
