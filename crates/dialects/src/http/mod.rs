//! What every dialect's HTTP side shares: reading bodies, fields and tokens, building tables of routes.

pub mod answer;
pub mod base;
pub mod basic;
pub mod body;
pub mod budget;
pub mod cursor;
pub mod encoding;
pub mod fields;
pub mod host;
pub mod json;
pub mod pieces;
pub mod query;
pub mod refused;
pub mod route;
pub mod time;
pub mod tokens;

pub use answer::RequestError;
pub(crate) use answer::causes;
pub use base::{Base, BaseUrl};
pub use basic::Basic;
pub use body::{LargePayload, OpenPayload, Params, Payload};
pub use budget::BodyBudget;
pub use fields::{FieldError, Fields};
pub use host::Host;
pub use refused::Refused;
pub use route::Route;
pub use tokens::TokenReader;

/// The id under which the log knows a request. The server puts it into the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestId(pub std::sync::Arc<str>);

/// The address that a request came from. The server puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub std::net::IpAddr);

/// The one tenant that the host name of a request is bound to. [`crate::Composed`] puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundTenant(pub directory::ids::TenantId);

/// What the extensions of a request say of it to those who check its credential.
pub fn context(
    extensions: &axum::http::Extensions,
    dialect: directory::Dialect,
) -> directory::RequestContext {
    directory::RequestContext {
        dialect,
        id: extensions.get::<RequestId>().map_or_else(|| "".into(), |id| id.0.clone()),
        source: extensions.get::<ClientAddress>().map(|address| address.0),
        tenant: extensions.get::<BoundTenant>().map(|bound| bound.0),
        named: extensions.get::<directory::Named>().cloned().unwrap_or_default(),
    }
}

/// One header as text. None where it is missing, repeated or not visible ASCII.
pub fn header<'a>(parts: &'a axum::http::request::Parts, name: &str) -> Option<&'a str> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The token of `Authorization: Bearer <token>` (RFC 6750); the scheme's name in any letter case.
pub fn bearer(parts: &axum::http::request::Parts) -> Option<&str> {
    let (scheme, token) = header(parts, "authorization")?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
