//! The host of a request.

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Uri, Version};
use dialects::http::Host;
use dialects::http::host::HostError;

#[test]
fn a_request_is_for_one_well_formed_host() {
    fuzz::check!(|bytes: &[u8]| {
        // The target, and then a line for each `Host`.
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let Some(target) = lines.next().and_then(|target| Uri::try_from(target).ok()) else { return };
        let mut headers = HeaderMap::new();
        for line in lines {
            let Ok(value) = HeaderValue::from_bytes(line) else { return };
            headers.append(HOST, value);
        }
        for version in [Version::HTTP_10, Version::HTTP_11] {
            match Host::of(version, &target, &headers) {
                Ok(None) => {
                    assert!(
                        version == Version::HTTP_10 && headers.is_empty() && target.authority().is_none()
                    );
                }
                Ok(Some(host)) => {
                    assert!(headers.len() < 2, "two hosts are one too many");
                    let sent = headers.get(HOST).map(|value| value.to_str().expect("a host is text"));
                    let named = sent.map(|sent| Host::parse(sent).expect("a host that was accepted").name);
                    assert!(named.is_none_or(|named| named.eq_ignore_ascii_case(host.name)), "{host:?}");
                    assert!(host.authority.starts_with(host.name) && host.authority.is_ascii());
                    assert!(!host.name.contains(['/', '@', '?', '#', '\\', '%', ' ']), "{host:?}");
                    let again = Host::parse(host.name).expect("the name of a host is a host");
                    assert_eq!((again.name, again.authority), (host.name, host.name));
                }
                Err(HostError) => {
                    let is_fine = headers.len() == 1 && target.authority().is_none();
                    let parses =
                        headers.get(HOST).and_then(|value| Host::parse(value.to_str().ok()?)).is_some();
                    assert!(!(is_fine && parses), "a good host was refused");
                }
            }
        }
    });
}
