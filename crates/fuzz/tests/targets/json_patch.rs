//! JSON Patch, by the plain RFC and as Relesys has it.

use std::sync::LazyLock;

use dialects::http::json;
use dialects::json_patch::{Document, Reason, Rules, Shape, equal};
use dialects::relesys::lens::{PatchUser, change, show};
use dialects::relesys::version::Version;
use directory::{Dialect, Record, apply};
use jiff::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use testkit::people;

/// What the operations of one patch may write, and what a record adds to it where members were left out.
const MOST_WRITTEN: usize = 2 << 20;

/// A model with a place of each kind.
static MODEL: LazyLock<Rules> = LazyLock::new(|| {
    let entry = Shape::Record(vec![("id", Shape::value()), ("dataSource", Shape::defaulted("API".into()))]);
    Rules {
        shape: Shape::Record(vec![
            ("name", Shape::value()),
            ("title", Shape::value()),
            ("phoneNumber", Shape::Record(vec![("countryCode", Shape::value()), ("number", Shape::value())])),
            ("userGroups", Shape::list(entry)),
            ("customFields", Shape::map(Shape::Any)),
        ]),
        read_only: &["id", "status"],
        whole_document: false,
        in_any_case: true,
    }
});

fn view() -> Value {
    json!({
        "name": "Ada",
        "title": null,
        "phoneNumber": {"countryCode": "45", "number": "12345678"},
        "userGroups": [{"id": "1", "dataSource": "API"}, {"id": "2", "dataSource": null}],
        "customFields": {"shoeSize": "42", "colours": ["Blue", "Green"]},
    })
}

/// Bytes of texts, and some for each value.
fn size(value: &Value) -> usize {
    64 + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(elements) => elements.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
    }
}

#[test]
fn a_plain_patch_does_what_another_implementation_does() {
    let rules = Rules::default();
    fuzz::check!(move |bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        let text = super::json::plain(&body).to_string();
        let Ok(patch) = Document::read(body, &rules) else { return };
        let ours = patch.apply(&view());
        // The other one has no limits, and `serde_json` misreads objects with its reserved names.
        let is_too_much =
            ours.as_ref().is_err_and(|error| matches!(error.reason, Reason::TooLarge | Reason::TooDeep));
        if is_too_much || text.contains("$serde_json::private") {
            return;
        }
        // The other one is told of the last member of each name alone, as RFC 8259 lets a reader do.
        let Ok(theirs) = serde_json::from_str::<json_patch::Patch>(&text) else {
            panic!("the patch is well-formed here and not there: {text}")
        };
        let mut after = view();
        match (ours, json_patch::patch_unsafe(&mut after, &theirs)) {
            (Ok(ours), Ok(())) => assert!(equal(&ours, &after), "{ours}\n{after}"),
            (Ok(_), Err(_)) | (Err(_), Err(_)) => {}
            (Err(error), Ok(())) => {
                // There a value that is moved into itself disappears first.
                assert!(error.reason == Reason::IntoItself, "{error}: {text}");
            }
        }
    });
}

#[test]
fn a_patch_of_a_model_keeps_its_shape_and_a_bounded_size() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        let before = view();
        let patch = match Document::read(body, &MODEL) {
            Ok(patch) => patch,
            Err(error) => return assert!(!error.to_string().is_empty()),
        };
        let members = patch.members();
        let Ok(after) = patch.apply(&before) else { return };
        assert!(size(&after) <= size(&before) + MOST_WRITTEN, "{} bytes", size(&after));
        let names =
            |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
        assert_eq!(names(&before), names(&after), "members of a record neither come nor go");
        for (name, value) in before.as_object().into_iter().flatten() {
            assert!(
                members.contains(&name.as_str()) || after[name] == *value,
                "{name} changed, which no path leads to"
            );
        }
        assert_eq!(patch.apply(&before), Ok(after), "a patch that is applied again gives something else");
    });
}

#[test]
fn a_patch_of_a_user_is_refused_or_settled_and_then_shown() {
    let caller = people::caller(Dialect::Relesys);
    let records: Vec<Record> = (0..8)
        .scan(TestRunner::deterministic(), |runner, _| {
            Some(people::record().new_tree(runner).ok()?.current())
        })
        .collect();
    let now = Timestamp::new(1_800_000_000, 0).expect("a time");
    fuzz::check!(move |bytes: &[u8]| {
        let Ok(body) = json::parse(bytes) else { return };
        for (version, record) in Version::ALL.into_iter().zip(records.iter().cycle()) {
            let Ok(patch) = PatchUser::read(version, body.clone()) else { continue };
            let Ok(asked) = change(&patch, record) else { continue };
            let Ok(applied) = apply::apply_change(&caller, record, &asked, now) else { continue };
            let after = Record {
                person: applied.person.into(),
                membership: applied.membership.into(),
                related: record.related.clone(),
                actor: record.actor.clone(),
            };
            let shown = |record| {
                serde_json::to_value(show(record, version, "http://people.example")).expect("a user is JSON")
            };
            let (before, after) = (shown(record), shown(&after));
            for fixed in ["id", "url", "status", "creationDateTime"] {
                assert_eq!(before[fixed], after[fixed], "{fixed} is read-only");
            }
        }
    });
}
