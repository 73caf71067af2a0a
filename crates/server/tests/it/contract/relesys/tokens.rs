//! Tokens: how a client gets one, what it opens, and how often.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::callers::{Caller, Dialect};
use testkit::demo::ClientCredentials;
use testkit::http::{Client, Request};
use testkit::process::Server;

use super::{NOBODY, User, personae, replace, told};
use crate::{demo, refused};

const READ: [&str; 4] = ["relesys.api", "relesys.api:read", "relesys.api.users", "relesys.api.users:read"];
const WRITE: [&str; 4] = ["relesys.api", "relesys.api:write", "relesys.api.users", "relesys.api.users:write"];
const ALL: [&str; 6] = [
    "relesys.api",
    "relesys.api:read",
    "relesys.api:write",
    "relesys.api.users",
    "relesys.api.users:read",
    "relesys.api.users:write",
];

fn asking(client: &Client) -> Request {
    client.request("POST", "/login/oauth/authorize")
}

/// What a well-formed request says.
fn fields(credentials: &ClientCredentials) -> [(&str, &str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", &credentials.client_id),
        ("client_secret", &credentials.client_secret),
        ("scope", "relesys.api"),
    ]
}

/// A client that was given these scopes.
fn client_with(server: &Server, scopes: &[&str]) -> ClientCredentials {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let place = ["--organization", "Aurora", "--rate-limit", "none"];
    let args: Vec<_> =
        ["credential", "add", "--dialect", "relesys"].into_iter().chain(place).chain(scopes).collect();
    serde_json::from_value(personae(server, &args)).unwrap()
}

#[test]
fn a_token_is_what_the_page_shows() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = &server.seed().tenant.relesys.client;
    let form = || asking(&client).form(&fields(credentials));
    let mut tokens = Vec::new();
    for request in [
        form(),
        form().header("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        form().header("content-type", "Application/X-WWW-Form-UrlEncoded"),
        form().header("accept", "text/html"),
        asking(&client).form(&[&fields(credentials)[..], &[("audience", "x"), ("resource", "")]].concat()),
    ] {
        let answer = request.send();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("pragma"), Some("no-cache"));
        assert!(!answer.text().contains(&credentials.client_secret), "the secret is not echoed");
        let body = told(answer, 200);
        assert_eq!(body.as_object().unwrap().len(), 3);
        assert_eq!((&body["expires_in"], &body["token_type"]), (&json!("3600"), &json!("Bearer")));
        tokens.push(body["access_token"].as_str().unwrap().to_owned());
    }
    for path in ["/Login/OAuth/Authorize", "/login/oauth/authorize/", "/relesys/login/oauth/authorize"] {
        let answer = client.request("POST", path).form(&fields(credentials)).send().expect(200);
        tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
    }
    for token in &tokens {
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
        assert!(header.kid.is_some_and(|kid| !kid.is_empty()));
        assert!(!token.contains(&credentials.client_secret));
        for scheme in ["Bearer", "bearer"] {
            let caller = Caller::nobody(&client, Dialect::Relesys);
            let caller = caller.with("authorization", format!("{scheme} {token}"));
            told(caller.get(user.path("v1")), 200);
        }
    }
    let count = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), count, "each token is its own");
}

