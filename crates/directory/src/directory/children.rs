//! Organizations below the one that is asked about.

use super::{TenantScope, ports};
use crate::attribute::{Attribute, Property};
use crate::ids::OrganizationId;
use crate::organization::{Organization, OrganizationDetails};
use crate::refusal::Refusal;
use crate::store::{NewOrganization, Origin};
use crate::text;

impl TenantScope<'_> {
    /// Makes a direct child, or answers with the one that has the external id already, as it is.
    ///
    /// # Errors
    /// `Invalid` and `Taken` for the name; `Invalid` where the tree would be too deep; `CallerGone`; `Unavailable`.
    pub async fn add_child(
        &self,
        name: String,
        details: OrganizationDetails,
    ) -> Result<Organization, Refusal> {
        let Self { directory, caller, organization } = *self;
        if text::is_blank(&name) {
            return Err(Refusal::invalid(Attribute::Of(Property::Name), "must not be blank"));
        }
        let (now, entropy) = (directory.now(), directory.entropy());
        let new = NewOrganization {
            id: OrganizationId(ports::uuid(now, entropy)),
            object_id: ports::object_id(now, entropy),
            parent: Some(organization),
            name,
            details,
            created_at: now,
        };
        let origin = Origin::of_caller(caller, now);
        match directory.store.add_organization(Some(caller.tenant), new, origin).await {
            // It was there when its credential was checked.
            Err(Refusal::Unknown { .. }) => Err(Refusal::CallerGone),
            added => added,
        }
    }
}
