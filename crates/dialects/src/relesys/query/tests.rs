//! What a query string means, and what is said of one that means nothing.

use directory::PersonField;
use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::ids::{OrganizationId, TenantId};
use directory::ports::{Algorithm, Signer};

use super::*;
use crate::relesys::routes::USERS;

/// Takes everything for its own.
struct Trusting;

impl Signer for Trusting {
    fn sign(&self, _: Algorithm, payload: &[u8]) -> String {
        String::from_utf8_lossy(payload).into_owned()
    }

    fn verify(&self, _: Algorithm, token: &str) -> Option<Vec<u8>> {
        Some(token.as_bytes().to_vec())
    }

    fn generation(&self) -> u64 {
        0
    }
}

fn caller() -> Caller {
    Caller {
        tenant: TenantId(1),
        organization: OrganizationId(Uuid::nil()),
        via: Channel::Command,
        credential: None,
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: String::new(),
    }
}

fn read(query: &str) -> Result<ListRequest<PersonField>, Vec<String>> {
    let (caller, now) = (caller(), Timestamp::UNIX_EPOCH);
    let seal = Seal { signer: &Trusting, caller: &caller, endpoint: USERS.endpoint, now, lifetime: 60 };
    USERS.read(&format!("/users?{query}").parse().unwrap(), &seal).map_err(|error| match error {
        Error::Invalid(errors) => errors.into_iter().map(|error| error.path).collect(),
        other => panic!("{other:?}"),
    })
}

fn filter(query: &str) -> Filter<PersonField> {
    match read(query).unwrap().query.filter {
        Filter::All(mut filters) if filters.len() == 1 => filters.remove(0),
        other => other,
    }
}

fn compare(field: PersonField, operator: Operator, literal: Literal) -> Filter<PersonField> {
    Filter::Compare(field, operator, literal)
}

#[test]
fn a_page_is_two_hundred_in_the_order_of_creation_unless_said_otherwise() {
    let request = read("").unwrap();
    assert_eq!(request.query.window, Window::Offset(0, 200));
    assert_eq!(request.query.sort, [(PersonField::CreatedAt, Direction::Ascending)]);
    let request = read("LIMIT=1000&Offset=7&sort=-lastModifiedDateTime,%20NAME%20,,name&unknown=1").unwrap();
    assert_eq!(request.query.window, Window::Offset(7, 1_000));
    let sort = [(PersonField::UpdatedAt, Direction::Descending), (PersonField::Name, Direction::Ascending)];
    assert_eq!(request.query.sort, sort);
    assert_eq!(read("sort=").unwrap().query.sort, read("").unwrap().query.sort);
}

#[test]
fn what_is_wrong_is_named() {
    for (query, paths) in [
        ("limit=0", &["limit"][..]),
        ("limit=1001", &["limit"]),
        ("limit=-1", &["limit"]),
        ("limit=1e9", &["limit"]),
        ("limit=%2B5", &["limit"]),
        ("limit=", &["limit"]),
        ("limit=1&limit=2", &["limit"]),
        ("offset=-1&limit=x", &["offset", "limit"]),
        ("limit[eq]=5", &["limit[eq]"]),
        ("unknown[eq]=5", &["unknown[eq]"]),
        ("name[like]=a", &["name[like]"]),
        ("name[]=a", &["name[]"]),
        ("id=1", &["id"]),
        ("id[lt]=202ac2f0-748c-452f-8393-180f9366e174", &["id[lt]"]),
        ("status=activated", &["status"]),
        ("birthDate=yesterday", &["birthDate"]),
        ("title=a%00b", &["title"]),
        ("sort=id", &["sort"]),
        ("sort=-shoeSize", &["sort"]),
        ("cursor=x", &["cursor"]),
        ("cursor=x&offset=1", &["offset"]),
    ] {
        assert_eq!(read(query).unwrap_err(), paths, "{query}");
    }
    assert!(read(&"title=a&".repeat(100)).is_ok());
    assert_eq!(read(&"title=a&".repeat(8_000)).unwrap_err(), ["query"]);
    assert_eq!(read(&"x=1&".repeat(1_025)).unwrap_err(), ["query"]);
    assert_eq!(read(&"title=a&".repeat(102)).unwrap_err(), ["query"]);
}