#[test]
fn each_field_is_there_once_and_right() {
    let server = demo();
    let (client, seed) = (server.client(), server.seed());
    let credentials = &seed.tenant.relesys.client;
    let read_only = &seed.tenant.relesys.read_only;
    let good = fields(credentials);
    let refuse = |request: Request, error: &str, what: &str| {
        let answer = request.send();
        assert!(!answer.text().contains(&credentials.client_secret), "{what}");
        let told = told(answer, 400);
        assert_eq!((&told["error"], told.as_object().unwrap().len()), (&json!(error), 2), "{what}");
        told["error_description"].as_str().unwrap().to_owned()
    };
    refused(&server, || {
        for (index, (name, value)) in good.into_iter().enumerate() {
            // A scope that is missing is told as such, any other field as a fault of the request.
            let missing = if name == "scope" { "invalid_scope" } else { "invalid_request" };
            let with = |value: &str| {
                let mut form = good.to_vec();
                form[index].1 = value;
                asking(&client).form(&form)
            };
            let mut without = good.to_vec();
            without.remove(index);
            refuse(asking(&client).form(&without), missing, name);
            refuse(with(""), missing, name);
            let twice = [&good[..], &good[index..=index]].concat();
            refuse(asking(&client).form(&twice), "invalid_request", name);
            let two = [&good[..], &[(name, "x")]].concat();
            refuse(asking(&client).form(&two), "invalid_request", name);
            let wrong: &[(String, &str)] = &match name {
                "grant_type" => {
                    ["password", "authorization_code", "Client_Credentials", "client_credentials "]
                        .map(|grant| (grant.to_owned(), "unsupported_grant_type"))
                        .to_vec()
                }
                "client_id" => [NOBODY, "x", "NUA", &seed.stranger.relesys.client.client_id]
                    .map(|id| (id.to_owned(), "invalid_client"))
                    .to_vec(),
                "client_secret" => [
                    "x".to_owned(),
                    value[1..].to_owned(),
                    format!("{value}x"),
                    value.to_uppercase(),
                    read_only.client_secret.clone(),
                    seed.stranger.relesys.client.client_secret.clone(),
                    seed.tenant.replay.api_key.clone(),
                ]
                .map(|secret| (secret, "invalid_client"))
                .to_vec(),
                _ => [
                    "x",
                    "relesys.api.media",
                    "Relesys.Api",
                    "relesys.api:delete",
                    "relesys.api relesys.api.media",
                    "relesys.api  relesys.api:read",
                    " relesys.api",
                    "relesys.api ",
                    "relesys.api,relesys.api:read",
                    "relesys.api\trelesys.api:read",
                ]
                .map(|scope| (scope.to_owned(), "invalid_scope"))
                .to_vec(),
            };
            for (value, error) in wrong {
                refuse(with(value), error, &format!("{name}={value}"));
            }
        }
        refuse(asking(&client).form(&fields(read_only)), "invalid_scope", "more than was granted");

        // Only a form is read, and only the form.
        let all = json!({
            "grant_type": "client_credentials", "client_id": credentials.client_id,
            "client_secret": credentials.client_secret, "scope": "relesys.api",
        });
        let what_to_send = "in the body, as application/x-www-form-urlencoded.";
        assert!(refuse(asking(&client).json(all), "invalid_request", "JSON").ends_with(what_to_send));
        let form = || asking(&client).form(&good);
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            let told = refuse(form().header("content-type", content_type), "invalid_request", content_type);
            assert!(told.ends_with(what_to_send), "{content_type}: {told}");
        }
        refuse(form().without("content-type"), "invalid_request", "no content type");
        refuse(asking(&client).form(&[]), "invalid_request", "an empty form");
        let two = [good[0], good[3]];
        let query = format!(
            "/login/oauth/authorize?client_id={}&client_secret={}",
            credentials.client_id, credentials.client_secret
        );
        for request in [client.request("POST", &query).form(&two), client.request("POST", &query)] {
            assert!(refuse(request, "invalid_request", "the query is not read").ends_with(what_to_send));
        }

        let large = format!("grant_type={}", "x".repeat(1 << 20));
        // What is left of the body is not read, so that the connection is of no further use.
        told(form().header("connection", "close").body(large).send(), 413);
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = client.request(method, "/login/oauth/authorize").send().expect(405);
            assert_eq!(answer.header("allow"), Some("POST"));
            crate::promised(Dialect::Relesys).check_schema("Error", &answer.json()).unwrap();
        }
        let unknown = client.request("POST", "/login/oauth/token").form(&good).send().expect(404);
        crate::promised(Dialect::Relesys).check_schema("Error", &unknown.json()).unwrap();
    });
}

