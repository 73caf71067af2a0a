//! An e-mail address, kept as it was written and compared folded.

use std::fmt;

use crate::limits;
use crate::text::fold;

/// An address with exactly one `@`, text on both sides, and neither blanks nor control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The loosest form that any vendor takes. A vendor's stricter pattern stands in its lens.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let shape = !local.is_empty() && !domain.is_empty() && !domain.contains('@');
        let clean = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        (shape && clean && text.chars().count() <= limits::KEY).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two addresses are compared by.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn one_at_sign_with_text_on_both_sides() {
        for good in ["a@b", "o'brien@x.fr", "jos\u{e9}@x.fr"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", &"x".repeat(400)] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }
}
