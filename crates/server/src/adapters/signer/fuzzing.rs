//! Tokens that are not as they were signed. `cargo xtask fuzz` runs it.

use dialects::http::TokenReader;
use serde_json::{Value, json};

use super::*;
use crate::adapters::{OsEntropy, SystemClock};
use crate::open::{IfMissing, Place};

const PAYLOAD: &[u8] = br#"{"sub":"ada","exp":1}"#;

/// An input with the tokens, their parts and the ids of their keys where it names them, as `<HS256>`, `<HS256.0>` and
/// `<HS256.kid>`. Behind a line break there are changes: a position, and what the byte there is changed by.
fn made_of(input: &[u8], tokens: &[(Algorithm, String)]) -> Vec<u8> {
    let mut halves = input.splitn(2, |byte| *byte == b'\n');
    let (text, changes) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let mut text = String::from_utf8_lossy(text).into_owned();
    for (algorithm, token) in tokens {
        let name = algorithm.as_str();
        let id = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        text = text.replace(&format!("<{name}>"), token).replace(&format!("<{name}.kid>"), &id);
        for (index, part) in token.split('.').enumerate() {
            text = text.replace(&format!("<{name}.{index}>"), part);
        }
    }
    let mut bytes = text.into_bytes();
    let length = bytes.len();
    for change in changes.chunks_exact(3).filter(|_| length > 0) {
        bytes[usize::from(u16::from_be_bytes([change[0], change[1]])) % length] ^= change[2];
    }
    bytes
}

#[test]
fn a_token_is_accepted_as_it_was_signed_or_not_at_all() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Sqlite(folder.path().join("personae.db"));
    let store = runtime.block_on(place.open(IfMissing::Make)).unwrap();
    let keyring =
        Keyring::new(store, Arc::new(SystemClock::default()), Arc::new(OsEntropy), Encryption::default());
    runtime.block_on(keyring.prepare()).unwrap();
    let tokens = Algorithm::ALL.map(|algorithm| (algorithm, keyring.sign(algorithm, PAYLOAD)));
    let readers = Algorithm::ALL.map(|algorithm| (algorithm, TokenReader::<Value>::new(algorithm)));
    fuzz::check!(move |input: &[u8]| {
        let bytes = made_of(input, &tokens);
        let Ok(token) = std::str::from_utf8(&bytes) else { return };
        for ((algorithm, reader), (_, signed)) in readers.iter().zip(&tokens) {
            let is_signed = token == signed;
            let verified = keyring.verify(*algorithm, token);
            assert_eq!(verified.as_deref(), is_signed.then_some(PAYLOAD), "{token}");
            // The second time it is cached.
            for _ in 0..2 {
                let claims = reader.read(&keyring, token);
                let expected = is_signed.then(|| json!({"sub": "ada", "exp": 1}));
                assert_eq!(claims.as_deref(), expected.as_ref());
            }
        }
    });
}
