//! What the queries of Kare's operations ask for.

use std::borrow::Cow;
use std::cmp::Ordering;

use axum::http::Uri;
use directory::ids::Number;
use directory::organization::Label;
use directory::query::Direction;
use directory::text::fold_for_search;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::wire::labels::{kind_number, source_number};
use super::wire::{Page, Pagination, id};
use crate::http::json::{self, Value};
use crate::http::query;

/// The optional parts of a user that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extend {
    /// The four objects that tell the caller's rights: sent together, when one of them is asked for and when nothing
    /// at all is.
    pub rights: bool,
}

/// The parts that tell rights. The page is cut before their names: the last is made after the others.
const RIGHTS: [&str; 4] = [
    "updatable-fields",
    "actions-info",
    "user-organization-actions-info",
    "user-organization-updatable-fields",
];

/// Other parts that Kare has for users, on the page of the list. There is nothing here to show for them.
const OTHERS: [&str; 7] = [
    "image",
    "organization",
    "diplomas",
    "user-rule",
    "user-rule-actions-info",
    "last-next-intervention",
    "stats",
];

const UNKNOWN_OF_USER: &str = "must name parts that a user has, such as actions-info";
const UNKNOWN_OF_ORGANIZATION: &str = "must name parts that an organization has, such as actions-info";
const UNKNOWN_OF_LABEL: &str = "must be none: a label has no further parts";

impl Extend {
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let asked = texts(uri, "extend", UNKNOWN_OF_USER)?;
        let is_rights = |part: &String| RIGHTS.contains(&part.as_str());
        if !asked.iter().all(|part| is_rights(part) || OTHERS.contains(&part.as_str())) {
            return Err(Error::invalid("extend", UNKNOWN_OF_USER));
        }
        Ok(Self { rights: asked.is_empty() || asked.iter().any(is_rights) })
    }
}

/// The optional parts of an organization that were asked for. There are no logos here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrganizationParts {
    pub updatable_fields: bool,
    pub actions: bool,
}

impl OrganizationParts {
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let [_, updatable_fields, actions] = parts(uri, ["logo", "updatable-fields", "actions-info"])?;
        Ok(Self { updatable_fields, actions })
    }
}

/// The same in the first version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrganizationPartsV1 {
    pub site_ids: bool,
    pub updatable_fields: bool,
    pub actions: bool,
}

impl OrganizationPartsV1 {
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let known = ["all-sites-ids", "updatable-fields", "actions-info"];
        let [site_ids, updatable_fields, actions] = parts(uri, known)?;
        Ok(Self { site_ids, updatable_fields, actions })
    }
}

/// Which of the known parts were asked for.
fn parts<const N: usize>(uri: &Uri, known: [&str; N]) -> Result<[bool; N], Error> {
    let asked = texts(uri, "extend", UNKNOWN_OF_ORGANIZATION)?;
    if asked.iter().any(|part| !known.contains(&part.as_str())) {
        return Err(Error::invalid("extend", UNKNOWN_OF_ORGANIZATION));
    }
    Ok(known.map(|part| asked.iter().any(|it| it == part)))
}

/// Whatever was asked for of a parameter that takes several: repeated, with commas, or as a JSON array.
fn texts(uri: &Uri, name: &str, message: &str) -> Result<Vec<String>, Error> {
    let wrong = || Error::invalid(name, message);
    let mut texts = Vec::new();
    for (_, value) in query::pairs(uri).filter(|(given, _)| given == name) {
        if value.starts_with('[') {
            let Ok(Value::Array(items)) = json::parse(value.as_bytes()) else { return Err(wrong()) };
            for item in &items {
                texts.push(match item {
                    Value::String(text) => text.to_string(),
                    Value::Number(number) => number.to_string(),
                    _ => return Err(wrong()),
                });
            }
        } else if !value.is_empty() {
            texts.extend(value.split(',').map(str::to_owned));
        }
    }
    Ok(texts)
}

/// Orders that a list may be given.
const ORDERS: usize = 10;

