//! Several dialects on one listener: by host name, under `/{dialect}`, and at the root for the paths that are
//! unmistakably one vendor's.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::uri::{PathAndQuery, Uri};
use axum::response::{IntoResponse, Response};
use directory::Dialect;
use directory::ids::TenantId;
use serde_json::json;
use tower::ServiceExt;

use crate::http::{Base, BoundTenant, Host, RequestError, answer};

/// A dialect that is switched on.
#[derive(Debug)]
pub struct Mount {
    pub dialect: Dialect,
    /// `/relesys` and so on.
    pub prefix: &'static str,
    /// Which paths are this dialect's at the root of a shared listener.
    pub owns: fn(&str) -> bool,
    /// How its vendor reads paths before routing, where that is not to the letter.
    pub normalise: fn(&str) -> Option<String>,
    pub router: Router,
    /// Its answer to a fault that is found before its routes are looked at.
    pub fault: fn(RequestError) -> Response,
    /// The host names, in lower case, whose whole path space is this dialect's.
    pub hosts: Vec<String>,
}

/// All dialects that are switched on.
#[derive(Debug, Clone)]
pub struct Composed {
    mounts: Arc<[Mount]>,
    public_url: Option<Arc<str>>,
    /// By host names in lower case: the one tenant that is known there.
    tenants: Arc<HashMap<String, TenantId>>,
}

/// Which dialect a request was for, in the extensions of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnsweredBy(pub Dialect);

impl Composed {
    pub fn new(mounts: Vec<Mount>, public_url: Option<String>, tenants: HashMap<String, TenantId>) -> Self {
        Self { mounts: mounts.into(), public_url: public_url.map(Arc::from), tenants: tenants.into() }
    }

    /// Answers a request in the form of the dialect it is for; a path that is nobody's gets a neutral 404.
    pub async fn answer(&self, mut request: Request) -> Response {
        let Some((mount, prefix)) = self.find(&request) else {
            return nobody();
        };
        let path = &request.uri().path()[prefix.len()..];
        let path = if path.is_empty() { "/" } else { path };
        let rewritten = (mount.normalise)(path).or_else(|| (!prefix.is_empty()).then(|| path.to_owned()));
        if let Some(path) = rewritten {
            match with_path(request.uri(), &path) {
                Some(uri) => *request.uri_mut() = uri,
                None => return nobody(),
            }
        }
        if !self.tenants.is_empty()
            && let Some(tenant) = host_name(&request).and_then(|host| self.tenants.get(&host))
        {
            request.extensions_mut().insert(BoundTenant(*tenant));
        }
        request.extensions_mut().insert(Base { public_url: self.public_url.clone(), prefix });
        let answered: Result<Response, Infallible> = mount.router.clone().oneshot(request).await;
        let Ok(response) = answered;
        // Whatever it says is of people, or of a credential.
        let mut response = answer::no_store(response);
        response.extensions_mut().insert(AnsweredBy(mount.dialect));
        response
    }

    /// Refuses a request as such, in the form of the dialect that it is for.
    pub fn refuse(&self, request: &Request, fault: RequestError) -> Response {
        match self.find(request) {
            Some((mount, _)) => answer::no_store((mount.fault)(fault)),
            None => Neutral(fault).into_response(),
        }
    }

    fn find(&self, request: &Request) -> Option<(&Mount, &'static str)> {
        let path = request.uri().path();
        let by_host =
            host_name(request).and_then(|host| self.mounts.iter().find(|mount| mount.hosts.contains(&host)));
        if let Some(mount) = by_host {
            return Some((mount, ""));
        }
        let under = |mount: &&Mount| {
            path.strip_prefix(mount.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(mount) = self.mounts.iter().find(under) {
            return Some((mount, mount.prefix));
        }
        self.mounts.iter().find(|mount| (mount.owns)(path)).map(|mount| (mount, ""))
    }
}

/// The name of the host that was asked for, in lower case, without its port and the dot of the root.
fn host_name(request: &Request) -> Option<String> {
    let host = Host::of(request.version(), request.uri(), request.headers()).ok().flatten()?;
    Some(host.name.strip_suffix('.').unwrap_or(host.name).to_ascii_lowercase())
}

fn nobody() -> Response {
    Neutral(RequestError::NoRoute).into_response()
}

/// A fault in no vendor's form.
#[derive(Debug)]
pub struct Neutral(pub RequestError);

impl IntoResponse for Neutral {
    fn into_response(self) -> Response {
        let say = |status, error: &str| answer::json(status, &json!({ "error": error }));
        match self.0 {
            RequestError::NoRoute => say(StatusCode::NOT_FOUND, "not found"),
            RequestError::NoMethod => say(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
            RequestError::BadPath => say(StatusCode::BAD_REQUEST, "the path is not valid"),
            RequestError::BadHost => say(StatusCode::BAD_REQUEST, answer::ONE_HOST),
            RequestError::Headers => say(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, answer::FEWER_HEADERS),
            RequestError::MediaType => {
                say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type is not one that is read here")
            }
            RequestError::Encoding => {
                answer::accept_encoding(say(StatusCode::UNSUPPORTED_MEDIA_TYPE, answer::ENCODINGS))
            }
            RequestError::TooLarge(limit) => say(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("the body is larger than {}", answer::size(limit)),
            ),
            RequestError::Busy => {
                answer::retry_after(say(StatusCode::SERVICE_UNAVAILABLE, "the service is busy"), 1)
            }
            RequestError::BadBody(reason) => say(StatusCode::BAD_REQUEST, &reason),
        }
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

/// The path's segments after a leading slash, for a dialect to tell whether it owns it.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// True for `v1`, `v1.4`, `v2` and so on.
pub fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
    number.starts_with(|digit: char| digit.is_ascii_digit())
        && number.chars().all(|digit| digit.is_ascii_digit() || digit == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_a_v_and_a_number() {
        for (segment, is) in
            [("v1", true), ("V1.4", true), ("v", false), ("latest", false), ("v1x", false), ("1", false)]
        {
            assert_eq!(is_version(segment), is, "{segment}");
        }
    }
}
