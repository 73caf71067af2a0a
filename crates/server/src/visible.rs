//! Text made safe for a terminal: a character that cannot be seen, or that moves or reorders others, is written as its code.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One line: a line break is written as `\n`, other unsafe characters as `\u{202e}`.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe, |text, c| text.extend(c.escape_default()))
}

/// The same, but line breaks are left alone.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_unsafe(c), |text, c| text.extend(c.escape_default()))
}

/// JSON that means the same, as `\u202e`. Outside its strings a JSON document holds no such character.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe, |text, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(text, "\\u{unit:04x}").expect("a text takes what is written to it");
        }
    })
}

/// True for what a terminal acts on (controls), what reorders or hides text (formats, separators), and what has no glyph.
fn is_unsafe(c: char) -> bool {
    // Letters and marks by category, which are drawn as nothing: the combining grapheme joiner and the Hangul fillers.
    const INVISIBLE: [char; 5] = ['\u{34f}', '\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = c.general_category();
    INVISIBLE.contains(&c)
        || matches!(
            category,
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned
        )
}

fn escaped(
    text: &str,
    is_escaped: impl Fn(char) -> bool,
    escape: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) { escape(&mut shown, c) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// What a log entry is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    /// The colours, which the formatter puts in after it has escaped the values, are left alone.
    Text,
}

/// A writer of log entries, each of them one line and written at once.
#[derive(Debug)]
pub(crate) struct Entries<W> {
    pub inner: W,
    pub form: Form,
}

impl<W: io::Write> io::Write for Entries<W> {
    fn write(&mut self, entry: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(entry);
        let (text, end) = match text.strip_suffix('\n') {
            Some(text) => (text, "\n"),
            None => (&*text, ""),
        };
        let shown = match self.form {
            Form::Json => json(text),
            Form::Text => {
                escaped(text, |c| c != '\u{1b}' && is_unsafe(c), |text, c| text.extend(c.escape_default()))
            }
        };
        // In one piece, since a writer that drops entries must drop whole ones.
        self.inner.write_all(format!("{shown}{end}").as_bytes())?;
        Ok(entry.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_hides_is_shown_as_its_code() {
        for (text, shown) in [
            ("a\u{1b}[2Jb\n", "a\\u{1b}[2Jb\\n"),
            ("\u{202e}live\u{2066}", "\\u{202e}live\\u{2066}"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("a\u{200b}\u{200f}\u{61c}\u{2028}\u{feff}", "a\\u{200b}\\u{200f}\\u{61c}\\u{2028}\\u{feff}"),
            ("\u{e0041}\u{e000}\u{378}\u{3164}", "\\u{e0041}\\u{e000}\\u{378}\\u{3164}"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(line(&line(text)), shown, "what is shown is safe");
        }
        for same in
            ["Zo\u{eb} \u{674e}\u{5c0f}\u{9f99}", "\u{644}\u{64a}\u{644}\u{649}", "\u{1f600}", "a'\\b\"", ""]
        {
            assert_eq!(line(same), same);
            assert_eq!(json(same), same);
        }
        assert_eq!(lines("a\nb\r\n"), "a\nb\\r\n");
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let value = serde_json::json!({"\u{202e}a": "\u{7f}\u{9b}\u{e0041}\u{1b}\u{200b}"});
        let text = value.to_string();
        let shown = json(&text);
        assert!(shown.is_ascii() && !shown.contains('\u{7f}'), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_log_entry_stays_one_line() {
        for (form, entry, shown) in [
            (
                Form::Text,
                "\u{1b}[31mERROR\u{1b}[0m a\nb \u{202e}\n",
                "\u{1b}[31mERROR\u{1b}[0m a\\nb \\u{202e}\n",
            ),
            (Form::Json, "{\"path\":\"\u{202e}\"}\n", "{\"path\":\"\\u202e\"}\n"),
        ] {
            let mut written = Vec::new();
            Entries { inner: &mut written, form }.write_all(entry.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), shown);
        }
    }
}
