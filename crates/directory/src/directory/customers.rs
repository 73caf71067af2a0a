//! Organizations as Laurel's customers: the caller's own and those below it, and the clients that they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use super::{NewCredential, TenantScope, keeping, ports, told};
use crate::caller::Dialect;
use crate::credential::{Credential, Scopes};
use crate::customer::{Customer, CustomerChange, CustomerKey, CustomerProfile};
use crate::entity_field::CredentialField;
use crate::identity::Identity;
use crate::ids::{CredentialId, ObjectId, OrganizationId};
use crate::limits;
use crate::organization::OrganizationDetails;
use crate::query::{Direction, Filter, Literal, Operator, Query};
use crate::refusal::Refusal;
use crate::store::{ChangeCustomer, ChangeError, CustomerBy, NewOrganization, Origin};
use crate::throttle::RateLimit;

/// A client that a customer makes for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClient {
    pub name: String,
    pub description: Option<String>,
    pub scopes: Scopes,
    pub lifetime: Option<SignedDuration>,
}

impl TenantScope<'_> {
    /// The customer with this id, and the same caller there. It is the caller's own or one below it; any other one, also one
    /// that does not exist, is refused alike.
    ///
    /// # Errors
    /// `NotAllowed`; `Unavailable`.
    pub async fn customer(self, id: ObjectId) -> Result<(Customer, Self), Refusal> {
        let found = self.directory.store.customer(self.caller.tenant, CustomerBy::ObjectId(id)).await?;
        match found {
            Some(customer) if self.reaches(&customer).await? => {
                let organization = customer.organization.id;
                Ok((customer, Self { organization, ..self }))
            }
            Some(_) | None => Err(OUT_OF_REACH),
        }
    }

    /// The customer with this identity, if the caller reaches it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn customer_by_identity(&self, identity: &Identity) -> Result<Option<Customer>, Refusal> {
        let key = CustomerBy::Key(CustomerKey::of_identity(identity));
        match self.directory.store.customer(self.caller.tenant, key).await? {
            Some(customer) if self.reaches(&customer).await? => Ok(Some(customer)),
            Some(_) | None => Ok(None),
        }
    }

    /// The caller's customer and all below it, in the order in which they came to be.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn customers(&self) -> Result<Vec<Customer>, Refusal> {
        let all = self.directory.store.customers(self.caller.tenant).await?;
        let parents: HashMap<OrganizationId, Option<OrganizationId>> =
            all.iter().map(|it| (it.organization.id, it.organization.parent)).collect();
        let is_reached = |customer: &Customer| {
            let mut next = Some(customer.organization.id);
            for _ in 0..=limits::DEPTH {
                match next {
                    Some(id) if id == self.organization => return true,
                    Some(id) => next = parents.get(&id).copied().flatten(),
                    None => return false,
                }
            }
            false
        };
        Ok(all.into_iter().filter(is_reached).collect())
    }

    async fn reaches(&self, customer: &Customer) -> Result<bool, Refusal> {
        let mut next = Some(customer.organization.id);
        let mut parent = customer.organization.parent;
        for _ in 0..=limits::DEPTH {
            let Some(id) = next else { return Ok(false) };
            if id == self.organization {
                return Ok(true);
            }
            next = parent;
            parent = match next {
                Some(id) if id != self.organization => {
                    let above = self.directory.store.organization(self.caller.tenant, id).await?;
                    above.and_then(|above| above.parent)
                }
                Some(_) | None => None,
            };
        }
        Ok(false)
    }

    /// Makes a customer directly below the caller's.
    ///
    /// # Errors
    /// `Taken` and `Invalid` with what is wrong; `CallerGone`; `Unavailable`.
    pub async fn add_customer(
        &self,
        id: Option<ObjectId>,
        change: CustomerChange,
    ) -> Result<Customer, Refusal> {
        let Self { directory, caller, organization } = *self;
        let (now, entropy) = (directory.now(), directory.entropy());
        let CustomerChange { name, profile } = change;
        let new = NewOrganization {
            id: OrganizationId(ports::uuid(now, entropy)),
            object_id: id.unwrap_or_else(|| ports::object_id(now, entropy)),
            parent: Some(organization),
            name,
            details: OrganizationDetails { customer: Some(profile), ..OrganizationDetails::default() },
            created_at: now,
        };
        let object_id = new.object_id;
        let added = directory.store.add_organization(Some(caller.tenant), new, self.origin()).await;
        // The parent was there when the credential was checked.
        added.map_err(|refusal| match refusal {
            Refusal::Unknown { .. } => Refusal::CallerGone,
            refusal => refusal,
        })?;
        let made = directory.store.customer(caller.tenant, CustomerBy::ObjectId(object_id)).await?;
        made.ok_or(Refusal::Unavailable)
    }

    /// Changes the customer of this scope by a decision on it as it is, and answers with it as it became. The decision is pure
    /// and may run twice.
    ///
    /// # Errors
    /// Those of the decision; `Taken` with the attribute that is another's; `Unavailable`.
    pub async fn change_customer<E, F>(&self, mut decide: F) -> Result<Customer, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Customer) -> Result<CustomerProfile, E> + Send + 'static,
    {
        self.change_customer_and_name(move |customer| {
            let name = customer.organization.name.clone();
            Ok(CustomerChange { name, profile: decide(customer)? })
        })
        .await
    }

    /// The same with the name of the organization.
    ///
    /// # Errors
    /// Those of [`Self::change_customer`].
    pub async fn change_customer_and_name<E, F>(&self, mut decide: F) -> Result<Customer, E>
    where
        E: From<Refusal> + Send + 'static,
        F: FnMut(&Customer) -> Result<CustomerChange, E> + Send + 'static,
    {
        let reason: Arc<Mutex<Option<E>>> = Arc::default();
        let change = ChangeCustomer {
            tenant: self.caller.tenant,
            organization: self.organization,
            origin: self.origin(),
            decide: keeping(&reason, move |customer: &Customer| decide(customer)),
        };
        self.directory.store.change_customer(change).await.map_err(|stop| match stop {
            // It was there when it was looked up.
            ChangeError::Refused(Refusal::Unknown { .. }) => OUT_OF_REACH.into(),
            ChangeError::Refused(_) | ChangeError::Decided => told(stop, &reason),
        })
    }

    /// The live clients of the customer that no person acts by, the oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn clients(&self) -> Result<Vec<Credential>, Refusal> {
        let is = |field, literal| Filter::Compare(field, Operator::Equal, literal);
        let filter = Filter::All(vec![
            is(CredentialField::Organization, Literal::Uuid(self.organization.0)),
            is(CredentialField::Dialect, Literal::Text(Dialect::Laurel.as_str().to_owned())),
            Filter::Not(Filter::Present(CredentialField::RevokedAt).into()),
        ]);
        let sort = vec![(CredentialField::CreatedAt, Direction::Ascending)];
        let query = Query::first(filter, sort, limits::CLIENTS_LISTED);
        let found = self.directory.store.list_credentials(self.caller.tenant, query).await?;
        let now = self.directory.now();
        Ok(found.items.into_iter().filter(|it| it.is_live(now) && it.person.is_none()).collect())
    }

    /// Makes a client of the customer, and answers with it and its secret, which is nowhere else.
    ///
    /// # Errors
    /// `NotAllowed` where the customer has as many as it may have; `Unavailable`.
    pub async fn add_client(&self, new: NewClient) -> Result<(Credential, String), Refusal> {
        if self.clients().await?.len() >= limits::CLIENTS {
            return Err(Refusal::NotAllowed(
                "the customer has as many clients as it may have; delete some first",
            ));
        }
        let new = NewCredential {
            tenant: self.caller.tenant,
            organization: self.organization,
            dialect: Dialect::Laurel,
            name: new.name,
            scopes: new.scopes,
            person: None,
            description: new.description,
            rate_limit: RateLimit::default(),
            expires_at: new.lifetime.map(|lifetime| self.directory.now() + lifetime),
        };
        self.directory.add_credential(new, self.origin()).await
    }

    /// Takes a client of the customer out of use. False where there is no such live one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn remove_client(&self, id: CredentialId) -> Result<bool, Refusal> {
        Ok(self.directory.store.revoke_credential(id, self.origin()).await?)
    }

    fn origin(&self) -> Origin {
        Origin::of_caller(self.caller, self.directory.now())
    }
}

const OUT_OF_REACH: Refusal = Refusal::NotAllowed("the customer is neither the token's nor below it");
