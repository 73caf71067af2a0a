//! Delegation (Laurel): one person's work that another may do. The direction is decided here and nowhere else.

use crate::identity::Identity;
use crate::ids::{ObjectId, PersonId};
use crate::organization::Permission;

/// One edge, seen from one end: who is at the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    pub other: DelegateSummary,
    /// None: the relation was made without saying.
    pub permissions: Option<Vec<Permission>>,
}

/// What each end sees of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegateSummary {
    pub id: PersonId,
    pub object_id: ObjectId,
    pub given: String,
    pub family: String,
    pub identities: Vec<Identity>,
}

/// A person named as one who delegates to the person addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegator {
    pub object_id: ObjectId,
    /// None keeps what an edge that stays allows, and says nothing on a new one.
    pub permissions: Option<Vec<Permission>>,
}

/// An edge to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub delegator: PersonId,
    pub delegate: PersonId,
    pub permissions: Option<Vec<Permission>>,
}

impl Edge {
    /// Laurel's `delegateIds` and `delegates` set "users who delegate their work to this user": the person addressed
    /// is the delegate, the person named the delegator. Here alone would the direction be turned round.
    pub fn between(addressed: PersonId, named: PersonId, permissions: Option<Vec<Permission>>) -> Self {
        Self { delegator: named, delegate: addressed, permissions }
    }
}
