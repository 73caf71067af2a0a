//! What a change comes to: the rules of the directory, on records made by hand.

use directory::apply::{Applied, Key, Target, apply_change, keys};
use directory::change::{Change, Value};
use directory::credential::Scopes;
use directory::custom_field::{CustomField, CustomFieldKind, CustomValue};
use directory::delegation::{DelegateSummary, Delegation, Delegator, Edge};
use directory::email::Email;
use directory::identity::{Family, Identity, LaurelType, Source};
use directory::ids::{
    AssetId, CustomFieldId, DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TenantId,
};
use directory::membership::Membership;
use directory::name::Name;
use directory::organization::{Permission, Role};
use directory::person::Entry;
use directory::person_change::NameChange;
use directory::status::Status;
use directory::{Attribute, Caller, Channel, Dialect, Person, PersonChange, Record, Refusal, Related};
use jiff::Timestamp;
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn record() -> Record {
    let mut person =
        Person::new(PersonId(Uuid::from_u128(1)), Number::new(1).unwrap(), ObjectId([1; 12]), at(100));
    person.name = Name::new("Ada", "Byron");
    person.email = Email::parse("Ada@example.com");
    let membership = Membership::new(OrganizationId(Uuid::from_u128(2)), at(100));
    Record {
        person: person.into(),
        membership: membership.into(),
        related: Related::default().into(),
        actor: None,
    }
}

fn caller(dialect: Dialect) -> Caller {
    Caller {
        tenant: TenantId(1),
        organization: OrganizationId(Uuid::from_u128(2)),
        via: Channel::Dialect(dialect),
        credential: None,
        scopes: Scopes::default(),
        person: None,
        session: None,
        forwarded: None,
        request: "test".into(),
    }
}

fn applied(record: &Record, change: &PersonChange) -> Result<Applied, Refusal> {
    apply_change(&caller(Dialect::Relesys), record, change, at(200))
}

fn changed(applied: &Applied) -> Vec<String> {
    applied.changes.iter().map(|change| change.attribute.to_string()).collect()
}

fn full(name: &str) -> PersonChange {
    PersonChange { name: NameChange::Full(name.into()), ..PersonChange::default() }
}

fn given(name: &str) -> PersonChange {
    let given = Change::Set(name.to_owned());
    PersonChange { name: NameChange::Parts { given, family: Change::Keep }, ..PersonChange::default() }
}

#[test]
fn no_text_holds_the_character_nul() {
    let change = PersonChange { title: Change::Set("Count\0ess".into()), ..PersonChange::default() };
    let refused = applied(&record(), &change);
    assert_eq!(refused, Err(Refusal::invalid(Attribute::Title, "must not hold the character U+0000")));
}

#[test]
fn writing_back_moves_nothing() {
    let record = record();
    let change = PersonChange {
        name: NameChange::Full("Ada Byron".into()),
        email: Change::Set(Email::parse("Ada@example.com").unwrap()),
        title: Change::Clear,
        ..PersonChange::default()
    };
    let applied = applied(&record, &change).unwrap();
    assert_eq!(applied.changes, []);
    assert_eq!((&applied.person, &applied.membership), (&*record.person, &*record.membership));
    assert!(!applied.membership_changed);
}

#[test]
fn a_change_notes_both_sides_and_moves_time_and_version() {
    let mut record = record();
    record.person_mut().updated_at = at(300);
    let change = PersonChange { title: Change::Set("Countess".into()), ..PersonChange::default() };
    let applied = applied(&record, &change).unwrap();
    assert_eq!(applied.changes[0].attribute, Attribute::Title);
    assert_eq!(applied.changes[0].before, Value::Null);
    assert_eq!(applied.changes[0].after, Value::Text("Countess".into()));
    assert_eq!(applied.person.version, 1);
    // The clock of this request is behind what the record has seen.
    assert_eq!(applied.person.updated_at, at(300));
}

#[test]
fn a_new_password_or_status_ends_all_sessions() {
    let by_operator = |record: &Record, change: &PersonChange| {
        let caller = Caller { via: Channel::Command, ..caller(Dialect::Kare) };
        apply_change(&caller, record, change, at(200)).unwrap()
    };
    assert!(!by_operator(&record(), &given("Eve")).ends_sessions);
    for (hash, sides) in [
        (Change::Set("$argon2id$new".to_owned()), (Value::Null, Value::Secret)),
        (Change::Clear, (Value::Secret, Value::Null)),
    ] {
        let applied =
            by_operator(&record(), &PersonChange { password_hash: hash.clone(), ..PersonChange::default() });
        assert!(applied.ends_sessions);
        assert_eq!(applied.password_hash, hash);
        assert_eq!(changed(&applied), ["password"]);
        assert_eq!((applied.changes[0].before.clone(), applied.changes[0].after.clone()), sides);
    }
    let status = |status| PersonChange { status: Change::Set(status), ..PersonChange::default() };
    let mut person = record();
    for (next, ends) in [
        (Status::Active, false),
        (Status::DisabledByAdmin, true),
        (Status::LoginBlocked, true),
        (Status::Active, true),
    ] {
        let applied = by_operator(&person, &status(next));
        assert_eq!(applied.ends_sessions, ends, "{next:?}");
        person.person = applied.person.into();
    }
}

