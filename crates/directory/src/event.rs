//! Events: what was committed, by whom, through which API, and what it changed.

use std::fmt;

use jiff::Timestamp;

use crate::caller::{Caller, Channel, Principal};
use crate::change::AttributeChange;
use crate::entity::{EntityKey, EntityKind};
use crate::ids::{CredentialId, MessageId, OrganizationId, PersonId, SessionId};
use crate::query::Direction;

/// One committed change. Written in the transaction of the change itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts up in the tenant without a gap.
    pub sequence: u64,
    pub at: Timestamp,
    pub action: Action,
    /// What it is about.
    pub subject: Subject,
    pub actor: Actor,
    pub changes: Vec<AttributeChange>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    Person(PersonId),
    Entity(EntityKey),
    Organization(OrganizationId),
    Credential(CredentialId),
    Session(SessionId),
    Message(MessageId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    Person,
    Entity(EntityKind),
    Organization,
    Credential,
    Session,
    Message,
}

impl SubjectKind {
    pub const ALL: [Self; 12] = [
        Self::Person,
        Self::Entity(EntityKind::Department),
        Self::Entity(EntityKind::Group),
        Self::Entity(EntityKind::Team),
        Self::Entity(EntityKind::Label),
        Self::Entity(EntityKind::Role),
        Self::Entity(EntityKind::CustomField),
        Self::Entity(EntityKind::Template),
        Self::Organization,
        Self::Credential,
        Self::Session,
        Self::Message,
    ];

    /// The name that events hold and commands print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Entity(kind) => kind.as_str(),
            Self::Organization => "organization",
            Self::Credential => "credential",
            Self::Session => "session",
            Self::Message => "message",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// As sentences name it; [`SubjectKind::as_str`] is for rows and options.
impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entity(kind) => kind.fmt(f),
            Self::Person | Self::Organization | Self::Credential | Self::Session | Self::Message => {
                f.write_str(self.as_str())
            }
        }
    }
}

impl Subject {
    pub fn kind(self) -> SubjectKind {
        match self {
            Self::Person(_) => SubjectKind::Person,
            Self::Entity(key) => SubjectKind::Entity(key.kind()),
            Self::Organization(_) => SubjectKind::Organization,
            Self::Credential(_) => SubjectKind::Credential,
            Self::Session(_) => SubjectKind::Session,
            Self::Message(_) => SubjectKind::Message,
        }
    }

    /// Reads the id of a subject of that kind, as [`fmt::Display`] writes it.
    pub fn parse(kind: SubjectKind, id: &str) -> Option<Self> {
        Some(match kind {
            SubjectKind::Person => Self::Person(id.parse().ok()?),
            SubjectKind::Entity(kind) => Self::Entity(EntityKey::parse(kind, id)?),
            SubjectKind::Organization => Self::Organization(id.parse().ok()?),
            SubjectKind::Credential => Self::Credential(id.parse().ok()?),
            SubjectKind::Session => Self::Session(id.parse().ok()?),
            SubjectKind::Message => Self::Message(id.parse().ok()?),
        })
    }
}

/// The id alone.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Entity(key) => key.fmt(f),
            Self::Organization(id) => id.fmt(f),
            Self::Credential(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::Message(id) => id.fmt(f),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Created,
    Changed,
    /// Of a person: the membership ended; with the last one, the person.
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
    pub via: Channel,
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

/// What events are about that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectFilter {
    One(Subject),
    Kind(SubjectKind),
}

/// Which events of a tenant to list, by their sequence. It is no [`crate::query::Query`]: the sequence is the only order that
/// events have, and the only position in it (docs/decisions/0006).
#[derive(Debug, Clone, PartialEq)]
pub struct EventQuery {
    pub subject: Option<SubjectFilter>,
    /// The credential that the change was made with.
    pub credential: Option<CredentialId>,
    /// The person who made the change.
    pub actor: Option<PersonId>,
    pub via: Option<Channel>,
    pub action: Option<Action>,
    /// Only events at this time or later.
    pub since: Option<Timestamp>,
    /// Only events before this time.
    pub until: Option<Timestamp>,
    /// Only events with a greater sequence number.
    pub after: Option<u64>,
    /// Only events with a smaller sequence number.
    pub before: Option<u64>,
    /// Ascending: the oldest first.
    pub direction: Direction,
    pub limit: u32,
}

impl EventQuery {
    /// All events, the newest first.
    pub fn newest(limit: u32) -> Self {
        Self {
            subject: None,
            credential: None,
            actor: None,
            via: None,
            action: None,
            since: None,
            until: None,
            after: None,
            before: None,
            direction: Direction::Descending,
            limit,
        }
    }

    /// All events, the oldest first.
    pub fn oldest(limit: u32) -> Self {
        Self { direction: Direction::Ascending, ..Self::newest(limit) }
    }

    /// What follows a page that ended with [`EventPage::next`].
    pub fn beyond(self, next: u64) -> Self {
        match self.direction {
            Direction::Ascending => Self { after: Some(next), ..self },
            Direction::Descending => Self { before: Some(next), ..self },
        }
    }
}

/// A part of a list of events, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// Where few events match, these may be fewer than the limit, or none, though there are more: a page looks at so many
    /// events and no further.
    pub events: Vec<Event>,
    /// The sequence number that the list goes on beyond. None at its end.
    pub next: Option<u64>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        let id = Uuid::from_u128(7);
        for subject in [
            Subject::Person(PersonId(id)),
            Subject::Entity(EntityKey::parse(EntityKind::Role, "0102030405060708090a0b0c").unwrap()),
            Subject::Organization(OrganizationId(id)),
            Subject::Credential(CredentialId(id)),
            Subject::Session(SessionId(id)),
            Subject::Message(MessageId(id)),
        ] {
            assert_eq!(Subject::parse(subject.kind(), &subject.to_string()), Some(subject));
        }
        for kind in SubjectKind::ALL {
            assert_eq!(SubjectKind::parse(kind.as_str()), Some(kind));
        }
        for kind in EntityKind::ALL {
            assert!(SubjectKind::ALL.contains(&SubjectKind::Entity(kind)), "{kind}");
        }
    }
}
