//! The primary is lost under load, and its standby takes over.

use testkit::postgres::Cluster;
use testkit::process::Server;
use testkit::store::{Engine, is_left_out_unless};

use super::load::Load;
use crate::binary;

#[test]
fn a_standby_that_takes_over_has_everything_that_was_acknowledged() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let mut cluster = Cluster::start(&[]);
    cluster.add_standby();
    let store = cluster.url();
    let one = Server::demo(binary(), ["--people", "25", "--store", &store]);
    // Some of the writers come by another process, which has to find the new primary, too.
    let two = Server::serve(binary(), &store, [] as [&str; 0]);
    let load = Load::on([&one, &two], &one.seed().tenant);
    load.during(|| {
        load.until_written(200);
        cluster.kill9();
        // A standby takes no writes, and is not read from.
        load.until_all_refused();
        cluster.promote();
        load.until_all_served();
        load.until_written(200);
    });
    load.assert_kept(&store);
}
