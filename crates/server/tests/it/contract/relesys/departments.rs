//! Departments: created, read, listed, patched and deleted; trees without cycles; what refers to them.

use std::thread;

use serde_json::{Value, json};
use testkit::callers::Caller;
use testkit::process::Server;

use super::{NOBODY, User, VERSIONS, add, moved, named, remove, replace, told};
use crate::{demo, refused};

/// What a department is that was made of a name and a type alone, as v1 shows it.
fn bare(name: &str) -> Value {
    json!({
        "name": name, "parentId": null, "externalId": null, "addressLine": null, "addressLine2": null,
        "zipCode": null, "city": null, "defaultPhoneCountryCode": null,
        "phoneNumber": {"countryCode": null, "number": null}, "managerUserId": null,
        "showInContacts": true, "showInHighscores": true, "showInActivityStatistics": true,
        "contentCulture": null, "uiCulture": null, "type": "Store", "timeZone": null, "email": null,
        "userLanguageEnabled": true, "selectedCultures": [], "showDepartmentManagerPublic": false,
        "showEmployeeList": true, "showDepartmentInTaggingOverview": true, "showUsersInTaggingOverview": true,
        "locales": [],
    })
}

fn extended(department: Value) -> Value {
    with(department, json!({"showDepartmentUsersInPublicContacts": true, "showContactList": false}))
}

fn with(department: Value, members: Value) -> Value {
    let mut department = department.as_object().unwrap().clone();
    department.extend(members.as_object().unwrap().clone());
    department.into()
}

/// Without the members that the server gives.
fn without_own(department: &Value) -> Value {
    let mut department = department.as_object().unwrap().clone();
    department
        .retain(|name, _| !["id", "url", "creationDateTime", "lastModifiedDateTime"].contains(&&**name));
    department.into()
}

#[track_caller]
fn create(caller: &Caller, body: Value) -> Value {
    told(caller.post("/api/v1.4/departments", body), 201)["data"].take()
}

