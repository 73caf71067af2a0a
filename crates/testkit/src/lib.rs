//! Development only: a running server to test against, and callers that send it what the vendors' clients send.

pub mod callers;
pub mod demo;
pub mod http;
pub mod openapi;
pub mod process;
pub mod tenants;

#[cfg(test)]
mod tiny_server;
