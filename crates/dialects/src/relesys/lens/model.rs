//! The update model: what a patch can address and a new user can be given. It is not the model of the answer: it has an `imageId`, for one, and no
//! `status`.

use std::sync::LazyLock;

use directory::change::Change;
use directory::email::Email;
use directory::ids::AssetId;
use directory::person::{Entry, Person, Phone};
use directory::{PersonChange, Record};
use jiff::civil::DateTime;
use serde_json::{Value, json};

use super::values::{same_code, same_guid, same_instant};
use super::{custom_field, external_id, gender};
use crate::http::time::civil_ticks;
use crate::json_patch::{Rules, Shape};
use crate::relesys::version::Version;
use crate::relesys::wire::CustomField;

/// Where an entry of a list comes from, unless whoever sends it says otherwise.
const DATA_SOURCE: &str = "RelesysAPI";

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// The first version that knows it.
    since: Version,
    pub(super) kind: Kind,
}

/// What a member holds, where it is found in a person, and where it goes in a change.
#[derive(Debug)]
pub(super) enum Kind {
    Name,
    ExternalId,
    Text {
        /// Of how many characters at least.
        least: usize,
        of: fn(&Person) -> &Option<String>,
        slot: fn(&mut PersonChange) -> &mut Change<String>,
    },
    Email {
        of: fn(&Person) -> &Option<Email>,
        slot: fn(&mut PersonChange) -> &mut Change<Email>,
    },
    Phone {
        of: fn(&Person) -> &Option<Phone>,
        slot: fn(&mut PersonChange) -> &mut Change<Phone>,
    },
    Instant {
        of: fn(&Person) -> Option<DateTime>,
        slot: fn(&mut PersonChange) -> &mut Change<DateTime>,
    },
    Gender,
    Asset {
        of: fn(&Person) -> Option<AssetId>,
        slot: fn(&mut PersonChange) -> &mut Change<AssetId>,
    },
    PrimaryDepartment,
    AdditionalDepartments,
    Groups,
    CustomFields,
}

/// Members of the answer that the update model lacks, so that a patch made from a whole user is told which they are.
/// The last two have other members in their place: `imageId`, and `memberCardId` with `cardNumber`.
static READ_ONLY: [&str; 8] = [
    "id",
    "url",
    "departmentUrl",
    "status",
    "creationDateTime",
    "lastModifiedDateTime",
    "image",
    "memberCard",
];

/// Those that every version shows.
static READ_ONLY_BASE: &[&str] = READ_ONLY.split_at(6).0;

const MEMBERS: &[Member] = &[
    Member { name: "externalId", since: Version::V1, kind: Kind::ExternalId },
    Member { name: "name", since: Version::V1, kind: Kind::Name },
    // What people are looked up by is not empty: two without one would be taken for each other.
    text("userName", Version::V1, 1, |person| &person.user_name, |change| &mut change.user_name),
    text("title", Version::V1, 0, |person| &person.title, |change| &mut change.title),
    text("dataSource", Version::V1, 0, |person| &person.data_source, |change| &mut change.data_source),
    Member {
        name: "email",
        since: Version::V1,
        kind: Kind::Email { of: |person| &person.email, slot: |change| &mut change.email },
    },
    Member {
        name: "secondaryEmail",
        since: Version::V1,
        kind: Kind::Email { of: |person| &person.second_email, slot: |change| &mut change.second_email },
    },
    Member {
        name: "phoneNumber",
        since: Version::V1,
        kind: Kind::Phone { of: |person| &person.phone, slot: |change| &mut change.phone },
    },
    Member {
        name: "secondaryPhoneNumber",
        since: Version::V1,
        kind: Kind::Phone { of: |person| &person.second_phone, slot: |change| &mut change.second_phone },
    },
    instant("birthDate", |person| person.birth_date, |change| &mut change.birth_date),
    Member { name: "primaryDepartmentId", since: Version::V1, kind: Kind::PrimaryDepartment },
    Member { name: "additionalDepartments", since: Version::V1, kind: Kind::AdditionalDepartments },
    Member { name: "userGroups", since: Version::V1, kind: Kind::Groups },
    instant("employmentDate", |person| person.employment.start, |change| &mut change.employment_start),
    instant("employmentEndDate", |person| person.employment.end, |change| &mut change.employment_end),
    Member { name: "customFields", since: Version::V1, kind: Kind::CustomFields },
    text(
        "employmentType",
        Version::EXTENDED,
        0,
        |person| &person.employment.kind,
        |change| &mut change.employment_kind,
    ),
    Member { name: "gender", since: Version::EXTENDED, kind: Kind::Gender },
    text("initials", Version::EXTENDED, 0, |person| &person.initials, |change| &mut change.initials),
    text(
        "registerNumber",
        Version::EXTENDED,
        0,
        |person| &person.employment.register_number,
        |change| &mut change.register_number,
    ),
    text(
        "dutyPlanNumber",
        Version::EXTENDED,
        0,
        |person| &person.employment.duty_plan_number,
        |change| &mut change.duty_plan_number,
    ),
    Member {
        name: "imageId",
        since: Version::EXTENDED,
        kind: Kind::Asset { of: |person| person.image, slot: |change| &mut change.image },
    },
    Member {
        name: "memberCardId",
        since: Version::EXTENDED,
        kind: Kind::Asset { of: |person| person.member_card, slot: |change| &mut change.member_card },
    },
    text("cardNumber", Version::EXTENDED, 0, |person| &person.card_number, |change| &mut change.card_number),
];