fn store(caller: &Caller, name: &str, parent: Option<&str>) -> String {
    create(caller, json!({"name": name, "type": "Store", "parentId": parent}))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn path(id: &str) -> String {
    format!("/api/v1.4/departments/{id}")
}

#[track_caller]
fn get(caller: &Caller, id: &str) -> Value {
    told(caller.get(path(id)), 200)["data"].take()
}

#[track_caller]
fn refuses(caller: &Caller, id: &str, operations: Value, at: &str) {
    let error = told(caller.patch(path(id), &operations), 400);
    assert_eq!(named(&error), [at], "{operations}: {error}");
}

fn caller(server: &Server) -> Caller {
    User::of(server, 0).caller
}

#[test]
fn a_department_lives_from_post_to_delete_in_every_version() {
    let server = demo();
    let caller = caller(&server);
    for version in VERSIONS {
        let list = format!("/api/{version}/departments");
        let name = format!("Store {version}");
        let answer = caller.post(&list, json!({"NAME": name, "type": "Store", "id": NOBODY, "city": null}));
        let location = answer.header("location").unwrap().to_owned();
        let created = told(answer, 201)["data"].take();
        let expected = if version == "v1" { bare(&name) } else { extended(bare(&name)) };
        assert_eq!(without_own(&created), expected, "{version}");
        assert_eq!(created["url"], location.as_str());
        assert_eq!(created["creationDateTime"], created["lastModifiedDateTime"]);
        let id = created["id"].as_str().unwrap();
        assert!(location.ends_with(&format!("{list}/{id}")), "{location}");
        let path = format!("{list}/{id}");
        assert_eq!(told(caller.get(&path), 200)["data"], created);
        assert_eq!(told(caller.get(format!("{list}/{}", id.to_uppercase())), 200)["data"], created);
        assert_eq!(told(caller.get(format!("{list}?id={id}")), 200)["data"], json!([created]));

        let patched = told(
            caller.patch(
                &path,
                json!([
                    replace("city", "Aarhus"),
                    add("/Locales/-", json!({"culture": "da-DK", "description": "Butik"}))
                ]),
            ),
            200,
        );
        let expected = with(
            expected,
            json!({"city": "Aarhus", "locales": [{"culture": "da-DK", "description": "Butik"}]}),
        );
        assert_eq!(without_own(&patched["data"]), expected);
        assert_ne!(patched["data"]["lastModifiedDateTime"], created["lastModifiedDateTime"]);
        let again = told(caller.patch(&path, json!([replace("city", "Aarhus")])), 200);
        assert_eq!(again, patched, "what is as it was moves no time");

        let answer = caller.delete(&path);
        assert!(answer.body.is_empty());
        told(answer, 204);
        for answer in [caller.get(&path), caller.patch(&path, json!([])), caller.delete(&path)] {
            assert_eq!(told(answer, 404)["message"], "There is no such department.");
        }
        assert_eq!(told(caller.get(format!("{list}?id={id}")), 200)["data"], json!([]));
    }
}

#[test]
fn every_member_is_written_and_shown() {
    let server = demo();
    let user = User::of(&server, 0);
    let caller = &user.caller;
    let parent = store(caller, "Above", None);
    let members = json!({
        "name": "All of it", "type": "Region", "parentId": parent.to_uppercase(), "externalId": "D-1",
        "addressLine": "Gade 1", "addressLine2": "", "zipCode": "8000", "city": "Aarhus",
        "defaultPhoneCountryCode": "45", "phoneNumber": {"countryCode": 45, "number": "12 34 56 78"},
        "managerUserId": user.id, "showInContacts": false, "showInHighscores": false,
        "showInActivityStatistics": false, "contentCulture": "da-dk", "uiCulture": "en-GB",
        "timeZone": "Europe/Copenhagen", "email": "store@aurora.example", "userLanguageEnabled": false,
        "selectedCultures": ["da-DK", "en-GB"], "showDepartmentManagerPublic": true,
        "showEmployeeList": false, "showDepartmentUsersInPublicContacts": false,
        "showDepartmentInTaggingOverview": false, "showUsersInTaggingOverview": false,
        "showContactList": true, "locales": [{"culture": "da-DK", "description": "Butik"}],
    });
    let shown = with(members.clone(), json!({"parentId": parent, "defaultPhoneCountryCode": 45}));
    let created = create(caller, members.clone());
    assert_eq!(without_own(&created), shown);
    // The same by a patch of a bare one, member by member; and all of it away again.
    let id = store(caller, "Bare", None);
    let set: Value = members
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "externalId")
        .map(|(name, value)| replace(name, value.clone()))
        .collect();
    let patched = told(caller.patch(path(&id), set), 200)["data"].take();
    assert_eq!(without_own(&patched), with(shown, json!({"externalId": null})));
    let removable: Value = [
        "parentId",
        "addressLine",
        "addressLine2",
        "zipCode",
        "city",
        "defaultPhoneCountryCode",
        "phoneNumber",
        "managerUserId",
        "contentCulture",
        "uiCulture",
        "timeZone",
        "email",
        "selectedCultures",
        "locales",
    ]
    .into_iter()
    .map(|name| remove(&format!("/{name}")))
    .collect();
    let patched = told(caller.patch(path(&id), removable), 200)["data"].take();
    let left = with(
        extended(bare("All of it")),
        json!({
            "type": "Region", "showInContacts": false, "showInHighscores": false, "showInActivityStatistics": false,
            "userLanguageEnabled": false, "showDepartmentManagerPublic": true, "showEmployeeList": false,
            "showDepartmentUsersInPublicContacts": false, "showDepartmentInTaggingOverview": false,
            "showUsersInTaggingOverview": false, "showContactList": true,
        }),
    );
    assert_eq!(without_own(&patched), left);
    // v1 neither shows nor takes what later versions added.
    let sent = json!({"name": "Old", "type": "Store", "showContactList": true});
    let old = told(caller.post("/api/v1/departments", sent), 201)["data"].take();
    assert_eq!(get(caller, old["id"].as_str().unwrap())["showContactList"], false);
    let old = format!("/api/v1/departments/{}", old["id"].as_str().unwrap());
    assert_eq!(
        named(&told(caller.patch(old, json!([replace("showContactList", true)])), 400)),
        ["/showContactList"]
    );
}

