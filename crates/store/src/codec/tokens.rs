//! The tokens by which people are searched: a tenant and three characters each, so that a search in one tenant costs
//! the same whatever stands in the others. Every field ends with two marks, so that a token begins at each of its
//! characters and a word of one or two is the beginning of a token. An index over them only proposes: people are
//! compared with the words before they are listed.

use directory::ids::TenantId;

/// The fields of [`directory::apply::search_fields`].
pub(crate) type Fields = [String; 4];

/// Ends a field, twice.
const END: char = '\u{1}';

/// Trigrams of a word that are asked for. Each is a long list to join; those who have so many have the rest as well,
/// nearly always, and are compared with the word in any case.
const TRIGRAMS_ASKED: usize = 4;

/// What to ask an index for.
pub(crate) enum Question {
    /// The beginning of a token, for words shorter than a token.
    Beginning(String),
    /// All of these tokens.
    All(Vec<String>),
}

/// The question for a word; None for the empty word, which everyone has.
pub(crate) fn question(tenant: TenantId, word: &str) -> Option<Question> {
    let chars: Vec<char> = word.chars().map(as_token_char).collect();
    match chars.len() {
        0 => None,
        1 | 2 => Some(Question::Beginning(token(tenant, chars.into_iter()))),
        _ => {
            // Spread over the word, from its first to its last.
            let last = chars.len() - 3;
            let asked = chars.len().div_ceil(3).min(TRIGRAMS_ASKED);
            let places = (0..asked).map(|place| last * place / (asked - 1).max(1));
            Some(Question::All(
                places.map(|place| token(tenant, chars[place..place + 3].iter().copied())).collect(),
            ))
        }
    }
}

/// The tokens of one field, each once.
pub(crate) fn tokens(tenant: TenantId, field: &str) -> Vec<String> {
    if field.is_empty() {
        return Vec::new();
    }
    let chars: Vec<char> = field.chars().chain([END, END]).map(as_token_char).collect();
    let mut tokens: Vec<String> =
        chars.windows(3).map(|trigram| token(tenant, trigram.iter().copied())).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn token(tenant: TenantId, chars: impl Iterator<Item = char>) -> String {
    // SQLite's tokenizer lets everything beyond ASCII stand, so the dot divides the tenant from the characters.
    let mut token = format!("{tenant}\u{b7}");
    token.extend(chars);
    token
}

/// SQLite's tokenizer divides at every ASCII character that is neither letter nor digit. Those move to where it does
/// not; that they fall together with others there only makes an index propose too many.
fn as_token_char(c: char) -> char {
    if c.is_ascii() && !c.is_ascii_alphanumeric() { char::from(c as u8 | 0x80) } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_begins_at_every_character_and_names_the_tenant() {
        let tenant = TenantId(7);
        assert_eq!(tokens(tenant, "ab"), ["7\u{b7}ab\u{81}", "7\u{b7}b\u{81}\u{81}"]);
        assert_eq!(tokens(tenant, ""), [""; 0]);
        assert_eq!(tokens(tenant, "aaaa").len(), 3);
        assert_eq!(tokens(tenant, "o'n")[1], "7\u{b7}o\u{a7}n");
    }
}
