//! The connections to PostgreSQL are cut under load: anywhere, and in the middle of commits.

use testkit::postgres::{Cluster, Proxy};
use testkit::process::Server;
use testkit::store::{Engine, is_left_out_unless};

use super::load::Load;
use super::{eventually, rounds};
use crate::binary;

/// Bytes by which each cut comes later than the one before it.
const STEP: u64 = 211;

#[test]
fn a_connection_may_be_cut_anywhere() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let cluster = Cluster::start(&[]);
    let proxy = Proxy::before(&cluster);
    let server = Server::demo(binary(), ["--people", "25", "--store", proxy.url()]);
    let load = Load::on([&server], &server.seed().tenant);
    load.during(|| {
        for round in 0..rounds(80) as u64 {
            let (cuts, bytes) = (proxy.cuts(), 1 + round / 2 * STEP);
            // In what is asked for, and in turn in what is answered: then it may have been done.
            if round.is_multiple_of(2) {
                proxy.cut_after(bytes);
            } else {
                proxy.cut_answers_after(bytes);
            }
            eventually("a connection is cut", || proxy.cuts() > cuts);
            load.until_written(8);
        }
        load.until_all_served();
    });
    load.assert_kept(&cluster.url());
}

#[test]
fn a_commit_that_nobody_confirmed_is_refused_and_made_once() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let mut cluster = Cluster::start(&[]);
    cluster.add_standby();
    let proxy = Proxy::before(&cluster);
    let server = Server::demo(binary(), ["--people", "25", "--store", proxy.url()]);
    let load = Load::on([&server], &server.seed().tenant);
    let rounds = rounds(4);
    load.during(|| {
        for _ in 0..rounds {
            load.until_written(20);
            // What is committed now is on the primary's disk, and not confirmed before the standby has it.
            cluster.stop_standby();
            eventually("a commit waits", || cluster.waiting_commits() > 0);
            proxy.cut();
            cluster.start_standby();
            load.until_all_served();
        }
    });
    let done_all_the_same = load.assert_kept(&cluster.url());
    assert!(done_all_the_same >= rounds, "{done_all_the_same} in {rounds} rounds");
}
