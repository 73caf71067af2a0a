//! Laurel's view of a person and what its update bodies come to, as raw JSON.

mod changes;
mod errors;
mod shows;

use dialects::http::{RequestError, json};
use dialects::laurel::error::Error;
use dialects::laurel::lens;
use dialects::laurel::oauth::TokenError;
use dialects::laurel::query::Integration;
use dialects::laurel::wire::{PatchUser, TokenRequest};
use directory::apply::{Applied, apply_change};
use directory::delegation::{DelegateSummary, Delegation, Delegator, Edge};
use directory::email::Email;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::{DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::organization::{
    DepartmentSummary, GroupSummary, Organization, Permission, Region, Role, Tenant,
};
use directory::status::Status;
use directory::throttle::Throttled;
use directory::{
    AccessError, Attribute, Caller, Channel, Dialect, Person, PersonChange, Record, Refusal, Related,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

const CUSTOMER: ObjectId = ObjectId([0xcc; 12]);
const ADA: ObjectId = ObjectId([0xad; 12]);
const USER_ROLE: ObjectId = ObjectId([0x01; 12]);
const TRAINER_ROLE: ObjectId = ObjectId([0x02; 12]);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn permission(claim: &str) -> Permission {
    Permission { claim: claim.into() }
}

fn identity(kind: LaurelType, value: &str) -> Identity {
    Identity { source: Source::Laurel(kind), value: value.into() }
}

fn other(byte: u8, permissions: Option<Vec<Permission>>) -> Delegation {
    let identities =
        vec![identity(LaurelType::Zoom, "bo"), Identity { source: Source::Relesys, value: "hidden".into() }];
    let (given, family) = ("Bo".to_owned(), String::new());
    let other = DelegateSummary {
        id: PersonId(uuid(byte.into())),
        object_id: ObjectId([byte; 12]),
        given,
        family,
        identities,
    };
    Delegation { other, permissions }
}

/// A person with nothing but their identifiers and what everyone has.
fn nobody() -> Record {
    let now = at("2022-08-12T20:44:48.999Z");
    let organization = Organization {
        id: OrganizationId(uuid(1)),
        number: Number::new(1).unwrap(),
        object_id: CUSTOMER,
        parent: None,
        name: "Example LLP".into(),
        external_id: None,
        created_at: now,
    };
    let tenant =
        Tenant { id: TenantId(1), object_id: ObjectId([0x10; 12]), region: Region::Lhr, created_at: now };
    let user = Role { is_default: true, ..Role::new(USER_ROLE, "user") };
    Record {
        person: Person::new(PersonId(uuid(7)), Number::new(7).unwrap(), ADA, now).into(),
        membership: Membership::new(organization.id, now).into(),
        related: Related {
            tenant: Some(tenant),
            organization: Some(organization),
            roles: vec![user],
            ..Related::default()
        }
        .into(),
        actor: None,
    }
}

/// A person with everything that Laurel knows.
fn ada() -> Record {
    let mut record = nobody();
    let person = record.person_mut();
    person.name.given = "Ada".into();
    person.name.family = "Byron".into();
    person.email = Email::parse("ada@example.com");
    person.email_aliases = vec![Email::parse("Countess@example.com").unwrap()];
    person.title = Some("Senior Associate".into());
    person.nickname = Some("Countess".into());
    person.work.department = Some("Tax".into());
    person.work.subdepartment = Some("VAT".into());
    person.work.office = Some("London".into());
    person.work.pod = Some("P1".into());
    person.work.seniority = Some("Senior".into());
    person.identities = vec![
        Identity { source: Source::Relesys, value: "hidden".into() },
        identity(LaurelType::Aderant, "1042"),
        identity(LaurelType::Email, "Ada@Zoom.example"),
        identity(LaurelType::Zoom, "ada"),
    ];
    record.membership_mut().updated_at = at("2023-01-02T03:04:05Z");
    record.membership_mut().laurel.roles = vec![TRAINER_ROLE];
    record.membership_mut().laurel.super_delegate = Some(vec![permission("TimeAnyWrite")]);
    let related = record.related_mut();
    related.primary_department = Some(DepartmentSummary { id: DepartmentId(uuid(9)), name: "Sales".into() });
    related.groups = [0x22, 0x21]
        .map(|byte| GroupSummary {
            id: GroupId(uuid(byte.into())),
            object_id: ObjectId([byte; 12]),
            name: "G".into(),
        })
        .into();
    related.roles.insert(
        0,
        Role { permissions: vec![permission("TrainingAnyRead")], ..Role::new(TRAINER_ROLE, "trainer") },
    );
    related.delegators = vec![other(0xb0, Some(vec![permission("TimeOwnRead")])), other(0xb1, None)];
    related.delegates = vec![other(0xb0, None), other(0xb2, Some(Vec::new()))];
    record
}

fn shown(record: &Record) -> Value {
    serde_json::to_value(lens::show(record)).unwrap()
}

/// A body as it is read.
fn sent(body: &Value) -> json::Value {
    json::parse(body.to_string().as_bytes()).unwrap()
}

fn v1(body: Value) -> PatchUser {
    PatchUser::read_v1(sent(&body), CUSTOMER).unwrap()
}

fn v2(body: Value) -> PatchUser {
    PatchUser::read_v2(sent(&body), CUSTOMER).unwrap()
}

/// What the directory makes of a change.
fn applied(record: &Record, change: &PersonChange) -> Result<Applied, Refusal> {
    let caller = Caller {
        tenant: TenantId(1),
        organization: OrganizationId(uuid(1)),
        via: Channel::Dialect(Dialect::Laurel),
        credential: None,
        scopes: Default::default(),
        person: None,
        session: None,
        forwarded: None,
        request: String::new(),
    };
    apply_change(&caller, record, change, at("2024-01-01T00:00:00Z"))
}

/// The names of the attributes that a body makes different.
fn changed(record: &Record, patch: &PatchUser) -> Vec<String> {
    let change = lens::change(patch, record).unwrap();
    let applied = applied(record, &change).unwrap();
    applied.changes.iter().map(|change| change.attribute.to_string()).collect()
}

/// The record as a body leaves it.
fn after(record: &Record, patch: &PatchUser) -> Record {
    let applied = applied(record, &lens::change(patch, record).unwrap()).unwrap();
    Record {
        person: applied.person.into(),
        membership: applied.membership.into(),
        related: record.related.clone(),
        actor: None,
    }
}

/// The paths of what is wrong with a body.
fn mistakes(record: &Record, body: Value) -> Vec<String> {
    let paths = |errors: Vec<dialects::http::FieldError>| errors.into_iter().map(|e| e.path).collect();
    match PatchUser::read_v2(sent(&body), CUSTOMER) {
        Err(Error::Invalid(errors)) => paths(errors),
        Err(other) => panic!("{other:?}"),
        Ok(patch) => lens::change(&patch, record).map_or_else(paths, |_| Vec::new()),
    }
}
