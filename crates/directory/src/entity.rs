//! What a tenant has besides people and organizations, as one closed set: everything that [`crate::command::Command`]
//! creates, changes and deletes.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::custom_field::CustomField;
use crate::ids::{CustomFieldId, DepartmentId, GroupId, Number, ObjectId, TeamId, TemplateId};
use crate::organization::{Department, Group, Label, Role, Team};
use crate::template::Template;

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "few are held at once, and a box would be in the way of every match"
)]
pub enum Entity {
    Department(Department),
    Group(Group),
    Team(Team),
    Label(Label),
    Role(Role),
    CustomField(CustomField),
    Template(Template),
}

/// How an entity is addressed in its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKey {
    Department(DepartmentId),
    Group(GroupId),
    Team(TeamId),
    Label(Number),
    Role(ObjectId),
    CustomField(CustomFieldId),
    Template(TemplateId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKind {
    Department,
    Group,
    Team,
    Label,
    Role,
    CustomField,
    Template,
}

impl EntityKind {
    pub const ALL: [Self; 7] = [
        Self::Department,
        Self::Group,
        Self::Team,
        Self::Label,
        Self::Role,
        Self::CustomField,
        Self::Template,
    ];

    /// The name that events hold and commands print.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Group => "group",
            Self::Team => "team",
            Self::Label => "label",
            Self::Role => "role",
            Self::CustomField => "custom-field",
            Self::Template => "template",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The kind in a sentence.
impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CustomField => "custom field",
            Self::Department | Self::Group | Self::Team | Self::Label | Self::Role | Self::Template => {
                self.as_str()
            }
        })
    }
}

impl Entity {
    pub fn key(&self) -> EntityKey {
        match self {
            Self::Department(it) => EntityKey::Department(it.id),
            Self::Group(it) => EntityKey::Group(it.id),
            Self::Team(it) => EntityKey::Team(it.id),
            Self::Label(it) => EntityKey::Label(it.number),
            Self::Role(it) => EntityKey::Role(it.object_id),
            Self::CustomField(it) => EntityKey::CustomField(it.id),
            Self::Template(it) => EntityKey::Template(it.id),
        }
    }

    pub fn kind(&self) -> EntityKind {
        self.key().kind()
    }

    /// The entity as one that begins now under these ids, of which each kind takes what it has. A label's number is given
    /// out by the engine.
    pub(crate) fn identified(mut self, id: Uuid, object_id: ObjectId, now: Timestamp) -> Self {
        match &mut self {
            Self::Department(it) => {
                it.id = DepartmentId(id);
                (it.created_at, it.updated_at) = (now, now);
            }
            Self::Group(it) => {
                (it.id, it.object_id) = (GroupId(id), object_id);
                (it.created_at, it.updated_at) = (now, now);
            }
            Self::Team(it) => (it.id, it.created_at) = (TeamId(id), now),
            Self::Label(it) => (it.created_at, it.updated_at) = (now, now),
            Self::Role(it) => (it.object_id, it.created_at, it.updated_at) = (object_id, now, now),
            Self::CustomField(it) => it.id = CustomFieldId(id),
            Self::Template(it) => {
                it.id = TemplateId(id);
                (it.created_at, it.updated_at) = (now, None);
            }
        }
        self
    }
}

impl EntityKey {
    pub fn kind(self) -> EntityKind {
        match self {
            Self::Department(_) => EntityKind::Department,
            Self::Group(_) => EntityKind::Group,
            Self::Team(_) => EntityKind::Team,
            Self::Label(_) => EntityKind::Label,
            Self::Role(_) => EntityKind::Role,
            Self::CustomField(_) => EntityKind::CustomField,
            Self::Template(_) => EntityKind::Template,
        }
    }

    /// Reads the id of an entity of that kind, as [`fmt::Display`] writes it.
    pub fn parse(kind: EntityKind, id: &str) -> Option<Self> {
        Some(match kind {
            EntityKind::Department => Self::Department(id.parse().ok()?),
            EntityKind::Group => Self::Group(id.parse().ok()?),
            EntityKind::Team => Self::Team(id.parse().ok()?),
            EntityKind::Label => Self::Label(id.parse().ok().and_then(Number::new)?),
            EntityKind::Role => Self::Role(id.parse().ok()?),
            EntityKind::CustomField => Self::CustomField(id.parse().ok()?),
            EntityKind::Template => Self::Template(id.parse().ok()?),
        })
    }
}

/// The id alone.
impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Department(id) => id.fmt(f),
            Self::Group(id) => id.fmt(f),
            Self::Team(id) => id.fmt(f),
            Self::Label(number) => number.fmt(f),
            Self::Role(id) => id.fmt(f),
            Self::CustomField(id) => id.fmt(f),
            Self::Template(id) => id.fmt(f),
        }
    }
}

macro_rules! entities {
    ($($variant:ident($type:ty)),* $(,)?) => {$(
        impl From<$type> for Entity {
            fn from(it: $type) -> Self {
                Self::$variant(it)
            }
        }

        /// None where the entity is of another kind.
        impl TryFrom<Entity> for $type {
            type Error = EntityKind;

            fn try_from(entity: Entity) -> Result<Self, EntityKind> {
                match entity {
                    Entity::$variant(it) => Ok(it),
                    other => Err(other.kind()),
                }
            }
        }
    )*};
}

entities! {
    Department(Department),
    Group(Group),
    Team(Team),
    Label(Label),
    Role(Role),
    CustomField(CustomField),
    Template(Template),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let id = Uuid::from_u128(7);
        for key in [
            EntityKey::Department(DepartmentId(id)),
            EntityKey::Group(GroupId(id)),
            EntityKey::Team(TeamId(id)),
            EntityKey::Label(Number::FIRST),
            EntityKey::Role(ObjectId([7; 12])),
            EntityKey::CustomField(CustomFieldId(id)),
            EntityKey::Template(TemplateId(id)),
        ] {
            assert_eq!(EntityKey::parse(key.kind(), &key.to_string()), Some(key));
            assert_eq!(EntityKind::parse(key.kind().as_str()), Some(key.kind()));
            assert_eq!(EntityKey::parse(key.kind(), "x"), None);
        }
    }
}
