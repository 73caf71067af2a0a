//! The writes of everything besides people, messages to them included: what a [`crate::Store`] executes, all of a list or none.

use std::fmt;

use crate::entity::{Entity, EntityKey};
use crate::message::Message;
use crate::store::ChangeError;

/// A pure decision on an entity as it is, which answers with the entity as it shall become. The engine may ask twice.
pub type DecideEntity = Box<dyn FnMut(&Entity) -> Result<Entity, ChangeError> + Send>;

/// One write.
#[expect(clippy::large_enum_variant, reason = "an entity is not boxed anywhere else either")]
pub enum Command {
    /// The ids and times are those of the entity given. A label's number is given out by the engine, and the one in the
    /// command is not looked at.
    Create(Entity),
    Change {
        key: EntityKey,
        decide: DecideEntity,
    },
    Delete(EntityKey),
    /// Puts a message into the outbox. Its person has to be a member of its organization in the same transaction.
    Send(Message),
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(entity) => f.debug_tuple("Create").field(&entity.key()).finish(),
            Self::Change { key, decide: _ } => f.debug_tuple("Change").field(key).finish(),
            Self::Delete(key) => f.debug_tuple("Delete").field(key).finish(),
            Self::Send(message) => f.debug_tuple("Send").field(&message.id).finish(),
        }
    }
}
