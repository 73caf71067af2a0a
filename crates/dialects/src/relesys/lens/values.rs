//! Reading the values of members, and when `test` finds two of them equal.

use std::ops::RangeInclusive;
use std::str::FromStr;

use directory::credential::Secret;
use directory::custom_field::CustomValue;
use directory::email::{self, Email};
use directory::limits;
use directory::organization::DepartmentLocale;
use directory::person::{Entry, Gender, Phone};
use directory::text::{NUL_REFUSED, holds_nul, is_blank};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use serde_json::Value;

use crate::http::fields::{characters, utf16};
use crate::json_patch::equal;
use crate::relesys::error::{NOT_A_GUID, sentence};

/// Characters of a text that is not a custom field's. The pages name no limit.
const TEXT: usize = 255;

/// Characters of a description, as of the text of a custom field.
const DESCRIPTION: usize = 4_000;

/// Digits of a phone number.
const DIGITS: usize = 20;

const COUNTRY_CODES: RangeInclusive<u16> = 1..=999;

/// The first year that .NET, and so the vendor, can hold. The last is 9999 in both.
const FIRST_YEAR: i16 = 1;

/// Hours that a zone can be away from UTC in .NET.
const FARTHEST_ZONE: i64 = 14;

/// What is wrong with a value, and where below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueError {
    /// The rest of the path, such as `/number`.
    pub(super) below: String,
    pub(super) message: String,
}

impl From<&str> for ValueError {
    fn from(message: &str) -> Self {
        Self { below: String::new(), message: message.into() }
    }
}

impl ValueError {
    fn below(self, below: &str) -> Self {
        Self { below: format!("{below}{}", self.below), ..self }
    }
}

/// A value that was read, or nothing where there is null.
type Read<T> = Result<Option<T>, ValueError>;

const NOT_A_TEXT: &str = "Must be a string, such as \"text\".";
const NOT_A_GENDER: &str = "Must be Female or Male.";
const NOT_A_DATE_TIME: &str = "Must be a date and time, such as 2026-11-25T08:30:00.";
const NOT_A_PHONE: &str = "Must be an object, such as {\"countryCode\": 45, \"number\": \"12345678\"}.";
const NOT_A_COUNTRY_CODE: &str = "Must be an integer from 1 to 999, such as 45.";
const NOT_A_NUMBER: &str =
    "Must have 1 to 20 digits, with blanks and hyphens between them, such as 12 34 56 78.";
const NOT_AN_ENTRY: &str = "Must be an object, such as {\"id\": \"5d3d281b-2f0a-4c6e-9d4b-6a1d0c7f3e52\"}.";
const NOT_A_CULTURE: &str = "Must be a culture, such as da-DK.";
const NO_CULTURES: &str = "Must be an array, such as [\"da-DK\"].";
const NOT_A_LOCALE: &str = "Must be an object, such as {\"culture\": \"da-DK\", \"description\": \"Butik\"}.";
const NO_LOCALES: &str = "Must be an array, such as [{\"culture\": \"da-DK\", \"description\": \"Butik\"}].";
const NO_ENTRIES: &str = "Must be an array, such as [{\"id\": \"5d3d281b-2f0a-4c6e-9d4b-6a1d0c7f3e52\"}].";

pub(super) fn text(value: &Value, least: usize) -> Read<String> {
    text_within(value, least..=TEXT)
}

/// A description, which may be longer than other texts.
pub(super) fn description(value: &Value) -> Read<String> {
    text_within(value, 0..=DESCRIPTION)
}

fn text_within(value: &Value, lengths: RangeInclusive<usize>) -> Read<String> {
    let Some(text) = string(value, NOT_A_TEXT)? else { return Ok(None) };
    match text.chars().count() {
        length if length < *lengths.start() => Err("Must not be empty.".into()),
        length if length > *lengths.end() => {
            Err(format!("Must not be longer than {} characters.", lengths.end()).as_str().into())
        }
        _ => Ok(Some(text.to_owned())),
    }
}

