//! Names of many cultures, each with a way to write it in ASCII, for people who do not exist.

use std::sync::LazyLock;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    // The text is compiled in, and a test reads all of it.
    toml::from_str(include_str!("names.toml")).expect("the names are valid TOML")
});

/// Where people's names come from.
pub(super) fn cultures() -> &'static [Culture] {
    &NAMES.culture
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    culture: Vec<Culture>,
}

/// Names, and what goes with them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Culture {
    pub country_code: u16,
    pub time_zone: String,
    /// Whether people often have two family names.
    pub two_family_names: bool,
    pub female: Vec<String>,
    pub male: Vec<String>,
    pub family: Vec<String>,
}

/// A name as it is written, and in ASCII.
pub(super) fn spelled(entry: &str) -> (&str, String) {
    match entry.split_once('=') {
        Some((native, ascii)) => (native, ascii.to_owned()),
        None => (entry, ascii(entry)),
    }
}

/// The letters and digits of a name in lower-case ASCII.
fn ascii(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => text.push_str("ss"),
            'æ' => text.push_str("ae"),
            'ø' => text.push('o'),
            'œ' => text.push_str("oe"),
            'ð' | 'đ' => text.push('d'),
            'þ' => text.push_str("th"),
            'ł' => text.push('l'),
            'ı' => text.push('i'),
            c if c.is_ascii_alphanumeric() => text.push(c),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_letters_for_an_address() {
        assert!(cultures().len() >= 20);
        for culture in cultures() {
            for entry in [&culture.female, &culture.male, &culture.family].into_iter().flatten() {
                let (native, ascii) = spelled(entry);
                assert!(!native.is_empty() && !ascii.is_empty(), "{entry}");
                assert!(ascii.bytes().all(|byte| byte.is_ascii_lowercase()), "{entry}: {ascii}");
                assert!(ascii.len() <= 24, "{entry}");
            }
        }
    }

    #[test]
    fn marks_are_stripped_and_letters_spelled_out() {
        for (name, in_ascii) in [
            ("Ó Conaill", "oconaill"),
            ("Weiß", "weiss"),
            ("Łęcki", "lecki"),
            ("Ọ̀ṣọ́", "oso"),
            ("İpek", "ipek"),
        ] {
            assert_eq!(spelled(name).1, in_ascii);
        }
    }
}
