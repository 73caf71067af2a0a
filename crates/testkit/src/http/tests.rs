//! The client against a server that answers byte for byte what each test wants.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::tiny_server::{Reply, Seen, TinyServer};

/// A server that gives the same bytes to every request and keeps the connection open.
fn always(answer: &'static [u8]) -> TinyServer {
    TinyServer::start(move |_: &Seen| Reply::Keep(answer.to_vec()))
}

fn try_get(server: &TinyServer) -> Result<Response, Error> {
    Client::new(&server.url).request("GET", "/").try_send()
}

#[test]
fn an_answer_keeps_status_header_order_and_body() {
    let server = always(b"HTTP/1.1 404 Not Found\r\nB-One: 1\r\nA-Two: x\r\nb-one: 2\r\nContent-Length: 9\r\n\r\n{\"a\": 1}\n");
    let answer = Client::new(&server.url).get("/some?thing=1").expect(404);
    assert_eq!(answer.json(), json!({"a": 1}));
    assert_eq!(answer.text(), "{\"a\": 1}\n");
    assert_eq!(answer.header("a-TWO"), Some("x"));
    assert_eq!(answer.headers.all("b-one").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(
        answer.headers.iter().map(|(name, _)| name).collect::<Vec<_>>()[..3],
        ["B-One", "A-Two", "b-one"]
    );
    assert_eq!((answer.method.as_str(), answer.target.as_str()), ("GET", "/some?thing=1"));
}

#[test]
fn a_connection_is_used_again_and_several_threads_use_several() {
    let server = always(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let client = Client::new(&server.url);
    for _ in 0..3 {
        assert_eq!(client.get("/").text(), "ok");
    }
    assert!(server.seen().iter().all(|seen| seen.connection == 0));

    let gate = std::sync::Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                gate.wait();
                assert_eq!(client.clone().get("/").text(), "ok");
            });
        }
    });
    assert_eq!(server.seen().len(), 7);
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced_and_nothing_is_sent_twice() {
    // It does not announce the close, as a server that tires of idle connections does not.
    let server =
        TinyServer::start(|_| Reply::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()));
    let client = Client::new(&server.url);
    client.get("/first").expect(200);
    // The close is a fact to wait for: the kept connection stops being usable.
    while client.idle.lock().unwrap().iter().any(Connection::is_usable) {
        thread::yield_now();
    }
    client.get("/second").expect(200);
    let lines: Vec<String> = server.seen().iter().map(Seen::request_line).collect();
    assert_eq!(lines, ["GET /first HTTP/1.1", "GET /second HTTP/1.1"]);
    assert_eq!(server.seen()[1].connection, 1);
}

