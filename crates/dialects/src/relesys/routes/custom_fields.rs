//! The definitions of users' custom fields. They are only read here: `personae` itself makes them.

use directory::custom_field::CustomField;
use directory::query::{Direction, Page, Query};
use directory::{CustomFieldField, Refusal, TenantScope};

use super::entity::Resource;
use crate::relesys::lens::custom_field;
use crate::relesys::query::{Listing, Parameter};
use crate::relesys::version::Version;
use crate::relesys::wire::CustomFieldDefinition;

impl Resource for CustomField {
    type Field = CustomFieldField;
    type Shown<'a> = CustomFieldDefinition<'a>;

    const PATH: &'static str = "customfields/users";
    const LISTING: Listing<CustomFieldField> = Listing {
        endpoint: "relesys/customfields",
        parameters: &[
            Parameter::both("externalId", CustomFieldField::Key),
            Parameter::filter("id", CustomFieldField::Id),
            Parameter::both("name", CustomFieldField::Name),
            Parameter { names: &custom_field::TYPES, ..Parameter::both("type", CustomFieldField::Kind) },
        ],
        order: (CustomFieldField::Name, Direction::Ascending),
    };

    async fn list(scope: TenantScope<'_>, query: Query<CustomFieldField>) -> Result<Page<Self>, Refusal> {
        scope.list_custom_fields(query).await
    }

    fn show<'a>(&'a self, _: Version, _: &str) -> CustomFieldDefinition<'a> {
        custom_field::show(self)
    }
}
