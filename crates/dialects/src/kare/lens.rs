//! A person as Kare sees them in one organization, and what Kare can change.

use directory::authority::KareRights;
use directory::change::Change;
use directory::ids::Number;
use directory::membership::KarePermissions;
use directory::person::Phone;
use directory::person_change::NameChange;
use directory::{PersonChange, Record};

use super::error::Error;
use super::wire::{
    Actions, Member, MemberActions, MemberFields, PatchUser, Permissions, Profession, Rights,
    UpdatableFields, User, check_names, scope_number,
};
use crate::http::fields::utf16;
use crate::http::time::milliseconds;

/// The kinds of user are numbers without a documented meaning; every member here is of the first.
const REGISTER: u8 = 1;

/// UTF-16 code units of a phone number in Kare.
const PHONE: usize = 20;

/// The membership, which is what a write answers with.
pub fn show_member(record: &Record, organization: Number) -> Member<'_> {
    let (person, membership) = (&record.person, &record.membership);
    Member {
        user_id: person.number.get(),
        organization_id: organization.get(),
        scope: scope_number(membership.kare.scope),
        permissions: permissions(&membership.kare.permissions),
        deleted_at: membership.deleted_at.map(milliseconds),
        // A new name is news of every membership of the person.
        updated_at: milliseconds(membership.updated_at.max(person.updated_at)),
        created_at: milliseconds(membership.created_at),
    }
}

/// The user, with the caller's rights over them where those are asked for.
pub fn show_user(record: &Record, rights: Option<KareRights>) -> User<'_> {
    let (person, kare) = (&record.person, &record.membership.kare);
    User {
        id: person.number.get(),
        key: person.id.0,
        first_name: &person.name.given,
        last_name: &person.name.family,
        email: person.email.as_ref().map(|email| email.as_str()),
        phone: person.phone.as_ref().and_then(phone),
        r#type: REGISTER,
        lang: person.lang.as_str(),
        activated_at: person.activated_at.map(milliseconds),
        updated_at: milliseconds(person.updated_at),
        created_at: milliseconds(person.created_at),
        permissions: permissions(&kare.permissions),
        scope: scope_number(kare.scope),
        profession: record
            .related
            .profession
            .as_ref()
            .map(|label| Profession { id: label.number.get(), name: &label.name }),
        rights: rights.map(show_rights),
    }
}

/// What a body asks of the person as it is. Writing back what is shown changes nothing, so only what differs is
/// checked, too: other APIs take longer names than Kare does.
pub fn change(patch: &PatchUser, record: &Record) -> Result<PersonChange, Error> {
    let (name, kare) = (&record.person.name, &record.membership.kare);
    let first = patch.first_name.as_deref().filter(|first| *first != name.given);
    let last = patch.last_name.as_deref().filter(|last| *last != name.family);
    check_names(first, last)?;
    Ok(PersonChange {
        name: match (first, last) {
            (None, None) => NameChange::Keep,
            _ => NameChange::Parts {
                given: set(first.map(str::to_owned)),
                family: set(last.map(str::to_owned)),
            },
        },
        kare_scope: differing(patch.scope.as_ref(), &kare.scope),
        kare_group: differing(patch.permissions.group.as_ref(), &kare.permissions.group),
        kare_read: differing(patch.permissions.read.as_ref(), &kare.permissions.read),
        kare_manage: differing(patch.permissions.manage.as_ref(), &kare.permissions.manage),
        profession: set(patch.profession.filter(|asked| Some(*asked) != kare.profession)),
        ..PersonChange::default()
    })
}

fn differing<T: PartialEq + Clone>(asked: Option<&T>, current: &T) -> Change<T> {
    set(asked.filter(|asked| *asked != current).cloned())
}

fn set<T>(asked: Option<T>) -> Change<T> {
    asked.map_or(Change::Keep, Change::Set)
}

fn permissions(granted: &KarePermissions) -> Permissions<'_> {
    Permissions { group: granted.group, read: &granted.read, manage: &granted.manage }
}

/// One text for what may be a country code and a number. What is longer than a phone is in Kare, it cannot show.
fn phone(phone: &Phone) -> Option<String> {
    let text = match phone.country_code {
        Some(code) => format!("+{code} {}", phone.number),
        None => phone.number.clone(),
    };
    (utf16(&text) <= PHONE).then_some(text)
}

/// Of the user's own data the two names are what can be written through this API.
fn show_rights(rights: KareRights) -> Rights {
    let can_be_updated = rights.names;
    let can_be_deleted = rights.is_admin && !rights.is_me;
    Rights {
        updatable_fields: UpdatableFields {
            first_name: rights.names,
            last_name: rights.names,
            email: false,
            phone: false,
            lang: false,
        },
        actions: Actions { can_be_updated, can_be_deleted },
        user_organization_actions: MemberActions { can_be_updated, can_be_deleted, is_me: rights.is_me },
        user_organization_updatable_fields: MemberFields {
            first_name: rights.names,
            last_name: rights.names,
            profession_id: rights.profession,
            scope: rights.grants,
            permissions: rights.grants,
        },
    }
}
