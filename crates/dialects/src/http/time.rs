//! How the vendors write instants. All of them use ISO 8601 in UTC with `Z`; they differ in the fraction.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;

const WHOLE_SECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
const WHAT_THERE_IS: DateTimePrinter = DateTimePrinter::new();

/// The unit of the seventh digit, in nanoseconds.
const TICK: i32 = 100;

/// Whole seconds: `2022-08-12T20:44:48Z`.
pub fn seconds(at: Timestamp) -> String {
    WHOLE_SECONDS.timestamp_to_string(&at)
}

/// Always three digits: `2024-12-09T14:23:00.000Z`.
pub fn milliseconds(at: Timestamp) -> String {
    MILLISECONDS.timestamp_to_string(&at)
}

/// As many of seven digits as say something, and no point without one: `2025-05-02T02:09:46.823457Z`.
pub fn ticks(at: Timestamp) -> String {
    civil_ticks(Offset::UTC.to_datetime(at))
}

/// The same of a time that is in UTC.
pub fn civil_ticks(at: DateTime) -> String {
    let nanoseconds = at.subsec_nanosecond();
    let cut = at.with().subsec_nanosecond(nanoseconds - nanoseconds % TICK).build().unwrap_or(at);
    let mut text = WHAT_THERE_IS.datetime_to_string(&cut);
    text.push('Z');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vendor_its_fraction() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(seconds(at("2022-08-12T20:44:48.999Z")), "2022-08-12T20:44:48Z");
        assert_eq!(milliseconds(at("2024-12-09T14:23:00Z")), "2024-12-09T14:23:00.000Z");
        for text in ["2018-12-30T13:30:00Z", "2023-03-15T11:52:07.75Z", "2024-04-18T23:36:45.2535004Z"] {
            assert_eq!(ticks(at(text)), text);
        }
        assert_eq!(civil_ticks(DateTime::MAX), "9999-12-31T23:59:59.9999999Z");
        assert_eq!(ticks(at("2024-04-18T23:36:40.00000019Z")), "2024-04-18T23:36:40.0000001Z");
    }
}
