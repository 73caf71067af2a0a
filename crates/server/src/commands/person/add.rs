//! Adding a person: a new one, or one of the tenant to a further organization.

use directory::ids::{InvitationId, OrganizationId, TenantId};
use directory::invitation::Invitation;
use directory::status::Status;
use directory::{Attribute, Change, Refusal};

use super::attributes::Attributes;
use crate::commands::values::parse_text;
use crate::context::Context;
use crate::error::Error;
use crate::find::find;
use crate::output::Shown;
use crate::tenant_index::{Place, TenantIndex};

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// A person of the tenant, by any id, e-mail or external id, who becomes a member of this organization too. Only what
    /// the organization grants can be given beside: the team, the profession and the roles
    #[arg(long, value_parser = parse_text, conflicts_with = "invite")]
    person: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
    /// Invite instead of adding: the person is invited until `personae person enable`
    #[arg(long, requires = "email")]
    invite: bool,
    #[command(flatten)]
    place: Place,
}

impl Add {
    pub(super) async fn run(self, context: &Context) -> Result<Shown, Error> {
        let tenants = TenantIndex::load(context).await?;
        let (tenant, organization) = tenants.organization(&self.place)?;
        let organization = organization.id;
        match &self.person {
            Some(person) => self.add_member(context, &tenants, person, (tenant, organization)).await,
            None => self.add_person(context, (tenant, organization)).await,
        }
    }

    async fn add_person(
        &self,
        context: &Context,
        (tenant, organization): (TenantId, OrganizationId),
    ) -> Result<Shown, Error> {
        let caller = context.caller(tenant, organization);
        let at = context.directory.scoped(&caller);
        let mut change = self.attributes.change(&at.reference_data().await?, organization)?;
        if self.invite {
            let now = context.directory.now();
            change.status = Change::Set(Status::Invited);
            let id = InvitationId(context.uuid());
            change.invitation = Change::Set(Invitation::new(id, organization, now));
        }
        // A returning person keeps the id of old.
        let id = at.add_person(change, None).await?.person.id;
        super::show::person(context, tenant, id, &[organization]).await
    }

    async fn add_member(
        &self,
        context: &Context,
        tenants: &TenantIndex,
        person: &str,
        (tenant, organization): (TenantId, OrganizationId),
    ) -> Result<Shown, Error> {
        let anywhere = Place { organization: None, tenant: Some(tenant.0) };
        let found = find(context, tenants, person, &anywhere).await?;
        let caller = context.caller(tenant, organization);
        let at = context.directory.scoped(&caller);
        let change = self.attributes.change(&at.reference_data().await?, organization)?;
        at.add_member(found.person, change).await.map_err(|refusal| match refusal {
            Refusal::Taken { attribute: Attribute::Membership } => {
                let name = tenants.name(tenant, organization);
                Error::new(format!("the person is a member of {name} already"))
                    .hint("change what they have there with: personae person change PERSON --organization ID")
            }
            refusal => refusal.into(),
        })?;
        super::show::person(context, tenant, found.person, &[organization]).await
    }
}
