//! Reading the members of a JSON object one by one, so that every mistake is named by its path.
//!
//! All the vendors that send plain objects agree on the principle: a member that is absent says nothing, a member of
//! the wrong type (null included) is an error, an unknown member is ignored.

use directory::Change;
use directory::text::{NUL_REFUSED, holds_nul};
use serde_json::Number;

use super::RequestError;
use super::json::Value;

/// A mistake in one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub path: String,
    pub message: String,
}

/// The members of an object, and the mistakes found so far.
#[derive(Debug)]
pub struct Fields {
    members: Vec<(Box<str>, Value)>,
    within: String,
    pub errors: Vec<FieldError>,
}

/// How a vendor counts the length of a text.
pub type Count = fn(&str) -> usize;

/// Unicode code points.
pub fn characters(text: &str) -> usize {
    text.chars().count()
}

/// UTF-16 code units, as JavaScript counts.
pub fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

impl Fields {
    /// The body has to be an object.
    pub fn of(body: Value) -> Result<Self, RequestError> {
        match body {
            Value::Object(members) => {
                Ok(Self { members: members.into(), within: String::new(), errors: Vec::new() })
            }
            _ => Err(RequestError::BadBody("the body must be a JSON object".into())),
        }
    }

    /// A text of a length within the range, and one that every store can hold.
    pub fn text(
        &mut self,
        name: &str,
        length: std::ops::RangeInclusive<usize>,
        count: Count,
    ) -> Option<String> {
        match self.take(name)? {
            Value::String(text) if holds_nul(&text) => self.wrong(name, NUL_REFUSED),
            Value::String(text) if length.contains(&count(&text)) => Some(text.into()),
            Value::String(_) if *length.start() == 0 => {
                self.wrong(name, format!("must not be longer than {} characters", length.end()))
            }
            Value::String(_) => {
                self.wrong(name, format!("must have {} to {} characters", length.start(), length.end()))
            }
            _ => self.wrong(name, "must be a string, such as \"text\""),
        }
    }

    /// The same where `null` takes the text away.
    pub fn nullable_text(
        &mut self,
        name: &str,
        length: std::ops::RangeInclusive<usize>,
        count: Count,
    ) -> Change<String> {
        let last = self.members.iter().rfind(|(given, _)| **given == *name);
        match last {
            Some((_, Value::Null)) => Change::Clear,
            Some(_) | None => self.text(name, length, count).map_or(Change::Keep, Change::Set),
        }
    }

    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            _ => self.wrong(name, "must be true or false"),
        }
    }

    /// An integer, also when written as `1.0`.
    pub fn integer(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(name)?;
        match value.as_number().and_then(as_integer) {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.wrong(name, format!("must be an integer from {} to {}", range.start(), range.end())),
        }
    }

    /// An array, whatever its elements.
    pub fn array(&mut self, name: &str, most: usize) -> Option<Vec<Value>> {
        match self.take(name)? {
            Value::Array(items) if items.len() <= most => Some(items.into()),
            Value::Array(_) => self.wrong(name, format!("must not have more than {most} elements")),
            _ => self.wrong(name, "must be an array, such as []"),
        }
    }

    /// An object, to be read in its turn; give it back to [`Self::close`].
    pub fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name)? {
            Value::Object(members) => Some(self.inner(name, members)),
            _ => self.wrong(name, "must be an object, such as {}"),
        }
    }

    /// An element of an array that was taken out, if it is an object like the example; give it back to [`Self::close`].
    pub fn element(&mut self, name: &str, index: usize, value: Value, example: &str) -> Option<Self> {
        let name = format!("{name}.{index}");
        match value {
            Value::Object(members) => Some(self.inner(&name, members)),
            _ => self.wrong(&name, format!("must be an object, such as {example}")),
        }
    }

    /// Takes over the mistakes found in an inner object.
    pub fn close(&mut self, inner: Self) {
        self.errors.extend(inner.errors);
    }

    /// Notes a mistake; the value counts as absent.
    pub fn wrong<T>(&mut self, name: &str, message: impl Into<String>) -> Option<T> {
        let path = self.path(name);
        self.errors.push(FieldError { path, message: message.into() });
        None
    }

    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(given, _)| **given == *name)
    }

    /// The names of all members that were not read yet, each once.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.members.iter().map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Takes a member out, the last one if it was sent more than once.
    fn take(&mut self, name: &str) -> Option<Value> {
        let last = self.members.iter().rposition(|(given, _)| **given == *name)?;
        Some(self.members.remove(last).1)
    }

    fn inner(&self, name: &str, members: Box<[(Box<str>, Value)]>) -> Self {
        Self { members: members.into(), within: self.path(name), errors: Vec::new() }
    }

    /// Ends the reading: all that was wrong, or what was read.
    pub fn done<T>(self, read: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() { Ok(read) } else { Err(self.errors) }
    }

    fn path(&self, name: &str) -> String {
        if self.within.is_empty() { name.to_owned() } else { format!("{}.{name}", self.within) }
    }
}

