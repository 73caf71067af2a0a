//! Who is asking.

use std::fmt;

use crate::credential::Scopes;
use crate::ids::{CredentialId, OrganizationId, PersonId, SessionId, TenantId};

/// A caller whose credential was checked. It fixes the tenant and the organization; nothing in a request does.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub via: Channel,
    /// None for an operator at the command line.
    pub credential: Option<CredentialId>,
    pub scopes: Scopes,
    /// The person who signed in, where the credential is a person's.
    pub person: Option<PersonId>,
    pub session: Option<SessionId>,
    /// Whom a service acts for, by its own word. Recorded, and never a source of rights.
    pub forwarded: Option<Principal>,
    /// The id under which the log and the answer know this request.
    pub request: String,
}

/// The way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    Dialect(Dialect),
    /// The `personae` command.
    Command,
}

/// A vendor's API as served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    Relesys,
    Replay,
    Kare,
    Laurel,
}

impl Dialect {
    pub const ALL: [Self; 4] = [Self::Relesys, Self::Replay, Self::Kare, Self::Laurel];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relesys => "relesys",
            Self::Replay => "replay",
            Self::Kare => "kare",
            Self::Laurel => "laurel",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dialect(dialect) => dialect.as_str(),
            Self::Command => "command",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        if text == Self::Command.as_str() {
            Some(Self::Command)
        } else {
            Dialect::parse(text).map(Self::Dialect)
        }
    }
}

/// A principal that somebody else names (Laurel's `originalPrincipal*`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Principal {
    pub client: Option<String>,
    pub customer: Option<String>,
    pub user: Option<String>,
}