#[test]
fn the_full_name_that_is_shown_says_nothing_new_of_its_parts() {
    let mut record = record();
    record.person_mut().name = Name::new("Maria", "del Mar");
    assert_eq!(applied(&record, &full("Maria del Mar")).unwrap().changes, []);
    let split = applied(&record, &full("Maria del Sol")).unwrap();
    assert_eq!(split.person.name, Name::new("Maria del", "Sol"));
}

#[test]
fn an_invitation_goes_with_every_status_but_invited() {
    for status in Status::ALL {
        let change = PersonChange::to_status(status);
        assert_eq!(change.status, Change::Set(status));
        assert_eq!(change.invitation.is_keep(), status == Status::Invited, "{status:?}");
    }
}

#[test]
fn writing_a_part_drops_the_exact_full_name() {
    let mut record = record();
    record.person_mut().name = applied(&record, &full("Maria  del Mar ")).unwrap().person.name;
    assert_eq!(record.person.name.shown(), "Maria  del Mar ");
    let same = applied(&record, &given(&record.person.name.given.clone())).unwrap();
    assert_eq!(same.person.name.full.as_deref(), Some("Maria  del Mar "), "the same part again is quiet");
    let renamed = applied(&record, &given("Ana")).unwrap();
    assert_eq!(renamed.person.name, Name::new("Ana", ""));
    assert_eq!(changed(&renamed), ["name.given", "name.full"]);
}

#[test]
fn a_department_is_primary_or_additional_and_each_group_stands_once() {
    let department = |n| DepartmentId(Uuid::from_u128(n));
    let entry = |n, source: &str| Entry { id: department(n), data_source: Some(source.to_owned()) };
    let mut record = record();
    record.person_mut().additional_departments = vec![entry(1, "a"), entry(2, "a")];
    let change = PersonChange { primary_department: Change::Set(department(2)), ..PersonChange::default() };
    let promoted = applied(&record, &change).unwrap();
    assert_eq!(promoted.person.additional_departments, [entry(1, "a")]);
    let targets: Vec<_> = promoted.references.iter().map(|reference| reference.target).collect();
    assert_eq!(targets, [Target::Department(department(2))], "what was there already is not looked up");

    let group =
        |source: &str| Entry { id: GroupId(Uuid::from_u128(7)), data_source: Some(source.to_owned()) };
    let change =
        PersonChange { groups: Change::Set(vec![group("a"), group("b")]), ..PersonChange::default() };
    assert_eq!(applied(&record, &change).unwrap().person.groups, [group("b")]);
}

#[test]
fn a_custom_field_is_defined_and_of_its_kind() {
    let mut record = record();
    record.related_mut().custom_fields = vec![CustomField {
        id: CustomFieldId(Uuid::nil()),
        key: "one".into(),
        name: "One".into(),
        kind: CustomFieldKind::Text,
    }];
    let change = |key: &str, value| PersonChange {
        custom_fields: [(key.to_owned(), Change::Set(value))].into(),
        ..PersonChange::default()
    };
    let set = applied(&record, &change("one", CustomValue::Text("x".into()))).unwrap();
    assert_eq!(changed(&set), ["custom_fields.one"]);
    let unknown = applied(&record, &change("two", CustomValue::Text("x".into())));
    assert_eq!(
        unknown,
        Err(Refusal::Unknown { attribute: Attribute::CustomField("two".into()), value: "two".into() })
    );
    assert!(matches!(
        applied(&record, &change("one", CustomValue::List(vec![]))),
        Err(Refusal::Invalid { .. })
    ));
    record.person_mut().custom_fields = [("gone".to_owned(), CustomValue::Text("x".into()))].into();
    assert_eq!(applied(&record, &change("gone", CustomValue::Text("x".into()))).unwrap().changes, []);
}

#[test]
fn a_card_number_needs_a_card() {
    let number = PersonChange { card_number: Change::Set("1".into()), ..PersonChange::default() };
    assert!(matches!(
        applied(&record(), &number),
        Err(Refusal::Invalid { attribute: Attribute::CardNumber, .. })
    ));
    let both = PersonChange { member_card: Change::Set(AssetId(Uuid::nil())), ..number };
    assert!(applied(&record(), &both).is_ok());
}

