//! What operators do across tenants. Nothing that serves an API calls any of it.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{Directory, ports};
use crate::caller::Dialect;
use crate::credential::{Credential, KeyHash, KeyRotation, Scopes, Session, SignInCandidate};
use crate::entity_field::CredentialField;
use crate::event::{EventPage, EventQuery};
use crate::ids::{CredentialId, OrganizationId, PersonId, TenantId};
use crate::invitation::{InvitationEntry, InvitationQuery};
use crate::organization::{Organization, OrganizationDetails};
use crate::query::{Page, Query};
use crate::refusal::Refusal;
use crate::store::{
    Location, NewOrganization, Origin, PersonKey, Report, SessionQuery, Sessions, TenantTree, Unavailable,
};
use crate::throttle::RateLimit;

/// The directory as an operator reaches it: every tenant.
#[derive(Debug, Clone, Copy)]
pub struct Operator<'a> {
    directory: &'a Directory,
}

/// A credential of an organization, to be made.
#[derive(Debug, Clone)]
pub struct NewCredential {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub dialect: Dialect,
    pub name: String,
    pub scopes: Scopes,
    /// Who acts by it, a member of the organization; none for the organization itself.
    pub person: Option<PersonId>,
    pub description: Option<String>,
    pub rate_limit: RateLimit,
    pub expires_at: Option<Timestamp>,
}

impl Directory {
    pub fn operator(&self) -> Operator<'_> {
        Operator { directory: self }
    }
}

impl Directory {
    pub(super) async fn add_credential(
        &self,
        new: NewCredential,
        origin: Origin,
    ) -> Result<(Credential, String), Refusal> {
        let (now, entropy) = (self.now(), self.entropy());
        let id = ports::uuid(now, entropy);
        // What clients present is not the id under which events know the credential.
        let public = ports::uuid(now, entropy);
        let secret = self.random_text();
        let credential = Credential {
            id: CredentialId(id),
            tenant: new.tenant,
            organization: new.organization,
            dialect: new.dialect,
            name: new.name,
            public_id: match new.dialect {
                Dialect::Replay => public.simple().to_string(),
                Dialect::Relesys | Dialect::Laurel | Dialect::Kare => public.to_string(),
            },
            keys: vec![KeyHash::new(&secret, now)],
            scopes: new.scopes,
            person: new.person,
            description: new.description,
            rate_limit: new.rate_limit,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            old_key_used_at: None,
        };
        self.store.add_credential(credential.clone(), origin).await?;
        Ok((credential, secret))
    }
}

