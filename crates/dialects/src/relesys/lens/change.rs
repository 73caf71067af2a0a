//! From a JSON Patch to a change: applied to the view, what comes out is read where it differs from the view as it was.

use directory::{Include, PersonChange, Record};
use serde_json::Value;

use super::model::{self, Kind, Member};
use super::reading::Reading;
use crate::http::json;
use crate::json_patch::{self, Document};
use crate::relesys::error::{Error, PATCH};
use crate::relesys::version::Version;

/// The body of `PATCH /users/{userId}`, and the members that it is about. The others it can neither read nor change.
#[derive(Debug)]
pub struct PatchUser {
    version: Version,
    document: Document<'static>,
    members: Vec<&'static Member>,
}

impl PatchUser {
    pub fn read(version: Version, body: json::Value) -> Result<Self, json_patch::Error> {
        let document = Document::read(body, model::rules(version))?;
        let members = document.members().into_iter().filter_map(model::member).collect();
        Ok(Self { version, document, members })
    }

    /// The definitions of custom fields are asked for only where a value may have to be checked.
    pub fn include(&self) -> Include {
        let custom_fields = self.members.iter().any(|member| matches!(member.kind, Kind::CustomFields));
        Include { custom_fields, ..Include::default() }
    }
}

/// What a patch asks of the person as it is. Writing back what is shown changes nothing, and what is as it was is not
/// checked again.
pub fn change(patch: &PatchUser, record: &Record) -> Result<PersonChange, Error> {
    let view = patch.members.iter().map(|member| {
        let value = member.kind.view(record, patch.version);
        (member.name.to_owned(), value)
    });
    let before = Value::Object(view.collect());
    let after = patch.document.apply(&before)?;
    let mut reading = Reading {
        version: patch.version,
        root: PATCH,
        person: Some(&record.person),
        custom_fields: &record.related.custom_fields,
        change: PersonChange::default(),
        errors: vec![],
    };
    for member in &patch.members {
        let (before, after) = (&before[member.name], &after[member.name]);
        if before != after {
            reading.member(member, before, after);
        }
    }
    Ok(reading.done()?)
}
