//! People, and what a tenant has besides them, as Relesys sees them; and what Relesys can change.

mod change;
mod create;
pub mod custom_field;
pub mod department;
mod entity;
pub mod group;
mod message;
mod model;
mod reading;
mod status;
pub mod template;
mod values;

use directory::custom_field::CustomValue;
use directory::identity::Source;
use directory::person::{Entry, Gender, Person};
use directory::{Record, person};
use uuid::Uuid;

use super::version::Version;
use super::wire::{CustomField, Image, Member, MemberCard, Phone, Reference, User};
use crate::http::time::{civil_ticks, ticks};

pub use change::{PatchUser, change};
pub use create::CreateUser;
pub use entity::{Model, PatchEntity, create};
pub use message::{Delivery, MessageSource, SendMessage, Texts, reachable, read_reset, read_sms};
pub use status::{change_status, read_status};
pub(super) use values::instant;

/// What stands between the values of a field that has several, for versions that know texts only.
const BETWEEN_VALUES: &str = ", ";

/// The user as an answer of a version shows them; `base` is the address that its links begin with.
pub fn show<'a>(record: &'a Record, version: Version, base: &str) -> User<'a> {
    let person = &record.person;
    let under = |resource: &str, id: Uuid| format!("{base}/api/{}/{resource}/{id}", version.as_str());
    let department = person.primary_department.map(|department| department.0);
    User {
        id: person.id.0,
        url: under("users", person.id.0),
        department_url: department.map(|id| under("departments", id)),
        status: status::show(person.status),
        creation_date_time: ticks(person.created_at),
        last_modified_date_time: ticks(person.updated_at),
        image: extended(version, || person.image.map(|id| image(id.0))),
        member_card: extended(version, || member_card(person)),
        external_id: external_id(person),
        name: person.name.shown(),
        initials: extended(version, || person.initials.as_deref()),
        user_name: person.user_name.as_deref(),
        title: person.title.as_deref(),
        data_source: person.data_source.as_deref(),
        email: person.email.as_ref().map(|email| email.as_str()),
        secondary_email: person.second_email.as_ref().map(|email| email.as_str()),
        phone_number: person.phone.as_ref().map(phone),
        secondary_phone_number: person.second_phone.as_ref().map(phone),
        birth_date: person.birth_date.map(civil_ticks),
        gender: extended(version, || person.gender.map(gender)),
        primary_department_id: department,
        additional_departments: references(&person.additional_departments, |id| id.0),
        user_groups: references(&person.groups, |id| id.0),
        employment_date: person.employment.start.map(civil_ticks),
        employment_end_date: person.employment.end.map(civil_ticks),
        custom_fields: person
            .custom_fields
            .iter()
            .map(|(key, value)| (key.as_str(), custom_field(value, version)))
            .collect(),
        employment_type: extended(version, || person.employment.kind.as_deref()),
        register_number: extended(version, || person.employment.register_number.as_deref()),
        duty_plan_number: extended(version, || person.employment.duty_plan_number.as_deref()),
    }
}

fn extended<T>(version: Version, value: impl FnOnce() -> Option<T>) -> Member<T> {
    if version >= Version::EXTENDED { Member::Known(value()) } else { Member::Unknown }
}

/// What a status is called, by its rank.
pub const STATUSES: [&str; 4] = ["Activated", "Disabled", "LoginBlocked", "Pending"];

fn external_id(person: &Person) -> Option<&str> {
    person.external_id(&Source::Relesys)
}

fn gender(gender: Gender) -> &'static str {
    match gender {
        Gender::Female => "Female",
        Gender::Male => "Male",
    }
}

fn phone(phone: &person::Phone) -> Phone<'_> {
    Phone { country_code: phone.country_code, number: &phone.number }
}

fn references<Id: Copy>(entries: &[Entry<Id>], guid: fn(Id) -> Uuid) -> Vec<Reference<'_>> {
    entries
        .iter()
        .map(|entry| Reference { id: guid(entry.id), data_source: entry.data_source.as_deref() })
        .collect()
}

/// A version that knows texts only is shown the values of a list in one.
fn custom_field(value: &CustomValue, version: Version) -> CustomField<'_> {
    match value {
        CustomValue::Text(text) => CustomField::Text(text.into()),
        CustomValue::List(items) if version >= Version::TYPED => CustomField::List(items),
        CustomValue::List(items) => CustomField::Text(items.join(BETWEEN_VALUES).into()),
    }
}

fn image(id: Uuid) -> Image {
    Image { id, download_url: (), reference_url: (), content_type: (), file_name: () }
}

fn member_card(person: &Person) -> Option<MemberCard<'_>> {
    let id = person.member_card?.0;
    Some(MemberCard { name: (), card_number: person.card_number.as_deref(), id, url: () })
}

#[cfg(test)]
mod tests {
    use directory::status::Status;

    use super::*;

    #[test]
    fn lists_sort_statuses_by_what_they_are_called() {
        assert!(Status::ALL.iter().all(|it| STATUSES[usize::from(it.rank())] == status::show(*it)));
        assert!(STATUSES.is_sorted());
    }
}
