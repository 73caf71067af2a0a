//! Puts the program together: the directory over its store, and the APIs over the directory.

use std::collections::HashMap;
use std::sync::Arc;

use dialects::{Composed, Served, kare, laurel, relesys, replay};
use directory::ids::TenantId;
use directory::ports::{Clock, Entropy};
use directory::{Dialect, Directory, Store};

use crate::adapters::{Argon2Passwords, Keyring, OsEntropy, SystemClock};
use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;
use crate::world::{Place, World};

/// A directory with all that the domain asks of the outside.
pub(crate) struct App {
    pub directory: Arc<Directory>,
    pub keyring: Arc<Keyring>,
}

impl App {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let keyring = Arc::new(Keyring::new(store.clone(), clock.clone(), entropy.clone()));
        let passwords = Arc::new(Argon2Passwords::default());
        let directory = Directory::new(store, clock, entropy, keyring.clone(), passwords);
        Self { directory: Arc::new(directory), keyring }
    }
}

/// Every API that is switched on, where it answers.
pub(crate) async fn compose(directory: &Arc<Directory>, config: &Config) -> Result<Composed, Failure> {
    let enabled = Dialect::ALL.into_iter().filter(|dialect| config.is_enabled(*dialect));
    let served = enabled.map(|dialect| served(dialect, directory.clone(), config));
    let public_url = Some(config.public_url.clone()).filter(|url| !url.is_empty());
    Ok(Composed::new(served.collect(), public_url, bound_tenants(directory, config).await?))
}

/// The tenants that host names are bound to.
async fn bound_tenants(
    directory: &Arc<Directory>,
    config: &Config,
) -> Result<HashMap<String, TenantId>, Failure> {
    let named = config.tenants()?;
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let world = World::load(&Context::new(directory.clone(), config.clone())).await?;
    let bound = named.into_iter().map(|(host, text)| {
        let place = Place { organization: Some(text.to_owned()), tenant: None };
        let mut tenants: Vec<TenantId> = world.matching(&place).iter().map(|(tenant, _)| *tenant).collect();
        tenants.dedup();
        match tenants.as_slice() {
            [tenant] => Ok((host, *tenant)),
            [] => Err(Failure::new(format!(
                "tenants binds {host} to {text:?}, and there is no such organization"
            ))
            .hint("see them all with: personae organization list")),
            _ => Err(Failure::new(format!("tenants binds {host} to {text:?}, which several tenants have"))
                .hint("write the organization's id, from: personae organization list")),
        }
    });
    bound.collect()
}

fn served(dialect: Dialect, directory: Arc<Directory>, config: &Config) -> Served {
    let hosts = config.hosts(dialect);
    match dialect {
        Dialect::Relesys => relesys::routes::served(directory, hosts),
        Dialect::Replay => replay::routes::served(directory, hosts),
        Dialect::Kare => kare::routes::served(directory, hosts),
        Dialect::Laurel => {
            let settings = laurel::auth::Settings { require_integration: config.laurel.require_integration };
            laurel::routes::served(directory, settings, hosts)
        }
    }
}
