//! What roles and delegations allow: opaque claims, some of which the directory gives to the roles that every tenant starts with.
//!
//! A claim has four parts, `service:namespace:action:scope`. The vendor names the parts (Identity service, schema `Permission`, and
//! scopes such as `CustomerOwnUserOwnRead`), and does not show how they are joined.

use sha2::{Digest, Sha256};

use crate::ids::ObjectId;

/// What a role or a delegation allows, as one opaque claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    pub claim: String,
}

/// The parts of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    pub service: &'a str,
    pub namespace: &'a str,
    pub action: Action,
    /// Which customer and which user: one's own, or any.
    pub scope: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Read,
    Write,
    Impersonate,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Impersonate => "impersonate",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Impersonate].into_iter().find(|action| action.as_str() == text)
    }
}

impl Permission {
    /// The same claim has the same id everywhere, so that no table of claims is needed.
    pub fn object_id(&self) -> ObjectId {
        let digest = Sha256::new().chain_update("permission:").chain_update(&self.claim).finalize();
        let mut id = [0; 12];
        id.copy_from_slice(&digest[..12]);
        ObjectId(id)
    }

    /// None of a claim of another form, which may be anything.
    pub fn parts(&self) -> Option<Parts<'_>> {
        let mut parts = self.claim.split(':');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (service, namespace, action, scope) = (next()?, next()?, Action::parse(next()?)?, next()?);
        parts.next().is_none().then_some(Parts { service, namespace, action, scope })
    }

    /// What a standard claim means, and nothing of another one.
    pub fn description(&self) -> &'static str {
        let known = STANDARD.iter().find(|(claim, _)| *claim == self.claim);
        known.map_or("", |(_, description)| description)
    }
}

/// The claims that the standard roles have.
pub const STANDARD: [(&str, &str); 14] = [
    ("identity:users:read:CustomerOwnUserOwn", "Read oneself"),
    ("identity:users:write:CustomerOwnUserOwn", "Change oneself"),
    ("identity:users:read:CustomerOwnUserAny", "Read all users of the customer"),
    ("identity:users:write:CustomerOwnUserAny", "Change all users of the customer"),
    ("identity:users:impersonate:CustomerOwnUserAny", "Act for all users of the customer"),
    ("identity:users:read:CustomerAnyUserAny", "Read all users of all customers"),
    ("identity:users:write:CustomerAnyUserAny", "Change all users of all customers"),
    ("identity:user-groups:read:CustomerOwnUserOwn", "Read one's own user groups"),
    ("identity:user-groups:read:CustomerOwnUserAny", "Read the user groups of the customer"),
    ("identity:user-groups:write:CustomerOwnUserAny", "Change the user groups of the customer"),
    ("identity:customers:read:CustomerOwnUserAny", "Read the customer"),
    ("identity:customers:write:CustomerOwnUserAny", "Change the customer"),
    ("identity:customers:write:CustomerAnyUserAny", "Change all customers"),
    ("time:entries:read:CustomerOwnUserOwn", "Read one's own time"),
];

/// A role that every tenant starts with. The names are the vendor's (help.laurel.ai/en/articles/13674779); what they allow is not public, and
/// our reading of what they are called.
#[derive(Debug, Clone, Copy)]
pub struct StandardRole {
    pub name: &'static str,
    pub description: &'static str,
    pub is_default: bool,
    pub claims: &'static [&'static str],
}

pub const STANDARD_ROLES: [StandardRole; 5] = [
    StandardRole {
        name: "user",
        description: "What everybody may do",
        is_default: true,
        claims: &[
            "identity:user-groups:read:CustomerOwnUserOwn",
            "identity:users:read:CustomerOwnUserOwn",
            "identity:users:write:CustomerOwnUserOwn",
            "time:entries:read:CustomerOwnUserOwn",
        ],
    },
    StandardRole {
        name: "customer-admin",
        description: "Administers the users of a customer",
        is_default: false,
        claims: &[
            "identity:customers:read:CustomerOwnUserAny",
            "identity:user-groups:read:CustomerOwnUserAny",
            "identity:user-groups:write:CustomerOwnUserAny",
            "identity:users:read:CustomerOwnUserAny",
            "identity:users:write:CustomerOwnUserAny",
        ],
    },
    StandardRole {
        name: "super-customer-admin",
        description: "Administers customers",
        is_default: false,
        claims: &[
            "identity:customers:write:CustomerAnyUserAny",
            "identity:customers:write:CustomerOwnUserAny",
            "identity:users:read:CustomerAnyUserAny",
            "identity:users:write:CustomerAnyUserAny",
        ],
    },
    StandardRole {
        name: "super-delegate",
        description: "Works on the time of many",
        is_default: false,
        claims: &["identity:users:impersonate:CustomerOwnUserAny", "identity:users:read:CustomerOwnUserAny"],
    },
    StandardRole {
        name: "trainer",
        description: "Shows others how it works",
        is_default: false,
        claims: &["identity:users:read:CustomerOwnUserAny"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_has_four_parts_or_is_of_another_form() {
        let permission = |claim: &str| Permission { claim: claim.to_owned() };
        let parts = Parts { service: "time", namespace: "entries", action: Action::Write, scope: "x" };
        assert_eq!(permission("time:entries:write:x").parts(), Some(parts));
        for other in
            ["", "BillingRead", "time:entries:write", "time:entries:delete:x", "a:b:read:c:d", "a::read:c"]
        {
            assert_eq!(permission(other).parts(), None, "{other}");
        }
    }

    #[test]
    fn standard_roles_have_standard_claims_each_once_and_in_order() {
        for role in STANDARD_ROLES {
            assert!(role.claims.is_sorted_by(|a, b| a < b), "{}", role.name);
            for claim in role.claims {
                let permission = Permission { claim: (*claim).to_owned() };
                assert!(permission.parts().is_some() && !permission.description().is_empty(), "{claim}");
            }
        }
    }
}
