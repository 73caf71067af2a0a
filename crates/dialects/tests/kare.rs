//! Kare's lens and wire against the fact sheet, without a server: bodies as they are sent, answers as raw JSON.

use std::sync::Arc;

use axum::response::IntoResponse;
use dialects::http::json;
use dialects::http::route::router;
use dialects::kare::auth::Api;
use dialects::kare::error::Error;
use dialects::kare::wire::{Credentials, Data, PatchUser, Refresh, UserId};
use dialects::kare::{lens, table};
use directory::apply::apply_change;
use directory::authority::KareRights;
use directory::caller::{Caller, Channel, Dialect};
use directory::credential::Scopes;
use directory::email::Email;
use directory::ids::{Number, ObjectId, OrganizationId, PersonId, TenantId};
use directory::membership::{KareScope, Membership};
use directory::name::Name;
use directory::organization::Label;
use directory::person::{Lang, Person, Phone};
use directory::record::{Record, Related};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::openapi::OpenApi;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(0x0a));

/// The organization of the section "Test points": user 1 is an admin, user 2 is none, the label is 1.
struct Organization {
    people: [Record; 2],
    now: Timestamp,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn number(value: u64) -> Number {
    Number::new(value).unwrap()
}

fn id(value: u64) -> PersonId {
    PersonId(Uuid::from_u128(value.into()))
}

fn member(value: u64, scope: KareScope) -> Record {
    let created = at("2024-01-15T08:45:00.123456Z");
    let mut person = Person::new(id(value), number(value), ObjectId([0; 12]), created);
    person.name = Name::new("Ada", "Byron");
    let mut membership = Membership::new(ORGANIZATION, created);
    membership.kare.scope = scope;
    Record {
        person: person.into(),
        membership: membership.into(),
        related: Related::default().into(),
        actor: None,
    }
}

impl Organization {
    fn new() -> Self {
        let people = [member(1, KareScope::Admin), member(2, KareScope::User)];
        Self { people, now: at("2024-12-09T14:23:00Z") }
    }

    fn person(&mut self, number: usize) -> &mut Person {
        Arc::make_mut(&mut self.people[number - 1].person)
    }

    fn seen(&self, by: u64, of: u64) -> Record {
        let [actor, record] = [by, of].map(|number| &self.people[number as usize - 1]);
        let mut record = record.clone();
        record.actor = Some(actor.membership.clone());
        record
    }

    /// What the handler and the engine do with a body, and the status and body of the answer.
    fn patch(&mut self, by: u64, of: u64, body: Value) -> (u16, Value) {
        match self.try_patch(by, of, body) {
            Ok(record) => {
                let shown = Data { data: lens::show_member(&record, number(1)) };
                let shown = serde_json::to_value(&shown).unwrap();
                self.people[of as usize - 1] = record;
                (200, shown["data"].clone())
            }
            Err(error) => (error.into_response().status().as_u16(), Value::Null),
        }
    }

    fn try_patch(&self, by: u64, of: u64, body: Value) -> Result<Record, Error> {
        let patch = PatchUser::read(sent(&body))?;
        let record = self.seen(by, of);
        let change = lens::change(&patch, &record)?;
        let caller = Caller {
            tenant: TenantId(1),
            organization: ORGANIZATION,
            via: Channel::Dialect(Dialect::Kare),
            credential: None,
            scopes: Scopes::default(),
            person: Some(id(by)),
            session: None,
            forwarded: None,
            request: String::new(),
        };
        let applied = apply_change(&caller, &record, &change, self.now)?;
        Ok(Record {
            person: applied.person.into(),
            membership: applied.membership.into(),
            related: Related::default().into(),
            actor: None,
        })
    }

