//! The laws that every lens obeys, on generated people.
//!
//! | law | says |
//! | --- | --- |
//! | quiet | writing back what is shown changes nothing |
//! | heard | what was asked for is what is shown afterwards |
//! | kind | what the dialect cannot say survives every write through it |
//! | whole | every refusal about every attribute has a body that the contract documents and that names nothing of ours |
//! | closed | no id of another dialect's and nothing that is not shown on purpose is in an answer |

mod kare;
mod laurel;
mod relesys;
mod replay;

use axum::response::IntoResponse;
use dialects::http::json;
use directory::apply::{self, Applied};
use directory::membership::Membership;
use directory::{
    Attribute, Dialect, EntityKind, Person, PersonChange, Property, Record, Refusal, SubjectKind,
};
use jiff::Timestamp;
use serde_json::Value;
use testkit::openapi::OpenApi;
use testkit::people;

/// A body as a dialect reads it.
fn sent(json: &Value) -> json::Value {
    json::parse(json.to_string().as_bytes()).expect("a body within the limits")
}

/// What a change through a dialect comes to, as the store would have it.
fn applied(dialect: Dialect, record: &Record, change: &PersonChange) -> Result<Applied, Refusal> {
    apply::apply_change(&people::caller(dialect), record, change, Timestamp::new(1_800_000_000, 0).unwrap())
}

/// The record after a change that is known to be allowed.
#[track_caller]
fn after(dialect: Dialect, record: &Record, change: &PersonChange) -> Record {
    let applied = applied(dialect, record, change).expect("the change is allowed");
    Record {
        person: applied.person.into(),
        membership: applied.membership.into(),
        related: record.related.clone(),
        actor: record.actor.clone(),
    }
}

#[track_caller]
fn assert_quiet(dialect: Dialect, record: &Record, change: &PersonChange) {
    let applied = applied(dialect, record, change).expect("writing back is allowed");
    assert_eq!(applied.changes, [], "writing back what is shown changed something");
    assert_eq!((&applied.person, &applied.membership), (&*record.person, &*record.membership));
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

/// Every refusal about every attribute, for the law that each has a body.
fn refusals() -> Vec<Refusal> {
    let custom = Attribute::CustomField("shoe/size".into());
    let properties = Property::ALL.iter().copied().map(Attribute::Of);
    let attributes = Attribute::FIXED.iter().cloned().chain([custom]).chain(properties);
    attributes
        .flat_map(|attribute| {
            std::iter::successors(Some(Refusal::NoSuchPerson), move |refusal| after_it(refusal, &attribute))
        })
        .collect()
}

/// The next refusal in a row of all. There is no `_`, so that a new one has to be put into the row.
fn after_it(refusal: &Refusal, attribute: &Attribute) -> Option<Refusal> {
    let attribute = attribute.clone();
    match refusal {
        Refusal::NoSuchPerson => Some(Refusal::NoSuchEntity(EntityKind::ALL[0])),
        Refusal::NoSuchEntity(kind) => Some(match next_of(&EntityKind::ALL, *kind) {
            Some(kind) => Refusal::NoSuchEntity(kind),
            None => Refusal::InUse { subject: SubjectKind::ALL[0], by: SubjectKind::ALL[0] },
        }),
        Refusal::InUse { subject, by } => {
            Some(match (next_of(&SubjectKind::ALL, *subject), next_of(&SubjectKind::ALL, *by)) {
                (Some(subject), _) => Refusal::InUse { subject, by: *by },
                (None, Some(by)) => Refusal::InUse { subject: *subject, by },
                (None, None) => Refusal::NotADirectChild,
            })
        }
        Refusal::NotADirectChild => Some(Refusal::NotActive),
        Refusal::NotActive => Some(Refusal::CallerGone),
        Refusal::CallerGone => Some(Refusal::NotAllowed("the caller's scope does not allow this change")),
        Refusal::NotAllowed(_) => Some(Refusal::Taken { attribute }),
        Refusal::Taken { .. } => Some(Refusal::Unknown { attribute, value: "3".into() }),
        Refusal::Unknown { .. } => Some(Refusal::invalid(attribute, "is too large")),
        Refusal::Invalid { .. } => Some(Refusal::Unavailable),
        Refusal::Unavailable => None,
    }
}

/// What follows one of a list.
fn next_of<T: Copy + PartialEq>(all: &[T], one: T) -> Option<T> {
    all.iter().copied().skip_while(|it| *it != one).nth(1)
}

/// A dialect's contract, as it is written and as it is used.
fn contract(yaml: &'static str) -> (&'static str, OpenApi) {
    (yaml, OpenApi::parse(yaml).unwrap())
}

/// The body of an error, which holds to the contract and names no attribute as the directory does, unless the vendor uses
/// the same word.
async fn assert_whole(
    (yaml, contract): &(&str, OpenApi),
    schema: impl Fn(u16) -> &'static str,
    error: impl IntoResponse,
) {
    let answer = error.into_response();
    let status = answer.status();
    assert!(status.is_client_error() || status.is_server_error(), "{status}");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    contract.check_schema(schema(status.as_u16()), &body).unwrap_or_else(|error| panic!("{body}: {error}"));
    let text = body.to_string();
    for part in ["custom_fields", "membership.", "name.", "employment.", "work.", "public_id"] {
        assert!(!text.contains(part), "{text}");
    }
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let is_ours = Attribute::FIXED.iter().any(|attribute| attribute.to_string() == word);
        assert!(!is_ours || yaml.contains(&format!(" {word}:")), "{word} in {text}");
    }
}
