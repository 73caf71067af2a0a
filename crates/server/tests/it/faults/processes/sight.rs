//! What is written through one is read through the other, at once.

use serde_json::{Value, json};
use testkit::callers::Dialect;
use testkit::store::{Engine, is_left_out_unless};

use super::{Pair, ROOT};
use crate::told;
use crate::writers::Writer;

#[test]
fn what_is_written_through_one_is_read_through_the_other() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let callers = pair.callers();
    for index in 0..Dialect::ALL.len() {
        let at = [0, 1].map(|server: usize| Writer::new(index, pair.tenant(), &callers[server]));
        for number in 1..=20 {
            let (here, there) = (number as usize % 2, (number as usize + 1) % 2);
            told(at[here].dialect, at[here].update(number).send(), 200);
            assert_eq!(
                at[there].stored(),
                number,
                "{:?}, in the person and by the search",
                at[there].dialect
            );
            assert_eq!(at[here].stored(), number);
        }
    }
}

#[test]
fn what_people_belong_to_is_known_to_both() {
    if is_left_out_unless(Engine::Postgres) {
        return;
    }
    let pair = Pair::with_people(25);
    let callers = pair.callers();
    let path = format!("/api/v1.4/users/{}", pair.person(0).relesys);
    let groups = |user: &Value| -> Vec<Value> {
        let groups = user["data"]["userGroups"].as_array().expect("a list");
        groups.iter().map(|group| group["id"].clone()).collect()
    };
    for round in 0..6 {
        let (here, there) = (&callers[round % 2].relesys, &callers[(round + 1) % 2].relesys);
        // Both have everything there is in memory.
        for caller in [here, there] {
            told(Dialect::Relesys, caller.get(&path), 200);
        }
        let made = pair.command(&["group", "add", &format!("Crew {round}"), "-o", ROOT]);
        let body = json!([{"op": "replace", "path": "/userGroups", "value": [{"id": made["id"]}]}]);
        let seen = told(Dialect::Relesys, here.patch(&path, &body), 200);
        assert_eq!(groups(&seen), [made["id"].clone()]);
        assert_eq!(groups(&told(Dialect::Relesys, there.get(&path), 200)), [made["id"].clone()]);
    }
}