    fn get(&self, by: u64, of: u64) -> Value {
        let record = self.seen(by, of);
        let rights = KareRights::of(Some(id(by)), &record).unwrap();
        serde_json::to_value(lens::show_user(&record, Some(rights))).unwrap()
    }
}

/// The paths of the mistakes, if that is what an error is about.
fn paths(error: Error) -> Vec<String> {
    match error {
        Error::Invalid(errors) => errors.into_iter().map(|error| error.path).collect(),
        other => panic!("{other:?}"),
    }
}

/// A body as it is read.
fn sent(body: &Value) -> json::Value {
    json::parse(body.to_string().as_bytes()).unwrap()
}

fn mistakes(body: Value) -> Vec<String> {
    PatchUser::read(sent(&body)).map_err(paths).unwrap_err()
}

// The section "Test points", by their numbers.

#[test]
fn point_1_an_admin_writes_names_and_profession_of_their_own() {
    let mut organization = Organization::new();
    let body = json!({"firstName": "John", "lastName": "Doe", "professionId": 1});
    let (status, shown) = organization.patch(1, 1, body);
    assert_eq!(status, 200);
    assert_eq!(
        shown,
        json!({
            "userId": 1, "organizationId": 1, "scope": 1,
            "permissions": {"group": 0, "read": [], "manage": []},
            "deletedAt": null,
            "updatedAt": "2024-12-09T14:23:00.000Z",
            "createdAt": "2024-01-15T08:45:00.123Z",
        }),
    );
    assert_eq!(organization.people[0].membership.kare.profession, Number::new(1));
    assert_eq!(organization.people[0].person.name, Name::new("John", "Doe"));
}

#[test]
fn point_2_an_admin_makes_an_admin() {
    let mut organization = Organization::new();
    let (status, shown) = organization.patch(1, 2, json!({"scope": 1}));
    assert_eq!((status, &shown["scope"]), (200, &json!(1)));
    assert_eq!(shown["updatedAt"], "2024-12-09T14:23:00.000Z");
    // The user themselves did not change.
    assert_eq!(organization.get(1, 2)["updatedAt"], "2024-01-15T08:45:00.123Z");
}

#[test]
fn points_3_and_4_permissions_sent_replace_and_those_left_out_stay() {
    let mut organization = Organization::new();
    let all = json!({"group": 1, "read": [1, 2], "manage": [1, 2]});
    assert_eq!(organization.patch(1, 2, json!({"permissions": all})).1["permissions"], all);
    let (status, shown) = organization.patch(1, 2, json!({"permissions": {"read": []}}));
    assert_eq!(status, 200);
    assert_eq!(shown["permissions"], json!({"group": 1, "read": [], "manage": [1, 2]}));
    let (_, shown) = organization.patch(1, 2, json!({"permissions": {"manage": [3, 1, 3, -5, 1.0]}}));
    assert_eq!(shown["permissions"], json!({"group": 1, "read": [], "manage": [3, 1, -5]}));
}

#[test]
fn points_5_and_6_a_user_changes_neither_others_nor_their_own_scope() {
    let mut organization = Organization::new();
    let before = organization.people.clone();
    assert_eq!(organization.patch(2, 1, json!({"firstName": "X"})).0, 403);
    assert_eq!(organization.patch(2, 2, json!({"scope": 1})).0, 403);
    assert_eq!(organization.patch(2, 2, json!({"firstName": "X", "scope": 1})).0, 403);
    assert_eq!(organization.patch(1, 1, json!({"scope": 2})).0, 403);
    assert_eq!(organization.people, before);
    assert_eq!(organization.patch(2, 2, json!({"firstName": "X", "scope": 2})).0, 200);
}

#[test]
fn point_8_names_have_at_most_250_utf_16_code_units() {
    let mut organization = Organization::new();
    for name in ["a".repeat(250), "\u{e9}".repeat(250), "\u{1f600}".repeat(125), String::new(), " ".into()] {
        assert_eq!(organization.patch(1, 2, json!({"firstName": name, "lastName": name})).0, 200);
        assert_eq!(organization.people[1].person.name, Name::new(name.clone(), name));
    }
    for name in ["a".repeat(251), "\u{1f600}".repeat(125) + "a"] {
        let error = organization.try_patch(1, 2, json!({"firstName": name, "lastName": name})).unwrap_err();
        assert_eq!(paths(error), ["firstName", "lastName"]);
        let patch = PatchUser::read(sent(&json!({"lastName": name}))).unwrap();
        assert_eq!(patch.check_names().map_err(paths), Err(vec!["lastName".to_owned()]));
    }
}

#[test]
fn point_9_what_is_of_the_wrong_type_is_named() {
    for scope in [json!(0), json!(3), json!("1"), json!(1.5), json!(true), json!(null), json!([1])] {
        assert_eq!(mistakes(json!({"scope": scope})), ["scope"], "{scope}");
    }
    for name in [json!(null), json!(1), json!(["x"]), json!({})] {
        assert_eq!(mistakes(json!({"firstName": name})), ["firstName"], "{name}");
        assert_eq!(mistakes(json!({"lastName": name})), ["lastName"], "{name}");
    }
    for permissions in [json!(null), json!([]), json!(1), json!("x")] {
        assert_eq!(mistakes(json!({"permissions": permissions})), ["permissions"], "{permissions}");
    }
    for group in [json!(null), json!("1"), json!(-1), json!(1.5), json!(9_007_199_254_740_992_u64)] {
        assert_eq!(mistakes(json!({"permissions": {"group": group}})), ["permissions.group"], "{group}");
    }
    for ids in [
        json!(null),
        json!(1),
        json!({}),
        json!(["1"]),
        json!([null]),
        json!([1.5]),
        json!([[1]]),
        json!([9_007_199_254_740_992_i64]),
        json!([-9_007_199_254_740_992_i64]),
        json!(vec![1; 10_001]),
    ] {
        assert_eq!(mistakes(json!({"permissions": {"read": ids}})), ["permissions.read"]);
        assert_eq!(mistakes(json!({"permissions": {"manage": ids}})), ["permissions.manage"]);
    }
    let all = json!({"firstName": 1, "scope": 3, "permissions": {"read": 1}, "professionId": "x"});
    assert_eq!(mistakes(all), ["firstName", "permissions.read", "professionId", "scope"]);
}

#[test]
fn integers_may_be_written_with_a_fraction_of_nothing() {
    let body = r#"{"scope": 1.0, "professionId": 1.0, "permissions": {"group": 2.0, "read": [1e3]}}"#;
    let patch = PatchUser::read(json::parse(body.as_bytes()).unwrap()).unwrap();
    assert_eq!((patch.scope, patch.profession), (Some(KareScope::Admin), Number::new(1)));
    assert_eq!((patch.permissions.group, patch.permissions.read), (Some(2), Some(vec![1_000])));
    let most: Vec<_> = (0..10_000).collect();
    assert!(PatchUser::read(sent(&json!({"permissions": {"read": most}}))).is_ok());
    let edge = 9_007_199_254_740_991_i64;
    assert!(PatchUser::read(sent(&json!({"permissions": {"read": [edge, -edge], "group": edge}}))).is_ok());
}

#[test]
fn points_10_and_11_a_path_holds_me_or_a_plain_integer_of_the_range() {
    assert_eq!(UserId::parse("me"), Ok(UserId::Me));
    for plain in ["1", "0", "-1", "9007199254740991", "-9007199254740991"] {
        assert_eq!(UserId::parse(plain), Ok(UserId::Id(plain.parse().unwrap())), "{plain}");
    }
    for bad in [
        "9007199254740992",
        "-9007199254740992",
        "99999999999999999999999999",
        "ME",
        "Me",
        "me ",
        "01",
        "-01",
        "00",
        "+1",
        "1.0",
        "1e3",
        "0x1",
        "--1",
        "-",
        "",
        " 1",
        "1 ",
        "\u{661}",
        "00000000-0000-0000-0000-000000000001",
    ] {
        assert_eq!(UserId::parse(bad).map_err(paths), Err(vec!["userId".to_owned()]), "{bad:?}");
    }
}

#[test]
fn point_12_nothing_sent_and_nothing_new_move_nothing() {
    let mut organization = Organization::new();
    let (_, first) = organization.patch(1, 2, json!({"scope": 2, "permissions": {"read": [1, 2]}}));
    let before = organization.people.clone();
    organization.now = at("2025-01-01T00:00:00Z");
    for body in [
        json!({}),
        json!({"permissions": {}}),
        json!({"nickname": "x", "permissions": {"other": null}}),
        json!({"firstName": "Ada", "lastName": "Byron"}),
        json!({"scope": 2, "permissions": {"group": 0, "read": [1, 2], "manage": []}}),
        json!({"permissions": {"read": [1, 2, 1]}}),
    ] {
        assert_eq!(organization.patch(1, 2, body.clone()), (200, first.clone()), "{body}");
        assert_eq!(organization.people, before, "{body}");
    }
    let own = json!({"scope": 1, "permissions": {"group": 0, "read": [], "manage": []}});
    assert_eq!(organization.patch(1, 1, own).0, 200);
    assert_eq!(organization.people, before);
}

#[test]
fn the_body_is_an_object() {
    for body in [json!(null), json!([]), json!(1), json!("x"), json!([{"op": "replace"}])] {
        let status = PatchUser::read(sent(&body)).unwrap_err().into_response().status().as_u16();
        assert_eq!(status, 400, "{body}");
    }
}

#[test]
fn point_15_a_profession_below_1_is_no_label() {
    for profession in
        [json!(0), json!(-1), json!(null), json!("1"), json!(1.5), json!(9_007_199_254_740_992_i64)]
    {
        assert_eq!(mistakes(json!({"professionId": profession})), ["professionId"], "{profession}");
    }
    // Whether there is a label 999 is for the directory to find out: it is asked for.
    let organization = Organization::new();
    let changed = organization.try_patch(1, 2, json!({"professionId": 999})).unwrap();
    assert_eq!(changed.membership.kare.profession, Number::new(999));
}

#[test]
fn point_16_an_extra_key_is_ignored_and_a_read_shows_the_name() {
    let mut organization = Organization::new();
    let (status, _) = organization.patch(1, 2, json!({"nickname": "x", "firstName": "Ann"}));
    assert_eq!(status, 200);
    assert_eq!(organization.people[1].person.nickname, None);
    let shown = organization.get(1, 2);
    assert_eq!((&shown["firstName"], &shown["lastName"]), (&json!("Ann"), &json!("Byron")));
    assert_eq!(shown["updatedAt"], "2024-12-09T14:23:00.000Z");
}

#[test]
fn point_17_every_date_has_milliseconds_or_is_null() {
    let mut organization = Organization::new();
    for (now, shown) in [
        ("2025-03-01T00:00:00Z", "2025-03-01T00:00:00.000Z"),
        ("2025-03-01T00:00:00.000999Z", "2025-03-01T00:00:00.000Z"),
        ("2025-03-01T00:00:01.5Z", "2025-03-01T00:00:01.500Z"),
    ] {
        organization.now = at(now);
        let (_, answer) = organization.patch(1, 2, json!({"firstName": now}));
        assert_eq!(answer["updatedAt"], shown);
        assert_eq!(answer["createdAt"], "2024-01-15T08:45:00.123Z");
        assert_eq!(answer["deletedAt"], Value::Null);
    }
}

// What the directory keeps and Kare cannot say.

#[test]
fn a_name_too_long_for_kare_is_shown_and_may_be_written_back() {
    let mut organization = Organization::new();
    let long = "x".repeat(255);
    organization.person(2).name = Name::new(long.clone(), "Byron");
    let before = organization.people.clone();
    assert_eq!(organization.get(1, 2)["firstName"], long.as_str());
    assert_eq!(organization.patch(1, 2, json!({"firstName": long, "lastName": "Byron"})).0, 200);
    assert_eq!(organization.people, before);
    assert_eq!(organization.patch(1, 2, json!({"firstName": long.clone() + "x"})).0, 400);
    assert_eq!(organization.patch(1, 2, json!({"firstName": long, "lastName": "B"})).0, 200);
}

#[test]
fn a_full_name_survives_until_a_part_is_written() {
    let mut organization = Organization::new();
    let name = Name::split("Maria del Mar  Ruiz ");
    organization.person(2).name = name.clone();
    let shown = organization.get(1, 2);
    let back = json!({"firstName": shown["firstName"], "lastName": shown["lastName"]});
    assert_eq!(organization.patch(1, 2, back).0, 200);
    assert_eq!(organization.people[1].person.name, name);
    assert_eq!(organization.patch(1, 2, json!({"lastName": "Ruiz"})).0, 200);
    assert_eq!(organization.people[1].person.name, Name::new(name.given, "Ruiz"));
}

// The user.

#[test]
fn a_user_is_shown_as_documented_and_in_that_order() {
    let mut organization = Organization::new();
    let person = organization.person(1);
    person.email = Email::parse("test@mail.com");
    person.phone = Some(Phone { country_code: None, number: "0123456789".into() });
    person.lang = Lang::En;
    person.activated_at = Some(at("2024-12-09T14:23:00Z"));
    let mut record = organization.seen(1, 1);
    Arc::make_mut(&mut record.membership).kare.permissions.read = vec![1, 2];
    record.related_mut().profession =
        Some(Label { number: number(1), ..Label::new(ORGANIZATION, "Urgent", "#ff0000") });
    let rights = KareRights::of(Some(id(1)), &record).unwrap();
    let expected = r#"{"id":1,"key":"00000000-0000-0000-0000-000000000001","firstName":"Ada","lastName":"Byron",
        "email":"test@mail.com","phone":"0123456789","type":1,"lang":"en",
        "activatedAt":"2024-12-09T14:23:00.000Z","updatedAt":"2024-01-15T08:45:00.123Z",
        "createdAt":"2024-01-15T08:45:00.123Z","permissions":{"group":0,"read":[1,2],"manage":[]},
        "scope":1,"profession":{"id":1,"name":"Urgent"},
        "updatableFields":{"firstName":true,"lastName":true,"email":false,"phone":false,"lang":false},
        "actions":{"canBeUpdated":true,"canBeDeleted":false},
        "userOrganizationActions":{"canBeUpdated":true,"canBeDeleted":false,"isMe":true},
        "userOrganizationUpdatableFields":{"firstName":true,"lastName":true,"professionId":true,
        "scope":false,"permissions":false}}"#;
    let expected: String = expected.lines().map(str::trim).collect();
    assert_eq!(serde_json::to_string(&lens::show_user(&record, Some(rights))).unwrap(), expected);