/// The integer that a JSON number is, if it is one exactly.
pub fn as_integer(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        // Within 2^53 every integral float is that integer exactly.
        (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_991.0).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::parse;

    fn fields(json: &str) -> Fields {
        Fields::of(parse(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn absent_is_nothing_and_wrong_is_named() {
        let mut fields = fields(
            r#"{"a": "x", "b": null, "c": "", "nul": "A\u0000B", "d": 1.0, "e": 1.5, "f": {"g": "1"}, "h": [1, 2]}"#,
        );
        assert_eq!(fields.text("a", 1..=2, characters), Some("x".into()));
        assert_eq!(fields.text("absent", 1..=2, characters), None);
        assert_eq!(fields.text("b", 1..=2, characters), None);
        assert_eq!(fields.text("c", 1..=2, characters), None);
        assert_eq!(fields.text("nul", 0..=9, characters), None);
        assert_eq!(fields.integer("d", 1..=2), Some(1));
        assert_eq!(fields.integer("e", 1..=2), None);
        let mut inner = fields.object("f").unwrap();
        assert_eq!(inner.integer("g", 0..=1), None);
        fields.close(inner);
        assert_eq!(fields.array("h", 1), None);
        let mut element = fields.element("i", 1, parse(br#"{"j": 0}"#).unwrap(), "{\"j\": 1}").unwrap();
        assert_eq!(element.integer("j", 1..=1), None);
        fields.close(element);
        assert!(fields.element("i", 2, Value::Null, "{\"j\": 1}").is_none());
        let paths: Vec<_> = fields.done(()).unwrap_err().into_iter().map(|error| error.path).collect();
        assert_eq!(paths, ["b", "c", "nul", "e", "f.g", "h", "i.1.j", "i.2"]);
    }

    #[test]
    fn a_text_may_be_taken_away_where_null_says_so() {
        let mut fields =
            fields(r#"{"a": null, "b": "x", "c": 1, "d": "x", "d": null, "e": true, "f": null}"#);
        let mut text = |name| fields.nullable_text(name, 0..=9, characters);
        assert_eq!((text("a"), text("b")), (Change::Clear, Change::Set("x".into())));
        assert_eq!((text("c"), text("d"), text("absent")), (Change::Keep, Change::Clear, Change::Keep));
        assert_eq!(
            (fields.boolean("e"), fields.boolean("f"), fields.boolean("absent")),
            (Some(true), None, None)
        );
        let paths: Vec<_> = fields.done(()).unwrap_err().into_iter().map(|error| error.path).collect();
        assert_eq!(paths, ["c", "f"]);
    }

    #[test]
    fn lengths_are_counted_as_the_vendor_counts() {
        assert_eq!((characters("a\u{1f600}"), utf16("a\u{1f600}")), (2, 3));
        assert!(Fields::of(Value::Array([].into())).is_err());
    }

    #[test]
    fn of_members_with_one_name_the_last_counts() {
        let mut fields = fields(r#"{"x": 0, "a": "first", "b": null, "a": "last", "c": 0}"#);
        assert!(fields.has("x") && !fields.has("y"));
        assert_eq!(fields.integer("x", 0..=0), Some(0));
        assert_eq!(fields.text("a", 0..=9, characters), Some("last".into()));
        assert_eq!(fields.done(()), Ok(()));
    }
}
