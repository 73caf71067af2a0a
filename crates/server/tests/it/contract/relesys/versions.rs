//! The five versions: where they are, which members each knows, and that all of them show the same data.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{User, VERSIONS, add, personae, remove, replace, test, told};
use crate::demo;

const BASE: [&str; 22] = [
    "id",
    "url",
    "departmentUrl",
    "status",
    "creationDateTime",
    "lastModifiedDateTime",
    "externalId",
    "name",
    "userName",
    "title",
    "dataSource",
    "email",
    "secondaryEmail",
    "phoneNumber",
    "secondaryPhoneNumber",
    "birthDate",
    "primaryDepartmentId",
    "additionalDepartments",
    "userGroups",
    "employmentDate",
    "employmentEndDate",
    "customFields",
];
const EXTENSION: [&str; 7] =
    ["image", "memberCard", "initials", "gender", "employmentType", "registerNumber", "dutyPlanNumber"];

fn members(version: &str) -> BTreeSet<&str> {
    let extension: &[&str] = if version == "v1" { &[] } else { &EXTENSION };
    BASE.iter().chain(extension).copied().collect()
}

/// What a version shows of a user who was filled.
fn expected(user: &User<'_>, version: &str, shown: &Value) -> Value {
    let ids = &user.server.seed().tenant.relesys;
    let (department, other) = (&ids.department_ids[0], &ids.department_ids[1]);
    let base = format!("{}/api/{version}", user.server.url);
    let skills = if version == "v1.4" { json!(["Marketing", "Design"]) } else { json!("Marketing, Design") };
    let mut all = json!({
        "id": user.id,
        "url": format!("{base}/users/{}", user.id),
        "departmentUrl": format!("{base}/departments/{department}"),
        "status": "Activated",
        "creationDateTime": shown["creationDateTime"],
        "lastModifiedDateTime": shown["lastModifiedDateTime"],
        "externalId": "NUA",
        "name": "New User A",
        "userName": "UserNameA",
        "title": "User Title A",
        "dataSource": "RelesysAPI",
        "email": "personalmaila@testmail.com",
        "secondaryEmail": "businessmaila@testmail.com",
        "phoneNumber": {"countryCode": 45, "number": "12345678"},
        "secondaryPhoneNumber": {"countryCode": 45, "number": "12345679"},
        "birthDate": "2002-12-30T00:00:00Z",
        "primaryDepartmentId": department,
        "additionalDepartments": [{"id": other, "dataSource": "RelesysAPI"}],
        "userGroups": [
            {"id": ids.user_group_ids[0], "dataSource": "RelesysAPI"},
            {"id": ids.user_group_ids[1], "dataSource": "HR"},
        ],
        "employmentDate": "2018-12-30T13:30:00Z",
        "employmentEndDate": "2021-12-30T13:30:00Z",
        "customFields": {"customfieldone": "Custom field 1", "birthday": "2002-12-30", "skills": skills},
        "image": {
            "id": "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a01", "downloadUrl": null, "referenceUrl": null,
            "contentType": null, "fileName": null,
        },
        "memberCard": {
            "name": null, "cardNumber": "1234567890", "id": "0b2f7c3e-6a55-4d0a-9f53-9f6a6cfb1a02", "url": null,
        },
        "initials": "NUA",
        "gender": "Female",
        "employmentType": "Full-time employee",
        "registerNumber": "R-12345",
        "dutyPlanNumber": "D-67890",
    });
    let known = members(version);
    all.as_object_mut().unwrap().retain(|name, _| known.contains(name.as_str()));
    all
}

#[test]
fn each_version_shows_exactly_the_members_that_it_knows() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    for version in VERSIONS {
        let shown = user.get(version);
        assert_eq!(shown, expected(&user, version, &shown), "{version}");
        assert_eq!(user.patch(version, json!([])), shown, "{version}");
        assert_eq!(shown["lastModifiedDateTime"], user.get("v1")["lastModifiedDateTime"], "{version}");
    }
    // In the order of the vendor's samples.
    let text = user.caller.get(user.path("v1")).text();
    let places: Vec<_> = BASE.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn what_is_not_set_is_null_or_empty_and_never_left_out() {
    let server = demo();
    let user = User::of(&server, 0);
    let filled = user.fill();
    let kept = ["name", "primaryDepartmentId"];
    let removals = filled.keys().filter(|name| !kept.contains(&name.as_str()));
    user.patch("v1.4", removals.map(|name| remove(&format!("/{name}"))).collect::<Value>());
    for version in VERSIONS {
        let shown = user.get(version);
        let given: BTreeSet<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(given, members(version), "{version}");
        for (name, value) in shown.as_object().unwrap() {
            let empty = match name.as_str() {
                "additionalDepartments" | "userGroups" => json!([]),
                "customFields" => json!({}),
                "id"
                | "url"
                | "departmentUrl"
                | "status"
                | "creationDateTime"
                | "lastModifiedDateTime"
                | "name"
                | "primaryDepartmentId" => continue,
                _ => json!(null),
            };
            assert_eq!(*value, empty, "{name} in {version}");
        }
    }
}

