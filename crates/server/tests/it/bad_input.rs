//! What no well-behaved client sends: never a 500, never a change, and the vendor's own words for it.

use serde_json::json;
use testkit::callers::{Caller, Dialect};
use testkit::http::Request;
use testkit::process::Server;

use crate::{demo, refused};

/// A path to a person, and the headers that say who is asking.
pub(crate) fn target(server: &Server, dialect: Dialect) -> (String, &'static [&'static str]) {
    let tenant = &server.seed().tenant;
    let person = &tenant.people[2];
    match dialect {
        Dialect::Relesys => (format!("/api/v1.4/users/{}", person.relesys), &["authorization"]),
        Dialect::Replay => (format!("/api/user/{}", person.replay), &["x-api-key"]),
        Dialect::Kare => (
            format!("/users-organizations/v1/rs/users/{}", person.kare),
            &["authorization", "x-session-token"],
        ),
        Dialect::Laurel => (
            format!("/api/v2/customers/{}/users/{}", tenant.laurel.customer_id, person.laurel),
            &["authorization"],
        ),
    }
}

fn patch(caller: &Caller, path: &str) -> Request {
    caller.patching(path, json!({}))
}

#[test]
fn credentials_that_are_no_credentials() {
    let server = demo();
    let callers = server.callers();
    refused(&server, || {
        for dialect in Dialect::ALL {
            let (path, headers) = target(&server, dialect);
            for header in headers {
                let large = "x".repeat(12 * 1024);
                let good = "Bearer eyJhbGciOiJub25lIn0.e30.";
                let values: [&[u8]; 14] = [
                    b"",
                    b" ",
                    b"Bearer",
                    b"Bearer ",
                    b"Bearer x",
                    b"Basic eDp5",
                    b"x",
                    b".",
                    b"..",
                    b"a.b.c",
                    b"Bearer \xff\xfe",
                    b"\xff",
                    good.as_bytes(),
                    large.as_bytes(),
                ];
                for value in values {
                    let answer = patch(callers.get(dialect), &path).header(header, value).send();
                    let shown = String::from_utf8_lossy(&value[..value.len().min(40)]).into_owned();
                    assert_eq!(answer.status, 401, "{dialect:?} with {header}: {shown}: {}", answer.text());
                    let challenge = match dialect {
                        Dialect::Replay => "ApiKey realm=\"Replay\", header=\"x-api-key\"",
                        Dialect::Relesys | Dialect::Kare | Dialect::Laurel => "Bearer",
                    };
                    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{dialect:?}");
                    crate::promised(dialect).expect(&answer);
                }
                let without = patch(callers.get(dialect), &path).without(header).send();
                assert_eq!(without.status, 401, "{dialect:?} without {header}");
                let twice = patch(callers.get(dialect), &path).add_header(header, "Bearer x").send();
                assert_eq!(twice.status, 401, "{dialect:?} with {header} twice");
            }
        }
    });
}

#[test]
fn a_token_of_one_dialect_is_none_of_another() {
    let server = demo();
    let callers = server.callers();
    let header = |dialect: Dialect| {
        let request = callers.get(dialect).raw("GET", "/");
        String::from_utf8_lossy(&request.bytes()).lines().find_map(|line| {
            line.to_ascii_lowercase().starts_with("authorization:").then(|| line[14..].trim().to_owned())
        })
    };
    refused(&server, || {
        for dialect in [Dialect::Relesys, Dialect::Kare, Dialect::Laurel] {
            let (path, _) = target(&server, dialect);
            for other in [Dialect::Relesys, Dialect::Kare, Dialect::Laurel]
                .into_iter()
                .filter(|other| *other != dialect)
            {
                let token = header(other).expect("a bearer token");
                let answer = patch(callers.get(dialect), &path).header("authorization", token).send();
                assert_eq!(answer.status, 401, "{dialect:?} with a token of {other:?}");
            }
            let mut forged = header(dialect).expect("a bearer token");
            let last = forged.pop().expect("a character");
            forged.push(if last == 'A' { 'B' } else { 'A' });
            // The last character holds fewer than six bits of the signature, so one before it is changed as well.
            let changed = forged.len() - 10;
            let digit = if &forged[changed..=changed] == "A" { "B" } else { "A" };
            forged.replace_range(changed..=changed, digit);
            let answer = patch(callers.get(dialect), &path).header("authorization", forged).send();
            assert_eq!(answer.status, 401, "{dialect:?} with a forged token");
        }
    });
}

