//! Cursors: a place in a list that a client brings back, sealed so that it is read only where it was given out.
//!
//! A cursor holds the whole question, so that nothing is kept here between two pages, and any process can answer the next one.
//! It is a compact JWS (RFC 7515) by the keys that also sign tokens, packed where it is long; its claims are those of no token.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::Caller;
use directory::ids::CredentialId;
use directory::ports::{Algorithm, Signer};
use directory::query::{Literal, Position};
use flate2::Compression;
use flate2::bufread::{ZlibDecoder, ZlibEncoder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest cursor that is looked at. Ours are shorter, whatever the values of a position: they have to fit into the head
/// of a request.
const LONGEST: usize = 32 * 1024;

/// A longer JWS is packed: a position may hold texts of thousands of characters, of which base64 alone makes a third more.
const PLAIN: usize = 2 * 1024;

/// Bytes of the longest JWS that is unpacked: a query of 4 KiB that is all escapes takes 12, and a text of 4,000 characters
/// that JSON escapes 24 more.
const UNPACKED: u64 = 64 * 1024;

/// What a cursor continues.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// The query string of the first request, without what says where to begin.
    pub query: String,
    pub limit: u32,
    pub position: Position,
    /// Whether the page is the one before the position.
    pub is_backwards: bool,
}

/// Where a cursor is good: with one credential, at one endpoint, for a while.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    pub signer: &'a dyn Signer,
    pub caller: &'a Caller,
    /// A name of the endpoint that no other has.
    pub endpoint: &'static str,
    pub now: Timestamp,
    /// In seconds.
    pub lifetime: i64,
}

impl std::fmt::Debug for Seal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The cursor is malformed, forged, another's, of another endpoint, or too old: nobody is told which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    cursor: String,
    tenant: u32,
    credential: Option<Uuid>,
    person: Option<Uuid>,
    query: String,
    limit: u32,
    values: Vec<Option<Value>>,
    id: Uuid,
    backwards: bool,
    exp: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Value {
    Text(String),
    Rank(u8),
    /// Microseconds since 1970.
    Time(i64),
    Civil(String),
    Uuid(Uuid),
    Object(String),
}

impl Seal<'_> {
    pub fn close(&self, cursor: Cursor) -> String {
        let Position { values, id } = cursor.position;
        let claims = Claims {
            cursor: self.endpoint.to_owned(),
            tenant: self.caller.tenant.0,
            credential: self.caller.credential.map(|id| id.0),
            person: self.caller.person.map(|id| id.0),
            query: cursor.query,
            limit: cursor.limit,
            values: values.into_iter().map(|value| value.map(Value::from)).collect(),
            id,
            backwards: cursor.is_backwards,
            exp: self.now.as_second() + self.lifetime,
        };
        // Texts and numbers always serialise.
        let payload = serde_json::to_vec(&claims).unwrap_or_default();
        let jws = self.signer.sign(Algorithm::Hs256, &payload);
        if jws.len() <= PLAIN { jws } else { pack(&jws).unwrap_or(jws) }
    }

    pub fn open(&self, text: &str) -> Result<Cursor, CursorError> {
        if text.len() > LONGEST {
            return Err(CursorError);
        }
        let unpacked = if text.contains('.') { None } else { unpack(text) };
        let jws = unpacked.as_deref().unwrap_or(text);
        let payload = self.signer.verify(Algorithm::Hs256, jws).ok_or(CursorError)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| CursorError)?;
        let caller = self.caller;
        let is_here = claims.cursor == self.endpoint
            && claims.tenant == caller.tenant.0
            && claims.credential.map(CredentialId) == caller.credential
            && claims.person == caller.person.map(|id| id.0)
            && self.now.as_second() < claims.exp;
        if !is_here {
            return Err(CursorError);
        }
        let values = claims.values.into_iter().map(|value| value.map(Literal::try_from).transpose());
        Ok(Cursor {
            query: claims.query,
            limit: claims.limit,
            position: Position { values: values.collect::<Result<_, _>>()?, id: claims.id },
            is_backwards: claims.backwards,
        })
    }
}

/// A compact JWS, compressed from its payload as it was before base64. It has no dots, as every JWS has.
fn pack(jws: &str) -> Option<String> {
    let (head, signature) = jws.rsplit_once('.')?;
    let (header, payload) = head.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let parts = [header.as_bytes(), b".", signature.as_bytes(), b".", &payload].concat();
    let mut packed = Vec::new();
    ZlibEncoder::new(parts.as_slice(), Compression::best()).read_to_end(&mut packed).ok()?;
    Some(URL_SAFE_NO_PAD.encode(packed))
}

/// The JWS that was packed so, and not in any other way: whatever else unpacks to it was changed.
fn unpack(text: &str) -> Option<String> {
    let packed = URL_SAFE_NO_PAD.decode(text).ok()?;
    let mut parts = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(UNPACKED).read_to_end(&mut parts).ok()?;
    let mut parts = parts.splitn(3, |byte| *byte == b'.');
    let mut next = || parts.next();
    let (header, signature, payload) = (next()?, next()?, next()?);
    let (header, signature) = (std::str::from_utf8(header).ok()?, std::str::from_utf8(signature).ok()?);
    let jws = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(payload));
    (pack(&jws)? == text).then_some(jws)
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Text(text) => Self::Text(text),
            Literal::Rank(rank) => Self::Rank(rank),
            Literal::Time(time) => Self::Time(time.as_microsecond()),
            Literal::Civil(time) => Self::Civil(time.to_string()),
            Literal::Uuid(id) => Self::Uuid(id),
            Literal::ObjectId(id) => Self::Object(id.to_string()),
        }
    }
}