impl Operator<'_> {
    /// Every tenant with its organizations.
    pub async fn organizations(&self) -> Result<Vec<TenantTree>, Unavailable> {
        self.directory.store.organizations().await
    }

    /// Adds an organization under another one, or as the root of a new tenant.
    ///
    /// # Errors
    /// `Unknown`, `Taken` and `Invalid` with what is wrong; `Unavailable`.
    pub async fn add_organization(
        &self,
        parent: Option<(TenantId, OrganizationId)>,
        name: String,
    ) -> Result<Organization, Refusal> {
        let Directory { store, entropy, .. } = self.directory;
        let now = self.directory.now();
        let new = NewOrganization {
            id: OrganizationId(ports::uuid(now, entropy.as_ref())),
            object_id: ports::object_id(now, entropy.as_ref()),
            parent: parent.map(|(_, parent)| parent),
            name,
            details: OrganizationDetails::default(),
            created_at: now,
        };
        store.add_organization(parent.map(|(tenant, _)| tenant), new, self.origin()).await
    }

    /// As [`crate::Store::rename_organization`].
    pub async fn rename_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
        name: String,
    ) -> Result<Organization, Refusal> {
        self.directory.store.rename_organization(tenant, organization, name, self.origin()).await
    }

    /// As [`crate::Store::delete_organization`].
    pub async fn delete_organization(
        &self,
        tenant: TenantId,
        organization: OrganizationId,
    ) -> Result<Organization, Refusal> {
        self.directory.store.delete_organization(tenant, organization, self.origin()).await
    }

    /// Everyone that one of the keys finds, in every tenant.
    pub async fn locate(&self, keys: Vec<PersonKey>) -> Result<Vec<Location>, Unavailable> {
        self.directory.store.locate(keys).await
    }

    /// As [`crate::Store::invitations`].
    pub async fn invitations(&self, query: InvitationQuery) -> Result<Vec<InvitationEntry>, Unavailable> {
        self.directory.store.invitations(query).await
    }

    /// As [`crate::Store::events`].
    pub async fn events(&self, tenant: TenantId, query: EventQuery) -> Result<EventPage, Unavailable> {
        self.directory.store.events(tenant, query).await
    }

    /// As [`crate::Store::list_credentials`].
    pub async fn list_credentials(
        &self,
        tenant: TenantId,
        query: Query<CredentialField>,
    ) -> Result<Page<Credential>, Unavailable> {
        self.directory.store.list_credentials(tenant, query).await
    }

    /// Makes a credential, and answers with it and its secret, which is nowhere else.
    ///
    /// # Errors
    /// `Unknown` for the organization; `Unavailable`.
    pub async fn add_credential(&self, new: NewCredential) -> Result<(Credential, String), Refusal> {
        self.directory.add_credential(new, self.origin()).await
    }

    /// False when there is no such live credential.
    pub async fn revoke_credential(&self, id: CredentialId) -> Result<bool, Unavailable> {
        self.directory.store.revoke_credential(id, self.origin()).await
    }

    /// Makes a new key that opens beside the newest one, and answers with its secret, which is nowhere else, and with what
    /// undoes it; none when there is no such live credential.
    pub async fn add_key(&self, id: CredentialId) -> Result<Option<(String, KeyRotation)>, Unavailable> {
        let secret = self.directory.random_text();
        let added = KeyHash::new(&secret, self.directory.now());
        let rotated = self.rotate_credential(id, KeyRotation::Add(added.clone())).await?;
        Ok(rotated.map(|[before, _]| (secret, KeyRotation::Undo { added, before })))
    }

    /// As [`crate::Store::rotate_credential`].
    pub async fn rotate_credential(
        &self,
        id: CredentialId,
        rotation: KeyRotation,
    ) -> Result<Option<[Vec<KeyHash>; 2]>, Unavailable> {
        self.directory.store.rotate_credential(id, rotation, self.origin()).await
    }

    /// False when there is no such live credential.
    pub async fn limit_credential(&self, id: CredentialId, limit: RateLimit) -> Result<bool, Unavailable> {
        self.directory.store.limit_credential(id, limit, self.origin()).await
    }

    /// Everybody with this folded address, in every tenant, who has a password.
    pub async fn sign_in_candidates(&self, email: String) -> Result<Vec<SignInCandidate>, Unavailable> {
        self.directory.store.sign_in_candidates(email).await
    }

    /// Sessions that have not expired, the latest first.
    pub async fn sessions(&self, query: SessionQuery) -> Result<Vec<Session>, Unavailable> {
        self.directory.store.sessions(query, self.directory.now()).await
    }

    /// Ends sessions for good, and answers with how many of them had not ended before.
    pub async fn revoke_sessions(&self, which: Sessions) -> Result<u64, Unavailable> {
        self.directory.store.revoke_sessions(which, self.origin()).await
    }

    /// As [`crate::Store::backup`].
    pub async fn backup(&self, to: PathBuf) -> Result<(), Unavailable> {
        self.directory.store.backup(to).await
    }

    pub async fn check(&self) -> Result<Report, Unavailable> {
        self.directory.store.check().await
    }

    /// The id under which events know a command.
    pub fn request(&self) -> String {
        let (now, entropy) = (self.directory.now(), self.directory.entropy());
        format!("command-{}", ports::uuid(now, entropy).simple())
    }

    fn origin(&self) -> Origin {
        Origin::of_command(self.request(), self.directory.now())
    }
}
