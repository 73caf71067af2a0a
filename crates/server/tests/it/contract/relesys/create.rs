//! `POST /users`: what a new user is, what is refused, and who comes back.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::http::Response;
use testkit::process::Server;

use super::{NOBODY, User, VERSIONS, named, personae, replace, told};
use crate::demo;

const EXTENSION: [&str; 7] =
    ["image", "memberCard", "initials", "gender", "employmentType", "registerNumber", "dutyPlanNumber"];

fn caller(server: &Server) -> Caller {
    Caller::relesys(&server.client(), &server.seed().tenant.relesys.client, "relesys.api")
}

/// What is required, with these members beside it.
fn body(server: &Server, members: Value) -> Value {
    let department = &server.seed().tenant.relesys.department_ids[0];
    let mut body = json!({"name": "Nina Berg", "primaryDepartmentId": department, "userGroups": []});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn post(server: &Server, version: &str, members: Value) -> Response {
    caller(server).post(format!("/api/{version}/users"), body(server, members))
}

/// The user that was created, as the answer shows it.
#[track_caller]
fn create(server: &Server, version: &str, members: Value) -> Value {
    told(post(server, version, members), 201)["data"].take()
}

/// Makes sure that nobody is created, for what is wrong with these members.
#[track_caller]
fn refuses(server: &Server, version: &str, members: Value, names: &[&str]) -> Value {
    let shown = members.to_string();
    let error = told(post(server, version, members), 400);
    assert_eq!(named(&error), names, "{shown} through {version}: {error}");
    error
}

/// What the vendor's page has, and for versions that know more, all of it.
fn every_member(server: &Server, version: &str) -> Value {
    let ids = &server.seed().tenant.relesys;
    let mut members = json!({
        "externalId": format!("NUA {version}"),
        "name": "New User A",
        "userName": format!("UserNameA {version}"),
        "title": "User Title A",
        "dataSource": "HR",
        "email": format!("{version}@testmail.com"),
        "secondaryEmail": "businessmaila@testmail.com",
        "phoneNumber": {"countryCode": 45, "number": "12345678"},
        "secondaryPhoneNumber": {"countryCode": 45, "number": "12345679"},
        "birthDate": "2002-12-30T00:00:00Z",
        "primaryDepartmentId": ids.department_ids[0],
        "additionalDepartments": [{"id": ids.department_ids[1], "dataSource": "HR"}],
        "userGroups": [{"id": ids.user_group_ids[0], "dataSource": "RelesysAPI"}],
        "employmentDate": "2018-12-30T13:30:00Z",
        "employmentEndDate": "2021-12-30T13:30:00Z",
        "customFields": {"customfieldone": "Custom field 1", "birthday": "2002-12-30", "skills": "Marketing"},
    });
    if version != "v1" {
        let more = json!({
            "employmentType": "Full-time employee", "gender": "Female", "initials": "NUA",
            "registerNumber": "R-12345", "dutyPlanNumber": "D-67890",
        });
        members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    if version == "v1.4" {
        members["customFields"]["skills"] = json!(["Marketing", "Design"]);
    }
    members
}

#[test]
fn a_user_is_created_through_every_version_and_shown_as_it_shows_users() {
    let server = demo();
    let mut ids = BTreeSet::new();
    for version in VERSIONS {
        let members = every_member(&server, version);
        let answer = post(&server, version, members.clone());
        let location = answer.header("location").expect("a location").to_owned();
        let data = told(answer, 201)["data"].take();
        let id = data["id"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()));
        assert_eq!(location, format!("{}/api/{version}/users/{id}", server.url));
        assert_eq!(data["url"], location);
        let department = data["primaryDepartmentId"].as_str().unwrap();
        assert_eq!(data["departmentUrl"], format!("{}/api/{version}/departments/{department}", server.url));
        assert_eq!(data["status"], "Activated");
        assert_eq!(data["creationDateTime"], data["lastModifiedDateTime"]);
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(data[name], *value, "{name} through {version}");
        }
        for name in EXTENSION {
            assert_eq!(data.get(name).is_some(), version != "v1", "{name} through {version}");
        }
        assert_eq!(User::with_id(&server, id).get(version), data, "what is answered is what is read");
    }
    // The same under the vendor's own prefix.
    let answer = caller(&server).under("/relesys").post("/api/v1/users", body(&server, json!({})));
    let location = answer.header("location").expect("a location").to_owned();
    assert!(location.starts_with(&format!("{}/relesys/api/v1/users/", server.url)), "{location}");
    assert_eq!(answer.expect(201).json()["data"]["url"], location);
}

