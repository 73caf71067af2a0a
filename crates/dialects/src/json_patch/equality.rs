//! When two JSON values are equal: RFC 6902, section 4.6.

use serde_json::{Number, Value};

/// Numbers by their value, texts by their characters, arrays in order, objects in any order.
///
/// `Value`'s own `==` takes `1` and `1.0` for different, which is why this exists.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}

/// The number as an integer, if it is one. Comparing as floats would make different large integers equal.
fn integer(number: &Number) -> Option<i128> {
    number.as_i128().or_else(|| {
        let float = number.as_f64()?;
        // Beyond this no number was written as an integer, so that comparing as floats is exact again.
        (float.fract() == 0.0 && float.abs() < 2_f64.powi(100)).then_some(float as i128)
    })
}

#[cfg(test)]
mod tests {
    use super::equal;
    use serde_json::{Value, json};

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value() {
        for (a, b) in [("1", "1.0"), ("100", "1e2"), ("0", "-0.0"), ("1e300", "1e300"), ("0.5", "5e-1")] {
            assert!(equal(&parsed(a), &parsed(b)), "{a} = {b}");
        }
        for (a, b) in [("1", "1.5"), ("9007199254740993", "9007199254740992.0"), ("1", "-1")] {
            assert!(!equal(&parsed(a), &parsed(b)), "{a} != {b}");
        }
    }

    #[test]
    fn kinds_are_never_equal_to_each_other() {
        let kinds = [json!(null), json!(false), json!(0), json!(""), json!([]), json!({})];
        for (i, a) in kinds.iter().enumerate() {
            for (j, b) in kinds.iter().enumerate() {
                assert_eq!(equal(a, b), i == j, "{a} {b}");
            }
        }
    }

    #[test]
    fn objects_are_equal_in_any_order_and_arrays_only_in_the_same() {
        assert!(equal(&parsed(r#"{"a":1,"b":[1,2]}"#), &parsed(r#"{"b":[1.0,2],"a":1}"#)));
        assert!(!equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!equal(&json!({ "a": 1 }), &json!({ "a": 1, "b": null })));
    }
}
