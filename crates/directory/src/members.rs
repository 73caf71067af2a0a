//! Who is in a group.

use crate::attribute::{Attribute, Property};
use crate::change::{AttributeChange, Value};
use crate::ids::{GroupId, ObjectId, OrganizationId, PersonId, TenantId};
use crate::organization::Group;
use crate::store::AuditContext;

/// What becomes of the members of a group. People who are no members of the organization that asks are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembersChange {
    Add(Vec<PersonId>),
    Remove(Vec<PersonId>),
    /// Of the organization's people these are members of the group, and no others are.
    Set(Vec<PersonId>),
}

/// A change of the members of a group, as seen from one organization.
#[derive(Debug, Clone)]
pub struct ChangeMembers {
    pub tenant: TenantId,
    pub organization: OrganizationId,
    pub group: GroupId,
    pub change: MembersChange,
    pub audit: AuditContext,
}

/// Somebody who came into a group or went out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    pub object_id: ObjectId,
    pub id: PersonId,
}

/// What a change of members came to. Both lists are by ascending object id.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedMembers {
    pub group: Group,
    pub added: Vec<Member>,
    pub removed: Vec<Member>,
}

/// People that one event names as added, and as removed, at most: an event of a large group stays readable.
const OF_AN_EVENT: usize = 1_000;

impl ChangedMembers {
    /// What the events of the group record, one of them for each item.
    pub fn recorded(&self) -> impl Iterator<Item = AttributeChange> + '_ {
        let (mut added, mut removed) = (self.added.chunks(OF_AN_EVENT), self.removed.chunks(OF_AN_EVENT));
        std::iter::from_fn(move || {
            let (added, removed) = (added.next(), removed.next());
            (added.is_some() || removed.is_some()).then(|| AttributeChange {
                attribute: Attribute::Of(Property::Members),
                before: ids(removed.unwrap_or_default()),
                after: ids(added.unwrap_or_default()),
            })
        })
    }
}

fn ids(members: &[Member]) -> Value {
    Value::List(members.iter().map(|member| Value::Text(member.id.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn members(count: u128) -> Vec<Member> {
        let member =
            |n| Member { object_id: ObjectId::compose(n as u32, [7; 8]), id: PersonId(Uuid::from_u128(n)) };
        (0..count).map(member).collect()
    }

    #[test]
    fn an_event_names_a_thousand_who_came_and_a_thousand_who_went() {
        for (added, removed, sizes) in [
            (0, 0, &[][..]),
            (1, 0, &[(1, 0)]),
            (0, 2, &[(0, 2)]),
            (1_000, 1, &[(1_000, 1)]),
            (1_001, 2_500, &[(1_000, 1_000), (1, 1_000), (0, 500)]),
        ] {
            let group = Group::new(GroupId(Uuid::nil()), ObjectId([1; 12]), "Crew");
            let group = Group { updated_at: Timestamp::UNIX_EPOCH, ..group };
            let changed = ChangedMembers { group, added: members(added), removed: members(removed) };
            let len = |value: &Value| match value {
                Value::List(items) => items.len(),
                other => panic!("{other:?}"),
            };
            let found: Vec<_> =
                changed.recorded().map(|change| (len(&change.after), len(&change.before))).collect();
            assert_eq!(found, sizes, "{added} came, {removed} went");
        }
    }
}
