//! An e-mail address, kept as it was written and compared folded.

use std::fmt;

use unicode_normalization::char::canonical_combining_class;

use crate::limits;
use crate::text::{fold, is_invisible};

/// An address with exactly one `@`, text on both sides, and neither blanks nor control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// A form that every dialect takes, to be shown where an address is refused.
pub const EXAMPLE: &str = "ada@example.com";

impl Email {
    /// The loosest form that any vendor takes, without characters that nobody sees: two addresses that look alike are
    /// one. A vendor's stricter pattern stands in its lens.
    pub fn parse(text: &str) -> Option<Self> {
        Self::stored(text).filter(|_| is_seen(text))
    }

    /// An address that the store holds. It may be older than the rule on characters that nobody sees.
    pub fn stored(text: &str) -> Option<Self> {
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

/// True if every character can be seen. The two joiners can where they change the shape of the letters around them,
/// which legal addresses of many scripts need: after a virama both (RFC 5892, A.1 and A.2), and between letters of the
/// Arabic script the one that parts them.
fn is_seen(text: &str) -> bool {
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_joiner_in_place = match c {
            '\u{200c}' => before.is_some_and(|before| {
                is_virama(before) || joins_next(before) && rest.clone().next().is_some_and(is_arabic_letter)
            }),
            '\u{200d}' => before.is_some_and(is_virama),
            _ => false,
        };
        if is_invisible(c) && !is_joiner_in_place {
            return false;
        }
        before = Some(c);
    }
    true
}

/// The combining class 9 is that of viramas alone.
fn is_virama(c: char) -> bool {
    canonical_combining_class(c) == 9
}

fn is_arabic_letter(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{64a}' | '\u{66e}'..='\u{66f}' | '\u{671}'..='\u{6d3}' | '\u{6d5}' | '\u{6ee}'..='\u{6ef}'
        | '\u{6fa}'..='\u{6fc}' | '\u{6ff}')
}

/// True for the letters of the Arabic block that join the letter after them (Joining_Type D of Unicode); the others are
/// never joined, so that nothing can be parted there.
fn joins_next(c: char) -> bool {
    let joins_none_after = matches!(c,
        '\u{621}'..='\u{625}' | '\u{627}' | '\u{629}' | '\u{62f}'..='\u{632}' | '\u{640}' | '\u{648}' | '\u{671}'..='\u{677}'
        | '\u{688}'..='\u{699}' | '\u{6c0}' | '\u{6c3}'..='\u{6cb}' | '\u{6cd}' | '\u{6cf}' | '\u{6d2}'..='\u{6d5}'
        | '\u{6ee}'..='\u{6ef}');
    is_arabic_letter(c) && !joins_none_after
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, Email};

    #[test]
    fn one_at_sign_with_text_on_both_sides() {
        for good in ["a@b", "o'brien@x.fr", "jos\u{e9}@x.fr", EXAMPLE] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", &"x".repeat(400)] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn every_character_can_be_seen() {
        for hidden in [
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{202e}",
            "\u{2066}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{61c}",
            "\u{180e}",
            "\u{3164}",
            "\u{2800}",
            "\u{fe0f}",
            "\u{e0061}",
            "\u{85}",
        ] {
            for text in
                [format!("ad{hidden}a@x.fr"), format!("ada@x{hidden}.fr"), format!("{hidden}ada@x.fr")]
            {
                assert_eq!(Email::parse(&text), None, "{text:?}");
            }
        }
        let kept = Email::stored("ad\u{200b}a@x.fr").unwrap();
        assert_eq!(kept.as_str(), "ad\u{200b}a@x.fr", "what is stored is read as it is");
    }

    #[test]
    fn joiners_are_taken_where_they_show() {
        for good in [
            // Sinhala: a joiner after a virama.
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}@x.lk",
            // Persian: the two parts of one word.
            "\u{646}\u{627}\u{645}\u{647}\u{200c}\u{627}\u{6cc}@x.ir",
            "ada@\u{915}\u{94d}\u{200c}\u{937}.in",
        ] {
            assert!(Email::parse(good).is_some(), "{good:?}");
        }
        for bad in [
            // The letter alef joins no letter after it.
            "\u{627}\u{200c}\u{6cc}@x.ir",
            "\u{647}\u{200c}@x.ir",
            "\u{647}\u{200d}\u{627}@x.ir",
            "a\u{94d}\u{200d}\u{200d}@x.in",
        ] {
            assert_eq!(Email::parse(bad), None, "{bad:?}");
        }
    }
}
