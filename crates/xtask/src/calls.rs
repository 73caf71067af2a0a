//! The documented calls of the four APIs: signing in, reading a user, updating one, searching.

use anyhow::{Context, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::http::{self, Connection};
use crate::personae::{Demo, DemoPerson};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Relesys,
    Replay,
    Kare,
    Laurel,
}

impl Dialect {
    pub(crate) const ALL: [Self; 4] = [Self::Relesys, Self::Replay, Self::Kare, Self::Laurel];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relesys => "relesys",
            Self::Replay => "replay",
            Self::Kare => "kare",
            Self::Laurel => "laurel",
        }
    }
}

/// One API with a live credential.
#[derive(Debug, Clone)]
pub(crate) enum Session {
    Relesys { token: String },
    Replay { key: String },
    Kare { access: String, session: String },
    Laurel { token: String, customer: String },
}

impl Session {
    /// Gets what a caller needs before the first call: a token, two, or just the key.
    pub(crate) async fn open(
        dialect: Dialect,
        demo: &Demo,
        connection: &mut Connection,
    ) -> anyhow::Result<Self> {
        let text = |answer: &Value, pointer: &str| {
            let found = answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            found.with_context(|| format!("the {} token answer has no {pointer}", dialect.name()))
        };
        Ok(match dialect {
            Dialect::Relesys => {
                let client = &demo.relesys;
                let form = format!(
                    "grant_type=client_credentials&client_id={}&client_secret={}&scope=relesys.api",
                    encoded(&client.client_id),
                    encoded(&client.client_secret)
                );
                let body = Some(("application/x-www-form-urlencoded", form.as_str()));
                let request = http::request("POST", "/login/oauth/authorize", &[], body);
                let answer = expect(connection, &request, 200).await?;
                Self::Relesys { token: text(&answer, "/access_token")? }
            }
            Dialect::Replay => Self::Replay { key: demo.replay.api_key.clone() },
            Dialect::Kare => {
                let login = &demo.kare.admin;
                let body = json!({"email": login.email, "password": login.password}).to_string();
                let body = Some(("application/json", body.as_str()));
                let request = http::request("POST", "/auth/v1/rs/login/credentials", &[], body);
                let answer = expect(connection, &request, 201).await?;
                Self::Kare {
                    access: text(&answer, "/data/accessToken")?,
                    session: text(&answer, "/data/sessionToken")?,
                }
            }
            Dialect::Laurel => {
                let client = &demo.laurel;
                let body = json!({
                    "client_id": client.client_id,
                    "client_secret": client.client_secret,
                    "audience": "https://timeautomation.com",
                    "grant_type": "client_credentials",
                });
                let body = body.to_string();
                let body = Some(("application/json", body.as_str()));
                let request = http::request("POST", "/laurel/api/v1/oauth/token", &[], body);
                let answer = expect(connection, &request, 200).await?;
                Self::Laurel { token: text(&answer, "/access_token")?, customer: client.customer_id.clone() }
            }
        })
    }

    /// The request that reads one user.
    pub(crate) fn read(&self, person: &DemoPerson) -> Vec<u8> {
        let target = match self {
            Self::Relesys { .. } => format!("/api/v1.4/users/{}", person.relesys),
            Self::Replay { .. } => format!("/api/user/{}", person.replay),
            Self::Kare { .. } => format!("/users/v1/rs/{}", person.kare),
            Self::Laurel { customer, .. } => {
                format!("/laurel/api/v1/customers/{customer}/users/{}", person.laurel)
            }
        };
        self.request("GET", &target, None)
    }

    /// The request that gives one attribute of one user a value: the title, or the first name where there is none.
    pub(crate) fn update(&self, person: &DemoPerson, value: &str) -> Vec<u8> {
        let (target, content_type, body) = match self {
            Self::Relesys { .. } => (
                format!("/api/v1.4/users/{}", person.relesys),
                "application/json-patch+json",
                json!([{"op": "replace", "path": "/title", "value": value}]),
            ),
            Self::Replay { .. } => {
                (format!("/api/user/{}", person.replay), "application/json", json!({"firstName": value}))
            }
            Self::Kare { .. } => (
                format!("/users-organizations/v1/rs/users/{}", person.kare),
                "application/json",
                json!({"firstName": value}),
            ),
            Self::Laurel { customer, .. } => (
                format!("/laurel/api/v2/customers/{customer}/users/{}", person.laurel),
                "application/json",
                json!({"jobTitle": value}),
            ),
        };
        self.request("PATCH", &target, Some((content_type, &body.to_string())))
    }

    /// The request that searches users for a word. Only Laurel's update page comes with a search.
    pub(crate) fn search(&self, word: &str) -> Option<Vec<u8>> {
        let Self::Laurel { customer, .. } = self else { return None };
        let target = format!("/laurel/api/v1/customers/{customer}/users?search={}", encoded(word));
        Some(self.request("GET", &target, None))
    }

