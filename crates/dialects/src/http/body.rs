//! Reading paths and bodies: limited, of a known type, and with errors in the vendor's form.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::Poll;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use serde::de::DeserializeOwned;

use super::RequestError;
use super::budget::{Full, Reservation, Room, Sender};
use super::encoding::Encoding;
use super::json::{self, Value};

/// The largest body that is read of a caller. Relesys names it for patch documents; the others take the same.
pub const LARGEST: usize = 1024 * 1024;

/// The largest body that is read of a caller who names many people in it: 50,000 of them by some 80 characters each.
pub const LARGEST_OF_MANY: usize = 4 * 1024 * 1024;

/// The largest body that is read of anybody: a credential and what goes with it, the longest of which are some 4 KiB.
pub const LARGEST_UNKNOWN: usize = 16 * 1024;

/// The media types of a JSON body.
pub const JSON: &[&str] = &["application/json"];

/// Some clients put it before UTF-8, though JSON has no place for it; RFC 8259 (section 8.1) allows to ignore it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const EMPTY: &str = "the body is empty";

/// The parameters of a path, with the vendor's error where they are not text.
#[derive(Debug)]
pub struct Params<T, E>(pub T, pub PhantomData<E>);

impl<S, T, E> FromRequestParts<S> for Params<T, E>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
    E: From<RequestError> + IntoResponse,
{
    type Rejection = E;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, E> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params, PhantomData)),
            Err(_) => Err(RequestError::BadPath.into()),
        }
    }
}

/// A JSON body of type `application/json`, with the vendor's error where it is none. It is for handlers that have asked
/// who is calling before: extractors run in the order of the arguments.
#[derive(Debug)]
pub struct Payload<E>(pub Value, pub PhantomData<E>);

impl<S, E> FromRequest<S> for Payload<E>
where
    S: Send + Sync,
    E: From<RequestError> + IntoResponse,
{
    type Rejection = E;

    async fn from_request(request: Request, _: &S) -> Result<Self, E> {
        let bytes = read(request, JSON, Sender::Known).await?;
        Ok(Self(parse(&bytes)?, PhantomData))
    }
}

/// The same, of a body that may name many people.
#[derive(Debug)]
pub struct LargePayload<E>(pub Value, pub PhantomData<E>);

impl<S, E> FromRequest<S> for LargePayload<E>
where
    S: Send + Sync,
    E: From<RequestError> + IntoResponse,
{
    type Rejection = E;

    async fn from_request(request: Request, _: &S) -> Result<Self, E> {
        let bytes = read_within(LARGEST_OF_MANY, request, JSON, Sender::Known).await?;
        Ok(Self(parse(&bytes)?, PhantomData))
    }
}

/// The same where the body itself says who is asking.
#[derive(Debug)]
pub struct OpenPayload<E>(pub Value, pub PhantomData<E>);

impl<S, E> FromRequest<S> for OpenPayload<E>
where
    S: Send + Sync,
    E: From<RequestError> + IntoResponse,
{
    type Rejection = E;

    async fn from_request(request: Request, _: &S) -> Result<Self, E> {
        let bytes = read(request, JSON, Sender::Unknown).await?;
        Ok(Self(parse(&bytes)?, PhantomData))
    }
}

/// The body's bytes, decoded, if it is of one of the media types and within the limit.
pub async fn read(request: Request, media_types: &[&str], sender: Sender) -> Result<Bytes, RequestError> {
    let limit = match sender {
        Sender::Known => LARGEST,
        Sender::Unknown => LARGEST_UNKNOWN,
    };
    read_within(limit, request, media_types, sender).await
}

