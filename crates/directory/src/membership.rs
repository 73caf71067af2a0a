//! A person in an organization, with what each vendor API grants them there.
//!
//! The grants are apart on purpose: none is derived from another, and each API changes its own alone.

use jiff::Timestamp;

use crate::ids::{Number, ObjectId, OrganizationId, TeamId};
use crate::organization::Permission;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub organization: OrganizationId,
    pub replay: ReplayGrant,
    pub kare: KareGrant,
    pub laurel: LaurelGrant,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Set when the person left this organization; the row stays for the audit.
    pub deleted_at: Option<Timestamp>,
}

impl Membership {
    /// A membership as it begins, granting the least of everything.
    pub fn new(organization: OrganizationId, now: Timestamp) -> Self {
        Self {
            organization,
            replay: ReplayGrant::default(),
            kare: KareGrant::default(),
            laurel: LaurelGrant::default(),
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayGrant {
    pub role: ReplayRole,
    pub access: AccessType,
    pub team: Option<TeamId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplayRole {
    #[default]
    User,
    Manager,
    /// Given and taken by operators alone.
    Admin,
}

impl ReplayRole {
    pub const ALL: [Self; 3] = [Self::User, Self::Manager, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// How a person gets into Replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessType {
    #[default]
    Default,
    /// Made by a learning management system; never signs in.
    Integration,
    Dual,
}

impl AccessType {
    pub const ALL: [Self; 3] = [Self::Default, Self::Integration, Self::Dual];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Integration => "integration",
            Self::Dual => "dual",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KareGrant {
    pub scope: KareScope,
    /// The level and the sites are kept and shown; they give no rights here.
    pub permissions: KarePermissions,
    pub profession: Option<Number>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KarePermissions {
    pub group: u64,
    pub read: Vec<i64>,
    pub manage: Vec<i64>,
}

/// Kare's role of a person in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KareScope {
    Admin,
    #[default]
    User,
}

impl KareScope {
    pub const ALL: [Self; 2] = [Self::Admin, Self::User];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaurelGrant {
    /// Ascending and without repeats; the default roles are not among them.
    pub roles: Vec<ObjectId>,
    /// None: no super delegate.
    pub super_delegate: Option<Vec<Permission>>,
}
