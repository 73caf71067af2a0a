//! User groups: created, read, listed, patched and deleted, and the users in them.

use std::thread;

use serde_json::{Value, json};

use super::{NOBODY, User, VERSIONS, add, named, remove, replace, told, varied};
use crate::{demo, refused};

#[test]
fn a_user_group_lives_from_post_to_delete_in_every_version() {
    let server = demo();
    let caller = User::of(&server, 0).caller;
    for version in VERSIONS {
        let list = format!("/api/{version}/userGroups");
        let body = json!({"Name": "Night shift", "description": "Who works at night", "externalId": version, "id": NOBODY});
        let answer = caller.post(&list, body);
        let location = answer.header("location").unwrap().to_owned();
        let created = told(answer, 201)["data"].take();
        let id = created["id"].as_str().unwrap();
        let path = format!("{list}/{id}");
        assert!(location.ends_with(&path), "{location}");
        let expected = json!({
            "id": id, "url": location, "creationDateTime": created["creationDateTime"],
            "lastModifiedDateTime": created["creationDateTime"], "name": "Night shift", "externalId": version,
            "description": "Who works at night",
        });
        assert_eq!(created, expected);
        assert_eq!(told(caller.get(&path), 200)["data"], created);
        assert_eq!(told(caller.get(format!("{list}?externalId={version}")), 200)["data"], json!([created]));

        let patched =
            told(caller.patch(&path, json!([remove("/description"), replace("name", "Day shift")])), 200);
        assert_eq!(
            (&patched["data"]["description"], &patched["data"]["name"]),
            (&Value::Null, &json!("Day shift"))
        );
        assert_eq!(told(caller.patch(&path, json!([remove("/description")])), 200), patched, "moves no time");

        let answer = caller.delete(&path);
        assert!(answer.body.is_empty());
        told(answer, 204);
        for answer in [caller.get(&path), caller.patch(&path, json!([])), caller.delete(&path)] {
            assert_eq!(told(answer, 404)["message"], "There is no such user group.");
        }
    }
    // Letter case of the path does not matter.
    assert_eq!(
        caller.get("/API/v1/usergroups").expect(200).json(),
        told(caller.get("/api/v1/userGroups"), 200)
    );
}

#[test]
fn what_cannot_become_a_user_group_is_refused_by_name() {
    let server = demo();
    let caller = User::of(&server, 0).caller;
    let list = "/api/v1.4/userGroups";
    let taken = told(caller.post(list, json!({"name": "Taken", "externalId": "G-1"})), 201)["data"].take();
    let other = told(caller.post(list, json!({"name": "Taken"})), 201)["data"].take();
    let path = format!("{list}/{}", other["id"].as_str().unwrap());
    let (long, longer) = ("a".repeat(256), "a".repeat(4_001));
    refused(&server, || {
        for (member, value) in [
            ("name", json!(null)),
            ("name", json!("")),
            ("name", json!(7)),
            ("name", json!(long)),
            ("externalId", json!("")),
            ("externalId", json!(long)),
            ("externalId", json!("G-1")),
            ("externalId", json!([])),
            ("description", json!(longer)),
            ("description", json!("a\u{0}")),
            ("description", json!({})),
        ] {
            let mut body = json!({"name": "New"});
            body[member] = value.clone();
            assert_eq!(named(&told(caller.post(list, &body), 400)), [member], "{body:.90}");
            let error =
                told(caller.patch(&path, json!([replace("name", "New"), replace(member, value)])), 400);
            // No external id at all is fine in a patch, and so is none in a body.
            assert_eq!(named(&error), [format!("/{member}")], "{error}");
        }
        for (operation, at) in [
            (replace("id", NOBODY), "/id"),
            (add("/members/-", NOBODY), "/members/-"),
            (add("/url", "x"), "/url"),
        ] {
            assert_eq!(named(&told(caller.patch(&path, json!([operation])), 400)), [at]);
        }
        for body in [json!([]), json!(null), json!("x")] {
            told(caller.post(list, body), 400);
        }
        for id in ["x", "7", "me"] {
            let path = format!("{list}/{id}");
            for answer in [caller.get(&path), caller.patch(&path, json!([])), caller.delete(&path)] {
                assert_eq!(named(&told(answer, 400)), ["userGroupId"]);
            }
        }
    });
    told(caller.patch(&path, json!([replace("description", "a".repeat(4_000))])), 200);
    assert_eq!(told(caller.get(format!("{list}?name=Taken&sort=creationDateTime")), 200)["data"][0], taken);
}

