//! The templates of messages. They are only read here: `personae` itself makes them.

use directory::query::{Direction, Page, Query};
use directory::template::Template;
use directory::{EntityKind, Refusal, TemplateField, TenantScope};

use super::entity::{Addressed, Resource};
use crate::relesys::lens::template;
use crate::relesys::query::{Listing, Parameter};
use crate::relesys::version::Version;
use crate::relesys::wire;

impl Resource for Template {
    type Field = TemplateField;
    type Shown<'a> = wire::Template<'a>;

    const PATH: &'static str = "communication/templates";
    const LISTING: Listing<TemplateField> = Listing {
        endpoint: "relesys/templates",
        parameters: &[
            Parameter::both("creationDateTime", TemplateField::CreatedAt),
            Parameter::filter("id", TemplateField::Id),
            Parameter::both("lastModifiedDateTime", TemplateField::UpdatedAt),
            Parameter::both("name", TemplateField::Name),
        ],
        order: (TemplateField::CreatedAt, Direction::Ascending),
    };

    async fn list(scope: TenantScope<'_>, query: Query<TemplateField>) -> Result<Page<Self>, Refusal> {
        scope.list_templates(query).await
    }

    fn show<'a>(&'a self, _: Version, _: &str) -> wire::Template<'a> {
        template::show(self)
    }
}

impl Addressed for Template {
    const KIND: EntityKind = EntityKind::Template;
    const ID: &'static str = "templateId";
}
