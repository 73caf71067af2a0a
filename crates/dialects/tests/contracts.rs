//! Each dialect's `openapi.yaml` beside its table of routes: the same operations, and answers that it knows.

use std::collections::BTreeSet;

use axum::response::{IntoResponse, Response};
use dialects::http::Route;
use dialects::{kare, laurel, relesys, replay};
use directory::Refusal;
use testkit::http;
use testkit::openapi::OpenApi;

struct Dialect {
    name: &'static str,
    contract: OpenApi,
    /// Method, path and name of each route.
    operations: BTreeSet<[String; 3]>,
    /// What an operation answers when the store does not.
    unavailable: fn(operation: &str) -> Response,
}

fn all() -> [Dialect; 4] {
    [
        Dialect {
            name: "relesys",
            contract: read(include_str!("../src/relesys/openapi.yaml")),
            operations: operations(relesys::table()),
            unavailable: |_| relesys::error::Error::from(Refusal::Unavailable).into_response(),
        },
        Dialect {
            name: "replay",
            contract: read(include_str!("../src/replay/openapi.yaml")),
            operations: operations(replay::table()),
            unavailable: |_| replay::error::Error::from(Refusal::Unavailable).into_response(),
        },
        Dialect {
            name: "kare",
            contract: read(include_str!("../src/kare/openapi.yaml")),
            operations: operations(kare::table()),
            unavailable: |_| kare::error::Error::from(Refusal::Unavailable).into_response(),
        },
        Dialect {
            name: "laurel",
            contract: read(include_str!("../src/laurel/openapi.yaml")),
            operations: operations(laurel::table()),
            unavailable: |operation| match operation {
                "create_token" => laurel::oauth::TokenError::from(Refusal::Unavailable).into_response(),
                _ => laurel::error::Error::from(Refusal::Unavailable).into_response(),
            },
        },
    ]
}

fn read(yaml: &str) -> OpenApi {
    OpenApi::parse(yaml).expect("a readable openapi.yaml")
}

fn operations<S>(table: Vec<Route<S>>) -> BTreeSet<[String; 3]> {
    let of = |route: Route<S>| [route.method.to_string(), route.path.to_owned(), route.operation.to_owned()];
    table.into_iter().map(of).collect()
}

#[test]
fn every_schema_can_be_used() {
    for Dialect { name, contract, .. } in all() {
        contract.check_document().unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn what_is_served_is_documented_and_the_reverse() {
    for Dialect { name, contract, operations, .. } in all() {
        let documented: BTreeSet<_> = contract
            .operations()
            .iter()
            .map(|operation| [operation.method.clone(), operation.path.clone(), operation.id.clone()])
            .collect();
        assert_eq!(operations, documented, "{name}");
    }
}

#[tokio::test]
async fn every_operation_may_be_unavailable_for_a_while() {
    for Dialect { name, contract, operations, unavailable } in all() {
        for [method, target, operation] in operations {
            let (parts, body) = unavailable(&operation).into_parts();
            let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
                (name.to_string(), value.to_str().unwrap().to_owned())
            };
            let answer = http::Response {
                method,
                target,
                sent: http::Sent::default(),
                status: parts.status.as_u16(),
                headers: parts.headers.iter().map(text).collect(),
                body: axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec(),
            };
            assert_eq!(answer.status, 503, "{name} {operation}");
            contract.check("", &answer).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}
