//! Who may change what. A vendor's API grants that vendor's authority alone.

use crate::caller::{Caller, Dialect, Via};
use crate::change::{AttributeChange, Value};
use crate::ids::PersonId;
use crate::membership::{KareScope, ReplayRole};
use crate::person_change::attribute;
use crate::record::Record;
use crate::refusal::Refusal;

/// Refuses what the caller has no right to. Called with the differences that a change would make: writing back what
/// is there touches nothing.
pub fn permit(caller: &Caller, record: &Record, changes: &[AttributeChange]) -> Result<(), Refusal> {
    match caller.via {
        Via::Command | Via::Dialect(Dialect::Relesys | Dialect::Laurel) => Ok(()),
        Via::Dialect(Dialect::Replay) => replay(changes),
        Via::Dialect(Dialect::Kare) => kare(caller, record, changes),
    }
}

/// Admin is not Replay's API to give or to take.
fn replay(changes: &[AttributeChange]) -> Result<(), Refusal> {
    let admin = Value::Text(ReplayRole::Admin.as_str().to_owned());
    let touches_admin = |change: &AttributeChange| {
        change.attribute == attribute::REPLAY_ROLE && (change.before == admin || change.after == admin)
    };
    if changes.iter().any(touches_admin) {
        return Err(Refusal::NotAllowed("the role of an admin cannot be changed through this API"));
    }
    Ok(())
}

fn kare(caller: &Caller, record: &Record, changes: &[AttributeChange]) -> Result<(), Refusal> {
    let rights = KareRights::of(caller.person, record)?;
    for change in changes {
        let allowed = match change.attribute.as_ref() {
            attribute::GIVEN_NAME | attribute::FAMILY_NAME | attribute::FULL_NAME => rights.names,
            attribute::KARE_SCOPE | attribute::KARE_GROUP | attribute::KARE_READ | attribute::KARE_MANAGE => {
                rights.grants
            }
            _ => rights.profession,
        };
        if !allowed {
            return Err(Refusal::NotAllowed("the caller's scope does not allow this change"));
        }
    }
    if rights.names { Ok(()) } else { Err(Refusal::NotAllowed("only an admin may change another member")) }
}

/// What a Kare member may do to another, or to themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KareRights {
    pub is_me: bool,
    pub is_admin: bool,
    /// May write first and last name.
    pub names: bool,
    pub profession: bool,
    /// May write scope and permissions: an admin's own are another admin's to change, so that an organization
    /// never loses its last admin this way.
    pub grants: bool,
}

impl KareRights {
    /// The rights over `record`; the actor must still be a member.
    pub fn of(actor: Option<PersonId>, record: &Record) -> Result<Self, Refusal> {
        let membership = record.related.actor.as_ref().ok_or(Refusal::CallerGone)?;
        let is_me = actor == Some(record.person.id);
        let is_admin = membership.kare.scope == KareScope::Admin;
        Ok(Self {
            is_me,
            is_admin,
            names: is_admin || is_me,
            profession: is_admin,
            grants: is_admin && !is_me,
        })
    }
}
