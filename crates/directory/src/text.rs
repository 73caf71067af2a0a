//! What texts are: when two compare as one, which one search finds for another, and when one says nothing that can be seen or
//! stored.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

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

/// Folds a text or a word for search, so that `jose` finds `Jos\u{e9}` and the reverse: compatibility decomposition (NFKD), lower case,
/// then without accents and with the letters of [`spelled`] written in others, then NFC.
///
/// For search alone. Texts that differ only in accents are different keys: see [`fold`].
pub fn fold_for_search(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let letters = text.nfkd().flat_map(char::to_lowercase).nfkd().filter(|letter| !is_accent(*letter));
    let mut folded = String::with_capacity(text.len());
    for letter in letters {
        match spelled(letter) {
            Some(others) => folded.push_str(others),
            None => folded.push(letter),
        }
    }
    folded.nfc().collect()
}

/// True for marks above, below and through a letter, and for the points of Hebrew and Arabic. Marks that make another
/// letter stay: vowel signs of the scripts of India and Thailand, the voicing marks of Japanese.
/// The numbers are Unicode's canonical combining classes: <https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values>
fn is_accent(letter: char) -> bool {
    matches!(canonical_combining_class(letter), 1 | 10..=35 | 200..=240)
}

/// Letters that Unicode does not decompose, in the ones that people type in their place.
fn spelled(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{df}' => "ss",
        '\u{e6}' => "ae",
        '\u{153}' => "oe",
        '\u{f8}' => "o",
        '\u{111}' | '\u{f0}' => "d",
        '\u{fe}' => "th",
        '\u{127}' => "h",
        '\u{131}' => "i",
        '\u{142}' => "l",
        '\u{167}' => "t",
        // The Greek sigma at the end of a word.
        '\u{3c2}' => "\u{3c3}",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{fold, fold_for_search, is_blank};

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

    #[test]
    fn a_search_finds_letters_with_and_without_accents() {
        for (text, word) in [
            ("Jos\u{e9}", "jose"),
            ("JOSE\u{301}", "jose"),
            ("\u{c5}ngstr\u{f6}m", "angstrom"),
            ("S\u{f8}ren \u{c6}gir", "soren aegir"),
            ("Stra\u{df}e", "strasse"),
            ("STRA\u{1e9e}E", "strasse"),
            ("\u{141}\u{f3}d\u{17a}", "lodz"),
            ("\u{110}or\u{111}e", "dorde"),
            ("\u{de}\u{f3}r", "thor"),
            ("\u{130}stanbul I\u{15f}\u{131}k", "istanbul isik"),
            ("Nguy\u{1ec5}n", "nguyen"),
            ("\u{fb01}n \u{ff21}da", "fin ada"),
            (
                "\u{399}\u{3c9}\u{3ac}\u{3bd}\u{3bd}\u{3b7}\u{3c2}",
                "\u{3b9}\u{3c9}\u{3b1}\u{3bd}\u{3bd}\u{3b7}\u{3c3}",
            ),
            ("\u{415}\u{451}", "\u{435}\u{435}"),
            ("\u{623}\u{62d}\u{645}\u{64e}\u{62f}", "\u{627}\u{62d}\u{645}\u{62f}"),
            ("\u{d55c}\u{ad6d}", "\u{d55c}\u{ad6d}"),
        ] {
            assert_eq!(fold_for_search(text), fold_for_search(word), "{text}");
            assert_eq!(fold_for_search(word), word);
        }
        // Other letters, not the same ones with an accent.
        for (left, right) in [
            ("\u{304b}", "\u{304c}"),
            ("\u{915}\u{93f}", "\u{915}\u{941}"),
            ("\u{d55c}", "\u{d558}"),
            ("anna", "ana"),
        ] {
            assert_ne!(fold_for_search(left), fold_for_search(right), "{left} {right}");
        }
        for text in
            ["\u{130}", "\u{1e9e}", "\u{304c}\u{d55c}", "\u{1ec5}\u{fb03}", "\u{928}\u{93c}", "\u{1c4}"]
        {
            assert_eq!(fold_for_search(&fold_for_search(text)), fold_for_search(text), "{text}");
        }
    }
}
