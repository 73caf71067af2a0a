//! How large the head of a request may be.

use axum::http::Request;

/// Header fields of one request. Browsers and proxies together send some thirty.
const FIELDS: usize = 100;

/// Header fields that hyper reads; it makes room for as many before it reads a head. Beyond them it answers by itself, with a bare 431 without a body and a request id.
pub(super) const FIELDS_READ: usize = 256;

/// Bytes of a head that hyper reads for the same reason: somewhat more than the limit. It is what a connection holds in
/// memory at most, so it is not much more.
pub(super) fn bytes_read(limit: usize) -> usize {
    limit.saturating_add(limit / 2)
}

/// Whether the request line and the headers, as they are written without spare spaces, are more than this many bytes, or
/// the fields too many.
pub(super) fn is_too_large<B>(request: &Request<B>, bytes: usize) -> bool {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let target = scheme + authority + uri.path_and_query().map_or(0, |path| path.as_str().len());
    let line = request.method().as_str().len() + target + "  HTTP/1.1\r\n".len();
    let field = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        name.as_str().len() + value.len() + ": \r\n".len()
    };
    let fields: usize = headers.iter().map(field).sum();
    headers.len() > FIELDS || line + fields + "\r\n".len() > bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_as_large_as_it_is_written() {
        let head = "PATCH /a?b=c HTTP/1.1\r\nhost: x\r\nx-long: 12345\r\nx-long: 6\r\n\r\n";
        let request =
            Request::patch("/a?b=c").header("host", "x").header("x-long", "12345").header("x-long", "6");
        let request = request.body(()).unwrap();
        assert!(!is_too_large(&request, head.len()));
        assert!(is_too_large(&request, head.len() - 1));
    }

    #[test]
    fn fields_of_one_name_are_counted_each() {
        let with = |fields: usize| {
            let request = (0..fields).fold(Request::get("http://a/b"), |request, _| request.header("x", "1"));
            is_too_large(&request.body(()).unwrap(), 8_192)
        };
        assert_eq!((with(FIELDS), with(FIELDS + 1)), (false, true));
    }
}
