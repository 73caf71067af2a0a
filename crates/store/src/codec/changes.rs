//! What an event changed, as JSON.

use std::collections::BTreeMap;
use std::fmt;

use directory::change::{AttributeChange, Value};
use directory::ids::PersonId;
use directory::{Attribute, Property, Subject, SubjectKind};
use serde::de::Error as _;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Error;

/// Changes as they are written: `{attribute: [before, after]}` in their order, null where there was or is nothing.
pub(crate) struct Written<'a>(pub(crate) &'a [AttributeChange]);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for change in self.0 {
            let sides = [WrittenValue(&change.before), WrittenValue(&change.after)];
            map.serialize_entry(&Name(&change.attribute), &sides)?;
        }
        map.end()
    }
}

struct Name<'a>(&'a Attribute);

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

/// The member that a map has when it is no map but the mark of a secret. No recorded map has an empty name.
const SECRET: &str = "";

struct WrittenValue<'a>(&'a Value);

impl Serialize for WrittenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter().map(WrittenValue)),
            Value::Map(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, WrittenValue(value))))
            }
            Value::Secret => serializer.collect_map([(SECRET, "secret")]),
        }
    }
}

/// What an event is about, from its columns: a person, unless a kind is named.
pub(crate) fn subject(
    person: Option<PersonId>,
    kind: Option<&str>,
    id: Option<&str>,
) -> super::Result<Subject> {
    let broken = || Error("an event is about nothing".to_owned());
    match (kind, id) {
        (None, None) => person.map(Subject::Person).ok_or_else(broken),
        (Some(kind), Some(id)) => {
            SubjectKind::parse(kind).and_then(|kind| Subject::parse(kind, id)).ok_or_else(broken)
        }
        _ => Err(broken()),
    }
}

/// Changes as they are read back, in the order in which they were written.
pub(crate) struct Read(Vec<(String, Value, Value)>);

impl Read {
    /// The changes of what the event is about. People have attributes of their own; whatever else there is shares its
    /// properties.
    pub(crate) fn changes(self, subject: Subject) -> super::Result<Vec<AttributeChange>> {
        let named = |name: &str| match subject {
            Subject::Person(_) => Attribute::parse(name),
            Subject::Entity(_)
            | Subject::Organization(_)
            | Subject::Credential(_)
            | Subject::Session(_)
            | Subject::Message(_) => Property::parse(name).map(Attribute::Of),
        };
        let change = |(name, before, after): (String, Value, Value)| {
            let attribute = named(&name).ok_or_else(|| Error(format!("{name:?} is no attribute")))?;
            Ok(AttributeChange { attribute, before, after })
        };
        self.0.into_iter().map(change).collect()
    }
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Changes;
        impl<'de> Visitor<'de> for Changes {
            type Value = Read;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes, each with two values")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Read, M::Error> {
                let mut changes = Vec::new();
                while let Some((name, [before, after])) =
                    map.next_entry::<String, [serde_json::Value; 2]>()?
                {
                    let (before, after) =
                        (value(before).map_err(M::Error::custom)?, value(after).map_err(M::Error::custom)?);
                    changes.push((name, before, after));
                }
                Ok(Read(changes))
            }
        }
        deserializer.deserialize_map(Changes)
    }
}

fn value(json: serde_json::Value) -> std::result::Result<Value, String> {
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => {
            Value::Integer(number.as_i64().ok_or_else(|| format!("{number} is no integer"))?)
        }
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(value).collect::<std::result::Result<_, _>>()?)
        }
        serde_json::Value::Object(members) if members.contains_key(SECRET) => Value::Secret,
        serde_json::Value::Object(members) => Value::Map(
            members
                .into_iter()
                .map(|(name, member)| Ok((name, value(member)?)))
                .collect::<std::result::Result<BTreeMap<_, _>, String>>()?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_they_were_written() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Integer(-7),
            Value::Text("\"\u{e9}".into()),
            Value::Secret,
            Value::List(vec![Value::Null, Value::Text("a".into())]),
            Value::Map([("secret".to_owned(), Value::Bool(true)), ("b".to_owned(), Value::Null)].into()),
        ];
        let changes: Vec<AttributeChange> = values
            .iter()
            .zip(values.iter().rev())
            .zip([
                "title",
                "status",
                "name.given",
                "groups",
                "custom_fields.z",
                "custom_fields.a",
                "work.pod",
            ])
            .map(|((before, after), name)| AttributeChange {
                attribute: Attribute::parse(name).unwrap(),
                before: before.clone(),
                after: after.clone(),
            })
            .collect();
        let text = serde_json::to_string(&Written(&changes)).unwrap();
        let person = Subject::Person(PersonId::NIL);
        let read = |text: &str, subject| serde_json::from_str::<Read>(text).unwrap().changes(subject);
        assert_eq!(read(&text, person).unwrap(), changes);
        assert!(read(r#"{"unheard of": [null, 1]}"#, person).is_err());

        let group = subject(None, Some("group"), Some("018f3c1e-0000-7000-8000-00000000000a")).unwrap();
        let named = read(r#"{"external_id": [null, "a"]}"#, group).unwrap();
        assert_eq!(named[0].attribute, Attribute::Of(Property::ExternalId));
        assert!(read(&text, group).is_err());
        for (person, kind, id) in
            [(None, None, None), (None, Some("group"), None), (None, Some("a"), Some("b"))]
        {
            assert!(subject(person, kind, id).is_err());
        }
    }
}
