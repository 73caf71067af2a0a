//! A dialect's table of routes as data: the server serves it, tests walk it.

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use super::{RequestError, answer};

/// One operation.
#[derive(Debug)]
pub struct Route<S> {
    pub method: Method,
    /// With `{parameters}`, as the vendor's documents write it.
    pub path: &'static str,
    /// The vendor's operation in our verbs, such as `patch_user`.
    pub operation: &'static str,
    handler: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    pub fn get<H, T>(path: &'static str, operation: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, S>,
        T: 'static,
    {
        Self { method: Method::GET, path, operation, handler: on(MethodFilter::GET, handler) }
    }

    pub fn post<H, T>(path: &'static str, operation: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, S>,
        T: 'static,
    {
        Self { method: Method::POST, path, operation, handler: on(MethodFilter::POST, handler) }
    }

    pub fn put<H, T>(path: &'static str, operation: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, S>,
        T: 'static,
    {
        Self { method: Method::PUT, path, operation, handler: on(MethodFilter::PUT, handler) }
    }

    pub fn patch<H, T>(path: &'static str, operation: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, S>,
        T: 'static,
    {
        Self { method: Method::PATCH, path, operation, handler: on(MethodFilter::PATCH, handler) }
    }

    pub fn delete<H, T>(path: &'static str, operation: &'static str, handler: H) -> Self
    where
        H: axum::handler::Handler<T, S>,
        T: 'static,
    {
        Self { method: Method::DELETE, path, operation, handler: on(MethodFilter::DELETE, handler) }
    }

    /// The same operation at the vendor's path under another prefix.
    pub fn under(&self, prefix: &str) -> (String, MethodRouter<S>) {
        (format!("{prefix}{}", self.path), self.handler.clone())
    }
}

/// A router over the table, under each of the prefixes, whose every failure has the vendor's form.
pub fn router<S, E>(routes: Vec<Route<S>>, prefixes: &[&str]) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    E: From<RequestError> + IntoResponse + 'static,
{
    let mut router = Router::new();
    for route in &routes {
        for prefix in prefixes {
            let (path, handler) = route.under(prefix);
            router = router.route(&path, handler);
        }
    }
    router.fallback(no_route::<E>).method_not_allowed_fallback(no_method::<E>)
}

/// A fault in the form of the vendor whose errors are `E`.
pub fn fault<E: From<RequestError> + IntoResponse>(fault: RequestError) -> Response {
    E::from(fault).into_response()
}

async fn no_route<E: From<RequestError> + IntoResponse>() -> Response {
    fault::<E>(RequestError::NoRoute)
}

/// OPTIONS tells which methods there are; axum adds the `Allow` header to this as to a 405.
async fn no_method<E: From<RequestError> + IntoResponse>(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return answer::empty(StatusCode::NO_CONTENT);
    }
    fault::<E>(RequestError::NoMethod)
}
