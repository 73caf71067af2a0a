//! Reading the members of the update model into a change, each by the rule of its kind.

use directory::PersonChange;
use directory::change::Change;
use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::identity::{Family, Identity, Source};
use directory::person::Person;
use directory::person_change::NameChange;
use serde_json::{Map, Value};

use super::model::{Kind, Member};
use super::values::{self, ValueError};
use crate::http::FieldError;
use crate::relesys::error::{NOT_A_GUID, custom_field_path, sentence, unknown_custom_field};
use crate::relesys::version::Version;

const NOT_FIELDS: &str = "Must be an object, such as {\"shoeSize\": \"42\"}.";
const NOT_A_TEXT: &str = "Must be a string, such as \"42\".";
const NOT_A_VALUE: &str =
    "Must be a string or an array of strings, such as \"Blue\" or [\"Blue\", \"Green\"].";

/// Mistakes that are told of in one answer; more help nobody.
const MOST_ERRORS: usize = 100;

/// What was read so far, and what was wrong with it.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) version: Version,
    /// What the names of members begin with in errors.
    pub(super) root: &'static str,
    /// The person as it is, if it is there already.
    pub(super) person: Option<&'a Person>,
    /// Every definition of the tenant.
    pub(super) custom_fields: &'a [CustomField],
    pub(super) change: PersonChange,
    pub(super) errors: Vec<FieldError>,
}

impl Reading<'_> {
    /// Reads what a member became.
    pub(super) fn member(&mut self, member: &Member, before: &Value, after: &Value) {
        if let Err(wrong) = self.read(&member.kind, before, after) {
            self.wrong(&format!("{}{}", member.name, wrong.below), wrong.message);
        }
    }

    /// Notes a mistake below the root.
    pub(super) fn wrong(&mut self, path: &str, message: impl Into<String>) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(FieldError { path: format!("{}{path}", self.root), message: message.into() });
        }
    }

    /// Ends the reading: the change, or all that was wrong.
    pub(super) fn done(self) -> Result<PersonChange, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(self.change) } else { Err(self.errors) }
    }

    fn read(&mut self, kind: &Kind, before: &Value, after: &Value) -> Result<(), ValueError> {
        let change = &mut self.change;
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
                let before = self.person.and_then(|person| of(person).as_ref());
                *slot(change) = Change::to(values::phone(after, before)?);
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

    fn read_custom_fields(&mut self, before: &Value, after: &Value) -> Result<(), ValueError> {
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
                Err(error) => self.wrong(&error.path, error.message),
            }
        }
        Ok(())
    }

    fn custom_field(&self, key: &str, value: &Value) -> Result<CustomValue, FieldError> {
        let field = self.custom_fields.iter().find(|field| field.key == key);
        let field = field.ok_or_else(|| unknown_custom_field(key))?;
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
}
