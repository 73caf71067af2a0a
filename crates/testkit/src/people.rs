//! Generated people as the domain keeps them, with what belongs to them, for the laws that every lens obeys.

use std::collections::BTreeMap;

use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::delegation::{DelegateSummary, Delegation};
use directory::email::Email;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::{
    AssetId, CustomFieldId, DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TenantId,
};
use directory::membership::{AccessType, KareScope, Membership, ReplayRole};
use directory::name::Name;
use directory::organization::{
    DepartmentSummary, GroupSummary, Label, Organization, Permission, Region, Role, Tenant,
};
use directory::person::{Employment, Entry, Gender, Lang, Person, Phone, Work};
use directory::{Caller, Channel, Dialect, Record, Related};
use jiff::Timestamp;
use jiff::civil::{DateTime, datetime};
use jiff::tz::Offset;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use crate::generate::{email, name, phone, text};

/// The organization that every generated record is seen from.
pub const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(0xa));

/// The person who asks, where a caller is a person: an admin who is none of the generated people.
pub const ACTOR: PersonId = PersonId(Uuid::from_u128(0xac));

/// The definitions of custom fields that every generated tenant has.
pub fn custom_fields() -> Vec<CustomField> {
    let field = |index: u128, key: &str, kind| CustomField {
        id: CustomFieldId(Uuid::from_u128(index)),
        key: key.to_owned(),
        name: key.to_uppercase(),
        kind,
    };
    vec![
        field(1, "birthday", CustomFieldKind::Date),
        field(2, "customfieldone", CustomFieldKind::Text),
        field(3, "notes/long~ish", CustomFieldKind::MultilineText),
        field(4, "skills", CustomFieldKind::MultiSelect),
    ]
}

/// A caller of a dialect at [`ORGANIZATION`]; for Kare it is [`ACTOR`].
pub fn caller(dialect: Dialect) -> Caller {
    Caller {
        tenant: TenantId(1),
        organization: ORGANIZATION,
        via: Channel::Dialect(dialect),
        credential: None,
        scopes: directory::credential::Scopes::default(),
        person: (dialect == Dialect::Kare).then_some(ACTOR),
        session: None,
        forwarded: None,
        request: "law".to_owned(),
    }
}

/// An active person with as many or as few attributes as people have, and all that is related.
pub fn record() -> impl Strategy<Value = Record> {
    (person(), membership(), delegations(), delegations()).prop_map(
        |(person, membership, delegators, delegates)| {
            let related = related(&person, &membership, delegators, delegates).into();
            Record {
                person: person.into(),
                membership: membership.into(),
                related,
                actor: Some(actor().into()),
            }
        },
    )
}

fn person() -> impl Strategy<Value = Person> {
    (names(), addresses(), work(), lists(), rest()).prop_map(|(names, addresses, work, lists, rest)| {
        let mut person = Person::new(rest.id, rest.number, rest.object_id, instant(1_600_000_000));
        (person.name, person.nickname, person.initials, person.title) = names;
        (person.email, person.second_email, person.phone, person.second_phone, person.user_name) = addresses;
        (person.employment, person.work, person.primary_department) = work;
        (person.additional_departments, person.groups, person.custom_fields, person.identities) = lists;
        person.additional_departments.retain(|entry| Some(entry.id) != person.primary_department);
        person.birth_date = rest.birth_date;
        person.gender = rest.gender;
        person.lang = rest.lang;
        person.image = rest.image;
        (person.member_card, person.card_number) = rest.card;
        person.updated_at = instant(1_700_000_000);
        person.version = 3;
        person
    })
}

fn names() -> impl Strategy<Value = (Name, Option<String>, Option<String>, Option<String>)> {
    let parts = (name(), prop_oneof![name(), Just(String::new())])
        .prop_map(|(given, family)| Name::new(given, family));
    let whole = prop_oneof![name(), Just(" Cher ".to_owned()), Just("Ada  Byron".to_owned())];
    let whole = whole.prop_map(|full| Name::split(&full));
    (prop_oneof![parts, whole], option::of(filled(40)), option::of(filled(8)), option::of(filled(60)))
}

type Addresses = (Option<Email>, Option<Email>, Option<Phone>, Option<Phone>, Option<String>);

fn addresses() -> impl Strategy<Value = Addresses> {
    let address = || option::of(email().prop_map(|email| Email::parse(&email).expect("a generated address")));
    // Only Relesys keeps country codes apart, so that a number without one is somebody else's writing.
    let phone = || {
        option::of((phone(), any::<bool>()).prop_map(|((code, number), with_code)| Phone {
            country_code: with_code.then_some(code),
            number,
        }))
    };
    let first = email().prop_map(|email| Email::parse(&email));
    (first, address(), phone(), phone(), option::of("[a-z]{1,12}"))
}

