//! The address that clients know a dialect by, for the links in answers.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Host;

/// Where a request came in, as its extensions tell.
#[derive(Debug, Clone)]
pub struct Base {
    /// The public address where one is configured, such as `https://people.example.com`.
    pub public_url: Option<Arc<str>>,
    /// The path before the vendor's own: `/relesys`, or nothing.
    pub prefix: &'static str,
}

/// The address that links in answers begin with, without a slash at its end: as configured, or as the client
/// called it.
#[derive(Debug)]
pub struct BaseUrl(pub String);

impl<S: Sync> FromRequestParts<S> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Self::of(parts)))
    }
}

impl BaseUrl {
    fn of(parts: &Parts) -> String {
        let base = parts.extensions.get::<Base>();
        let prefix = base.map_or("", |base| base.prefix);
        if let Some(public) = base.and_then(|base| base.public_url.as_deref()) {
            return format!("{}{prefix}", public.trim_end_matches('/'));
        }
        let host = Host::of(parts.version, &parts.uri, &parts.headers).ok().flatten();
        format!("http://{}{prefix}", host.map_or("localhost", |host| host.authority))
    }
}