#[test]
fn bodies_that_are_no_bodies() {
    let server = demo();
    let callers = server.callers();
    let relesys = &callers.relesys;
    refused(&server, || {
        for dialect in Dialect::ALL {
            no_bodies(dialect, &patch(callers.get(dialect), &target(&server, dialect).0));
        }
        let user = target(&server, Dialect::Relesys).0;
        let relesys_ids = &server.seed().tenant.relesys;
        for (method, path) in [
            ("POST", "/api/v1.4/users".to_owned()),
            ("PUT", format!("{user}/status")),
            ("POST", format!("{user}/sms")),
            ("POST", format!("{user}/passwordresetlink")),
            ("POST", user.replace("/users/", "/communication/messages/") + "/send"),
            ("POST", "/api/v1.4/departments".to_owned()),
            ("PATCH", format!("/api/v1.4/departments/{}", relesys_ids.department_ids[0])),
            ("POST", "/api/v1.4/userGroups".to_owned()),
            ("PATCH", format!("/api/v1.4/userGroups/{}", relesys_ids.user_group_ids[0])),
        ] {
            no_bodies(Dialect::Relesys, &relesys.raw(method, path).json(json!({})));
        }
        let customer = format!("customerId={}", server.seed().tenant.laurel.customer_id);
        for (method, path) in [
            ("POST", "/api/v1/user-groups".to_owned()),
            ("PATCH", format!("/api/v1/user-groups/64b7f0c2a1d3e4f5a6b7c8d9?{customer}")),
            ("PUT", format!("/api/v1/user-groups/by-external-id/crew?{customer}")),
        ] {
            no_bodies(Dialect::Laurel, &callers.laurel.raw(method, path).json(json!({})));
        }
    });
}

/// Sends all of them in the place of a JSON body.
fn no_bodies(dialect: Dialect, request: &Request) {
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    let bodies: [&[u8]; 13] = [
        b"",
        b"{",
        b"[",
        b"[{]",
        b"\xff\xfe",
        b"{\"firstName\": \"\xff\"}",
        b"\"\\ud800\"",
        b"null",
        b"1e999",
        b"{\"firstName\": 1e999}",
        deep.as_bytes(),
        deep_object.as_bytes(),
        b"true",
    ];
    for body in bodies {
        let answer = request.clone().body(body).send();
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!(answer.status, 400, "{dialect:?} {shown}: {}", answer.text());
        crate::promised(dialect).expect(&answer);
    }
    let large = vec![b' '; (1 << 20) + 1];
    for answer in [request.clone().body(large.clone()).send(), request.clone().chunked(&large).send()] {
        assert_eq!(answer.status, 413, "{dialect:?}");
        crate::promised(dialect).expect(&answer);
    }
    for content_type in ["text/plain", "application/xml", "application/jsonx", "", "\u{fc}"] {
        let answer = request.clone().header("content-type", content_type).send();
        assert_eq!(answer.status, 415, "{dialect:?} {content_type}");
        crate::promised(dialect).expect(&answer);
    }
}

#[test]
fn every_member_of_a_new_relesys_user_has_its_type() {
    let server = demo();
    let (relesys, ids) = (server.callers().relesys, &server.seed().tenant.relesys);
    let nobody = "7d1f3c52-9a0b-4c1d-8e2f-5a6b7c8d9e0f";
    let texts = [
        "name",
        "externalId",
        "userName",
        "title",
        "dataSource",
        "email",
        "secondaryEmail",
        "birthDate",
        "primaryDepartmentId",
        "employmentDate",
        "employmentEndDate",
        "password",
        "employmentType",
        "gender",
        "initials",
        "registerNumber",
        "dutyPlanNumber",
        "imageId",
        "memberCardId",
        "cardNumber",
    ];
    let no_texts = json!([7, 1.5, true, [], ["x"], {}, {"x": 1}, "x\0y", "x".repeat(256)]);
    let phones = ["phoneNumber", "secondaryPhoneNumber"];
    let no_phones = json!([
        7, true, "12345678", [], {}, {"countryCode": 45}, {"number": "1"}, {"countryCode": 45, "number": null},
        {"countryCode": "x", "number": "1"}, {"countryCode": 1000, "number": "1"},
        {"countryCode": 45, "number": 1}, {"countryCode": 45, "number": "1".repeat(21)},
    ]);
    let lists = ["userGroups", "additionalDepartments"];
    let no_lists = json!([
        7, "x", true, {}, {"id": nobody}, [7], ["x"], [nobody], [null], [[]], [{}], [{"id": null}], [{"id": 7}],
        [{"id": "x"}], [{"id": nobody}], [{"id": nobody, "dataSource": 7}],
    ]);
    let no_fields = json!([
        7, "x", true, [], [{}], {"customfieldone": 7}, {"customfieldone": {}}, {"customfieldone": ["x"]},
        {"nothing": "x"}, {"customfieldone": "x".repeat(4_001)}, {"x".repeat(5_000): "x"},
    ]);
    let members = texts.map(|name| (name, &no_texts)).into_iter();
    let members =
        members.chain(phones.map(|name| (name, &no_phones))).chain(lists.map(|name| (name, &no_lists)));
    refused(&server, || {
        for (name, values) in members.chain([("customFields", &no_fields)]) {
            for value in values.as_array().unwrap() {
                let mut body =
                    json!({"name": "X", "primaryDepartmentId": ids.department_ids[0], "userGroups": []});
                body[name] = value.clone();
                let answer = relesys.post("/api/v1.4/users", &body).expect(400);
                crate::promised(Dialect::Relesys).expect(&answer);
                let told = answer.json();
                let errors = told["errors"].as_object().unwrap_or_else(|| panic!("{body}: {told}"));
                let is_named = |at: &String| at == name || at.starts_with(&format!("{name}/"));
                assert!(errors.keys().all(is_named) && errors.len() == 1, "{body}: {told}");
            }
        }
    });
}

