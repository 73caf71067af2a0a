//! What a new password must be, and making one that is.

use directory::limits;
use directory::ports::Entropy;

use crate::error::Error;

/// Kare's rule for new passwords: 8 to 100 characters, among them a lower-case and an upper-case letter, a digit, and
/// something that is neither letter nor digit.
pub(crate) fn check(password: &str) -> Result<(), Error> {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let missing = if !limits::PASSWORD.contains(&password.chars().count()) {
        "must have 8 to 100 characters"
    } else if !has(char::is_lowercase) {
        "must hold a lower-case letter"
    } else if !has(char::is_uppercase) {
        "must hold an upper-case letter"
    } else if !has(char::is_numeric) {
        "must hold a digit"
    } else if !has(|c| !c.is_alphanumeric()) {
        "must hold a character that is neither a letter nor a digit"
    } else {
        return Ok(());
    };
    Err(Error::new(format!("the password {missing}")).hint(
        "8 to 100 characters, among them a lower-case and an upper-case letter, a digit, and another character",
    ))
}

/// Some 110 bits, of characters that a shell, a URL and a tired eye all read alike.
pub(crate) fn generate(entropy: &dyn Entropy) -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.";
    loop {
        let mut bytes = [0; 64];
        entropy.fill(&mut bytes);
        // Bytes above the last whole multiple are passed over, so that every character is as likely as another.
        let fair = bytes.iter().filter(|byte| usize::from(**byte) < LETTERS.len() * 4);
        let letters = fair.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
        let password: String = letters.take(19).collect();
        // A dash in front would be taken for an option.
        let begins_well = password.starts_with(char::is_alphanumeric);
        if password.len() == 19 && begins_well && check(&password).is_ok() {
            return password;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::{OsEntropy, Repeatable};

    #[test]
    fn the_rule_names_what_is_missing() {
        for (password, says) in [
            ("Aa1-", "8 to 100"),
            ("AAAAAAA1-", "lower-case"),
            ("aaaaaaa1-", "upper-case"),
            ("aaaaaaaA-", "digit"),
            ("aaaaaaaA1", "neither"),
        ] {
            let failure = check(password).unwrap_err().to_string();
            assert!(failure.contains(says), "{failure}");
            assert!(!failure.contains(password), "a password is never repeated");
        }
        assert!(check(&format!("Aa1-{}", "x".repeat(97))).is_err());
        assert!(check(&format!("Aa1-{}", "x".repeat(96))).is_ok());
        assert!(check("\u{c4}\u{e4}1 \u{20ac}\u{df}\u{df}\u{df}").is_ok());
    }

    #[test]
    fn what_is_generated_keeps_the_rule_and_differs() {
        let entropy = Repeatable::new(1);
        for _ in 0..1_000 {
            check(&generate(&entropy)).unwrap();
        }
        assert_ne!(generate(&OsEntropy), generate(&OsEntropy));
    }
}
