//! Lists: filters, sorting and paging, as the vendor has them for every entity
//! (api.relesysapp.net/docs/latest/concepts/pagination and .../filtering).

use std::borrow::Cow;

use axum::http::Uri;
use directory::query::{Direction, Field, FieldKind, Filter, Literal, Operator, Page, Query, Window};
use directory::text::{NUL_REFUSED, holds_nul};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::error::{Error, NOT_A_GUID, sentence};
use super::lens::instant;
use super::wire::List;
use crate::http::cursor::{Cursor, Seal};
use crate::http::query::pairs;
use crate::http::{BaseUrl, FieldError};

/// Entities of a page, unless the client says otherwise, and at most.
const LIMIT: u32 = 200;
const MOST: u32 = 1_000;

/// Filters of one request, and bytes of its query. The cursor of the next page holds them.
const FILTERS: usize = 100;
const LONGEST: usize = 4_096;

/// How long a cursor is good, in seconds: "up to 6 hours after it was first generated".
pub const CURSOR_LIFETIME: i64 = 6 * 60 * 60;

/// A parameter by which a list is filtered, and perhaps sorted.
#[derive(Debug)]
pub struct Parameter<F: 'static> {
    pub name: &'static str,
    pub field: F,
    pub is_sortable: bool,
    /// The values of a closed set, in the order of their ranks.
    pub names: &'static [&'static str],
}

impl<F> Parameter<F> {
    /// Filters and sorts.
    pub const fn both(name: &'static str, field: F) -> Self {
        Self { name, field, is_sortable: true, names: &[] }
    }

    /// Filters alone, as ids do.
    pub const fn filter(name: &'static str, field: F) -> Self {
        Self { name, field, is_sortable: false, names: &[] }
    }
}

/// What a list endpoint is: its parameters, the order that it has by itself, and a name for its cursors.
#[derive(Debug)]
pub struct Listing<F: 'static> {
    pub endpoint: &'static str,
    pub parameters: &'static [Parameter<F>],
    pub order: (F, Direction),
}

/// A request for a page.
#[derive(Debug, PartialEq)]
pub struct ListRequest<F: Field> {
    pub query: Query<F>,
    /// What the cursors of the other pages hold: filters and order as they were sent.
    text: String,
    /// Whether the page came by a cursor.
    is_continued: bool,
}

impl<F: Field> Listing<F> {
    /// Reads the parameters of a request. Those that the endpoint does not have are ignored.
    pub fn read(&self, uri: &Uri, seal: &Seal<'_>) -> Result<ListRequest<F>, Error> {
        let mut reading = Reading::new(self);
        let text = uri.query().unwrap_or_default();
        if text.len() > LONGEST && !pairs(uri).any(|(name, _)| name.eq_ignore_ascii_case("cursor")) {
            return Err(Error::at("query", format!("Must not be longer than {LONGEST} bytes.")));
        }
        for (name, value) in pairs(uri) {
            reading.parameter(&name, value);
        }
        let (cursor, offset, limit) = (reading.cursor.take(), reading.offset.take(), reading.limit.take());
        let Some(cursor) = cursor else {
            let window = Window::Offset(
                reading.number("offset", offset, 0, u32::MAX, 0).into(),
                reading.number("limit", limit, 1, MOST, LIMIT),
            );
            return reading.finish(window, false);
        };
        // Of what was read so far, only two cursors are a mistake: the cursor holds all else.
        reading.errors.retain(|error| error.path.eq_ignore_ascii_case("cursor"));
        if !reading.errors.is_empty() {
            return Err(Error::Invalid(reading.errors));
        }
        if offset.is_some() {
            return Err(Error::at("offset", "Must not be sent together with cursor."));
        }
        let bad = |_| Error::at("cursor", "Is unknown, or too old: begin again without it.");
        let Cursor { query, limit, position, is_backwards } = seal.open(&cursor).map_err(bad)?;
        let mut reading = Reading::new(self);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            reading.parameter(&name, value);
        }
        let window = match is_backwards {
            true => Window::Before(position, limit),
            false => Window::After(position, limit),
        };
        reading.finish(window, true)
    }

    fn parameter(&self, name: &str) -> Option<&'static Parameter<F>> {
        self.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }
}

impl<F: Field> ListRequest<F> {
    /// The envelope of a page, with the addresses of the pages beside it.
    pub fn answer<T, D>(&self, page: &Page<T>, data: Vec<D>, seal: &Seal<'_>, url: &str) -> List<D> {
        let limit = self.query.window.limit();
        let address = |position, is_backwards| {
            let cursor = Cursor { query: self.text.clone(), limit, position, is_backwards };
            format!("{url}?limit={limit}&cursor={}", seal.close(cursor))
        };
        let (start, end) = page.bounds.clone().unzip();
        List {
            count: data.len(),
            data,
            next_url: end.filter(|_| page.has_next).map(|end| address(end, false)),
            previous_url: start
                .filter(|_| page.has_previous && self.is_continued)
                .map(|start| address(start, true)),
        }
    }
}