#[test]
fn what_cannot_become_a_department_is_refused_by_name() {
    let server = demo();
    let caller = caller(&server);
    create(&caller, json!({"name": "Taken", "type": "Store", "externalId": "D-1"}));
    let long = "a".repeat(256);
    refused(&server, || {
        for (member, value) in [
            ("name", json!(null)),
            ("name", json!(" ")),
            ("name", json!(7)),
            ("name", json!(long)),
            ("name", json!("\u{200b}")),
            ("type", json!(null)),
            ("type", json!("store")),
            ("type", json!("Shop")),
            ("type", json!(8)),
            ("externalId", json!("")),
            ("externalId", json!(long)),
            ("externalId", json!("D-1")),
            ("city", json!(long)),
            ("city", json!("a\u{0}")),
            ("city", json!(["Aarhus"])),
            ("defaultPhoneCountryCode", json!(0)),
            ("defaultPhoneCountryCode", json!(1000)),
            ("defaultPhoneCountryCode", json!("x")),
            ("phoneNumber", json!("12345678")),
            ("parentId", json!("x")),
            ("parentId", json!(7)),
            ("parentId", json!(NOBODY)),
            ("managerUserId", json!("x")),
            ("managerUserId", json!(NOBODY)),
            ("showInContacts", json!("true")),
            ("showInContacts", json!(1)),
            ("contentCulture", json!("da_DK")),
            ("uiCulture", json!("x".repeat(36))),
            ("email", json!("x")),
            ("selectedCultures", json!("da-DK")),
            ("selectedCultures", json!(["da DK"])),
            ("locales", json!({})),
            ("locales", json!([{"culture": "a b", "description": "x"}])),
            (
                "locales",
                json!([{"culture": "da", "description": "x"}, {"culture": "DA", "description": "x"}]),
            ),
        ] {
            let body = with(json!({"name": "New", "type": "Store"}), json!({member: value}));
            assert_eq!(
                named(&told(caller.post("/api/v1.4/departments", &body), 400)),
                [member],
                "{body:.90}"
            );
        }
        for (member, value, at) in [
            ("phoneNumber", json!({"number": "12345678"}), "phoneNumber/countryCode"),
            ("phoneNumber", json!({"countryCode": 45}), "phoneNumber/number"),
            ("selectedCultures", json!(["da-DK", 7]), "selectedCultures/1"),
            ("locales", json!([7]), "locales/0"),
            ("locales", json!([{"culture": "da"}]), "locales/0/description"),
        ] {
            let body = with(json!({"name": "New", "type": "Store"}), json!({member: value}));
            assert_eq!(named(&told(caller.post("/api/v1.4/departments", &body), 400)), [at], "{body}");
        }
        let all = told(caller.post("/api/v1/departments", json!({"city": 7})), 400);
        assert_eq!(named(&all), ["city", "name", "type"], "all mistakes are told at once");
        let culture = json!({"name": "New", "type": "Store", "contentCulture": "da_DK"});
        let error = told(caller.post("/api/v1/departments", culture), 400);
        assert_eq!(error["errors"], json!({"contentCulture": ["Must be a culture, such as da-DK."]}));
        for body in [json!([]), json!(7), json!(null)] {
            told(caller.post("/api/v1/departments", body), 400);
        }
        told(caller.raw("POST", "/api/v1/departments").body("name=New").send(), 415);
    });
}

#[test]
fn a_patch_is_all_or_nothing_and_names_its_path() {
    let server = demo();
    let caller = caller(&server);
    let id = store(&caller, "Store 12", None);
    create(&caller, json!({"name": "Taken", "type": "Store", "externalId": "D-1"}));
    refused(&server, || {
        for (operation, at) in [
            (remove("/name"), "/name"),
            (replace("name", " "), "/name"),
            (remove("/type"), "/type"),
            (remove("/showInContacts"), "/showInContacts"),
            (replace("id", NOBODY), "/id"),
            (replace("url", "x"), "/url"),
            (replace("creationDateTime", "2026-01-01"), "/creationDateTime"),
            (replace("colour", "x"), "/colour"),
            (replace("externalId", "D-1"), "/externalId"),
            (replace("parentId", NOBODY), "/parentId"),
            (replace("parentId", id.as_str()), "/parentId"),
            (replace("managerUserId", NOBODY), "/managerUserId"),
            (replace("uiCulture", "a b"), "/uiCulture"),
            (add("/phoneNumber/number", "12345678"), "/phoneNumber/countryCode"),
            (add("/locales/1", json!({})), "/locales/1"),
            (moved("/name", "/city"), "/name"),
        ] {
            refuses(&caller, &id, json!([replace("city", "Aarhus"), operation]), at);
        }
        for body in [json!({}), json!([7]), json!("x")] {
            told(caller.patch(path(&id), body), 400);
        }
        assert_eq!(named(&told(caller.patch("/api/v1/departments/x", json!([])), 400)), ["departmentId"]);
        told(caller.patch(path(NOBODY), json!([replace("city", "Aarhus")])), 404);
    });
    let moved =
        told(caller.patch(path(&id), json!([replace("city", "Aarhus"), moved("/city", "/zipCode")])), 200);
    assert_eq!((&moved["data"]["zipCode"], &moved["data"]["city"]), (&json!("Aarhus"), &Value::Null));
}

