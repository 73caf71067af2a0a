//! Generated queries: both engines answer as a plain evaluation of the same query does.

use std::cmp::Ordering;
use std::fmt::Debug;

use directory::apply::search_fields;
use directory::caller::{Caller, Channel};
use directory::credential::Scopes;
use directory::email::Email;
use directory::identity::{Family, Identity, Source};
use directory::ids::{GroupId, InvitationId, ObjectId, OrganizationId, PersonId, TenantId};
use directory::invitation::Invitation;
use directory::organization::Group;
use directory::person::Entry as PersonEntry;
use directory::person_change::NameChange;
use directory::query::{Field, FieldKind, Operator};
use directory::status::Status;
use directory::store::{AuditContext, ChangePerson, NewOrganization, NewPerson, Origin, PersonKey};
use directory::{Change, Command, Include, Person, PersonChange, PersonField, PersonList, Store};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::people::{Entry, Follow, Proposal, entry, page, range, statement};
use super::{Direction, Filter, Literal, Members, Position, Query, Window};
use crate::sql::{Sql, Syntax};

const PEOPLE: usize = 90;

/// Few values for many people, so that most of them tie.
const TEXTS: [&str; 6] = ["", "Ada", "ada", "\u{c9}va", "Zo\u{eb}", "\u{1f600}"];
const DAYS: [&str; 3] = ["0001-01-01T00:00:00", "1999-12-31T23:59:59.9999999", "9999-12-31T00:00:00"];

/// Asks for a list in every way, and compares what comes with what a plain evaluation of the same query gives.
pub(crate) async fn agrees<S: Sql<Error: Debug>>(
    sql: &S,
    members: Members,
    people: &[Person],
    query: &Query<PersonField>,
) {
    let mut expected: Vec<&Person> = people.iter().filter(|person| matches(&query.filter, person)).collect();
    expected.sort_by(|a, b| compare(&query.sort, a, b));
    let expected: Vec<PersonId> = expected.iter().map(|person| person.id).collect();
    // Along the order of the list, along the condition that leaves fewest, and first among the next entries of the order.
    for (few, count) in [(0, true), (i64::MAX, true), (20, false), (100, false)] {
        let limit = query.window.limit();
        let ask =
            async |window| page(sql, members, &Query { window, count, ..query.clone() }, few).await.unwrap();
        let first = ask(Window::Offset(0, limit)).await;
        assert_eq!(first.total, count.then_some(expected.len() as u64), "{few} {query:?}");
        let (mut found, mut last) = (first.items.clone(), first);
        while last.has_next {
            let (_, end) = last.bounds.clone().unwrap();
            last = ask(Window::After(end, limit)).await;
            found.extend(&last.items);
        }
        assert_eq!(found, expected, "{few} {query:?}");
        let mut rest = expected.len() - last.items.len();
        while let Some((start, _)) = last.bounds.clone().filter(|_| rest > 0) {
            last = ask(Window::Before(start, limit)).await;
            let before = &expected[..rest];
            assert_eq!(last.items, before[rest.saturating_sub(limit as usize)..], "{few} {query:?}");
            rest -= last.items.len();
            assert_eq!(last.has_previous, rest > 0);
        }
        let Window::Offset(offset, _) = query.window else { continue };
        let skipped = expected.iter().skip(offset as usize).take(limit as usize).copied();
        assert_eq!(ask(query.window.clone()).await.items, skipped.collect::<Vec<_>>(), "{few} {query:?}");
    }
}

fn matches(filter: &Filter<PersonField>, person: &Person) -> bool {
    let texts = search_fields(person);
    let contains = |list, literal: &Literal| match list {
        PersonList::Groups => person.groups.iter().any(|group| Literal::Uuid(group.id.0) == *literal),
        // No query asks for one.
        PersonList::Roles | PersonList::Delegates => false,
    };
    let has_word = |word: &str| texts.iter().any(|text| text.contains(word));
    filter.matches(&|field| field.of(person), &contains, &has_word)
}

fn compare(sort: &[(PersonField, Direction)], a: &Person, b: &Person) -> Ordering {
    let towards = |ordering: Ordering, direction| match direction {
        Direction::Ascending => ordering,
        Direction::Descending => ordering.reverse(),
    };
    let by_keys = sort.iter().map(|(field, direction)| towards(field.of(a).cmp(&field.of(b)), *direction));
    let last = sort.last().map_or(Direction::Ascending, |(_, direction)| *direction);
    by_keys.fold(Ordering::Equal, Ordering::then).then(towards(a.id.cmp(&b.id), last))
}

/// Queries of every shape over the values that people of [`fill`] have.
pub(crate) fn queries(ids: Vec<PersonId>) -> impl Strategy<Value = Query<PersonField>> {
    // Often the status, which is listed in another way where something else follows it.
    let field = prop_oneof![2 => select(PersonField::ALL), 1 => Just(PersonField::Status)];
    let direction = select(&DIRECTIONS);
    let sort = prop::collection::vec((field, direction), 0..3);
    (filter(ids), sort, 1..30_u32, 0..60_u64).prop_map(|(filter, sort, limit, offset)| Query {
        filter,
        sort,
        window: Window::Offset(offset, limit),
        count: true,
    })
}

