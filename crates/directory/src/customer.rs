//! What one API keeps of an organization and the others know nothing of: Laurel, which calls it a customer, and Kare.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::attribute::{Attribute, Property};
use crate::change::{AttributeChange, Recorded, Value};
use crate::credential::KeyHash;
use crate::identity::Identity;
use crate::organization::{Organization, Tenant};
use crate::person::Lang;

/// An organization with what single APIs keep of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    pub organization: Organization,
    pub tenant: Tenant,
    pub profile: CustomerProfile,
    pub updated_at: Timestamp,
}

/// What is said of an organization through one API. One of which nobody has said anything has an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomerProfile {
    /// Three characters. Unique in the tenant.
    pub code: Option<String>,
    /// The name in lower case with dashes, such as `aurora-north`. Unique in the tenant.
    pub slug: Option<String>,
    pub segment: Option<Segment>,
    pub vertical: Option<Vertical>,
    pub pms_vendor: Option<String>,
    pub salesforce_account_id: Option<String>,
    /// Each unique among the customers of the tenant.
    pub identities: Vec<Identity>,
    pub connections: Vec<Connection>,
    /// In which Kare speaks to its people.
    pub lang: Option<Lang>,
    /// Of Kare's, such as `Europe/Paris`.
    pub time_zone: Option<String>,
}

/// A single-sign-on connection. Nobody signs in through it here: it is kept for whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub id: String,
    pub strategy: Strategy,
    /// The domains whose people sign in through it.
    pub domains: Vec<String>,
    pub is_scim_enabled: bool,
    /// What opens the customer's SCIM interface, since it was switched on last.
    pub scim_key: Option<KeyHash>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How people sign in through a connection: the kind, and its settings as they were sent. A secret is not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    pub kind: StrategyKind,
    pub settings: BTreeMap<String, Setting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Text(String),
    Flag(bool),
    /// Names of one side and what they are called on the other.
    Map(BTreeMap<String, String>),
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($variant,)+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text)
            }
        }

        impl Recorded for $name {
            fn record(&self) -> Value {
                Value::Text(self.as_str().to_owned())
            }
        }
    )+};
}

named! {
    StrategyKind {
        Adfs = "adfs",
        Waad = "waad",
        Db = "db",
        Saml = "samlp",
    }

    /// How large a customer is.
    Segment {
        Strategic = "strategic",
        Enterprise = "enterprise",
        MidMarket = "mid-market",
        Smb = "smb",
    }

    /// What a customer does.
    Vertical {
        Legal = "legal",
        Accounting = "accounting",
    }
}

/// What shall become of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerChange {
    /// The name of the organization.
    pub name: String,
    pub profile: CustomerProfile,
}

/// What a customer is found by, and no two of a tenant share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CustomerKey {
    pub source: String,
    /// Folded as its source compares.
    pub value: String,
}

impl CustomerKey {
    const CODE: &str = "code";
    const SLUG: &str = "slug";

    pub fn of_identity(identity: &Identity) -> Self {
        Self { source: identity.source.to_string(), value: identity.folded() }
    }

    /// The attribute to name when the key is another's.
    pub fn attribute(&self) -> Attribute {
        Attribute::Of(match self.source.as_str() {
            Self::CODE => Property::Code,
            Self::SLUG => Property::Slug,
            _ => Property::Identities,
        })
    }
}

/// Every key of a customer.
pub fn keys(profile: &CustomerProfile) -> Vec<CustomerKey> {
    let key = |source: &str, value: &Option<String>| {
        value.clone().map(|value| CustomerKey { source: source.to_owned(), value })
    };
    let named =
        key(CustomerKey::CODE, &profile.code).into_iter().chain(key(CustomerKey::SLUG, &profile.slug));
    let mut keys: Vec<_> = named.chain(profile.identities.iter().map(CustomerKey::of_identity)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What an event records of a change, without a secret.
pub fn differences(before: &CustomerProfile, after: &CustomerProfile) -> Vec<AttributeChange> {
    let both = recorded(before).into_iter().zip(recorded(after));
    both.filter(|((_, before), (_, after))| before != after)
        .map(|((property, before), (_, after))| AttributeChange {
            attribute: Attribute::Of(property),
            before,
            after,
        })
        .collect()
}

fn recorded(profile: &CustomerProfile) -> [(Property, Value); 10] {
    [
        (Property::Code, profile.code.record()),
        (Property::Slug, profile.slug.record()),
        (Property::Segment, profile.segment.record()),
        (Property::Vertical, profile.vertical.record()),
        (Property::PmsVendor, profile.pms_vendor.record()),
        (Property::SalesforceAccountId, profile.salesforce_account_id.record()),
        (Property::Identities, profile.identities.record()),
        (Property::Connections, profile.connections.record()),
        (Property::Lang, profile.lang.record()),
        (Property::TimeZone, profile.time_zone.record()),
    ]
}

impl Recorded for Connection {
    fn record(&self) -> Value {
        let settings =
            self.strategy.settings.iter().map(|(name, setting)| (name.clone(), setting.record())).collect();
        let key = self.scim_key.as_ref().map(|key| key.created_at);
        let members = [
            ("id", self.id.record()),
            ("strategy", self.strategy.kind.record()),
            ("settings", Value::Map(settings)),
            ("domains", self.domains.record()),
            ("scim", self.is_scim_enabled.record()),
            // When the key began: of the key itself nothing is recorded.
            ("scim_key", key.record()),
        ];
        Value::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Recorded for Setting {
    fn record(&self) -> Value {
        match self {
            Self::Text(text) => text.record(),
            Self::Flag(flag) => flag.record(),
            Self::Map(names) => {
                Value::Map(names.iter().map(|(name, other)| (name.clone(), other.record())).collect())
            }
        }
    }
}
