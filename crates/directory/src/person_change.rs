//! What shall become of a person: every write, through whichever API, ends as one of these.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::attribute::{Attribute, attributes};
use crate::change::{AttributeChange, Change, Recorded, Slot};
use crate::custom_field::CustomValue;
use crate::delegation::Delegator;
use crate::email::Email;
use crate::identity::{Family, Identity};
use crate::ids::{AssetId, DepartmentId, GroupId, Number, ObjectId, TeamId};
use crate::invitation::Invitation;
use crate::membership::{AccessType, KareScope, Membership, ReplayRole};
use crate::name::Name;
use crate::organization::Permission;
use crate::person::{Entry, Gender, Lang, Person, Phone};
use crate::status::Status;

/// What becomes of the name. The parts and the whole cannot be written at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum NameChange {
    #[default]
    Keep,
    /// The full name, to be split.
    Full(String),
    /// The parts; the exact full name, if one was kept, is dropped.
    Parts { given: Change<String>, family: Change<String> },
}

/// Makes the change of a person, one field for each attribute of the table, and the functions that apply it.
macro_rules! person_change {
    (
        person { $($(#[$person_doc:meta])* $person_name:literal $person_variant:ident
            $person:ident: $person_type:ty = $($person_path:ident).+;)* }
        membership { $($(#[$grant_doc:meta])* $grant_name:literal $grant_variant:ident
            $grant:ident: $grant_type:ty = $($grant_path:ident).+;)* }
        others { $($others:tt)* }
    ) => {
        /// For each attribute keep, clear or set.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct PersonChange {
            pub name: NameChange,
            $($(#[$person_doc])* pub $person: Change<$person_type>,)*
            /// For each field named; the others keep their values.
            pub custom_fields: BTreeMap<String, Change<CustomValue>>,
            /// For each family named the identities shall be exactly these.
            pub identities: BTreeMap<Family, Vec<Identity>>,
            $($(#[$grant_doc])* pub $grant: Change<$grant_type>,)*
            /// Exactly these people delegate to the person addressed.
            pub delegators: Change<Vec<Delegator>>,
            /// The hash of a new password, a PHC string. It is in no [`Person`] and no event.
            pub password_hash: Change<String>,
        }

        impl PersonChange {
            /// Applies what concerns the person alone and returns what became different.
            pub fn apply_to_person(&self, person: &mut Person) -> Vec<AttributeChange> {
                let mut changes = Vec::new();
                apply_name(self.name.clone(), &mut person.name, &mut changes);
                $(person.$($person_path).+.apply(
                    self.$person.clone(), Attribute::$person_variant, &mut changes);)*
                apply_custom_fields(&self.custom_fields, &mut person.custom_fields, &mut changes);
                apply_identities(&self.identities, &mut person.identities, &mut changes);
                changes
            }

            /// Applies what concerns the person in one organization and returns what became different.
            pub fn apply_to_membership(&self, membership: &mut Membership) -> Vec<AttributeChange> {
                let mut changes = Vec::new();
                $(membership.$($grant_path).+.apply(
                    self.$grant.clone(), Attribute::$grant_variant, &mut changes);)*
                changes
            }
        }
    };
}

attributes!(person_change);

impl PersonChange {
    /// Sets the status. In every other status than invited an invitation means nothing, so it goes.
    pub fn to_status(status: Status) -> Self {
        let invitation = if status == Status::Invited { Change::Keep } else { Change::Clear };
        Self { status: Change::Set(status), invitation, ..Self::default() }
    }
}

fn apply_name(change: NameChange, name: &mut Name, changes: &mut Vec<AttributeChange>) {
    let after = match change {
        NameChange::Keep => return,
        // The parts may have come through another API, and join to it all the same.
        NameChange::Full(full) if full == name.shown() => return,
        NameChange::Full(full) => Name::split(&full),
        NameChange::Parts { given, family } => {
            let (mut after, mut touched) = (name.clone(), Vec::new());
            after.given.apply(given, Attribute::GivenName, &mut touched);
            after.family.apply(family, Attribute::FamilyName, &mut touched);
            if touched.is_empty() {
                return;
            }
            Name::new(after.given, after.family)
        }
    };
    name.given.apply(Change::Set(after.given), Attribute::GivenName, changes);
    name.family.apply(Change::Set(after.family), Attribute::FamilyName, changes);
    name.full.apply(Change::to(after.full), Attribute::FullName, changes);
}

fn apply_custom_fields(
    asked: &BTreeMap<String, Change<CustomValue>>,
    fields: &mut BTreeMap<String, CustomValue>,
    changes: &mut Vec<AttributeChange>,
) {
    for (key, change) in asked {
        let before = fields.get(key).cloned();
        let after = match change {
            Change::Keep => continue,
            Change::Clear => None,
            Change::Set(value) => Some(value.clone()),
        };
        if before == after {
            continue;
        }
        let (before, recorded) = (before.record(), after.record());
        changes.push(AttributeChange {
            attribute: Attribute::CustomField(key.clone()),
            before,
            after: recorded,
        });
        match after {
            Some(value) => fields.insert(key.clone(), value),
            None => fields.remove(key),
        };
    }
}

fn apply_identities(
    asked: &BTreeMap<Family, Vec<Identity>>,
    identities: &mut Vec<Identity>,
    changes: &mut Vec<AttributeChange>,
) {
    let mut after = identities.clone();
    for (family, wanted) in asked {
        let current: Vec<_> =
            after.iter().filter(|identity| identity.source.family() == *family).cloned().collect();
        let mut wanted_once: Vec<Identity> = Vec::with_capacity(wanted.len());
        for identity in wanted {
            if !wanted_once.contains(identity) {
                wanted_once.push(identity.clone());
            }
        }
        if current != wanted_once {
            after.retain(|identity| identity.source.family() != *family);
            after.extend(wanted_once);
        }
    }
    identities.apply(Change::Set(after), Attribute::Identities, changes);
}
