//! One signing key: how it is made, and how it signs and verifies.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use directory::ports::{Algorithm, Entropy};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde_json::value::RawValue;

pub(super) struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Key {
    /// None: the secret has not the form of a key of that algorithm.
    pub(super) fn of(id: &str, algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        let (encoding, decoding) = match algorithm {
            Algorithm::Hs256 => (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret)),
            Algorithm::Rs256 => {
                let private = RsaKeyPair::from_pkcs8(secret).ok()?;
                let encoding = EncodingKey::from_rsa_der(rsa_private_key(secret)?);
                (encoding, DecodingKey::from_rsa_der(private.public_key().as_ref()))
            }
        };
        Some(Self { id: id.to_owned(), encoding, decoding })
    }

    pub(super) fn sign(&self, algorithm: Algorithm, payload: &[u8]) -> Option<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(wire(algorithm)) };
        let payload: &RawValue = serde_json::from_slice(payload).ok()?;
        jsonwebtoken::encode(&header, &payload, &self.encoding).ok()
    }

    /// The algorithm is the one that the caller expects, whatever the token says of itself.
    pub(super) fn verify(&self, algorithm: Algorithm, token: &str) -> Option<Vec<u8>> {
        let mut validation = Validation::new(wire(algorithm));
        // What the claims mean is the dialect's to say.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let read = jsonwebtoken::decode::<Box<RawValue>>(token, &self.decoding, &validation).ok()?;
        Some(read.claims.get().as_bytes().to_vec())
    }
}

fn wire(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    }
}

/// The secret of a new key: 32 random bytes, or a 2048-bit RSA key as PKCS#8. None: it could not be made.
pub(super) async fn generate(algorithm: Algorithm, entropy: &dyn Entropy) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Hs256 => {
            let mut secret = vec![0; 32];
            entropy.fill(&mut secret);
            Some(secret)
        }
        // A tenth of a second and more of arithmetic: not on a thread that serves requests.
        Algorithm::Rs256 => tokio::task::spawn_blocking(generate_rsa).await.unwrap_or_default(),
    }
}

fn generate_rsa() -> Option<Vec<u8>> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(der.as_ref().to_vec())
}

/// The RSAPrivateKey (RFC 8017) inside a PKCS#8 document (RFC 5208): the content of its last member, an octet string.
/// jsonwebtoken takes that form alone.
fn rsa_private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    // SEQUENCE and its length; version 0; SEQUENCE of the object identifier rsaEncryption and NULL.
    const ALGORITHM: &[u8] = &[
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00,
    ];
    let [0x30, 0x82, _, _, rest @ ..] = pkcs8 else { return None };
    let [0x04, 0x82, high, low, key @ ..] = rest.strip_prefix(ALGORITHM)? else { return None };
    key.get(..usize::from(u16::from_be_bytes([*high, *low])))
}