#[test]
fn a_client_gets_the_scopes_within_those_it_was_given() {
    let server = demo();
    let client = server.client();
    for granted in ALL {
        let credentials = client_with(&server, &[granted]);
        let ask = |scope: &str| {
            let mut form = fields(&credentials);
            form[3].1 = scope;
            asking(&client).form(&form).send()
        };
        let is_within = |scope: &str| match granted {
            "relesys.api" => true,
            "relesys.api:read" => scope.ends_with(":read"),
            "relesys.api:write" => scope.ends_with(":write"),
            "relesys.api.users" => scope.starts_with("relesys.api.users"),
            exact => scope == exact,
        };
        for scope in ALL {
            let answer = ask(scope);
            match is_within(scope) {
                true => assert_eq!(told(answer, 200)["expires_in"], "3600", "{granted}: {scope}"),
                false => {
                    assert_eq!(told(answer, 400)["error"], "invalid_scope", "{granted}: {scope}");
                }
            }
        }
        let both = ask("relesys.api.users:read relesys.api.users:write");
        match granted {
            "relesys.api" | "relesys.api.users" => assert_eq!(told(both, 200)["token_type"], "Bearer"),
            _ => assert_eq!(told(both, 400)["error"], "invalid_scope", "{granted}: all or nothing"),
        }
    }
    let two = client_with(&server, &["relesys.api.users:read", "relesys.api.users:write"]);
    Caller::relesys(&client, &two, "relesys.api.users:read relesys.api.users:write");
    let mut form = fields(&two);
    form[3].1 = "relesys.api.users";
    assert_eq!(told(asking(&client).form(&form).send(), 400)["error"], "invalid_scope");
}

#[test]
fn a_client_may_present_itself_in_a_basic_header() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = &server.seed().tenant.relesys.client;
    let (id, secret) = (&credentials.client_id, &credentials.client_secret);
    let basic = |id: &str, secret: &str| format!("Basic {}", base64(&format!("{id}:{secret}")));
    let rest = [("grant_type", "client_credentials"), ("scope", "relesys.api")];
    let ask = |header: String, fields: &[(&str, &str)]| {
        asking(&client).form(&[&rest[..], fields].concat()).header("authorization", header).send()
    };
    let encoded = (id.replace('-', "%2D"), format!("%{:02x}{}", secret.as_bytes()[0], &secret[1..]));
    for answer in [
        ask(basic(id, secret), &[]),
        ask(basic(&id.to_uppercase(), secret), &[]),
        ask(basic(&encoded.0, &encoded.1), &[]),
        ask(basic(id, secret).replace("Basic", "bASIC"), &[("client_id", id)]),
    ] {
        let token = told(answer, 200)["access_token"].as_str().unwrap().to_owned();
        let caller = Caller::nobody(&client, Dialect::Relesys);
        told(caller.with("authorization", format!("Bearer {token}")).get(user.path("v1")), 200);
    }
    refused(&server, || {
        for (header, fields, says) in [
            (basic(id, secret), &[("client_secret", secret.as_str())][..], "not in both"),
            (basic(id, secret), &[("client_id", id), ("client_secret", secret)], "not in both"),
            (basic(id, secret), &[("client_id", NOBODY)], "not in both"),
            ("Basic".to_owned(), &[], "must be Basic"),
            (format!("Basic {id}:{secret}"), &[], "must be Basic"),
            (format!("Basic {}", base64(id)), &[], "must be Basic"),
        ] {
            let error = told(ask(header, fields), 400);
            assert_eq!(error["error"], "invalid_request");
            assert!(error["error_description"].as_str().unwrap().contains(says), "{error}");
        }
        for header in [basic(id, "x"), basic(NOBODY, secret), basic("", "")] {
            let answer = ask(header, &[]);
            assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"Relesys\""));
            assert_eq!(told(answer, 401)["error"], "invalid_client");
        }
    });
}

/// Base64 of RFC 4648, written out so that a mistake of the crate the server uses is not shared.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| -> String {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(*bytes.get(index).unwrap_or(&0)));
        let digit = |index: usize| char::from(DIGITS[bits >> (18 - 6 * index) & 63]);
        (0..4).map(|index| if index <= bytes.len() { digit(index) } else { '=' }).collect()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

