//! Development only: a running server to test against, and callers that send it what the vendors' clients send.
//!
//! Everything blocks, so that a test reads like the requests it makes: who calls, what they send, what they see.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use serde_json::json;
//! use testkit::openapi::OpenApi;
//! use testkit::process::Server;
//! use testkit::tenants::assert_unchanged;
//!
//! # fn example(contract: &OpenApi) {
//! // In crates/server/tests this is env!("CARGO_BIN_EXE_personae").
//! let binary = Path::new("target/debug/personae");
//! let server = Server::demo(binary, ["--people", "10"]);
//! let callers = server.callers();
//! let ada = &server.seed().tenant.people[0];
//!
//! // One vendor's client changes a person, as that vendor documents it, ...
//! let path = format!("/api/v1/users/{}", ada.relesys);
//! let answer = callers.relesys.patch(&path, json!([{"op": "replace", "path": "/name", "value": "Ada King"}]));
//! contract.expect(&answer);
//! assert_eq!(answer.expect(200).json()["data"]["name"], "Ada King");
//!
//! // ... another vendor's client sees it, ...
//! let seen = callers.replay.get(format!("/api/user/{}", ada.replay)).expect(200).json();
//! assert_eq!(seen["lastName"], "King");
//!
//! // ... and another tenant neither sees nor touches anything.
//! let strangers = server.strangers();
//! assert_unchanged(binary, &server.seed().store, || {
//!     strangers.relesys.get(&path).expect(404);
//!     strangers.relesys.raw("PATCH", &path).header("content-type", b"\xff").body("[").send().expect(415);
//! });
//! # }
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`process`] | the binary as a server that never outlives its test, and as commands run to their end |
//! | [`demo`] | the line that `personae demo --json` prints, typed |
//! | [`callers`] | a caller per dialect, with credential and content types |
//! | [`http`] | the client underneath, for requests that no well-behaved client sends |
//! | [`contracts`] | the `openapi.yaml` of each dialect |
//! | [`openapi`] | whether an answer, and a body that was accepted, is one that the dialect's `openapi.yaml` documents |
//! | [`tenants`] | whether a tenant has changed at all |
//! | [`store`] | a store of its own for each test, of the engine that the run is for |
//! | [`postgres`] | a PostgreSQL server that never outlives its tests, and a fresh database on it for each |
//! | [`people`] | strategies for whole people, as the domain keeps them |
//! | [`generate`] | strategies for names, texts, addresses, and a runner that can repeat itself |
//!
//! A server that dies is part of some tests. There, [`callers::Caller::patching`] with [`http::Request::try_send`] gives
//! an [`http::Error`] that tells whether the server can have acted, and [`process::Server::serve`] goes on with the store;
//! [`callers::Callers::of`] logs in to it with the credentials of the earlier demo line.

pub mod callers;
pub mod contracts;
pub mod demo;
pub mod generate;
pub mod http;
pub mod openapi;
pub mod people;
pub mod process;
pub mod store;
pub mod tenants;

pub use throwaway_postgres as postgres;

#[cfg(test)]
mod tiny_server;
