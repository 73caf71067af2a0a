//! What is recorded while both write, and lists that are read meanwhile.

use std::collections::BTreeSet;

use testkit::callers::Dialect;
use testkit::store::{Engine, is_left_out_unless};

use super::super::load::Load;
use super::{Pair, ROOT};
use crate::told;

/// More than one piece of a list, as it is read from the database.
const PEOPLE: usize = 300;

/// Written before the lists are read, and again after.
const WRITTEN: usize = 100;

#[test]
fn events_are_numbered_without_gaps_and_lists_are_whole_while_both_write() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(PEOPLE);
    let callers = pair.callers();
    let users = format!("/api/v1/customers/{}/users", pair.tenant().laurel.customer_id);
    let list = |at: usize| -> Vec<String> {
        let listed = told(Dialect::Laurel, callers[at].laurel.get(&users), 200);
        let ids = listed.as_array().expect("a list").iter().map(|user| user["_id"].as_str());
        ids.map(|id| id.expect("an id").to_owned()).collect()
    };
    let before = list(0);
    assert!(before.len() >= PEOPLE);

    let load = Load::on(pair.servers(), pair.tenant());
    load.during(|| {
        load.until_written(WRITTEN);
        // Somebody comes by a third process, and is in both lists from then on.
        let mut known: BTreeSet<String> = before.iter().cloned().collect();
        for turn in 0..4 {
            let name = format!("New{turn} Comer");
            let added = pair.command(&["person", "add", "--name", &name, "-o", ROOT]);
            known.insert(added["objectId"].as_str().expect("an id").to_owned());
            for at in [0, 1] {
                let listed = list(at);
                assert!(listed.is_sorted_by(|one, next| one < next), "each once: {listed:?}");
                assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), known);
            }
        }
        load.until_written(WRITTEN);
    });
    load.assert_kept(pair.store.url());

    let events = pair.command(&["event", "list", "--tenant", "1", "--limit", "100000"]);
    let sequences: Vec<u64> = events
        .as_array()
        .expect("a list of events")
        .iter()
        .map(|event| event["sequence"].as_u64().expect("a number"))
        .collect();
    let last = sequences.len() as u64;
    assert!(last > (PEOPLE + 2 * WRITTEN) as u64, "{last}");
    assert!(sequences.into_iter().rev().eq(1..=last), "a number is missing, or is there twice");
}
