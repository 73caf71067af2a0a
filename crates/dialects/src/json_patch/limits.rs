//! What a patch may ask for, and the counting that keeps it to that.

use super::Reason;
use serde_json::Value;

/// More than any client needs to set every attribute of a person one by one.
pub(super) const MAX_OPERATIONS: usize = 1000;

/// Room for a few names of the longest kind, all of their characters escaped.
pub(super) const MAX_POINTER: usize = 4096;

/// No update model is deeper than three levels; the rest is for custom fields to come. It also keeps the recursion over
/// values, here and in `serde_json`, far from the end of the stack.
const MAX_DEPTH: usize = 64;

/// What the operations of one patch may write together: as much as the largest request body.
const MAX_WRITTEN: usize = 1 << 20;

/// What a value counts beside its text. In memory the smallest one takes 32 bytes, an object several hundred.
const PER_VALUE: usize = 64;

/// What a patch may still write.
///
/// It is spent by every value that an operation puts somewhere, and nothing gives it back, not even removing the value.
/// That bounds the size of the view after each operation without measuring the view, and also the work: a thousand
/// copies over one another cost no less than a thousand beside one another.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { left: MAX_WRITTEN }
    }

    /// To be called before the value is copied, so that what is too large is never made.
    pub(super) fn spend(&mut self, value: &Value, depth: usize) -> Result<(), Reason> {
        if depth > MAX_DEPTH {
            return Err(Reason::TooDeep);
        }
        let text = match value {
            Value::String(text) => text.len(),
            Value::Object(members) => members.keys().map(String::len).sum(),
            _ => 0,
        };
        self.left = self.left.checked_sub(PER_VALUE + text).ok_or(Reason::TooLarge)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.spend(item, depth + 1)),
            Value::Object(members) => members.values().try_for_each(|member| self.spend(member, depth + 1)),
            _ => Ok(()),
        }
    }
}

/// Refuses a text of many tiny values before it is parsed: a megabyte of `{"":0}` would take a hundred in memory.
pub(super) fn check_text(json: &[u8]) -> Result<(), Reason> {
    if values_at_most(json) > MAX_WRITTEN / PER_VALUE { Err(Reason::TooLarge) } else { Ok(()) }
}

/// Every value but the first stands behind a comma, or is the first inside a bracket.
fn values_at_most(json: &[u8]) -> usize {
    let (mut values, mut in_text, mut escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_counted_outside_texts_only() {
        assert_eq!(values_at_most(br#"1"#), 1);
        assert_eq!(values_at_most(br#"[1,2,{"a":3}]"#), 5);
        assert_eq!(values_at_most(br#"["a,[{\",","\\"]"#), 3);
        assert_eq!(check_text(&b"[0,".repeat(8191)), Ok(()));
        assert_eq!(check_text(&b"{\"\":0},".repeat(10_000)), Err(Reason::TooLarge));
        assert_eq!(check_text(format!("[\"{}\"]", ",".repeat(100_000)).as_bytes()), Ok(()));
    }

    #[test]
    fn a_budget_is_spent_by_texts_names_and_the_number_of_values() {
        let mut budget = Budget::new();
        assert_eq!(budget.spend(&json!("x".repeat(MAX_WRITTEN - PER_VALUE)), 0), Ok(()));
        assert_eq!(budget.left, 0);
        assert_eq!(Budget::new().spend(&json!("x".repeat(MAX_WRITTEN)), 0), Err(Reason::TooLarge));
        assert_eq!(Budget::new().spend(&json!({ "x".repeat(MAX_WRITTEN): 0 }), 0), Err(Reason::TooLarge));
        assert_eq!(Budget::new().spend(&json!(vec![0; MAX_WRITTEN / PER_VALUE]), 0), Err(Reason::TooLarge));
    }

    #[test]
    fn depth_counts_from_the_root_of_the_view() {
        let nested = (0..MAX_DEPTH).fold(json!(0), |inner, _| json!([inner]));
        assert_eq!(Budget::new().spend(&nested, 0), Ok(()));
        assert_eq!(Budget::new().spend(&nested, 1), Err(Reason::TooDeep));
    }
}
