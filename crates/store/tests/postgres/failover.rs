//! Several hosts, of which one can be written to.

use std::net::TcpListener;

use store::postgres::{Address, holds_a_store};
use testkit::postgres::Cluster;

use crate::server::{open, open_at, server, told};

#[tokio::test]
async fn hosts_that_are_down_or_silent_are_passed_over() {
    let server = server();
    let name = server.database("personae");
    let (socket, port) = server.socket.split_once("&port=").expect("a host and a port");
    let socket = socket.strip_prefix("host=").expect("the host comes first");
    // It lets connections wait, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = silent.local_addr().unwrap().port();
    let url = format!(
        "postgres://personae@/{name}?host=/nowhere/at/all,127.0.0.1,{socket}&port=1,{other},{port}&connect_timeout=1"
    );
    let address = Address::parse(&url).unwrap();
    open_at(&address).await.unwrap();
    drop(silent);
    assert!(holds_a_store(&address).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_to_write_to_is_found_before_and_after_a_failover() {
    let mut cluster = Cluster::start(&[]);
    cluster.add_standby();
    let standby = told(open(&cluster.standby_url()).await);
    assert!(standby.contains("is read-only, as a standby is\nhint: name all hosts"), "{standby}");

    let address = Address::parse(&cluster.url()).unwrap();
    open_at(&address).await.unwrap();

    cluster.kill9();
    let error = open_at(&address).await.unwrap_err();
    let says = error.to_string();
    assert!(says.starts_with("no host of the database can be used: "), "{says}");
    assert!(says.contains("refuses connections; ") && says.contains("is read-only"), "{says}");
    assert!(error.may_pass(), "a standby may be promoted at any time");

    cluster.promote();
    assert!(holds_a_store(&address).await.unwrap(), "what was acknowledged is on the other host");
    open_at(&address).await.unwrap();
}
