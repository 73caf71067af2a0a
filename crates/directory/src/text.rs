//! The one folding that all comparison of keys and all search uses.

use unicode_normalization::UnicodeNormalization;

/// Folds a text for comparison: Unicode NFC, then the full lower-case mapping of each character, then NFC again
/// (lower-casing can decompose). Nothing is trimmed, and accents and look-alikes stay different.
///
/// Folding happens here only; the engines keep and compare the folded bytes.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn pairs_that_are_one_and_pairs_that_are_two() {
        for (left, right) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("Jos\u{e9}@x.fr", "JOSE\u{301}@X.FR"),
            ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c3}"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
        for (left, right) in [
            ("jose@x.fr", "jos\u{e9}@x.fr"),
            ("mike@x.org", "m\u{131}ke@x.org"),
            ("a@x.org", "a\u{ff20}x.org"),
            ("\u{fb01}n@x.org", "fin@x.org"),
            ("strasse@x.de", "stra\u{df}e@x.de"),
            (" a@x.org", "a@x.org"),
        ] {
            assert_ne!(fold(left), fold(right), "{left} {right}");
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for text in ["\u{130}stanbul", "A\u{30a}ngstr\u{f6}m", "\u{1e9e}", "Maria del Mar"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
