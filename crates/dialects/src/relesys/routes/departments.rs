//! The departments of the tenant.

use directory::organization::Department;
use directory::query::{Direction, Page, Query};
use directory::{DepartmentField, EntityKind, Refusal, TenantScope};

use super::entity::{Addressed, Resource, url};
use crate::relesys::lens::department;
use crate::relesys::query::{Listing, Parameter};
use crate::relesys::version::Version;
use crate::relesys::wire;

impl Resource for Department {
    type Field = DepartmentField;
    type Shown<'a> = wire::Department<'a>;

    const PATH: &'static str = "departments";
    const LISTING: Listing<DepartmentField> = Listing {
        endpoint: "relesys/departments",
        parameters: &[
            Parameter::both("city", DepartmentField::City),
            Parameter::both("creationDateTime", DepartmentField::CreatedAt),
            Parameter::both("email", DepartmentField::Email),
            Parameter::both("externalId", DepartmentField::ExternalId),
            Parameter::filter("id", DepartmentField::Id),
            Parameter::both("lastModifiedDateTime", DepartmentField::UpdatedAt),
            Parameter::filter("managerUserId", DepartmentField::Manager),
            Parameter::both("name", DepartmentField::Name),
            Parameter::filter("parentId", DepartmentField::Parent),
            Parameter { names: &department::TYPES, ..Parameter::both("type", DepartmentField::Kind) },
            Parameter::both("zipCode", DepartmentField::ZipCode),
        ],
        order: (DepartmentField::CreatedAt, Direction::Ascending),
    };

    async fn list(scope: TenantScope<'_>, query: Query<DepartmentField>) -> Result<Page<Self>, Refusal> {
        scope.list_departments(query).await
    }

    fn show<'a>(&'a self, version: Version, base: &str) -> wire::Department<'a> {
        department::show(self, version, url::<Self>(version, base, self.id.0))
    }
}

impl Addressed for Department {
    const KIND: EntityKind = EntityKind::Department;
    const ID: &'static str = "departmentId";
}