#[test]
fn every_token_that_is_handed_out_is_taken() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = &server.seed().tenant.relesys.client;
    let ask = |scopes: &[&str]| {
        let (mut form, scope) = (fields(credentials), scopes.join(" "));
        form[3].1 = &scope;
        asking(&client).form(&form).send()
    };
    for scopes in [&ALL[..], &["relesys.api"; 6]] {
        let token = told(ask(scopes), 200)["access_token"].as_str().unwrap().to_owned();
        let caller =
            Caller::nobody(&client, Dialect::Relesys).with("authorization", format!("Bearer {token}"));
        told(caller.get(user.path("v1")), 200);
    }
    for count in [7, 200, 600] {
        let error = told(ask(&vec!["relesys.api"; count]), 400);
        assert_eq!(error["error"], "invalid_scope", "{count}");
        assert!(error["error_description"].as_str().unwrap().contains("more than the 6"), "{error}");
    }
}

#[test]
fn a_client_id_is_taken_in_any_letter_case() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = &server.seed().tenant.relesys.client;
    let id = credentials.client_id.to_uppercase();
    let mut form = fields(credentials);
    form[1].1 = &id;
    let token = told(asking(&client).form(&form).send(), 200)["access_token"].as_str().unwrap().to_owned();
    let caller = Caller::nobody(&client, Dialect::Relesys).with("authorization", format!("Bearer {token}"));
    told(caller.get(user.path("v1")), 200);
}

#[test]
fn a_token_opens_what_its_scope_says() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = &server.seed().tenant.relesys.client;
    let everything = ["relesys.api.users:read relesys.api.users:write", "relesys.api relesys.api:read"];
    for scope in ALL.into_iter().chain(everything) {
        let caller = Caller::relesys(&client, credentials, scope);
        let has = |accepted: [&str; 4]| scope.split(' ').any(|scope| accepted.contains(&scope));
        let forbidden = |answer, accepted: [&str; 4]| {
            let error = told(answer, 403);
            assert_eq!(error["errorCode"], "403");
            assert_eq!(error["acceptedScopes"], json!(accepted), "{scope}");
            assert_eq!(error.as_object().unwrap().len(), 3);
        };
        match has(READ) {
            true => assert_eq!(told(caller.get(user.path("v1")), 200)["data"]["id"], *user.id),
            false => user.untouched(|| {
                forbidden(caller.get(user.path("v1")), READ);
                forbidden(caller.get(format!("/api/v1/users/{NOBODY}")), READ);
            }),
        }
        match has(WRITE) {
            // A token that may only write is answered with the user all the same.
            true => {
                let body = json!([replace("title", scope)]);
                let changed = told(caller.patch(user.path("v1"), body), 200);
                assert_eq!(changed["data"]["title"], scope);
                assert_eq!(changed["data"], user.get("v1"));
                let department = &server.seed().tenant.relesys.department_ids[0];
                let body = json!({"name": scope, "primaryDepartmentId": department, "userGroups": []});
                let created = told(caller.post("/api/v1/users", body), 201)["data"].take();
                assert_eq!(created["name"], scope);
                let path = format!("/api/v1/users/{}", created["id"].as_str().unwrap());
                told(caller.put(format!("{path}/status"), json!({"status": "Disabled"})), 204);
                told(caller.delete(path), 204);
            }
            false => user.untouched(|| {
                forbidden(caller.post("/api/v1/users", json!({})), WRITE);
                for path in [user.path("v1"), user.path("v1.4"), format!("/api/v1/users/{NOBODY}")] {
                    forbidden(caller.patch(&path, json!([replace("title", "No")])), WRITE);
                    forbidden(caller.patch(&path, json!([])), WRITE);
                    forbidden(caller.put(format!("{path}/status"), json!({"status": "Disabled"})), WRITE);
                    forbidden(caller.delete(&path), WRITE);
                    forbidden(caller.raw("PATCH", &path).body("{").send(), WRITE);
                }
            }),
        }
    }
}

