//! The organization that is asked about and its labels, as its members see them in Kare's safety register.

use super::TenantScope;
use crate::caller::Channel;
use crate::customer::{Customer, CustomerChange};
use crate::entity::{Entity, EntityKey};
use crate::ids::Number;
use crate::membership::KareScope;
use crate::organization::{Label, LabelSource};
use crate::record::Include;
use crate::refusal::Refusal;
use crate::store::{CustomerBy, PersonKey};

impl TenantScope<'_> {
    /// The organization itself, with what single APIs keep of it.
    ///
    /// # Errors
    /// `CallerGone` when it was deleted; `Unavailable`.
    pub async fn own_organization(&self) -> Result<Customer, Refusal> {
        let key = CustomerBy::Organization(self.organization);
        let found = self.directory.store.customer(self.caller.tenant, key).await?;
        found.ok_or(Refusal::CallerGone)
    }

    /// Changes the organization, as [`Self::change_customer_and_name`] does.
    ///
    /// # Errors
    /// Those of [`Self::change_customer_and_name`]; `NotAllowed` for who is no administrator of it.
    pub async fn change_own_organization<E, F>(&self, decide: F) -> Result<Customer, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Customer) -> Result<CustomerChange, E> + Send + 'static,
    {
        self.administer().await?;
        self.change_customer_and_name(decide).await
    }

    /// The labels of the organization, by their numbers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn labels(&self) -> Result<Vec<Label>, Refusal> {
        Ok(self.directory.store.labels(self.caller.tenant, self.organization).await?)
    }

    /// Makes a label of the organization.
    ///
    /// # Errors
    /// Those of [`Self::create_entity`]; `NotAllowed` for who is no administrator of it.
    pub async fn add_label(&self, label: Label) -> Result<Label, Refusal> {
        self.administer().await?;
        let label = Label { organization: self.organization, ..label };
        Label::try_from(self.create_entity(label).await?).map_err(Refusal::NoSuchEntity)
    }

    /// Changes a label of the organization, as [`Self::change_entity`] does.
    ///
    /// # Errors
    /// Those of [`Self::change_entity`]; `NotAllowed` for who is no administrator of it, and for a label that the vendor provided.
    pub async fn change_label<E, F>(&self, number: Number, mut decide: F) -> Result<Label, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Label) -> Result<Label, E> + Send + 'static,
    {
        let organization = self.organization;
        let is_own = |entity: &Entity| matches!(entity, Entity::Label(it) if it.organization == organization);
        let key = EntityKey::Label(number);
        // Who may not change it hears first whether it is there, which everybody may read.
        if !is_own(&self.entity(key).await?) {
            return Err(Refusal::NoSuchEntity(key.kind()).into());
        }
        self.administer().await?;
        let decide = move |entity: &Entity| match entity {
            Entity::Label(label) if label.source == LabelSource::Provided => Err(PROVIDED.into()),
            Entity::Label(label) if label.organization == organization => decide(label).map(Entity::from),
            other => Err(Refusal::NoSuchEntity(other.kind()).into()),
        };
        let changed = self.change_entity(key, decide).await?;
        Label::try_from(changed).map_err(|kind| Refusal::NoSuchEntity(kind).into())
    }

    /// Lets through an administrator of the organization, in Kare's sense, and operators.
    async fn administer(&self) -> Result<(), Refusal> {
        if self.caller.via == Channel::Command {
            return Ok(());
        }
        let me = PersonKey::Id(self.caller.person.ok_or(NOT_AN_ADMINISTRATOR)?);
        let (tenant, organization) = (self.caller.tenant, self.organization);
        let record = self.directory.store.person(tenant, organization, me, Include::default()).await?;
        match record.ok_or(Refusal::CallerGone)?.membership.kare.scope {
            KareScope::Admin => Ok(()),
            KareScope::User => Err(NOT_AN_ADMINISTRATOR),
        }
    }
}

const NOT_AN_ADMINISTRATOR: Refusal =
    Refusal::NotAllowed("only an administrator of the organization may do this");
const PROVIDED: Refusal = Refusal::NotAllowed("a label that the vendor provides cannot be changed");