/// Items of a page, unless the caller says how many.
const PAGE_SIZE: u64 = 50;

/// Which part of a list was asked for, and in which order: `F` are the fields to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<F> {
    page: u64,
    page_size: u64,
    is_counted: bool,
    /// Shows the page that this one is on, where it is in the list.
    find: Option<i64>,
    order: Vec<(F, Direction)>,
}

impl<F: Copy> List<F> {
    fn read(uri: &Uri, fields: &[(&str, F)]) -> Result<Self, Error> {
        let is_counted = match one(uri, "includeCount")?.as_deref() {
            None | Some("" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(Error::invalid("includeCount", "must be true or false")),
        };
        // It is for lists in groups, of which there are none here.
        number(uri, "subPageSize", 500)?;
        Ok(Self {
            page: number(uri, "page", u64::from(u32::MAX))?.unwrap_or(1),
            page_size: number(uri, "pageSize", 500)?.unwrap_or(PAGE_SIZE),
            is_counted,
            find: one(uri, "findId")?.map(|text| id("findId", &text)).transpose()?,
            order: order(uri, fields)?,
        })
    }

    /// Puts items into the order that was asked for. Ties keep the order that they have.
    fn sort<T>(&self, items: &mut [T], compare: impl Fn(F, &T, &T) -> Ordering) {
        items.sort_by(|a, b| {
            let orders = self.order.iter().map(|(field, direction)| match direction {
                Direction::Ascending => compare(*field, a, b),
                Direction::Descending => compare(*field, b, a),
            });
            orders.fold(Ordering::Equal, Ordering::then)
        });
    }

    /// The page of all that match, in their order.
    pub fn page<'i, T, U>(
        &self,
        items: &'i [T],
        id: impl Fn(&T) -> Number,
        show: impl Fn(&'i T) -> U,
    ) -> Page<U> {
        let size = usize::try_from(self.page_size).unwrap_or(usize::MAX);
        let found = self
            .find
            .and_then(|wanted| items.iter().position(|item| i64::try_from(id(item).get()) == Ok(wanted)));
        let page = found.map_or(self.page, |index| (index / size) as u64 + 1);
        let first = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size);
        Page {
            data: items.iter().skip(first).take(size).map(show).collect(),
            total_count: self.is_counted.then_some(items.len()),
            pagination: Pagination { page, page_size: self.page_size },
        }
    }
}

/// A label's, of `orderBy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelField {
    Id,
    Name,
    Color,
    Kind,
    Source,
    CreatedAt,
    UpdatedAt,
}

/// Which labels are listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ListLabels {
    pub list: List<LabelField>,
    kind: Option<i64>,
    /// Folded for search; somewhere in the name.
    name: Option<String>,
    created: Span,
    sources: Vec<i64>,
}

