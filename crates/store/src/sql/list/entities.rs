//! Lists of what a tenant has besides people: read from the table of its kind, in which all of a tenant's lie together.

use std::convert::Infallible;

use directory::custom_field::{CustomField, CustomFieldKind};
use directory::ids::TenantId;
use directory::organization::{Department, DepartmentKind, Group, Team};
use directory::query::{Literal, Page, Query};
use directory::template::Template;
use directory::{
    CustomFieldField, DepartmentField, Entity, EntityQuery, GroupField, TeamField, TemplateField,
};

use super::text::Text;
use super::{Column, Place, conditions, keys, page_of, position, ranks, select};
use crate::codec;
use crate::entities::{Listed, Stored};
use crate::sql::{Cell, Columns, Sql, Syntax};

/// A page of the entities that match.
pub(crate) async fn of_entities<S: Sql>(
    sql: &S,
    tenant: TenantId,
    query: &EntityQuery,
) -> Result<Page<Entity>, S::Error> {
    match query {
        EntityQuery::Departments(query) => page(sql, tenant, query, Department::read).await,
        EntityQuery::Groups(query) => page(sql, tenant, query, Group::read).await,
        EntityQuery::Teams(query) => page(sql, tenant, query, Team::read).await,
        EntityQuery::CustomFields(query) => page(sql, tenant, query, CustomField::read).await,
        EntityQuery::Templates(query) => page(sql, tenant, query, Template::read).await,
    }
}

/// A page of what is few in a tenant and read from one table, each of them by `read` from the columns that it has there.
pub(super) async fn page<S: Sql, T: Listed + Into<U>, F: Column, U>(
    sql: &S,
    tenant: TenantId,
    query: &Query<F>,
    read: fn(&mut Columns) -> codec::Result<T>,
) -> Result<Page<U>, S::Error> {
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
        found.push((position, read(&mut columns)?.into()));
    }
    Ok(page_of(found, &query.window, total))
}

pub(super) fn statement<T: Listed, F: Column>(syntax: Syntax, tenant: TenantId, query: &Query<F>) -> Text {
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

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
    }
}

impl Column for GroupField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::ObjectId => "o.object_id",
            Self::Name => "o.name",
            Self::Description => "o.description",
            Self::ExternalId => "o.external_id",
            Self::CreatedAt => "o.created_at",
            Self::UpdatedAt => "o.updated_at",
        };
        Place::Typed(column.to_owned())
    }

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
    }
}

impl Column for TeamField {
    fn place(self, _: Syntax) -> Place {
        let column = match self {
            Self::Id => "o.id",
            Self::Organization => "o.organization",
            Self::Name => "o.name",
            Self::CreatedAt => "o.created_at",
        };
        Place::Typed(column.to_owned())
    }

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
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

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
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

    fn contains(list: Infallible, _: &Literal, _: Syntax) -> (&'static str, Cell<'static>) {
        match list {}
    }
}