#[test]
fn a_user_is_created_for_every_api_at_once() {
    let server = demo();
    let callers = server.callers();
    let user = create(&server, "v1", json!({"name": "Nina van Berg", "email": "nina@testmail.com"}));
    let id = user["id"].as_str().unwrap();
    let replay = callers.replay.get(format!("/api/user/{id}")).expect(200).json();
    assert_eq!((&replay["firstName"], &replay["lastName"]), (&json!("Nina van"), &json!("Berg")));
    let known = personae(&server, &["person", "show", id]);
    let kare = format!("/users/v1/rs/{}", known["number"]);
    assert_eq!(callers.kare.get(kare).expect(200).json()["data"]["email"], "nina@testmail.com");
    let customer = &server.seed().tenant.laurel.customer_id;
    let laurel = format!("/api/v1/customers/{customer}/users/{}", known["objectId"].as_str().unwrap());
    assert_eq!(callers.laurel.get(laurel).expect(200).json()["email"], "nina@testmail.com");
    let events = personae(&server, &["event", "list", "--person", id]);
    assert_eq!((events.as_array().unwrap().len(), &events[0]["action"]), (1, &json!("created")));
    assert_eq!(events[0]["via"], "relesys");
}

#[test]
fn what_is_not_a_users_to_send_is_ignored_and_null_is_absent() {
    let server = demo();
    let members = json!({
        "id": NOBODY, "status": "Disabled", "url": "x", "departmentUrl": 7, "creationDateTime": "2001-01-01",
        "lastModifiedDateTime": [], "unknown": {"deep": [null]}, "image": {"id": NOBODY},
        "title": null, "phoneNumber": null, "externalId": null, "customFields": null, "password": null,
    });
    let user = create(&server, "v1.4", members);
    assert_ne!(user["id"], NOBODY);
    assert_eq!(user["status"], "Activated");
    assert!(!user["creationDateTime"].as_str().unwrap().starts_with("2001"));
    for name in ["title", "phoneNumber", "externalId", "image", "email", "birthDate", "dataSource"] {
        assert_eq!(user[name], Value::Null, "{name}");
    }
    assert_eq!((&user["customFields"], &user["userGroups"]), (&json!({}), &json!([])));
    // What a version does not know, it ignores.
    let user = create(&server, "v1", json!({"gender": "Female", "initials": 7, "imageId": "x"}));
    let user = User::with_id(&server, user["id"].as_str().unwrap()).get("v1.4");
    assert_eq!(
        (&user["gender"], &user["initials"], &user["image"]),
        (&json!(null), &json!(null), &json!(null))
    );
}

#[test]
fn members_are_read_in_any_letter_case() {
    let server = demo();
    let ids = &server.seed().tenant.relesys;
    let sent = json!({
        "NAME": "Nina Berg", "primarydepartmentid": ids.department_ids[0].to_uppercase(),
        "UserGroups": [{"ID": ids.user_group_ids[0], "datasource": "HR"}],
        "PHONENUMBER": {"COUNTRYCODE": "45", "Number": "1"}, "CUSTOMFIELDS": {"customfieldone": "x"},
    });
    let user = told(caller(&server).post("/api/v1/users", sent), 201)["data"].take();
    assert_eq!(
        (&user["name"], &user["phoneNumber"]),
        (&json!("Nina Berg"), &json!({"countryCode": 45, "number": "1"}))
    );
    assert_eq!(user["userGroups"], json!([{"id": ids.user_group_ids[0], "dataSource": "HR"}]));
    assert_eq!(user["customFields"], json!({"customfieldone": "x"}));
    caller(&server).post("/API/V1.4/Users/", body(&server, json!({}))).expect(201);
    refuses(
        &server,
        "v1",
        json!({"customFields": {"CustomFieldOne": "x"}}),
        &["customFields/CustomFieldOne"],
    );
}

