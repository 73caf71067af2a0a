//! A server with roles, passwords and certificates, which the shared one does not have.

use std::net::Ipv4Addr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use store::postgres::{Address, OpenError, Options, Postgres};
use tempfile::TempDir;
use testkit::postgres::{Cluster, psql};

pub(crate) const PASSWORD: &str = "s3cret of ada";

/// Also listens on an address of this machine that nobody else uses.
pub(crate) struct Server {
    _cluster: Cluster,
    folder: TempDir,
    pub socket: String,
    pub address: Ipv4Addr,
}

/// Who comes in by the socket is believed. Over the network one has a password, one needs TLS and one must have none.
const RULES: &str = "
local all all trust
host all ada 127.0.0.0/8 scram-sha-256
hostssl all encrypted 127.0.0.0/8 trust
hostnossl all plain 127.0.0.0/8 trust
";

/// Stays until this process ends.
pub(crate) fn server() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
    &SERVER
}

impl Server {
    fn start() -> Server {
        let number = std::process::id();
        let address = Ipv4Addr::new(127, 77, (number >> 8) as u8, number as u8 | 1);
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let rules = write("pg_hba.conf", RULES);
        let (listen, rules) = (address.to_string(), rules.display().to_string());
        let mut cluster = Cluster::start(&[("listen_addresses", &listen), ("hba_file", &rules)]);
        let (authority, certificate, key) = certificates(address);
        write("authority.pem", &authority);
        write("stranger.pem", &certificates(address).0);
        let certificate = write("server.pem", &certificate);
        let key = write("server.key", &key);
        give(&key, owner(&cluster));
        cluster.sql(&[
            &format!("ALTER SYSTEM SET ssl_cert_file = '{}'", certificate.display()),
            &format!("ALTER SYSTEM SET ssl_key_file = '{}'", key.display()),
            "ALTER SYSTEM SET ssl = on",
            &format!("CREATE ROLE ada LOGIN PASSWORD '{PASSWORD}'"),
            "CREATE ROLE encrypted LOGIN",
            "CREATE ROLE plain LOGIN",
            "CREATE ROLE guest LOGIN",
        ]);
        cluster.restart();
        let socket = cluster.url().split_once('?').expect("an address with a socket").1.to_owned();
        Server { _cluster: cluster, folder, socket, address }
    }

    /// A certificate, by the name of its file.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A new database, where only its owner and the superuser may make tables.
    pub(crate) fn database(&self, owner: &str) -> String {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("d{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &[&format!("CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")]);
        self.sql(
            &name,
            &["REVOKE CREATE ON SCHEMA public FROM PUBLIC", &format!("ALTER SCHEMA public OWNER TO {owner}")],
        );
        name
    }

    /// By the socket, without a password.
    pub(crate) fn local(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@/{database}?{}", self.socket)
    }

    /// As the superuser.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, statements: &[&str]) -> String {
        psql(&self.local("postgres", database), statements).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The same address with one more parameter.
pub(crate) fn also(url: &str, parameter: &str) -> String {
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{parameter}")
}

/// As `--store` would.
pub(crate) async fn open(url: &str) -> Result<(), OpenError> {
    open_at(&Address::parse(url)?).await
}

pub(crate) async fn open_at(address: &Address) -> Result<(), OpenError> {
    Postgres::open(address.clone(), Options::default()).await.map(drop)
}

/// What whoever starts the program reads: the sentence, and what to do.
#[track_caller]
pub(crate) fn told(outcome: Result<(), OpenError>) -> String {
    let error = outcome.expect_err("it is refused");
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

/// An authority's certificate, and one by it with its key.
fn certificates(address: Ipv4Addr) -> (String, String, String) {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = parameters.self_signed(&key).unwrap();
    let issuer = Issuer::new(parameters, key);
    let key = KeyPair::generate().unwrap();
    let names = [String::from("db.example"), address.to_string()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

/// The user whose server it is, which is not root where the tests are.
fn owner(cluster: &Cluster) -> u32 {
    let url = cluster.url();
    let socket = url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("a socket");
    std::fs::metadata(socket).unwrap().uid()
}

/// A server reads only a key that is its own.
fn give(key: &Path, owner: u32) {
    chown(key, Some(owner), None).unwrap();
    std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).unwrap();
}
