//! A person's JSON document: everything of a person that has no column of its own.

use std::collections::BTreeMap;

use directory::Person;
use directory::apply;
use directory::custom_field::CustomValue;
use directory::email::Email;
use directory::identity::{Identity, Source};
use directory::ids::{AssetId, InvitationId, Number, ObjectId, OrganizationId, PersonId, TeamId};
use directory::invitation::{Invitation, Reinstatement};
use directory::membership::ReplayRole;
use directory::name::Name;
use directory::person::{Employment, Gender, Lang, Phone, Work};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tokens::Fields;
use super::{Error, Result};

#[derive(Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Document {
    #[serde(skip_serializing_if = "String::is_empty")]
    given: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    family: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initials: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_email: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    email_aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<PhoneRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_phone: Option<PhoneRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    birth_date: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_start: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_end: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    register_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duty_plan_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_subdepartment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seniority: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    custom_fields: BTreeMap<String, CustomRow>,
    /// Source and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_card: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    lang: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<InvitationRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activated_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct PhoneRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country_code: Option<u16>,
    number: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum CustomRow {
    Text(String),
    List(Vec<String>),
}

#[derive(Serialize, Deserialize)]
struct InvitationRow {
    id: Uuid,
    organization: Uuid,
    created_at: Timestamp,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "is_zero")]
    resend_count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reinstatement: Option<ReinstatementRow>,
}

#[derive(Serialize, Deserialize)]
struct ReinstatementRow {
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    given: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    family: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<Uuid>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Document {
    pub(crate) fn of(person: &Person) -> Self {
        let text = |email: &Email| email.as_str().to_owned();
        let employment = person.employment.clone();
        let work = person.work.clone();
        Self {
            given: person.name.given.clone(),
            family: person.name.family.clone(),
            full: person.name.full.clone(),
            nickname: person.nickname.clone(),
            initials: person.initials.clone(),
            user_name: person.user_name.clone(),
            email: person.email.as_ref().map(text),
            second_email: person.second_email.as_ref().map(text),
            email_aliases: person.email_aliases.iter().map(text).collect(),
            phone: person.phone.clone().map(PhoneRow::from),
            second_phone: person.second_phone.clone().map(PhoneRow::from),
            title: person.title.clone(),
            birth_date: person.birth_date,
            gender: person.gender.map(|gender| gender.as_str().to_owned()),
            employment_start: employment.start,
            employment_end: employment.end,
            employment_kind: employment.kind,
            register_number: employment.register_number,
            duty_plan_number: employment.duty_plan_number,
            work_department: work.department,
            work_subdepartment: work.subdepartment,
            office: work.office,
            pod: work.pod,
            seniority: work.seniority,
            custom_fields: person
                .custom_fields
                .iter()
                .map(|(key, value)| (key.clone(), CustomRow::from(value.clone())))
                .collect(),
            identities: person
                .identities
                .iter()
                .map(|identity| (identity.source.to_string(), identity.value.clone()))
                .collect(),
            data_source: person.data_source.clone(),
            image: person.image.map(|id| id.0),
            member_card: person.member_card.map(|id| id.0),
            card_number: person.card_number.clone(),
            // The default says itself.
            lang: if person.lang == Lang::default() {
                String::new()
            } else {
                person.lang.as_str().to_owned()
            },
            time_zone: person.time_zone.clone(),
            invitation: person.invitation.clone().map(InvitationRow::from),
            accepted_at: person.accepted_at,
            activated_at: person.activated_at,
        }
    }

    /// Gives the person all that the document holds.
    pub(crate) fn fill(self, person: &mut Person) -> Result<()> {
        person.name = Name { given: self.given, family: self.family, full: self.full };
        person.nickname = self.nickname;
        person.initials = self.initials;
        person.user_name = self.user_name;
        person.email = self.email.map(email).transpose()?;
        person.second_email = self.second_email.map(email).transpose()?;
        person.email_aliases = self.email_aliases.into_iter().map(email).collect::<Result<_>>()?;
        person.phone = self.phone.map(Phone::from);
        person.second_phone = self.second_phone.map(Phone::from);
        person.title = self.title;
        person.birth_date = self.birth_date;
        person.gender = self.gender.map(|name| known(Gender::parse(&name), &name)).transpose()?;
        person.employment = Employment {
            start: self.employment_start,
            end: self.employment_end,
            kind: self.employment_kind,
            register_number: self.register_number,
            duty_plan_number: self.duty_plan_number,
        };
        person.work = Work {
            department: self.work_department,
            subdepartment: self.work_subdepartment,
            office: self.office,
            pod: self.pod,
            seniority: self.seniority,
        };
        person.custom_fields =
            self.custom_fields.into_iter().map(|(key, value)| (key, value.into())).collect();
        person.identities = identities(self.identities)?;
        person.data_source = self.data_source;
        person.image = self.image.map(AssetId);
        person.member_card = self.member_card.map(AssetId);
        person.card_number = self.card_number;
        person.lang = match self.lang.as_str() {
            "" => Lang::default(),
            name => known(Lang::parse(name), name)?,
        };
        person.time_zone = self.time_zone;
        person.invitation = self.invitation.map(InvitationRow::read).transpose()?;
        person.accepted_at = self.accepted_at;
        person.activated_at = self.activated_at;
        Ok(())
    }
}

/// What the person of a document is searched by.
pub(crate) fn search_fields(document: &str) -> Result<Fields> {
    // The rest of the person says nothing about it.
    let number = Number::new(1).expect("one is a number");
    let mut person = Person::new(PersonId(Uuid::nil()), number, ObjectId([0; 12]), Timestamp::UNIX_EPOCH);
    serde_json::from_str::<Document>(document)?.fill(&mut person)?;
    Ok(apply::search_fields(&person))
}

/// What another person's delegation shows of somebody.
#[derive(Deserialize)]
pub(crate) struct Profile {
    #[serde(default)]
    pub(crate) given: String,
    #[serde(default)]
    pub(crate) family: String,
    #[serde(default)]
    identities: Vec<(String, String)>,
}

impl Profile {
    pub(crate) fn identities(&mut self) -> Result<Vec<Identity>> {
        identities(std::mem::take(&mut self.identities))
    }
}

fn identities(rows: Vec<(String, String)>) -> Result<Vec<Identity>> {
    let identity = |(source, value): (String, String)| {
        Ok(Identity { source: known(Source::parse(&source), &source)?, value })
    };
    rows.into_iter().map(identity).collect()
}

fn email(text: String) -> Result<Email> {
    known(Email::stored(&text), &text)
}

fn known<T>(value: Option<T>, text: &str) -> Result<T> {
    value.ok_or_else(|| Error(format!("{text:?} is not known")))
}

impl From<Invitation> for InvitationRow {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, organization, created_at, expires_at, resend_count, reinstatement } = invitation;
        let reinstatement = reinstatement.map(|it| ReinstatementRow::from(*it));
        Self { id: id.0, organization: organization.0, created_at, expires_at, resend_count, reinstatement }
    }
}

