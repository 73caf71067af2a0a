//! What the queries of Replay's operations ask for.

use axum::http::Uri;
use directory::ids::OrganizationId;
use directory::query::{Direction, Filter, Literal, Operator, Query, Window};
use directory::status::Status;
use directory::{PersonField, TeamField};
use jiff::Timestamp;

use super::error::Error;
use super::wire::{NOT_A_UUID, Page, Pagination};
use crate::http::{FieldError, query};

/// What the pages give for a page that nothing is said about, and as the most.
const LIMIT: u32 = 100;
const MOST: u32 = 1_000;

/// The largest integer that every reader of JSON takes as it is: the offset is in the answer.
const FURTHEST: u64 = (1 << 53) - 1;

/// Everyone in the order in which they are shown to have come.
pub const ORDER: (PersonField, Direction) = (PersonField::InvitedOrCreatedAt, Direction::Ascending);

/// `GET /api/user`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListUsers {
    pub child: Option<OrganizationId>,
    /// None where nothing is said of it.
    pub paging: Option<Paging>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    pub offset: u64,
    pub limit: u32,
}

impl ListUsers {
    pub fn read(uri: &Uri) -> Result<Self, Error> {
        let mut reading = Reading::of(uri);
        let asked = Self { child: reading.child_company(), paging: reading.paging() };
        reading.done(asked)
    }
}

/// `GET /api/team`.
pub fn list_teams(uri: &Uri) -> Result<Paging, Error> {
    let mut reading = Reading::of(uri);
    let paging = reading.paging();
    Ok(reading.done(paging)?.unwrap_or_default())
}

impl Default for Paging {
    fn default() -> Self {
        Self { offset: 0, limit: LIMIT }
    }
}

impl Paging {
    pub fn window(self) -> Window {
        Window::Offset(self.offset, self.limit)
    }

    /// The page with what is shown of its items.
    pub fn page<T>(self, data: Vec<T>, has_more: bool, total: u64) -> Page<T> {
        let Self { offset, limit } = self;
        Page { data, pagination: Pagination { total, offset, limit, has_more } }
    }
}

/// Where a call looks for users: at the own company if None.
pub fn child_company(uri: &Uri) -> Result<Option<OrganizationId>, Error> {
    let mut reading = Reading::of(uri);
    let child = reading.child_company();
    reading.done(child)
}

/// The active people of the own company: its shape could not say that one is not.
pub fn active(paging: Paging) -> Query<PersonField> {
    let is_active =
        Filter::Compare(PersonField::Status, Operator::Equal, Literal::Rank(Status::Active.rank()));
    Query { filter: is_active, sort: vec![ORDER], window: paging.window(), count: true }
}

/// All teams, in the order in which they came to be.
pub fn teams(paging: Paging) -> Query<TeamField> {
    let sort = vec![(TeamField::CreatedAt, Direction::Ascending)];
    Query { filter: Filter::All(Vec::new()), sort, window: paging.window(), count: true }
}

/// All people of a child company but those who wait without an invitation that is open.
pub fn in_child(now: Timestamp) -> Filter<PersonField> {
    let is_invited =
        Filter::Compare(PersonField::Status, Operator::Equal, Literal::Rank(Status::Invited.rank()));
    let is_open = Filter::Compare(PersonField::InvitationExpiresAt, Operator::Greater, Literal::Time(now));
    Filter::Any(vec![Filter::Not(is_invited.into()), is_open])
}

/// Reads parameters and collects what is wrong with them.
struct Reading<'u> {
    uri: &'u Uri,
    errors: Vec<FieldError>,
}

impl<'u> Reading<'u> {
    fn of(uri: &'u Uri) -> Self {
        Self { uri, errors: Vec::new() }
    }

    fn done<T>(self, read: T) -> Result<T, Error> {
        match self.errors.is_empty() {
            true => Ok(read),
            false => Err(Error::Invalid(self.errors)),
        }
    }

    /// Both spellings are documented, on different pages; they may be given together when they agree.
    fn child_company(&mut self) -> Option<OrganizationId> {
        let mut id = |name| {
            let parse = |text: &str| text.parse().ok();
            self.parameter(name, NOT_A_UUID, parse).map(OrganizationId)
        };
        match (id("childCompanyId"), id("child_company_id")) {
            (Some(left), Some(right)) if left != right => {
                self.wrong("childCompanyId", "must not differ from child_company_id")
            }
            (child, other) => child.or(other),
        }
    }

