//! `DELETE .../users/{userId}`.

use serde_json::{Value, json};

use super::super::{command, quiet};
use super::{Firm, firm, ids, told};

/// The user as last seen, deleted.
#[track_caller]
fn delete(firm: &Firm, index: usize, query: &str) -> Value {
    let before = firm.seen(index);
    let answer = told(firm.laurel.delete(format!("{}{query}", firm.user(&firm.person(index).laurel))), 200);
    assert_eq!(answer, before, "the record as it was just before");
    answer
}

#[test]
fn who_is_deleted_is_gone_everywhere() {
    let firm = firm();
    let (callers, person) = (firm.server.callers(), firm.person(0));
    let (path, other) = (firm.user(&person.laurel), firm.user(&firm.person(1).laurel));
    let identities = json!({"identities": [{"type": "aderant", "value": "1042"}]});
    told(firm.laurel.patch(&path, &identities), 200);
    told(firm.laurel.patch(&path, json!({"delegateIds": [firm.person(1).laurel]})), 200);
    told(firm.laurel.patch(&other, json!({"delegateIds": [person.laurel]})), 200);
    delete(&firm, 0, "");

    quiet(&firm.server, || {
        let replay = format!("/api/user/{}", person.replay);
        let kare = format!("/users-organizations/v1/rs/users/{}", person.kare);
        for version in ["v1", "v1.1", "v1.2", "v1.3", "v1.4"] {
            let relesys = format!("/api/{version}/users/{}", person.relesys);
            callers.relesys.get(&relesys).expect(404);
            let title = json!([{"op": "replace", "path": "/title", "value": "No"}]);
            callers.relesys.patch(&relesys, title).expect(404);
        }
        callers.replay.get(&replay).expect(404);
        callers.replay.patch(&replay, json!({"firstName": "No"})).expect(404);
        callers.kare.get(format!("/users/v1/rs/{}", person.kare)).expect(404);
        callers.kare.patch(kare, json!({"firstName": "No"})).expect(404);
        for answer in [
            firm.laurel.get(&path),
            firm.laurel.patch(&path, json!({"nickname": "No"})),
            firm.laurel.patch(firm.user_v2(&person.laurel), json!({"nickname": "No"})),
            firm.laurel.delete(&path),
            firm.laurel.get(format!("{}?type=aderant&value=1042", firm.user("lookup"))),
            firm.laurel.get(format!("{}?type=email&value={}", firm.user("lookup"), person.email)),
        ] {
            assert_eq!(told(answer, 404)["message"], "User not found");
        }
        for query in ["", "?search=lovelace", "?search=ada", "?integration=cloud-assistant-zoom"] {
            let list = told(firm.laurel.get(format!("{}{query}", firm.users())), 200);
            assert!(!ids(&list).contains(&person.laurel.as_str()), "{query}");
        }
        let seen = firm.seen(1);
        assert_eq!((&seen["delegators"], &seen["delegates"]), (&json!([]), &json!([])));
        told(firm.laurel.patch(&other, json!({"delegateIds": [person.laurel]})), 400);
    });

    // Address and identity are free again, for whoever comes.
    let heir = json!({"email": person.email, "identities": identities["identities"]});
    assert_eq!(told(firm.laurel.patch(&other, heir), 200)["email"], person.email.as_str());
}

#[test]
fn the_event_names_who_really_asked() {
    let firm = firm();
    let principal = "originalPrincipalClientId=some%20client&originalPrincipalCustomerId=not-an-id&originalPrincipalUserId=u1";
    for (index, query, forwarded) in [
        (0, String::new(), json!(null)),
        (1, format!("?{principal}"), json!(null)),
        (2, format!("?isForwarded=false&{principal}"), json!(null)),
        (8, format!("?isForwarded=&{principal}"), json!(null)),
        (
            4,
            format!("?isForwarded=true&{principal}"),
            json!({"client": "some client", "customer": "not-an-id", "user": "u1"}),
        ),
        (
            5,
            "?isForwarded=true&originalPrincipalUserId=u2&originalPrincipalClientId=".to_owned(),
            json!({"client": null, "customer": null, "user": "u2"}),
        ),
    ] {
        let person = firm.person(index);
        delete(&firm, index, &query);
        let all = command(&firm.server, &["event", "list", "--via", "laurel", "--action", "deleted"]);
        let event = &all[0];
        assert_eq!((&event["person"], &event["via"]), (&json!(person.relesys), &json!("laurel")), "{query}");
        assert_eq!(event["forwarded"], forwarded, "{query}");
        assert!(event["credential"].is_string() && event["actor"].is_null(), "{event}");
        assert_eq!(event["changes"]["membership"], json!({"before": event["organization"], "after": null}));
    }
    quiet(&firm.server, || {
        let path = firm.user(&firm.person(7).laurel);
        for query in [
            "isForwarded=yes",
            "isForwarded=TRUE",
            "isForwarded=1",
            "isForwarded=true&isForwarded=false",
            &format!("isForwarded=true&originalPrincipalUserId={}", "x".repeat(257)),
        ] {
            told(firm.laurel.delete(format!("{path}?{query}")), 400);
        }
    });
    told(firm.laurel.delete(firm.user(&firm.person(7).laurel)), 200);
}

#[test]
fn of_many_who_delete_one_has_deleted() {
    let firm = firm();
    let path = firm.user(&firm.person(0).laurel);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (laurel, path) = (firm.laurel.clone(), &path);
                scope.spawn(move || laurel.delete(path).status)
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404, 404, 404, 404]);
}

#[test]
fn the_last_kare_admin_is_not_deleted() {
    let firm = firm();
    let admin = firm.server.seed().tenant.kare.admin.clone();
    let seen = command(&firm.server, &["person", "show", &admin.email, "-o", super::super::ROOT]);
    let path = firm.user(seen["objectId"].as_str().expect("an object id"));
    let refused = quiet(&firm.server, || told(firm.laurel.delete(&path), 403));
    let message = refused["message"].as_str().expect("a sentence");
    assert!(message.contains("last administrator") && message.contains("make another"), "{message}");
    // With another one, the first may go; then that one is the last.
    let other = &firm.server.seed().tenant.kare.user;
    let callers = firm.server.callers();
    let member = format!("/users-organizations/v1/rs/users/{}", other.user_id);
    callers.kare.patch(member, json!({"scope": 1})).expect(200);
    told(firm.laurel.delete(&path), 200);
    let seen = command(&firm.server, &["person", "show", &other.email, "-o", super::super::ROOT]);
    let path = firm.user(seen["objectId"].as_str().expect("an object id"));
    told(firm.laurel.delete(&path), 403);
    command(&firm.server, &["person", "delete", &other.email, "-o", super::super::ROOT]);
    told(firm.laurel.get(&path), 404);
}
