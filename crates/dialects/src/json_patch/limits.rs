//! What a patch may ask for, and the counting that keeps it to that.

use super::Reason;
use serde_json::Value;

/// More than any client needs to set every attribute of a person one by one.
pub(super) const MAX_OPERATIONS: usize = 1000;

/// Room for a few names of the longest kind, all of their characters escaped.
pub(super) const MAX_POINTER: usize = 4096;

/// No update model is deeper than three levels; the rest is for custom fields to come. It also keeps the recursion over
/// values, here and in `serde_json`, far from the end of the stack.
pub(super) const MAX_DEPTH: usize = 64;

/// What the operations of one patch may write together: as much as the largest request body.
pub(super) const MAX_WRITTEN: usize = 1 << 20;

/// What a value counts beside its text. In memory the smallest one takes 32 bytes, an object several hundred.
const PER_VALUE: usize = 64;

/// Values that the operations of one patch may send, with all inside them: more could not be written either. A patch is
/// kept as `serde_json` has it, where 100 bytes of `{"":0}` take some 10,000, and so below 6 MiB.
pub const MAX_VALUES: usize = MAX_WRITTEN / PER_VALUE;

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