#[test]
fn entries_are_kept_once_and_have_a_data_source() {
    let server = demo();
    let ids = &server.seed().tenant.relesys;
    let (primary, other) = (&ids.department_ids[0], &ids.department_ids[1]);
    let group = &ids.user_group_ids[0];
    let user = create(
        &server,
        "v1",
        json!({
            "additionalDepartments": [{"id": primary}, {"id": other, "dataSource": null}],
            "userGroups": [{"id": group}, {"id": ids.user_group_ids[1]}, {"id": group, "dataSource": "HR"}],
        }),
    );
    assert_eq!(user["additionalDepartments"], json!([{"id": other, "dataSource": "RelesysAPI"}]));
    let groups = json!([
        {"id": group, "dataSource": "HR"}, {"id": ids.user_group_ids[1], "dataSource": "RelesysAPI"},
    ]);
    assert_eq!(user["userGroups"], groups);
}

#[test]
fn several_mistakes_are_told_at_once_and_nobody_is_created() {
    let server = demo();
    crate::refused(&server, || {
        for version in VERSIONS {
            let empty = told(caller(&server).post(format!("/api/{version}/users"), json!({})), 400);
            assert_eq!(named(&empty), ["name", "primaryDepartmentId", "userGroups"]);
            assert_eq!(empty["errors"]["name"], json!(["Is required."]));
            refuses(
                &server,
                version,
                json!({
                    "name": "\u{200b}", "userGroups": [{"dataSource": "HR"}], "phoneNumber": {"countryCode": 45},
                    "birthDate": "soon", "email": "nobody", "externalId": "", "password": "short",
                    "customFields": {"nothing": "x", "customfieldone": 7}, "title": "x".repeat(256),
                }),
                &[
                    "birthDate",
                    "customFields/customfieldone",
                    "customFields/nothing",
                    "email",
                    "externalId",
                    "name",
                    "password",
                    "phoneNumber/number",
                    "title",
                    "userGroups/0/id",
                ],
            );
        }
        let typed = json!({"customFields": {"skills": ["x"], "birthday": "2002-12-30T00:00:00Z"}});
        refuses(&server, "v1.3", typed.clone(), &["customFields/birthday", "customFields/skills"]);
        refuses(&server, "v1.4", typed, &["customFields/birthday"]);
        let extended = json!({"gender": "x", "imageId": "x", "initials": 1, "cardNumber": "1"});
        refuses(&server, "v1.1", extended, &["gender", "imageId", "initials"]);
        refuses(&server, "v1.1", json!({"cardNumber": "1"}), &["cardNumber"]);
    });
}

#[test]
fn what_is_referred_to_exists() {
    let server = demo();
    let stranger = &server.seed().stranger.relesys;
    let (department, group) = (&stranger.department_ids[0], &stranger.user_group_ids[0]);
    crate::refused(&server, || {
        for id in [NOBODY, department] {
            refuses(&server, "v1", json!({"primaryDepartmentId": id}), &["primaryDepartmentId"]);
            refuses(
                &server,
                "v1",
                json!({"additionalDepartments": [{"id": id}]}),
                &["additionalDepartments"],
            );
        }
        for id in [NOBODY, group, &server.seed().tenant.relesys.department_ids[0]] {
            let error = refuses(&server, "v1", json!({"userGroups": [{"id": id}]}), &["userGroups"]);
            assert_eq!(error["errors"]["userGroups"], json!([format!("There is no {id}.")]));
        }
    });
}

