//! The host that a request is for (RFC 9112, sections 3.2 and 3.3).

use std::net::Ipv6Addr;

use axum::http::header::HOST;
use axum::http::uri::Uri;
use axum::http::{HeaderMap, Version};

/// The longest name that DNS has, in its textual form.
const LONGEST: usize = 253;

/// A host that is well formed: `people.example`, `192.0.2.1:8080`, `[2001:db8::1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host<'a> {
    /// As it was sent, with its port.
    pub authority: &'a str,
    pub name: &'a str,
    port: Option<u16>,
}

/// The request names no host, several, one that is malformed, or two that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostError;

impl<'a> Host<'a> {
    /// The host that a request names. None for HTTP/1.0, where it may be left out.
    ///
    /// An absolute target (`GET http://people.example/..`) must name the same host as the header does. RFC 9112 would have the
    /// target win, and has clients and proxies send the two alike; where they differ, something on the way may have gone
    /// by the other one.
    pub fn of(version: Version, uri: &'a Uri, headers: &'a HeaderMap) -> Result<Option<Self>, HostError> {
        let mut given = headers.get_all(HOST).iter();
        let host = match given.next() {
            Some(host) => Some(host.to_str().ok().and_then(Self::parse).ok_or(HostError)?),
            None => None,
        };
        if given.next().is_some() || (host.is_none() && version >= Version::HTTP_11) {
            return Err(HostError);
        }
        let Some(authority) = uri.authority() else { return Ok(host) };
        let target = Self::parse(authority.as_str()).ok_or(HostError)?;
        let default_port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            Some(_) | None => return Err(HostError),
        };
        match host {
            Some(host) if !host.is_same_as(target, default_port) => Err(HostError),
            Some(_) | None => Ok(Some(target)),
        }
    }

    /// Stricter than URIs are (RFC 3986, section 3.2.2): no name that a client can look up has anything but letters, digits,
    /// hyphens and dots, and some inside of networks have underscores.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (&text[..address.len() + 2], rest)
        } else {
            let end = text.find(':').unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if name.is_empty() || name.len() > LONGEST || !name.bytes().all(is_valid) {
                return None;
            }
            (name, rest)
        };
        let port = match port.strip_prefix(':') {
            // A colon alone is the default port (RFC 3986, section 3.2.3).
            Some("") => None,
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            Some(_) | None => return None,
        };
        Some(Self { authority: text, name, port })
    }

    fn is_same_as(self, other: Self, default_port: u16) -> bool {
        let port = |host: Self| host.port.unwrap_or(default_port);
        self.name.eq_ignore_ascii_case(other.name) && port(self) == port(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: Version, target: &str, hosts: &[&str]) -> Result<Option<String>, HostError> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, host.parse().unwrap());
        }
        let uri = target.parse().unwrap();
        Host::of(version, &uri, &headers).map(|host| host.map(|host| host.authority.to_owned()))
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, name, port) in [
            ("people.example", "people.example", None),
            ("PEOPLE.example.:8080", "PEOPLE.example.", Some(8080)),
            ("people_1:", "people_1", None),
            ("192.0.2.1:80", "192.0.2.1", Some(80)),
            ("[2001:db8::1]", "[2001:db8::1]", None),
            ("[::1]:65535", "[::1]", Some(65535)),
        ] {
            assert_eq!(Host::parse(text), Some(Host { authority: text, name, port }), "{text}");
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in [
            "",
            ":80",
            "a b/c",
            "a/b",
            "user@a",
            "user:password@a",
            "a:b",
            "a:80:90",
            "a:65536",
            "a:+80",
            "a:-1",
            "[::1",
            "[]",
            "[a]",
            "[::1]80",
            "[::1]:x",
            "::1",
            "a,b",
            "a%20b",
            "a\\b",
            "a?b",
            "a#b",
            "\"a\"",
            "<a>",
            "a'b",
            &long,
        ] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let named = |host: &str| Ok(Some(host.to_owned()));
        assert_eq!(of(Version::HTTP_11, "/x", &["a:1"]), named("a:1"));
        assert_eq!(of(Version::HTTP_11, "/x", &[]), Err(HostError));
        assert_eq!(of(Version::HTTP_11, "/x", &[""]), Err(HostError));
        assert_eq!(of(Version::HTTP_11, "/x", &["a", "a"]), Err(HostError));
        assert_eq!(of(Version::HTTP_10, "/x", &[]), Ok(None));
        assert_eq!(of(Version::HTTP_10, "/x", &["a b"]), Err(HostError));
        assert_eq!(of(Version::HTTP_10, "/x", &["a", "b"]), Err(HostError));
    }

    #[test]
    fn an_absolute_target_names_the_host_of_the_header() {
        let named = |host: &str| Ok(Some(host.to_owned()));
        for (target, host) in [
            ("http://a.example/x", "a.example"),
            ("http://A.example/x", "a.EXAMPLE:80"),
            ("http://a.example:8080/x", "a.example:8080"),
            ("https://a.example:443/x", "a.example"),
            ("http://[::1]:80", "[::1]"),
        ] {
            let authority = target.parse::<Uri>().unwrap().authority().unwrap().to_string();
            assert_eq!(of(Version::HTTP_11, target, &[host]), named(&authority), "{target}");
        }
        assert_eq!(of(Version::HTTP_10, "http://a.example/x", &[]), named("a.example"));
        for (target, hosts) in [
            ("http://a.example/x", &["b.example"][..]),
            ("http://a.example/x", &["a.example:8080"]),
            ("http://a.example/x", &[]),
            ("http://user@a.example/x", &["a.example"]),
            ("ftp://a.example/x", &["a.example"]),
            ("a.example:80", &["a.example"]),
        ] {
            assert_eq!(of(Version::HTTP_11, target, hosts), Err(HostError), "{target} {hosts:?}");
        }
    }
}