    fn paging(&mut self) -> Option<Paging> {
        let offset = self.parameter("offset", "must be an integer of at least 0", |text| {
            integer(text).filter(|offset| *offset <= FURTHEST)
        });
        let limit = self.parameter("limit", "must be an integer from 1 to 1000", |text| {
            integer(text)
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|limit| (1..=MOST).contains(limit))
        });
        let otherwise = Paging::default();
        (offset.is_some() || limit.is_some()).then(|| Paging {
            offset: offset.unwrap_or(otherwise.offset),
            limit: limit.unwrap_or(otherwise.limit),
        })
    }

    fn parameter<T>(&mut self, name: &str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        match query::one(self.uri, name) {
            Ok(Some(text)) => parse(&text).or_else(|| self.wrong(name, form)),
            Ok(None) => None,
            Err(query::Repeated) => self.wrong(name, "must be given once"),
        }
    }

    fn wrong<T>(&mut self, path: &str, message: &str) -> Option<T> {
        self.errors.push(FieldError { path: path.into(), message: message.into() });
        None
    }
}

/// Digits alone: a sign is none.
fn integer(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use directory::ids::{InvitationId, Number, ObjectId, PersonId};
    use directory::invitation::Invitation;
    use directory::membership::Membership;
    use directory::{Person, Record, Related};
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::super::lens::show_in_child;
    use super::*;

    fn read(query: &str) -> Result<ListUsers, Vec<String>> {
        let uri: Uri = format!("/api/user?{query}").parse().unwrap();
        ListUsers::read(&uri).map_err(|error| match error {
            Error::Invalid(errors) => errors.into_iter().map(|error| error.path).collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_page_is_asked_for_by_offset_and_limit() {
        let paging = |query| read(query).unwrap().paging;
        assert_eq!(paging(""), None);
        assert_eq!(paging("offset=0"), Some(Paging { offset: 0, limit: 100 }));
        assert_eq!(paging("limit=1000"), Some(Paging { offset: 0, limit: 1_000 }));
        assert_eq!(paging("limit=1&offset=007"), Some(Paging { offset: 7, limit: 1 }));
        assert_eq!(paging("offset=9007199254740991").unwrap().offset, FURTHEST);
        for (query, paths) in [
            ("offset=-1", &["offset"][..]),
            ("offset=%2B1", &["offset"]),
            ("offset=", &["offset"]),
            ("offset=1.0", &["offset"]),
            ("offset=9007199254740992", &["offset"]),
            ("offset=99999999999999999999999", &["offset"]),
            ("offset=1&offset=2", &["offset"]),
            ("limit=0", &["limit"]),
            ("limit=1001", &["limit"]),
            ("limit=4294967297", &["limit"]),
            ("limit=ten&offset=x&child_company_id=y", &["child_company_id", "offset", "limit"]),
        ] {
            assert_eq!(read(query), Err(paths.iter().map(ToString::to_string).collect()), "{query}");
        }
    }

    #[test]
    fn a_child_companys_list_is_of_those_who_are_shown_there() {
        let now = Timestamp::from_second(1_000).unwrap();
        let invitation = |expires_at| Invitation {
            id: InvitationId(Uuid::from_u128(2)),
            organization: OrganizationId(Uuid::nil()),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at,
            resend_count: 0,
            reinstatement: None,
        };
        let second = SignedDuration::from_secs(1);
        let invitations = [None, Some(now - second), Some(now), Some(now + second)];
        let mut shown = 0;
        for (status, expires_at) in Status::ALL.into_iter().flat_map(|it| invitations.map(|at| (it, at))) {
            let id = PersonId(Uuid::from_u128(1));
            let mut person = Person::new(id, Number::FIRST, ObjectId([1; 12]), Timestamp::UNIX_EPOCH);
            (person.status, person.invitation) = (status, expires_at.map(invitation));
            let is_listed = in_child(now).matches(&|field| field.of(&person), &|_, _| false, &|_| false);
            let membership = Membership::new(OrganizationId(Uuid::nil()), now);
            let record = Record {
                person: person.into(),
                membership: membership.into(),
                related: Related::default().into(),
                actor: None,
            };
            let users: Vec<_> = show_in_child(&record, now, "https://a.example").collect();
            assert_eq!(users.len(), usize::from(is_listed), "{status:?} until {expires_at:?}");
            let is_invited = users.iter().any(|user| user.status == "invited");
            let id = if is_invited { Uuid::from_u128(2) } else { id.0 };
            assert!(users.iter().all(|user| user.id == id), "{status:?} until {expires_at:?}");
            shown += usize::from(is_listed);
        }
        assert_eq!(shown, 4 * invitations.len() + 1);
    }
}