#[test]
fn external_id_user_name_and_email_are_one_users_alone() {
    let server = demo();
    let taken = [("externalId", "NUA"), ("userName", "Straße"), ("email", "Nina@testmail.com")];
    create(&server, "v1", taken.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect());
    crate::refused(&server, || {
        for (name, value) in taken.into_iter().chain([("userName", "straße"), ("email", "NINA@TESTMAIL.COM")])
        {
            let error = refuses(&server, "v1.2", json!({ name: value }), &[name]);
            assert_eq!(error["errors"][name], json!(["Is already taken."]));
        }
    });
    // Their letters count, and another tenant may have all of them.
    create(&server, "v1", json!({"externalId": "nua"}));
    let theirs = &server.seed().stranger.relesys;
    let mut members = body(&server, json!({"externalId": "NUA", "email": "nina@testmail.com"}));
    members["primaryDepartmentId"] = json!(theirs.department_ids[0]);
    told(server.strangers().relesys.post("/api/v1/users", members), 201);
}

#[test]
fn of_fifty_creations_with_one_external_id_one_is_made() {
    let server = demo();
    let (caller, body) = (&caller(&server), &body(&server, json!({"externalId": "NUA"})));
    let answers: Vec<Response> = thread::scope(|scope| {
        let tries: Vec<_> =
            (0..50).map(|_| scope.spawn(move || caller.post("/api/v1/users", body))).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 49));
    for answer in refused {
        assert_eq!(told(answer, 400)["errors"], json!({"externalId": ["Is already taken."]}));
    }
    let found = personae(&server, &["person", "show", "relesys:NUA", "-o", super::super::ROOT]);
    assert_eq!(found["id"], made[0].json()["data"]["id"]);
}

#[test]
fn a_leaver_with_the_same_external_id_is_the_same_user() {
    let server = demo();
    let (callers, ids) = (server.callers(), &server.seed().tenant.relesys);
    let leaver = create(&server, "v1.4", every_member(&server, "v1.4"));
    let id = leaver["id"].as_str().unwrap();
    let known = personae(&server, &["person", "show", id]);
    let customer = &server.seed().tenant.laurel.customer_id;
    let laurel = format!("/api/v1/customers/{customer}/users/{}", known["objectId"].as_str().unwrap());
    callers.laurel.patch(&laurel, json!({"nickname": "Nini", "pod": "North"})).expect(200);
    let path = format!("/api/v1/users/{id}");
    told(callers.relesys.put(format!("{path}/status"), json!({"status": "Disabled"})), 204);
    told(callers.relesys.delete(&path), 204);

    let back = create(
        &server,
        "v1",
        json!({
            "externalId": leaver["externalId"], "title": "Back", "email": "", "additionalDepartments": [],
            "primaryDepartmentId": ids.department_ids[2], "customFields": {"customfieldtwo": "New"},
        }),
    );
    assert_eq!(back["id"], leaver["id"]);
    let now = User::with_id(&server, id).get("v1.4");
    let mut expected = leaver.clone();
    for (name, value) in [
        ("name", json!("Nina Berg")),
        ("title", json!("Back")),
        ("email", json!(null)),
        ("additionalDepartments", json!([])),
        ("userGroups", json!([])),
        ("primaryDepartmentId", json!(ids.department_ids[2])),
        ("departmentUrl", now["departmentUrl"].clone()),
        ("lastModifiedDateTime", now["lastModifiedDateTime"].clone()),
    ] {
        expected[name] = value;
    }
    expected["customFields"]["customfieldtwo"] = json!("New");
    assert_eq!(now, expected);
    assert_ne!(now["lastModifiedDateTime"], leaver["lastModifiedDateTime"]);
    let seen = callers.laurel.get(&laurel).expect(200).json();
    assert_eq!((&seen["nickname"], &seen["pod"]), (&json!("Nini"), &json!("North")));
    let again = personae(&server, &["person", "show", id]);
    assert_eq!((&again["number"], &again["objectId"]), (&known["number"], &known["objectId"]));
    assert_eq!(personae(&server, &["event", "list", "--person", id])[0]["action"], "restored");
}

