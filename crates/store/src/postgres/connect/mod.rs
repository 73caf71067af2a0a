//! Where the database is, and how every connection to it is made.

mod address;
mod error;
mod tls;

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

pub use address::Address;
pub use error::{ConnectError, OpenError};
pub(super) use error::{OLDEST, describe};

use address::{Host, Place};
use error::HostError;

/// Addresses of one name that are tried. Each may have to be waited for.
const MOST_ADDRESSES: usize = 4;

impl Address {
    /// A new connection to whichever host can be written to, with these settings of the server's (`-c name=value ...`)
    /// for as long as it lives. What the URL sets goes over them.
    pub(super) async fn connect(&self, settings: &str) -> Result<Client, ConnectError> {
        let config = self.with(settings);
        let first = self.last.load(Ordering::Relaxed);
        let mut faults = Vec::new();
        for index in (0..self.hosts.len()).map(|index| (first + index) % self.hosts.len()) {
            let host = &self.hosts[index];
            match self.connect_to(host, &config).await {
                Ok(client) => {
                    self.last.store(index, Ordering::Relaxed);
                    return Ok(client);
                }
                Err(fault) => faults.push((host.to_string(), fault)),
            }
        }
        Err(ConnectError::new(faults))
    }

    fn with(&self, settings: &str) -> Config {
        let mut config = self.config.clone();
        let own = if self.is_pooled { "" } else { settings };
        let options = [own, self.config.get_options().unwrap_or_default()].join(" ");
        if !options.trim().is_empty() {
            config.options(options.trim());
        }
        config
    }

    async fn connect_to(&self, host: &Host, config: &Config) -> Result<Client, HostError> {
        let mut config = config.clone();
        config.port(host.port);
        let (name, address) = match &host.place {
            Place::Unix(folder) => {
                // Nobody listens in on a socket of this machine, and servers offer no TLS there.
                config.host_path(folder).ssl_mode(SslMode::Disable);
                return self.open(host, config).await;
            }
            Place::Tcp(name, address) => (name, *address),
        };
        config.host(name);
        let addresses = match address {
            Some(address) => vec![address],
            None => {
                let found = within(self.patience, lookup_host((name.as_str(), host.port))).await?;
                let found = found.map_err(|_| HostError::UnknownName)?;
                found.map(|address| address.ip()).take(MOST_ADDRESSES).collect()
            }
        };
        let mut worst = HostError::UnknownName;
        for address in addresses {
            let mut config = config.clone();
            config.hostaddr(address);
            match self.open(host, config).await {
                Ok(client) => return Ok(client),
                Err(fault) => worst = worst.or(fault),
            }
        }
        Err(worst)
    }

    async fn open(&self, host: &Host, config: Config) -> Result<Client, HostError> {
        let connected = within(self.patience, config.connect(self.tls.clone())).await?;
        let (client, connection) = connected.map_err(|error| HostError::of(&error))?;
        let host = host.to_string();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(host, error = describe(&error), "a connection to the database was lost");
            }
        });
        Ok(client)
    }
}

async fn within<T>(patience: Option<Duration>, future: impl Future<Output = T>) -> Result<T, HostError> {
    match patience {
        Some(patience) => timeout(patience, future).await.map_err(|_| HostError::Silent(patience)),
        None => Ok(future.await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_goes_over_our_settings_and_a_pooler_gets_none_of_them() {
        let options = |url: &str| {
            let config = Address::parse(url).unwrap().with("-c jit=off");
            config.get_options().map(str::to_owned)
        };
        assert_eq!(options("postgres://h/d").as_deref(), Some("-c jit=off"));
        let own = "options=-csearch_path%3Dpersonae";
        assert_eq!(
            options(&format!("postgres://h/d?{own}")).as_deref(),
            Some("-c jit=off -csearch_path=personae")
        );
        assert_eq!(options("postgres://h/d?pooler=transaction"), None);
        let pooled = options(&format!("postgres://h/d?{own}&pooler=session"));
        assert_eq!(pooled.as_deref(), Some("-csearch_path=personae"));
    }
}
