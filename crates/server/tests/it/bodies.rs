//! Bodies as clients send them, and as nobody should: in pieces, compressed, too large, never to their end.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};
use testkit::callers::{Caller, Dialect};
use testkit::demo::Tenant;
use testkit::http::Request;
use testkit::process::Server;

use crate::bad_input::{resident_kib, target};
use crate::serving::{connect, impatient};
use crate::{demo, promised, refused, told};

/// One answer: its head in lower case, and its body.
pub(crate) fn read_answer(stream: &mut impl BufRead) -> (String, Vec<u8>) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).unwrap(), 0, "the connection ended in {head:?}");
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn status(head: &str) -> &str {
    head.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or(head)
}

/// The head of a PATCH through Replay's API, up to the headers that say how its body is framed.
fn patch_head(tenant: &Tenant, key: &str) -> String {
    let user = &tenant.people[2].replay;
    format!(
        "PATCH /api/user/{user} HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n"
    )
}

/// The tenant of a demo whose settings a test has chosen.
fn tenant(server: &Server) -> Tenant {
    serde_json::from_value(server.line.clone()).expect("the line of a demo")
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

#[test]
fn a_chunked_body_leaves_the_connection_open() {
    let server = demo();
    let tenant = &server.seed().tenant;
    let mut stream = BufReader::new(connect(&server));
    for name in ["Ada", "Bea", "Cleo", "Dora", "Edda", "Frida"] {
        let body = json!({ "firstName": name }).to_string();
        let request = [
            format!("{}transfer-encoding: chunked\r\n\r\n", patch_head(tenant, &tenant.replay.api_key))
                .as_bytes(),
            &chunk(body.as_bytes()),
            b"0\r\n\r\n",
        ]
        .concat();
        stream.get_mut().write_all(&request).unwrap();
        let (head, body) = read_answer(&mut stream);
        assert_eq!(status(&head), "200");
        assert!(!head.contains("connection: close"), "{head}");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["firstName"], name);
    }
}

