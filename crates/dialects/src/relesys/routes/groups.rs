//! The user groups of the tenant.

use directory::organization::Group;
use directory::query::{Direction, Page, Query};
use directory::{EntityKind, GroupField, Refusal, TenantScope};

use super::entity::{Addressed, Resource, url};
use crate::relesys::lens::group;
use crate::relesys::query::{Listing, Parameter};
use crate::relesys::version::Version;
use crate::relesys::wire;

impl Resource for Group {
    type Field = GroupField;
    type Shown<'a> = wire::UserGroup<'a>;

    const PATH: &'static str = "userGroups";
    const LISTING: Listing<GroupField> = Listing {
        endpoint: "relesys/usergroups",
        parameters: &[
            Parameter::both("creationDateTime", GroupField::CreatedAt),
            Parameter::both("description", GroupField::Description),
            Parameter::both("externalId", GroupField::ExternalId),
            Parameter::filter("id", GroupField::Id),
            Parameter::both("lastModifiedDateTime", GroupField::UpdatedAt),
            Parameter::both("name", GroupField::Name),
        ],
        order: (GroupField::CreatedAt, Direction::Ascending),
    };

    async fn list(scope: TenantScope<'_>, query: Query<GroupField>) -> Result<Page<Self>, Refusal> {
        scope.list_groups(query).await
    }

    fn show<'a>(&'a self, version: Version, base: &str) -> wire::UserGroup<'a> {
        group::show(self, url::<Self>(version, base, self.id.0))
    }
}

impl Addressed for Group {
    const KIND: EntityKind = EntityKind::Group;
    const ID: &'static str = "userGroupId";
}
