//! What a command shows: text for people or JSON for scripts, and the exit code.

use std::io::{Write, stdout};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// The outcome of a command in both forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub text: String,
    pub json: Value,
    pub code: u8,
}

impl Shown {
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, code: 0 }
    }

    /// Prints one of the forms and returns the exit code.
    pub(crate) fn print(&self, as_json: bool) -> u8 {
        let text = if as_json { self.json.to_string() } else { self.text.trim_end().to_owned() };
        if text.is_empty() {
            return self.code;
        }
        // A reader that has seen enough, as `head` has, is no failure of ours.
        writeln!(stdout(), "{text}").ok();
        self.code
    }
}

/// Aligned columns under their titles; or a sentence, when there are no rows.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: Vec<[String; N]>, none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let rows: Vec<[String; N]> = std::iter::once(titles.map(str::to_owned))
        .chain(rows.into_iter().map(|row| row.map(one_line)))
        .collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `name: value` lines, the values aligned; those without a value are left out.
pub(crate) fn fields(fields: &[(&str, Option<String>)]) -> String {
    let present: Vec<_> = fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    let widest = present.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    present
        .iter()
        .map(|(name, value)| {
            let gap = " ".repeat(widest - name.width() + 1);
            format!("{name}:{gap}{}\n", one_line((*value).clone()))
        })
        .collect()
}

/// Nothing that is stored can move the cursor or colour the terminal.
fn one_line(text: String) -> String {
    match text.contains(char::is_control) {
        true => text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_the_eye_sees() {
        let rows = vec![["\u{674e}\u{5c0f}\u{9f99}".into(), "1".into()], ["Ada".into(), "22".into()]];
        assert_eq!(
            table(["NAME", "N"], rows, "nobody"),
            "NAME    N\n\u{674e}\u{5c0f}\u{9f99}  1\nAda     22\n"
        );
        assert_eq!(table(["NAME"], vec![], "nobody"), "nobody");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let shown =
            fields(&[("id", Some("7".into())), ("title", None), ("name", Some("a\u{1b}[2Jb\n".into()))]);
        assert_eq!(shown, "id:   7\nname: a\u{fffd}[2Jb\u{fffd}\n");
    }
}
