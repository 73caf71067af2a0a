//! A person, an organization and its labels as Kare sees them, and what Kare can change.

use directory::authority::KareRights;
use directory::change::Change;
use directory::customer::{Customer, CustomerChange};
use directory::ids::{Number, OrganizationId};
use directory::membership::KarePermissions;
use directory::organization::Label;
use directory::person::Phone;
use directory::person_change::NameChange;
use directory::{PersonChange, Record, text};

use super::error::Error;
use super::query::{OrganizationParts, OrganizationPartsV1};
use super::wire::labels::{self, NewLabel, PatchLabel, kind_number, source_number};
use super::wire::organizations::{
    self, Organization, OrganizationFields, OrganizationFieldsV1, OrganizationV1, PatchOrganization,
    Settings, WholeOrganization, lang_number,
};
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

/// A label with who made it.
pub fn show_label(label: &Label) -> labels::Label<'_> {
    labels::Label { source_type: Some(source_number(label.source)), ..show_label_v1(label) }
}

pub fn show_label_v1(label: &Label) -> labels::Label<'_> {
    labels::Label {
        id: label.number.get(),
        name: &label.name,
        color: &label.color,
        r#type: kind_number(label.kind),
        source_type: None,
        updated_at: milliseconds(label.updated_at),
        created_at: milliseconds(label.created_at),
    }
}

pub fn create_label(new: NewLabel) -> Label {
    Label { kind: new.kind, ..Label::new(OrganizationId::NIL, new.name, new.color) }
}

/// The label as a body wants it. Writing back what is shown changes nothing.
pub fn change_label(put: &PatchLabel, label: &Label) -> Result<Label, Error> {
    let name = put.name.as_ref().filter(|name| **name != label.name);
    if name.is_some_and(|name| labels::is_long(name)) {
        return Err(Error::invalid("name", TOO_LONG));
    }
    Ok(Label {
        name: name.unwrap_or(&label.name).clone(),
        color: put.color.as_ref().unwrap_or(&label.color).clone(),
        ..label.clone()
    })
}

const TOO_LONG: &str = "must not be longer than 100 characters";

/// What Kare says of every organization, because nothing else is known of one: the values of its pages' examples.
const KIND: u8 = 1;
const CONTRACT: u8 = 1;
const STATUS: u8 = 2;
const UPLOAD_MEGABYTES: u64 = 5_120;
const TIME_ZONE: &str = "Europe/Paris";
const RISK_FORMAT: &str = "letter";

/// The organization to whom an administrator may change it, and to others.
pub fn show_organization(customer: &Customer, parts: OrganizationParts, is_admin: bool) -> Organization<'_> {
    let organization = &customer.organization;
    let fields = OrganizationFields { name: is_admin, language: is_admin, timezone: is_admin };
    Organization {
        id: organization.number.get(),
        name: &organization.name,
        upload_size_used: 0,
        upload_size_limit: UPLOAD_MEGABYTES,
        language: lang_number(customer.profile.lang.unwrap_or_default()),
        timezone: time_zone(customer),
        created_at: milliseconds(organization.created_at),
        updatable_fields: parts.updatable_fields.then_some(fields),
        actions: parts.actions.then_some(actions(is_admin)),
    }
}

/// The first version shows other parts, of which it can change the name.
pub fn show_organization_v1(
    customer: &Customer,
    parts: OrganizationPartsV1,
    is_admin: bool,
) -> OrganizationV1<'_> {
    let organization = &customer.organization;
    let fields = OrganizationFieldsV1 {
        name: is_admin,
        r#type: false,
        engagement_duration: false,
        upload_size_limit: false,
        billed_establishment_count: false,
        language: false,
        timezone: false,
        comment: false,
        activated_at: false,
    };
    OrganizationV1 {
        id: organization.number.get(),
        name: &organization.name,
        r#type: KIND,
        activated_at: milliseconds(organization.created_at),
        engagement_duration: 0,
        engagement_end_at: None,
        site_ids: parts.site_ids.then_some([]),
        updatable_fields: parts.updatable_fields.then_some(fields),
        actions: parts.actions.then_some(actions(is_admin)),
    }
}

pub fn show_whole_organization(customer: &Customer) -> WholeOrganization<'_> {
    let organization = &customer.organization;
    let created_at = || milliseconds(organization.created_at);
    WholeOrganization {
        id: organization.number.get(),
        r#type: KIND,
        name: &organization.name,
        comment: None,
        upload_size_limit: UPLOAD_MEGABYTES,
        upload_size_used: 0,
        language: lang_number(customer.profile.lang.unwrap_or_default()),
        timezone: time_zone(customer),
        engagement_duration: 0,
        engagement_end_at: None,
        engagement_start_at: None,
        renew_at: None,
        onboarding_status: STATUS,
        onboarding_updated_at: created_at(),
        access_status: STATUS,
        access_status_updated_at: created_at(),
        created_by_user_id: None,
        contract_type: CONTRACT,
        address: "",
        settings: Settings { anomaly_risk_format: RISK_FORMAT },
        archived_at: None,
        deleted_at: None,
        updated_at: milliseconds(customer.updated_at),
        created_at: created_at(),
    }
}

/// What a body asks of the organization as it is. Writing back what is shown changes nothing.
pub fn change_organization(patch: &PatchOrganization, customer: &Customer) -> Result<CustomerChange, Error> {
    let before = &customer.profile;
    let name = patch.name.as_ref().filter(|name| **name != customer.organization.name);
    match name {
        Some(name) if organizations::is_long(name) => return Err(Error::invalid("name", TOO_LONG)),
        Some(name) if text::is_blank(name) => return Err(Error::invalid("name", "must not be blank")),
        Some(_) | None => {}
    }
    let mut profile = before.clone();
    if let Some(lang) = patch.lang.filter(|lang| *lang != before.lang.unwrap_or_default()) {
        profile.lang = Some(lang);
    }
    if let Some(asked) = patch.time_zone.as_ref().filter(|asked| *asked != time_zone(customer)) {
        profile.time_zone = Some(asked.clone());
    }
    Ok(CustomerChange { name: name.unwrap_or(&customer.organization.name).clone(), profile })
}

fn time_zone(customer: &Customer) -> &str {
    customer.profile.time_zone.as_deref().unwrap_or(TIME_ZONE)
}

/// No call that is served deletes an organization.
fn actions(is_admin: bool) -> Actions {
    Actions { can_be_updated: is_admin, can_be_deleted: false }
}
