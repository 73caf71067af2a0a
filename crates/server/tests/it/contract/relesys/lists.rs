//! Lists of users: filters, orders and pages (api.relesysapp.net/docs/latest/endpoint/users-get-getusers).

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::process::Server;

use super::{User, VERSIONS, named, replace, told, varied};
use crate::demo;

const PROPERTIES: [&str; 15] = [
    "birthDate",
    "creationDateTime",
    "dataSource",
    "email",
    "employmentDate",
    "employmentEndDate",
    "externalId",
    "id",
    "lastModifiedDateTime",
    "name",
    "primaryDepartmentId",
    "secondaryEmail",
    "status",
    "title",
    "userName",
];

fn client(server: &Server) -> Caller {
    Caller::relesys(&server.client(), &server.seed().tenant.relesys.client, "relesys.api")
}

fn list(caller: &Caller, query: &str) -> Value {
    caller.get(format!("/api/v1.4/users?{query}")).expect(200).json()
}

fn ids(page: &Value) -> Vec<String> {
    let users = page["data"].as_array().unwrap();
    assert_eq!(page["count"], users.len());
    users.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

fn refused_for(caller: &Caller, query: &str) -> Vec<String> {
    let error = told(caller.get(format!("/api/v1.4/users?{query}")), 400);
    named(&error).into_iter().map(str::to_owned).collect()
}

/// The path and query of an address that an answer holds.
fn target<'a>(page: &'a Value, name: &str) -> Option<&'a str> {
    let url = page[name].as_str()?;
    Some(&url[url.find("/api/").unwrap()..])
}

fn walk(caller: &Caller, first: &str) -> Vec<String> {
    let mut page = caller.get(first).expect(200).json();
    let mut seen = ids(&page);
    while let Some(next) = target(&page, "nextUrl") {
        page = caller.get(next).expect(200).json();
        seen.extend(ids(&page));
    }
    seen
}

#[test]
fn every_version_lists_its_own_users_as_it_shows_each() {
    let server = demo();
    let caller = client(&server);
    for version in VERSIONS {
        let page = caller.get(format!("/API/{version}/Users?Limit=3")).expect(200).json();
        for user in page["data"].as_array().unwrap() {
            let path = format!("/api/{version}/users/{}", user["id"].as_str().unwrap());
            assert_eq!(caller.get(path).expect(200).json()["data"], *user, "{version}");
        }
        let next = page["nextUrl"].as_str().unwrap();
        assert!(next.contains(&format!("/api/{version}/users?limit=3&cursor=")), "{next}");
        assert_eq!(page.get("previousUrl"), None);
    }
}

