//! The laws that every lens obeys, on generated people.
//!
//! | law | says |
//! | --- | --- |
//! | quiet | writing back what is shown changes nothing |
//! | heard | what was asked for is what is shown afterwards |
//! | kind | what the dialect cannot say survives every write through it |
//! | whole | every refusal has a body that the dialect's contract documents |
//! | closed | no id of another dialect's and nothing that is not shown on purpose is in an answer |

mod kare;
mod laurel;
mod relesys;
mod replay;

use dialects::http::json;
use directory::membership::Membership;
use directory::settle::{self, Settled};
use directory::{Dialect, Person, PersonChange, Record, Refusal};
use jiff::Timestamp;
use serde_json::Value;
use testkit::people;

/// A body as a dialect reads it.
fn sent(json: &Value) -> json::Value {
    json::parse(json.to_string().as_bytes()).expect("a body within the limits")
}

/// What a change through a dialect comes to, as the store would have it.
fn settled(dialect: Dialect, record: &Record, change: &PersonChange) -> Result<Settled, Refusal> {
    settle::settle(&people::caller(dialect), record, change, Timestamp::new(1_800_000_000, 0).unwrap())
}

/// The record after a change that is known to be allowed.
#[track_caller]
fn after(dialect: Dialect, record: &Record, change: &PersonChange) -> Record {
    let settled = settled(dialect, record, change).expect("the change is allowed");
    Record {
        person: settled.person.into(),
        membership: settled.membership.into(),
        related: record.related.clone(),
        actor: record.actor.clone(),
    }
}

#[track_caller]
fn assert_quiet(dialect: Dialect, record: &Record, change: &PersonChange) {
    let settled = settled(dialect, record, change).expect("writing back is allowed");
    assert_eq!(settled.changes, [], "writing back what is shown changed something");
    assert_eq!((&settled.person, &settled.membership), (&*record.person, &*record.membership));
}

/// Both people, but for what a dialect may change and what moves with every change.
#[track_caller]
fn assert_kind(before: &Record, after: &Record, mask: impl Fn(&mut Person, &mut Membership)) {
    let masked = |record: &Record| {
        let blank = Person::new(
            record.person.id,
            record.person.number,
            record.person.object_id,
            Timestamp::UNIX_EPOCH,
        );
        let (mut person, mut membership) =
            (Person::clone(&record.person), Membership::clone(&record.membership));
        person.updated_at = blank.updated_at;
        person.version = blank.version;
        membership.updated_at = blank.updated_at;
        mask(&mut person, &mut membership);
        (person, membership)
    };
    assert_eq!(masked(before), masked(after), "a write touched what the dialect cannot say");
}

/// Every refusal there is, for the law that each has a body.
fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::NoSuchPerson,
        Refusal::NotADirectChild,
        Refusal::NotActive,
        Refusal::CallerGone,
        Refusal::NotAllowed("the caller's scope does not allow this change"),
        Refusal::Taken { attribute: "email" },
        Refusal::Unknown { attribute: "groups", value: "x".into() },
        Refusal::invalid("card_number", "must not be set without a member card"),
        Refusal::Unavailable,
    ]
}
