//! What is done around every request: its id, the health checks, the line in the log, and standing a panic.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use dialects::Composed;
use dialects::compose::AnsweredBy;
use dialects::http::{BodyBudget, ClientAddress, Host, Refused, RequestError};
use directory::{Directory, Named};
use hyper::body::{Body as _, Incoming};
use jiff::Timestamp;

use super::body::PromptBody;
use super::cors::Cors;
use super::head;
use super::refusals::{self, Refusals};
use super::request_id::{self, RequestIds};
use super::request_log::{Line, RequestLog};

/// Stands between the connections and the APIs.
#[derive(Clone)]
pub(crate) struct Middleware(Arc<Shared>);

struct Shared {
    apis: Composed,
    directory: Arc<Directory>,
    ids: RequestIds,
    settings: Settings,
    bodies: BodyBudget,
    refusals: Refusals,
}

/// What is configured of what is done around a request.
pub(crate) struct Settings {
    pub header_bytes: usize,
    pub body_seconds: u64,
    pub body_bytes_in_flight: usize,
    pub cors: Option<Cors>,
    pub log: Option<RequestLog>,
}

impl Middleware {
    pub(crate) fn new(directory: Arc<Directory>, apis: Composed, settings: Settings) -> Self {
        let ids = RequestIds::new(directory.entropy());
        let bodies = BodyBudget::new(settings.body_bytes_in_flight);
        Self(Arc::new(Shared { apis, directory, ids, settings, bodies, refusals: Refusals::new() }))
    }

    pub(crate) async fn answer(
        self,
        client: ClientAddress,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(client);
        if body.is_end_stream() {
            return Ok(self.handle(client, Request::from_parts(parts, Body::empty())).await);
        }
        let room = self.0.bodies.room();
        parts.extensions.insert(room.clone());
        let expects = parts.headers.contains_key(EXPECT);
        let body = PromptBody::new(body, Duration::from_secs(self.0.settings.body_seconds));
        let left = body.left();
        let mut response = self.handle(client, Request::from_parts(parts, Body::new(body))).await;
        drop(room);
        left.clear(&mut response, expects).await;
        Ok(response)
    }

    async fn handle(&self, client: ClientAddress, mut request: Request<Body>) -> Response<Body> {
        let begun = Instant::now();
        let id = request_id::given(request.headers()).unwrap_or_else(|| self.0.ids.next());
        let seen =
            self.0.settings.log.as_ref().map(|log| (log, request.method().clone(), request.uri().clone()));
        let named = Named::default();
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(named.clone());
        let refusal = self.refusal(&request);
        let mut response = match (refusal, &self.0.settings.cors) {
            (Some(refusal), _) => refusal,
            (None, Some(cors)) => cors.answer(request, |request| self.route(request)).await,
            (None, None) => self.route(request).await,
        };
        let dialect = response.extensions().get::<AnsweredBy>().map(|by| by.0);
        if let Some(refused) = response.extensions().get::<Refused>().copied() {
            let (client, request) = (client.0, id.0.as_ref());
            self.0.refusals.note(&refusals::Line { refused, dialect, client, named: &named, request });
        }
        if let Some((log, method, uri)) = seen
            && log.wants(response.status())
        {
            log.note(&Line {
                at: Timestamp::now(),
                method: &method,
                path: uri.path(),
                status: response.status(),
                micros: begun.elapsed().as_micros(),
                request: &id.0,
                dialect,
            });
        }
        response.headers_mut().insert(request_id::HEADER, request_id::header(&id));
        response
    }

    /// What cannot be answered whatever it is about.
    fn refusal(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let refuse = |fault| Some(self.0.apis.refuse(request, fault));
        // There is no proxy here (RFC 9110, section 9.3.6).
        if request.method() == Method::CONNECT {
            return Some(neutral(StatusCode::NOT_IMPLEMENTED, r#"{"error":"CONNECT is not implemented"}"#));
        }
        if head::is_too_large(request, self.0.settings.header_bytes) {
            return refuse(RequestError::Headers);
        }
        if Host::of(request.version(), request.uri(), request.headers()).is_err() {
            return refuse(RequestError::BadHost);
        }
        match request.uri().path() {
            // The server as a whole (RFC 9110, section 9.3.7).
            "*" if request.method() == Method::OPTIONS => Some(options()),
            path if path.starts_with('/') => None,
            _ => refuse(RequestError::BadPath),
        }
    }

    async fn route(&self, request: Request<Body>) -> Response<Body> {
        match request.uri().path() {
            "/healthz" => only_get(request.method(), || neutral(StatusCode::OK, r#"{"status":"ok"}"#)),
            "/readyz" => match request.method() {
                &Method::GET | &Method::HEAD => self.readiness().await,
                _ => method_not_allowed(),
            },
            _ => catch(self.0.apis.answer(request)).await.unwrap_or_else(|_| {
                neutral(StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"internal error"}"#)
            }),
        }
    }

    async fn readiness(&self) -> Response<Body> {
        match self.0.directory.store().is_ready().await {
            true => neutral(StatusCode::OK, r#"{"status":"ready"}"#),
            false => neutral(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#),
        }
    }
}

/// An answer in no vendor's form.
fn neutral(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The methods that some path of the server has.
fn options() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    response.headers_mut().insert(ALLOW, methods);
    response
}

fn only_get(method: &Method, answer: impl FnOnce() -> Response<Body>) -> Response<Body> {
    if matches!(*method, Method::GET | Method::HEAD) { answer() } else { method_not_allowed() }
}

fn method_not_allowed() -> Response<Body> {
    let mut response = neutral(StatusCode::METHOD_NOT_ALLOWED, r#"{"error":"method not allowed"}"#);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// Runs a future to its end or to its panic, of which the hook has logged the place.
async fn catch<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        // What a panic leaves behind is dropped with the future; what is shared is behind locks that stand poison.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_future_it_is_in_and_nothing_else() {
        assert_eq!(catch(async { 7 }).await.ok(), Some(7));
        let late = async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "a bug");
        };
        let panic = catch(late).await.expect_err("it panicked");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a bug"));
    }
}