#[test]
fn a_leaver_whose_email_was_taken_needs_another() {
    let server = demo();
    let leaver = create(&server, "v1", json!({"externalId": "NUA", "email": "nina@testmail.com"}));
    told(caller(&server).delete(format!("/api/v1/users/{}", leaver["id"].as_str().unwrap())), 204);
    create(&server, "v1", json!({"email": "nina@testmail.com"}));
    crate::refused(&server, || refuses(&server, "v1", json!({"externalId": "NUA"}), &["email"]));
    let back = create(&server, "v1", json!({"externalId": "NUA", "email": "other@testmail.com"}));
    assert_eq!(back["id"], leaver["id"]);
}

#[test]
fn a_password_opens_kare_and_is_seen_nowhere() {
    const PASSWORD: &str = "correct horse battery";
    let server = demo();
    let members = json!({"email": "nina@testmail.com", "password": PASSWORD, "externalId": "NUA"});
    let answer = post(&server, "v1", members.clone());
    assert!(!answer.text().contains(PASSWORD) && !answer.text().contains("password"), "{answer}");
    let id = told(answer, 201)["data"]["id"].as_str().unwrap().to_owned();
    let log_in = |password: &str| {
        let body = json!({"email": "nina@testmail.com", "password": password});
        Caller::nobody(&server.client(), Dialect::Kare).post("/auth/v1/rs/login/credentials", body)
    };
    log_in("correct horse").expect(401);
    let tokens = log_in(PASSWORD).expect(201).json();
    let kare = Caller::nobody(&server.client(), Dialect::Kare)
        .with("authorization", format!("Bearer {}", tokens["data"]["accessToken"].as_str().unwrap()))
        .with("x-session-token", tokens["data"]["sessionToken"].as_str().unwrap());
    assert_eq!(kare.get("/users/v1/rs/me").expect(200).json()["data"]["key"], *id);
    let events = personae(&server, &["event", "list", "--person", &id]).to_string();
    assert!(events.contains("password") && !events.contains(PASSWORD) && !events.contains("argon2"));
    assert!(!server.stderr().contains(PASSWORD));
    // It is written at creation alone, and ends with the user.
    let user = User::with_id(&server, &id);
    user.refuses("v1.4", json!([replace("password", "another password")]), "/password");
    told(user.caller.delete(user.path("v1")), 204);
    create(&server, "v1", json!({"externalId": "NUA", "email": "nina@testmail.com"}));
    log_in(PASSWORD).expect(401);
    told(user.caller.delete(user.path("v1")), 204);
    create(&server, "v1", members);
    log_in(PASSWORD).expect(201);
}

#[test]
fn of_many_passwords_some_are_told_to_come_back_and_then_nobody_is_made() {
    let server = demo();
    let caller = &caller(&server);
    let statuses: Vec<(usize, u16)> = thread::scope(|scope| {
        let tries: Vec<_> = (0..60)
            .map(|n| {
                let members = json!({"externalId": format!("P-{n}"), "password": "correct horse"});
                let body = body(&server, members);
                scope.spawn(move || {
                    let answer = caller.post("/api/v1/users", body);
                    let status = answer.status;
                    if status == 503 {
                        assert!(answer.header("retry-after").is_some());
                    }
                    told(answer, status);
                    (n, status)
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|(_, status)| [201, 503].contains(status)), "{statuses:?}");
    assert!(statuses.iter().filter(|(_, status)| *status == 201).count() >= 34, "{statuses:?}");
    for (n, status) in statuses {
        // Who was refused is free to be created still.
        let again = post(&server, "v1", json!({"externalId": format!("P-{n}")}));
        told(again, if status == 201 { 400 } else { 201 });
    }
}
