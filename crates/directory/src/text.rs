//! What texts are: when two compare as one, and when one says nothing that can be seen or stored.

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

/// True for a text without one character that can be seen: empty, or white space and invisible characters alone.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// True for a character that shows nothing by itself: controls, those that Unicode calls default-ignorable (joiners,
/// marks and controls of direction, fillers, selectors of variation, tags), other format controls, and the empty Braille
/// pattern. White space is apart.
///
/// The property Default_Ignorable_Code_Point holds for whole ranges, reserved code points included, so that this does not
/// age (unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt, read 2026-11-25).
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{2800}')
}

/// PostgreSQL keeps no text with this character, and no name has it.
pub fn holds_nul(text: &str) -> bool {
    text.contains('\0')
}

/// What is said of a text that [`holds_nul`].
pub const NUL_REFUSED: &str = "must not hold the character U+0000";

#[cfg(test)]
mod tests {
    use super::{fold, is_blank};

    #[test]
    fn what_cannot_be_seen_is_blank() {
        for blank in [
            "",
            " ",
            "\t\u{a0}\u{3000}",
            "\u{200b}",
            "\u{feff}",
            "\u{2060}",
            "\u{ad}",
            "\u{180e}",
            "\u{115f}",
            "\u{1160}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{2800}",
            "\u{202e} \u{200d}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{0}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in ["a", "\u{200b}a", "\u{1f468}\u{200d}\u{1f469}", ".", "\u{301}", "\u{110b}"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

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
