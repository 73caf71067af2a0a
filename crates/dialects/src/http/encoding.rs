//! Bodies that the client has compressed (RFC 9110, section 8.4).

use std::io::Read;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::bufread::{GzDecoder, ZlibDecoder};

use super::RequestError;
use super::body::Buffer;

/// What `Accept-Encoding` tells in the answer to any other encoding.
pub const ACCEPTED: &str = "gzip, deflate, identity";

/// Bytes that are decoded at a time. What comes out is counted after each such piece, so that a body which grows a
/// thousandfold is stopped as soon as it is larger than one may be.
const PIECE: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
}

impl Encoding {
    /// None where it is one that is not read here, or several on top of each other, which no client needs.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Some(Self::Identity) };
        if values.next().is_some() {
            return None;
        }
        let name = value.to_str().ok()?.trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// The limit of the body is also that of what comes out.
    pub(super) fn decode(self, mut encoded: Buffer) -> Result<Buffer, RequestError> {
        if self == Self::Identity || encoded.bytes.is_empty() {
            return Ok(encoded);
        }
        let mut decoded = encoded.another();
        let bytes = encoded.bytes.as_slice();
        let rest = match self {
            Self::Identity => bytes,
            Self::Gzip => {
                let mut decoder = GzDecoder::new(bytes);
                copy(&mut decoder, &mut decoded, "gzip")?;
                decoder.into_inner()
            }
            Self::Deflate => {
                let mut decoder = ZlibDecoder::new(bytes);
                copy(&mut decoder, &mut decoded, "deflate (RFC 1950)")?;
                decoder.into_inner()
            }
        };
        match rest {
            [] => Ok(decoded),
            _ => Err(RequestError::BadBody("there is more behind the end of the compressed body".into())),
        }
    }
}

fn copy(decoder: &mut impl Read, decoded: &mut Buffer, name: &str) -> Result<(), RequestError> {
    let mut piece = [0; PIECE];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => decoded.push(&piece[..length])?,
            Err(_) => return Err(RequestError::BadBody(format!("the body is not valid {name}"))),
        }
    }
}
