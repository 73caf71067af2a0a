//! Browsers that show pages of other origins (the Fetch standard, "CORS protocol"). Off unless origins are configured.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, LOCATION, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::request_id;

/// The longest that browsers remember a preflight.
const CACHED: Duration = Duration::from_secs(7_200);

/// The methods that some API has. Whether the path at hand has it, the request itself will tell.
const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

#[derive(Debug, Clone)]
pub(crate) struct Cors(CorsLayer);

impl Cors {
    /// None where no origin is allowed. The settings have been checked: `*` is alone, and the others are origins.
    ///
    /// Credentials of the browser's own (cookies) are never allowed, and no API here has any; the headers that hold keys
    /// and tokens are set by the page.
    pub(crate) fn new(origins: &[String]) -> Option<Self> {
        if origins.is_empty() {
            return None;
        }
        let layer = CorsLayer::new()
            .allow_methods(METHODS)
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([request_id::HEADER, RETRY_AFTER, WWW_AUTHENTICATE, ALLOW, LOCATION])
            .max_age(CACHED);
        let layer = match origins {
            [any] if any == "*" => layer.allow_origin(Any),
            named => {
                let named = named.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
                layer.allow_origin(named.collect::<Vec<_>>())
            }
        };
        Some(Self(layer))
    }

    /// Answers a preflight, and adds to the answer of any other request whether the page may read it.
    pub(crate) async fn answer<A>(
        &self,
        request: Request<Body>,
        respond: impl Fn(Request<Body>) -> A,
    ) -> Response<Body>
    where
        A: Future<Output = Response<Body>>,
    {
        // The layer takes every OPTIONS for a preflight.
        if request.method() == Method::OPTIONS && !is_preflight(request.headers()) {
            return respond(request).await;
        }
        let respond = service_fn(|request| {
            let answer = respond(request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        let Ok(response) = self.0.layer(respond).oneshot(request).await;
        response
    }
}

fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