const fn text(
    name: &'static str,
    since: Version,
    least: usize,
    of: fn(&Person) -> &Option<String>,
    slot: fn(&mut PersonChange) -> &mut Change<String>,
) -> Member {
    Member { name, since, kind: Kind::Text { least, of, slot } }
}

const fn instant(
    name: &'static str,
    of: fn(&Person) -> Option<DateTime>,
    slot: fn(&mut PersonChange) -> &mut Change<DateTime>,
) -> Member {
    Member { name, since: Version::V1, kind: Kind::Instant { of, slot } }
}

/// The member of that name, in the spelling of the model.
pub(super) fn member(name: &str) -> Option<&'static Member> {
    MEMBERS.iter().find(|member| member.name == name)
}

/// The members that a version knows.
pub(super) fn known(version: Version) -> impl Iterator<Item = &'static Member> {
    MEMBERS.iter().filter(move |member| member.since <= version)
}

/// How a patch is to be read in a version.
pub(super) fn rules(version: Version) -> &'static Rules {
    static RULES: LazyLock<[Rules; 5]> = LazyLock::new(|| Version::ALL.map(rules_of));
    &RULES[version as usize]
}

fn rules_of(version: Version) -> Rules {
    Rules {
        shape: Shape::Record(
            known(version).map(|member| (member.name, member.kind.shape(version))).collect(),
        ),
        read_only: if version >= Version::EXTENDED { &READ_ONLY } else { READ_ONLY_BASE },
        whole_document: false,
        in_any_case: true,
    }
}

impl Kind {
    pub(super) fn shape(&self, version: Version) -> Shape {
        match self {
            Self::Name | Self::ExternalId | Self::Text { .. } | Self::Email { .. } | Self::Gender => {
                Shape::value()
            }
            Self::Instant { .. } => Shape::compared(same_instant),
            Self::Asset { .. } | Self::PrimaryDepartment => Shape::compared(same_guid),
            Self::Phone { .. } => phone_shape(),
            Self::AdditionalDepartments | Self::Groups => Shape::list(Shape::Record(vec![
                ("id", Shape::compared(same_guid)),
                ("dataSource", Shape::defaulted(DATA_SOURCE.into())),
            ])),
            Self::CustomFields if version >= Version::TYPED => Shape::map(Shape::Any),
            Self::CustomFields => Shape::map(Shape::value()),
        }
    }

    /// The member as it is, for a patch to work on.
    pub(super) fn view(&self, record: &Record, version: Version) -> Value {
        let person = &record.person;
        match self {
            Self::Name => person.name.shown().into(),
            Self::ExternalId => external_id(person).into(),
            Self::Text { of, .. } => of(person).as_deref().into(),
            Self::Email { of, .. } => of(person).as_ref().map(Email::as_str).into(),
            Self::Phone { of, .. } => of(person).as_ref().map(phone).into(),
            Self::Instant { of, .. } => of(person).map(civil_ticks).into(),
            Self::Gender => person.gender.map(gender).into(),
            Self::Asset { of, .. } => of(person).map(|id| id.to_string()).into(),
            Self::PrimaryDepartment => person.primary_department.map(|id| id.to_string()).into(),
            Self::AdditionalDepartments => entries(&person.additional_departments),
            Self::Groups => entries(&person.groups),
            Self::CustomFields => person
                .custom_fields
                .iter()
                .map(|(key, value)| (key.clone(), custom_value(custom_field(value, version))))
                .collect(),
        }
    }
}

fn custom_value(value: CustomField<'_>) -> Value {
    match value {
        CustomField::Text(text) => text.into(),
        CustomField::List(items) => items.into(),
    }
}

pub(super) fn phone_shape() -> Shape {
    Shape::Record(vec![("countryCode", Shape::compared(same_code)), ("number", Shape::value())])
}

/// The country code is a text in here, which `test` finds equal to the number and which can be copied to other texts.
pub(super) fn phone(phone: &Phone) -> Value {
    json!({"countryCode": phone.country_code.map(|code| code.to_string()), "number": phone.number})
}

fn entries<Id: ToString>(entries: &[Entry<Id>]) -> Value {
    entries.iter().map(|entry| json!({"id": entry.id.to_string(), "dataSource": entry.data_source})).collect()
}
