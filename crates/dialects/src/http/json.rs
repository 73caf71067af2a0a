//! JSON as clients send it: read within limits, into a tree that takes a few times the room of its text.
//!
//! `serde_json` scans the text. The tree is not its `Value`, for two reasons. An object of one member takes 700 bytes
//! there, which makes a body of small objects a hundred times as large in memory. And it takes objects with one of
//! `serde_json`'s own reserved names for something else than objects, when a Cargo feature that any crate of the build
//! may switch on is on.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::error::Category;

/// Arrays and objects inside one another. No documented body has more than six; a field that is not known, and so
/// ignored, may have some more. Reading and dropping are recursive, and stay far from the end of the stack.
pub const DEPTH: usize = 64;

/// Values in one body: every scalar, array and object counts as one. The largest body that is documented names 10,000
/// delegates with a permission each, which are 50,000. A value takes 24 bytes, as a member of an object 40, and its text or
/// name is an allocation of its own. The worst body of 1 MiB takes 5 MiB, and 8 MiB while it is read and arrays grow.
pub const VALUES: usize = 100_000;

/// How `serde_json` calls a number that no `f64` can hold.
const OUT_OF_RANGE: &str = "number out of range";

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String(Box<str>),
    Array(Box<[Value]>),
    /// In the order in which they came. Of members with one name the last counts.
    Object(Box<[(Box<str>, Value)]>),
}

impl Value {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Null | Self::Bool(_) | Self::String(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }
}

impl Value {
    /// The same as `serde_json` has it, where an object of one member takes 700 bytes: nothing when there are more than
    /// `left` values, of which each counts, with all inside it. Of members with one name the last counts.
    pub fn into_tree(self, left: &mut usize) -> Option<serde_json::Value> {
        *left = left.checked_sub(1)?;
        Some(match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => serde_json::Value::Bool(value),
            Self::Number(number) => serde_json::Value::Number(number),
            Self::String(text) => serde_json::Value::String(text.into()),
            Self::Array(elements) => {
                elements.into_iter().map(|element| element.into_tree(left)).collect::<Option<_>>()?
            }
            Self::Object(members) => {
                let members =
                    members.into_iter().map(|(name, value)| Some((name.into(), value.into_tree(left)?)));
                serde_json::Value::Object(members.collect::<Option<_>>()?)
            }
        })
    }
}

/// Why a text was not read. `Display` gives a phrase without a full stop and without anything that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        let what = match error.classify() {
            // What the reader below refuses.
            Category::Data => format!("the body {what}"),
            // It is valid JSON. RFC 8259, section 6, leaves the range to the reader. Members that are ignored are no
            // exception: otherwise the same text would be read or refused by the names in it.
            Category::Syntax if what == OUT_OF_RANGE => format!("the body has a {what}"),
            Category::Syntax | Category::Eof | Category::Io => format!("the body is not valid JSON: {what}"),
        };
        Self(format!("{what} (line {line}, column {column})"))
    }
}

/// Reads a text that is one JSON value, in UTF-8, with white space around it at most.
///
/// # Errors
/// A text that is no JSON; a number beyond the range of an `f64`; more than [`DEPTH`] levels or [`VALUES`] values,
/// which is noticed before the value too many is built.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let mut left = VALUES;
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = Reader { depth: 0, left: &mut left }.deserialize(&mut text)?;
    text.end()?;
    Ok(value)
}

/// Reads one value inside as many arrays and objects.
struct Reader<'a> {
    depth: usize,
    left: &'a mut usize,
}