fn work() -> impl Strategy<Value = (Employment, Work, Option<DepartmentId>)> {
    let employment = (option::of(date()), option::of(date()), option::of(filled(20)), option::of(filled(10)));
    let work =
        (option::of(filled(20)), option::of(filled(20)), option::of(filled(20)), option::of(filled(20)));
    (employment, work, option::of(department())).prop_map(|(employment, work, department)| {
        let (start, end, kind, register_number) = employment;
        let (text, subdepartment, office, pod) = work;
        (
            Employment { start, end, kind, duty_plan_number: register_number.clone(), register_number },
            Work { department: text, subdepartment, office, seniority: pod.clone(), pod },
            department,
        )
    })
}

type Lists = (Vec<Entry<DepartmentId>>, Vec<Entry<GroupId>>, BTreeMap<String, CustomValue>, Vec<Identity>);

fn lists() -> impl Strategy<Value = Lists> {
    let source = || option::of(select(vec!["RelesysAPI".to_owned(), "HR".to_owned()]));
    let departments = btree_map(department(), source(), 0..4)
        .prop_map(|entries| entries.into_iter().map(|(id, data_source)| Entry { id, data_source }).collect());
    let groups = btree_map((1..9_u128).prop_map(|n| GroupId(Uuid::from_u128(n))), source(), 0..4)
        .prop_map(|entries| entries.into_iter().map(|(id, data_source)| Entry { id, data_source }).collect());
    (departments, groups, custom_values(), identities())
}

fn custom_values() -> impl Strategy<Value = BTreeMap<String, CustomValue>> {
    let text = || text(30).prop_map(CustomValue::Text);
    (
        option::of("20[0-2][0-9]-0[1-9]-[12][0-8]".prop_map(CustomValue::Text)),
        option::of(text()),
        option::of(text()),
        option::of(vec(text_item(), 0..4).prop_map(CustomValue::List)),
    )
        .prop_map(|(birthday, one, notes, skills)| {
            let keys = custom_fields().into_iter().map(|field| field.key);
            keys.zip([birthday, one, notes, skills]).filter_map(|(key, value)| Some((key, value?))).collect()
        })
}

fn text_item() -> impl Strategy<Value = String> {
    select(vec!["Marketing", "Design", "a, b", ""]).prop_map(str::to_owned)
}

fn identities() -> impl Strategy<Value = Vec<Identity>> {
    let laurel = btree_set((select(LaurelType::ALL.to_vec()), "[A-Za-z0-9@.]{1,12}"), 0..4);
    (option::of("[A-Z]{3}[0-9]{1,4}"), option::of("clp-[0-9]{1,6}"), laurel).prop_map(
        |(relesys, replay, laurel)| {
            let relesys = relesys.map(|value| Identity { source: Source::Relesys, value });
            let replay = replay.map(|value| Identity { source: Source::Replay(ORGANIZATION), value });
            let laurel =
                laurel.into_iter().map(|(kind, value)| Identity { source: Source::Laurel(kind), value });
            relesys.into_iter().chain(replay).chain(laurel).collect()
        },
    )
}

/// What is left, so that no tuple grows beyond reading.
#[derive(Debug, Clone)]
struct Rest {
    id: PersonId,
    number: Number,
    object_id: ObjectId,
    birth_date: Option<DateTime>,
    gender: Option<Gender>,
    lang: Lang,
    image: Option<AssetId>,
    card: (Option<AssetId>, Option<String>),
}

fn rest() -> impl Strategy<Value = Rest> {
    let ids = (any::<u128>(), 1..=Number::MAX, any::<[u8; 12]>());
    let asset = || any::<u128>().prop_map(|id| AssetId(Uuid::from_u128(id)));
    let card = option::of((asset(), option::of("[0-9]{10}")));
    let gender = option::of(select(vec![Gender::Female, Gender::Male]));
    (ids, option::of(date()), gender, select(Lang::ALL.to_vec()), option::of(asset()), card).prop_map(
        |((id, number, object_id), birth_date, gender, lang, image, card)| Rest {
            id: PersonId(Uuid::from_u128(id)),
            number: Number::new(number).expect("in range"),
            object_id: ObjectId(object_id),
            birth_date,
            gender,
            lang,
            image,
            card: card.map_or((None, None), |(id, number)| (Some(id), number)),
        },
    )
}