#[test]
fn a_refused_request_with_a_small_body_leaves_the_connection_open() {
    let server = demo();
    let head = patch_head(&server.seed().tenant, "nobody's");
    let mut stream = BufReader::new(connect(&server));
    for _ in 0..3 {
        let request = format!("{head}content-length: 20\r\n\r\n{{\"firstName\": \"Ada\"}}");
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let (head, _) = read_answer(&mut stream);
        assert_eq!(status(&head), "401");
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[test]
fn a_client_that_writes_all_before_it_reads_gets_its_answer() {
    let server = demo();
    let tenant = server.seed().tenant.clone();
    refused(&server, || {
        for length in [100_000, (1 << 20) + 1, 2_000_000, 3_000_000, 5_000_000] {
            for (key, expected) in [("nobody's", "401"), (tenant.replay.api_key.as_str(), "413")] {
                if expected == "413" && length <= 1 << 20 {
                    continue;
                }
                let head = patch_head(&tenant, key);
                let whole = vec![b' '; length];
                let pieces: Vec<u8> = whole.chunks(8_192).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
                for (framing, body) in [
                    (format!("content-length: {length}"), &whole),
                    ("transfer-encoding: chunked".to_owned(), &pieces),
                ] {
                    let mut stream = BufReader::new(connect(&server));
                    stream.get_mut().write_all(format!("{head}{framing}\r\n\r\n").as_bytes()).unwrap();
                    stream.get_mut().write_all(body).unwrap();
                    let (head, body) = read_answer(&mut stream);
                    assert_eq!(status(&head), expected, "{length} {framing}");
                    assert!(serde_json::from_slice::<Value>(&body).unwrap()["error"].is_string());
                    // What is left of a body that was read up to the limit may be little enough to go on.
                    assert!(length < 2_000_000 || head.contains("connection: close"), "{head}");
                    if head.contains("connection: close") {
                        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed in order");
                    }
                }
            }
        }
    });
}

#[test]
fn a_client_that_does_not_stop_is_cut_off() {
    let server = demo();
    let mut stream = connect(&server);
    let head = patch_head(&server.seed().tenant, "nobody's");
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let piece = chunk(&[b' '; 64 * 1024]);
    // What the two ends keep in their buffers is not read, and far less than the rest.
    let cut = (0..1024).find(|_| stream.write_all(&piece).is_err());
    assert!(cut.is_some(), "64 MiB were taken");
    server.client().get("/healthz").expect(200);
}

#[test]
fn a_body_that_trickles_has_no_more_time_than_another() {
    let server = impatient(&[("PERSONAE_LIMITS__BODY_SECONDS", "1")]);
    let tenant = tenant(&server);
    let mut stream = BufReader::new(connect(&server));
    let head = patch_head(&tenant, &tenant.replay.api_key);
    stream.get_mut().write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    stream.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let begun = Instant::now();
    while stream.get_ref().peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is still waited for");
        stream.get_mut().write_all(&chunk(b" ")).unwrap();
    }
    let (head, _) = read_answer(&mut stream);
    assert_eq!(status(&head), "400");
    assert!(head.contains("connection: close"), "{head}");
}

#[test]
fn who_expects_to_be_asked_for_the_body_is_refused_without_being_asked() {
    let server = demo();
    let tenant = server.seed().tenant.clone();
    for (key, length, expected) in
        [("nobody's", 20, "401"), (tenant.replay.api_key.as_str(), 2_000_000, "413")]
    {
        let head = patch_head(&tenant, key);
        let mut stream = BufReader::new(connect(&server));
        let head = format!("{head}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes()).unwrap();
        let (head, _) = read_answer(&mut stream);
        assert_eq!(status(&head), expected);
        // A client that sends its body all the same, as it may, is not reset.
        stream.get_mut().write_all(&vec![b' '; length]).unwrap();
        stream.get_ref().shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    let mut stream = BufReader::new(connect(&server));
    let head = patch_head(&tenant, &tenant.replay.api_key);
    let head = format!("{head}expect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    stream.get_mut().write_all(head.as_bytes()).unwrap();
    assert_eq!(status(&read_answer(&mut stream).0), "100");
    stream.get_mut().write_all(b"{}").unwrap();
    assert_eq!(status(&read_answer(&mut stream).0), "200");
}

#[test]
fn who_is_calling_is_looked_at_before_the_body() {
    let server = demo();
    for dialect in Dialect::ALL {
        let (path, _) = target(&server, dialect);
        for method in ["PATCH", "DELETE"] {
            if method == "DELETE" && dialect != Dialect::Laurel {
                continue;
            }
            let path = path.replace(
                "/api/v2/customers",
                if method == "DELETE" { "/api/v1/customers" } else { "/api/v2/customers" },
            );
            let mut stream = BufReader::new(connect(&server));
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
            );
            stream.get_mut().write_all(head.as_bytes()).unwrap();
            assert_eq!(status(&read_answer(&mut stream).0), "401", "{dialect:?} {method}");
        }
    }
}

/// The calls that need no credential, each with a body that it would answer otherwise than with a 413.
fn open_calls(server: &Server) -> [(Dialect, &'static str, Request); 4] {
    let client = server.client();
    let json = |path: &'static str| client.request("POST", path).header("content-type", "application/json");
    let form = client
        .request("POST", "/login/oauth/authorize")
        .header("content-type", "application/x-www-form-urlencoded");
    [
        (Dialect::Relesys, "invalid_request", form),
        (Dialect::Kare, "Validation failed", json("/auth/v1/rs/login/credentials")),
        (Dialect::Kare, "Validation failed", json("/auth/v1/rs/token/refresh")),
        (Dialect::Laurel, "invalid_request", json("/api/v1/oauth/token")),
    ]
}

#[test]
fn without_a_credential_a_body_is_small() {
    let server = demo();
    for (dialect, says, request) in open_calls(&server) {
        let largest = format!("{{}}{}", " ".repeat(16 * 1024 - 2));
        let answer = request.clone().body(largest.clone()).send();
        assert!(answer.status == 400 && answer.text().contains(says), "{dialect:?}: {}", answer.text());
        let larger = format!("{largest} ");
        told(dialect, request.clone().body(larger.clone()).send(), 413);
        told(dialect, request.chunked(larger).send(), 413);
    }
}

fn compressed(encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match encoding {
        "gzip" | "x-gzip" => GzEncoder::new(body, Compression::best()).read_to_end(&mut bytes).unwrap(),
        "deflate" => ZlibEncoder::new(body, Compression::best()).read_to_end(&mut bytes).unwrap(),
        _ => (&mut &*body).read_to_end(&mut bytes).unwrap(),
    };
    bytes
}

/// A patch of the last name, in the vendor's words.
fn rename(caller: &Caller, dialect: Dialect, path: &str, name: &str) -> (Request, Vec<u8>) {
    let body = match dialect {
        Dialect::Relesys => json!([{"op": "replace", "path": "/name", "value": name}]),
        Dialect::Replay | Dialect::Kare | Dialect::Laurel => json!({ "lastName": name }),
    };
    (caller.patching(path, body.clone()), body.to_string().into_bytes())
}

/// The name of whom [`target`] is about, read through one API: Kare's answer to a patch has none.
fn name(server: &Server) -> String {
    let user = &server.seed().tenant.people[2].replay;
    let read = server.callers().replay.get(format!("/api/user/{user}")).expect(200).json();
    format!(
        "{} {}",
        read["firstName"].as_str().unwrap_or_default(),
        read["lastName"].as_str().unwrap_or_default()
    )
}

#[test]
fn a_compressed_body_is_read_within_the_same_limits() {
    let server = demo();
    let callers = server.callers();
    for dialect in Dialect::ALL {
        let (path, _) = target(&server, dialect);
        let caller = callers.get(dialect);
        for encoding in ["gzip", "x-gzip", "GZIP", "deflate", "identity", ""] {
            let (request, body) = rename(caller, dialect, &path, &format!("{dialect:?} {encoding}."));
            let body = compressed(&encoding.to_ascii_lowercase(), &body);
            told(dialect, request.header("content-encoding", encoding).body(body).send(), 200);
            let name = name(&server);
            assert!(name.ends_with(&format!("{dialect:?} {encoding}.")), "{name}");
        }
        refused(&server, || {
            let (request, body) = rename(caller, dialect, &path, "Nobody");
            for encoding in ["br", "zstd", "compress", "gzip, gzip", "x"] {
                let request = request.clone().header("content-encoding", encoding);
                let answer = request.body(compressed("gzip", &body)).send().expect(415);
                assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate, identity"));
                promised(dialect).expect(&answer);
            }
            for encoding in ["gzip", "deflate"] {
                let request = request.clone().header("content-encoding", encoding);
                let bomb = compressed(encoding, &vec![b' '; 8 << 20]);
                assert!(bomb.len() < 100_000);
                told(dialect, request.clone().body(bomb).send(), 413);
                let whole = compressed(encoding, &body);
                let cut = &whole[..whole.len() - 3];
                for broken in [cut, &body, &[&whole[..], b"x"].concat()] {
                    told(dialect, request.clone().body(broken).send(), 400);
                }
                told(dialect, request.body("").send(), 400);
            }
        });
    }
}

#[test]
fn a_byte_order_mark_is_taken() {
    let server = demo();
    let callers = server.callers();
    for dialect in Dialect::ALL {
        let (path, _) = target(&server, dialect);
        let (request, body) = rename(callers.get(dialect), dialect, &path, "Marked");
        let body = [b"\xef\xbb\xbf", &body[..]].concat();
        told(dialect, request.clone().body(body).send(), 200);
        let name = name(&server);
        assert!(name.contains("Marked"), "{dialect:?} {name}");
        told(dialect, request.clone().body(b"\xef\xbb\xbf\xef\xbb\xbf{}").send(), 400);
        told(dialect, request.body(b"\xef\xbb\xbf").send(), 400);
    }
}

#[test]
fn many_small_chunks_hold_no_more_than_they_bring() {
    let server = impatient(&[("PERSONAE_LIMITS__BODY_SECONDS", "600")]);
    let tenant = tenant(&server);
    let head = patch_head(&tenant, &tenant.replay.api_key);
    let chunks = b"1\r\n \r\n".repeat(150_000);
    let before = resident_kib(&server);
    let mut stalled: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = BufReader::new(connect(&server));
            stream
                .get_mut()
                .write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())
                .unwrap();
            stream.get_mut().write_all(&chunks).unwrap();
            stream
        })
        .collect();
    server.client().get("/healthz").expect(200);
    let grown = resident_kib(&server).saturating_sub(before);
    // Their 150 kB each, what the connections themselves need, and the allocator's reserve.
    assert!(grown < 20 * 1024, "memory grew by {grown} KiB");
    for stream in &mut stalled {
        stream.get_mut().write_all(&[&chunk(b"{}")[..], b"0\r\n\r\n"].concat()).unwrap();
        assert_eq!(status(&read_answer(stream).0), "200");
    }
}

#[test]
fn bodies_that_stall_share_a_budget_and_neighbours_are_served() {
    let server = impatient(&[
        ("PERSONAE_LIMITS__BODY_BYTES_IN_FLIGHT", "8388608"),
        ("PERSONAE_LIMITS__BODY_SECONDS", "600"),
    ]);
    let tenant = tenant(&server);
    let length = 1 << 20;
    let head = patch_head(&tenant, &tenant.replay.api_key);
    let most = vec![b' '; length - 1];
    let before = resident_kib(&server);
    let stalled: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(format!("{head}content-length: {length}\r\n\r\n").as_bytes()).unwrap();
            stream.write_all(&most).unwrap();
            stream
        })
        .collect();
    // Strangers who stall take from another part.
    let strangers: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = connect(&server);
            let head = "POST /auth/v1/rs/login/credentials HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                        content-length: 16384\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&most[..16_383]).unwrap();
            stream
        })
        .collect();
    let client = server.client();
    let user = &tenant.people[1].replay;
    for number in 0..20 {
        let patch =
            client.request("PATCH", format!("/api/user/{user}")).header("x-api-key", &tenant.replay.api_key);
        patch.json(json!({"lastName": format!("Neighbour{number}")})).send().expect(200);
    }
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 64 * 1024, "memory grew by {grown} KiB");
    // After that was measured, since hashing a password takes memory of its own.
    let login = json!({"email": tenant.kare.admin.email, "password": tenant.kare.admin.password});
    client.request("POST", "/auth/v1/rs/login/credentials").json(login).send().expect(201);

    // Those that made room were told so, and the others go on.
    let (mut told_busy, mut went_on) = (0, 0);
    for stream in stalled {
        let mut stream = BufReader::new(stream);
        // The server has closed those that it has answered and read away.
        stream.get_mut().write_all(b" ").ok();
        let (head, body) = read_answer(&mut stream);
        match status(&head) {
            "503" => {
                assert!(head.contains("retry-after: 1\r\n"), "{head}");
                assert!(serde_json::from_slice::<Value>(&body).unwrap()["error"].is_string());
                told_busy += 1;
            }
            other => {
                assert_eq!(other, "400", "{head}");
                went_on += 1;
            }
        }
    }
    assert!(told_busy >= 90 && went_on >= 1, "{told_busy} were refused, {went_on} were read");
    drop(strangers);
}