/// The absolute address of a list.
pub fn list_url(BaseUrl(base): &BaseUrl, version: super::version::Version, resource: &str) -> String {
    format!("{base}/api/{}/{resource}", version.as_str())
}

/// What was read of a query string so far.
struct Reading<'q, F: Field> {
    listing: &'q Listing<F>,
    filters: Vec<Filter<F>>,
    /// Filters so far, also those that were not read.
    found: usize,
    sort: Option<Cow<'q, str>>,
    limit: Option<Cow<'q, str>>,
    offset: Option<Cow<'q, str>>,
    cursor: Option<Cow<'q, str>>,
    text: form_urlencoded::Serializer<'static, String>,
    errors: Vec<FieldError>,
}

impl<'q, F: Field> Reading<'q, F> {
    fn new(listing: &'q Listing<F>) -> Self {
        let text = form_urlencoded::Serializer::new(String::new());
        let (sort, limit, offset, cursor) = Default::default();
        Self { listing, filters: Vec::new(), found: 0, sort, limit, offset, cursor, text, errors: Vec::new() }
    }

    fn parameter(&mut self, name: &str, value: Cow<'q, str>) {
        let (property, operator) = match name.split_once('[') {
            Some((property, rest)) => (property, Some(rest.strip_suffix(']').unwrap_or(rest))),
            None => (name, None),
        };
        let own = match property.to_ascii_lowercase().as_str() {
            "sort" => Some(&mut self.sort),
            "limit" => Some(&mut self.limit),
            "offset" => Some(&mut self.offset),
            "cursor" => Some(&mut self.cursor),
            _ => None,
        };
        match (own, self.listing.parameter(property), operator) {
            (Some(place), _, None) => {
                if place.as_ref().is_some_and(|earlier| *earlier != value) {
                    self.errors.push(wrong(property, "Must be sent once."));
                }
                *place = Some(value);
            }
            (None, Some(parameter), operator) => self.filter(parameter, operator, &value),
            (None, None, None) => {}
            (_, _, Some(operator)) => {
                let message = format!("There is no {property} to filter by with [{operator}] here.");
                self.errors.push(wrong(name, message));
            }
        }
    }

    fn filter(&mut self, parameter: &'static Parameter<F>, operator: Option<&str>, value: &str) {
        self.found += 1;
        if self.found > FILTERS {
            if self.found == FILTERS + 1 {
                self.errors.push(wrong("query", format!("Must not have more than {FILTERS} filters.")));
            }
            return;
        }
        let read = Comparison::parse(operator.unwrap_or("eq"))
            .ok_or_else(|| "The operator must be eq, ne, lt, lte, gt or gte.".to_owned())
            .and_then(|comparison| condition(parameter, comparison, value));
        let name = operator
            .map_or_else(|| parameter.name.to_owned(), |operator| format!("{}[{operator}]", parameter.name));
        match read {
            Ok(filter) => {
                self.text.append_pair(&name, value);
                self.filters.push(filter);
            }
            Err(message) => self.errors.push(wrong(&name, message)),
        }
    }

    fn number(
        &mut self,
        name: &str,
        text: Option<Cow<'_, str>>,
        least: u32,
        most: u32,
        otherwise: u32,
    ) -> u32 {
        let Some(text) = text else { return otherwise };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u32>() {
            Ok(number) if digits && (least..=most).contains(&number) => number,
            _ => {
                self.errors.push(wrong(name, format!("Must be an integer from {least} to {most}.")));
                otherwise
            }
        }
    }

    fn sort(&mut self) -> Vec<(F, Direction)> {
        let Some(text) = self.sort.take() else { return vec![self.listing.order] };
        let mut sort: Vec<(F, Direction)> = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (name, direction) = match name.strip_prefix('-') {
                Some(name) => (name, Direction::Descending),
                None => (name, Direction::Ascending),
            };
            match self.listing.parameter(name).filter(|parameter| parameter.is_sortable) {
                // What was sorted by once is the same in all that tie.
                Some(parameter) if sort.iter().any(|(field, _)| *field == parameter.field) => {}
                Some(parameter) => sort.push((parameter.field, direction)),
                None => {
                    let sortable = self.listing.parameters.iter().filter(|parameter| parameter.is_sortable);
                    let names: Vec<&str> = sortable.map(|parameter| parameter.name).collect();
                    self.errors.push(wrong("sort", format!("Must be some of {}.", names.join(", "))));
                }
            }
        }
        if sort.is_empty() {
            return vec![self.listing.order];
        }
        self.text.append_pair("sort", &text);
        sort
    }

    fn finish(mut self, window: Window, is_continued: bool) -> Result<ListRequest<F>, Error> {
        let sort = self.sort();
        if !self.errors.is_empty() {
            return Err(Error::Invalid(self.errors));
        }
        let query = Query { filter: Filter::All(self.filters), sort, window, count: false };
        Ok(ListRequest { query, text: self.text.finish(), is_continued })
    }
}