#[test]
fn what_a_version_cannot_say_survives_what_is_written_through_it() {
    let server = demo();
    let user = User::of(&server, 0);
    user.fill();
    let mut before = user.get("v1.4");
    for (version, title) in VERSIONS.iter().zip(["1", "2", "3", "4", "5"]) {
        user.becomes(
            version,
            json!([
                replace("title", title),
                replace("phoneNumber", json!({"countryCode": 46, "number": title})),
                add("/customFields/customfieldone", title),
            ]),
            json!({
                "title": title,
                "phoneNumber": {"countryCode": 46, "number": title},
                "customFields": {
                    "customfieldone": title,
                    "birthday": "2002-12-30",
                    "skills": if *version == "v1.4" { json!(["Marketing", "Design"]) } else { json!("Marketing, Design") },
                },
            }),
        );
        let after = user.get("v1.4");
        before["title"] = json!(title);
        before["phoneNumber"] = json!({"countryCode": 46, "number": title});
        before["customFields"]["customfieldone"] = json!(title);
        before["lastModifiedDateTime"] = after["lastModifiedDateTime"].clone();
        assert_eq!(after, before, "{version}");
    }
}

#[test]
fn the_paths_of_a_version_are_its_members() {
    let server = demo();
    let user = User::of(&server, 0);
    let filled = user.fill();
    let base: Vec<_> = BASE.iter().filter(|name| filled.contains_key(**name)).collect();
    let extended: Vec<_> = filled.iter().filter(|(name, _)| !BASE.contains(&name.as_str())).collect();
    assert_eq!((base.len(), extended.len()), (16, 8));
    user.untouched(|| {
        for version in VERSIONS {
            let shown = user.get(version);
            for name in &base {
                let (path, value) = (format!("/{name}"), shown[**name].clone());
                user.quiet(version, json!([test(&path, value.clone()), replace(name, value)]));
            }
            for (name, value) in &extended {
                match version {
                    "v1" => {
                        user.refuses(version, json!([replace(name, (*value).clone())]), &format!("/{name}"));
                    }
                    _ => user.quiet(version, json!([replace(name, (*value).clone())])),
                }
            }
        }
    });
}

#[test]
fn addresses_are_read_in_any_letter_case_and_with_a_slash_at_the_end() {
    let server = demo();
    let user = User::of(&server, 0);
    let ids = &server.seed().tenant.relesys;
    user.patch("v1", json!([replace("primaryDepartmentId", ids.department_ids[0].as_str())]));
    for version in VERSIONS {
        let shown = user.get(version);
        let upper = user.id.to_uppercase();
        for path in [
            format!("/API/{}/USERS/{upper}", version.to_uppercase()),
            format!("/Api/{version}/Users/{upper}"),
            format!("/api/{version}/users/{}/", user.id),
            format!("/api/{version}/users/{}?x=1&version=v9", user.id),
        ] {
            assert_eq!(user.caller.get(&path).expect(200).json()["data"], shown, "{path}");
            let same = user.caller.patch(&path, json!([replace("name", shown["name"].clone())]));
            assert_eq!(same.expect(200).json()["data"], shown, "{path}");
        }
        // Addresses are those of the place that was asked.
        let under = user.caller.get(format!("/relesys{}", user.path(version))).expect(200).json();
        let base = format!("{}/relesys/api/{version}", server.url);
        assert_eq!(under["data"]["url"], format!("{base}/users/{}", user.id));
        assert_eq!(under["data"]["departmentUrl"], format!("{base}/departments/{}", ids.department_ids[0]));
    }
}

#[test]
fn there_are_no_other_versions() {
    let server = demo();
    let user = User::of(&server, 0);
    user.untouched(|| {
        for version in ["v2", "v0", "v1.0", "v1.5", "v1.10", "v11", "v1.4.0", "v01"] {
            assert_eq!(told(user.caller.get(user.path(version)), 404)["errorCode"], "404");
            told(user.caller.patch(user.path(version), json!([replace("title", "No")])), 404);
        }
        for version in ["latest", "1", "1.4", "v", "v1.", "vv1", "v1%20", "v1;x"] {
            let path = format!("/relesys{}", user.path(version));
            let error = user.caller.get(&path).expect(404).json();
            assert_eq!(error["errorCode"], "404", "{path}");
            user.caller.patch(&path, json!([replace("title", "No")])).expect(404);
        }
        for path in [format!("/api//users/{}", user.id), format!("/api/users/{}", user.id)] {
            user.caller.get(format!("/relesys{path}")).expect(404);
        }
    });
}

#[test]
fn every_status_has_its_word_and_everybody_can_be_patched() {
    let server = demo();
    let seed = &server.seed().tenant;
    let invited = personae(&server, &["person", "show", &seed.replay.invited_id]);
    let blocked = &seed.people[5].relesys;
    personae(&server, &["person", "disable", blocked, "--by", "login-blocked"]);
    let by_organization = &seed.people[6].relesys;
    personae(&server, &["person", "disable", by_organization, "--by", "organization"]);
    for (id, status) in [
        (seed.people[0].relesys.as_str(), "Activated"),
        (&seed.replay.disabled_id, "Disabled"),
        (by_organization, "Disabled"),
        (blocked, "LoginBlocked"),
        (invited["id"].as_str().unwrap(), "Pending"),
    ] {
        let user = User::with_id(&server, id);
        for version in VERSIONS {
            assert_eq!(user.get(version)["status"], status);
        }
        user.becomes(
            "v1",
            json!([replace("title", "Somebody"), replace("name", "Some One")]),
            json!({"title": "Somebody", "name": "Some One"}),
        );
        user.quiet("v1", json!([replace("title", "Somebody")]));
        user.untouched(|| user.refuses("v1", json!([replace("status", "Activated")]), "/status"));
    }
    // An invitation has an id of its own, which is nobody's here.
    let user = User::with_id(&server, &seed.replay.invited_id);
    told(user.caller.get(user.path("v1")), 404);
}