impl ListLabels {
    /// `GET /labels/v2/rs`.
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let sources = texts(uri, "whereSourceType", "must be integers, such as 1,2")?;
        let sources = sources.iter().map(|text| id("whereSourceType", text)).collect::<Result<_, _>>()?;
        Ok(Self { sources, ..Self::read_v1(uri)? })
    }

    /// `GET /labels/v1`, which cannot be asked who made a label.
    pub fn read_v1(uri: &Uri) -> Result<Self, Error> {
        if texts(uri, "extend", UNKNOWN_OF_LABEL)?.iter().any(|part| part != "none") {
            return Err(Error::invalid("extend", UNKNOWN_OF_LABEL));
        }
        let fields = [
            ("id", LabelField::Id),
            ("name", LabelField::Name),
            ("color", LabelField::Color),
            ("type", LabelField::Kind),
            ("sourceType", LabelField::Source),
            ("createdAt", LabelField::CreatedAt),
            ("updatedAt", LabelField::UpdatedAt),
        ];
        Ok(Self {
            list: List::read(uri, &fields)?,
            kind: one(uri, "whereType")?.map(|text| id("whereType", &text)).transpose()?,
            name: one(uri, "whereName")?.map(|text| fold_for_search(&text)),
            created: Span::read(uri, "whereCreatedAt")?,
            sources: Vec::new(),
        })
    }

    /// Those that match, in the order that was asked for: unless it was, by the time at which they were made, and their ids.
    pub fn matching(&self, mut labels: Vec<Label>) -> Vec<Label> {
        labels.retain(|label| {
            self.kind.is_none_or(|kind| kind == kind_number(label.kind))
                && (self.sources.is_empty() || self.sources.contains(&source_number(label.source)))
                && self.name.as_ref().is_none_or(|name| fold_for_search(&label.name).contains(name))
                && self.created.contains(label.created_at)
        });
        labels.sort_by_key(|label| (label.created_at, label.number));
        self.list.sort(&mut labels, |field, a, b| match field {
            LabelField::Id => a.number.cmp(&b.number),
            LabelField::Name => a.name.cmp(&b.name),
            LabelField::Color => a.color.cmp(&b.color),
            LabelField::Kind => a.kind.cmp(&b.kind),
            LabelField::Source => a.source.cmp(&b.source),
            LabelField::CreatedAt => a.created_at.cmp(&b.created_at),
            LabelField::UpdatedAt => a.updated_at.cmp(&b.updated_at),
        });
        labels
    }
}

/// A span of time, open where nothing is said. Times are shown in whole milliseconds, and so compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    from: Option<Timestamp>,
    /// Not itself in the span.
    until: Option<Timestamp>,
}

const NOT_A_TIME: &str = "must be a day, such as 2024-12-09, a time, such as 2024-12-09T14:23:00.000Z, or {\"start\":..,\"end\":..} of them";

impl Span {
    /// One day, one millisecond, or an object with a start and an end, both of which are in the span.
    fn read(uri: &Uri, name: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid(name, NOT_A_TIME);
        let Some(text) = one(uri, name)? else { return Ok(Self::default()) };
        if !text.starts_with('{') {
            return Self::of(&text).ok_or_else(wrong);
        }
        let Ok(Value::Object(members)) = json::parse(text.as_bytes()) else { return Err(wrong()) };
        let mut span = Self::default();
        for (member, value) in &members {
            let end = value.as_str().and_then(Self::of).ok_or_else(wrong)?;
            match &**member {
                "start" => span.from = end.from,
                "end" => span.until = end.until,
                _ => return Err(wrong()),
            }
        }
        Ok(span)
    }

    fn of(text: &str) -> Option<Self> {
        let (from, length) = match text.parse::<Date>() {
            Ok(day) if !text.contains('T') => {
                (day.to_zoned(TimeZone::UTC).ok()?.timestamp(), SignedDuration::from_hours(24))
            }
            _ if text.ends_with('Z') => (text.parse::<Timestamp>().ok()?, SignedDuration::from_millis(1)),
            _ => return None,
        };
        let from = Timestamp::from_millisecond(from.as_millisecond()).ok()?;
        Some(Self { from: Some(from), until: from.checked_add(length).ok() })
    }

    fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

fn order<F: Copy>(uri: &Uri, fields: &[(&str, F)]) -> Result<Vec<(F, Direction)>, Error> {
    let known = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let wrong = || {
        let message = format!(
            "must be objects such as {{\"field\":\"createdAt\",\"direction\":\"asc\"}}, at most {ORDERS}; the fields are {known}"
        );
        Error::invalid("orderBy", message)
    };
    let mut order = Vec::new();
    for (_, text) in query::pairs(uri).filter(|(name, _)| name == "orderBy") {
        let objects = match json::parse(text.as_bytes()) {
            Ok(Value::Array(objects)) => objects,
            Ok(object @ Value::Object(_)) => vec![object].into(),
            _ => return Err(wrong()),
        };
        for object in &objects {
            let Value::Object(members) = object else { return Err(wrong()) };
            let member = |name: &str| members.iter().rfind(|(given, _)| **given == *name).map(|(_, it)| it);
            let named = member("field").and_then(Value::as_str).ok_or_else(wrong)?;
            let field = fields.iter().find(|(name, _)| *name == named).ok_or_else(wrong)?.1;
            let direction = match member("direction").map(Value::as_str) {
                None | Some(Some("asc")) => Direction::Ascending,
                Some(Some("desc")) => Direction::Descending,
                Some(_) => return Err(wrong()),
            };
            order.push((field, direction));
        }
    }
    if order.len() > ORDERS { Err(wrong()) } else { Ok(order) }
}

fn number(uri: &Uri, name: &str, most: u64) -> Result<Option<u64>, Error> {
    let Some(text) = one(uri, name)? else { return Ok(None) };
    let number = id(name, &text).ok().and_then(|number| u64::try_from(number).ok());
    let number = number.filter(|number| (1..=most).contains(number));
    number.map(Some).ok_or_else(|| Error::invalid(name, format!("must be an integer from 1 to {most}")))
}

fn one<'u>(uri: &'u Uri, name: &str) -> Result<Option<Cow<'u, str>>, Error> {
    query::one(uri, name).map_err(|_| Error::invalid(name, "must be given once"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<bool> {
        let uri: Uri = format!("/users/v1/rs/1?{query}").parse().unwrap();
        Extend::read(&uri).ok().map(|extend| extend.rights)
    }

    #[test]
    fn rights_are_told_when_asked_for_and_when_nothing_is() {
        for query in [
            "",
            "extend=",
            "extend=[]",
            "other=1",
            "extend=actions-info",
            "extend=image&extend=updatable-fields",
            "extend=image,user-organization-actions-info",
            "extend=%5B%22image%22,%22user-organization-updatable-fields%22%5D",
        ] {
            assert_eq!(read(query), Some(true), "{query}");
        }
        for query in ["extend=image", "extend=stats,diplomas", "extend=organization&extend=user-rule"] {
            assert_eq!(read(query), Some(false), "{query}");
        }
    }

    #[test]
    fn an_unknown_part_is_an_error() {
        for query in [
            "extend=nothing",
            "extend=image,",
            "extend=Image",
            "extend=image&extend=x",
            "extend=%5B1%5D",
            "extend=%5Btrue%5D",
            "extend=%5B%22image%22",
        ] {
            assert_eq!(read(query), None, "{query}");
        }
    }

    #[test]
    fn a_span_is_a_day_a_moment_or_what_lies_between_two() {
        let span = |text: &str| {
            let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let uri: Uri = format!("/labels/v1?at={query}").parse().unwrap();
            Span::read(&uri, "at").ok()
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = span("2024-12-09").unwrap();
        assert!(day.contains(at("2024-12-09T00:00:00Z")) && day.contains(at("2024-12-09T23:59:59.999999Z")));
        assert!(!day.contains(at("2024-12-08T23:59:59.999Z")) && !day.contains(at("2024-12-10T00:00:00Z")));
        let moment = span("2024-12-09T14:23:00.5Z").unwrap();
        assert!(moment.contains(at("2024-12-09T14:23:00.500999Z")));
        assert!(!moment.contains(at("2024-12-09T14:23:00.501Z")));
        let between = span(r#"{"start":"2024-12-09T12:00:00Z","end":"2024-12-10"}"#).unwrap();
        assert!(between.contains(at("2024-12-09T12:00:00Z")) && between.contains(at("2024-12-10T23:00:00Z")));
        assert!(!between.contains(at("2024-12-09T11:59:59.999Z")));
        assert!(span(r#"{"end":"2024-12-10"}"#).unwrap().contains(Timestamp::MIN));
        assert_eq!(span("{}"), Some(Span::default()));
        for wrong in [
            "",
            "yesterday",
            "2024-02-30",
            "2024-12-09T14:23:00+01:00",
            "{",
            "[]",
            r#"{"start":1}"#,
            r#"{"from":"2024-12-10"}"#,
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