fn membership() -> impl Strategy<Value = Membership> {
    let replay = (select(ReplayRole::ALL.to_vec()), select(AccessType::ALL.to_vec()));
    let kare = (
        select(KareScope::ALL.to_vec()),
        0..5_u64,
        vec(any::<i32>(), 0..4),
        option::of((1..99_u64).prop_map(|number| Number::new(number).expect("in range"))),
    );
    let laurel = (btree_set(any::<[u8; 12]>(), 0..3), option::of(vec("[a-z:]{1,9}", 0..3)));
    (replay, kare, laurel).prop_map(
        |((role, access), (scope, group, sites, profession), (roles, super_delegate))| {
            let mut membership = Membership::new(ORGANIZATION, instant(1_600_000_000));
            membership.replay.role = role;
            membership.replay.access = access;
            membership.kare.scope = scope;
            membership.kare.permissions.group = group;
            membership.kare.permissions.read = sites.iter().map(|id| i64::from(*id)).collect();
            membership.kare.permissions.read.dedup();
            membership.kare.profession = profession;
            membership.laurel.roles = roles.into_iter().map(ObjectId).collect();
            membership.laurel.super_delegate = super_delegate.map(permissions);
            membership
        },
    )
}

fn delegations() -> impl Strategy<Value = Vec<Delegation>> {
    let edge = (name(), identities(), option::of(vec("[a-z:]{1,9}", 0..3)));
    btree_map(any::<[u8; 12]>(), edge, 0..3).prop_map(|edges| {
        let delegation = |(object_id, (given, identities, claims)): ([u8; 12], _)| {
            let claims: Option<Vec<String>> = claims;
            Delegation {
                other: DelegateSummary {
                    id: PersonId(
                        Uuid::from_slice(&[object_id.as_slice(), &[0; 4]].concat()).expect("16 bytes"),
                    ),
                    object_id: ObjectId(object_id),
                    given,
                    family: String::new(),
                    identities,
                },
                permissions: claims.map(permissions),
            }
        };
        edges.into_iter().map(delegation).collect()
    })
}

fn related(
    person: &Person,
    membership: &Membership,
    delegators: Vec<Delegation>,
    delegates: Vec<Delegation>,
) -> Related {
    let role = |object_id, name: &str, is_default| Role { is_default, ..Role::new(object_id, name) };
    let assigned = membership.laurel.roles.iter().map(|id| role(*id, &format!("role-{id}"), false));
    Related {
        tenant: Some(Tenant {
            id: TenantId(1),
            object_id: ObjectId([7; 12]),
            region: Region::Iad,
            created_at: instant(1_500_000_000),
        }),
        organization: Some(Organization {
            id: ORGANIZATION,
            number: Number::new(1).expect("in range"),
            object_id: ObjectId([8; 12]),
            parent: None,
            name: "Example".to_owned(),
            external_id: None,
            created_at: instant(1_500_000_000),
        }),
        primary_department: person
            .primary_department
            .map(|id| DepartmentSummary { id, name: format!("Department {id}") }),
        groups: person
            .groups
            .iter()
            .map(|entry| GroupSummary {
                id: entry.id,
                object_id: group_object_id(entry.id),
                name: entry.id.to_string(),
            })
            .collect(),
        profession: membership
            .kare
            .profession
            .map(|number| Label { number, ..Label::new(ORGANIZATION, "Electrician", "#336699") }),
        roles: assigned.chain([role(ObjectId([9; 12]), "user", true)]).collect(),
        delegators,
        delegates,
        custom_fields: custom_fields(),
    }
}

/// [`ACTOR`]'s membership.
fn actor() -> Membership {
    let mut actor = Membership::new(ORGANIZATION, instant(1_600_000_000));
    actor.kare.scope = KareScope::Admin;
    actor
}

fn group_object_id(id: GroupId) -> ObjectId {
    let mut bytes = [0; 12];
    bytes.copy_from_slice(&id.0.as_bytes()[4..]);
    ObjectId(bytes)
}

fn permissions(claims: Vec<String>) -> Vec<Permission> {
    claims.into_iter().map(|claim| Permission { claim }).collect()
}

fn department() -> impl Strategy<Value = DepartmentId> {
    (1..9_u128).prop_map(|n| DepartmentId(Uuid::from_u128(n)))
}

/// A text that is not empty.
fn filled(max: usize) -> impl Strategy<Value = String> {
    text(max).prop_filter("an empty text is no text", |text| !text.is_empty())
}

/// A time with up to seven digits of a fraction, the most that any vendor writes, or the end of all times.
fn date() -> impl Strategy<Value = DateTime> {
    let some = (-1_000_000_000..2_000_000_000_i64, prop_oneof![Just(0), 0..10_000_000_i32]).prop_map(
        |(second, ticks)| Timestamp::new(second, if second < 0 { 0 } else { ticks * 100 }).expect("in range"),
    );
    let some = some.prop_map(|at| Offset::UTC.to_datetime(at));
    prop_oneof![9 => some, 1 => Just(datetime(9999, 12, 31, 23, 59, 59, 999_999_900))]
}

fn instant(second: i64) -> Timestamp {
    Timestamp::new(second, 123_456_000).expect("in range")
}
