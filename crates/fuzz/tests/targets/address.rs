//! Addresses of PostgreSQL databases.

use percent_encoding::percent_decode;
use store::postgres::Address;

/// A text that no input has by chance.
const SECRET: &str = "Zq7-pA5-Sw0rd";

/// True if parsing would open files: what a fuzzer names may be a device that never ends.
fn names_a_file(url: &[u8]) -> bool {
    percent_decode(url).decode_utf8_lossy().contains("sslrootcert")
}

/// What is shown of an address or of the reason why it is none.
fn shown(url: &str) -> Vec<String> {
    match Address::parse(url) {
        Ok(address) => vec![address.to_string(), format!("{address:?}")],
        Err(error) => vec![error.to_string(), format!("{error:?}")],
    }
}

#[test]
fn an_address_that_is_shown_is_the_same_address() {
    fuzz::check!(|bytes: &[u8]| {
        let Ok(url) = std::str::from_utf8(bytes) else { return };
        if names_a_file(bytes) {
            return;
        }
        let Ok(address) = Address::parse(url) else { return };
        let again = Address::parse(&address.to_string()).expect("what is shown of an address is an address");
        assert_eq!(again.to_string(), address.to_string());
    });
}

#[test]
fn no_password_is_shown() {
    fuzz::check!(|bytes: &[u8]| {
        // A user, what stands before and behind the secret in the password, and the rest of the address.
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let mut parts = text.splitn(4, '\n');
        let [user, before, behind, rest] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        if names_a_file(bytes) || [user, before, behind, rest].iter().any(|part| part.contains(SECRET)) {
            return;
        }
        let mut urls = vec![];
        // Also where what has to be escaped in it is not, but for a ? and a / together, which are a query.
        if !user.contains([':', '@', '/', '?']) && ![before, behind].iter().any(|part| part.contains('?')) {
            urls.push(format!("postgres://{user}:{before}{SECRET}{behind}@{rest}"));
        }
        let has_no_query = ![user, rest].iter().any(|part| part.contains('?'));
        if has_no_query && !before.contains('&') && !behind.contains('&') {
            for key in ["password", "p%61ssword", "%70assword"] {
                urls.push(format!("postgres://{user}@{rest}?{key}={before}{SECRET}{behind}"));
            }
        }
        for url in urls {
            for shown in shown(&url) {
                assert!(!shown.contains(SECRET), "{shown}");
            }
        }
    });
}
