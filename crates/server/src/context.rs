//! What every command works with: the settings, the store, and the directory over it.

use std::sync::Arc;

use directory::credential::Scopes;
use directory::ids::{OrganizationId, TenantId};
use directory::ports;
use directory::store::Act;
use directory::{Caller, Directory, Store, Via};
use uuid::Uuid;

use crate::adapters::Encryption;
use crate::app::App;
use crate::config::{Config, Flags};
use crate::failure::Failure;
use crate::open::{IfMissing, Place};

pub(crate) struct Context {
    pub directory: Arc<Directory>,
}

impl Context {
    pub(crate) async fn open(flags: &Flags, makes_a_store: bool) -> Result<Self, Failure> {
        let config = Config::load(flags)?;
        let if_missing = if makes_a_store { IfMissing::Make } else { IfMissing::Refuse };
        let store = Place::parse(&config.store)?.open(if_missing).await?;
        // No command that works on people needs the signing keys, so a key file that only the server may read is not opened.
        Ok(Self::new(App::new(store, &config, Encryption::default()).directory))
    }

    pub(crate) fn new(directory: Arc<Directory>) -> Self {
        Self { directory }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.directory.store()
    }

    pub(crate) fn uuid(&self) -> Uuid {
        ports::uuid(self.directory.now(), self.directory.entropy())
    }

    /// The operator, at one organization.
    pub(crate) fn caller(&self, tenant: TenantId, organization: OrganizationId) -> Caller {
        Caller {
            tenant,
            organization,
            via: Via::Command,
            credential: None,
            scopes: Scopes::default(),
            person: None,
            session: None,
            forwarded: None,
            request: format!("command-{}", self.uuid().simple()),
        }
    }

    pub(crate) fn act(&self, tenant: TenantId, organization: OrganizationId) -> Act {
        Act { caller: self.caller(tenant, organization), now: self.directory.now() }
    }
}
