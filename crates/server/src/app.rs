//! Puts the program together: the directory over its store, and the APIs over the directory.

use std::collections::HashMap;
use std::sync::Arc;

use dialects::{Composed, Mount, kare, laurel, relesys, replay};
use directory::ids::TenantId;
use directory::ports::{Clock, Entropy};
use directory::{Dialect, Directory, Store};

use crate::adapters::{Argon2Passwords, Encryption, Keyring, OsEntropy, SystemClock};
use crate::config::Config;
use crate::context::Context;
use crate::error::Error;
use crate::tenant_index::{Place, TenantIndex};

/// A directory with all that the domain asks of the outside.
pub(crate) struct App {
    pub directory: Arc<Directory>,
    pub keyring: Arc<Keyring>,
}

impl App {
    pub(crate) fn new(store: Arc<dyn Store>, config: &Config, encryption: Encryption) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let keyring = Arc::new(Keyring::new(store.clone(), clock.clone(), entropy.clone(), encryption));
        let passwords = Arc::new(Argon2Passwords::default());
        let directory = Directory::new(store, clock, entropy, keyring.clone(), passwords);
        let directory = directory.with_rate_limits(config.rate_limits());
        Self { directory: Arc::new(directory), keyring }
    }
}

/// Every API that is switched on, where it answers.
pub(crate) async fn compose(directory: &Arc<Directory>, config: &Config) -> Result<Composed, Error> {
    let enabled = Dialect::ALL.into_iter().filter(|dialect| config.is_enabled(*dialect));
    let mounts = enabled.map(|dialect| mount(dialect, directory.clone(), config));
    let public_url = Some(config.public_url.clone()).filter(|url| !url.is_empty());
    Ok(Composed::new(mounts.collect(), public_url, bound_tenants(directory, config).await?))
}

/// The tenants that host names are bound to.
async fn bound_tenants(
    directory: &Arc<Directory>,
    config: &Config,
) -> Result<HashMap<String, TenantId>, Error> {
    let named = config.tenants()?;
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let tenants = TenantIndex::load(&Context::new(directory.clone(), config.clone())).await?;
    let bound = named.into_iter().map(|(host, text)| {
        let place = Place { organization: Some(text.to_owned()), tenant: None };
        let mut found: Vec<TenantId> = tenants.matching(&place).iter().map(|(tenant, _)| *tenant).collect();
        found.dedup();
        match found.as_slice() {
            [tenant] => Ok((host, *tenant)),
            [] => Err(Error::new(format!(
                "tenants binds {host} to {text:?}, and there is no such organization"
            ))
            .hint("see them all with: personae organization list")),
            _ => Err(Error::new(format!("tenants binds {host} to {text:?}, which several tenants have"))
                .hint("write the organization's id, from: personae organization list")),
        }
    });
    bound.collect()
}