impl InvitationRow {
    fn read(self) -> Result<Invitation> {
        let Self { id, organization, created_at, expires_at, resend_count, reinstatement } = self;
        Ok(Invitation {
            id: InvitationId(id),
            organization: OrganizationId(organization),
            created_at,
            expires_at,
            resend_count,
            reinstatement: reinstatement.map(ReinstatementRow::read).transpose()?.map(Box::new),
        })
    }
}

impl From<Reinstatement> for ReinstatementRow {
    fn from(reinstatement: Reinstatement) -> Self {
        let Reinstatement { email, name: Name { given, family, full: _ }, external_id, role, team } =
            reinstatement;
        let (email, role) = (email.as_str().to_owned(), role.as_str().to_owned());
        Self { email, given, family, external_id, role, team: team.map(|team| team.0) }
    }
}

impl ReinstatementRow {
    fn read(self) -> Result<Reinstatement> {
        Ok(Reinstatement {
            email: email(self.email)?,
            name: Name { given: self.given, family: self.family, full: None },
            external_id: self.external_id,
            role: known(ReplayRole::parse(&self.role), &self.role)?,
            team: self.team.map(TeamId),
        })
    }
}

impl From<Phone> for PhoneRow {
    fn from(phone: Phone) -> Self {
        Self { country_code: phone.country_code, number: phone.number }
    }
}

impl From<PhoneRow> for Phone {
    fn from(row: PhoneRow) -> Self {
        Self { country_code: row.country_code, number: row.number }
    }
}

impl From<CustomValue> for CustomRow {
    fn from(value: CustomValue) -> Self {
        match value {
            CustomValue::Text(text) => Self::Text(text),
            CustomValue::List(items) => Self::List(items),
        }
    }
}

impl From<CustomRow> for CustomValue {
    fn from(row: CustomRow) -> Self {
        match row {
            CustomRow::Text(text) => Self::Text(text),
            CustomRow::List(items) => Self::List(items),
        }
    }
}
