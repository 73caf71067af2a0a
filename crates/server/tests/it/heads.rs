//! Heads of requests: the host, their size, the kinds of targets, and what browsers ask before.

use std::io::{BufReader, Write};

use serde_json::Value;
use testkit::callers::{Caller, Dialect};
use testkit::http::Request;
use testkit::process::Server;

use crate::bad_input::target;
use crate::bodies::read_answer;
use crate::serving::{connect, impatient};
use crate::{demo, promised};

/// The answer to bytes as they are: its head in lower case, and its body.
fn answer(server: &Server, request: &str) -> String {
    let mut stream = BufReader::new(connect(server));
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let (head, body) = read_answer(&mut stream);
    head + &String::from_utf8(body).unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

#[test]
fn a_request_names_one_well_formed_host() {
    let server = demo();
    let host = server.url.strip_prefix("http://").unwrap();
    for bad in [
        "",
        "host:\r\n",
        "host: a b/c\r\n",
        "host: user@a\r\n",
        "host: a:b\r\n",
        "host: a:99999\r\n",
        "host: a\r\nhost: a\r\n",
        "host: a\r\nHost: b\r\n",
        "host: \u{e9}\r\n",
    ] {
        for (path, member) in [
            ("/healthz", "error"),
            ("/api/user/x", "error"),
            ("/api/v1/users/x", "errorCode"),
            ("/users/v1/rs/1", "message"),
            ("/api/v1/customers/x/users", "statusCode"),
            ("/nothing", "error"),
        ] {
            let answer = answer(&server, &format!("GET {path} HTTP/1.1\r\n{bad}\r\n"));
            assert_eq!(status(&answer), "400", "{bad:?} {path}: {answer}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains("x-request-id: "), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            assert!(body.get(member).is_some(), "{path} {body}");
            assert!(body.to_string().contains("people.example:8080"), "what is right is shown: {body}");
        }
    }
    for good in ["a", "A.example.", "a:8080", "a:", "127.0.0.1", "[::1]:80", host] {
        let answer = answer(&server, &format!("GET /healthz HTTP/1.1\r\nhost: {good}\r\n\r\n"));
        assert_eq!(status(&answer), "200", "{good}: {answer}");
    }
    assert_eq!(status(&answer(&server, "GET /healthz HTTP/1.0\r\n\r\n")), "200", "HTTP/1.0 has no hosts");
    assert_eq!(status(&answer(&server, "GET /healthz HTTP/1.0\r\nhost: a b\r\n\r\n")), "400");
}

#[test]
fn an_absolute_target_is_of_the_host_that_is_named() {
    let server = demo();
    let get =
        |target: &str, host: &str| answer(&server, &format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n"));
    assert_eq!(status(&get("http://a.example/healthz", "a.example")), "200");
    assert_eq!(status(&get("http://a.example/api/user/x", "A.example:80")), "401");
    for (target, host) in [
        ("http://b.example/healthz", "a.example"),
        ("http://a.example:8080/healthz", "a.example"),
        ("http://user@a.example/healthz", "a.example"),
        ("ftp://a.example/healthz", "a.example"),
        ("a.example:80", "a.example:80"),
    ] {
        assert_eq!(status(&get(target, host)), "400", "{target}");
    }
}

#[test]
fn targets_that_are_no_path_have_a_clear_answer() {
    let server = demo();
    let options = answer(&server, "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(
        status(&options) == "204" && options.contains("allow: get, head, post, put, patch, delete, options"),
        "{options}"
    );
    assert_eq!(status(&answer(&server, "OPTIONS * HTTP/1.1\r\n\r\n")), "400");
    let get = answer(&server, "GET * HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(status(&get) == "400" && get.ends_with(r#"{"error":"the path is not valid"}"#), "{get}");
    let connect = answer(&server, "CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n");
    assert!(status(&connect) == "501" && connect.contains("CONNECT is not implemented"), "{connect}");
    // A line may end with a line feed alone (RFC 9112, section 2.2), in the head as in nothing else.
    assert_eq!(status(&answer(&server, "GET /healthz HTTP/1.1\nhost: a\n\n")), "200");
    let chunk = "POST /healthz HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\n{\n0\n\n";
    assert_ne!(status(&answer(&server, chunk)), "200");
}

fn with_fields(request: Request, fields: usize) -> Request {
    (0..fields).fold(request, |request, number| request.header(format!("x-field-{number}"), "1"))
}

#[test]
fn a_head_beyond_its_limits_is_refused_in_the_vendors_form() {
    let server = demo();
    let client = server.client();
    for dialect in Dialect::ALL {
        let (path, _) = target(&server, dialect);
        let nobody = Caller::nobody(&client, dialect);
        // The client adds a host.
        let most = with_fields(nobody.raw("GET", &path), 99).send();
        assert_ne!(most.status, 431, "{dialect:?}");
        for fields in [100, 150, 250] {
            let answer = with_fields(nobody.raw("PATCH", &path), fields).send().expect(431);
            promised(dialect).expect(&answer);
            assert!(answer.header("x-request-id").is_some());
        }
        let header = nobody.raw("PATCH", &path).header("x-long", "x".repeat(20 * 1024));
        let address = nobody.raw("PATCH", format!("{path}?{}", "x".repeat(17 * 1024)));
        for answer in [header, address].map(|request| request.send().expect(431)) {
            promised(dialect).expect(&answer);
            assert!(answer.header("x-request-id").is_some());
        }
    }
    let exactly = |bytes: usize| {
        let head = "GET /healthz HTTP/1.1\r\nhost: a\r\nx: ";
        answer(&server, &format!("{head}{}\r\n\r\n", "x".repeat(bytes - head.len() - 4)))
    };
    assert_eq!(status(&exactly(16_384)), "200");
    let over = exactly(16_385);
    assert!(status(&over) == "431" && over.ends_with(r#"send fewer or shorter ones"}"#), "{over}");

    let server = impatient(&[("PERSONAE_LIMITS__HEADER_BYTES", "131072")]);
    let with = |bytes: usize| {
        server.client().request("GET", "/api/user/x").header("x-long", "x".repeat(bytes)).send()
    };
    assert_eq!(with(120_000).status, 401);
    let over = with(160_000).expect(431);
    assert!(over.json()["error"].is_string() && over.header("x-request-id").is_some());
}

/// What a browser asks before a page of `origin` may send a PATCH with a key.
fn preflight(server: &Server, path: &str, origin: &str) -> testkit::http::Response {
    let request = server.client().request("OPTIONS", path).header("origin", origin);
    let request = request.header("access-control-request-method", "PATCH");
    request.header("access-control-request-headers", "content-type,x-api-key").send()
}

#[test]
fn browsers_are_told_nothing_unless_origins_are_set() {
    let server = demo();
    for dialect in Dialect::ALL {
        let (path, _) = target(&server, dialect);
        let answer = preflight(&server, &path, "https://app.example");
        assert_eq!(answer.status, 204, "{dialect:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn pages_of_the_origins_that_are_set_may_use_every_api() {
    let server = impatient(&[("PERSONAE_CORS__ORIGINS", "https://app.example,http://localhost:5173")]);
    let paths = [
        "/api/user/x",
        "/api/v1/users/x",
        "/users/v1/rs/1",
        "/api/v1/customers/x/users",
        "/kare/auth/v1/rs/login/credentials",
    ];
    for path in paths {
        for origin in ["https://app.example", "http://localhost:5173"] {
            let answer = preflight(&server, path, origin).expect(200);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{path}");
            let methods = answer.header("access-control-allow-methods").unwrap();
            assert_eq!(methods, "GET,HEAD,POST,PUT,PATCH,DELETE", "{path}");
            assert_eq!(answer.header("access-control-allow-headers"), Some("content-type,x-api-key"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            assert!(answer.header("x-request-id").is_some());

            let answer = server.client().request("GET", path).header("origin", origin).send();
            assert!(matches!(answer.status, 401 | 405), "{path}: {}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "also of a refusal");
            assert!(answer.header("vary").unwrap().contains("origin"));
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("x-request-id") && exposed.contains("location"), "{exposed}");
        }
        for other in ["https://evil.example", "http://app.example", "https://app.example:8443", "null"] {
            assert_eq!(
                preflight(&server, path, other).header("access-control-allow-origin"),
                None,
                "{other}"
            );
            let answer = server.client().request("GET", path).header("origin", other).send();
            assert_eq!(answer.header("access-control-allow-origin"), None, "{other}");
        }
        // Without an origin OPTIONS is no preflight, and what caches keep depends on the origin all the same.
        assert!(server.client().request("OPTIONS", path).send().expect(204).header("allow").is_some());
        assert!(server.client().get(path).header("vary").unwrap().contains("origin"));
    }
    let any = impatient(&[("PERSONAE_CORS__ORIGINS", "*")]);
    assert_eq!(
        preflight(&any, paths[0], "https://x.example").header("access-control-allow-origin"),
        Some("*")
    );
}
