//! An event about anything but a person, as both engines write it.

use directory::Subject;
use directory::change::AttributeChange;
use directory::event::Action;

#[derive(Debug)]
pub(crate) struct SubjectEvent {
    pub(crate) subject: Subject,
    pub(crate) action: Action,
    pub(crate) changes: Vec<AttributeChange>,
}