/// A culture. What it has to look like is a rule of the directory.
pub(super) fn culture(value: &Value) -> Read<String> {
    Ok(optional(value, NOT_A_TEXT)?.map(str::to_owned))
}

pub(super) fn cultures(value: &Value) -> Result<Vec<String>, ValueError> {
    let Value::Array(items) = value else { return Err(NO_CULTURES.into()) };
    let texts = items.iter().enumerate().map(|(index, item)| {
        let text = string(item, NOT_A_CULTURE).and_then(|text| text.ok_or_else(|| NOT_A_CULTURE.into()));
        text.map(str::to_owned).map_err(|wrong| wrong.below(&format!("/{index}")))
    });
    texts.collect()
}

/// What a department is called in each culture.
pub(super) fn locales(value: &Value) -> Result<Vec<DepartmentLocale>, ValueError> {
    let Value::Array(items) = value else { return Err(NO_LOCALES.into()) };
    let locales = items.iter().enumerate();
    locales.map(|(index, item)| locale(item).map_err(|wrong| wrong.below(&format!("/{index}")))).collect()
}

fn locale(value: &Value) -> Result<DepartmentLocale, ValueError> {
    let Value::Object(members) = value else { return Err(NOT_A_LOCALE.into()) };
    let of = |name: &str| {
        let value = members.get(name).unwrap_or(&Value::Null);
        text(value, 0)?
            .ok_or_else(|| NOT_A_TEXT.into())
            .map_err(|wrong: ValueError| wrong.below(&format!("/{name}")))
    };
    Ok(DepartmentLocale { culture: of("culture")?, description: of("description")? })
}

pub(super) fn flag(value: &Value) -> Result<bool, ValueError> {
    value.as_bool().ok_or_else(|| "Must be true or false.".into())
}

/// One of the words of a closed set, by its place in it.
pub(super) fn word(value: &Value, words: &[&str]) -> Result<usize, ValueError> {
    let place = value.as_str().and_then(|text| words.iter().position(|word| *word == text));
    place.ok_or_else(|| format!("Must be one of {}.", words.join(", ")).as_str().into())
}

/// A name that says something.
pub(super) fn name(value: &Value) -> Result<String, ValueError> {
    match text(value, 0)? {
        Some(name) if !is_blank(&name) => Ok(name),
        Some(_) | None => Err("Must have a character that can be seen, such as Ada Byron.".into()),
    }
}

pub(super) fn email(value: &Value) -> Read<Email> {
    let Some(text) = text(value, 0)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let message = || format!("Must be an e-mail address, such as {}.", email::EXAMPLE);
    Email::parse(&text).map(Some).ok_or_else(|| message().as_str().into())
}

/// A password that can be signed in with: Kare, where that is done, counts UTF-16 code units.
pub(super) fn password(value: &Value) -> Result<Secret, ValueError> {
    let (least, most) = (limits::PASSWORD.start(), limits::PASSWORD.end());
    let message = format!("Must be a string of {least} to {most} characters.");
    let fits = |password: &str| characters(password) >= *least && utf16(password) <= *most;
    match string(value, &message)? {
        Some(password) if fits(password) => Ok(Secret(password.to_owned())),
        Some(_) | None => Err(message.as_str().into()),
    }
}

pub(super) fn gender(value: &Value) -> Read<Gender> {
    match optional(value, NOT_A_GENDER)? {
        Some("Female") => Ok(Some(Gender::Female)),
        Some("Male") => Ok(Some(Gender::Male)),
        Some(_) => Err(NOT_A_GENDER.into()),
        None => Ok(None),
    }
}

pub(super) fn guid<Id: FromStr>(value: &Value) -> Read<Id> {
    match string(value, NOT_A_GUID)? {
        Some(text) => text.parse().map(Some).map_err(|_| NOT_A_GUID.into()),
        None => Ok(None),
    }
}

pub(super) fn date_time(value: &Value) -> Read<DateTime> {
    match optional(value, NOT_A_DATE_TIME)? {
        Some(text) => instant(text).map(Some).ok_or_else(|| NOT_A_DATE_TIME.into()),
        None => Ok(None),
    }
}

