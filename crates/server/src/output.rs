//! What a command shows: text for people or JSON for scripts, and the exit code.

use std::io::{self, ErrorKind, Write, stderr, stdout};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::commands::credential::Secret;
use crate::context::Context;
use crate::error::Error;
use crate::visible;

/// The outcome of a command in both forms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub text: String,
    pub json: Value,
    pub code: u8,
    /// What the outcome shows for the only time. If it cannot be shown, it must not stay in use.
    pub secret: Option<Secret>,
}

impl Shown {
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, code: 0, secret: None }
    }

    /// Prints one of the forms and returns the exit code.
    pub(crate) fn print(&self, as_json: bool) -> Result<u8, Error> {
        unless_gone(self.write(as_json))?;
        Ok(self.code)
    }

    /// The same, but a secret that could not be written is withdrawn, also where its reader has gone.
    pub(crate) async fn print_or_withdraw(&self, as_json: bool, context: &Context) -> Result<u8, Error> {
        let Some(secret) = &self.secret else { return self.print(as_json) };
        match self.write(as_json) {
            Ok(()) => Ok(self.code),
            Err(error) => Err(secret.withdraw(context, not_written(&error)).await),
        }
    }

    fn write(&self, as_json: bool) -> io::Result<()> {
        match as_json {
            true => write_json(&self.json),
            false if self.text.is_empty() => Ok(()),
            false => write_text(self.text.trim_end()),
        }
    }
}

/// A list that is written while it is read, so that nothing holds all of a long one. As JSON it is one array in one line.
pub(crate) struct Listing {
    as_json: bool,
    is_empty: bool,
    /// What is not written yet.
    text: String,
}

/// Bytes that are written at once.
const BLOCK: usize = 64 * 1024;

impl Listing {
    pub(crate) fn new(as_json: bool) -> Self {
        Self { as_json, is_empty: true, text: String::new() }
    }

    /// Adds an item in the form that is wanted; the text with its line breaks.
    pub(crate) fn add(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
    ) -> io::Result<()> {
        match self.as_json {
            true => {
                self.text.push(if self.is_empty { '[' } else { ',' });
                self.text.push_str(&visible::json(&json().to_string()));
            }
            false => self.text.push_str(&visible::lines(&text())),
        }
        self.is_empty = false;
        if self.text.len() < BLOCK {
            return Ok(());
        }
        stdout().lock().write_all(std::mem::take(&mut self.text).as_bytes())
    }

    /// Writes what is left; where there were no items, this sentence or an empty array.
    pub(crate) fn end(mut self, none: &str) -> io::Result<()> {
        match (self.as_json, self.is_empty) {
            (true, true) => self.text.push_str("[]"),
            (true, false) => self.text.push(']'),
            (false, true) => self.text.push_str(none),
            (false, false) => {}
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let mut out = stdout().lock();
        out.write_all(self.text.as_bytes()).and_then(|()| out.flush())
    }
}

/// Writes one JSON document in one line to standard output.
pub(crate) fn write_json(json: &Value) -> io::Result<()> {
    write_out(&visible::json(&json.to_string()))
}

/// Writes text for people to standard output. Nothing in it can move the cursor or colour the terminal.
pub(crate) fn write_text(text: &str) -> io::Result<()> {
    write_out(&visible::lines(text))
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    // What is buffered is not written yet, and a failure at the program's end is told to nobody.
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Writes text for people to standard error. Where that cannot be written to, nobody can be told.
pub(crate) fn write_error(text: &str) {
    writeln!(stderr(), "{}", visible::lines(text.trim_end())).ok();
}

/// A failed write is a failure, unless it is the reader that has gone: it has seen enough, as `head` has.
pub(crate) fn unless_gone(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(not_written(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn not_written(error: &io::Error) -> Error {
    Error::new(format!("cannot write to standard output: {error}"))
}

/// Aligned columns under their titles; or a sentence, when there are no rows.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: Vec<[String; N]>, none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let rows: Vec<[String; N]> = std::iter::once(titles.map(str::to_owned))
        .chain(rows.into_iter().map(|row| row.map(|cell| visible::line(&cell).into_owned())))
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
            format!("{name}:{gap}{}\n", visible::line(value))
        })
        .collect()
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
        let hidden = vec![["a\u{200b}".into(), "1".into()], ["Ada".into(), "22".into()]];
        assert_eq!(table(["NAME", "N"], hidden, "nobody"), "NAME       N\na\\u{200b}  1\nAda        22\n");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let shown =
            fields(&[("id", Some("7".into())), ("title", None), ("name", Some("a\u{1b}[2Jb\n".into()))]);
        assert_eq!(shown, "id:   7\nname: a\\u{1b}[2Jb\\n\n");
    }
}