#[test]
fn a_deleted_group_is_gone_from_its_users_at_once() {
    let server = demo();
    let user = User::of(&server, 0);
    let group =
        told(user.caller.post("/api/v1/userGroups", json!({"name": "Short"})), 201)["data"]["id"].clone();
    let joined = user.patch("v1", json!([add("/userGroups/-", json!({"id": group}))]));
    assert!(joined["userGroups"].as_array().unwrap().iter().any(|it| it["id"] == group));
    told(user.caller.delete(format!("/api/v1/userGroups/{}", group.as_str().unwrap())), 204);
    let left = user.get("v1");
    assert!(!left["userGroups"].as_array().unwrap().iter().any(|it| it["id"] == group));
    assert_eq!(
        left["userGroups"].as_array().unwrap().len() + 1,
        joined["userGroups"].as_array().unwrap().len()
    );
    user.refuses("v1", json!([add("/userGroups/-", json!({"id": group}))]), "/userGroups");
}

/// Whoever comes first: no user is left in a group that is gone.
#[test]
fn a_group_is_deleted_while_a_user_is_put_into_it() {
    let server = demo();
    let user = User::of(&server, 0);
    for _ in 0..20 {
        let group =
            told(user.caller.post("/api/v1/userGroups", json!({"name": "Short"})), 201)["data"]["id"].clone();
        let path = format!("/api/v1/userGroups/{}", group.as_str().unwrap());
        let (put, deleted) = thread::scope(|scope| {
            let put = scope.spawn(|| {
                user.caller.patch(user.path("v1"), json!([add("/userGroups/-", json!({"id": group}))])).status
            });
            let deleted = scope.spawn(|| user.caller.delete(&path).status);
            (put.join().unwrap(), deleted.join().unwrap())
        });
        assert!(matches!(put, 200 | 400), "{put}");
        assert_eq!(deleted, 204);
        assert!(!user.get("v1")["userGroups"].as_array().unwrap().iter().any(|it| it["id"] == group));
    }
    assert_eq!(super::personae(&server, &["check"])["faults"].as_array().map_or(0, Vec::len), 0);
}

#[test]
fn user_groups_are_filtered_and_sorted() {
    let server = demo();
    let caller = User::of(&server, 0).caller;
    for (name, description) in [("B", Some("list b")), ("a", None), ("C", Some("list a"))] {
        told(
            caller.post(
                "/api/v1/userGroups",
                json!({"name": name, "description": description, "externalId": format!("list-{name}")}),
            ),
            201,
        );
    }
    let names = |query: &str| -> String {
        let page = told(
            caller.get(format!("/api/v1.4/userGroups?externalId[gte]=list-&externalId[lt]=list.&{query}")),
            200,
        );
        page["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
    };
    for (query, expected) in [
        ("", "BaC"),
        ("sort=name", "BCa"),
        ("sort=-description", "BCa"),
        ("sort=description", "aCB"),
        ("description=list b", "B"),
        ("description[ne]=list b&sort=-name", "aC"),
        ("sort=-externalId", "aCB"),
        ("lastModifiedDateTime[lt]=2020-01-01", ""),
        ("limit=1&offset=1", "a"),
    ] {
        assert_eq!(names(&query.replace(' ', "%20")), expected, "{query}");
    }
    for (query, at) in [("sort=id", "sort"), ("id=x", "id"), ("name[x]=y", "name[x]"), ("limit=0", "limit")] {
        assert_eq!(named(&told(caller.get(format!("/api/v1/userGroups?{query}")), 400)), [at], "{query}");
    }
}

#[test]
fn a_list_goes_on_behind_the_longest_description() {
    let server = demo();
    let caller = User::of(&server, 0).caller;
    let long = varied(4_000, 1);
    let body = json!({"name": "Long", "description": long});
    told(caller.post("/api/v1/userGroups", body), 201);
    // It is the last: nothing else begins with an ideograph of plane 2.
    for query in ["sort=-description&limit=1", "sort=description,name&limit=1&offset=12"] {
        let page = told(caller.get(format!("/api/v1.4/userGroups?{query}")), 200);
        assert_eq!(page["data"][0]["description"], long, "{query}");
    }
    let page = told(caller.get("/api/v1.4/userGroups?sort=-description&limit=1"), 200);
    let next = page["nextUrl"].as_str().unwrap();
    let page = told(caller.get(&next[next.find("/api/").unwrap()..]), 200);
    let previous = page["previousUrl"].as_str().unwrap();
    assert_ne!(page["data"][0]["description"], long);
    let page = told(caller.get(&previous[previous.find("/api/").unwrap()..]), 200);
    assert_eq!(page["data"][0]["description"], long);
}
