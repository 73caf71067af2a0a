//! The proxies in front of the server, and the clients they forward for.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;
use ipnet::IpNet;

use crate::error::Error;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses that are believed about whom they forward for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// From addresses and networks as they are written in settings.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, Error> {
        let network = |text: &String| {
            let alone = |_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            text.parse::<IpNet>().or_else(alone).map_err(|_| {
                Error::new(format!("proxies names {text:?}, which is no address or network"))
                    .hint("write an address or a network with its prefix length: 10.0.0.7 or 10.1.0.0/16")
            })
        };
        texts.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that came from one of these: the last address it was forwarded for that is not itself
    /// one of these. The proxy's own where the headers do not say that, or contradict each other: a proxy that sets
    /// one of them may pass on the other as a client made it up.
    pub(crate) fn client(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = self.last_client(headers, FORWARDED.as_str(), forwarded_for);
        let x_forwarded = self.last_client(headers, X_FORWARDED_FOR, node);
        let clients = forwarded.into_iter().chain(x_forwarded).collect::<Option<Vec<_>>>();
        match clients.as_deref() {
            Some([client]) => *client,
            Some([client, other]) if client == other => *client,
            Some(_) | None => proxy,
        }
    }

    /// None without such a header, `Some(None)` when it does not tell a client's address.
    fn last_client(
        &self,
        headers: &HeaderMap,
        name: &str,
        read: fn(&str) -> Option<IpAddr>,
    ) -> Option<Option<IpAddr>> {
        // Each proxy adds to the end, so that what is left of the first stranger is only what the stranger says.
        let mut lines = headers.get_all(name).iter().rev().peekable();
        lines.peek()?;
        for line in lines {
            let Ok(line) = line.to_str() else { return Some(None) };
            for element in line.rsplit(',') {
                match read(element.trim()) {
                    Some(address) if self.contains(address) => {}
                    client => return Some(client),
                }
            }
        }
        Some(None)
    }
}

/// The address in an element of `Forwarded`, such as `for="[2001:db8::1]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    node(value.trim().trim_matches('"'))
}

/// An address with or without a port, of IPv6 with or without brackets. Not `unknown`, and no made-up name.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn proxies(texts: &[&str]) -> Proxies {
        Proxies::parse(&texts.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    /// What is taken for the client of a request that 10.0.0.1 forwards with these headers.
    fn client(headers: &[(&str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        proxies(&["10.0.0.0/8", "fd00::1"]).client("10.0.0.1".parse().unwrap(), &map).to_string()
    }

    #[test]
    fn addresses_and_networks_are_read() {
        let proxies = proxies(&["10.1.0.0/16", "192.0.2.1", "fd00::/8", "::ffff:192.0.2.9"]);
        for inside in ["10.1.2.3", "192.0.2.1", "fd12::1", "192.0.2.9"] {
            assert!(proxies.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["10.2.0.1", "192.0.2.2", "fe80::1"] {
            assert!(!proxies.contains(outside.parse().unwrap()), "{outside}");
        }
        for bad in ["10.0.0.0/33", "proxy", "", "10.0.0.1:80"] {
            assert!(
                Proxies::parse(&[bad.to_owned()]).unwrap_err().to_string().contains("no address"),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_last_that_is_no_proxy_is_the_client() {
        assert_eq!(client(&[("x-forwarded-for", "192.0.2.7")]), "192.0.2.7");
        assert_eq!(
            client(&[("x-forwarded-for", "made up, 198.51.100.1, 192.0.2.7 , 10.0.0.2")]),
            "192.0.2.7"
        );
        assert_eq!(
            client(&[("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "192.0.2.7, fd00::1")]),
            "192.0.2.7"
        );
        assert_eq!(client(&[("x-forwarded-for", "192.0.2.7:4711")]), "192.0.2.7");
        assert_eq!(client(&[("x-forwarded-for", "::ffff:192.0.2.7")]), "192.0.2.7");
        assert_eq!(client(&[("forwarded", "for=198.51.100.1, For=192.0.2.7;proto=https")]), "192.0.2.7");
        assert_eq!(
            client(&[("forwarded", "proto=http;for=\"[2001:db8::1]:4711\", for=10.9.9.9")]),
            "2001:db8::1"
        );
        assert_eq!(client(&[("forwarded", "for=\"[2001:db8::1]\"")]), "2001:db8::1");
        let both = [("forwarded", "for=192.0.2.7"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client(&both), "192.0.2.7");
    }

    #[test]
    fn what_says_no_address_leaves_the_proxy() {
        let none: [&[(&str, &str)]; 9] = [
            &[],
            &[("x-forwarded-for", "")],
            &[("x-forwarded-for", "192.0.2.7, unknown")],
            &[("x-forwarded-for", "192.0.2.7,")],
            &[("x-forwarded-for", "10.0.0.2")],
            &[("forwarded", "for=_hidden")],
            &[("forwarded", "for=192.0.2.7, proto=https")],
            &[("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "192.0.2.7")],
            &[("forwarded", "nonsense"), ("x-forwarded-for", "192.0.2.7")],
        ];
        for headers in none {
            assert_eq!(client(headers), "10.0.0.1", "{headers:?}");
        }
    }
}

/// What is taken for the client, whatever the headers say. `cargo xtask fuzz` runs it.
#[cfg(test)]
mod fuzzing {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn what_a_client_puts_before_its_proxy_makes_no_difference() {
        let proxies = Proxies::parse(&["10.0.0.0/8".to_owned(), "fd00::/8".to_owned()]).unwrap();
        let proxy = IpAddr::from([10, 0, 0, 1]);
        fuzz::check!(|bytes: &[u8]| {
            // What the client sends, and then what the proxy adds.
            let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
            let (sent, added) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
            let (Ok(sent), Ok(value)) = (HeaderValue::from_bytes(sent), HeaderValue::from_bytes(added))
            else {
                return;
            };
            for name in [FORWARDED, HeaderName::from_static(X_FORWARDED_FOR)] {
                let mut headers = HeaderMap::from_iter([(name.clone(), value.clone())]);
                let client = proxies.client(proxy, &headers);
                assert!(client == proxy || !proxies.contains(client), "{client} is a proxy");
                assert_eq!(client, client.to_canonical());
                if client == proxy {
                    continue;
                }
                // In a line of its own, and in the same line.
                headers.clear();
                headers.append(name.clone(), sent.clone());
                headers.append(name.clone(), value.clone());
                assert_eq!(proxies.client(proxy, &headers), client);
                let line = [sent.as_bytes(), b", ", value.as_bytes()].concat();
                headers.insert(name, HeaderValue::from_bytes(&line).unwrap());
                // A line with bytes beyond ASCII says nothing.
                let joined = proxies.client(proxy, &headers);
                assert!(
                    joined == client || sent.to_str().is_err() && joined == proxy,
                    "{joined} for {client}"
                );
            }
        });
    }
}