fn filter(ids: Vec<PersonId>) -> impl Strategy<Value = Filter<PersonField>> {
    let comparison = (select(PersonField::ALL), select(&OPERATORS), 0..6_usize)
        .prop_map(move |(field, operator, n)| Filter::Compare(field, operator, literal(field, n, &ids)));
    let word =
        select(vec!["", "a", "ad", "ada", "zoe", "example", "p1", "nobody", "a\0"]).prop_map(str::to_owned);
    let words = prop::collection::vec(word, 0..3).prop_map(Filter::Words);
    let group = (1..=3_u128).prop_map(|n| {
        let group = Literal::Uuid(Uuid::from_u128(n));
        Filter::Contains(PersonList::Groups, group)
    });
    let present = select(PersonField::ALL).prop_map(Filter::Present);
    let leaf = prop_oneof![4 => comparison, 1 => present, 2 => words, 1 => group];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several.clone().prop_map(Filter::All),
            several.prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(filter.into())),
        ]
    })
}

fn literal(field: PersonField, n: usize, ids: &[PersonId]) -> Literal {
    match field {
        PersonField::Id => Literal::Uuid(ids[n * ids.len() / 6].0),
        PersonField::ExactStatus => Literal::Text(Status::ALL[n % Status::ALL.len()].as_str().into()),
        PersonField::PrimaryDepartment => Literal::Uuid(Uuid::from_u128(n as u128)),
        _ => match field.kind() {
            FieldKind::Text => Literal::Text(TEXTS[n].into()),
            FieldKind::Rank => Literal::Rank(n as u8 % 4),
            FieldKind::Civil => Literal::Civil(DAYS[n % 3].parse().unwrap()),
            FieldKind::Time => Literal::Time(time(n as i64 * 7)),
            FieldKind::Uuid => Literal::Uuid(Uuid::nil()),
            FieldKind::ObjectId => Literal::ObjectId(ObjectId::compose(n as u32 * 20, [7; 8])),
        },
    }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// What the n-th person has: each attribute is there or not, by other bits of the number.
fn change(n: usize) -> PersonChange {
    let text = |n: usize| TEXTS[n % TEXTS.len()].to_owned();
    let day = |n: usize| DAYS[n % DAYS.len()].parse().unwrap();
    let email = |name: String| Email::parse(&name).unwrap();
    let external = Identity { source: Source::Relesys, value: format!("e{n}") };
    PersonChange {
        name: NameChange::Parts {
            given: Change::Set(text(n)),
            family: unless(n.is_multiple_of(2), text(n / 2)),
        },
        title: unless(n.is_multiple_of(3), text(n / 3)),
        data_source: unless(n.is_multiple_of(4), text(n / 5)),
        user_name: unless(n % 3 == 1, format!("user{n}")),
        email: unless(n.is_multiple_of(5), email(format!("p{n}@example.com"))),
        second_email: unless(n % 2 == 1, email(format!("second{}@example.com", n % 4))),
        birth_date: unless(n % 3 == 2, day(n)),
        employment_start: unless(n % 4 == 1, day(n / 3)),
        employment_end: unless(n % 5 == 2, day(n / 7)),
        status: Change::Set(Status::ALL[n % Status::ALL.len()]),
        // Also of people who are not invited: to lists it is nothing then.
        invitation: unless(n % 7 < 3, invitation(n)),
        // Of the third one nobody is a member.
        groups: unless(
            n % 4 == 3,
            (1..=n % 3).map(|group| PersonEntry { id: group_id(group), data_source: None }).collect(),
        ),
        identities: [(Family::Relesys, Vec::from_iter((n.is_multiple_of(2)).then_some(external)))].into(),
        ..PersonChange::default()
    }
}

fn invitation(n: usize) -> Invitation {
    Invitation {
        id: InvitationId(Uuid::from_u128(n as u128)),
        organization: OrganizationId(Uuid::from_u128(1)),
        created_at: time(n as i64 % 5),
        expires_at: time(n as i64 % 6 * 7),
        resend_count: 0,
        reinstatement: None,
    }
}

fn group_id(n: usize) -> GroupId {
    GroupId(Uuid::from_u128(n as u128))
}

fn unless<T>(is_absent: bool, value: T) -> Change<T> {
    if is_absent { Change::Clear } else { Change::Set(value) }
}

/// Fills a store, and changes and removes some of those who were added, so that what they are listed by has moved.
pub(crate) async fn fill(store: &dyn Store) -> (TenantId, OrganizationId, Vec<Person>) {
    let root = NewOrganization {
        id: OrganizationId(Uuid::from_u128(1)),
        object_id: ObjectId([1; 12]),
        parent: None,
        name: "Root".into(),
        details: Default::default(),
        created_at: time(0),
    };
    store
        .add_organization(None, root.clone(), Origin::of_command("setup", Timestamp::UNIX_EPOCH))
        .await
        .unwrap();
    let tenant = store.organizations().await.unwrap()[0].tenant.id;
    let caller = Caller {
        tenant,
        organization: root.id,
        via: Channel::Command,
        credential: None,
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: String::new(),
    };
    let audit = |n: usize| AuditContext { caller: caller.clone(), now: time(n as i64 % 9) };
    let new = |n: usize| NewPerson {
        id: id(n),
        object_id: ObjectId::compose(n as u32, [7; 8]),
        created_at: time(n as i64 % 7),
        change: change(n),
    };
    let groups = (1..=3).map(|n| {
        let object_id = ObjectId([n as u8; 12]);
        Command::Create(Group::new(group_id(n), object_id, format!("Group {n}")).into())
    });
    store.execute(tenant, groups.collect(), audit(1)).await.unwrap();
    store.add_people(tenant, root.id, (1..=PEOPLE).map(new).collect(), audit(1)).await.unwrap();
    for n in (1..=PEOPLE).step_by(3) {
        let asked = change(n + 1_000);
        let change = ChangePerson {
            tenant,
            organization: root.id,
            key: PersonKey::Id(id(n)),
            include: Include::default(),
            audit: audit(n),
            decide: Box::new(move |_| Ok(asked.clone())),
        };
        store.change_person(change).await.unwrap();
    }
    for n in (1..=PEOPLE).step_by(10) {
        let key = PersonKey::Id(id(n));
        store.remove_person(tenant, root.id, key, Include::default(), audit(n)).await.unwrap();
    }
    let everyone = (1..=PEOPLE).map(id).collect();
    let records = store.records(tenant, root.id, everyone, Include::default()).await.unwrap();
    (tenant, root.id, records.into_iter().map(|record| (*record.person).clone()).collect())
}

/// Spread, so that the order of the ids is not that in which people came.
fn id(n: usize) -> PersonId {
    PersonId(Uuid::from_u128((n as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834)))
}

/// The statements of a page for every field that a list is sorted or filtered by, with whether it may sort what it finds.
pub(crate) fn statements(syntax: Syntax) -> Vec<(String, bool)> {
    let members = Members { tenant: TenantId(1), organization: 1 };
    let mut statements = Vec::new();
    for field in PersonField::ALL.iter().copied() {
        let value = literal(field, 1, &[PersonId(Uuid::nil())]);
        let position = || Position { values: vec![Some(value.clone())], id: Uuid::nil() };
        let windows =
            [Window::Offset(0, 100), Window::After(position(), 100), Window::Before(position(), 100)];
        for (window, direction) in
            windows.into_iter().flat_map(|window| DIRECTIONS.map(|to| (window.clone(), to)))
        {
            let query =
                Query { filter: Filter::All(vec![]), sort: vec![(field, direction)], window, count: false };
            let end = Entry { id: Uuid::nil(), value: vec![] };
            for end in [None, Some(end)] {
                let text = statement(syntax, members, &[], &Follow::Order(field, end), &query);
                statements.push((text.sql, false));
            }
            statements.push((entry(syntax, members, &[], field, &query, 200).sql, false));
            for operator in OPERATORS {
                let condition = Filter::Compare(field, operator, value.clone());
                let follow = Follow::Condition(range(&condition).unwrap());
                let text = statement(syntax, members, &[&condition], &follow, &query);
                statements.push((text.sql, true));
            }
        }
    }
    statements
}

/// The statements of a page of those in whom words are found, who are in a group, and who have a role.
pub(crate) fn searches(syntax: Syntax) -> Vec<String> {
    let members = Members { tenant: TenantId(1), organization: 1 };
    let order = || Follow::Order(PersonField::ObjectId, None);
    let words = Filter::Words(vec!["ada".into(), "byron".into()]);
    let group = Filter::Contains(PersonList::Groups, Literal::Uuid(Uuid::nil()));
    let role = Filter::Contains(PersonList::Roles, Literal::ObjectId(ObjectId([7; 12])));
    let of_group = Proposal::Group(Uuid::nil().into());
    let delegate = Filter::Contains(PersonList::Delegates, Literal::ObjectId(ObjectId([7; 12])));
    let of_delegate = Proposal::Delegators(ObjectId([7; 12]).into());
    [
        (&words, Follow::Proposed(Proposal::Word("ada".into()))),
        (&words, Follow::Members),
        (&words, order()),
        (&group, Follow::Proposed(of_group)),
        (&group, Follow::Members),
        (&group, order()),
        (&role, order()),
        (&delegate, Follow::Proposed(of_delegate)),
        (&delegate, order()),
    ]
    .map(|(condition, follow)| {
        let sort = vec![(PersonField::ObjectId, Direction::Ascending)];
        let query = Query { filter: condition.clone(), sort, window: Window::Offset(0, 100), count: false };
        statement(syntax, members, &[condition], &follow, &query).sql
    })
    .into()
}

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

const OPERATORS: [Operator; 5] =
    [Operator::Equal, Operator::Less, Operator::LessOrEqual, Operator::Greater, Operator::GreaterOrEqual];
