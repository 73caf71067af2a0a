//! Laurel's view of a person and what its update bodies come to, as raw JSON.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use dialects::http::Fault;
use dialects::laurel::error::Error;
use dialects::laurel::lens;
use dialects::laurel::oauth::TokenError;
use dialects::laurel::query::Integration;
use dialects::laurel::wire::{PatchUser, TokenRequest};
use directory::delegation::{Counterpart, Delegation, Delegator, Edge};
use directory::email::Email;
use directory::identity::{Identity, LaurelType, Source};
use directory::ids::{DepartmentId, GroupId, Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::Membership;
use directory::organization::{Department, Group, Organization, Permission, Region, Role, Tenant};
use directory::person_change::attribute;
use directory::settle::{Settled, settle};
use directory::status::Status;
use directory::throttle::Throttled;
use directory::{Caller, Denied, Dialect, Person, PersonChange, Record, Refusal, Related, Via};
use futures_util::FutureExt;
use http_body_util::BodyExt;
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
    let other = Counterpart {
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
        created_at: now,
    };
    let tenant =
        Tenant { id: TenantId(1), object_id: ObjectId([0x10; 12]), region: Region::Lhr, created_at: now };
    let user = Role { object_id: USER_ROLE, name: "user".into(), is_default: true, permissions: Vec::new() };
    Record {
        person: Person::new(PersonId(uuid(7)), Number::new(7).unwrap(), ADA, now),
        membership: Membership::new(organization.id, now),
        related: Related {
            tenant: Some(tenant),
            organization: Some(organization),
            roles: vec![user],
            ..Related::default()
        },
    }
}

/// A person with everything that Laurel knows.
fn ada() -> Record {
    let mut record = nobody();
    let person = &mut record.person;
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
    record.membership.updated_at = at("2023-01-02T03:04:05Z");
    record.membership.laurel.roles = vec![TRAINER_ROLE];
    record.membership.laurel.super_delegate = Some(vec![permission("TimeAnyWrite")]);
    let related = &mut record.related;
    related.primary_department = Some(Department { id: DepartmentId(uuid(9)), name: "Sales".into() });
    related.groups = [0x22, 0x21]
        .map(|byte| Group {
            id: GroupId(uuid(byte.into())),
            object_id: ObjectId([byte; 12]),
            name: "G".into(),
        })
        .into();
    related.roles.insert(
        0,
        Role {
            object_id: TRAINER_ROLE,
            name: "trainer".into(),
            is_default: false,
            permissions: vec![permission("TrainingAnyRead")],
        },
    );
    related.delegators = vec![other(0xb0, Some(vec![permission("TimeOwnRead")])), other(0xb1, None)];
    related.delegates = vec![other(0xb0, None), other(0xb2, Some(Vec::new()))];
    record
}

fn shown(record: &Record) -> Value {
    serde_json::to_value(lens::show(record)).unwrap()
}

fn v1(body: Value) -> PatchUser {
    PatchUser::read_v1(body, CUSTOMER).unwrap()
}

fn v2(body: Value) -> PatchUser {
    PatchUser::read_v2(body, CUSTOMER).unwrap()
}

/// What the directory makes of a change.
fn settled(record: &Record, change: &PersonChange) -> Result<Settled, Refusal> {
    let caller = Caller {
        tenant: TenantId(1),
        organization: OrganizationId(uuid(1)),
        via: Via::Dialect(Dialect::Laurel),
        credential: None,
        scopes: Default::default(),
        person: None,
        session: None,
        forwarded: None,
        request: String::new(),
    };
    settle(&caller, record, change, at("2024-01-01T00:00:00Z"))
}

/// The names of the attributes that a body makes different.
fn changed(record: &Record, patch: &PatchUser) -> Vec<String> {
    let change = lens::change(patch, record).unwrap();
    let settled = settled(record, &change).unwrap();
    settled.changes.iter().map(|change| change.attribute.to_string()).collect()
}

/// The record as a body leaves it.
fn after(record: &Record, patch: &PatchUser) -> Record {
    let settled = settled(record, &lens::change(patch, record).unwrap()).unwrap();
    Record { person: settled.person, membership: settled.membership, related: record.related.clone() }
}

