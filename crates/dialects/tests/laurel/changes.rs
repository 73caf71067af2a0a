//! What the bodies of updates come to.

use super::*;

#[test]
fn writing_back_what_is_shown_changes_nothing() {
    let mut odd = ada();
    odd.person_mut().name.given = String::new();
    odd.person_mut().title = Some("x".repeat(300));
    odd.person_mut().nickname = Some(String::new());
    odd.person_mut().email = Email::parse("odd@localhost");
    odd.person_mut().identities.push(identity(LaurelType::Walls, &"x".repeat(300)));
    odd.person_mut().identities.push(identity(LaurelType::Email, "ADA@zoom.example"));
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
    let set = |patch: &PatchUser| applied(&ada(), &lens::change(patch, &ada()).unwrap()).unwrap();
    let named = |byte: u8, permissions| Delegator { object_id: ObjectId([byte; 12]), permissions };
    let standing = Some(vec![permission("TimeOwnRead")]);

    // Version 1 keeps what standing edges allow, says nothing on new ones, and is quiet about the same set.
    let one = set(&v1(json!({"delegateIds": [b3, b0, b0]})));
    assert_eq!(one.delegators, Some(vec![named(0xb0, standing), named(0xb3, None)]));
    assert_eq!(one.changes.len(), 1);
    assert_eq!(one.changes[0].attribute, Attribute::Delegators);
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
    record.related_mut().delegators.pop();
    let same = v2(json!({"delegates": [entry(&b0, &["TimeOwnRead"])]}));
    assert!(changed(&record, &same).is_empty());

    // The direction: the user addressed is the delegate.
    let edge = Edge::between(PersonId(uuid(7)), PersonId(uuid(8)), None);
    assert_eq!((edge.delegate, edge.delegator), (PersonId(uuid(7)), PersonId(uuid(8))));
}

#[test]
fn a_delegate_is_someone_else_and_says_what_it_may() {
    let own = lens::change(&v1(json!({"delegateIds": ["ad".repeat(12)]})), &ada()).unwrap();
    let refusal = applied(&ada(), &own).unwrap_err();
    assert!(matches!(refusal, Refusal::Invalid { attribute: Attribute::Delegators, .. }), "{refusal:?}");
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
        let read = PatchUser::read_v1(sent(&json!({ "delegateIds": bad })), CUSTOMER);
        assert!(matches!(read, Err(Error::Invalid(_))), "{bad}");
    }
}
