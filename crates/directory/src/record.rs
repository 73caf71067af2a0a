//! A person as one organization sees them: the person, the membership, and what a dialect shows beside them.

use std::sync::Arc;

use crate::custom_field::CustomField;
use crate::delegation::Delegation;
use crate::ids::{ObjectId, PersonId};
use crate::membership::Membership;
use crate::organization::{DepartmentSummary, GroupSummary, Label, Organization, Role, Tenant};
use crate::person::Person;

#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Shared, because an engine may keep what it read.
    pub person: Arc<Person>,
    /// In the organization that was asked about; always a live one.
    pub membership: Arc<Membership>,
    pub related: Arc<Related>,
    /// The caller's own live membership, where the caller is a person; asked for by [`Include::actor`].
    pub actor: Option<Arc<Membership>>,
}

/// What was asked for by [`Include`]; the rest is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Related {
    pub tenant: Option<Tenant>,
    pub organization: Option<Organization>,
    pub primary_department: Option<DepartmentSummary>,
    /// The groups of the person, in the person's order.
    pub groups: Vec<GroupSummary>,
    pub profession: Option<Label>,
    /// The person's roles and the default ones, by name.
    pub roles: Vec<Role>,
    /// Who delegates to this person, by object id.
    pub delegators: Vec<Delegation>,
    /// To whom this person delegates, by object id.
    pub delegates: Vec<Delegation>,
    /// Every definition of the tenant, by key.
    pub custom_fields: Vec<CustomField>,
}

/// What a dialect wants to know beside the person and the membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Include {
    pub organization: bool,
    pub primary_department: bool,
    pub groups: bool,
    pub profession: bool,
    pub roles: bool,
    pub delegations: bool,
    pub custom_fields: bool,
    /// Whose membership shall stand in [`Record::actor`].
    pub actor: Option<PersonId>,
}

impl Record {
    /// A caller who changes themselves is shown beside themselves: as they have become.
    pub fn reflect_actor(&mut self, include: Include) {
        if include.actor == Some(self.person.id) {
            self.actor = self.person.status.may_sign_in().then(|| self.membership.clone());
        }
    }

    /// The person, to be written to; whoever shares it keeps what they have.
    pub fn person_mut(&mut self) -> &mut Person {
        Arc::make_mut(&mut self.person)
    }

    /// The membership, likewise.
    pub fn membership_mut(&mut self) -> &mut Membership {
        Arc::make_mut(&mut self.membership)
    }

    /// What is related, likewise.
    pub fn related_mut(&mut self) -> &mut Related {
        Arc::make_mut(&mut self.related)
    }
}

impl Related {
    pub fn is_default_role(&self, role: ObjectId) -> bool {
        self.roles.iter().any(|known| known.object_id == role && known.is_default)
    }

    pub fn custom_field(&self, key: &str) -> Option<&CustomField> {
        self.custom_fields.iter().find(|field| field.key == key)
    }
}