/// The paths of what is wrong with a body.
fn mistakes(record: &Record, body: Value) -> Vec<String> {
    let paths = |errors: Vec<dialects::http::FieldError>| errors.into_iter().map(|e| e.path).collect();
    match PatchUser::read_v2(body, CUSTOMER) {
        Err(Error::Invalid(errors)) => paths(errors),
        Err(other) => panic!("{other:?}"),
        Ok(patch) => lens::change(&patch, record).map_or_else(paths, |_| Vec::new()),
    }
}

fn told(answer: impl IntoResponse) -> (StatusCode, Value) {
    let (parts, body) = answer.into_response().into_parts();
    assert_eq!(parts.headers["content-type"], "application/json");
    let bytes = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    (parts.status, serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn a_user_with_everything() {
    let claim = |claim: &str| json!({"_id": permission(claim).object_id().to_string(), "claim": claim, "description": ""});
    let id = |byte: &str| byte.repeat(12);
    let bo = json!([{"type": "zoom", "value": "bo"}]);
    assert_eq!(
        shown(&ada()),
        json!({
            "_id": id("ad"), "createdAt": "2022-08-12T20:44:48Z", "isSuperDelegate": true,
            "email": "ada@example.com", "firstName": "Ada", "jobTitle": "Senior Associate", "lastName": "Byron",
            "nickname": "Countess", "updatedAt": "2023-01-02T03:04:05Z", "status": "active",
            "seniority": "Senior", "department": "Tax", "office": "London", "subdepartment": "VAT", "pod": "P1",
            "groupIds": [id("22"), id("21")],
            "customer": {
                "_id": id("cc"), "fullName": "Example LLP",
                "tenant": {"_id": id("10"), "description": "", "name": "lhr"},
            },
            "delegators": [
                {"_id": id("b0"), "firstName": "Bo", "lastName": "", "identities": bo},
                {"_id": id("b1"), "firstName": "Bo", "lastName": "", "identities": bo},
            ],
            "delegates": [
                {"_id": id("b0"), "firstName": "Bo", "lastName": ""},
                {"_id": id("b2"), "firstName": "Bo", "lastName": "", "permissions": []},
            ],
            "identities": [
                {"type": "aderant", "value": "1042"},
                {"type": "email", "value": "Ada@Zoom.example"},
                {"type": "zoom", "value": "ada"},
            ],
            "roles": [
                {"_id": id("02"), "name": "trainer", "permissions": [claim("TrainingAnyRead")]},
                {"_id": id("01"), "name": "user", "permissions": []},
            ],
            "superDelegatePermissions": [claim("TimeAnyWrite")],
        })
    );
}

#[test]
fn unset_is_omitted_or_empty_and_never_null() {
    let id = |byte: &str| byte.repeat(12);
    assert_eq!(
        shown(&nobody()),
        json!({
            "_id": id("ad"), "createdAt": "2022-08-12T20:44:48Z", "isSuperDelegate": false, "email": "",
            "firstName": "", "jobTitle": "", "lastName": "", "nickname": "", "updatedAt": "2022-08-12T20:44:48Z",
            "status": "active", "groupIds": [],
            "customer": {
                "_id": id("cc"), "fullName": "Example LLP",
                "tenant": {"_id": id("10"), "description": "", "name": "lhr"},
            },
            "delegators": [], "delegates": [], "identities": [],
            "roles": [{"_id": id("01"), "name": "user", "permissions": []}],
        })
    );
}

#[test]
fn every_status_is_one_of_three() {
    let mut record = ada();
    for status in Status::ALL {
        record.person.status = status;
        let expected = match status {
            Status::Invited | Status::Active => "active",
            Status::DisabledByAdmin | Status::LoginBlocked => "adminDisabled",
            Status::DisabledByOrganization => "firmDisabled",
        };
        assert_eq!(shown(&record)["status"], expected);
    }
}

#[test]
fn a_department_is_the_text_or_else_the_name_of_the_primary_one() {
    let mut record = ada();
    for unset in [None, Some(String::new())] {
        record.person.work.department = unset;
        assert_eq!(shown(&record)["department"], "Sales");
        for quiet in ["Sales", ""] {
            assert!(changed(&record, &v2(json!({"department": quiet}))).is_empty(), "{quiet:?}");
        }
    }
    assert_eq!(changed(&record, &v2(json!({"department": "Tax"}))), ["work.department"]);
    let cleared = after(&ada(), &v2(json!({"department": ""})));
    assert_eq!(
        (cleared.person.work.department.as_deref(), &shown(&cleared)["department"]),
        (None, &json!("Sales"))
    );
    assert_eq!(shown(&after(&ada(), &v2(json!({"department": "Sales"}))))["department"], "Sales");
}

#[test]
fn an_integration_sees_its_types_of_identity_alone() {
    let project =
        |record: &Record, integration| serde_json::to_value(lens::project(record, integration)).unwrap();
    assert_eq!(
        project(&ada(), Integration::CloudAssistantZoom),
        json!({
            "_id": "ad".repeat(12), "email": "ada@example.com", "name": "Ada Byron",
            "relevantIdentities": [
                {"type": "email", "value": "Ada@Zoom.example"}, {"type": "zoom", "value": "ada"},
            ],
        })
    );
    assert_eq!(project(&ada(), Integration::CloudAssistantCdr)["relevantIdentities"], json!([]));
    let mut record = nobody();
    assert_eq!(
        project(&record, Integration::CloudAssistantCdr),
        json!({"_id": "ad".repeat(12), "email": "", "relevantIdentities": []})
    );
    for (given, family, name) in
        [("Cher", "", "Cher"), ("", "Byron", "Byron"), (" Ada", "Byron ", "Ada Byron")]
    {
        (record.person.name.given, record.person.name.family) = (given.into(), family.into());
        assert_eq!(project(&record, Integration::CloudAssistantGoogle)["name"], name);
    }
    record.person.name.given = "  ".into();
    record.person.name.family = "\t".into();
    assert_eq!(project(&record, Integration::CloudAssistantGoogle).get("name"), None);
}

#[test]
fn a_look_up_answers_with_what_is_kept() {
    let found = |kind, value| {
        let record = ada();
        let found = lens::show_found(&record, &identity(kind, value), CUSTOMER);
        found.map(|found| serde_json::to_value(found).unwrap())
    };
    let answer =
        |kind: &str, value: &str| Some(json!({"type": kind, "value": value, "customerId": "cc".repeat(12)}));
    assert_eq!(found(LaurelType::Aderant, "1042"), answer("aderant", "1042"));
    assert_eq!(found(LaurelType::Email, "ada@zoom.EXAMPLE"), answer("email", "Ada@Zoom.example"));
    assert_eq!(found(LaurelType::Email, "ADA@example.com"), answer("email", "ada@example.com"));
    assert_eq!(found(LaurelType::Email, "countess@example.com"), answer("email", "Countess@example.com"));
    assert_eq!(found(LaurelType::Zoom, "Ada"), None);
    assert_eq!(found(LaurelType::Elite, "1042"), None);
    assert_eq!(found(LaurelType::UserPrincipalName, "ada@example.com"), None);
}

#[test]
fn writing_back_what_is_shown_changes_nothing() {
    let mut odd = ada();
    odd.person.name.given = String::new();
    odd.person.title = Some("x".repeat(300));
    odd.person.nickname = Some(String::new());
    odd.person.email = Email::parse("odd@localhost");
    odd.person.identities.push(identity(LaurelType::Walls, &"x".repeat(300)));
    odd.person.identities.push(identity(LaurelType::Email, "ADA@zoom.example"));
    for record in [ada(), nobody(), odd] {
        let user = shown(&record);
        let ids = |member: &str| -> Value {
            user[member].as_array().unwrap().iter().map(|entry| entry["_id"].clone()).collect()
        };
        let mut body = user.clone();
        body["roleIds"] = ids("roles");
        body["delegateIds"] = ids("delegators");
        // In version 2 `delegates` is another field than the one shown, and has its own test.
        assert!(changed(&record, &v1(body.clone())).is_empty(), "{body}");
        for identity in body["identities"].as_array_mut().unwrap() {
            identity["customerId"] = json!("CC".repeat(12));
        }
        assert!(changed(&record, &v1(body)).is_empty());
    }
}

#[test]
fn an_empty_body_and_unknown_or_hidden_fields_change_nothing() {
    for body in [
        json!({}),
        json!({"_id": 1, "status": "adminDisabled", "groupIds": [], "isSuperDelegate": null, "x": {}}),
    ] {
        assert!(changed(&ada(), &v1(body.clone())).is_empty(), "{body}");
        assert!(changed(&ada(), &v2(body.clone())).is_empty(), "{body}");
    }
    assert_eq!(v2(json!({"delegateIds": "not read"})), v2(json!({})));
    assert_eq!(v1(json!({"delegates": "not read"})), v1(json!({})));
}

#[test]
fn every_field_is_heard() {
    let record = ada();
    for (name, value, attributes) in [
        ("firstName", json!("Augusta"), &["name.given"][..]),
        ("lastName", json!("King"), &["name.family"]),
        ("lastName", json!(""), &["name.family"]),
        ("email", json!("ADA@example.com"), &["email"]),
        ("email", json!("countess@example.com"), &["email"]),
        ("jobTitle", json!(" Partner "), &["title"]),
        ("jobTitle", json!(""), &["title"]),
        ("nickname", json!(""), &["nickname"]),
        ("seniority", json!("Junior"), &["work.seniority"]),
        ("department", json!("Audit"), &["work.department"]),
        ("office", json!("\u{1f600}".repeat(256)), &["work.office"]),
        ("subdepartment", json!("x"), &["work.subdepartment"]),
        ("pod", json!("P2"), &["work.pod"]),
        ("identities", json!([{"type": "zoom", "value": "ada"}]), &["identities"]),
    ] {
        let patch = v2(json!({ name: value }));
        assert_eq!(changed(&record, &patch), attributes, "{name} {value}");
        assert_eq!(shown(&after(&record, &patch))[name], value, "{name}");
    }
    for name in ["seniority", "office", "subdepartment", "pod"] {
        let cleared = after(&record, &v1(json!({ name: "" })));
        assert_eq!(shown(&cleared).get(name), None, "{name}");
    }
}

#[test]
fn a_text_has_its_type_and_length() {
    for name in [
        "firstName",
        "lastName",
        "email",
        "jobTitle",
        "nickname",
        "seniority",
        "department",
        "office",
        "subdepartment",
        "pod",
    ] {
        for wrong in [json!(null), json!(1), json!(["x"]), json!({}), json!("x".repeat(257))] {
            assert_eq!(mistakes(&ada(), json!({ name: wrong })), [name], "{name} {wrong}");
        }
    }
    for name in ["firstName", "email"] {
        assert_eq!(mistakes(&ada(), json!({ name: "" })), [name]);
    }
    assert_eq!(mistakes(&ada(), json!({"pod": null, "email": "x", "firstName": ""})), ["pod"]);
    assert_eq!(mistakes(&ada(), json!({"email": "x", "firstName": ""})), ["firstName", "email"]);
}

#[test]
fn an_email_is_one() {
    for good in
        ["a@b.co", "o'brien+x@mail.example.co.uk", "jos\u{e9}@b\u{fc}cher.example", "_a-b.c@x1-y.test"]
    {
        assert!(mistakes(&ada(), json!({"email": good})).is_empty(), "{good}");
    }
    for bad in [
        "a",
        "a@b",
        "@b.co",
        "a@",
        "a@b@c.co",
        "a b@c.co",
        ".a@b.co",
        "a.@b.co",
        "a..b@c.co",
        "a@.co",
        "a@b.",
        "a@b..co",
        "a@-b.co",
        "a@b-.co",
        "a@b_c.co",
        "\"a\"@b.co",
        "a@[127.0.0.1]",
        "a,b@c.co",
        "<a@b.co>",
        "a@b.co\n",
        "a@b\u{200b}\u{7}.co",
        "a\u{ff20}b.co",
    ] {
        assert_eq!(mistakes(&ada(), json!({"email": bad})), ["email"], "{bad}");
    }
    let long = |local: usize, label: usize| format!("{}@{}.example", "a".repeat(local), "b".repeat(label));
    assert!(mistakes(&ada(), json!({"email": long(64, 63)})).is_empty());
    assert_eq!(mistakes(&ada(), json!({"email": long(65, 63)})), ["email"]);
    assert_eq!(mistakes(&ada(), json!({"email": long(64, 64)})), ["email"]);
}

#[test]
fn identities_replace_the_list_and_other_apis_keep_theirs() {
    let body = json!({"identities": [
        {"type": "email", "value": "New@Example.com", "customerId": "CC".repeat(12)},
        {"type": "juris", "value": "7"},
        {"type": "juris", "value": "7", "customerId": "cc".repeat(12)},
        {"type": "email", "value": "new@example.COM"},
        {"type": "walls", "value": "7"},
    ]});
    let changed = after(&ada(), &v1(body));
    assert_eq!(
        shown(&changed)["identities"],
        json!([
            {"type": "email", "value": "New@Example.com"},
            {"type": "juris", "value": "7"},
            {"type": "walls", "value": "7"},
        ])
    );
    assert_eq!(changed.person.external_id(&Source::Relesys), Some("hidden"));
    assert_eq!(shown(&after(&ada(), &v2(json!({"identities": []}))))["identities"], json!([]));
}

#[test]
fn an_identity_has_a_known_type_a_value_and_no_other_customer() {
    for (entry, path) in [
        (json!({"value": "1"}), "identities.0.type"),
        (json!({"type": "zoom"}), "identities.0.value"),
        (json!({"type": "Zoom", "value": "1"}), "identities.0.type"),
        (json!({"type": null, "value": "1"}), "identities.0.type"),
        (json!({"type": "zoom", "value": 1}), "identities.0.value"),
        (json!({"type": "zoom", "value": ""}), "identities.0.value"),
        (json!({"type": "zoom", "value": "x".repeat(257)}), "identities.0.value"),
        (json!({"type": "zoom", "value": "1", "customerId": "dd".repeat(12)}), "identities.0.customerId"),
        (json!({"type": "zoom", "value": "1", "customerId": "cc"}), "identities.0.customerId"),
        (json!({"type": "zoom", "value": "1", "customerId": null}), "identities.0.customerId"),
        (json!("zoom"), "identities.0"),
    ] {
        assert_eq!(mistakes(&ada(), json!({"identities": [entry]})), [path], "{entry}");
    }
    assert_eq!(mistakes(&ada(), json!({"identities": {}})), ["identities"]);
    assert_eq!(mistakes(&ada(), json!({"identities": vec![0; 10_001]})), ["identities"]);
}

#[test]
fn roles_are_a_set_and_default_ones_stay() {
    let roles = |ids: &[ObjectId]| {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        v1(json!({ "roleIds": ids }))
    };
    let new = ObjectId([0x03; 12]);
    for same in [&[TRAINER_ROLE][..], &[USER_ROLE, TRAINER_ROLE], &[TRAINER_ROLE, TRAINER_ROLE]] {
        assert!(changed(&ada(), &roles(same)).is_empty(), "{same:?}");
    }
    assert_eq!(after(&ada(), &roles(&[new, USER_ROLE])).membership.laurel.roles, [new]);
    for none in [&[][..], &[USER_ROLE]] {
        assert!(after(&ada(), &roles(none)).membership.laurel.roles.is_empty());
    }
    for bad in [json!(null), json!("x"), json!(["01"]), json!([1]), json!([null]), json!([["01"]])] {
        assert_eq!(mistakes(&ada(), json!({ "roleIds": bad })), ["roleIds"], "{bad}");
    }
}

#[test]
fn delegates_are_who_delegate_to_the_user() {
    let (b0, b1, b3) = ("b0".repeat(12), "B1".repeat(12), "b3".repeat(12));
    let set = |patch: &PatchUser| settled(&ada(), &lens::change(patch, &ada()).unwrap()).unwrap();
    let named = |byte: u8, permissions| Delegator { object_id: ObjectId([byte; 12]), permissions };
    let standing = Some(vec![permission("TimeOwnRead")]);

    // Version 1 keeps what standing edges allow, says nothing on new ones, and is quiet about the same set.
    let one = set(&v1(json!({"delegateIds": [b3, b0, b0]})));
    assert_eq!(one.delegators, Some(vec![named(0xb0, standing), named(0xb3, None)]));
    assert_eq!(one.changes.len(), 1);
    assert_eq!(one.changes[0].attribute, attribute::DELEGATORS);
    assert_eq!(set(&v1(json!({"delegateIds": [b1, b0]}))).changes, []);
    assert_eq!(set(&v1(json!({"delegateIds": []}))).delegators, Some(Vec::new()));

    // Version 2 says what each edge allows.
    let entry = |id: &str, claims: &[&str]| {
        let permissions: Vec<_> = claims.iter().map(|claim| json!({"claim": claim, "x": 1})).collect();
        json!({"userId": id, "permissions": permissions})
    };
    let two = set(&v2(json!({"delegates": [entry(&b1, &["A", "B", "A"]), entry(&b0, &[])]})));
    assert_eq!(
        two.delegators,
        Some(vec![named(0xb0, Some(Vec::new())), named(0xb1, Some(vec![permission("A"), permission("B")])),])
    );
    let mut record = ada();
    record.related.delegators.pop();
    let same = v2(json!({"delegates": [entry(&b0, &["TimeOwnRead"])]}));
    assert!(changed(&record, &same).is_empty());

    // The direction: the user addressed is the delegate.
    let edge = Edge::between(PersonId(uuid(7)), PersonId(uuid(8)), None);
    assert_eq!((edge.delegate, edge.delegator), (PersonId(uuid(7)), PersonId(uuid(8))));
}

#[test]
fn a_delegate_is_someone_else_and_says_what_it_may() {
    let own = lens::change(&v1(json!({"delegateIds": ["ad".repeat(12)]})), &ada()).unwrap();
    let refusal = settled(&ada(), &own).unwrap_err();
    assert!(matches!(refusal, Refusal::Invalid { attribute: attribute::DELEGATORS, .. }), "{refusal:?}");
    let id = "b3".repeat(12);
    for (entry, path) in [
        (json!({"permissions": []}), "delegates.0.userId"),
        (json!({"userId": "b3", "permissions": []}), "delegates.0.userId"),
        (json!({"userId": id}), "delegates.0.permissions"),
        (json!({"userId": id, "permissions": null}), "delegates.0.permissions"),
        (json!({"userId": id, "permissions": vec![json!({"claim": "A"}); 1_001]}), "delegates.0.permissions"),
        (json!({"userId": id, "permissions": ["A"]}), "delegates.0.permissions.0"),
        (json!({"userId": id, "permissions": [{}]}), "delegates.0.permissions.0.claim"),
        (json!({"userId": id, "permissions": [{"claim": ""}]}), "delegates.0.permissions.0.claim"),
        (json!(id), "delegates.0"),
    ] {
        assert_eq!(mistakes(&ada(), json!({"delegates": [entry]})), [path], "{entry}");
    }
    for bad in [json!(null), json!([1]), json!(["b3"])] {
        let read = PatchUser::read_v1(json!({ "delegateIds": bad }), CUSTOMER);
        assert!(matches!(read, Err(Error::Invalid(_))), "{bad}");
    }
}

#[test]
fn errors_have_the_vendors_form() {
    let body = |status: u16, message: Value, error: &str| {
        (
            StatusCode::from_u16(status).unwrap(),
            json!({"statusCode": status, "message": message, "error": error}),
        )
    };
    let many = Error::Invalid(
        (0..1_000)
            .map(|index| dialects::http::FieldError {
                path: format!("x.{index}"),
                message: "is wrong".into(),
            })
            .collect(),
    );
    let (status, told_of) = told(many);
    assert_eq!((status, told_of["message"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 20));
    assert_eq!(told_of["message"][0], "x.0 is wrong");

    assert_eq!(
        told(Error::from(Denied::Unauthenticated)),
        (StatusCode::UNAUTHORIZED, json!({"statusCode": 401, "message": "Unauthorized"}))
    );
    let taken = |attribute| Error::from(Refusal::Taken { attribute });
    for (error, expected) in [
        (Refusal::NoSuchPerson.into(), body(404, json!("User not found"), "Not Found")),
        (taken(attribute::EMAIL), body(409, json!("email already taken"), "Conflict")),
        (taken(attribute::IDENTITIES), body(409, json!("identities already taken"), "Conflict")),
        (
            Refusal::Unknown { attribute: attribute::LAUREL_ROLES, value: "03".into() }.into(),
            body(400, json!(["roleIds must not name 03, which is unknown"]), "Bad Request"),
        ),
        (
            Refusal::invalid(attribute::DELEGATORS, "nobody delegates to themselves").into(),
            body(400, json!(["delegates: nobody delegates to themselves"]), "Bad Request"),
        ),
        (Error::OtherCustomer, body(403, json!("The token is not for this customer"), "Forbidden")),
        (Error::ReadOnly, body(403, json!("The client may only read"), "Forbidden")),
        (Fault::NoRoute.into(), body(404, json!("No such operation"), "Not Found")),
        (Fault::NoMethod.into(), body(404, json!("No such operation"), "Not Found")),
        (Fault::TooLarge.into(), body(413, json!("The body is larger than 1 MiB"), "Payload Too Large")),
        (
            Fault::MediaType.into(),
            body(415, json!("The content type must be application/json"), "Unsupported Media Type"),
        ),
        (Fault::BadBody("why".into()).into(), body(400, json!("why"), "Bad Request")),
    ] {
        assert_eq!(told(error), expected);
    }
    let throttled = Error::from(Denied::Throttled(Throttled { limit: 1, retry_after: 9 })).into_response();
    assert_eq!(throttled.headers()["retry-after"], "9");
    let (status, _) = told(throttled);
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn a_token_request_is_json_with_four_texts() {
    let good =
        json!({"audience": "a", "grant_type": "g", "client_id": "c", "client_secret": "s3cret", "x": 1});
    let read = TokenRequest::read(good.clone()).unwrap();
    assert_eq!((read.client_id.as_str(), read.client_secret.as_str()), ("c", "s3cret"));
    assert!(!format!("{read:?}").contains("s3cret"));
    for name in ["audience", "grant_type", "client_id", "client_secret"] {
        for wrong in [None, Some(json!(null)), Some(json!(1)), Some(json!("x".repeat(257)))] {
            let mut body = good.clone();
            match &wrong {
                Some(wrong) => body[name] = wrong.clone(),
                None => drop(body.as_object_mut().unwrap().remove(name)),
            }
            let (status, told) = told(TokenRequest::read(body).unwrap_err());
            assert_eq!(
                (status, &told["error"]),
                (StatusCode::BAD_REQUEST, &json!("invalid_request")),
                "{wrong:?}"
            );
            assert!(told["error_description"].as_str().unwrap().starts_with(name), "{told}");
        }
    }
    assert!(TokenRequest::read(json!([])).is_err());
}

#[test]
fn the_token_endpoint_errs_as_oauth_does() {
    for (error, status, name) in [
        (TokenError::from(Denied::Unauthenticated), 401, "access_denied"),
        (TokenError::UnknownAudience, 403, "access_denied"),
        (TokenError::UnsupportedGrant, 400, "unsupported_grant_type"),
        (Fault::BadBody("the body is empty".into()).into(), 400, "invalid_request"),
        (Fault::MediaType.into(), 415, "invalid_request"),
        (Fault::TooLarge.into(), 413, "invalid_request"),
        (Denied::Unavailable.into(), 503, "temporarily_unavailable"),
    ] {
        let answer = error.into_response();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (given, told) = told(answer);
        assert_eq!((given.as_u16(), told["error"].as_str().unwrap()), (status, name));
        let members: Vec<_> = told.as_object().unwrap().keys().collect();
        assert_eq!(members, ["error", "error_description"]);
    }
    assert_eq!(told(TokenError::from(Denied::Unauthenticated)).1["error_description"], "Unauthorized");
}
