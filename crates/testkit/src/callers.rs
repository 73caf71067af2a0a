//! A caller per dialect: it holds that vendor's credential and sends what that vendor's clients send.

use std::borrow::Borrow;

use serde_json::{Value, json};

use crate::contracts;
use crate::demo::{ClientCredentials, KareLogin, Tenant};
use crate::http::{Client, Request, Response};

/// The vendor APIs that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    Relesys,
    Replay,
    Kare,
    Laurel,
}

impl Dialect {
    pub const ALL: [Dialect; 4] = [Dialect::Relesys, Dialect::Replay, Dialect::Kare, Dialect::Laurel];

    /// The name in configuration, on the command line and in the prefix.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Relesys => "relesys",
            Dialect::Replay => "replay",
            Dialect::Kare => "kare",
            Dialect::Laurel => "laurel",
        }
    }

    /// The prefix under which the dialect answers whatever else is configured.
    pub fn prefix(self) -> String {
        format!("/{}", self.name())
    }

    /// The content type of an update as the vendor documents it.
    fn patch_type(self) -> &'static str {
        match self {
            Dialect::Relesys => "application/json-patch+json",
            Dialect::Replay | Dialect::Kare | Dialect::Laurel => "application/json",
        }
    }
}

/// One credential of one dialect. Paths are the vendor's own, from the root, unless [`Caller::under`] says otherwise.
#[derive(Debug, Clone)]
pub struct Caller {
    pub dialect: Dialect,
    client: Client,
    pub prefix: String,
    headers: Vec<(&'static str, String)>,
}

impl Caller {
    /// Fetches a token with `scope`, which is one scope or several separated by blanks.
    #[track_caller]
    pub fn relesys(client: &Client, credentials: &ClientCredentials, scope: &str) -> Caller {
        let answer = Caller::nobody(client, Dialect::Relesys)
            .under("/relesys")
            .raw("POST", "/login/oauth/authorize")
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &credentials.client_id),
                ("client_secret", &credentials.client_secret),
                ("scope", scope),
            ])
            .send();
        let token = token(&answer.expect(200), "/access_token");
        Caller::nobody(client, Dialect::Relesys).with("authorization", format!("Bearer {token}"))
    }

    /// Has a key and needs nothing else.
    pub fn replay(client: &Client, api_key: &str) -> Caller {
        Caller::nobody(client, Dialect::Replay).with("x-api-key", api_key.to_owned())
    }

    /// Logs in, which gives two tokens.
    #[track_caller]
    pub fn kare(client: &Client, login: &KareLogin) -> Caller {
        let answer = Caller::nobody(client, Dialect::Kare)
            .under("/kare")
            .post("/auth/v1/rs/login/credentials", json!({"email": login.email, "password": login.password}));
        let answer = answer.expect(201);
        Caller::nobody(client, Dialect::Kare)
            .with("authorization", format!("Bearer {}", token(&answer, "/data/accessToken")))
            .with("x-session-token", token(&answer, "/data/sessionToken"))
    }

    /// Fetches a token.
    #[track_caller]
    pub fn laurel(client: &Client, credentials: &ClientCredentials) -> Caller {
        let answer = Caller::nobody(client, Dialect::Laurel).under("/laurel").post(
            "/api/v1/oauth/token",
            json!({
                "audience": "https://timeautomation.com",
                "grant_type": "client_credentials",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
            }),
        );
        let token = token(&answer.expect(200), "/access_token");
        Caller::nobody(client, Dialect::Laurel).with("authorization", format!("Bearer {token}"))
    }

    /// Has no credential at all.
    pub fn nobody(client: &Client, dialect: Dialect) -> Caller {
        Caller { dialect, client: client.clone(), prefix: String::new(), headers: Vec::new() }
    }

    /// The same caller with another header on every request, in place of any of that name: another host, another token.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Caller {
        self.headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name));
        self.headers.push((name, value.into()));
        self
    }

    /// The same caller, with the same credential, at another server.
    pub fn at(mut self, client: &Client) -> Caller {
        self.client = client.clone();
        self
    }

    /// The same caller with `prefix` before every path, as for an API that is mounted there.
    pub fn under(mut self, prefix: &str) -> Caller {
        prefix.clone_into(&mut self.prefix);
        self
    }

    #[track_caller]
    pub fn get(&self, path: impl AsRef<[u8]>) -> Response {
        self.raw("GET", path).send()
    }

    /// Sends a JSON body. One that the server accepts is held against the contract, here and in the two that follow.
    #[track_caller]
    pub fn post(&self, path: impl AsRef<[u8]>, body: impl Borrow<Value>) -> Response {
        self.held(self.raw("POST", path).json(body).send())
    }

    #[track_caller]
    pub fn put(&self, path: impl AsRef<[u8]>, body: impl Borrow<Value>) -> Response {
        self.held(self.raw("PUT", path).json(body).send())
    }

    /// Sends an update with the vendor's content type for one.
    #[track_caller]
    pub fn patch(&self, path: impl AsRef<[u8]>, body: impl Borrow<Value>) -> Response {
        self.held(self.patching(path, body).send())
    }

    /// The request that [`Caller::patch`] sends, for a test in which the server may die meanwhile.
    pub fn patching(&self, path: impl AsRef<[u8]>, body: impl Borrow<Value>) -> Request {
        self.raw("PATCH", path).header("content-type", self.dialect.patch_type()).json(body)
    }

    /// The answer, after making sure that a body that was accepted is one that the contract describes.
    #[track_caller]
    fn held(&self, answer: Response) -> Response {
        match contracts::of(self.dialect).check_accepted(&answer) {
            Ok(()) => answer,
            Err(fault) => panic!("{fault}\n\n{answer}"),
        }
    }

    #[track_caller]
    pub fn delete(&self, path: impl AsRef<[u8]>) -> Response {
        self.raw("DELETE", path).send()
    }

    /// A request with this caller's credential and no body, on which everything can be overridden.
    pub fn raw(&self, method: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> Request {
        let target = [self.prefix.as_bytes(), path.as_ref()].concat();
        let request = self.client.request(method, target);
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

/// A caller for each dialect, all of the same tenant, each with full rights.
#[derive(Debug, Clone)]
pub struct Callers {
    pub relesys: Caller,
    pub replay: Caller,
    pub kare: Caller,
    pub laurel: Caller,
}

impl Callers {
    /// Logs in everywhere with the credentials of `tenant`.
    #[track_caller]
    pub fn of(client: &Client, tenant: &Tenant) -> Callers {
        Callers {
            relesys: Caller::relesys(client, &tenant.relesys.client, "relesys.api"),
            replay: Caller::replay(client, &tenant.replay.api_key),
            kare: Caller::kare(client, &tenant.kare.admin),
            laurel: Caller::laurel(client, &tenant.laurel.client),
        }
    }

    /// The same callers, with the same credentials, at another server.
    pub fn at(&self, client: &Client) -> Callers {
        let Callers { relesys, replay, kare, laurel } = self.clone();
        Callers {
            relesys: relesys.at(client),
            replay: replay.at(client),
            kare: kare.at(client),
            laurel: laurel.at(client),
        }
    }

    pub fn get(&self, dialect: Dialect) -> &Caller {
        match dialect {
            Dialect::Relesys => &self.relesys,
            Dialect::Replay => &self.replay,
            Dialect::Kare => &self.kare,
            Dialect::Laurel => &self.laurel,
        }
    }

    pub fn all(&self) -> [&Caller; 4] {
        Dialect::ALL.map(|dialect| self.get(dialect))
    }
}

#[track_caller]
fn token(answer: &Response, pointer: &str) -> String {
    match answer.json().pointer(pointer).and_then(Value::as_str) {
        Some(token) => token.to_owned(),
        None => panic!("expected a token at {pointer}, but {answer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{self, Demo};
    use crate::tiny_server::{Reply, Seen, TinyServer};

    /// Gives out tokens as the four vendors do, and says yes to everything else.
    fn vendors(seen: &Seen) -> Reply {
        let line = seen.request_line();
        let body = String::from_utf8_lossy(&seen.body);
        match line.as_str() {
            "POST /relesys/login/oauth/authorize HTTP/1.1" if body.contains("client%5Fsecret=wrong") => {
                Reply::json(400, &json!({"error": "invalid_client"}))
            }
            "POST /relesys/login/oauth/authorize HTTP/1.1" => {
                Reply::json(200, &json!({"access_token": "r", "expires_in": "3600", "token_type": "Bearer"}))
            }
            "POST /kare/auth/v1/rs/login/credentials HTTP/1.1" => Reply::json(
                201,
                &json!({"data": {"accessToken": "ka", "refreshToken": "kr", "sessionToken": "ks"}}),
            ),
            "POST /laurel/api/v1/oauth/token HTTP/1.1" => {
                Reply::json(200, &json!({"access_token": "l", "expires_in": 86400, "token_type": "Bearer"}))
            }
            _ => Reply::json(200, &json!({"ok": true})),
        }
    }

    fn setup() -> (TinyServer, Callers) {
        let server = TinyServer::start(vendors);
        let demo: Demo = serde_json::from_value(demo::tests::line(&server.url)).unwrap();
        let callers = Callers::of(&Client::new(&server.url), &demo.tenant);
        (server, callers)
    }

    #[test]
    fn each_logs_in_as_its_vendor_documents() {
        let (server, _) = setup();
        let [relesys, kare, laurel] = &server.seen()[..] else { panic!("three of the four fetch tokens") };
        assert_eq!(relesys.headers("content-type"), ["application/x-www-form-urlencoded"]);
        assert_eq!(
            String::from_utf8_lossy(&relesys.body),
            "grant%5Ftype=client%5Fcredentials&client%5Fid=one%2Drelesys&client%5Fsecret=s1&scope=relesys%2Eapi"
        );
        let json = |seen: &Seen| serde_json::from_slice::<Value>(&seen.body).unwrap();
        assert_eq!(json(kare), json!({"email": "ada@one.example", "password": "password 1"}));
        assert_eq!(json(laurel)["audience"], "https://timeautomation.com");
        assert_eq!(json(laurel)["client_id"], "one-laurel");
    }

    #[test]
    fn each_sends_its_credential_and_content_type() {
        let (server, callers) = setup();
        for caller in callers.all() {
            caller.patch("/path", json!([1])).expect(200);
        }
        let seen = server.seen().split_off(3);
        let header = |index: usize, name: &str| Seen::headers(&seen[index], name);
        assert_eq!(header(0, "authorization"), ["Bearer r"]);
        assert_eq!(header(0, "content-type"), ["application/json-patch+json"]);
        assert_eq!(header(1, "x-api-key"), ["one-key"]);
        assert_eq!(header(1, "content-type"), ["application/json"]);
        assert_eq!(header(2, "authorization"), ["Bearer ka"]);
        assert_eq!(header(2, "x-session-token"), ["ks"]);
        assert_eq!(header(3, "authorization"), ["Bearer l"]);
        assert!(seen.iter().all(|seen| seen.request_line() == "PATCH /path HTTP/1.1" && seen.body == b"[1]"));
    }

    #[test]
    fn every_method_goes_where_it_should_and_everything_can_be_overridden() {
        let (server, callers) = setup();
        let kare = callers.kare.clone().under("/kare/main").with("host", "kare.example");
        let empty = json!({});
        kare.get("/a").expect(200);
        kare.post("/b", json!({})).expect(200);
        kare.put(String::from("/c"), &empty).expect(200);
        kare.delete("/d").expect(200);
        kare.raw("GET", "/e")
            .without("x-session-token")
            .header("authorization", "Basic x")
            .send()
            .expect(200);
        Caller::nobody(&Client::new(&server.url), Dialect::Kare).get("/f").expect(200);
        let seen = server.seen().split_off(3);
        let lines: Vec<String> = seen.iter().map(Seen::request_line).collect();
        let expected = ["GET /kare/main/a", "POST /kare/main/b", "PUT /kare/main/c", "DELETE /kare/main/d"];
        assert_eq!(lines[..4], expected.map(|line| format!("{line} HTTP/1.1")));
        let other = TinyServer::start(vendors);
        for caller in callers.at(&Client::new(&other.url)).all() {
            caller.get("/g").expect(200);
        }
        assert_eq!(other.seen()[2].headers("x-session-token"), ["ks"]);
        assert_eq!((other.seen().len(), server.seen().len()), (4, 3 + seen.len()));
        assert!(seen[..5].iter().all(|seen| seen.headers("host") == ["kare.example"]));
        assert_eq!(seen[4].headers("authorization"), ["Basic x"]);
        assert!(seen[4].headers("x-session-token").is_empty());
        assert!(seen[5].headers("authorization").is_empty());
    }

    #[test]
    #[should_panic(expected = "the request was accepted, but")]
    fn a_body_that_is_accepted_against_the_contract_is_a_fault() {
        let (_server, callers) = setup();
        callers.relesys.put("/api/v1/users/x/status", json!({"status": "Gone"}));
    }

    #[test]
    #[should_panic(expected = "invalid_client")]
    fn a_refused_login_shows_the_answer() {
        let server = TinyServer::start(vendors);
        let wrong = ClientCredentials { client_id: "x".to_owned(), client_secret: "wrong".to_owned() };
        Caller::relesys(&Client::new(&server.url), &wrong, "relesys.api");
    }
}