    let base = &expected[..expected.find(r#","updatableFields""#).unwrap()];
    assert_eq!(serde_json::to_string(&lens::show_user(&record, None)).unwrap(), format!("{base}}}"));
}

#[test]
fn what_a_user_has_not_is_null() {
    let shown = Organization::new().get(1, 2);
    for absent in ["email", "phone", "activatedAt", "profession"] {
        assert_eq!(shown.get(absent), Some(&Value::Null), "{absent}");
    }
    assert_eq!((&shown["lang"], shown.get("deletedAt")), (&json!("fr"), None));
}

#[test]
fn a_phone_is_one_text_of_at_most_20_characters() {
    let mut organization = Organization::new();
    for (country_code, number, shown) in [
        (Some(45), "12345678", json!("+45 12345678")),
        (Some(999), "123 456 789-012", json!("+999 123 456 789-012")),
        (Some(999), "123 456 789-0123", json!(null)),
        (None, "12345678901234567890", json!("12345678901234567890")),
    ] {
        organization.person(2).phone = Some(Phone { country_code, number: number.into() });
        assert_eq!(organization.get(1, 2)["phone"], shown);
    }
}

#[test]
fn rights_depend_on_who_looks_at_whom() {
    let organization = Organization::new();
    let rights = |by, of| {
        let shown = organization.get(by, of);
        let member = &shown["userOrganizationUpdatableFields"];
        let actions = &shown["userOrganizationActions"];
        (
            [&member["firstName"], &member["lastName"], &member["professionId"]].map(|flag| flag == true),
            [&member["scope"], &member["permissions"]].map(|flag| flag == true),
            [&actions["canBeUpdated"], &actions["canBeDeleted"], &actions["isMe"]].map(|flag| flag == true),
        )
    };
    assert_eq!(rights(1, 1), ([true; 3], [false; 2], [true, false, true]));
    assert_eq!(rights(1, 2), ([true; 3], [true; 2], [true, true, false]));
    assert_eq!(rights(2, 2), ([true, true, false], [false; 2], [true, false, true]));
    assert_eq!(rights(2, 1), ([false; 3], [false; 2], [false; 3]));
    assert_eq!(organization.get(2, 1)["updatableFields"]["firstName"], false);
    assert_eq!(organization.get(2, 1)["actions"], json!({"canBeUpdated": false, "canBeDeleted": false}));
}

// The routes.

#[test]
fn the_table_of_routes_is_the_contract() {
    let contract = OpenApi::parse(include_str!("../src/kare/openapi.yaml")).unwrap();
    let mut documented: Vec<_> = contract
        .operations()
        .iter()
        .map(|operation| format!("{} {} {}", operation.method, operation.path, operation.id))
        .collect();
    let mut served: Vec<_> =
        table().iter().map(|route| format!("{} {} {}", route.method, route.path, route.operation)).collect();
    documented.sort();
    served.sort();
    assert_eq!(served, documented);
    // Two routes that stand in each other's way would panic here.
    assert!(router::<Api, Error>(table(), &["/main", ""]).has_routes());
}

// Logging in.

#[test]
fn a_log_in_has_an_address_and_a_password_of_the_documented_lengths() {
    let good = json!({"email": "O'Brien@x.fr", "password": "secret", "remember": true});
    let read = Credentials::read(sent(&good)).unwrap();
    assert_eq!((read.email.as_str(), read.password.0.as_str()), ("O'Brien@x.fr", "secret"));
    assert!(!format!("{read:?}").contains("secret"));
    let longest = format!("{}@x.fr", "a".repeat(245));
    assert!(Credentials::read(sent(&json!({"email": longest, "password": "p".repeat(100)}))).is_ok());

    let wrong = |body: Value| Credentials::read(sent(&body)).map(|_| ()).map_err(paths).unwrap_err();
    assert_eq!(wrong(json!({})), ["email", "password"]);
    assert_eq!(wrong(json!({"email": "a@b.fr", "password": null})), ["password"]);
    assert_eq!(wrong(json!({"email": "a@b.fr", "password": "short"})), ["password"]);
    assert_eq!(wrong(json!({"email": "a@b.fr", "password": "p".repeat(101)})), ["password"]);
    for email in [json!(null), json!(1), json!("a@b"), json!(""), json!(format!("a{longest}"))] {
        assert_eq!(wrong(json!({"email": email, "password": "secret"})), ["email"], "{email}");
    }
}

#[test]
fn a_refresh_names_its_token() {
    assert_eq!(Refresh::read(sent(&json!({"refreshToken": "x.y"}))).unwrap().refresh_token.0, "x.y");
    for body in [json!({}), json!({"refreshToken": null}), json!({"refreshToken": "x".repeat(4_097)})] {
        assert_eq!(
            Refresh::read(sent(&body)).map(|_| ()).map_err(paths),
            Err(vec!["refreshToken".to_owned()])
        );
    }
}
