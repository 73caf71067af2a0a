//! What every command works with: the settings, the store, and the directory over it.

use std::sync::Arc;

use directory::credential::Scopes;
use directory::ids::{OrganizationId, TenantId};
use directory::ports;
use directory::{Caller, Channel, Directory, Entity};
use uuid::Uuid;

use crate::adapters::Encryption;
use crate::app::App;
use crate::config::{Config, Flags};
use crate::error::Error;
use crate::open::{IfMissing, Place};

/// What a command does with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The store need not be writable.
    Read,
    Change,
    /// As `Change`, and there need not be a store yet.
    Make,
}

pub(crate) struct Context {
    pub directory: Arc<Directory>,
    pub config: Config,
}

impl Context {
    pub(crate) async fn open(flags: &Flags, purpose: Purpose) -> Result<Self, Error> {
        let config = Config::load(flags)?;
        let place = Place::parse(&config.store)?;
        let store = match purpose {
            Purpose::Read => place.open_to_read().await?,
            Purpose::Change => place.open(IfMissing::Refuse).await?,
            Purpose::Make => place.open(IfMissing::Make).await?,
        };
        // No command that works on people needs the signing keys, so a key file that only the server may read is not opened.
        let directory = App::new(store, &config, Encryption::default()).directory;
        Ok(Self::new(directory, config))
    }

    pub(crate) fn new(directory: Arc<Directory>, config: Config) -> Self {
        Self { directory, config }
    }

    pub(crate) fn uuid(&self) -> Uuid {
        ports::uuid(self.directory.now(), self.directory.entropy())
    }

    /// The operator, at one organization.
    pub(crate) fn caller(&self, tenant: TenantId, organization: OrganizationId) -> Caller {
        Caller {
            tenant,
            organization,
            via: Channel::Command,
            credential: None,
            scopes: Scopes::default(),
            person: None,
            session: None,
            forwarded: None,
            request: self.directory.operator().request(),
        }
    }

    /// Creates an entity as the operator, at one organization of a tenant.
    pub(crate) async fn create<T>(
        &self,
        (tenant, organization): &(TenantId, OrganizationId),
        entity: T,
    ) -> Result<T, Error>
    where
        T: Into<Entity> + TryFrom<Entity>,
    {
        let caller = self.caller(*tenant, *organization);
        let created = self.directory.scoped(&caller).create_entity(entity).await?;
        created.try_into().map_err(|_| Error::new("the store created something else"))
    }
}
