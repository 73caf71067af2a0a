//! Encryption of the signing keys in the store (AES-256-GCM), with a key that is not in the store.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use directory::signing_key::SigningKey;

use super::KeyringError;
use crate::config::Secrets;
use crate::error::Error;

/// The first byte of an encrypted key. Its nonce, the ciphertext and the tag follow.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// The keys that can be given at once: the one in use and a few that it replaced. They are tried by their ids, so more
/// would cost nothing; but a file with more than these is a mistake.
const MOST_KEYS: usize = 8;

/// Bytes of a file of keys: eight lines of 64 digits, with room for line breaks and blanks.
const FILE_BYTES: u64 = 1_024;

const FORM: &str = "make one with: (umask 077; openssl rand -hex 32 > /etc/personae/key)";

/// The keys of `[secrets]`: the first encrypts, each of them decrypts. Without any, signing keys are kept as they are.
#[derive(Debug, Default)]
pub(crate) struct Encryption {
    keys: Vec<EncryptionKey>,
}

struct EncryptionKey {
    /// Tells keys apart without telling them: the beginning of a SHA-256.
    id: String,
    key: RandomizedNonceKey,
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({})", self.id)
    }
}

impl Encryption {
    /// # Errors
    /// When the file cannot be read, others may read it, or a key has not its form.
    pub(crate) fn of(secrets: &Secrets) -> Result<Self, Error> {
        let (text, setting) = match (secrets.key_file.as_str(), secrets.key.reveal()) {
            ("", "") => return Ok(Self::default()),
            ("", key) => (Cow::Borrowed(key), "secrets.key"),
            (path, _) => (Cow::Owned(read(Path::new(path))?), "secrets.key_file"),
        };
        let keys: Vec<EncryptionKey> = text
            .split_ascii_whitespace()
            .enumerate()
            .map(|(index, text)| {
                EncryptionKey::parse(text).ok_or_else(|| {
                    let message =
                        format!("key {} of {setting} is not 32 bytes in hexadecimal or base64", index + 1);
                    Error::new(message).hint(FORM)
                })
            })
            .collect::<Result<_, _>>()?;
        match keys.len() {
            0 => Err(Error::new(format!("{setting} holds no key")).hint(FORM)),
            1..=MOST_KEYS => Ok(Self { keys }),
            _ => Err(Error::new(format!("{setting} holds more than {MOST_KEYS} keys")).hint(
                "leave only the one to encrypt with, and behind it those that keys are still encrypted with",
            )),
        }
    }

    /// The id of the key that encrypts, if there is one.
    pub(super) fn current(&self) -> Option<&str> {
        self.keys.first().map(|key| key.id.as_str())
    }

    /// Whether it is kept as it would be written today.
    pub(super) fn is_up_to_date(&self, stored: &SigningKey) -> bool {
        // Where there is no key now, what is encrypted could not be decrypted, and is never here.
        stored.encrypted_with.as_deref() == self.current()
    }

    /// As it is to be stored, from a key in the clear.
    pub(super) fn encrypt(&self, key: SigningKey) -> Result<SigningKey, KeyringError> {
        let Some(with) = self.keys.first() else { return Ok(key) };
        let mut sealed = key.secret.clone();
        let nonce = with.key.seal_in_place_append_tag(associated(&key), &mut sealed);
        let nonce = nonce.map_err(|_| KeyringError::NotMade)?;
        let secret = [&[VERSION], nonce.as_ref().as_slice(), &sealed].concat();
        Ok(SigningKey { secret, encrypted_with: Some(with.id.clone()), ..key })
    }

    /// The key in the clear.
    pub(super) fn decrypt<'s>(&self, stored: &'s SigningKey) -> Result<Cow<'s, [u8]>, KeyringError> {
        let Some(id) = &stored.encrypted_with else { return Ok(Cow::Borrowed(&stored.secret)) };
        let Some(with) = self.keys.iter().find(|key| key.id == *id) else {
            let known = self.keys.iter().map(|key| key.id.clone()).collect();
            return Err(KeyringError::Encrypted { with: id.clone(), known });
        };
        let damaged = || KeyringError::Damaged(stored.id.clone());
        let (nonce, sealed) = match stored.secret.split_first() {
            Some((&VERSION, rest)) => rest.split_at_checked(NONCE).ok_or_else(damaged)?,
            _ => return Err(damaged()),
        };
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let mut sealed = sealed.to_vec();
        let opened = with.key.open_in_place(nonce, associated(stored), &mut sealed);
        let length = opened.map_err(|_| damaged())?.len();
        sealed.truncate(length);
        Ok(Cow::Owned(sealed))
    }
}

/// What belongs to the key and stands beside it: a key that was put in another one's row is not decrypted.
fn associated(key: &SigningKey) -> Aad<String> {
    Aad::from(format!("personae signing key\n{}\n{}", key.algorithm.as_str(), key.id))
}

impl EncryptionKey {
    fn parse(text: &str) -> Option<Self> {
        let bytes = from_hexadecimal(text).or_else(|| BASE64_STANDARD.decode(text).ok())?;
        let bytes: [u8; 32] = bytes.try_into().ok()?;
        let hash = digest(&SHA256, &[b"personae encryption key\n".as_slice(), &bytes].concat());
        let id = hash.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { id, key: RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()? })
    }
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let digits = text.as_bytes().chunks_exact(2).map(|pair| str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair.filter(|pair| !pair.contains('+'))?, 16).ok()).collect()
}