async fn read_within(
    limit: usize,
    request: Request,
    media_types: &[&str],
    sender: Sender,
) -> Result<Bytes, RequestError> {
    let (parts, body) = request.into_parts();
    // Where nothing was sent it is the body that is missing, not its type that is wrong.
    if body.is_end_stream() && !parts.headers.contains_key(CONTENT_TYPE) {
        return Err(RequestError::BadBody(EMPTY.into()));
    }
    if !is_one_of(&parts.headers, media_types) {
        return Err(RequestError::MediaType);
    }
    let encoding = Encoding::of(&parts.headers).ok_or(RequestError::Encoding)?;
    let declared = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > limit as u64) {
        return Err(RequestError::TooLarge(limit));
    }
    let room = parts.extensions.get::<Room>();
    let mut buffer = Buffer { bytes: Vec::new(), limit, reservation: room.map(|room| room.reserve(sender)) };
    collect(body, &mut buffer).await?;
    let mut buffer = encoding.decode(buffer)?;
    if let (Some(mut reservation), Some(room)) = (buffer.reservation.take(), room) {
        reservation.arrived(buffer.bytes.capacity())?;
        room.keep(reservation);
    }
    let bytes = Bytes::from(buffer.bytes);
    Ok(match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => bytes.slice_ref(rest),
        None => bytes,
    })
}

/// What has arrived of a body, copied together: the pieces that come in keep whole buffers of the connection alive.
#[derive(Debug)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
    pub(super) limit: usize,
    /// None where nothing is counted, as in tests of a dialect alone.
    reservation: Option<Reservation>,
}

impl Buffer {
    /// An empty one of the same limit, which counts for the same body.
    pub(super) fn another(&mut self) -> Self {
        Self { bytes: Vec::new(), limit: self.limit, reservation: self.reservation.take() }
    }

    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), RequestError> {
        let needed = self.bytes.len() + piece.len();
        if needed > self.limit {
            return Err(RequestError::TooLarge(self.limit));
        }
        let capacity = self.bytes.capacity();
        if needed > capacity {
            let larger = needed.max(capacity * 2).min(self.limit);
            if let Some(reservation) = &mut self.reservation {
                reservation.grow(larger - capacity)?;
            }
            self.bytes.reserve_exact(larger - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

async fn collect(mut body: Body, buffer: &mut Buffer) -> Result<(), RequestError> {
    loop {
        let frame = poll_fn(|cx| {
            if buffer.reservation.as_ref().is_some_and(|reservation| reservation.has_lost(cx)) {
                return Poll::Ready(Some(Err(RequestError::Busy)));
            }
            let broken = |_| RequestError::BadBody("the body could not be read to its end".into());
            Pin::new(&mut body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(broken)))
        })
        .await;
        match frame.transpose()?.map(|frame| frame.into_data()) {
            Some(Ok(piece)) => buffer.push(&piece)?,
            // Trailers say nothing to any of these APIs.
            Some(Err(_)) => {}
            None => return Ok(()),
        }
    }
}

impl From<Full> for RequestError {
    fn from(Full: Full) -> Self {
        Self::Busy
    }
}

/// JSON from bytes. What a client sent is never repeated in the error.
pub fn parse(bytes: &[u8]) -> Result<Value, RequestError> {
    if bytes.is_empty() {
        return Err(RequestError::BadBody(EMPTY.into()));
    }
    json::parse(bytes).map_err(|error| RequestError::BadBody(error.to_string()))
}

/// Compares the media type alone: parameters such as a charset are not looked at.
fn is_one_of(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let Some(given) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
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
            read(request, JSON, Sender::Known).now_or_never().unwrap()
        };
        assert_eq!(read(None, ""), Err(RequestError::BadBody(EMPTY.into())));
        assert_eq!(read(None, "{}"), Err(RequestError::MediaType));
        assert_eq!(read(Some("text/plain"), ""), Err(RequestError::MediaType));
        assert_eq!(read(Some("Application/JSON; charset=utf-8"), "{}"), Ok(Bytes::from("{}")));
        assert_eq!(parse(b""), Err(RequestError::BadBody(EMPTY.into())));
    }
}