fn mount(dialect: Dialect, directory: Arc<Directory>, config: &Config) -> Mount {
    let hosts = config.hosts(dialect);
    match dialect {
        Dialect::Relesys => relesys::routes::mount(directory, hosts),
        Dialect::Replay => replay::routes::mount(directory, hosts),
        Dialect::Kare => kare::routes::mount(directory, hosts),
        Dialect::Laurel => {
            let settings = laurel::auth::Settings { require_integration: config.laurel.require_integration };
            laurel::routes::mount(directory, settings, hosts)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use directory::credential::{Credential, KeyHash, Scopes};
    use directory::ids::{CredentialId, ObjectId, OrganizationId};
    use directory::store::{NewOrganization, Origin};
    use directory::throttle::{RateLimit, RateLimits, Throttled};
    use directory::{AccessError, Named, RequestContext};
    use jiff::{Timestamp, ToSpan};
    use uuid::Uuid;

    use super::*;
    use crate::open::{IfMissing, Place};

    /// A clock whose time of day an operator sets, and whose monotonic time only goes on.
    struct Hands(Mutex<(Timestamp, Duration)>);

    impl Hands {
        fn set(&self, change: impl FnOnce(&mut (Timestamp, Duration))) {
            change(&mut self.0.lock().unwrap());
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            self.0.lock().unwrap().0
        }

        fn elapsed(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    struct Stage {
        hands: Arc<Hands>,
        store: Arc<dyn Store>,
        directory: Directory,
        _folder: tempfile::TempDir,
    }

    const ID: CredentialId = CredentialId(Uuid::from_u128(7));

    impl Stage {
        /// One Replay key, `id.secret`, in an API whose keys may be used twice a minute.
        async fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let place = Place::Sqlite(folder.path().join("personae.db"));
            let store = place.open(IfMissing::Make).await.unwrap();
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            let hands = Arc::new(Hands(Mutex::new((now, Duration::ZERO))));
            let root = NewOrganization {
                id: OrganizationId(Uuid::from_u128(1)),
                object_id: ObjectId([1; 12]),
                parent: None,
                name: "Aurora".to_owned(),
                details: Default::default(),
                created_at: now,
            };
            let organization = store
                .add_organization(None, root, Origin::of_command("a test", Timestamp::UNIX_EPOCH))
                .await
                .unwrap();
            let tenant = store.organizations().await.unwrap()[0].tenant.id;
            let credential = Credential {
                id: ID,
                tenant,
                organization: organization.id,
                dialect: Dialect::Replay,
                name: "A key".to_owned(),
                public_id: "id".to_owned(),
                keys: vec![KeyHash::new("secret", now)],
                scopes: Scopes::default(),
                rate_limit: RateLimit::OfDialect,
                created_at: now,
                expires_at: None,
                revoked_at: None,
                last_used_at: None,
                old_key_used_at: None,
                person: None,
                description: None,
            };
            store
                .add_credential(credential, Origin::of_command("a test", Timestamp::UNIX_EPOCH))
                .await
                .unwrap();
            let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
            let keyring = Keyring::new(store.clone(), hands.clone(), entropy.clone(), Encryption::default());
            let passwords = Arc::new(Argon2Passwords::default());
            let directory =
                Directory::new(store.clone(), hands.clone(), entropy, Arc::new(keyring), passwords)
                    .with_rate_limits(RateLimits { replay: 2.try_into().ok(), ..RateLimits::default() });
            Self { hands, store, directory, _folder: folder }
        }

        async fn call(&self) -> Result<(), AccessError> {
            let context = RequestContext {
                dialect: Dialect::Replay,
                id: "request".into(),
                source: None,
                tenant: None,
                named: Named::default(),
            };
            self.directory.caller_with_key(&context, "id.secret").await.map(|_| ())
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_stops_no_client() {
        let stage = Stage::open().await;
        let refused = |retry_after| Err(AccessError::Throttled(Throttled { limit: 2, retry_after }));
        assert_eq!([stage.call().await, stage.call().await], [Ok(()); 2]);
        assert_eq!(stage.call().await, refused(60));
        stage.hands.set(|(now, _)| *now -= 48.hours());
        assert_eq!(stage.call().await, refused(60));
        stage.hands.set(|(_, elapsed)| *elapsed += Duration::from_secs(59));
        assert_eq!(stage.call().await, refused(1));
        stage.hands.set(|(_, elapsed)| *elapsed += Duration::from_secs(1));
        assert_eq!(stage.call().await, Ok(()));
        // Nor does a clock that is set forward give anyone another minute's requests.
        assert_eq!(stage.call().await, Ok(()));
        stage.hands.set(|(now, _)| *now += 96.hours());
        assert_eq!(stage.call().await, refused(60));
    }

    #[tokio::test]
    async fn what_is_known_of_a_credential_is_read_again_in_time_whatever_the_time_of_day_says() {
        let stage = Stage::open().await;
        assert_eq!(stage.call().await, Ok(()));
        assert!(
            stage.store.revoke_credential(ID, Origin::of_command("a test", stage.hands.now())).await.unwrap()
        );
        stage.hands.set(|(now, _)| *now -= 48.hours());
        stage.hands.set(|(_, elapsed)| *elapsed += directory::limits::CREDENTIAL_CACHE);
        assert_eq!(stage.call().await, Err(AccessError::Unauthenticated));
    }
}