#[test]
fn pages_follow_one_another_and_lead_back() {
    let server = demo();
    let caller = client(&server);
    let all = ids(&list(&caller, "limit=1000"));
    let created: Vec<Value> = list(&caller, "")["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["creationDateTime"].clone())
        .collect();
    assert!(created.is_sorted_by_key(|time| time.as_str().unwrap().trim_end_matches('Z').to_owned()));
    assert_eq!(walk(&caller, "/api/v1/users?limit=4"), all);
    let second = list(&caller, "limit=4");
    let second = caller.get(target(&second, "nextUrl").unwrap()).expect(200).json();
    assert_eq!(ids(&second), all[4..8]);
    let first = caller.get(target(&second, "previousUrl").unwrap()).expect(200).json();
    assert_eq!(ids(&first), all[..4]);
    assert_eq!(target(&first, "previousUrl"), None, "nothing comes before the first page");
    let again = caller.get(target(&first, "nextUrl").unwrap()).expect(200).json();
    assert_eq!(again["data"], second["data"]);
    assert_eq!(ids(&list(&caller, "offset=3&limit=2")), all[3..5]);
    let beyond = list(&caller, "offset=4000000000");
    assert_eq!((beyond["count"].clone(), beyond.get("nextUrl")), (json!(0), None));
}

#[test]
fn every_property_filters_by_its_own_values_and_orders_by_them() {
    let server = demo();
    let caller = client(&server);
    User::of(&server, 0).fill();
    let users = list(&caller, "limit=1000")["data"].as_array().unwrap().clone();
    for property in PROPERTIES {
        let values: BTreeSet<&str> = users.iter().filter_map(|user| user[property].as_str()).collect();
        assert!(!values.is_empty(), "nobody has a {property}");
        for value in values.iter().take(3) {
            let query = |operator: &str| {
                let pair = form_urlencoded::Serializer::new(String::new())
                    .append_pair(&format!("{property}{operator}"), value)
                    .append_pair("limit", "1000")
                    .finish();
                ids(&list(&caller, &pair)).into_iter().collect::<BTreeSet<_>>()
            };
            let having = |test: &dyn Fn(Option<&str>) -> bool| -> BTreeSet<String> {
                let matching = users.iter().filter(|user| test(user[property].as_str()));
                matching.map(|user| user["id"].as_str().unwrap().to_owned()).collect()
            };
            assert_eq!(query(""), having(&|its| its == Some(value)), "{property}={value}");
            assert_eq!(query("[ne]"), having(&|its| its != Some(value)), "{property}[ne]={value}");
            if ["id", "primaryDepartmentId"].contains(&property) {
                continue;
            }
            // Dates of the same precision are in the order of their texts.
            let text = |its: &str| its.trim_end_matches('Z').to_owned();
            let than = text(value);
            assert_eq!(
                query("[lt]"),
                having(&|its| its.is_some_and(|its| text(its) < than)),
                "{property}[lt]"
            );
            assert_eq!(
                query("[lte]"),
                having(&|its| its.is_some_and(|its| text(its) <= than)),
                "{property}[lte]"
            );
            assert_eq!(
                query("[gt]"),
                having(&|its| its.is_some_and(|its| text(its) > than)),
                "{property}[gt]"
            );
            assert_eq!(
                query("[gte]"),
                having(&|its| its.is_some_and(|its| text(its) >= than)),
                "{property}[gte]"
            );
        }
        if ["id", "primaryDepartmentId"].contains(&property) {
            assert_eq!(refused_for(&caller, &format!("sort={property}")), ["sort"]);
            continue;
        }
        let mut expected: Vec<(Option<String>, String)> = users
            .iter()
            .map(|user| {
                let value = user[property].as_str().map(|text| text.trim_end_matches('Z').to_owned());
                (value, user["id"].as_str().unwrap().to_owned())
            })
            .collect();
        expected.sort();
        let expected: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
        assert_eq!(walk(&caller, &format!("/api/v1/users?sort={property}&limit=7")), expected, "{property}");
        let backwards: Vec<String> = expected.into_iter().rev().collect();
        assert_eq!(
            walk(&caller, &format!("/api/v1/users?sort=-{property}&limit=7")),
            backwards,
            "-{property}"
        );
    }
}

#[test]
fn several_filters_and_keys_go_together() {
    let server = demo();
    let caller = client(&server);
    let users = list(&caller, "limit=1000")["data"].as_array().unwrap().clone();
    let key = |user: &Value| {
        let text = |name: &str| user[name].as_str().map(str::to_owned);
        (text("status"), std::cmp::Reverse(text("title")), std::cmp::Reverse(text("id")))
    };
    let mut expected = users.clone();
    expected.sort_by_key(key);
    let expected: Vec<&str> = expected.iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(walk(&caller, "/api/v1/users?sort=status,-title&limit=6"), expected);
    let name = users[0]["name"].as_str().unwrap();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("name[gte]", name)
        .append_pair("name[lte]", name)
        .append_pair("status", users[0]["status"].as_str().unwrap())
        .finish();
    assert!(ids(&list(&caller, &query)).contains(&users[0]["id"].as_str().unwrap().to_owned()));
    assert!(ids(&list(&caller, "status=Activated&status=Disabled")).is_empty());
}

#[test]
fn what_is_changed_is_listed_by_its_new_values_at_once() {
    let server = demo();
    let user = User::of(&server, 1);
    let caller = client(&server);
    for title in ["Zymurgist", "Aardvark keeper", "\u{1f9ed} Navigator"] {
        user.patch("v1", json!([replace("title", title)]));
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("title", title).finish();
        assert_eq!(ids(&list(&caller, &query)), std::slice::from_ref(&user.id), "{title}");
        let last = list(&caller, "sort=-lastModifiedDateTime&limit=1");
        assert_eq!(ids(&last), std::slice::from_ref(&user.id), "{title}");
    }
    assert!(ids(&list(&caller, "title=Zymurgist")).is_empty());
}

#[test]
fn what_cannot_be_read_is_named() {
    let server = demo();
    let caller = client(&server);
    for (query, named) in [
        ("limit=0", &["limit"][..]),
        ("limit=-1", &["limit"]),
        ("limit=1e9", &["limit"]),
        ("limit=1001", &["limit"]),
        ("offset=-1", &["offset"]),
        ("name[like]=A&shoeSize[eq]=1&sort=shoeSize", &["name[like]", "shoeSize[eq]", "sort"]),
        ("status=active&birthDate=soon&id=1", &["birthDate", "id", "status"]),
        ("id[gt]=7d1f3c52-9a0b-4c1d-8e2f-5a6b7c8d9e0f", &["id[gt]"]),
        ("title=A%00", &["title"]),
        ("cursor=abc", &["cursor"]),
    ] {
        assert_eq!(refused_for(&caller, query), named, "{query}");
    }
    assert_eq!(refused_for(&caller, &"title=a&".repeat(1_000)), ["query"]);
    assert_eq!(list(&caller, "shoeSize=47&limit=1&sort=")["count"], 1, "what nobody knows is ignored");
}

#[test]
fn a_cursor_is_good_for_those_who_got_it_where_they_got_it() {
    let server = demo();
    let caller = client(&server);
    let page = list(&caller, "limit=2&status=Activated");
    let next = target(&page, "nextUrl").unwrap();
    let (path, cursor) = next.split_once("cursor=").unwrap();
    let query = path.split_once('?').unwrap().0;
    let expected = ids(&caller.get(next).expect(200).json());
    // What is sent beside it is ignored; only an offset contradicts it.
    let beside = format!("{query}?cursor={cursor}&status=Pending&sort=-name&limit=99");
    assert_eq!(ids(&caller.get(beside).expect(200).json()), expected);
    assert_eq!(refused_for(&caller, &format!("cursor={cursor}&offset=0")), ["offset"]);
    // Cut, doubled, and changed in any one character.
    let mut bad =
        vec![cursor[1..].to_owned(), cursor[..cursor.len() - 1].to_owned(), format!("{cursor}{cursor}")];
    for index in (0..cursor.len()).step_by(11).chain([cursor.len() - 1]) {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(bytes).unwrap());
    }
    for cursor in bad.iter().filter(|bad| **bad != cursor) {
        assert_eq!(refused_for(&caller, &format!("cursor={cursor}")), ["cursor"], "{cursor}");
    }
    let seed = server.seed();
    let reader = Caller::relesys(&server.client(), &seed.tenant.relesys.read_only, "relesys.api:read");
    let stranger = Caller::relesys(&server.client(), &seed.stranger.relesys.client, "relesys.api");
    for other in [&reader, &stranger] {
        assert_eq!(refused_for(other, &format!("cursor={cursor}")), ["cursor"]);
    }
}