#[test]
fn departments_form_trees() {
    let server = demo();
    let caller = caller(&server);
    let top = store(&caller, "Level 1", None);
    let mut chain = vec![top.clone()];
    for level in 2..=32 {
        chain.push(store(&caller, &format!("Level {level}"), chain.last().map(String::as_str)));
    }
    refused(&server, || {
        let deeper = json!({"name": "Level 33", "type": "Store", "parentId": chain[31]});
        let error = told(caller.post("/api/v1/departments", deeper), 400);
        let expected = json!({"parentId": ["Must not put a department more than 32 levels deep."]});
        assert_eq!(error["errors"], expected);
        for below in [0, 1, 5, 31] {
            refuses(&caller, &top, json!([replace("parentId", chain[below].as_str())]), "/parentId");
        }
        // What has departments below it stays.
        let error = told(caller.delete(path(&chain[30])), 400);
        assert!(error["message"].as_str().unwrap().contains("child departments"), "{error}");
    });
    told(caller.delete(path(&chain[31])), 204);
    told(caller.patch(path(&chain[20]), json!([remove("/parentId")])), 200);
    told(caller.patch(path(&top), json!([replace("parentId", chain[30].as_str())])), 200);
    let children = told(caller.get(format!("/api/v1/departments?parentId={}", chain[30])), 200);
    assert_eq!((&children["count"], &children["data"][0]["id"]), (&json!(1), &json!(top)));
}

#[test]
fn two_clients_at_once_make_no_cycle() {
    let server = demo();
    let caller = caller(&server);
    for round in 0..20 {
        let pair = [0, 1].map(|side| store(&caller, &format!("{round} {side}"), None));
        let answers = thread::scope(|scope| {
            let under = |own: usize, other: usize| {
                let (caller, pair) = (&caller, &pair);
                scope.spawn(move || {
                    caller.patch(path(&pair[own]), json!([replace("parentId", pair[other].as_str())])).status
                })
            };
            [under(0, 1), under(1, 0)].map(|answer| answer.join().unwrap())
        });
        let mut sorted = answers;
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 400]);
        let roots = pair.iter().filter(|id| get(&caller, id)["parentId"].is_null()).count();
        assert_eq!(roots, 1);
    }
}