#[test]
fn operators_compare_as_the_vendor_says() {
    let text = |operator| compare(PersonField::Title, operator, Literal::Text("a b".into()));
    for (query, expected) in [
        ("title=a%20b", text(Operator::Equal)),
        ("TITLE[EQ]=a+b", text(Operator::Equal)),
        ("title%5Blt%5D=a+b", text(Operator::Less)),
        ("title[lte]=a+b", text(Operator::LessOrEqual)),
        ("title[gt]=a+b", text(Operator::Greater)),
        ("title[gte]=a+b", text(Operator::GreaterOrEqual)),
        ("title[ne]=a+b", Filter::Not(text(Operator::Equal).into())),
        ("status=Pending", compare(PersonField::Status, Operator::Equal, Literal::Rank(3))),
    ] {
        assert_eq!(filter(query), expected, "{query}");
    }
}

#[test]
fn a_date_is_a_whole_day() {
    let at = |text: &str| Literal::Civil(text.parse().unwrap());
    let birth = |operator, text| compare(PersonField::BirthDate, operator, at(text));
    let (start, end) = ("2020-12-01T00:00:00", "2020-12-01T23:59:59.9999999");
    let day = Filter::All(vec![birth(Operator::GreaterOrEqual, start), birth(Operator::LessOrEqual, end)]);
    for (query, expected) in [
        ("birthDate[lte]=2020-12-01", birth(Operator::LessOrEqual, end)),
        ("birthDate[lt]=2020-12-01", birth(Operator::Less, start)),
        ("birthDate[gt]=12-01-2020", birth(Operator::Greater, end)),
        ("birthDate[gte]=2020-12-01", birth(Operator::GreaterOrEqual, start)),
        ("birthDate=2020-12-01T00:00:00Z", birth(Operator::Equal, start)),
        ("birthDate[lte]=2020-12-01T00:00:00Z", birth(Operator::LessOrEqual, start)),
        ("birthDate[ne]=2020-12-01", Filter::Not(day.clone().into())),
    ] {
        assert_eq!(filter(query), expected, "{query}");
    }
    let Filter::All(both) = read("birthDate=2020-12-01").unwrap().query.filter else { panic!() };
    assert_eq!(both, [day]);
}

#[test]
fn a_time_between_two_microseconds_is_nobodys() {
    let at = |text: &str| Literal::Time(text.parse().unwrap());
    let created = |operator, text| compare(PersonField::CreatedAt, operator, at(text));
    let (between, below) = ("2025-05-02T02:09:46.8234571Z", "2025-05-02T02:09:46.823457Z");
    for (operator, expected) in [
        ("eq", Filter::Any(vec![])),
        ("lt", created(Operator::LessOrEqual, below)),
        ("lte", created(Operator::LessOrEqual, below)),
        ("gt", created(Operator::Greater, below)),
        ("gte", created(Operator::Greater, below)),
    ] {
        assert_eq!(filter(&format!("creationDateTime[{operator}]={between}")), expected, "{operator}");
    }
    assert_eq!(filter(&format!("creationDateTime={below}")), created(Operator::Equal, below));
}

#[test]
fn the_cursor_of_a_page_holds_what_was_asked() {
    let (caller, now) = (caller(), Timestamp::UNIX_EPOCH);
    let seal = Seal { signer: &Trusting, caller: &caller, endpoint: USERS.endpoint, now, lifetime: 60 };
    let request = read("title[ne]=a%26b&sort=-name&limit=2").unwrap();
    let position = |n| directory::query::Position {
        values: vec![Some(Literal::Text("~".into()))],
        id: Uuid::from_u128(n),
    };
    let page = Page {
        items: vec![(), ()],
        bounds: Some((position(1), position(2))),
        has_next: true,
        has_previous: true,
        total: None,
    };
    let first = request.answer(&page, vec![1, 2], &seal, "https://x/users");
    assert_eq!((first.count, first.previous_url), (2, None), "no page before the first");
    let url: Uri = first.next_url.unwrap().replace(['{', '}', '"'], "").parse().unwrap_or_default();
    assert_eq!(url.path(), "/users");
    let cursor = Cursor { query: request.text.clone(), limit: 2, position: position(2), is_backwards: false };
    let sealed: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("cursor", &seal.close(cursor))
        .append_pair("sort", "ignored")
        .append_pair("limit", "ignored")
        .finish();
    let second = read(&sealed).unwrap();
    assert_eq!(second.query.window, Window::After(position(2), 2));
    assert_eq!((second.query.filter, second.query.sort), (request.query.filter, request.query.sort));
    assert!(second.is_continued);
}
