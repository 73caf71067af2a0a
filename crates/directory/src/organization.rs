//! What a tenant is made of besides its people.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::ids::{DepartmentId, GroupId, Number, ObjectId, OrganizationId, TeamId, TenantId};

/// The boundary of isolation and of uniqueness: a tree of organizations under one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub object_id: ObjectId,
    pub region: Region,
    pub created_at: Timestamp,
}

/// Where Laurel says that a customer's data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Region {
    #[default]
    Iad,
    Lhr,
    Syd,
    Pdx,
    Yul,
}

impl Region {
    pub const ALL: [Self; 5] = [Self::Iad, Self::Lhr, Self::Syd, Self::Pdx, Self::Yul];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iad => "iad",
            Self::Lhr => "lhr",
            Self::Syd => "syd",
            Self::Pdx => "pdx",
            Self::Yul => "yul",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.as_str() == text)
    }
}

/// A node of a tenant's tree: a Relesys customer, Replay company, Kare organization, Laurel customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub number: Number,
    pub object_id: ObjectId,
    /// None for the root.
    pub parent: Option<OrganizationId>,
    /// Unique in the tenant.
    pub name: String,
    pub created_at: Timestamp,
}

/// A department of the tenant (Relesys).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    pub id: DepartmentId,
    pub name: String,
}

/// A group of the tenant: a Relesys user group and a Laurel user group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub object_id: ObjectId,
    pub name: String,
}

/// A team of one organization (Replay).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub organization: OrganizationId,
    pub name: String,
}

/// A label of one organization; people's professions are labels (Kare).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub number: Number,
    pub organization: OrganizationId,
    pub name: String,
    /// `#RRGGBB`.
    pub color: String,
}

/// A role of the tenant (Laurel).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub object_id: ObjectId,
    /// Kebab-case, unique in the tenant.
    pub name: String,
    /// Everyone has the default roles, assigned or not.
    pub is_default: bool,
    pub permissions: Vec<Permission>,
}

/// The roles that every tenant starts with, and whether everyone has them. Their permissions are not public.
pub const STANDARD_ROLES: [(&str, bool); 5] = [
    ("user", true),
    ("customer-admin", false),
    ("super-customer-admin", false),
    ("super-delegate", false),
    ("trainer", false),
];

/// What a role or a delegation allows, as one opaque claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    pub claim: String,
}

impl Permission {
    /// The same claim has the same id everywhere, so that no table of claims is needed.
    pub fn object_id(&self) -> ObjectId {
        let digest = Sha256::new().chain_update("permission:").chain_update(&self.claim).finalize();
        let mut id = [0; 12];
        id.copy_from_slice(&digest[..12]);
        ObjectId(id)
    }
}