/// The operators of the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "lt" => Self::Less,
            "lte" => Self::LessOrEqual,
            "gt" => Self::Greater,
            "gte" => Self::GreaterOrEqual,
            _ => return None,
        })
    }
}

/// One filter, or what is wrong with it.
fn condition<F: Field>(
    parameter: &Parameter<F>,
    comparison: Comparison,
    value: &str,
) -> Result<Filter<F>, String> {
    if holds_nul(value) {
        return Err(sentence(NUL_REFUSED));
    }
    let field = parameter.field;
    let between = |least, most| within(field, comparison, least, most);
    match field.kind() {
        FieldKind::Text => {
            let text = Literal::Text(value.to_owned());
            Ok(between(text.clone(), text))
        }
        FieldKind::Rank => {
            let rank = parameter.names.iter().position(|name| *name == value);
            let rank = rank.and_then(|rank| u8::try_from(rank).ok());
            let rank = rank.ok_or_else(|| format!("Must be one of {}.", parameter.names.join(", ")))?;
            Ok(between(Literal::Rank(rank), Literal::Rank(rank)))
        }
        FieldKind::Uuid => match (comparison, guid(value)) {
            (Comparison::Equal | Comparison::NotEqual, Some(id)) => {
                Ok(between(Literal::Uuid(id), Literal::Uuid(id)))
            }
            (_, None) => Err(NOT_A_GUID.to_owned()),
            (_, Some(_)) => Err("The operator of a GUID must be eq or ne.".to_owned()),
        },
        FieldKind::ObjectId => {
            let id = value.parse().map_err(|_| "Must be an object id.")?;
            Ok(between(Literal::ObjectId(id), Literal::ObjectId(id)))
        }
        FieldKind::Civil => {
            let (least, most) = moments(value).ok_or(NOT_A_DATE)?;
            Ok(between(Literal::Civil(least), Literal::Civil(most)))
        }
        FieldKind::Time => {
            let (least, most) = moments(value).ok_or(NOT_A_DATE)?;
            Ok(of_time(field, comparison, least, most))
        }
    }
}

const NOT_A_DATE: &str =
    "Must be a date, such as 2026-11-25, or a date and time, such as 2026-11-25T08:30:00.";

/// Compares with a value that has an extent, as a day has: `lt` and `gte` mean its beginning, `lte` and `gt` its end.
fn within<F: Field>(field: F, comparison: Comparison, least: Literal, most: Literal) -> Filter<F> {
    let compare = |operator, literal| Filter::Compare(field, operator, literal);
    let equal = |least: Literal, most: Literal| match least == most {
        true => compare(Operator::Equal, least),
        false => {
            Filter::All(vec![compare(Operator::GreaterOrEqual, least), compare(Operator::LessOrEqual, most)])
        }
    };
    match comparison {
        Comparison::Equal => equal(least, most),
        Comparison::NotEqual => Filter::Not(equal(least, most).into()),
        Comparison::Less => compare(Operator::Less, least),
        Comparison::LessOrEqual => compare(Operator::LessOrEqual, most),
        Comparison::Greater => compare(Operator::Greater, most),
        Comparison::GreaterOrEqual => compare(Operator::GreaterOrEqual, least),
    }
}

/// The same for a time that is kept to the microsecond, compared with one of seven digits: what lies between two
/// microseconds is no time that anything has.
fn of_time<F: Field>(field: F, comparison: Comparison, least: DateTime, most: DateTime) -> Filter<F> {
    let compare = |operator, at| Filter::Compare(field, operator, Literal::Time(timestamp(at)));
    let is_between = |at: DateTime| at.subsec_nanosecond() % 1_000 != 0;
    match comparison {
        Comparison::Less if is_between(least) => compare(Operator::LessOrEqual, least),
        Comparison::GreaterOrEqual if is_between(least) => compare(Operator::Greater, least),
        Comparison::Equal if least == most && is_between(least) => Filter::Any(Vec::new()),
        Comparison::NotEqual if least == most && is_between(least) => Filter::All(Vec::new()),
        Comparison::Equal
        | Comparison::NotEqual
        | Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual => {
            within(field, comparison, Literal::Time(timestamp(least)), Literal::Time(timestamp(most)))
        }
    }
}

/// The microsecond in which it lies. Times end with the 30th of December 9999, and nothing here is later.
fn timestamp(at: DateTime) -> Timestamp {
    let at = at.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |at| at.timestamp());
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The first and the last moment of a date, or a date and time, which is both.
fn moments(text: &str) -> Option<(DateTime, DateTime)> {
    let at = instant(text)?;
    // No time is shorter than this.
    let is_day = text.len() <= "2026-11-25".len();
    let last = || Date::from(at).to_datetime(Time::constant(23, 59, 59, 999_999_900));
    Some((at, if is_day { last() } else { at }))
}

fn guid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn wrong(name: &str, message: impl Into<String>) -> FieldError {
    FieldError { path: name.to_owned(), message: message.into() }
}

#[cfg(test)]
mod tests;
