//! What an event changed, as JSON.

use std::collections::BTreeMap;
use std::fmt;

use directory::Attribute;
use directory::change::{AttributeChange, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

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

/// Changes as they are read back, in the order in which they were written.
pub(crate) struct Read(pub(crate) Vec<AttributeChange>);

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
                    let attribute = Attribute::parse(&name)
                        .ok_or_else(|| M::Error::custom(format!("{name:?} is no attribute")))?;
                    let (before, after) =
                        (value(before).map_err(M::Error::custom)?, value(after).map_err(M::Error::custom)?);
                    changes.push(AttributeChange { attribute, before, after });
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
        assert_eq!(serde_json::from_str::<Read>(&text).unwrap().0, changes);
        assert!(serde_json::from_str::<Read>(r#"{"unheard of": [null, 1]}"#).is_err());
    }
}