impl TryFrom<Value> for Literal {
    type Error = CursorError;

    fn try_from(value: Value) -> Result<Self, CursorError> {
        Ok(match value {
            Value::Text(text) => Self::Text(text),
            Value::Rank(rank) => Self::Rank(rank),
            Value::Time(micros) => Self::Time(Timestamp::from_microsecond(micros).map_err(|_| CursorError)?),
            Value::Civil(time) => Self::Civil(time.parse().map_err(|_| CursorError)?),
            Value::Uuid(id) => Self::Uuid(id),
            Value::Object(id) => Self::ObjectId(id.parse().map_err(|_| CursorError)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use directory::credential::Scopes;
    use directory::ids::{ObjectId, OrganizationId, TenantId};
    use directory::{Channel, Dialect};

    use super::*;

    /// Signs by putting a word behind the payload.
    struct Word(&'static str);

    impl Signer for Word {
        fn sign(&self, _: Algorithm, payload: &[u8]) -> String {
            format!("{}~{}", String::from_utf8_lossy(payload), self.0)
        }

        fn verify(&self, _: Algorithm, token: &str) -> Option<Vec<u8>> {
            let (payload, word) = token.rsplit_once('~')?;
            (word == self.0).then(|| payload.as_bytes().to_vec())
        }

        fn generation(&self) -> u64 {
            0
        }
    }

    fn caller(tenant: u32, credential: u128) -> Caller {
        Caller {
            tenant: TenantId(tenant),
            organization: OrganizationId(Uuid::nil()),
            via: Channel::Dialect(Dialect::Relesys),
            credential: Some(CredentialId(Uuid::from_u128(credential))),
            scopes: Scopes::default(),
            person: None,
            session: None,
            forwarded: None,
            request: String::new(),
        }
    }

    fn seal<'a>(signer: &'a dyn Signer, caller: &'a Caller, second: i64) -> Seal<'a> {
        let now = Timestamp::from_second(second).unwrap();
        Seal { signer, caller, endpoint: "users", now, lifetime: 60 }
    }

    #[test]
    fn a_jws_that_was_packed_comes_back_and_one_that_was_packed_otherwise_does_not() {
        for payload in ["", "{}", &"a\u{e9}".repeat(10_000)] {
            let jws = format!("aGVhZA.{}.c2lnbg", URL_SAFE_NO_PAD.encode(payload));
            let packed = pack(&jws).unwrap();
            assert!(!packed.contains('.'));
            assert_eq!(unpack(&packed), Some(jws.clone()));
            let mut fast = Vec::new();
            let parts = format!("aGVhZA.c2lnbg.{payload}");
            ZlibEncoder::new(parts.as_bytes(), Compression::none()).read_to_end(&mut fast).unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(&packed).unwrap();
            for changed in [fast, [&bytes, &b"x"[..]].concat(), bytes[..bytes.len() - 1].to_vec()] {
                assert_eq!(unpack(&URL_SAFE_NO_PAD.encode(changed)), None, "{payload:.5}");
            }
        }
        let endless = format!("aGVhZA.{}.c2lnbg", URL_SAFE_NO_PAD.encode("a".repeat(1_000_000)));
        assert_eq!(unpack(&pack(&endless).unwrap()), None);
        for not_one in ["", "x", "eJw", "a.b.c", "{}~a"] {
            assert_eq!(unpack(not_one), None, "{not_one}");
        }
    }

    #[test]
    fn a_cursor_is_good_where_it_was_given_out_and_nowhere_else() {
        let cursor = Cursor {
            query: "status=Activated".into(),
            limit: 5,
            position: Position {
                values: vec![
                    None,
                    Some(Literal::Text("~\u{e9}".into())),
                    Some(Literal::Time(Timestamp::from_microsecond(-7).unwrap())),
                    Some(Literal::Civil("9999-12-31T23:59:59.9999999".parse().unwrap())),
                    Some(Literal::Rank(3)),
                    Some(Literal::Uuid(Uuid::from_u128(9))),
                    Some(Literal::ObjectId(ObjectId([7; 12]))),
                ],
                id: Uuid::from_u128(8),
            },
            is_backwards: true,
        };
        let (signer, mine) = (Word("a"), caller(1, 2));
        let text = seal(&signer, &mine, 1_000).close(cursor.clone());
        assert_eq!(seal(&signer, &mine, 1_059).open(&text), Ok(cursor));
        assert_eq!(seal(&signer, &mine, 1_060).open(&text), Err(CursorError), "too old");
        for other in [caller(2, 2), caller(1, 3)] {
            assert_eq!(seal(&signer, &other, 1_000).open(&text), Err(CursorError), "another's");
        }
        let elsewhere = Seal { endpoint: "departments", ..seal(&signer, &mine, 1_000) };
        assert_eq!(elsewhere.open(&text), Err(CursorError));
        assert_eq!(seal(&Word("b"), &mine, 1_000).open(&text), Err(CursorError), "forged");
        for not_one in ["", "~a", "{}~a", "{\"sub\":\"1\",\"exp\":9999999999}~a"] {
            assert_eq!(seal(&signer, &mine, 1_000).open(not_one), Err(CursorError), "{not_one}");
        }
    }
}
