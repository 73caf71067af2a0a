//! The commands, a file for each noun.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod credential;
pub(crate) mod custom_field;
pub(crate) mod demo;
pub(crate) mod department;
pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod key;
pub(crate) mod label;
pub(crate) mod organization;
pub(crate) mod person;
pub(crate) mod role;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod team;

use directory::Dialect;
use directory::limits;
use jiff::civil::{Date, DateTime, Time};

/// A name that people give to something.
fn parse_name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        length if length > limits::KEY => Err(format!("must not be longer than {} characters", limits::KEY)),
        _ if text.contains(char::is_control) => Err("must not hold control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

fn parse_dialect(text: &str) -> Result<Dialect, String> {
    Dialect::parse(text).ok_or_else(|| one_of(Dialect::ALL.map(Dialect::as_str)))
}

/// Midnight UTC of a day.
fn parse_day(text: &str) -> Result<DateTime, String> {
    // A date with a time parses as a date too, and the time would be lost without a word.
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.map(|day| day.to_datetime(Time::midnight())).ok_or_else(|| "write it as 2026-11-22".to_owned())
}

/// What clap says after "invalid value": the words there are.
fn one_of(words: impl IntoIterator<Item = &'static str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    format!("use one of: {}", words.join(", "))
}