/// A phone number of both parts. A part that is as it was need not have the form that is asked for: it may have come
/// through another API.
pub(super) fn phone(value: &Value, before: Option<&Phone>) -> Read<Phone> {
    let Value::Object(members) = value else {
        return if value.is_null() { Ok(None) } else { Err(NOT_A_PHONE.into()) };
    };
    let code = members.get("countryCode").unwrap_or(&Value::Null);
    let country_code = country_code(code).map_err(|wrong| wrong.below("/countryCode"))?;
    let number = members.get("number").unwrap_or(&Value::Null);
    let number = text(number, 1).map_err(|wrong| wrong.below("/number"))?;
    if let (Some(before), Some(number)) = (before, &number)
        && (country_code, number) == (before.country_code, &before.number)
    {
        return Ok(Some(before.clone()));
    }
    if country_code.is_none() {
        return Err(ValueError::from(NOT_A_COUNTRY_CODE).below("/countryCode"));
    }
    let number = number.ok_or_else(|| ValueError::from(NOT_A_NUMBER).below("/number"))?;
    let is_as_it_was = before.is_some_and(|before| before.number == number);
    if !is_as_it_was && !is_number(&number) {
        return Err(ValueError::from(NOT_A_NUMBER).below("/number"));
    }
    Ok(Some(Phone { country_code, number }))
}

/// Also as a text of digits, which the .NET reader takes too.
pub(super) fn country_code(value: &Value) -> Read<u16> {
    let code = match value {
        Value::Null => return Ok(None),
        Value::Number(_) => whole(value),
        Value::String(digits) => digits_of(digits),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    code.and_then(|code| u16::try_from(code).ok())
        .filter(|code| COUNTRY_CODES.contains(code))
        .map(Some)
        .ok_or_else(|| NOT_A_COUNTRY_CODE.into())
}

fn whole(value: &Value) -> Option<u32> {
    value.as_number().and_then(crate::http::fields::as_integer).and_then(|number| number.try_into().ok())
}

fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=DIGITS).contains(&digits)
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ' || byte == b'-')
}

/// The entries of a list of departments or groups.
pub(super) fn entries<Id: FromStr>(value: &Value) -> Result<Vec<Entry<Id>>, ValueError> {
    let Value::Array(items) = value else { return Err(NO_ENTRIES.into()) };
    let entries = items.iter().enumerate();
    entries.map(|(index, item)| entry(item).map_err(|wrong| wrong.below(&format!("/{index}")))).collect()
}

fn entry<Id: FromStr>(value: &Value) -> Result<Entry<Id>, ValueError> {
    let Value::Object(members) = value else { return Err(NOT_AN_ENTRY.into()) };
    let of = |name: &str| members.get(name).unwrap_or(&Value::Null);
    let id = guid(of("id")).map_err(|wrong| wrong.below("/id"))?;
    let id = id.ok_or_else(|| ValueError::from(NOT_A_GUID).below("/id"))?;
    let data_source = text(of("dataSource"), 0).map_err(|wrong| wrong.below("/dataSource"))?;
    Ok(Entry { id, data_source })
}

/// The value of a custom field, whatever the kind of the field.
pub(super) fn custom_value(value: &Value) -> Option<CustomValue> {
    match value {
        Value::String(text) => Some(CustomValue::Text(text.clone())),
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map(str::to_owned));
            items.collect::<Option<_>>().map(CustomValue::List)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// A text that every store can hold, or what is said of another value.
fn string<'v>(value: &'v Value, otherwise: &str) -> Result<Option<&'v str>, ValueError> {
    match value {
        Value::String(text) if holds_nul(text) => Err(sentence(NUL_REFUSED).as_str().into()),
        Value::String(text) => Ok(Some(text)),
        Value::Null => Ok(None),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(otherwise.into()),
    }
}