impl Reader<'_> {
    /// The reader for what is inside an array or object.
    fn inside<E: serde::de::Error>(&mut self) -> Result<Reader<'_>, E> {
        if self.depth == DEPTH {
            return Err(E::custom(format_args!("is nested deeper than {DEPTH} levels")));
        }
        Ok(Reader { depth: self.depth + 1, left: self.left })
    }

    fn next(&mut self) -> Reader<'_> {
        Reader { depth: self.depth, left: self.left }
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(D::Error::custom(format_args!("has more than {VALUES} values")));
        };
        *self.left = left;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format_args!("has a {OUT_OF_RANGE}")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut inside = self.inside()?;
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element_seed(inside.next())? {
            elements.push(element);
        }
        Ok(Value::Array(elements.into()))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut inside = self.inside()?;
        let mut members = Vec::new();
        while let Some(name) = map.next_key()? {
            members.push((name, map.next_value_seed(inside.next())?));
        }
        Ok(Value::Object(members.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::String(text.into())
    }

    fn number(number: impl Into<Number>) -> Value {
        Value::Number(number.into())
    }

    fn refused(json: &str) -> String {
        parse(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let json =
            r#" {"a": [null, true, -1, 18446744073709551615, 1.5, "\u00e9\"", [], {}], "": "", "a": 1} "#;
        let elements = [
            Value::Null,
            Value::Bool(true),
            number(-1),
            number(u64::MAX),
            Value::Number(Number::from_f64(1.5).unwrap()),
            text("\u{e9}\""),
            Value::Array([].into()),
            Value::Object([].into()),
        ];
        let members =
            [("a".into(), Value::Array(elements.into())), ("".into(), text("")), ("a".into(), number(1))];
        assert_eq!(parse(json.as_bytes()), Ok(Value::Object(members.into())));
    }

    #[test]
    fn an_object_is_an_object_whatever_its_names() {
        for name in
            ["$serde_json::private::RawValue", "$serde_json::private::Number", "$__toml_private_datetime"]
        {
            for value in ["\"Bob\"", "\"1\"", "\"\\\"Bob\\\"\"", "{}"] {
                let read = parse(format!("{{\"{name}\":{value}}}").as_bytes()).unwrap();
                let Value::Object(members) = &read else { panic!("{name}: {value}: {read:?}") };
                assert_eq!((members.len(), &*members[0].0), (1, name));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_the_text() {
        for (json, said) in [
            ("{", "the body is not valid JSON: EOF while parsing an object (line 1, column 1)"),
            ("[1,\n]", "the body is not valid JSON: trailing comma (line 2, column 1)"),
            ("secret", "the body is not valid JSON: expected value (line 1, column 1)"),
            ("{} {}", "the body is not valid JSON: trailing characters (line 1, column 4)"),
            (
                "\"a\u{1}\"",
                "the body is not valid JSON: control character (\\u0000-\\u001F) found while parsing a string (line 1, column 3)",
            ),
            ("{\"x\": 1e400}", "the body has a number out of range (line 1, column 11)"),
            ("[-1e400]", "the body has a number out of range (line 1, column 7)"),
        ] {
            assert_eq!(refused(json), said, "{json}");
        }
        for bytes in [&b""[..], b" ", b"\xff\xfe", b"{\"a\":\"\xff\"}", b"\"\\ud800\"", b"01", b"'a'", b"NaN"]
        {
            let said = parse(bytes).unwrap_err().to_string();
            assert!(said.starts_with("the body is not valid JSON: "), "{said}");
        }
    }

    #[test]
    fn depth_is_limited_exactly_and_long_before_the_stack_ends() {
        let nested = |open: &str, inside: &str, close: &str, levels: usize| {
            format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
        };
        for (open, inside, close) in [("[", "", "]"), ("{\"a\":", "1", "}")] {
            assert!(parse(nested(open, inside, close, DEPTH).as_bytes()).is_ok());
            for levels in [DEPTH + 1, 127, 129, 100_000] {
                let said = refused(&nested(open, inside, close, levels));
                assert!(
                    said.starts_with("the body is nested deeper than 64 levels (line 1, column "),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn values_are_limited_exactly() {
        let array = |elements: usize| format!("[{}]", vec!["0"; elements].join(","));
        assert!(parse(array(VALUES - 1).as_bytes()).is_ok());
        let said = refused(&array(VALUES));
        assert!(said.starts_with("the body has more than 100000 values (line 1, column "), "{said}");
        // An object and its member are two.
        let objects = |count: usize| format!("[{}]", vec!["{\"\":0}"; count].join(","));
        assert!(parse(objects(VALUES / 2 - 1).as_bytes()).is_ok());
        assert!(refused(&objects(VALUES / 2)).contains("more than 100000 values"));
    }

    #[test]
    fn a_value_takes_no_more_room_than_the_limit_is_made_for() {
        assert_eq!(size_of::<Value>(), 24);
        assert_eq!(size_of::<(Box<str>, Value)>(), 40);
    }
}