#[test]
fn paths_written_in_other_ways() {
    let server = demo();
    let callers = server.callers();
    refused(&server, || {
        for dialect in Dialect::ALL {
            let (path, _) = target(&server, dialect);
            let caller = callers.get(dialect);
            let id = path.rsplit('/').next().unwrap();
            let base = path.strip_suffix(id).unwrap();
            let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
            // The same person by another spelling, or nobody; never a way round the credential.
            let same = format!("{base}{encoded}");
            let answer = patch(caller, &same).send();
            assert!(matches!(answer.status, 200 | 400 | 404), "{dialect:?} {same}: {}", answer.status);
            assert_eq!(
                patch(&Caller::nobody(&server.client(), dialect), &same).send().status,
                401,
                "{dialect:?} {same}"
            );
            for odd in [
                format!("{base}%ff%fe"),
                format!("{base}%00"),
                format!("{base}{id}%2f"),
                format!("{base}..%2f{id}"),
                format!("{base}{id};x=1"),
                format!("{base}/{id}"),
                format!("{}//{id}", base.trim_end_matches('/')),
                format!("{base}{}", "9".repeat(12_000)),
                format!("{base}%"),
            ] {
                let answer = patch(caller, &odd).send();
                let shown: String = odd.chars().take(120).collect();
                assert!(matches!(answer.status, 400 | 404), "{dialect:?} {shown}: {}", answer.status);
                assert!(answer.json().is_object(), "{dialect:?} {shown}");
            }
        }
    });
}

#[test]
fn a_patch_that_copies_itself_larger_is_refused_and_memory_stays_flat() {
    let server = demo();
    let callers = server.callers();
    let (path, _) = target(&server, Dialect::Relesys);
    let seed = json!({"op": "add", "path": "/customFields", "value": {"customfieldone": "x".repeat(1_000)}});
    let double = json!({"op": "copy", "from": "/customFields", "path": "/customFields/customfieldtwo"});
    let operations: Vec<_> = std::iter::once(seed).chain(std::iter::repeat_n(double, 64)).collect();
    refused(&server, || {
        let before = resident_kib(&server);
        for _ in 0..20 {
            let answer = callers.relesys.patch(&path, json!(operations));
            assert!(matches!(answer.status, 400 | 413), "{}: {}", answer.status, answer.text());
            crate::promised(Dialect::Relesys).expect(&answer);
        }
        let grown = resident_kib(&server).saturating_sub(before);
        assert!(grown < 64 * 1024, "memory grew by {grown} KiB");
    });
}

/// Resident memory as the kernel tells it.
pub(crate) fn resident_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a running process");
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[test]
fn the_character_nul_is_refused_in_every_text_by_the_vendors_name_of_it() {
    const TEXT: &str = "A\0B";
    let server = demo();
    let callers = server.callers();
    refused(&server, || {
        let refusal = |dialect, body| {
            let answer = callers.get(dialect).patching(&target(&server, dialect).0, body).send().expect(400);
            crate::promised(dialect).expect(&answer);
            answer.json()
        };
        let message = "must not hold the character U+0000";
        for path in ["/name", "/title", "/externalId", "/phoneNumber/number", "/customFields/customfieldone"]
        {
            let patch = json!([{"op": "add", "path": path, "value": TEXT}]);
            let errors = refusal(Dialect::Relesys, patch)["errors"].clone();
            assert_eq!(errors, json!({path: ["Must not hold the character U+0000."]}));
        }
        for (name, body) in [
            ("name", json!({"name": TEXT})),
            ("customFields/customfieldone", json!({"customFields": {"customfieldone": TEXT}})),
            ("password", json!({"password": TEXT.repeat(4)})),
        ] {
            let answer = callers.relesys.post("/api/v1/users", body).expect(400);
            let told = &answer.json()["errors"][name];
            assert_eq!(*told, json!(["Must not hold the character U+0000."]), "{name}");
        }
        for field in ["firstName", "lastName", "role", "childCompanyId"] {
            let details = refusal(Dialect::Replay, json!({field: TEXT}))["details"].clone();
            assert_eq!(details, json!([{"path": field, "message": message}]));
        }
        for field in ["firstName", "lastName"] {
            let errors = refusal(Dialect::Kare, json!({field: TEXT}))["errors"].clone();
            assert_eq!(errors, json!([{"path": field, "message": message}]));
        }
        for (field, body) in [
            ("lastName", json!({"lastName": TEXT})),
            ("email", json!({"email": TEXT})),
            ("pod", json!({"pod": TEXT})),
            ("identities.0.value", json!({"identities": [{"type": "zoom", "value": TEXT}]})),
            (
                "delegates.0.permissions.0.claim",
                json!({"delegates": [{"userId": "64".repeat(12), "permissions": [{"claim": TEXT}]}]}),
            ),
        ] {
            let told = refusal(Dialect::Laurel, body)["message"].clone();
            assert_eq!(told, json!([format!("{field} {message}")]));
        }
    });
}