/// A text that has a form of its own. The empty text, which has not, is what systems that synchronise users write for
/// nothing: it counts as null.
fn optional<'v>(value: &'v Value, otherwise: &str) -> Result<Option<&'v str>, ValueError> {
    Ok(string(value, otherwise)?.filter(|text| !text.is_empty()))
}

/// Whether two texts are one GUID, in whatever letter case.
pub(super) fn same_guid(kept: &Value, asked: &Value) -> bool {
    match (kept, asked) {
        (Value::String(kept), Value::String(asked)) => kept.eq_ignore_ascii_case(asked),
        _ => equal(kept, asked),
    }
}

/// Whether two texts are one instant, however they are written.
pub(super) fn same_instant(kept: &Value, asked: &Value) -> bool {
    match (kept.as_str().and_then(instant), asked.as_str().and_then(instant)) {
        (Some(kept), Some(asked)) => kept == asked,
        _ => equal(kept, asked),
    }
}

/// Whether two values are one country code, as a number or as digits.
pub(super) fn same_code(kept: &Value, asked: &Value) -> bool {
    match (country_code(kept), country_code(asked)) {
        (Ok(kept), Ok(asked)) => kept == asked,
        _ => equal(kept, asked),
    }
}

/// A date, or a date and a time, in UTC unless it names another zone. Fractions end after seven digits, as in .NET.
///
/// Taken are `YYYY-MM-DD`, the same followed by `T` and a time, and `MM-DD-YYYY`, which a public client of the API
/// sends (github.com/getsno/relesys-users).
pub(in crate::relesys) fn instant(text: &str) -> Option<DateTime> {
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let (time, zone) = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len())),
        None if rest.is_empty() => ("00:00", ""),
        None => return None,
    };
    let date = match date.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => day(&date[..4], &date[5..7], &date[8..])?,
        [_, _, b'-', _, _, b'-', _, _, _, _] if rest.is_empty() => day(&date[6..], &date[..2], &date[3..5])?,
        _ => return None,
    };
    let at = date.to_datetime(clock(time)?).checked_sub(offset(zone)?).ok()?;
    (at.year() >= FIRST_YEAR).then_some(at)
}

fn day(year: &str, month: &str, day: &str) -> Option<Date> {
    let small = |digits| digits_of(digits).and_then(|number| i8::try_from(number).ok());
    let year = digits_of(year).and_then(|year| i16::try_from(year).ok())?;
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` with any number of digits.
fn clock(text: &str) -> Option<Time> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if whole.len() == 8 && digits_only(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let mut parts = whole.split(':');
    let mut two = || parts.next().map(two_digits);
    let (hour, minute, second) = (two()??, two()??, two().unwrap_or(Some(0))?);
    if parts.next().is_some() {
        return None;
    }
    let ticks = fraction.bytes().chain(std::iter::repeat(b'0')).take(7);
    let ticks = ticks.fold(0, |ticks, digit| ticks * 10 + i32::from(digit - b'0'));
    Time::new(hour, minute, second, ticks * 100).ok()
}

/// `Z`, nothing, or hours and minutes from UTC.
fn offset(zone: &str) -> Option<SignedDuration> {
    let sign = match zone.bytes().next() {
        None => return Some(SignedDuration::ZERO),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(SignedDuration::ZERO),
        Some(b'-') => -1,
        Some(_) => 1,
    };
    let zone = &zone[1..];
    let (hours, minutes) = match zone.len() {
        2 => (zone, "00"),
        4 => zone.split_at(2),
        _ => zone.split_once(':')?,
    };
    let (hours, minutes) = (i64::from(two_digits(hours)?), i64::from(two_digits(minutes)?));
    let minutes = (minutes < 60).then_some(hours * 60 + minutes)?;
    if minutes > FARTHEST_ZONE * 60 {
        return None;
    }
    Some(SignedDuration::from_mins(sign * minutes))
}

fn two_digits(text: &str) -> Option<i8> {
    if text.len() == 2 { digits_of(text)?.try_into().ok() } else { None }
}

fn digits_of(text: &str) -> Option<u32> {
    if digits_only(text) { text.parse().ok() } else { None }
}

fn digits_only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
