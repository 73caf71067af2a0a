//! One human in a tenant, stored once. Each dialect shows a part.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::custom_field::CustomValue;
use crate::email::Email;
use crate::identity::{Family, Identity, Source};
use crate::ids::{AssetId, DepartmentId, GroupId, Number, ObjectId, PersonId};
use crate::invitation::Invitation;
use crate::name::Name;
use crate::status::Status;

#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: PersonId,
    pub number: Number,
    pub object_id: ObjectId,

    pub name: Name,
    pub nickname: Option<String>,
    pub initials: Option<String>,
    /// Unique in the tenant, compared folded.
    pub user_name: Option<String>,
    /// Unique in the tenant together with all aliases, compared folded.
    pub email: Option<Email>,
    pub second_email: Option<Email>,
    pub email_aliases: Vec<Email>,
    pub phone: Option<Phone>,
    pub second_phone: Option<Phone>,
    pub title: Option<String>,
    /// In UTC, as are the times of employment. Civil times, since these reach to the end of the year 9999, which stands for
    /// "no end" in many systems and which instants do not reach.
    pub birth_date: Option<DateTime>,
    pub gender: Option<Gender>,
    pub employment: Employment,
    pub work: Work,
    pub primary_department: Option<DepartmentId>,
    /// In the order given; the primary department is never among them.
    pub additional_departments: Vec<Entry<DepartmentId>>,
    /// In the order given, each group once.
    pub groups: Vec<Entry<GroupId>>,
    /// By the key of the field's definition.
    pub custom_fields: BTreeMap<String, CustomValue>,
    pub identities: Vec<Identity>,
    /// Which system this record came from, in the words of who wrote it.
    pub data_source: Option<String>,
    pub image: Option<AssetId>,
    pub member_card: Option<AssetId>,
    /// Never without a member card.
    pub card_number: Option<String>,
    pub lang: Lang,
    /// An IANA name.
    pub time_zone: Option<String>,

    pub status: Status,
    /// The invitation that the person has not yet accepted: an invited one, or a disabled one who was invited again.
    pub invitation: Option<Invitation>,
    /// When the person accepted the invitation that they came by. Replay shows them to be as old.
    pub accepted_at: Option<Timestamp>,
    /// When the person first signed in.
    pub activated_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    /// Counts the events about this person.
    pub version: u64,
}

/// A phone number as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// Without the plus sign; 1 to 999.
    pub country_code: Option<u16>,
    pub number: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    Female,
    Male,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Employment {
    pub start: Option<DateTime>,
    pub end: Option<DateTime>,
    /// Free text such as "Full-time employee".
    pub kind: Option<String>,
    pub register_number: Option<String>,
    pub duty_plan_number: Option<String>,
}

/// Where somebody works, in free text (Laurel). Departments as entities are apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    pub department: Option<String>,
    pub subdepartment: Option<String>,
    pub office: Option<String>,
    pub pod: Option<String>,
    pub seniority: Option<String>,
}

/// A department or a group that a person is in, and which system put them there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<Id> {
    pub id: Id,
    pub data_source: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    #[default]
    Fr,
    En,
    De,
}

impl Lang {
    pub const ALL: [Self; 3] = [Self::Fr, Self::En, Self::De];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
            Self::De => "de",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.as_str() == text)
    }
}

impl Gender {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Female, Self::Male].into_iter().find(|gender| gender.as_str() == text)
    }
}

impl Person {
    /// A person with nothing but their identifiers.
    pub fn new(id: PersonId, number: Number, object_id: ObjectId, now: Timestamp) -> Self {
        Self {
            id,
            number,
            object_id,
            name: Name::default(),
            nickname: None,
            initials: None,
            user_name: None,
            email: None,
            second_email: None,
            email_aliases: Vec::new(),
            phone: None,
            second_phone: None,
            title: None,
            birth_date: None,
            gender: None,
            employment: Employment::default(),
            work: Work::default(),
            primary_department: None,
            additional_departments: Vec::new(),
            groups: Vec::new(),
            custom_fields: BTreeMap::new(),
            identities: Vec::new(),
            data_source: None,
            image: None,
            member_card: None,
            card_number: None,
            lang: Lang::default(),
            time_zone: None,
            status: Status::Active,
            invitation: None,
            accepted_at: None,
            activated_at: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 0,
        }
    }

    /// The one value that a source holds, where it holds at most one.
    pub fn external_id(&self, source: &Source) -> Option<&str> {
        self.identities
            .iter()
            .find(|identity| identity.source == *source)
            .map(|identity| identity.value.as_str())
    }

    pub fn identities_of(&self, family: Family) -> impl Iterator<Item = &Identity> {
        self.identities.iter().filter(move |identity| identity.source.family() == family)
    }

    /// The invitation of somebody who was never here.
    pub fn pending_invitation(&self) -> Option<&Invitation> {
        self.invitation.as_ref().filter(|_| self.status == Status::Invited)
    }

    /// The invitation that can be accepted now, also that of a disabled person. One that ran out counts as absent everywhere.
    pub fn open_invitation(&self, now: Timestamp) -> Option<&Invitation> {
        let is_valid = |it: &&Invitation| self.status == Status::Invited || it.reinstatement.is_some();
        self.invitation.as_ref().filter(is_valid).filter(|invitation| invitation.is_open(now))
    }
}
