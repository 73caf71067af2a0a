//! Reading paths and bodies: limited, of a known type, and with errors in the vendor's form.

use std::marker::PhantomData;

use super::Fault;
use super::json::{self, Value};
use axum::RequestExt;
use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// The largest body that is read. Relesys names it for patch documents; the others take the same.
pub const LARGEST: usize = 1024 * 1024;

/// The media types of a JSON body.
pub const JSON: &[&str] = &["application/json"];

const EMPTY: &str = "the body is empty";

/// The parameters of a path, with the vendor's error where they are not text.
#[derive(Debug)]
pub struct Params<T, E>(pub T, pub PhantomData<E>);

impl<S, T, E> FromRequestParts<S> for Params<T, E>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
    E: From<Fault> + IntoResponse,
{
    type Rejection = E;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, E> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params, PhantomData)),
            Err(_) => Err(Fault::BadPath.into()),
        }
    }
}

/// A JSON body of type `application/json`, with the vendor's error where it is none.
#[derive(Debug)]
pub struct Payload<E>(pub Value, pub PhantomData<E>);

impl<S, E> FromRequest<S> for Payload<E>
where
    S: Send + Sync,
    E: From<Fault> + IntoResponse,
{
    type Rejection = E;

    async fn from_request(request: Request, _: &S) -> Result<Self, E> {
        let bytes = read(request, JSON).await?;
        Ok(Self(parse(&bytes)?, PhantomData))
    }
}

/// The body's bytes, if it is of one of the media types and within the limit.
pub async fn read(request: Request, media_types: &[&str]) -> Result<Bytes, Fault> {
    // Where nothing was sent it is the body that is missing, not its type that is wrong.
    if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_TYPE) {
        return Err(Fault::BadBody(EMPTY.into()));
    }
    if !is_one_of(&request, media_types) {
        return Err(Fault::MediaType);
    }
    let declared =
        request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > LARGEST as u64) {
        return Err(Fault::TooLarge);
    }
    let body = Limited::new(request.into_limited_body(), LARGEST);
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge),
        Err(_) => Err(Fault::BadBody("the body could not be read to its end".into())),
    }
}

/// JSON from bytes. What a client sent is never repeated in the error.
pub fn parse(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.is_empty() {
        return Err(Fault::BadBody(EMPTY.into()));
    }
    json::parse(bytes).map_err(|error| Fault::BadBody(error.to_string()))
}

/// Compares the media type alone: parameters such as a charset are not looked at.
fn is_one_of(request: &Request, media_types: &[&str]) -> bool {
    let Some(given) = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = given.split(';').next().unwrap_or_default().trim();
    media_types.iter().any(|known| essence.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn nothing_sent_is_a_missing_body_and_anything_else_needs_its_type() {
        let read = |content_type: Option<&str>, body: &'static str| {
            let mut request = Request::new(Body::from(body));
            if let Some(content_type) = content_type {
                request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
            }
            read(request, JSON).now_or_never().unwrap()
        };
        assert_eq!(read(None, ""), Err(Fault::BadBody(EMPTY.into())));
        assert_eq!(read(None, "{}"), Err(Fault::MediaType));
        assert_eq!(read(Some("text/plain"), ""), Err(Fault::MediaType));
        assert_eq!(read(Some("Application/JSON; charset=utf-8"), "{}"), Ok(Bytes::from("{}")));
        assert_eq!(parse(b""), Err(Fault::BadBody(EMPTY.into())));
    }
}
