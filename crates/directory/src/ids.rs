//! The identifiers, each a type of its own so that none is ever taken for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What has no id of its own yet.
            pub const NIL: Self = Self(Uuid::nil());
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Takes the hyphenated form alone, in either letter case.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )*};
}

uuid_ids! {
    /// A node of a tenant's tree.
    OrganizationId,
    /// A person, as every API that uses UUIDs shows it.
    PersonId,
    /// A department (Relesys).
    DepartmentId,
    /// A group; Laurel knows the same group by an [`ObjectId`].
    GroupId,
    /// A team (Replay).
    TeamId,
    /// A credential of an organization.
    CredentialId,
    /// An outstanding invitation.
    InvitationId,
    /// A person's session in one organization (Kare).
    SessionId,
    /// An image or a member card kept elsewhere.
    AssetId,
    /// The definition of a custom field.
    CustomFieldId,
    /// A message template.
    TemplateId,
    /// A message that was or is to be sent.
    MessageId,
}

/// The text has not the form of the identifier asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

/// A tenant: small, because every row and every index begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub u32);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A positive integer that JavaScript can hold, unique in the tenant for its kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Number(u64);

impl Number {
    /// 2^53 - 1, the largest integer that every JSON reader keeps exactly.
    pub const MAX: u64 = (1 << 53) - 1;

    pub const FIRST: Self = Self(1);

    pub fn new(value: u64) -> Option<Self> {
        (1..=Self::MAX).contains(&value).then_some(Self(value))
    }

    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Twelve bytes written as 24 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub [u8; 12]);

impl ObjectId {
    /// What has no id of its own yet.
    pub const NIL: Self = Self([0; 12]);

    /// Seconds first, so that ids sort by the time they were given out; the rest is random.
    pub fn compose(seconds: u32, random: [u8; 8]) -> Self {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..].copy_from_slice(&random);
        Self(bytes)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An answer is full of these: one write each instead of twelve.
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default() as u8;
        let mut text = [0; 24];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let text = text.as_bytes();
        if text.len() != 24 {
            return Err(NotAnId);
        }
        let digit = |c: u8| (c as char).to_digit(16).ok_or(NotAnId);
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            // Two hexadecimal digits are at most 255.
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_id_reads_either_case_and_writes_lower() {
        let id: ObjectId = "64B7f0c2a1d3e4f5a6b7c8D9".parse().unwrap();
        assert_eq!(id.to_string(), "64b7f0c2a1d3e4f5a6b7c8d9");
        for bad in ["", "64b7f0c2a1d3e4f5a6b7c8d", "64b7f0c2a1d3e4f5a6b7c8dg", "64b7f0c2a1d3e4f5a6b7c8d90"] {
            assert_eq!(bad.parse::<ObjectId>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn a_uuid_is_hyphenated_or_nothing() {
        assert!("202AC2F0-748c-452f-8393-180f9366e174".parse::<PersonId>().is_ok());
        for bad in
            ["202ac2f0748c452f8393180f9366e174", "{202ac2f0-748c-452f-8393-180f9366e174}", "urn:uuid:x", ""]
        {
            assert_eq!(bad.parse::<PersonId>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn a_number_is_positive_and_exact_in_json() {
        assert_eq!(Number::new(0), None);
        assert_eq!(Number::new(Number::MAX).map(Number::get), Some(9_007_199_254_740_991));
        assert_eq!(Number::new(Number::MAX + 1), None);
    }
}
