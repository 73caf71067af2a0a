//! What shall become of a person: every write, through whichever API, ends as one of these.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::change::{AttributeChange, Change, Recorded, Slot};
use crate::custom_field::CustomValue;
use crate::delegation::Delegator;
use crate::email::Email;
use crate::identity::{Family, Identity};
use crate::ids::{AssetId, DepartmentId, GroupId, Number, ObjectId, TeamId};
use crate::membership::{AccessType, KareScope, Membership, ReplayRole};
use crate::name::Name;
use crate::organization::Permission;
use crate::person::{Entry, Gender, Invitation, Lang, Person, Phone};
use crate::status::Status;

/// The names that refusals, events and rules call attributes by, where code refers to one.
pub mod attribute {
    pub const GIVEN_NAME: &str = "name.given";
    pub const FAMILY_NAME: &str = "name.family";
    pub const FULL_NAME: &str = "name.full";
    pub const EMAIL: &str = "email";
    pub const USER_NAME: &str = "user_name";
    pub const EXTERNAL_ID: &str = "external_id";
    pub const IDENTITIES: &str = "identities";
    pub const INVITATION: &str = "invitation";
    pub const CUSTOM_FIELDS: &str = "custom_fields";
    pub const PRIMARY_DEPARTMENT: &str = "primary_department";
    pub const ADDITIONAL_DEPARTMENTS: &str = "additional_departments";
    pub const GROUPS: &str = "groups";
    pub const CARD_NUMBER: &str = "card_number";
    pub const STATUS: &str = "status";
    pub const PASSWORD: &str = "password";
    pub const ACTIVATED_AT: &str = "activated_at";
    pub const DELEGATORS: &str = "delegators";
    pub const REPLAY_ROLE: &str = "membership.replay.role";
    pub const REPLAY_TEAM: &str = "membership.replay.team";
    pub const KARE_SCOPE: &str = "membership.kare.scope";
    pub const KARE_GROUP: &str = "membership.kare.permissions.group";
    pub const KARE_READ: &str = "membership.kare.permissions.read";
    pub const KARE_MANAGE: &str = "membership.kare.permissions.manage";
    pub const KARE_PROFESSION: &str = "membership.kare.profession";
    pub const LAUREL_ROLES: &str = "membership.laurel.roles";
}

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

macro_rules! attributes {
    (
        person { $($(#[$person_doc:meta])* $person:ident: $person_type:ty = $($person_path:ident).+, $person_name:expr;)* }
        membership { $($(#[$grant_doc:meta])* $grant:ident: $grant_type:ty = $($grant_path:ident).+, $grant_name:expr;)* }
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
                $(person.$($person_path).+.apply(self.$person.clone(), $person_name, &mut changes);)*
                apply_custom_fields(&self.custom_fields, &mut person.custom_fields, &mut changes);
                apply_identities(&self.identities, &mut person.identities, &mut changes);
                changes
            }

            /// Applies what concerns the person in one organization and returns what became different.
            pub fn apply_to_membership(&self, membership: &mut Membership) -> Vec<AttributeChange> {
                let mut changes = Vec::new();
                $(membership.$($grant_path).+.apply(self.$grant.clone(), $grant_name, &mut changes);)*
                changes
            }
        }
    };
}

attributes! {
    person {
        nickname: String = nickname, "nickname";
        initials: String = initials, "initials";
        user_name: String = user_name, attribute::USER_NAME;
        email: Email = email, attribute::EMAIL;
        second_email: Email = second_email, "second_email";
        email_aliases: Vec<Email> = email_aliases, "email_aliases";
        phone: Phone = phone, "phone";
        second_phone: Phone = second_phone, "second_phone";
        title: String = title, "title";
        birth_date: DateTime = birth_date, "birth_date";
        gender: Gender = gender, "gender";
        employment_start: DateTime = employment.start, "employment.start";
        employment_end: DateTime = employment.end, "employment.end";
        employment_kind: String = employment.kind, "employment.kind";
        register_number: String = employment.register_number, "employment.register_number";
        duty_plan_number: String = employment.duty_plan_number, "employment.duty_plan_number";
        work_department: String = work.department, "work.department";
        work_subdepartment: String = work.subdepartment, "work.subdepartment";
        office: String = work.office, "work.office";
        pod: String = work.pod, "work.pod";
        seniority: String = work.seniority, "work.seniority";
        primary_department: DepartmentId = primary_department, attribute::PRIMARY_DEPARTMENT;
        additional_departments: Vec<Entry<DepartmentId>> = additional_departments, attribute::ADDITIONAL_DEPARTMENTS;
        groups: Vec<Entry<GroupId>> = groups, attribute::GROUPS;
        data_source: String = data_source, "data_source";
        image: AssetId = image, "image";
        member_card: AssetId = member_card, "member_card";
        card_number: String = card_number, attribute::CARD_NUMBER;
        lang: Lang = lang, "lang";
        time_zone: String = time_zone, "time_zone";
        status: Status = status, attribute::STATUS;
        invitation: Invitation = invitation, attribute::INVITATION;
        activated_at: Timestamp = activated_at, attribute::ACTIVATED_AT;
    }
    membership {
        replay_role: ReplayRole = replay.role, attribute::REPLAY_ROLE;
        replay_access: AccessType = replay.access, "membership.replay.access";
        team: TeamId = replay.team, attribute::REPLAY_TEAM;
        kare_scope: KareScope = kare.scope, attribute::KARE_SCOPE;
        kare_group: u64 = kare.permissions.group, attribute::KARE_GROUP;
        kare_read: Vec<i64> = kare.permissions.read, attribute::KARE_READ;
        kare_manage: Vec<i64> = kare.permissions.manage, attribute::KARE_MANAGE;
        /// The number of a label of the organization.
        profession: Number = kare.profession, attribute::KARE_PROFESSION;
        /// Roles that are not default ones.
        roles: Vec<ObjectId> = laurel.roles, attribute::LAUREL_ROLES;
        super_delegate: Vec<Permission> = laurel.super_delegate, "membership.laurel.super_delegate";
    }
}

fn apply_name(change: NameChange, name: &mut Name, changes: &mut Vec<AttributeChange>) {
    let after = match change {
        NameChange::Keep => return,
        NameChange::Full(full) => Name::split(&full),
        NameChange::Parts { given, family } => {
            let (mut after, mut touched) = (name.clone(), Vec::new());
            after.given.apply(given, attribute::GIVEN_NAME, &mut touched);
            after.family.apply(family, attribute::FAMILY_NAME, &mut touched);
            if touched.is_empty() {
                return;
            }
            Name::new(after.given, after.family)
        }
    };
    name.given.apply(Change::Set(after.given), attribute::GIVEN_NAME, changes);
    name.family.apply(Change::Set(after.family), attribute::FAMILY_NAME, changes);
    name.full.apply(Change::to(after.full), attribute::FULL_NAME, changes);
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
            attribute: format!("{}.{key}", attribute::CUSTOM_FIELDS).into(),
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
    identities.apply(Change::Set(after), attribute::IDENTITIES, changes);
}
