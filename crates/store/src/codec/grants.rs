//! The grants of a membership, as they stand in its row.

use directory::membership::Membership;
use uuid::Uuid;

use super::{Result, claims, list};

pub(crate) struct Grants {
    pub(crate) team: Option<Uuid>,
    /// An unsigned integer of 64 bits, kept as its two's complement.
    pub(crate) kare_group: i64,
    pub(crate) kare_read: Option<String>,
    pub(crate) kare_manage: Option<String>,
    pub(crate) profession: Option<i64>,
    pub(crate) laurel_roles: Option<String>,
    /// None: no super delegate.
    pub(crate) super_delegate: Option<String>,
}

impl Grants {
    pub(crate) fn of(membership: &Membership) -> Result<Self> {
        let roles: Vec<String> = membership.laurel.roles.iter().map(ToString::to_string).collect();
        Ok(Self {
            team: membership.replay.team.map(|id| id.0),
            kare_group: membership.kare.permissions.group.cast_signed(),
            kare_read: list(&membership.kare.permissions.read)?,
            kare_manage: list(&membership.kare.permissions.manage)?,
            profession: membership.kare.profession.map(|number| number.get().cast_signed()),
            laurel_roles: list(&roles)?,
            super_delegate: claims(membership.laurel.super_delegate.as_deref())?,
        })
    }
}