#[test]
fn without_a_token_there_is_nothing() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let token = {
        let bytes = user.caller.raw("GET", "/").bytes();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap().to_owned()
    };
    let nobody = Caller::nobody(&client, Dialect::Relesys);
    user.untouched(|| {
        for authorization in [
            None,
            Some("Bearer".to_owned()),
            Some("Bearer x".to_owned()),
            Some(token.clone()),
            Some(format!("Basic {token}")),
            Some(format!("Bearer {token}x")),
            Some(format!("Bearer {}", &token[1..])),
            Some(format!("Bearer {token},{token}")),
        ] {
            let caller = match authorization {
                Some(value) => nobody.clone().with("authorization", value),
                None => nobody.clone(),
            };
            for path in [user.path("v1"), user.path("v9"), "/api/v1/users/not-a-guid".to_owned()] {
                for answer in [caller.get(&path), caller.patch(&path, json!([replace("name", "No")]))] {
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
                    assert_eq!(told(answer, 401)["errorCode"], "401");
                }
            }
        }
    });
}

#[test]
fn a_client_that_is_revoked_or_past_its_time_gets_and_opens_nothing() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let credentials = client_with(&server, &["relesys.api"]);
    let caller = Caller::relesys(&client, &credentials, "relesys.api");
    told(caller.get(user.path("v1")), 200);
    // By another process than the one that has the credential in its memory.
    personae(&server, &["credential", "revoke", &credentials.client_id]);
    let bound = Instant::now() + Duration::from_secs(30);
    while caller.get(user.path("v1")).status != 401 {
        assert!(Instant::now() < bound, "the token still opens something");
    }
    let args = ["--dialect", "relesys", "--organization", "Aurora", "--expires", "2020-01-01T00:00:00Z"];
    let args: Vec<_> = ["credential", "add"].into_iter().chain(args).collect();
    let past: ClientCredentials = serde_json::from_value(personae(&server, &args)).unwrap();
    user.untouched(|| {
        told(caller.patch(user.path("v1"), json!([replace("title", "No")])), 401);
        for credentials in [&credentials, &past] {
            let answer = asking(&client).form(&fields(credentials)).send();
            assert_eq!(told(answer, 400)["error"], "invalid_client");
        }
    });
}

#[test]
fn a_client_has_100_requests_a_minute() {
    let server = demo();
    let (client, user) = (server.client(), User::of(&server, 0));
    let limited = server.seed().tenant.relesys.limited.as_ref().unwrap();
    let callers = [(); 2].map(|()| Caller::relesys(&client, limited, "relesys.api"));
    for count in 0..100 {
        // All servers of a client and all endpoints share the one count.
        let caller = &callers[count % 2];
        match count % 4 {
            0 => told(caller.get(user.path("v1")), 200),
            1 => told(caller.patch(user.path("v1.4"), json!([replace("title", count.to_string())])), 200),
            2 => told(caller.get(format!("/api/v1.2/users/{NOBODY}")), 404),
            _ => told(caller.patch(user.path("v1"), json!({})), 400),
        };
    }
    user.untouched(|| {
        for caller in &callers {
            for answer in [
                caller.get(user.path("v1")),
                caller.patch(user.path("v1"), json!([replace("title", "No")])),
                caller.get(format!("/api/v1/users/{NOBODY}")),
            ] {
                assert_eq!(answer.header("content-type"), Some("application/json"));
                let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=60).contains(&seconds), "{seconds}");
                assert_eq!(
                    answer.text(),
                    r#"{"errorCode":"429","message":"Request quota exceeded. A maximum of 100 requests are allowed per minute"}"#
                );
                told(answer, 429);
            }
        }
    });
    // Neither is the token endpoint counted, nor does one client's count touch another's.
    let another = Caller::relesys(&client, limited, "relesys.api:read");
    told(another.get(user.path("v1")), 429);
    told(user.caller.get(user.path("v1")), 200);
}
