//! External identities: what other systems call a person, and the namespaces that keep them apart.

use std::fmt;

use crate::ids::OrganizationId;
use crate::text::fold;

/// A value that one outside system knows a person by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    pub source: Source,
    pub value: String,
}

/// The namespace of an external id. No value of one is ever taken for a value of another, nor for an internal id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    Relesys,
    /// Replay's external ids are unique for each company.
    Replay(OrganizationId),
    Laurel(LaurelType),
}

/// The sources that one API reads and writes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Relesys,
    Replay(OrganizationId),
    Laurel,
}

impl Source {
    pub fn family(&self) -> Family {
        match self {
            Self::Relesys => Family::Relesys,
            Self::Replay(organization) => Family::Replay(*organization),
            Self::Laurel(_) => Family::Laurel,
        }
    }

    /// The spelling that rows and events use.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "relesys" => Some(Self::Relesys),
            Some(("replay", organization)) => organization.parse().ok().map(Self::Replay),
            Some(("laurel", kind)) => LaurelType::parse(kind).map(Self::Laurel),
            _ => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relesys => f.write_str("relesys"),
            Self::Replay(organization) => write!(f, "replay:{organization}"),
            Self::Laurel(kind) => write!(f, "laurel:{}", kind.as_str()),
        }
    }
}

impl Identity {
    /// What two values of this source are compared by: exactly, but for addresses.
    pub fn folded(&self) -> String {
        match self.source {
            Source::Laurel(LaurelType::Email | LaurelType::UserPrincipalName) => fold(&self.value),
            Source::Relesys | Source::Replay(_) | Source::Laurel(_) => self.value.clone(),
        }
    }
}

macro_rules! laurel_types {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The systems that Laurel knows (Identity service, schema `Identity`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum LaurelType { $($name),* }

        impl LaurelType {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

laurel_types! {
    Aderant = "aderant",
    Auth0 = "auth0",
    Azure = "azure",
    Email = "email",
    ExternalBillingSystem = "external-billing-system",
    Elite = "elite",
    Intercom = "intercom",
    Juris = "juris",
    CiscoCdr = "cisco-cdr",
    Mixpanel = "mixpanel",
    Phone = "phone",
    PhoneExtension = "phone-extension",
    Salesforce = "salesforce",
    Segment = "segment",
    Vitally = "vitally",
    Walls = "walls",
    Zendesk = "zendesk",
    Zoom = "zoom",
    Exchange = "exchange",
    UserPrincipalName = "user-principal-name",
    CiscoWebex = "cisco-webex",
    Ringcentral = "ringcentral",
    Google = "google",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_what_it_writes() {
        let organization = OrganizationId(uuid::Uuid::from_u128(7));
        let laurel = LaurelType::ALL.iter().map(|kind| Source::Laurel(*kind));
        for source in laurel.chain([Source::Relesys, Source::Replay(organization)]) {
            assert_eq!(Source::parse(&source.to_string()), Some(source));
        }
        assert_eq!(LaurelType::ALL.len(), 23);
        for bad in ["", "laurel", "laurel:x", "relesys:x", "replay:x"] {
            assert_eq!(Source::parse(bad), None, "{bad}");
        }
    }
}