    /// The request of the first page of 100 users. Of those measured here, only Relesys' lists have filters and sorting.
    pub(crate) fn list(&self, query: &str) -> Option<Vec<u8>> {
        let Self::Relesys { .. } = self else { return None };
        Some(self.request("GET", &format!("/api/v1.4/users?limit=100&{query}"), None))
    }

    /// The request that creates a user of a department. Replay and Kare invite people instead.
    pub(crate) fn create(&self, department: &str, external_id: &str) -> Option<Vec<u8>> {
        let Self::Relesys { .. } = self else { return None };
        let body = json!({
            "name": "Bench User", "primaryDepartmentId": department, "userGroups": [], "externalId": external_id,
        });
        Some(self.request("POST", "/api/v1.4/users", Some(("application/json", &body.to_string()))))
    }

    /// Where an answer to `read` holds what `update` through any of the APIs changed.
    pub(crate) fn title_or_first_name(&self) -> &'static str {
        match self {
            Self::Relesys { .. } => "/data/title",
            Self::Replay { .. } => "/firstName",
            Self::Kare { .. } => "/data/firstName",
            Self::Laurel { .. } => "/jobTitle",
        }
    }

    fn request(&self, method: &str, target: &str, body: Option<(&str, &str)>) -> Vec<u8> {
        match self {
            Self::Relesys { token } | Self::Laurel { token, .. } => {
                http::request(method, target, &[("Authorization", &format!("Bearer {token}"))], body)
            }
            Self::Replay { key } => http::request(method, target, &[("x-api-key", key)], body),
            Self::Kare { access, session } => {
                let bearer = format!("Bearer {access}");
                http::request(
                    method,
                    target,
                    &[("Authorization", &bearer), ("x-session-token", session)],
                    body,
                )
            }
        }
    }
}

/// Sends a request, insists on the status, and reads the answer as JSON.
pub(crate) async fn expect(
    connection: &mut Connection,
    request: &[u8],
    status: u16,
) -> anyhow::Result<Value> {
    let line = request_line(request);
    let got = connection.exchange(request).await.with_context(|| line.clone())?;
    if got != status {
        // The answer of an error holds no secret; that of a success might be a token, and is not shown.
        let body = if got >= 400 { excerpt(connection.body()) } else { String::new() };
        bail!("{line}: expected {status}, got {got} {body}");
    }
    serde_json::from_slice(connection.body()).with_context(|| format!("{line}: the answer is not JSON"))
}

/// Method and target of a request, for messages.
pub(crate) fn request_line(request: &[u8]) -> String {
    let end = request.iter().position(|byte| *byte == b'\r').unwrap_or(request.len());
    let line = String::from_utf8_lossy(&request[..end]);
    line.strip_suffix(" HTTP/1.1").unwrap_or(&line).to_owned()
}

/// The beginning of a body, for messages.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> DemoPerson {
        DemoPerson {
            relesys: "r-1".into(),
            replay: "p-1".into(),
            kare: 7,
            laurel: "0123456789abcdef01234567".into(),
            email: "ada@example.com".into(),
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn update_is_written_as_each_vendor_documents_it() {
        let relesys = text(Session::Relesys { token: "t".into() }.update(&ada(), "Duchess"));
        assert!(relesys.starts_with("PATCH /api/v1.4/users/r-1 ") && relesys.contains("json-patch+json"));
        assert!(relesys.ends_with(r#"[{"op":"replace","path":"/title","value":"Duchess"}]"#), "{relesys}");
        let replay = text(Session::Replay { key: "k".into() }.update(&ada(), "Ada"));
        assert!(replay.starts_with("PATCH /api/user/p-1 ") && replay.contains("x-api-key: k\r\n"));
        let session = Session::Kare { access: "a".into(), session: "s".into() };
        let kare = text(session.update(&ada(), "Ada"));
        assert!(kare.starts_with("PATCH /users-organizations/v1/rs/users/7 "), "{kare}");
        assert!(kare.contains("Authorization: Bearer a\r\n") && kare.contains("x-session-token: s\r\n"));
        let session = Session::Laurel { token: "t".into(), customer: "c".into() };
        let laurel = text(session.update(&ada(), "Duchess"));
        assert!(laurel.starts_with("PATCH /laurel/api/v2/customers/c/users/0123456789abcdef01234567 "));
    }

    #[test]
    fn search_word_is_encoded() {
        let session = Session::Laurel { token: "t".into(), customer: "c".into() };
        let search = text(session.search("ada b@x").expect("Laurel has a search"));
        assert!(search.contains("users?search=ada%20b%40x "), "{search}");
        assert_eq!(Session::Replay { key: "k".into() }.search("ada"), None);
    }

    #[test]
    fn messages_name_the_call_and_no_header() {
        let request = Session::Replay { key: "secret".into() }.read(&ada());
        assert_eq!(request_line(&request), "GET /api/user/p-1");
    }
}