#[test]
fn identities_are_replaced_by_family() {
    let laurel = |value: &str| Identity { source: Source::Laurel(LaurelType::Aderant), value: value.into() };
    let relesys = Identity { source: Source::Relesys, value: "NUA".into() };
    let mut record = record();
    record.person_mut().identities = vec![relesys.clone(), laurel("1")];
    let replace = |with: Vec<Identity>| PersonChange {
        identities: [(Family::Laurel, with)].into(),
        ..PersonChange::default()
    };
    let replaced = applied(&record, &replace(vec![laurel("2"), laurel("2")])).unwrap();
    assert_eq!(replaced.person.identities, [relesys, laurel("2")]);
    assert_eq!(applied(&record, &replace(vec![laurel("1")])).unwrap().changes, []);
}

#[test]
fn delegators_are_a_set_whose_permissions_stay_unless_said() {
    let id = |n| ObjectId([n; 12]);
    let permission = |claim: &str| vec![Permission { claim: claim.into() }];
    let mut record = record();
    record.related_mut().delegators = vec![Delegation {
        other: DelegateSummary {
            id: PersonId(Uuid::from_u128(5)),
            object_id: id(5),
            given: "Charles".into(),
            family: String::new(),
            identities: vec![],
        },
        permissions: Some(permission("time")),
    }];
    let named = |ids: &[u8]| {
        let delegators = ids.iter().map(|n| Delegator { object_id: id(*n), permissions: None }).collect();
        PersonChange { delegators: Change::Set(delegators), ..PersonChange::default() }
    };
    assert_eq!(applied(&record, &named(&[5, 5])).unwrap().delegators, None, "the same set again is quiet");
    let more = applied(&record, &named(&[6, 5])).unwrap();
    let expected = [
        Delegator { object_id: id(5), permissions: Some(permission("time")) },
        Delegator { object_id: id(6), permissions: None },
    ];
    assert_eq!(more.delegators.as_deref(), Some(expected.as_slice()));
    assert!(more.membership_changed, "the person addressed shows that something changed");
    assert!(matches!(
        applied(&record, &named(&[1])),
        Err(Refusal::Invalid { attribute: Attribute::Delegators, .. })
    ));
}

#[test]
fn the_named_delegate_to_the_addressed() {
    let (addressed, named) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
    let edge = Edge::between(addressed, named, None);
    assert_eq!((edge.delegator, edge.delegate), (named, addressed));
}

#[test]
fn default_roles_are_never_stored() {
    let role = |n: u8, is_default| Role { is_default, ..Role::new(ObjectId([n; 12]), n.to_string()) };
    let mut record = record();
    record.related_mut().roles = vec![role(1, true)];
    let roles = vec![ObjectId([3; 12]), ObjectId([1; 12]), ObjectId([2; 12]), ObjectId([3; 12])];
    let set =
        applied(&record, &PersonChange { roles: Change::Set(roles), ..PersonChange::default() }).unwrap();
    assert_eq!(set.membership.laurel.roles, [ObjectId([2; 12]), ObjectId([3; 12])]);
}

#[test]
fn no_text_grows_beyond_reason() {
    let change = PersonChange { title: Change::Set("x".repeat(5_000)), ..PersonChange::default() };
    assert!(matches!(applied(&record(), &change), Err(Refusal::Invalid { .. })));
    let change = PersonChange { user_name: Change::Set("x".repeat(400)), ..PersonChange::default() };
    assert!(matches!(
        applied(&record(), &change),
        Err(Refusal::Invalid { attribute: Attribute::UserName, .. })
    ));
}

#[test]
fn keys_are_folded_and_stay_in_their_namespaces() {
    let mut person = Person::clone(&record().person);
    person.email_aliases =
        vec![Email::parse("ADA@example.com").unwrap(), Email::parse("countess@example.com").unwrap()];
    person.user_name = Some("Ada".into());
    person.identities = vec![
        Identity { source: Source::Relesys, value: "1".into() },
        Identity { source: Source::Laurel(LaurelType::Aderant), value: "1".into() },
    ];
    let found: Vec<_> =
        keys(&person).into_iter().map(|key| (key.attribute(), key.source, key.value)).collect();
    let expected = [
        (Attribute::Email, "email", "ada@example.com"),
        (Attribute::Email, "email", "countess@example.com"),
        (Attribute::Identities, "laurel:aderant", "1"),
        (Attribute::ExternalId, "relesys", "1"),
        (Attribute::UserName, "user_name", "ada"),
    ];
    assert_eq!(found, expected.map(|(name, source, value)| (name, source.to_owned(), value.to_owned())));
    assert_eq!(Key::email("x".into()).attribute(), Attribute::Email);
}