#[test]
fn an_external_id_is_one_departments_also_among_fifty_at_once() {
    let server = demo();
    let caller = caller(&server);
    let body =
        |index: usize| json!({"name": format!("Store {index}"), "type": "Store", "externalId": "D-50"});
    let statuses = thread::scope(|scope| {
        let sent: Vec<_> = (0..50)
            .map(|index| {
                let caller = &caller;
                scope.spawn(move || caller.post("/api/v1/departments", body(index)).status)
            })
            .collect();
        sent.into_iter().map(|answer| answer.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 49, "{statuses:?}");
    let found = told(caller.get("/api/v1/departments?externalId=D-50"), 200);
    assert_eq!(found["count"], 1);
    assert_eq!(
        told(caller.get("/api/v1/departments?externalId=d-50"), 200)["count"],
        0,
        "letter case counts"
    );
    // It is free again once its department is gone; another kind of thing may have it meanwhile.
    told(caller.post("/api/v1/userGroups", json!({"name": "Fifty", "externalId": "D-50"})), 201);
    told(caller.delete(path(found["data"][0]["id"].as_str().unwrap())), 204);
    told(caller.post("/api/v1/departments", body(50)), 201);
}

#[test]
fn users_follow_their_departments_at_once() {
    let server = demo();
    let user = User::of(&server, 0);
    let caller = &user.caller;
    let (primary, other) = (store(caller, "Primary", None), store(caller, "Other", None));
    let placed = user.patch(
        "v1",
        json!([
            replace("primaryDepartmentId", primary.as_str()),
            replace("additionalDepartments", json!([{"id": other}])),
        ]),
    );
    assert_eq!(
        placed["departmentUrl"],
        told(caller.get(format!("/api/v1/departments/{primary}")), 200)["data"]["url"]
    );
    for id in [&primary, &other] {
        told(caller.patch(path(id), json!([replace("managerUserId", user.id.as_str())])), 200);
    }
    refused(&server, || {
        let error = told(caller.delete(path(&primary)), 400);
        assert!(error["message"].as_str().unwrap().contains("while a user has it"), "{error}");
    });
    told(caller.delete(path(&other)), 204);
    assert_eq!(user.get("v1")["additionalDepartments"], json!([]));
    let managed =
        |id: &str| told(caller.get(format!("/api/v1/departments?managerUserId={id}")), 200)["count"].clone();
    assert_eq!(managed(&user.id), 1);
    told(caller.delete(user.path("v1")), 204);
    assert_eq!((managed(&user.id), get(caller, &primary)["managerUserId"].clone()), (json!(0), Value::Null));
    // Those who are away hold up no deletion.
    told(caller.delete(path(&primary)), 204);
}

#[test]
fn departments_are_filtered_sorted_and_paged() {
    let server = demo();
    let caller = caller(&server);
    let top = store(&caller, "List", None);
    for (name, city) in [("B", Some("Ørsted")), ("a", None), ("C", Some("Aarhus")), ("D", Some("aarhus"))] {
        create(
            &caller,
            json!({"name": name, "type": "Store", "parentId": top, "city": city, "zipCode": name, "email": format!("{name}@aurora.example"), "externalId": format!("X-{name}")}),
        );
    }
    let names = |query: &str| -> String {
        let page = told(caller.get(format!("/api/v1.4/departments?parentId={top}&{query}")), 200);
        page["data"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
    };
    for (query, expected) in [
        ("", "BaCD"),
        ("sort=name", "BCDa"),
        ("sort=-name", "aDCB"),
        ("sort=city", "aCDB"),
        ("sort=-city,name", "BDCa"),
        ("CITY=Aarhus", "C"),
        ("city%5Bne%5D=Aarhus&sort=name", "BDa"),
        ("city[gt]=a&sort=city", "DB"),
        ("type=Region", ""),
        ("type[ne]=Region&sort=zipCode", "BCDa"),
        ("email=C@aurora.example", "C"),
        ("externalId[lte]=X-C&sort=externalId", "BC"),
        ("zipCode=a", "a"),
        ("name[gte]=C&name[lt]=a", "CD"),
        ("creationDateTime[lte]=2020-12-01", ""),
        ("sort=creationDateTime&offset=1&limit=2", "aC"),
    ] {
        assert_eq!(names(query), expected, "{query}");
    }
    let mut walked = String::new();
    let mut next = Some(format!("/api/v1.4/departments?parentId={top}&sort=-name&limit=1"));
    while let Some(path) = next {
        let page = told(caller.get(&path), 200);
        walked += page["data"][0]["name"].as_str().unwrap();
        next = page["nextUrl"].as_str().map(|url| url[url.find("/api/").unwrap()..].to_owned());
    }
    assert_eq!(walked, "aDCB");
    for (query, at) in [
        ("type=store", "type"),
        ("sort=id", "sort"),
        ("sort=parentId", "sort"),
        ("parentId=x", "parentId"),
        ("id[gt]=7d1f3c52-9a0b-4c1d-8e2f-5a6b7c8d9e0f", "id[gt]"),
        ("city[like]=A", "city[like]"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("offset=-1", "offset"),
        ("cursor=x", "cursor"),
        ("creationDateTime=x", "creationDateTime"),
    ] {
        assert_eq!(named(&told(caller.get(format!("/api/v1.4/departments?{query}")), 400)), [at], "{query}");
    }
    // A cursor is good for its own endpoint alone.
    let page = told(caller.get("/api/v1.4/departments?limit=1"), 200);
    let cursor = page["nextUrl"].as_str().unwrap().split_once("cursor=").unwrap().1.to_owned();
    told(caller.get(format!("/api/v1.4/departments?cursor={cursor}")), 200);
    assert_eq!(named(&told(caller.get(format!("/api/v1.4/userGroups?cursor={cursor}")), 400)), ["cursor"]);
}
