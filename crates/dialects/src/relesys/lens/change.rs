//! From a JSON Patch to a change: applied to the view, what comes out is read where it differs from the view as it was.

use directory::change::Change;
use directory::custom_field::{CustomFieldKind, CustomValue};
use directory::identity::{Family, Identity, Source};
use directory::person_change::NameChange;
use directory::{Needs, PersonChange, Record};
use serde_json::{Map, Value};

use super::model::{self, Kind, Member};
use super::values::{self, Wrong};
use crate::http::{FieldError, json};
use crate::json_patch::{self, Document};
use crate::relesys::error::{Error, NOT_A_GUID, custom_field_path, sentence, unknown_custom_field};
use crate::relesys::version::Version;

const NOT_FIELDS: &str = "Must be an object, such as {\"shoeSize\": \"42\"}.";
const NOT_A_TEXT: &str = "Must be a string, such as \"42\".";
const NOT_A_VALUE: &str =
    "Must be a string or an array of strings, such as \"Blue\" or [\"Blue\", \"Green\"].";

/// Mistakes that are told of in one answer; more help nobody.
const MOST_ERRORS: usize = 100;

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
    pub fn needs(&self) -> Needs {
        let custom_fields = self.members.iter().any(|member| matches!(member.kind, Kind::CustomFields));
        Needs { custom_fields, ..Needs::default() }
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
    let mut reading =
        Reading { version: patch.version, record, change: PersonChange::default(), errors: vec![] };
    for member in &patch.members {
        let (before, after) = (&before[member.name], &after[member.name]);
        if before == after {
            continue;
        }
        if let Err(wrong) = reading.read(&member.kind, before, after) {
            reading.wrong(format!("/{}{}", member.name, wrong.below), wrong.message);
        }
    }
    if reading.errors.is_empty() { Ok(reading.change) } else { Err(reading.errors.into()) }
}

struct Reading<'a> {
    version: Version,
    record: &'a Record,
    change: PersonChange,
    errors: Vec<FieldError>,
}

impl Reading<'_> {
    /// Reads a member that became different.
    fn read(&mut self, kind: &Kind, before: &Value, after: &Value) -> Result<(), Wrong> {
        let (person, change) = (&self.record.person, &mut self.change);
        match kind {
            Kind::Name => change.name = NameChange::Full(values::name(after)?),
            Kind::ExternalId => {
                let identity = |value| Identity { source: Source::Relesys, value };
                let external_id = values::text(after, 1)?.map(identity);
                change.identities.insert(Family::Relesys, external_id.into_iter().collect());
            }
            Kind::Text { least, slot, .. } => *slot(change) = Change::to(values::text(after, *least)?),
            Kind::Email { slot, .. } => *slot(change) = Change::to(values::email(after)?),
            Kind::Phone { of, slot } => {
                *slot(change) = Change::to(values::phone(after, of(person).as_ref())?);
            }
            Kind::Instant { slot, .. } => *slot(change) = Change::to(values::date_time(after)?),
            Kind::Gender => change.gender = Change::to(values::gender(after)?),
            Kind::Asset { slot, .. } => *slot(change) = Change::to(values::guid(after)?),
            Kind::PrimaryDepartment => {
                let department = values::guid(after)?.ok_or(NOT_A_GUID)?;
                change.primary_department = Change::Set(department);
            }
            Kind::AdditionalDepartments => {
                change.additional_departments = Change::Set(values::entries(after)?);
            }
            Kind::Groups => change.groups = Change::Set(values::entries(after)?),
            Kind::CustomFields => self.read_custom_fields(before, after)?,
        }
        Ok(())
    }

    fn read_custom_fields(&mut self, before: &Value, after: &Value) -> Result<(), Wrong> {
        let Value::Object(after) = after else { return Err(NOT_FIELDS.into()) };
        let none = Map::new();
        let before = before.as_object().unwrap_or(&none);
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            self.change.custom_fields.insert(key.clone(), Change::Clear);
        }
        for (key, value) in after {
            if before.get(key) == Some(value) {
                continue;
            }
            match self.custom_field(key, value) {
                Ok(value) => {
                    self.change.custom_fields.insert(key.clone(), Change::Set(value));
                }
                Err(error) => self.wrong(error.path, error.message),
            }
        }
        Ok(())
    }

    fn custom_field(&self, key: &str, value: &Value) -> Result<CustomValue, FieldError> {
        let field = self.record.related.custom_field(key).ok_or_else(|| unknown_custom_field(key))?;
        let wrong = |message: String| FieldError { path: custom_field_path(key), message };
        let value = match values::custom_value(value) {
            // Versions that know texts only write a list of one.
            Some(CustomValue::Text(text))
                if self.version < Version::TYPED && field.kind == CustomFieldKind::MultiSelect =>
            {
                CustomValue::List(vec![text])
            }
            Some(CustomValue::List(_)) if self.version < Version::TYPED => {
                return Err(wrong(NOT_A_TEXT.into()));
            }
            Some(value) => value,
            None if self.version < Version::TYPED => return Err(wrong(NOT_A_TEXT.into())),
            None => return Err(wrong(NOT_A_VALUE.into())),
        };
        field.check(&value).map_err(|reason| wrong(sentence(&reason)))?;
        Ok(value)
    }

    fn wrong(&mut self, path: String, message: String) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(FieldError { path, message });
        }
    }
}