#[test]
fn an_announced_close_is_honoured() {
    let server = TinyServer::start(|_| {
        Reply::Keep(b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 0\r\n\r\n".to_vec())
    });
    let client = Client::new(&server.url);
    client.get("/");
    client.get("/");
    assert_eq!(server.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn chunks_extensions_and_trailers_are_read_and_the_connection_stays_in_step() {
    let server = always(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nx: y\r\n\r\n",
    );
    let client = Client::new(&server.url);
    assert_eq!(client.get("/").text(), "hello, world");
    assert_eq!(client.get("/").text(), "hello, world");
    assert_eq!(server.seen()[1].connection, 0);
}

#[test]
fn an_answer_without_a_length_ends_with_the_connection() {
    let server = TinyServer::start(|_| Reply::Close(b"HTTP/1.0 200 OK\r\n\r\nto the end".to_vec()));
    assert_eq!(Client::new(&server.url).get("/").text(), "to the end");
}

#[test]
fn answers_without_a_body_do_not_wait_for_one() {
    let server = TinyServer::start(|seen: &Seen| {
        Reply::Keep(match seen.request_line().starts_with("HEAD") {
            true => b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec(),
            false => b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        })
    });
    let client = Client::new(&server.url);
    assert_eq!(client.request("HEAD", "/").send().expect(200).body, b"");
    assert_eq!(client.request("DELETE", "/").send().expect(204).body, b"");
    assert_eq!(server.seen()[1].connection, 0);
}

#[test]
fn a_server_that_dies_is_told_apart_by_how_far_it_came() {
    let nothing = TinyServer::start(|_| Reply::Close(Vec::new()));
    let error = try_get(&nothing).unwrap_err();
    assert!(matches!(error, Error::Cut { received: 0, .. }), "{error}");

    let within_the_head = TinyServer::start(|_| Reply::Close(b"HTTP/1.1 200 OK\r\nconte".to_vec()));
    let error = try_get(&within_the_head).unwrap_err();
    assert!(matches!(error, Error::Cut { received: 22, .. }), "{error}");

    let within_the_body =
        TinyServer::start(|_| Reply::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive!".to_vec()));
    let error = try_get(&within_the_body).unwrap_err();
    assert!(matches!(error, Error::Cut { received: 44, .. }), "{error}");

    let within_a_chunk = TinyServer::start(|_| {
        Reply::Close(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab".to_vec())
    });
    let error = try_get(&within_a_chunk).unwrap_err();
    assert!(matches!(error, Error::Cut { received: 52, .. }), "{error}");
    assert!(error.to_string().contains("52 bytes into the answer"), "{error}");

    // Port 1 is below those that other tests are given, and nothing has listened on it for decades.
    let error = Client::new("http://127.0.0.1:1").request("GET", "/").try_send().unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error}");
}

#[test]
fn waiting_has_a_bound() {
    let silent = always(b"");
    let request = Client::new(&silent.url).request("GET", "/").within(Duration::from_millis(20));
    assert!(matches!(request.try_send(), Err(Error::TimedOut { received: 0 })));
}

#[test]
fn what_is_not_http_is_said_to_be_malformed() {
    for answer in [
        &b"SSH-2.0-OpenSSH_9.6\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
    ] {
        let result = try_get(&always(answer));
        assert!(matches!(result, Err(Error::Malformed(_))), "{}: {result:?}", answer.escape_ascii());
    }
}

#[test]
fn method_target_and_headers_go_out_byte_for_byte() {
    let server = always(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let client = Client::new(&server.url);
    let long = vec![b'k'; 64 * 1024];
    client
        .request("pAtCh", b"//api/%2e%2E/../v1/users//%FF?a=[b]&c;d")
        .host("KARE.example:80")
        .header("Authorization", b"Bearer \xff\x80")
        .header("x-long", &long)
        .add_header("x-twice", "1")
        .add_header("X-Twice", "2")
        .send();
    let seen = server.seen().remove(0);
    assert_eq!(seen.request_line(), "pAtCh //api/%2e%2E/../v1/users//%FF?a=[b]&c;d HTTP/1.1");
    assert_eq!(seen.headers("host"), ["KARE.example:80"]);
    assert_eq!(seen.headers("x-twice"), ["1", "2"]);
    let raw = b"\r\nAuthorization: Bearer \xff\x80\r\n";
    assert!(seen.head.windows(raw.len()).any(|window| window == raw));
    assert!(seen.head.len() > long.len());
}

#[test]
fn headers_can_be_replaced_and_taken_away() {
    let client = Client::new("http://127.0.0.1:9");
    let request = client.request("GET", "/").header("A", "1").header("a", "2").without("HOST").body("hi");
    assert_eq!(request.bytes(), b"GET / HTTP/1.1\r\na: 2\r\ncontent-length: 2\r\n\r\nhi");
}

#[test]
fn bodies_announce_what_they_are() {
    let server = always(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let client = Client::new(&server.url);
    client.request("POST", "/").json(json!({"a": "é"})).send();
    client.request("PATCH", "/").header("Content-Type", "application/json-patch+json").json(json!([])).send();
    client.request("POST", "/").form(&[("grant type", "a&b=c"), ("scope", "x:y z")]).send();
    client.request("POST", "/").chunked(vec![b'x'; 8 * 1024 + 1]).send();
    let [json, patch, form, chunked] = &server.seen()[..] else { panic!("four requests were sent") };
    assert_eq!(
        (json.headers("content-type")[0].as_str(), &json.body[..]),
        ("application/json", "{\"a\":\"é\"}".as_bytes())
    );
    assert_eq!(
        (patch.headers("content-type")[0].as_str(), &patch.body[..]),
        ("application/json-patch+json", &b"[]"[..])
    );
    assert_eq!(form.headers("content-type"), ["application/x-www-form-urlencoded"]);
    assert_eq!(form.body, b"grant%20type=a%26b%3Dc&scope=x%3Ay%20z");
    assert!(chunked.headers("content-length").is_empty());
    assert!(chunked.body.starts_with(b"2000\r\nxxx") && chunked.body.ends_with(b"x\r\n1\r\nx\r\n0\r\n\r\n"));
    assert!(server.seen().iter().all(|seen| seen.connection == 0));
}

#[test]
fn a_connection_is_not_used_again_after_a_request_that_was_framed_wrongly() {
    let server = always(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let client = Client::new(&server.url);
    // The server reads "G" as the body; the rest would be in front of the next request.
    client.request("POST", "/").body("GET /smuggled").header("content-length", "1").send();
    client.request("GET", "/").header("x", "1\r\ny: 2").send();
    client.get("/");
    let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 1, 2]);
}

#[test]
fn an_answer_given_before_the_request_was_read_is_still_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refusing = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        io::Write::write_all(&mut stream, b"HTTP/1.1 413 Too Large\r\ncontent-length: 4\r\n\r\nbig!")
            .unwrap();
    });
    let answer = Client::new(&url).request("POST", "/").body(vec![b'x'; 8 * 1024 * 1024]).send();
    assert_eq!(answer.expect(413).text(), "big!");
    refusing.join().unwrap();
}

#[test]
fn a_failed_expectation_shows_the_whole_answer() {
    let server =
        always(b"HTTP/1.1 409 Conflict\r\nx-request-id: 77\r\ncontent-length: 12\r\n\r\nemail taken\n");
    let answer = Client::new(&server.url).get("/api/user");
    let panic = std::panic::catch_unwind(|| answer.expect(200)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    for part in ["expected 200", "GET /api/user was answered with 409", "x-request-id: 77", "email taken"] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
}

#[test]
#[should_panic(expected = "does not have the form http://IP:PORT")]
fn an_address_that_cannot_be_used_is_refused() {
    Client::new("https://example.org/");
}
