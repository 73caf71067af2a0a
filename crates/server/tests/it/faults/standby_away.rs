//! The standby that is to confirm every commit is away: changes are refused in time, reads go on, and all is well when it is back.

use std::thread;

use serde_json::json;
use testkit::callers::{Caller, Dialect};
use testkit::postgres::Cluster;
use testkit::process::Server;
use testkit::store::{Engine, is_left_out_unless};

use super::load::Load;
use super::{BOUND, eventually, unavailable};
use crate::{binary, told};

/// More than may be let in at once, so that somebody waits for somebody.
const SIGN_INS: usize = 8;

/// Takes as long as a commit is waited for, which is nearly all that it does: some fifteen seconds.
#[test]
fn while_the_standby_is_away_changes_are_refused_and_reads_go_on() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let mut cluster = Cluster::start(&[]);
    cluster.add_standby();
    let store = cluster.url();
    let server = Server::demo(binary(), ["--people", "25", "--store", &store]);
    let (callers, tenant) = (server.callers(), &server.seed().tenant);
    let person = &tenant.people[0];
    let paths = [
        format!("/api/v1.4/users/{}", person.relesys),
        format!("/api/user/{}", person.replay),
        format!("/users/v1/rs/{}", person.kare),
        format!("/api/v1/customers/{}/users?search=ada", tenant.laurel.customer_id),
    ];
    // To sign in is a change, too: a session begins.
    let sign_in = || {
        let login = &tenant.kare.user;
        let body = json!({"email": login.email, "password": login.password});
        let nobody = Caller::nobody(&server.client(), Dialect::Kare);
        nobody.raw("POST", "/auth/v1/rs/login/credentials").json(body).within(BOUND).send()
    };
    let load = Load::on([&server], tenant);
    load.during(|| {
        load.until_written(40);
        cluster.stop_standby();
        eventually("a commit waits", || cluster.waiting_commits() > 0);
        thread::scope(|scope| {
            let sign_ins = [(); SIGN_INS].map(|()| scope.spawn(sign_in));
            load.until_all_refused_while(|| {
                for (caller, path) in callers.all().into_iter().zip(&paths) {
                    told(caller.dialect, caller.get(path), 200);
                }
            });
            for answer in sign_ins {
                unavailable(Dialect::Kare, answer.join().expect("an answer"));
            }
        });
        cluster.start_standby();
        load.until_all_served();
        told(Dialect::Kare, sign_in(), 201);
    });
    load.assert_kept(&store);
}
