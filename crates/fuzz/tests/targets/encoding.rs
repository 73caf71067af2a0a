//! Bodies that are compressed.

use std::io::Read;

use axum::body::Body;
use axum::http::Request;
use dialects::http::RequestError;
use dialects::http::body::{self, JSON};
use dialects::http::budget::Sender;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use tokio::runtime::Builder;

/// The largest body of senders that are not known.
const LIMIT: u64 = 16 * 1024;

#[test]
fn a_compressed_body_is_what_was_compressed_or_refused() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    fuzz::check!(move |bytes: &[u8]| {
        for encoding in ["gzip", "deflate"] {
            let mut whole = Vec::new();
            let reference = match encoding {
                "gzip" => GzDecoder::new(bytes).take(LIMIT + 1).read_to_end(&mut whole),
                _ => ZlibDecoder::new(bytes).take(LIMIT + 1).read_to_end(&mut whole),
            };
            let request = Request::post("/")
                .header("content-type", "application/json")
                .header("content-encoding", encoding);
            let request = request.body(Body::from(bytes.to_vec())).expect("a request");
            match runtime.block_on(body::read(request, JSON, Sender::Unknown)) {
                Ok(read) if bytes.is_empty() => assert!(read.is_empty()),
                Ok(read) => assert!(
                    reference.is_ok()
                        && *read == *whole.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&whole)
                        && whole.len() as u64 <= LIMIT
                ),
                Err(RequestError::TooLarge(_)) => {
                    assert!(whole.len() as u64 > LIMIT || bytes.len() as u64 > LIMIT);
                }
                Err(RequestError::BadBody(reason)) => assert!(reason.len() < 200, "{reason}"),
                Err(fault) => panic!("{fault:?}"),
            }
        }
    });
}