#[test]
fn a_cursor_is_one() {
    let server = demo();
    let caller = client(&server);
    let page = list(&caller, "limit=2");
    let cursor = target(&page, "nextUrl").unwrap().split_once("cursor=").unwrap().1.to_owned();
    let next = ids(&list(&caller, &format!("cursor={cursor}")));
    assert_eq!(ids(&list(&caller, &format!("cursor={cursor}&cursor={cursor}"))), next);
    for two in [format!("cursor=abc&cursor={cursor}"), format!("cursor={cursor}&cursor=abc")] {
        assert_eq!(refused_for(&caller, &two), ["cursor"]);
    }
    // What else is sent twice is ignored as if it were sent once.
    let beside = format!("limit=1&cursor={cursor}&limit=2&sort=name&sort=title");
    assert_eq!(ids(&list(&caller, &beside)), next);
}

#[test]
fn a_list_goes_on_behind_the_longest_values() {
    let server = demo();
    let caller = client(&server);
    let mut made = Vec::new();
    for first in ["\u{1f9ed}", "\u{1f9ec}"] {
        let text = |member: u64| format!("{first}{}", varied(254, member));
        let body = json!({
            "name": text(1), "title": text(2), "userName": text(3), "externalId": text(4), "dataSource": text(5),
            "secondaryEmail": format!("{}@{}", varied(127, 6), varied(127, 7)), "userGroups": [],
            "primaryDepartmentId": server.seed().tenant.relesys.department_ids[0],
        });
        made.push(told(caller.post("/api/v1.4/users", body), 201)["data"]["id"].as_str().unwrap().to_owned());
    }
    let filters = "title[gte]=%F0%9F%A7%8C&".repeat(99);
    let sort = "sort=-title,-name,-userName,-externalId,-dataSource,-secondaryEmail";
    let page = list(&caller, &format!("limit=1&{filters}{sort}"));
    assert_eq!(ids(&page), made[..1]);
    let page = caller.get(target(&page, "nextUrl").unwrap()).expect(200).json();
    assert_eq!(ids(&page), made[1..]);
    assert_eq!(ids(&caller.get(target(&page, "previousUrl").unwrap()).expect(200).json()), made[..1]);
}

#[test]
fn a_walk_sees_everyone_who_stays_exactly_once() {
    let server = demo();
    let caller = client(&server);
    let stay: BTreeSet<String> = ids(&list(&caller, "limit=1000")).into_iter().collect();
    let mover = User::of(&server, 2);
    let mut page = list(&caller, "limit=2&sort=name");
    let mut seen = ids(&page);
    let mut round = 0;
    while let Some(next) = target(&page, "nextUrl") {
        // Somebody moves to the front or the back of the order between any two pages.
        let name = if round % 2 == 0 { "Aaa First" } else { "Zzz Last" };
        mover.patch("v1", json!([replace("name", name)]));
        round += 1;
        page = caller.get(next).expect(200).json();
        seen.extend(ids(&page));
    }
    for id in stay.iter().filter(|id| **id != mover.id) {
        assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id}");
    }
}

#[test]
fn another_tenants_people_are_in_no_list() {
    let server = demo();
    let (caller, seed) = (client(&server), server.seed());
    let ours: BTreeSet<String> = ids(&list(&caller, "limit=1000")).into_iter().collect();
    for person in &seed.stranger.people {
        assert!(!ours.contains(&person.relesys));
        assert!(ids(&list(&caller, &format!("id={}", person.relesys))).is_empty());
    }
    let writer = Caller::relesys(&server.client(), &seed.tenant.relesys.client, "relesys.api.users:write");
    assert_eq!(told(writer.get("/api/v1/users"), 403)["acceptedScopes"][0], "relesys.api");
    assert_eq!(told(caller.get("/api/v9/users"), 404)["errorCode"], "404");
}