fn read(path: &Path) -> Result<String, Error> {
    let cannot = |error: std::io::Error| {
        Error::new(format!("cannot read secrets.key_file, {}: {error}", path.display()))
            .hint("name a file that this user may read")
    };
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mode = file.metadata().map_err(cannot)?.permissions().mode();
    // The group may read it, because that is how secrets are mounted into containers.
    if mode & 0o027 != 0 {
        let what = format!(
            "secrets.key_file, {}, is open to other users (mode {:03o})",
            path.display(),
            mode & 0o777
        );
        return Err(Error::new(what).hint(format!("close it: chmod 600 {}", path.display())));
    }
    let mut text = String::new();
    file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > FILE_BYTES {
        return Err(Error::new(format!(
            "secrets.key_file, {}, is too long for a file of keys",
            path.display()
        ))
        .hint(FORM));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use directory::ports::Algorithm;
    use jiff::Timestamp;

    use super::*;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    /// Other bytes, in base64.
    const TWO: &str = "//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

    fn encryption(keys: &str) -> Encryption {
        Encryption::of(&Secrets { key_file: String::new(), key: keys.into() }).unwrap()
    }

    fn refusal(key_file: &str, key: &str) -> String {
        let refused = Encryption::of(&Secrets { key_file: key_file.to_owned(), key: key.into() });
        refused.unwrap_err().to_string()
    }

    fn key() -> SigningKey {
        SigningKey {
            id: "kid".into(),
            algorithm: Algorithm::Hs256,
            secret: b"a secret".to_vec(),
            encrypted_with: None,
            created_at: Timestamp::UNIX_EPOCH,
            retired_at: None,
            expires_at: None,
        }
    }

    #[test]
    fn what_was_encrypted_is_read_with_its_key_alone() {
        let (one, two) = (encryption(ONE), encryption(TWO));
        let stored = one.encrypt(key()).unwrap();
        assert!(!stored.secret.windows(8).any(|window| window == b"a secret"));
        assert_eq!(&*one.decrypt(&stored).unwrap(), b"a secret");
        assert_ne!(one.encrypt(key()).unwrap().secret, stored.secret, "each has its own nonce");
        assert!(one.is_up_to_date(&stored) && !two.is_up_to_date(&stored));

        let both = encryption(&format!("{TWO}\n{ONE}\n"));
        assert_eq!(&*both.decrypt(&stored).unwrap(), b"a secret");
        assert!(!both.is_up_to_date(&stored), "the first is the one that encrypts");
        let with = stored.encrypted_with.clone().unwrap();
        for (wrong, known) in [(Encryption::default(), vec![]), (two, vec![both.keys[0].id.clone()])] {
            let error = wrong.decrypt(&stored).unwrap_err();
            assert_eq!(error, KeyringError::Encrypted { with: with.clone(), known });
        }
    }

    #[test]
    fn what_was_changed_or_moved_is_not_read() {
        let one = encryption(ONE);
        let stored = one.encrypt(key()).unwrap();
        let with = |change: fn(&mut SigningKey)| {
            let mut stored = stored.clone();
            change(&mut stored);
            stored
        };
        for changed in [
            with(|key| key.id.push('x')),
            with(|key| key.algorithm = Algorithm::Rs256),
            with(|key| key.secret[0] = 2),
            with(|key| key.secret[1] ^= 1),
            with(|key| *key.secret.last_mut().unwrap() ^= 1),
            with(|key| key.secret.truncate(13)),
            with(|key| key.secret.truncate(5)),
            with(|key| key.secret.clear()),
        ] {
            assert_eq!(one.decrypt(&changed), Err(KeyringError::Damaged(changed.id.clone())));
        }
    }

    #[test]
    fn without_a_key_nothing_is_encrypted() {
        let none = encryption("");
        assert_eq!(none.encrypt(key()).unwrap(), key());
        assert_eq!(&*none.decrypt(&key()).unwrap(), b"a secret");
        assert!(none.is_up_to_date(&key()) && !encryption(ONE).is_up_to_date(&key()));
    }

    #[test]
    fn a_key_that_cannot_be_used_is_named_by_its_setting_and_not_shown() {
        for bad in [
            "secretsecret",
            &ONE[1..],
            &format!("{ONE}0"),
            &ONE.replace("0a", "+a"),
            &ONE.replace('f', "g"),
            "AAAA",
        ] {
            let failure = refusal("", bad);
            assert!(failure.contains("key 1 of secrets.key is not 32 bytes"), "{failure}");
            assert!(failure.contains("openssl rand -hex 32") && !failure.contains(bad), "{failure}");
        }
        let failure = refusal("", &format!("{ONE} x"));
        assert!(failure.contains("key 2 of secrets.key"), "{failure}");
        assert!(refusal("", " \n").contains("holds no key"));
        assert!(refusal("", &[ONE; 9].join("\n")).contains("more than 8 keys"));
        let shown = format!("{:?}", encryption(ONE));
        assert!(!shown.contains("000102") && !shown.contains("[0, 1, 2"), "{shown}");
    }

    #[test]
    fn a_file_of_keys_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let path = path.to_str().unwrap();
        assert!(refusal(path, "").contains("cannot read secrets.key_file"));
        std::fs::write(path, format!("{ONE}\n")).unwrap();
        let allow = |mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        for mode in [0o604, 0o620, 0o644, 0o666, 0o601] {
            allow(mode);
            let failure = refusal(path, "");
            assert!(failure.contains("is open to other users") && failure.contains("chmod 600"), "{failure}");
        }
        for mode in [0o400, 0o600, 0o640, 0o440] {
            allow(mode);
            let read = Encryption::of(&Secrets { key_file: path.to_owned(), key: "".into() }).unwrap();
            assert_eq!(read.current(), encryption(ONE).current());
        }
        allow(0o600);
        std::fs::write(path, vec![b' '; 2_000]).unwrap();
        assert!(refusal(path, "").contains("too long"));
    }
}
