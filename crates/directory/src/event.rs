//! Events: what was committed, by whom, through which API, and what it changed.

use jiff::Timestamp;

use crate::caller::{Caller, Principal, Via};
use crate::change::AttributeChange;
use crate::ids::{CredentialId, OrganizationId, PersonId};

/// One committed change. Written in the transaction of the change itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts up in the tenant without a gap.
    pub sequence: u64,
    pub at: Timestamp,
    pub action: Action,
    /// The person it is about.
    pub person: PersonId,
    pub actor: Actor,
    pub changes: Vec<AttributeChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Changed,
    /// The membership ended; with the last one, the person.
    Deleted,
    /// A leaver came back.
    Restored,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Created, Self::Changed, Self::Deleted, Self::Restored];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub via: Via,
    pub organization: OrganizationId,
    pub credential: Option<CredentialId>,
    pub person: Option<PersonId>,
    pub forwarded: Option<Principal>,
    pub request: String,
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self {
            via: caller.via,
            organization: caller.organization,
            credential: caller.credential,
            person: caller.person,
            forwarded: caller.forwarded.clone(),
            request: caller.request.clone(),
        }
    }
}

/// Which events to list, newest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventQuery {
    pub person: Option<PersonId>,
    pub via: Option<Via>,
    pub action: Option<Action>,
    pub since: Option<Timestamp>,
    /// Only events before this sequence number, to read on.
    pub before: Option<u64>,
    pub limit: usize,
}
