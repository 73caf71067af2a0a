//! The JSON reader.

use dialects::http::json::{DEPTH, VALUES, Value, parse};

/// `serde_json::Value` takes objects with these names for something else than objects.
const RESERVED: &str = "$serde_json::private";

/// The value as `serde_json` has it.
pub(crate) fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => number.clone().into(),
        Value::String(text) => (**text).into(),
        Value::Array(elements) => elements.iter().map(plain).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.to_string(), plain(value))).collect()
        }
    }
}

/// The levels of a value, and how many values it is.
fn measured(value: &Value) -> (usize, usize) {
    let inside = |values: Vec<&Value>| {
        values
            .into_iter()
            .map(measured)
            .fold((1, 1), |(depth, count), (below, more)| (depth.max(below + 1), count + more))
    };
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (0, 1),
        Value::Array(elements) => inside(elements.iter().collect()),
        Value::Object(members) => inside(members.iter().map(|(_, value)| value).collect()),
    }
}

#[test]
fn agrees_with_serde_json_within_its_limits() {
    fuzz::check!(|bytes: &[u8]| {
        let reference = serde_json::from_slice::<serde_json::Value>(bytes);
        match parse(bytes) {
            Ok(value) => {
                let (depth, count) = measured(&value);
                assert!(depth <= DEPTH && count <= VALUES, "{depth} levels, {count} values");
                let text = std::str::from_utf8(bytes).expect("what was read is UTF-8");
                // A name may be escaped, in which case `serde_json` refuses or misreads what is right here.
                if !text.contains(RESERVED) && !plain(&value).to_string().contains(RESERVED) {
                    assert_eq!(plain(&value), reference.expect("what is read here is JSON"));
                }
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.is_ascii() && said.len() < 200, "the error repeats what was sent: {said}");
                let is_too_much = said.contains("nested deeper than") || said.contains("has more than");
                assert!(is_too_much || reference.is_err(), "{said}, which serde_json reads: {reference:?}");
            }
        }
    });
}
